"""What a test could have found: the effect that it detects with a given power."""

from __future__ import annotations

from typing import Literal

import numpy as np

POWER = 0.8


def detectable(
    std_error: float, df: float | None, *, level: float = 0.05, sides: Literal[1, 2] = 2, power: float = POWER
) -> float:
    """Return the minimum detectable effect of a test of one estimate.

    Parameters
    ----------
    std_error : float
    df : float or None
        Of Student's t; None for the normal.
    level, power : float
    sides : {1, 2}

    Notes
    -----
    (q_{1−α/sides} + q_{power}) times the standard error (Bloom 1995), q being quantiles of the distribution under the
    null. It says what the design could find, not what is there, and is no p-value in other clothes: it does not depend
    on the estimate.
    """
    from scipy import stats

    law = stats.norm() if df is None else stats.t(df)
    return float((law.ppf(1 - level / sides) + law.ppf(power)) * std_error)


def detectable_noncentrality(df: float, *, level: float = 0.05, power: float = POWER) -> float:
    """Return the noncentrality at which a chi-squared test of `df` restrictions rejects with a given power.

    Divided by the number of observations it is an effect size on the scale of the statistic: the square of Cohen's w.
    """
    from scipy import optimize, stats

    cut = float(stats.chi2.ppf(1 - level, df))
    high = 10.0
    while stats.ncx2.sf(cut, df, high) < power:
        high *= 2.0
    return float(optimize.brentq(lambda nc: stats.ncx2.sf(cut, df, nc) - power, np.finfo(float).eps, high))
