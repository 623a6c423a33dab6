"""Predictions of a dynamic panel: one period ahead from what was observed, or any number of periods by recursion.

With static signal s_t = X_t β + WX_t θ + effects the path from y_0 is ŷ_t = (I − ρW)⁻¹(s_t + τ ŷ_{t−1} + η W ŷ_{t−1}),
the expectation of y_t given y_0; without feedback the inverse is left out in every period. One period ahead, observed
y_{t−1} stands for ŷ_{t−1}. The kinds are those of the static models, with τ y_{t−1} + η W y_{t−1} part of the signal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.options import PredictionKind, choose
from gvcpos.spatial.panel.dynamics.course import Course, course_of
from gvcpos.spatial.panel.dynamics.initial import check_spacing
from gvcpos.spatial.panel.inputs import panel_data
from gvcpos.spatial.panel.new_periods import Given, Space
from gvcpos.spatial.panel.prediction import NEEDS_Y, check_rows_given, columns_of, effects_of, of_kind, rows_of
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.periods import PeriodWeights

if TYPE_CHECKING:
    from gvcpos.spatial.panel.dynamics.model import DynamicSpatialPanel
    from gvcpos.spatial.panel.dynamics.results import DynamicResults

Array = npt.NDArray[np.float64]


class DynamicPredictionMethods:
    """Predictions by label."""

    def predict(
        self,
        X: pd.DataFrame | None = None,
        *,
        kind: PredictionKind = "reduced",
        recursive: bool = False,
        y: pd.Series | None = None,
        time_effects: Mapping[object, float] | None = None,
        W: Weights | Mapping[object, Weights] | None = None,
        error_weights: Weights | Mapping[object, Weights] | None = None,
    ) -> pd.Series:
        """Predict y, for the sample or for any number of periods of the same units.

        Parameters
        ----------
        X : DataFrame, optional
            Regressors as in `SpatialPanelResults.predict`; terms with ``lag`` are given evaluated. Its periods follow
            each other, and the first follows one whose y the sample has: those after the sample, or other regressors
            of periods in it.
        kind : {"reduced", "signal", "in-sample", "blup"}
            With feedback through all neighbours; without any, in no period; given the neighbours' observed y of the
            same period; or the best linear prediction of each unit from all others of its period and the past. The
            errors of new periods are expected to be zero.
        recursive : bool
            Whether y of the period before is itself predicted where it was observed, from the first period on. For
            new periods without `y` it always is.
        y : Series, optional
            What was observed in the rows of `X`: the past is then observed, too.
        time_effects : mapping of period to float, optional
            Time effects of periods that are not in the sample; 0, their mean, where not given, and such periods are
            named in ``.attrs["time_effects_at_mean"]``.
        W, error_weights : Weights, or mapping of period to Weights, optional
            Where the model's weights change over time: those of periods that are not in the sample; see
            `SpatialPanelResults.predict`.

        Returns
        -------
        Series
            On the rows of `X` or of the sample. ``.attrs["start"]`` is the period whose y the path starts from, None
            where every period is predicted from the one observed before.

        Raises
        ------
        InputError
            If the kind needs observed y or weights that are not given, or is asked for recursively, a regressor is
            absent, or the periods of `X` do not follow each other and the sample.
        LabelError
            If the units of `X` are not those of the model.
        """
        choose(kind, PredictionKind, "kind")
        if recursive and kind in NEEDS_Y:
            raise InputError(
                f"kind={kind!r} looks at the observed y of every period, a recursive prediction at none: take "
                "kind='reduced' or 'signal', or leave recursive out."
            )
        asked = _Asked(kind, recursive or (X is not None and y is None), dict(time_effects or {}))
        check_rows_given(X, kind, {"y": y, "W": W, "error_weights": error_weights})
        result = cast("DynamicResults", self)
        rows = _sample(result.model) if X is None else _rows(result.model, X, y, (W, error_weights))
        return _predicted(result, rows, asked)


@dataclass(frozen=True)
class _Asked:
    """What kind of prediction, whether along its own path, and time effects that are known."""

    kind: str
    recursive: bool
    time_effects: dict[object, float]


@dataclass(frozen=True)
class _Rows:
    """Periods to predict: data, columns without the past (T, N, k), their space, the period before with its y (N,)."""

    data: panel_data.PanelData
    static: Array
    space: Space
    course: Course
    start: object
    y0: Array


def _sample(model: DynamicSpatialPanel) -> _Rows:
    static = model.design.X[:, :, : len(model.design.names) - len(model.terms)]
    space = Space(model, model.weights)
    return _Rows(model.data, static, space, course_of(model), model.given.initial, model.given.y0)


def _rows(model: DynamicSpatialPanel, X: pd.DataFrame, y: pd.Series | None, given: tuple[Given, Given]) -> _Rows:
    own = _of_all_periods(model)
    data, space = rows_of(model, X, y, (own, *given))
    static = columns_of(data, model)[:, :, : len(model.design.names) - len(model.terms)]
    start, y0 = start_of(model, data.times)
    return _Rows(data, static, space, Course(space.spectrum, _before(own, start, space).matrix), start, y0)


def _of_all_periods(model: DynamicSpatialPanel) -> Weights | PeriodWeights:
    """Return the weights of the sample with its first period, one where all are the same."""
    first, W = model.given.past_weights, model.weights
    if not (isinstance(first, PeriodWeights) or isinstance(W, PeriodWeights)):
        return W
    times = (model.given.initial, *model.data.times)
    later = W.each if isinstance(W, PeriodWeights) else (W,) * len(model.data.times)
    return PeriodWeights(times, ((first.each[0] if isinstance(first, PeriodWeights) else first), *later))


def _before(own: Weights | PeriodWeights, start: object, space: Space) -> Weights | PeriodWeights:
    """Return the weights of the period before each of some periods, the first of which follows `start`."""
    if not isinstance(own, PeriodWeights):
        return own
    times, W = cast("tuple[tuple[object, ...], Given]", space.given)[0], space.weights
    each = W.each if isinstance(W, PeriodWeights) else (W,) * len(times)
    return PeriodWeights((start, *times[:-1]), (own[start], *each[:-1]))


def _predicted(result: DynamicResults, rows: _Rows, asked: _Asked) -> pd.Series:
    """Predict the rows, along a path of predictions or one period ahead of what was observed."""
    course, dynamics = rows.course, result.model.lagged.dynamics(result.estimate)
    entity, time, unknown = effects_of(result, rows.data.times, asked.time_effects, rows.space)
    signal = rows.static @ result.estimate.beta[: rows.static.shape[2]] + entity + time[:, None]
    if asked.kind == "reduced":
        rows.space.check_feedback(result.estimate.rho)
    if asked.recursive:
        values = course.path(dynamics, rows.y0, signal, feedback=asked.kind == "reduced")
    else:
        before = np.concatenate([rows.y0[None, :], rows.data.y[:-1]])
        values = of_kind(result, signal + course.past(dynamics, before), rows.data.y, asked.kind, rows.space)
    out = rows.data.series(values, "prediction")
    start = rows.start if asked.recursive else None
    out.attrs.update({"kind": asked.kind, "start": start, "time_effects_at_mean": unknown})
    return out


def start_of(model: DynamicSpatialPanel, times: tuple[object, ...]) -> tuple[object, Array]:
    """Return the period before the first of some periods and its y, shape (N,).

    Raises
    ------
    InputError
        If y of that period is not known, or the periods do not follow each other and the sample.
    """
    sample = (model.given.initial, *model.data.times)
    y = np.concatenate([model.given.y0[None, :], model.data.y])
    first = sample.index(times[0]) if times[0] in sample else len(sample)
    expected = (sample[first:] + times[len(sample) - first :])[: len(times)]
    if first == 0 or times != expected or (first == len(sample) and times[0] < sample[-1]):  # type: ignore[operator]
        raise InputError(
            f"X has the periods {enumerate_labels(map(str, times))}; periods that follow each other are needed, the "
            f"first of them in {sample[1]} to {sample[-1]}, or the period after, since y of the one before is needed."
        )
    check_spacing([*sample[:first], *times])
    return sample[first - 1], y[first - 1]
