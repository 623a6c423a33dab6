"""Weighted quadratics by year and what is linear in them, with errors clustered by country. Pure functions on arrays.

A country's cells, in all years together, are one cluster. The variance is the jackknife that leaves out a country,
CR3, (G − 1)/G Σ_g (θ_(−g) − θ)² (MacKinnon, Nielsen & Webb 2023, J. Econometrics 232:272). A slope far from final use
may hang on the two or three countries that mine, whatever the others earn, so that each number has degrees of freedom
of its own: see `degrees`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
_SINGULAR = 1e-10


@dataclass(frozen=True)
class Estimate:
    """A number that is linear in the curves of all years: value, standard error and degrees of freedom."""

    value: float
    std_error: float
    df: float


class YearlyQuadratics:
    """v = b0 + b1 D + b2 D² + e by weighted least squares, each year by itself.

    Parameters
    ----------
    distance, rate, weight : ndarray, shape (m,)
    year : ndarray of int, shape (m,)
        0 … T − 1.
    country : ndarray of int, shape (m,)
        0 … G − 1.

    Attributes
    ----------
    beta : ndarray, shape (T, 3)
    without : ndarray, shape (G, T, 3)
        The same without each country.

    Raises
    ------
    EstimationError
        If a year's points, without some country, do not have three distances.
    """

    def __init__(
        self,
        distance: FloatArray,
        rate: FloatArray,
        weight: FloatArray,
        *,
        year: IntArray,
        country: IntArray,
    ) -> None:
        X = np.stack([np.ones_like(distance), distance, distance**2], axis=1)
        wX = X * weight[:, None]
        self.T, self.G = int(year.max()) + 1, int(country.max()) + 1
        gram = np.zeros((self.T, self.G, 3, 3))
        moment = np.zeros((self.T, self.G, 3))
        np.add.at(gram, (year, country), wX[:, :, None] * X[:, None, :])
        np.add.at(moment, (year, country), wX * rate[:, None])
        whole, total = gram.sum(axis=1), moment.sum(axis=1)
        self.beta = np.einsum("tij,tj->ti", _inverted(whole), total)
        self.without = np.einsum("tgij,tgj->gti", _inverted(whole[:, None] - gram), total[:, None] - moment)

    def linear(self, weights: FloatArray) -> Estimate:
        """Estimate Σ_t l_t'β_t; `weights` are l, shape (T, 3)."""
        theta = float((weights * self.beta).sum())
        gaps = (self.without * weights).sum(axis=(1, 2)) - theta
        variance = (self.G - 1) / self.G * float((gaps**2).sum())
        return Estimate(theta, float(np.sqrt(variance)), degrees(gaps))

    def slope(self, distance: FloatArray) -> Estimate:
        """Estimate the slope b1 + 2 b2 D averaged over the years; `distance` is D, shape (T,)."""
        return self.linear(np.stack([np.zeros(self.T), np.ones(self.T), 2.0 * distance], axis=1) / self.T)

    def df(self, t: int) -> float:
        """Return the degrees of freedom of the slope at the turning point of one year's curve."""
        b1, b2 = self.beta[t, 1:]
        gaps = self.without[:, t] - self.beta[t]
        return degrees(gaps[:, 1] * b2 - gaps[:, 2] * b1)

    def covariance(self, t: int) -> FloatArray:
        """Return the CR3 covariance of one year's coefficients, shape (3, 3)."""
        gaps = self.without[:, t] - self.beta[t]
        return np.asarray((self.G - 1) / self.G * gaps.T @ gaps)


def degrees(gaps: FloatArray) -> float:
    """Return the degrees of freedom of a jackknife variance, from what leaving out each country changes.

    Satterthwaite's (1946, Biometrics Bulletin 2:110) are (Σσ_g²)² / Σσ_g⁴. If countries deviate as they do by their
    lasting nature, gaps squared are σ_g² and these are k = (Σd_g²)² / Σd_g⁴; if gaps are normal draws, Ed_g⁴ is 3σ_g⁴,
    and they are 3k − 2. The truth lies between, and so does the harmonic mean of both that is taken (simulated in
    `docs/lockin_power.md`).
    """
    largest = float(np.abs(gaps).max())
    if largest == 0.0:
        return float(len(gaps))
    squares = (gaps / largest) ** 2
    k = float(squares.sum()) ** 2 / float((squares**2).sum())
    return 2.0 * k * (3.0 * k - 2.0) / (4.0 * k - 2.0)


def _inverted(gram: FloatArray) -> FloatArray:
    """Invert small matrices X'WX, refusing those that three distances do not support."""
    scale = np.sqrt(np.einsum("...ii->...i", gram))
    unit = gram / np.maximum(scale[..., :, None] * scale[..., None, :], np.finfo(float).tiny)
    if not (np.isfinite(unit).all() and (np.linalg.eigvalsh(unit)[..., 0] > _SINGULAR).all()):
        raise EstimationError(
            "smile curve: the points of a year, without one of the countries, lie at fewer than three distances. "
            "Give more countries or sectors."
        )
    return np.asarray(np.linalg.inv(unit) / (scale[..., :, None] * scale[..., None, :]))


def fieller(beta: FloatArray, cov: FloatArray, quantile: float) -> tuple[float, float, bool]:
    """Bound the turning point −b1/(2 b2): the distances D at which b1 + 2 b2 D = 0 is not rejected (Fieller 1954).

    Parameters
    ----------
    beta : ndarray, shape (3,)
    cov : ndarray, shape (3, 3)
    quantile : float
        Of t, two-sided.

    Returns
    -------
    (float, float, bool)
        Ends, and whether the set is the interval between them. If not, the curvature is not told from zero: the set is
        the whole line (ends −inf, inf), or what lies outside of the two ends.
    """
    a = 4.0 * (beta[2] ** 2 - quantile**2 * cov[2, 2])
    b = 4.0 * (beta[1] * beta[2] - quantile**2 * cov[1, 2])
    c = beta[1] ** 2 - quantile**2 * cov[1, 1]
    root = b * b - 4.0 * a * c
    if root < 0:
        return -np.inf, np.inf, False
    ends = sorted(((-b - np.sqrt(root)) / (2 * a), (-b + np.sqrt(root)) / (2 * a)))
    return float(ends[0]), float(ends[1]), bool(a > 0)
