"""The bootstrap with random effects: effects and innovations drawn anew, or the entities' disturbances with new signs.

Parametric: mu and e are normal with the estimated variances. Wild: all filtered disturbances v_i = mu_i + e_i of an
entity share a sign, which keeps the random effect, any dependence over time and the variance of each entity. That is
valid where units are independent after the filter (no spatial error, or effects that go through it: see `clustered`),
and refused elsewhere. A sign for every cell would break the effect of an entity to pieces. Signs leave squares as they
are, so that a wild bootstrap says nothing on phi and sigma2, which are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel.inference.bootstrap import effects_of
from gvcpos.spatial.panel.inference.draws import PanelBootstrap, one_by_one, put_together
from gvcpos.spatial.panel.inference.resampling import Recipe, signs_of
from gvcpos.spatial.panel.ml.estimation import Array, PanelArrays
from gvcpos.spatial.panel.ml.period_operators import multiplier_of
from gvcpos.spatial.panel.models import Features
from gvcpos.spatial.panel.random.clustered import BY_UNIT, units_independent
from gvcpos.spatial.panel.random.estimation import RandomEstimate, fit_random

if TYPE_CHECKING:
    from gvcpos.spatial.panel.random.results import RandomPanelResults


def run(result: RandomPanelResults, recipe: Recipe, *, effects: bool, studentise: bool) -> PanelBootstrap:
    """Run the bootstrap; see `BootstrapMethods.bootstrap`.

    Raises
    ------
    InputError
        If the kind is not defined for the model.
    """
    model, kkp = result.model, result.model.choices.random_error == "kkp"
    check(recipe, model.features, kkp=kkp)
    panel, cov_type = model.arrays, result.cov_type if studentise else "information"

    def estimate(y: Array) -> tuple[Array, Array]:
        found = fit_random(replace(panel, y=y), model.features, cov_type, kkp=kkp)
        return np.array([*found.beta, *found.spatial.values(), found.phi]), found.covariance[:-1, :-1]

    drawn = one_by_one(samples(panel, result.estimate, model.features, recipe, kkp=kkp), estimate, len(result.names))
    without_phi = recipe.kind == "wild" or result.estimate.at_zero
    return put_together(
        result,
        recipe,
        drawn,
        names=result.names[:-1] if without_phi else result.names,
        studentise=studentise,
        effects=(partial(effects_of, result), result.effects()) if effects else None,
    )


def check(recipe: Recipe, features: Features, *, kkp: bool) -> None:
    """Refuse a wild bootstrap by cell, and by entity where units are not independent.

    Raises
    ------
    InputError
    """
    if recipe.kind != "wild":
        return
    if recipe.by == "cell":
        raise InputError(
            "by='cell' is not defined for random effects: a sign of its own for every period takes an entity's effect "
            "to pieces. Take by='entity', or kind='parametric'."
        )
    if not units_independent(features, kkp=kkp):
        raise InputError(
            f"kind='wild' is not defined here: {BY_UNIT}, so that signs of units change their covariance. Take "
            "kind='parametric', random_error='kkp', or fixed effects."
        )


def samples(
    panel: PanelArrays, estimate: RandomEstimate, features: Features, recipe: Recipe, *, kkp: bool
) -> Iterator[Array]:
    """Yield new samples of y, shape (T, N): (I - rho W)⁻¹ [X beta + time effects + u].

    Disturbances have lost what time effects took, and are scaled up by √(N/(N-1)) where there are any.
    """
    t, rng = panel.transformation, np.random.default_rng(recipe.seed)
    signal = panel.X @ estimate.beta + estimate.time[:, None]
    scale = np.sqrt(t.units / (t.units - 1.0)) if t.time else 1.0
    error = multiplier_of(panel.error_spectrum, estimate.lam) if features.error else None
    lag = multiplier_of(panel.spectrum, estimate.rho) if features.lag else None
    for _ in range(recipe.draws):
        if recipe.kind == "wild":
            mu, e = np.zeros(t.units), scale * estimate.random.v * signs_of(rng, (1, t.units), recipe.weights)
        else:
            mu = np.sqrt(estimate.sigma2_mu) * rng.standard_normal(t.units)
            e = np.sqrt(estimate.sigma2) * rng.standard_normal((t.periods, t.units))
        through = mu + e if kkp else e
        u = through if error is None else error.inverse_apply(through)
        y = signal + (u if kkp else u + mu)
        yield y if lag is None else lag.inverse_apply(y)
