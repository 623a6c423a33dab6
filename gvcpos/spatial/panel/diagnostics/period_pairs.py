"""Traces of products of the matrices of two periods, added up over all pairs of periods with weights of time.

Error components that are correlated over time tie the M of different periods to each other: where all are one M, a
trace of it comes out of the sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.multiplier import Multiplier, Traces
from gvcpos.spatial.panel.ml.period_spectrum import PeriodSpectrum

Array = npt.NDArray[np.float64]

_BLOCK = 256


@dataclass(frozen=True)
class PeriodPairs:
    """The weights of the error in T periods, at one value of lambda.

    Attributes
    ----------
    each : tuple of Spectrum
        Of the different M.
    place : ndarray of int, shape (T,)
        Which of them each period has.
    lam : float
    """

    each: tuple[Spectrum, ...]
    place: npt.NDArray[np.intp]
    lam: float

    @cached_property
    def M(self) -> tuple[sparse.csr_array, ...]:
        """The different M."""
        return tuple(one.matrix for one in self.each)

    @cached_property
    def B(self) -> tuple[sparse.csr_array, ...]:
        """I − λM of each."""
        eye = sparse.eye_array(self.each[0].n, format="csr")
        return tuple(cast(sparse.csr_array, eye - self.lam * one) for one in self.M)

    @cached_property
    def H(self) -> tuple[Multiplier, ...]:
        """M(I − λM)⁻¹ of each."""
        return tuple(Multiplier(one, self.lam) for one in self.each)

    @cached_property
    def traces(self) -> tuple[Traces, ...]:
        """Traces of H, HH and H'H of each."""
        return tuple(one.traces(projected=False) for one in self.H)

    def shared(self, K: Array) -> Array:
        """Add up weights (T, T) of pairs of periods over those that have the same two matrices."""
        Z = np.equal.outer(self.place, np.arange(len(self.each))).astype(float)
        return np.asarray(Z.T @ K @ Z)

    def total(self, K: Array, pair: Callable[[int, int], float]) -> float:
        """Return sum_ts K_ts pair(t, s), K (T, T); `pair` takes the numbers of the two matrices."""
        weights = self.shared(K)
        return sum(float(weights[i, j]) * pair(i, j) for i, j in np.argwhere(weights != 0.0).tolist())

    def single(self, k: Array, of: Callable[[int], float]) -> float:
        """Return sum_t k_t of(t), k (T,)."""
        return self.total(np.diag(k), lambda i, _: of(i))

    def between(self, K: Array) -> sparse.csr_array:
        """Return sum_ts K_ts B_t'B_s, shape (N, N)."""
        weights = self.shared(K)
        parts = [weights[i, j] * (self.B[i].T @ self.B[j]) for i, j in np.argwhere(weights != 0.0).tolist()]
        return cast(sparse.csr_array, sum(parts[1:], parts[0]))

    def squares(self, i: int, j: int) -> float:
        """Return tr H_i H_j'."""
        if i == j:
            return self.traces[i].gtg
        total, n = 0.0, self.each[0].n
        for start in range(0, n, _BLOCK):
            unit = np.eye(min(_BLOCK, n - start), n, start)
            total += float(np.vdot(self.H[i].apply(unit), self.H[j].apply(unit)))
        return total


def period_pairs(spectrum: Spectrum, periods: int, lam: float = 0.0) -> PeriodPairs:
    """Return the pairs of one M, or of the M of all periods."""
    if isinstance(spectrum, PeriodSpectrum):
        return PeriodPairs(spectrum.each, spectrum.periods.place, lam)
    return PeriodPairs((spectrum,), np.zeros(periods, dtype=np.intp), lam)


def product_trace(A: sparse.csr_array, C: sparse.csr_array) -> float:
    """Return tr A C'."""
    return float((A * C).sum())
