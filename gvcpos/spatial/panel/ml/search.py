"""The maxima of the concentrated likelihood: a coarse grid finds the hills, the analytic score their tops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize_scalar

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.ml.bracketing import walk
from gvcpos.spatial.panel.ml.climb import EDGE, climb
from gvcpos.spatial.panel.ml.likelihood import Concentrated
from gvcpos.spatial.panel.ml.logdet import LogDeterminant

Array = npt.NDArray[np.float64]

_GRID = 41
_AROUND = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]
_SAME = 1e-6  # modes nearer than this share of the interval are one


@dataclass(frozen=True)
class Mode:
    """A maximum of the concentrated likelihood.

    Attributes
    ----------
    rho, lam : float
        0 where the model has no such parameter.
    loglik : float
    interior : bool
        False when the likelihood still rises at the end of the admissible interval.
    """

    rho: float
    lam: float
    loglik: float
    interior: bool


@dataclass(frozen=True)
class Hill:
    """A grid point that no neighbour exceeds.

    Attributes
    ----------
    i, j : int
        Its place in the grids of rho and lambda.
    height : float
    """

    i: int
    j: int
    height: float


def maximise(likelihood: Concentrated) -> tuple[Mode, ...]:
    """Find the maxima of the concentrated likelihood on the admissible intervals, highest first.

    A coarse grid finds the hills, the analytic score their tops. With one parameter and a large sparse W, where each
    value costs a factorisation, the hill that rises from 0 is climbed.

    Raises
    ------
    EstimationError
        If the likelihood is not finite anywhere.
    """
    if (one := _large(likelihood)) is not None:
        r, height, interior = walk(likelihood, one)
        return (Mode(*((r, 0.0) if likelihood.lag is not None else (0.0, r)), height, interior),)
    rhos, lams = (_grid(logdet) for logdet in (likelihood.lag, likelihood.error))
    values = np.atleast_2d(likelihood.value(rhos[:, None], lams[None, :]))
    values = np.broadcast_to(values, (len(rhos), len(lams)))
    if not np.isfinite(values).any():
        raise EstimationError(
            "the likelihood is not finite anywhere on the admissible interval: "
            "the regressors may explain y exactly, or y does not vary."
        )
    both = likelihood.lag is not None and likelihood.error is not None
    climb = _climb_two if both else _climb_one
    found = [climb(likelihood, (rhos, lams), hill) for hill in _hills(values)]
    return _distinct(sorted(found, key=lambda mode: -mode.loglik), rhos, lams)


def _large(likelihood: Concentrated) -> LogDeterminant | None:
    """Return the log-determinant of the only parameter, if its values cost a factorisation each."""
    there = [logdet for logdet in (likelihood.lag, likelihood.error) if logdet is not None]
    return there[0] if len(there) == 1 and there[0].spectrum.eigenvalues is None else None


def _grid(logdet: LogDeterminant | None) -> Array:
    """Return points over the admissible interval; a single 0 for a parameter that is not there."""
    if logdet is None:
        return np.zeros(1)
    lower, upper = logdet.spectrum.interval
    margin = EDGE * (upper - lower)
    return np.linspace(lower + margin, upper - margin, _GRID)


def _hills(values: Array) -> list[Hill]:
    (a, b), finite = values.shape, np.isfinite(values)
    padded = np.full((a + 2, b + 2), -np.inf)
    padded[1:-1, 1:-1] = np.where(finite, values, -np.inf)
    top = finite
    for i, j in _AROUND:
        top = top & (padded[1:-1, 1:-1] >= padded[1 + i : 1 + i + a, 1 + j : 1 + j + b])
    return [Hill(int(i), int(j), float(values[i, j])) for i, j in np.argwhere(top)]


def _climb_one(likelihood: Concentrated, grids: tuple[Array, Array], hill: Hill) -> Mode:
    """Climb a hill in the one parameter there is: a bracketed root of the score."""
    rhos, lams = grids
    if len(rhos) == len(lams) == 1:
        return Mode(0.0, 0.0, hill.height, True)
    of_rho = len(rhos) > 1
    grid, best = (rhos, hill.i) if of_rho else (lams, hill.j)

    def value(r: float) -> float:
        return float(likelihood.value(np.array(r * of_rho), np.array(r * (not of_rho))))

    def score(r: float) -> float:
        return float(likelihood.score(r * of_rho, r * (not of_rho))[0 if of_rho else 1])

    left, right = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, len(grid) - 1)])
    r, interior = _root(
        value, score, (left, right), (float(grid[best]), hill.height), (float(grid[0]), float(grid[-1]))
    )
    return Mode(r * of_rho, r * (not of_rho), value(r), interior)


def _root(
    value: Callable[[float], float],
    score: Callable[[float], float],
    bracket: tuple[float, float],
    best: tuple[float, float],
    ends: tuple[float, float],
) -> tuple[float, bool]:
    """Return where the score is zero in the bracket, or the highest point if it does not change sign."""
    left, right = bracket
    if score(left) > 0.0 > score(right):
        return float(brentq(score, left, right, xtol=1e-13, rtol=1e-13)), True
    # No sign change between the neighbours: an end of the interval, or several hills between two points.
    found = minimize_scalar(lambda one: -value(one), bounds=bracket, method="bounded", options={"xatol": 1e-12})
    r = float(found.x) if -found.fun > best[1] else best[0]
    return r, min(r - ends[0], ends[1] - r) > EDGE * (ends[1] - ends[0])


def _climb_two(likelihood: Concentrated, grids: tuple[Array, Array], hill: Hill) -> Mode:
    """Climb a hill in both parameters."""

    def function(p: Array) -> tuple[float, Array]:
        return float(likelihood.value(p[0], p[1])), likelihood.score(p[0], p[1])

    bounds = np.array([(grid[0], grid[-1]) for grid in grids])
    top = climb(function, np.array([grids[0][hill.i], grids[1][hill.j]]), bounds, likelihood.nobs)
    return Mode(float(top.point[0]), float(top.point[1]), top.height, bool(top.inside.all()))


def _distinct(modes: list[Mode], rhos: Array, lams: Array) -> tuple[Mode, ...]:
    """Drop modes that are another one found again."""
    kept: list[Mode] = []
    near = _SAME * max(np.ptp(rhos), np.ptp(lams), 1e-300)
    for mode in modes:
        if all(max(abs(mode.rho - other.rho), abs(mode.lam - other.lam)) > near for other in kept):
            kept.append(mode)
    return tuple(kept)
