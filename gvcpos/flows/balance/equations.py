"""Equations of one year as sums of terms, coefficient × datum × unknown × unknown, and their derivatives.

Arrays of unknowns are (n, B) and of data (K, B): B draws (or 1) side by side, so that each term is one product of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
VariableKind = Literal["flow", "total", "entering", "leaving", "scale"]
RowKind = Literal["definition", "balance", "stock", "value", "ratio", "share", "composition", "same"]
NONE = -1

# Of equations that say too much, those earlier here are solved and those later are what data are reconciled to.
PREFERENCE: Sequence[RowKind] = ("definition", "balance", "stock", "value", "ratio", "share", "composition", "same")


class Term(NamedTuple):
    """coefficient × data[datum] × x[left] × x[right]; -1 stands for a factor of 1."""

    coefficient: float
    datum: int = NONE
    left: int = NONE
    right: int = NONE


class Variable(NamedTuple):
    """An unknown of a year: a flow in a layer, the total of a flow, what enters or leaves a process, a scale."""

    kind: VariableKind
    owner: str
    layer: int = NONE


class Row(NamedTuple):
    """An equation: its terms sum to 0."""

    kind: RowKind
    owner: str
    layer: int
    terms: tuple[Term, ...]


class StockRows(NamedTuple):
    """Where the memory of a stock meets the equations of a year.

    Attributes
    ----------
    process : str
    entering : (L,) tuple of int
        Unknowns: what enters.
    share : int
        Column of the data: share of an inflow that leaves in its own year.
    carry : (L,) tuple of int
        Columns of the data: what leaves of the inflows of earlier years.
    """

    process: str
    entering: tuple[int, ...]
    share: int
    carry: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Equations:
    """The equations of a year; the same for every year, with its own data.

    Attributes
    ----------
    variables : tuple of Variable
        n unknowns.
    rows : tuple of Row
        m equations.
    flows : (F, L) int array
        Number of the unknown that is each flow in each layer.
    data : int
        K, data of the system; the columns after them are those of stocks.
    columns : int
        Data and columns of stocks together.
    stocks : tuple of StockRows
        Stocks with a lifetime.
    """

    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
    flows: IntArray
    data: int
    columns: int
    stocks: tuple[StockRows, ...]

    @property
    def size(self) -> int:
        """n, how many unknowns."""
        return len(self.variables)


def term_value(term: Term, x: FloatArray, data: FloatArray) -> FloatArray | float:
    """Return a term, (B,), or a number if it is a constant."""
    out: FloatArray | float = term.coefficient
    if term.datum != NONE:
        out = data[term.datum] if out == 1.0 else out * data[term.datum]
    for index in (term.left, term.right):
        if index != NONE:
            out = out * x[index]
    return out


def sum_of(terms: Sequence[Term], x: FloatArray, data: FloatArray, sign: float = 1.0) -> FloatArray | float:
    """Return `sign` times the sum of terms, (B,), or a number if all are constants; nothing is multiplied by 1."""
    out: FloatArray | float = 0.0
    own = False  # whether `out` is an array made here
    for coefficient, datum, left, right in terms:
        rows = [array[index] for array, index in ((data, datum), (x, left), (x, right)) if index != NONE]
        by = sign * coefficient
        if not rows:
            out, own = out + by, False
            continue
        value = rows[0]
        for row in rows[1:]:
            value = value * row
        if abs(by) != 1.0:
            value, by = by * value, 1.0
        if isinstance(out, float):
            first = value if by > 0.0 else -value
            out, own = (first, len(rows) > 1 or by < 0.0) if out == 0.0 else (out + first, True)
        elif own:
            out = np.add(out, value, out=out) if by > 0.0 else np.subtract(out, value, out=out)
        else:
            out, own = (out + value if by > 0.0 else out - value), True
    return out


def residuals(rows: Sequence[Row], x: FloatArray, data: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return what equations miss 0 by, and the sum of the sizes of their terms.

    Parameters
    ----------
    rows : sequence of Row
        M equations.
    x : (n, B) float array
    data : (K, B) float array

    Returns
    -------
    (M, B) float array, (M, B) float array
    """
    shape = (len(rows), x.shape[1])
    out, size = np.zeros(shape), np.zeros(shape)
    for number, row in enumerate(rows):
        for term in row.terms:
            value = term_value(term, x, data)
            out[number] += value
            size[number] += np.abs(value)
    return out, size


def jacobians(rows: Sequence[Row], x: FloatArray, data: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return derivatives of equations at one point.

    Parameters
    ----------
    rows : sequence of Row
        M equations.
    x : (n,) float array
    data : (K,) float array

    Returns
    -------
    (M, n) float array
        By the unknowns.
    (M, K) float array
        By the data.
    """
    by_x, by_data = np.zeros((len(rows), x.size)), np.zeros((len(rows), data.size))
    for number, row in enumerate(rows):
        for coefficient, datum, left, right in row.terms:
            given = 1.0 if datum == NONE else data[datum]
            first = 1.0 if left == NONE else x[left]
            second = 1.0 if right == NONE else x[right]
            if left != NONE:
                by_x[number, left] += coefficient * given * second
            if right != NONE:
                by_x[number, right] += coefficient * given * first
            if datum != NONE:
                by_data[number, datum] += coefficient * first * second
    return by_x, by_data


def pattern_of(rows: Sequence[Row]) -> list[set[int]]:
    """Return the unknowns of each equation."""
    return [{index for term in row.terms for index in (term.left, term.right) if index != NONE} for row in rows]
