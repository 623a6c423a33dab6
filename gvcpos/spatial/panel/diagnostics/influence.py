"""What each unit does to the estimates: the fit without it, exactly or by one Newton step.

Without a unit W has one row and column less. Row-normalised weights are normalised again, so that the neighbours of
the unit that is gone give its weight to those that remain; other weights stay as they are. The spatial lags of the
regressors and the effects are formed anew. The one step goes from the full estimate, with the score and the observed
Hessian of the smaller panel there, so it knows of the new W and lacks only what a second step would add.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import GvcposError, InputError
from gvcpos.spatial.panel.diagnostics.conditional import pieces_at
from gvcpos.spatial.panel.inference.covariance import Pieces, hessian
from gvcpos.spatial.panel.inputs.checks import refuse_random
from gvcpos.spatial.panel.inputs.panel_data import PanelData
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.periods import PeriodWeights

if TYPE_CHECKING:
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
    if model.weights.n < 4:
        raise InputError(f"{model.weights.n} units are too few to leave one out.")
    names, errors = list(result.names), result.std_errors.to_numpy(float)
    precision = np.linalg.inv(result.cov.to_numpy(float) / np.outer(errors, errors))
    rows = []
    for unit in model.weights.ids:
        change, note = np.full(len(names), np.nan), ""
        try:
            smaller = without(model, unit)
            if exact:
                change = smaller.fit().params[names].to_numpy(float) - result.params.to_numpy(float)
            else:
                change = _step(result, smaller)
        except GvcposError as error:
            note = str(error)
        scaled = change / errors
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
    choices, own = model.choices, model.choices.x_weights
    changed: dict[str, Any] = {}
    if choices.error_weights is not None:
        changed["error_weights"] = _smaller(choices.error_weights, unit)
    if isinstance(own, Weights):
        changed["x_weights"] = _smaller(own, unit)
    elif own is not None:
        changed["x_weights"] = {name: _smaller(W, unit) for name, W in own.items()}
    data, W = model.data, model.weights
    keep = np.array([one != unit for one in W.ids])
    y, X = np.ascontiguousarray(data.y[:, keep]), np.ascontiguousarray(data.X[:, keep])
    part: PanelData = replace(data, y=y, X=X, weights=_smaller(W, unit), rows=None, position=np.arange(y.size))
    return model.respecified(data=part, **changed)


def _smaller(W: Weights, unit: str) -> Weights:
    if isinstance(W, PeriodWeights):
        return cast(Weights, W.mapped(lambda one: _smaller(one, unit)))
    ids = [one for one in W.ids if one != unit]
    part = W.subset(ids)
    return part.normalised("row") if W.is_row_normalised and not part.is_row_normalised else part


def _step(result: SpatialPanelResults, smaller: SpatialPanel) -> Array:
    """Newton step from the full estimate on the smaller panel, in the order of the parameters."""
    estimate, k = result.estimate, len(result.model.regressors)
    # beta and sigma² are those that go with (rho, lam) on the smaller panel; from there the step is taken.
    pieces, beta = pieces_at(smaller.arrays, smaller.features, (estimate.rho, estimate.lam))
    step, width = np.linalg.solve(hessian(pieces), _score(pieces)), len(beta)
    spatial = np.array([estimate.spatial[name] for name in smaller.features.spatial]) + step[width:-1]
    return np.asarray(np.append(beta[:k] + step[:k], spatial) - result.params.to_numpy(float))


def _score(pieces: Pieces) -> Array:
    """Derivatives with respect to (beta, spatial, sigma²): zero for beta and sigma², which are concentrated out."""
    out = np.zeros(pieces.X.shape[1] + pieces.lagged.shape[1] + 1)
    if pieces.traces is not None:
        times = pieces.transformation.determinants
        out[pieces.X.shape[1] : -1] = pieces.lagged.T @ pieces.e / pieces.sigma2 - times * pieces.traces.single
    return out
