"""Permutation distributions of spatial statistics, global and local: numbers only.

The draws are made here and not by esda, whose draws come from numpy's global state or, where numba is installed, from
numba's own: they would depend on what else runs in the process. A `Generator` with a seed does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats

FloatArray = npt.NDArray[np.float64]
Alternative = Literal["two-sided", "greater", "less"]
Row = Callable[[int], FloatArray]
_CHUNK, _CELLS = 1000, 4_000_000


def global_draws(z: FloatArray, W: sparse.csr_array, permutations: int, seed: int) -> FloatArray:
    """Return Moran's I of random relabellings.

    Parameters
    ----------
    z : ndarray, shape (n,)
        Values less their mean.
    W : csr, shape (n, n)
    permutations, seed : int

    Returns
    -------
    ndarray, shape (permutations,)
        I = (n/S0) z'Wz/z'z of each.
    """
    rng = np.random.default_rng(seed)
    out = np.empty(permutations)
    scale = len(z) / (W.sum() * (z @ z))
    for start in range(0, permutations, _CHUNK):
        stop = min(start + _CHUNK, permutations)
        shuffled = rng.permuted(np.tile(z, (stop - start, 1)), axis=1)
        out[start:stop] = scale * (shuffled * (W @ shuffled.T).T).sum(axis=1)
    return out


def dealt_sums(W: sparse.csr_array, row: Row, permutations: int, seed: int) -> FloatArray:
    """Return Σ_j w_ij u_ij of every unit i when what it meets at the other units is dealt out anew.

    Parameters
    ----------
    W : csr, shape (n, n)
        Zero diagonal.
    row : callable
        i -> ndarray of shape (n,), the u_ij; u_ii is not used. For local Moran u_ij = z_i z_j, for local Geary
        (z_i − z_j)².
    permutations, seed : int

    Returns
    -------
    ndarray, shape (n, permutations)
        One set of dealings serves all units, as in Anselin (1995).
    """
    n = W.shape[0]
    links = np.diff(W.indptr)
    most = int(links.max(initial=0))
    rng = np.random.default_rng(seed)
    out = np.zeros((n, permutations))
    for start in range(0, permutations, _CHUNK):
        stop = min(start + _CHUNK, permutations)
        dealt = rng.permuted(np.tile(np.arange(n - 1), (stop - start, 1)), axis=1)[:, :most]
        for i in range(n):
            others = np.delete(row(i), i)
            w = W.data[W.indptr[i] : W.indptr[i + 1]]
            out[i, start:stop] = others[dealt[:, : links[i]]] @ w
    return out


def relabelled_sums(W: sparse.csr_array, U: FloatArray, permutations: int, seed: int) -> FloatArray:
    """Return Σ_ij w_ij u_π(i)π(j) of random relabellings π of the units.

    Parameters
    ----------
    W : csr, shape (n, n)
    U : ndarray, shape (n, n)
        What two units have in common, as in z_i z_j; in a panel summed over years, so that whole histories move.
    permutations, seed : int

    Returns
    -------
    ndarray, shape (permutations,)
    """
    rows, columns = W.nonzero()
    rng = np.random.default_rng(seed)
    out = np.empty(permutations)
    chunk = max(1, min(_CHUNK, _CELLS // max(len(rows), 1)))
    for start in range(0, permutations, chunk):
        stop = min(start + chunk, permutations)
        orders = rng.permuted(np.tile(np.arange(len(U)), (stop - start, 1)), axis=1)
        out[start:stop] = U[orders[:, rows], orders[:, columns]] @ W.data
    return out


def reassigned_sums(C: FloatArray, permutations: int, seed: int) -> FloatArray:
    """Return Σ_i c_iπ(i) of random permutations π: one variable moves and the other stays.

    Parameters
    ----------
    C : ndarray, shape (n, n)
    permutations, seed : int

    Returns
    -------
    ndarray, shape (permutations,)
    """
    rng = np.random.default_rng(seed)
    places = np.arange(len(C))
    out = np.empty(permutations)
    for start in range(0, permutations, _CHUNK):
        stop = min(start + _CHUNK, permutations)
        orders = rng.permuted(np.tile(places, (stop - start, 1)), axis=1)
        out[start:stop] = C[places, orders].sum(axis=1)
    return out


def pseudo_p(observed: npt.ArrayLike, draws: FloatArray, alternative: Alternative) -> FloatArray:
    """Return permutation p-values (M + 1)/(R + 1).

    Parameters
    ----------
    observed : array_like, shape (...)
    draws : ndarray, shape (..., R)
    alternative : {"two-sided", "greater", "less"}
        M counts draws at least as large (``"greater"``) or as small (``"less"``); two-sided is twice the smaller of the
        two p-values, at most 1.
    """
    seen = np.asarray(observed, dtype=float)[..., None]
    # A relabelling that leaves I as it is may differ from it in the last bits: it counts as a tie.
    slack = 1e-12 * np.maximum(1.0, np.abs(seen))
    r = draws.shape[-1]
    above = ((draws >= seen - slack).sum(axis=-1) + 1.0) / (r + 1.0)
    below = ((draws <= seen + slack).sum(axis=-1) + 1.0) / (r + 1.0)
    return {"greater": above, "less": below, "two-sided": np.minimum(1.0, 2.0 * np.minimum(above, below))}[alternative]


def normal_p(z: npt.ArrayLike, alternative: Alternative) -> FloatArray:
    """Return p-values of standard normal scores of any shape."""
    score = np.asarray(z, dtype=float)
    tail = {"greater": score, "less": -score, "two-sided": np.abs(score)}[alternative]
    p = stats.norm.sf(tail)
    return np.asarray(2.0 * p if alternative == "two-sided" else p)


def false_discovery(p: FloatArray) -> FloatArray:
    """Return p-values adjusted by Benjamini and Hochberg, any shape; a missing p is no test and stays missing."""
    out = np.full(p.shape, np.nan)
    made = ~np.isnan(p)
    if made.any():
        out[made] = stats.false_discovery_control(p[made], method="bh")
    return out
