"""From a start to the top of a hill: a bounded quasi-Newton search, then Newton steps on the score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Array = npt.NDArray[np.float64]
Function = Callable[[Array], tuple[float, Array]]  # value and score

EDGE = 1e-7  # share of an interval that counts as its end


@dataclass(frozen=True)
class Top:
    """Where a climb ended.

    Attributes
    ----------
    point : ndarray, shape (p,)
    height : float
    inside : ndarray of bool, shape (p,)
        Which parameters are off the ends of their intervals.
    """

    point: Array
    height: float
    inside: npt.NDArray[np.bool_]


def climb(function: Function, start: Array, bounds: Array, scale: float) -> Top:
    """Climb from a start.

    Parameters
    ----------
    function : callable
        Point (p,) to value and score (p,).
    start : ndarray, shape (p,)
    bounds : ndarray, shape (p, 2)
    scale : float
        What the value is divided by in the search, such as the number of observations.
    """

    def down(p: Array) -> tuple[float, Array]:
        value, score = function(p)
        return -value / scale, -score / scale

    options = {"ftol": 1e-15, "gtol": 1e-10}
    found = minimize(down, start, jac=True, method="L-BFGS-B", bounds=bounds.tolist(), options=options)
    p = np.asarray(found.x, dtype=float)
    inside = np.minimum(p - bounds[:, 0], bounds[:, 1] - p) > 2.0 * EDGE * np.ptp(bounds, axis=1)
    p = _newton(function, p, bounds, np.flatnonzero(inside))
    height, before = function(p)[0], function(start)[0]
    return Top(p, height, inside) if height >= before else Top(np.asarray(start, dtype=float), before, inside)


def _newton(function: Function, p: Array, bounds: Array, free: npt.NDArray[np.intp], steps: int = 5) -> Array:
    """Polish a maximum in the free parameters: derivatives of the score by differences, while the score shrinks."""
    if not free.size:
        return p
    h = 1e-5 * np.minimum(np.ptp(bounds, axis=1), 1.0)
    h = np.minimum(h, 0.5 * np.minimum(p - bounds[:, 0], bounds[:, 1] - p))
    for _ in range(steps):
        score = function(p)[1][free]
        hessian = np.empty((len(free), len(free)))
        for column, axis in enumerate(free):
            step = np.where(np.arange(len(p)) == axis, h, 0.0)
            hessian[:, column] = (function(p + step)[1] - function(p - step)[1])[free] / (2.0 * h[axis])
        if not np.isfinite(hessian).all() or np.linalg.cond(hessian) > 1e14:
            break
        new = p.copy()
        new[free] -= np.linalg.solve(hessian, score)
        within = bool(((new > bounds[:, 0]) & (new < bounds[:, 1]))[free].all())
        if not within or np.abs(function(new)[1][free]).max() >= np.abs(score).max():
            break
        p = new
    return p
