"""Perimeters: which crossings count an item of exports twice. Each is two things, one for either approach.

Source: `content`, the value added in a unit of exports that crosses for the first time. Sink: `recrossing`, what of the
exports crosses again. By perspective, with A* = A without the intermediate flows of the perimeter, B* = (I − A*)⁻¹:

- exporter: all exports of s. B*_ss = L_ss.
- pair: all exports of s to r, H = A_sr B_rs: B*_·s = B_·s (I + H)⁻¹, the `pure` bilateral perimeter.
- sector, sector_pair: exports of one cell, to all or to one: H is one number; source and sink have the same sums.
- importer: all that enters r: B*_ts = B_ts − B_tr B_rr⁻¹ B_rs, and L_rr B_rr⁻¹ B_rs for r itself.
- world: every border, for value added as foreign; its own value added is the exporter's.

No inverse of the table's size is made for any of them.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

from gvcpos._core.errors import IdentityError
from gvcpos._core.threads import side_by_side
from gvcpos.accounting.blocks import FloatArray, pair_products, transposed
from gvcpos.accounting.exports.borin_mancini import Content, Recrossing, Terms
from gvcpos.accounting.pairs import PairFlows

# Cells of an exporter from which on its small systems are worth a thread.
_LARGE = 40


class Perimeters:
    """The perimeters of the exports of one table.

    Parameters
    ----------
    pairs : PairFlows
    """

    def __init__(self, pairs: PairFlows) -> None:
        self.pairs = pairs

    def content(self, perspective: str) -> Content:
        """Return the value added in a unit of exports, in all and at its first crossing of the perimeter."""
        pairs = self.pairs
        if perspective in ("sector", "sector_pair"):
            k = 1.0 / (1.0 + self._round(perspective))
            return _content(pairs, k * pairs.own[:, None], k * pairs.foreign[:, None])
        if perspective == "pair":
            return _content(pairs, *self._loops[0][:2])
        if perspective == "importer":
            return _content(pairs, *_importer_content(pairs))
        found = Content.of_pairs(pairs)
        if perspective == "world":
            return Content(found.single, found.own, found.foreign, first_foreign(pairs)[:, None])
        return found

    def recrossing(self, perspective: str) -> Recrossing:
        """Return what of the exports of s to r crosses the perimeter again, shape (n, G) each."""
        if perspective in ("sector", "sector_pair"):
            return self._round_again(perspective)
        if perspective == "pair":
            return Recrossing(*self._loops[0][2:])
        if perspective == "importer":
            return _importer_again(self.pairs)
        return Recrossing.of_exporter(self.pairs.sales)

    @cached_property
    def _loops(self) -> tuple[FloatArray, FloatArray]:
        """What comes round to the exports of s to r, by way of H = A_sr B_rs, in one pass over the pairs.

        Returns
        -------
        ndarray, shape (6, n, G)
            o_s (I + H)⁻¹ and c_s (I + H)⁻¹; H (I + H)⁻¹ times e_sr, Y_sr, what returns to s and what ends in r.
        ndarray, shape (n, G)
            H[n, n].
        """
        pairs, blocks, sales = self.pairs, self.pairs.blocks, self.pairs.sales
        flows = np.stack([pairs.exports, sales.final, sales.returned, sales.final + sales.absorbed])
        full = np.stack([pairs.own, pairs.foreign], axis=1)
        out, diagonal = np.zeros((6, blocks.n, blocks.G)), np.zeros((blocks.n, blocks.G))
        worthwhile = max(blocks.sizes) >= _LARGE
        side_by_side(lambda s: self._loops_of(s, full, flows, out, diagonal), range(blocks.G), worthwhile=worthwhile)
        return out, diagonal

    def _loops_of(self, s: int, full: FloatArray, flows: FloatArray, out: FloatArray, diagonal: FloatArray) -> None:
        """Write the rows of one exporter of `_loops`."""
        pairs, blocks = self.pairs, self.pairs.blocks
        rows = blocks.slices[s]
        sold, identity = pairs.system.Z[rows] * pairs.system.inverse_x, np.eye(blocks.sizes[s])
        for r, there in enumerate(blocks.slices):
            if r == s:
                continue
            around = sold[:, there] @ pairs.B[there, rows]
            diagonal[rows, r] = around.diagonal()
            # One factorisation serves both sides, straight from LAPACK: there are G² of these small systems.
            lu, pivots, info = lapack.dgetrf((identity + around).T, overwrite_a=1)
            if info:
                raise IdentityError(
                    f"without what the country of {pairs.system.name(rows.start)} sells to that of "
                    f"{pairs.system.name(there.start)} the table has no solution: I + A_sr B_rs is singular."
                )
            out[:2, rows, r] = lapack.dgetrs(lu, pivots, full[rows])[0].T
            out[2:, rows, r] = (around @ lapack.dgetrs(lu, pivots, flows[:, rows, r].T, trans=1)[0]).T

    def _round(self, perspective: str) -> FloatArray:
        """Return what of a unit of a cell's exports comes round to them, (n, 1), or to those to r, (n, G)."""
        again = self._loops[1]
        return again.sum(axis=1, keepdims=True) if perspective == "sector" else again

    def _round_again(self, perspective: str) -> Recrossing:
        """Return what comes round to the exports of the cell: (A_sr B_rs)[n, n] k times those exports."""
        pairs, sales = self.pairs, self.pairs.sales
        exports, final, returned, ends = pairs.exports, sales.final, sales.returned, sales.final + sales.absorbed
        if perspective == "sector":
            # What of s's exports ends in r, Σ_j A_sj (BY)_jr + Y_sr = L_ss⁻¹ (BY)_sr.
            ends = pairs.absorbed - pairs.system.domestic(pairs.absorbed)
            exports, final, returned = (m.sum(axis=1, keepdims=True) for m in (exports, final, returned))
        again = self._loops[1] / (1.0 + self._round(perspective))
        return Recrossing(again * exports, again * final, again * returned, again * ends)


def _content(pairs: PairFlows, single: FloatArray, foreign_single: FloatArray) -> Content:
    return Content(single, pairs.own[:, None], pairs.foreign[:, None], foreign_single)


def _importer_content(pairs: PairFlows) -> tuple[FloatArray, FloatArray]:
    """Return v_s B*_ss and Σ_{t≠s} v_t B*_ts, shape (n, G) each, B* without what r imports."""
    blocks = pairs.blocks
    own_blocks = transposed(pairs.system.diagonal_blocks)
    by_origin = blocks.solve(own_blocks, pairs.content)
    every = pairs.own + pairs.foreign
    # All origins together, r's own value added being counted only before it first leaves r.
    again = blocks.solve(own_blocks, every - pairs.flows.w)
    entered, (own,) = pair_products(pairs.B.T, blocks, again[:, None], [by_origin])
    single = blocks.without_own(pairs.own[:, None] - own)
    return single, blocks.without_own(every[:, None] - entered[0] - single)


def _importer_again(pairs: PairFlows) -> Recrossing:
    """Return what of e_sr enters r again: r's output that does not is L_rr [Y_rr + B_rr⁻¹ Σ_{k≠r} (BY)_rk]."""
    blocks, system, sales = pairs.blocks, pairs.system, pairs.sales
    leaves = blocks.solve(system.diagonal_blocks, blocks.without_own(pairs.absorbed))
    home = blocks.own(blocks.solve(system.diagonal_blocks, pairs.absorbed)) - blocks.own(pairs.flows.Y)
    scale = system.inverse_x[:, None]
    shared = system.local(np.stack([leaves.sum(axis=1), home], axis=1)) * scale
    onward, (returned,) = pair_products(system.Z, blocks, shared, [system.local(leaves) * scale])
    again = sales.intermediate - sales.used - onward[0]
    return Recrossing(again, onward[1], sales.returned - returned, sales.absorbed - sales.used)


def first_foreign(pairs: PairFlows) -> FloatArray:
    """Return Σ_{t≠s} v_t L_tt A_ts L_ss, foreign value added that is foreign for the first time, shape (n,)."""
    return pairs.system.local_transposed(pairs.flows.imported_value[:, 0])


def last_foreign(pairs: PairFlows) -> Terms:
    """Return FVA of the world perspective, sink, and its parts FVA1–FVA4, by exporting sector and partner, (n, G).

    c [q_sr] + v_r B_rs A_sr L_rr q_r with q_sr = Y_sr + A_sr L_rr Y_rr: after s only the origin itself, r, may still
    export it, in final goods (FVA3) or to be used there (FVA4). Summed over the world it is the FVA of the source.
    """
    blocks, sales, flows = pairs.blocks, pairs.sales, pairs.flows
    foreign, partner = pairs.foreign[:, None], blocks.without_own(pairs.content)
    parts = {
        "FVA1": foreign * sales.final,
        "FVA2": foreign * sales.used,
        "FVA3": partner * sales.passed,
        "FVA4": partner * pairs.onward(flows.sold_on[:, 1]),
    }
    return {"FVA": sum(parts.values(), np.zeros_like(sales.final))} | parts


def border_content(pairs: PairFlows, cells: npt.NDArray[np.bool_], partners: npt.NDArray[np.bool_]) -> Content:
    """Return the content at the first crossing of what some cells of each s sell to some partners.

    Parameters
    ----------
    pairs : PairFlows
    cells : ndarray of bool, shape (n,)
    partners : ndarray of bool, shape (G,)

    Notes
    -----
    With S the rows of those cells, B*_·s = B_·s (I + S Σ_r A_sr B_rs)⁻¹ (Miroudot & Ye 2021, Econ. Systems Res. 33:67).
    """
    blocks, Z, B = pairs.blocks, pairs.system.Z, pairs.B
    buyers = partners[blocks.of_cell]
    full = np.stack([pairs.own, pairs.foreign], axis=1)
    once = np.empty_like(full)
    for s, rows in enumerate(blocks.slices):
        buying = buyers.copy()
        buying[rows] = False
        sold = Z[rows][:, buying] * (pairs.system.inverse_x[buying] * cells[rows, None])
        around = sold @ B[buying, rows]
        once[rows] = np.linalg.solve(np.eye(blocks.sizes[s]) + around.T, full[rows])
    return _content(pairs, once[:, :1], once[:, 1:])
