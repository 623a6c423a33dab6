"""Covariances for dependent innovations: clustered by entity, time or both, and Driscoll-Kraay.

H⁻¹ V H⁻¹ with H minus the Hessian and V the variance of the score, built from its contributions (see `scores`):

- cluster-entity: units independent, any dependence and change of variance over time within a unit. V sums the outer
  products of what each unit and each pair of units contributes (Arellano 1987 for the linear part), times N/(N-1).
- cluster-time: periods independent, any dependence within a period; times T/(T-1).
- cluster-twoway: entity + time - cell (Cameron, Gelbach and Miller 2011, J. Bus. Econ. Stat. 29:238), each with the
  factor G/(G-1) of its own clusters. Where V is not positive, its negative eigenvalues in the metric of H are set to
  zero, which does not depend on the scale of the regressors; a warning says so.
- driscoll-kraay: dependence between all units that fades over time. Bartlett weights 1 - l/(m+1) on the
  autocovariances of the periods' scores (Driscoll and Kraay 1998, Rev. Econ. Stat. 80:549), no small-sample factor.

They change standard errors, never estimates. Quasi-maximum likelihood takes the variance of the innovations to be the
same for all units: where it differs in an unknown way, rho and lambda are in general inconsistent, because the score's
expectation sum_i A_ii (s_i² - s²) is not zero unless A has a constant diagonal (Lin and Lee 2010, J. Econometrics
157:34). No covariance repairs that; GMM with heteroskedasticity-robust moments does. Nor does any repair innovations
that are correlated between neighbours of one period: a model with a spatial error does.
"""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
from scipy import linalg

from gvcpos._core.errors import ClusterWarning, EstimationError, InputError
from gvcpos.spatial.panel.inference.covariance import Pieces, covariance, hessian, scaled_inverse
from gvcpos.spatial.panel.inference.scores import cell_scores, own_scores, pair_products
from gvcpos.spatial.panel.ml.period_operators import PeriodMultiplier

Array = npt.NDArray[np.float64]

CLUSTERED = ("cluster-entity", "cluster-time", "cluster-twoway", "driscoll-kraay")
_FEW = 10  # clusters
_PERIODS = 5  # fewest for Driscoll-Kraay
_NEGATIVE = 1e-10  # an eigenvalue below minus this is not rounding


def chosen_covariance(pieces: Pieces, cov_type: str, bandwidth: int | None = None, at: str = "") -> Array:
    """Return any covariance of (beta, spatial, sigma2) by name.

    Parameters
    ----------
    pieces : Pieces
        At the maximum.
    cov_type : {"information", "hessian", "sandwich", "cluster-entity", "cluster-time", "cluster-twoway", \
"driscoll-kraay"}
    bandwidth : int, optional
        Of Driscoll-Kraay; see `resolved_bandwidth`.
    at : str
        The spatial parameters and their estimates, for messages.

    Raises
    ------
    InputError
        If the panel is too short for the covariance, or a bandwidth is given to another.
    EstimationError
        If a variance is not positive.

    Warns
    -----
    ClusterWarning
        If there are fewer than 10 clusters or no more than parameters, or a two-way covariance was made positive.
    """
    check(cov_type, pieces.transformation.units, pieces.transformation.periods, bandwidth)
    if cov_type in CLUSTERED and pieces.transformation.entity and _error_changes(pieces):
        raise InputError(
            f"cov_type={cov_type!r} is not available for weights of the error that change over time beside fixed "
            "entity effects: no demeaning takes those out, so that the innovations of a unit are estimated with those "
            "of its neighbours, and scores of units are not independent as they stand. Take 'information', 'hessian' "
            "or 'sandwich', random effects with random_error='kkp', or error_weights that do not change."
        )
    if cov_type not in CLUSTERED:
        return covariance(pieces, cov_type, at)
    return clustered_covariance(pieces, hessian(pieces), cov_type, bandwidth, at=at)


def clustered_covariance(
    pieces: Pieces, H: Array, cov_type: str, bandwidth: int | None, *, at: str = "", score: Array | None = None
) -> Array:
    """Return H⁻¹ V H⁻¹ for one of the clustered kinds; see `chosen_covariance` and, for `score`, `score_variance`."""
    t = pieces.transformation
    warn_of_few(cov_type, (t.units, t.periods), len(H))
    V = score_variance(pieces, cov_type, bandwidth, score)
    return around(H, V, cov_type, at)


def around(H: Array, V: Array, cov_type: str, at: str = "") -> Array:
    """Return H⁻¹ V H⁻¹; a two-way V is made positive first.

    Raises
    ------
    EstimationError
        If H is singular or a variance not positive.
    """
    try:
        inverse = scaled_inverse(H)
        if cov_type == "cluster-twoway":
            V = positive(V, H)
    except np.linalg.LinAlgError as error:
        raise EstimationError(f"the Hessian is singular or not negative definite{at}: {error}.") from error
    cov = inverse @ V @ inverse
    if not (np.isfinite(cov).all() and (np.diag(inverse) > 0.0).all() and (np.diag(cov) > 0.0).all()):
        raise EstimationError(
            f"the {cov_type} covariance has a variance that is not positive{at}. Take another covariance, fewer "
            "effects or another model."
        )
    return np.asarray((cov + cov.T) / 2.0)


def score_variance(pieces: Pieces, cov_type: str, bandwidth: int | None = None, score: Array | None = None) -> Array:
    """Return V, the variance of the score, shape (k+p+1, k+p+1), for one of the clustered kinds.

    `score`, shape (k+p+1,), is what the contributions sum to where that is not zero: every cell loses its equal share.
    """
    t = pieces.transformation
    share = 0.0 if score is None else score / (t.units * t.periods)
    if cov_type == "driscoll-kraay":
        return bartlett((cell_scores(pieces) - share).sum(axis=1), resolved_bandwidth(t.periods, bandwidth))
    total = np.zeros((pieces.X.shape[1] + pieces.lagged.shape[1] + 1,) * 2)
    if cov_type != "cluster-entity":
        by_time = (cell_scores(pieces) - share).sum(axis=1)
        total += factor(t.periods) * by_time.T @ by_time
    if cov_type == "cluster-time":
        return total
    by_unit, by_cell = pair_products(pieces)
    own = own_scores(pieces) - share
    total += factor(t.units) * with_pairs(own.sum(axis=0), by_unit, pieces.X.shape[1])
    if cov_type == "cluster-twoway":
        cells = own.reshape(-1, own.shape[2])
        total -= factor(len(cells)) * with_pairs(cells, by_cell, pieces.X.shape[1])
    return total


def bartlett(sums: Array, bandwidth: int) -> Array:
    """Return the long-run variance of a score with Bartlett weights 1 - l/(m+1) up to lag m; `sums` is (T, q)."""
    total = sums.T @ sums
    for lag in range(1, bandwidth + 1):
        shifted = sums[lag:].T @ sums[:-lag]
        total = total + (1.0 - lag / (bandwidth + 1.0)) * (shifted + shifted.T)
    return np.asarray(total)


def resolved_bandwidth(periods: int, bandwidth: int | None) -> int:
    """Return the bandwidth given or, without one, floor(4 (T/100)^(2/9)) (Newey and West 1994)."""
    return int(4.0 * (periods / 100.0) ** (2.0 / 9.0)) if bandwidth is None else int(bandwidth)


def check(cov_type: str, units: int, periods: int, bandwidth: int | None) -> None:
    """Refuse a covariance that such a panel does not have.

    Raises
    ------
    InputError
        For Driscoll-Kraay with fewer than 5 periods or a bandwidth outside 0..T-1, a bandwidth for another
        covariance, or a single cluster.
    """
    if bandwidth is not None and cov_type != "driscoll-kraay":
        raise InputError(f"bandwidth={bandwidth} belongs to cov_type='driscoll-kraay'; {cov_type!r} has none.")
    if cov_type == "driscoll-kraay":
        if periods < _PERIODS:
            raise InputError(
                f"cov_type='driscoll-kraay' averages over periods, and {periods} are too few: at least {_PERIODS} are "
                "needed, and it is trustworthy with many more. Take 'cluster-entity'."
            )
        if bandwidth is not None and not (0 <= bandwidth < periods and float(bandwidth).is_integer()):
            raise InputError(f"bandwidth={bandwidth}: a whole number from 0 to {periods - 1} is needed.")
    for name, size, what in (("cluster-entity", units, "entity"), ("cluster-time", periods, "period")):
        if cov_type in (name, "cluster-twoway") and size < 2:
            raise InputError(f"cov_type={cov_type!r} needs at least two clusters; there is one {what}.")


def warn_of_few(cov_type: str, shape: tuple[int, int], parameters: int) -> None:
    """Warn of few clusters; `shape` is (units, periods).

    Warns
    -----
    ClusterWarning
    """
    sizes = {"cluster-entity": [(shape[0], "entities")], "cluster-time": [(shape[1], "periods")]}
    sizes["cluster-twoway"] = sizes["cluster-entity"] + sizes["cluster-time"]
    sizes["driscoll-kraay"] = sizes["cluster-time"]
    for size, what in sizes[cov_type]:
        if size < _FEW:
            warnings.warn(
                f"cov_type={cov_type!r} rests on {size} {what}: with fewer than {_FEW} clusters standard errors are "
                "too small. Take a bootstrap by entity, or another covariance.",
                ClusterWarning,
                stacklevel=5,
            )
        elif size <= parameters and cov_type in ("cluster-time", "driscoll-kraay"):
            warnings.warn(
                f"cov_type={cov_type!r} rests on {size} {what} for {parameters} parameters: the covariance is "
                f"singular, and joint tests of {size} or more restrictions are not defined.",
                ClusterWarning,
                stacklevel=5,
            )


def _error_changes(pieces: Pieces) -> bool:
    """Whether the weights of the error change over time."""
    return isinstance(pieces.operators.error, PeriodMultiplier)


def factor(clusters: int) -> float:
    """G/(G-1) of a number of clusters."""
    return clusters / (clusters - 1.0)


def with_pairs(contributions: Array, pairs: Array, k: int) -> Array:
    """Outer products of the clusters' own contributions, and those of the pairs in the spatial block, from place k."""
    out = contributions.T @ contributions
    spatial = slice(k, k + len(pairs))
    out[spatial, spatial] += pairs
    return np.asarray(out)


def positive(V: Array, H: Array) -> Array:
    """Set the negative eigenvalues of V in the metric of H to zero, and say so.

    Warns
    -----
    ClusterWarning
    """
    scale = 1.0 / np.sqrt(np.abs(np.diag(H)))
    roots, vectors = linalg.eigh(V * np.outer(scale, scale), H * np.outer(scale, scale))
    if roots.min() >= -_NEGATIVE * np.abs(roots).max():
        return V
    warnings.warn(
        f"the two-way clustered variance of the score is not positive: {int((roots < 0.0).sum())} of {len(roots)} "
        f"eigenvalues are negative, the lowest {roots.min():.3g} against {roots.max():.3g}. They were set to zero "
        "(Cameron, Gelbach and Miller 2011).",
        ClusterWarning,
        stacklevel=5,
    )
    back = (H * scale) @ vectors  # V = H X diag(roots) X' H where X' H X = 1
    return np.asarray((back * np.maximum(roots, 0.0)) @ back.T)
