"""Weights from distances: inverse distance with a power and a cut-off, and k nearest neighbours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from gvcpos._core.errors import InputError
from gvcpos._core.labels import align
from gvcpos._core.options import Islands
from gvcpos._core.sphere import haversine
from gvcpos.spatial.weights.matrix import Weights
from gvcpos.spatial.weights.pairs import read_pairs, square
from gvcpos.spatial.weights.sphere import coordinates

FloatArray = npt.NDArray[np.float64]


def inverse_distance(
    points: pd.DataFrame | None = None,
    *,
    distances: pd.DataFrame | str | Path | None = None,
    power: float = 1.0,
    cutoff: float | None = None,
    islands: Islands = "error",
) -> Weights:
    """Weigh neighbours by 1/d^power.

    Parameters
    ----------
    points : DataFrame, optional
        Capitals: columns ``lat`` and ``lon`` in degrees; labels in the index or a column ``country`` or ``iso3``.
        Distances are great circles in kilometres.
    distances : DataFrame or path, optional
        Instead of points: columns origin, destination, distance (any unit), every pair in both directions; a square
        labelled frame; or a csv file of the three columns.
    power : float
        Positive.
    cutoff : float, optional
        Pairs farther apart than this (in the unit of the distances) are no neighbours.
    islands : {"error", "keep"}
        What to do with units that the cut-off leaves alone.

    Returns
    -------
    Weights
        Not normalised; call ``.normalised("row")``.

    Raises
    ------
    InputError
        If neither or both of points and distances are given, a distance is not positive, two points coincide, or a
        unit is left without neighbours.
    LabelError
        If labels are duplicated or pairs are missing; the message names them.
    """
    if not (np.isfinite(power) and power > 0):
        raise InputError(f"power={power}: it must be positive.")
    if cutoff is not None and not cutoff > 0:
        raise InputError(f"cutoff={cutoff}: it must be positive, in the unit of the distances.")
    ids, d = _distances(points, distances)
    unit = "km, great circle" if points is not None else "as given"
    weight = np.zeros_like(d)
    near = ~np.eye(len(ids), dtype=bool)
    if cutoff is not None:
        near &= d <= cutoff
    weight[near] = d[near] ** -float(power)
    limit = "" if cutoff is None else f", up to {cutoff:g}"
    return Weights.from_dense(
        ids,
        weight,
        kind="inverse_distance",
        description=f"{'1/d' if power == 1 else f'1/d^{power:g}'}{limit} ({unit})",
        parameters={"power": float(power), "cutoff": None if cutoff is None else float(cutoff)},
        islands=islands,
    )


def knn(points: pd.DataFrame, k: int = 5) -> Weights:
    """Weigh the k nearest units 1, all others 0.

    Parameters
    ----------
    points : DataFrame
        As for `inverse_distance`.
    k : int
        From 1 to n − 1. Among equally distant units (to a millimetre) those first in the alphabet are nearest, whatever
        the order of the rows.

    Returns
    -------
    Weights
        Binary, in general not symmetric, without islands.

    Raises
    ------
    InputError
        If k is out of range or a coordinate is unusable.
    LabelError
        If a label is duplicated.
    """
    ids, degrees = coordinates(points)
    n = len(ids)
    if int(k) != k or not 1 <= k < n:
        raise InputError(f"k={k} with {n} points: k must be a whole number from 1 to {n - 1}.")
    # Rounded to a millimetre: otherwise the last bit of a sine decides a tie, and not the label.
    d = haversine(degrees[:, 0], degrees[:, 1]).round(6)
    np.fill_diagonal(d, np.inf)
    alphabet = np.argsort(np.argsort(np.array(ids)))
    nearest = np.array([np.lexsort((alphabet, row))[: int(k)] for row in d])
    rows = np.repeat(np.arange(n), int(k))
    matrix = sparse.csr_array((np.ones(rows.size), (rows, nearest.ravel())), shape=(n, n))
    return Weights.from_sparse(
        ids,
        matrix,
        kind="knn",
        description=f"{k} nearest by great circle",
        parameters={"k": int(k)},
    )


def _distances(
    points: pd.DataFrame | None, distances: pd.DataFrame | str | Path | None
) -> tuple[tuple[str, ...], FloatArray]:
    """Return labels and an (n, n) array of distances from whichever was given."""
    if (points is None) == (distances is None):
        raise InputError("give either points or distances, and not both.")
    if points is not None:
        ids, degrees = coordinates(points)
        d = haversine(degrees[:, 0], degrees[:, 1])
        same = np.argwhere(np.triu(d < 1e-3, 1))
        if same.size:
            i, j = same[0]
            raise InputError(f"{ids[i]} and {ids[j]} lie at the same point; 1/d has no value there.")
        return ids, d
    if not isinstance(distances, pd.DataFrame):
        return square(read_pairs(distances))  # type: ignore[arg-type]
    if "origin" in distances.columns:
        return square(distances)
    order = align(list(distances.columns), list(distances.index), "columns of the distances", "their rows")
    labels = [str(label) for label in distances.index]
    full = pd.DataFrame(distances.to_numpy(dtype=np.float64)[:, order], index=labels, columns=labels)
    return square(
        full.rename_axis("origin").reset_index().melt("origin", var_name="destination", value_name="distance")
    )
