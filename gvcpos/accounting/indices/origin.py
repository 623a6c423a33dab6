"""Where value comes from: ŝBd̂ for exports, output and final demand, summed to groups before it is made.

Pure functions on arrays of n cells; s is what a unit of output takes of value added or of any other row.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from gvcpos.accounting.blocks import FloatArray, pair_products
from gvcpos.accounting.flows import WorldFlows
from gvcpos.accounting.indices.participation import forward_linkage
from gvcpos.accounting.leontief import LeontiefSystem


@dataclass(frozen=True, eq=False)
class Grouping:
    """What cells are summed to.

    Attributes
    ----------
    of_cell : ndarray of int, shape (n,)
        Group of every cell.
    count : int
        Number of groups, m.
    """

    of_cell: npt.NDArray[np.intp]
    count: int

    @cached_property
    def single(self) -> bool:
        """Whether every cell is its own group, in order."""
        n = len(self.of_cell)
        return self.count == n and bool((self.of_cell == np.arange(n)).all())

    def sums(self, m: FloatArray) -> FloatArray:
        """Sum cells, (n,) or (n, k), to groups, (m,) or (m, k)."""
        if self.single:
            return m
        n = len(self.of_cell)
        return sp.csr_array((np.ones(n), (self.of_cell, np.arange(n))), shape=(self.count, n)) @ m

    def spread(self, m: FloatArray) -> FloatArray:
        """Spread a vector (n,) to (n, m): each cell's value in the column of its group, else 0."""
        out = np.zeros((len(m), self.count), order="F")
        out[np.arange(len(m)), self.of_cell] = m
        return out


def content_by(system: LeontiefSystem, s: FloatArray, rows: Grouping) -> FloatArray:
    """Return what of s from each group is in a unit of every cell's final output, (ŝB summed over rows)', (n, m)."""
    return system.solve_transposed(rows.spread(s), overwrite=True)


def traced(
    system: LeontiefSystem,
    s: FloatArray,
    d: FloatArray,
    rows: Grouping,
    columns: Grouping,
    *,
    content: FloatArray | None = None,
) -> FloatArray:
    """Return ŝBd̂ with rows and columns summed to groups, shape (rows.count, columns.count).

    Parameters
    ----------
    system : LeontiefSystem
    s : ndarray, shape (n,)
        Value added, or anything else, per unit of output.
    d : ndarray, shape (n,)
        Exports, output or final goods whose origin is asked for.
    rows, columns : Grouping
        Groups of origins, groups of the cells of `d`.
    content : ndarray, shape (n, rows.count), optional
        `content_by` of `s` and `rows`, where it is known.

    Notes
    -----
    The side with fewer groups is solved for, so the largest array made is (n, min(rows, columns)). An answer n × n is
    the inverse scaled: one array beside it.
    """
    if rows.single and columns.single:
        out = system.inverse() * s[:, None]
        out *= d
        return out
    if content is None and columns.count <= rows.count:
        return rows.sums(system.solve(columns.spread(d), overwrite=True) * s[:, None])
    known = content_by(system, s, rows) if content is None else content
    return columns.sums(known * d[:, None]).T


def vertical_specialisation(flows: WorldFlows) -> dict[str, FloatArray]:
    """Return the two measures of Hummels, Ishii & Yi (2001, J. Int. Econ. 54:75) in a world table, (n,) each.

    VS, foreign content of exports, (Σ_{t≠s} v_t B_ts) # e_s, by exporting sector (gvc's ``i2e``). VS1, own value
    added in others' exports, v̂_s Σ_{r≠s} B_sr e_r, by sector of origin (gvc's ``e2r``). DC + VS = E, and the
    world's VS is the world's VS1 (=).
    """
    return {"VS": flows.foreign_content * flows.exports, "VS1": forward_linkage(flows)}


def demand_content(flows: WorldFlows, sectors: Grouping) -> dict[str, FloatArray]:
    """Return value added by where it is absorbed, under the names of R gvc.

    ``dfddva`` own value added in own final demand and ``ffddva`` own value added in others' (VAX by origin), by cell
    of origin, (n,) each; ``dfdfva`` foreign value added in own final demand by sector of origin, (G · sectors,).
    Σ dfddva + Σ dfdfva of a country is the value added in its final demand; the world's ffddva and dfdfva agree (=).
    """
    blocks, value = flows.system.blocks, flows.v[:, None] * flows.absorbed
    abroad = blocks.without_own(value)
    return {"dfddva": blocks.own(value), "ffddva": abroad.sum(axis=1), "dfdfva": sectors.sums(abroad).T.ravel()}


def bilateral_exports(flows: WorldFlows) -> FloatArray:
    """Gross exports e_sr = Y_sr + A_sr x_r, shape (n, G), own blocks 0: one pass over Z, no solve."""
    blocks = flows.system.blocks
    (intermediate,), _ = pair_products(flows.system.Z, blocks, flows.live[:, None], ())
    return blocks.without_own(flows.Y) + intermediate


def imports_by_product(exports: FloatArray, sectors: Grouping) -> FloatArray:
    """Gross imports Σ_{s≠r} e_sr[i] of each exporter r by product i, shape (G · sectors,), from (n, G)."""
    return sectors.sums(exports).T.ravel()
