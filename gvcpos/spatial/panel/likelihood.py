"""The concentrated likelihood in one spatial parameter, and its maximum.

Given r, the coefficients and the variance have closed forms, so the residual sum of squares RSS(r) and the
log-determinant are all that is left: l(r) = -n/2 (log 2pi + 1 + log RSS(r)/n) + m log|I - rW|
(Ord 1975; Anselin 1988; Elhorst 2003). Cross-products are formed once, so one evaluation costs O(k^2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular
from scipy.optimize import brentq, minimize_scalar

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.logdet import LogDeterminant

Array = npt.NDArray[np.float64]

_GRID = 41
_EDGE = 1e-7  # share of the interval left out at each end


class Profile(Protocol):
    """The residual sum of squares as a function of the spatial parameter."""

    def rss(self, r: Array) -> Array:
        """Return RSS at each r, shape of r."""

    def slope(self, r: float) -> float:
        """Return the derivative of RSS at r."""

    def beta(self, r: float) -> Array:
        """Return the coefficients given r, shape (k,)."""


@dataclass(frozen=True)
class LagProfile:
    """Profile of the lag model: y and Wy, each regressed on X; the residuals make a quadratic in r.

    Attributes
    ----------
    b0, b1 : ndarray, shape (k,)
        Coefficients of y and of Wy on X.
    moments : (float, float, float)
        e0'e0, e0'e1, e1'e1.
    """

    b0: Array
    b1: Array
    moments: tuple[float, float, float]

    def rss(self, r: Array) -> Array:
        """Return RSS at each r."""
        a, b, c = self.moments
        return a - 2.0 * r * b + r * r * c

    def slope(self, r: float) -> float:
        """Return the derivative of RSS at r."""
        return 2.0 * (r * self.moments[2] - self.moments[1])

    def beta(self, r: float) -> Array:
        """Return b0 - r b1."""
        return self.b0 - r * self.b1


@dataclass(frozen=True)
class ErrorProfile:
    """Profile of the error model: generalised least squares given r, on cross-products.

    The columns are (e, Q): the least-squares residual and an orthonormal basis of X, so that the
    cross-products stay well conditioned.

    Attributes
    ----------
    C0, C1, C2 : ndarray, shape (k+1, k+1)
        Cross-products of [e, Q] filtered by I - rW: C0 - r C1 + r^2 C2.
    b0, R : ndarray, shape (k,) and (k, k)
        What leads back: beta = b0 + R^-1 g.
    """

    C0: Array
    C1: Array
    C2: Array
    b0: Array
    R: Array

    def rss(self, r: Array) -> Array:
        """Return RSS at each r."""
        r = np.asarray(r)[..., None, None]
        C = self.C0 - r * self.C1 + r * r * self.C2
        if C.shape[-1] == 1:
            return np.asarray(C[..., 0, 0])
        g = np.linalg.solve(C[..., 1:, 1:], C[..., 1:, :1])
        return np.asarray(C[..., 0, 0] - (C[..., :1, 1:] @ g)[..., 0, 0])

    def slope(self, r: float) -> float:
        """Return the derivative of RSS at r; by the envelope theorem g may be held fixed."""
        c = np.concatenate(([1.0], -self._g(r)))
        return float(c @ (2.0 * r * self.C2 - self.C1) @ c)

    def beta(self, r: float) -> Array:
        """Return the generalised least-squares coefficients."""
        return self.b0 + solve_triangular(self.R, self._g(r))

    def _g(self, r: float) -> Array:
        C = self.C0 - r * self.C1 + r * r * self.C2
        return np.asarray(np.linalg.solve(C[1:, 1:], C[1:, 0]))


@dataclass(frozen=True)
class Maximum:
    """Where the concentrated likelihood is highest.

    Attributes
    ----------
    r : float
    loglik : float
    interior : bool
        False when the likelihood still rises at the end of the admissible interval.
    """

    r: float
    loglik: float
    interior: bool


def lag_profile(y: Array, Wy: Array, X: Array) -> LagProfile:
    """Make the profile of the lag model from transformed y, Wy (n,) and X (n, k)."""
    Q, R = np.linalg.qr(X)
    both = np.column_stack([y, Wy])
    g = Q.T @ both
    e = both - Q @ g
    b = solve_triangular(R, g)
    moments = e.T @ e
    return LagProfile(b[:, 0], b[:, 1], (moments[0, 0], moments[0, 1], moments[1, 1]))


def error_profile(y: Array, X: Array, Wy: Array, WX: Array) -> ErrorProfile:
    """Make the profile of the error model from transformed y, Wy (n,), X and WX (n, k)."""
    Q, R = np.linalg.qr(X)
    g = Q.T @ y
    b0 = solve_triangular(R, g)
    Z0 = np.column_stack([y - Q @ g, Q])
    Z1 = np.column_stack([Wy - WX @ b0, solve_triangular(R, WX.T, trans="T").T])
    cross = Z0.T @ Z1
    return ErrorProfile(Z0.T @ Z0, cross + cross.T, Z1.T @ Z1, b0, R)


def concentrated(rss: Array, logdet: Array, nobs: int, determinants: int) -> Array:
    """Return the concentrated log-likelihood from RSS and the log-determinant."""
    return -0.5 * nobs * (np.log(2.0 * np.pi) + 1.0 + np.log(rss / nobs)) + determinants * logdet


def maximise(profile: Profile, logdet: LogDeterminant, nobs: int, determinants: int) -> Maximum:
    """Find the highest point of the concentrated likelihood on the admissible interval.

    A coarse grid finds the hill, a bracketed root of the analytic score its top.

    Raises
    ------
    EstimationError
        If the likelihood is not finite anywhere.
    """
    lower, upper = logdet.spectrum.interval
    margin = _EDGE * (upper - lower)
    grid = np.linspace(lower + margin, upper - margin, _GRID)
    values = concentrated(profile.rss(grid), logdet.value(grid), nobs, determinants)
    if not np.isfinite(values).any():
        raise EstimationError(
            f"the likelihood is not finite anywhere on ({lower:.6g}, {upper:.6g}): "
            "the regressors may explain y exactly, or y does not vary."
        )
    best = int(np.nanargmax(values))

    def value(r: float) -> float:
        at = np.array(r)
        return float(concentrated(profile.rss(at), logdet.value(at), nobs, determinants))

    def score(r: float) -> float:
        rss = float(profile.rss(np.array(r)))
        return -0.5 * nobs * profile.slope(r) / rss + determinants * logdet.slope(r)

    left, right = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, _GRID - 1)])
    if score(left) > 0.0 > score(right):
        r, interior = float(brentq(score, left, right, xtol=1e-13, rtol=1e-13)), True
    else:  # no sign change between the neighbours: an end of the interval, or several hills between two points
        found = minimize_scalar(
            lambda one: -value(one), bounds=(left, right), method="bounded", options={"xatol": 1e-12}
        )
        r = float(found.x) if -found.fun > values[best] else float(grid[best])
        interior = min(r - grid[0], grid[-1] - r) > margin
    return Maximum(r, value(r), interior)
