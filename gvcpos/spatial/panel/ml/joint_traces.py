"""Traces of G̃ = R G R⁻¹ and H = M R⁻¹ for large sparse weights, R = I − λM, S = I − ρW, G = W S⁻¹, without a column.

tr G̃ = tr G, tr G̃G̃ = tr GG and tr H, tr HH are derivatives of the two log-determinants. The others are slopes of
log-determinants of sparse matrices at 0, since d log|A + sB| / ds = tr A⁻¹B:

    tr G̃'G̃   of log|Q'Q + s P'P|,  with G̃ = P Q⁻¹, P = R W, Q = R S; where M = W, P = W and Q = S
    tr G̃'H    of log|Q'R + s P'M|
    tr G̃H     = tr GH, of log|R  sW; M  S| to second order, −s² tr GH; where M = W, GH = (G − H)/(ρ − λ)

With the time effects gone and row-normalised weights both map constants to constants, so that J G̃ and J H have the
traces less the products of 1'G̃ and 1'H over N, or of the eigenvalues of the constant vector.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos.spatial.panel.ml.determinants import lu_logdet, squared_trace
from gvcpos.spatial.panel.ml.multiplier import Multiplier
from gvcpos.spatial.panel.ml.selected_inverse import diagonal_of_product, selected_inverse

Array = npt.NDArray[np.float64]

_STEP = 2e-4
_NEAR = 0.05  # share of the way to the edge below which a difference quotient gives way to a mean of derivatives
_GAUSS = np.polynomial.legendre.leggauss(4)


@dataclass(frozen=True)
class JointTraces:
    """Of G̃ and H, or of J G̃ and J H; the first of two is G̃.

    Attributes
    ----------
    lag, error : Multiplier
        G of W at rho, H of M at lambda, both large and sparse.
    projected : bool
    """

    lag: Multiplier
    error: Multiplier
    projected: bool

    @property
    def single(self) -> Array:
        """Return tr A_i, shape (2,)."""
        found = np.array([self._derivative(one, 1) for one in (self.lag, self.error)])
        return found - self._eigenvalues if self.projected else found

    @property
    def square(self) -> Array:
        """Return tr A_i A_j, shape (2, 2)."""
        gg, hh, gh = self._derivative(self.lag, 2), self._derivative(self.error, 2), self._product()
        found = np.array([[gg, gh], [gh, hh]])
        return found - np.outer(self._eigenvalues, self._eigenvalues) if self.projected else found

    @property
    def cross(self) -> Array:
        """Return tr A_i' A_j, shape (2, 2)."""
        P, Q, R, M = *self._quotient(), _system(self.error), self.error.spectrum.matrix.tocsc()
        gtg = self._slope(Q.T @ Q, P.T @ P, _STEP * self._room(self.lag) ** 2)
        if not self._same:
            gtg = self._slope(Q.T @ Q, P.T @ P, _STEP * (0.5 * self._room(self.lag) * self._room(self.error)) ** 2)
        hth = squared_trace(self.error.spectrum.matrix, self.error.r, self._radius(self.error))
        gth = self._slope(Q.T @ R, P.T @ M, _STEP * self._room(self.lag) * self._room(self.error) ** 2)
        found = np.array([[gtg, gth], [gth, hth]])
        sums = self._sums()
        return found - sums @ sums.T / sums.shape[1] if self.projected else found

    def diagonal(self) -> Array:
        """Return the diagonals, shape (2, N)."""
        H = self.error.diagonal(projected=self.projected)
        if self._same:
            return np.stack([self.lag.diagonal(projected=self.projected), H])
        P, Q = self._quotient()
        inverse = selected_inverse(Q)
        own = self._diagonal_by_columns() if inverse is None else diagonal_of_product(P, inverse)
        return np.stack([own - self._sums()[0] / len(own) if self.projected else own, H])

    @property
    def _same(self) -> bool:
        return self.lag.spectrum is self.error.spectrum

    @property
    def _eigenvalues(self) -> Array:
        """Of the constant vector, shape (2,)."""
        return np.array([1.0 / (1.0 - self.lag.r), 1.0 / (1.0 - self.error.r)])

    def _derivative(self, one: Multiplier, order: int) -> float:
        return -float(one.spectrum.determinants.derivative(np.array(one.r), order))

    def _radius(self, one: Multiplier) -> float:
        return 1.0 / min(map(abs, one.spectrum.interval))

    def _room(self, one: Multiplier) -> float:
        """Inverse of how large the multiplier can be, by its spectrum."""
        radius = self._radius(one)
        return (1.0 - abs(one.r) * radius) / radius

    def _product(self) -> float:
        """Return tr GH."""
        if not self._same:
            W, M = self.lag.spectrum.matrix, self.error.spectrum.matrix
            step = 1e-3 * self._room(self.lag) * self._room(self.error)
            ends = [
                lu_logdet(sparse.block_array([[_system(self.error), s * W], [M, _system(self.lag)]], format="csc"))
                for s in (-step, step)
            ]
            return (ends[0] - ends[1]) / (2.0 * step)
        rho, lam, at = self.lag.r, self.error.r, self.lag.spectrum.determinants
        if abs(rho - lam) > _NEAR * min(self._room(self.lag), self._room(self.error)):
            return (self._derivative(self.lag, 1) - self._derivative(self.error, 1)) / (rho - lam)
        nodes = 0.5 * (rho + lam) + 0.5 * (rho - lam) * _GAUSS[0]
        return -0.5 * float(_GAUSS[1] @ at.derivative(nodes, 2))

    def _quotient(self) -> tuple[sparse.csc_array, sparse.csc_array]:
        """Return P and Q of G̃ = P Q⁻¹."""
        W, S = self.lag.spectrum.matrix.tocsc(), _system(self.lag)
        if self._same:
            return W, S
        R = _system(self.error)
        return (R @ W).tocsc(), (R @ S).tocsc()

    def _slope(self, A: sparse.csc_array, B: sparse.csc_array, step: float) -> float:
        ends = [lu_logdet((A + s * B).tocsc()) for s in (step, -step)]
        return (ends[0] - ends[1]) / (2.0 * step)

    def _sums(self) -> Array:
        """1'G̃ and 1'H, shape (2, N)."""
        ones = np.ones((1, self.lag.spectrum.n))
        of_error = self.error.transposed_apply(ones)
        if self._same:
            return np.vstack([self.lag.transposed_apply(ones), of_error])
        M = self.error.spectrum.matrix
        moved = self.lag.transposed_apply(ones - self.error.r * (M.T @ ones.T).T)
        return np.vstack([self.error.transposed_inverse_apply(moved), of_error])

    def _diagonal_by_columns(self, block: int = 256) -> Array:
        n = self.lag.spectrum.n
        out = np.empty(n)
        for start in range(0, n, block):
            stop = min(start + block, n)
            place = np.arange(stop - start), np.arange(start, stop)
            unit = np.zeros((stop - start, n))
            unit[place] = 1.0
            inner = self.lag.apply(self.error.inverse_apply(unit))
            out[start:stop] = (inner - self.error.r * (self.error.spectrum.matrix @ inner.T).T)[place]
        return out


def _system(one: Multiplier) -> sparse.csc_array:
    W = one.spectrum.matrix
    return (sparse.eye_array(W.shape[0], format="csc") - one.r * W).tocsc()
