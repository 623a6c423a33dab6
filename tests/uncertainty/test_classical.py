"""Classical errors in a panel: coverage of the published, pooled and corrected intervals; the numbers of the guide."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos.uncertainty import Estimates, Propagated, rubin

SLOPE, COUNTRIES, YEARS, NOISE = -0.5, 30, 8, 0.3


def within(y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two-way within slopes and variances clustered by country, of panels (…, countries, years)."""

    def demeaned(m: np.ndarray) -> np.ndarray:
        return m - m.mean(-1, keepdims=True) - m.mean(-2, keepdims=True) + m.mean((-1, -2), keepdims=True)

    dy, dx = demeaned(y), demeaned(x)
    moment = (dx**2).sum((-1, -2))
    slope = (dx * dy).sum((-1, -2)) / moment
    scores = (dx * (dy - slope[..., None, None] * dx)).sum(-1)
    n = scores.shape[-1]
    return slope, n / (n - 1) * (scores**2).sum(-1) / moment**2


def one_panel(rng: np.random.Generator, where: str, size: float, draws: int = 20) -> Propagated:
    """Errors of one dose in what is published and of two in every draw, in the regressor or in the outcome."""
    shape = (COUNTRIES, YEARS)
    x = rng.standard_normal(shape)
    y = SLOPE * x + NOISE * rng.standard_normal(shape)
    one, two = size * rng.standard_normal(shape), size * rng.standard_normal((draws, *shape))
    if where == "regressor":
        published, drawn = within(y, x + one), within(y, x + one + two)
    else:
        published, drawn = within(y + one, x), within(y + one + two, x)
    own = Estimates(("slope",), np.array([published[0]]), np.array([[published[1]]]), COUNTRIES - 1.0)
    pooled = rubin(*drawn, names=["slope"], df_complete=COUNTRIES - 1)
    return Propagated(own, pooled, pd.DataFrame(), pd.DataFrame(), {}, 0.0, "classical")


def coverage(where: str, size: float, runs: int, seed: int = 0) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    found = [one_panel(rng, where, size) for _ in range(runs)]

    def share(intervals: list[np.ndarray]) -> float:
        return float(np.mean([low < SLOPE < high for low, high in intervals]))

    named = ["published_lower", "published_upper"]
    out = {"naive": share([f.to_frame().loc[0, named].to_numpy(float) for f in found])}
    for centre in ("published", "pooled", "corrected"):
        out[centre] = share([f.conf_int(centre)[0] for f in found])
    out["bias"] = float(np.mean([f.published.params[0] for f in found])) - SLOPE
    out["shift"] = float(np.mean([f.shift[0] for f in found]))
    return out


def test_errors_in_the_outcome_make_pooled_intervals_wide() -> None:
    found = coverage("outcome", 0.4, 100)
    assert abs(found["bias"]) < 0.01
    assert found["naive"] > 0.87
    assert found["pooled"] > 0.96


def test_errors_in_the_regressor_bias_and_only_the_correction_covers() -> None:
    found = coverage("regressor", 0.4, 100)
    assert found["shift"] == pytest.approx(found["bias"], abs=0.03)  # the shift estimates the bias
    assert found["pooled"] < found["naive"] < 0.4
    assert found["corrected"] > 0.8


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "size", "expected"),
    [
        ("regressor", 0.2, {"naive": 0.81, "published": 0.87, "pooled": 0.64, "corrected": 0.95}),
        ("regressor", 0.4, {"naive": 0.15, "published": 0.24, "pooled": 0.00, "corrected": 0.90}),
        ("outcome", 0.2, {"naive": 0.95, "published": 0.99, "pooled": 0.99, "corrected": 0.99}),
        ("outcome", 0.4, {"naive": 0.93, "published": 0.99, "pooled": 0.99, "corrected": 0.99}),
    ],
)
def test_coverage_as_the_guide_says(where: str, size: float, expected: dict[str, float]) -> None:
    found = coverage(where, size, 400)
    for name, share in expected.items():
        assert found[name] == pytest.approx(share, abs=0.015), name
