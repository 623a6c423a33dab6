"""Size, power and coverage of the tests on synthetic panels with planted values.

Rejections in R independent panels are binomial: a bound is the planted rate plus or minus three standard deviations.
Errors are autocorrelated (0.5) in the slope's panels, which clustering must absorb.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from gvcpos.lockin import LockInTest, position_capture_slope, pull_through, slope_equality
from gvcpos.spatial import Weights
from tests.lockin import worlds

LEVEL = 0.05


def run(test: Callable[[pd.DataFrame], LockInTest], draws: int, seed: int, **planted) -> list[LockInTest]:
    return [test(worlds.panel(seed + i, **planted)) for i in range(draws)]


def rate(tests: list[LockInTest]) -> float:
    return float(np.mean([t.rejected for t in tests]))


def coverage(tests: list[LockInTest], truth: float) -> float:
    return float(np.mean([t.conf_int[0] <= truth <= t.conf_int[1] for t in tests]))


def bounds(p: float, draws: int) -> tuple[float, float]:
    half = 3 * np.sqrt(p * (1 - p) / draws)
    return p - half, p + half


def slope_study(draws: int) -> None:
    shape = {"n": 40, "years": 12, "persistence": 0.5}
    null = run(position_capture_slope, draws, 1000, **shape)
    low, high = bounds(LEVEL, draws)
    assert low <= rate(null) <= high
    low, high = bounds(0.95, draws)
    assert low <= coverage(null, 0.0) <= high
    planted = run(position_capture_slope, draws, 2000, slopes=(-0.05, 0.0, 0.0), **shape)
    assert low <= coverage(planted, -0.05) <= high
    assert rate(planted) > 0.9
    assert rate(run(position_capture_slope, draws // 4, 3000, slopes=(0.05, 0.0, 0.0), **shape)) == 0


def pull_study(draws: int) -> None:
    shape = {"n": 40, "years": 15}
    null = run(pull_through, draws, 4000, **shape)
    low, high = bounds(LEVEL, draws)
    assert low <= rate(null) <= high
    planted = run(pull_through, draws, 5000, pull=0.25, **shape)
    low, high = bounds(0.95, draws)
    assert low <= coverage(planted, 0.25) <= high
    assert rate(planted) > 0.9
    mean = np.mean([t.estimate for t in planted])
    error = np.mean([t.std_error for t in planted])
    assert abs(mean - 0.25) < 4 * error / np.sqrt(draws)


def equality_study(draws: int) -> None:
    """Stages that share country-year shocks: the joint covariance must carry them."""
    shape = {"n": 40, "years": 10, "common": 1.0, "slopes": (-0.1, -0.1, -0.1)}
    low, high = bounds(LEVEL, draws)
    assert low <= rate(run(slope_equality, draws, 6000, **shape)) <= high
    different = shape | {"slopes": (-0.1, 0.0, 0.1)}
    assert rate(run(slope_equality, draws // 4, 7000, **different)) > 0.9


def durbin_study(draws: int) -> None:
    points = np.random.default_rng(0).normal(size=(40, 2))
    d = np.linalg.norm(points[:, None] - points[None], axis=2)
    nearest = np.argsort(np.argsort(d, axis=1), axis=1)
    w = ((nearest > 0) & (nearest <= 5)) / 5.0
    ids = worlds.countries(40)
    weights = Weights.from_dense(ids, w)

    def study(seed: int, slope: float, cov_type: str = "cluster-entity", persistence: float = 0.0) -> list[LockInTest]:
        panels = (worlds.durbin(seed + i, ids, w, slope=slope, persistence=persistence) for i in range(draws))
        return [position_capture_slope(p, controls=["z"], weights=weights, cov_type=cov_type) for p in panels]

    low, high = bounds(LEVEL, draws)
    assert low <= rate(study(8000, 0.0)) <= high
    planted = study(9000, -0.06)
    low, high = bounds(0.95, draws)
    assert low <= coverage(planted, -0.06) <= high
    assert rate(planted) > 0.9
    assert low <= coverage(study(8000, 0.0, "information"), 0.0) <= high
    # Serial correlation, which country-year panels have: clustered by country covers, the information does not.
    assert low <= coverage(study(9000, -0.06, persistence=0.7), -0.06) <= high
    assert coverage(study(9000, -0.06, "information", 0.7), -0.06) < 0.9


@pytest.mark.parametrize(
    ("study", "draws"),
    [
        pytest.param(slope_study, 60, marks=pytest.mark.slow),
        pytest.param(pull_study, 50, marks=pytest.mark.slow),
        (equality_study, 40),
        pytest.param(durbin_study, 40, marks=pytest.mark.slow),
    ],
)
def test_small_study(study, draws):
    study(draws)


@pytest.mark.slow
@pytest.mark.parametrize("study", [slope_study, pull_study, equality_study, durbin_study])
def test_large_study(study):
    study(500)
