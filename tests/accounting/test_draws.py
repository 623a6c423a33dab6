"""Indices of draws: the numbers of the accounts, table after table in the same memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings

from gvcpos._core.errors import IdentityError
from gvcpos.accounting import Blocks, LeontiefSystem, ValueAddedAccounts
from gvcpos.accounting.draws import IndexDraws
from gvcpos.accounting.leontief import workspace_for
from gvcpos.tables import IOTable
from tests.accounting.worlds import close, random_world, worlds
from tests.shared import wiod2011


def drawn(draws: IndexDraws, table: IOTable) -> dict[str, np.ndarray]:
    return draws.indices(table.Z, table.final_demand, table.va_total, table.x)


def same(found: dict[str, np.ndarray], table: IOTable, relative: float) -> None:
    frame = ValueAddedAccounts(table).indices(split_foreign=False)
    for name, values in found.items():
        close(values, frame[name].to_numpy(), relative)


@given(table=worlds())
@settings(max_examples=40, deadline=None)
def test_a_draw_has_the_numbers_of_the_accounts(table: IOTable) -> None:
    G, N = table.shape
    same(drawn(IndexDraws(Blocks.even(G, N)), table), table, 1e-12)


def test_a_draw_has_the_numbers_of_the_accounts_on_wiod_2011() -> None:
    table = wiod2011()
    found = drawn(IndexDraws(Blocks.even(*table.shape)), table)
    assert len(found) >= 25
    same(found, table, 1e-11)


def test_draws_do_not_remember_the_one_before() -> None:
    tables = [random_world(seed, 5, 4, zero=seed, negative=True) for seed in range(4)]
    draws = IndexDraws(Blocks.even(5, 4))
    first = [drawn(draws, table) for table in tables]
    for table, before in zip(reversed(tables), reversed(first), strict=True):
        for name, values in drawn(draws, table).items():
            np.testing.assert_array_equal(values, before[name])


def test_the_table_of_a_draw_is_not_written_to() -> None:
    table = random_world(3, 4, 4)
    Z, Y, va, x = (np.array(a) for a in (table.Z, table.final_demand, table.va_total, table.x))
    kept = [a.copy() for a in (Z, Y, va, x)]
    IndexDraws(Blocks.even(4, 4)).indices(Z, Y, va, x)
    for now, before in zip((Z, Y, va, x), kept, strict=True):
        np.testing.assert_array_equal(now, before)


def test_a_draw_takes_no_new_square_array() -> None:
    table = random_world(1, 20, 15)
    draws = IndexDraws(Blocks.even(20, 15))
    drawn(draws, table)
    tracemalloc.start()
    drawn(draws, table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.75 * table.Z.nbytes


def test_a_singular_draw_is_refused_and_the_next_is_right() -> None:
    good = random_world(2, 3, 2)
    Z = np.zeros((6, 6))
    Z[0, 1] = Z[1, 0] = 1.0
    x = np.array([1.0, 1.0, 2.0, 2.0, 2.0, 2.0])
    draws = IndexDraws(Blocks.even(3, 2))
    with pytest.raises(IdentityError, match="singular"):
        draws.indices(Z, np.ones((6, 3)), np.ones(6), x)
    same(drawn(draws, good), good, 1e-12)


def test_a_draw_with_groups_of_unlike_sizes() -> None:
    table = random_world(5, 5, 3, zero=1)
    accounts = ValueAddedAccounts(table, groups={"AB": ["C0", "C1"]})
    blocks = accounts.system.blocks
    assert blocks.sizes == (6, 3, 3, 3)
    Y = accounts.flows.Y
    found = IndexDraws(blocks).indices(table.Z, Y, table.va_total, table.x)
    expected = accounts.flows.output_solves[:, 0]
    close(found["upstreamness"] * table.x, np.where(table.x != 0, expected, np.nan), 1e-12)


class TestEliminated:
    """Right-hand sides eliminated together with the matrix are those solved for afterwards."""

    def system(self, scale: float = 1.0) -> LeontiefSystem:
        table = random_world(11, 6, 5, zero=2, negative=True)
        return LeontiefSystem(table.Z * scale, table.x * scale, Blocks.even(6, 5))

    @pytest.mark.parametrize("columns", [1, 2, 6, 8, 9])
    def test_as_solved(self, columns: int) -> None:
        rhs = np.random.default_rng(columns).random((30, columns))
        dense = np.linalg.inv(np.eye(30) - self.system().A)
        fresh = self.system()
        close(fresh.factorise_with(rhs), dense.T @ rhs, 1e-13)
        close(fresh.factorise_with(rhs), dense.T @ rhs, 1e-13)
        close(fresh.solve(rhs), dense @ rhs, 1e-13)
        close(fresh.inverse(), dense, 1e-13)
        close(fresh.factorise_with(rhs), dense.T @ rhs, 1e-13)

    def test_units_do_not_matter(self) -> None:
        rhs = np.random.default_rng(1).random((30, 3))
        for scale in (1e-9, 1e9):
            close(self.system(scale).factorise_with(rhs), self.system().factorise_with(rhs), 1e-13)

    def test_memory_is_used_again(self) -> None:
        table = random_world(1, 3, 3)
        space = workspace_for(9)
        first = LeontiefSystem(table.Z, table.x, Blocks.even(3, 3), workspace=space)
        assert np.shares_memory(first.inverse(), space)
