"""What each unit does to the estimates: the fit without it, exactly or by one Newton step.

Without a unit W has one row and column less. Row-normalised weights are normalised again, so that the neighbours of
the unit that is gone give its weight to those that remain; other weights stay as they are. The spatial lags of the
regressors and the effects are formed anew. The one step goes from the full estimate, with the score and the observed
Hessian of the smaller panel there, so it knows of the new W and lacks only what a second step would add.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import GvcposError, InputError
from gvcpos.spatial.panel.choices import PanelChoices
from gvcpos.spatial.panel.diagnostics.conditional import pieces_at
from gvcpos.spatial.panel.inference.covariance import Pieces, hessian
from gvcpos.spatial.panel.inputs.checks import refuse_random
from gvcpos.spatial.panel.inputs.panel_data import PanelData
from gvcpos.spatial.panel.ml.estimation import Estimate
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.periods import PeriodWeights

if TYPE_CHECKING:
    from gvcpos.spatial.panel.dynamics.model import DynamicSpatialPanel
    from gvcpos.spatial.panel.dynamics.results import DynamicResults
    from gvcpos.spatial.panel.model import SpatialPanel
    from gvcpos.spatial.panel.results import SpatialPanelResults

Array = npt.NDArray[np.float64]


def influence(result: SpatialPanelResults, *, exact: bool = False) -> pd.DataFrame:
    """Change of every parameter when one unit is left out.

    Parameters
    ----------
    result : SpatialPanelResults
    exact : bool
        Whether every smaller panel is fitted; else one Newton step is taken.

    Returns
    -------
    DataFrame
        One row a unit, in the order of W: unit, the change of each parameter in its standard errors (estimate without
        the unit less estimate with it), distance (change' Cov⁻¹ change / p, as Cook's), and note, empty but where the
        smaller panel cannot be estimated, for example because a unit loses its only neighbour; then the numbers are
        missing.

    Raises
    ------
    InputError
        If the effects are random, or three units would be too few to leave one out.
    """
    model = result.model
    refuse_random(model.effects, "influence", "it works within fixed effects; fit effects='entity' or 'twoway'")

    def change(unit: str) -> Array:
        smaller = without(model, unit)
        if exact:
            return smaller.fit().params[list(result.names)].to_numpy(float) - result.params.to_numpy(float)
        return step(result.estimate, smaller)

    return changes(result, change)


def changes(result: SpatialPanelResults | DynamicResults, change: Callable[[str], Array]) -> pd.DataFrame:
    """Put the changes that each unit makes, shape (p,), in the frame of `influence`."""
    units = result.model.weights.ids
    if len(units) < 4:
        raise InputError(f"{len(units)} units are too few to leave one out.")
    names, errors = list(result.names), result.std_errors.to_numpy(float)
    precision = np.linalg.inv(result.cov.to_numpy(float) / np.outer(errors, errors))
    rows = []
    for unit in units:
        moved, note = np.full(len(names), np.nan), ""
        try:
            moved = change(unit)
        except GvcposError as error:
            note = str(error)
        scaled = moved / errors
        distance = float(scaled @ precision @ scaled) / len(names)
        rows.append({"unit": unit, **dict(zip(names, scaled, strict=True)), "distance": distance, "note": note})
    return pd.DataFrame(rows)


def without(model: SpatialPanel, unit: str) -> SpatialPanel:
    """Return the same model on the panel without one unit; row-normalised weights are normalised again.

    Raises
    ------
    InputError
        If a unit has no other neighbour, or the panel is too small.
    """
    part, changed = cut(model.data, model.choices, unit)
    return model.respecified(data=part, **changed)


def cut(data: PanelData, choices: PanelChoices, unit: str) -> tuple[PanelData, dict[str, Any]]:
    """Return the data without one unit, and all other weights that were chosen without it."""
    own = choices.x_weights
    changed: dict[str, Any] = {}
    if choices.error_weights is not None:
        changed["error_weights"] = without_unit(choices.error_weights, unit)
    if isinstance(own, Weights):
        changed["x_weights"] = without_unit(own, unit)
    elif own is not None:
        changed["x_weights"] = {name: without_unit(W, unit) for name, W in own.items()}
    W = data.weights
    keep = np.array([one != unit for one in W.ids])
    y, X = np.ascontiguousarray(data.y[:, keep]), np.ascontiguousarray(data.X[:, keep])
    part = replace(data, y=y, X=X, weights=without_unit(W, unit), rows=None, position=np.arange(y.size))
    return part, changed


def without_unit(W: Weights, unit: str) -> Weights:
    """Return weights without one unit, normalised as they are."""
    if isinstance(W, PeriodWeights):
        return cast(Weights, W.mapped(lambda one: without_unit(one, unit)))
    ids = [one for one in W.ids if one != unit]
    part = W.subset(ids)
    return part.normalised("row") if W.is_row_normalised and not part.is_row_normalised else part


def step(estimate: Estimate, smaller: SpatialPanel | DynamicSpatialPanel) -> Array:
    """Newton step of the likelihood from a maximum on all units to one on the smaller panel, as a change."""
    k = len(estimate.beta)
    # beta and sigma² are those that go with (rho, lam) on the smaller panel; from there the step is taken.
    pieces, beta = pieces_at(smaller.arrays, smaller.features, (estimate.rho, estimate.lam))
    newton, width = np.linalg.solve(hessian(pieces), _score(pieces)), len(beta)
    return np.append(beta[:k] + newton[:k] - estimate.beta, newton[width:-1])


def _score(pieces: Pieces) -> Array:
    """Derivatives with respect to (beta, spatial, sigma²): zero for beta and sigma², which are concentrated out."""
    out = np.zeros(pieces.X.shape[1] + pieces.lagged.shape[1] + 1)
    if pieces.traces is not None:
        times = pieces.transformation.determinants
        out[pieces.X.shape[1] : -1] = pieces.lagged.T @ pieces.e / pieces.sigma2 - times * pieces.traces.single
    return out
