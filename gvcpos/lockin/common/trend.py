"""Does a series of few years have a trend: the mean change a year, for one country or for many together.

Annual shares, positions and rates are close to random walks, under which a regression of their level on time rejects
far too often, with Newey–West errors too. The mean change is the efficient estimate of the drift of a random walk, its
t is exact there for normal changes, and around a fixed trend the test is conservative. Changes over several years h
count by their length: drift b = Σ Δ / Σ h with variance s²/Σ h, s² = Σ (Δ − bh)²/h over the changes less one.
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
        Twice; degrees of freedom are T − 2.
    """
    h = np.diff(years).reshape(-1, *[1] * (values.ndim - 1))
    changes, span = np.diff(values, axis=0), years[-1] - years[0]
    mean = changes.sum(axis=0) / span
    scale = ((changes - mean * h) ** 2 / h).sum(axis=0) / (len(years) - 2)
    return mean, np.sqrt(scale / span)


def series_trend(
    series: pd.Series, what: str, *, alternative: Alternative = "two-sided", level: float = 0.05
) -> Inference:
    """Test that a series by year does not change on average.

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
    return infer(mean, error, len(own) - 2, level=level, alternative=alternative)


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
        ``"common"``: t of the mean series, T − 2 degrees of freedom, whatever the countries share. ``"independent"``: t
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
