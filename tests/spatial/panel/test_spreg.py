"""A cross-section is a panel of one period: spreg's maximum likelihood, run here and now, says the same."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos.spatial import SpatialPanel, Weights


@pytest.fixture(scope="module")
def cross_section() -> tuple[np.ndarray, np.ndarray, Weights]:
    rng = np.random.default_rng(11)
    n = 60
    close = np.triu(rng.random((n, n)) < 0.1, 1)
    links = (close | close.T).astype(float)
    links[np.arange(n - 1), np.arange(1, n)] = links[np.arange(1, n), np.arange(n - 1)] = 1.0
    W = Weights.from_dense([f"u{i:02d}" for i in range(n)], links).normalised("row")
    X = rng.standard_normal((n, 2))
    signal = 1.0 + X @ [0.8, -0.5] + rng.standard_normal(n)
    return np.linalg.solve(np.eye(n) - 0.4 * W.dense(), signal), X, W


@pytest.mark.parametrize(("model", "peer", "parameter"), [("sar", "ML_Lag", "rho"), ("sem", "ML_Error", "lambda")])
def test_cross_section_against_spreg(cross_section, model: str, peer: str, parameter: str) -> None:
    import spreg

    y, X, W = cross_section
    fit = SpatialPanel.from_arrays(
        y[None, :], X[None, :, :], W, names=["a", "b"], model=model, effects="none", method="direct"
    ).fit()
    # spreg may write to the weights it is handed: to_graph() and to_W() give it copies.
    other = getattr(spreg, peer)(y[:, None], X, w=W.to_graph().to_W(), method="full")
    spatial = float(other.rho if model == "sar" else other.lam)
    assert fit.params[parameter] == pytest.approx(spatial, rel=1e-5)
    assert fit.params[["Intercept", "a", "b"]].to_numpy() == pytest.approx(other.betas[:3, 0], rel=1e-5)
    assert fit.loglik == pytest.approx(float(other.logll), rel=1e-9)
