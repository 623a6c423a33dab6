"""The wild bootstrap of generalised moments: filtered innovations with random signs, sent through the reduced form.

The innovations of an entity share a sign, which keeps their dependence over time and their variances, or every cell has
its own. With random effects whose spatial error is Kapoor, Kelejian and Prucha's, (I - lambda M) u = mu + v is what is
signed, by entity. Moments suppose no distribution, so that there is no parametric bootstrap; and a regressor that is
endogenous moves with the innovations by an equation that the model does not have, so that it cannot be made anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np

from gvcpos._core.errors import EstimationError, InputError
from gvcpos.spatial.panel.gmm.arrays import GmmArrays, GmmEstimate
from gvcpos.spatial.panel.gmm.fixed import estimate_fixed
from gvcpos.spatial.panel.gmm.random import estimate_random
from gvcpos.spatial.panel.gmm.two_stage import Array
from gvcpos.spatial.panel.inference.bootstrap import BootstrapMethods, effects_of
from gvcpos.spatial.panel.inference.draws import PanelBootstrap, one_by_one, put_together
from gvcpos.spatial.panel.inference.resampling import Recipe, signs_of
from gvcpos.spatial.panel.inputs.transform import spatial_lag
from gvcpos.spatial.panel.ml.multiplier import filtered
from gvcpos.spatial.panel.ml.period_operators import multiplier_of

if TYPE_CHECKING:
    from gvcpos.spatial.panel.gmm.results import SpatialPanelGmmResults
    from gvcpos.spatial.panel.results import SpatialPanelResults


class GmmBootstrapMethods(BootstrapMethods):
    """What results of generalised moments can do with the bootstrap: kind="wild"."""

    def _bootstrapped(self, recipe: Recipe, *, effects: bool, studentise: bool) -> PanelBootstrap:
        return run(cast("SpatialPanelGmmResults", self), recipe, effects=effects, studentise=studentise)


def run(result: SpatialPanelGmmResults, recipe: Recipe, *, effects: bool, studentise: bool) -> PanelBootstrap:
    """Run the bootstrap; see `BootstrapMethods.bootstrap`.

    Raises
    ------
    InputError
        If it is not defined for the model.
    EstimationError
        If the estimate has no reduced form.
    """
    a, fit = result.arrays, estimate_random if result.arrays.random else estimate_fixed
    check(recipe, a)
    _require_reduced_form(a, result.estimate)

    def estimate(y: Array) -> tuple[Array, Array]:
        found = fit(replace(a, y=y), result.plan)
        return np.array([*found.beta, *found.spatial.values()]), found.covariance

    drawn = one_by_one(samples(a, result.estimate, recipe), estimate, len(result.names))
    like = cast("SpatialPanelResults", result)  # effects read model, beta and rho, which are here under the same names
    made = (partial(effects_of, like), result.effects()) if effects else None
    return put_together(result, recipe, drawn, names=result.names, studentise=studentise, effects=made)


def check(recipe: Recipe, a: GmmArrays) -> None:
    """Refuse what is not defined, by name and with the reason.

    Raises
    ------
    InputError
    """
    if recipe.kind != "wild":
        raise InputError(
            f"kind={recipe.kind!r} is not defined for generalised moments, which suppose no distribution to draw from. "
            "Take kind='wild', or fit by likelihood."
        )
    if a.endogenous:
        names = ", ".join(a.names[j] for j in a.endogenous)
        raise InputError(
            f"the bootstrap is not defined with endogenous regressors ({names}): they move with the innovations by "
            "equations that the model does not have. Take cov_type='robust' or 'cluster-entity'."
        )
    if a.random and recipe.by == "cell":
        raise InputError(
            "by='cell' is not defined for random effects: a sign of its own for every period takes an entity's effect "
            "to pieces. Take by='entity'."
        )


def _require_reduced_form(a: GmmArrays, estimate: GmmEstimate) -> None:
    for name, value in estimate.spatial.items():
        lower, upper = (a.spectrum if name == "rho" else a.error_spectrum).interval
        if not lower < value < upper:
            raise EstimationError(
                f"{name} = {value:.4f} is outside its admissible interval ({lower:.4f}, {upper:.4f}): there is no "
                "reduced form to send new samples through. Take another model or stronger instruments."
            )


def samples(a: GmmArrays, estimate: GmmEstimate, recipe: Recipe) -> Iterator[Array]:
    """Yield new samples of y, shape (T, N): (I - rho W)⁻¹ [X beta + effects + (I - lambda M)⁻¹ e].

    What effects took of the innovations is given back as in `resampling.innovations`.
    """
    t, lam, rng = a.transformation, estimate.spatial.get("lambda", 0.0), np.random.default_rng(recipe.seed)
    signal = a.X @ estimate.beta
    rest = a.y - signal
    if a.features.lag:
        rest = rest - estimate.rho * spatial_lag(a.spectrum.operator, a.y)
    u = t.within(rest)
    e = t.within(filtered(a.error_spectrum, lam, u)) if a.features.error else u
    scale = np.sqrt(t.units / (t.units - 1.0)) if t.time else 1.0
    if t.entity and recipe.by == "cell":
        scale *= np.sqrt(t.periods / (t.periods - 1.0))
    signal = signal + rest - u
    error, lag = multiplier_of(a.error_spectrum, lam), multiplier_of(a.spectrum, estimate.rho)
    shape = (t.periods, t.units) if recipe.by == "cell" else (1, t.units)
    for _ in range(recipe.draws):
        drawn = signs_of(rng, shape, recipe.weights) * (scale * e)
        y = signal + (error.inverse_apply(drawn) if a.features.error else drawn)
        yield lag.inverse_apply(y) if a.features.lag else y
