"""Bias and coverage on simulated panels whose parameters are known."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import ring

BETA, THETA, RHO, SIGMA = np.array([1.0, -0.5]), np.array([0.3, -0.2]), 0.4, 1.0
TRUTH = pd.Series([*BETA, *THETA, RHO], index=["x1", "x2", "W*x1", "W*x2", "rho"])


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
    """Estimates, errors and what the effects' intervals cover."""
    rng = np.random.default_rng(seed)
    cov_type, shape = options.pop("cov_type", "information"), options.pop("shape", "normal")
    rows: dict[str, list[np.ndarray]] = {"estimate": [], "error": [], "covers": [], "sigma2": []}
    effects = true_effects(n)
    for _ in range(replications):
        y, X = draw(rng, n, t, shape)
        panel = SpatialPanel.from_arrays(y, X, system(n)[0], **options)  # type: ignore[arg-type]
        result = panel.fit(cov_type)  # type: ignore[arg-type]
        frame = result.effects()
        rows["estimate"].append(result.params[TRUTH.index].to_numpy())
        rows["error"].append(result.std_errors[TRUTH.index].to_numpy())
        rows["covers"].append(((frame["lower"] <= effects) & (effects <= frame["upper"])).to_numpy())
        rows["sigma2"].append(np.array([result.sigma2, result.sigma2_std_error]))
    return {name: np.array(values) for name, values in rows.items()}


def check(found: dict[str, np.ndarray], slack: float) -> None:
    """Unbiased, and covering 95 %: both within four Monte-Carlo standard errors plus `slack` for finite samples."""
    m = len(found["estimate"])
    z = (found["estimate"] - TRUTH.to_numpy()) / found["error"]
    assert np.abs(z.mean(axis=0)).max() < 4 / np.sqrt(m) + 5 * slack
    assert np.abs(z.std(axis=0) - 1.0).max() < 4 / np.sqrt(2 * m) + 2 * slack
    band = 4 * np.sqrt(0.05 * 0.95 / m) + slack
    assert np.abs((np.abs(z) < 1.959964).mean(axis=0) - 0.95).max() < band
    assert np.abs(found["covers"].mean(axis=0) - 0.95).max() < band
    s = (found["sigma2"][:, 0] - SIGMA**2) / found["sigma2"][:, 1]
    assert abs(s.mean()) < 4 / np.sqrt(m) + 10 * slack


def test_durbin_two_way_quickly() -> None:
    check(experiment(1, 100, 60, 15), slack=0.0)


@pytest.mark.slow
def test_durbin_two_way() -> None:
    check(experiment(2, 1000, 60, 15), slack=0.005)


@pytest.mark.slow
@pytest.mark.parametrize("effects", ["entity", "time"])
def test_durbin_short_panels(effects: str) -> None:
    """Four years only: Lee and Yu's variance is right, the direct one is 3/4 of it."""
    rng = np.random.default_rng(5)
    ratios = []
    for _ in range(300):
        y, X = draw(rng, 40, 4)
        y, X = (y - y.mean(axis=1, keepdims=True), X - X.mean(axis=1, keepdims=True)) if effects == "entity" else (y, X)
        panel = SpatialPanel.from_arrays(y, X, system(40)[0], effects="twoway" if effects == "time" else "entity")
        ratios.append(panel.fit().sigma2)
    expected = 1.0 if effects == "time" else 39 / 40
    assert np.mean(ratios) == pytest.approx(expected, abs=0.03)


def test_direct_likelihood_is_biased_where_lee_yu_is_not() -> None:
    """The check above can fail: the direct likelihood's variance and rho miss the truth with few units and years."""
    lee_yu = experiment(3, 60, 15, 4)
    direct = experiment(3, 60, 15, 4, method="direct")
    assert abs(lee_yu["sigma2"][:, 0].mean() - 1.0) < 0.1
    assert direct["sigma2"][:, 0].mean() == pytest.approx(14 / 15 * 3 / 4, abs=0.08)
    gap = lee_yu["estimate"][:, 4].mean() - direct["estimate"][:, 4].mean()
    assert gap > 0.05
    assert abs(lee_yu["estimate"][:, 4].mean() - RHO) < gap


def test_sandwich_stands_non_normal_innovations() -> None:
    """Exponential innovations: kurtosis 9 makes the variance of sigma2 four times the normal one."""
    found = experiment(4, 250, 40, 8, cov_type="sandwich", shape="exponential")
    normal = experiment(4, 40, 40, 8, shape="exponential")
    spread = found["sigma2"][:, 0].std(ddof=1)
    claimed = np.sqrt((found["sigma2"][:, 1] ** 2).mean())
    assert claimed == pytest.approx(spread, rel=0.2)
    assert np.sqrt((normal["sigma2"][:, 1] ** 2).mean()) < 0.7 * spread
    z = (found["estimate"] - TRUTH.to_numpy()) / found["error"]
    assert np.abs(z.std(axis=0) - 1.0).max() < 0.2
