"""The wide cells of a table: the rows and columns that a split touches, and the table made of their parts.

Pure arrays: G countries, N sectors, n = G·N cells, F = G·C final uses, W wide sectors, K = G·W wide cells in the order
country (major), wide sector (minor).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos.tables import IOTable

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class WideCells:
    """What of a table is cut.

    Attributes
    ----------
    rows : ndarray, shape (K, n + F)
        Sales of the wide cells: Z, then Y.
    columns : ndarray, shape (n, K)
        Their purchases.
    va : ndarray, shape (V, K)
        Their value added by row.
    x : ndarray, shape (K,)
        Their output.
    places : ndarray of int, shape (K,)
        Where they stand among the n cells.
    destination : ndarray of int, shape (n + F,)
        Country of every column of `rows`.
    shape : (int, int, int)
        G, N, W.
    """

    rows: FloatArray
    columns: FloatArray
    va: FloatArray
    x: FloatArray
    places: IntArray
    destination: IntArray
    shape: tuple[int, int, int]

    @classmethod
    def of(cls, table: IOTable, wide: IntArray) -> WideCells:
        """Take the cells of the sectors at the places `wide`, shape (W,), out of a table."""
        (G, N), Z, Y, va, x = table.shape, table.Z, table.Y, table.va, table.x
        places = (np.arange(G)[:, None] * N + wide).ravel()
        destination = np.concatenate([np.repeat(np.arange(G), N), np.repeat(np.arange(G), Y.shape[1] // G)])
        return cls(
            np.hstack([Z[places], Y[places]]),
            np.ascontiguousarray(Z[:, places]),
            va[:, places],
            x[places],
            places,
            destination,
            (G, N, len(wide)),
        )

    @property
    def country(self) -> IntArray:
        """Country of every wide cell, shape (K,)."""
        return np.repeat(np.arange(self.shape[0]), self.shape[2])

    @property
    def wide(self) -> IntArray:
        """Wide sector of every wide cell, shape (K,)."""
        return np.tile(np.arange(self.shape[2]), self.shape[0])

    def by_destination(self, sales: FloatArray) -> FloatArray:
        """Sum the columns of (K, n + F) by country, (K, G)."""
        G, n = self.shape[0], len(self.columns)
        return sales[:, :n].reshape(len(sales), G, -1).sum(axis=2) + sales[:, n:].reshape(len(sales), G, -1).sum(axis=2)


@dataclass(frozen=True, eq=False)
class Shares:
    """What part of every cut cell belongs to the chain.

    Attributes
    ----------
    rows : ndarray, shape (K, n + F)
        Of sales; where the buyer is cut too, see `both`.
    columns : ndarray, shape (n, K)
        Of purchases; likewise.
    both : ndarray, shape (2, 2, K, K)
        Of sales among wide cells: seller's part, buyer's part (0 the chain's, 1 the rest), seller, buyer; sums to 1.
    va : ndarray, shape (K,)
        Of value added.
    output : ndarray, shape (K,)
        Of output.
    """

    rows: FloatArray
    columns: FloatArray
    both: FloatArray
    va: FloatArray
    output: FloatArray


@dataclass(frozen=True, eq=False)
class Parts:
    """A cut table: Z (m, m), Y (m, F), va (V, m) and x (m,) with m = n + K; parts stand where the wide cell stood."""

    Z: FloatArray
    Y: FloatArray
    va: FloatArray
    x: FloatArray


def cut(table: IOTable, cells: WideCells, shares: Shares) -> Parts:
    """Cut a table; the parts of every cell sum to it."""
    Z, Y, va, x = table.Z, table.Y, table.va, table.x
    n, K = len(x), len(cells.places)
    wide = np.zeros(n, dtype=np.intp)
    wide[cells.places] = 1
    first = np.arange(n) + np.cumsum(wide) - wide
    own, rest = first[cells.places], first[cells.places] + 1
    out = Parts(np.zeros((n + K, n + K)), np.zeros((n + K, Y.shape[1])), np.zeros((len(va), n + K)), np.zeros(n + K))
    out.Z[np.ix_(first, first)], out.Y[first] = Z, Y
    out.va[:, first], out.x[first] = va, x
    for part, places in ((shares.rows, own), (1.0 - shares.rows, rest)):
        sold = part * cells.rows
        out.Z[np.ix_(places, first)], out.Y[places] = sold[:, :n], sold[:, n:]
    for part, places in ((shares.columns, own), (1.0 - shares.columns, rest)):
        out.Z[np.ix_(first, places)] = part * cells.columns
    among = cells.columns[cells.places]
    for a, sellers in enumerate((own, rest)):
        for b, buyers in enumerate((own, rest)):
            out.Z[np.ix_(sellers, buyers)] = shares.both[a, b] * among
    out.va[:, own], out.va[:, rest] = shares.va * cells.va, (1.0 - shares.va) * cells.va
    out.x[own], out.x[rest] = shares.output * cells.x, cells.x - shares.output * cells.x
    return out
