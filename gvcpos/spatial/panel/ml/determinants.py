"""log|I − rW| of a large sparse W: exact sparse LU at nodes, Chebyshev polynomials between them.

A piece of the admissible interval short enough against its distance from the singular ends is met to rounding by a
polynomial through thirteen exact values. Its derivatives are then the exact traces of G = W(I − rW)⁻¹:
d log|I − rW| / dr = −tr G and d² = −tr GG. Pieces are made where they are needed and kept with W, so that the next
specification, the standard errors and a thousand draws of rho cost no further factorisation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev
from scipy import sparse
from scipy.sparse import linalg

Array = npt.NDArray[np.float64]

_CENTRE = 0.2  # the first piece reaches this share of the way to either end
_SHRINK = 0.6  # the next ends where this share of what is left remains: 13 nodes then give 12 digits
_NODES = (13, 25, 49)
_PIECES = 34  # to within 1e-7 of the ends
_TOLERANCE = 1e-12  # size of the last coefficients per unit
_SYMMETRIC = {"SymmetricMode": True, "DiagPivotThresh": 0.01}


@dataclass(frozen=True)
class Piece:
    """log|I − rW| on one stretch, less log(1 − r/upper) where 1/upper is an eigenvalue.

    Attributes
    ----------
    lower, upper : float
    coefficients : ndarray
        Of Chebyshev polynomials.
    error : float
        Size of the last two coefficients, which bounds what is left out.
    """

    lower: float
    upper: float
    coefficients: Array
    error: float

    def derivative(self, r: Array, order: int) -> Array:
        """Return the polynomial (order 0) or its first or second derivative at r."""
        half = 0.5 * (self.upper - self.lower)
        x = (r - 0.5 * (self.upper + self.lower)) / half
        return np.asarray(chebyshev.chebval(x, chebyshev.chebder(self.coefficients, order)) / half**order, dtype=float)


@dataclass(frozen=True)
class Determinants:
    """Exact log-determinants of one W, kept as they are computed.

    Attributes
    ----------
    matrix : csr_array, shape (N, N)
    interval : (float, float)
        Admissible interval of r.
    """

    matrix: sparse.csr_array
    interval: tuple[float, float]
    _known: dict[float, float] = field(default_factory=dict, repr=False, compare=False)
    _pieces: dict[int, Piece] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def edges(self) -> Array:
        """Where pieces meet, from end to end."""
        return edges(self.interval)

    def at(self, r: float) -> float:
        """Return log|I − rW| by a sparse LU with a minimum-degree order."""
        if r not in self._known:
            system = (sparse.eye_array(self.matrix.shape[0], format="csc") - r * self.matrix).tocsc()
            self._known[r] = lu_logdet(system)
        return self._known[r]

    def derivative(self, r: Array, order: int) -> Array:
        """Return log|I − rW| (order 0) or its first or second derivative at each r; shape of r."""
        flat = np.ravel(np.asarray(r, dtype=float))
        out = np.empty(flat.shape)
        place = np.clip(np.searchsorted(self.edges, flat) - 1, 0, len(self.edges) - 2)
        for i in np.unique(place):
            chosen = place == i
            out[chosen] = self.piece(int(i)).derivative(flat[chosen], order) + self._unit_root(flat[chosen], order)
        return out.reshape(np.shape(r))

    def piece(self, i: int) -> Piece:
        """Return the polynomial between edges i and i + 1."""
        if i not in self._pieces:
            self._pieces[i] = self._made(float(self.edges[i]), float(self.edges[i + 1]))
        return self._pieces[i]

    @property
    def error(self) -> float:
        """Largest error of the pieces made so far, in units of the log-determinant."""
        return max((piece.error for piece in self._pieces.values()), default=0.0)

    @cached_property
    def _unit(self) -> bool:
        """Whether the upper end is the reciprocal of an eigenvalue of the constant vector."""
        sums = np.asarray(self.matrix.sum(axis=1))
        return bool(np.abs(sums * self.interval[1] - 1.0).max() <= 1e-9)

    def _unit_root(self, r: Array, order: int) -> Array:
        """log(1 − r/upper) and its derivatives, which no polynomial can follow; 0 where it is no eigenvalue."""
        if not self._unit:
            return np.zeros_like(r)
        left = self.interval[1] - r
        if order == 0:
            return np.log(left / self.interval[1])
        return -1.0 / left if order == 1 else -1.0 / left**2

    def _made(self, lower: float, upper: float) -> Piece:
        for nodes in _NODES:
            x = np.cos(np.pi * np.arange(nodes) / (nodes - 1))[::-1]  # nested, ends included
            r = 0.5 * (lower + upper) + 0.5 * (upper - lower) * x
            r[0], r[-1] = lower, upper
            values = np.array([self.at(float(each)) for each in r]) - self._unit_root(r, 0)
            coefficients = _interpolant(values)
            error = float(np.abs(coefficients[-2:]).max())
            if error <= _TOLERANCE * self.matrix.shape[0]:
                break
        return Piece(lower, upper, coefficients, error)


def edges(interval: tuple[float, float]) -> Array:
    """Return where pieces meet on an admissible interval, from end to end."""
    left = np.append(1.0, (1.0 - _CENTRE) * _SHRINK ** np.arange(_PIECES))
    lower, upper = interval
    return np.concatenate([lower * (1.0 - left[:0:-1]), upper * (1.0 - left[1:])])


def _interpolant(values: Array) -> Array:
    """Chebyshev coefficients through values at the extrema of the last polynomial, ascending in x."""
    m = len(values) - 1
    j = np.arange(m + 1)
    weight = np.where((j == 0) | (j == m), 0.5, 1.0)
    basis = np.cos(np.pi * np.outer(j, m - j) / m)
    return np.asarray(2.0 / m * weight * (basis @ (weight * values)))


def lu_logdet(system: sparse.csc_array) -> float:
    """Return log|A| of a sparse matrix of nearly symmetric pattern."""
    factor = linalg.splu(system, permc_spec="MMD_AT_PLUS_A", options=_SYMMETRIC)
    return float(np.log(np.abs(factor.U.diagonal())).sum())


def factorised(system: sparse.csc_array) -> linalg.SuperLU:
    """Return the sparse LU of a matrix of nearly symmetric pattern."""
    return linalg.splu(system, permc_spec="MMD_AT_PLUS_A", options=_SYMMETRIC)


def squared_trace(matrix: sparse.csr_array, r: float, radius: float) -> float:
    """Return tr G'G without G: the slope of log|R'R + s W'W| in s at 0, with R = I − rW.

    Parameters
    ----------
    matrix : csr_array, shape (N, N)
    r : float
    radius : float
        Of the spectrum of W: how far s may reach.

    Notes
    -----
    d/ds log|R'R + s W'W| = tr (R'R)⁻¹W'W = tr R⁻'W'W R⁻¹, and W commutes with R. A central difference with a step of
    h times the inverse of the largest squared singular value is right to h².
    """
    W = matrix.tocsc()
    R = (sparse.eye_array(W.shape[0], format="csc") - r * W).tocsc()
    RR, WW = (R.T @ R).tocsc(), (W.T @ W).tocsc()
    step = 2e-4 * ((1.0 - abs(r) * radius) / radius) ** 2
    ahead, behind = (lu_logdet((RR + s * WW).tocsc()) for s in (step, -step))
    return (ahead - behind) / (2.0 * step)
