"""A matrix of weights for every period: numbers only, each different matrix kept once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

Array = npt.NDArray[np.float64]

_DENSE_FROM = 0.1  # share of non-zero weights above which a dense product is faster


@dataclass(frozen=True, eq=False)
class PeriodMatrix:
    """The block-diagonal matrix of W_1, ..., W_T, without its zeros.

    Attributes
    ----------
    distinct : tuple of csr_array, each of shape (N, N)
        The different matrices, in the order in which they first occur.
    place : ndarray of int, shape (T,)
        Which of them each period has.
    """

    distinct: tuple[sparse.csr_array, ...]
    place: npt.NDArray[np.intp]

    @property
    def shape(self) -> tuple[int, int]:
        """(N, N), of one period."""
        return self.distinct[0].shape

    @property
    def changes(self) -> bool:
        """Whether there is more than one matrix."""
        return len(self.distinct) > 1

    @cached_property
    def shares(self) -> Array:
        """Share of the periods that each matrix has; sums to one."""
        return np.asarray(np.bincount(self.place, minlength=len(self.distinct)) / len(self.place))

    @cached_property
    def key(self) -> str:
        """A digest of all matrices and their order."""
        digest = hashlib.blake2b(np.asarray(self.place, dtype=np.int64).tobytes())
        for one in self.distinct:
            digest.update(matrix_key(one).encode())
        return digest.hexdigest()

    def blocks(self, periods: int) -> Iterator[tuple[int, npt.NDArray[np.intp]]]:
        """Yield each matrix's number and the periods that have it, of a panel or of several stacked on each other."""
        place = self.place if periods == len(self.place) else np.tile(self.place, periods // len(self.place))
        for number in range(len(self.distinct)):
            yield number, np.flatnonzero(place == number)

    def lag(self, Z: Array) -> Array:
        """Return W_t Z_t; Z is (T, N) or (T, N, k)."""
        out = np.empty(Z.shape)
        for number, rows in self.blocks(len(Z)):
            moved = np.moveaxis(Z[rows], 1, 0)
            flat = np.ascontiguousarray(moved).reshape(moved.shape[0], -1)
            out[rows] = np.moveaxis((self._operators[number] @ flat).reshape(moved.shape), 0, 1)
        return out

    @cached_property
    def transposed(self) -> PeriodMatrix:
        """The matrices turned around: W_1', ..., W_T'."""
        return PeriodMatrix(tuple(sparse.csr_array(one.T) for one in self.distinct), self.place)

    def row_sums(self) -> Array:
        """Return the row sums, shape (T, N)."""
        sums = np.stack([np.asarray(one.sum(axis=1), dtype=float).ravel() for one in self.distinct])
        return np.asarray(sums[self.place])

    @cached_property
    def _operators(self) -> tuple[Array | sparse.csr_array, ...]:
        full = _DENSE_FROM * self.shape[0] ** 2
        return tuple(one.toarray() if one.nnz > full else one for one in self.distinct)


def stacked(matrices: Iterable[sparse.csr_array]) -> PeriodMatrix:
    """Put matrices, one a period, together; equal ones are kept once."""
    found: dict[str, int] = {}
    distinct: list[sparse.csr_array] = []
    place = []
    for matrix in matrices:
        key = matrix_key(matrix)
        if key not in found:
            found[key] = len(distinct)
            distinct.append(matrix)
        place.append(found[key])
    return PeriodMatrix(tuple(distinct), np.array(place, dtype=np.intp))


def pairs_of(
    W: sparse.csr_array | PeriodMatrix, M: sparse.csr_array | PeriodMatrix, periods: int
) -> Iterator[tuple[sparse.csr_array, sparse.csr_array, npt.NDArray[np.intp]]]:
    """Yield each different pair of W and M, of one matrix or of one a period, and the periods that have it."""
    first, second = (
        one if isinstance(one, PeriodMatrix) else PeriodMatrix((one,), np.zeros(periods, dtype=np.intp))
        for one in (W, M)
    )
    both, where = np.unique(np.stack([first.place, second.place], axis=1), axis=0, return_inverse=True)
    for number, (i, j) in enumerate(both.tolist()):
        yield first.distinct[i], second.distinct[j], np.flatnonzero(where.reshape(-1) == number)


def matrix_key(matrix: sparse.csr_array) -> str:
    """Return a digest of a sparse matrix."""
    digest = hashlib.blake2b(np.int64(matrix.shape[0]).tobytes())
    for part in (matrix.indptr, matrix.indices, matrix.data):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()
