"""The first period of a dynamic panel: y_0 is the past that the likelihood is conditional on."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import DroppedRowsWarning, InputError
from gvcpos._core.labels import align, enumerate_labels
from gvcpos._core.options import ExtraUnits, MissingRule
from gvcpos.spatial.panel.inputs import panel_data
from gvcpos.spatial.panel.inputs.panel_data import PanelData
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.periods import PeriodWeights, as_weights

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DynamicData:
    """A panel and the period before it.

    Attributes
    ----------
    panel : PanelData
        The T periods that are explained.
    y0 : ndarray, shape (N,)
        y in the period before, in the order of W.
    initial : object
        The label of that period.
    past_weights : Weights
        Of the period before each: W, or W_0, ..., W_{T-1} where weights change over time.
    """

    panel: PanelData
    y0: Array
    initial: object
    past_weights: Weights

    @property
    def lag(self) -> Array:
        """y_{t-1}, shape (T, N)."""
        return np.concatenate([self.y0[None, :], self.panel.y[:-1]])


def from_frames(
    y: pd.Series | pd.DataFrame,
    X: pd.DataFrame | pd.Series,
    W: Weights,
    *,
    missing: MissingRule = "error",
    extra_units: ExtraUnits = "error",
) -> DynamicData:
    """Set the first period of y apart; regressors of that period are not used and may be absent or missing.

    Leading periods in which y is missing for every entity are left out with a `DroppedRowsWarning`.

    Raises
    ------
    InputError
        If y is missing for some entities in its first period and no rule says what to leave out, fewer than two
        periods are left to explain, or periods are not equally spaced; and as
        `gvcpos.spatial.panel.inputs.panel_data.from_frames`.
    LabelError
        If an entity has no row in the first period and no rule says what to leave out; and as `from_frames`.
    """
    W = cast(Weights, as_weights(W))
    target = y.iloc[:, 0] if isinstance(y, pd.DataFrame) and y.shape[1] == 1 else y
    if not isinstance(target, pd.Series) or not isinstance(target.index, pd.MultiIndex) or target.index.nlevels != 2:
        raise InputError("y must be a Series on a two-level index (entity, time); set_index([entity, time]) makes one.")
    target = _from_first_known(target)
    times = sorted(set(target.index.get_level_values(1)))
    check_periods(times)
    if missing == "error":
        _check_first(target, times, W.ids if extra_units == "error" else None)
    frame = X.to_frame() if isinstance(X, pd.Series) else X
    if isinstance(frame.index, pd.MultiIndex) and frame.index.nlevels == 2:
        frame = _with_first(frame, target.index, times)
    return _split(panel_data.from_frames(target, frame, W, missing=missing, extra_units=extra_units, past=True))


def from_arrays(
    y: npt.ArrayLike,
    X: npt.ArrayLike,
    W: Weights,
    *,
    names: Sequence[str] | None = None,
    times: Sequence[object] | None = None,
    missing: MissingRule = "error",
) -> DynamicData:
    """Take arrays in the order of W: y (T+1, N), X (T+1, N, k), whose first period is not used, or (T, N, k).

    Raises
    ------
    InputError
        If a shape does not fit, a value is not finite and no rule says what to leave out, or fewer than two periods
        are left to explain.
    """
    W = cast(Weights, as_weights(W))
    target, regressors = np.asarray(y, dtype=float), np.asarray(X, dtype=float)
    labels = list(times) if times is not None else list(range(len(target)))
    if target.ndim != 2 or target.shape[1] != W.n or len(labels) != len(target):
        raise InputError(
            f"y has shape {target.shape} with {len(labels)} times; (T+1, N) with N = {W.n} units of W is needed."
        )
    check_periods(labels)
    if missing == "error":
        _refuse_missing(target[0], W.ids, "y", labels)
    if regressors.ndim == 3 and len(regressors) == len(target) - 1:
        regressors = np.concatenate([np.zeros((1, *regressors.shape[1:])), regressors])
    return _split(panel_data.from_arrays(target, regressors, W, names=names, times=labels, missing=missing, past=True))


def _split(whole: PanelData) -> DynamicData:
    """Set the first period apart from the periods that are explained."""
    check_periods(whole.times)
    n = whole.weights.n
    later = whole.position >= n
    panel = replace(
        whole,
        y=whole.y[1:],
        X=whole.X[1:],
        times=whole.times[1:],
        weights=_part(whole.weights, slice(1, None)),
        rows=None if whole.rows is None else cast(pd.MultiIndex, whole.rows[later]),
        position=whole.position[later] - n,
    )
    return DynamicData(panel, whole.y[0], whole.times[0], _part(whole.weights, slice(None, -1)))


def _part(W: Weights, periods: slice) -> Weights:
    """Return the weights of some of the periods; one `Weights` where they are all the same."""
    if not isinstance(W, PeriodWeights):
        return W
    found = PeriodWeights(W.times[periods], W.each[periods])
    return cast(Weights, found if found.matrix.changes else found.each[0])


def _with_first(X: pd.DataFrame, rows: pd.Index, times: Sequence[object]) -> pd.DataFrame:
    """Return X on y's rows of the first period, where it counts for nothing, and on its own rows of the later ones."""
    first = pd.DataFrame(0.0, index=rows[rows.get_level_values(1) == times[0]], columns=X.columns)
    return pd.concat([first, X[X.index.isin(times[1:], level=1)]])


def _check_first(y: pd.Series, times: Sequence[object], ids: Sequence[str] | None) -> None:
    """Refuse a first period that lacks entities or values of y; without `ids` the entities are those with rows."""
    first = y[y.index.get_level_values(1) == times[0]]
    wanted = tuple(dict.fromkeys(map(str, y.index.get_level_values(0)))) if ids is None else ids
    have = [str(entity) for entity in first.index.get_level_values(0)]
    order = align(have, wanted, f"the first period ({times[0]})", "the weights W" if ids is not None else "the panel")
    values = pd.to_numeric(first, errors="coerce").to_numpy(dtype=float, na_value=np.nan)[order]
    _refuse_missing(values, wanted, str(y.name or "y"), times)


def check_periods(times: Sequence[object]) -> None:
    """Refuse too few periods, and numbered periods with gaps, over which a lag would reach too far.

    Raises
    ------
    InputError
    """
    if len(times) < 3:
        raise InputError(
            f"{len(times)} periods ({enumerate_labels(times)}): a dynamic panel needs at least three, the first of "
            "which is the past that the others are explained from."
        )
    check_spacing(times)


def check_spacing(times: Sequence[object]) -> None:
    """Refuse numbered periods with gaps, over which a lag would reach too far.

    Raises
    ------
    InputError
        The message names the gap.
    """
    if not all(isinstance(time, (int, float, np.integer, np.floating)) for time in times):
        return
    steps = np.diff(np.asarray(times, dtype=float))
    if len(steps) and np.ptp(steps) > 1e-9 * max(1.0, float(np.abs(steps).max())):
        widest = int(np.argmax(steps))
        raise InputError(
            f"periods are not equally spaced: {times[widest + 1]} follows {times[widest]}. A lag would reach over "
            f"{steps[widest]:g} there and {steps.min():g} elsewhere. Fill the gap, or give periods that are."
        )


def _from_first_known(y: pd.Series) -> pd.Series:
    """Leave out leading periods in which nothing of y is known."""
    times = sorted(set(y.index.get_level_values(1)))
    known = set(y.index.get_level_values(1)[y.notna().to_numpy()])
    empty = [time for i, time in enumerate(times) if not known.intersection(times[: i + 1])]
    if not empty or len(empty) == len(times):
        return y
    gone = y.index.get_level_values(1).isin(empty)
    warnings.warn(
        f"{int(gone.sum())} rows left out: {y.name or 'y'} is missing for every entity in {enumerate_labels(empty)}. "
        f"The panel starts from {times[len(empty)]}.",
        DroppedRowsWarning,
        stacklevel=4,
    )
    return y[~gone]


def _refuse_missing(y0: Array, ids: Sequence[str], name: str, times: Sequence[object]) -> None:
    """Name the entities whose past is not known."""
    bad = [label for label, value in zip(ids, y0, strict=True) if not np.isfinite(value)]
    if bad:
        raise InputError(
            f"{name} is missing or infinite in the first period {times[0]} for {enumerate_labels(bad)}: a dynamic "
            "panel is explained from there. Drop those entities, which missing='drop-entities' does, or start the "
            f"panel in {times[1]}."
        )
