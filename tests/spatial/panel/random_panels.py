"""Panels with random effects, and their likelihood as one normal distribution of NT values."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.random.results import RandomPanelResults
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import MODELS, REGRESSORS, frame, ring, weights

CASES = [(m, "baltagi") for m in MODELS] + [(m, "kkp") for m in ("sem", "sdem", "sac", "gns")]


@lru_cache(maxsize=64)
def munnell(model: str, error: str, cov_type: str = "information", effects: str = "random") -> RandomPanelResults:
    data = frame()
    panel = SpatialPanel(data["lgsp"], data[REGRESSORS], weights(), model=model, effects=effects, random_error=error)
    result = panel.fit(cov_type)
    assert isinstance(result, RandomPanelResults)
    return result


def crooked(n: int) -> np.ndarray:
    """Weights whose rows do not sum to one and whose eigenvalues are complex."""
    rng = np.random.default_rng(n)
    W = np.zeros((n, n))
    for i in range(n):
        W[i, rng.choice(np.delete(np.arange(n), i), 3, replace=False)] = rng.uniform(0.1, 0.5, 3)
    return W


def draw(seed: int, n: int = 12, t: int = 4, *, phi: float = 2.0, kkp: bool = False) -> SpatialPanel:
    """A GNS panel with random effects and weights of their own for the error."""
    rng = np.random.default_rng(seed)
    W, M = ring(n), crooked(n)
    X = rng.normal(size=(t, n, 2)) + rng.normal(size=(n, 2))
    mu, e = np.sqrt(phi) * rng.normal(size=n), rng.normal(size=(t, n))
    B = np.linalg.inv(np.eye(n) - 0.3 * M)
    u = (mu + e) @ B.T if kkp else mu + e @ B.T
    signal = 1.0 + X @ [1.0, -0.5] + np.einsum("ij,tjk,k->ti", W, X, [0.3, -0.2])
    y = np.linalg.solve(np.eye(n) - 0.4 * W, (signal + u).T).T
    ids = [f"u{i:02d}" for i in range(n)]
    return SpatialPanel.from_arrays(
        y, X, Weights.from_dense(ids, W), error_weights=Weights.from_dense(ids, M), effects="random"
    )


def sigma(panel: SpatialPanel, q: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean and covariance of y stacked by period, and log|A| + nothing else, at (beta, rho, lambda, phi, sigma2)."""
    (t, n), k = panel.data.y.shape, panel.arrays.X.shape[2]
    rest = list(q[k:-2])
    rho = rest.pop(0) if panel.features.lag else 0.0
    lam = rest.pop(0) if panel.features.error else 0.0
    A = np.linalg.inv(np.eye(n) - rho * panel.weights.dense())
    B = np.linalg.inv(np.eye(n) - lam * panel.error_weights.dense())
    shared_part = B @ B.T if panel.choices.random_error == "kkp" else np.eye(n)
    inner = np.kron(np.eye(t), B @ B.T) + q[-2] * np.kron(np.ones((t, t)), shared_part)
    out = np.kron(np.eye(t), A)
    return (panel.arrays.X @ q[:k] @ A.T).ravel(), q[-1] * out @ inner @ out.T, float(np.linalg.slogdet(A)[1])


def loglik(panel: SpatialPanel, q: np.ndarray) -> float:
    mean, covariance, _ = sigma(panel, q)
    root = np.linalg.cholesky(covariance)
    z = np.linalg.solve(root, panel.data.y.ravel() - mean)
    return float(-0.5 * z.size * np.log(2.0 * np.pi) - np.log(np.diag(root)).sum() - 0.5 * z @ z)


def point(result: RandomPanelResults) -> np.ndarray:
    return np.append(result.params.to_numpy(), result.sigma2)


def steps(q: np.ndarray) -> np.ndarray:
    return np.diag(1e-4 * np.maximum(np.abs(q), 0.05))
