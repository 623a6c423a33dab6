"""Satellite accounts: labels that do not meet, identities, jobs and functions.

Tolerance 1e-9 of a column's largest entry; measured 3e-15 or better.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import IdentityWarning, InputError, LabelError
from gvcpos.accounting import FinalUse, Satellite, ValueAddedAccounts
from gvcpos.tables import IOTable
from tests.accounting.oracle import peers
from tests.accounting.oracle.world import grouped, plain
from tests.accounting.worlds import adds_up, close, random_world, worlds
from tests.shared import golden_matrix, golden_table

ACCOUNTS = ["D_pba", "D_cba", "D_imp", "D_exp"]


def pairs(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns "reg1|food" as pairs of labels; rows "emission_type1|air" stay as they are."""
    return frame.set_axis(pd.MultiIndex.from_tuples([tuple(c.split("|")) for c in frame.columns]), axis=1)


@lru_cache(maxsize=1)
def mock() -> ValueAddedAccounts:
    return ValueAddedAccounts(golden_table("pymrio_test"))


@lru_cache(maxsize=2)
def extension(name: str) -> Satellite:
    F = pairs(golden_matrix("pymrio_test", f"input_{name}_F"))
    if name == "Factor_Inputs":
        return Satellite.from_frame(F)
    return Satellite.from_frame(F, pairs(golden_matrix("pymrio_test", f"input_{name}_F_Y")), unit="kg")


def against(frame: pd.DataFrame, column: str, theirs: pd.DataFrame, keys: list[str]) -> None:
    """Compare a column of a tidy frame with a matrix whose columns are "reg1" or "reg1|food", row by row."""
    labels = frame[keys].agg("|".join, axis=1)
    mine = frame.assign(label=labels).pivot(index="satellite", columns="label", values=column)
    assert mine.shape == theirs.shape
    for row in theirs.index:
        close(mine.loc[row, theirs.columns], theirs.loc[row])


def test_direct_intensities_are_pymrios_but_missing_where_nothing_is_spent() -> None:
    frame = mock().final_intensities(extension("Emissions"))
    spent = np.repeat(mock().table.Y.sum(axis=0), 2)
    np.testing.assert_array_equal(frame.S_Y.isna(), spent == 0)
    theirs = golden_matrix("pymrio_test", "pymrio070_Emissions_S_Y")
    against(frame.fillna({"S_Y": 0.0}), "S_Y", theirs, ["country", "category"])


def satellite_of(table: IOTable, seed: int = 0, rows: tuple[str, ...] = ("jobs", "co2")) -> Satellite:
    rng = np.random.default_rng(seed)
    F = pd.DataFrame(rng.random((len(rows), len(table.x))) * (table.x != 0), index=list(rows), columns=table.index)
    return Satellite.from_frame(F, pd.DataFrame(rng.random((len(rows), table.shape[0])), list(rows), table.countries))


@settings(max_examples=20, deadline=None)
@given(worlds(), st.integers(0, 10**6))
def test_what_is_produced_is_consumed(table: IOTable, seed: int) -> None:
    mine, satellite = ValueAddedAccounts(table), satellite_of(table, seed)
    frame = mine.footprints(satellite)
    size = frame.D_pba + frame.D_cba
    adds_up(frame.D_cba, frame.D_pba, -frame.D_exp, frame.D_imp, made_of=(size,))
    world = frame.groupby("satellite")[["D_pba", "D_cba", "D_exp", "D_imp"]].sum()
    adds_up(world.D_pba, world.D_cba)
    adds_up(world.D_exp, world.D_imp, made_of=(world.D_pba,))
    products = mine.footprints(satellite, by="sector").groupby(["country", "satellite"], sort=False)[ACCOUNTS].sum()
    direct = frame.F_Y.to_numpy()
    for account in ACCOUNTS:
        users = direct if account in ("D_pba", "D_cba") else 0.0
        close(products[account] + users, frame[account], size=float(size.max()))


@pytest.mark.parametrize("groups", [None, {"union": ["C1", "C3"]}])
def test_accounts_against_dense_arrays(groups: dict[str, list[str]] | None) -> None:
    table = random_world(7, 4, 3, zero=1, negative=True)
    satellite = satellite_of(table)
    mine = (
        ValueAddedAccounts(table, groups=groups).footprints(satellite, by="country").set_index(["country", "satellite"])
    )
    world, names = plain(table.Z, table.final_demand, 3), list(table.countries)
    direct = satellite.F_Y
    if groups:
        world, _, others = grouped(world, [1, 3])
        names = [names[s] for s in others] + ["union"]
        direct = np.column_stack([direct[:, others], direct[:, [1, 3]].sum(axis=1)])
    S = satellite.F * np.array([1 / x if x else 0.0 for x in table.x])
    for r, name in enumerate(names):
        own, all_of_it = world.blocks[r], S * world.BY[:, r]
        abroad = np.delete(all_of_it, own, axis=1).sum(axis=1)
        sold = S[:, own] @ np.delete(world.BY[own], r, axis=1).sum(axis=1)
        for k, row in enumerate(satellite.rows):
            found = mine.loc[(name, row)]
            expected = [satellite.F[k, own].sum() + direct[k, r], all_of_it[k].sum() + direct[k, r], abroad[k], sold[k]]
            close(found[["D_pba", "D_cba", "D_imp", "D_exp"]], expected, 1e-12)


def test_accounts_by_sector_against_the_oracle() -> None:
    table = random_world(8, 3, 4, zero=2)
    satellite = satellite_of(table)
    expected = peers.footprints(plain(table.Z, table.final_demand, 4), satellite.F, satellite.F_Y)
    frame = ValueAddedAccounts(table).footprints(satellite, by="sector")
    for account in ACCOUNTS:
        close(frame[account].to_numpy().reshape(-1, 2).T, expected[account], 1e-12)


def test_sector_groups_sum_the_accounts() -> None:
    table = random_world(8, 3, 4)
    satellite, groups = satellite_of(table), {"wide": ["S0", "S3"]}
    fine, coarse = (ValueAddedAccounts(table, sector_groups=g).footprints(satellite, "sector") for g in (None, groups))
    fine["sector"] = fine.sector.replace({"S0": "wide", "S3": "wide"})
    sums = fine.groupby(["country", "sector", "satellite"])[ACCOUNTS].sum()
    keys = pd.MultiIndex.from_frame(coarse[["country", "sector", "satellite"]])
    for account in ACCOUNTS:
        close(coarse[account], sums.loc[keys, account], 1e-12)
    averages = ValueAddedAccounts(table, sector_groups=groups).intensities(satellite)
    close(averages.S[averages.sector == "wide"].iloc[:2], satellite.F[:, [0, 3]].sum(axis=1) / table.x[[0, 3]].sum())


def test_order_of_labels_changes_nothing() -> None:
    table = random_world(3, 3, 3)
    F = pd.DataFrame([table.va_total, table.x], index=["va", "x"], columns=table.index)
    shuffled = F.sample(frac=1, axis=1, random_state=1)
    tidy = F.T.reset_index().sample(frac=1, random_state=2).assign(year=2010)
    mine = ValueAddedAccounts(table)
    expected = mine.footprints(Satellite.from_frame(F), by="sector")
    for other in (Satellite.from_frame(shuffled), Satellite.from_tidy(tidy), Satellite.from_tidy(tidy, ["va", "x"])):
        pd.testing.assert_frame_equal(mine.footprints(other, by="sector"), expected)
    Y = pd.DataFrame([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], index=["va", "x"], columns=table.countries)
    expected = mine.footprints(Satellite.from_frame(F, Y))
    pd.testing.assert_frame_equal(mine.footprints(Satellite.from_frame(F, Y.iloc[::-1, [2, 0, 1]])), expected)


def test_labels_that_do_not_meet_are_named() -> None:
    table = random_world(3, 3, 3)
    mine = ValueAddedAccounts(table)
    F = pd.DataFrame([table.va_total], index=["va"], columns=table.index)
    cases = {
        "countries of the satellite lacks C1": F.drop(columns="C1", level=0),
        "sectors of the satellite lacks S2": F.drop(columns="S2", level=1),
        "the satellite lacks C1 S2": F.drop(columns=[("C1", "S2")]),
        "countries of the satellite has MOON": F.rename(columns={"C1": "MOON"}),
        "has MOON, which": pd.concat(
            [F, F["C1"].set_axis(pd.MultiIndex.from_product([["MOON"], table.sectors]), axis=1)], axis=1
        ),
        "duplicated labels: C0 S0": pd.concat([F, F.iloc[:, [0]]], axis=1),
    }
    for message, frame in cases.items():
        with pytest.raises(LabelError, match=message):
            mine.footprints(Satellite.from_frame(frame))
    tidy = F.T.reset_index()
    with pytest.raises(LabelError, match="duplicated labels: C2 S2"):
        mine.footprints(Satellite.from_tidy(pd.concat([tidy, tidy.tail(1)])))
    with pytest.raises(LabelError, match="no column sector"):
        Satellite.from_tidy(tidy.drop(columns="sector"))
    with pytest.raises(LabelError, match="no column jobs"):
        Satellite.from_tidy(tidy, "jobs")
    with pytest.raises(InputError, match="has 2 years"):
        Satellite.from_tidy(pd.concat([tidy.assign(year=2010), tidy.assign(year=2011)]))


def test_rows_and_final_users_that_do_not_fit_are_named() -> None:
    table = random_world(3, 3, 3)
    mine = ValueAddedAccounts(table)
    F = pd.DataFrame([table.va_total, table.x], index=["va", "x"], columns=table.index)
    Y = pd.DataFrame(1.0, index=["va", "x"], columns=pd.MultiIndex.from_product([table.countries, ["use", "stock"]]))
    with pytest.raises(LabelError, match="duplicated labels: va"):
        Satellite.from_frame(F.rename(index={"x": "va"}))
    with pytest.raises(LabelError, match="rows of the final users lacks x"):
        Satellite.from_frame(F, Y.iloc[:1])
    with pytest.raises(LabelError, match="cannot be called year"):
        Satellite.from_frame(F.rename(index={"x": "year"}))
    with pytest.raises(InputError, match="row va, C0 S1"):
        Satellite.from_frame(F.mask((F.columns == ("C0", "S1"))[None, :] & (F.index == "va")[:, None]))
    with pytest.raises(InputError, match="not 1 level"):
        Satellite.from_frame(F.set_axis(range(9), axis=1))
    for wrong, message in (
        (Y.drop(columns="C2", level=0), "countries of the satellite lacks C2"),
        (Y.drop(columns="stock", level=1), "final-demand categories of the satellite lacks stock"),
        (Y.rename(columns={"use": "waste"}), "has waste"),
        (pd.concat([Y, Y.iloc[:, [0]]], axis=1), "duplicated labels: C0 use"),
    ):
        with pytest.raises(LabelError, match=message):
            mine.footprints(Satellite.from_frame(F, wrong))
    whole = mine.final_intensities(Satellite.from_frame(F, Y.T.groupby(level=0).sum().T))
    assert set(whole.category) == {"all"}
    close(whole.S_Y, np.repeat(2 / table.final_demand.sum(axis=0), 2))


def test_work_in_cells_without_output_is_warned_of_and_measured() -> None:
    table = random_world(3, 3, 3, zero=1)
    idle = int(np.flatnonzero(table.x == 0)[0])
    F = pd.DataFrame(1.0, index=["jobs"], columns=table.index)
    mine = ValueAddedAccounts(table)
    with pytest.warns(IdentityWarning, match=f"jobs 1 in {' '.join(table.nodes[idle])}"):
        frame = mine.footprints(Satellite.from_frame(F))
    close(frame.D_pba.sum() - frame.D_cba.sum(), 1.0)


def test_jobs_of_a_chain() -> None:
    """Half of the parts go into cars: with 10 and 30 workers, the cars' chain has 5 + 30."""
    Z = np.array([[0.0, 4.0], [0.0, 0.0]])
    table = IOTable.from_arrays(Z, [[4.0], [9.0]], countries=["X"], sectors=["parts", "cars"])
    jobs = Satellite.from_tidy(pd.DataFrame({"country": "X", "sector": ["cars", "parts"], "jobs": [30.0, 10.0]}))
    frame = ValueAddedAccounts(table).gvc_income(FinalUse(sectors="cars"), satellite=jobs)
    np.testing.assert_allclose(frame.jobs, [5.0, 30.0])
    np.testing.assert_allclose(frame.gvc_income, [4.0, 5.0])


@settings(max_examples=15, deadline=None)
@given(worlds(), st.integers(0, 10**6))
def test_functions_in_exports(table: IOTable, seed: int) -> None:
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.ones(3), len(table.x)).T * table.va_total
    names = ["fabrication", "management", "research"]
    mine = ValueAddedAccounts(table)
    frame = mine.functional_specialisation(Satellite.from_frame(pd.DataFrame(share, names, table.index)))
    income = frame.function_income.to_numpy().reshape(-1, 3)
    exports = mine.exports("country")
    adds_up(exports.DVA, *income.T, made_of=(exports.GEXP, mine.exporters.by_exporter(mine.x)))
    for s, local in enumerate(mine.system.L):
        here = slice(s * table.shape[1], (s + 1) * table.shape[1])
        coefficient = np.divide(
            share[:, here], table.x[here], out=np.zeros_like(share[:, here]), where=table.x[here] != 0
        )
        close(income[s], coefficient @ local @ mine.flows.exports[here], size=float(table.x.sum()))
    if income.sum() <= 1e-9 * table.x.sum():
        return
    weights, fs = income.sum(axis=1) / income.sum(), frame.fs.to_numpy().reshape(-1, 3)
    close(np.nansum(fs * weights[:, None], axis=0), np.ones(3))
    assert not np.isinf(fs).any()
