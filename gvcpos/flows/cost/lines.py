"""Arrays with flows or processes first and draws and years last, so that one flow is one run of numbers.

Outside, arrays are (..., T, F, L): years, flows, layers, after leading draws. Costs are computed flow by flow; turned
round, every step works on numbers that lie next to each other, which is twice as fast with thousands of draws.
"""

from __future__ import annotations

import numpy as np

from gvcpos.flows.network import FloatArray, IntArray


def lines(values: FloatArray, axes: int) -> FloatArray:
    """Turn (..., A, B) round to (A, B, ...), for the last `axes` axes."""
    return np.ascontiguousarray(np.moveaxis(values, range(-axes, 0), range(axes)))


def turned_back(values: FloatArray, axes: int) -> FloatArray:
    """Turn (A, B, ...) back to (..., A, B), as a view."""
    return np.moveaxis(values, range(axes), range(-axes, 0))


def gathered(values: FloatArray, ends: IntArray, count: int) -> FloatArray:
    """Sum flows (F, ...) by the process at one of their ends, (count, ...)."""
    out = np.zeros((count, *values.shape[1:]))
    for number, end in enumerate(ends.tolist()):
        if end >= 0:
            out[end] += values[number]
    return out


def inverse(values: FloatArray) -> FloatArray:
    """One over, 0 where there is nothing to divide by."""
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0.0)
