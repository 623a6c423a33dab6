"""Bias and coverage with random effects, by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.models import MODELS as SPATIAL
from gvcpos.spatial.panel.random.results import RandomPanelResults
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import ring
from tests.spatial.panel.random_panels import CASES


@pytest.mark.slow
@pytest.mark.parametrize("t", [5, 15])
@pytest.mark.parametrize(("model", "error"), CASES)
def test_bias_and_coverage(model: str, error: str, t: int) -> None:
    """200 draws at N = 60: unbiased within 4 Monte-Carlo errors and 0.01, intervals cover 90 to 99 %."""
    estimates, covered, draws = [], [], 200
    for seed in range(draws):
        panel = simulate(seed, model, error, t)
        result = panel.fit()
        truth = truths(result)
        ends = result.conf_int()
        estimates.append(result.params.to_numpy() - truth)
        covered.append((ends["lower"].to_numpy() <= truth) & (truth <= ends["upper"].to_numpy()))
    bias, spread = np.mean(estimates, axis=0), np.std(estimates, axis=0) / np.sqrt(draws)
    weak = model == "gns"  # W for the lag, the error and X: rho and lambda are hardly told apart, and the bias is real
    allowed = 0.5 * spread * np.sqrt(draws) if weak else 4.0 * spread + 0.01
    assert (np.abs(bias) < allowed)[:-1].all()  # phi is skewed at N = 60
    share = np.mean(covered, axis=0)[:-1]
    assert (share > (0.80 if weak else 0.90)).all()
    assert (share < 0.99).all()


TRUE = {"Intercept": 1.0, "x1": 1.0, "x2": -0.5, "W*x1": 0.3, "W*x2": -0.2, "rho": 0.4, "lambda": -0.3, "phi": 1.0}


def truths(result: RandomPanelResults) -> np.ndarray:
    return np.array([TRUE[name] for name in result.names])


def simulate(seed: int, model: str, error: str, t: int, n: int = 60) -> SpatialPanel:
    rng = np.random.default_rng(seed)
    W, f = ring(n), SPATIAL[model]
    X = rng.normal(size=(t, n, 2))
    B = np.linalg.inv(np.eye(n) - TRUE["lambda"] * f.error * W)
    mu, e = rng.normal(size=n), rng.normal(size=(t, n))
    u = (mu + e) @ B.T if error == "kkp" else mu + e @ B.T
    signal = 1.0 + X @ [1.0, -0.5] + f.durbin * np.einsum("ij,tjk,k->ti", W, X, [0.3, -0.2])
    y = np.linalg.solve(np.eye(n) - TRUE["rho"] * f.lag * W, (signal + u).T).T
    made = Weights.from_dense([f"u{i:02d}" for i in range(n)], W)
    return SpatialPanel.from_arrays(y, X, made, model=model, effects="random", random_error=error)
