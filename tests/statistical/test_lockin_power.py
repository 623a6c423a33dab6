"""The battery on synthetic worlds: the page is that of the table, sizes and powers are what tests should have."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gvcpos.lockin import mobility
from gvcpos.lockin.smile.smile_years import smile_years
from tests.shared import ROOT
from tests.statistical.lockin_cells import (
    BEND,
    CELL,
    CELLS,
    COUNTRIES,
    SCOPES,
    WITHIN,
    analysed,
    bent,
    case_of,
    counted,
)
from tests.statistical.lockin_page import FALSE, FALSE_MOVING, page, read

TABLE = ROOT / "docs" / "lockin_power.csv"


def table() -> pd.DataFrame:
    return read(TABLE)


def test_the_page_is_that_of_the_table() -> None:
    assert TABLE.with_suffix(".md").read_text(encoding="utf-8") == page(table())


def test_every_cell_and_test_is_in_the_table() -> None:
    found = table()
    assert {(c.regime, c.strength, c.kind) for c in CELLS} == set(found[CELL].itertuples(index=False, name=None))
    assert set(found["letter"]) == set("abcdefg")
    for key, part in found.groupby([*CELL, "scope"]):
        tests = [c.tests or tuple(found["test"]) for c in CELLS if (c.regime, c.strength, c.kind) == key[:3]]
        assert set(part["test"]) == set().union(*tests), key


def test_no_test_whose_null_holds_rejects_more_often_than_it_says() -> None:
    """What is above the 99.9 % quantile of rejections at 5 % is no chance."""
    found = table().query("regime == 'absent' and kind != 'moving' and run > 0")
    true = found[(found["kind"] != "still") | ~found["test"].isin(FALSE)]
    above = true[true["rejected"] > stats.binom.ppf(0.999, true["run"], 0.05)]
    assert above.empty, above[["scope", "test", "rejected", "run"]].to_string()


def test_planted_lock_in_is_found_and_its_reverse_told_apart() -> None:
    found = table().query("scope == 'world' and strength == 1").set_index(["regime", "test"])
    for test in ("position and capture", "pull-through by growth"):
        locked, turned = found.loc[("lock-in", test)], found.loc[("reversed", test)]
        assert locked["lockin"] / locked["run"] > 0.9
        assert turned["upgrading"] / turned["run"] > 0.9
        assert locked["upgrading"] == turned["lockin"] == 0


@pytest.mark.slow
def test_the_stay_of_one_country_has_its_size_over_all_countries() -> None:
    """Countries are exchangeable where all close in on one level, so that each may stand for AUS."""
    cell = next(c for c in CELLS if c.kind == "closing in" and "mobility" in c.tests)
    panels = [case_of(cell, seed, "d").panel for seed in range(60)]
    pvalues = pd.concat([mobility(panel, draws=99).details["countries"]["pvalue"] for panel in panels])
    assert len(pvalues) == 60 * COUNTRIES
    assert 0.025 <= (pvalues < 0.05).mean() <= 0.07


@pytest.mark.slow
def test_planted_troughs_are_where_the_test_looks() -> None:
    """Over worlds the slope at the planted trough is zero but for chance, and clear at the other end."""
    cell = next(c for c in CELLS if c.kind == "trough at the far end")
    slopes = []
    for seed in range(5000, 5040):
        points = case_of(cell, seed, "b").points
        assert points is not None
        smile = smile_years(bent(points, "AUS", 1), ("ROW",))
        slopes.append([smile.fit.slope(end).value for end in smile.around(["AUS"], WITHIN)])
    near, far = np.array(slopes).T
    assert abs(far.mean()) < 3 * far.std() / np.sqrt(len(far))
    assert near.mean() == pytest.approx(-2 * BEND * 2 * WITHIN, rel=0.1)


@pytest.mark.slow
def test_a_world_gives_the_same_rows_again() -> None:
    cell = CELLS[0]
    once = analysed(cell, 3)
    pd.testing.assert_frame_equal(once, analysed(cell, 3))
    assert set(once["scope"]) == {"world", "suppliers", "AUS"}
    assert len(SCOPES) == 3
    counts = counted(pd.concat([once, analysed(cell, 4)]))
    assert (counts["worlds"] == 2).all()
    assert not FALSE & FALSE_MOVING
