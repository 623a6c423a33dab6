"""Fit one spatial panel model to arrays: maximum likelihood, residuals, effects and covariance."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.inference.clustered import chosen_covariance
from gvcpos.spatial.panel.inference.covariance import Pieces
from gvcpos.spatial.panel.inputs.transform import Transformation, spatial_lag
from gvcpos.spatial.panel.ml.entity_dummies import as_dummies, effects_by_regression, entity_dummies
from gvcpos.spatial.panel.ml.explained import residual_variance
from gvcpos.spatial.panel.ml.likelihood import Concentrated, Moments, moments
from gvcpos.spatial.panel.ml.logdet import LogDeterminant, Spectrum
from gvcpos.spatial.panel.ml.multiplier import filtered
from gvcpos.spatial.panel.ml.operators import Operators, OperatorTraces
from gvcpos.spatial.panel.ml.period_operators import PeriodMultiplier, operators_of
from gvcpos.spatial.panel.ml.period_spectrum import changes
from gvcpos.spatial.panel.ml.restricted import RestrictedLogDeterminant
from gvcpos.spatial.panel.ml.search import Mode, maximise
from gvcpos.spatial.panel.models import Features

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
        Of W, the weights of the spatial lag, in the order of the units.
    error_spectrum : Spectrum
        Of M, the weights of the spatial error; often the same object.
    """

    y: Array
    X: Array
    transformation: Transformation
    spectrum: Spectrum
    error_spectrum: Spectrum


@dataclass(frozen=True)
class Estimate:
    """What the likelihood gives.

    Attributes
    ----------
    beta : ndarray, shape (k,)
    spatial : dict of str to float
        rho and lambda, as far as the model has them.
    sigma2 : float
        Residual sum of squares over the observations of the likelihood.
    loglik : float
    modes : tuple of Mode
        Every maximum found, the highest first, which is the estimate.
    resids : ndarray, shape (T, N)
        Innovations, effects taken out.
    pieces : Pieces
        What the derivatives at the maximum are made of.
    covariance : ndarray, shape (p, p)
        Of (beta, spatial, sigma2).
    """

    beta: Array
    spatial: dict[str, float]
    sigma2: float
    loglik: float
    modes: tuple[Mode, ...]
    resids: Array
    pieces: Pieces
    covariance: Array

    @property
    def rho(self) -> float:
        """Spatial lag parameter, 0 without one."""
        return self.spatial.get("rho", 0.0)

    @property
    def lam(self) -> float:
        """Spatial error parameter, 0 without one."""
        return self.spatial.get("lambda", 0.0)

    @property
    def interior(self) -> bool:
        """Whether the maximum lies inside the admissible intervals."""
        return self.modes[0].interior


@dataclass(frozen=True)
class Data:
    """The transformed columns of a fit: y, Wy and X, and M times each, all (n, ...).

    Attributes
    ----------
    y, Wy : ndarray, shape (n,)
        Wy is None without a spatial lag.
    X : ndarray, shape (n, k)
    My, MWy, MX : ndarray or None
        None without a spatial error.
    """

    y: Array
    Wy: Array | None
    X: Array
    My: Array | None
    MWy: Array | None
    MX: Array | None

    @property
    def targets(self) -> Array:
        """y, and Wy beside it in a lag model, shape (n, 1 or 2)."""
        return np.column_stack([self.y] if self.Wy is None else [self.y, self.Wy])

    @property
    def filtered(self) -> tuple[Array, Array] | None:
        """M times the targets and M times X."""
        if self.My is None or self.MX is None:
            return None
        return np.column_stack([self.My] if self.MWy is None else [self.My, self.MWy]), self.MX

    @property
    def crossed(self) -> Moments:
        """Cross-products of all columns."""
        return moments(self.targets, self.X, self.filtered)


def fit(panel: PanelArrays, features: Features, cov_type: str, bandwidth: int | None = None) -> Estimate:
    """Maximum likelihood of y = rho Wy + X beta + effects + u, u = lambda Mu + e.

    Parameters
    ----------
    panel : PanelArrays
    features : Features
        Which of rho and lambda are free.
    cov_type : str
        One of `CovarianceType`; see `covariance` and `clustered`.
    bandwidth : int, optional
        Of the Driscoll-Kraay covariance.

    """
    data = columns_of(panel, features)
    return maximum(panel, features, data, data.crossed, (cov_type, bandwidth))


def maximum(
    panel: PanelArrays, features: Features, data: Data, crossed: Moments, errors: tuple[str, int | None]
) -> Estimate:
    """Maximise the likelihood of transformed columns, whose cross-products are given; errors as `fit` takes them."""
    k = panel.X.shape[2]
    likelihood = concentrated(panel, features, crossed)
    modes = maximise(likelihood)
    rho, lam = modes[0].rho, modes[0].lam
    beta = likelihood.moments.beta(rho, lam)
    pieces = derivatives(panel, data, features, (rho, lam, beta))
    spatial = {
        name: value for name, value in zip(("rho", "lambda"), (rho, lam), strict=True) if name in features.spatial
    }
    at = "".join(f" at {name} = {value:.6f}" for name, value in spatial.items())
    cov = chosen_covariance(pieces, *errors, at)
    keep = np.r_[:k, data.X.shape[1] : len(cov)]
    return Estimate(
        beta[:k],
        spatial,
        pieces.sigma2,
        modes[0].loglik,
        modes,
        pieces.e.reshape(panel.y.shape),
        pieces,
        cov[np.ix_(keep, keep)],
    )


def columns_of(panel: PanelArrays, features: Features) -> Data:
    """Return the transformed columns of a model, time or entity dummies among X where the effects enter as such."""
    design, within = columns_and_effects(panel, features)
    return transformed(panel, design, within, features)


def concentrated(panel: PanelArrays, features: Features, crossed: Moments) -> Concentrated:
    """Return the likelihood of rho and lambda from the cross-products of the transformed columns."""
    t = panel.transformation
    return Concentrated(crossed, *logdeterminants(panel, features), t.nobs, t.determinants)


def columns_and_effects(panel: PanelArrays, features: Features) -> tuple[Array, Transformation]:
    """Return the columns of the likelihood, shape (T, N, k), and the effects that demeaning takes out.

    The filter I − λM keeps entity effects in their span unless M changes over time, and time effects only when M has
    equal row sums. Otherwise (direct likelihood) the effects enter as dummies.
    """
    t = within = panel.transformation
    columns = [panel.X]
    if features.error and t.time and not _maps_constants_to_constants(panel.error_spectrum):
        columns.append(time_dummies(t))
        within = replace(within, time=False)
    if as_dummies(t, features, panel.error_spectrum):
        columns.append(entity_dummies(t, demeaned=within.time))
        within = replace(within, entity=False)
    return (np.concatenate(columns, axis=2) if len(columns) > 1 else panel.X), within


def logdeterminants(panel: PanelArrays, features: Features) -> tuple[LogDeterminant | None, LogDeterminant | None]:
    """Return log|I − ρW| and log|I − λM|, None where the model has no such parameter."""
    t = panel.transformation
    lag = LogDeterminant(panel.spectrum, t.drop_unit) if features.lag else None
    if t.lee_yu and as_dummies(t, features, panel.error_spectrum):
        return lag, RestrictedLogDeterminant(panel.error_spectrum, t.drop_unit, t)
    return lag, LogDeterminant(panel.error_spectrum, t.drop_unit) if features.error else None


def transformed(panel: PanelArrays, design: Array, within: Transformation, features: Features) -> Data:
    """Lag the data by W and M and take the effects out, in this order: W times demeaned y is another thing."""
    W, M = panel.spectrum.operator, panel.error_spectrum.operator

    def ready(Z: Array) -> Array:
        return flat(within.within(Z))

    Wy = spatial_lag(W, panel.y) if features.lag else None
    return Data(
        ready(panel.y),
        None if Wy is None else ready(Wy),
        ready(design),
        ready(spatial_lag(M, panel.y)) if features.error else None,
        ready(spatial_lag(M, Wy)) if features.error and Wy is not None else None,
        ready(spatial_lag(M, design)) if features.error else None,
    )


def derivatives(panel: PanelArrays, data: Data, features: Features, at: tuple[float, float, Array]) -> Pieces:
    """Return the innovations at (rho, lam, beta) and all that their derivatives need."""
    t, (rho, lam, beta) = panel.transformation, at
    u = data.y - data.X @ beta
    lagged, X = [], data.X
    if data.Wy is not None:
        u = u - rho * data.Wy
        lagged.append(data.Wy if data.MWy is None else data.Wy - lam * data.MWy)
    e = u
    if data.My is not None and data.MX is not None:
        Mu = data.My - data.MX @ beta - (0.0 if data.MWy is None else rho * data.MWy)
        e, X = u - lam * Mu, data.X - lam * data.MX
        lagged.append(Mu)
    ops = operators_of(
        (panel.spectrum, rho) if features.lag else None,
        (panel.error_spectrum, lam) if features.error else None,
    )
    within = replace(t, entity=t.entity and not as_dummies(t, features, panel.error_spectrum))
    noise = [flat(within.within(moved)) for moved in ops.apply(e.reshape(panel.y.shape), projected=t.drop_unit)]
    return Pieces(
        X,
        e,
        _columns(lagged, len(e)),
        _columns(noise, len(e)),
        data.MX,
        data.MWy,
        ops,
        _traces(panel, features, ops),
        residual_variance(float(e @ e), t.nobs, data.y),
        t,
    )


def _traces(panel: PanelArrays, features: Features, ops: Operators) -> OperatorTraces | None:
    """Return the traces that the log-determinants' derivatives and the information need."""
    restricted = logdeterminants(panel, features)[1]
    if isinstance(restricted, RestrictedLogDeterminant) and isinstance(ops.error, PeriodMultiplier):
        return restricted.traces(ops.error)
    return ops.traces(projected=panel.transformation.drop_unit) if ops.count else None


def _columns(parts: list[Array], n: int) -> Array:
    return np.column_stack(parts) if parts else np.empty((n, 0))


def time_dummies(t: Transformation) -> Array:
    """Dummies of all periods but the first, or of all when no constant is absorbed; shape (T, N, T-1 or T)."""
    eye = np.eye(t.periods)[:, (1 if t.entity else 0) :]
    return np.repeat(eye[:, None, :], t.units, axis=1)


def recover_effects(panel: PanelArrays, estimate: Estimate) -> tuple[float, Array, Array]:
    """Recover the constant and the entity and time effects, each summing to zero.

    Parameters
    ----------
    panel : PanelArrays
    estimate : Estimate

    Returns
    -------
    constant : float
    entity : ndarray, shape (N,)
    time : ndarray, shape (T,)
    """
    rest = panel.y - panel.X @ estimate.beta
    if "rho" in estimate.spatial:
        rest = rest - estimate.rho * spatial_lag(panel.spectrum.operator, panel.y)
    return separated(panel, estimate, rest)


def separated(panel: PanelArrays, estimate: Estimate, rest: Array) -> tuple[float, Array, Array]:
    """Separate what is left, shape (T, N), into constant, entity and time effects: a linear map of it."""
    t, lam = panel.transformation, estimate.lam
    if t.entity and "lambda" in estimate.spatial and changes(panel.error_spectrum):
        return effects_by_regression(panel.error_spectrum, lam, t, rest)
    time = np.zeros(t.periods)
    if t.time:
        target, weight = rest, np.ones(rest.shape)
        if "lambda" in estimate.spatial:
            weight = filtered(panel.error_spectrum, lam, weight)
            target = filtered(panel.error_spectrum, lam, rest)
        if t.entity:
            target = target - target.mean(axis=0)
        time = (target * weight).sum(axis=1) / (weight * weight).sum(axis=1)
    entity = (rest - time[:, None]).mean(axis=0)
    constant = float(entity.mean() * t.entity + time.mean())
    return constant, (entity - entity.mean()) * t.entity, time - time.mean()


def flat(Z: Array) -> Array:
    """Stack periods: (T, N, ...) to (T*N, ...)."""
    return Z.reshape((-1, *Z.shape[2:]))


def _maps_constants_to_constants(spectrum: Spectrum, tolerance: float = 1e-9) -> bool:
    """Whether every row of W has the same sum, so that demeaning and filtering commute."""
    sums = spectrum.row_sums
    return bool(np.ptp(sums, axis=-1).max() <= tolerance * max(1.0, float(np.abs(sums).max())))
