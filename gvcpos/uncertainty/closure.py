"""What makes a table of erroneous cells consistent again: value added as what is left, or scaling to known totals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gvcpos.tables import IOTable
from gvcpos.tables.balancing import ras
from gvcpos.uncertainty.cells import CellErrors, FloatArray

_TOLERANCE = 1e-9
_SCALINGS = 2000


@dataclass(frozen=True, eq=False)
class Drawn:
    """One drawn table.

    Attributes
    ----------
    Z : ndarray, shape (n, n)
    Y : ndarray, shape (n, G)
        Final demand by destination.
    va, x : ndarray, shape (n,)
        x = Z1 + Y1 and x = Z'1 + va to rounding.
    guarded : ndarray of bool, shape (n,)
        Cells whose value added (or output) had to be kept positive.
    clipped : int
        Cells of Z and Y kept from changing sign.
    """

    Z: FloatArray
    Y: FloatArray
    va: FloatArray
    x: FloatArray
    guarded: np.ndarray
    clipped: int = 0

    def as_table(self, like: IOTable) -> IOTable:
        """Return it with the labels of a table, one final-demand category and one row of value added."""
        return IOTable.from_arrays(
            self.Z,
            self.Y,
            va=self.va,
            x=self.x,
            countries=like.countries,
            sectors=like.sectors,
            year=like.year,
            unit=like.meta.unit,
            source=like.meta.source,
            vintage=like.meta.vintage,
            synthetic=like.meta.synthetic,
            notes=(*like.meta.notes, "cells drawn with assumed errors"),
        )


def close_by_residual(Z: FloatArray, Y: FloatArray, table: IOTable, least: float, clipped: int = 0) -> Drawn:
    """Take output from the rows and value added from what is left in the columns.

    Parameters
    ----------
    Z : ndarray, shape (n, n)
        Written to.
    Y : ndarray, shape (n, G)
        Written to.
    table : IOTable
        The published one.
    least : float
        Share of its published rate that positive value added keeps at least.
    clipped : int

    Notes
    -----
    A row whose final demand turns output negative has its negative cells scaled down to leave `least` of the positive
    ones. A column that leaves too little value added has its inputs scaled down; their sellers' output stays, as what
    is taken out goes to final use in the buyer's country.
    """
    sold = _positive_output(Z, Y, table.x, least)
    x = _output(Z, Y, table)
    inputs = Z.sum(axis=0)
    rate = np.divide(table.va_total, table.x, out=np.zeros_like(x), where=table.x > 0)
    wanted = least * rate * x
    short = (rate > 0) & (x > 0) & (x - inputs < wanted)
    for j in np.flatnonzero(short):
        cut = Z[:, j] * (1 - (x[j] - wanted[j]) / inputs[j])
        Z[:, j] -= cut
        Y[:, j // len(table.sectors)] += cut
    return Drawn(Z, Y, x - Z.sum(axis=0), x, short | sold, clipped)


def _output(Z: FloatArray, Y: FloatArray, table: IOTable) -> FloatArray:
    """Return the row sums; exactly 0 where the published table has no output, whatever rounding leaves."""
    return np.where(table.x != 0, Z.sum(axis=1) + Y.sum(axis=1), 0.0)


def _positive_output(Z: FloatArray, Y: FloatArray, published: FloatArray, least: float) -> np.ndarray:
    """Scale negative final demand down where it leaves too little output; return where."""
    output = Z.sum(axis=1) + Y.sum(axis=1)
    bad = (published > 0) & (output <= 0)
    for i in np.flatnonzero(bad):
        negative = -np.minimum(Y[i], 0.0).sum() - np.minimum(Z[i], 0.0).sum()
        if negative == 0.0:  # rounding is all that it has: nothing is sold
            continue
        positive = output[i] + negative
        scale = (1 - max(least, 1e-6)) * positive / negative
        Y[i] = np.where(Y[i] < 0, Y[i] * scale, Y[i])
        Z[i] = np.where(Z[i] < 0, Z[i] * scale, Z[i])
    return bad


def close_by_ras(
    Z: FloatArray,
    Y: FloatArray,
    table: IOTable,
    errors: CellErrors,
    *,
    factors: tuple[FloatArray, FloatArray, FloatArray],
    clipped: int = 0,
) -> Drawn:
    """Scale the positive cells of Z and Y to output, inputs and countries' final demand; negative cells stay.

    Parameters
    ----------
    Z, Y, table
        As in `close_by_residual`; not written to.
    errors : CellErrors
    factors : tuple of ndarray, shapes (n,), (n,), (G,)
        On output, value-added rates and final demand; final demand is scaled to the sum of value added.
    clipped : int

    Raises
    ------
    EstimationError
        If the scaling does not converge.
    """
    n = len(Y)
    x = table.x * factors[0]
    published = table.x - table.va_total
    inputs = x - table.va_total * factors[0] * factors[1]
    low = (table.x > 0) & (published > 0) & (inputs < errors.least_va * published * factors[0])
    inputs = np.where(low, errors.least_va * published * factors[0], inputs)
    inputs = np.where((table.x > 0) & (published > 0), inputs, published)
    final = table.final_demand.sum(axis=0) * factors[2]
    final *= _factor(x.sum() - inputs.sum(), final.sum())
    cells = np.concatenate([Z, Y], axis=1)
    held = np.minimum(cells, 0.0)
    free = cells - held
    rows, columns = x - held.sum(axis=1), np.concatenate([inputs, final]) - held.sum(axis=0)
    # What rounding leaves of an empty row or column is not a wanted sum.
    rows = np.where(free.any(axis=1), np.maximum(rows, 0.0), 0.0)
    columns = np.where(free.any(axis=0), np.maximum(columns, 0.0), 0.0)
    columns *= _factor(rows.sum(), columns.sum())
    made = ras(free, rows, columns, tolerance=_TOLERANCE, max_iterations=_SCALINGS).matrix + held
    z, y = np.ascontiguousarray(made[:, :n]), made[:, n:].copy()
    output = _output(z, y, table)
    return Drawn(z, y, output - z.sum(axis=0), output, low, clipped)


def _factor(wanted: float, have: float) -> float:
    """Return what brings one sum to another; 1 where there is nothing to scale."""
    return wanted / have if have != 0.0 else 1.0
