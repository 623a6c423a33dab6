"""The chain's parts brought to their sums: rows and columns in turn, every wide cell staying what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gvcpos._core.errors import EstimationError
from gvcpos.chains.split.cells import FloatArray, Shares, WideCells
from gvcpos.chains.split.prior import Prior, quotient
from gvcpos.tables.balancing import shift_shares


def balanced_shares(
    cells: WideCells,
    prior: Prior,
    *,
    tolerance: float = 1e-12,
    max_iterations: int = 1_000,
    name: Callable[[int], str] = str,
) -> tuple[Shares, int]:
    """Balance the chain's sales and purchases.

    Parameters
    ----------
    cells : WideCells
    prior : Prior
    tolerance : float
        Largest deviation of a sum of sales, relative to it, at which to stop.
    max_iterations : int
    name : callable
        Number of a wide cell to words for a message.

    Returns
    -------
    Shares, int
        And the rounds it took.

    Raises
    ------
    EstimationError
        If the wide flows cannot hold what is wanted, or rows and columns do not come together.

    Notes
    -----
    RAS on three sets of sums: the wide cells, the chain's rows, the chain's columns; GRAS where a wide cell is
    negative. A row and the wide cells it runs through are balanced at once (`gvcpos.tables.balancing.shift_shares`),
    then a column likewise, in turn. The limit is the table nearest to the prior in information that has all sums.
    """
    shares, error = prior.shares, np.inf
    for iteration in range(1, max_iterations + 1):
        shares = _shift_rows(cells, shares, prior.sold, name)
        shares = _shift_columns(cells, shares, prior.bought, name)
        off = np.abs((cells.rows * _row_shares(cells, shares)).sum(axis=1) - prior.sold)
        error = float(np.max(quotient(off, np.abs(prior.sold)), initial=0.0))
        if error <= tolerance:
            return shares, iteration
    raise EstimationError(
        f"the split did not balance: after {max_iterations} rounds the sales of a part are still off by {error:.3g} "
        f"(tolerance {tolerance:.3g}). Lower the linkage, or check output and trade against the wide sectors."
    )


def _row_shares(cells: WideCells, shares: Shares) -> FloatArray:
    rows = shares.rows.copy()
    rows[:, cells.places] = shares.both[0].sum(axis=0)
    return rows


def _shift_rows(cells: WideCells, shares: Shares, wanted: FloatArray, name: Callable[[int], str]) -> Shares:
    old = _row_shares(cells, shares)
    new = shift_shares(cells.rows, old, wanted, lambda k: f"the sales of {name(k)}")
    a, b = old[:, cells.places], new[:, cells.places]
    factor = np.stack([quotient(b, a), quotient(1.0 - b, 1.0 - a)])
    return replace(shares, rows=new, both=shares.both * factor[:, None])


def _shift_columns(cells: WideCells, shares: Shares, wanted: FloatArray, name: Callable[[int], str]) -> Shares:
    old = shares.columns.copy()
    old[cells.places] = shares.both[:, 0].sum(axis=0)
    new = shift_shares(cells.columns.T, old.T, wanted, lambda k: f"the purchases of {name(k)}").T
    a, b = old[cells.places], new[cells.places]
    factor = np.stack([quotient(b, a), quotient(1.0 - b, 1.0 - a)])
    return replace(shares, columns=new, both=shares.both * factor)
