"""Centralities of a weighted directed network: pure functions on one matrix of flows.

w_ij ≥ 0 is the flow from i to j; what a node sends to itself is no edge. Negative flows (they occur where value added
is negative) are no edges either.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csgraph

FloatArray = npt.NDArray[np.float64]
_TIE = 1e-12


def edges(flows: FloatArray) -> FloatArray:
    """Return the flows with zeros for what is no edge, shape (n, n)."""
    out = np.where(flows > 0, flows, 0.0)
    np.fill_diagonal(out, 0.0)
    return out


def eigenvector(w: FloatArray) -> FloatArray:
    """Return the eigenvector centrality of senders, c_i ∝ Σ_j w_ij c_j, scaled to length one; shape (n,).

    Who supplies central users is central (Bonacich 1972). For receivers give the transpose. Power iteration on w + sI,
    s a share of the largest row sum, which has the same vectors and cannot oscillate; zeros in a network without a
    cycle, whose only eigenvalue is zero.
    """
    n = len(w)
    shift = 0.1 * float(w.sum(axis=1).max(initial=0.0))
    if shift == 0.0:
        return np.zeros(n)
    values, vectors = np.linalg.eig(w)
    lead = int(np.argmax(values.real))
    if values[lead].real <= 1e-9 * shift:
        return np.zeros(n)
    c = np.abs(vectors[:, lead].real)
    for _ in range(3):  # polishes the vector, whose last digits depend on LAPACK
        c = w @ c + shift * c
        c /= np.linalg.norm(c)
    return np.asarray(c)


def betweenness(w: FloatArray) -> FloatArray:
    """Return the share of shortest paths that pass through each node, shape (n,).

    Freeman (1977) on directed paths, as Opsahl, Agneessens & Skvoretz (2010) weigh them: an edge is as long as 1/w_ij,
    so that paths run along large flows. Σ_{s≠v≠t} σ_st(v)/σ_st over (n − 1)(n − 2) pairs; several shortest paths share.
    """
    n = len(w)
    if n < 3:
        return np.zeros(n)
    length = np.divide(1.0, w, out=np.zeros_like(w), where=w > 0)
    distance = csgraph.shortest_path(length, method="D")
    reached = np.isfinite(distance) & ~np.eye(n, dtype=bool)
    far = 4.0 * float(distance[reached].max(initial=0.0)) + 1.0  # beyond every path, so that it is on none
    distance = np.where(np.isfinite(distance), distance, far)
    paths = _path_counts(np.where(length > 0, length, far), distance, reached)
    out = np.zeros(n)
    for v in range(n):
        shortest = reached & _same(distance[:, v, None] + distance[None, v, :], distance)
        shortest[v], shortest[:, v] = False, False
        share = np.outer(paths[:, v], paths[v])[shortest] / paths[shortest]
        out[v] = share.sum() / ((n - 1) * (n - 2))
    return out


def _path_counts(length: FloatArray, distance: FloatArray, reached: npt.NDArray[np.bool_]) -> FloatArray:
    """Return how many shortest paths lead from s to t, shape (n, n)."""
    counts = np.eye(len(length))
    for s, row in enumerate(distance):
        last = _same(row[:, None] + length, row[None, :])  # (k, t): k comes last on a shortest path to t
        for t in np.argsort(row, kind="stable"):
            if reached[s, t]:
                counts[s, t] = counts[s] @ last[:, t]
    return counts


def _same(a: FloatArray, b: FloatArray) -> npt.NDArray[np.bool_]:
    return np.asarray(np.abs(a - b) <= _TIE * b)


def concentration(w: FloatArray) -> FloatArray:
    """Return the Herfindahl–Hirschman index of every receiver's senders, Σ_i (w_ij/Σ_k w_kj)², NaN without any."""
    total = w.sum(axis=0)
    share = np.divide(w, total, out=np.full_like(w, np.nan), where=total > 0)
    return np.asarray((share**2).sum(axis=0))
