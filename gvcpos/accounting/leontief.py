"""The Leontief system of a world table: I − A factorised once, and products with parts of A.

Notation: n cells in the blocks of G exporters. A = Z x̂⁻¹ with zero columns where x = 0; A^D its block-diagonal
(domestic) part, A^F the rest; B = (I − A)⁻¹; L = (I − A^D)⁻¹.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.linalg import blas, lapack

from gvcpos._core.errors import IdentityError
from gvcpos.accounting.blocks import Blocks, Diagonal, FloatArray

# A pivot this small beside the largest one leaves fewer than about three digits in a solution.
_SMALLEST_PIVOT = 1e-13
_FEW = 2
# Numbers in a line of the cache.
_LINE = 8
# Right-hand sides that can be eliminated together with the matrix.
_BESIDE = 8


class LeontiefSystem:
    """(I − A) of one table, factorised when first needed and kept.

    Parameters
    ----------
    Z : ndarray, shape (n, n)
        Intermediate deliveries, row = seller. Kept, not copied, when C-ordered; never written to.
    x : ndarray, shape (n,)
        Gross output. A cell with x = 0 has a zero column in A.
    blocks : Blocks
        The exporters.
    name : callable, optional
        Position of a cell to its name, for messages.
    workspace : ndarray, optional
        Memory for I − A, its factors and its inverse, from `workspace_for`; made anew by default.

    Notes
    -----
    One n × n array is made besides Z: (A − I) x̂ = Z − x̂, which costs less to form than I − A and whose rows final use
    makes dominant. Its LU factors take its place and, once asked for, the inverse B takes theirs. It is kept
    transposed, which in LAPACK's column order is exactly Z − x̂ in row order, so that nothing is transposed. Where
    x = 0 the column is that of −I, so B = −x̂ (Z − x̂)⁻¹ with 1 for x. A itself is never formed: A m = Z (x̂⁻¹ m).
    """

    def __init__(
        self,
        Z: FloatArray,
        x: FloatArray,
        blocks: Blocks,
        name: Callable[[int], str] | None = None,
        workspace: FloatArray | None = None,
    ) -> None:
        self.Z = np.ascontiguousarray(Z, dtype=np.float64)
        self.x = np.asarray(x, dtype=np.float64)
        self.blocks = blocks
        self._space = workspace_for(len(self.x)) if workspace is None else workspace
        self._scale = -np.where(self.x != 0, self.x, 1.0)
        self.name = name or (lambda i: f"cell {i} (exporter {blocks.of_cell[i]})")
        self._inverse: FloatArray | None = None

    def _form(self) -> FloatArray:
        """Write Z − x̂, without columns of cells that have no output, to the work space and return it."""
        out = self._space[: len(self.x)]
        np.copyto(out, self.Z)
        out[:, self.x == 0] = 0.0
        out.ravel()[:: len(self.x) + 1] += self._scale
        return out

    @cached_property
    def inverse_x(self) -> FloatArray:
        """1/x with 0 where x = 0, shape (n,)."""
        return np.divide(1.0, self.x, out=np.zeros_like(self.x), where=self.x != 0)

    @cached_property
    def sums(self) -> tuple[FloatArray, FloatArray]:
        """Row sums and column sums of Z, shape (n,) each, in one pass: a slab of rows stays in the cache."""
        n, rows = len(self.x), 64
        ones, across, down = np.ones(n), np.empty(n), np.zeros(n)
        for start in range(0, n, rows):
            slab = self.Z[start : start + rows]
            across[start : start + rows] = slab @ ones
            down += ones[: len(slab)] @ slab
        return across, down

    @property
    def A(self) -> FloatArray:
        """Technical coefficients Z x̂⁻¹, shape (n, n); made anew at each call."""
        return self.Z * self.inverse_x

    @cached_property
    def domestic_A(self) -> Diagonal:
        """Domestic coefficients A_ss, one array an exporter."""
        return self.blocks.multiply_columns(self.blocks.diagonal(self.Z), self.inverse_x)

    @property
    def _domestic_system(self) -> Diagonal:
        """I − A_ss, one array an exporter."""
        own = self.domestic_A
        if isinstance(own, np.ndarray):
            return np.eye(own.shape[1]) - own
        return [np.eye(len(block)) - block for block in own]

    @cached_property
    def L(self) -> Diagonal:
        """Local Leontief inverses L_ss = (I − A_ss)⁻¹, one array an exporter.

        Raises
        ------
        IdentityError
            If an exporter's I − A_ss is singular.
        """
        try:
            return self.blocks.inverse(self._domestic_system)
        except np.linalg.LinAlgError:
            ranks = [int(np.linalg.matrix_rank(own)) for own in self._domestic_system]
            short = [s for s, rank in enumerate(ranks) if rank < self.blocks.sizes[s]]
            raise IdentityError(
                f"the domestic system of the country of {self.name(int(self.blocks.starts[short[0] if short else 0]))} "
                "is singular: its sectors buy all their output from each other. Check the table's value added there."
            ) from None

    @cached_property
    def _factors(self) -> tuple[FloatArray, npt.NDArray[np.int32]]:
        """LU factors and pivots of (Z − x̂)ᵀ, factorised in place."""
        return self._factorise(self._form())

    def _factorise(self, rows: FloatArray) -> tuple[FloatArray, npt.NDArray[np.int32]]:
        """Factorise (Z − x̂)ᵀ, the transposed first n of `rows`; what follows is eliminated with it."""
        lu, pivots, info = lapack.dgetrf(rows.T, overwrite_a=1)
        # A pivot is in the money of the row it comes from.
        self._order = _permutation(pivots)
        diagonal = np.abs(lu.diagonal() / self._scale[self._order])
        worst = info - 1 if info > 0 else int(diagonal.argmin())
        if info > 0 or not diagonal[worst] > _SMALLEST_PIVOT * diagonal.max():
            raise IdentityError(
                f"I - A is singular to working precision (pivot {diagonal[worst]:.3g}, met at {self.name(worst)}): "
                "some cells sell all they make to each other and have no final use. Check the rows of the table there."
            )
        return lu, pivots

    def factorise_with(self, rhs: FloatArray) -> FloatArray:
        """Return Bᵀ rhs as `solve_transposed`, for a few columns (n, k) that are known before the system is factorised.

        They are eliminated together with the matrix, which saves half the cost of solving for them.
        """
        n, k = rhs.shape
        if "_factors" in self.__dict__ or self._inverse is not None or k > len(self._space) - n:
            return self.solve_transposed(rhs)
        self._form()
        np.multiply(rhs.T, self._scale, out=self._space[n : n + k])
        lu, pivots = self._factorise(self._space[: n + k])
        self._factors = lu[:, :n], pivots
        return lapack.dtrtrs(lu[:, :n], lu[:, n:])[0]

    def solve(self, rhs: FloatArray, *, overwrite: bool = False) -> FloatArray:
        """Return B rhs for a column or columns, shape (n,) or (n, k).

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
        if self._inverse is not None:
            inverse = self._inverse if transposed else self._inverse.T
            return inverse @ np.asarray(rhs, dtype=np.float64)
        lu, pivots = self._factors
        columns = np.array(rhs, dtype=np.float64, order="F", ndmin=1, copy=None if overwrite else True)
        scale = self._scale if columns.ndim == 1 else self._scale[:, None]
        if not transposed:
            columns *= scale
        if columns.ndim == 2 and columns.shape[1] <= _FEW:
            # A column on its own takes a third of what LAPACK needs for each of two or three.
            for column in columns.T:
                column[:] = self._solved(lu, column, transposed)
        else:
            columns = lapack.dgetrs(lu, pivots, columns, trans=transposed, overwrite_b=1)[0].reshape(columns.shape)
        if transposed:
            columns *= scale
        return columns

    def _solved(self, lu: FloatArray, column: FloatArray, transposed: int) -> FloatArray:
        """Solve for one column with the factors P K = L U of K = (Z − x̂)ᵀ, or of its transpose."""
        if not transposed:
            halfway = blas.dtrsv(lu, column[self._order], lower=1, diag=1, overwrite_x=1)
            return np.asarray(blas.dtrsv(lu, halfway, overwrite_x=1))
        halfway = blas.dtrsv(lu, column, trans=1)
        solution = np.empty_like(column)
        solution[self._order] = blas.dtrsv(lu, halfway, lower=1, trans=1, diag=1, overwrite_x=1)
        return solution

    def inverse(self) -> FloatArray:
        """Return B, shape (n, n), for about twice the cost of factorising; it takes the factors' place and is kept."""
        if self._inverse is None:
            lu, pivots = self._factors
            del self._factors
            # Without a work space of this size LAPACK falls back to an unblocked routine, ten times slower.
            work = int(lapack.dgetri_lwork(len(self.x))[0])
            self._inverse = lapack.dgetri(lu, pivots, lwork=work, overwrite_lu=1)[0].T
            self._inverse *= self._scale[:, None]
        return self._inverse

    @cached_property
    def diagonal_blocks(self) -> Diagonal:
        """B_ss, one array an exporter; needs the inverse."""
        return self.blocks.diagonal(self.inverse())

    def solve_spread(self, m: FloatArray) -> FloatArray:
        """Return B_rs m_s for every pair and each column of `m` (n, k), shape (k, n, G): rows of r, columns of s.

        From the inverse it is one pass over it; otherwise k G columns are solved for.
        """
        if self._inverse is not None:
            return self.blocks.columns_of(self._inverse, m)
        spread = np.concatenate([self.blocks.spread(column).T for column in m.T]).T
        return self.solve(spread, overwrite=True).reshape(len(m), m.shape[1], -1).transpose(1, 0, 2)

    def solve_spread_transposed(self, m: FloatArray) -> FloatArray:
        """Return (m_t B_ts)' for every pair, shape (n, G): rows of s, a column for each t; cost as `solve_spread`."""
        if self._inverse is not None:
            return np.ascontiguousarray(self.blocks.rows_of(m, self._inverse).T)
        return self.solve_transposed(self.blocks.spread(m), overwrite=True)

    def domestic(self, m: FloatArray) -> FloatArray:
        """Return A^D m, shape of `m`: (n,) or (n, k)."""
        return self.blocks.multiply(self.domestic_A, m)

    def domestic_transposed(self, m: FloatArray) -> FloatArray:
        """Return A^Dᵀ m, shape of `m`: (n,) or (n, k)."""
        return self.blocks.multiply_transposed(self.domestic_A, m)

    def local(self, m: FloatArray) -> FloatArray:
        """Return L m, shape of `m`: (n,) or (n, k)."""
        return self.blocks.multiply(self.L, m)

    def local_transposed(self, m: FloatArray) -> FloatArray:
        """Return Lᵀ m, shape of `m`: (n,) or (n, k)."""
        return self.blocks.multiply_transposed(self.L, m)

    def foreign(self, m: FloatArray) -> FloatArray:
        """Return A^F m, shape of `m`: (n,) or (n, k)."""
        return self.foreign_products(columns=m.reshape(len(m), -1))[0].reshape(m.shape)

    def foreign_transposed(self, m: FloatArray) -> FloatArray:
        """Return A^Fᵀ m, shape of `m`: (n,) or (n, k)."""
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
        columns : ndarray, shape (n, k), optional
        own : tuple of ndarray, shape (n, G) each, optional
            Matrices with a column for every country.
        rows : ndarray, shape (n, j), optional

        Returns
        -------
        ndarray, shape (n, k)
            A^F columns.
        ndarray, shape (n, len(own))
            Σ_{r≠s} A_sr m_rs for every country s, stacked, for each m in `own`: what s sells abroad for
            something that is indexed by s itself.
        ndarray, shape (n, j)
            A^Fᵀ rows.
        """
        n, k = len(self.x), 0 if columns is None else columns.shape[1]
        # Factors lie as rows, so that a country's own are put together by copying lines. BLAS is faster on four vectors
        # than on three.
        count = k + len(own)
        factor = np.zeros((4 if count == 3 else count, n))
        if columns is not None:
            factor[:k] = columns.T * self.inverse_x
        owned = [m.T * self.inverse_x for m in own]
        above = np.empty((0, n)) if rows is None else np.ascontiguousarray(rows.T)
        right, left = np.empty((n, len(factor))), np.zeros(above.shape)
        for s, here in enumerate(self.blocks.slices):
            block = self.Z[here]
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
        return right[:, :k], right[:, k:count], (left * self.inverse_x).T


def workspace_for(n: int) -> FloatArray:
    """Return memory for a system of n cells, to be used again for the next one of the same size.

    It begins where a line of the cache begins: LAPACK is up to a tenth faster there on two threads.
    """
    size = (n + _BESIDE) * n
    raw = np.empty(size + _LINE)
    start = -(raw.ctypes.data // raw.itemsize) % _LINE
    return raw[start : start + size].reshape(n + _BESIDE, n)


def _permutation(pivots: npt.NDArray[np.int32]) -> npt.NDArray[np.intp]:
    """Return the row that LAPACK's exchanges bring to every place."""
    order = np.arange(len(pivots))
    for i in np.flatnonzero(pivots != order):
        order[[i, pivots[i]]] = order[[pivots[i], i]]
    return order
