"""Least squares with two-way fixed effects and its robust covariances; pure functions on arrays.

Groups are given as integer codes 0, 1, …; panels may be unbalanced.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

_ABSORBED = 1e-9


def group_sums(values: FloatArray, groups: Codes) -> FloatArray:
    """Sum rows by group: (n, k) to (groups, k)."""
    out = np.zeros((int(groups.max()) + 1, values.shape[1]))
    np.add.at(out, groups, values)
    return out


def demean(values: FloatArray, groups: Codes) -> FloatArray:
    """Take out group means, shape (n, k)."""
    counts = np.bincount(groups)[:, None]
    return values - (group_sums(values, groups) / counts)[groups]


def two_way(values: FloatArray, entities: Codes, periods: Codes) -> FloatArray:
    """Take out entity and period effects exactly, also from an unbalanced panel, shape (n, k).

    Entity means go first; what period dummies, likewise demeaned, explain goes next (Frisch–Waugh–Lovell).
    """
    dummies = demean(np.eye(int(periods.max()) + 1)[periods], entities)
    rest = demean(values, entities)
    return rest - dummies @ np.linalg.lstsq(dummies, rest, rcond=None)[0]


def absorbed(raw: FloatArray, within: FloatArray) -> npt.NDArray[np.intp]:
    """Return the columns of which the effects leave nothing but rounding."""
    scale = np.abs(raw).max(axis=0)
    return np.flatnonzero(np.abs(within).max(axis=0) <= _ABSORBED * np.maximum(scale, 1e-300))


def least_squares(y: FloatArray, X: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return slopes (k,), residuals (n,) and (X'X)⁻¹ (k, k); a `LinAlgError` if columns are collinear.

    Columns are scaled first, so that units do not decide what counts as collinear.
    """
    size = np.linalg.norm(X, axis=0)
    q, r = np.linalg.qr(X / size)
    if np.abs(np.diag(r)).min() <= _ABSORBED:
        raise np.linalg.LinAlgError("collinear regressors")
    back = np.linalg.inv(r)
    slopes = back @ (q.T @ y) / size
    return slopes, y - X @ slopes, (back @ back.T) / np.outer(size, size)


def clustered(X: FloatArray, residuals: FloatArray, inverse: FloatArray, clusters: Codes) -> FloatArray:
    """Covariance (k, k) robust within clusters (Arellano 1987), with G/(G−1) · (n−1)/(n−k)."""
    n, k = X.shape
    scores = group_sums(X * residuals[:, None], clusters)
    groups = len(scores)
    factor = groups / (groups - 1) * (n - 1) / (n - k)
    return factor * inverse @ (scores.T @ scores) @ inverse


def driscoll_kraay(
    X: FloatArray, residuals: FloatArray, inverse: FloatArray, periods: Codes, effects: int
) -> FloatArray:
    """Covariance (k, k) robust across entities and over time (Driscoll & Kraay 1998).

    Bartlett weights up to lag ⌊4 (T/100)^(2/9)⌋ on the periods' scores; n/(n − effects − k) for the `effects` that
    were taken out.
    """
    n, k = X.shape
    scores = group_sums(X * residuals[:, None], periods)
    lags = int(np.floor(4 * (len(scores) / 100) ** (2 / 9)))
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        gamma = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (gamma + gamma.T)
    return n / (n - effects - k) * inverse @ middle @ inverse
