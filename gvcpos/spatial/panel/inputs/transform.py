"""How fixed effects leave the data, and how many observations and determinants remain.

Arrays are (T, N) or (T, N, k), units in the order of W. Demeaning is applied to Wy itself: W times the
demeaned y is a different thing unless W is doubly stochastic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos.spatial.weights.period_matrix import PeriodMatrix

Array = npt.NDArray[np.float64]

_DENSE_FROM = 0.1  # share of non-zero weights above which a dense product is faster


@dataclass(frozen=True)
class Transformation:
    """The effects removed and what the likelihood then counts (Lee and Yu 2010, J. Econometrics 154:165).

    Attributes
    ----------
    units, periods : int
        N and T.
    entity, time : bool
        Which means are taken out.
    lee_yu : bool
        Whether the likelihood is that of the orthonormally transformed data: (T-1) and (N-1) in place of
        T and N. Otherwise the direct likelihood with N*T observations (Elhorst 2003).
    """

    units: int
    periods: int
    entity: bool
    time: bool
    lee_yu: bool

    @property
    def determinants(self) -> int:
        """How often log|I - rW| enters the likelihood: T, or T-1 after Lee and Yu's entity transformation."""
        return self.periods - (self.entity and self.lee_yu)

    @property
    def drop_unit(self) -> bool:
        """Whether log(1 - r) is taken out of the log-determinant."""
        return self.time and self.lee_yu

    @property
    def nobs(self) -> int:
        """Observations in the likelihood: N*T, N(T-1), (N-1)T or (N-1)(T-1)."""
        return (self.units - self.drop_unit) * self.determinants

    @property
    def absorbed(self) -> int:
        """Number of effects that the direct likelihood estimates beside an overall constant."""
        return (self.units - 1) * self.entity + (self.periods - 1) * self.time + (self.entity or self.time)

    def within(self, Z: Array) -> Array:
        """Take out the means of the chosen effects; Z is (T, N) or (T, N, k)."""
        if self.entity:
            Z = Z - np.add.reduce(Z, axis=0, keepdims=True) / Z.shape[0]
        if self.time:
            Z = Z - np.add.reduce(Z, axis=1, keepdims=True) / Z.shape[1]
        return Z

    def power_sum(self, power: int) -> float:
        """Sum of the given power over one row of the projection that removes the effects."""
        total = 1.0
        for size, used in ((self.periods, self.entity), (self.units, self.time)):
            if used:
                total *= (1.0 - 1.0 / size) ** power + (size - 1) * (-1.0 / size) ** power
        return total


def operator(matrix: sparse.csr_array) -> Array | sparse.csr_array:
    """Return W as a dense array when it is nearly full, else as it is, and so the W of all periods."""
    if isinstance(matrix, PeriodMatrix):
        return matrix
    n = matrix.shape[0]
    return matrix.toarray() if matrix.nnz > _DENSE_FROM * n * n else matrix


def spatial_lag(W: Array | sparse.csr_array, Z: Array) -> Array:
    """Apply W to every period and column.

    Parameters
    ----------
    W : (N, N), or PeriodMatrix, whose W_t goes to period t
    Z : ndarray, shape (T, N) or (T, N, k)

    Returns
    -------
    ndarray, shape of Z
    """
    if Z.ndim == 2 and isinstance(W, np.ndarray):
        return np.asarray(Z @ W.T)
    if isinstance(W, PeriodMatrix):
        return W.lag(Z)
    moved = np.moveaxis(Z, 1, 0)
    flat = np.ascontiguousarray(moved).reshape(moved.shape[0], -1)
    return np.ascontiguousarray(np.moveaxis((W @ flat).reshape(moved.shape), 0, 1))
