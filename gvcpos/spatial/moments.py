"""Exact means and variances of sums over links when labels are dealt out at random: numbers only.

Every statistic of spatial autocorrelation is Σ_ij w_ij u_ij with what two units have in common, u_ij; the three kinds
of chance of `gvcpos.spatial.permutation` have closed moments.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from gvcpos.spatial.permutation import FloatArray, Row

_ROUNDING = 1e-13


def relabelled_moments(W: sparse.csr_array, U: FloatArray) -> tuple[float, float]:
    """Return mean and variance of Σ_ij w_ij u_π(i)π(j) over all relabellings π.

    Parameters
    ----------
    W : csr, shape (n, n)
        Zero diagonal, n of four or more.
    U : ndarray, shape (n, n)
        Symmetric; its diagonal is not used.

    References
    ----------
    Mantel, N. (1967), Cancer Research 27:209-220.
    """
    n = len(U)
    A = sparse.csr_array((W + W.T) / 2.0)
    pairs = n * (n - 1.0)
    mean = (U.sum() - np.trace(U)) / pairs
    B = U - mean  # a constant moves the sum alone, and without it nothing cancels
    np.fill_diagonal(B, 0.0)
    a0, b0 = float(A.sum()), float(B.sum())
    a1, b1 = float((A * A).sum()), float((B * B).sum())
    a2, b2 = float((np.asarray(A.sum(axis=1)) ** 2).sum()) - a1, float((B.sum(axis=1) ** 2).sum()) - b1
    same = 2.0 * a1 * b1 / pairs
    touching = 4.0 * a2 * b2 / (pairs * (n - 2.0))
    apart = (a0**2 - 4.0 * a2 - 2.0 * a1) * (b0**2 - 4.0 * b2 - 2.0 * b1) / (pairs * (n - 2.0) * (n - 3.0))
    return a0 * mean, same + touching + apart - (a0 * b0 / pairs) ** 2


def reassigned_moments(C: FloatArray) -> tuple[float, float]:
    """Return mean and variance of Σ_i c_iπ(i) over all permutations π, with C of shape (n, n).

    References
    ----------
    Hoeffding, W. (1951), Annals of Mathematical Statistics 22:558-566.
    """
    n = len(C)
    D = C - C.mean(axis=0) - C.mean(axis=1, keepdims=True) + C.mean()
    return float(C.sum() / n), float((D * D).sum() / (n - 1.0))


def dealt_moments(W: sparse.csr_array, row: Row) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of Σ_j w_ij u_ij of every unit when the others' u_ij are dealt out anew.

    With N = n − 1 others, w_i. and S1i the sums of a row's weights and of their squares, ū_i and s_i² mean and variance
    (over N) of the others' u: w_i. ū_i and s_i² (N S1i − w_i.²)/(N − 1).

    Parameters
    ----------
    W : csr, shape (n, n)
        Zero diagonal.
    row : callable
        i -> ndarray of shape (n,), the u_ij.

    Returns
    -------
    mean, variance : ndarray, shape (n,)

    References
    ----------
    Ord, J. K. and Getis, A. (1995), Geographical Analysis 27:286-306. Sokal, R. R., Oden, N. L. and Thomson, B. A.
    (1998), Geographical Analysis 30:331-354.
    """
    n = W.shape[0]
    total, squares = row_sums(W)
    centre, spread = np.empty(n), np.empty(n)
    for i in range(n):
        others = np.delete(row(i), i)
        centre[i], spread[i] = others.mean(), others.var()
    others_count = n - 1.0
    free = others_count * squares - total**2
    free[free <= _ROUNDING * total**2] = 0.0  # equal weights for all others: nothing is left to chance
    return total * centre, spread * free / (others_count - 1.0)


def row_sums(W: sparse.csr_array) -> tuple[FloatArray, FloatArray]:
    """Return the sums of each row's weights and of their squares, shape (n,) both."""
    return np.asarray(W.sum(axis=1)).ravel(), np.asarray((W * W).sum(axis=1)).ravel()
