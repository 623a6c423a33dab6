"""How the unknowns of all years change with the data of all years, to first order, through stocks too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos.flows.balance.equations import jacobians
from gvcpos.flows.balance.solver import Point, Solver

FloatArray = npt.NDArray[np.float64]
_STEP = 1e-6  # of a lifetime's parameter


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Derivatives at a solution.

    Attributes
    ----------
    x : (T, n, T, K) float array
        Of the unknowns (year, unknown) by the data (year, datum).
    misses : (T, R, T, K) float array
        Of what the redundant equations miss 0 by.
    """

    x: FloatArray
    misses: FloatArray


def sensitivity_of(solver: Solver, near: Point) -> Sensitivity:
    """Carry derivatives forward from year to year.

    dx[t] = S[t] (dd[t], dc[t]), with S from the equations of year t and c[t] the columns of stocks: for each stock the
    share of an inflow that leaves in its year, and what leaves of earlier inflows, sum over s < t of p[t-s] I[s].
    """
    years, size, given = solver.years, solver.equations.size, solver.equations.data
    x = np.zeros((years, size, years, given))
    misses = np.zeros((years, solver.redundancy, years, given))
    stocks = _StockSlopes(solver, near)
    for t in range(years):
        carried = stocks.columns(t, x[:, :, : t + 1])  # (K' - K, t + 1, K); later data do not matter
        x[t, :, : t + 1] = np.tensordot(near.slopes[t, :, given:], carried, axes=1)
        x[t, :, t] += near.slopes[t, :, :given]
        by_x, by_data = jacobians(solver.plan.redundant, near.x[t], near.data[t])
        here = np.tensordot(by_x, x[t, :, : t + 1], axes=1) + np.tensordot(by_data[:, given:], carried, axes=1)
        misses[t, :, : t + 1] = here
        misses[t, :, t] += by_data[:, :given]
    return Sensitivity(x, misses)


class _StockSlopes:
    """Derivatives of the columns of stocks: by earlier inflows exactly, by parameters of lifetimes by differences."""

    def __init__(self, solver: Solver, near: Point) -> None:
        self._solver, self._near = solver, near
        given, years = solver.equations.data, solver.years
        first = near.data[0, :given]
        self._shares = [memory.shares(first[:, None], years)[:, 0] for memory in solver.memories]
        self._by: list[list[tuple[int, FloatArray, FloatArray]]] = []
        for memory in solver.memories:
            slopes = []
            for column in dict.fromkeys((*memory.parameters.values(), *memory.factors)):
                step = _STEP * max(abs(float(first[column])), 1e-12)
                both = np.repeat(first[:, None], 2, axis=1)
                both[column] += (step, -step)
                shares, legacy = memory.shares(both, years), memory.legacy(both, years)
                legacy = np.broadcast_to(legacy, (*legacy.shape[:2], 2))
                by_share = (shares[:, 0] - shares[:, 1]) / (2.0 * step)
                by_legacy = -np.diff((legacy[..., 0] - legacy[..., 1]) / (2.0 * step), axis=0)
                slopes.append((column, by_share, by_legacy))
            self._by.append(slopes)

    def columns(self, t: int, x: FloatArray) -> FloatArray:
        """(K' - K, S, K): derivatives of the columns of stocks in year t by the data of S years.

        Of those of the unknowns before it, (T, n, S, K).
        """
        equations = self._solver.equations
        out = np.zeros((equations.columns - equations.data, *x.shape[2:]))
        for rows, shares, slopes in zip(equations.stocks, self._shares, self._by, strict=True):
            for layer, (carry, entering) in enumerate(zip(rows.carry, rows.entering, strict=True)):
                at = carry - equations.data
                for past in range(t):
                    out[at] += shares[t - past] * x[past, entering]
                for column, by_share, by_legacy in slopes:
                    inflow = self._near.x[:t, entering]
                    out[at, 0, column] += by_legacy[t, layer] + by_share[t - np.arange(t)] @ inflow
            for column, by_share, _ in slopes:
                out[rows.share - equations.data, 0, column] += by_share[0]
        return out
