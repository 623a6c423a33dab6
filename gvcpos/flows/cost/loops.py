"""What cannot be costed: loops that keep all they have, and centres that spend and make nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gvcpos._core.errors import InputError
from gvcpos.flows.cost.money import Spent
from gvcpos.flows.cost.structure import CostStructure
from gvcpos.flows.network import FloatArray


def solved(structure: CostStructure, block: Sequence[int], square: FloatArray, right: FloatArray) -> FloatArray:
    """Solve the linear systems (..., n, n) of a loop.

    Raises
    ------
    InputError
        If one is singular, naming the processes and the year.
    """
    try:
        return np.asarray(np.linalg.solve(square, right), dtype=np.float64)
    except np.linalg.LinAlgError as error:
        singular = np.argwhere(np.linalg.matrix_rank(square) < square.shape[-1])
        year = structure.network.years[singular[0][-1]] if singular.size else structure.network.years[0]
        raise InputError(
            f"loop of {structure.named(block)}, {year}: all cost comes back, so that unit costs are not defined. "
            "Something must leave the loop as product or loss."
        ) from error


def refuse_closed(structure: CostStructure, block: Sequence[int], inside: Sequence[int], mass: FloatArray) -> None:
    """Raise where mass (F, L, ...) goes round in a loop that nothing leaves, before its linear system turns singular.

    Raises
    ------
    InputError
        Naming the processes, the year and the layer.
    """
    network = structure.network
    around, away = mass[list(inside)].sum(axis=0), np.zeros(mass.shape[1:])
    for j in block:
        leaving = [f for f in structure.flows_from(j) if f not in inside]
        away += mass[leaving].sum(axis=0)
        if structure.stock[j]:
            change = mass[structure.flows_into(j)].sum(axis=0) - mass[structure.flows_from(j)].sum(axis=0)
            away += change.clip(min=0.0)
    if structure.by_value[list(block)].any():
        around, away = around.sum(axis=0, keepdims=True), away.sum(axis=0, keepdims=True)
    closed = np.argwhere((around > 0.0) & (away <= 1e-12 * around))
    if closed.size:
        layer, t = closed[0][[0, -1]]
        what = f", layer {network.layers[layer]!r}" if len(around) > 1 else ""
        raise InputError(
            f"loop of {structure.named(block)}, {network.years[t]}{what}: {around[tuple(closed[0])]:g} kt go round and "
            "nothing leaves, so that unit costs are not defined. Something must leave the loop as product or loss."
        )


def refuse_idle(structure: CostStructure, made: FloatArray, spent: Spent) -> None:
    """Raise where a centre spends money and makes nothing, `made` being (P, ...) kt.

    Raises
    ------
    InputError
        Naming the process and the year.
    """
    total = np.moveaxis(spent.total, -1, 0)
    wrong = np.argwhere((total > 0.0) & ~(made > 0.0))
    if wrong.size:
        j, t = wrong[0][[0, -1]]
        raise InputError(
            f"process {structure.network.processes[j]!r}, {structure.network.years[t]}: it spends "
            f"{total[tuple(wrong[0])]:g} USD million and makes no product. Give it a product in that year, or costs "
            "per t."
        )
