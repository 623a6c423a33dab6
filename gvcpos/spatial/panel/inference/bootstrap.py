"""The bootstrap of a fitted panel: wild or parametric, intervals by percentiles or studentised, for effects too.

Every draw makes a sample of y from the fitted model, with the same X, W and effects, and estimates it again. The
studentised interval divides each draw's error by its own standard error, of the kind that was asked of `fit`, and is
the more accurate one (Davidson and MacKinnon 2010 on wild bootstraps; Anselin 1990 for spatial models). The wild
bootstrap by entity keeps dependence over time and different variances; its signs leave e² as it is, so that it says
nothing on sigma2, which is left out. Like the estimator it cannot undo the inconsistency of rho and lambda that unknown
heteroskedasticity brings.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import ClusterWarning, EstimationError, InputError
from gvcpos._core.options import BootstrapKind, BootstrapUnit, WildWeights
from gvcpos.spatial.panel.impacts.effects import effects_with_errors
from gvcpos.spatial.panel.inference.clustered import chosen_covariance
from gvcpos.spatial.panel.inference.draws import PanelBootstrap, put_together
from gvcpos.spatial.panel.inference.refit import Samples, cross_products, maximise_all
from gvcpos.spatial.panel.inference.resampling import (
    Recipe,
    checked_recipe,
    innovations,
    lagged_and_transformed,
    samples,
)
from gvcpos.spatial.panel.ml.estimation import Data, columns_and_effects, columns_of, derivatives, logdeterminants

if TYPE_CHECKING:
    from gvcpos.spatial.panel.results import SpatialPanelResults

Array = npt.NDArray[np.float64]


class BootstrapMethods:
    """What results can do with the bootstrap."""

    _unit: BootstrapUnit = "entity"

    def bootstrap(
        self,
        kind: BootstrapKind = "wild",
        *,
        by: BootstrapUnit | None = None,
        weights: WildWeights = "rademacher",
        draws: int = 999,
        seed: int = 0,
        effects: bool = True,
        studentise: bool = True,
    ) -> PanelBootstrap:
        """Bootstrap the parameters and effects.

        Parameters
        ----------
        kind : {"wild", "parametric"}
            Residuals with random signs, or normal innovations (and random effects) with the estimated variances, sent
            through the reduced form.
        by : {"entity", "cell"}, optional
            Of the wild bootstrap: one sign for all periods of an entity, which keeps serial dependence (default), or
            one each (default in dynamic panels, where it is the only one).
        weights : {"rademacher", "webb"}
            Of the wild bootstrap: ±1, or Webb's six points, for few entities.
        draws, seed : int
            The same seed gives the same bytes.
        effects : bool
            Whether effects are kept as well.
        studentise : bool
            Whether every draw gets standard errors, of this result's kind; they cost most of the time.

        Raises
        ------
        InputError
            If the kind is not defined here, or there are too few draws.
        EstimationError
            If hardly any draw has an estimate.

        Warns
        -----
        BoundaryWarning
            If more than 1 % of the draws were left out.
        """
        recipe = checked_recipe(kind, by or self._unit, weights, draws, seed)
        return self._bootstrapped(recipe, effects=effects, studentise=studentise)

    def _bootstrapped(self, recipe: Recipe, *, effects: bool, studentise: bool) -> PanelBootstrap:
        return run(cast("SpatialPanelResults", self), recipe, effects=effects, studentise=studentise)


def run(result: SpatialPanelResults, recipe: Recipe, *, effects: bool, studentise: bool) -> PanelBootstrap:
    """Run the bootstrap; see `BootstrapMethods.bootstrap`."""
    values, covariances = estimated_anew(result, result, recipe, studentise=studentise)
    made = partial(effects_of, result), result.effects("delta")
    return put_together(
        result,
        recipe,
        (values, covariances),
        names=result.names,
        studentise=studentise,
        effects=made if effects else None,
    )


def estimated_anew(
    result: SpatialPanelResults, truth: SpatialPanelResults, recipe: Recipe, *, studentise: bool
) -> tuple[Array, Array]:
    """Estimate the model of a result on samples of another, of the same panel, that is taken for true.

    Returns
    -------
    values, covariances : ndarray, shape (draws, p) and (draws, p, p)
        NaN where there is no estimate; covariances are zero unless studentised.
    """
    shared, blocks = _shared(result), []
    for y in _samples(truth, recipe):
        blocks.append(_refit(result, shared, _lagged(result, y), studentise))
    values, covariances = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return values, covariances


def estimated_under_null(result: SpatialPanelResults, null: SpatialPanelResults, recipe: Recipe) -> tuple[Array, Array]:
    """Estimate a model on samples of one nested in it, with the covariance it has where the latter's estimate is true.

    Returns
    -------
    values, covariances : ndarray, shape (draws, p) and (draws, p, p)
        NaN where there is no estimate.
    """
    shared, smaller, blocks = _shared(result), _shared(null), []
    for y in _samples(null, recipe):
        data = _lagged(result, y)
        values = _refit(result, shared, data, studentise=False)[0]
        restricted = _refit(null, smaller, _lagged(null, y), studentise=False)[0]
        covariances = [
            covariance_at(result, _one(data, shared, i), dict(zip(null.names, one, strict=True)))
            for i, one in enumerate(restricted)
        ]
        blocks.append((values, np.array(covariances)))
    values, found = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return values, found


def covariance_at(result: SpatialPanelResults, data: Data, params: Mapping[str, float]) -> Array:
    """Return the covariance of a model's parameters, (p, p), at given ones; those not given are zero.

    Raises
    ------
    InputError
        If time effects are among the columns, which have no given coefficients.
    """
    beta = np.array([params.get(name, 0.0) for name in result.model.regressors])
    if data.X.shape[1] > len(beta):
        raise InputError("samples under the null are not drawn where time effects enter as dummies; take lr().")
    at = params.get("rho", 0.0), params.get("lambda", 0.0), beta
    keep = np.r_[: len(result.estimate.beta), len(beta) : len(beta) + len(result.model.features.spatial)]
    return _covariance(result, data, at, keep)


def _samples(truth: SpatialPanelResults, recipe: Recipe) -> Iterator[Array]:
    """Yield blocks of samples of y, shape (m, T, N)."""
    model = truth.model
    for e in innovations(truth.estimate, model.transformation, recipe):
        yield samples(model.arrays, truth.estimate, model.features, e)


def _shared(result: SpatialPanelResults) -> Data:
    """Return the transformed columns that all samples of a model share."""
    return columns_of(result.model.arrays, result.model.features)


def _lagged(result: SpatialPanelResults, y: Array) -> Data:
    """Return the transformed columns that are a sample's own."""
    panel, features = result.model.arrays, result.model.features
    return lagged_and_transformed(panel, columns_and_effects(panel, features)[1], features, y)


def _refit(result: SpatialPanelResults, shared: Data, data: Data, studentise: bool) -> tuple[Array, Array]:
    """Return the parameters (m, p) of a block of samples and their covariances (m, p, p), NaN where there is none."""
    model, t = result.model, result.model.transformation
    logdets = logdeterminants(model.arrays, model.features)
    many = Samples(*cross_products(data, shared), *logdets, t.nobs, t.determinants)
    at = maximise_all(many)
    beta = many.beta(at)
    k, p = len(result.estimate.beta), len(result.names)
    values = np.hstack([beta[:, :k], at[:, many.free]])
    covariances = np.zeros((len(values), p, p))
    if studentise:
        keep = np.r_[:k, beta.shape[1] : beta.shape[1] + len(many.free)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ClusterWarning)  # said of the fit itself
            for i in range(len(values)):
                one = _one(data, shared, i)
                covariances[i] = _covariance(result, one, (at[i, 0], at[i, 1], beta[i]), keep)
    return values, covariances


def _covariance(
    result: SpatialPanelResults, data: Data, at: tuple[float, float, Array], keep: npt.NDArray[np.intp]
) -> Array:
    model = result.model
    try:
        pieces = derivatives(model.arrays, data, model.features, at)
        return chosen_covariance(pieces, result.cov_type, result.bandwidth)[np.ix_(keep, keep)]
    except (EstimationError, np.linalg.LinAlgError):
        return np.full((len(keep), len(keep)), np.nan)


def _one(data: Data, shared: Data, i: int) -> Data:
    """Return the data of one sample."""
    Wy, My, MWy = (None if each is None else each[i] for each in (data.Wy, data.My, data.MWy))
    return Data(data.y[i], Wy, shared.X, My, MWy, shared.MX)


def effects_of(result: SpatialPanelResults, values: Array, covariances: Array | None) -> tuple[Array, Array]:
    """Return the effects of many parameters, shape (m, 3, variables), and their delta errors."""
    p = len(result.estimate.beta) + ("rho" in result.estimate.spatial)
    return effects_with_errors(result, values[:, :p], None if covariances is None else covariances[:, :p, :p])
