"""What weights that change over time do not allow, said by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel.inputs.checks import check_transformation
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.panel.models import Features
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.periods import PeriodWeights

if TYPE_CHECKING:
    from gvcpos.spatial.panel.dynamics.model import DynamicSpatialPanel
    from gvcpos.spatial.panel.inputs.panel_data import PanelData
    from gvcpos.spatial.panel.model import SpatialPanel


def error_weights_of(given: Weights | PeriodWeights | None, data: PanelData, also: tuple[object, ...] = ()) -> Weights:
    """Bring the weights of the error to the units and periods of the panel; those of the lag where none are given.

    `also` are further periods that may have weights: the first of a dynamic panel, which has no error.

    Raises
    ------
    LabelError
        If units or periods are not those of the panel.
    """
    if given is None:
        return data.weights
    aligned = given.align(data.weights.ids)
    if isinstance(aligned, PeriodWeights):
        return cast(Weights, aligned.at(data.times, (*data.left_out.periods, *also), "error_weights"))
    return aligned


def changing(panel: SpatialPanel | DynamicSpatialPanel) -> bool:
    """Whether the weights of the lag or of the error change over time."""
    return isinstance(panel.weights, PeriodWeights) or isinstance(panel.error_weights, PeriodWeights)


def check_periods(t: Transformation, features: Features, W: Weights, M: Weights) -> None:
    """Refuse methods that are not defined where weights change over time, and rows that do not sum to one.

    Parameters
    ----------
    t : Transformation
    features : Features
    W, M : Weights or PeriodWeights
        Of lag and error.

    Raises
    ------
    InputError
        If entity effects are to leave by Lee and Yu's transformation from a model with a lag and an error whose weights
        change; or if time effects are, and a row of some period does not sum to one.
    """
    if t.lee_yu and t.entity and features.lag and features.error and isinstance(M, PeriodWeights):
        raise InputError(
            "method='lee-yu' with entity effects is not defined for a spatial lag beside a spatial error whose weights "
            "change over time: the orthonormal transformation over time does not commute with another M in every "
            "period, and the score of rho, set right, is the derivative of no likelihood. Take method='direct', which "
            "concentrates the effects out; or error_weights that do not change; or a model without the lag."
        )
    for needed, weights in ((features.lag, W), (features.error, M)):
        if needed:
            check_rows(t, weights)


def check_rows(t: Transformation, weights: Weights | PeriodWeights) -> None:
    """As `check_transformation`, with the period named."""
    if not isinstance(weights, PeriodWeights):
        check_transformation(t, weights)
        return
    for time, one in zip(weights.times, weights.each, strict=True):
        try:
            check_transformation(t, one)
        except InputError as error:
            raise InputError(f"W of {time}: {error}") from error


def refuse_transformed(panel: SpatialPanel, what: str) -> None:
    """Refuse a test whose variance is not that of the likelihood where W changes and entity effects are transformed.

    Raises
    ------
    InputError
        If weights change, effects are fixed by entity, and the method is "lee-yu".
    """
    t = panel.transformation
    if changing(panel) and t.lee_yu and t.entity:
        raise InputError(
            f"{what} is not defined with method='lee-yu', entity effects and weights that change over time: the "
            "variance of its score is not the transformed likelihood's. Take method='direct' or effects='time'."
        )
