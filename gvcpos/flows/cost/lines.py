"""Arrays with flows or processes first, then years, and draws last, so that one flow is one run of numbers.

Outside, arrays are (..., T, F, L): years, flows, layers, after leading draws. Costs are computed flow by flow; turned
round, every step works on numbers that lie next to each other, and so do the draws of what is handed back.
"""

from __future__ import annotations

import numpy as np

from gvcpos.flows.cost.structure import BoolArray
from gvcpos.flows.network import FloatArray, IntArray


def lines(values: FloatArray, axes: int) -> FloatArray:
    """Turn (..., T, A, B) round to (A, B, T, ...), for the last `axes` axes."""
    return np.ascontiguousarray(np.moveaxis(values, range(-axes - 1, 0), (axes, *range(axes))))


def turned_back(values: FloatArray, axes: int) -> FloatArray:
    """Turn (A, B, T, ...) back to (..., T, A, B), as a view."""
    return np.moveaxis(values, (axes, *range(axes)), range(-axes - 1, 0))


def years_first(values: FloatArray | float, dimensions: int) -> FloatArray:
    """Turn what broadcasts with (..., T), of so many dimensions, so that it broadcasts with (T, ...)."""
    found = np.asarray(values)
    return np.moveaxis(found[(None,) * (dimensions - found.ndim)], -1, 0)


def gathered(values: FloatArray, ends: IntArray, count: int) -> FloatArray:
    """Sum flows (F, ...) by the process at one of their ends, (count, ...)."""
    out = np.zeros((count, *values.shape[1:]))
    for number, end in enumerate(ends.tolist()):
        if end >= 0:
            out[end] += values[number]
    return out


def inverse(values: FloatArray) -> FloatArray:
    """One over, 0 where there is nothing to divide by."""
    if values.min(initial=1.0) > 0.0:
        return np.asarray(1.0 / values)
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0.0)


def first_true(wrong: BoolArray) -> tuple[int, ...] | None:
    """Position of the first true entry."""
    if not wrong.any():
        return None
    return tuple(int(i) for i in np.unravel_index(np.flatnonzero(wrong)[0], wrong.shape))
