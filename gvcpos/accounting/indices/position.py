"""Upstreamness and downstreamness: how far a cell is from final use and from primary inputs.

Pure functions on arrays; GN cells, country-major.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.leontief import LeontiefSystem


@dataclass(frozen=True)
class Position:
    """Positions of GN cells (or of G countries); NaN where output is zero.

    Attributes
    ----------
    upstreamness : ndarray
        U = (I − x̂⁻¹Z)⁻¹1, average distance to final use, in stages (Antràs & Chor 2013).
    downstreamness : ndarray
        D = uB, average distance from primary inputs, in stages (Fally 2012; Antràs & Chor 2018, NBER w24185).
    fgo : ndarray
        F/GO, share of output that goes to final use.
    va_rate : ndarray
        VA/GO, value added per unit of output.
    """

    upstreamness: FloatArray
    downstreamness: FloatArray
    fgo: FloatArray
    va_rate: FloatArray


def ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Divide element by element; NaN, never infinity, where the denominator is zero."""
    if denominator.all():
        return numerator / denominator
    out = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    return np.divide(numerator, denominator, out=out, where=denominator != 0)


def positions(x: FloatArray, y: FloatArray, va: FloatArray, bx: FloatArray, ub: FloatArray) -> Position:
    """Return sector positions from two solves.

    Parameters
    ----------
    x, y, va : ndarray, shape (n,)
        Output, final demand and value added.
    bx, ub : ndarray, shape (n,)
        B x and Bᵀ 1. As x̂⁻¹Z = x̂⁻¹A x̂, upstreamness is Bx/x.

    Returns
    -------
    Position, shape (n,) each
        On a balanced table Σ x U = Σ x D.
    """
    defined = np.where(x != 0, 1.0, np.nan)
    return Position(ratio(bx, x), ub * defined, ratio(y, x), ratio(va, x))


def averaged(position: Position, x: FloatArray, total: Callable[[FloatArray], FloatArray]) -> Position:
    """Average the positions of cells with output as weights; `total` sums cells to rows or exporters.

    For F/GO and VA/GO this is the ratio of the totals. A cell without a value (no use but inventories, under
    the inventory correction) is left out of the average, with its output.
    """

    def average(values: FloatArray) -> FloatArray:
        known = (x != 0) & np.isfinite(values)
        weighted, weights = np.where(known, values * x, 0.0), np.where(known, x, 0.0)
        return ratio(total(weighted), total(weights))

    return Position(
        average(position.upstreamness),
        average(position.downstreamness),
        average(position.fgo),
        average(position.va_rate),
    )


def net_of_inventories(
    Z: FloatArray, F: FloatArray, x: FloatArray, inventories: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Spread net inventories over the other uses of each row in proportion.

    Parameters
    ----------
    Z : ndarray, shape (n, GN)
    F : ndarray, shape (n,)
        Final demand with inventories in it.
    x : ndarray, shape (n,)
    inventories : ndarray, shape (n,)
        Net change in inventories of each row, over all destinations.

    Returns
    -------
    Z, F, va : ndarray
        Rows scaled by x/(x − inventories), so that output stays x, and value added as what closes the columns.

    Notes
    -----
    Antràs, Chor, Fally & Hillberry (2012, AER P&P 102:412): what is put into stock is taken to be used as
    the rest of the row is. A row whose only use is inventories has nothing to spread them over: it is left
    as it is, and `corrected_positions` gives it no number.
    """
    rest = x - inventories
    scale = np.divide(x, rest, out=np.ones_like(x), where=rest != 0)
    corrected = Z * scale[:, None]
    return corrected, np.where(rest != 0, (F - inventories) * scale, F), x - corrected.sum(axis=0)


def corrected_positions(system: LeontiefSystem, F: FloatArray, inventories: FloatArray) -> Position:
    """Return the positions on the table of `system` net of inventories; see `net_of_inventories`."""
    x = system.x
    z, f, va = net_of_inventories(system.Z, F, x, inventories)
    corrected = LeontiefSystem(z, x, system.blocks)
    found = positions(x, f, va, corrected.solve(x), corrected.solve_transposed(np.ones_like(x)))
    known = np.where((x != 0) & (x == inventories), np.nan, 1.0)
    return replace(found, upstreamness=found.upstreamness * known, fgo=found.fgo * known)
