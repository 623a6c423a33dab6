"""Where the value added in the exports of s comes from and where it goes (exvadir), and value added in final demand."""

from __future__ import annotations

import numpy as np

from tests.accounting.oracle.perimeters import country, extracted_columns
from tests.accounting.oracle.world import Array, World


def directions(world: World, s: int, content: str, flow: str) -> Array:
    """(countries, N, countries): origin t, exporting sector of s, destination.

    ``content`` TC, DC, FC use B_ts; TVA, DVA, FVA use B^{/s}_ts (no double counting by s's border). ``flow`` EXGR: the
    destination is the direct importer; EXGRY: it is where the exports are finally absorbed, s included (reflection).
    """
    columns = extracted_columns(world, s, country(world, s)) if content.endswith("VA") else world.b[:, world.blocks[s]]
    goes = absorbed(world, s) if flow == "EXGRY" else direct(world, s)
    out = np.zeros((len(world.blocks), world.N, len(world.blocks)))
    for t in world.countries:
        if (content[0] == "D" and t != s) or (content[0] == "F" and t == s):
            continue
        weight = world.V(t) @ columns[world.blocks[t]]
        for r in world.countries:
            out[t, :, r] = world.fold(weight * goes[:, r])
    return out


def direct(world: World, s: int) -> Array:
    """e_sr, column r."""
    out = np.zeros((len(world.blocks[s]), len(world.blocks)))
    for r in world.others(s):
        out[:, r] = world.e(s, r)
    return out


def absorbed(world: World, s: int) -> Array:
    """Y_sr + Σ_{j≠s} A_sj (BY)_jr, column r; for r = s only the second part."""
    out = np.zeros((len(world.blocks[s]), len(world.blocks)))
    for r in world.countries:
        out[:, r] = sum((world.A(s, j) @ world.BYof(j, r) for j in world.others(s)), np.zeros(len(out)))
        if r != s:
            out[:, r] += world.Y(s, r)
    return out


def in_final_demand(world: World) -> Array:
    """V̂BY by origin (countries, N, countries); its sum is the world's value added."""
    value = world.v[:, None] * world.BY
    return np.stack([value[rows].reshape(-1, world.N, value.shape[1]).sum(axis=0) for rows in world.blocks])
