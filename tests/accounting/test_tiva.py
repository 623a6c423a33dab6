"""OECD's indicators: every figure exvatools prints, the dense oracle on any world and group, and what must add up.

Agreement to 1e-9 of a column's largest entry (measured: 3e-14 or better).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import GvcposError
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.tables import IOTable
from tests.accounting.oracle import tiva as oracle
from tests.accounting.oracle.world import Array, World, grouped
from tests.accounting.worlds import adds_up, close, random_world, worlds
from tests.shared import golden_table, wiod2011

NAFTA = {"NAFTA": ["MEX", "USA"]}


@lru_cache
def accounts(folder: str, nafta: bool = False) -> ValueAddedAccounts:
    table = wiod2011() if folder == "wiod2011" else golden_table(folder)
    return ValueAddedAccounts(table, groups=NAFTA if nafta else None)


def joined(table: IOTable, members: list[int]) -> tuple[World, list[int]]:
    """The oracle's world with the members as one exporter, and where each exporter of the accounts is in it."""
    G, N = table.shape
    rows = np.arange(G * N).reshape(G, N)
    plain = World(table.Z, table.final_demand, N, list(rows), [np.array([c]) for c in range(G)])
    if not members:
        return plain, list(range(G))
    world, last, others = grouped(plain, members)
    first = sum(c < members[0] for c in others)
    order = list(range(last))
    return world, [*order[:first], last, *order[first:]]


def oracle_frames(table: IOTable, members: list[int]) -> dict[str, Array]:
    """Code -> (exporter, sector, partner); VA and PROD have one partner."""
    world, order = joined(table, members)
    each = [oracle.tiva(world, s) for s in order]
    own, reexported = [], []
    for s in order:
        use, back = np.zeros((2, world.N, len(order)))
        for k, r in enumerate(order):
            if r != s:
                use[:, k] = world.fold(world.V(s) * (world.B(s, r) @ world.exports(r)))
                back[:, k] = world.fold((world.V(s) @ world.B(s, r)) * world.e(r, s))
        own.append(use)
        reexported.append(back)
    out = {code: np.array([one[code] for one in each]) for code in each[0]}
    out = {code: value[:, :, order] if value.shape[2] > 1 else value for code, value in out.items()}
    return out | {"FEXDVA": np.array(own), "IMGR_DVA": np.array(reexported)}


def compare(table: IOTable, members: list[int]) -> None:
    groups = {"group": [table.countries[c] for c in members]} if members else None
    mine, expected = ValueAddedAccounts(table, groups=groups), oracle_frames(table, members)
    size = float(np.abs(table.x).max())
    frames = {by: mine.tiva(by) for by in ("country", "sector", "pair", "sector_pair")}
    for code, value in expected.items():
        close(frames["sector"][code], value.sum(axis=2).ravel(), size=size)
        close(frames["country"][code], value.sum(axis=(1, 2)), size=size)
        if code not in ("VA", "PROD"):
            close(frames["sector_pair"][code], value.ravel(), size=size)
            close(frames["pair"][code], value.sum(axis=1).ravel(), size=size)
    assert set(frames["sector"].columns[3:]) == set(expected)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), st.data())
def test_any_small_world_and_group(table: IOTable, data: st.DataObject) -> None:
    G = len(table.countries)
    members = data.draw(st.lists(st.integers(0, G - 1), unique=True, max_size=G))
    compare(table, sorted(members))


def test_a_larger_world() -> None:
    compare(random_world(3, 7, 5, zero=4, negative=True), [1, 4, 5])


@pytest.fixture(params=["wiod2011", "random", "grouped"])
def any_accounts(request: pytest.FixtureRequest) -> ValueAddedAccounts:
    if request.param == "wiod2011":
        return accounts("wiod2011")
    groups = {"three": ["C1", "C2", "C5"]} if request.param == "grouped" else None
    return ValueAddedAccounts(random_world(8, 6, 5, zero=3, negative=True), groups=groups)


def test_identities(any_accounts: ValueAddedAccounts) -> None:
    mine = any_accounts
    pairs, sectors, countries = mine.tiva("sector_pair"), mine.tiva("sector"), mine.tiva("country")
    for f in (pairs, sectors, countries):
        adds_up(f.EXGR_DVA, f.EXGR_DDC, f.EXGR_IDC, f.EXGR_RIM)
        adds_up(f.EXGR, f.EXGR_FNL, f.EXGR_INT)
        adds_up(f.IMGR, f.IMGR_FNL, f.IMGR_INT)
        adds_up(f.FD_VA, f.FFD_DVA, f.DXD_DVA)
    live = sectors.PROD != 0
    adds_up(sectors.EXGR[live], sectors.EXGR_DVA[live], sectors.EXGR_FVA[live])
    # Foreign value added by importer and by origin; output by use; value added by absorber.
    adds_up(sectors.EXGR_FVA, sectors.DEXFVAP)
    adds_up(sectors.PROD, sectors.DOM, sectors.EXGR)
    adds_up(sectors.VA, sectors.FD_VA, made_of=(sectors.PROD,))
    adds_up(countries.FEXDVAP, countries.FEXDVA)
    # What the world has forward it has backward, and so on; in the whole world nothing is left over.
    world = countries.sum(numeric_only=True)
    np.testing.assert_allclose(world.FEXDVAP, world.DEXFVAP, rtol=1e-12)
    np.testing.assert_allclose(world.FFD_DVA, world.DFD_FVA, rtol=1e-12)
    np.testing.assert_allclose(world.EXGR, world.IMGR, rtol=1e-12)
    assert abs(world.BALVAFD) < 1e-9 * world.FFD_DVA
    # A balance of trade is the balance of value added, of a country with the world and only there.
    adds_up(countries.BALGR, countries.BALVAFD, made_of=(countries.EXGR, countries.IMGR))


def test_totals_agree_with_borin_and_mancini(any_accounts: ValueAddedAccounts) -> None:
    tiva, bm = any_accounts.tiva("country", output="standard"), any_accounts.exports("country")
    for name in ("DC", "DVA", "VAX", "REF", "DDC", "FC"):
        close(tiva[name], bm[name])
    # OECD's backward participation leaves out domestic double counting; its forward one counts every crossing.
    adds_up(bm.GVCB, tiva.GVCB, bm.DDC)
    rows = any_accounts.tiva("sector", output="standard")
    close(rows.DC, any_accounts.exports("sector").DC)


@pytest.mark.parametrize("by", ["country", "sector", "pair", "sector_pair"])
def test_every_level_is_a_sum_and_every_share_a_ratio_of_sums(any_accounts: ValueAddedAccounts, by: str) -> None:
    fine = any_accounts.tiva("sector_pair")
    keys = [c for c in ("country", "sector", "partner") if c in any_accounts.tiva(by).columns]
    sums = fine.groupby(keys, sort=False).sum(numeric_only=True)
    mine = any_accounts.tiva(by).set_index(keys)
    size = float(mine.EXGR.max())
    for code in sums.columns.drop("year"):
        close(mine[code], sums[code].loc[mine.index], size=size)
    shares = any_accounts.tiva(by, output="shares").set_index(keys)
    assert not np.isinf(shares.drop(columns="year")).any(axis=None)
    traded = mine.EXGR != 0
    assert shares.EXGR_DVASH[~traded].isna().all()
    close(shares.EXGR_DVASH[traded], 100 * mine.EXGR_DVA[traded] / mine.EXGR[traded], size=100)
    base = mine.EXGR.groupby("country", sort=False).transform("sum")
    sold = base != 0
    for share, code in (("DEXFVApSH", "DEXFVAP"), ("FEXDVApSH", "FEXDVAP"), ("EXGR_DVAFXSH", "FEXDVA")):
        close((shares[share] * base / 100)[sold], mine[code][sold], size=size)


def test_partner_shares_and_contributions_of_sectors_add_up() -> None:
    mine = accounts("exva_wiodtest")
    shares = mine.tiva("sector_pair", output="shares")
    for code in ("EXGRpSH", "IMGRpSH", "EXGR_DVApSH", "FFD_DVApSH", "DFD_FVApSH"):
        np.testing.assert_allclose(shares.groupby(["country", "sector"])[code].sum(), 100, rtol=1e-12)
    pairs = shares[shares.country != shares.partner]
    parts = pairs.groupby(["country", "partner"])[["EXGR_TDVAIND", "EXGR_TFVAIND"]].sum().sum(axis=1)
    np.testing.assert_allclose(parts, 100, rtol=1e-12)
    np.testing.assert_allclose(pairs.EXGR_DVASH, pairs.EXGR_FNLDVASH + pairs.EXGR_INTDVASH, rtol=1e-12)
    alone = mine.tiva("sector", output="shares")
    rows = mine.tiva("sector")
    close(alone.VALU_FFDDVA, 100 * rows.FFD_DVA / rows.VA)
    close(alone.PROD_VASH, 100 * rows.VA / rows.PROD)
    assert "EXGR_DVApSH" not in alone
    assert "PROD_VASH" not in shares


def test_mirrored_codes_have_the_partners_sector() -> None:
    """What A imports from B by product is what B exports to A."""
    f = accounts("exva_wiodtest").tiva("sector_pair").set_index(["country", "sector", "partner"])
    seen = f.rename_axis(["partner", "sector", "country"]).reorder_levels(["country", "sector", "partner"]).loc[f.index]
    for code, sold in (("IMGR", "EXGR"), ("DFD_FVA", "FFD_DVA"), ("FEXDVAP", "DEXFVAP")):
        np.testing.assert_array_equal(f[code], seen[sold])


def test_sector_groups_are_sums() -> None:
    table = random_world(5, 4, 6, zero=2)
    named = {"low": ["S0", "S3"], "high": ["S1", "S2", "S4", "S5"]}
    place = {s: name for name, inside in named.items() for s in inside}
    fine = ValueAddedAccounts(table).tiva("sector_pair")
    fine["sector"] = fine.sector.map(place)
    keys = ["country", "sector", "partner"]
    sums = fine.groupby(keys).sum(numeric_only=True)
    mine = ValueAddedAccounts(table, sector_groups=named).tiva("sector_pair").set_index(keys)
    for code in sums.columns.drop("year"):
        close(mine[code], sums[code].loc[mine.index], size=float(table.x.max()))


def test_an_unknown_output_is_refused() -> None:
    with pytest.raises(GvcposError, match="output"):
        accounts("exva_wiodtest").tiva(output="term")
