"""Bias and coverage on simulated panels whose parameters are known."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import ring

BETA, THETA, RHO, SIGMA = np.array([1.0, -0.5]), np.array([0.3, -0.2]), 0.4, 1.0
TRUTH = {"x1": 1.0, "x2": -0.5, "W*x1": 0.3, "W*x2": -0.2, "rho": RHO, "sigma2": SIGMA**2}


@lru_cache(maxsize=4)
def system(n: int) -> tuple[Weights, np.ndarray, np.ndarray]:
    W = ring(n, reach=3)
    return Weights.from_dense([f"u{i:02d}" for i in range(n)], W), W, np.linalg.inv(np.eye(n) - RHO * W)


def draw(rng: np.random.Generator, n: int, t: int, shape: str = "normal") -> tuple[np.ndarray, np.ndarray]:
    """One panel with two-way effects that go with the regressors."""
    _, W, inverse = system(n)
    mu, alpha = rng.normal(size=n), rng.normal(size=(t, 1))
    X = rng.normal(size=(t, n, 2)) + 0.5 * (mu + alpha)[:, :, None]
    e = rng.normal(size=(t, n)) if shape == "normal" else rng.standard_exponential((t, n)) - 1.0
    rest = X @ BETA + np.einsum("ij,tjk,k->ti", W, X, THETA) + mu + alpha + SIGMA * e
    return rest @ inverse.T, X


def true_effects(n: int) -> np.ndarray:
    """Direct, indirect and total effects of the truth, stacked as in an effects frame."""
    _, W, inverse = system(n)
    S = [inverse @ (b * np.eye(n) + c * W) for b, c in zip(BETA, THETA, strict=True)]
    direct, total = np.array([np.trace(s) / n for s in S]), np.array([s.sum() / n for s in S])
    return np.concatenate([direct, total - direct, total])


def experiment(seed: int, replications: int, n: int, t: int, **options: str) -> dict[str, np.ndarray]:
    """Estimates and errors (with sigma2 last) and, on request, what the effects' intervals cover."""
    rng = np.random.default_rng(seed)
    cov_type, shape = options.pop("cov_type", "information"), options.pop("shape", "normal")
    with_effects = options.pop("with_effects", "")
    rows: dict[str, list[np.ndarray]] = {"estimate": [], "error": [], "covers": []}
    effects = true_effects(n)
    for _ in range(replications):
        y, X = draw(rng, n, t, shape)
        panel = SpatialPanel.from_arrays(y, X, system(n)[0], **options)  # type: ignore[arg-type]
        result = panel.fit(cov_type)  # type: ignore[arg-type]
        assert result.names == tuple(TRUTH)[:-1]
        found = result.estimate
        rows["estimate"].append(np.array([*found.beta, found.rho, found.sigma2]))
        rows["error"].append(np.sqrt(np.diag(found.covariance)))
        if with_effects:
            frame = result.effects()
            rows["covers"].append(((frame["lower"] <= effects) & (effects <= frame["upper"])).to_numpy())
    return {name: np.array(values) for name, values in rows.items()}


def check(found: dict[str, np.ndarray], nobs: int, slack: float) -> None:
    """Unbiased and covering 95 %, within four Monte-Carlo standard errors plus `slack` for finite samples.

    Maximum likelihood divides by the observations and does not count the four slopes, so sigma2 is expected to be
    (1 - 4/nobs) of the truth.
    """
    m = len(found["estimate"])
    z = ((found["estimate"] - np.array(list(TRUTH.values()))) / found["error"])[:, :-1]
    assert np.abs(z.mean(axis=0)).max() < 4 / np.sqrt(m) + 5 * slack
    assert np.abs(z.std(axis=0) - 1.0).max() < 4 / np.sqrt(2 * m) + 2 * slack
    band = 4 * np.sqrt(0.05 * 0.95 / m) + slack
    assert np.abs((np.abs(z) < 1.959964).mean(axis=0) - 0.95).max() < band
    assert np.abs(found["covers"].mean(axis=0) - 0.95).max() < band
    sigma2 = found["estimate"][:, -1].mean() / (SIGMA**2 * (1 - 4 / nobs))
    assert abs(sigma2 - 1.0) < 4 * np.sqrt(2 / nobs / m) + slack
    assert found["error"][:, -1].mean() == pytest.approx(found["estimate"][:, -1].std(), rel=4 / np.sqrt(2 * m) + slack)


def test_durbin_two_way_quickly() -> None:
    check(experiment(1, 100, 60, 15, with_effects="yes"), 59 * 14, slack=0.0)


@pytest.mark.slow
def test_durbin_two_way() -> None:
    check(experiment(2, 1000, 60, 15, with_effects="yes"), 59 * 14, slack=0.005)


@pytest.mark.slow
def test_durbin_short_panel() -> None:
    """Three years only, where the direct likelihood is far off."""
    check(experiment(5, 1000, 120, 3, with_effects="yes"), 119 * 2, slack=0.01)


def test_direct_likelihood_is_biased_where_lee_yu_is_not() -> None:
    """The check above can fail: the direct likelihood's variance and rho miss the truth with few units and years."""
    lee_yu = experiment(3, 80, 15, 4)["estimate"]
    direct = experiment(3, 80, 15, 4, method="direct")["estimate"]
    used = 1 - 4 / 42  # maximum likelihood does not count the four slopes: 42 observations are left of 60
    assert lee_yu[:, -1].mean() == pytest.approx(used, abs=0.08)
    assert direct[:, -1].mean() == pytest.approx(used * 42 / 60, abs=0.08)
    gap = lee_yu[:, -2].mean() - direct[:, -2].mean()
    assert gap > 0.05
    assert abs(lee_yu[:, -2].mean() - RHO) < gap


def test_sandwich_stands_non_normal_innovations() -> None:
    """Exponential innovations: kurtosis 9 makes the variance of sigma2 four times the normal one."""
    found = experiment(4, 250, 40, 8, cov_type="sandwich", shape="exponential")
    normal = experiment(4, 40, 40, 8, shape="exponential")
    spread = found["estimate"][:, -1].std(ddof=1)
    assert np.sqrt((found["error"][:, -1] ** 2).mean()) == pytest.approx(spread, rel=0.2)
    assert np.sqrt((normal["error"][:, -1] ** 2).mean()) < 0.7 * spread
    z = (found["estimate"] - np.array(list(TRUTH.values()))) / found["error"]
    assert np.abs(z[:, :-1].std(axis=0) - 1.0).max() < 0.2
