"""Weights from data frames: a labelled square, or an edge list."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import align, enumerate_labels
from gvcpos._core.options import Islands
from gvcpos.spatial.weights.matrix import Weights
from gvcpos.spatial.weights.triples import Triples, assemble


def from_square(frame: pd.DataFrame, *, kind: str = "custom", islands: Islands = "error") -> Weights:
    """Make weights from a frame whose rows (focal units) and columns (neighbours) bear the same labels.

    Parameters
    ----------
    frame : DataFrame, shape (n, n)
        Its units are taken in the order of the rows; that of the columns does not matter.
    kind, islands
        As in `Weights.from_dense`.

    Raises
    ------
    LabelError
        If a label is duplicated, or rows and columns differ.
    InputError
        If a column is not numeric; and as `Weights.from_dense`.
    """
    try:
        order = align(list(frame.columns), list(frame.index), "the columns of the weights", "their rows")
    except LabelError as error:
        raise LabelError(f"{error} A list of pairs is read by from_edges of gvcpos.spatial.weights.") from error
    text = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    if text:
        raise InputError(f"columns of the weights that are not numeric: {enumerate_labels(text)}. Convert them first.")
    array = frame.to_numpy(dtype=np.float64, na_value=np.nan)[:, order]
    return Weights.from_dense(list(frame.index), array, kind=kind, description="from a frame", islands=islands)


def from_edges(
    frame: pd.DataFrame,
    *,
    origin: str = "focal",
    destination: str = "neighbour",
    weight: str | None = "weight",
    ids: Iterable[object] | None = None,
    kind: str = "custom",
    islands: Islands = "error",
) -> Weights:
    """Make weights from a list of pairs, one a row.

    Parameters
    ----------
    frame : DataFrame
    origin, destination : str
        Columns of the unit whose row of W it is, and of its neighbour.
    weight : str or None
        Column of the weights; None makes all of them 1.
    ids : iterable of str, optional
        All units, in order; default those of the pairs in order of appearance.
    kind, islands
        As in `Weights.from_sparse`.

    Raises
    ------
    LabelError
        If a label is missing or not among `ids`; the message names it and its row.
    FormatError
        If a pair is given twice.
    InputError
        If a column is absent; and as `Weights.from_sparse`.
    """
    absent = [name for name in (origin, destination, weight) if name is not None and name not in frame.columns]
    if absent:
        raise InputError(
            f"the edges have no column {', '.join(map(repr, absent))}; there are {enumerate_labels(frame.columns, 20)}."
        )
    for name in (origin, destination):
        empty = np.flatnonzero(frame[name].isna())
        if empty.size:
            raise InputError(f"the edges, row {empty[0]}: no label in column {name!r}.")
    if weight is not None and not pd.api.types.is_numeric_dtype(frame[weight]):
        raise InputError(f"column {weight!r} of the edges is not numeric ({frame[weight].dtype}). Convert it first.")
    values = np.ones(len(frame)) if weight is None else frame[weight].to_numpy(dtype=np.float64, na_value=np.nan)
    focal, neighbour = ([str(label) for label in frame[name]] for name in (origin, destination))
    given = Triples("the edges", focal, neighbour, values.tolist(), range(len(frame)), "row")
    units, matrix = assemble(given, ids)
    return Weights.from_sparse(units, matrix, kind=kind, description="from an edge list", islands=islands)
