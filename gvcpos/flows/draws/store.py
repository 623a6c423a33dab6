"""Where draws are kept: in memory while they are few, in an anonymous file when they are many; and their quantiles."""

from __future__ import annotations

import warnings
from math import prod
from tempfile import TemporaryFile

import numpy as np
import numpy.typing as npt

from gvcpos.flows.draws.marginals import FloatArray

SUMMARY = ("median", "lower", "upper", "mean", "sd")
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
    found = np.empty((len(SUMMARY), len(flat)))
    for begin in range(0, len(flat), _BLOCK):
        part = slice(begin, begin + _BLOCK)
        found[:, part] = summary_of_rows(np.ascontiguousarray(flat[part]), level)
    return {name: column.reshape(rows.shape[:-1]) for name, column in zip(SUMMARY, found, strict=True)}


def summary_of_rows(rows: FloatArray, level: float) -> FloatArray:
    """Return `SUMMARY` of rows (C, n), (5, C); a few rows at a time stay in the cache."""
    ordered = np.sort(rows, axis=-1)  # faster than selecting three quantiles, and puts NaN last
    out = np.full((len(SUMMARY), len(rows)), np.nan)
    full = ~np.isnan(ordered[:, -1])
    partly = ~full & ~np.isnan(ordered[:, 0])
    ends = [0.5, 0.5 * (1.0 - level), 0.5 * (1.0 + level)]
    if full.any():
        own, sorted_own = (rows, ordered) if full.all() else (rows[full], ordered[full])
        n, mean = rows.shape[1], own.mean(axis=-1)
        off = own - mean[:, None]
        sd = np.sqrt(np.einsum("ij,ij->i", off, off) / (n - 1)) if n > 1 else np.full(len(own), np.nan)
        out[:, full] = [*(_quantile(sorted_own, np.full(len(own), n), end) for end in ends), mean, sd]
    if partly.any():
        own, count = rows[partly], (~np.isnan(rows[partly])).sum(axis=-1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of rows with one number, which have no deviation
            moments = np.nanmean(own, axis=-1), np.nanstd(own, axis=-1, ddof=1)
        out[:, partly] = [*(_quantile(ordered[partly], count, end) for end in ends), *moments]
    return out


def _quantile(ordered: FloatArray, count: npt.NDArray[np.int64], at: float) -> FloatArray:
    """Quantile by linear interpolation (Hyndman & Fan's type 7) of the first `count` of ordered rows (C, n)."""
    place = np.maximum(count - 1, 0) * at
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    low, high = (np.take_along_axis(ordered, index[:, None], axis=-1)[:, 0] for index in (below, above))
    return np.asarray(low + (place - below) * (high - low))
