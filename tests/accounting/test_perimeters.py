"""Every perimeter against its definition, other programs' files, and the identities between perimeters.

The definition: take the flows of the perimeter out of A and Y. What is left, B* and Y*, says what of an export has not
crossed before (source: V̂ B*), and what does not cross again (sink: B* Y*).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from gvcpos._core.errors import InputError, LabelError
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.accounting.exports.breakdown import SOURCE_ONLY, TERMS
from gvcpos.tables import IOTable
from tests.accounting.goldens import Golden, accounts, errors, tidy
from tests.accounting.worlds import adds_up, close, random_world, worlds

PERSPECTIVES = ("exporter", "world", "sector", "sector_pair", "pair", "importer")
SUMS = {
    "GEXP": ("DVA", "DDC", "FVA", "FDC"),
    "DC": ("DVA", "DDC"),
    "FC": ("FVA", "FDC"),
    "DVA": ("VAX", "REF"),
    "VAX": ("VAX1", "VAX2", "VAX3", "VAX4"),
    "REF": ("REF1", "REF2"),
    "DDC": ("DDC1", "DDC2"),
    "FVA": ("FVA1", "FVA2", "FVA3", "FVA4"),
}
CSP = ["country", "sector", "partner"]


# The definition ------------------------------------------------------------------------------------------------------


class Dense:
    """A table by exporter, written out: ``A``, ``B``, ``Y`` (n, G), ``block`` (exporter of a cell)."""

    def __init__(self, table: IOTable, groups: dict[str, list[str]] | None = None) -> None:
        self.accounts = ValueAddedAccounts(table, groups=groups)
        self.names, self.sectors = self.accounts.exporters.names, table.sectors
        flows = self.accounts.flows
        self.x, self.v, self.Y = flows.x, flows.v, flows.Y
        self.A, self.block = self.accounts.system.A, self.accounts.exporters.blocks.of_cell
        self.B = np.linalg.inv(np.eye(len(self.x)) - self.A)
        self.G, self.sector = len(self.names), self.accounts.exporters.row_of_cell % len(self.sectors)
        self.abroad = self.block[:, None] != np.arange(self.G)

    def split(self, border: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return B*, Y*, and what of A and of Y crosses the border, a mask (n, G) of sellers and buyers."""
        taken = self.A * border[:, self.block]
        star = np.linalg.inv(np.eye(len(self.x)) - self.A + taken)
        return star, self.Y * ~border, taken, self.Y * border

    def borders(self, perspective: str) -> Iterator[tuple[np.ndarray, list[tuple[int, int]]]]:
        """Yield the perimeters of a perspective, and the flows (cell, importer) that each decides."""
        none = np.zeros((len(self.x), self.G), dtype=bool)
        for s in range(self.G):
            rows = np.flatnonzero(self.block == s)
            chosen = {
                "exporter": [(rows, np.arange(self.G))],
                "pair": [(rows, np.array([r])) for r in range(self.G)],
                "sector": [(np.array([i]), np.arange(self.G)) for i in rows],
                "sector_pair": [(np.array([i]), np.array([r])) for i in rows for r in range(self.G)],
                "importer": [(np.arange(len(self.x)), np.array([s]))],
            }[perspective]
            for cells, buyers in chosen:
                border = none.copy()
                border[np.ix_(cells, buyers)] = True
                border &= self.abroad
                yield border, [(int(i), int(r)) for i, r in np.argwhere(border)]

    def terms(self, perspective: str, approach: str) -> dict[str, np.ndarray]:
        """Return the terms by their definition, (n, G)."""
        names = ("DVA", "REF", "DDC", "DDC1", "FVA", "FDC", "VAXIM")
        out = {name: np.zeros((len(self.x), self.G)) for name in names}
        for border, flows in self.borders(perspective):
            star, stay, taken, cross = self.split(border)
            BY = self.B @ self.Y
            for i, r in flows:
                s, there = self.block[i], self.block == r
                own, foreign = (self.v * (self.block == s)), (self.v * (self.block != s))
                row = self.A[i] * there
                e = self.Y[i, r] + row @ self.x
                o, c = own @ self.B[:, i], foreign @ self.B[:, i]
                if approach == "source":
                    once, f = own @ star[:, i], foreign @ star[:, i]
                    found = {"DVA": once * e, "REF": once * (row @ BY[:, s]), "DDC": (o - once) * e}
                    found |= {"DDC1": (o - once) * self.Y[i, r], "FVA": f * e, "FDC": (c - f) * e}
                else:
                    last = self.Y[i, r] + row @ star @ stay.sum(axis=1)
                    again = row @ star @ cross.sum(axis=1)
                    again_int = row @ star @ taken @ self.x
                    found = {"DVA": o * last, "REF": o * (row @ star @ stay[:, s])}
                    found |= {"VAXIM": o * (self.Y[i, r] + row @ star @ stay[:, r])}
                    found |= {"DDC": o * (again + again_int), "DDC1": o * again}
                    found |= {"FVA": c * last, "FDC": c * (again + again_int)}
                for name, value in found.items():
                    out[name][i, r] = value
        return out

    def frame(self, values: np.ndarray) -> np.ndarray:
        """Lay (n, G) beside a frame by sector and partner."""
        return self.accounts.pair_frame({"value": values}, "sector_pair").value.to_numpy()


@lru_cache
def dense(grouped: bool) -> Dense:
    table = random_world(11, 5, 3, zero=2, negative=True)
    return Dense(table, {"EU": ["C1", "C3"]} if grouped else None)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("approach", ["source", "sink"])
@pytest.mark.parametrize("perspective", [p for p in PERSPECTIVES if p != "world"])
def test_every_perimeter_is_what_is_left_without_its_flows(perspective: str, approach: str, grouped: bool) -> None:
    world = dense(grouped)
    mine = world.accounts.exports("sector_pair", perspective=perspective, approach=approach)
    for name, values in world.terms(perspective, approach).items():
        if name in mine:
            close(mine[name], world.frame(values), size=float(mine.GEXP.max()))


@pytest.mark.parametrize("grouped", [False, True])
def test_world_perspective_counts_foreign_value_at_its_first_or_last_foreign_crossing(grouped: bool) -> None:
    """First: v_t L_tt A_ts L_ss; last: by origin t, B_ts and then only sales at home or, once more, by t itself."""
    w = dense(grouped)
    border = w.abroad
    L, stay, taken, cross = w.split(border)
    last = {"source": np.zeros((len(w.x), w.G)), "sink": np.zeros((len(w.x), w.G))}
    leave = cross.sum(axis=1) + taken @ L @ stay.sum(axis=1)  # exports that nobody exports again
    for i, r in np.argwhere(border):
        row, s = w.A[i] * (w.block == r), w.block[i]
        e, direct = w.Y[i, r] + row @ w.x, w.Y[i, r] + row @ L @ stay.sum(axis=1)
        for t in range(w.G):
            if t == s:
                continue
            own = w.v * (w.block == t)
            last["source"][i, r] += (own @ L @ taken @ L)[i] * e
            onward = row @ L @ leave if r == t else 0.0
            last["sink"][i, r] += (own @ w.B)[i] * (direct + onward)
    for approach, values in last.items():
        mine = w.accounts.exports("sector_pair", perspective="world", approach=approach)
        close(mine.FVA, w.frame(values), size=float(mine.GEXP.max()))


# Identities ----------------------------------------------------------------------------------------------------------


def check_sums(found: ValueAddedAccounts) -> None:
    """Terms add up in every flow, and the two approaches within each perimeter."""
    within = {
        "exporter": ["country"],
        "sector": ["country", "sector"],
        "sector_pair": CSP,
        "pair": ["country", "partner"],
        "world": ["year"],
    }
    names = ["GEXP", "DC", "DVA", "VAX", "REF", "DDC", "DDC1", "DDC2", "FC", "FVA", "FDC"]
    for perspective in PERSPECTIVES:
        first, last = (
            found.exports("sector_pair", perspective=perspective, approach=approach) for approach in ("source", "sink")
        )
        # A cell without output whose final uses cancel exports value of no origin.
        live = first.merge(found.indices()[["country", "sector", "x"]], on=["country", "sector"]).x != 0
        for frame in (first, last):
            gross = frame.GEXP[live].abs()
            for total, parts in SUMS.items():
                adds_up(frame[total][live], *(frame[part][live] for part in parts), made_of=(gross,))
        keys = within.get(perspective, ["partner"])
        sums = [frame.groupby(keys, sort=False)[names].sum() for frame in (first, last)]
        size = first.GEXP.abs().groupby([first[key] for key in keys], sort=False).sum()
        if perspective == "importer":
            for frame in sums:
                frame["VA"] = frame.DVA + frame.FVA
        for name in ["VA", "GEXP", "DC"] if perspective == "importer" else names:
            adds_up(sums[0][name], sums[1][name], made_of=(size,))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_terms_add_up_on_any_small_world(table: IOTable) -> None:
    check_sums(ValueAddedAccounts(table))


@pytest.mark.parametrize("folder", ["exva_iciotest", "wiod2011"])
def test_terms_add_up_on_real_tables(folder: str) -> None:
    check_sums(accounts(folder))


def test_details_are_optional_and_linkages_are_the_exporters() -> None:
    found = accounts_of(4)
    for perspective in PERSPECTIVES:
        for approach in ("source", "sink"):
            columns = set(found.exports(perspective=perspective, approach=approach).columns)
            brief = set(found.exports(perspective=perspective, approach=approach, detail=False).columns)
            assert brief <= columns
            assert {"VAX1", "DDC2", "FVA4"} <= columns - brief
            assert ("GVC" in columns) == (perspective == "exporter" and approach == "source")
            assert ("VAXIM" in columns) == (approach == "sink")


@lru_cache
def accounts_of(seed: int, groups: bool = False) -> ValueAddedAccounts:
    table = random_world(seed, 5, 3, zero=1, negative=True)
    options = {"groups": {"EU": ["C1", "C3"]}, "sector_groups": {"goods": ["S0", "S2"]}} if groups else {}
    return ValueAddedAccounts(table, **options)


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


# Imports -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grouped", [False, True])
def test_imports_are_what_is_left_without_entering_twice(grouped: bool) -> None:
    w = dense(grouped)
    once, again = np.zeros((len(w.x), w.G)), np.zeros((len(w.x), w.G))
    for r, (border, _) in enumerate(w.borders("importer")):
        star, _, taken, cross = w.split(border)
        e = taken @ w.x + cross.sum(axis=1)
        once[:, r], again[:, r] = w.v * (star @ e), w.v * ((w.B - star) @ e)
    total = {
        "country": lambda m: w.accounts.exporters.by_exporter(m).sum(axis=0),
        "pair": lambda m: w.accounts.exporters.by_exporter(m).T,
        "sector": lambda m: w.accounts.exporters.by_row(m).T.reshape(w.G, w.G, -1).sum(axis=1),
        "sector_pair": lambda m: w.accounts.exporters.by_row(m).T,
    }
    for by, lay in total.items():
        mine = w.accounts.imports(by)
        close(mine.VA, lay(once).ravel())
        close(mine.DC, lay(again).ravel(), size=float(once.sum(axis=0).max()))
    frame, exports = w.accounts.imports(), w.accounts.exports("pair", perspective="importer")
    size = exports.groupby("partner", sort=False)[["GEXP", "DVA", "FVA"]].sum().loc[list(frame.country)]
    close(frame.GIMP, size.GEXP)
    close(frame.VA, size.DVA + size.FVA)
    pairs = w.accounts.imports("sector_pair")
    assert list(pairs.columns) == ["country", "partner", "sector", "year", "VA", "DC"]
    assert list(pairs.partner.unique()) == list(w.names)


def test_an_autarkic_country_has_no_imports_and_nothing_to_extract() -> None:
    found = ValueAddedAccounts(random_world(3, 4, 3, autarkic=True))
    frame = found.imports()
    assert (frame.loc[frame.country == "C0", ["GIMP", "VA", "DC"]] == 0).all(axis=None)
    assert (found.extraction("C0").gdp_lost == 0).all()
    assert (found.breakdown("TVA", exporters="C0").TVA == 0).all()


# Other programs ------------------------------------------------------------------------------------------------------

ICIO = ("leather", "exva_wiodtest", "wiod2011")
EXVA = ("exva_wiodtest", "exva_iciotest")
GROSS = {"EXGR": "GEXP"}
EVERY = {"EXGR": "GEXP", "FVA": "0", "FDC": "FC", "FDC1": "FVA", "FDC2": "FDC"}


def goldens() -> Iterator[Golden]:
    for folder in ICIO:
        yield Golden(folder, "icio_bm_imports_country", lambda a: a.imports(), ("country",))
        yield Golden(folder, "icio_bm_imports_bilateral_origin", lambda a: a.imports("pair"), ("country", "partner"))
    keys = tuple(CSP)
    for folder in (*EXVA, "wiod2011"):
        yield Golden(folder, "exvatools090_my_terms", lambda a: a.miroudot_ye("sector_pair"), keys, GROSS)
    for folder in EXVA:
        yield Golden(folder, "exvatools090_my_standard", lambda a: a.miroudot_ye("sector_pair"), keys, GROSS)
        for kind in ("standard", "terms"):
            # The file's FVA is 0 and its FDC all foreign content: see below.
            yield Golden(
                folder,
                f"exvatools090_my_{kind}_perimWLD",
                lambda a: a.miroudot_ye("sector_pair", perimeter="world"),
                keys,
                EVERY,
            )
        for s, r in (("ESP", "FRA"), ("ESP", "CHN"), ("USA", "FRA"), ("USA", "CHN")):
            yield Golden(
                folder,
                f"exvatools090_my_standard_{s}_partner{r}",
                lambda a, s=s, r=r: a.miroudot_ye("sector_pair", exporters=s, partners=r),
                keys,
                GROSS,
            )
        yield Golden(
            folder,
            "exvatools090_my_ESP_partnerFRA",
            lambda a: a.miroudot_ye("sector_pair", exporters="ESP", partners="FRA"),
            keys,
            GROSS,
        )
        yield Golden(
            folder,
            "exvatools090_my_ESP_sectorMANUF",
            lambda a: a.miroudot_ye("sector_pair", exporters="ESP", sectors="10T39"),
            keys,
            GROSS,
        )
        for call in (
            lambda a: a.miroudot_ye("sector_pair", exporters="ESP", partners="FRA", detail=True),
            lambda a: a.exports("sector_pair", perspective="pair").query("country == 'ESP' and partner == 'FRA'"),
        ):
            yield Golden(folder, "exvatools090_bm_src_terms_ESP_partnerFRA", call, keys, GROSS)
        for content in ("TC", "DC", "FC", "TVA", "DVA", "FVA"):
            term = {content: "GEXP" if content == "TC" else content}
            for flow, by, key, absorption in (
                ("EXGR", "sector_pair", "partner", False),
                ("EXGRY", "sector", "absorber", True),
            ):
                yield Golden(
                    folder,
                    f"exvatools090_exvadir_ESP_{content}_{flow}",
                    lambda a, t=term[content], by=by, absorption=absorption: a.breakdown(
                        t, by, absorption=absorption, exporters="ESP"
                    ).rename(columns={"sector": "exporting"}),
                    ("origin_country", "exporting", key),
                    term,
                )
        yield Golden(
            folder,
            "exvatools090_bm_src_standard_ESP_bkdownorigin",
            by_sector_of_origin,
            ("country", "sector", "partner"),
        )


def by_sector_of_origin(found: ValueAddedAccounts) -> pd.DataFrame:
    """Terms by sector of origin, countries of origin summed; EXGR stays by exporting sector."""
    names = ["DC", "DVA", "VAX", "DAVAX", "REF", "DDC", "FC", "FVA", "FDC", "GVC", "GVCB", "GVCF"]
    keys = ["country", "origin_sector", "partner"]
    parts = [
        found.breakdown(t, "pair", origin="sector", exporters="ESP").groupby(keys, observed=True)[t].sum()
        for t in names
    ]
    frame = pd.concat(parts, axis=1).reset_index().rename(columns={"origin_sector": "sector"})
    gross = found.exports("sector_pair")[[*CSP, "GEXP"]].rename(columns={"GEXP": "EXGR"})
    return frame.astype(dict.fromkeys(CSP, str)).merge(gross, on=CSP, validate="one_to_one")


@pytest.mark.parametrize("golden", list(goldens()), ids=str)
def test_other_programs(golden: Golden) -> None:
    found = errors(golden)
    assert max(found.values()) < 1e-9, found


def test_the_world_perimeters_fva_is_not_zero() -> None:
    """exvatools prints 0; what it calls FDC1 is what icio counts as FVA, and FVA of the last crossing in total."""
    printed = tidy(Golden("exva_wiodtest", "exvatools090_my_terms_perimWLD", lambda a: a.exports(), tuple(CSP)))
    assert (printed.FVA == 0).all()
    assert printed.FDC1.sum() > 0.2 * printed.EXGR.sum()
    icio = tidy(Golden("exva_wiodtest", "icio_bm_country_world_source", lambda a: a.exports(), ("country",)))
    close(printed.FDC1.groupby("country").sum().loc[icio.index], icio.FVA, relative=1e-12)
    sink = accounts("exva_wiodtest").exports(perspective="world", approach="sink")
    close(printed.FDC1.sum(), sink.FVA.sum())


def test_vaxim_of_a_split_importer_is_wrong_in_the_golden() -> None:
    """exvatools adds up the parts of MEX and CHN before it multiplies; the other columns, and wiodtest, agree."""
    call = lambda a: a.exports("sector_pair", approach="sink")  # noqa: E731
    for folder in EXVA:
        golden = Golden(folder, "exvatools090_bm_snk_standard", call, tuple(CSP), GROSS)
        printed, mine = tidy(golden), accounts(folder).exports("sector_pair", approach="sink").set_index(CSP)
        printed = printed.loc[mine.index]
        off = (mine.VAXIM - printed.VAXIM).abs().groupby("partner").max()
        assert set(off.index[off > 1]) == ({"MEX", "CHN"} if folder == "exva_iciotest" else set())
        assert off[off <= 1].max() < 1e-9 * printed.VAXIM.max()
        for name in printed.columns.drop(["EXGR", "VAXIM"]):
            close(mine[name], printed[name])
    ends = accounts("exva_iciotest").breakdown("VAX", "sector_pair", origin="none", absorption=True, approach="sink")
    importer = ends[ends.partner == ends.absorber].astype(dict.fromkeys(CSP, str)).set_index(CSP).VAX
    close(mine.VAXIM, importer.loc[mine.index])  # what the importer absorbs and what third countries do is VAX


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
