"""What part of every sale and purchase is the chain's before balancing: data where there is, else in proportion.

Arrays as in `gvcpos.chains.split.cells`; money in the table's unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gvcpos.chains.split.cells import FloatArray, IntArray, Shares, WideCells

ROOM = 0.95  # the chain's part takes no more of a wide flow than this, unless its part of output is larger


@dataclass(frozen=True, eq=False)
class Assumptions:
    """What is assumed of the chain's part beyond its output and its customers.

    Attributes
    ----------
    linkage : ndarray, shape (W, W)
        Part of a wide sector's chain output that goes to the chain's part of a *stage*, at the stage's every sector.
    stage : ndarray of int, shape (W,)
        Stage of every wide sector.
    va_rate : ndarray, shape (W,)
        Value added per unit of output; NaN for that of the wide cell.
    inputs : ndarray, shape (N, W)
        Purchases from a sector per unit of output; NaN for in proportion to those of the wide cell.
    """

    linkage: FloatArray
    stage: IntArray
    va_rate: FloatArray
    inputs: FloatArray


@dataclass(frozen=True, eq=False)
class Prior:
    """Shares before balancing, and the sums they are to be brought to.

    Attributes
    ----------
    shares : Shares
    sold, bought : ndarray, shape (K,)
        Wanted sums of the chain's sales and of its intermediate purchases.
    fitted : ndarray, shape (K, G)
        Sales by destination after they were fitted into the wide flows.
    """

    shares: Shares
    sold: FloatArray
    bought: FloatArray
    fitted: FloatArray


def prior_shares(cells: WideCells, output: FloatArray, sales: FloatArray, assumed: Assumptions) -> Prior:
    """Lay the chain's output and sales over the wide cells.

    Parameters
    ----------
    cells : WideCells
    output : ndarray, shape (K,)
        The chain's part of output, no larger than the wide cell's.
    sales : ndarray, shape (K, G)
        Where it goes, home included; rows sum to `output`.
    assumed : Assumptions

    Notes
    -----
    Negative cells (inventories drawn down) are cut in the proportion of output, and the home sales are larger by as
    much, so that rows sum to `output`. Within a destination, sales go to the chain's part of linked stages first and
    to all buyers in proportion to the wide sales then. Purchases from linked parts displace other intermediate inputs,
    not value added.
    """
    s = quotient(output, cells.x)
    positive = np.maximum(cells.rows, 0.0)
    drawn = s * (positive - cells.rows).sum(axis=1)
    wanted = sales.copy()
    wanted[np.arange(len(s)), cells.country] += drawn
    limit = np.maximum(ROOM, s)[:, None] * cells.by_destination(positive)
    fitted = fit_into(wanted, limit)
    bought, va_share = _inputs_and_value_added(cells, s, assumed)
    linked = _linked(cells, fitted, s, bought, assumed)
    rows = _row_shares(cells, positive, fitted, linked, s)
    sigma = _other_inputs(cells, linked, bought, s, assumed)
    among = cells.columns[cells.places]
    q, link = rows[:, cells.places], quotient(linked, among)
    by_seller = sigma[cells.places % cells.shape[1]]
    both = np.empty((2, 2, len(s), len(s)))
    both[0, 0], both[0, 1] = link + (q - link) * by_seller, (q - link) * (1.0 - by_seller)
    both[1, 0], both[1, 1] = (1.0 - q) * by_seller, (1.0 - q) * (1.0 - by_seller)
    columns = np.tile(sigma, (cells.shape[0], 1))
    shares = Shares(rows, columns, both, va_share, s)
    return Prior(shares, s * cells.rows.sum(axis=1), bought, fitted)


def fit_into(wanted: FloatArray, limit: FloatArray) -> FloatArray:
    """Cut what is wanted down to its limit, row by row, and give what is cut to the others.

    Those with a want share it in proportion as far as their limits go; what is left fills the room that there is.
    """
    fitted = np.minimum(wanted, limit)
    total = wanted.sum(axis=1, keepdims=True)
    for _ in range(wanted.shape[1]):
        growing = np.where(fitted < limit, fitted, 0.0)
        over = total - fitted.sum(axis=1, keepdims=True)
        if not ((over > 1e-15 * total) & (growing.sum(axis=1, keepdims=True) > 0)).any():
            break
        factor = 1.0 + np.maximum(quotient(over, growing.sum(axis=1, keepdims=True)), 0.0)
        fitted = np.minimum(np.where(growing > 0, fitted * factor, fitted), limit)
    spare = limit - fitted
    over = np.maximum(total - fitted.sum(axis=1, keepdims=True), 0.0)
    return fitted + spare * np.minimum(quotient(over, spare.sum(axis=1, keepdims=True)), 1.0)


def quotient(a: FloatArray, b: FloatArray) -> FloatArray:
    """Divide, with 0 where the divisor is 0."""
    a, b = np.broadcast_arrays(a, b)
    with np.errstate(over="ignore"):
        return np.divide(a, b, out=np.zeros(a.shape), where=b != 0)


def _inputs_and_value_added(cells: WideCells, s: FloatArray, assumed: Assumptions) -> tuple[FloatArray, FloatArray]:
    """Return the chain's intermediate inputs and its part of value added, shape (K,) each."""
    bought, va = cells.columns.sum(axis=0), cells.va.sum(axis=0)
    rate = assumed.va_rate[cells.wide]
    own = np.where(np.isnan(rate), s * va, rate * s * cells.x)
    va_share = np.where(np.isnan(rate) | (s == 0), s, quotient(own, va))
    return s * (bought + va) - va_share * va, va_share


def _linked(
    cells: WideCells, fitted: FloatArray, s: FloatArray, bought: FloatArray, assumed: Assumptions
) -> FloatArray:
    """Return what the chain's parts sell to one another by linkage, shape (K, K)."""
    G, _, W = cells.shape
    if not assumed.linkage.any():
        return np.zeros((len(s), len(s)))
    output = (s * cells.x).reshape(G, W)
    same = assumed.stage[:, None] == assumed.stage
    weight = quotient(output, output @ same)  # of a sector in its stage, by country
    asked = fitted[:, :, None] * assumed.linkage[cells.wide][:, None, :] * weight
    linked = np.minimum(asked.reshape(len(s), -1), ROOM * np.maximum(cells.rows[:, cells.places], 0.0))
    most = ROOM * np.maximum(bought, 0.0)
    return linked * np.minimum(1.0, quotient(most, linked.sum(axis=0)))


def _row_shares(
    cells: WideCells, positive: FloatArray, fitted: FloatArray, linked: FloatArray, s: FloatArray
) -> FloatArray:
    """Return the chain's share of every sale of the wide cells, shape (K, n + F)."""
    taken = np.zeros_like(positive)
    taken[:, cells.places] = linked
    free = positive - taken
    left = quotient(fitted - cells.by_destination(taken), cells.by_destination(free))
    shares = quotient(taken + free * np.clip(left, 0.0, 1.0)[:, cells.destination], positive)
    return np.where(cells.rows > 0, shares, s[:, None])


def _other_inputs(
    cells: WideCells, linked: FloatArray, bought: FloatArray, s: FloatArray, assumed: Assumptions
) -> FloatArray:
    """Return the chain's share of purchases that are not linked, by selling sector, shape (N, K)."""
    G, N, _ = cells.shape
    wide = cells.columns.reshape(G, N, -1).sum(axis=0)
    links = np.zeros_like(wide)
    np.add.at(links, cells.places % N, linked)
    free = wide - links
    given = ~np.isnan(assumed.inputs[:, cells.wide])
    asked = np.where(given, np.nan_to_num(assumed.inputs[:, cells.wide]) * s * cells.x, 0.0)
    named = np.clip(quotient(asked - links, free), 0.0, ROOM)
    fixed = np.where(given, links + named * free, 0.0).sum(axis=0)
    open_links, open_free = (np.where(given, 0.0, part).sum(axis=0) for part in (links, free))
    others = np.clip(quotient(bought - fixed - open_links, open_free), 0.0, 1.0)
    others = np.where((open_free == 0) | (s == 0), s, others)
    return np.where(given, named, others) * (s > 0)
