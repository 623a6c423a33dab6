"""Files of pairs of countries: distances, and flows behind linkage weights."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError, LabelError, LeftOutWarning
from gvcpos._core.labels import enumerate_labels
from gvcpos.spatial import Weights
from gvcpos.study.places import Places, need_columns, read_csv, rows_where
from gvcpos.study.spec import ColumnFile, FlowFile


def read_distances(block: ColumnFile, places: Places, countries: Iterable[str]) -> pd.DataFrame:
    """Read pairs of countries and their distance, as columns origin, destination, distance.

    Raises
    ------
    LabelError
        If the file has a country that the study lacks and ``extra`` is ``"error"``. (Missing and duplicated pairs
        are found when the weights are made.)
    """
    return _read_pairs(block, places, countries, "distance")


def flow_weights(block: FlowFile, places: Places, countries: Sequence[str]) -> Weights:
    """Make linkage weights from a file of flows: w_ij = flow from i to j + flow from j to i, not normalised.

    Parameters
    ----------
    block : FlowFile
    places : Places
    countries : sequence of str
        The countries of the study.

    Returns
    -------
    Weights
        Of the countries of the file among them, in the study's order. Countries without a flow are kept.

    Raises
    ------
    LabelError
        If a pair is there twice, or a country has no row and ``absent`` is ``"error"``; and as `read_distances`.
    InputError
        If a flow is negative or not a number.

    Warns
    -----
    LeftOutWarning
        Naming the countries that the file lacks.
    """
    pairs = _read_pairs(block, places, countries, "flow")
    twice = pairs.duplicated(["origin", "destination"])
    if twice.any():
        named = enumerate_labels(" -> ".join(row) for row in pairs.loc[twice, ["origin", "destination"]].to_numpy())
        raise LabelError(f"{block.path}: flows given twice for {named}. Choose rows with where.")
    there = set(pairs["origin"]) | set(pairs["destination"])
    kept = _kept(block, countries, there)
    wide = pairs.pivot(index="origin", columns="destination", values="flow")
    flow = wide.reindex(index=kept, columns=kept).fillna(0.0).to_numpy(copy=True)
    np.fill_diagonal(flow, 0.0)
    year = "".join(f", {name} {value}" for name, value in block.where.items())
    return Weights.from_dense(
        kept, flow + flow.T, kind="linkage", description=f"flows of {block.value}{year}", islands="keep"
    )


def _kept(block: FlowFile, countries: Sequence[str], there: set[str]) -> list[str]:
    absent = [country for country in countries if country not in there]
    if absent and block.absent == "error":
        raise LabelError(
            f"{block.path}: no flow of {enumerate_labels(absent)}. Add the rows, exclude the countries, or set "
            "absent: drop to leave them out of what uses these weights."
        )
    if absent:
        warnings.warn(
            f"{block.path}: no flow of {len(absent)} of {len(countries)} countries, {enumerate_labels(absent, 80)}; "
            "they are left out of what uses these weights (absent: drop).",
            LeftOutWarning,
            stacklevel=3,
        )
    return [country for country in countries if country in there]


def _read_pairs(block: ColumnFile, places: Places, countries: Iterable[str], name: str) -> pd.DataFrame:
    path = places.file(block.path)
    names = {block.origin: "origin", block.destination: "destination", block.value: name}
    frame = read_csv(path, [block.origin, block.destination])
    need_columns(frame, list(names), path)
    frame = rows_where(frame, block.where, path).rename(columns=names)[list(names.values())]
    chosen = set(countries)
    left = sorted((set(frame["origin"]) | set(frame["destination"])) - chosen)
    if left and block.extra == "error":
        raise LabelError(f"{path}: {name}s of {enumerate_labels(left)}, which are not in the study. Set extra: drop.")
    frame = frame[frame["origin"].isin(chosen) & frame["destination"].isin(chosen)]
    if name == "flow":
        values = pd.to_numeric(frame[name], errors="coerce")
        bad = ~(np.isfinite(values) & (values >= 0))
        if bad.any():
            pair = " -> ".join(frame.loc[bad, ["origin", "destination"]].iloc[0])
            raise InputError(f"{path}: the {name} {pair} is {frame.loc[bad, name].iloc[0]}; it must be 0 or more.")
        frame = frame.assign(flow=values)
    return frame
