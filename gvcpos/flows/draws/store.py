"""Where draws are kept: in memory while they are few, in an anonymous file when they are many; and their quantiles."""

from __future__ import annotations

import warnings
from math import prod
from tempfile import TemporaryFile

import numpy as np
import numpy.typing as npt

from gvcpos.flows.draws.marginals import FloatArray

IN_MEMORY = 2**30  # bytes


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
    ordered = np.sort(values, axis=0)  # faster than selecting three quantiles, and puts NaN last
    missing = bool(np.isnan(ordered[-1]).any())
    count = (~np.isnan(values)).sum(axis=0) if missing else np.full(values.shape[1:], len(values))
    mean, sd = (np.nanmean, np.nanstd) if missing else (np.mean, np.std)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of columns without any number, which stay NaN
        return {
            "median": _quantile(ordered, count, 0.5),
            "lower": _quantile(ordered, count, 0.5 * (1.0 - level)),
            "upper": _quantile(ordered, count, 0.5 * (1.0 + level)),
            "mean": mean(values, axis=0),
            "sd": sd(values, axis=0, ddof=1),
        }


def _quantile(ordered: FloatArray, count: npt.NDArray[np.int64], at: float) -> FloatArray:
    """Quantile by linear interpolation (Hyndman & Fan's type 7) of the first `count` of ordered values (n, ...)."""
    place = np.maximum(count - 1, 0) * at
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    low, high = (np.take_along_axis(ordered, index[None], axis=0)[0] for index in (below, above))
    return np.asarray(low + (place - below) * (high - low))
