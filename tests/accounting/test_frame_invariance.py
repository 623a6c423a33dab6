"""Names, order and currency change nothing in any frame but names, order and money; aggregation where it is a sum."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from gvcpos.accounting import ValueAddedAccounts
from gvcpos.tables import IOTable
from tests.accounting.every_frame import NAMES, frames_of, is_amount, is_money, labels_of
from tests.accounting.test_invariance import rebuilt
from tests.accounting.worlds import close, random_world
from tests.shared import lrwiod2000, wiod2011

TABLES: dict[str, Callable[[], IOTable]] = {
    "random": lambda: random_world(11, 5, 4, zero=2, negative=True, autarkic=True, single=True),
    "lrwiod2000": lrwiod2000,
    "wiod2011": wiod2011,
}
# Satellites are drawn cell by cell in the order of the table, so another order is another satellite.
DRAWN = ("final_intensities", "functional_specialisation")
SLOW = [pytest.mark.slow]
PLACES = [pytest.param(name, marks=SLOW if name == "wiod2011" else []) for name in TABLES]
FEWER_PLACES = [pytest.param(name, marks=[] if name == "random" else SLOW) for name in TABLES]
CURRENCY = 7.3e-4


@lru_cache
def made(name: str, change: str) -> ValueAddedAccounts:
    return changed(TABLES[name](), change)


def changed(table: IOTable, change: str) -> ValueAddedAccounts:
    """Accounts of a table under other names, in another order or in another currency."""
    G, N = table.shape
    rng = np.random.default_rng(3)
    if change == "shuffled":
        return ValueAddedAccounts(rebuilt(table, rng.permutation(G), rng.permutation(N)))
    if change == "currency":
        return ValueAddedAccounts(rebuilt(table, np.arange(G), np.arange(N), money=CURRENCY))
    if change == "renamed":
        return ValueAddedAccounts(
            IOTable.from_arrays(
                table.Z,
                table.Y,
                countries=[f"X{c}" for c in table.countries],
                sectors=[f"z{s}" for s in table.sectors],
                final_categories=table.final_categories,
                year=table.year,
            )
        )
    return ValueAddedAccounts(table)


def compared(what: str, name: str, mine: pd.DataFrame, other: pd.DataFrame, money: float = 1.0) -> None:
    """Assert equal numbers: amounts beside the largest of their row and a thousandth of the column's, ratios beside 1.

    A row's amounts are parts of each other and differences among them: none has more digits than the largest. Where a
    row has one amount, its digits are those of the column.
    """
    keys = labels_of(mine)
    mine, other = (frame.astype(dict.fromkeys(keys, str)).set_index(keys) for frame in (mine, other))
    assert list(mine.columns) == list(other.columns), what
    assert len(mine) == len(other)
    other = other.loc[mine.index]
    amount = is_amount(name, mine)
    scaled = is_money(name, mine) if name in DRAWN else amount
    if "of': 'none'" in what:
        amount, scaled = dict.fromkeys(amount, False), dict.fromkeys(amount, False)
    amounts = [c for c, yes in amount.items() if yes]
    row = mine[amounts].abs().max(axis=1).to_numpy() if amounts else np.zeros(len(mine))
    alone = len(amounts) == 1
    for column in mine:
        a, b = mine[column].to_numpy(float), other[column].to_numpy(float) / (money if scaled[column] else 1.0)
        np.testing.assert_array_equal(np.isnan(a), np.isnan(b), err_msg=f"{what} {column}")
        a, b = np.nan_to_num(a), np.nan_to_num(b)
        largest = np.abs(a).max(initial=0.0)
        size = row + (1.0 if alone else 1e-3) * largest if amount[column] else np.abs(a) + 1.0
        off = np.abs(a - b) > 1e-9 * size
        assert not off.any(), f"{what} {column}: {mine[off][column]} is {b[off]}"


@pytest.mark.parametrize("name", [name for name in NAMES if name not in DRAWN])
@pytest.mark.parametrize("table", PLACES)
def test_shuffling_countries_and_sectors(table: str, name: str) -> None:
    both = [frames_of(made(table, change), name, brief=True) for change in ("", "shuffled")]
    for (what, mine), (_, other) in zip(*both, strict=True):
        compared(what, name, mine, other)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in DRAWN])
@pytest.mark.parametrize("table", FEWER_PLACES)
def test_another_currency(table: str, name: str) -> None:
    both = [frames_of(made(table, change), name, brief=True) for change in ("", "currency")]
    for (what, mine), (_, other) in zip(*both, strict=True):
        compared(what, name, mine, other, CURRENCY)


@pytest.mark.parametrize("name", NAMES)
def test_other_names(name: str) -> None:
    """Names are names: the same numbers to the last digit."""
    table = TABLES["random"]()
    both = [frames_of(changed(table, change), name, brief=name == "breakdown") for change in ("", "renamed")]
    for (what, mine), (_, other) in zip(*both, strict=True):
        keys = labels_of(mine)
        for key in keys:
            bare = other[key].astype(str)
            if key not in ("year", "satellite", "category"):
                assert bare.str[0].isin(["X", "z"]).all()
                bare = bare.str[1:]
            assert list(bare) == list(mine[key].astype(str)), what
        pd.testing.assert_frame_equal(mine.drop(columns=keys), other.drop(columns=keys), check_exact=True)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_table_gives_the_same_bytes(name: str) -> None:
    once, again = (ValueAddedAccounts(TABLES["random"]()) for _ in range(2))
    for (what, mine), (_, other) in zip(
        frames_of(once, name, brief=True), frames_of(again, name, brief=True), strict=True
    ):
        assert mine.to_csv(index=False) == other.to_csv(index=False), what


@pytest.mark.parametrize("name", NAMES)
def test_what_was_asked_before_changes_little(name: str) -> None:
    """The inverse, once it is there, takes the place of the factors: the same numbers, to rounding."""
    fresh, used = ValueAddedAccounts(TABLES["random"]()), ValueAddedAccounts(TABLES["random"]())
    used.exports("sector_pair", approach="sink")
    both = [frames_of(a, name, brief=True) for a in (fresh, used)]
    for (what, mine), (_, other) in zip(*both, strict=True):
        compared(what, name, mine, other)


def test_value_of_a_sector_that_is_split_in_proportion() -> None:
    """Splitting a sector into two alike changes no country: what is a sum over sectors stays what it was."""
    table = random_world(4, 4, 3, negative=True)
    (G, N), n, C = table.shape, len(table.x), len(table.final_categories)
    share = np.tile([0.3, 0.7], n // N)
    at = np.repeat(np.arange(n), [2 if i % N == 0 else 1 for i in range(n)])
    weight = np.ones(len(at))
    weight[np.isin(at, np.arange(0, n, N))] = share
    split = IOTable.from_arrays(
        table.Z[np.ix_(at, at)] * np.outer(weight, weight),
        table.Y[at] * weight[:, None],
        countries=table.countries,
        sectors=["S0a", "S0b", *table.sectors[1:]],
        final_categories=table.final_categories,
        year=table.year,
    )
    assert split.Y.shape == (G * (N + 1), G * C)
    mine, parts, asked = ValueAddedAccounts(table), ValueAddedAccounts(split), set()
    for name in NAMES:
        for (what, one), (_, two) in zip(frames_of(mine, name), frames_of(parts, name), strict=True):
            by_sector = "sector" in one or "origin_sector" in one
            if name in DRAWN or by_sector or "'perspective': 'sector" in what:  # there the sector is the perimeter
                continue
            for column in [c for c, yes in is_amount(name, one).items() if yes]:
                if column in ("EXGR_DDC", "EXGR_IDC"):  # the other half is another industry of the country
                    continue
                asked.add(name)
                largest = float(one[column].abs().max())
                try:
                    close(one[column], two[column], 1e-9, size=max(largest, 1e-3 * float(table.x.max())))
                except AssertionError as error:
                    raise AssertionError(f"{what} {column}: {error}") from error
    assert {"exports", "wwz", "tiva", "imports", "extraction", "origin", "breakdown", "footprints"} < asked
