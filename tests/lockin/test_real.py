"""From tables to a verdict: WIOD 2000, 2002 … 2010 with the rest of the world and idle sectors; the synthetic world."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import DroppedRowsWarning
from gvcpos.chains import Chain, Stage, gvc_panel
from gvcpos.lockin import dominance, lock_in, position_capture_slope, position_capture_slopes, pull_through
from gvcpos.spatial import weights
from gvcpos.tables import IOTable, read_table, synthetic_world
from tests.shared import shared

RARE_EARTHS = Chain.rare_earths()
CHAIN = Chain(RARE_EARTHS.name, (*RARE_EARTHS.stages, Stage("garages", ("c19",))))
YEARS = (2000, 2002, 2004, 2006, 2008, 2010)


def wiod(year: int) -> IOTable:
    return read_table(shared(f"icio/wiod2013/wiot2013_{year}.npz"))


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return gvc_panel((wiod(year) for year in YEARS), CHAIN, rest="other")


def test_concentration_is_that_of_the_tables(panel):
    measures = dominance(panel, "upstream").set_index(["country", "year"])
    table = wiod(2006)
    va = table.va_total.reshape(table.shape)[:, table.sectors.index("c2")]
    share = va / va.sum()
    keep = [i for i, c in enumerate(table.countries) if c != "ROW"]
    assert measures.loc[("CHN", 2006), "va_hhi"] == pytest.approx((share[keep] ** 2).sum(), rel=1e-9)
    order = np.argsort(-share[keep])
    first = [c for c in table.countries if c != "ROW"][order[0]]
    assert measures.loc[(first, 2006), "va_rank"] == 1


def test_a_verdict_on_real_tables(panel):
    verdict = lock_in(panel, stages=["upstream", "midstream", "downstream"], placebo="other", tests=())
    assert not verdict.sentence.startswith("Synthetic")
    assert verdict["position–capture slope: upstream"].ncountries == 40
    assert verdict.to_frame()["pvalue"].between(0, 1).all()
    assert "ROW" not in set(verdict.dominance["country"])


def test_idle_sectors_are_named_not_patched(panel):
    """China and Indonesia report no sale and repair of vehicles (c19) in these tables."""
    garages = panel[panel["stage"] == "garages"]
    idle = sorted(garages.loc[garages["x"] <= 0, "country"].unique())
    assert idle == ["CHN", "IDN"]
    assert garages.loc[garages["x"] == 0, "va_rate"].isna().all()
    with pytest.warns(DroppedRowsWarning, match="countries dropped, .*" + ".*".join(idle)):
        pull = pull_through(panel, "upstream", "garages")
    bad = garages.loc[~(garages["va"] > 0), "country"].unique()
    assert pull.ncountries == 40 - len(bad)
    assert pull.estimate == pytest.approx(pull_through(panel, "upstream", "garages", exclude=("ROW", *bad)).estimate)
    with pytest.warns(DroppedRowsWarning, match=f"rows dropped: {idle[0]} .*{idle[1]} "):
        position_capture_slope(panel, "garages")


def test_the_synthetic_world_gives_its_planted_values_back():
    world = synthetic_world(seed=1)
    panel = gvc_panel(world.tables, Chain.from_mapping(world.chain))
    panel = panel.merge(world.covariates[["country", "year", "rd_intensity"]], on=["country", "year"], validate="m:1")
    space = weights.inverse_distance(world.capitals).normalised("row")
    slopes = position_capture_slopes(panel, controls=["rd_intensity"], weights=space)
    for test, planted in zip(slopes, world.planted.slope, strict=True):
        assert abs(test.estimate - planted) < 3 * test.std_error
    assert [t.rejected for t in slopes] == [True, False, False]
    pull = pull_through(panel)
    assert abs(pull.estimate - world.planted.pull_through) < 3 * pull.std_error
    assert pull.rejected
