"""New samples of y from a fitted panel: innovations drawn anew, sent through (I - rho W)⁻¹ (I - lambda M)⁻¹."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import InputError
from gvcpos._core.options import BootstrapKind, BootstrapUnit, WildWeights, choose
from gvcpos.spatial.panel.inputs.transform import Transformation, operator, spatial_lag
from gvcpos.spatial.panel.ml.estimation import Data, Estimate, PanelArrays, recover_effects
from gvcpos.spatial.panel.ml.period_operators import multiplier_of
from gvcpos.spatial.panel.models import Features

Array = npt.NDArray[np.float64]

_MOST = 2_000_000  # numbers of a block of samples
_WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))


@dataclass(frozen=True)
class Recipe:
    """How innovations are drawn.

    Attributes
    ----------
    kind : {"wild", "parametric"}
    by : {"entity", "cell"}
        What shares a sign: all periods of an entity, or nothing.
    weights : {"rademacher", "webb"}
    draws, seed : int
    """

    kind: str
    by: str
    weights: str
    draws: int
    seed: int


def checked_recipe(kind: str, by: str, weights: str, draws: int, seed: int) -> Recipe:
    """Return the recipe.

    Raises
    ------
    InputError
        If a choice is not known or not defined for spatial models, or there are too few draws.
    """
    if kind in ("pairs", "pairs-entity", "pairs-cell"):
        raise InputError(
            f"kind={kind!r} is not defined for spatial models: drawing entities with replacement takes them out of "
            "the neighbourhoods that W describes. Take kind='wild' by entity, which keeps each in its place."
        )
    choose(kind, BootstrapKind, "kind")
    choose(by, BootstrapUnit, "by")
    choose(weights, WildWeights, "weights")
    if draws < 19:
        raise InputError(f"draws={draws}: at least 19 are needed for an interval, and 999 are usual.")
    return Recipe(kind, by, weights, draws, seed)


def innovations(estimate: Estimate, t: Transformation, recipe: Recipe) -> Iterator[Array]:
    """Yield blocks of innovations, shape (m, T, N), `draws` in all.

    Notes
    -----
    Parametric: normal with variance sigma2. Wild: the residuals times random signs (Rademacher), or Webb's six points
    ±√½, ±1, ±√1½ where clusters are few. Residuals have lost what the effects took: they are scaled up by
    √(N/(N-1)) where there are time effects and, for signs of a cell's own, by √(T/(T-1)) where there are entity
    effects. A sign that all periods of an entity share leaves its serial dependence as it is.
    """
    rng = np.random.default_rng(recipe.seed)
    e, shape = estimate.resids, (t.periods, t.units)
    scale = np.sqrt(t.units / (t.units - 1.0)) if t.time else 1.0
    if t.entity and recipe.by == "cell":
        scale *= np.sqrt(t.periods / (t.periods - 1.0))
    block = max(1, _MOST // e.size)
    for start in range(0, recipe.draws, block):
        m = min(block, recipe.draws - start)
        if recipe.kind == "parametric":
            yield np.sqrt(estimate.sigma2) * rng.standard_normal((m, *shape))
        else:
            signs = signs_of(rng, (m, *shape) if recipe.by == "cell" else (m, 1, t.units), recipe.weights)
            yield signs * (scale * e)


def signs_of(rng: np.random.Generator, shape: tuple[int, ...], weights: str) -> Array:
    """Return random weights of mean 0 and variance 1."""
    signs = 2.0 * rng.integers(0, 2, shape) - 1.0
    return np.asarray(signs if weights == "rademacher" else signs * _WEBB[rng.integers(0, 3, shape)], dtype=float)


def samples(panel: PanelArrays, estimate: Estimate, features: Features, e: Array) -> Array:
    """Return y = (I - rho W)⁻¹ [X beta + effects + (I - lambda M)⁻¹ e], shape of e (m, T, N)."""
    constant, entity, time = recover_effects(panel, estimate)
    u = e.reshape(-1, e.shape[2])
    if features.error:
        u = multiplier_of(panel.error_spectrum, estimate.lam).inverse_apply(u)
    y = u.reshape(e.shape) + panel.X @ estimate.beta + constant + entity + time[:, None]
    if features.lag:
        y = multiplier_of(panel.spectrum, estimate.rho).inverse_apply(y.reshape(u.shape)).reshape(e.shape)
    return np.asarray(y)


def lagged_and_transformed(panel: PanelArrays, within: Transformation, features: Features, y: Array) -> Data:
    """Return y, Wy, My and MWy of many samples with the effects taken out, each (m, n); X is not filled in."""
    W, M = operator(panel.spectrum.matrix), operator(panel.error_spectrum.matrix)

    def ready(Z: Array) -> Array:
        # within() takes the periods first
        return np.ascontiguousarray(np.moveaxis(within.within(np.moveaxis(Z, 0, 2)), 2, 0)).reshape(len(Z), -1)

    def lag(V: Array, Z: Array) -> Array:
        return spatial_lag(V, Z.reshape(-1, Z.shape[2])).reshape(Z.shape)

    Wy = lag(W, y) if features.lag else None
    My = lag(M, y) if features.error else None
    MWy = lag(M, Wy) if features.error and Wy is not None else None
    none = np.empty((0, 0))
    return Data(
        ready(y),
        None if Wy is None else ready(Wy),
        none,
        None if My is None else ready(My),
        None if MWy is None else ready(MWy),
        None,
    )
