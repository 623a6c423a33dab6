"""Borin & Mancini 2019/2023: source and sink terms of the exports of s to every r, by exporting sector or by origin.

Every function returns name -> array (N, countries): row = sector, column = direct importer r; column s is zero.
"""

from __future__ import annotations

import numpy as np

from tests.accounting.oracle.perimeters import Extraction, country, extracted_columns
from tests.accounting.oracle.world import Array, World, total

SOURCE = ["VAX1", "VAX2", "VAX3", "VAX4", "REF1", "REF2", "DDC", "FVA1", "FVA2", "FVA3", "FVA4", "FDC"]


def weights(world: World, s: int, extraction: Extraction | None = None) -> dict[str, Array]:
    """Rows of value added per unit exported, one column per exporting sector of s.

    ``own`` V̂_s B*_ss, ``again`` V̂_s (B_ss − B*_ss), ``foreign`` Σ_t V̂_t B*_ts, ``foreign_again``; B* = (I − A*)^-1
    and A* is A without the flows of the perimeter (for the country perimeter B*_ss = L_ss).
    """
    rows = world.blocks[s]
    star = extracted_columns(world, s, extraction or country(world, s))
    value, star_value = world.v[:, None] * world.b[:, rows], world.v[:, None] * star
    abroad = np.setdiff1d(np.arange(len(world.v)), rows)
    fold = lambda part: part.reshape(-1, world.N, len(rows)).sum(axis=0)  # noqa: E731
    return {
        "own": fold(star_value[rows]),
        "again": fold((value - star_value)[rows]),
        "foreign": fold(star_value[abroad]),
        "foreign_again": fold((value - star_value)[abroad]),
    }


def destinations(world: World, s: int, r: int) -> dict[str, Array]:
    """What becomes of e_sr: the vectors over exporting sectors of s that the weights multiply."""
    A, Y = world.A, world.Y
    near, rows = A(s, r) @ world.L(r), world.blocks[r]
    back = total((A(r, j) @ world.BYof(j, s) for j in world.others(r)), rows)
    onward = total((A(r, j) @ world.BY[world.blocks[j]].sum(axis=1) for j in world.others(r)), rows)
    away = total((Y(r, j) for j in world.others(r, s)), rows)
    return {
        "1": Y(s, r),
        "2": near @ Y(r, r),
        "VAX3": near @ away,
        "VAX4": near @ (onward - back),
        "REF1": near @ Y(r, s),
        "REF2": near @ back,
        "3": near @ (away + Y(r, s)),
        "4": near @ onward,
        "e": world.e(s, r),
    }


def source_terms(
    world: World, s: int, extraction: Extraction | None = None, *, origin: bool = False, only: Array | None = None
) -> dict[str, Array]:
    """The twelve source terms and EXGR.

    ``only`` (rows of s, 0 or 1) keeps some exporting sectors; with ``origin`` the rows are sectors of origin.
    """
    w = weights(world, s, extraction)
    out = {name: np.zeros((world.N, len(world.blocks))) for name in ["EXGR", *SOURCE]}
    keep = np.ones(len(world.blocks[s])) if only is None else only

    def put(name: str, r: int, weight: str, flow: Array) -> None:
        flow = flow * keep
        out[name][:, r] = w[weight] @ flow if origin else world.fold(w[weight].sum(axis=0) * flow)

    for r in world.others(s):
        d = destinations(world, s, r)
        out["EXGR"][:, r] = world.fold(d["e"] * keep)
        for name in ("VAX3", "VAX4", "REF1", "REF2"):
            put(name, r, "own", d[name])
        for number in "1234":
            if number in "12":
                put(f"VAX{number}", r, "own", d[number])
            put(f"FVA{number}", r, "foreign", d[number])
        put("DDC", r, "again", d["e"])
        put("FDC", r, "foreign_again", d["e"])
    return out


def source_standard(terms: dict[str, Array]) -> dict[str, Array]:
    """The aggregates of the source terms."""
    t = terms
    davax = t["VAX1"] + t["VAX2"]
    vax = davax + t["VAX3"] + t["VAX4"]
    ref = t["REF1"] + t["REF2"]
    fva = t["FVA1"] + t["FVA2"] + t["FVA3"] + t["FVA4"]
    backward, forward = fva + t["FDC"] + t["DDC"], t["VAX3"] + t["VAX4"] + ref
    return {
        "EXGR": t["EXGR"],
        "DC": vax + ref + t["DDC"],
        "DVA": vax + ref,
        "VAX": vax,
        "DAVAX": davax,
        "REF": ref,
        "DDC": t["DDC"],
        "FC": fva + t["FDC"],
        "FVA": fva,
        "FDC": t["FDC"],
        "GVC": backward + forward,
        "GVCB": backward,
        "GVCF": forward,
    }


def sink_terms(world: World, s: int) -> dict[str, Array]:
    """The twelve sink terms: w = v_s B_ss, and what r sends on is followed until it would pass s's border again."""
    star, inner = _without_exports_of(world, s)
    own, foreign = _sink_weights(world, s)
    out = {name: np.zeros((world.N, len(world.blocks))) for name in ["EXGR", *SOURCE]}
    for r in world.others(s):
        near, rows = world.A(s, r) @ world.L(r), world.blocks[r]
        through = [(world.A(r, j), world.blocks[j]) for j in world.others(r)]
        back = total((a @ inner[j, s] for a, j in through), rows)
        onward = total((a @ inner[j].sum(axis=1) for a, j in through), rows)
        again = total((a @ star[j] @ world.exports(s) for a, j in through), rows)
        away = total((world.Y(r, j) for j in world.others(r, s)), rows)
        flows = {
            "EXGR": (1.0, world.e(s, r)),
            "VAX1": (own, world.Y(s, r)),
            "VAX2": (own, near @ world.Y(r, r)),
            "VAX3": (own, near @ away),
            "VAX4": (own, near @ (onward - back)),
            "REF1": (own, near @ world.Y(r, s)),
            "REF2": (own, near @ back),
            "DDC": (own, near @ again),
            "FVA1": (foreign, world.Y(s, r)),
            "FVA2": (foreign, near @ world.Y(r, r)),
            "FVA3": (foreign, near @ (away + world.Y(r, s))),
            "FVA4": (foreign, near @ onward),
            "FDC": (foreign, near @ again),
        }
        for name, (weight, flow) in flows.items():
            out[name][:, r] = world.fold(weight * flow)
    return out


def _sink_weights(world: World, s: int) -> tuple[Array, Array]:
    foreign = total((world.V(t) @ world.B(t, s) for t in world.others(s)), world.blocks[s])
    return world.V(s) @ world.B(s, s), foreign


def _without_exports_of(world: World, s: int) -> tuple[Array, Array]:
    """Columns s of B^{/s}, and B^{/s} Y^{/s}: no exports of s, neither intermediate nor final."""
    keep = world.final.copy()
    for r in world.others(s):
        keep[world.blocks[s], r] = 0
    a = country(world, s).apply(world.a)
    both = np.linalg.solve(np.eye(len(a)) - a, np.column_stack([np.eye(len(a))[:, world.blocks[s]], keep]))
    size = len(world.blocks[s])
    return both[:, :size], both[:, size:]


def sink_absorbed(world: World, s: int) -> Array:
    """Who absorbs the domestic value added of the sink terms: (N, importers r, absorbers k); k = s is REF."""
    _, inner = _without_exports_of(world, s)
    own, _ = _sink_weights(world, s)
    out = np.zeros((world.N, len(world.blocks), len(world.blocks)))
    for r in world.others(s):
        near = world.A(s, r) @ world.L(r)
        for k in world.countries:
            onward = total((world.A(r, j) @ inner[world.blocks[j], k] for j in world.others(r)), world.blocks[r])
            flow = near @ (world.Y(r, k) + onward)
            out[:, r, k] = world.fold(own * (flow + world.Y(s, r) if k == r else flow))
    return out


def sink_standard(world: World, s: int) -> dict[str, Array]:
    """The aggregates of the sink terms, and VAXIM: what the direct importer r absorbs itself."""
    t = sink_terms(world, s)
    vax, ref = t["VAX1"] + t["VAX2"] + t["VAX3"] + t["VAX4"], t["REF1"] + t["REF2"]
    fva = t["FVA1"] + t["FVA2"] + t["FVA3"] + t["FVA4"]
    return {
        "EXGR": t["EXGR"],
        "DC": vax + ref + t["DDC"],
        "DVA": vax + ref,
        "VAX": vax,
        "VAXIM": np.einsum("nrr->nr", sink_absorbed(world, s)).copy(),
        "REF": ref,
        "DDC": t["DDC"],
        "FC": fva + t["FDC"],
        "FVA": fva,
        "FDC": t["FDC"],
    }
