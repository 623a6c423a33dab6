"""Dynamic panels made from known parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import ring

BURN_IN = 40


@dataclass(frozen=True)
class Truth:
    tau: float = 0.4
    eta: float = 0.1
    rho: float = 0.3
    beta: float = 1.0
    theta: float = 0.3

    @property
    def values(self) -> np.ndarray:
        """In the order of the estimates of a Durbin model in one regressor."""
        return np.array([self.beta, self.theta, self.tau, self.eta, self.rho])


def made(n: int, reach: int = 3) -> Weights:
    return Weights.from_dense([f"u{i:02d}" for i in range(n)], ring(n, reach))


def dynamic_panel(
    rng: np.random.Generator, W: Weights, t: int, truth: Truth, *, time: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """y and X of t periods and the one before, with effects that go with the regressor, long after their start."""
    n, dense = W.n, W.dense()
    inverse = np.linalg.inv(np.eye(n) - truth.rho * dense)
    mu, alpha = rng.normal(size=n), rng.normal(size=(BURN_IN + t + 1, 1)) * time
    x = rng.normal(size=(len(alpha), n)) + 0.5 * mu
    push = truth.beta * x + truth.theta * x @ dense.T + mu + alpha + rng.normal(size=x.shape)
    rows, y = [], np.zeros(n)
    for each in push:
        y = inverse @ (truth.tau * y + truth.eta * dense @ y + each)
        rows.append(y)
    return np.array(rows)[BURN_IN:], x[BURN_IN:, :, None]
