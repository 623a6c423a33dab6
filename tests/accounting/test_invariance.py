"""Names, order and currency change nothing but names, order and money."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos.accounting import ValueAddedAccounts, describe_measures
from gvcpos.tables import IOTable
from tests.accounting.worlds import random_world
from tests.shared import lrwiod2000, wiod2011

TABLES = {
    "wiod2011": wiod2011,
    "lrwiod2000": lrwiod2000,
    "random": lambda: random_world(11, 6, 5, zero=2, negative=True, autarkic=True),
}


@pytest.fixture(params=list(TABLES))
def table(request: pytest.FixtureRequest) -> IOTable:
    return TABLES[request.param]()


def rebuilt(table: IOTable, countries: np.ndarray, sectors: np.ndarray, money: float = 1.0) -> IOTable:
    """The table with countries and sectors in another order and another currency."""
    (G, N), n = table.shape, len(table.x)
    cells = (countries[:, None] * N + sectors).ravel()
    Y = table.Y.reshape(n, G, -1)[cells][:, countries].reshape(n, -1)
    return IOTable.from_arrays(
        table.Z[np.ix_(cells, cells)] * money,
        Y * money,
        countries=np.array(table.countries)[countries],
        sectors=np.array(table.sectors)[sectors],
        final_categories=table.final_categories,
        year=table.year,
    )


def same(mine: pd.DataFrame, other: pd.DataFrame, money: float = 1.0, relative: float = 1e-9) -> None:
    """Assert that every cell has the same numbers: money beside the cell's own turnover, a ratio beside itself or 1.

    A ratio near zero is a small share or a logarithm of about 1, a small flow the difference of larger ones: neither
    has more digits than the cell it comes from.
    """
    known = describe_measures()
    keys = [key for key in ("country", "sector", "year") if key in mine]
    other = mine[keys].merge(other, on=keys, validate="one_to_one")
    assert list(mine.columns) == list(other.columns)
    turnover = mine.x.abs() + mine.exports.abs()
    for column in mine.columns.drop(keys):
        is_money = known[column].unit == "money"
        here, there = mine[column].to_numpy(), other[column].to_numpy() / (money if is_money else 1.0)
        np.testing.assert_array_equal(np.isnan(here), np.isnan(there), err_msg=column)
        allowed = relative * (turnover.to_numpy() if is_money else np.abs(here) + 1.0)
        off = np.nan_to_num(np.abs(here - there)) > np.nan_to_num(allowed)
        assert not off.any(), f"{column}: {mine[off][[*keys, column]]} is {other[off][column]}"


def test_shuffling_countries_and_sectors(table: IOTable) -> None:
    rng = np.random.default_rng(3)
    G, N = table.shape
    shuffled = rebuilt(table, rng.permutation(G), rng.permutation(N))
    mine, other = ValueAddedAccounts(table), ValueAddedAccounts(shuffled)
    same(mine.indices(), other.indices())
    same(mine.country_indices(), other.country_indices())


def test_currency_unit(table: IOTable) -> None:
    G, N = table.shape
    other = rebuilt(table, np.arange(G), np.arange(N), money=7.3e-4)
    same(ValueAddedAccounts(table).indices(), ValueAddedAccounts(other).indices(), money=7.3e-4)


def test_relabelling(table: IOTable) -> None:
    named = IOTable.from_arrays(
        table.Z,
        table.Y,
        countries=[f"X{c}" for c in table.countries],
        sectors=[f"z{s}" for s in table.sectors],
        final_categories=table.final_categories,
        year=table.year,
    )
    mine, other = ValueAddedAccounts(table).indices(), ValueAddedAccounts(named).indices()
    assert list(other.country) == ["X" + c for c in mine.country]
    pd.testing.assert_frame_equal(mine.iloc[:, 3:], other.iloc[:, 3:], check_exact=True)


def test_same_table_same_bytes(table: IOTable) -> None:
    first, second = (ValueAddedAccounts(table).indices().to_csv(index=False) for _ in range(2))
    assert first == second
