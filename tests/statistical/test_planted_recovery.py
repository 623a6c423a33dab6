"""Planted parameters lie inside their 95 % intervals in about 95 % of 200 synthetic worlds.

Two runs. In 20 worlds every number is measured from the arrays of the tables: value added over output, and
upstreamness by solving each table anew. In all 200 worlds the planned panel stands in for the measured one,
which is legitimate because both agree to 1e-9: ``tests/tables/test_synthetic.py`` shows it, and so does
`test_measured_panels_are_the_planned_ones` here, for every world of the first run.

The band for coverage over 200 worlds is 0.91 to 0.985. With a true coverage of 0.95 the standard error is
0.0154, and a single parameter leaves the band with a probability of about 2 %; sixteen are looked at, and the
seeds are fixed. Over 1,000 worlds the coverages are 0.938 to 0.960.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from gvcpos.lockin import pull_through
from gvcpos.spatial import SpatialPanel, Weights, weights
from gvcpos.tables import synthetic_world
from gvcpos.tables.synthetic import SyntheticWorld

WORLDS, MEASURED = 200, 20
BAND = (0.91, 0.985)
FORMULA = "va_rate ~ upstreamness + rd_intensity"
STAGES = ("upstream", "midstream", "downstream")
NAMES = ("rho", "upstreamness", "rd_intensity", "W*upstreamness", "W*rd_intensity")

pytestmark = pytest.mark.slow


def planted_values(world: SyntheticWorld, stage: str) -> pd.Series:
    p, s = world.planted, STAGES.index(stage)
    return pd.Series([p.rho, p.slope[s], p.rd, p.slope_spill[s], p.rd_spill], index=list(NAMES))


def durbin(panel: pd.DataFrame, world: SyntheticWorld, W: Weights, stage: str) -> pd.DataFrame:
    """Rows: parameters; columns: planted, estimate, std_error, inside."""
    rows = panel[panel["stage"] == stage].drop(columns="synthetic", errors="ignore")
    data = rows.merge(world.covariates, on=["country", "year"], validate="one_to_one")
    fit = SpatialPanel.from_formula(FORMULA, data, W, model="sdm", effects="twoway", method="lee-yu").fit()
    true, interval = planted_values(world, stage), fit.conf_int(0.95).loc[list(NAMES)]
    return pd.DataFrame(
        {
            "stage": stage,
            "planted": true,
            "estimate": fit.params[list(NAMES)],
            "std_error": fit.std_errors[list(NAMES)],
            "inside": (interval["lower"] <= true) & (true <= interval["upper"]),
        }
    )


def growth(panel: pd.DataFrame, world: SyntheticWorld) -> pd.DataFrame:
    test, true = pull_through(panel), world.planted.pull_through
    row = {
        "stage": "downstream",
        "planted": true,
        "estimate": test.estimate,
        "std_error": test.std_error,
        "inside": test.conf_int[0] <= true <= test.conf_int[1],
    }
    return pd.DataFrame([row], index=["pull_through"])


def estimates(panel: pd.DataFrame, world: SyntheticWorld, W: Weights) -> pd.DataFrame:
    parts = [durbin(panel, world, W, stage) for stage in STAGES]
    return pd.concat([*parts, growth(panel, world)]).rename_axis("parameter").reset_index()


def measured_panel(world: SyntheticWorld) -> pd.DataFrame:
    """Stage panel from table arrays: va/x and output-weighted upstreamness, U = (I - x^-1 Z)^-1 1."""
    stage_of = {code: stage for stage, codes in world.chain.items() for code in codes}
    rows = []
    for table in world.tables:
        U = np.linalg.solve(np.eye(len(table.x)) - table.Z / table.x[:, None], np.ones(len(table.x)))
        frame = table.index.to_frame(index=False).assign(x=table.x, va=table.va_total, xu=table.x * U)
        frame["stage"] = frame.pop("sector").map(stage_of)
        rows.append(frame.groupby(["country", "stage"], sort=False, as_index=False).sum().assign(year=table.year))
    out = pd.concat(rows, ignore_index=True)
    return out.assign(va_rate=out["va"] / out["x"], upstreamness=out["xu"] / out["x"])


def worlds(count: int) -> Iterator[tuple[SyntheticWorld, Weights]]:
    W: Weights | None = None
    for seed in range(count):
        world = synthetic_world(seed=seed)
        W = weights.inverse_distance(world.capitals).normalised("row") if W is None else W
        yield world, W


@pytest.fixture(scope="module")
def planned() -> pd.DataFrame:
    """Estimates of all worlds from the planned panels."""
    return pd.concat([estimates(world.truth, world, W).assign(seed=world.seed) for world, W in worlds(WORLDS)])


@pytest.fixture(scope="module")
def measured() -> tuple[pd.DataFrame, float]:
    """Estimates of the first worlds from their tables, and the largest relative error of the panels."""
    found, worst = [], 0.0
    for world, W in worlds(MEASURED):
        panel = measured_panel(world)
        both = panel.merge(world.truth, on=["country", "stage", "year"], suffixes=("", "_planned"))
        assert len(both) == len(world.truth)
        for column in ("va", "x", "va_rate", "upstreamness"):
            worst = max(worst, float((both[column] / both[f"{column}_planned"] - 1).abs().max()))
        found.append(estimates(panel, world, W).assign(seed=world.seed))
    return pd.concat(found), worst


def test_measured_panels_are_the_planned_ones(measured: tuple[pd.DataFrame, float]) -> None:
    assert measured[1] < 1e-9


def test_tables_give_the_estimates_of_the_plan(measured: tuple[pd.DataFrame, float], planned: pd.DataFrame) -> None:
    """The same sample through the tables and not through them: one optimum, to the optimiser's tolerance."""
    key = ["seed", "parameter", "stage"]
    both = measured[0].merge(planned, on=key, suffixes=("_table", "_plan"), validate="one_to_one")
    assert len(both) == 16 * MEASURED
    gap = (both["estimate_table"] - both["estimate_plan"]).abs() / both["std_error_plan"]
    assert gap.max() < 1e-4
    assert (both["inside_table"] == both["inside_plan"]).mean() > 0.99


def test_coverage_is_about_95_per_cent(planned: pd.DataFrame) -> None:
    coverage = planned.groupby(["parameter", "stage"])["inside"].mean()
    assert len(coverage) == 16
    outside = coverage[(coverage < BAND[0]) | (coverage > BAND[1])]
    assert outside.empty, f"coverage outside {BAND}:\n{outside}"
    # All sixteen together: 3,200 intervals, of which those of one world are not independent.
    assert coverage.mean() == pytest.approx(0.95, abs=0.015)


def test_key_slopes_are_estimable_and_centred(planned: pd.DataFrame) -> None:
    """|t| of the planted value is large enough to be found, and estimates are centred on it.

    Own slopes and pull-through: the mean is off by less than 4 standard errors of the mean. rho: maximum
    likelihood pulls it towards zero in samples of this size, by about 0.03 to 0.06 with a standard error of 0.13
    to 0.15, and the neighbours' effects take up what it leaves; each stays within half a standard error.
    """
    mean = planned.groupby(["parameter", "stage"])[["planted", "estimate", "std_error"]].mean()
    t = (mean["planted"] / mean["std_error"]).abs()
    assert t["upstreamness", "upstream"] > 5
    assert t["upstreamness", "downstream"] > 5
    assert t["pull_through", "downstream"] > 5
    assert (t["rho"] > 3).all()
    bias = (mean["estimate"] - mean["planted"]).abs() / mean["std_error"]
    own = bias.loc[["upstreamness", "rd_intensity", "pull_through"]]
    assert len(own) == 7
    assert own.max() < 4 / np.sqrt(WORLDS)
    assert bias.max() < 0.5


def test_standard_errors_are_the_spread_of_the_estimates(planned: pd.DataFrame) -> None:
    grouped = planned.groupby(["parameter", "stage"])
    ratio = grouped["std_error"].mean() / grouped["estimate"].std()
    assert ratio.between(0.85, 1.18).all(), ratio
