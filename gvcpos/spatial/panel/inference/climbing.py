"""Climb many functions of (lambda, root of phi, rho) at once: windows of points that move, parabolas that close in.

Around its best point every function has a window of three points along each parameter. The quadratic through them
says where the top is; where it has none, or none near, the window goes to its best point instead, or shrinks around it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.inference.cuts import Surface

Array = npt.NDArray[np.float64]
Value = Callable[[Array, Array, Array], Array]  # of lambda and root (f, a), and rho (f, a, b): (f, a, b)

_ROUNDS = 20
_ENOUGH = 1.0 / 200.0
SMOOTH = 1.0 / 30.0  # for the likelihood itself, whose parabolas are good
_CLOSER = 0.25
_SMALLER = 0.4
_NOISE = 1e-12
_LEAP = 4.0  # steps that a parabola may lead


@dataclass(frozen=True)
class Start:
    """Where climbs begin.

    Attributes
    ----------
    best : ndarray, shape (f,)
        Values there.
    point : ndarray, shape (f, 3)
        lambda, root and rho.
    step : ndarray, shape (f, 3)
        Half the window; 0 holds a parameter.
    slope : ndarray, shape (f,)
        How rho moves with lambda along the ridge, along which windows lean.
    """

    best: Array
    point: Array
    step: Array
    slope: Array

    def or_better(self, other: Start) -> Start:
        """Return, for each function, the start that is higher."""
        first = self.best > other.best
        point, step = (np.where(first[:, None], getattr(self, a), getattr(other, a)) for a in ("point", "step"))
        return Start(np.maximum(self.best, other.best), point, step, np.where(first, self.slope, other.slope))


def climb_all(value: Value, surface: Surface, start: Start, enough: float = _ENOUGH) -> tuple[Array, Array]:
    """Climb.

    Parameters
    ----------
    value : callable
        Minus infinity where there is no value.
    surface : Surface
        Whose intervals are kept to.
    start : Start
    enough : float
        Share of the first window at which a climb ends.

    Returns
    -------
    best : ndarray, shape (f,)
    point : ndarray, shape (f, 3)
    """
    bounds, window = _bounds(surface), _Window(np.asarray(start.step.any(axis=0)))
    best, record, centre, size = start.best, start.point, start.point, np.ones(len(start.best))
    for _ in range(_ROUNDS):
        step = size[:, None] * start.step
        points, clipped = window.points(centre, step, start.slope, bounds)
        found = window.values(value, points)
        place = found.argmax(axis=1)
        top = found[np.arange(len(best)), place]
        better, lost = top > best, top < best - _NOISE * np.abs(best)
        record = np.where(better[:, None], points[np.arange(len(best)), place], record)
        best = np.where(better, top, best)
        move, there = window.vertex(found)
        there &= ~clipped & ~lost
        leant = step * move
        leant[:, 2] += start.slope * leant[:, 0]
        centre = np.where(there[:, None], np.clip(centre + leant, *bounds), record)
        reach = np.abs(move).max(axis=1)
        size = size * np.where(there, np.where(reach <= 1.0, _CLOSER, 1.0), np.where(better, 1.0, _SMALLER))
        if size.max() < enough:
            break
    return best, record


def _bounds(surface: Surface) -> tuple[Array, Array]:
    """Lower and upper ends of lambda, root and rho, each (3,); below root = 0 is the mirror image of above."""
    rho, lam, root = surface.intervals
    root = (-root[1], root[1]) if root[0] <= 0.0 else root
    lower, upper = np.array([lam, root, rho]).T
    return lower, upper


class _Window:
    """Three points along each parameter that moves, one along those that are held.

    Parameters
    ----------
    moves : ndarray of bool, shape (3,)
    """

    def __init__(self, moves: npt.NDArray[np.bool_]) -> None:
        axes = [np.array([-1.0, 0.0, 1.0]) if one else np.zeros(1) for one in moves]
        self.offsets = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)  # rho last
        self.across = len(axes[2])
        self.free = np.flatnonzero(moves)
        free = self.offsets[:, self.free]
        self.pairs = [(i, j) for i in range(free.shape[1]) for j in range(i, free.shape[1])]
        columns = [np.ones(len(free)), *free.T, *(free[:, i] * free[:, j] for i, j in self.pairs)]
        self.fit = np.linalg.pinv(np.stack(columns, axis=1))

    def points(
        self, centre: Array, step: Array, slope: Array, bounds: tuple[Array, Array]
    ) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Return the points of every window, (f, n, 3), and whether any had to be moved into the bounds, (f,)."""
        moved = step[:, None, :] * self.offsets
        moved[:, :, 2] += slope[:, None] * moved[:, :, 0]
        wanted = centre[:, None, :] + moved
        points = np.clip(wanted, *bounds)
        return points, (points != wanted).any(axis=(1, 2))

    def values(self, value: Value, points: Array) -> Array:
        """Return the functions at the points, (f, n)."""
        each = points.reshape(len(points), -1, self.across, 3)
        return value(each[:, :, 0, 0], each[:, :, 0, 1], each[..., 2]).reshape(len(points), -1)

    def vertex(self, found: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Return where the quadratic through values (f, n) has its top, in steps, and whether it has one near."""
        whole = np.asarray(np.isfinite(found).all(axis=1))
        coefficients = np.where(whole[:, None], found, 0.0) @ self.fit.T
        d = len(self.free)
        bend = np.zeros((len(found), d, d))
        for (i, j), one in zip(self.pairs, coefficients[:, 1 + d :].T, strict=True):
            bend[:, i, j] += one
            bend[:, j, i] += one
        values, vectors = np.linalg.eigh(bend)
        there = np.asarray(whole & (values < 0.0).all(axis=1) & (d > 0))
        turned = np.einsum("fij,fi->fj", vectors, coefficients[:, 1 : 1 + d])
        scaled = np.divide(turned, -values, out=np.zeros_like(turned), where=there[:, None])
        move = np.zeros((len(found), 3))
        move[:, self.free] = np.einsum("fij,fj->fi", vectors, scaled)
        far = np.abs(move).max(axis=1)
        return move * np.minimum(1.0, _LEAP / np.maximum(far, _LEAP))[:, None], there
