"""The caller's rows (entity, time): checked, matched, put in order; one label stands for one row everywhere."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels
from gvcpos.spatial.weights import Weights

Array = npt.NDArray[np.float64]


def column(y: pd.Series | pd.DataFrame) -> pd.Series:
    """Return y as a Series.

    Raises
    ------
    InputError
        If it is no Series and no frame of one column.
    """
    if isinstance(y, pd.DataFrame):
        if y.shape[1] != 1:
            raise InputError(f"y has {y.shape[1]} columns ({enumerate_labels(y.columns)}); one is needed.")
        return y.iloc[:, 0]
    if not isinstance(y, pd.Series):
        raise InputError(
            f"y is a {type(y).__name__}; a Series on (entity, time) is needed. For arrays use SpatialPanel.from_arrays."
        )
    return y


def pairs(index: pd.Index, what: str) -> list[tuple[str, object]]:
    """Return the rows as (entity, time), entity as text.

    Raises
    ------
    InputError
        If the index has not two levels.
    LabelError
        If a row is given twice.
    """
    if not isinstance(index, pd.MultiIndex) or index.nlevels != 2:
        raise InputError(f"{what} needs a two-level index (entity, time); set_index([entity, time]) makes one.")
    rows = [(str(entity), time) for entity, time in index]
    if len(set(rows)) != len(rows):
        seen: set[tuple[str, object]] = set()
        twice = [row for row in rows if row in seen or seen.add(row)]  # type: ignore[func-returns-value]
        raise LabelError(f"{what}: rows given twice: {show(twice)}. Each entity and time must occur once.")
    return rows


def match(have: list[tuple[str, object]], want: list[tuple[str, object]]) -> npt.NDArray[np.intp]:
    """Return the positions of y's rows among X's.

    Raises
    ------
    LabelError
        If one has rows that the other lacks.
    """
    place = {row: i for i, row in enumerate(have)}
    wanted = set(want)
    missing = [row for row in want if row not in place]
    extra = [row for row in have if row not in wanted]
    if missing or extra:
        parts = [f"X lacks {show(missing)}"] * bool(missing) + [f"y lacks {show(extra)}"] * bool(extra)
        raise LabelError(f"X and y have different rows: {'; '.join(parts)}. Give both the same rows.")
    return np.array([place[row] for row in want], dtype=np.intp)


def periods(rows: list[tuple[str, object]]) -> tuple[object, ...]:
    """Periods in ascending order."""
    return tuple(sorted(dict.fromkeys(time for _, time in rows)))  # type: ignore[type-var]


def positions(rows: list[tuple[str, object]], times: tuple[object, ...], W: Weights) -> npt.NDArray[np.intp]:
    """Return the positions of the rows in the stacked arrays (time, unit).

    Raises
    ------
    InputError
        If rows are missing.
    """
    unit = {label: i for i, label in enumerate(W.ids)}
    period = {time: i for i, time in enumerate(times)}
    if len(rows) != len(unit) * len(period):
        there = set(rows)
        gaps = [(entity, time) for entity in W.ids for time in times if (entity, time) not in there]
        raise InputError(
            f"the panel is not balanced: {len(gaps)} rows are missing: {show(gaps)}. "
            "Drop those entities or periods, which missing='drop-entities' or 'drop-periods' does, "
            "or fill the gaps first."
        )
    return np.array([period[time] * W.n + unit[entity] for entity, time in rows], dtype=np.intp)


def numbers(column: pd.Series) -> Array:
    """Return a column as float.

    Raises
    ------
    InputError
        If it is not numeric.
    """
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        raise InputError(f"column {column.name!r} is not numeric ({column.dtype}). Convert it first.")
    return column.to_numpy(dtype=float, na_value=np.nan)


def table(frame: pd.DataFrame) -> Array:
    """Return all columns as floats, shape (rows, k); see `numbers`."""
    columns = [numbers(frame.iloc[:, j]) for j in range(frame.shape[1])]
    return np.column_stack(columns) if columns else np.empty((len(frame), 0))


def refuse_missing(values: Array, rows: Iterable[tuple[str, object]], columns: tuple[str, ...]) -> None:
    """Refuse missing and infinite values.

    Raises
    ------
    InputError
        The message names the cells.
    """
    bad = np.argwhere(~np.isfinite(values))
    if bad.size:
        listed = list(rows)
        shown = [f"{columns[j]} of {listed[i][0]} in {listed[i][1]}" for i, j in bad[:8]]
        raise InputError(
            f"{len(bad)} values are missing or infinite: {'; '.join(shown)}"
            f"{' ...' if len(bad) > 8 else ''}. Drop the entities or periods, which "
            "missing='drop-entities' or 'drop-periods' does, or fill them first."
        )


def level_names(index: pd.Index) -> list[str]:
    """Return the names of the two levels, entity and time where they have none."""
    return [
        str(name) if name is not None else default
        for name, default in zip(index.names, ("entity", "time"), strict=True)
    ]


def show(rows: Iterable[tuple[str, object]]) -> str:
    """Write rows for a message, the first of many."""
    return enumerate_labels(f"({entity}, {time})" for entity, time in rows)


def indexed(data: pd.DataFrame, entity: str, time: str) -> pd.DataFrame:
    """Return `data` on the index (entity, time).

    Raises
    ------
    InputError
        If it has neither such an index nor such columns.
    """
    if isinstance(data.index, pd.MultiIndex) and data.index.nlevels == 2:
        return data
    absent = [name for name in (entity, time) if name not in data.columns]
    if absent:
        raise InputError(
            f"the data have no column {' and no column '.join(map(repr, absent))} and no two-level index. "
            f"Say entity=..., time=...; columns: {enumerate_labels(data.columns, 20)}."
        )
    return data.set_index([entity, time])
