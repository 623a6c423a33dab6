"""The oracle agrees with icio's and gvcAnalyzer's perimeters, and its closed forms with the extractions they stand for.

Tolerance 1e-10 of a column's largest entry (measured: 2e-13 or better); labels decide which numbers are compared.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.accounting.oracle import icio, peers
from tests.accounting.oracle.files import FOLDERS, PAIR, SMALL, TOLERANCE, Terms, agree, every, places, read, world
from tests.accounting.oracle.perimeters import Extraction, extracted_columns, perimeter
from tests.accounting.worlds import close

BILATERAL = {
    "icio_bm_bilateral_exporter_source": icio.source,
    "icio_bm_bilateral_exporter_sink": icio.sink,
    "icio_bm_bilateral_self": icio.bilateral_self,
}
SECTOR = {
    "icio_bm_sector_exporter_source": icio.source,
    "icio_bm_sector_exporter_sink": icio.sink,
    "icio_bm_sector_self": icio.sector_self,
}


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", BILATERAL)
def test_bilateral(folder: str, name: str) -> None:
    frame, w = read(folder, name), world(folder)
    at = places(folder, frame, *PAIR)
    assert len(frame) == len(w.x) * (len(w.blocks) - 1)
    agree(frame, every(folder, BILATERAL[name]), at, list(frame.columns[3:]))


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", SECTOR)
def test_sector(folder: str, name: str) -> None:
    frame = read(folder, name)
    sums = {key: value.sum(axis=2) for key, value in every(folder, SECTOR[name]).items()}
    agree(frame, sums, places(folder, frame, *PAIR[:2]), list(frame.columns[2:]))


def country_file(folder: str, name: str, mine: Terms) -> None:
    frame = read(folder, name)
    sums = {key: value.sum(axis=(1, 2)) for key, value in mine.items()}
    agree(frame, sums, places(folder, frame, frame.columns[0]), list(frame.columns[1:]))


@pytest.mark.parametrize("folder", FOLDERS)
def test_country_exporter(folder: str) -> None:
    country_file(folder, "icio_bm_country_exporter", every(folder, icio.source))


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("approach", ["source", "sink"])
def test_country_world(folder: str, approach: str) -> None:
    country_file(folder, f"icio_bm_country_world_{approach}", icio.world_perspective(world(folder), approach))


@pytest.mark.parametrize("folder", FOLDERS)
def test_imports(folder: str) -> None:
    w = world(folder)
    mine = [icio.imports(w, r) for r in w.countries]
    by_origin = {key: np.array([one[key].reshape(-1, w.N).sum(axis=1) for one in mine]) for key in mine[0]}
    frame = read(folder, "icio_bm_imports_bilateral_origin")
    agree(frame, by_origin, places(folder, frame, "Importing_Country", "Origin_Country"), ["VA", "DC"])
    totals = {key: value.sum(axis=1) for key, value in by_origin.items()}
    totals["GIMP"] = np.array([sum(w.e(s, r).sum() for s in w.others(r)) for r in w.countries])
    frame = read(folder, "icio_bm_imports_country")
    agree(frame, totals, places(folder, frame, "Importing_Country"), ["GIMP", "VA", "DC"])


@pytest.mark.parametrize("folder", SMALL)
def test_closed_forms_are_the_extractions(folder: str) -> None:
    """Each perimeter by its definition: its flows taken out of A, value added per unit by what is left."""
    w = world(folder)
    v, n = w.v, np.arange(len(w.x))
    sink, pair = every(folder, icio.sink), every(folder, icio.pair_perimeter)
    scalar, sector = every(folder, icio.bilateral_self), every(folder, icio.sector_self)
    for s in w.countries:
        abroad = np.setdiff1d(n, w.blocks[s])
        star = extracted_columns(w, s, perimeter(w, s))
        for r in w.others(s):
            e, at = w.e(s, r), (s, slice(None), r)
            again = w.A(s, r) @ star[w.blocks[r]] @ w.exports(s)
            close(sink["DDC"][at], icio.own(w, s) * again)
            one = extracted_columns(w, s, perimeter(w, s, [r]))
            close(pair["DVA"][at], (v[w.blocks[s]] @ one[w.blocks[s]]) * e)
            close(pair["FVA"][at], (v[abroad] @ one[abroad]) * e)
            for i in range(w.N):
                for found, cut in (
                    (scalar, perimeter(w, s, [r], np.array([i]))),
                    (sector, perimeter(w, s, sectors=np.array([i]))),
                ):
                    one = extracted_columns(w, s, cut)[:, i]
                    close(found["DVA"][s, i, r], v[w.blocks[s]] @ one[w.blocks[s]] * e[i])
                    close(found["FVA"][s, i, r], v[abroad] @ one[abroad] * e[i])
    for r in w.countries:
        cut = Extraction(tuple((w.blocks[k], w.blocks[r]) for k in w.others(r)))
        counted = sum(v * (extracted_columns(w, s, cut) @ w.e(s, r)) for s in w.others(r))
        close(icio.imports(w, r)["VA"], counted)
        close(sum(icio.importer_perspective(w, s, r, "source") for s in w.others(r)), counted)
        close(sum(icio.importer_perspective(w, s, r, "sink") for s in w.others(r)), counted)


@pytest.mark.parametrize("folder", SMALL)
def test_first_and_last_crossing_agree_in_total(folder: str) -> None:
    w = world(folder)
    source, sink = every(folder, icio.source), every(folder, icio.sink)
    first, last = every(folder, icio.pair_perimeter, "source"), every(folder, icio.pair_perimeter, "sink")
    for name in icio.MEASURES:
        close(source[name].sum(axis=(1, 2)), sink[name].sum(axis=(1, 2)))
        close(first[name].sum(axis=1), last[name].sum(axis=1))
    for s in w.countries:
        for k in w.countries:  # each destination's part too
            ends = [
                sum(weight @ icio.absorbed(w, s, r, approach)[:, k] for r in w.others(s))
                for weight, approach in ((icio.local(w, s), "source"), (icio.own(w, s), "sink"))
            ]
            close(ends[0], ends[1])
    for t in w.countries:  # the value added of t that the world counts as foreign
        found = [sum(icio.world_fva(w, t, way).values()).sum() for way in ("source", "sink")]
        close(found[0], found[1])


@pytest.mark.parametrize("approach", ["pure", "sink", "source"])
def test_bilateral_of_gvcanalyzer(approach: str) -> None:
    frame = read("leather", f"gvcAnalyzer011_bm_2023_bilateral_{approach}_all")
    mine = every("leather", {"pure": icio.pair_perimeter, "sink": icio.sink, "source": icio.source}[approach])
    at = places("leather", frame, "exporter", "importer")
    for place, name in enumerate(("DVA", "DDC", "FVA", "FDC", "GEXP")):
        close(mine[name].sum(axis=1)[at], frame.iloc[:, 2 + place], TOLERANCE)


def test_totals_of_gvcanalyzer() -> None:
    frame = read("leather", "gvcAnalyzer011_bm_2023_exporter_total_all")
    mine = every("leather", icio.source)
    at = places("leather", frame, "country")
    for place, name in enumerate(("DVA", "DDC", "FVA", "FDC", "GEXP")):
        close(mine[name].sum(axis=(1, 2))[at], frame.iloc[:, 1 + place], TOLERANCE)


def test_tripartite_of_gvcanalyzer() -> None:
    mine = every("leather", peers.tripartite)
    frame = read("leather", "gvcAnalyzer011_bm_2025_tripartite_trade_all")
    pairs = {name: value.sum(axis=1) for name, value in mine.items()}
    at = places("leather", frame, "exporter", "importer")
    for name in pairs:
        close(pairs[name][at], frame[name if name.startswith("GVC_") else f"{name}_sr"], TOLERANCE)
    terms = every("leather", icio.source)
    close(mine["GVC_PF"], terms["GVCF"])
    close(mine["GVC_PB"] + mine["GVC_TS"], terms["GVCB"])
    total = {name: value.sum(axis=1) for name, value in pairs.items()}
    total |= {"share_GVC_trade": total["GVC"] / total["E"]}
    total |= {f"share_{k}_trade": total[f"GVC_{k}"] / total["GVC"] for k in ("PF", "TS", "PB")}
    total |= {"forward_trade": total["share_PF_trade"] - total["share_PB_trade"]}
    for file in ("trade_exporter", "trade_measures"):
        frame = read("leather", f"gvcAnalyzer011_bm_2025_{file}")
        (rows,) = places("leather", frame, "exporter")
        for column in frame.columns[1:]:
            close(total[column.removesuffix("_s")][rows], frame[column], TOLERANCE)


def test_output_components_of_gvcanalyzer_do_not_add_up() -> None:
    """Why these files are no goldens: the sectors of a country do not sum to it, except in what is right."""
    country = read("leather", "gvcAnalyzer011_bm_2025_output_components").set_index("country")
    sectors = (
        read("leather", "gvcAnalyzer011_bm_2025_output_components_sector").groupby("country").sum(numeric_only=True)
    )
    sectors = sectors.loc[country.index]
    w, forward = world("leather"), every("leather", peers.tripartite)["GVC_PF"].sum(axis=(1, 2))
    domestic = [w.V(s) @ w.L(s) @ w.Y(s, s) for s in w.countries]
    for frame, names in ((country, ("DomX", "GVC_PF_X")), (sectors, ("DomX_i", "GVC_PF_Xi"))):
        close(frame[names[0]], domestic, TOLERANCE)
        close(frame[names[1]], forward, TOLERANCE)
    for total, part in (("GVC_PB_X", "GVC_PB_Xi"), ("GVC_TSImp", "GVC_TSImp_i"), ("TradX", "TradX_i")):
        assert (np.abs(country[total] - sectors[part]) > 0.05 * country[total]).all()


def test_foreign_value_added_of_kww_is_that_of_no_perimeter() -> None:
    """KWW's T7 + T8 is short of the world's and of the exporters' foreign value added; all else of KWW is right."""
    w = world("wiod2011")
    nine = [peers.kww(w, s) for s in w.countries]
    kww = {name: np.array([one[name] for one in nine]) for name in nine[0]}
    mine = {name: value.sum(axis=(1, 2)) for name, value in every("wiod2011", icio.source).items()}
    close(kww["DVA_FIN"] + kww["DVA_INT"] + kww["DVA_INTrex"], mine["VAX"])
    close(kww["RDV_FIN"] + kww["RDV_INT"], mine["REF"])
    close(kww["DDC"], mine["DDC"])
    close(kww["FVA_FIN"] + kww["FVA_INT"] + kww["FDC"], mine["FC"])
    first, last = (icio.world_perspective(w, way)["FVA"].sum() for way in ("source", "sink"))
    assert round((kww["FVA_FIN"] + kww["FVA_INT"]).sum()) == 3_401_093
    assert round(first) == round(last) == 3_488_281
    assert round(mine["FVA"].sum()) == 4_501_727
