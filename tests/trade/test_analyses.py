"""Labelled analyses: identities, by hand on small flows, and what relabelling and regrouping may not change."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos import trade
from gvcpos._core.errors import InputError, LabelError
from gvcpos.trade import TradeFlows
from tests.trade.worlds import CODES, COUNTRIES, STAGES, flows_of, frame_of


def small(**columns: list) -> TradeFlows:
    """Three suppliers of one code to two importers in one year, if not said otherwise."""
    usual = {
        "year": [2023] * 4,
        "exporter": ["CHN", "MMR", "MYS", "CHN"],
        "importer": ["USA", "USA", "USA", "JPN"],
        "hs": ["284690"] * 4,
        "value": [60.0, 30.0, 10.0, 50.0],
        "mass": [600.0, 100.0, 50.0, 250.0],
    }
    return TradeFlows.from_frame(pd.DataFrame(usual | columns), source="invented", synthetic=True)


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 1000))
def test_balances_of_the_world_are_zero_and_items_add_up(seed: int) -> None:
    flows = flows_of(seed)
    by_item = trade.balances(flows, "item")
    scale = by_item["exports"].max()
    for unit in ("balance", "balance_t"):
        sums = by_item.groupby(["hs", "year"])[unit].sum()
        np.testing.assert_allclose(sums, 0.0, atol=1e-9 * max(scale, by_item["exports_t"].max()))
    whole = trade.balances(flows).set_index(["country", "year"])
    again = by_item.groupby(["country", "year"], sort=False)[["exports", "imports", "balance"]].sum()
    pd.testing.assert_frame_equal(again.loc[whole.index], whole[["exports", "imports", "balance"]], rtol=1e-12)
    stages = trade.balances(flows.by_stage(STAGES), "item").groupby(["country", "year"], sort=False)["balance"].sum()
    np.testing.assert_allclose(stages.loc[whole.index], whole["balance"], atol=1e-9 * scale)


def test_balances_by_hand_and_missing_masses() -> None:
    frame = trade.balances(small(mass=[600.0, np.nan, 50.0, 250.0])).set_index("country")
    assert frame.loc["CHN", ["exports", "imports", "balance", "balance_t"]].tolist() == [110.0, 0.0, 110.0, 850.0]
    assert frame.loc["USA", ["imports", "balance"]].tolist() == [100.0, -100.0]
    assert np.isnan(frame.loc["USA", "imports_t"])  # never the sum of what is known
    assert np.isnan(frame.loc["MMR", "balance_t"])
    assert frame.loc["USA", "imports_mass_known"] == pytest.approx(0.7)
    assert frame.loc["JPN", "balance_t"] == -250.0
    with pytest.raises(InputError, match="by='hs'"):
        trade.balances(small(), "hs")  # type: ignore[arg-type]


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 1000))
def test_relabelling_countries_and_scaling_values(seed: int) -> None:
    frame = frame_of(3)
    order = np.random.default_rng(seed).permutation(len(COUNTRIES))
    name = dict(zip(COUNTRIES, np.array(COUNTRIES)[order], strict=True))
    renamed = frame.assign(exporter=frame["exporter"].map(name), importer=frame["importer"].map(name))
    a, b = (TradeFlows.from_frame(f, source="invented") for f in (frame, renamed.assign(value=frame["value"] * 7.5)))
    one, two = (trade.concentration(f, market="country") for f in (a, b))
    one = one.assign(country=one["country"].map(name), largest=one["largest"].map(name))
    keys = ["country", "hs", "year"]
    one, two = (f.sort_values(keys, ignore_index=True) for f in (one, two))
    pd.testing.assert_frame_equal(one.drop(columns="total"), two.drop(columns="total"))
    np.testing.assert_allclose(two["total"], 7.5 * one["total"])
    pd.testing.assert_frame_equal(trade.exposure(a).drop(columns="main_supplier"),
                                  trade.exposure(b).drop(columns="main_supplier"))  # fmt: skip


def test_concentration_by_hand() -> None:
    world = trade.concentration(small()).iloc[0]
    assert world["hhi"] == pytest.approx((110**2 + 30**2 + 10**2) / 150**2)
    assert (world["largest"], world["partners"]) == ("CHN", 3)
    assert world["equivalent"] == pytest.approx(1 / world["hhi"])
    each = trade.concentration(small(), market="country").set_index("country")
    assert each.loc["USA", "hhi"] == pytest.approx(0.36 + 0.09 + 0.01)
    assert each.loc["JPN", ["hhi", "largest_share", "exposed_to_one"]].tolist() == [1.0, 1.0, True]
    buyers = trade.concentration(small(), "buyers", market="country").set_index("country")
    assert buyers.loc["CHN", "hhi"] == pytest.approx((60**2 + 50**2) / 110**2)
    mass = trade.concentration(small(), measure="mass").iloc[0]
    assert mass["hhi"] == pytest.approx((850**2 + 100**2 + 50**2) / 1000**2)
    with pytest.raises(LabelError, match="1 of 3 flows have no mass"):
        trade.concentration(small(mass=[1.0, np.nan, 1.0, 1.0]), measure="mass")


def test_exposure_by_hand() -> None:
    row = trade.exposure(small(), 0.7).iloc[0]
    assert (row["importers"], row["exposed"], row["share_of_importers"]) == (2, 1, 0.5)
    assert row["share_of_imports"] == pytest.approx(50 / 150)
    assert (row["main_supplier"], row["main_count"]) == ("CHN", 1)
    assert row["mean_largest_share"] == pytest.approx(0.8)
    assert trade.exposure(small(), 0.6).iloc[0]["exposed"] == 2  # at the threshold counts
    with pytest.raises(InputError, match="threshold=0"):
        trade.exposure(small(), 0.0)


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 1000))
def test_fewer_are_exposed_the_higher_the_threshold(seed: int) -> None:
    flows = flows_of(seed, years=(2022, 2023))
    exposed = [trade.exposure(flows, t)["exposed"].to_numpy() for t in (0.2, 0.5, 0.8, 1.0)]
    assert all((a >= b).all() for a, b in itertools.pairwise(exposed))


def test_unit_values() -> None:
    flows = small()
    assert trade.unit_values(flows)["unit_value"].iloc[0] == pytest.approx(150e6 / 1000)
    by = trade.unit_values(flows, ("exporter", "hs")).set_index("exporter")
    assert by.loc["MMR", "unit_value"] == pytest.approx(300000.0)
    gap = trade.unit_values(small(mass=[600.0, np.nan, 50.0, 250.0]), "exporter").set_index("exporter")
    assert np.isnan(gap.loc["MMR", "unit_value"])
    assert np.isnan(gap.loc["MMR", "mass"])
    assert (gap.loc["MMR", "no_mass"], gap.loc["MMR", "share_counted"]) == (1, 0.0)
    frame = frame_of(5, years=(2023,)).query("hs == '284690'").reset_index(drop=True)
    frame.loc[0, "mass"] *= 1e-4  # grams for kilograms, say
    odd = TradeFlows.from_frame(frame, source="invented")
    kept, dropped = (trade.unit_values(odd, rule=rule).iloc[0] for rule in ("keep", "drop"))  # type: ignore[arg-type]
    assert kept["outliers"] == dropped["outliers"] == 1
    assert dropped["flows"] == len(frame)
    rest = frame.iloc[1:]
    assert dropped["unit_value"] == pytest.approx(1e6 * rest["value"].sum() / rest["mass"].sum())
    assert dropped["share_counted"] == pytest.approx(rest["value"].sum() / frame["value"].sum())
    for options, words in (({"by": "continent"}, "by=.*continent"), ({"cut": 0}, "cut=0"), ({"rule": "mend"}, "rule=")):
        with pytest.raises(InputError, match=words):
            trade.unit_values(flows, **options)  # type: ignore[arg-type]


def test_growth() -> None:
    frame = pd.DataFrame({"year": [2018, 2021, 2022, 2023], "exporter": "CHN", "importer": ["USA", "USA", "JPN", "USA"],
                          "hs": "284690", "value": [1270.0, 1000.0, 1500.0, 3520.0],
                          "mass": [np.nan, 10.0, 20.0, 30.0]})  # fmt: skip
    flows = TradeFlows.from_frame(frame, source="invented")
    yearly = trade.growth(flows)
    np.testing.assert_allclose(yearly["value_growth"], [np.nan, np.nan, 0.5, 3520 / 1500 - 1])
    np.testing.assert_allclose(yearly["mass_growth"], [np.nan, np.nan, 1.0, 0.5])
    found = trade.compound(flows).iloc[0]
    assert found["value_growth"] == pytest.approx(0.2262, abs=5e-5)
    assert np.isnan(found["mass_growth"])
    by = trade.growth(flows, "importer")
    assert by.query("importer == 'JPN'")["value"].tolist() == [0.0, 0.0, 1500.0, 0.0]
    assert trade.compound(flows, first=2021, last=2022)["value_growth"].iloc[0] == pytest.approx(0.5)
    for first, last in ((2019, 2023), (2023, 2018)):
        with pytest.raises(InputError, match=f"growth from {first} to {last}: the data have 2018, 2021"):
            trade.compound(flows, first=first, last=last)


def test_regional_shares() -> None:
    frame = trade.regional_shares(small(exporter=["CHN", "DEU", "MYS", "CHN"])).set_index("region")
    assert frame.loc["Asia", "share"] == pytest.approx(120 / 150)
    assert frame.loc["Asia", "within"] == pytest.approx(50 / 120)
    assert frame.loc["Europe", ["share", "within"]].tolist() == [pytest.approx(0.2), 0.0]
    sub = trade.regional_shares(flows_of(), level="subregion")
    np.testing.assert_allclose(sub.groupby(["hs", "year"])["share"].sum(), 1.0)
    mine = trade.regional_shares(small(), "buyers", regions=dict.fromkeys(COUNTRIES, "world"), by_item=False)
    assert mine["share"].tolist() == [1.0]
    with pytest.raises(LabelError, match="no region for JPN, MMR, MYS, USA"):
        trade.regional_shares(small(), regions={"CHN": "East"})


def test_mirror_gaps() -> None:
    sold = frame_of(1)
    bought = sold.assign(value=sold["value"] * 1.06, reporter="importer").iloc[5:]
    flows = TradeFlows.from_frame(pd.concat([sold.assign(reporter="exporter"), bought]), source="invented")
    gaps = trade.mirror_gaps(flows)
    assert len(gaps) == len(sold)
    assert (gaps["reported_by"] == "exporter").sum() == 5
    both = gaps[gaps["reported_by"] == "both"]
    np.testing.assert_allclose(both["ratio"], 1.06)
    np.testing.assert_allclose(both["ratio_t"], 1.0)
    np.testing.assert_allclose(trade.mirror_gaps(flows, cif_fob=1.06)["gap"].dropna(), 0.0, atol=1e-12)
    with pytest.raises(InputError, match="there are: reconciled"):
        trade.mirror_gaps(flows_of())
    with pytest.raises(InputError, match="cif_fob=0"):
        trade.mirror_gaps(flows, cif_fob=0.0)


def test_direct_stop() -> None:
    frame = trade.direct_stop(small(), "CHN").set_index("importer")
    assert frame.loc["USA", ["imports", "lost", "share_lost", "lost_t"]].tolist() == [100.0, 60.0, 0.6, 600.0]
    assert frame.loc["JPN", "share_lost"] == 1.0
    assert trade.direct_stop(small(), "MYS").set_index("importer").loc["JPN", "lost"] == 0.0
    with pytest.raises(LabelError, match="no such exporter: ATL"):
        trade.direct_stop(small(), "ATL")


def test_a_stop_of_all_suppliers_takes_all_imports() -> None:
    flows = flows_of()
    part = flows.select(hs=CODES[0], importers="USA")
    frame = trade.direct_stop(part, [c for c in part.exporters if c != "USA"])
    np.testing.assert_allclose(frame["share_lost"], 1.0)


def test_two_reports_are_refused_everywhere() -> None:
    frame = frame_of()
    both = pd.concat([frame.assign(reporter="exporter"), frame.assign(reporter="importer")])
    flows = TradeFlows.from_frame(both, source="invented")
    for analysis in (trade.balances, trade.growth, trade.compound, trade.unit_values, trade.concentration,
                     trade.exposure, trade.regional_shares):  # fmt: skip
        with pytest.raises(InputError, match="would count twice"):
            analysis(flows)
    one = trade.balances(flows.reported_by("exporter"))
    pd.testing.assert_frame_equal(one, trade.balances(flows_of()))
