"""Where draws are kept: in memory while they are few, in an anonymous file when they are many; and their quantiles."""

from __future__ import annotations

from math import prod
from tempfile import TemporaryFile

import numpy as np

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
    at = [0.5, 0.5 * (1.0 - level), 0.5 * (1.0 + level)]
    missing = np.isnan(values).any()
    quantile, mean, sd = (np.nanquantile, np.nanmean, np.nanstd) if missing else (np.quantile, np.mean, np.std)
    median, lower, upper = quantile(values, at, axis=0)
    return {
        "median": median,
        "lower": lower,
        "upper": upper,
        "mean": mean(values, axis=0),
        "sd": sd(values, axis=0, ddof=1),
    }
