"""Distances given pair by pair, in a frame or a file, as a labelled square array."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import FormatError, InputError, LabelError
from gvcpos._core.files import existing_file
from gvcpos._core.labels import enumerate_labels

COLUMNS = ("origin", "destination", "distance")


def read_pairs(path: str | Path) -> pd.DataFrame:
    """Read a csv of origin, destination, distance; ``"NA"`` stays a label.

    Raises
    ------
    FormatError
        If a column is absent or a distance is not a number; the message names the line.
    """
    source = existing_file(path, "distances between countries")
    frame = pd.read_csv(source, keep_default_na=False, dtype=str)
    missing = [c for c in COLUMNS if c not in frame.columns]
    if missing:
        raise FormatError(
            f"{source}: no column {', '.join(missing)}; there are {enumerate_labels(frame.columns, 20)}. "
            f"A distance file has the columns {', '.join(COLUMNS)}."
        )
    number = pd.to_numeric(frame["distance"], errors="coerce")
    if number.isna().any():
        k = int(np.flatnonzero(number.isna())[0])
        raise FormatError(f"{source}, line {k + 2}: the distance is {frame['distance'][k]!r}, not a number.")
    return frame[["origin", "destination"]].assign(distance=number)


def square(pairs: pd.DataFrame) -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
    """Arrange pairwise distances as a square.

    Parameters
    ----------
    pairs : DataFrame
        Columns origin, destination, distance. Both directions must be given (they may differ); pairs of a unit with
        itself are ignored. The units are those of either column, in order of first appearance as origin.

    Returns
    -------
    ids : tuple of str
        n labels.
    distance : ndarray, shape (n, n)
        0 on the diagonal.

    Raises
    ------
    LabelError
        If a pair is given twice or not at all.
    InputError
        If a column is absent, or a distance is not finite or not positive.
    """
    missing = [c for c in COLUMNS if c not in pairs.columns]
    if missing:
        raise InputError(
            f"distances have no column {', '.join(missing)}; they need {', '.join(COLUMNS)}, not "
            f"{enumerate_labels(pairs.columns, 20)}."
        )
    origin, destination = ([str(v) for v in pairs[c]] for c in COLUMNS[:2])
    ids = tuple(dict.fromkeys([*origin, *destination]))
    place = {label: i for i, label in enumerate(ids)}
    rows = np.array([place[label] for label in origin], dtype=np.intp)
    columns = np.array([place[label] for label in destination], dtype=np.intp)
    times = np.zeros((len(ids), len(ids)), dtype=int)
    np.add.at(times, (rows, columns), 1)
    np.fill_diagonal(times, 1)
    _require(times <= 1, ids, "distances given twice for", "Give each pair once.")
    _require(times >= 1, ids, "no distance for", "Give every pair, in both directions.")
    distance = np.zeros(times.shape)
    distance[rows, columns] = pairs["distance"].to_numpy(dtype=np.float64)
    np.fill_diagonal(distance, 0.0)
    _require_positive(distance, ids)
    return ids, distance


def _require(good: npt.NDArray[np.bool_], ids: tuple[str, ...], what: str, advice: str) -> None:
    bad = [f"{ids[i]} -> {ids[j]}" for i, j in np.argwhere(~good)]
    if bad:
        raise LabelError(f"{what} {enumerate_labels(bad)}. {advice}")


def _require_positive(distance: npt.NDArray[np.float64], ids: tuple[str, ...]) -> None:
    bad = ~(np.isfinite(distance) & (distance > 0))
    np.fill_diagonal(bad, False)
    if bad.any():
        i, j = np.argwhere(bad)[0]
        raise InputError(f"the distance {ids[i]} -> {ids[j]} is {distance[i, j]}; it must be positive and finite.")
