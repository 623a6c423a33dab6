"""What cannot be costed: loops that keep all they have, and centres that spend and make nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gvcpos._core.errors import InputError
from gvcpos.flows.balance.elimination import Elimination, Entry
from gvcpos.flows.cost.lines import first_true, lines
from gvcpos.flows.cost.money import Spent
from gvcpos.flows.cost.structure import CostStructure
from gvcpos.flows.network import FloatArray


def solved(
    structure: CostStructure, block: Sequence[int], entries: Mapping[Entry, FloatArray], right: FloatArray
) -> FloatArray:
    """Solve the linear systems of a loop, (n, K, T, ...), of their entries (T, ...) and right sides.

    Raises
    ------
    InputError
        If one is singular, naming the processes and the year.
    """
    typical = np.zeros((len(right), len(right)))
    for at, values in entries.items():
        typical[at] = values.mean()
    out = np.empty_like(right)
    try:
        order = Elimination.of(typical, set(entries))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for kind in range(right.shape[1]):
                out[:, kind] = order.solve(entries, list(right[:, kind]))
    except ZeroDivisionError:
        out[:] = np.nan
    wrong = first_true(~np.isfinite(out))
    if wrong is not None:
        raise InputError(
            f"loop of {structure.named(block)}, {structure.network.years[wrong[2]]}: all cost comes back, so that "
            "unit costs are not defined. Something must leave the loop as product or loss."
        )
    return out


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
    closed = first_true((around > 0.0) & (away <= 1e-12 * around))
    if closed is not None:
        layer, t = closed[:2]
        what = f", layer {network.layers[layer]!r}" if len(around) > 1 else ""
        raise InputError(
            f"loop of {structure.named(block)}, {network.years[t]}{what}: {around[closed]:g} kt go round and "
            "nothing leaves, so that unit costs are not defined. Something must leave the loop as product or loss."
        )


def refuse_idle(structure: CostStructure, made: FloatArray, spent: Spent) -> None:
    """Raise where a centre spends money and makes nothing, `made` being (P, ...) kt.

    Raises
    ------
    InputError
        Naming the process and the year.
    """
    total = lines(spent.total, 1)
    wrong = first_true((total > 0.0) & ~(made > 0.0))
    if wrong is not None:
        j, t = wrong[:2]
        raise InputError(
            f"process {structure.network.processes[j]!r}, {structure.network.years[t]}: it spends "
            f"{total[wrong]:g} USD million and makes no product. Give it a product in that year, or costs "
            "per t."
        )
