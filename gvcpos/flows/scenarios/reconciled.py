"""A system at its reconciled numbers: what the file says, with every datum where the reconciliation put it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gvcpos.flows.network import FloatArray
from gvcpos.flows.scenarios.series import Node, block_of, write_years
from gvcpos.flows.system.data import DataVector, Datum
from gvcpos.flows.system.flow_system import FlowSystem

_ONCE = ("lifetime", "history", "initial")
_SAME = 1e-12  # relative: what rounding alone moves


def at_reconciled(system: FlowSystem) -> Node:
    """Return what a system's file says, as nested mappings, at the reconciled numbers.

    A scenario starts from these: what contradicts itself in the data must not look like its effect. A number that moved
    keeps its standard deviation; one with bounds that is now a series, or outside them, is truncated normal instead.

    Parameters
    ----------
    system : FlowSystem
    """
    spec = system.spec.model_dump(mode="python", by_alias=True, exclude_unset=True)
    moved = _summing_to_one(np.array(system.balance().data), system.data)
    for k, datum in enumerate(system.data):
        new = moved[:, k]
        if np.allclose(new, datum.values, rtol=_SAME, atol=0.0):
            continue
        holder: Any = spec
        for part in datum.path[:-1]:
            holder = holder[part]
        key = datum.path[-1]
        factor = np.divide(new, datum.values, out=np.ones_like(new), where=datum.values != 0.0)
        if datum.what in _ONCE:  # one number, which stands at the first year
            factor = np.full_like(factor, factor[0])
        holder[key] = _moved(holder[key], factor, datum, system.network.years)
    return spec


def _summing_to_one(values: FloatArray, data: DataVector) -> FloatArray:
    """Return data (T, K) with the shares of every composition that was moved divided by their sum."""
    owners = {datum.owner for datum in data if datum.what == "composition"}
    for owner in owners:
        columns = [k for k, datum in enumerate(data) if datum.what == "composition" and datum.owner == owner]
        values[:, columns] /= values[:, columns].sum(axis=1, keepdims=True)
    return values


def _moved(found: Any, factor: FloatArray, datum: Datum, years: tuple[int, ...]) -> Any:
    """Return a number of the file, or a block of one, times a factor a year."""
    block, old = block_of(found, years)
    if datum.what == "history":  # the datum is a factor on it
        write_years(block, {year: value * float(factor[0]) for year, value in old.items()}, constant=False)
        return block
    new = {year: old[year] * float(by) for year, by in zip(years, factor, strict=True)}
    constant = "values" not in block and bool(np.allclose(factor, factor[0], rtol=_SAME * 100, atol=0.0))
    write_years(block, new, constant=constant)
    width = block.get("uncertainty")
    if width is not None and "low" in width and not (constant and width["low"] <= block["value"] <= width["high"]):
        relative = float(datum.sd.mean() / datum.values.mean())
        block["uncertainty"] = {"distribution": "truncated normal", "relative": relative} | {
            key: width[key] for key in ("correlated",) if key in width
        }
    return block
