"""Equations that are solved together: one by division, several by Newton's method with sparse elimination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gvcpos.flows.balance.elimination import Elimination, Entry, Values
from gvcpos.flows.balance.equations import NONE, Row, Term, residuals, sum_of, term_value

FloatArray = npt.NDArray[np.float64]
ITERATIONS = 40
_CLOSE = 1e-8  # relative residual from which the next step of a quadratic method leaves rounding alone
_ROUNDING = 1e-13  # relative residual that is rounding
_HOLDS = 1e-9  # relative residual above which an equation does not hold


class _Parts(NamedTuple):
    """An equation split by what of it changes while a block is solved."""

    known: tuple[Term, ...]
    linear: tuple[tuple[int, Term], ...]  # place of the unknown, the rest of the term
    products: tuple[tuple[int, int, Term], ...]  # places of both unknowns, the rest


@dataclass(frozen=True, eq=False)
class Step:
    """Equations that are solved together for as many unknowns.

    Attributes
    ----------
    rows : tuple of Row
    unknowns : tuple of int
    order : Elimination or None
        None for a single equation.
    """

    rows: tuple[Row, ...]
    unknowns: tuple[int, ...]
    order: Elimination | None

    @cached_property
    def local(self) -> Mapping[int, int]:
        """Unknown to its place in the block."""
        return {unknown: place for place, unknown in enumerate(self.unknowns)}

    @cached_property
    def linear(self) -> bool:
        """Whether no equation multiplies two of the unknowns."""
        return not any(parts.products for parts in self._parts)

    def solve(self, x: FloatArray, data: FloatArray, *, warm: bool, refined: bool = False) -> None:
        """Put the unknowns of the block into `x`; NaN where there is no solution.

        Parameters
        ----------
        x : (n, B) float array
            With the unknowns of earlier blocks, and of this block a guess. Changed in place.
        data : (K, B) float array
        warm : bool
            Whether the guess is near. If not, the first step holds the second of two unknowns that are multiplied.
        refined : bool
            Whether what rounding leaves of linear equations is taken off once more.
        """
        if self.order is None:
            self._single(x, data)
        elif self.linear:
            self._together(x, data, self.order, refined=refined)
        else:
            self._newton(x, data, self.order, warm=warm)

    def _single(self, x: FloatArray, data: FloatArray) -> None:
        """Divide."""
        parts, slope = self._parts[0], self._slope_of(x, data)
        if isinstance(slope, float) and abs(slope) == 1.0:
            x[self.unknowns[0]] = sum_of(parts.known, x, data, -slope)
            return
        rest = sum_of(parts.known, x, data, -1.0)
        if isinstance(slope, float):
            x[self.unknowns[0]] = rest / slope
            return
        nothing = (slope == 0.0) & (rest == 0.0)  # none of nothing is nothing
        out = np.divide(rest, slope, out=np.full(x.shape[1], np.nan), where=slope != 0.0)
        x[self.unknowns[0]] = np.where(nothing, 0.0, out)

    def _together(self, x: FloatArray, data: FloatArray, order: Elimination, *, refined: bool) -> None:
        """Eliminate: what is linear needs no guess."""
        constant, changing = self._entries
        entries = {**constant, **{entry: sum_of(terms, x, data) for entry, terms in changing.items()}}
        right = [sum_of(parts.known, x, data, -1.0) for parts in self._parts]
        for unknown, value in zip(self.unknowns, order.solve(entries, right), strict=True):
            x[unknown] = value
        if refined:
            missing, _ = residuals(self.rows, x, data)
            for unknown, step in zip(self.unknowns, order.solve(entries, list(-missing)), strict=True):
                x[unknown] += step

    def _newton(self, x: FloatArray, data: FloatArray, order: Elimination, *, warm: bool) -> None:
        """Step from the guess until the equations hold; NaN where they do not come to."""
        slopes, constant = self._unchanging(x, data)
        scale = residuals(self.rows, x[:, :1], data[:, :1])[1] + 1e-300 if warm else None
        gone: FloatArray | bool = False
        for iteration in range(ITERATIONS):
            held = not warm and iteration == 0
            entries, missing = self._at(x, data, slopes, constant, held)
            size = residuals(self.rows, x, data)[1] + 1e-300 if scale is None else scale
            off = np.nan_to_num(np.abs(missing) / size).max(axis=0)
            if iteration and off.max() <= _ROUNDING:
                return
            last = warm and off.max() <= _CLOSE
            steps = order.solve(entries, list(missing)) if warm else _dense(entries, missing)
            for unknown, step in zip(self.unknowns, steps, strict=True):
                x[unknown] += step
            if last:
                return
            gone = off > _HOLDS
        x[np.ix_(np.array(self.unknowns), np.flatnonzero(gone))] = np.nan

    @cached_property
    def _parts(self) -> tuple[_Parts, ...]:
        return tuple(self._split(row) for row in self.rows)

    def _split(self, row: Row) -> _Parts:
        known, linear, products = [], [], []
        for term in row.terms:
            left, right = self.local.get(term.left), self.local.get(term.right)
            if left is not None and right is not None:
                products.append((left, right, term._replace(left=NONE, right=NONE)))
            elif left is not None or right is not None:
                rest = term._replace(left=term.right if left is not None else term.left, right=NONE)
                linear.append((left if left is not None else int(right or 0), rest))
            else:
                known.append(term)
        return _Parts(tuple(known), tuple(linear), tuple(products))

    @cached_property
    def _entries(self) -> tuple[Mapping[Entry, Values], Mapping[Entry, tuple[Term, ...]]]:
        """Entries of the derivative that are numbers, and the terms of those that are not."""
        found: dict[Entry, tuple[Term, ...]] = {}
        for number, parts in enumerate(self._parts):
            for place, term in parts.linear:
                found[number, place] = (*found.get((number, place), ()), term)
        constant = {entry: terms for entry, terms in found.items() if all(_is_number(term) for term in terms)}
        numbers = {entry: sum(term.coefficient for term in terms) for entry, terms in constant.items()}
        return numbers, {entry: terms for entry, terms in found.items() if entry not in numbers}

    def _slope_of(self, x: FloatArray, data: FloatArray) -> Values:
        """What the unknown of a single equation is multiplied by."""
        return sum_of([term for _, term in self._parts[0].linear], x, data)

    def _unchanging(self, x: FloatArray, data: FloatArray) -> tuple[list[list[Values]], list[Values]]:
        """Return the slopes of linear terms, and the sum of known terms, of each equation."""
        slopes = [[term_value(term, x, data) for _, term in parts.linear] for parts in self._parts]
        known: list[Values] = [sum((term_value(t, x, data) for t in parts.known), 0.0) for parts in self._parts]
        return slopes, known

    def _at(
        self, x: FloatArray, data: FloatArray, slopes: list[list[Values]], constant: list[Values], held: bool
    ) -> tuple[dict[Entry, Values], FloatArray]:
        """Return the entries of the derivative, and what each equation misses, (rows, B)."""
        entries: dict[Entry, Values] = {}
        missing = np.empty((len(self.rows), x.shape[1]))
        for number, parts in enumerate(self._parts):
            missing[number] = constant[number]
            for (place, _), slope in zip(parts.linear, slopes[number], strict=True):
                at = (number, place)
                entries[at] = entries[at] + slope if at in entries else slope
                missing[number] += slope * x[self.unknowns[place]]
            for left, right, term in parts.products:
                given = term_value(term, x, data)
                first, second = x[self.unknowns[left]], x[self.unknowns[right]]
                by_left = given * second
                missing[number] += by_left * first
                entries[number, left] = entries.get((number, left), 0.0) + by_left
                if not held:
                    entries[number, right] = entries.get((number, right), 0.0) + given * first
        return entries, np.negative(missing, out=missing)


def _is_number(term: Term) -> bool:
    """Whether nothing but the coefficient is in a term."""
    return term.datum == term.left == term.right == NONE


def _dense(entries: Mapping[Entry, Values], right_side: FloatArray) -> Sequence[FloatArray]:
    """Solve far from a solution, where no order of pivots is known to be good; (B,) for each of n unknowns."""
    size, draws = right_side.shape
    matrix = np.zeros((draws, size, size))
    for (row, column), value in entries.items():
        matrix[:, row, column] = value
    try:
        return list(np.linalg.solve(matrix, right_side.T[..., None])[..., 0].T)
    except np.linalg.LinAlgError:
        return list(np.full_like(right_side, np.nan))
