"""The smile curves of some years together: where their troughs are, and where countries stand on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError, InputError, LabelError
from gvcpos._core.labels import enumerate_labels
from gvcpos.accounting.indices.position import ratio
from gvcpos.lockin.common.sample import known_excluded
from gvcpos.lockin.smile.smile_cells import COLUMNS
from gvcpos.lockin.smile.smile_fit import FloatArray, IntArray, YearlyQuadratics, fieller

_FEWEST_COUNTRIES = 4
_TAIL = 0.05
_GRID = 61


@dataclass(frozen=True, eq=False)
class Smile:
    """Points and curves.

    Attributes
    ----------
    points : DataFrame
        Of `smile_points`, without the countries left out; weights of a year sum to one.
    years : tuple of int
    countries : tuple of str
    fit : YearlyQuadratics
    year, country : ndarray of int
        Of every point, as places in `years` and `countries`.
    """

    points: pd.DataFrame
    years: tuple[int, ...]
    countries: tuple[str, ...]
    fit: YearlyQuadratics
    year: IntArray
    country: IntArray

    def income_ends(self) -> tuple[FloatArray, FloatArray]:
        """Return the distances below which 5 and 95 % of each year's income is earned, shape (T,) each."""
        ends = []
        for t in range(len(self.years)):
            part = self.points[self.year == t].sort_values("distance", kind="stable")
            below = part["weight"].cumsum().to_numpy()
            at = np.searchsorted(below, [_TAIL, 1 - _TAIL]).clip(max=len(part) - 1)
            ends.append(part["distance"].to_numpy()[at])
        low, high = np.array(ends).T
        return low, high

    def around(self, countries: Sequence[str], within: float) -> tuple[FloatArray, FloatArray]:
        """Return the distances `within` stages nearer and further than the place of some countries."""
        place = self.place(countries)
        return place - within, place + within

    def place(self, countries: Sequence[str]) -> FloatArray:
        """Return the mean distance of some countries' cells by year, income as weights, shape (T,).

        Raises
        ------
        EstimationError
            If they earn nothing in the chain in some year.
        """
        found = self._own(countries, self.points["distance"].to_numpy(float))
        if not np.isfinite(found).all():
            gaps = enumerate_labels(np.array(self.years)[~np.isfinite(found)])
            raise EstimationError(f"smile curve: {enumerate_labels(countries)} earn nothing in the chain in {gaps}.")
        return found

    def gap(self, countries: Sequence[str]) -> FloatArray:
        """Return what some countries keep more than the curve of the others at their places, by year, shape (T,)."""
        g = np.isin(np.array(self.countries), list(countries))
        if g.sum() == 1:
            beta = self.fit.without[g][0]
        else:
            beta = fit_points(self.points[~g[self.country]], self.years, self.countries).beta
        return self._own(countries, self.points["va_rate"].to_numpy(float) - self._curve(beta[self.year]))

    def depth(self, countries: Sequence[str]) -> FloatArray:
        """Return the curve at the places of some countries less the mean rate of the chain, by year, shape (T,)."""
        mean = np.bincount(self.year, (self.points["va_rate"] * self.points["weight"]).to_numpy(float))
        return self._own(countries, self._curve(self.fit.beta[self.year])) - mean

    def residuals(self) -> pd.DataFrame:
        """Return by country what it keeps more than the curve without it, averaged over the years.

        ``pvalue_lower`` is the part of all countries that keep no more beyond their curve than it does: small where it
        is among those that keep least, if countries can be exchanged.
        """
        G, T = len(self.countries), len(self.years)
        weight = self.points["weight"].to_numpy(float)
        gap = self.points["va_rate"].to_numpy(float) - self._curve(self.fit.without[self.country, self.year])
        place = self.country * T + self.year
        sums = [np.bincount(place, v, G * T).astype(np.float64) for v in (weight * gap, weight)]
        by_year = ratio(*sums).reshape(G, T)
        frame = pd.DataFrame({"country": self.countries, "residual": np.nanmean(by_year, axis=1)})
        frame["rank"] = frame["residual"].rank(method="min").astype(int)
        frame["pvalue_lower"] = frame["residual"].rank(method="max") / len(frame)
        return frame

    def by_year(self, countries: Sequence[str], level: float) -> pd.DataFrame:
        """Return a row a year: coefficients and errors, trough and Fieller interval, and where countries stand.

        ``trough`` is NaN where the curve is no U; ``trough_bounded`` says whether the interval is between its ends.
        ``own_…`` are of the countries asked for: distance, rate, gap to the curve of the others, depth of the curve.
        ``df`` are the interval's degrees of freedom: of how many countries the slope at the trough is.
        """
        from scipy import stats

        rows = []
        for t, year in enumerate(self.years):
            b, cov, df = self.fit.beta[t], self.fit.covariance(t), self.fit.df(t)
            quantile = float(stats.t(df).ppf(1 - level / 2))
            low, high, bounded = fieller(b, cov, quantile)
            errors = dict(zip(("se0", "se1", "se2"), np.sqrt(np.diag(cov)), strict=True))
            row = {"year": year, "b0": b[0], "b1": b[1], "b2": b[2]} | errors
            row |= {"trough": -b[1] / (2 * b[2]) if b[2] > 0 else np.nan, "trough_se": _delta(b, cov)}
            row |= {"trough_low": low, "trough_high": high, "trough_bounded": bounded}
            rows.append(row | {"df": df})
        frame = pd.DataFrame(rows)
        if countries:
            own_rate = self._own(countries, self.points["va_rate"].to_numpy(float))
            frame = frame.assign(own_distance=self.place(countries), own_rate=own_rate)
            frame = frame.assign(own_gap=self.gap(countries), own_depth=self.depth(countries))
        return frame

    def fitted(self) -> pd.DataFrame:
        """Return the curves on a grid between the ends of 5 and 95 % of income: year, distance, va_rate."""
        low, high = self.income_ends()
        grid = np.linspace(low, high, _GRID)
        b = self.fit.beta
        rate = b[:, 0] + b[:, 1] * grid + b[:, 2] * grid**2
        years = np.repeat(self.years, _GRID)
        return pd.DataFrame({"year": years, "distance": grid.T.ravel(), "va_rate": rate.T.ravel()})

    def _curve(self, b: FloatArray) -> FloatArray:
        """Return curves at the points, shape (m,), from a curve for each of them, (m, 3)."""
        distance = self.points["distance"].to_numpy(float)
        return np.asarray(b[:, 0] + b[:, 1] * distance + b[:, 2] * distance**2)

    def _own(self, countries: Sequence[str], values: FloatArray) -> FloatArray:
        """Average values over some countries' cells by year, income as weights."""
        own = np.isin(self.country, np.flatnonzero(np.isin(np.array(self.countries), list(countries))))
        weight, T = np.where(own, self.points["weight"].to_numpy(float), 0.0), len(self.years)
        above, below = (np.bincount(self.year, v, T).astype(np.float64) for v in (weight * values, weight))
        return ratio(above, below)


def smile_years(points: pd.DataFrame, exclude: Iterable[str]) -> Smile:
    """Fit the curve of every year.

    Parameters
    ----------
    points : DataFrame
        Of `smile_points`.
    exclude : iterable of str
        Countries left out; each must be among the points, except ROW, which may be absent.

    Raises
    ------
    InputError
        If a column is missing, or a weight is not positive.
    LabelError
        If a country to leave out is unknown, or a cell has two points in a year.
    EstimationError
        With fewer than four countries, or too few points.
    """
    absent = [c for c in COLUMNS if c not in points.columns]
    if absent:
        raise InputError(f"the points have no column {enumerate_labels(absent)}. Make them with smile_points.")
    left_out = known_excluded(exclude, points)
    kept = points.loc[~points["country"].isin(left_out), list(COLUMNS)]
    kept = kept.assign(country=kept["country"].astype(str), sector=kept["sector"].astype(str))
    kept = kept.sort_values(["year", "country", "sector"], ignore_index=True)
    if kept.duplicated(["country", "sector", "year"]).any():
        first = kept[kept.duplicated(["country", "sector", "year"])].iloc[0]
        raise LabelError(
            f"two points of {first['country']} {first['sector']} in {first['year']}. Each must occur once."
        )
    numbers = kept[["distance", "va_rate", "weight"]].to_numpy(float)
    if not (np.isfinite(numbers).all() and (numbers[:, 2] > 0).all()):
        raise InputError("the points have a value that is not finite or a weight that is not positive.")
    kept["weight"] = kept["weight"] / kept.groupby("year")["weight"].transform("sum")
    years = tuple(int(y) for y in kept["year"].unique())
    countries = tuple(sorted(kept["country"].unique()))
    if len(countries) < _FEWEST_COUNTRIES:
        raise EstimationError(
            f"smile curve: {len(countries)} countries; at least {_FEWEST_COUNTRIES} are needed for its errors."
        )
    year, country = _places(kept, years, countries)
    return Smile(kept, years, countries, fit_points(kept, years, countries), year, country)


def fit_points(points: pd.DataFrame, years: Sequence[int], countries: Sequence[str]) -> YearlyQuadratics:
    """Fit the curves of some points; `years` and `countries` number them."""
    year, country = _places(points, years, countries)
    distance, rate, weight = (points[c].to_numpy(float) for c in ("distance", "va_rate", "weight"))
    return YearlyQuadratics(distance, rate, weight, year=year, country=country)


def _places(points: pd.DataFrame, years: Sequence[int], countries: Sequence[str]) -> tuple[IntArray, IntArray]:
    year = pd.Index(years).get_indexer(pd.Index(points["year"]))
    return year.astype(np.intp), pd.Index(countries).get_indexer(pd.Index(points["country"])).astype(np.intp)


def _delta(beta: FloatArray, cov: FloatArray) -> float:
    """Return the standard error of −b1/(2 b2) by the delta method; NaN where the curve is no U."""
    if not beta[2] > 0:
        return np.nan
    slope = np.array([0.0, -1 / (2 * beta[2]), beta[1] / (2 * beta[2] ** 2)])
    return float(np.sqrt(slope @ cov @ slope))
