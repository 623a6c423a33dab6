"""The Leontief system of a world table: I − A factorised once, and products with parts of A.

Notation: G countries, N sectors, GN = G·N cells, country-major. A = Z x̂⁻¹ with zero columns where x = 0;
A^D its block-diagonal (domestic) part, A^F the rest; B = (I − A)⁻¹; L = (I − A^D)⁻¹.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

from gvcpos._core.errors import IdentityError

FloatArray = npt.NDArray[np.float64]

# A pivot this small beside the largest one leaves fewer than about three digits in a solution.
_SMALLEST_PIVOT = 1e-13
_FEW = 2


class LeontiefSystem:
    """(I − A) of one table, factorised when first needed and kept.

    Parameters
    ----------
    Z : ndarray, shape (GN, GN)
        Intermediate deliveries, row = seller. Kept, not copied, when C-ordered; never written to.
    x : ndarray, shape (GN,)
        Gross output. A cell with x = 0 has a zero column in A.
    G, N : int
        Numbers of countries and of sectors.
    name : callable, optional
        Position of a cell to its name, for messages.

    Attributes
    ----------
    row_sums, column_sums : ndarray, shape (GN,)
        Sums of Z, taken while I − A is formed.

    Notes
    -----
    One GN × GN array is made besides Z: the LU factors of (I − A)ᵀ, which in LAPACK's column order is
    exactly I − A in row order, so that nothing is transposed. A itself is never formed: A m = Z (x̂⁻¹ m).
    """

    def __init__(self, Z: FloatArray, x: FloatArray, G: int, N: int, name: Callable[[int], str] | None = None) -> None:
        self.Z = np.ascontiguousarray(Z, dtype=np.float64)
        self.x = np.asarray(x, dtype=np.float64)
        self.G, self.N = G, N
        self.row_sums, self.column_sums, self._matrix = _form(self.Z, self.inverse_x)
        self._name = name or (lambda i: f"cell {i} (country {i // N}, sector {i % N})")

    @cached_property
    def inverse_x(self) -> FloatArray:
        """1/x with 0 where x = 0, shape (GN,)."""
        return np.divide(1.0, self.x, out=np.zeros_like(self.x), where=self.x != 0)

    @property
    def A(self) -> FloatArray:
        """Technical coefficients Z x̂⁻¹, shape (GN, GN); made anew at each call."""
        return self.Z * self.inverse_x

    @cached_property
    def domestic_A(self) -> FloatArray:
        """Domestic coefficients A_ss, shape (G, N, N)."""
        blocks = self.Z.reshape(self.G, self.N, self.G, self.N)
        s = np.arange(self.G)
        return blocks[s, :, s, :] * self.inverse_x.reshape(self.G, 1, self.N)

    @cached_property
    def L(self) -> FloatArray:
        """Local Leontief inverses L_ss = (I − A_ss)⁻¹, shape (G, N, N).

        Raises
        ------
        IdentityError
            If a country's I − A_ss is singular.
        """
        local = np.eye(self.N) - self.domestic_A
        try:
            return np.linalg.inv(local).astype(np.float64, copy=False)
        except np.linalg.LinAlgError:
            ranks = [int(np.linalg.matrix_rank(block)) for block in local]
            first = next((s for s, rank in enumerate(ranks) if rank < self.N), 0)
            raise IdentityError(
                f"the domestic system of the country of {self._name(first * self.N)} is singular: its sectors buy "
                "all their output from each other. Check the table's value added there."
            ) from None

    @cached_property
    def _factors(self) -> tuple[FloatArray, npt.NDArray[np.int32]]:
        """LU factors and pivots of (I − A)ᵀ, factorised in place."""
        lu, pivots, info = lapack.dgetrf(self._matrix.T, overwrite_a=1)
        diagonal = np.abs(lu.diagonal())
        worst = info - 1 if info > 0 else int(diagonal.argmin())
        if info > 0 or not diagonal[worst] > _SMALLEST_PIVOT * diagonal.max():
            # The factors have taken the matrix's place: make it again, so that asking twice fails twice.
            self._matrix = _form(self.Z, self.inverse_x)[2]
            raise IdentityError(
                f"I - A is singular to working precision (pivot {diagonal[worst]:.3g}, met at {self._name(worst)}): "
                "some cells sell all they make to each other and have no final use. Check the rows of the table there."
            )
        return lu, pivots

    def solve(self, rhs: FloatArray, *, overwrite: bool = False) -> FloatArray:
        """Return B rhs for a column or columns, shape (GN,) or (GN, k).

        Parameters
        ----------
        rhs : ndarray
        overwrite : bool
            Whether the solution may take the place of a Fortran-ordered `rhs`.

        Raises
        ------
        IdentityError
            If I − A is singular to working precision; the message names the cell.
        """
        return self._getrs(rhs, 1, overwrite)

    def solve_transposed(self, rhs: FloatArray, *, overwrite: bool = False) -> FloatArray:
        """Return Bᵀ rhs, that is (rhsᵀ B)ᵀ, for a column or columns; parameters as in `solve`."""
        return self._getrs(rhs, 0, overwrite)

    def _getrs(self, rhs: FloatArray, transposed: int, overwrite: bool) -> FloatArray:
        lu, pivots = self._factors
        columns = np.array(rhs, dtype=np.float64, order="F", ndmin=1, copy=None if overwrite else True)
        if columns.ndim == 2 and columns.shape[1] <= _FEW:
            # LAPACK is three times faster on a single column than on each of two or three.
            one_by_one = [lapack.dgetrs(lu, pivots, column, trans=transposed)[0] for column in columns.T]
            return np.column_stack(one_by_one) if one_by_one else columns
        solution, _ = lapack.dgetrs(lu, pivots, columns, trans=transposed, overwrite_b=1)
        return solution.reshape(columns.shape)

    @cached_property
    def _inverse(self) -> FloatArray:
        lu, pivots = self._factors
        # Without a work space of this size LAPACK falls back to an unblocked routine, ten times slower.
        work = int(lapack.dgetri_lwork(len(self.x))[0])
        inverse, _ = lapack.dgetri(lu, pivots, lwork=work)
        return inverse.T

    def inverse(self) -> FloatArray:
        """Return B, shape (GN, GN), from the same factors; about twice the cost of factorising. Kept."""
        return self._inverse

    def diagonal_blocks(self) -> FloatArray:
        """Return B_ss, shape (G, N, N); needs the inverse."""
        s = np.arange(self.G)
        return self.inverse().reshape(self.G, self.N, self.G, self.N)[s, :, s, :]

    def domestic(self, m: FloatArray) -> FloatArray:
        """Return A^D m, shape of `m`: (GN,) or (GN, k)."""
        return self.blockwise(self.domestic_A, m)

    def local(self, m: FloatArray) -> FloatArray:
        """Return L m, shape of `m`: (GN,) or (GN, k)."""
        return self.blockwise(self.L, m)

    def local_transposed(self, m: FloatArray) -> FloatArray:
        """Return Lᵀ m, shape of `m`: (GN,) or (GN, k)."""
        return self.blockwise(self.L.transpose(0, 2, 1), m)

    def domestic_transposed(self, m: FloatArray) -> FloatArray:
        """Return A^Dᵀ m, shape of `m`: (GN,) or (GN, k)."""
        return self.blockwise(self.domestic_A.transpose(0, 2, 1), m)

    def blockwise(self, blocks: FloatArray, m: FloatArray) -> FloatArray:
        """Multiply the block-diagonal matrix of `blocks` (G, N, N) with `m` (GN,) or (GN, k)."""
        return (blocks @ m.reshape(self.G, self.N, -1)).reshape(m.shape)

    def foreign(self, m: FloatArray) -> FloatArray:
        """Return A^F m, shape of `m`: (GN,) or (GN, k)."""
        return self.foreign_products(columns=m.reshape(len(m), -1))[0].reshape(m.shape)

    def foreign_transposed(self, m: FloatArray) -> FloatArray:
        """Return A^Fᵀ m, shape of `m`: (GN,) or (GN, k)."""
        return self.foreign_products(rows=m.reshape(len(m), -1))[2].reshape(m.shape)

    def foreign_products(
        self,
        columns: FloatArray | None = None,
        own: tuple[FloatArray, ...] = (),
        rows: FloatArray | None = None,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Multiply A^F from both sides in one pass over Z, whose memory traffic is what a product costs.

        The domestic blocks are multiplied by zero, not subtracted: a country that sells or buys nothing abroad gets
        exact zeros.

        Parameters
        ----------
        columns : ndarray, shape (GN, k), optional
        own : tuple of ndarray, shape (GN, G) each, optional
            Matrices with a column for every country.
        rows : ndarray, shape (GN, j), optional

        Returns
        -------
        ndarray, shape (GN, k)
            A^F columns.
        ndarray, shape (GN, len(own))
            Σ_{r≠s} A_sr m_rs for every country s, stacked, for each m in `own`: what s sells abroad for
            something that is indexed by s itself.
        ndarray, shape (GN, j)
            A^Fᵀ rows.
        """
        n, k = len(self.x), 0 if columns is None else columns.shape[1]
        # Factors lie as rows, so that a country's own are put together by copying lines.
        factor = np.zeros((k + len(own), n))
        if columns is not None:
            factor[:k] = columns.T * self.inverse_x
        owned = [m.T * self.inverse_x for m in own]
        above = np.empty((0, n)) if rows is None else np.ascontiguousarray(rows.T)
        right, left = np.empty((n, len(factor))), np.zeros(above.shape)
        for s in range(self.G):
            start, stop = s * self.N, (s + 1) * self.N
            here, block = slice(start, stop), self.Z[start:stop]
            if len(factor):
                for i, m in enumerate(owned, start=k):
                    factor[i] = m[s]
                kept = factor[:k, here].copy()
                factor[:, here] = 0.0
                right[here] = block @ factor.T
                factor[:k, here] = kept
            if len(above):
                bought = above[:, here] @ block
                bought[:, here] = 0.0
                left += bought
        return right[:, :k], right[:, k:], (left * self.inverse_x).T

    def own_blocks(self, m: FloatArray) -> FloatArray:
        """Return the own-country blocks m_ss of a matrix (GN, G), stacked to shape (GN,)."""
        return np.concatenate([m[s * self.N : (s + 1) * self.N, s] for s in range(self.G)])

    def abroad(self, m: FloatArray) -> FloatArray:
        """Return Σ_{r≠s} m_sr, the row sums of (GN, G) without the own-country blocks, shape (GN,).

        The blocks are left out, not subtracted, so that nothing abroad is exactly 0.
        """
        total = np.zeros(len(m))
        for s in range(self.G):
            column = m[:, s].copy()
            column[s * self.N : (s + 1) * self.N] = 0.0
            total += column
        return total

    def block_columns(self, m: FloatArray) -> FloatArray:
        """Spread a vector (GN,) to a matrix (GN, G) with m_s in the rows and the column of s, else 0."""
        out = np.zeros((len(m), self.G), order="F")
        for s in range(self.G):
            here = slice(s * self.N, (s + 1) * self.N)
            out[here, s] = m[here]
        return out

    def country_sums(self, m: FloatArray) -> FloatArray:
        """Sum (GN, ...) over each country's sectors, giving (G, ...)."""
        return m.reshape(self.G, self.N, *m.shape[1:]).sum(axis=1)


def _form(Z: FloatArray, inverse_x: FloatArray, rows: int = 64) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the row sums and column sums of Z and I − Z x̂⁻¹ in one pass: a slab of rows stays in the cache."""
    n = len(Z)
    ones, across, down = np.ones(n), np.empty(n), np.zeros(n)
    matrix = np.empty_like(Z)
    for start in range(0, n, rows):
        slab = Z[start : start + rows]
        across[start : start + rows] = slab @ ones
        down += ones[: len(slab)] @ slab
        np.multiply(slab, -inverse_x, out=matrix[start : start + rows])
    matrix.ravel()[:: n + 1] += 1.0
    return across, down, matrix
