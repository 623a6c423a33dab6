"""Where another program's figure is wrong: what it says, what it breaks, and that ours keeps it.

The numbers are those of the list beside the golden files. Number 8, the Ghosh inverse of pymrio, has no file.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.accounting.goldens import CSP, Golden, accounts, read, tidy
from tests.accounting.matrix import MATRIX, NOT_GOLDEN
from tests.accounting.worlds import adds_up, close

EXVA = ("exva_wiodtest", "exva_iciotest")


def golden(name: str, at: int = 0) -> pd.DataFrame:
    """A file, or the part of it that stands at that place of the matrix, by our labels."""
    return tidy([g for g in MATRIX if f"{g.folder}/{g.name}" == name][at])


def ours(golden_frame: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Our rows for those of a golden; an exporter with itself is 0."""
    return frame.set_index(list(golden_frame.index.names)).reindex(golden_frame.index, fill_value=0.0)


def test_1_foreign_terms_of_kww_are_of_no_perimeter() -> None:
    """World 2011: KWW's FVA is short of what the world, and of what the exporters, count once; all else agrees."""
    a = accounts("wiod2011")
    kww, exporter = a.kww(), a.exports()
    world, last = a.exports(perspective="world"), a.exports(perspective="world", approach="sink")
    printed = golden("wiod2011/icio_kww")
    assert round((printed.FVA_FIN + printed.FVA_INT).sum()) == 3_401_093
    assert round((kww.FVA_FIN + kww.FVA_INT).sum()) == 3_401_093
    assert round(world.FVA.sum()) == round(last.FVA.sum()) == 3_488_281
    assert round(exporter.FVA.sum()) == 4_501_727
    adds_up(world.FVA.sum(), last.FVA.sum())
    adds_up(exporter.VAX, kww.DVA_FIN, kww.DVA_INT, kww.DVA_INTrex)
    adds_up(exporter.REF, kww.RDV_FIN, kww.RDV_INT)
    adds_up(exporter.DDC, kww.DDC)
    adds_up(exporter.FC, kww.FVA_FIN, kww.FVA_INT, kww.FDC)


@pytest.mark.parametrize("folder", EXVA)
def test_2_terms2_swaps_ova_fin_and_ova_int(folder: str) -> None:
    """As v'B = u, all value added in final goods is their price: DVA_FIN + MVA_FIN + OVA_FIN = Y_sr."""
    printed = golden(f"{folder}/exvatools090_wwz_terms2")
    mine = ours(printed, accounts(folder).wwz(totals=True))
    adds_up(mine.texpfd, mine.DVA_FIN, mine.MVA_FIN, mine.OVA_FIN)
    adds_up(mine.texpfd, printed.DVA_FIN, printed.MVA_FIN, printed.OVA_INT)
    sums = printed.DVA_FIN + printed.MVA_FIN + printed.OVA_FIN
    assert (np.abs(sums - mine.texpfd).groupby("country").sum() > 1.0).all()
    terms = golden(f"{folder}/exvatools090_wwz_terms")
    close(printed.OVA_FIN, terms.FVA_INT2)
    close(printed.OVA_INT, terms.FVA_FIN2)


@pytest.mark.parametrize("folder", EXVA)
def test_3_the_worlds_perimeter_leaves_no_foreign_value_added(folder: str) -> None:
    """FVA is printed as 0, so that the world would count no foreign value added once; its FDC1 is what it counts."""
    a = accounts(folder)
    printed = golden(f"{folder}/exvatools090_my_standard_perimWLD")
    parts = golden(f"{folder}/exvatools090_my_terms_perimWLD")
    mine = ours(printed, a.miroudot_ye("sector_pair", perimeter="world"))
    assert (printed.FVA == 0).all()
    assert (parts.FVA == 0).all()
    close(printed.FDC, mine.FC)
    close(parts.FDC1, mine.FVA)
    close(parts.FDC2, mine.FDC)
    world = [a.exports(perspective="world", approach=way) for way in ("source", "sink")]  # type: ignore[arg-type]
    for frame in world:
        adds_up(frame.FVA.sum(), parts.FDC1.sum(), relative=1e-12)
        adds_up(frame.FDC.sum(), parts.FDC2.sum(), relative=1e-12)
    assert (mine.FVA.groupby("country").sum() > 0).all()


@pytest.mark.parametrize("folder", ["leather", "exva_wiodtest"])
def test_4_shares_of_gvc_are_levels_and_a_column_is_mislabelled(folder: str) -> None:
    """i2e and e2r are money, not shares of exports; the file dfddva calls its column dfdfva, which it is not."""
    a = accounts(folder)
    both = [golden(f"{folder}/gvc640_{name}") for name in ("i2e", "e2r")]
    assert all((frame.iloc[:, 0] > 1).any() for frame in both)
    exports = a.indices().set_index(["country", "sector"]).exports.loc[both[0].index]
    close(both[0].i2e, a.exports("sector").set_index(["country", "sector"]).FC.loc[both[0].index])
    assert ((both[0].i2e / exports).between(0, 1)).all()
    own, foreign = golden(f"{folder}/gvc640_dfddva"), golden(f"{folder}/gvc640_dfdfva")
    assert list(own.columns) == list(foreign.columns) == ["dfdfva"]
    mine = a.demand_origin().set_index(["country", "sector"]).loc[own.index]
    close(mine.dfddva, own.dfdfva)
    assert np.abs(mine.dfdfva - own.dfdfva).max() > 1.0


@pytest.mark.parametrize("name", ["components", "measures"])
def test_5_output_components_of_gvcanalyzer_do_not_add_up(name: str) -> None:
    """The sectors of a country are not its figure, except domestic sales and pure forward, which are ours too."""
    stem = f"leather/gvcAnalyzer011_bm_2025_output_{name}"
    assert {stem, f"{stem}_sector"} <= set(NOT_GOLDEN)
    country = read("leather", stem.split("/")[1]).set_index("country")
    by_sector = read("leather", f"{stem.split('/')[1]}_sector").groupby("country").sum(numeric_only=True)
    sectors = by_sector.loc[country.index]
    for total, part in (("GVC_PB_X", "GVC_PB_Xi"), ("GVC_TSImp", "GVC_TSImp_i"), ("TradX", "TradX_i")):
        assert (np.abs(country[total] - sectors[part]) > 0.05 * country[total]).all()
    a = accounts("leather")
    domestic = a.production_flows("country").set_index("country").V_D.loc[country.index]
    forward = a.tripartite().set_index("country").GVC_PF.loc[country.index]
    for frame, columns in ((country, ("DomX", "GVC_PF_X")), (sectors, ("DomX_i", "GVC_PF_Xi"))):
        close(frame[columns[0]], domestic)
        close(frame[columns[1]], forward)
    mine = a.tripartite("sector").groupby("country", sort=False)[["GVC_PF", "GVC_PB", "GVC_TS", "GVC"]].sum()
    for column in mine:
        adds_up(a.tripartite()[column], mine[column])


@pytest.mark.parametrize("folder", ["leather", "exva_wiodtest", "wiod2011"])
def test_6_pure_and_self_are_different_perimeters(folder: str) -> None:
    """All exports to a partner, or those of one sector to it: what comes round in other sectors is double or not."""
    a = accounts(folder)
    pure = a.exports("pair", perspective="pair")
    one_by_one = a.exports("pair", perspective="sector_pair")
    sector = a.exports("sector", perspective="sector")
    exporter = a.exports("sector")
    close(pure.DC, one_by_one.DC)
    # A wider perimeter is crossed more often; some flows of WIOD are negative.
    for narrow, wide in ((one_by_one, pure), (sector, exporter)):
        more = (narrow.DVA - wide.DVA) * np.sign(wide.GEXP)
        assert (more > -1e-9 * wide.DC.abs() - 1e-300).all()
        assert more.sum() > 1e-7 * wide.GEXP.sum()


def test_7_inverting_first_or_merging_first() -> None:
    """OECD's splits of China: exvatools inverts first; domestic content of exports is 4,409.66, or 4,414.67."""
    first = accounts("exva_iciotest").exports().set_index("country")
    last = accounts("exva_iciotest", {"splits": "merge-then-invert"}).exports().set_index("country")
    printed = golden("exva_iciotest/exvatools090_bm_src_standard").groupby("country").sum()
    assert round(printed.DC["CHN"], 2) == round(first.DC["CHN"], 2) == 4409.66
    assert round(last.DC["CHN"], 2) == 4414.67
    close(first.GEXP, last.GEXP)


@pytest.mark.parametrize(("folder", "wrong"), [("exva_iciotest", ["CHN", "MEX"]), ("exva_wiodtest", [])])
def test_vaxim_of_a_split_importer(folder: str, wrong: list[str]) -> None:
    """VAX is what the importer and third countries absorb; the printed VAXIM breaks that where the importer is split.

    It sums A_sr L_rr over the parts of r, and what that is multiplied with, before it multiplies.
    """
    a = accounts(folder)
    file = read(folder, "exvatools090_bm_snk_standard")
    printed = file.pivot(index=["row", "col"], columns="term", values="value").reset_index()
    rows = printed["row"].str.split("_", n=1)
    printed = printed.assign(country=rows.str[0], sector=rows.str[1]).rename(columns={"col": "partner"})
    printed = printed[printed.country != printed.partner].set_index(list(CSP))
    ends = a.breakdown("DVA", "sector_pair", origin="none", absorption=True, approach="sink")
    ends = ends.astype(dict.fromkeys([*CSP, "absorber"], str))
    third = ends[(ends.absorber != ends.partner) & (ends.absorber != ends.country)].groupby(list(CSP)).DVA.sum()
    third = third.loc[printed.index]
    mine = ours(printed, a.exports("sector_pair", approach="sink"))
    adds_up(mine.VAX, mine.VAXIM, third)
    off = np.abs(printed.VAXIM + third - printed.VAX).groupby("partner").max()
    assert sorted(off.index[off > 1.0]) == wrong
    assert off.drop(wrong).max() < 1e-9
    close(mine.VAX, printed.VAX)


def test_level_0_of_adbs_rca_is_the_five_sectors_again() -> None:
    """A country has no comparative advantage in all it exports: what is printed for it has five rows."""
    frame = read("wiod2011", "ksreyes_rca")
    whole, five = (frame.query("agg == @level").drop(columns="agg").reset_index(drop=True) for level in (0, 5))
    pd.testing.assert_frame_equal(whole, five)


def test_the_matrix_says_of_every_column_what_it_is_not() -> None:
    """Columns that are not compared under their own meaning are the ones shown above, and no others."""
    odd = {
        (f"{g.folder}/{g.name}", column)
        for g in MATRIX
        for column, mine in g.names.items()
        if mine in ("", "0") and "diff" not in column
    }
    world = {(f"{f}/exvatools090_my_{kind}_perimWLD", "FVA") for f in EXVA for kind in ("standard", "terms")}
    assert odd == world | {("exva_iciotest/exvatools090_bm_snk_standard", "VAXIM")}
    assert all(isinstance(g, Golden) for g in MATRIX)
