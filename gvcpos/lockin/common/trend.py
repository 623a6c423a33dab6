"""Does a series of few years have a trend, for one country or for many together.

What is estimated is the mean change a year, the efficient estimate of the drift of a random walk. Annual shares,
positions and rates may be random walks or come back to a line, and few years cannot tell which: `TrendLaw` tests
the trend with the right size in either case. Changes over several years h count by their length: drift b = Σ Δ / Σ h
with variance s²/Σ h, s² = Σ (Δ − bh)²/h over the changes less one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import EstimationError
from gvcpos._core.options import choose
from gvcpos.lockin.common.results import Alternative, Inference, infer
from gvcpos.lockin.common.trend_law import trend_law

FloatArray = npt.NDArray[np.float64]
Shocks = Literal["common", "independent"]
FEWEST_CHANGES = 4
_FEWEST_COUNTRIES = 4


@dataclass(frozen=True, eq=False)
class Trend:
    """The trend of a variable for some countries.

    Attributes
    ----------
    result : Inference
        Of the mean change a year.
    series : Series
        By year: the country's value, or the mean of the countries'.
    nobs, ncountries : int
        Changes and countries that the test rests on.
    """

    result: Inference
    series: pd.Series
    nobs: int
    ncountries: int


def drift(years: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean changes a year and their standard errors.

    Parameters
    ----------
    years : ndarray, shape (T,)
        Rising.
    values : ndarray, shape (T,) or (T, n)
        A series a column.

    Returns
    -------
    ndarray, shape () or (n,)
        Twice; the errors are those of random walks.
    """
    h = np.diff(years).reshape(-1, *[1] * (values.ndim - 1))
    changes, span = np.diff(values, axis=0), years[-1] - years[0]
    mean = changes.sum(axis=0) / span
    scale = ((changes - mean * h) ** 2 / h).sum(axis=0) / (len(years) - 2)
    return mean, np.sqrt(scale / span)


def series_trend(
    series: pd.Series, what: str, *, alternative: Alternative = "two-sided", level: float = 0.05
) -> Inference:
    """Test that a series by year has no trend.

    Statistic and error are those of the mean change of a random walk; p-value, interval and the minimum detectable
    effect come from the likelihood ratio of `TrendLaw`. A one-sided p-value is half of the two-sided one on its side.

    Raises
    ------
    EstimationError
        With fewer than five years, or without variation.
    """
    own = series.sort_index()
    years, values = own.index.to_numpy(float), own.to_numpy(float)
    if len(own) <= FEWEST_CHANGES:
        raise EstimationError(
            f"{what}: {max(len(own) - 1, 0)} annual changes; at least {FEWEST_CHANGES} are needed. Give more years."
        )
    mean, error = (float(value) for value in drift(years, values))
    if not error > 1e-12 * max(1.0, float(np.abs(values).max())):
        raise EstimationError(f"{what}: the series changes by the same every year. There is nothing to test.")
    since = (years - years[0]).astype(int)
    law = trend_law(tuple(int(year) for year in since // np.gcd.reduce(since)))
    step = float(np.gcd.reduce(since))
    both = float(law.pvalue(values[:, None])[0])
    half = both / 2 if (mean > 0) == (alternative == "greater") else 1.0 - both / 2
    low, high = law.interval(values, mean * step, error * step, level)
    return Inference(
        estimate=mean,
        std_error=error,
        statistic=mean / error,
        pvalue=both if alternative == "two-sided" else half,
        conf_int=(low / step, high / step),
        distribution="simulated likelihood ratio",
        df=np.nan,
        mde=law.detectable(level if alternative == "two-sided" else 2 * level) * error,
    )


def scope_trend(
    wide: pd.DataFrame,
    what: str,
    *,
    shocks: Shocks = "common",
    alternative: Alternative = "two-sided",
    level: float = 0.05,
) -> Trend:
    """Test that the mean of some countries' trends is zero.

    Parameters
    ----------
    wide : DataFrame
        Years × countries, complete.
    what : str
        Names the test in messages.
    shocks : {"common", "independent"}
        ``"common"``: the mean series, whatever the countries share. ``"independent"``: t
        of the countries' mean changes, countries less one, whatever the dependence over time; countries that move
        together make it reject too often. One country is a series in both.
    alternative, level
        As in `infer`.

    Raises
    ------
    EstimationError
        With fewer than five years; with fewer than four countries taken as independent.
    """
    n, T = wide.shape[1], wide.shape[0]
    series = wide.mean(axis=1).sort_index()
    if choose(shocks, Shocks, "shocks") == "common" or n == 1:
        return Trend(series_trend(series, what, alternative=alternative, level=level), series, T - 1, n)
    if n < _FEWEST_COUNTRIES or T < 2:
        raise EstimationError(
            f'{what}: {n} countries in {T} years; shocks="independent" needs at least {_FEWEST_COUNTRIES} countries. '
            'Take shocks="common".'
        )
    ordered = wide.sort_index()
    years = ordered.index.to_numpy(float)
    slopes = (ordered.iloc[-1] - ordered.iloc[0]).to_numpy(float) / (years[-1] - years[0])
    error = float(slopes.std(ddof=1) / np.sqrt(n))
    result = infer(float(slopes.mean()), error, n - 1, level=level, alternative=alternative)
    return Trend(result, series, n, n)
