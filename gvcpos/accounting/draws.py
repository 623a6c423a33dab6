"""Vector indices of many variants of one table, as a Monte Carlo over its cells needs them."""

from __future__ import annotations

from gvcpos.accounting.blocks import Blocks, FloatArray
from gvcpos.accounting.indices.lengths import backward_stages, forward_stages, length_columns
from gvcpos.accounting.indices.participation import backward_split, forward_split, split_columns
from gvcpos.accounting.indices.position import positions
from gvcpos.accounting.leontief import LeontiefSystem, workspace_for
from gvcpos.accounting.vectors import VectorFlows


class IndexDraws:
    """The indices that need vectors only, table after table, in the same memory.

    Parameters
    ----------
    blocks : Blocks
        The exporters; the same for every draw.

    Notes
    -----
    A draw costs one LU of I − A, two calls to its solves with two and six columns, and three passes over Z. Measures
    with a column for every exporter (KPWW, VAX, Borin & Mancini) are not among them: `ValueAddedAccounts` has those.
    """

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        self._workspace = workspace_for(blocks.n)

    def indices(self, Z: FloatArray, Y: FloatArray, va: FloatArray, x: FloatArray) -> dict[str, FloatArray]:
        """Return the indices of one draw by cell.

        Parameters
        ----------
        Z : ndarray, shape (n, n)
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
        flows = VectorFlows(LeontiefSystem(Z, x, self.blocks, workspace=self._workspace), Y, va)
        inputs = flows.input_solves  # first: they are eliminated together with the matrix
        found = positions(x, flows.y, va, flows.output_solves[:, 0], inputs[:, 0])
        columns = {
            "va_rate": found.va_rate,
            "fgo": found.fgo,
            "upstreamness": found.upstreamness,
            "downstreamness": found.downstreamness,
        }
        columns |= split_columns(forward_split(flows), "forward") | split_columns(backward_split(flows), "backward")
        return columns | length_columns(forward_stages(flows), backward_stages(flows))
