"""How to solve a year: which equations are solved, in which blocks and order, and which are left to reconcile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gvcpos.flows.balance.elimination import Elimination
from gvcpos.flows.balance.equations import (
    NONE,
    PREFERENCE,
    Equations,
    Row,
    StockRows,
    jacobians,
    pattern_of,
    residuals,
)
from gvcpos.flows.balance.step import Step
from gvcpos.flows.balance.structure import blocks_in_order, independent_rows, matched

FloatArray = npt.NDArray[np.float64]
_HOLDS = 1e-9  # of the size of an equation's terms, in a year where something is nothing


@dataclass(frozen=True, eq=False)
class Plan:
    """The order of solving a year, and what is left over.

    Attributes
    ----------
    steps : tuple of Step
    redundant : tuple of Row
        Equations that say more than needed: what data are reconciled to.
    kept : tuple of Row
        Equations that are solved.
    """

    steps: tuple[Step, ...]
    redundant: tuple[Row, ...]
    kept: tuple[Row, ...]

    @cached_property
    def linear(self) -> bool:
        """Whether no two unknowns of a block are multiplied, so that one step solves it."""
        return all(step.linear for step in self.steps)

    def solve(self, x: FloatArray, data: FloatArray, *, warm: bool, refined: bool = False) -> None:
        """Put the unknowns of data into `x`; not finite where there is no solution.

        Parameters
        ----------
        x : (n, B) float array
            From which equations that are not linear start. Changed in place; what the plan leaves out stays.
        data : (K, B) float array
            With the columns of stocks.
        warm : bool
            Whether the guess is near the solution.
        refined : bool
            Whether what rounding leaves is taken off once more.
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for step in self.steps:
                step.solve(x, data, warm=warm, refined=refined)
        for draw in np.flatnonzero(~np.isfinite(x).all(axis=0)):
            x[:, draw] = self.least_solution(data[:, draw], len(x))

    def only(self, wanted: Iterable[int], stocks: Sequence[StockRows]) -> tuple[Plan, tuple[int, ...]]:
        """Leave out what some unknowns do not need.

        Parameters
        ----------
        wanted : iterable of int
            Unknowns.
        stocks : sequence of StockRows

        Returns
        -------
        Plan
        tuple of int
            Numbers of the stocks whose columns are needed.
        """
        step_of = {unknown: step for step in self.steps for unknown in step.unknowns}
        stock_of = {column: number for number, rows in enumerate(stocks) for column in (rows.share, *rows.carry)}
        todo, used, kept = list(wanted), set[int](), list[Step]()
        while todo:
            step = step_of[todo.pop()]
            if step in kept:
                continue
            kept.append(step)
            terms = [term for row in step.rows for term in row.terms]
            found = {stock_of[term.datum] for term in terms if term.datum in stock_of} - used
            used |= found
            todo += [index for term in terms for index in (term.left, term.right) if index != NONE]
            todo += [unknown for number in found for unknown in stocks[number].entering]
        steps = tuple(step for step in self.steps if step in kept)
        rows = tuple(row for step in steps for row in step.rows)
        return Plan(steps, self.redundant, rows), tuple(sorted(used))

    def least_solution(self, data: FloatArray, unknowns: int) -> FloatArray:
        """Solve where equations are singular since nothing enters somewhere: Newton steps of least length from 0.

        Parameters
        ----------
        data : (K,) float array
        unknowns : int
            n, how many there are.

        Returns
        -------
        (n,) float array
            NaN if there is no solution.
        """
        x = np.zeros(unknowns)
        for _ in range(50):
            missing, size = (a[:, 0] for a in residuals(self.kept, x[:, None], data[:, None]))
            if (np.abs(missing) <= 1e-13 * size + 1e-300).all():
                return x
            by_x, _ = jacobians(self.kept, x, data)
            x = x - np.linalg.lstsq(by_x, missing, rcond=1e-11)[0]
        missing, size = (a[:, 0] for a in residuals(self.kept, x[:, None], data[:, None]))
        return x if (np.abs(missing) <= _HOLDS * size + 1e-300).all() else np.full_like(x, np.nan)


def kept_rows(equations: Equations, data: FloatArray, seed: int = 0) -> tuple[list[int], FloatArray]:
    """Choose the equations to solve: independent at a generic point, those of balances first.

    Parameters
    ----------
    equations : Equations
    data : (K,) float array
        With the columns of stocks.

    Returns
    -------
    list of int
        Rows.
    (m, n) float array
        Derivatives of all rows at the generic point.
    """
    point = np.random.default_rng(seed).uniform(0.5, 1.5, equations.size)
    matrix, _ = jacobians(equations.rows, point, data)
    order = sorted(range(len(equations.rows)), key=lambda row: (PREFERENCE.index(equations.rows[row].kind), row))
    exact = sum(row.kind in ("definition", "balance", "stock") for row in equations.rows)
    return sorted(independent_rows(matrix, order, exact)), matrix


def plan_of(equations: Equations, rows: Sequence[int], data: FloatArray) -> Plan:
    """Make the plan for as many independent equations as there are unknowns.

    Parameters
    ----------
    equations : Equations
    rows : sequence of int
        n equations.
    data : (K,) float array
        At which pivots are chosen.
    """
    kept = tuple(equations.rows[row] for row in rows)
    left = tuple(row for number, row in enumerate(equations.rows) if number not in set(rows))
    pattern = pattern_of(kept)
    match = matched(pattern, equations.size)
    point = np.random.default_rng(1).uniform(0.5, 1.5, equations.size)
    steps = []
    for block in blocks_in_order(pattern, equations.size):
        own = tuple(kept[row] for row in block)
        unknowns = tuple(int(match[row]) for row in block)
        place = {unknown: number for number, unknown in enumerate(unknowns)}
        order = None
        if len(block) > 1:
            matrix, _ = jacobians(own, point, data)
            cells = {(row, place[index]) for row, found in enumerate(pattern_of(own)) for index in found & set(place)}
            order = Elimination.of(matrix[:, list(unknowns)], cells)
        steps.append(Step(own, unknowns, order))
    return Plan(tuple(steps), left, kept)
