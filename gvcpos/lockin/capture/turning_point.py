"""A parabola's slope, its turning point with an interval, and the test whether it turns within the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Parabola:
    """y = slope (x − at) + curvature (x − at)², estimated.

    Attributes
    ----------
    slope, curvature : float
    cov : ndarray, shape (2, 2)
    df : float or None
        Of t; None for the normal.
    at : float
        Where x is centred.
    low, high : float
        Range of x in the data.
    """

    slope: float
    curvature: float
    cov: np.ndarray
    df: float | None
    at: float
    low: float
    high: float

    def slope_at(self, x: float) -> tuple[float, float]:
        """Return the marginal slope at x and its standard error (delta method, exact as it is linear)."""
        r = np.array([1.0, 2.0 * (x - self.at)])
        return float(r @ [self.slope, self.curvature]), float(np.sqrt(r @ self.cov @ r))

    @property
    def turning_point(self) -> float:
        """Where the slope is zero."""
        return self.at - self.slope / (2 * self.curvature) if self.curvature != 0 else np.nan


def _law(df: float | None) -> Any:
    from scipy import stats

    return stats.norm() if df is None else stats.t(df)


def critical(df: float | None, level: float) -> float:
    """Return the two-sided critical value of t, or of the normal where `df` is None."""
    return float(_law(df).ppf(1 - level / 2))


def delta_interval(curve: Parabola, level: float) -> tuple[float, float]:
    """Interval of the turning point from its linearisation; too short where the curvature is not clear."""
    b, c = curve.slope, curve.curvature
    gradient = np.array([-1 / (2 * c), b / (2 * c**2)])
    half = critical(curve.df, level) * float(np.sqrt(gradient @ curve.cov @ gradient))
    return float(curve.turning_point - half), float(curve.turning_point + half)


def fieller_interval(curve: Parabola, level: float) -> tuple[float, float]:
    """Interval of the turning point by Fieller (1954).

    The points at which a zero slope is not rejected. Infinite ends where the curvature is not significant: the data
    then do not bound the turning point on that side; both ends NaN where the points not rejected lie outside a gap.
    """
    q2 = critical(curve.df, level) ** 2
    (vbb, vbc), (_, vcc) = curve.cov
    b, c = curve.slope, curve.curvature
    # (b + 2c d)² ≤ q² (vbb + 4 vbc d + 4 vcc d²) in d = x − at
    a2, a1, a0 = 4 * (c**2 - q2 * vcc), 4 * (b * c - q2 * vbc), b**2 - q2 * vbb
    disc = a1**2 - 4 * a2 * a0
    if disc < 0 or (a2 <= 0 and disc >= 0 and a2 == 0):
        return -np.inf, np.inf
    roots = np.sort([(-a1 - np.sqrt(disc)) / (2 * a2), (-a1 + np.sqrt(disc)) / (2 * a2)]) + curve.at
    if a2 > 0:
        return float(roots[0]), float(roots[1])
    return np.nan, np.nan


@dataclass(frozen=True)
class TurnTest:
    """Test of Lind & Mehlum (2010).

    Attributes
    ----------
    shape : str
        ``"U"`` or ``"inverse U"``, the one whose sign the curvature has.
    slope_low, slope_high : float
        Slopes at the ends of the data.
    pvalue : float
        Of the null that the curve is monotone or has the other shape: the larger of the two one-sided p-values.
    """

    shape: str
    slope_low: float
    slope_high: float
    pvalue: float


def lind_mehlum(curve: Parabola) -> TurnTest:
    """Test whether the curve first falls and then rises within the data (or the reverse).

    A significant square does not show it: the slope must have one sign at the low end of the data and the other at the
    high end (Lind & Mehlum 2010; intersection–union, Sasabuchi 1980).
    """
    law = _law(curve.df)
    (first, first_se), (last, last_se) = curve.slope_at(curve.low), curve.slope_at(curve.high)
    sign = 1.0 if curve.curvature >= 0 else -1.0
    falls = float(law.cdf(sign * first / first_se))
    rises = float(law.sf(sign * last / last_se))
    return TurnTest("U" if sign > 0 else "inverse U", first, last, max(falls, rises))
