"""Years solved in order, for one point or for many draws, with the same plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

from gvcpos.flows.balance.equations import Equations, jacobians, residuals
from gvcpos.flows.balance.memory import StockMemory
from gvcpos.flows.balance.plan import Plan

FloatArray = npt.NDArray[np.float64]
CHUNK = 2048  # draws at a time: many enough that numbers, not calls, take the time, and few enough for a cache


@dataclass(frozen=True, eq=False)
class Solution:
    """Unknowns and data of B draws.

    Attributes
    ----------
    x : (T, n, B) float array
    data : (T, K', B) float array
        The data and the columns of stocks.
    """

    x: FloatArray
    data: FloatArray


@dataclass(frozen=True, eq=False)
class Point:
    """A solution and how it changes with the data, to first order.

    Attributes
    ----------
    x : (T, n) float array
    data : (T, K') float array
        With the columns of stocks.
    slopes : (T, n, K') float array
        Derivatives of the unknowns of a year by its data.
    """

    x: FloatArray
    data: FloatArray
    slopes: FloatArray


@dataclass(frozen=True, eq=False)
class Solver:
    """The plan of a system with its years and stocks.

    Attributes
    ----------
    equations : Equations
    plan : Plan
    memories : tuple of StockMemory
        In the order of ``equations.stocks``.
    years : int
        T.
    guess : (T, n) float array
        From which equations that are not linear start.
    near : Point, optional
        A solution at data nearby, from which draws start.
    """

    equations: Equations
    plan: Plan
    memories: tuple[StockMemory, ...]
    years: int
    guess: FloatArray
    near: Point | None = None

    def masses(self, data: FloatArray) -> FloatArray:
        """Solve for flows.

        Parameters
        ----------
        data : (..., T, K) float array
            In the units inside.

        Returns
        -------
        (..., T, F, L) float array
            kt. NaN where there is no solution; negative where the data say so.
        """
        return in_chunks(data, lambda part: self.run(part).x[:, self.equations.flows])

    def misses_at(self, near: Point) -> FloatArray:
        """(T, R): what the redundant equations miss 0 by at a point."""
        return self.misses_of(Solution(near.x[:, :, None], near.data[:, :, None]))[:, :, 0]

    def misses_of(self, part: Solution) -> FloatArray:
        """(T, R, B): what the redundant equations miss 0 by."""
        return np.stack([residuals(self.plan.redundant, part.x[t], part.data[t])[0] for t in range(self.years)])

    def run(self, data: FloatArray, *, refined: bool = False) -> Solution:
        """Solve for every unknown, starting from the point.

        Parameters
        ----------
        data : (T, K, B) float array
        refined : bool
            Whether what rounding leaves, 1e-14 of the largest flow, is taken off once more.
        """
        out = self.unsolved(data)
        self.solve(out, refined=refined)
        return out

    def unsolved(self, data: FloatArray) -> Solution:
        """Return data (T, K, B) with room for the columns of stocks, and unknowns of 0."""
        extended = np.empty((self.years, self.equations.columns, data.shape[2]))
        extended[:, : self.equations.data] = data
        extended[:, self.equations.data :] = 0.0
        return Solution(np.zeros((self.years, self.equations.size, data.shape[2])), extended)

    def solve(self, found: Solution, start: Solution | None = None, *, refined: bool = False) -> None:
        """Solve `found` for the data in it, in place; from the point, or from the solution of data nearby."""
        x, extended = found.x, found.data
        first = extended[0, : self.equations.data]
        shares = [memory.shares(first, self.years) for memory in self.memories]
        legacies = [-np.diff(memory.legacy(first, self.years), axis=0) for memory in self.memories]
        for t in range(self.years):
            for rows, share, legacy in zip(self.equations.stocks, shares, legacies, strict=True):
                extended[t, rows.share] = share[0]
                for layer, (column, entering) in enumerate(zip(rows.carry, rows.entering, strict=True)):
                    carried = extended[t, column]
                    carried[:] = legacy[t, layer]
                    for past in range(t):
                        carried += share[t - past] * x[past, entering]
            self._guess(x[t], t, extended[t], start)
            self.plan.solve(x[t], extended[t], warm=self.near is not None, refined=refined)

    def only(self, wanted: Iterable[int]) -> Solver:
        """Return the solver of what some unknowns need; where Newton's method is needed, of all."""
        if not self.plan.linear:
            return self
        plan, stocks = self.plan.only(wanted, self.equations.stocks)
        equations = replace(self.equations, stocks=tuple(self.equations.stocks[number] for number in stocks))
        return replace(self, plan=plan, equations=equations, memories=tuple(self.memories[n] for n in stocks))

    def around(self, data: FloatArray) -> Solver:
        """Return the solver with a point from which draws start: the solution at data (T, K)."""
        part = self.run(np.asarray(data, dtype=np.float64)[:, :, None], refined=True)
        x, extended = part.x[:, :, 0], part.data[:, :, 0]
        slopes = np.empty((*x.shape, extended.shape[1]))
        for t in range(self.years):
            by_x, by_data = jacobians(self.plan.kept, x[t], extended[t])
            slopes[t] = -_solved(by_x, by_data)
        return replace(self, near=Point(x, extended, slopes))

    @cached_property
    def redundancy(self) -> int:
        """R, redundant equations a year."""
        return len(self.plan.redundant)

    def _guess(self, x: FloatArray, t: int, data: FloatArray, start: Solution | None) -> None:
        """Guess the unknowns of a year, (n, B), in place: to first order from a solution nearby, if there is one."""
        if self.plan.linear:  # needs no guess
            return
        if self.near is None:
            x[:] = self.guess[t][:, None]
        elif start is None:
            x[:] = self.near.x[t][:, None] + self.near.slopes[t] @ (data - self.near.data[t][:, None])
        else:
            x[:] = start.x[t] + self.near.slopes[t] @ (data - start.data[t])


def in_chunks(data: FloatArray, of: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Work on draws some at a time: (..., T, K) to (..., T, F, L), `of` from (T, K, B) to (T, F, L, B)."""
    lead = data.shape[:-2]
    flat = np.asarray(data, dtype=np.float64).reshape(-1, *data.shape[-2:])
    out = np.zeros(0)
    for begin in range(0, len(flat), CHUNK):
        rows = slice(begin, begin + CHUNK)
        part = of(np.ascontiguousarray(np.moveaxis(flat[rows], 0, -1)))
        if len(flat) <= CHUNK:
            out = part
            break
        if not begin:
            out = np.empty((*part.shape[:-1], len(flat)))
        out[..., rows] = part
    turned = np.moveaxis(out, -1, 0)
    return turned.reshape(*lead, *turned.shape[1:])


def _solved(matrix: FloatArray, right_side: FloatArray) -> FloatArray:
    """Solve; where an equation is of nothing and so singular, with the least solution."""
    largest = 1.0 + float(np.abs(right_side).max(initial=0.0))
    sparse = csc_array(matrix)
    try:
        out = splu(sparse).solve(right_side)
        if np.isfinite(out).all() and np.abs(sparse @ out - right_side).max(initial=0.0) <= 1e-8 * largest:
            return np.asarray(out)
    except RuntimeError:  # exactly singular
        pass
    return np.asarray(np.linalg.lstsq(matrix, right_side, rcond=1e-12)[0])
