"""The bootstrap of a dynamic panel: y is made anew period by period from its first one, and estimated with its past.

Recursive design: y*_0 = y_0 and y*_t = (I - rho W)⁻¹ [tau y*_{t-1} + eta W y*_{t-1} + X_t beta + effects +
(I - lambda M)⁻¹ e*_t], with e* normal (parametric) or the innovations times signs (wild; Goncalves and Kilian 2004, J.
Econometrics 123:89). Every sample is estimated with the bias correction of the fit, so that what is left of the bias is
in the draws. Signs are those of cells: one sign for all periods of an entity would leave the products e_t e_{t-h} as
they are, of which the variance of tau and eta is made, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np

from gvcpos._core.errors import InputError
from gvcpos._core.options import BootstrapUnit
from gvcpos.spatial.panel.dynamics.course import course_of
from gvcpos.spatial.panel.dynamics.effects import effects, gradient
from gvcpos.spatial.panel.dynamics.estimation import How, estimated
from gvcpos.spatial.panel.dynamics.stability import radii, radius
from gvcpos.spatial.panel.impacts import gradients as impacts
from gvcpos.spatial.panel.inference.bootstrap import BootstrapMethods
from gvcpos.spatial.panel.inference.draws import PanelBootstrap, one_by_one, put_together, warn_of_left_out
from gvcpos.spatial.panel.inference.resampling import Recipe, innovations
from gvcpos.spatial.panel.inputs.transform import operator, spatial_lag
from gvcpos.spatial.panel.ml.estimation import Array, PanelArrays, recover_effects
from gvcpos.spatial.panel.ml.period_operators import multiplier_of

if TYPE_CHECKING:
    from gvcpos.spatial.panel.dynamics.model import DynamicSpatialPanel
    from gvcpos.spatial.panel.dynamics.results import DynamicResults


class DynamicBootstrapMethods(BootstrapMethods):
    """What results of a dynamic panel can do with the bootstrap."""

    _unit: BootstrapUnit = "cell"

    def _bootstrapped(self, recipe: Recipe, *, effects: bool, studentise: bool) -> PanelBootstrap:
        return run(cast("DynamicResults", self), recipe, with_effects=effects, studentise=studentise)


def run(result: DynamicResults, recipe: Recipe, *, with_effects: bool, studentise: bool) -> PanelBootstrap:
    """Run the bootstrap; see `BootstrapMethods.bootstrap`.

    Raises
    ------
    InputError
        If signs are to be those of entities.
    """
    if recipe.kind == "wild" and recipe.by == "entity":
        raise InputError(
            "by='entity' is not defined for dynamic panels: one sign for all periods of an entity leaves the products "
            "of its innovations over time as they are, and with them tau and eta. Take by='cell', or kind='parametric'."
        )
    model, how = result.model, result.how if studentise else How("information", result.correction)

    def estimate(y: Array) -> tuple[Array, Array]:
        found, _ = estimated(_panel(model, y), model.features, model.lagged, how)
        return np.array([*found.beta, *found.spatial.values()]), found.covariance[:-1, :-1]

    stable = radius(model.spectrum, model.lagged.dynamics(result.estimate)) < 1.0
    horizons = ("short", "long") if stable else ("short",)
    made = None
    if with_effects:
        made = partial(_effects, result, horizons), result.effects(horizon="both" if stable else "short")
    drawn = one_by_one(samples(result, recipe), estimate, len(result.names))
    return put_together(result, recipe, drawn, names=result.names, studentise=studentise, effects=made)


def samples(result: DynamicResults, recipe: Recipe) -> Iterator[Array]:
    """Yield new samples of y in the periods after the first, shape (T, N)."""
    model, estimate = result.model, result.estimate
    panel, features = model.arrays, model.features
    constant, entity, time = recover_effects(panel, estimate)
    past = [column for column in (model.lagged.tau, model.lagged.eta) if column is not None]
    beta = estimate.beta.copy()
    beta[past] = 0.0
    signal = panel.X @ beta + constant + entity + time[:, None]
    dynamics = model.lagged.dynamics(estimate)
    error = multiplier_of(panel.error_spectrum, estimate.lam) if features.error else None
    course = course_of(model)
    for block in innovations(estimate, panel.transformation, recipe):
        for e in block:
            yield course.path(dynamics, model.given.y0, signal + (e if error is None else error.inverse_apply(e)))


def _panel(model: DynamicSpatialPanel, y: Array) -> PanelArrays:
    """Return the panel of another sample: y and its past among the columns."""
    panel, past = model.arrays, np.concatenate([model.given.y0[None, :], y[:-1]])
    X = panel.X.copy()
    if model.lagged.tau is not None:
        X[:, :, model.lagged.tau] = past
    if model.lagged.eta is not None:
        X[:, :, model.lagged.eta] = spatial_lag(operator(model.given.past_weights.matrix), past)
    return replace(panel, y=y, X=X)


def _effects(
    result: DynamicResults, horizons: tuple[str, ...], values: Array, covariances: Array | None
) -> tuple[Array, Array]:
    """Effects of the draws, shape (m, horizons, 3, variables), and their delta errors; stable draws alone.

    Warns
    -----
    BoundaryWarning
        If more than 1 % of the draws have no long-run effects.
    """
    spectrum, places = result.model.spectrum, result.places
    if "long" in horizons:
        terms = (places.term(name, values) for name in ("tau", "eta", "rho"))
        kept = radii(spectrum, *terms) < 1.0
        warn_of_left_out(kept, "have dynamics that do not die out, so no long-run effects")
        values, covariances = values[kept], None if covariances is None else covariances[kept]
    estimates = np.stack([effects(spectrum, places, values, long=horizon == "long") for horizon in horizons], axis=1)
    if covariances is None:
        return estimates, np.empty(0)
    errors = np.empty_like(estimates)
    for i, (at, cov) in enumerate(zip(values, covariances, strict=True)):
        for j, horizon in enumerate(horizons):
            errors[i, j] = impacts.delta_errors(gradient(spectrum, places, at, long=horizon == "long"), cov)
    return estimates, errors
