"""Random effects at home beside a spatial error whose filter differs between periods: what the data say on them.

u_t = mu + B_t⁻¹e_t with B_t = I − λM_t. Filtered, the effects are L mu, L = (B_1', ..., B_T')': another one in every
period, so that means and deviations are no longer apart. With phi = sigma²_mu / sigma², v = (B_tu_t) has the covariance
sigma² Ω, Ω = I + phi LL', and with K = I + phi L'L = I + phi sum_t B_t'B_t, which is N x N,
Ω⁻¹ = I − phi L K⁻¹L' and log|Ω| = log|K| (Woodbury). Where M does not change, L'L = T B'B and K has the determinant of
I + T phi BB'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.period_spectrum import PeriodSpectrum
from gvcpos.spatial.panel.random.kernel import SpatialKernel, Squares
from gvcpos.spatial.weights.period_matrix import PeriodMatrix

Array = npt.NDArray[np.float64]

_MOST = 5000  # units


@dataclass(frozen=True)
class PeriodSquares(Squares):
    """What K = I + T phi S is made of, S the mean over the periods of B_t'B_t = I − λ(M_t + M_t') + λ² M_t'M_t.

    Attributes
    ----------
    M, sum, product
        Means over the periods of M_t, M_t + M_t' and M_t'M_t.
    matrices : PeriodMatrix
        The M_t.
    """

    matrices: PeriodMatrix

    def kernel(self, shape: tuple[int, int], lam: float, phi: float) -> PeriodKernel:
        """Return K at one value of its parameters; `shape` is (units, periods)."""
        return PeriodKernel(*shape, lam, phi, self)


def period_squares(spectrum: Spectrum, periods: int) -> PeriodSquares:
    """Form the parts of B_t'B_t, from the spectrum of M_t or of an M that all periods share.

    Raises
    ------
    InputError
        If there are so many units that full matrices between them would not fit into memory.
    """
    if spectrum.n > _MOST:
        raise InputError(
            f"{spectrum.n} units are too many for random effects at home (random_error='baltagi') beside a spatial "
            f"error with weights that change: their information takes full matrices, {_MOST} units at most. Take "
            "random_error='kkp', effects='time' or 'none', or weights that do not change."
        )
    matrices = PeriodMatrix((spectrum.matrix,), np.zeros(periods, dtype=np.intp))
    if isinstance(spectrum, PeriodSpectrum):
        matrices = spectrum.periods
    M = sparse.csr_array(matrices.shape)
    product = M.copy()
    for one, share in zip(matrices.distinct, matrices.shares.tolist(), strict=True):
        M, product = M + share * one, product + share * (one.T @ one)
    if spectrum.eigenvalues is None:
        return PeriodSquares(M, M + M.T, product, *spectrum.interval, matrices)
    full = M.toarray()
    return PeriodSquares(full, full + full.T, product.toarray(), *spectrum.interval, matrices)


@dataclass(frozen=True)
class PeriodKernel(SpatialKernel):
    """K = I + phi sum_t B_t'B_t; `loading` and `row_sums` are those of the mean over the periods of B_t."""

    @property
    def matrices(self) -> PeriodMatrix:
        """The M_t."""
        return cast(PeriodSquares, self.parts).matrices

    def weigh(self, Z: Array) -> Array:
        """Return Ω⁻¹ Z; Z is (T, N) or (T, N, k)."""
        found = self.gather(Z)
        return Z - self.phi * self.spread(self.solve(found.reshape(self.units, -1)).reshape(found.shape))

    def gather(self, Z: Array) -> Array:
        """Return L'Z = sum_t B_t'Z_t, (T, N, ...) to (N, ...)."""
        return np.asarray(Z.sum(axis=0) - self.lam * self._lagged(Z))

    def spread(self, h: Array) -> Array:
        """Return L h = (B_t h), (N, ...) to (T, N, ...)."""
        return np.asarray(h - self.lam * self._lags(h))

    def pushed(self, weighed: Array) -> Array:
        """Return the derivatives of Ω = I + phi LL' with respect to lambda and phi, times Ω⁻¹v."""
        h, k = self.gather(weighed), -self._lagged(weighed)
        return np.stack([self.phi * (self.spread(k) - self._lags(h)), self.spread(h)], axis=2)

    def bent(self, weighed: Array) -> tuple[float, float]:
        """Return the second derivatives of Ω by lambda, and by lambda and phi, between two Ω⁻¹v."""
        h, k = self.gather(weighed), -self._lagged(weighed)
        return 2.0 * self.phi * float(np.vdot(k, k)), 2.0 * float(np.vdot(k, h))

    def strays(self, power: int) -> Array:
        """Return the sums over each row of the entries of B_t less its mean over the periods, to a power; (T, N)."""
        M = sparse.csr_array(self.parts.M)
        sums = [(one - M).power(power).sum(axis=1) for one in self.matrices.distinct]
        return np.asarray((-self.lam) ** power * np.stack(sums)[self.matrices.place])

    def _lagged(self, Z: Array) -> Array:
        """Return sum_t M_t'Z_t."""
        out = np.zeros(Z.shape[1:])
        for number, rows in self.matrices.blocks(len(Z)):
            total = Z[rows].sum(axis=0)
            out += (self.matrices.distinct[number].T @ total.reshape(len(total), -1)).reshape(total.shape)
        return out

    def _lags(self, h: Array) -> Array:
        """Return (M_t h)."""
        each = [(one @ h.reshape(len(h), -1)).reshape(h.shape) for one in self.matrices.distinct]
        return np.stack(each)[self.matrices.place]
