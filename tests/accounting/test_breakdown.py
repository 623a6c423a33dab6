"""Any term by origin and absorber, and what is lost without some exports: against the term, and the smaller world."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.accounting.exports.breakdown import SOURCE_ONLY, TERMS
from tests.accounting.worlds import close, random_world
from tests.shared import golden_table

CSP = ["country", "sector", "partner"]


@lru_cache
def accounts_of(seed: int, groups: bool = False) -> ValueAddedAccounts:
    table = random_world(seed, 5, 3, zero=1, negative=True)
    options = {"groups": {"EU": ["C1", "C3"]}, "sector_groups": {"goods": ["S0", "S2"]}} if groups else {}
    return ValueAddedAccounts(table, **options)


@lru_cache
def accounts(folder: str) -> ValueAddedAccounts:
    return ValueAddedAccounts(golden_table(folder))


# Breakdowns ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("approach", ["source", "sink"])
def test_breakdowns_sum_to_their_term(approach: str, grouped: bool) -> None:
    found = accounts_of(7, grouped)
    levels = {"country": CSP[:1], "sector": CSP[:2], "pair": ["country", "partner"], "sector_pair": CSP}
    kept = [("none", True), ("country", False), ("sector", True), ("sector", False), ("country", True)]
    defined = [term for term in TERMS if approach == "source" or term not in SOURCE_ONLY]
    for k, term in enumerate(t for t in defined for _ in range(3)):
        # Every term three times, every level with every choice of what is kept.
        (by, keys), (origin, absorption) = list(levels.items())[k % 4], kept[k % 5]
        whole = found.exports(by, approach=approach)
        whole["TVA"] = whole.DVA + whole.FVA
        whole["GEXP"] = whole.DC + whole.FC  # the content that has an origin
        parts = found.breakdown(term, by, origin=origin, absorption=absorption, approach=approach)
        sums = parts.groupby(keys, sort=False, observed=True)[term].sum()
        assert len(sums) == len(whole)
        close(sums, whole[term], size=float(whole.GEXP.max()))


def test_origins_and_absorbers_are_those_of_the_term() -> None:
    found = accounts_of(7)
    dva = found.breakdown("DVA", origin="sector", absorption=True)
    assert (dva.country == dva.origin_country.astype(str)).all()
    fva = found.breakdown("FVA")
    assert (fva.country != fva.origin_country.astype(str)).all()
    for term, home in (("REF", True), ("VAX", False)):
        parts = found.breakdown(term, "pair", origin="none", absorption=True)
        elsewhere = parts[(parts.country == parts.absorber.astype(str)) != home]
        assert (elsewhere[term] == 0).all()
    ends = [found.breakdown("DVA", origin="none", absorption=True, approach=a).DVA for a in ("source", "sink")]
    close(*ends)
    sink, parts = (
        found.exports("pair", approach="sink"),
        found.breakdown("DVA", "pair", origin="none", absorption=True, approach="sink"),
    )
    close(parts[parts.partner == parts.absorber].DVA, sink.VAXIM)
    # Value added is absorbed somewhere: by origin and absorber, DVA abroad and what stays at home are v̂ B Y.
    flows = found.flows
    absorbed = found.exporters.by_exporter(flows.v[:, None] * flows.absorbed)
    mine = found.breakdown("DVA", origin="none", absorption=True).DVA.to_numpy().reshape(5, 5)
    home = found.exporters.by_exporter(flows.w * flows.y_domestic)
    close(mine + np.diag(home), absorbed)


def test_foreign_value_by_origin_is_what_others_lose() -> None:
    """The first crossing's FVA by origin is GDP lost there when the exports are taken out (Los, Timmer & de Vries)."""
    found = accounts_of(7)
    for s in found.exporters.names:
        lost = found.extraction(s, by="sector").set_index(["country", "sector"]).gdp_lost
        parts = found.breakdown("TVA", origin="sector", exporters=s)
        close(parts.TVA, lost.loc[list(zip(parts.origin_country, parts.origin_sector, strict=True))])


# Extraction ----------------------------------------------------------------------------------------------------------

SETS = [
    {},
    {"exporters": "C1"},
    {"exporters": "C1", "partners": "C0"},
    {"exporters": ["C0", "C2"], "sectors": ["S1"]},
    {"partners": "C2"},
    {"exporters": ["C1", "C4", "C2"], "sectors": ["S0", "S2"], "partners": ["C0", "C2"]},
    {"exporters": "C1", "partners": "C1"},
]


@pytest.mark.parametrize("chosen", SETS)
@pytest.mark.parametrize("goods", ["all", "intermediate", "final"])
def test_extraction_is_the_world_without_those_exports(chosen: dict, goods: str) -> None:
    table = random_world(5, 5, 3, zero=1, negative=True)
    found = ValueAddedAccounts(table)
    names = {"exporters": table.countries, "sectors": table.sectors, "partners": table.countries}
    exporters, sectors, partners = (
        [chosen[k]] if isinstance(chosen.get(k), str) else chosen.get(k, names[k]) for k in names
    )
    Z, Y = table.Z.copy(), table.final_demand.copy()
    for i, (c, sector) in enumerate(table.index):
        for r, partner in enumerate(table.countries):
            if c in exporters and sector in sectors and partner in partners and c != partner:
                if goods != "final":
                    Z[i, 3 * r : 3 * r + 3] = 0.0
                if goods != "intermediate":
                    Y[i, r] = 0.0
    inverse_x = np.divide(1.0, table.x, out=np.zeros_like(table.x), where=table.x != 0)
    left = np.linalg.solve(np.eye(15) - Z * inverse_x, Y.sum(axis=1))
    for unsolved in (True, False):  # from the factors, and from the inverse
        mine = (ValueAddedAccounts(table) if unsolved else found).extraction(**chosen, goods=goods, by="sector")
        assert unsolved or found.pairs.B is not None
        close(mine.gdp_lost, table.va_total - found.flows.v * left, size=float(table.va_total.max()))
        removed = (table.Z - Z).sum(axis=1) + (table.final_demand - Y).sum(axis=1)
        close(mine.exports_removed, removed)
    country = found.extraction(**chosen, goods=goods)
    close(country.gdp_lost, mine.groupby("country", sort=False).gdp_lost.sum(), size=float(table.va_total.max()))


@pytest.mark.parametrize("folder", ["exva_iciotest", "wiod2011"])
def test_extraction_of_one_country_is_its_domestic_value_added(folder: str) -> None:
    found = accounts(folder)
    whole, pairs = found.exports().set_index("country"), found.exports("pair", perspective="pair")
    pairs = pairs.set_index(["country", "partner"])
    for s, r in (("CHN", "USA"), ("USA", "MEX"), ("FRA", "CHN")):
        for lost, wanted in (
            (found.extraction(s), whole.loc[s]),
            (found.extraction(s, partners=r), pairs.loc[(s, r)]),
        ):
            by_country = lost.set_index("country").gdp_lost
            close(by_country[s], wanted.DVA)
            close(by_country.sum() - by_country[s], wanted.FVA)


def test_extraction_of_everything_leaves_home_production() -> None:
    found = accounts_of(7)
    home = found.flows.w * found.flows.y_domestic
    close(found.extraction().gdp_lost, found.exporters.by_exporter(found.va - home))


def test_an_autarkic_country_has_no_imports_and_nothing_to_extract() -> None:
    found = ValueAddedAccounts(random_world(3, 4, 3, autarkic=True))
    frame = found.imports()
    assert (frame.loc[frame.country == "C0", ["GIMP", "VA", "DC"]] == 0).all(axis=None)
    assert (found.extraction("C0").gdp_lost == 0).all()
    assert (found.breakdown("TVA", exporters="C0").TVA == 0).all()


# Refusals ------------------------------------------------------------------------------------------------------------


def test_labels_are_names_in_any_order() -> None:
    found = accounts_of(7)
    one = found.extraction(["C1", "C3"], ["S2", "S0"], ["C4", "C0"])
    other = found.extraction(["C3", "C1"], ["S0", "S2"], ["C0", "C4"])
    pd.testing.assert_frame_equal(one, other)
    first = found.miroudot_ye(exporters=["C1", "C3"], sectors=["S2", "S0"], partners=["C4", "C0"])
    pd.testing.assert_frame_equal(
        first, found.miroudot_ye(exporters=["C3", "C1"], sectors=["S0", "S2"], partners=["C0", "C4"])
    )
    for call in (
        lambda: found.extraction("XX"),
        lambda: found.extraction("C1", "XX"),
        lambda: found.miroudot_ye(partners=["C1", "XX"]),
        lambda: found.breakdown("DVA", exporters=["C1", "XX"]),
    ):
        with pytest.raises(LabelError, match="XX"):
            call()
    with pytest.raises(LabelError, match="duplicated labels: C1"):
        found.extraction(["C1", "C1"])


def test_groups_are_named_whole() -> None:
    found = accounts_of(7, groups=True)
    whole = found.extraction("EU", "goods")
    close(whole.gdp_lost, found.extraction(["C1", "C3"], ["S0", "S2"]).gdp_lost)
    with pytest.raises(InputError, match="a part of the group EU"):
        found.extraction("C1")
    joint = found.miroudot_ye(exporters="EU", sectors="goods")
    lost = whole.set_index("country").gdp_lost
    close(joint.DVA, [lost["EU"]])
    close(joint.FVA, [lost.sum() - lost["EU"]])


def test_what_is_not_defined_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    found = accounts_of(7)
    with pytest.raises(InputError, match="first crossing"):
        found.breakdown("GVC", approach="sink")
    with pytest.raises(InputError, match=r"no breakdown\. There are: GEXP, TVA"):
        found.breakdown("VAXIM")
    with pytest.raises(InputError, match="every border"):
        found.miroudot_ye(perimeter="world", partners="C1")
    with pytest.raises(InputError, match="'exporter', 'world'"):
        found.exports(perspective="planet")  # type: ignore[arg-type]
    monkeypatch.setattr("gvcpos.accounting.frames.breakdown._MOST_ROWS", 100)
    with pytest.raises(InputError, match=r"225 rows, more than 100\. Name fewer exporters"):
        found.breakdown("DVA", "sector", origin="sector")
