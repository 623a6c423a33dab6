"""Vector indices of many variants of one table, as a Monte Carlo over its cells needs them."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from gvcpos.accounting.blocks import Blocks, Diagonal, FloatArray
from gvcpos.accounting.indices.lengths import backward_stages, forward_stages, length_columns
from gvcpos.accounting.indices.participation import backward_split, forward_split, split_columns
from gvcpos.accounting.indices.position import positions
from gvcpos.accounting.leontief import LeontiefSystem, workspace_for
from gvcpos.accounting.vectors import VectorFlows

# Rows of Z that stay in the cache while they are multiplied from both sides.
_SLAB = 64


class IndexDraws:
    """The indices that need vectors only, table after table, in the same memory.

    Parameters
    ----------
    blocks : Blocks
        The exporters; the same for every draw.

    Attributes
    ----------
    Z : ndarray, shape (n, n)
        Where a draw may be written to and is used up: given to `indices`, it is not copied, and holds the factors of
        I − A afterwards.

    Notes
    -----
    A draw costs one LU of I − A, two calls to its solves with two and six columns, and one pass over Z. Measures
    with a column for every exporter (KPWW, VAX, Borin & Mancini) are not among them: `ValueAddedAccounts` has those.
    """

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        self._workspace = workspace_for(blocks.n)
        self.Z = self._workspace[: blocks.n]

    def indices(self, Z: FloatArray, Y: FloatArray, va: FloatArray, x: FloatArray) -> dict[str, FloatArray]:
        """Return the indices of one draw by cell.

        Parameters
        ----------
        Z : ndarray, shape (n, n)
            Copied, unless it is the attribute `Z`, which is overwritten.
        Y : ndarray, shape (n, G)
            Final demand by destination.
        va, x : ndarray, shape (n,)
            Value added and output; that they balance is the caller's to see to.

        Returns
        -------
        dict of ndarray, shape (n,) each
            ``va_rate``, ``fgo``, ``upstreamness``, ``downstreamness``, WWYZ participation and lengths in both views
            with their parts, ``gvc_position``; NaN where undefined. The same numbers as `ValueAddedAccounts`.

        Raises
        ------
        IdentityError
            If I − A is singular to working precision.
        """
        if Z is not self.Z:
            np.copyto(self.Z, Z)
        return vector_indices(DrawnFlows(DrawnSystem(self._workspace, x, self.blocks), Y, va))


def vector_indices(flows: VectorFlows) -> dict[str, FloatArray]:
    """Return the indices of `IndexDraws` from the flows of any table, shape (n,) each."""
    inputs = flows.input_solves  # first: they are eliminated together with the matrix
    found = positions(flows.x, flows.y, flows.va, flows.output_solves[:, 0], inputs[:, 0])
    columns = {
        "va_rate": found.va_rate,
        "fgo": found.fgo,
        "upstreamness": found.upstreamness,
        "downstreamness": found.downstreamness,
    }
    columns |= split_columns(forward_split(flows), "forward") | split_columns(backward_split(flows), "backward")
    return columns | length_columns(forward_stages(flows), backward_stages(flows))


class DrawnSystem(LeontiefSystem):
    """A system whose factors take the place of its table: A^F multiplies before the first solve only.

    Parameters
    ----------
    workspace : ndarray
        From `workspace_for`; its first n rows hold Z.
    x : ndarray, shape (n,)
    blocks : Blocks
    """

    def __init__(self, workspace: FloatArray, x: FloatArray, blocks: Blocks) -> None:
        super().__init__(workspace[: len(x)], x, blocks, workspace=workspace)
        self._own = blocks.diagonal(self.Z)
        for here in blocks.slices:
            self.Z[here, here] = 0.0

    @cached_property
    def domestic_A(self) -> Diagonal:
        """Domestic coefficients A_ss, one array an exporter."""
        return self.blocks.multiply_columns(self._own, self.inverse_x)

    def _form(self) -> FloatArray:
        for here, block in zip(self.blocks.slices, self._own, strict=True):
            self.Z[here, here] = block
        self.Z[:, self.x == 0] = 0.0
        self.Z.ravel()[:: len(self.x) + 1] += self._scale
        return self.Z

    def foreign_both(self, columns: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return A^F columns, shape (n, k), and A^Fᵀ rows, shape (n, j), in one pass over Z without its own blocks."""
        n, k = columns.shape
        # BLAS is faster on four vectors than on three.
        factor = np.zeros((n, k + k % 2))
        np.multiply(columns, self.inverse_x[:, None], out=factor[:, :k])
        above = np.ascontiguousarray(rows.T)
        right, left = np.empty_like(factor), np.zeros_like(above)
        for start in range(0, n, _SLAB):
            slab = self.Z[start : start + _SLAB]
            right[start : start + _SLAB] = slab @ factor
            left += above[:, start : start + _SLAB] @ slab
        return right[:, :k], (left * self.inverse_x).T


class DrawnFlows(VectorFlows):
    """The vectors of a drawn table, with one pass over Z instead of two."""

    system: DrawnSystem

    @cached_property
    def input_solves(self) -> FloatArray:
        """u B, w A^F B, w L A^F B, l A^D B, w B and l B as columns, shape (n, 6); l is `live`, mostly u itself."""
        at_home = self.system.domestic_transposed(self.live)
        rows = [np.ones_like(self.x), *self.imported_value.T, at_home, self.w]
        if self.live.all():
            solved = self.system.factorise_with(np.stack(rows).T)
            return np.column_stack([solved, solved[:, 0]])
        return self.system.factorise_with(np.stack([*rows, self.live]).T)

    @cached_property
    def _first_pass(self) -> tuple[FloatArray, FloatArray]:
        columns = np.column_stack([self.x, self.local_demand])
        return self.system.foreign_both(columns, np.stack([self.w, self.w_local], axis=1))

    @cached_property
    def onward(self) -> FloatArray:
        """A^F B A^D x: with u = B A^D x, A u = u − A^D x, so that it is u − A^D (x + u) and needs no pass over Z.

        What is subtracted rounds at 1e-16 of output: where next to nothing goes abroad it is known to fewer digits.
        """
        bx, bfx = self.output_solves.T
        u = bx - self.x - bfx
        return u - self.system.domestic(self.x + u)
