"""Which equations determine the unknowns, which say more than needed, which unknowns stay free, and in what order.

Rank is counted numerically at a generic point, not from the pattern alone: equations that recycle everything have a
full pattern and no solution. The equations that are kept are then put into block-triangular order: a perfect matching
gives each unknown its equation, strongly connected components are what must be solved together (Dulmage & Mendelsohn
1958; Pothen & Fan 1990, ACM Trans. Math. Softw. 16:303).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, maximum_bipartite_matching

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
_INDEPENDENT = 1e-9  # what is left of a row of length 1 that the rows before it do not span


def independent_rows(matrix: FloatArray, order: Sequence[int], first: int = 0) -> list[int]:
    """Choose rows that are linearly independent.

    The first of them in their order; of the others, each time the one that is furthest from what those chosen span.
    What is left over is then what the others nearly or fully say, never a row that only hangs on the rest by a small
    number, as by what returns of old scrap: leaving such a row out would leave equations that are all but singular.

    Parameters
    ----------
    matrix : (m, n) float array
    order : sequence of int
        All m rows.
    first : int
        How many of them come before all others, in this order.

    Returns
    -------
    list of int
        At most n rows.
    """
    length = np.linalg.norm(matrix, axis=1)
    rows = [row for row in order if length[row] > 0.0]
    first = sum(length[row] > 0.0 for row in order[:first])
    rest = matrix[rows] / length[rows, None]
    chosen: list[int] = []
    basis = np.zeros((min(rest.shape), matrix.shape[1]))
    for step in range(min(rest.shape[0], first + matrix.shape[1])):
        left = np.linalg.norm(rest, axis=1)
        at = step if step < first else first + int(np.argmax(left[first:])) if len(rows) > first else step
        if at >= len(rows) or len(chosen) == matrix.shape[1] or (step >= first and left[at] <= _INDEPENDENT):
            break
        if left[at] <= _INDEPENDENT:
            continue
        own = rest[at] - (basis[: len(chosen)] @ rest[at]) @ basis[: len(chosen)]  # once more, for rounding
        own /= np.linalg.norm(own)
        basis[len(chosen)] = own
        rest = rest - np.outer(rest @ own, own)
        rest[at] = 0.0
        chosen.append(rows[at])
    return chosen


def free_columns(matrix: FloatArray) -> IntArray:
    """Return the columns that rows leave free: those that some null vector of the matrix moves.

    Parameters
    ----------
    matrix : (r, n) float array
        Independent rows.

    Returns
    -------
    (k,) int array
    """
    size = matrix.shape[1]
    _, values, vectors = np.linalg.svd(np.vstack([matrix, np.zeros((max(size - len(matrix), 0), size))]))
    null = vectors[values <= 1e-9 * max(float(values.max(initial=0.0)), 1e-300)]
    return np.flatnonzero(np.abs(null).max(axis=0, initial=0.0) > 1e-7)


def matched(pattern: Sequence[set[int]], columns: int) -> IntArray:
    """Give each row a column of its own, as far as the pattern allows.

    Parameters
    ----------
    pattern : sequence of set
        Columns of each of r rows.
    columns : int
        n.

    Returns
    -------
    (r,) int array
        -1 for a row without one.
    """
    return np.asarray(maximum_bipartite_matching(_sparse(pattern, columns), perm_type="column"), dtype=np.int64)


def blocks_in_order(pattern: Sequence[set[int]], columns: int) -> list[list[int]]:
    """Group the rows of a square pattern with a perfect matching, in the order in which they can be solved.

    Returns
    -------
    list of lists of int
        Rows of each block; a block needs only the unknowns of blocks before it and its own.
    """
    match = matched(pattern, columns)
    row_of = {int(column): row for row, column in enumerate(match)}
    needs = [{row_of[column] for column in found} - {row} for row, found in enumerate(pattern)]
    ends = [(row, other) for row, others in enumerate(needs) for other in others]
    graph = coo_matrix((np.ones(len(ends)), tuple(zip(*ends, strict=True)) or ([], [])), shape=(len(pattern),) * 2)
    _, label = connected_components(graph.tocsr(), directed=True, connection="strong")
    members: dict[int, list[int]] = {}
    for row, group in enumerate(label.tolist()):
        members.setdefault(group, []).append(row)
    return _topological(needs, label.tolist(), members)


def _topological(needs: list[set[int]], label: list[int], members: dict[int, list[int]]) -> list[list[int]]:
    """Order the groups so that each comes after what it needs; ties by the first row."""
    before = {group: {label[o] for row in rows for o in needs[row]} - {group} for group, rows in members.items()}
    after: dict[int, list[int]] = {group: [] for group in members}
    for group, others in before.items():
        for other in others:
            after[other].append(group)
    waiting = {group: len(others) for group, others in before.items()}
    ready = [(members[group][0], group) for group, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    out = []
    while ready:
        _, group = heapq.heappop(ready)
        out.append(members[group])
        for later in after[group]:
            waiting[later] -= 1
            if waiting[later] == 0:
                heapq.heappush(ready, (members[later][0], later))
    return out


def _sparse(pattern: Sequence[set[int]], columns: int) -> coo_matrix:
    rows = [row for row, found in enumerate(pattern) for _ in found]
    at = [column for found in pattern for column in sorted(found)]
    return coo_matrix((np.ones(len(rows)), (rows, at)), shape=(len(pattern), columns)).tocsr()
