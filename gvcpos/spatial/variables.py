"""Values brought to the units of spatial weights, and panels taken apart by year: one variable at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import align, enumerate_labels
from gvcpos.spatial.weights.matrix import Weights

FloatArray = npt.NDArray[np.float64]
_FEWEST = 4


@lru_cache(maxsize=8)
def alphabetical(weights: Weights) -> Weights:
    """Return the weights in alphabetical order, so that no result, to the last bit, depends on the order of rows."""
    return weights.align(sorted(weights.ids))


def values_for(values: pd.Series, weights: Weights, what: str = "the values") -> FloatArray:
    """Return the values in the order of the weights, shape (n,), fit for a test of spatial autocorrelation.

    Raises
    ------
    LabelError
        If the labels are not exactly the units of the weights.
    InputError
        If a value is missing or not finite, all values are equal, or there are fewer than four.
    """
    if values.index.nlevels != 1:
        raise InputError(
            f"{what} are indexed by {values.index.nlevels} levels ({', '.join(map(str, values.index.names))}); "
            "one value a unit is needed. Take one year, or moran_by_year."
        )
    order = align(list(values.index), weights.ids, what, "the weights")
    out = values.to_numpy(dtype=np.float64, na_value=np.nan)[order]
    bad = ~np.isfinite(out)
    if bad.any():
        names = enumerate_labels(weights.ids[i] for i in np.flatnonzero(bad))
        raise InputError(f"{what} are missing or not finite for {names}. Take these units out of both, by name.")
    if len(out) < _FEWEST:
        raise InputError(f"{what}: {len(out)} units; the moments of Moran's I need {_FEWEST} or more.")
    if np.ptp(out) <= 1e-12 * np.abs(out).max():
        raise InputError(f"{what} are all {out[0]:.6g}; a constant has no spatial pattern to test.")
    if weights.matrix.nnz == 0:
        raise InputError("no unit has a neighbour; there is nothing to test.")
    return out


def column_name(data: pd.DataFrame | pd.Series, column: str | None) -> str:
    """Return what the variable of a panel is called; a Series has its own name."""
    return str(data.name or "value") if isinstance(data, pd.Series) else str(column)


def by_year(
    data: pd.DataFrame | pd.Series, column: str | None, entity: str, time: str
) -> Iterator[tuple[object, pd.Series]]:
    """Yield (year, values indexed by country) in ascending years.

    Parameters
    ----------
    data : DataFrame or Series
        With `entity` and `time` as columns or as index levels.
    column : str, optional
        The variable; not needed for a Series.

    Raises
    ------
    InputError
        If a column or level is absent, or the data have no labels.
    LabelError
        If a country occurs twice in a year.
    """
    if not isinstance(data, (pd.DataFrame, pd.Series)):
        raise InputError(
            f"the panel is a {type(data).__name__}; a DataFrame or Series with {entity!r} and {time!r} as columns or "
            "index levels is needed."
        )
    name = column_name(data, column)
    frame = data.to_frame(name) if isinstance(data, pd.Series) else data
    if not {entity, time} <= set(frame.columns) and frame.index.nlevels > 1:
        frame = frame.reset_index()
    missing = [c for c in (entity, time, name) if c not in frame.columns]
    if missing:
        raise InputError(f"no column {', '.join(missing)}; there are {enumerate_labels(frame.columns, 20)}.")
    twice = frame.duplicated([entity, time])
    if twice.any():
        pairs = (f"{c} {t}" for c, t in zip(frame.loc[twice, entity], frame.loc[twice, time], strict=True))
        raise LabelError(
            f"{name}: given twice for {enumerate_labels(pairs)}. Choose one stage or sector, so that each "
            f"{entity} occurs once in a {time}."
        )
    for year, part in frame.groupby(time, sort=True):
        yield year, pd.Series(part[name].to_numpy(), index=part[entity].astype(str).to_numpy(), name=name)


def panel_for(
    data: pd.DataFrame | pd.Series, column: str | None, weights: Weights, entity: str, time: str
) -> tuple[FloatArray, list[object]]:
    """Return a balanced panel in the order of the weights, shape (n, T), and its years, ascending.

    Raises
    ------
    LabelError
        If a country is missing, left over or given twice in a year; the message names both.
    InputError
        If a value is missing, a year's values are constant, or there are no rows.
    """
    years, parts = [], []
    for year, values in by_year(data, column, entity, time):
        years.append(year)
        parts.append(values_for(values, weights, f"{values.name} of {year}"))
    if not years:
        raise InputError("the panel has no rows.")
    return np.column_stack(parts), years


def weights_of(weights: Weights | Mapping[Any, Weights], year: object) -> Weights:
    """Return the weights of a year.

    Raises
    ------
    LabelError
        If weights go by year and this one has none.
    """
    if not isinstance(weights, Mapping):
        return Weights.of(weights, "weights")
    if year not in weights:
        raise LabelError(f"there are no weights for {year}; the mapping has {enumerate_labels(map(str, weights))}.")
    return Weights.of(weights[year], f"weights[{year}]")
