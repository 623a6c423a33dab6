"""Two-stage least squares on transformed data, and the variance of its scores H'e.

δ̂ = (Z'H A H'Z)⁻¹ Z'H A H'y with H orthonormal: A = I gives two-stage least squares, A = Var(H'e)⁻¹ the efficient
two-step estimator (Hansen 1982). δ̂ − δ = P'H'e in both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos._core.errors import EstimationError, InputError
from gvcpos.spatial.panel.inference.clustered import bartlett, factor, positive, resolved_bandwidth
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
    kind : str
        One of `GmmCovariance`.
    transformation : Transformation
        What the data went through; its projections are undone in the robust variance.
    whitened : bool
        Whether the errors are those of a random-effects transformation, which has no projection to undo.
    bandwidth : int or None
        Of Driscoll-Kraay.
    """

    kind: str
    transformation: Transformation
    whitened: bool = False
    bandwidth: int | None = None

    @property
    def nobs(self) -> int:
        """Observations that remain after the effects."""
        return self.transformation.nobs

    @property
    def by_entity(self) -> bool:
        """Whether an entity's periods may depend on each other in any way."""
        return self.kind in ("clustered", "cluster-entity")

    @property
    def first_stage(self) -> Scores:
        """What judges the instruments: these, or those of one variance where they sum over the units of a period."""
        by_period = self.kind in ("cluster-time", "cluster-twoway", "driscoll-kraay")
        return replace(self, kind="homoskedastic") if by_period else self

    @property
    def factor(self) -> float:
        """N/(N-1) of "cluster-entity", as for fixed effects; "clustered" has none."""
        return factor(self.transformation.units) if self.kind == "cluster-entity" else 1.0

    def variance(self, H: Array, e: Array) -> Array:
        """Return Var(H'e), shape (q, q), for H (n, q) with the effects taken out and residuals e (n,).

        Notes
        -----
        "robust": sum of h h' s², with s² unbiased for the variance of each innovation: demeaning mixes the squares of
        an entity, and plain White errors are inconsistent with few periods (Stock and Watson 2008).
        "clustered", "cluster-entity": sums over an entity's periods, any dependence within it (Arellano 1987).
        "cluster-time", "cluster-twoway", "driscoll-kraay": as for the likelihood, see `inference.clustered`; a two-way
        variance is made positive in the metric of the instruments, which are orthonormal.
        """
        t = self.transformation
        if self.kind == "homoskedastic":
            return float(e @ e) / self.nobs * (H.T @ H)
        if self.kind == "robust":
            squares = innovation_variances((e**2).reshape(t.periods, t.units), t) if not self.whitened else e**2
            return np.asarray(H.T @ (H * squares.reshape(-1, 1)))
        cells = (H * e[:, None]).reshape(t.periods, t.units, -1)
        if self.kind == "driscoll-kraay":
            return bartlett(cells.sum(axis=1), resolved_bandwidth(t.periods, self.bandwidth))
        by_time, by_entity = (cells.sum(axis=axis) for axis in (1, 0))
        if self.by_entity:
            return np.asarray(self.factor * by_entity.T @ by_entity)
        periods = np.asarray(factor(t.periods) * by_time.T @ by_time)
        if self.kind == "cluster-time":
            return periods
        every = cells.reshape(-1, cells.shape[2])
        both = factor(t.units) * by_entity.T @ by_entity + periods - factor(len(every)) * every.T @ every
        return positive(both, np.eye(len(both)))


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


def require_invertible(scores: Array, kind: str, what: str) -> None:
    """Refuse what needs the inverse of the scores' variance where that is singular.

    Raises
    ------
    InputError
    """
    roots = np.linalg.eigvalsh(scores)
    if roots[0] > _SINGULAR * roots[-1]:
        return
    raise InputError(
        f"{what} needs the inverse of the variance of the scores of {len(scores)} instruments, which cov_type={kind!r} "
        f"leaves singular, of rank {int((roots > _SINGULAR * roots[-1]).sum())}: clusters are too few. Take fewer "
        "instruments, cov_type='cluster-entity' or 'robust'."
    )


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
