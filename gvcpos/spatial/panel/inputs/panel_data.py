"""A panel brought to the order of W, by label: the one place where labels meet arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import align, unique
from gvcpos._core.options import ExtraUnits, MissingRule, choose
from gvcpos.spatial.panel.inputs import rows as rows_of
from gvcpos.spatial.panel.inputs.missing import LeftOut, apply_rule, narrowed, refuse_infinite, with_past
from gvcpos.spatial.panel.inputs.recipe import Recipe
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.periods import PeriodWeights, as_weights

Array = npt.NDArray[np.float64]
Label = TypeVar("Label")


@dataclass(frozen=True)
class PanelData:
    """y and X as arrays in the order (time ascending, units of W), and the way back to the caller's rows.

    Attributes
    ----------
    y : ndarray, shape (T, N)
    X : ndarray, shape (T, N, k)
    y_name : str
    names : tuple of str
        Regressors.
    times : tuple
    weights : Weights
        Or PeriodWeights of these times, which stand for them where weights change.
    rows : MultiIndex or None
        The caller's rows (entity, time); None for arrays, whose rows are (unit, time) in stacked order.
    position : ndarray of int, shape (T*N,)
        Where each of the caller's rows stands in the stacked arrays.
    left_out : LeftOut
        What a rule for missing values or for the units of W left out.
    recipe : Recipe or None
        The formula that X was made with.
    """

    y: Array
    X: Array
    y_name: str
    names: tuple[str, ...]
    times: tuple[object, ...]
    weights: Weights
    rows: pd.MultiIndex | None
    position: npt.NDArray[np.intp]
    left_out: LeftOut = field(default_factory=LeftOut)
    recipe: Recipe | None = None

    @cached_property
    def index(self) -> pd.MultiIndex:
        """The caller's rows (entity, time)."""
        if self.rows is not None:
            return self.rows
        product = pd.MultiIndex.from_product([self.times, self.weights.ids], names=["time", "entity"])
        return product.swaplevel()

    def series(self, values: Array, name: str) -> pd.Series:
        """Return a (T, N) array as a Series on the caller's rows, in the caller's order."""
        return pd.Series(values.reshape(-1)[self.position], index=self.index, name=name)


def from_frames(
    y: pd.Series | pd.DataFrame,
    X: pd.DataFrame | pd.Series,
    W: Weights,
    *,
    missing: MissingRule = "error",
    extra_units: ExtraUnits = "error",
    past: bool = False,
) -> PanelData:
    """Check and align a panel given as frames on a two-level index (entity, time).

    Parameters
    ----------
    y : Series or one-column DataFrame
    X : DataFrame or Series
        Same rows as y; order does not matter.
    W : Weights
        Its units must be exactly the entities.
    missing, extra_units
        What to do where rows or values are missing, and with units of W without rows; see `SpatialPanel`.
    past : bool
        Whether each period is explained from the one before, so that regressors of the first are not used: they may
        be missing, and become 0.

    Raises
    ------
    LabelError
        If rows are duplicated, X and y have different rows, or the entities are not the units of W.
    InputError
        If the panel is not balanced or a value is missing and no rule says what to leave out, a value is infinite
        or not a number, the rule leaves nothing, or a unit loses all its neighbours.

    Warns
    -----
    DroppedRowsWarning
        If the rule leaves anything out.
    """
    choose(missing, MissingRule, "missing")
    choose(extra_units, ExtraUnits, "extra_units")
    target, frame = rows_of.column(y), X.to_frame() if isinstance(X, pd.Series) else X
    rows = rows_of.pairs(target.index, "y")
    order = rows_of.match(rows_of.pairs(frame.index, "X"), rows)
    names = unique(frame.columns, "regressors")
    y_name = str(target.name) if target.name is not None else "y"
    values = np.column_stack([rows_of.numbers(target), rows_of.table(frame)[order]])
    values = _without_first(values, rows) if past else values
    W, units = _units(rows, cast(Weights, as_weights(W)), extra_units)
    kept, W, out = _complete(rows, values, W, missing, columns=(y_name, *names), past=past)
    rows, values = [row for row, stays in zip(rows, kept, strict=True) if stays], values[kept]
    times = rows_of.periods(rows)
    values = _without_first(values, rows) if past else values
    position = rows_of.positions(rows, times, W)
    rows_of.refuse_missing(values, rows, (y_name, *names))
    cube = np.empty_like(values)
    cube[position] = values
    cube = cube.reshape(len(times), W.n, -1)
    index = cast(pd.MultiIndex, target.index[kept].set_names(rows_of.level_names(target.index)))
    y_cube, out = np.ascontiguousarray(cube[:, :, 0]), replace(out, units=units)
    W = _of_periods(W, times, out)
    return PanelData(y_cube, cube[:, :, 1:], y_name, names, times, W, index, position, out)


def from_arrays(
    y: npt.ArrayLike,
    X: npt.ArrayLike,
    W: Weights,
    *,
    names: Sequence[str] | None = None,
    times: Sequence[object] | None = None,
    y_name: str = "y",
    missing: MissingRule = "error",
    past: bool = False,
) -> PanelData:
    """Take arrays that are already in the order of W.

    Parameters
    ----------
    y : array, shape (T, N)
    X : array, shape (T, N, k)
    W : Weights of N units
    names : sequence of k str, optional
        Default ``x1``, ``x2``, ...
    times : sequence of T labels, optional
        Default 0, 1, ...
    missing
        What to do where a value is NaN; see `SpatialPanel`.
    past : bool
        See `from_frames`.

    Raises
    ------
    InputError
        If a shape does not fit, or a value is not finite and no rule says what to leave out.
    """
    choose(missing, MissingRule, "missing")
    W = cast(Weights, as_weights(W))
    target, regressors = np.array(y, dtype=float), np.array(X, dtype=float)
    if target.ndim != 2 or target.shape[1] != W.n:
        raise InputError(f"y has shape {target.shape}; (T, N) with N = {W.n} units of W is needed.")
    if regressors.ndim != 3 or regressors.shape[:2] != target.shape:
        raise InputError(f"X has shape {regressors.shape}; {(*target.shape, 'k')} is needed.")
    k = regressors.shape[2]
    labels = unique(names if names is not None else [f"x{j + 1}" for j in range(k)], "regressors")
    periods = tuple(times if times is not None else range(len(target)))
    if len(labels) != k or len(set(periods)) != len(target):
        raise InputError(
            f"{len(labels)} names and {len(set(periods))} times for {k} regressors and {len(target)} periods."
        )
    regressors[: int(past)] = 0.0
    stacked = np.column_stack([target.reshape(-1), regressors.reshape(-1, k)])
    rows = [] if np.isfinite(stacked).all() else [(unit, time) for time in periods for unit in W.ids]
    if missing == "error" or not rows:
        rows_of.refuse_missing(stacked, rows, (y_name, *labels))
        W = _of_periods(W, periods, LeftOut())
        return PanelData(target, regressors, y_name, labels, periods, W, None, np.arange(target.size), LeftOut(missing))
    kept, W, out = _complete(rows, stacked, W, missing, columns=(y_name, *labels), times=periods, past=past)
    values = stacked[kept].reshape(-1, W.n, k + 1)
    values[: int(past), :, 1:] = 0.0
    periods, place = _without(periods, out.periods), np.arange(len(values) * W.n)
    W = _of_periods(W, periods, out)
    y_cube = np.ascontiguousarray(values[:, :, 0])
    return PanelData(y_cube, values[:, :, 1:], y_name, labels, periods, W, None, place, out)


def _of_periods(W: Weights, times: tuple[object, ...], out: LeftOut) -> Weights:
    """Bring weights that change to the panel's periods."""
    return cast(Weights, W.at(times, out.periods)) if isinstance(W, PeriodWeights) else W


def _without_first(values: Array, rows: list[tuple[str, object]]) -> Array:
    """Set the regressors of the first period to zero; values (rows, 1 + k), y first."""
    first = rows_of.periods(rows)[:1]
    return np.where(
        np.array([(time,) == first for _, time in rows])[:, None] & (np.arange(values.shape[1]) > 0), 0.0, values
    )


def _units(rows: list[tuple[str, object]], W: Weights, extra_units: str) -> tuple[Weights, tuple[str, ...]]:
    """Bring W to the entities: refuse unknown ones; refuse or cut off units without rows, and name those cut off."""
    entities = dict.fromkeys(entity for entity, _ in rows)
    absent = tuple(label for label in W.ids if label not in entities) if extra_units == "subset" else ()
    align(tuple(entities) + absent, W.ids, "the panel", "the weights W")
    return (narrowed(W, _without(W.ids, absent)) if absent else W), absent


def _without(labels: tuple[Label, ...], gone: tuple[Label, ...]) -> tuple[Label, ...]:
    left = set(gone)
    return tuple(label for label in labels if label not in left)


def _complete(
    rows: list[tuple[str, object]],
    values: Array,
    W: Weights,
    rule: MissingRule,
    *,
    columns: tuple[str, ...],
    times: tuple[object, ...] | None = None,
    past: bool = False,
) -> tuple[npt.NDArray[np.bool_], Weights, LeftOut]:
    """Tell which of the caller's rows stay under a rule for missing values, cut W, and say what the rule left out."""
    if rule == "error":
        return np.ones(len(rows), dtype=bool), W, LeftOut()
    refuse_infinite(values, rows, columns)
    times = times or rows_of.periods(rows)
    unit = {label: i for i, label in enumerate(W.ids)}
    period = {time: t for t, time in enumerate(times)}
    at = (np.array([period[time] for _, time in rows]), np.array([unit[entity] for entity, _ in rows]))
    present, known = (np.zeros((len(times), W.n), dtype=bool) for _ in range(2))
    present[at], known[at] = np.isfinite(values).all(axis=1), np.isfinite(values[:, 0])
    if past and rule == "drop-periods":
        present = with_past(present, known, times)
    (entities, periods), out = apply_rule(present, W.ids, times, rule)
    stays = periods[at[0]] & entities[at[1]]
    W = narrowed(W, _without(W.ids, out.entities)) if out.entities else W
    return stays, W, replace(out, rows=int((~stays).sum()))
