"""Fit one spatial panel model to arrays: maximum likelihood, residuals, effects and covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.covariance import Pieces, covariance
from gvcpos.spatial.panel.likelihood import concentrated, error_profile, lag_profile, maximise
from gvcpos.spatial.panel.logdet import LogDeterminant, Spectrum
from gvcpos.spatial.panel.multiplier import Multiplier, filtered
from gvcpos.spatial.panel.transform import Transformation, operator, spatial_lag

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PanelArrays:
    """A balanced panel without labels.

    Attributes
    ----------
    y : ndarray, shape (T, N)
    X : ndarray, shape (T, N, k)
        Regressors, including their spatial lags and the constant where the model has them.
    transformation : Transformation
    spectrum : Spectrum
        Of W, in the order of the units.
    """

    y: Array
    X: Array
    transformation: Transformation
    spectrum: Spectrum


@dataclass(frozen=True)
class Estimate:
    """What the likelihood gives.

    Attributes
    ----------
    beta : ndarray, shape (k,)
    spatial : float or None
        rho or lambda.
    sigma2 : float
        Residual sum of squares over the observations of the likelihood.
    loglik : float
    interior : bool
        Whether the maximum lies inside the admissible interval.
    resids : ndarray, shape (T, N)
        Innovations, effects taken out.
    covariance : ndarray, shape (p, p)
        Of (beta, spatial, sigma2).
    """

    beta: Array
    spatial: float | None
    sigma2: float
    loglik: float
    interior: bool
    resids: Array
    covariance: Array


def fit_slx(panel: PanelArrays, cov_type: str) -> Estimate:
    """Least squares, with the likelihood's observations: no spatial parameter."""
    t = panel.transformation
    y, X = flat(t.within(panel.y)), flat(t.within(panel.X))
    beta: Array = np.asarray(np.linalg.lstsq(X, y, rcond=None)[0], dtype=np.float64)
    e = y - X @ beta
    sigma2 = _variance(e, t)
    zero = np.zeros_like(e)
    pieces = Pieces(X, e, None, zero, None, None, sigma2, t)
    loglik = float(concentrated(np.array(e @ e), np.array(0.0), t.nobs, 0))
    cov = covariance(pieces, cov_type)
    return Estimate(beta, None, sigma2, loglik, True, e.reshape(panel.y.shape), cov)


def fit_lag(panel: PanelArrays, cov_type: str) -> Estimate:
    """Maximum likelihood of y = rho Wy + X beta + effects + e."""
    t, shape = panel.transformation, panel.y.shape
    logdet = LogDeterminant(panel.spectrum, t.drop_unit)
    y, X = flat(t.within(panel.y)), flat(t.within(panel.X))
    Wy = flat(t.within(spatial_lag(operator(panel.spectrum.matrix), panel.y)))
    profile = lag_profile(y, Wy, X)
    top = maximise(profile, logdet, t.nobs, t.determinants)
    beta = profile.beta(top.r)
    e = y - top.r * Wy - X @ beta
    sigma2 = _variance(e, t)
    multiplier = Multiplier(panel.spectrum, top.r)
    expected = Wy - flat(t.within(multiplier.apply(e.reshape(shape))))
    traces = multiplier.traces(projected=t.drop_unit)
    cov = covariance(Pieces(X, e, Wy, expected, None, traces, sigma2, t), cov_type, f" at rho = {top.r:.6f}")
    return Estimate(beta, top.r, sigma2, top.loglik, top.interior, e.reshape(shape), cov)


def fit_error(panel: PanelArrays, cov_type: str) -> Estimate:
    """Maximum likelihood of y = X beta + effects + u, u = lambda Wu + e.

    The filter I - lambda W keeps entity effects in their span, and time effects only when W is
    row-normalised. Otherwise (direct likelihood) the time effects enter as dummies.
    """
    t, shape, k = panel.transformation, panel.y.shape, panel.X.shape[2]
    design, t_mean = panel.X, t
    if t.time and not _maps_constants_to_constants(panel.spectrum):
        design = np.concatenate([panel.X, time_dummies(t)], axis=2)
        t_mean = Transformation(t.units, t.periods, t.entity, False, False)
    W = operator(panel.spectrum.matrix)
    y, X = flat(t_mean.within(panel.y)), flat(t_mean.within(design))
    Wy, WX = flat(t_mean.within(spatial_lag(W, panel.y))), flat(t_mean.within(spatial_lag(W, design)))
    profile = error_profile(y, X, Wy, WX)
    top = maximise(profile, LogDeterminant(panel.spectrum, t.drop_unit), t.nobs, t.determinants)
    beta = profile.beta(top.r)
    Wu = Wy - WX @ beta
    e = y - X @ beta - top.r * Wu
    sigma2 = _variance(e, t)
    traces = Multiplier(panel.spectrum, top.r).traces(projected=t.drop_unit)
    pieces = Pieces(X - top.r * WX, e, Wu, np.zeros_like(e), WX, traces, sigma2, t)
    keep = np.r_[:k, X.shape[1] : X.shape[1] + 2]
    cov = covariance(pieces, cov_type, f" at lambda = {top.r:.6f}")[np.ix_(keep, keep)]
    return Estimate(beta[:k], top.r, sigma2, top.loglik, top.interior, e.reshape(shape), cov)


def time_dummies(t: Transformation) -> Array:
    """Dummies of all periods but the first, or of all when no constant is absorbed; shape (T, N, T-1 or T)."""
    eye = np.eye(t.periods)[:, (1 if t.entity else 0) :]
    return np.repeat(eye[:, None, :], t.units, axis=1)


def recover_effects(panel: PanelArrays, estimate: Estimate, model: str) -> tuple[float, Array, Array]:
    """Recover the constant and the entity and time effects, each summing to zero.

    Parameters
    ----------
    panel : PanelArrays
    estimate : Estimate
    model : {"slx", "sar", "sdm", "sem"}

    Returns
    -------
    constant : float
    entity : ndarray, shape (N,)
    time : ndarray, shape (T,)
    """
    t = panel.transformation
    r = estimate.spatial or 0.0
    rest = panel.y - panel.X @ estimate.beta
    if model in {"sar", "sdm"}:
        rest = rest - r * spatial_lag(operator(panel.spectrum.matrix), panel.y)
    time = np.zeros(t.periods)
    if t.time:
        target, weight = rest, np.ones(t.units)
        if model == "sem":
            weight = filtered(panel.spectrum, r, np.ones((1, t.units)))[0]
            target = filtered(panel.spectrum, r, rest)
        if t.entity:
            target = target - target.mean(axis=0)
        time = target @ weight / (weight @ weight)
    entity = (rest - time[:, None]).mean(axis=0)
    constant = float(entity.mean() * t.entity + time.mean())
    return constant, (entity - entity.mean()) * t.entity, time - time.mean()


def flat(Z: Array) -> Array:
    """Stack periods: (T, N, ...) to (T*N, ...)."""
    return Z.reshape((-1, *Z.shape[2:]))


def _variance(e: Array, t: Transformation) -> float:
    """Residual variance over the observations of the likelihood."""
    sigma2 = float(e @ e) / t.nobs
    if not (np.isfinite(sigma2) and sigma2 > 0.0):
        raise EstimationError(
            f"the residual variance is {sigma2}: the regressors and effects explain y exactly, "
            "or a value is not finite."
        )
    return sigma2


def _maps_constants_to_constants(spectrum: Spectrum, tolerance: float = 1e-9) -> bool:
    """Whether every row of W has the same sum, so that demeaning and filtering commute."""
    sums = spectrum.matrix.sum(axis=1)
    return bool(np.ptp(sums) <= tolerance * max(1.0, float(np.abs(sums).max())))
