"""The labelled shell: frames, refusals, cells without a base."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos._core.errors import IdentityError, InputError, LabelError
from gvcpos.accounting import Blocks, LeontiefSystem, ValueAddedAccounts, describe_measures
from gvcpos.tables import IOTable
from tests.accounting.worlds import close, random_world
from tests.shared import wiod2011

FRAMES = ["upstreamness", "downstreamness", "position", "participation", "kpww", "lengths", "vax", "exports"]


def world(**options: object) -> IOTable:
    return random_world(5, 4, 3, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FRAMES)
def test_frames_are_tidy_and_every_column_is_explained(name: str) -> None:
    accounts = ValueAddedAccounts(world())
    known = describe_measures(name)
    for by, keys in (("sector", ["country", "sector", "year"]), ("country", ["country", "year"])):
        frame = getattr(accounts, name)(by=by)
        assert list(frame.columns[: len(keys)]) == keys
        assert list(frame.index) == list(range(12 if by == "sector" else 4))
        assert list(frame.country.unique()) == ["C0", "C1", "C2", "C3"]
        assert set(frame.year) == {2010}
        assert set(frame.columns[len(keys) :]) <= set(known)


def test_indices_hold_every_measure_once() -> None:
    accounts = ValueAddedAccounts(world())
    expected = [name for name, measure in describe_measures().items() if measure.family != "residuals"]
    for frame, keys in ((accounts.indices(), 3), (accounts.country_indices(), 2)):
        assert list(frame.columns[keys:]) == expected
    fast = accounts.indices(split_foreign=False)
    assert list(fast.columns[3:]) == [name for name in expected if name not in {"FVA", "FDC"}]


def test_countries_are_sums_or_ratios_of_sums() -> None:
    accounts = ValueAddedAccounts(world(zero=1))
    s, c = accounts.indices(), accounts.country_indices()
    grouped = s.groupby("country", sort=False)
    close(c.va, grouped.va.sum())
    close(c.FVA, grouped.FVA.sum())
    close(c.va_rate, grouped.va.sum() / grouped.x.sum())
    weighted = (s.upstreamness * s.x).groupby(s.country, sort=False).sum() / grouped.x.sum()
    close(c.upstreamness, weighted)
    close(c.wwyz_forward, (s.wwyz_forward * s.va).groupby(s.country, sort=False).sum() / grouped.va.sum())


def test_cells_without_a_base_are_nan_and_nothing_is_infinite() -> None:
    accounts = ValueAddedAccounts(world(zero=3, autarkic=True))
    s, c = accounts.indices(), accounts.country_indices()
    for frame in (s, c):
        assert not np.isinf(frame.select_dtypes("number")).to_numpy().any()
    idle = s.x == 0
    assert idle.sum() == 3
    assert s.loc[idle, ["upstreamness", "downstreamness", "va_rate", "plv_gvc", "kpww_position"]].isna().all(axis=None)
    assert (s.loc[idle, ["DVA", "FVA", "VAX", "exports"]] == 0).all(axis=None)
    alone = c.country == "C0"
    undefined = ["plv_gvc", "ply_gvc", "gvc_position", "kpww_participation", "vax_ratio"]
    assert c.loc[alone, undefined].isna().all(axis=None)
    assert c.loc[~alone, undefined].notna().all(axis=None)
    assert (c.loc[alone, ["wwyz_forward", "wwyz_backward", "exports", "FVA", "GVC"]] == 0).all(axis=None)


def test_wiod_2011_oddities_are_finite_or_nan() -> None:
    table = wiod2011()
    s = ValueAddedAccounts(table).indices()
    assert not np.isinf(s.select_dtypes("number")).to_numpy().any()
    report = table.validate()
    assert (len(report.zero_output), len(report.negative_output)) == (20, 2)
    assert s.upstreamness.isna().sum() == 20
    assert s.loc[table.x < 0, ["upstreamness", "downstreamness", "va_rate"]].notna().all(axis=None)
    assert s.kpww_position.isna().sum() == (s.exports == 0).sum()


def test_one_country_has_no_trade() -> None:
    frame = ValueAddedAccounts(random_world(1, 1, 4)).country_indices()
    assert frame.loc[0, "exports"] == 0
    assert np.isnan(frame.loc[0, "kpww_position"])
    close(frame.loc[0, "wwyz_forward_domestic"], 1.0)


def test_inventories_are_named_by_the_caller() -> None:
    accounts = ValueAddedAccounts(world(negative=True))
    with pytest.raises(LabelError, match="c42"):
        accounts.upstreamness("c42")
    changed, plain = accounts.upstreamness("stock"), accounts.upstreamness()
    assert (changed.upstreamness != plain.upstreamness).all()
    table = accounts.table
    uses = table.Y.reshape(12, 4, 2)
    scale = table.x / (table.x - uses[:, :, 1].sum(axis=1))
    other = IOTable.from_arrays(
        table.Z * scale[:, None],
        uses[:, :, 0] * scale[:, None],
        countries=table.countries,
        sectors=table.sectors,
        year=2010,
    )
    close(other.x, table.x)
    rebuilt = ValueAddedAccounts(other)
    close(changed.upstreamness, rebuilt.upstreamness().upstreamness)
    close(changed.fgo, rebuilt.upstreamness().fgo)
    close(accounts.downstreamness("stock").downstreamness, rebuilt.downstreamness().downstreamness)
    close(accounts.upstreamness("stock", by="country").upstreamness, rebuilt.upstreamness(by="country").upstreamness)


def test_a_row_of_inventories_alone_has_no_upstreamness() -> None:
    table = world()
    Z, Y = table.Z.copy(), table.Y.copy()
    Z[1], Y[1] = 0.0, 0.0
    Y[1, 1] = 5.0
    odd = IOTable.from_arrays(Z, Y, countries=table.countries, sectors=table.sectors, final_categories=("use", "stock"))
    frame = ValueAddedAccounts(odd).upstreamness("stock")
    assert list(np.flatnonzero(frame.upstreamness.isna())) == [1]


def test_unknown_level() -> None:
    with pytest.raises(InputError, match="'sector'"):
        ValueAddedAccounts(world()).lengths(by="region")  # type: ignore[arg-type]


def test_an_unbalanced_table_is_refused_and_named() -> None:
    table = world()
    va = table.va_total.copy()
    va[5] += 1.0
    options = {"countries": table.countries, "sectors": table.sectors, "final_categories": ("use", "stock")}
    odd = IOTable.from_arrays(table.Z, table.Y, va=va, **options)
    with pytest.raises(IdentityError, match="C1 S2"):
        ValueAddedAccounts(odd)
    ValueAddedAccounts(odd, tolerance=2.0)
    published = IOTable.from_arrays(table.Z, table.Y, va=va, tolerance=2.0, **options)
    ValueAddedAccounts(published)
    with pytest.raises(IdentityError):
        ValueAddedAccounts(published, tolerance=0.5)


def test_a_cell_that_buys_but_makes_nothing_is_refused() -> None:
    table = world()
    Z, Y = table.Z.copy(), table.Y.copy()
    Z[4], Y[4] = 0.0, 0.0
    odd = IOTable.from_arrays(Z, Y, countries=table.countries, sectors=table.sectors, final_categories=("u", "s"))
    with pytest.raises(IdentityError, match="C1 S1 has no output"):
        ValueAddedAccounts(odd)


@pytest.mark.parametrize("pair", [(0, 1), (0, 4)])
def test_a_singular_system_is_named(pair: tuple[int, int]) -> None:
    """Two cells that sell all they make to each other and have no final use."""
    table = world()
    Z, Y = table.Z.copy(), table.Y.copy()
    i, j = pair
    Z[[i, j]], Y[[i, j]] = 0.0, 0.0
    Z[:, [i, j]] = 0.0
    Z[i, j] = Z[j, i] = 7.0
    odd = IOTable.from_arrays(Z, Y, countries=table.countries, sectors=table.sectors, final_categories=("u", "s"))
    accounts = ValueAddedAccounts(odd)
    for _ in range(2):
        with pytest.raises(IdentityError, match="singular"):
            accounts.indices()
    named = f"{table.countries[i // 3]} {table.sectors[i % 3]}|{table.countries[j // 3]} {table.sectors[j % 3]}"
    with pytest.raises(IdentityError, match=named):
        accounts.system.solve(odd.x)


def test_leontief_system_is_what_it_says() -> None:
    table = world(zero=2, autarkic=True)
    system = LeontiefSystem(table.Z, table.x, Blocks.even(4, 3))
    A = system.A
    B = np.linalg.inv(np.eye(12) - A)
    rng = np.random.default_rng(0)
    m = rng.standard_normal((12, 3))
    foreign = A.copy()
    for s in range(4):
        here = slice(3 * s, 3 * s + 3)
        foreign[here, here] = 0.0
        close(system.L[s], np.linalg.inv(np.eye(3) - A[here, here]))
    close(system.solve(m), B @ m)
    close(system.solve(m[:, 0]), B @ m[:, 0])
    close(system.solve_transposed(m), B.T @ m)
    close(system.foreign(m), foreign @ m)
    close(system.foreign(m[:, 0]), foreign @ m[:, 0])
    close(system.foreign_transposed(m), foreign.T @ m)
    close(system.domestic(m), (A - foreign) @ m)
    close(system.domestic_transposed(m), (A - foreign).T @ m)
    assert (system.foreign(m)[:3] == 0).all()
    close(system.inverse(), B)
    close(system.solve(m), B @ m)
    close(system.solve_transposed(m[:, 0]), B.T @ m[:, 0])
    for s in range(4):
        here = slice(3 * s, 3 * s + 3)
        close(system.diagonal_blocks[s], B[here, here])
    assert (table.Z == world(zero=2, autarkic=True).Z).all()
