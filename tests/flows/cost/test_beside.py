"""Flows beside the accounts of tables: labels that meet, and errors that name what is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.chains import Chain, gvc_panel
from gvcpos.flows.cost import beside, cost_accounts
from gvcpos.tables import IOTable
from tests.flows.cost.toy import toy, toy_mass

STAGES = {"upstream": "upstream", "midstream": "midstream", "downstream": "downstream"}


def table(year: int) -> IOTable:
    """A small random table whose value added is what output leaves."""
    rng = np.random.default_rng(year)
    Z, Y = rng.uniform(0.1, 1.0, (9, 9)), rng.uniform(5.0, 9.0, (9, 3))
    return IOTable.from_arrays(Z, Y, countries=["CHN", "USA", "ROW"], sectors=["a", "b", "c"], year=year, unit="m USD")


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    chain = Chain.from_mapping({"upstream": ["a"], "midstream": ["b"], "downstream": ["c"]}, name="toy")
    return gvc_panel([table(year) for year in (2014, 2015, 2016)], chain)


@pytest.fixture(scope="module")
def sides() -> pd.DataFrame:
    return cost_accounts(toy(), toy_mass()).sides()


def test_rows_meet_by_label(sides, panel):
    out = beside(sides, panel, country="CHN", stages=STAGES)
    assert out[["year", "stage"]].to_numpy().tolist() == [[y, s] for y in (2015, 2016) for s in STAGES]
    for row in out.itertuples():
        at = panel[(panel["country"] == "CHN") & (panel["stage"] == row.stage) & (panel["year"] == row.year)].iloc[0]
        assert (row.gvc_va, row.gvc_va_rate, row.gvc_upstreamness) == (at["va"], at["va_rate"], at["upstreamness"])
    own = sides[sides["stage"] != "use"].reset_index(drop=True)
    pd.testing.assert_frame_equal(out[own.columns], own)
    assert out.attrs["gvc_unit"] == "m USD"
    assert out.attrs["synthetic"] is True


def test_order_changes_nothing_and_columns_can_be_chosen(sides, panel):
    shuffled = panel.sample(frac=1, random_state=1)
    one = beside(sides, panel, country="USA", stages=STAGES, columns=["x", "va"])
    two = beside(sides, shuffled, country="USA", stages=STAGES, columns=["x", "va"])
    pd.testing.assert_frame_equal(one, two)
    assert list(one.columns[-2:]) == ["gvc_x", "gvc_va"]


def test_the_same_stages_need_no_mapping(sides, panel):
    without_use = sides[sides["stage"] != "use"]
    pd.testing.assert_frame_equal(
        beside(without_use, panel, country="CHN"), beside(sides, panel, country="CHN", stages=STAGES)
    )


@pytest.mark.parametrize(
    ("changed", "options", "message"),
    [
        (lambda p: p, {"country": "JPN", "stages": STAGES}, r"no such countries of the panel: JPN"),
        (lambda p: p, {}, r"stages of flows and panel differ: use \(flows only\)"),
        (lambda p: p, {"stages": STAGES | {"mines": "upstream"}}, r"no such stages of the flows: mines"),
        (lambda p: p, {"stages": {"upstream": "ores"}}, r"no such stages of the panel: ores"),
        (
            lambda p: p[p["year"] < 2016],
            {"stages": STAGES},
            r"lacks CHN in upstream 2016, midstream 2016, downstream 2016",
        ),
        (lambda p: pd.concat([p, p.iloc[[1]]]), {"stages": STAGES}, r"has CHN, upstream 2015 more than once"),
    ],
)
def test_labels_that_do_not_meet(sides, panel, changed, options, message):
    with pytest.raises(LabelError, match=message):
        beside(sides, changed(panel), **({"country": "CHN"} | options))


def test_columns_that_are_not_there(sides, panel):
    with pytest.raises(InputError, match="the panel has no column va_rate"):
        beside(sides, panel.drop(columns="va_rate"), country="CHN", stages=STAGES)
    with pytest.raises(InputError, match="the sides are not by stage"):
        beside(cost_accounts(toy(), toy_mass()).sides(by="process"), panel, country="CHN", stages=STAGES)
