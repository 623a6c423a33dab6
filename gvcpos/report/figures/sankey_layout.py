"""Where the boxes and bands of a Sankey diagram go: columns along the flow, order and height within a column.

Boxes stand in columns by the longest way to them along flows that go forward in the order given; a flow that goes
back is led below everything. A band over several columns keeps a place in each of them, so that it crosses no box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

GAP = 0.05  # between two boxes of a column, of the figure's height
_SWEEPS = 24


@dataclass(frozen=True)
class Way:
    """One band: the heights of its middle where it stands, column by column.

    Attributes
    ----------
    columns : (m,) array
        Where it starts, passes and ends.
    middle : (m,) array
        Height of its middle there, from 0 (below) to 1 (above).
    back : bool
        It goes back to an earlier column, or to its own.
    """

    columns: FloatArray
    middle: FloatArray
    back: bool


@dataclass(frozen=True)
class Layout:
    """Boxes (N) and bands of a diagram of height 1.

    Attributes
    ----------
    column : (N,) int array
    low, height : (N,) arrays
        Lower end and height of each box.
    ways : tuple of Way
        In the order of the flows given.
    scale : float
        Height of one unit of flow.
    """

    column: IntArray
    low: FloatArray
    height: FloatArray
    ways: tuple[Way, ...]
    scale: float


def columns_of(number: int, links: Sequence[tuple[int, int]]) -> IntArray:
    """(N,) column of each box: the longest way to it along links to boxes of a higher number."""
    column = np.zeros(number, dtype=np.int64)
    for source, target in sorted(link for link in links if link[0] < link[1]):
        column[target] = max(column[target], column[source] + 1)
    return column


def sankey_layout(column: IntArray, links: Sequence[tuple[int, int]], value: FloatArray) -> Layout:
    """Place boxes and bands.

    Parameters
    ----------
    column : (N,) int array
        Of each box.
    links : sequence of (int, int)
        Box that each of K flows leaves and enters.
    value : (K,) array
        Size, positive.

    Returns
    -------
    Layout
    """
    value = np.asarray(value, dtype=np.float64)
    n = len(column)
    chains, places, size = _with_dummies(column, links, value)
    order = _ordered(places, chains, value)
    scale = _scale(order, size)
    low = _relaxed(order, chains, value, size * scale, scale)
    ways = _ways(chains, places, low, size * scale, thick=value * scale)
    return Layout(np.asarray(column), low[:n], (size * scale)[:n], ways, scale)


def _with_dummies(
    column: IntArray, links: Sequence[tuple[int, int]], value: FloatArray
) -> tuple[list[list[int]], list[int], FloatArray]:
    """Give every forward link its chain of places, one in each column between; and the size of every place."""
    places = [int(c) for c in column]
    inward, outward = np.zeros(len(places)), np.zeros(len(places))
    size: list[float] = []
    chains: list[list[int]] = []
    for (source, target), v in zip(links, value, strict=True):
        outward[source] += v
        inward[target] += v
        chain = [source]
        for between in range(int(column[source]) + 1, int(column[target])):
            chain.append(len(places))
            places.append(between)
            size.append(float(v))
        chains.append([*chain, target])
    return chains, places, np.concatenate([np.maximum(inward, outward), size])


def _ordered(places: list[int], chains: list[list[int]], value: FloatArray) -> list[list[int]]:
    """Order the places of each column so that bands cross little: means of neighbours, to and fro."""
    order: list[list[int]] = [[] for _ in range(max(places) + 1)]
    for number, at in enumerate(places):
        order[at].append(number)
    near = _neighbours(places, chains, value)
    for sweep in range(_SWEEPS):
        rank = np.zeros(len(places))
        for members in order:
            rank[members] = (np.arange(len(members)) + 0.5) / max(len(members), 1)
        side = sweep % 2
        for members in order if side == 0 else order[::-1]:
            mean = {m: _mean(near[side][m], rank, rank[m]) for m in members}
            members.sort(key=lambda m: (round(mean[m], 9), m))  # the last bits depend on the unit
            rank[members] = (np.arange(len(members)) + 0.5) / max(len(members), 1)
    return order


def _neighbours(
    places: list[int], chains: list[list[int]], value: FloatArray
) -> tuple[list[list[tuple[int, float]]], list[list[tuple[int, float]]]]:
    """Who stands before and after each place along forward bands, and how much flows."""
    before: list[list[tuple[int, float]]] = [[] for _ in places]
    after: list[list[tuple[int, float]]] = [[] for _ in places]
    for chain, v in zip(chains, value, strict=True):
        for a, b in pairwise(chain):
            if places[a] < places[b]:
                before[b].append((a, float(v)))
                after[a].append((b, float(v)))
    return before, after


def _mean(near: list[tuple[int, float]], at: FloatArray, own: float) -> float:
    weight = sum(v for _, v in near)
    return sum(at[k] * v for k, v in near) / weight if weight > 0 else own


def _scale(order: list[list[int]], size: FloatArray) -> float:
    """Height of one unit, so that the fullest column fits."""
    free = [(1 - GAP * (len(members) - 1)) / size[members].sum() for members in order if members]
    return float(min(free))


def _relaxed(
    order: list[list[int]], chains: list[list[int]], value: FloatArray, height: FloatArray, scale: float
) -> FloatArray:
    """Lower ends of all places: stacked from above, then drawn towards their neighbours without overlapping."""
    places = np.zeros(len(height), dtype=np.int64)
    for at, members in enumerate(order):
        places[members] = at
    before, after = _neighbours(places.tolist(), chains, value * scale)
    middle = np.full(len(height), 0.5)
    for members in order:
        _pack(members, middle, height)
    for sweep in range(_SWEEPS):
        side = before if sweep % 2 == 0 else after
        for members in order if sweep % 2 == 0 else order[::-1]:
            for m in members:
                middle[m] += 0.8 * (_mean(side[m], middle, middle[m]) - middle[m])
            _pack(members, middle, height)
    return middle - height / 2


def _pack(members: list[int], middle: FloatArray, height: FloatArray) -> None:
    """Move the boxes of a column, first the highest, apart from one another and into the figure."""
    ceiling = 1.0
    for m in members:
        middle[m] = min(middle[m], ceiling - height[m] / 2)
        ceiling = middle[m] - height[m] / 2 - GAP
    floor = 0.0
    for m in reversed(members):
        middle[m] = max(middle[m], floor + height[m] / 2)
        floor = middle[m] + height[m] / 2 + GAP


def _ways(
    chains: list[list[int]], places: list[int], low: FloatArray, height: FloatArray, *, thick: FloatArray
) -> tuple[Way, ...]:
    """Bands between boxes; at a box they are stacked in the order of where they go or come from."""
    middle = low + height / 2
    top = low + height
    back = np.asarray([places[chain[-1]] <= places[chain[0]] for chain in chains])
    goes, comes = (np.where(back, -1.0, middle[[chain[i] for chain in chains]]) for i in (1, -2))  # back: below all
    start = _stacked([chain[0] for chain in chains], goes, top, thick)
    end = _stacked([chain[-1] for chain in chains], comes, top, thick)
    found = []
    for k, chain in enumerate(chains):
        heights = middle[chain].copy()
        heights[0], heights[-1] = start[k], end[k]
        found.append(Way(np.asarray([places[c] for c in chain], dtype=np.float64), heights, bool(back[k])))
    return tuple(found)


def _stacked(box: Sequence[int], other: FloatArray, top: FloatArray, thick: FloatArray) -> FloatArray:
    """(K,) middle of each band at its box, the one whose other end is highest first."""
    used = top.copy()
    at = np.zeros(len(box))
    for k in sorted(range(len(box)), key=lambda k: (-round(float(other[k]), 9), k)):
        at[k] = used[box[k]] - thick[k] / 2
        used[box[k]] -= thick[k]
    return at
