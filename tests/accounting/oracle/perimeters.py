"""Perimeters: which flows of s are taken out of A, and Miroudot & Ye's four terms for each of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.accounting.oracle.world import Array, World


@dataclass(frozen=True)
class Extraction:
    """Pairs (rows, columns) of A that are set to zero: A* of the perimeter."""

    cuts: tuple[tuple[Array, Array], ...]

    def apply(self, a: Array) -> Array:
        star = a.copy()
        for rows, columns in self.cuts:
            star[np.ix_(rows, columns)] = 0
        return star


def perimeter(world: World, s: int, partners: list[int] | None = None, sectors: Array | None = None) -> Extraction:
    """Inputs that s's ``sectors`` (places in 0..N-1, all) sell to ``partners`` (all): crossing these is what counts."""
    rows = world.blocks[s]
    if sectors is not None:
        rows = rows[np.isin(np.arange(len(rows)) % world.N, sectors)]
    chosen = world.others(s) if partners is None else partners
    return Extraction(tuple((rows, world.blocks[r]) for r in chosen))


def country(world: World, s: int) -> Extraction:
    return perimeter(world, s)


def whole_world(world: World) -> Extraction:
    """Every border counts: A* = A^D, B* = L."""
    return Extraction(tuple((world.blocks[s], world.blocks[r]) for s in world.countries for r in world.others(s)))


def extracted_columns(world: World, s: int, extraction: Extraction) -> Array:
    """Columns s of B* = (I − A*)^-1, all rows."""
    eye = np.eye(len(world.a))
    return np.linalg.solve(eye - extraction.apply(world.a), eye[:, world.blocks[s]])


def miroudot_ye(
    world: World, s: int, extraction: Extraction, *, partners: list[int] | None = None, sectors: Array | None = None
) -> dict[str, Array]:
    """DVA, DDC, FVA, FDC of the exports of s (N, countries), as exvatools prints them.

    Only the flows to ``partners`` from ``sectors`` are filled. For the world perimeter B*_ts = 0 for t ≠ s, so FVA is
    zero and all foreign content is FDC = FDC1 + FDC2, the first being the foreign value added of that perimeter.
    """
    rows, v = world.blocks[s], world.v[:, None]
    abroad = np.setdiff1d(np.arange(len(world.v)), rows)
    star, full = extracted_columns(world, s, extraction), world.b[:, rows]
    cut = world.a - extraction.apply(world.a)
    once = np.linalg.solve(np.eye(len(world.a)) - extraction.apply(world.a), cut @ star)  # B* A^I B*
    weight = {
        "DVA": (v * star)[rows],
        "DDC": (v * (full - star))[rows],
        "FVA": (v * star)[abroad],
        "FDC": (v * (full - star))[abroad],
        "FDC1": (v * once)[abroad],
        "FDC2": (v * (full - star - once))[abroad],
    }
    keep = np.ones(len(rows)) if sectors is None else np.isin(np.arange(len(rows)) % world.N, sectors)
    out = {name: np.zeros((world.N, len(world.blocks))) for name in ["EXGR", *weight]}
    for r in world.others(s) if partners is None else partners:
        flow = world.e(s, r) * keep
        out["EXGR"][:, r] = world.fold(flow)
        for name, part in weight.items():
            out[name][:, r] = world.fold(part.sum(axis=0) * flow)
    return out | {"DC": out["DVA"] + out["DDC"], "FC": out["FVA"] + out["FDC"]}
