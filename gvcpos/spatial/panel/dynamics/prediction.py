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
from gvcpos.spatial.panel.dynamics.course import course_of
from gvcpos.spatial.panel.dynamics.initial import check_spacing
from gvcpos.spatial.panel.inputs import panel_data
from gvcpos.spatial.panel.inputs.period_checks import refuse_changing
from gvcpos.spatial.panel.prediction import NEEDS_Y, columns_of, effects_of, of_kind, regressors_of, target_of

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

        Returns
        -------
        Series
            On the rows of `X` or of the sample. ``.attrs["start"]`` is the period whose y the path starts from, None
            where every period is predicted from the one observed before.

        Raises
        ------
        InputError
            If the kind needs observed y that is not given, or is asked for recursively, a regressor is absent, or the
            periods of `X` do not follow each other and the sample.
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
        if X is None and y is not None:
            raise InputError("y is given without X. Give the rows it belongs to, or neither for the sample.")
        if X is not None and y is None and kind in NEEDS_Y:
            raise InputError(f"kind={kind!r} needs the observed y of the rows of X; kind='reduced' does not.")
        result = cast("DynamicResults", self)
        return _predicted(result, _sample(result.model) if X is None else _rows(result.model, X, y), asked)


@dataclass(frozen=True)
class _Asked:
    """What kind of prediction, whether along its own path, and time effects that are known."""

    kind: str
    recursive: bool
    time_effects: dict[object, float]


@dataclass(frozen=True)
class _Rows:
    """Periods to predict: data, columns without the past (T, N, k), and the period before with its y (N,)."""

    data: panel_data.PanelData
    static: Array
    start: object
    y0: Array


def _sample(model: DynamicSpatialPanel) -> _Rows:
    static = model.design.X[:, :, : len(model.design.names) - len(model.terms)]
    return _Rows(model.data, static, model.given.initial, model.given.y0)


def _rows(model: DynamicSpatialPanel, X: pd.DataFrame, y: pd.Series | None) -> _Rows:
    refuse_changing(model, "predict for given rows", "their W is not known; without X the sample is predicted")
    regressors = regressors_of(X, model)
    data = panel_data.from_frames(target_of(regressors, y), regressors, model.weights)
    static = columns_of(data, model)[:, :, : len(model.design.names) - len(model.terms)]
    return _Rows(data, static, *start_of(model, data.times))


def _predicted(result: DynamicResults, rows: _Rows, asked: _Asked) -> pd.Series:
    """Predict the rows, along a path of predictions or one period ahead of what was observed."""
    course, dynamics = course_of(result.model), result.model.lagged.dynamics(result.estimate)
    entity, time, unknown = effects_of(result, rows.data.times, asked.time_effects)
    signal = rows.static @ result.estimate.beta[: rows.static.shape[2]] + entity + time[:, None]
    if asked.recursive:
        values = course.path(dynamics, rows.y0, signal, feedback=asked.kind == "reduced")
    else:
        before = np.concatenate([rows.y0[None, :], rows.data.y[:-1]])
        values = of_kind(result, signal + course.past(dynamics, before), rows.data.y, asked.kind)
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
