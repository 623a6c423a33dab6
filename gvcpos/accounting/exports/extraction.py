"""Hypothetical extraction: what the world would not produce without some exports (Los, Timmer & de Vries 2016)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.flows import WorldFlows
from gvcpos.accounting.leontief import LeontiefSystem


def lost_output(
    flows: WorldFlows,
    cells: npt.NDArray[np.bool_],
    partners: npt.NDArray[np.bool_],
    *,
    intermediate: bool = True,
    final: bool = True,
    share: float | FloatArray = 1.0,
) -> tuple[FloatArray, FloatArray]:
    """Return output lost, and the exports taken out, when some cells sell less or nothing to some partners, (n,) each.

    Parameters
    ----------
    flows : WorldFlows
    cells : ndarray of bool, shape (n,)
        Whose sales abroad are taken out.
    partners : ndarray of bool, shape (G,)
        To whom; sales at home stay.
    intermediate, final : bool
        Which goods.
    share : float or ndarray, shape (n,)
        Part of these sales that is taken out, of all cells or of each; negative if sales are added.

    Notes
    -----
    With U the flows taken out of A and e the exports taken out, x − x* = (I − A + U)⁻¹ e. U has few rows, R, or few
    columns, C, and the inverse is that of I − A updated by the smaller of the two (Woodbury):
    B e* with (I + U B_CR) e* = e, or B (e − U δ) with (I + B_CR U) δ = (B e)_C. No inverse is made.
    """
    system, blocks = flows.system, flows.system.blocks
    rows = np.flatnonzero(cells)
    columns = np.flatnonzero(partners[blocks.of_cell])
    part = np.broadcast_to(share, blocks.n)[rows][:, None]
    abroad = blocks.of_cell[rows][:, None] != blocks.of_cell[columns]
    sold = part * system.Z[np.ix_(rows, columns)] * (abroad & intermediate & (system.x[columns] != 0))
    demand = part * flows.Y[np.ix_(rows, np.flatnonzero(partners))]
    away = blocks.of_cell[rows][:, None] != np.flatnonzero(partners)
    exports = np.zeros(blocks.n)
    exports[rows] = sold.sum(axis=1) + (demand * (away & final)).sum(axis=1)
    effective = exports.copy()
    if intermediate and rows.size and columns.size:
        effective[rows] = _effective(system, rows, columns, sold * system.inverse_x[columns], exports)
    return system.solve(effective), exports


def _effective(
    system: LeontiefSystem,
    rows: npt.NDArray[np.intp],
    columns: npt.NDArray[np.intp],
    taken: FloatArray,
    exports: FloatArray,
) -> FloatArray:
    """Return what the untouched system must lose in demand to lose the same output, shape (R,)."""
    if len(rows) <= len(columns):
        inverse = system.solve(_unit(len(exports), rows))[columns]
        return np.asarray(np.linalg.solve(np.eye(len(rows)) + taken @ inverse, exports[rows]), dtype=np.float64)
    inverse = system.solve_transposed(_unit(len(exports), columns))[rows].T
    lost = np.linalg.solve(np.eye(len(columns)) + inverse @ taken, inverse @ exports[rows])
    return exports[rows] - taken @ lost


def _unit(n: int, places: npt.NDArray[np.intp]) -> FloatArray:
    """Return the columns of the unit matrix at some places."""
    out = np.zeros((n, len(places)), order="F")
    out[places, np.arange(len(places))] = 1.0
    return out
