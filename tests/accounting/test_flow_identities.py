"""Every identity between the frames of flows, cell by cell and pair by pair, on real and random tables and for groups.

Element by element: each flow is measured by what was added in it (`worlds.adds_up`). `test_identities` does the same
for the indices of cells, `test_perimeters` for the terms of each perspective.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gvcpos.accounting import ValueAddedAccounts
from gvcpos.tables import IOTable
from tests import shared
from tests.accounting.oracle import peers
from tests.accounting.oracle.files import countries
from tests.accounting.test_perimeters import check_sums
from tests.accounting.worlds import adds_up, close, random_world, worlds

CSP = ["country", "sector", "partner"]
LEVELS = {"country": ["country"], "sector": ["country", "sector"], "pair": ["country", "partner"], "sector_pair": CSP}
EU = ["AUT", "BEL", "DEU", "DNK", "ESP", "FIN", "FRA", "GBR", "GRC", "IRL", "ITA", "PRT", "SWE"]
GROUPS = {"three": ["C1", "C2", "C6"], "two": ["C3", "C7"]}


@lru_cache
def made(name: str) -> ValueAddedAccounts:
    """Accounts of a table, made once; `+` makes one exporter of some of its countries."""
    if name.startswith("random"):
        groups = {"three": ["C1", "C2", "C6"], "two": ["C3", "C7"]} if "+" in name else None
        return ValueAddedAccounts(
            random_world(7, 9, 6, zero=4, negative=True, autarkic=True, single=True), groups=groups
        )
    table = {"wiod2011": shared.wiod2011, "lrwiod2000": shared.lrwiod2000}[name.removesuffix("+EU")]()
    return ValueAddedAccounts(table, groups={"EU": EU} if "+" in name else None)


NAMES = ["wiod2011", "lrwiod2000", "lrwiod2000+EU", "random", "random+groups"]


def without_origin(a: ValueAddedAccounts, by: str) -> np.ndarray:
    """Exports of cells without output, whose final uses cancel (2 at home, −2 abroad): nobody's value added."""
    return a.pair_frame({"lost": a.pairs.exports * (a.x == 0)[:, None]}, by).lost.to_numpy()


def check_sixteen_and_nine_terms(a: ValueAddedAccounts) -> None:
    """WWZ's terms sum to e_sr, their final ones to Y_sr; forward and exporting value added are one; KWW is WWZ."""
    for by in LEVELS:
        t, bm, nine, lost = a.wwz(by, totals=True), a.exports(by), a.kww(by), without_origin(a, by)
        names = list(t.columns[t.columns.get_loc("DVA_FIN") : t.columns.get_loc("ODC") + 1])
        assert len(names) == 16
        gross = t.texp.abs()
        adds_up(t.texp, bm.GEXP)
        adds_up(t.texp, t.texpfd, t.texpint)
        adds_up(t.texp - lost, *(t[name] for name in names), made_of=(gross, lost))
        adds_up(bm.DC, *(t[name] for name in names[:10]), made_of=(gross,))
        adds_up(bm.FC, *(t[name] for name in names[10:]), made_of=(gross,))
        adds_up(t.texp - lost, *(nine[name] for name in nine.columns[-9:]), made_of=(gross, lost))
        if by in ("country", "pair"):
            adds_up(bm.DVA, t.DViX_Fsr, made_of=(gross,))
    nine, bm = a.kww(), a.exports()
    adds_up(bm.VAX, nine.DVA_FIN, nine.DVA_INT, nine.DVA_INTrex, made_of=(bm.GEXP,))
    adds_up(bm.REF, nine.RDV_FIN, nine.RDV_INT, made_of=(bm.GEXP,))
    adds_up(bm.DDC, nine.DDC, made_of=(bm.GEXP,))
    adds_up(bm.FC, nine.FVA_FIN, nine.FVA_INT, nine.FDC, made_of=(bm.GEXP,))


def check_three_parts(a: ValueAddedAccounts) -> None:
    """Exports are traditional, forward, backward and two-sided; these are Borin & Mancini's GVCF and GVCB."""
    for by in LEVELS:
        f, bm, lost = a.tripartite(by), a.exports(by), without_origin(a, by)
        gross = f.GEXP.abs()
        adds_up(f.GEXP - lost, f.DAVAX, f.GVC_PF, f.GVC_PB, f.GVC_TS, made_of=(gross, lost))
        adds_up(f.GVC - lost, f.GVC_PF, f.GVC_PB, f.GVC_TS, made_of=(gross, lost))
        adds_up(bm.DAVAX, f.DAVAX, made_of=(gross,))
        adds_up(bm.GVCF, f.GVC_PF, made_of=(gross,))
        adds_up(bm.GVCB, f.GVC_PB, f.GVC_TS, made_of=(gross,))
        adds_up(bm.GVC - lost, bm.GVCF, bm.GVCB, made_of=(gross, lost))


def mirrored(frame: pd.DataFrame, code: str, other: str) -> None:
    """What one has from the other is what the other has to the one, its sector included."""
    keys = [key for key in CSP if key in frame]
    turned = frame.rename(columns={"country": "partner", "partner": "country"}).set_index(keys)[other]
    adds_up(frame[code], turned.loc[pd.MultiIndex.from_frame(frame[keys])].to_numpy())


def check_tiva(a: ValueAddedAccounts) -> None:
    """OECD's codes: parts and totals, mirrors, and what they are among Borin & Mancini's."""
    for by, keys in LEVELS.items():
        f = a.tiva(by)
        gross = f.EXGR.abs()
        adds_up(f.EXGR, f.EXGR_FNL, f.EXGR_INT)
        adds_up(f.IMGR, f.IMGR_FNL, f.IMGR_INT)
        adds_up(f.BALGR, f.EXGR, -f.IMGR)
        adds_up(f.EXGR_DVA, f.EXGR_DDC, f.EXGR_IDC, f.EXGR_RIM, made_of=(gross,))
        adds_up(f.FD_VA, f.FFD_DVA, f.DXD_DVA)
        adds_up(f.BALVAFD, f.FFD_DVA, -f.DFD_FVA)
        flows = f[f.country != f.partner].reset_index(drop=True) if "partner" in f else f
        bm = a.exports(by).set_index(keys)
        bm = bm.loc[pd.MultiIndex.from_frame(flows[keys])] if len(keys) > 1 else bm.loc[flows.country]
        gross = flows.EXGR.abs()
        adds_up(flows.EXGR, bm.GEXP)
        adds_up(flows.EXGR_DVA, bm.DC, made_of=(gross,))
        adds_up(flows.EXGR_FVA, bm.FC, made_of=(gross,))
        adds_up(flows.EXGR_RIM, bm.DDC, made_of=(gross,))
        if "partner" in f:
            mirrored(f, "IMGR", "EXGR")
            mirrored(f, "DFD_FVA", "FFD_DVA")
            mirrored(f, "FEXDVAP", "DEXFVAP")
    cells, whole = a.tiva("sector"), a.tiva()
    adds_up(cells.PROD, cells.DOM, cells.EXGR)
    adds_up(cells.VA, cells.FD_VA, made_of=(cells.PROD,))
    adds_up(cells.EXGR_FVA, cells.DEXFVAP, made_of=(cells.EXGR,))
    size = whole.EXGR
    adds_up(whole.BALGR, whole.BALVAFD, made_of=(size, whole.IMGR))
    adds_up(whole.REF, a.exports().REF, made_of=(size,))
    adds_up(whole.FEXDVAP, whole.FEXDVA)
    for forward, backward in (("EXGR", "IMGR"), ("FFD_DVA", "DFD_FVA"), ("FEXDVAP", "DEXFVAP")):
        adds_up(whole[forward].sum(), whole[backward].sum())


def check_imports(a: ValueAddedAccounts) -> None:
    """Imports are value added counted once and again; all imports are all exports; the importer's perspective."""
    total, by_origin, cells = a.imports(), a.imports("pair"), a.imports("sector_pair")
    sold = a.exports("pair", perspective="importer").groupby("partner", sort=False)
    lost = (
        a.pair_frame({"lost": a.pairs.exports * (a.x == 0)[:, None]}, "pair").groupby("partner", sort=False).lost.sum()
    )
    bought = sold[["GEXP", "DVA", "FVA", "DDC", "FDC"]].sum()
    if len(bought):
        bought, lost = bought.loc[total.country], lost.loc[total.country].to_numpy()
        size = sold.GEXP.apply(lambda e: e.abs().sum()).loc[total.country].to_numpy()
        adds_up(total.GIMP, bought.GEXP)
        adds_up(total.VA, bought.DVA, bought.FVA, made_of=(size,))
        adds_up(total.DC, bought.DDC, bought.FDC, made_of=(size,))
        adds_up(total.GIMP - lost, total.VA, total.DC, made_of=(size, np.abs(lost)))
    for name in ("VA", "DC"):
        adds_up(total[name], by_origin.groupby("country", sort=False)[name].sum(), made_of=(total.GIMP,))
        finer = cells.groupby(["country", "partner"], sort=False)[name].sum()
        adds_up(by_origin[name], finer, made_of=(total.set_index("country").GIMP.loc[by_origin.country].to_numpy(),))
    adds_up(total.GIMP.sum(), a.exports().GEXP.sum())


def check_origin(a: ValueAddedAccounts) -> None:
    """A column of v̂BÊ, v̂Bx̂, v̂Bŷ, v̂BY sums to what it decomposes; its own part is DC, the rest VS; rows are VS1."""
    lost = without_origin(a, "sector")
    base = {"exports": a.exports("sector").GEXP - lost, "output": a.indices().x, "final_goods": a.production_flows().y}
    idle = {"final_goods": a.exporters.by_row(np.where(a.x == 0, a.flows.y, 0.0))}
    for of, whole in base.items():
        frame = a.origin(of, destination="country_sector").astype({"country": str, "origin_country": str})
        sums = frame.groupby(["country", "sector"], sort=False, observed=True).value_added.sum()
        adds_up(whole - idle.get(of, 0.0), sums, made_of=(np.abs(whole),))
        if of == "exports":
            own = frame[frame.country == frame.origin_country].value_added
            adds_up(a.exports("sector").DC, own, made_of=(np.abs(whole),))
    exported, vs, bm = a.origin("exports"), a.vertical_specialisation(), a.exports()
    abroad = exported[exported.country.astype(str) != exported.origin_country.astype(str)]
    for name, side in (("VS", "country"), ("VS1", "origin_country")):
        found = abroad.groupby(side, observed=False).value_added.sum().loc[vs.country]
        adds_up(vs[name], found, made_of=(bm.GEXP,))
    adds_up(vs.VS, bm.FC, made_of=(bm.GEXP,))
    adds_up(vs.VS.sum(), vs.VS1.sum())


def check_absorption(a: ValueAddedAccounts) -> None:
    """Value added is absorbed at home or abroad; what a country uses is its own or foreign value added."""
    by_sector, country, cells = a.demand_origin(), a.demand_origin("country"), a.indices()
    adds_up(cells.va, by_sector.dfddva, by_sector.ffddva, made_of=(cells.x.abs(),))
    adds_up(cells.vax_origin, by_sector.ffddva, made_of=(cells.va,))
    used = a.origin("final_demand").groupby("country", observed=False).value_added.sum().loc[country.country]
    adds_up(used, country.dfddva, country.dfdfva)
    adds_up(country.ffddva, a.exports().VAX, made_of=(a.exports().GEXP,))
    adds_up(country.ffddva.sum(), country.dfdfva.sum())


def check_breakdowns(a: ValueAddedAccounts) -> None:
    """A term is the sum over origins and over absorbers; origin of DC is the exporter, absorber of REF too."""
    some = list(a.exporters.names[:6])
    for approach in ("source", "sink"):
        bm = a.exports("pair", approach=approach).assign(lost=without_origin(a, "pair")).query("country in @some")
        for term in ("GEXP", "DVA", "VAX", "REF", "DDC", "FVA", "FDC"):
            frame = a.breakdown(term, "pair", absorption=True, approach=approach, exporters=some)
            if frame.empty:
                continue
            lost = bm.lost if term == "GEXP" else 0.0
            sums = frame.groupby(["country", "partner"], sort=False, observed=True)[term].sum()
            adds_up(bm[term] - lost, sums, made_of=(bm.GEXP.abs(),))
            home = frame.origin_country.astype(str) == frame.country.astype(str)
            assert term == "GEXP" or home.nunique() == 1
            if (approach, term) == ("sink", "DVA"):
                there = frame[frame.absorber.astype(str) == frame.partner.astype(str)]
                adds_up(bm.VAXIM, there.DVA.groupby([there.country, there.partner], sort=False, observed=True).sum())
            if term == "REF":
                assert (frame[frame.absorber.astype(str) != frame.country.astype(str)][term] == 0).all()


def check_chosen_borders(a: ValueAddedAccounts) -> None:
    """Miroudot & Ye's border of a country is the exporter's perspective; GDP lost with exports is DVA and FVA."""
    bm, my = a.exports("sector_pair"), a.miroudot_ye("sector_pair")
    for name in ("GEXP", "DC", "DVA", "DDC", "FC", "FVA", "FDC"):
        adds_up(bm[name], my[name], made_of=(bm.GEXP.abs(),))
    world, mine = a.exports(perspective="world"), a.miroudot_ye(perimeter="world")
    adds_up(world.FVA, mine.FVA, made_of=(world.GEXP,))
    names, total, pairs = a.exporters.names, a.exports().set_index("country"), a.exports("pair", perspective="pair")
    size = np.abs(a.indices().va).groupby(a.indices().country, sort=False).sum().to_numpy()
    for s in {names[0], names[len(names) // 2], names[-1]}:
        lost = a.extraction(s).set_index("country").gdp_lost
        adds_up(total.DVA[s], lost[s], made_of=(size.sum(),))
        adds_up(total.FVA[s], lost.drop(s).sum(), made_of=(size.sum(),))
        for r in {names[0], names[-1]} - {s}:
            lost = a.extraction(s, partners=r).set_index("country").gdp_lost
            (flow,) = pairs.query("country == @s and partner == @r").itertuples()
            adds_up(flow.DVA, lost[s], made_of=(size.sum(),))
            adds_up(flow.FVA, lost.drop(s).sum(), made_of=(size.sum(),))
    lost = a.extraction().gdp_lost
    adds_up(a.production_flows("country").V_D, size, -lost, made_of=(size,)) if (a.va >= 0).all() else None


def check_chains(a: ValueAddedAccounts) -> None:
    """Income of all chains is value added; distances to all final use and from all inputs are U and D; footprints."""
    cells = a.indices()
    adds_up(cells.va, a.gvc_income().gvc_income, made_of=(cells.x.abs(),))
    far, near = a.distance().distance_to_final, a.distance_from_inputs().distance_from_inputs
    known = cells.upstreamness.notna() & far.notna()
    adds_up(cells.upstreamness[known], far[known])
    known = cells.downstreamness.notna() & near.notna()
    adds_up(cells.downstreamness[known], near[known])
    f = a.footprints()
    adds_up(f.D_cba, f.D_pba, -f.D_exp, f.D_imp)
    adds_up(f.D_cba.sum(), f.D_pba.sum())
    adds_up(f.D_exp, a.demand_origin("country").ffddva)
    money = a.production_flows("country")
    for side, total in (("v", "va"), ("y", "y")):
        big = side.upper()
        adds_up(money[total], *(money[f"{big}_{part}"] for part in ("D", "RT", "GVC")))
        adds_up(money[f"{big}_GVC"], money[f"{big}_GVC_simple"], money[f"{big}_GVC_complex"])
        parts = (f"X{side}_D", f"X{side}_RT", f"X{side}d_GVC", f"E{side}_GVC", f"X{side}f_GVC")
        adds_up(money[f"X{side}"], *(money[part] for part in parts))


def check_advantage(a: ValueAddedAccounts) -> None:
    """Weighted with what countries export, advantage in a sector is 1 on average."""
    frame = a.rca()
    values = {"rca": "exports", "rca_vaxes": "vax_exporting", "rca_vaxos": "vax_origin", "nrca": "dc_origin"}
    for name, of in values.items():
        weight = frame[of].groupby(frame.country).transform("sum")
        sums = (frame[name] * weight).groupby(frame.sector).sum()
        size = (frame[name] * weight).abs().groupby(frame.sector).sum()
        there = frame.groupby("sector")[name].apply(lambda v: v.notna().any())
        adds_up(np.where(there, weight[frame.sector == frame.sector[0]].sum(), 0.0), sums, made_of=(size,))


def check_levels(a: ValueAddedAccounts) -> None:
    """Flows of countries, sectors and pairs are sums of flows of sectors to partners; gross trade is one number."""
    frames: dict[str, Callable[[str], pd.DataFrame]] = {
        "wwz": lambda by: a.wwz(by, totals=True),
        "kww": a.kww,
        "source": a.exports,
        "sink": lambda by: a.exports(by, approach="sink"),
        "tiva": a.tiva,
    }
    for frame in frames.values():
        fine = frame("sector_pair")
        for by in ("country", "sector", "pair"):
            mine, keys = frame(by), LEVELS[by]
            columns = mine.columns.drop([*keys, "year"]).intersection(fine.columns, sort=False)
            sums = fine.groupby(keys, sort=False)[list(columns)].sum()
            size = fine[columns].abs().groupby([fine[key] for key in keys], sort=False).sum()
            if len(sums):
                assert list(sums.index) == list(mine.set_index(keys).index)
                adds_up(mine[columns].to_numpy(), sums.to_numpy(), made_of=(size.to_numpy(),))
    trade, gross = a.gross_trade(), a.exports("sector_pair").GEXP
    adds_up(gross, trade.exports)


CHECKS = [
    check_sixteen_and_nine_terms,
    check_three_parts,
    check_tiva,
    check_imports,
    check_origin,
    check_absorption,
    check_breakdowns,
    check_chosen_borders,
    check_chains,
    check_advantage,
    check_levels,
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", NAMES)
def test_identities_hold(name: str, check: Callable[[ValueAddedAccounts], None]) -> None:
    check(made(name))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "wiod2011"])
def test_terms_of_every_perspective_add_up(name: str) -> None:
    check_sums(made(name))


@st.composite
def any_accounts(draw: st.DrawFn) -> ValueAddedAccounts:
    """Accounts of any small world, with any group of its countries."""
    table = draw(worlds())
    members = draw(st.lists(st.sampled_from(table.countries), unique=True))
    return ValueAddedAccounts(table, groups={"group": members} if members else None)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_accounts())
def test_identities_hold_in_any_world_and_group(a: ValueAddedAccounts) -> None:
    for check in CHECKS:
        check(a)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_accounts())
def test_identities_hold_in_many_worlds_and_groups(a: ValueAddedAccounts) -> None:
    for check in [*CHECKS, check_sums]:
        check(a)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_the_sixteen_terms_sum_to_the_nine_as_they_are_printed(table: IOTable) -> None:
    """KWW from WWZ by aggregation, against the nine formulas of the article."""
    world = countries(table.Z, table.final_demand, len(table.sectors))
    each = [peers.kww(world, s) for s in world.countries]
    mine = ValueAddedAccounts(table).kww()
    for name in each[0]:
        close(mine[name], [float(one[name]) for one in each], size=float(np.abs(table.x).max()))
