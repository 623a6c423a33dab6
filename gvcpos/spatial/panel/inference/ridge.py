"""Where the likelihood of (rho, lambda) is above a floor: row by row, so that a thin ridge is not lost between points.

Rows are values of lambda. In each, rho's best value and the stretch above the floor are found by grids within grids;
everything is done for all rows at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.inference.cuts import Cut, Surface

Array = npt.NDArray[np.float64]
Value = Callable[[Array, Array], Array]

_ROWS = 61
_POINTS = 61
_ACROSS = 25
_FINE = np.linspace(-1.0, 1.0, 9)
_OFFSETS = np.linspace(-1.0, 1.0, 7)
_ROUNDS = 14
_ENOUGH = 1e-4  # share of the first window at which a climb ends


@dataclass(frozen=True)
class Rows:
    """The likelihood in rows.

    Attributes
    ----------
    lam : ndarray, shape (m,)
    best, height : ndarray, shape (m,)
        Where in rho a row is highest, and how high.
    low, high : ndarray, shape (m,)
        The stretch of rho above the floor; both `best` where there is none.
    """

    lam: Array
    best: Array
    height: Array
    low: Array
    high: Array

    @property
    def slope(self) -> Array:
        """How the best rho moves with lambda, shape (m,)."""
        return np.gradient(self.best, self.lam) if np.ptp(self.lam) > 0.0 else np.zeros(len(self.lam))


def rows(surface: Surface, lam: Array, floor: float, *, coarse: bool = False) -> Rows:
    """Look at some rows, in ascending order of lambda; a floor of minus infinity takes all of rho's interval in."""
    (lower, upper), cut = surface.intervals[0], surface.cut(lam, coarse=coarse)
    grid = np.linspace(lower, upper, _POINTS) if upper > lower else np.array([lower])
    heights = surface.height(cut, grid[None, :], coarse=True)
    step = (upper - lower) / (_POINTS - 1)
    best = grid[heights.argmax(axis=1)]
    for shrink in 0.25 ** np.arange(4):
        points = np.clip(best[:, None] + step * shrink * _FINE, lower, upper)
        best = np.take_along_axis(points, surface.height(cut, points).argmax(axis=1)[:, None], axis=1)[:, 0]
    height = surface.height(cut, best[:, None])[:, 0]
    if not np.isfinite(floor):
        return Rows(lam, best, height, np.full(len(lam), lower), np.full(len(lam), upper))
    inside = heights >= floor
    left = np.minimum(np.where(inside, grid, np.inf).min(axis=1), best)
    right = np.maximum(np.where(inside, grid, -np.inf).max(axis=1), best)
    low = _edge(surface, cut, floor, (left, np.maximum(left - step, lower)))
    high = _edge(surface, cut, floor, (right, np.minimum(right + step, upper)))
    none = height < floor
    return Rows(lam, best, height, np.where(none, best, low), np.where(none, best, high))


def _edge(surface: Surface, cut: Cut, floor: float, between: tuple[Array, Array]) -> Array:
    """Return the outermost point above the floor between one that is and one that need not be."""
    within, beyond = between
    for _ in range(3):
        points = within[:, None] + (beyond - within)[:, None] * np.linspace(0.0, 1.0, 9)
        heights = surface.height(cut, points)
        above = heights >= floor
        above[:, 0] = True
        last = 8 - above[:, ::-1].argmax(axis=1)
        places = np.stack([last, np.minimum(last + 1, 8)], axis=1)
        within, beyond = np.take_along_axis(points, places, axis=1).T
    over, under = np.take_along_axis(heights, places, axis=1).T - floor
    share = np.divide(over, over - under, out=np.zeros_like(over), where=(over > under) & np.isfinite(under))
    return np.asarray(within + np.clip(share, 0.0, 1.0) * (beyond - within))


def everywhere(surface: Surface, floor: float) -> Rows:
    """Rows over all admissible values of lambda."""
    lower, upper = surface.intervals[1]
    grid = np.linspace(lower, upper, _ROWS) if upper > lower else np.array([lower])
    return rows(surface, grid, floor, coarse=True)


def ridge(surface: Surface, floor: float, tops: Array) -> Rows:
    """Return rows over the values of lambda above the floor.

    Parameters
    ----------
    surface : Surface
    floor : float
    tops : ndarray
        Values of lambda at the modes above the floor, which a coarse grid may miss.
    """
    found = everywhere(surface, floor)
    for _ in range(6):
        lam, m = found.lam, len(found.lam)
        if m == 1:
            return found
        above = np.append(lam[found.height >= floor], tops)
        first = max(int(np.searchsorted(lam, above.min(), side="right")) - 2, 0)
        last = min(int(np.searchsorted(lam, above.max(), side="left")) + 1, m - 1)
        found = rows(surface, np.linspace(lam[first], lam[last], _ROWS), floor)
        if last - first > 0.6 * (m - 1):
            return found
    return found


def spatial_ends(surface: Surface, found: Rows, floor: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the lowest and highest rho and lambda above the floor; ends of their intervals where not refused."""
    inside = found.height >= floor
    lam, (lower, upper) = found.lam, surface.intervals[0]
    places = np.flatnonzero(inside)
    of_lambda = [
        _crossing(lambda at: rows(surface, at, -np.inf).height, floor, float(lam[i]), float(lam[j]))
        for i, j in ((places[0], max(places[0] - 1, 0)), (places[-1], min(places[-1] + 1, len(lam) - 1)))
    ]
    low, high = float(found.low[inside].min()), float(found.high[inside].max())
    reach = 0.25 * (high - low)  # the tip of a ridge lies beyond the ends of the rows
    of_rho = [
        _crossing(lambda at: _columns(surface, at, found), floor, end, beyond)
        for end, beyond in ((low, max(low - reach, lower)), (high, min(high + reach, upper)))
    ]
    return (of_rho[0], of_rho[1]), (of_lambda[0], of_lambda[1])


def _crossing(heights: Callable[[Array], Array], floor: float, within: float, beyond: float) -> float:
    """Return where heights fall below the floor on the way from within to beyond; beyond, where they do not."""
    if within == beyond:
        return within
    for _ in range(2):
        points = np.linspace(within, beyond, 9)
        found = heights(points)
        last = int(np.flatnonzero(np.append(True, found[1:] >= floor))[-1])
        if last == len(points) - 1:
            return beyond
        within, beyond = float(points[last]), float(points[last + 1])
    over, under = max(float(found[last]) - floor, 0.0), float(found[last + 1]) - floor
    return within + over / (over - under) * (beyond - within)


def _columns(surface: Surface, rho: Array, found: Rows) -> Array:
    """Return the likelihood at each rho, lambda estimated anew, shape (n,)."""
    first, last = float(found.lam[0]), float(found.lam[-1])
    points, step = np.tile(np.linspace(first, last, 33), (len(rho), 1)), (last - first) / 32.0
    for _ in range(5):
        heights = surface.height(surface.cut(points), rho[:, None, None])[..., 0]
        best = np.take_along_axis(points, heights.argmax(axis=1)[:, None], axis=1)
        points, step = np.clip(best + step * _FINE, first, last), 0.25 * step
    return np.asarray(heights.max(axis=1))


def across(found: Rows) -> Array:
    """Return points of rho across the stretch of every row, denser at the ends; shape (m, n)."""
    share = 0.5 - 0.5 * np.cos(np.pi * np.arange(_ACROSS) / (_ACROSS - 1))
    return np.asarray(found.low[:, None] + (found.high - found.low)[:, None] * share)


def starts(values: Array, points: Array, found: Rows) -> tuple[Array, ...]:
    """Return the best point of each function, and the window around it.

    Parameters
    ----------
    values : ndarray, shape (f, m, n)
    points : ndarray, shape (m, n)
    found : Rows
        Which `points` are in.

    Returns
    -------
    best, lam, rho, step_lam, step_rho, slope : ndarray, shape (f,)
    """
    f, m, n = values.shape
    flat = values.reshape(f, -1)
    place = flat.argmax(axis=1)
    i, j = np.divmod(place, n)
    spacing = np.ptp(found.lam) / max(m - 1, 1)
    beside = np.diff(points, axis=1, append=points[:, -1:])
    width = np.maximum(beside.max(axis=1) if n > 1 else np.zeros(m), 0.0)
    best = flat[np.arange(f), place]
    return best, found.lam[i], points[i, j], np.full(f, spacing), np.maximum(width[i], width.max() / n), found.slope[i]


def climb_all(value: Value, surface: Surface, start: tuple[Array, ...]) -> tuple[Array, Array, Array]:
    """Climb many functions of (rho, lambda) at once: windows that move with the best point, and shrink around it.

    Parameters
    ----------
    value : callable
        Of lambda (f, a) and rho (f, a, b); returns (f, a, b).
    surface : Surface
    start : tuple
        As `starts` returns it. Windows lean with the ridge.

    Returns
    -------
    best, rho, lam : ndarray, shape (f,)
    """
    best, lam, rho, step_lam, step_rho, slope = start
    (r0, r1), (l0, l1) = surface.intervals
    f, size = np.arange(len(best)), np.ones(len(best))
    n = len(_OFFSETS)
    for _ in range(_ROUNDS):
        ls = np.clip(lam[:, None] + (size * step_lam)[:, None] * _OFFSETS, l0, l1)
        leaning = rho[:, None] + slope[:, None] * (ls - lam[:, None])
        rs = np.clip(leaning[:, :, None] + (size * step_rho)[:, None, None] * _OFFSETS, r0, r1)
        found = value(ls, rs).reshape(len(f), -1)
        place = found.argmax(axis=1)
        i, j = np.divmod(place, n)
        better = found[f, place] >= best
        best = np.where(better, found[f, place], best)
        lam, rho = np.where(better, ls[f, i], lam), np.where(better, rs[f, i, j], rho)
        inner = (np.abs(i - n // 2) < n // 2) & (np.abs(j - n // 2) < n // 2)
        size = size * np.where(inner | ~better, 1.0 / 3.0, 0.8)
        if size.max() < _ENOUGH:
            break
    return best, rho, lam
