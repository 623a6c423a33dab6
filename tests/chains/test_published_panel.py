"""Panels from published indices: against the publisher's own aggregates, computed panels, and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.chains import Chain, gvc_panel, published_panel, stack_panels
from gvcpos.chains.published_weights import stage_mean
from gvcpos.lockin import position_capture_slope
from gvcpos.tables.published import PublishedIndices, read_published
from tests.shared import shared, wiod_year
from tests.tables.test_published import adb72, tidy

PRINTED = {
    "lengths": {
        "PLv": "plv",
        "PLy": "ply",
        "PLv_GVC": "plv_gvc",
        "PLy_GVC": "ply_gvc",
        "CBy_GVC": "ply_gvc_crossings",
    },
    "gvcp": {"GVCP_trade_b": "gvcp_trade_backward", "GVCP_prod": "wwyz_forward", "Exports": "exports"},
}
TOY = Chain.from_mapping({"up": ["a"], "down": ["b"]}, name="toy")
BOTH = Chain.from_mapping({"all": ["a", "b"]}, name="both")


@pytest.fixture(scope="module")
def adb() -> PublishedIndices:
    return adb72()


@pytest.mark.parametrize("level", [5, 15])
def test_stages_are_the_publishers_own_aggregates(adb: PublishedIndices, level: int) -> None:
    """ADB prints lengths and participation of 5 and 15 groups of sectors too: the same as by our denominators."""
    groups = pd.read_parquet(shared("adb_accounts/adb72_summary_2017_2022.parquet"))[["i", f"i{level}"]]
    stages = groups.drop_duplicates().groupby(f"i{level}")["i"].agg(lambda i: [f"c{k}" for k in i])
    chain = Chain.from_mapping({f"g{k}": v for k, v in stages.items()}, name="groups")
    panel = published_panel(adb, chain).set_index(["country", "stage", "year"])
    compared = 0
    for name, columns in PRINTED.items():
        own = pd.read_parquet(shared(f"adb_accounts/adb72_{name}_2017_2022.parquet")).query("agg == @level")
        own = own.assign(stage="g" + own["i"].astype(str)).set_index(["iso3", "stage", "t"])
        for theirs, mine in columns.items():
            ours = panel[mine].reindex(own.index).to_numpy()
            there = np.isfinite(ours)
            np.testing.assert_allclose(ours[there], own[theirs].to_numpy()[there], rtol=1e-9, atol=1e-12)
            compared += int(there.sum())
            lost = int((np.isfinite(own[theirs].to_numpy()) & ~there).sum())
            # Backward flows of a sector without exports are unknown: its stage is missing, not guessed.
            assert lost == 0 or (mine.startswith("ply_gvc") and lost < 0.06 * len(own))
    assert compared > 7 * 2000


def test_shape_shares_and_marks(adb: PublishedIndices) -> None:
    panel = published_panel(adb, Chain.rare_earths("adb35", boundary="smelting_upstream"))
    assert list(panel.columns[:6]) == ["country", "stage", "year", "x", "va", "va_rate"]
    assert list(panel.columns[-2:]) == ["aggregated", "source"]
    assert len(panel) == 73 * 3 * 6
    assert panel.groupby("stage")["aggregated"].first().to_dict() == {
        "upstream": True,
        "midstream": False,
        "downstream": True,
    }
    np.testing.assert_allclose(panel.groupby(["stage", "year"])[["va_share", "export_share"]].sum(), 1.0, rtol=1e-12)
    np.testing.assert_allclose(panel["va_rate"], panel["va"] / panel["x"])
    assert panel.attrs["published"] is True
    assert panel.attrs["source"] == "ADB-MRIO 72"
    assert panel.attrs["aggregation"]["plv"] == "va (value added)"
    assert set(panel.attrs["not_aggregated"]) == {
        f"pl{side}_{part}" for side in "vy" for part in ("domestic", "traditional")
    }
    upstream = panel[panel["stage"] == "upstream"]
    assert upstream["plv_domestic"].isna().all()
    assert panel[panel["stage"] == "midstream"]["plv_domestic"].notna().any()


def test_rca_is_the_published_one() -> None:
    older = read_published(shared("adb_accounts/adb62_rca_2000_2007_2022.parquet"), source="ADB-MRIO 62")
    chain = Chain.from_mapping({"mining": ["c2"], "metals": ["c12"]}, name="single sectors")
    panel = published_panel(older, chain).set_index(["country", "stage", "year"])
    own = older.frame.replace({"sector": {"c2": "mining", "c12": "metals"}}).set_index(["country", "sector", "year"])
    for name in ("rca", "rca_va"):
        np.testing.assert_allclose(panel[name], own[name].reindex(panel.index), rtol=1e-9)


def test_published_by_us_is_the_computed_panel() -> None:
    """Sector indices of a table, handed in as if published, give what gvc_panel gives."""
    table, chain = wiod_year(2000), Chain.rare_earths("adb35")
    computed = gvc_panel([table], chain)
    exporters = ValueAddedAccounts(table).indices()
    frame = exporters[["country", "sector", "year", "x", "va", "exports", "plv", "ply", "GVCB", "fgo"]]
    frame = frame.assign(y=frame["fgo"].fillna(0.0) * frame["x"], gvcp_trade_backward=frame["GVCB"] / frame["exports"])
    panel = published_panel(PublishedIndices.from_frame(frame, source="us"), chain)
    assert panel["country"].tolist() == computed["country"].tolist()
    for name in (
        "x",
        "va",
        "va_rate",
        "va_share",
        "export_share",
        "rca",
        "plv",
        "ply",
        "upstreamness",
        "downstreamness",
    ):
        ours, theirs = panel[name].to_numpy(), computed[name].to_numpy()
        there = np.isfinite(ours)
        assert there.mean() > 0.95
        np.testing.assert_allclose(ours[there], theirs[there], rtol=1e-8, atol=1e-10, err_msg=name)
    backward = panel["wwyz_backward"].to_numpy()
    there = np.isfinite(backward)
    np.testing.assert_allclose(backward[there], computed["wwyz_backward"].to_numpy()[there], atol=1e-8)


def test_sources_stay_apart() -> None:
    published = published_panel(PublishedIndices.from_frame(tidy("theirs")), TOY)
    computed = published.drop(columns=["source", "aggregated"])
    computed.attrs = {"source": "WIOD 2013"}
    both = stack_panels(published, computed)
    assert both["source"].drop_duplicates().tolist() == ["theirs", "computed from WIOD 2013"]
    assert both.columns[-1] == "source"
    with pytest.raises(LabelError, match="duplicated rows for CHN 2017"):
        position_capture_slope(both, "up")
    with pytest.raises(LabelError, match="two panels of the source theirs"):
        stack_panels(published, published)
    nameless = computed.copy()
    nameless.attrs = {}
    with pytest.raises(InputError, match="does not say what it was computed from"):
        stack_panels(published, nameless)
    mixed = PublishedIndices.from_frame(pd.concat([tidy("A"), tidy("B")]), sources=["A", "B"])
    panel = published_panel(mixed, TOY)
    assert panel.groupby("source").size().to_dict() == {"A": 8, "B": 8}
    np.testing.assert_allclose(panel.groupby(["source", "stage", "year"])["va_share"].sum(), 1.0)


def test_what_is_missing_is_named_or_stays_missing() -> None:
    with pytest.raises(LabelError, match="has no sector z"):
        published_panel(PublishedIndices.from_frame(tidy()), Chain.from_mapping({"up": ["z"]}, name="no"))
    with pytest.raises(LabelError, match="somebody 2024 lack CHN b 2018"):
        published_panel(PublishedIndices.from_frame(tidy().iloc[1:]), TOY)
    whole = PublishedIndices.from_frame(tidy().query("sector == 'a'").drop(columns="sector"))
    with pytest.raises(InputError, match="of whole countries"):
        published_panel(whole, TOY)
    with pytest.raises(LabelError, match="no such country of the published indices: ZZZ"):
        published_panel(PublishedIndices.from_frame(tidy()), TOY, countries=["ZZZ"])
    gap = tidy()
    gap.loc[0, "plv"] = np.nan
    panel = published_panel(PublishedIndices.from_frame(gap), BOTH)
    assert panel["plv"].isna().tolist() == [False, True, False, False]


def test_a_measure_without_a_known_denominator() -> None:
    frame = tidy().assign(own=np.arange(8.0))
    plain = published_panel(PublishedIndices.from_frame(frame), BOTH)
    assert plain["own"].isna().all()
    assert plain.attrs["not_aggregated"] == ("own",)
    weighted = published_panel(PublishedIndices.from_frame(frame), BOTH, weights={"own": "x"})
    assert weighted["own"].iloc[0] == pytest.approx((2 * 1 + 4 * 3) / 6)  # CHN 2017: rows 1 and 3
    assert weighted.attrs["aggregation"]["own"] == "x (as asked for)"


def test_a_mean_leaves_nothing_out_silently() -> None:
    values = np.array([[1.0, np.nan], [1.0, np.nan], [1.0, 2.0], [1.0, 2.0], [1.0, 2.0]])
    weights = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [1.0, np.nan], [1.0, 3.0]])
    np.testing.assert_array_equal(stage_mean(values, weights), [1.0, np.nan, np.nan, np.nan, 1.75])


def test_stages_as_published() -> None:
    staged = tidy().rename(columns={"sector": "stage"}).replace({"stage": {"a": "up", "b": "down"}})
    panel = published_panel(PublishedIndices.from_frame(staged), TOY)
    assert not panel["aggregated"].any()
    same = published_panel(PublishedIndices.from_frame(tidy()), TOY)
    pd.testing.assert_frame_equal(panel, same)
