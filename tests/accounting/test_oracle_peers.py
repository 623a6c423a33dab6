"""The oracle agrees with every right file of icio's other methods, decompr, gvc, ADB's scripts and pymrio.

Tolerance 1e-10 of a column's largest entry (measured: 2e-13 or better); labels decide which numbers are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from tests.accounting.oracle import icio, peers
from tests.accounting.oracle.files import (
    FOLDERS,
    PAIR,
    SMALL,
    TOLERANCE,
    Terms,
    agree,
    cells,
    countries,
    every,
    places,
    read,
    world,
)
from tests.accounting.oracle.world import World
from tests.accounting.oracle.wwz import wwz_terms
from tests.accounting.worlds import close
from tests.shared import shared, wiod2011

LEVELS = {0: "none", 5: "c5_ind", 15: "c15_ind", 35: "c_ind"}

WWZ_NAMES = {
    "DVA_INTrexI1": "DVA_INTrex1",
    "DVA_INTrexF": "DVA_INTrex2",
    "DVA_INTrexI2": "DVA_INTrex3",
    "RDV_FIN": "RDV_FIN1",
}
KWW_OF_WWZ = {
    "DVA_FIN": ("DVA_FIN",),
    "DVA_INT": ("DVA_INT", "DVA_INTrexI1"),
    "DVA_INTrex": ("DVA_INTrexF", "DVA_INTrexI2"),
    "RDV_FIN": ("RDV_FIN", "RDV_FIN2"),
    "RDV_INT": ("RDV_INT",),
    "DDC": ("DDC_FIN", "DDC_INT"),
    "FVA_FIN": ("OVA_FIN", "MVA_FIN"),
    "FVA_INT": ("OVA_INT", "MVA_INT"),
    "FDC": ("ODC", "MDC"),
}
WWZ_FILES = [("leather", "decompr700_wwz"), *((folder, "icio_wwz") for folder in FOLDERS)]


@pytest.mark.parametrize("folder", SMALL)
def test_wwz_without_sums_over_third_countries_is_wwz_as_printed(folder: str) -> None:
    printed, closed = every(folder, wwz_terms), every(folder, peers.wwz)
    names = {name: WWZ_NAMES.get(name, name) for name in closed if not name.startswith(("texp", "DViX"))}
    assert len(names) == 16
    for name, theirs in names.items():
        close(closed[name], printed[theirs])


@pytest.mark.parametrize(("folder", "file"), WWZ_FILES)
def test_wwz(folder: str, file: str) -> None:
    frame = read(folder, file)
    residuals = [c for c in frame.columns if "diff" in c]
    assert (frame[residuals] == 0).all(axis=None)
    named = [c for c in frame.columns[3:] if c not in residuals]
    assert len(named) == 20
    agree(frame, every(folder, peers.wwz), places(folder, frame, *PAIR), named)


@pytest.mark.parametrize("folder", FOLDERS)
def test_kww_by_pair_and_sector(folder: str) -> None:
    frame = read(folder, "icio_wwz2kww_sector_bilateral")
    mine = {name: sum(every(folder, peers.wwz)[t] for t in terms) for name, terms in KWW_OF_WWZ.items()}
    agree(frame, mine, places(folder, frame, *PAIR), list(frame.columns[3:]))


KWW_FILES = [(f, n) for f in FOLDERS for n in ("icio_kww", "icio_wwz2kww_country")]
KWW_FILES += [("leather", "decompr700_kww"), ("leather", "decompr700_wwz2kww_country")]


@lru_cache
def kww(folder: str) -> Terms:
    each = [peers.kww(world(folder), s) for s in world(folder).countries]
    return {name: np.array([one[name] for one in each]) for name in each[0]}


@pytest.mark.parametrize(("folder", "file"), KWW_FILES)
def test_kww(folder: str, file: str) -> None:
    frame = read(folder, file)
    agree(frame, kww(folder), places(folder, frame, "Country"), list(frame.columns[1:]))


LEONTIEF = [(f, f"icio_leontief_{post}", post) for f in SMALL for post in ("none", "output", "exports", "final_demand")]
LEONTIEF += [("leather", f"decompr700_leontief_{post}", post) for post in ("none", "output", "exports", "final_demand")]


@pytest.mark.parametrize(("folder", "file", "post"), LEONTIEF)
def test_leontief(folder: str, file: str, post: str) -> None:
    frame, w = read(folder, file), world(folder)
    s, i, *to = places(folder, frame, *frame.columns[:-1])
    column = to[0] if post == "final_demand" else to[0] * w.N + to[1]
    close(peers.leontief(w, post)[s * w.N + i, column], frame.iloc[:, -1], TOLERANCE)


def test_leontief_of_wiod() -> None:
    w, (countries, sectors) = world("wiod2011"), cells("wiod2011")
    frame = read("wiod2011", "icio_leontief_final_demand")
    rows = [countries[c] * w.N + sectors[i] for c, i in frame.source.str.split(".")]
    close(peers.leontief(w, "final_demand")[rows, frame.destination.map(countries)], frame.value, TOLERANCE)
    frame = read("wiod2011", "icio_leontief_exports_country_by_country")
    sums = peers.leontief(w, "exports").reshape(41, w.N, 41, w.N).sum(axis=(1, 3))
    close(sums[frame.source.map(countries), frame.exporter.map(countries)], frame.value, TOLERANCE)


@lru_cache
def gvc(folder: str) -> Terms:
    return peers.gvc(world(folder))


EVERYWHERE = ("dfddva", "dfdfva", "ffddva", "nrca", "downstream_fullA")
GVC = [(folder, name) for folder in FOLDERS for name in EVERYWHERE]
GVC += [(folder, name) for folder in SMALL for name in ("i2e", "e2r", "upstream_fullA")]


@pytest.mark.parametrize(("folder", "name"), GVC)
def test_gvc(folder: str, name: str) -> None:
    frame = read(folder, f"gvc640_{name}")
    frame.columns = ["country", "sector", "value"]
    s, i = places(folder, frame, "country", "sector")
    close(gvc(folder)[name.removesuffix("_fullA")][s * world(folder).N + i], frame.value, TOLERANCE)


def levels(values: np.ndarray, level: int) -> np.ndarray:
    """(countries, groups of ADB's 5, 15 or 35 sectors); 0 is the whole country."""
    groups = pd.read_csv(shared("meta/adb_mrio_sectors35.csv"))
    key = np.ones(35, int) if level == 0 else groups[LEVELS[level]].to_numpy()
    return pd.DataFrame(values.reshape(-1, 35).T).groupby(key).sum().to_numpy().T


def adb(file: str, level: int) -> pd.DataFrame:
    frame = read("wiod2011", file).query("agg == @level")
    order = {c: i for i, c in enumerate(wiod2011().countries)}
    frame = frame.assign(s=frame.s.map(order)).sort_values(["s", "i"])
    assert not frame.duplicated(["s", "i"]).any()
    return frame


def ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.divide(a, b, out=np.full(np.shape(a), np.nan), where=b != 0)


@pytest.mark.parametrize("level", LEVELS)
def test_participation_of_adb(level: int) -> None:
    frame, w, mine = adb("ksreyes_gvc_participation", level), world("wiod2011"), every("wiod2011", icio.source)
    p = peers.parts(w)
    vectors = {
        "exports": mine["GEXP"],
        "gvc_trade_f": mine["GVCF"],
        "gvc_trade_b": mine["GVCB"],
        "gvc_trade": mine["GVC"],
    }
    vectors = {name: value.sum(axis=2) for name, value in vectors.items()}
    vectors |= {"va": w.va, "gvc_prod": w.v * (p["L"] @ (p["AF"] @ w.x))}
    sums = {name: levels(value, level).ravel() for name, value in vectors.items()}
    for name in ("gvc_trade_f", "gvc_trade_b", "gvc_trade"):
        sums[name.replace("gvc_", "gvcp_")] = ratio(sums[name], sums["exports"])
    sums["gvcp_prod"] = ratio(sums["gvc_prod"], sums["va"])
    for name, value in sums.items():
        close(value, frame[name], TOLERANCE)


@pytest.mark.parametrize("level", LEVELS)
def test_rca_of_adb(level: int) -> None:
    frame, mine = adb("ksreyes_rca", level), every("wiod2011", icio.source)
    vectors = {
        "exports": mine["GEXP"].sum(axis=2),
        "vaxes": mine["VAX"].sum(axis=2),
        "vaxos": gvc("wiod2011")["ffddva"],
    }
    for name, value in vectors.items():
        v = levels(value, level or 5)  # their level 0 is the five sectors again
        for ending, part in (("si", v), ("s", v.sum(axis=1, keepdims=True)), ("i", v.sum(axis=0)), ("all", v.sum())):
            close(np.broadcast_to(part, v.shape).ravel(), frame[f"{name}_{ending}"], TOLERANCE)
        close(peers.rca(v).ravel(), frame["rca" if name == "exports" else f"rca_{name}"], TOLERANCE)


@lru_cache
def lengths() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return peers.lengths(world("wiod2011"))


@lru_cache
def components() -> Terms:
    """Under the names of ADB's scripts."""
    w = world("wiod2011")
    out = {"va": w.va, "y": w.final.sum(axis=1)}
    for name, sides in lengths().items():
        for side, value in zip("vy", sides, strict=True):
            head, _, tail = name.partition("_")
            in_length = head in ("X", "Xd", "E", "Xf")
            out[
                f"{head[0]}{side}{head[1:]}" + (f"_{tail}" if tail else "") if in_length else f"{side.upper()}_{name}"
            ] = value
    return out


def test_components_of_lengths() -> None:
    frame = read("wiod2011", "ksreyes_wwyz_production_length_components")
    countries, sectors = cells("wiod2011")
    rows = frame.s.map(countries).to_numpy() * 35 + frame.i.map(sectors).to_numpy()
    for name in frame.columns[3:]:
        close(components()[name][rows], frame[name], TOLERANCE)


def test_simple_and_complex() -> None:
    frame = read("wiod2011", "derived_numpy_wwyz_simple_complex_upstreamness")
    s, i = places("wiod2011", frame, "country", "sector")
    mine = components() | {f"{k}ness": gvc("wiod2011")[k.removesuffix("ness")] for k in ("upstream", "downstream")}
    for name in frame.columns[3:]:
        close(mine[name][s * 35 + i], frame[name], TOLERANCE)


@pytest.mark.parametrize("level", LEVELS)
def test_lengths_of_adb(level: int) -> None:
    frame = adb("ksreyes_wwyz_production_length", level)
    c = {name: levels(value, level).ravel() for name, value in components().items()}
    found = {}
    for side, total in (("v", "va"), ("y", "y")):
        big = side.upper()
        found[f"PL{side}"] = ratio(c[f"X{side}"], c[total])
        for part in ("D", "RT"):
            found[f"PL{side}_{part}"] = ratio(c[f"X{side}_{part}"], c[f"{big}_{part}"])
        stages = {f"PL{side}d_GVC": f"X{side}d_GVC", f"CB{side}_GVC": f"E{side}_GVC", f"PL{side}f_GVC": f"X{side}f_GVC"}
        found |= {name: ratio(c[flow], c[f"{big}_GVC"]) for name, flow in stages.items()}
        found[f"PL{side}_GVC"] = sum(found[name] for name in stages)
    found["GVC_POS"] = ratio(found["PLv_GVC"], found["PLy_GVC"])
    assert set(found) == set(frame.columns[4:])
    for name, value in found.items():
        close(value, frame[name], TOLERANCE)


@lru_cache
def mock() -> tuple[World, Callable[[str], np.ndarray]]:
    def values(name: str) -> np.ndarray:
        return pd.read_csv(shared(f"golden/gvc/pymrio_test/{name}.csv"), index_col=0).to_numpy(float)

    Y = values("input_Y")
    return countries(values("input_Z"), Y.reshape(48, 6, -1).sum(axis=2), 8), values


@pytest.mark.parametrize("extension", ["Emissions", "Factor_Inputs"])
def test_pymrio_accounts(extension: str) -> None:
    w, values = mock()
    F = values(f"input_{extension}_F")
    direct = np.zeros((len(F), 42))
    if extension == "Emissions":
        direct, used = values("input_Emissions_F_Y"), values("input_Y").sum(axis=0)
        close(np.divide(direct, used, out=np.zeros_like(direct), where=used != 0), values("pymrio070_Emissions_S_Y"))
    for name, value in peers.footprints(w, F, direct.reshape(len(F), 6, -1).sum(axis=2)).items():
        golden = values(f"pymrio070_{extension}_{name}")
        for mine, theirs in zip(value, golden, strict=True):
            close(mine, theirs, TOLERANCE)


def test_pymrio_system_and_trade() -> None:
    w, values = mock()
    close(w.x, values("pymrio070_x")[:, 0], TOLERANCE)
    close(w.a, values("pymrio070_A"), TOLERANCE)
    close(w.b, values("pymrio070_L"), TOLERANCE)
    flows, out, into = peers.gross_trade(w)
    close(flows, values("pymrio070_gross_trade_0"), TOLERANCE)
    close(np.column_stack([out, into]), values("pymrio070_gross_trade_1"), TOLERANCE)


def test_pymrio_on_wiod() -> None:
    w = world("wiod2011")

    def values(name: str) -> np.ndarray:
        return read("wiod2011", f"pymrio070_{name}").select_dtypes("number").to_numpy(float)

    mine = peers.footprints(w, w.va[None, :], np.zeros((1, 41)))
    for name in ("D_cba", "D_cba_reg", "D_exp_reg", "D_imp_reg", "M"):
        close(mine[name], values(f"va_{name}"), TOLERANCE)
    flows, out, into = peers.gross_trade(w)
    close(flows, values("gross_trade_bilat"), TOLERANCE)
    close(np.column_stack([out, into]), values("gross_trade_totals"), TOLERANCE)
