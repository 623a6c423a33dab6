"""Moran's I of least-squares residuals, with the moments that the regressors leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import align, enumerate_labels
from gvcpos._core.options import choose
from gvcpos.spatial.global_statistic import named
from gvcpos.spatial.permutation import Alternative, normal_p
from gvcpos.spatial.weights.matrix import Weights

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ResidualMoran:
    """Moran's I of residuals.

    Attributes
    ----------
    I, expected, variance : float
        The statistic and its moments under independent normal errors.
    z, pvalue : float
    n, k : int
        Observations and regressors (rank of the design).
    periods : int
        Years pooled; 1 for a cross-section.
    alternative : str
    """

    I: float  # noqa: E741
    expected: float
    variance: float
    z: float
    pvalue: float
    n: int
    k: int
    periods: int
    alternative: str


def residual_moran(
    residuals: pd.Series,
    weights: Weights,
    design: pd.DataFrame | None = None,
    *,
    alternative: Alternative = "two-sided",
) -> ResidualMoran:
    """Test least-squares residuals for spatial autocorrelation.

    Parameters
    ----------
    residuals : Series
        Indexed by country, or by (country, year) for a balanced panel, whose years are pooled: W links countries within
        a year.
    weights : Weights
        Its units must be exactly the countries.
    design : DataFrame, optional
        Every regressor, with constant and dummies, on the same index. Default: a constant.
    alternative : {"two-sided", "greater", "less"}

    Raises
    ------
    LabelError
        If countries or the rows of the design differ, or the panel is not balanced; the message names them.
    InputError
        If a number is missing or the residuals are not orthogonal to the design: for those of a spatial model these
        moments do not hold; use `moran_by_year` and its permutations.

    Notes
    -----
    With M = I − X(X'X)⁻¹X' and U = (W + W')/2: I = (n/S0) e'We/e'e, E = (n/S0) tr(MU)/(n − k),
    Var = 2(n/S0)² [(n − k) tr(MUMU) − tr(MU)²] / [(n − k)²(n − k + 2)]. W has a zero diagonal.

    References
    ----------
    Cliff, A. D. and Ord, J. K. (1981), Spatial Processes, Pion, ch. 8.
    """
    choose(alternative, Alternative, "alternative")
    named(residuals, "the residuals")
    weights = Weights.of(weights, "weights")
    ordered, periods = _stacked(residuals, weights)
    e = ordered.to_numpy(dtype=np.float64)
    X = np.ones((len(e), 1)) if design is None else _design(design, ordered.index)
    W = sparse.csr_array(sparse.kron(sparse.eye_array(periods), weights.matrix))
    Q = _basis(X)
    _require_residuals(e, Q)
    n, k = len(e), Q.shape[1]
    expected, variance = residual_moments(W, Q)
    statistic = float(n / W.sum() * (e @ (W @ e)) / (e @ e))
    z = (statistic - expected) / variance**0.5
    p = float(normal_p(z, alternative))
    return ResidualMoran(statistic, expected, variance, float(z), p, n, k, periods, alternative)


def residual_moments(W: sparse.csr_array, Q: FloatArray) -> tuple[float, float]:
    """Return mean and variance of Moran's I of least-squares residuals.

    Parameters
    ----------
    W : csr, shape (n, n)
        Zero diagonal.
    Q : ndarray, shape (n, k)
        Orthonormal basis of the regressors.
    """
    n, k = Q.shape
    U = sparse.csr_array((W + W.T) / 2.0)
    UQ = U @ Q
    small = Q.T @ UQ
    first = -np.trace(small)
    second = float((U * U).sum()) - 2.0 * float((UQ * UQ).sum()) + float((small * small.T).sum())
    scale, df = n / float(W.sum()), n - k
    mean = scale * first / df
    variance = 2.0 * scale**2 * (df * second - first**2) / (df**2 * (df + 2.0))
    return float(mean), float(variance)


def _stacked(residuals: pd.Series, weights: Weights) -> tuple[pd.Series, int]:
    """Return residuals by year, countries in the order of the weights within each, and the number of years."""
    if residuals.index.nlevels == 1:
        order = align(list(residuals.index), weights.ids, "the residuals", "the weights")
        return residuals.iloc[order], 1
    if residuals.index.nlevels != 2:
        raise InputError(f"residuals have {residuals.index.nlevels} index levels; country, or country and year.")
    years = residuals.index.get_level_values(1)
    parts = []
    for year in sorted(years.unique()):
        rows = np.flatnonzero(years == year)
        names = list(residuals.index.get_level_values(0)[rows])
        parts.append(rows[align(names, weights.ids, f"the residuals of {year}", "the weights")])
    return residuals.iloc[np.concatenate(parts)], len(parts)


def _design(design: pd.DataFrame, index: pd.Index) -> FloatArray:
    if not design.index.is_unique:
        twice = design.index[design.index.duplicated()]
        raise LabelError(f"the design has rows twice: {enumerate_labels(twice)}.")
    odd = design.index.symmetric_difference(index)
    if len(odd):
        raise LabelError(f"design and residuals differ in the rows {enumerate_labels(odd)}. Give both the same.")
    return design.loc[index].to_numpy(dtype=np.float64)


def _basis(X: FloatArray) -> FloatArray:
    """Return an orthonormal basis of the columns of X, dummies that depend on each other dropped."""
    if not np.isfinite(X).all():
        raise InputError("the design has missing or infinite cells. Give the rows that the regression used.")
    scale = np.linalg.norm(X, axis=0)
    u, s, _ = np.linalg.svd(X[:, scale > 0] / scale[scale > 0], full_matrices=False)
    return u[:, s > 1e-10 * s.max(initial=0.0)]


def _require_residuals(e: FloatArray, Q: FloatArray) -> None:
    if not np.isfinite(e).all():
        raise InputError("residuals are missing or not finite. Give those of the rows that the regression used.")
    size = float(np.linalg.norm(e))
    if size == 0.0 or len(e) <= Q.shape[1] + 1:
        raise InputError("the regression leaves no residual variation; there is nothing to test.")
    leak = float(np.abs(Q.T @ e).max()) / size
    if leak > 1e-6:
        raise InputError(
            f"the residuals are correlated with the design (up to {leak:.2g}): they are not its least-squares "
            "residuals, and the moments used here do not hold. Give the whole design, or use moran_by_year."
        )
