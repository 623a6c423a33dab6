"""Points given by latitude and longitude, and the great circles between them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels, unique
from gvcpos._core.sphere import haversine


def coordinates(points: pd.DataFrame) -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
    """Return the labels and the (n, 2) latitudes and longitudes of a frame of points.

    Parameters
    ----------
    points : DataFrame
        Columns ``lat`` and ``lon`` in degrees; labels in a column ``iso3`` or ``country``, else in the index.

    Raises
    ------
    InputError
        If a column is absent or a coordinate is missing or outside its range.
    LabelError
        If a label is duplicated.
    """
    missing = [c for c in ("lat", "lon") if c not in points.columns]
    if missing:
        raise InputError(
            f"points have no column {' and '.join(missing)}; there are: {enumerate_labels(points.columns, 20)}."
        )
    named = next((c for c in ("iso3", "country") if c in points.columns), None)
    ids = unique(points.index if named is None else points[named], "points")
    degrees = points[["lat", "lon"]].to_numpy(dtype=np.float64)
    bad = ~(np.isfinite(degrees).all(axis=1) & (np.abs(degrees) <= (90.0, 360.0)).all(axis=1))
    if bad.any():
        k = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"{ids[k]} has latitude {degrees[k, 0]} and longitude {degrees[k, 1]}. Degrees are needed, "
            "latitude within 90 and longitude within 360 of zero."
        )
    return ids, degrees


def great_circle(points: pd.DataFrame) -> pd.DataFrame:
    """Return the great-circle distances between points as a labelled square frame, in kilometres."""
    ids, degrees = coordinates(points)
    return pd.DataFrame(haversine(degrees[:, 0], degrees[:, 1]), index=list(ids), columns=list(ids))
