"""Normal critical values and p-values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from gvcpos._core.errors import InputError


def critical_value(level: float) -> float:
    """Two-sided critical value of the normal distribution.

    Raises
    ------
    InputError
        If `level` is not between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        raise InputError(f"level={level} is not between 0 and 1.")
    return float(ndtri(0.5 + level / 2.0))


def normal_pvalues(tstats: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Two-sided p-values of statistics that are standard normal under the null."""
    return np.asarray(2.0 * ndtr(-np.abs(tstats)))


def normal_columns(
    estimate: npt.NDArray[np.float64], std_error: npt.NDArray[np.float64], level: float
) -> dict[str, npt.NDArray[np.float64]]:
    """Columns of a frame of estimates: t-statistics (missing where there is no error), p-values and intervals."""
    tstats = np.divide(estimate, std_error, out=np.full_like(estimate, np.nan), where=std_error > 0.0)
    half = critical_value(level) * std_error
    return {
        "estimate": estimate,
        "std_error": std_error,
        "tstat": tstats,
        "pvalue": normal_pvalues(tstats),
        "lower": estimate - half,
        "upper": estimate + half,
    }
