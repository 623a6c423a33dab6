"""Fixed effects taken out of arrays: exact for panels with gaps, and fast for many columns at once."""

from __future__ import annotations

import numpy as np


class TwoWay:
    """The space that entity and period effects leave.

    Parameters
    ----------
    entity : ndarray, shape (n,)
        Names or codes of the N entities.
    period : ndarray, shape (n,)
        Names or codes; periods of several groups (stages) may have codes of their own.

    Notes
    -----
    Entity means come out by subtraction; what is left of the period dummies is taken out along an orthonormal basis, so
    that the result is the residual of a regression on all dummies whatever rows are absent.
    """

    def __init__(self, entity: np.ndarray, period: np.ndarray) -> None:
        self.entity = np.unique(entity, return_inverse=True)[1]
        self._counts = np.bincount(self.entity).astype(float)
        self._order = np.argsort(self.entity, kind="stable")
        self._starts = np.concatenate([[0], np.cumsum(self._counts[:-1])]).astype(np.intp)
        dummies = np.equal.outer(np.asarray(period), np.unique(period)).astype(float)
        left, values, _ = np.linalg.svd(self._demeaned(dummies), full_matrices=False)
        self._basis = left[:, values > 1e-10 * values[0]]
        self.lost = len(self._counts) + self._basis.shape[1]  # degrees of freedom that the effects take

    def _demeaned(self, values: np.ndarray) -> np.ndarray:
        sums = np.add.reduceat(values[self._order], self._starts, axis=0)
        return values - (sums / self._counts[:, None])[self.entity]

    def residual(self, values: np.ndarray) -> np.ndarray:
        """Return `values`, shape (n,) or (n, k), without the effects."""
        flat = np.asarray(values, dtype=float)
        out = self._demeaned(flat.reshape(len(flat), -1))
        return (out - self._basis @ (self._basis.T @ out)).reshape(flat.shape)


def project_out(values: np.ndarray, regressors: np.ndarray) -> np.ndarray:
    """Return the residuals of `values`, shape (n,) or (n, m), on `regressors`, shape (n, k); k may be 0."""
    if regressors.shape[1] == 0:
        return values
    basis, _ = np.linalg.qr(regressors)
    return values - basis @ (basis.T @ values)


def cluster_sums(values: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Sum rows by cluster: shape (n, m) with codes (n,) to (G, m)."""
    order = np.argsort(cluster, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(cluster))[:-1]]).astype(np.intp)
    return np.add.reduceat(values[order], starts, axis=0)
