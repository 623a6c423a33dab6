"""Where draws are kept: in memory while they are few, in an anonymous file when they are many; and their quantiles."""

from __future__ import annotations

import warnings
from math import prod
from tempfile import TemporaryFile

import numpy as np
import numpy.typing as npt

from gvcpos.flows.draws.marginals import FloatArray

IN_MEMORY = 2**30  # bytes
_BLOCK = 8  # rows that are summarised at a time, so that they stay in the cache


def empty_draws(draws: int, shape: tuple[int, ...], limit: int = IN_MEMORY) -> FloatArray:
    """Return an array (draws, *shape) that lies draw by draw in memory, or beyond `limit` bytes in a file.

    The file has no name and goes when the array does.
    """
    size = (*shape, draws)
    if prod(size) * 8 <= limit:
        return np.moveaxis(np.empty(size), -1, 0)
    with TemporaryFile() as file:
        file.truncate(prod(size) * 8)
        return np.moveaxis(np.memmap(file, dtype=np.float64, mode="r+", shape=size), -1, 0)


def summary(values: FloatArray, level: float) -> dict[str, FloatArray]:
    """Summarise draws.

    Parameters
    ----------
    values : (n, ...) float array
    level : float
        Of the interval between two quantiles, as 0.95.

    Returns
    -------
    dict of str to (...) float array
        median, lower, upper, mean, sd; draws that are NaN are left out.
    """
    rows = np.moveaxis(values, 0, -1)
    flat = rows.reshape(-1, len(values))  # each a run of numbers, where draws are stored as `empty_draws` does
    found = np.empty((5, len(flat)))
    for begin in range(0, len(flat), _BLOCK):
        part = slice(begin, begin + _BLOCK)
        found[:, part] = _of_rows(np.ascontiguousarray(flat[part]), level)
    names = ("median", "lower", "upper", "mean", "sd")
    return {name: column.reshape(rows.shape[:-1]) for name, column in zip(names, found, strict=True)}


def _of_rows(rows: FloatArray, level: float) -> FloatArray:
    """Median, lower, upper, mean and standard deviation, (5, C), of rows (C, n)."""
    ordered = np.sort(rows, axis=-1)  # faster than selecting three quantiles, and puts NaN last
    ends = [0.5, 0.5 * (1.0 - level), 0.5 * (1.0 + level)]
    if not np.isnan(ordered[:, -1]).any():
        n, mean = rows.shape[1], rows.mean(axis=-1)
        off = rows - mean[:, None]
        sd = np.sqrt(np.einsum("ij,ij->i", off, off) / (n - 1)) if n > 1 else np.full(len(rows), np.nan)
        return np.stack([*(_quantile(ordered, np.full(len(rows), n), end) for end in ends), mean, sd])
    count = (~np.isnan(rows)).sum(axis=-1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of rows without any number, which stay NaN
        moments = np.nanmean(rows, axis=-1), np.nanstd(rows, axis=-1, ddof=1)
    return np.stack([*(_quantile(ordered, count, end) for end in ends), *moments])


def _quantile(ordered: FloatArray, count: npt.NDArray[np.int64], at: float) -> FloatArray:
    """Quantile by linear interpolation (Hyndman & Fan's type 7) of the first `count` of ordered rows (C, n)."""
    place = np.maximum(count - 1, 0) * at
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    low, high = (np.take_along_axis(ordered, index[:, None], axis=-1)[:, 0] for index in (below, above))
    return np.asarray(low + (place - below) * (high - low))
