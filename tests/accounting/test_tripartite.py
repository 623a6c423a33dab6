"""Exports in three parts: the dense oracle on any world and group, and what must add up.

Agreement to 1e-9 of a column's largest entry (measured: 1e-14 or better).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gvcpos.accounting import ValueAddedAccounts
from gvcpos.tables import IOTable
from tests.accounting.oracle import peers, wwz
from tests.accounting.test_tiva import joined
from tests.accounting.worlds import adds_up, close, random_world, worlds
from tests.shared import golden_table, shared, wiod2011

SHARES = ["share_GVC_trade", "share_PF_trade", "share_PB_trade", "share_TS_trade", "forward_trade"]
LEVELS = ("country", "sector", "pair", "sector_pair")
KPWW = {
    "kpww_iv": ("DVA_INTrex1", "DVA_INTrex2", "DVA_INTrex3"),
    "kpww_fv": ("MVA_FIN", "MVA_INT", "OVA_FIN", "OVA_INT"),
}
ADB_LEVELS = {5: "c5_ind", 15: "c15_ind", 35: "c_ind"}


@lru_cache
def accounts(folder: str) -> ValueAddedAccounts:
    return ValueAddedAccounts(wiod2011() if folder == "wiod2011" else golden_table(folder))


@lru_cache
def adb_accounts(level: int) -> ValueAddedAccounts:
    """WIOD with its sectors summed to ADB's 5, 15 or 35, which WIOD's order is."""
    if level in (0, 35):
        return accounts("wiod2011")
    groups = pd.read_csv(shared("meta/adb_mrio_sectors35.csv"))[ADB_LEVELS[level]]
    named = {str(k): [wiod2011().sectors[i] for i in np.flatnonzero(groups == k)] for k in sorted(set(groups))}
    return ValueAddedAccounts(wiod2011(), sector_groups=named)


def compare(table: IOTable, members: list[int]) -> None:
    groups = {"group": [table.countries[c] for c in members]} if members else None
    mine = ValueAddedAccounts(table, groups=groups)
    world, order = joined(table, members)
    size = float(np.abs(table.x).max())
    frames = {by: mine.tripartite(by) for by in LEVELS}
    apart = ~np.eye(len(order), dtype=bool)
    cells = np.broadcast_to(apart[:, None, :], (len(order), world.N, len(order)))
    each = [peers.tripartite(world, s) for s in order]
    for name in each[0]:
        value = np.array([one[name][:, order] for one in each])
        column = "GEXP" if name == "E" else name
        close(frames["country"][column], value.sum(axis=(1, 2)), size=size)
        close(frames["sector"][column], value.sum(axis=2).ravel(), size=size)
        close(frames["pair"][column], value.sum(axis=1)[apart], size=size)
        close(frames["sector_pair"][column], value[cells], size=size)
    each = [wwz.wwz_terms(world, s) for s in order]
    kpww = {by: mine.kpww(by) for by in ("pair", "sector_pair")}
    for column, names in KPWW.items():
        value = np.array([sum(one[name] for name in names)[:, order] for one in each])
        for by, expected in (("pair", value.sum(axis=1)[apart]), ("sector_pair", value[cells])):
            gross = frames[by].GEXP
            traded = gross != 0
            assert kpww[by][column][~traded].isna().all()
            close((kpww[by][column] * gross)[traded], expected[traded], size=size)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), st.data())
def test_any_small_world_and_group(table: IOTable, data: st.DataObject) -> None:
    G = len(table.countries)
    compare(table, sorted(data.draw(st.lists(st.integers(0, G - 1), unique=True, max_size=G))))


def test_a_larger_world() -> None:
    compare(random_world(3, 7, 5, zero=4, negative=True), [1, 4, 5])


@pytest.fixture(params=["wiod2011", "exva_iciotest", "random", "grouped"])
def any_accounts(request: pytest.FixtureRequest) -> ValueAddedAccounts:
    if request.param in ("wiod2011", "exva_iciotest"):
        return accounts(request.param)
    groups = {"three": ["C1", "C2", "C5"]} if request.param == "grouped" else None
    return ValueAddedAccounts(random_world(8, 6, 5, zero=3, negative=True), groups=groups)


@pytest.mark.parametrize("by", LEVELS)
def test_identities(any_accounts: ValueAddedAccounts, by: str) -> None:
    """The parts are all of exports; forward is GVCF, backward and two-sided are GVCB, cell by cell."""
    f, bm = any_accounts.tripartite(by), any_accounts.exports(by)
    adds_up(f.GEXP, f.DAVAX, f.GVC)
    for column in ("GEXP", "DAVAX"):
        adds_up(bm[column], f[column])
    adds_up(bm.GVC, f.GVC, made_of=(f.GEXP,))
    adds_up(bm.GVCF, f.GVC_PF, made_of=(bm.DVA,))
    adds_up(bm.GVCB, f.GVC_PB, f.GVC_TS, made_of=(f.GEXP,))
    table = any_accounts.table
    if by == "sector" and any_accounts.exporters.order is None:
        live = table.x != 0
        adds_up(f.GVC[live], f.GVC_PF[live], f.GVC_PB[live], f.GVC_TS[live])
    assert not np.isinf(f[SHARES]).any(axis=None)
    traded = f.GVC != 0
    assert f.loc[~traded, SHARES[1:]].isna().all(axis=None)
    close(f.share_PF_trade - f.share_PB_trade, f.forward_trade, size=1.0)


def test_levels_are_sums(any_accounts: ValueAddedAccounts) -> None:
    fine = any_accounts.tripartite("sector_pair")
    for by, keys in {"country": ["country"], "sector": ["country", "sector"], "pair": ["country", "partner"]}.items():
        sums = fine.groupby(keys, sort=False).sum(numeric_only=True)
        mine = any_accounts.tripartite(by).set_index(keys)
        for column in ("GEXP", "DAVAX", "GVC", "GVC_PF", "GVC_PB", "GVC_TS"):
            close(mine[column], sums[column].loc[mine.index])


def test_a_world_of_two_has_no_third_country() -> None:
    """With one partner nothing is passed on to a third: what is indirect in KPWW's sense is nil."""
    mine = ValueAddedAccounts(random_world(2, 2, 4))
    assert np.abs(mine.kpww("pair").kpww_iv).max() < 1e-12
    assert (mine.tripartite("pair").GVC_PF > 0).all()


def test_exports_to_one_partner_alone_are_all_exports(any_accounts: ValueAddedAccounts) -> None:
    """KPWW's IV and FV of pairs, weighted by exports, are those of exporters."""
    pairs, gross = any_accounts.kpww("sector_pair"), any_accounts.tripartite("sector_pair").GEXP
    rows, exports = any_accounts.kpww("sector"), any_accounts.tripartite("sector").GEXP
    size = float(exports.abs().max())
    for column in ("kpww_iv", "kpww_fv"):
        money = (pairs[column] * gross).fillna(0.0).groupby([pairs.country, pairs.sector], sort=False).sum()
        close(money, (rows[column] * exports).fillna(0.0), size=size)


def test_autarky_has_no_participation() -> None:
    table = random_world(1, 4, 3, autarkic=True)
    mine = ValueAddedAccounts(table)
    alone = mine.tripartite("country").set_index("country").loc["C0"]
    assert (alone[["GEXP", "DAVAX", "GVC", "GVC_PF", "GVC_PB", "GVC_TS"]] == 0).all()
    assert alone[SHARES].isna().all()
    pairs = mine.tripartite("pair").query("country == 'C0' or partner == 'C0'")
    assert pairs[SHARES].isna().all(axis=None)
