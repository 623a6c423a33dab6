"""One slope in a two-way panel, linear in the data: estimates, errors and wild cluster draws, on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
_FEW = 12  # clusters below which two-point weights give too few different draws


@dataclass(frozen=True)
class Piece:
    """A least-squares slope on some rows, weighted in the estimator.

    Attributes
    ----------
    share : float
        Weight of this slope in the estimator.
    rows : ndarray, shape (m,)
    basis : ndarray, shape (m, p)
        Orthonormal, of effects and controls.
    weights : ndarray, shape (m,)
        The slope is ``weights @ y[rows]``.
    x : ndarray, shape (m,)
        The regressor with effects and controls taken out.
    """

    share: float
    rows: IntArray
    basis: FloatArray
    weights: FloatArray
    x: FloatArray


@dataclass(frozen=True)
class Slope:
    """An estimator of one slope: full sample, or jackknifed over half panels.

    Attributes
    ----------
    y : ndarray, shape (n,)
    country, year : ndarray of int, shape (n,)
        From 0; countries in the numbering that all horizons share.
    countries : int
        Of that numbering.
    pieces : tuple of Piece
        The first is of all rows.
    """

    y: FloatArray
    country: IntArray
    year: IntArray
    countries: int
    pieces: tuple[Piece, ...]

    def estimates(self, y: FloatArray) -> FloatArray:
        """Return the slope of each row of `y`, shape (..., n)."""
        return np.asarray(sum(p.share * (y[..., p.rows] @ p.weights) for p in self.pieces))

    def scores(self, y: FloatArray, group: IntArray, groups: int) -> FloatArray:
        """Return what each group adds to the estimator's error, shape (..., groups)."""
        total = np.zeros((*y.shape[:-1], groups))
        for p in self.pieces:
            part = y[..., p.rows]
            residual = part - (part @ p.basis) @ p.basis.T - (part @ p.weights)[..., None] * p.x
            sums = np.zeros((len(p.rows), groups))
            sums[np.arange(len(p.rows)), group[p.rows]] = p.share * p.weights
            total += residual @ sums
        return total

    def clustered(self, y: FloatArray) -> FloatArray:
        """Return standard errors clustered by country, G/(G − 1) included, shape (...)."""
        g = len(np.unique(self.country))
        return np.asarray(np.sqrt((self.scores(y, self.country, self.countries) ** 2).sum(-1) * g / (g - 1)))

    def driscoll_kraay(self, bandwidth: int) -> float:
        """Return the standard error robust to dependence across countries and over `bandwidth` years."""
        s = self.scores(self.y, self.year, int(self.year.max()) + 1)
        variance = float(s @ s)
        for lag in range(1, min(bandwidth, len(s) - 1) + 1):
            variance += 2.0 * (1.0 - lag / (bandwidth + 1.0)) * float(s[lag:] @ s[:-lag])
        n, p = self.pieces[0].basis.shape
        return float(np.sqrt(max(variance, 0.0) * n / (n - p - 1)))

    def null_residuals(self) -> FloatArray:
        """Return the residuals of effects and controls alone, shape (n,)."""
        basis = self.pieces[0].basis
        return self.y - basis @ (basis.T @ self.y)


@dataclass(frozen=True)
class Rows:
    """The data of one regression.

    Attributes
    ----------
    y, x : ndarray, shape (n,)
    controls : ndarray, shape (n, k)
    country, year : ndarray of int, shape (n,)
    countries : int
        Of the numbering, which all horizons share.
    """

    y: FloatArray
    x: FloatArray
    controls: FloatArray
    country: IntArray
    year: IntArray
    countries: int


def slope(data: Rows, *, jackknife: bool, what: str) -> Slope:
    """Prepare the slope of y on x with country and year effects and controls.

    With `jackknife` it is twice the slope of the panel less the mean of those of its early and its late half, whose
    biases of order 1/T are twice as large (Dhaene and Jochmans 2015; Mei, Sheng and Shi 2023 for local projections).

    Raises
    ------
    EstimationError
        If effects and controls leave nothing of x.
    """
    year = data.year
    everything = np.arange(len(data.y))
    parts: list[tuple[float, IntArray]] = [(1.0, everything)]
    if jackknife:
        middle = np.median(np.unique(year))
        parts = [(2.0, everything), (-0.5, everything[year < middle]), (-0.5, everything[year >= middle])]
    pieces = tuple(_piece(share, rows, data, what) for share, rows in parts)
    return Slope(data.y, data.country, year, data.countries, pieces)


def _piece(share: float, rows: IntArray, data: Rows, what: str) -> Piece:
    from scipy.linalg import qr

    dummies = [(code[rows][:, None] == np.unique(code[rows])).astype(float) for code in (data.country, data.year)]
    nuisance = np.hstack([*dummies, data.controls[rows]])
    q, r, _ = qr(nuisance, mode="economic", pivoting=True)
    size = np.abs(np.diag(r))
    basis = q[:, : int((size > 1e-10 * size[0]).sum())]
    own = data.x[rows]
    left = own - basis @ (basis.T @ own)
    left -= basis @ (basis.T @ left)
    squares = float(left @ left)
    if len(rows) - basis.shape[1] < 2 or squares <= 1e-20 * float(own @ own):
        raise EstimationError(
            f"{what}: effects and controls leave nothing of the regressor in {len(rows)} rows. Take fewer horizons or "
            "controls, or no jackknife."
        )
    return Piece(share, rows, basis, left / squares, left)


def wild_draws(slopes: Sequence[Slope], draws: int, seed: int) -> FloatArray:
    """Return t statistics under the null that every slope is nil, shape (draws, number of slopes).

    Residuals of the null, of all horizons alike, are multiplied by one random weight a country (Cameron, Gelbach and
    Miller 2008): two-point weights, or Webb's six with few countries.
    """
    rng = np.random.default_rng(seed)
    countries = slopes[0].countries
    webb = np.sqrt([0.5, 1.0, 1.5])
    points = np.array([-1.0, 1.0]) if countries >= _FEW else np.concatenate([-webb, webb])
    weight = rng.choice(points, size=(draws, countries))
    out = np.empty((draws, len(slopes)))
    for h, one in enumerate(slopes):
        drawn = weight[:, one.country] * one.null_residuals()
        out[:, h] = one.estimates(drawn) / one.clustered(drawn)
    return out
