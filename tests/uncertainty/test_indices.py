"""Uncertainty of indices: Monte Carlo, its first-order limit, and where the limit ends."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.chains import Chain
from gvcpos.tables import IOTable
from gvcpos.uncertainty import CellErrors, first_order_uncertainty, index_uncertainty, largest_contributions
from tests.accounting.worlds import random_world
from tests.shared import wiod2011

CHAIN = Chain.from_mapping({"upstream": ["S0", "S1"], "downstream": ["S2"]})
EVERY = (
    "x", "va", "va_rate", "fgo", "upstreamness", "downstreamness", "wwyz_forward", "wwyz_forward_simple",
    "wwyz_backward", "wwyz_backward_complex", "plv_gvc", "plv_domestic", "ply_gvc", "ply_gvc_home", "gvc_position",
)  # fmt: skip


def small_wiod() -> IOTable:
    """Eight countries and ten sectors of WIOD 2011, the rest merged: the errors are assumed, WIOD states none."""
    table = wiod2011()
    return table.select(["CHN", "USA", "JPN", "DEU", "AUS", "KOR", "BRA"], ["c2", "c9", "c12", "c13", "c14", "c15"])


def ratios(table: IOTable, errors: CellErrors, draws: int, names: tuple[str, ...] = EVERY) -> pd.Series:
    """Standard deviation of the draws over the first-order one."""
    drawn = index_uncertainty(table, errors, indices=names, draws=draws)
    linear = first_order_uncertainty(table, errors, indices=names)
    pd.testing.assert_frame_equal(drawn.iloc[:, :5], linear.iloc[:, :5])
    return (drawn["std_error"] / linear["std_error"]).dropna()


@pytest.mark.parametrize("size", [0.05, 0.1])
def test_first_order_is_what_monte_carlo_finds(size: float) -> None:
    """An estimated standard deviation has the relative error 1/√(2 draws), 2.9 % with 600."""
    table = random_world(31, 4, 3, zero=1, negative=True)
    found = ratios(table, CellErrors(size), 500)
    assert len(found) > 100
    assert abs(found.median() - 1) < 0.02
    assert (abs(found - 1) < 0.15).all()


def test_first_order_with_parts_in_common_and_errors_by_size() -> None:
    errors = CellErrors(
        0.06, power=0.8, common_country=0.4, common_sector=0.3, countries={"C1": 2.0}, sectors={"S2": 0.5}, final=0.7
    )
    found = ratios(random_world(4, 4, 3), errors, 600)
    assert abs(found.median() - 1) < 0.03
    assert (abs(found - 1) < 0.16).all()


STAGES = (*EVERY, "plv", "ply", "exports", "va_share", "export_share", "rca")


def test_first_order_by_stage_is_what_monte_carlo_finds() -> None:
    """300 draws know a standard deviation to 4.1 %: within 3 % in the median, 17 % everywhere."""
    table = random_world(4, 4, 4)
    errors = CellErrors(0.05, common_country=0.4, common_sector=0.3, countries={"C1": 2.0})
    drawn = index_uncertainty(table, errors, indices=STAGES, draws=300, chain=CHAIN, rest="other")
    linear = first_order_uncertainty(table, errors, indices=STAGES, chain=CHAIN, rest="other")
    pd.testing.assert_frame_equal(drawn.iloc[:, :5], linear.iloc[:, :5])
    found = (drawn["std_error"] / linear["std_error"]).dropna()
    assert len(found) == 12 * len(STAGES)
    assert abs(found.median() - 1) < 0.03
    assert (abs(found - 1) < 0.17).all()


def test_a_stage_of_one_sector_is_the_sector() -> None:
    table = random_world(8, 3, 3)
    single = Chain.from_mapping({"one": ["S1"]})
    names = ["upstreamness", "ply_gvc", "gvc_position", "va_rate", "wwyz_forward"]
    by_stage = first_order_uncertainty(table, CellErrors(0.1), indices=names, chain=single)
    cells = first_order_uncertainty(table, CellErrors(0.1), indices=names)
    cells = cells[cells["sector"] == "S1"].reset_index(drop=True)
    for column in ("estimate", "std_error", "lower", "upper"):
        np.testing.assert_allclose(by_stage[column], cells[column], rtol=1e-9)


@pytest.mark.slow
def test_first_order_by_stage_on_wiod_2011() -> None:
    """All 41 economies, the shipped chain: 120 draws know a standard deviation to 6.5 %."""
    table, chain = wiod2011(), Chain.rare_earths("adb35")
    names = ("va_rate", "va_share", "upstreamness", "downstreamness", "wwyz_forward", "wwyz_backward", "gvc_position")
    drawn = index_uncertainty(table, CellErrors(0.1), indices=names, draws=120, chain=chain)
    linear = first_order_uncertainty(table, CellErrors(0.1), indices=names, chain=chain)
    found = (drawn["std_error"] / linear["std_error"]).dropna()
    assert abs(found.median() - 1) < 0.03
    assert (abs(found - 1) < 0.25).mean() > 0.97


def test_first_order_on_real_cells() -> None:
    found = ratios(small_wiod(), CellErrors(0.1), 300, ("upstreamness", "downstreamness", "wwyz_backward", "plv_gvc"))
    assert abs(found.median() - 1) < 0.02
    assert (abs(found - 1) < 0.25).mean() > 0.99


def test_first_order_does_not_know_of_guards() -> None:
    """C3 S1 keeps 3 % of output as value added: draws that leave less are cut, the limit is not."""
    table = random_world(3, 4, 3, zero=1, negative=True)
    drawn = index_uncertainty(table, CellErrors(0.05), indices=["va_rate"], draws=200)
    linear = first_order_uncertainty(table, CellErrors(0.05), indices=["va_rate"])
    ratio = (drawn["std_error"] / linear["std_error"]).set_axis(drawn["country"] + " " + drawn["sector"])
    assert ratio["C3 S1"] < 0.9
    assert drawn.attrs["guarded"]["C3 S1"] > 0.1
    assert (abs(ratio.drop("C3 S1").dropna() - 1) < 0.2).all()


def test_first_order_ends_where_errors_are_large() -> None:
    """With cells that may be wrong by their own size, sums are skewed and indices bounded: the limit overstates."""
    table, errors = random_world(3, 4, 3), CellErrors(1.0)
    drawn = index_uncertainty(table, errors, indices=["wwyz_backward", "upstreamness"], draws=600)
    linear = first_order_uncertainty(table, errors, indices=["wwyz_backward", "upstreamness"])
    apart = (drawn["std_error"] / linear["std_error"] - 1).abs()
    assert apart.max() > 0.15
    assert (drawn["bias"].abs() / drawn["std_error"]).max() > 0.1  # none to first order


@pytest.mark.slow
def test_first_order_on_wiod_2011() -> None:
    table = wiod2011()
    names = ("va_rate", "upstreamness", "downstreamness", "wwyz_forward", "wwyz_backward", "plv_gvc", "gvc_position")
    found = ratios(table, CellErrors(0.1), 200, names)
    assert abs(found.median() - 1) < 0.02
    assert (abs(found - 1) < 4 * 0.05).mean() > 0.98


def test_without_errors_nothing_spreads() -> None:
    frame = index_uncertainty(random_world(1, 3, 3, zero=1), CellErrors(0.0), draws=3)
    known = frame["estimate"].notna()
    np.testing.assert_allclose(frame.loc[known, "std_error"], 0.0, atol=1e-12)
    np.testing.assert_allclose(frame.loc[known, "mean"], frame.loc[known, "estimate"], rtol=1e-12)
    assert frame.loc[~known, ["std_error", "lower", "upper"]].isna().all(axis=None)


def test_estimates_are_those_of_the_accounts() -> None:
    table = random_world(6, 4, 3, negative=True)
    frame = index_uncertainty(table, CellErrors(0.1), indices=["upstreamness", "exports"], draws=2)
    accounts = ValueAddedAccounts(table).indices(split_foreign=False)
    for name in ("upstreamness", "exports"):
        own = frame[frame["index"] == name]
        assert list(own["country"]) == list(accounts["country"])
        np.testing.assert_allclose(own["estimate"], accounts[name], rtol=1e-11)


def test_same_seed_same_bytes_and_the_interval_holds_the_draws() -> None:
    table, errors = random_world(7, 3, 3), CellErrors(0.2)
    one, two = (index_uncertainty(table, errors, draws=80, seed=4) for _ in range(2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert not np.allclose(one["std_error"], index_uncertainty(table, errors, draws=80, seed=5)["std_error"])
    assert (one["lower"] < one["mean"]).all()
    assert (one["mean"] < one["upper"]).all()


def test_stages_err_less_than_their_sectors() -> None:
    table, errors = random_world(8, 6, 4), CellErrors(0.2)
    seen: list[tuple[int, int]] = []
    stages = index_uncertainty(
        table, errors, indices=["va_rate", "va_share"], draws=200, chain=CHAIN, rest="others",
        on_draw=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert list(stages.columns[:4]) == ["country", "stage", "year", "index"]
    assert list(stages["stage"].unique()) == ["upstream", "downstream", "others"]
    assert seen[-1] == (200, 200)
    assert len(seen) == 200
    sectors = index_uncertainty(table, errors, indices=["va_rate"], draws=200)
    whole = stages[(stages["stage"] == "upstream") & (stages["index"] == "va_rate")]["std_error"].mean()
    assert whole < 0.9 * sectors[sectors["sector"].isin(["S0", "S1"])]["std_error"].mean()
    assert stages.attrs["synthetic"]
    assert "20 %" in stages.attrs["errors"]


def test_guarded_cells_are_named() -> None:
    Z = np.array([[10.0, 95.0], [1.0, 2.0]])
    table = IOTable.from_arrays(Z, np.array([[20.0, 10.0], [60.0, 40.0]]), countries=["A", "B"], sectors=["s"])
    frame = index_uncertainty(table, CellErrors(0.3), indices=["va_rate"], draws=200)
    assert 0.1 < frame.attrs["guarded"]["B s"] < 0.9
    assert "A s" not in frame.attrs["guarded"]


def test_contributions_add_up_and_name_their_cells() -> None:
    table, errors = random_world(9, 3, 2), CellErrors(0.1)
    every = largest_contributions(table, errors, "C1", "S0", "upstreamness", largest=1000)
    assert every["share"].sum() == pytest.approx(1.0)
    linear = first_order_uncertainty(table, errors, indices=["upstreamness"]).set_index(["country", "sector"])
    total = np.sqrt((every["std_error"] ** 2).sum())
    assert total == pytest.approx(linear.loc[("C1", "S0"), "std_error"], rel=1e-10)
    first = every.iloc[0]
    assert every["share"].is_monotonic_decreasing
    if first["buyer"] != "final":
        value = table.frame("Z").loc[
            (first["seller_country"], first["seller"]), (first["buyer_country"], first["buyer"])
        ]
        assert value == first["value"]


def test_what_cannot_be_asked_for() -> None:
    table = random_world(1, 3, 2)
    with pytest.raises(InputError, match="kpww_iv"):
        index_uncertainty(table, CellErrors(), indices=["kpww_iv"], draws=2)
    with pytest.raises(InputError, match="draws=1"):
        index_uncertainty(table, CellErrors(), draws=1)
    with pytest.raises(InputError, match="Use index_uncertainty"):
        first_order_uncertainty(table, CellErrors(closure="ras"))
    with pytest.raises(InputError, match="vax_ratio"):
        first_order_uncertainty(table, CellErrors(), indices=["vax_ratio"])
    with pytest.raises(InputError, match="fgo_gvc"):
        first_order_uncertainty(table, CellErrors(), indices=["fgo_gvc"], chain=Chain.from_mapping({"a": ["S1"]}))
    with pytest.raises(LabelError, match="S9"):
        first_order_uncertainty(table, CellErrors(), chain=Chain.from_mapping({"a": ["S9"]}))
    with pytest.raises(LabelError, match="S9"):
        index_uncertainty(table, CellErrors(), draws=2, chain=Chain.from_mapping({"a": ["S9"]}))
    with pytest.raises(LabelError, match="ZZZ"):
        largest_contributions(table, CellErrors(), "ZZZ", "S0", "upstreamness")


def test_order_of_countries_and_sectors_does_not_matter() -> None:
    table = random_world(2, 4, 3)
    turned = table.select(list(reversed(table.countries)), list(reversed(table.sectors)))
    keys = ["country", "sector", "index"]
    one, two = (first_order_uncertainty(t, CellErrors(0.1)).set_index(keys)["std_error"] for t in (table, turned))
    pd.testing.assert_series_equal(one.sort_index(), two.sort_index(), rtol=1e-9)
