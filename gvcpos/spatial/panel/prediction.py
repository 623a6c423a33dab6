"""Predictions of a fitted panel, in and out of sample, with and without feedback among neighbours.

Names follow Goulard, Laurent and Thomas-Agnan (2017, Spatial Economic Analysis 12:304). With signal s = Xβ + WXθ +
effects, A = I − ρW, B = I − λM and Q = A'B'BA:
"reduced" A⁻¹s; "signal" s; "in-sample" ρWy + s + λM(Ay − s); "blup" y_i − (Q(y − A⁻¹s))_i / q_ii, the best linear
prediction of a unit from all others of its period.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.options import PredictionKind, choose
from gvcpos.spatial.panel.inputs import panel_data
from gvcpos.spatial.panel.inputs.checks import INTERCEPT
from gvcpos.spatial.panel.inputs.transform import operator, spatial_lag
from gvcpos.spatial.panel.ml.multiplier import filtered
from gvcpos.spatial.panel.ml.period_operators import multiplier_of
from gvcpos.spatial.panel.new_periods import Given, Space, space_of
from gvcpos.spatial.panel.random.estimation import through_error
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.period_matrix import pairs_of
from gvcpos.spatial.weights.periods import PeriodWeights

if TYPE_CHECKING:
    from gvcpos.spatial.panel.dynamics.model import DynamicSpatialPanel
    from gvcpos.spatial.panel.dynamics.results import DynamicResults
    from gvcpos.spatial.panel.model import SpatialPanel
    from gvcpos.spatial.panel.results import SpatialPanelResults

Array = npt.NDArray[np.float64]

NEEDS_Y = ("in-sample", "blup")


class PredictionMethods:
    """Predictions by label."""

    def predict(
        self,
        X: pd.DataFrame | None = None,
        *,
        kind: PredictionKind = "reduced",
        y: pd.Series | None = None,
        time_effects: Mapping[object, float] | None = None,
        W: Weights | Mapping[object, Weights] | None = None,
        error_weights: Weights | Mapping[object, Weights] | None = None,
    ) -> pd.Series:
        """Predict y, for the sample or for new regressors and periods of the same units.

        Parameters
        ----------
        X : DataFrame, optional
            Regressors under the model's names on the index (entity, time), every unit in every period; the sample's
            by default. For a model made by `from_formula` the variables of the formula will do, with the columns
            `entity` and `time` or on the index; terms with ``lag`` are given evaluated, under their names.
        kind : {"reduced", "signal", "in-sample", "blup"}
            With feedback through all neighbours; without any; given the neighbours' observed y of the same period;
            or the best linear prediction of each unit from all others of its period. The errors of new periods are
            expected to be zero, so that "reduced" is the best prediction there of every model.
        y : Series, optional
            What was observed in the rows of `X`, for "in-sample" and "blup".
        time_effects : mapping of period to float, optional
            Time effects of periods that are not in the sample; 0, their mean, where not given, and such periods are
            named in ``.attrs["time_effects_at_mean"]``.
        W, error_weights : Weights, or mapping of period to Weights, optional
            Where the model's weights change over time: those of periods that are not in the sample, by period or one
            for all. Weights of the error only where they are the error's own and the kind, or a random effect under
            "kkp", looks at them.

        Returns
        -------
        Series
            On the rows of `X` or of the sample.

        Raises
        ------
        InputError
            If the kind needs observed y or weights that are not given, or a regressor is absent.
        LabelError
            If the units of `X` are not those of the model.
        """
        choose(kind, PredictionKind, "kind")
        result, known = cast("SpatialPanelResults", self), dict(time_effects or {})
        check_rows_given(X, kind, {"y": y, "W": W, "error_weights": error_weights})
        if X is None:
            data, columns, space = result.model.data, result.model.arrays.X, Space(result.model, result.model.weights)
        else:
            data, space = rows_of(result.model, X, y, (result.model.weights, W, error_weights))
            columns = columns_of(data, result.model)
        return _predicted(result, data, columns, (kind, known, space))


def check_rows_given(X: pd.DataFrame | None, kind: str, beside: Mapping[str, object]) -> None:
    """Refuse what belongs to rows where there are none, and rows that lack what the kind needs.

    Raises
    ------
    InputError
    """
    if X is None:
        for name, one in beside.items():
            if one is not None:
                raise InputError(f"{name} is given without X. Give the rows it belongs to, or neither for the sample.")
    elif beside["y"] is None and kind in NEEDS_Y:
        raise InputError(f"kind={kind!r} needs the observed y of the rows of X; kind='reduced' does not.")


def rows_of(
    model: SpatialPanel | DynamicSpatialPanel,
    X: pd.DataFrame,
    y: pd.Series | None,
    weights: tuple[Weights | PeriodWeights, Given, Given],
) -> tuple[panel_data.PanelData, Space]:
    """Return given rows by the panel's units, and their space.

    Parameters
    ----------
    model : SpatialPanel or DynamicSpatialPanel
    X : DataFrame
    y : Series, optional
    weights : tuple
        Those of the sample, and what is given for the lag and the error in new periods.
    """
    own, lag, error = weights
    regressors = regressors_of(X, model)
    data = panel_data.from_frames(target_of(regressors, y), regressors, _any_of(own))
    space = space_of(model, own, data.times, (lag, error))
    return replace(data, weights=space.weights), space


def _any_of(weights: Weights | PeriodWeights) -> Weights:
    """Return one matrix of those weights, for their units."""
    return weights.each[0] if isinstance(weights, PeriodWeights) else weights


def _predicted(
    result: SpatialPanelResults,
    data: panel_data.PanelData,
    columns: Array,
    asked: tuple[str, dict[object, float], Space],
) -> pd.Series:
    kind, given, space = asked
    entity, time, unknown = effects_of(result, data.times, given, space)
    signal = columns @ result.estimate.beta + entity + time[:, None]
    out = data.series(of_kind(result, signal, data.y, kind, space), "prediction")
    out.attrs.update({"kind": kind, "time_effects_at_mean": unknown})
    return out


def target_of(X: pd.DataFrame, y: pd.Series | None) -> pd.Series:
    """Return y, or zeros in its place."""
    return pd.Series(0.0, index=X.index, name="y") if y is None else y


def regressors_of(X: pd.DataFrame, model: SpatialPanel | DynamicSpatialPanel) -> pd.DataFrame:
    """Return the model's regressors, made by the formula where X has its variables, or say which are absent."""
    names = [name for name in model.data.names if name != INTERCEPT]
    if model.data.recipe is not None:
        X = model.data.recipe.completed(X, names)
    absent = [name for name in names if name not in X.columns]
    if absent:
        raise InputError(
            f"X lacks the regressors {enumerate_labels(absent)}; it has {enumerate_labels(X.columns, 20)}. "
            "Terms of a formula that look at other periods, with lag(...), are given evaluated, under their names."
        )
    return X[names]


def columns_of(data: panel_data.PanelData, model: SpatialPanel | DynamicSpatialPanel) -> Array:
    """Put the columns of the model's design together for other data, shape (T, N, k)."""
    out = np.ones((*data.y.shape, len(model.design.names)))
    place = {name: j for j, name in enumerate(data.names)}
    for j, name in enumerate(model.design.names):
        if name in place:
            out[:, :, j] = data.X[:, :, place[name]]
    for variable in model.design.variables:
        if variable.lag is not None:
            W = operator((data.weights if variable.weights is model.weights else variable.weights).matrix)
            out[:, :, variable.lag] = spatial_lag(W, data.X[:, :, place[variable.name]])
    return out


def effects_of(
    result: SpatialPanelResults | DynamicResults,
    times: tuple[object, ...],
    given: dict[object, float],
    space: Space,
) -> tuple[Array, Array, list[object]]:
    """Constant plus entity effects (N,) or (T, N), time effects (T,), and the periods whose effect is the mean."""
    constant, entity, time = result._effects
    if result.model.effects.startswith("random"):
        entity = result.estimate.entity_part
        if entity.ndim == 2:
            entity = through_error(space.error_spectrum, result.estimate.lam, result.estimate.entity, len(times))
    if given and not result.model.transformation.time:
        raise InputError("time_effects are given, but the model has none.")
    known = dict(zip(result.model.data.times, time, strict=True))
    both = [period for period in given if period in known]
    if both:
        raise InputError(f"time_effects of {enumerate_labels(map(str, both))}: estimated already. Leave them out.")
    stray = [period for period in given if period not in times]
    if stray:
        raise LabelError(f"time_effects name {enumerate_labels(map(str, stray))}, which X has no rows of.")
    known |= given
    unknown = [period for period in times if period not in known] if result.model.transformation.time else []
    return constant + entity, np.array([known.get(period, 0.0) for period in times]), unknown


def of_kind(result: SpatialPanelResults | DynamicResults, signal: Array, y: Array, kind: str, space: Space) -> Array:
    """Turn the signal into the prediction asked for; all (T, N)."""
    estimate = result.estimate
    if kind == "signal":
        return signal
    if kind == "reduced":
        if not estimate.rho:
            return signal
        space.check_feedback(estimate.rho)
        return multiplier_of(space.spectrum, estimate.rho).inverse_apply(signal)
    u = filtered(space.spectrum, estimate.rho, y) - signal if estimate.rho else y - signal
    e = filtered(space.error_spectrum, estimate.lam, u) if estimate.lam else u
    if kind == "in-sample":
        return y - e
    return _from_all_others(space, (estimate.rho, estimate.lam), y, e)


def _from_all_others(space: Space, at: tuple[float, float], y: Array, e: Array) -> Array:
    """Return y_i − (Q(y − A⁻¹s))_i / q_ii of every period, from e = BA(y − A⁻¹s)."""
    W = space.weights.matrix
    M = space.error_weights.matrix if at[1] else W
    eye, out = sparse.eye_array(len(e[0]), format="csr"), np.empty_like(y)
    for w, m, rows in pairs_of(W, M, len(y)):
        BA = (eye - at[1] * m) @ (eye - at[0] * w)
        out[rows] = y[rows] - (BA.T @ e[rows].T).T / np.asarray(BA.power(2).sum(axis=0))
    return out
