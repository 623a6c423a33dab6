"""Two-stage least squares on transformed data, and the variance of its scores H'e.

δ̂ = (Z'H A H'Z)⁻¹ Z'H A H'y with H orthonormal: A = I gives two-stage least squares, A = Var(H'e)⁻¹ the efficient
two-step estimator (Hansen 1982). δ̂ − δ = P'H'e in both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos._core.errors import EstimationError, InputError
from gvcpos.spatial.panel.inputs.transform import Transformation

Array = npt.NDArray[np.float64]
FloatMatrix = Array | sparse.csr_array

_SINGULAR = 1e-10  # smallest singular value of the scaled H'Z


@dataclass(frozen=True)
class Linear:
    """A linear instrumental-variable fit.

    Attributes
    ----------
    delta : ndarray, shape (k,)
    e : ndarray, shape (n,)
        Residuals.
    P : ndarray, shape (q, k)
        What leads from the scores to the estimate: delta - truth = P'H'e.
    """

    delta: Array
    e: Array
    P: Array


def two_stage(y: Array, Z: Array, H: Array, scores: Array | None = None) -> Linear:
    """Estimate y = Z delta + e with instruments H.

    Parameters
    ----------
    y : ndarray, shape (n,)
    Z : ndarray, shape (n, k)
    H : ndarray, shape (n, q)
        Orthonormal columns.
    scores : ndarray, shape (q, q), optional
        Variance of H'e, for the efficient estimator.

    Raises
    ------
    EstimationError
        If the instruments leave a combination of the regressors unmoved.
    """
    A = H.T @ Z
    length = np.linalg.norm(Z, axis=0)
    if np.linalg.svd(A / length, compute_uv=False).min() <= _SINGULAR:
        raise EstimationError(
            "the instruments do not identify the model: they leave a combination of the regressors unmoved. "
            "Check that the regressors that W y is instrumented with have effects at all."
        )
    weighted = A if scores is None else np.linalg.solve(scores, A)
    P = np.linalg.solve(A.T @ weighted, weighted.T).T
    delta = P.T @ (H.T @ y)
    return Linear(delta, y - Z @ delta, P)


@dataclass(frozen=True)
class Scores:
    """How the variance of H'e is estimated.

    Attributes
    ----------
    kind : {"homoskedastic", "robust", "clustered"}
    transformation : Transformation
        What the data went through; its projections are undone in the robust variance.
    whitened : bool
        Whether the errors are those of a random-effects transformation, which has no projection to undo.
    """

    kind: str
    transformation: Transformation
    whitened: bool = False

    @property
    def nobs(self) -> int:
        """Observations that remain after the effects."""
        return self.transformation.nobs

    def variance(self, H: Array, e: Array) -> Array:
        """Return Var(H'e), shape (q, q), for H (n, q) with the effects taken out and residuals e (n,).

        Notes
        -----
        "robust": sum of h h' s², with s² unbiased for the variance of each innovation: demeaning mixes the squares of
        an entity, and plain White errors are inconsistent with few periods (Stock and Watson 2008).
        "clustered": sums over an entity's periods, any dependence within it (Arellano 1987).
        """
        t = self.transformation
        if self.kind == "homoskedastic":
            return float(e @ e) / self.nobs * (H.T @ H)
        if self.kind == "robust":
            squares = innovation_variances((e**2).reshape(t.periods, t.units), t) if not self.whitened else e**2
            return np.asarray(H.T @ (H * squares.reshape(-1, 1)))
        sums = (H * e[:, None]).reshape(t.periods, t.units, -1).sum(axis=0)
        return np.asarray(sums.T @ sums)


def innovation_variances(squares: Array, t: Transformation) -> Array:
    """Undo what taking out means does to squares: unbiased for the variance of each innovation.

    Parameters
    ----------
    squares : ndarray, shape (T, N)
        Squared demeaned residuals.
    t : Transformation

    Notes
    -----
    With m means taken out, E e² is (1 − 2/m) s² + sum(s²)/m² along that axis; this solves it for s². A single one can
    be negative; sums of many are not.

    Raises
    ------
    InputError
        With two periods (or units), whose squares say nothing about single variances.
    """
    for axis, used in ((0, t.entity), (1, t.time)):
        if not used:
            continue
        m = squares.shape[axis]
        if m < 3:
            raise InputError(
                f"cov_type='robust' needs three {'periods' if axis == 0 else 'units'} to tell variances apart once "
                f"means are out; there are {m}. Use cov_type='clustered'."
            )
        total = squares.sum(axis=axis, keepdims=True) / (1.0 - 1.0 / m)
        squares = (squares - total / m**2) / (1.0 - 2.0 / m)
    return squares


@dataclass(frozen=True)
class Overidentification:
    """Hansen's test that all instruments are exogenous.

    Attributes
    ----------
    statistic : float
    df : int
    """

    statistic: float
    df: int


def overidentification(y: Array, Z: Array, H: Array, scores: Array) -> Overidentification:
    """Return J: the least H'e'Var(H'e)⁻¹H'e over all delta; Sargan's statistic with the homoskedastic variance."""
    g = H.T @ two_stage(y, Z, H, scores).e
    return Overidentification(float(g @ np.linalg.solve(scores, g)), H.shape[1] - Z.shape[1])
