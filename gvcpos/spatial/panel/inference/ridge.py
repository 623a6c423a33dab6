"""Where the likelihood of (rho, lambda, phi) is above a floor: row by row, so that a thin ridge is not lost.

Rows are values of lambda and, with random effects, of the root of phi (see `cuts`). In each, rho's best value and the
stretch above the floor are found by grids within grids; everything is done for all rows at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.inference.climbing import SMOOTH, Start, climb_all
from gvcpos.spatial.panel.inference.cuts import Cut, Ends, Surface

Array = npt.NDArray[np.float64]

_ROWS = 61
_FEWER = (25, 9)  # of lambda and of the root, where there is one
_POINTS = 61
_ACROSS = 25
_TURNS = 12
_NEAR = np.geomspace(1e-4, 1.0, 14)  # shares of an interval
_FINE = np.linspace(-1.0, 1.0, 9)


@dataclass(frozen=True)
class Rows:
    """The likelihood in rows.

    Attributes
    ----------
    surface : Surface
        Over the rectangle of the rows.
    lam, root : ndarray, shape (a,), (q,)
        Ascending; every pair is a row.
    best, height : ndarray, shape (a, q)
        Where in rho a row is highest, and how high.
    low, high : ndarray, shape (a, q)
        The stretch of rho above the floor; both `best` where there is none.
    """

    surface: Surface
    lam: Array
    root: Array
    best: Array
    height: Array
    low: Array
    high: Array

    @property
    def slope(self) -> Array:
        """How the best rho moves with lambda, shape (a, q)."""
        return np.gradient(self.best, self.lam, axis=0) if np.ptp(self.lam) > 0.0 else np.zeros(self.best.shape)

    @property
    def pairs(self) -> tuple[Array, Array]:
        """lambda and root of every row, shape (m,)."""
        lam, root = np.broadcast_arrays(self.lam[:, None], self.root)
        return lam.ravel(), root.ravel()


def rows(surface: Surface, lam: Array, root: Array, floor: float, *, coarse: bool = False) -> Rows:
    """Look at the rows of ascending lambda (a,) and roots (q,); a floor of -inf takes all of rho's interval in."""
    (lower, upper), cut = surface.intervals[0], surface.cut(lam[:, None], root, coarse=coarse)
    grid = np.linspace(lower, upper, _POINTS) if upper > lower else np.array([lower])
    heights = surface.height(cut, grid, coarse=True)
    step = (upper - lower) / (_POINTS - 1)
    best = grid[heights.argmax(axis=-1)]
    for shrink in 0.25 ** np.arange(4):
        points = np.clip(best[..., None] + step * shrink * _FINE, lower, upper)
        best = _at(points, surface.height(cut, points).argmax(axis=-1))
    height = surface.height(cut, best[..., None])[..., 0]
    if not np.isfinite(floor):
        return Rows(surface, lam, root, best, height, np.full(best.shape, lower), np.full(best.shape, upper))
    inside = heights >= floor
    left = np.minimum(np.where(inside, grid, np.inf).min(axis=-1), best)
    right = np.maximum(np.where(inside, grid, -np.inf).max(axis=-1), best)
    low = _edge(surface, cut, floor, (left, np.maximum(left - step, lower)))
    high = _edge(surface, cut, floor, (right, np.minimum(right + step, upper)))
    none = height < floor
    return Rows(surface, lam, root, best, height, np.where(none, best, low), np.where(none, best, high))


def _at(points: Array, place: npt.NDArray[np.intp]) -> Array:
    """Return one of the points (*s, n) of each, shape s."""
    return np.asarray(np.take_along_axis(points, place[..., None], axis=-1)[..., 0])


def _edge(surface: Surface, cut: Cut, floor: float, between: tuple[Array, Array]) -> Array:
    """Return the outermost point above the floor between one that is and one that need not be."""
    within, beyond = between
    for _ in range(3):
        points = within[..., None] + (beyond - within)[..., None] * np.linspace(0.0, 1.0, 9)
        heights = surface.height(cut, points)
        above = heights >= floor
        above[..., 0] = True
        last = 8 - above[..., ::-1].argmax(axis=-1)
        after = np.minimum(last + 1, 8)
        within, beyond = _at(points, last), _at(points, after)
    over, under = _at(heights, last) - floor, _at(heights, after) - floor
    share = np.divide(over, over - under, out=np.zeros_like(over), where=(over > under) & np.isfinite(under))
    return np.asarray(within + np.clip(share, 0.0, 1.0) * (beyond - within))


def ridge(surface: Surface, floor: float, tops: Array) -> Rows:
    """Return rows over the values of lambda and phi above the floor.

    From the tops outwards: a rectangle that grows where its edge is above the floor and shrinks where nothing is.

    Parameters
    ----------
    surface : Surface
    floor : float
    tops : ndarray, shape (m, 2)
        lambda and root at the modes above the floor.
    """
    limits = surface.intervals[1:]
    counts = _FEWER if surface.intervals[2][1] > 0.0 else (_ROWS, 1)
    ends = [_around(surface, floor, tops, axis) for axis in (0, 1)]
    for _ in range(_TURNS):
        surface = surface.within(*ends)
        lam, root = (_points(one, count) for one, count in zip(ends, counts, strict=True))
        found = rows(surface, lam, root, floor)
        inside = found.height >= floor
        above = [np.append(points[inside.any(axis=1 - axis)], tops[:, axis]) for axis, points in enumerate((lam, root))]
        new = [_resized(*each) for each in zip((lam, root), above, limits, strict=True)]
        if new == ends:
            break
        ends = new
    return found


def _points(ends: Ends, count: int) -> Array:
    """Points from end to end; one where there is nothing between."""
    return np.linspace(*ends, count) if ends[1] > ends[0] else np.array([ends[0]])


def _around(surface: Surface, floor: float, tops: Array, axis: int) -> Ends:
    """Return how far lambda (0) or root (1) goes from the tops before the floor, the other one of both held."""
    lower, upper = surface.intervals[1 + axis]
    if upper <= lower:
        return lower, lower
    reach = []
    for top in tops:
        points = np.unique(np.clip(top[axis] + (upper - lower) * np.concatenate([-_NEAR[::-1], _NEAR]), lower, upper))
        held = np.array([top[1 - axis]])
        height = rows(surface, *((points, held) if axis == 0 else (held, points)), -np.inf).height.ravel()
        below = height < floor
        left, right = points[below & (points < top[axis])], points[below & (points > top[axis])]
        reach += [left.max(initial=lower), right.min(initial=upper)]
    return float(min(reach)), float(max(reach))


def _resized(points: Array, above: Array, limits: Ends) -> Ends:
    """Return a stretch that holds what is above the floor: larger where its edge is, smaller where its edge is far."""
    first, last, spare = points[0], points[-1], max(len(points) // 4, 2)
    if last <= first:
        return float(first), float(last)
    low, high, width = above.min(), above.max(), last - first
    i, j = int(np.searchsorted(points, low, side="right")) - 1, int(np.searchsorted(points, high, side="left"))
    lower = points[i - 1] if i > spare else first
    upper = points[j + 1] if j < len(points) - 1 - spare else last
    lower = max(first - 0.5 * width, limits[0]) if low <= first else lower
    upper = min(last + 0.5 * width, limits[1]) if high >= last else upper
    return float(lower), float(upper)


def extremes(found: Rows, floor: float) -> tuple[Ends, Ends, Ends]:
    """Return the lowest and highest rho, lambda and root above the floor; ends of their intervals where not refused."""
    inside, surface = found.height >= floor, found.surface
    low, high = float(found.low[inside].min()), float(found.high[inside].max())
    reach = 0.25 * (high - low)  # the tip of a ridge lies beyond the ends of the rows
    lower, upper = surface.intervals[0]
    ends = [((low, max(low - reach, lower)), (high, min(high + reach, upper)))]
    for points, there in ((found.lam, inside.any(axis=1)), (found.root, inside.any(axis=0))):
        i, j = np.flatnonzero(there)[[0, -1]]
        outer = points[max(i - 1, 0)], points[min(j + 1, len(points) - 1)]
        ends.append(((float(points[i]), float(outer[0])), (float(points[j]), float(outer[1]))))
    of_rho, of_lam, of_root = (
        (_crossing(partial(profiled, found, axis), floor, *down), _crossing(partial(profiled, found, axis), floor, *up))
        for axis, (down, up) in zip((2, 0, 1), ends, strict=True)
    )
    return of_rho, of_lam, of_root


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


def profiled(found: Rows, axis: int, at: Array) -> Array:
    """Return the likelihood where one of (lambda, root, rho) is held at each of some values, shape (n,).

    The others are estimated anew, beginning with the best row.
    """
    surface, held = found.surface, np.arange(3) != axis
    lam, root = (at if place == axis else points for place, points in enumerate((found.lam, found.root)))
    if axis == 2:
        grid_lam, grid_root = found.pairs
        heights = surface.height(surface.cut(grid_lam, grid_root), at)
        place = heights.argmax(axis=0)
        points, best = np.stack([grid_lam[place], grid_root[place], at], axis=1), heights.max(axis=0)
    else:
        looked = rows(surface, lam, root, -np.inf)
        place = looked.height.argmax(axis=1 - axis)
        chosen = (np.arange(len(at)), place) if axis == 0 else (place, np.arange(len(at)))
        points = np.stack([lam[chosen[0]], root[chosen[1]], looked.best[chosen]], axis=1)
        best = looked.height[chosen]

    def value(lam: Array, root: Array, rho: Array) -> Array:
        """The log-likelihood."""
        return surface.height(surface.cut(lam, root), rho)

    lower, upper = surface.intervals[0]
    width = max(float((found.high - found.low).max()) / _ACROSS, 1e-4 * (upper - lower))
    steps = np.array([_spacing(found.lam), _spacing(found.root), width * (upper > lower)])
    start = Start(best, points, np.tile(steps * held, (len(at), 1)), np.zeros(len(at)))
    return climb_all(value, surface, start, SMOOTH)[0]


def _spacing(points: Array) -> float:
    """Distance between neighbours."""
    return float(np.ptp(points)) / max(len(points) - 1, 1)


def across(found: Rows) -> Array:
    """Return points of rho across the stretch of every row, denser at the ends; shape (m, n)."""
    share = 0.5 - 0.5 * np.cos(np.pi * np.arange(_ACROSS) / (_ACROSS - 1))
    return np.asarray(found.low.reshape(-1, 1) + (found.high - found.low).reshape(-1, 1) * share)


def starts(values: Array, points: Array, found: Rows) -> Start:
    """Return where to climb from: the best point of each function, with the window around it.

    Parameters
    ----------
    values : ndarray, shape (f, m, n)
    points : ndarray, shape (m, n)
    found : Rows
        Which `points` are in.
    """
    f, m, n = values.shape
    flat = values.reshape(f, -1)
    place = flat.argmax(axis=1)
    i, j = np.divmod(place, n)
    beside = np.diff(points, axis=1, append=points[:, -1:])
    width = np.maximum(beside.max(axis=1) if n > 1 else np.zeros(m), 0.0)
    width = np.maximum(width[i], width.max() / n)
    (lam, root), spacing = found.pairs, np.ones(f)
    step = np.stack([_spacing(found.lam) * spacing, _spacing(found.root) * spacing, width], axis=1)
    at = np.stack([lam[i], root[i], points[i, j]], axis=1)
    return Start(flat[np.arange(f), place], at, step, found.slope.ravel()[i])
