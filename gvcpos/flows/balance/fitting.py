"""The reconciled point of a system: Gauss-Newton steps on its data, with flows that would be negative held at 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError, SpecificationError
from gvcpos.flows.balance.equations import pattern_of
from gvcpos.flows.balance.reconciliation import Constraints, Secant, Spread, least_distance
from gvcpos.flows.balance.sensitivity import Sensitivity, sensitivity_of
from gvcpos.flows.balance.solver import Point, Solution, Solver, in_chunks

FloatArray = npt.NDArray[np.float64]
Say = Callable[[int, str], str]
ITERATIONS = 60
_SETTLED = 1e-8  # standard deviations by which data still move
NEGATIVE = 1e-9  # of the largest flow: less than nothing by more than rounding
_DRAW_STEPS = 30
_FEW = 0.7  # share of draws that still move from which on the others are left aside
_DRAWN = 1e-6  # of the largest flow: how well redundant equations hold in a draw; balances hold to rounding
_UNMET = 1e-8  # of the largest flow: a contradiction that no data can give way to


@dataclass(frozen=True, eq=False)
class Fit:
    """Data that meet every equation, and the derivatives there.

    Attributes
    ----------
    solver : Solver
        Around the reconciled data.
    given, data : (T, K) float array
        The data of the file, and as reconciled.
    sensitivity : Sensitivity
    spread : Spread
    constraints : Constraints
        The redundant equations.
    held : Constraints
        The same with flows held at 0.
    asked : (T * R,) float array
        By what the equations move the data: J (d - d0).
    at_bound : (A,) int array
        Flows of all years and layers, (T * F * L) numbers, that are held at 0.
    """

    solver: Solver
    given: FloatArray
    data: FloatArray
    sensitivity: Sensitivity
    spread: Spread
    constraints: Constraints
    held: Constraints
    asked: FloatArray
    at_bound: npt.NDArray[np.int64]

    @property
    def near(self) -> Point:
        """The solution."""
        assert self.solver.near is not None
        return self.solver.near

    @property
    def mass(self) -> FloatArray:
        """(T, F, L) flows; those held are 0."""
        found = self.near.x[:, self.solver.equations.flows].copy()
        found.reshape(-1)[self.at_bound] = 0.0
        return found

    def masses(self, data: FloatArray) -> FloatArray:
        """Balance draws: solved, and reconciled where equations say too much.

        Each draw of the data is moved in the directions of the point solution until its equations hold. How far is
        found by Broyden's method (1965, Math. Comput. 19:577), which starts from the derivatives there.

        Parameters
        ----------
        data : (..., T, K) float array

        Returns
        -------
        (..., T, F, L) float array
            NaN where there is no solution; negative where data say so.
        """
        if not self.held.rank:
            return self.solver.masses(data)
        return in_chunks(data, self._balanced)

    def reconciled(self, data: FloatArray) -> FloatArray:
        """Return draws of the data (..., T, K) as `masses` moves them; NaN where they do not settle."""
        if not self.held.rank:
            return data
        return in_chunks(data, lambda part: np.where(*self._met(part), np.nan))

    def _balanced(self, data: FloatArray) -> FloatArray:
        """(T, F, L, B) of data (T, K, B)."""
        settled, met = self._met(data)
        out = self.solver.run(met).x[:, self.solver.equations.flows]
        if not settled.all():
            out[..., ~settled] = np.nan
        return out

    def _met(self, data: FloatArray) -> tuple[npt.NDArray[np.bool_], FloatArray]:
        """(B,) which draws settle, and data (T, K, B): a draw moves until its equations hold, whatever the others do.

        Meanwhile only the unknowns on which redundant equations depend are solved for.
        """
        scale = float(np.abs(self.mass).max()) or 1.0
        moving, slopes, off = self._directions
        met, solver = data.copy(), self._narrow
        found, base = solver.unsolved(data), data[:, moving]
        years, draws = len(data), data.shape[2]
        start = off @ data.reshape(-1, draws) - off @ self.data.reshape(-1, 1)
        secant = Secant.start(start)  # to first order, before anything is solved
        rows, waiting, settled = np.arange(draws), np.ones(draws, dtype=bool), np.zeros(draws, dtype=bool)
        before: Solution | None = None
        for _ in range(_DRAW_STEPS):
            found.data[:, moving] = base - (slopes @ secant.at).reshape(years, -1, rows.size)
            solver.solve(found, before)
            misses = np.concatenate([solver.misses_of(found).reshape(-1, rows.size), self._held(found)])
            open_now = waiting & (np.abs(misses).max(axis=0) > _DRAWN * scale)
            done = np.flatnonzero(waiting & ~open_now)
            met[:, moving[:, None], rows[done]] = found.data[:, moving[:, None], done]
            settled[rows[done]] = True
            waiting = open_now
            if not waiting.any():
                break
            kept = waiting if waiting.mean() < _FEW else np.ones_like(waiting)  # copies take time, too
            if not kept.all():
                rows, base, waiting = rows[kept], base[..., kept], waiting[kept]
                found = Solution(found.x[..., kept], found.data[..., kept])
            if not solver.plan.linear:
                before = Solution(found.x.copy(), found.data.copy())
            secant = secant.moved(self.held.asked(misses), kept)
        return settled, met

    @cached_property
    def _narrow(self) -> Solver:
        """The solver of the unknowns in redundant equations and of flows held at 0."""
        redundant = set().union(*pattern_of(self.solver.plan.redundant))
        return self.solver.only([*redundant, *self._bound[1].tolist()])

    @cached_property
    def _directions(self) -> tuple[npt.NDArray[np.int64], FloatArray, FloatArray]:
        """Columns of the data that draws move, how (T * M, r), and how far off data (T * K,) are, (r, T * K)."""
        sd, right = self.spread.sd.ravel(), self.held.right
        slopes = (sd[:, None] * right.T).reshape(*self.data.shape, -1)
        moving = np.flatnonzero((slopes != 0.0).any(axis=(0, 2)))
        off = np.divide(right, sd, out=np.zeros_like(right), where=sd > 0)
        return moving, slopes[:, moving].reshape(-1, slopes.shape[-1]), off

    @cached_property
    def _bound(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(A,): years and unknowns that are held at 0."""
        flows = self.solver.equations.flows.reshape(-1)
        year, flow = np.divmod(self.at_bound, flows.size)
        return year, flows[flow]

    def _held(self, found: Solution) -> FloatArray:
        """(A, B): flows that are held at 0."""
        return np.asarray(found.x[self._bound])


def fitted(solver: Solver, data: FloatArray, spread: Spread, say: Say) -> Fit:
    """Reconcile the data of a system, where its equations say more than needed.

    Parameters
    ----------
    solver : Solver
    data : (T, K) float array
    spread : Spread
    say : callable
        From the number of a year and the name of a flow or process to words for a message.

    Raises
    ------
    SpecificationError
        If exact data contradict each other, or if flows are negative whatever the data.
    EstimationError
        If the steps do not settle.
    """
    near = solver.around(data)
    if not solver.redundancy:
        return _fit(near, data, data, spread, asked=np.zeros(0), at_bound=np.zeros(0, dtype=np.int64))
    sd, given, now = spread.sd.ravel(), data.ravel(), data.ravel()
    watched: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
    for _ in range(ITERATIONS):
        assert near.near is not None
        sensitivity = sensitivity_of(near, near.near)
        x, slopes = _flows(near, sensitivity)
        jacobian = sensitivity.misses.reshape(-1, given.size)
        asked = jacobian @ (now - given) - _misses_at(near)
        constraints = Constraints.of(jacobian, sd)
        _refuse_contradiction(near, constraints.unmet(asked), x, say)
        floors = -(x + slopes @ (given - now))
        try:
            u, watched = _step(constraints, asked, slopes=slopes * sd, floors=floors, watched=watched, x=x)
        except _OutOfReachError as error:
            t, flow, _ = np.unravel_index(error.args[0], near.near.x[:, near.equations.flows].shape)
            raise SpecificationError(
                f"{say(int(t), near.equations.variables[near.equations.flows[flow, 0]].owner)}: this flow is negative "
                "whatever the uncertain data are. Check the exact data around it."
            ) from None
        moved = np.where(sd > 0, given + sd * u, given)
        settled = _moved(moved - now, sd)
        now = moved
        near = near.around(now.reshape(data.shape))
        if settled <= _SETTLED:
            scale = NEGATIVE * float(np.abs(x).max())
            held = watched[np.abs(_flows_only(near)[watched]) <= 10 * scale]
            return _fit(near, data, now.reshape(data.shape), spread, asked=asked, at_bound=held)
    raise EstimationError(
        f"the reconciliation does not settle: after {ITERATIONS} steps data still move by {settled:.2g} standard "
        "deviations. Check for a flow near 0 whose data contradict each other."
    )


class _OutOfReachError(Exception):
    """No data make a flow non-negative; its number."""


def _step(
    constraints: Constraints,
    asked: FloatArray,
    *,
    slopes: FloatArray,
    floors: FloatArray,
    watched: npt.NDArray[np.int64],
    x: FloatArray,
) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Return the next data in standard deviations, and the flows that had to be watched."""
    tolerance = NEGATIVE * float(np.abs(x).max())
    u = constraints.least(asked)
    for _ in range(100):
        if len(watched):
            bounded = least_distance(constraints, asked, slopes[watched], floors[watched])
            if np.isnan(bounded).any():
                raise _OutOfReachError(int(watched[np.argmin(slopes[watched] @ u - floors[watched])]))
            u = bounded
        below = np.setdiff1d(np.flatnonzero(slopes @ u < floors - tolerance), watched)
        if not below.size:
            break
        watched = np.union1d(watched, below)
    return u, watched


def _fit(
    solver: Solver,
    given: FloatArray,
    data: FloatArray,
    spread: Spread,
    *,
    asked: FloatArray,
    at_bound: npt.NDArray[np.int64],
) -> Fit:
    assert solver.near is not None
    lasting = [k for memory in solver.memories for k in (*memory.parameters.values(), *memory.factors)]
    data = data.copy()
    data[:, lasting] = data[0, lasting]  # a lifetime is one number for all years: that of the first
    sensitivity = sensitivity_of(solver, solver.near)
    sd = spread.sd.ravel()
    jacobian = sensitivity.misses.reshape(-1, sd.size)
    slopes = _flows(solver, sensitivity)[1][at_bound]
    constraints = Constraints.of(jacobian, sd)
    held = Constraints.of(np.vstack([jacobian, slopes]), sd) if at_bound.size else constraints
    return Fit(solver, given, data, sensitivity, spread, constraints, held, asked, at_bound)


def _moved(step: FloatArray, sd: FloatArray) -> float:
    return float(np.max(np.abs(step[sd > 0] / sd[sd > 0]), initial=0.0))


def _flows_only(solver: Solver) -> FloatArray:
    assert solver.near is not None
    return solver.near.x[:, solver.equations.flows].reshape(-1)


def _flows(solver: Solver, sensitivity: Sensitivity) -> tuple[FloatArray, FloatArray]:
    """Return flows of all years and layers, (N,), and their derivatives (N, T * K)."""
    slopes = sensitivity.x[:, solver.equations.flows]
    x = _flows_only(solver)
    return x, slopes.reshape(x.size, -1)


def _misses_at(solver: Solver) -> FloatArray:
    assert solver.near is not None
    return solver.misses_at(solver.near).reshape(-1)


def _refuse_contradiction(solver: Solver, unmet: FloatArray, x: FloatArray, say: Say) -> None:
    worst = int(np.argmax(np.abs(unmet)))
    if abs(unmet[worst]) <= _UNMET * float(np.abs(x).max()):
        return
    year, row = divmod(worst, solver.redundancy)
    where = say(year, solver.plan.redundant[row].owner)
    raise SpecificationError(
        f"{where}: exact data contradict each other by {abs(unmet[worst]):.6g} kt. "
        "Correct one of them, or say how uncertain it is."
    )
