"""The exporters of a world table: its cells cut into blocks, and the algebra of block matrices.

An exporter is a country or a group of countries. Its cells are consecutive, so a block of a matrix is a slice; blocks
may differ in size. Vectors have shape (n,), matrices (n, G) have a column for every exporter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

FloatArray = npt.NDArray[np.float64]
Diagonal = FloatArray | Sequence[FloatArray]


@dataclass(frozen=True)
class Blocks:
    """n cells cut into G consecutive blocks.

    Attributes
    ----------
    sizes : tuple of int
        Cells of every exporter.
    """

    sizes: tuple[int, ...]

    @classmethod
    def even(cls, G: int, N: int) -> Blocks:
        """Return G blocks of N cells each."""
        return cls((N,) * G)

    @property
    def G(self) -> int:
        """Number of exporters."""
        return len(self.sizes)

    @cached_property
    def starts(self) -> npt.NDArray[np.intp]:
        """First cell of every block, shape (G,)."""
        return np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.intp)

    @cached_property
    def n(self) -> int:
        """Number of cells."""
        return int(sum(self.sizes))

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """The cells of every block."""
        return tuple(slice(int(a), int(a) + size) for a, size in zip(self.starts, self.sizes, strict=True))

    @cached_property
    def of_cell(self) -> npt.NDArray[np.intp]:
        """Block of every cell, shape (n,)."""
        return np.repeat(np.arange(self.G), self.sizes)

    def sums(self, m: FloatArray, axis: int = 0) -> FloatArray:
        """Sum over each block's cells: n becomes G along `axis`."""
        return np.add.reduceat(m, self.starts, axis=axis)

    def per_cell(self, m: FloatArray) -> FloatArray:
        """Give every cell its exporter's value: G becomes n along the first axis."""
        return m[self.of_cell]

    def own(self, m: FloatArray) -> FloatArray:
        """Return the own blocks m_ss of a matrix (n, G), stacked to shape (n,)."""
        return m[np.arange(self.n), self.of_cell]

    def spread(self, m: FloatArray) -> FloatArray:
        """Spread a vector (n,) to a matrix (n, G) with m_s in the rows and the column of s, else 0."""
        out = np.zeros((self.n, self.G), order="F")
        out[np.arange(self.n), self.of_cell] = m
        return out

    def without_own(self, m: FloatArray) -> FloatArray:
        """Return a copy of (n, G) with the own blocks exactly 0."""
        out = m.copy()
        out[np.arange(self.n), self.of_cell] = 0.0
        return out

    def abroad(self, m: FloatArray) -> FloatArray:
        """Return Σ_{r≠s} m_sr, the row sums of (n, G) without the own blocks, shape (n,).

        The blocks are left out, not subtracted, so that nothing abroad is exactly 0.
        """
        return self.without_own(m).sum(axis=1)

    def gather(self, parts: Iterable[FloatArray]) -> Diagonal:
        """Keep one square array an exporter: stacked to (G, N, N) where all are of one size, which is faster."""
        found = list(parts)
        return np.stack(found) if len(set(self.sizes)) == 1 else found

    def diagonal(self, matrix: FloatArray) -> Diagonal:
        """Return copies of the diagonal blocks of a matrix (n, n)."""
        if len(set(self.sizes)) == 1:
            every, N = np.arange(self.G), self.sizes[0]
            return matrix.reshape(self.G, N, self.G, N)[every, :, every, :]
        return self.gather(matrix[here, here].copy() for here in self.slices)

    def multiply_columns(self, blocks: Diagonal, v: FloatArray) -> Diagonal:
        """Multiply the columns of every block with a vector (n,)."""
        if isinstance(blocks, np.ndarray):
            return blocks * v.reshape(self.G, 1, -1)
        return [block * v[here] for here, block in zip(self.slices, blocks, strict=True)]

    def multiply(self, blocks: Diagonal, m: FloatArray) -> FloatArray:
        """Multiply the block-diagonal matrix of `blocks` with `m`, shape (n,) or (n, k)."""
        if isinstance(blocks, np.ndarray):
            return (blocks @ m.reshape(self.G, blocks.shape[1], -1)).reshape(m.shape)
        return np.concatenate([block @ m[here] for here, block in zip(self.slices, blocks, strict=True)])

    def multiply_transposed(self, blocks: Diagonal, m: FloatArray) -> FloatArray:
        """Multiply the transpose of the block-diagonal matrix of `blocks` with `m`, shape (n,) or (n, k)."""
        return self.multiply(transposed(blocks), m)

    def solve(self, blocks: Diagonal, m: FloatArray) -> FloatArray:
        """Return the solution of the block-diagonal system of `blocks`, shape of `m`: (n,) or (n, k)."""
        if isinstance(blocks, np.ndarray):
            columns = m.reshape(self.G, blocks.shape[1], -1)
            return np.asarray(np.linalg.solve(blocks, columns), dtype=np.float64).reshape(m.shape)
        return np.concatenate(
            [np.linalg.solve(block, m[here]) for here, block in zip(self.slices, blocks, strict=True)]
        )

    def inverse(self, blocks: Diagonal) -> Diagonal:
        """Invert every block.

        Raises
        ------
        numpy.linalg.LinAlgError
            If one is singular.
        """
        inverted = [_inverted(block) for block in blocks]
        return np.stack(inverted) if isinstance(blocks, np.ndarray) else inverted

    def columns_of(self, matrix: FloatArray, m: FloatArray) -> FloatArray:
        """Return matrix_rs m_s for every pair, shape (k, n, G): the product with k spread vectors in one pass.

        Parameters
        ----------
        matrix : ndarray, shape (n, n)
        m : ndarray, shape (n, k)
        """
        out = np.empty((m.shape[1], self.n, self.G))
        for s, here in enumerate(self.slices):
            out[:, :, s] = (matrix[:, here] @ m[here]).T
        return out

    def rows_of(self, v: FloatArray, matrix: FloatArray) -> FloatArray:
        """Return v_t matrix_ts for every pair, shape (G, n): block sums of v̂ times the matrix."""
        return np.stack([v[here] @ matrix[here] for here in self.slices])


def _inverted(block: FloatArray) -> FloatArray:
    """Invert one small matrix: without the unit matrix that numpy solves for."""
    lu, pivots, singular = lapack.dgetrf(block.T)
    if singular:
        raise np.linalg.LinAlgError("singular block")
    return lapack.dgetri(lu, pivots, overwrite_lu=1)[0].T


def transposed(blocks: Diagonal) -> Diagonal:
    """Transpose every block."""
    return blocks.transpose(0, 2, 1) if isinstance(blocks, np.ndarray) else [block.T for block in blocks]


def pair_products(
    matrix: FloatArray, blocks: Blocks, shared: FloatArray, paired: Iterable[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Multiply the blocks M_sr of a matrix with vectors of the column's exporter, r, and of the pair, in one pass.

    Parameters
    ----------
    matrix : ndarray, shape (n, n)
    blocks : Blocks
    shared : ndarray, shape (n, k)
        Vectors m_r that are the same for every s.
    paired : iterable of ndarray, shape (n, G) each
        Vectors m_rs in the rows of r and the column of s.

    Returns
    -------
    ndarray, shape (k, n, G)
        M_sr m_r in the rows of s and the column of r; own blocks are 0.
    ndarray, shape (j, n, G)
        M_sr m_rs likewise.
    """
    pairs = [np.asarray(m) for m in paired]
    k, j = shared.shape[1], len(pairs)
    out = np.zeros((k + j, blocks.n, blocks.G))
    factor = np.empty((blocks.n, k + j))
    factor[:, :k] = shared
    for s, rows in enumerate(blocks.slices):
        for i, m in enumerate(pairs, start=k):
            factor[:, i] = m[:, s]
        slab = matrix[rows]
        for r, columns in enumerate(blocks.slices):
            if r != s:
                out[:, rows, r] = (slab[:, columns] @ factor[columns]).T
    return out[:k], out[k:]
