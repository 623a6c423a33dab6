"""OECD TiVA indicators by their codes, as exvatools prints them: country s (rows sectors) against country r."""

from __future__ import annotations

import numpy as np

from tests.accounting.oracle.world import Array, World

TERMS = ["EXGR", "EXGR_DDC", "EXGR_IDC", "EXGR_RIM", "EXGR_FVA"]


def tiva(world: World, s: int) -> dict[str, Array]:
    """All codes for country s: (N, countries), VA and PROD (N, 1)."""
    names = [
        "EXGR",
        "EXGR_FNL",
        "EXGR_INT",
        "IMGR",
        "IMGR_FNL",
        "IMGR_INT",
        "DOM",
        "DOM_FNL",
        "DOM_INT",
        "BALGR",
        "EXGR_DVA",
        "EXGR_DDC",
        "EXGR_IDC",
        "EXGR_RIM",
        "REF",
        "FD_VA",
        "DXD_DVA",
        "FFD_DVA",
        "DFD_FVA",
        "BALVAFD",
        "EXGR_FVA",
        "DEXFVAP",
        "FEXDVAP",
    ]
    out = {name: np.zeros((world.N, len(world.blocks))) for name in names}
    home = {
        "DOM_INT": world.A(s, s) @ world.X(s),
        "DOM_FNL": world.Y(s, s),
        "DXD_DVA": world.V(s) * world.BYof(s, s),
    }
    _fill(world, out, s, home)
    exports = content(world, s)
    for r in world.others(s):
        _fill(world, out, r, {name: weight * world.e(s, r) for name, weight in exports.items()})
        _fill(world, out, r, flows(world, s, r) | between(world, s, r))
    out |= {
        "DOM": out["DOM_INT"] + out["DOM_FNL"],
        "BALGR": out["EXGR"] - out["IMGR"],
        "REF": out["EXGR_DDC"] + out["EXGR_IDC"] - out["FFD_DVA"],
        "FD_VA": out["DXD_DVA"] + out["FFD_DVA"],
        "BALVAFD": out["FFD_DVA"] - out["DFD_FVA"],
    }
    own = {"VA": world.V(s) * world.X(s), "PROD": world.X(s)}
    return out | {name: world.fold(value)[:, None] for name, value in own.items()}


def content(world: World, s: int) -> dict[str, Array]:
    """Content of one unit exported, by exporting sector."""
    v, local, full = world.V(s), world.L(s), world.B(s, s)
    direct = v * np.diag(local)
    return {
        "EXGR_DVA": v @ full,
        "EXGR_DDC": direct,
        "EXGR_IDC": v @ local - direct,
        "EXGR_RIM": v @ (full - local),
        "EXGR_FVA": sum((world.V(t) @ world.B(t, s) for t in world.others(s)), np.zeros(len(v))),
    }


def flows(world: World, s: int, r: int) -> dict[str, Array]:
    """Gross flows; imports have the product (sector of the seller r) as their row."""
    return {
        "EXGR": world.e(s, r),
        "EXGR_FNL": world.Y(s, r),
        "EXGR_INT": world.A(s, r) @ world.X(r),
        "IMGR": world.e(r, s),
        "IMGR_FNL": world.Y(r, s),
        "IMGR_INT": world.A(r, s) @ world.X(s),
    }


def between(world: World, s: int, r: int) -> dict[str, Array]:
    """Value added of s in r's final demand and exports, and the other way round."""
    return {
        "FFD_DVA": world.V(s) * world.BYof(s, r),  # row: sector of origin in s
        "DFD_FVA": world.V(r) * world.BYof(r, s),  # row: sector of origin in r
        "DEXFVAP": (world.V(r) @ world.B(r, s)) * world.exports(s),  # row: exporting sector of s
        "FEXDVAP": (world.V(s) @ world.B(s, r)) * world.exports(r),  # row: exporting sector of r
    }


def _fill(world: World, out: dict[str, Array], column: int, values: dict[str, Array]) -> None:
    for name, value in values.items():
        out[name][:, column] = world.fold(value)


def oecd_standard(codes: dict[str, Array]) -> dict[str, Array]:
    """The aggregates exvatools prints for method oecd; GVC = DEXFVAP + FEXDVAP."""
    c = codes
    return {
        "EXGR": c["EXGR"],
        "DC": c["EXGR_DVA"],
        "DVA": c["EXGR_DDC"] + c["EXGR_IDC"],
        "VAX": c["FFD_DVA"],
        "REF": c["REF"],
        "DDC": c["EXGR_RIM"],
        "FC": c["EXGR_FVA"],
        "GVC": c["DEXFVAP"] + c["FEXDVAP"],
        "GVCB": c["DEXFVAP"],
        "GVCF": c["FEXDVAP"],
    }
