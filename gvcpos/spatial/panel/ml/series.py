"""Two series for log|I − sS| in traces of powers of S, whose spectral radius is 1, each with its error.

- Chebyshev (Pace and LeSage 2004, Comput. Stat. Data Anal. 45:179). With s = 2z/(1 + z²),
  log(1 − sx) = −log(1 + z²) − 2 Σ_j z^j T_j(x)/j, cut after the order q whose traces are exact. If the eigenvalues are
  real, |T_j| ≤ 1 bounds the rest by 2n |z|^(q+1) / ((q+1)(1 − |z|)). For any W the distance to the power series through
  the same traces is known, and what that leaves out is at most ‖S^(q/2)‖² |s|^(q+1) / ((q+1)(1 − |s|)), as
  Σ|λ|^2m ≤ ‖S^m‖² in the Frobenius norm (Schur). The smaller of the two is the bound.
- Monte-Carlo traces (Barry and Pace 1999, Linear Algebra Appl. 289:41). −Σ_k s^k tr S^k / k, the first two traces
  exact, the others n u'S^k u / u'u averaged over normal u. Its error is the half-width of the 95 % interval over the u,
  plus the bound of the terms beyond the last.

First and second derivatives are those of the series.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev, polynomial
from scipy import sparse
from scipy.stats import t as student

Array = npt.NDArray[np.float64]

_HALF = 5  # the highest power that is formed: traces are exact up to twice it
_CELLS = 20_000_000  # non-zeros a power may have


@dataclass(frozen=True)
class ChebyshevSeries:
    """A truncated Chebyshev series.

    Attributes
    ----------
    count : int
        Eigenvalues n.
    traces : ndarray, shape (q,)
        Of S, S², ..., exact.
    square : float
        Bound of Σ|λ|^q.
    real : bool
        Whether all eigenvalues are real.
    """

    count: int
    traces: Array
    square: float
    real: bool

    @property
    def order(self) -> int:
        """The highest power q."""
        return len(self.traces)

    def value(self, s: Array, order: int) -> Array:
        """Return the series (order 0) or its first or second derivative at each s."""
        z, n, p = s / (1.0 + np.sqrt(1.0 - s * s)), self.count, self._polynomial()
        if order == 0:
            return np.asarray(polynomial.polyval(z, p) - n * np.log1p(z * z))
        up, down = 1.0 + z * z, 1.0 - z * z
        by_z = polynomial.polyval(z, polynomial.polyder(p)) - 2.0 * n * z / up
        step = up**2 / (2.0 * down)  # dz/ds
        if order == 1:
            return np.asarray(by_z * step)
        twice = polynomial.polyval(z, polynomial.polyder(p, 2)) - 2.0 * n * down / up**2
        return np.asarray(twice * step**2 + by_z * step * z * up * (3.0 - z * z) / down**2)

    def error(self, s: float) -> float:
        """Bound what the series leaves out."""
        q, z = self.order, abs(s) / (1.0 + np.sqrt(1.0 - s * s))
        powers = -polynomial.polyval(s, np.append(0.0, self.traces / np.arange(1, q + 1)))
        known = abs(float(self.value(np.array(s), 0)) - float(powers))
        bound = known + _tail(abs(s), q, self.square)
        return min(bound, 2.0 * _tail(z, q, self.count)) if self.real else bound

    def _polynomial(self) -> Array:
        """Coefficients of −2 Σ_j z^j tr T_j(S) / j in ascending powers of z."""
        traces = np.append(float(self.count), self.traces)
        out = np.zeros(self.order + 1)
        for j in range(1, self.order + 1):
            of_powers = chebyshev.cheb2poly(np.eye(j + 1)[j])
            out[j] = -2.0 / j * float(of_powers @ traces[: j + 1])
        return out


@dataclass(frozen=True)
class TraceSeries:
    """A power series with estimated traces.

    Attributes
    ----------
    traces : ndarray, shape (q,)
        The first two exact, the others means over draws.
    drawn : ndarray, shape (draws, q - 2)
        What each draw gives for the others.
    square : float
        Bound of Σ|λ|².
    """

    traces: Array
    drawn: Array
    square: float

    @property
    def order(self) -> int:
        """The highest power q."""
        return len(self.traces)

    def value(self, s: Array, order: int) -> Array:
        """Return the series (order 0) or its first or second derivative at each s."""
        series = np.append(0.0, -self.traces / np.arange(1, self.order + 1))
        return np.asarray(polynomial.polyval(s, polynomial.polyder(series, order)))

    def error(self, s: float) -> float:
        """Half of the 95 % interval over the draws, plus the bound of what is cut off."""
        k, draws = np.arange(3, self.order + 1), len(self.drawn)
        each = self.drawn @ (s**k / k)
        noise = float(student.ppf(0.975, draws - 1) * each.std(ddof=1) / np.sqrt(draws))
        return noise + _tail(abs(s), self.order, self.square)


def _tail(x: float, order: int, size: float) -> float:
    """Bound size * Σ_{k>order} x^k / k."""
    return size * x ** (order + 1) / ((order + 1) * (1.0 - x))


def chebyshev_series(S: Array | sparse.csr_array, *, unit: bool, real: bool) -> ChebyshevSeries:
    """Make the series of the highest order, up to ten, that powers of S of some 20 million cells allow.

    Parameters
    ----------
    S : (N, N), of spectral radius 1
    unit : bool
        Whether the eigenvalue 1 is left out.
    real : bool
        Whether all eigenvalues are known to be real.
    """
    powers, found = [S], [float(S.diagonal().sum())]
    found.append(_trace(S, S))
    while len(powers) < _HALF and _cells(powers[-1]) <= _CELLS // 10:
        powers.append(powers[-1] @ S)
        found += [_trace(powers[-1], powers[-2]), _trace(powers[-1], powers[-1])]
    last = powers[-1] if isinstance(powers[-1], np.ndarray) else powers[-1].data
    square = float(np.vdot(last, last))
    return ChebyshevSeries(S.shape[0] - unit, np.array(found) - unit, square - unit, real)


def trace_series(
    S: Array | sparse.csr_array, *, unit: bool, terms: int = 80, draws: int = 50, seed: int = 0
) -> TraceSeries:
    """Estimate the traces of the powers of S.

    Parameters
    ----------
    S : (N, N), of spectral radius 1
    unit : bool
        Whether the eigenvalue 1 is left out: draws then sum to zero, and so do their images.
    terms, draws, seed : int
    """
    n = S.shape[0]
    centre: Callable[[Array], Array] = (lambda Z: Z - Z.mean(axis=0)) if unit else (lambda Z: Z)
    u = centre(np.random.default_rng(seed).standard_normal((n, draws)))
    scale = (n - unit) / np.einsum("ij,ij->j", u, u)
    Z, drawn = centre(S @ u), np.empty((draws, terms - 2))
    for k in range(terms - 1):
        Z = centre(S @ Z)
        if k:
            drawn[:, k - 1] = scale * np.einsum("ij,ij->j", u, Z)
    data = S if isinstance(S, np.ndarray) else S.data
    exact = [float(S.diagonal().sum()) - unit, _trace(S, S) - unit]
    return TraceSeries(np.append(exact, drawn.mean(axis=0)), drawn, float(np.vdot(data, data)) - unit)


def _cells(A: Array | sparse.csr_array) -> int:
    return int(A.size) if isinstance(A, np.ndarray) else int(A.nnz)


def _trace(A: Array | sparse.csr_array, B: Array | sparse.csr_array) -> float:
    """Return tr AB without the product."""
    if isinstance(A, np.ndarray):
        return float(np.vdot(A.T, B))
    return float(A.multiply(sparse.csr_array(B.T)).sum())
