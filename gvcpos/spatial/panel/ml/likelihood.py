"""The concentrated likelihood of the spatial parameters.

e = (I − λM)[(I − ρW)y − Xβ]. Given (ρ, λ), β and σ² have closed forms, so the residual sum of squares and the two
log-determinants are all that is left:
l(ρ, λ) = −n/2 (log 2π + 1 + log RSS/n) + m (log|I − ρW| + log|I − λM|)
(Ord 1975; Anselin 1988; Elhorst 2003). Cross-products are formed once, so one evaluation costs O(k³).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

from gvcpos.spatial.panel.ml.logdet import LogDeterminant

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Cross-products of (y, Wy, X), filtered by I − λM: C0 − λ C1 + λ² C2.

    The columns are the least-squares residuals of y (and of Wy in a lag model) and an orthonormal basis of X, so
    that the cross-products stay well conditioned.

    Attributes
    ----------
    C0, C1, C2 : ndarray, shape (j+k, j+k)
        j = 1, or 2 with a spatial lag; C1 and C2 are zero without a spatial error.
    b : ndarray, shape (k, j)
        Least-squares coefficients of y and Wy on X.
    R : ndarray, shape (k, k)
        What leads back from the basis: beta = b + R⁻¹ g.
    """

    C0: Array
    C1: Array
    C2: Array
    b: Array
    R: Array

    @property
    def lagged(self) -> bool:
        """Whether Wy is among the columns."""
        return self.b.shape[1] == 2

    def rss(self, rho: Array, lam: Array) -> Array:
        """Return the residual sum of squares at each (rho, lam), beta concentrated out; shapes broadcast."""
        S = self.C0 if self._orthogonal else self._schur(np.asarray(lam))
        if not self.lagged:
            return np.broadcast_to(S[..., 0, 0], np.broadcast_shapes(np.shape(rho), np.shape(lam)))
        rho = np.asarray(rho)
        return np.asarray(S[..., 0, 0] - 2.0 * rho * S[..., 0, 1] + rho * rho * S[..., 1, 1])

    def slopes(self, rho: float, lam: float) -> tuple[float, float]:
        """Return the derivatives of the residual sum of squares; by the envelope theorem beta may be held fixed."""
        if self._orthogonal:
            C = self.C0
            return (-2.0 * float(C[1, 0] - rho * C[1, 1]) if self.lagged else 0.0), 0.0
        c = self.direction(rho, lam)
        C = self.C0 - lam * self.C1 + lam * lam * self.C2
        by_rho = -2.0 * float(C[1] @ c) if self.lagged else 0.0
        return by_rho, float(c @ (2.0 * lam * self.C2 - self.C1) @ c)

    def at(self, rho: float, lam: float) -> tuple[float, float, float]:
        """Return the residual sum of squares and its derivatives by rho and lam at one point."""
        if self._orthogonal and self.lagged:
            yy, yw, ww = self._plain
            return yy - 2.0 * rho * yw + rho * rho * ww, -2.0 * (yw - rho * ww), 0.0
        return float(self.rss(np.array(rho), np.array(lam))), *self.slopes(rho, lam)

    def direction(self, rho: float, lam: float) -> Array:
        """Return the coordinates (1, -rho, -g) of the residuals in the columns, shape (j+k,)."""
        a = np.array([1.0, -rho]) if self.lagged else np.array([1.0])
        return np.concatenate([a, -self._g(rho, lam)])

    def beta(self, rho: float, lam: float) -> Array:
        """Return the generalised least-squares coefficients, shape (k,)."""
        a = np.array([1.0, -rho]) if self.lagged else np.array([1.0])
        return np.asarray(self.b @ a + (0.0 if self._orthogonal else np.linalg.solve(self.R, self._g(rho, lam))))

    @cached_property
    def _plain(self) -> tuple[float, float, float]:
        """Products of y and Wy, as numbers: a search asks for them at one point after the other."""
        return float(self.C0[0, 0]), float(self.C0[0, 1]), float(self.C0[1, 1])

    @cached_property
    def _orthogonal(self) -> bool:
        """Whether nothing is filtered or weighted, so that y and Wy are residuals of X."""
        j = self.b.shape[1]
        size = float(np.sqrt(np.abs(np.diag(self.C0)[:j]).max(initial=0.0)))
        return not self.C2.any() and bool(np.abs(self.C0[j:, :j]).max(initial=0.0) <= 1e-10 * size)

    def _g(self, rho: float, lam: float) -> Array:
        j = self.b.shape[1]
        if self._orthogonal:
            return np.zeros(len(self.R))
        C = self.C0 - lam * self.C1 + lam * lam * self.C2
        a = np.array([1.0, -rho]) if self.lagged else np.array([1.0])
        return np.asarray(np.linalg.solve(C[j:, j:], C[j:, :j] @ a))

    def _schur(self, lam: Array) -> Array:
        """Cross-products of y and Wy with X partialled out, at each lam; shape (..., j, j)."""
        j = self.b.shape[1]
        at = lam[..., None, None]
        C = self.C0 - at * self.C1 + at * at * self.C2
        if C.shape[-1] == j:
            return np.asarray(C)
        cross = C[..., j:, :j]
        return np.asarray(C[..., :j, :j] - np.swapaxes(cross, -1, -2) @ np.linalg.solve(C[..., j:, j:], cross))


def moments(targets: Array, X: Array, filtered: tuple[Array, Array] | None = None) -> Moments:
    """Form the cross-products from transformed data.

    Parameters
    ----------
    targets : ndarray, shape (n, j)
        y, and Wy in a lag model.
    X : ndarray, shape (n, k)
    filtered : (ndarray, ndarray), optional
        M times the targets and M times X, transformed; given in a model with a spatial error.
    """
    Q, R = np.linalg.qr(X)
    g = Q.T @ targets
    b = np.linalg.solve(R, g)  # no pivot is ever moved in a triangle
    Z0 = np.column_stack([targets - Q @ g, Q])
    C0 = Z0.T @ Z0
    if filtered is None:
        return Moments(C0, np.zeros_like(C0), np.zeros_like(C0), b, R)
    M_targets, MX = filtered
    Z1 = np.column_stack([M_targets - MX @ b, solve_triangular(R, MX.T, trans="T").T])
    cross = Z0.T @ Z1
    return Moments(C0, cross + cross.T, Z1.T @ Z1, b, R)


@dataclass(frozen=True)
class Concentrated:
    """The concentrated log-likelihood of (rho, lam).

    Attributes
    ----------
    moments : Moments
    lag, error : LogDeterminant or None
        log|I − ρW| and log|I − λM|; None where the model has no such parameter.
    nobs, determinants : int
        Observations of the likelihood, and how often the log-determinants enter it.
    """

    moments: Moments
    lag: LogDeterminant | None
    error: LogDeterminant | None
    nobs: int
    determinants: int

    def value(self, rho: Array, lam: Array) -> Array:
        """Return the log-likelihood at each (rho, lam); shapes broadcast."""
        logdet = np.zeros(())
        if self.lag is not None:
            logdet = logdet + self.lag.value(np.asarray(rho))
        if self.error is not None:
            logdet = logdet + self.error.value(np.asarray(lam))
        return gaussian(self.moments.rss(rho, lam), logdet, self.nobs, self.determinants)

    def between(self, rho: Array, lam: Array) -> Array:
        """Return `value` at many near points, by the polynomials of a large sparse W; see `LogDeterminant.between`."""
        logdet = np.zeros(())
        for one, at in ((self.lag, rho), (self.error, lam)):
            if one is not None:
                logdet = logdet + one.between(np.asarray(at))
        return gaussian(self.moments.rss(rho, lam), logdet, self.nobs, self.determinants)

    @property
    def basis(self) -> Moments:
        """What leads back from the basis of X: `moments`."""
        return self.moments

    @property
    def widest(self) -> float:
        """Zero: there is no phi."""
        return 0.0

    def products(self, lam: Array, root: Array) -> tuple[Array, Array]:
        """Return the filtered cross-products at each lambda, (*s, j+k, j+k), and zeros, shape s; root is of phi."""
        m, at = self.moments, lam[..., None, None]
        shape = np.broadcast_shapes(np.shape(lam), np.shape(root))
        C = m.C0 - at * m.C1 + at * at * m.C2
        return np.broadcast_to(C, (*shape, *m.C0.shape)), np.zeros(shape)

    def near(self, lam: tuple[float, float], root: tuple[float, float]) -> Concentrated:
        """Return itself: its cross-products are cheap anywhere."""
        return self

    def score(self, rho: float, lam: float) -> Array:
        """Return the derivatives with respect to rho and lam, shape (2,); 0 for a parameter that is not there."""
        rss, by_rho, by_lam = self.moments.at(rho, lam)
        scale, m = -0.5 * self.nobs / rss, self.determinants
        return np.array(
            [
                0.0 if self.lag is None else scale * by_rho + m * self.lag.slope(rho),
                0.0 if self.error is None else scale * by_lam + m * self.error.slope(lam),
            ]
        )


def gaussian(rss: Array, logdet: Array, nobs: int, determinants: int) -> Array:
    """Return the concentrated log-likelihood from RSS and the log-determinants."""
    with np.errstate(divide="ignore"):  # no residuals: the fit says so
        return -0.5 * nobs * (np.log(2.0 * np.pi) + 1.0 + np.log(rss / nobs)) + determinants * logdet
