"""Planted errors in tables: what intervals with and without them cover, and what no interval undoes.

The truth is a slope within countries. Only its regressor, or only its outcome, is the upstreamness of tables that are
published with errors of the assumed size. Errors in the regressor pull the slope to zero: pooled intervals are wider,
not unbiased. Errors in the outcome pull nowhere.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos.chains import gvc_panel
from gvcpos.tables import IOTable
from gvcpos.uncertainty import CellErrors, Estimates, Propagated, propagate
from tests.uncertainty.worlds import CHAIN, mismeasured, within_slope, years_of_worlds

SLOPE = -0.5
ERRORS = CellErrors(0.25)
RUNS = 60


def planted(seed: int, noise: float = 0.02) -> tuple[list[IOTable], pd.DataFrame]:
    """True tables; an outcome that falls by half a point for every stage upstream, and what goes with upstreamness."""
    tables = years_of_worlds(seed, G=12, N=3, years=6, drift=0.35)
    panel = gvc_panel(tables, CHAIN)
    part = panel.loc[panel["stage"] == "upstream", ["country", "year", "upstreamness"]].copy()
    rng = np.random.default_rng([seed, 2])
    true = part.pop("upstreamness")
    part["capture"] = SLOPE * true + noise * rng.standard_normal(len(part))
    part["driver"] = true + 0.05 * rng.standard_normal(len(part))
    part["true"] = true
    return tables, part


def one_world(seed: int, draws: int = 20, y: str = "capture", x: str = "upstreamness") -> Propagated:
    tables, outcome = planted(seed)
    published = mismeasured(tables, ERRORS, seed)

    def slope(panel: pd.DataFrame) -> Estimates:
        return within_slope(panel, y, x)

    return propagate(published, CHAIN, ERRORS, slope, draws=draws, seed=seed, covariates=outcome)


def summary(found: list[Propagated], truth: float = SLOPE) -> dict[str, float]:
    def covers(interval: np.ndarray) -> bool:
        return bool(interval[0, 0] < truth < interval[0, 1])

    published = [f.to_frame().loc[:, ["published_lower", "published_upper"]].to_numpy(float) for f in found]
    return {
        "published": float(np.mean([f.published.params[0] for f in found])),
        "pooled": float(np.mean([f.pooled.params[0] for f in found])),
        "corrected": float(np.mean([f.centre("corrected")[0] for f in found])),
        "covers published": float(np.mean([covers(i) for i in published])),
        "covers pooled": float(np.mean([covers(f.conf_int("pooled")) for f in found])),
        "covers wide": float(np.mean([covers(f.conf_int("published")) for f in found])),
        "covers corrected": float(np.mean([covers(f.conf_int("corrected")) for f in found])),
    }


def test_attenuation_is_reported_and_not_removed() -> None:
    found = summary([one_world(seed, draws=6) for seed in range(3)])
    assert SLOPE < found["published"] < found["pooled"] < 0  # one dose of error, then two
    assert abs(found["corrected"] - SLOPE) < abs(found["published"] - SLOPE)


@pytest.mark.slow
def test_coverage_with_errors_in_the_regressor() -> None:
    found = summary([one_world(seed) for seed in range(RUNS)])
    assert SLOPE < found["published"] < found["pooled"] < 0
    assert abs(found["corrected"] - SLOPE) < abs(found["published"] - SLOPE)
    assert found["covers published"] < 0.8  # attenuated, and no interval around it helps much
    assert found["covers published"] <= found["covers wide"] < found["covers corrected"]


@pytest.mark.slow
def test_coverage_with_errors_in_the_outcome() -> None:
    """Nothing is biased, and clustered errors see the noise: pooled intervals cover more than they promise."""
    truth = true_slope_on_driver(RUNS)
    found = summary([one_world(seed, y="upstreamness", x="driver") for seed in range(RUNS)], truth)
    assert found["published"] == pytest.approx(truth, abs=0.03)
    assert found["covers published"] > 0.85
    assert found["covers pooled"] > 0.93


def true_slope_on_driver(worlds: int) -> float:
    """The slope of true upstreamness on its driver: of the sums over many worlds."""
    panels = [planted(seed)[1].assign(stage="upstream") for seed in range(worlds)]
    return float(np.mean([within_slope(p, "true", "driver").params[0] for p in panels]))
