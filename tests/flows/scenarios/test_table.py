"""A scenario through a table: the accounting's extraction, prices by a dense solve, and what is paid is earned."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos import ValueAddedAccounts, synthetic_world
from gvcpos._core.errors import InputError, LabelError
from gvcpos.chains import Chain
from gvcpos.flows.scenarios.table import price_change, through_table
from gvcpos.tables import IOTable
from gvcpos.trade import supply_stop
from tests.shared import wiod_year


@pytest.fixture(scope="module")
def table() -> IOTable:
    return synthetic_world(seed=1, countries=8, years=range(2007, 2012)).tables[2009]


@pytest.fixture(scope="module")
def chain() -> Chain:
    world = synthetic_world(seed=1, countries=8, years=range(2007, 2012))
    return Chain.from_mapping(world.chain)


def changes(**by_stage: tuple[float, float]) -> pd.DataFrame:
    """Stage to (quantity, price)."""
    return pd.DataFrame([(s, *c) for s, c in by_stage.items()], columns=["stage", "quantity", "price"])


def test_a_stop_is_the_supply_stop(table: IOTable, chain: Chain) -> None:
    stop = supply_stop(table, "CHN", chain.stage("upstream").sectors, share=0.4).frame
    found = through_table(changes(upstream=(-0.4, 0.0)), table, chain).frame
    np.testing.assert_allclose(found["value_added_change"], -stop["value_added_lost"], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found["sales_change"], -stop["sales_lost"], rtol=1e-12)
    assert (found[["paid", "earned"]] == 0.0).all(axis=None)


def test_more_sales_are_a_negative_stop(table: IOTable, chain: Chain) -> None:
    """x* with the sales raised in A and Y, solved as it is written."""
    g, N = table.countries.index("CHN"), len(table.sectors)
    rows = g * N + np.array([table.sectors.index(s) for s in chain.stage("downstream").sectors])
    A, Y = table.Z / np.where(table.x > 0, table.x, 1.0), np.array(table.final_demand)
    abroad = np.arange(len(A)) // N != g
    A[np.ix_(rows, np.flatnonzero(abroad))] *= 1.25
    Y[np.ix_(rows, np.flatnonzero(np.arange(len(table.countries)) != g))] *= 1.25
    new = np.linalg.solve(np.eye(len(A)) - A, Y.sum(axis=1))
    found = through_table(changes(downstream=(0.25, 0.0)), table, chain).frame
    by_country = (new - table.x).reshape(-1, N).sum(axis=1)
    np.testing.assert_allclose(found["output_change"], by_country, rtol=1e-7, atol=1e-7 * table.x.max())


def test_prices_by_a_dense_solve(table: IOTable) -> None:
    system = ValueAddedAccounts(table).system
    cells, change = np.array([3, 11, 40]), np.array([0.5, 0.1, 0.2])
    p, v = price_change(system, cells, change)
    A = table.Z / np.where(table.x > 0, table.x, 1.0)
    rest = np.setdiff1d(np.arange(len(A)), cells)
    others = np.linalg.solve(np.eye(len(rest)) - A[np.ix_(rest, rest)].T, A[np.ix_(cells, rest)].T @ change)
    np.testing.assert_allclose(p[cells], change, rtol=1e-10)
    np.testing.assert_allclose(p[rest], others, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(p, A.T @ p + v, rtol=1e-9, atol=1e-12)


def test_what_is_paid_is_earned(table: IOTable, chain: Chain) -> None:
    found = through_table(changes(upstream=(0.0, 1.0), midstream=(np.nan, 0.3)), table, chain).frame
    assert found["paid"].sum() == pytest.approx(found["earned"].sum(), rel=1e-9)
    assert found.set_index("country")["earned"].drop("CHN").abs().max() == 0.0
    assert (found["paid"] > 0).all()


def test_no_change_changes_nothing_and_order_does_not_matter(table: IOTable, chain: Chain) -> None:
    still = through_table(changes(upstream=(0.0, 0.0)), table, chain).frame
    assert (still.drop(columns=["country", "year"]) == 0.0).all(axis=None)
    both = changes(upstream=(-0.2, 0.1), downstream=(0.1, np.nan))
    one = through_table(both, table, chain).frame
    pd.testing.assert_frame_equal(through_table(both.iloc[::-1], table, chain).frame, one)


def test_stages_by_other_names(table: IOTable, chain: Chain) -> None:
    wide = changes(mining=(-0.5, 0.0), use=(9.0, 9.0))
    found = through_table(wide, table, chain, stages={"mining": "upstream"}).frame
    pd.testing.assert_frame_equal(found, through_table(changes(upstream=(-0.5, 0.0)), table, chain).frame)


def test_faults(table: IOTable, chain: Chain) -> None:
    with pytest.raises(LabelError, match="orbit"):
        through_table(changes(orbit=(0.0, 0.1)), table, chain)
    with pytest.raises(LabelError, match="QQQ"):
        through_table(changes(upstream=(0.0, 0.1)), table, chain, "QQQ")
    with pytest.raises(LabelError, match="duplicated"):
        through_table(pd.concat([changes(upstream=(0.0, 0.1))] * 2), table, chain)
    with pytest.raises(InputError, match="cannot fall below none"):
        through_table(changes(upstream=(-1.5, 0.0)), table, chain)
    with pytest.raises(LabelError, match="price"):
        through_table(changes(upstream=(0.0, 0.1)).drop(columns="price"), table, chain)
    with pytest.raises(LabelError, match="smelting"):
        through_table(changes(upstream=(0.0, 0.1)), table, chain, stages={"smelting": "upstream"})


def test_metals_twice_as_dear_in_wiod_2011() -> None:
    table = wiod_year(2011)
    chain = Chain.from_mapping({"metals": [table.sectors[11]]})
    found = through_table(changes(metals=(-0.1, 1.0)), table, chain).frame.set_index("country")
    assert found["paid"].sum() == pytest.approx(found["earned"].sum(), rel=1e-8)
    assert found["paid"].idxmax() == "CHN"
    assert found.loc["CHN", "value_added_change"] < 0
