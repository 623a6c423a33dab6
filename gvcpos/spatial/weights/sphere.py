"""Great-circle distances between points given by latitude and longitude."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import unique

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG


def haversine(lat: npt.ArrayLike, lon: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return great-circle distances between n points on a sphere of 6371.0088 km.

    Parameters
    ----------
    lat, lon : array_like, shape (n,)
        Degrees.

    Returns
    -------
    ndarray, shape (n, n)
        Kilometres, exactly symmetric, 0 on the diagonal.

    Notes
    -----
    The haversine form, 2R arcsin sqrt(sin²(Δφ/2) + cos φ cos φ' sin²(Δλ/2)), keeps its digits for near points.
    """
    phi, lam = np.radians(np.asarray(lat, float)), np.radians(np.asarray(lon, float))
    half_phi = np.sin((phi[:, None] - phi[None, :]) / 2.0)
    half_lam = np.sin((lam[:, None] - lam[None, :]) / 2.0)
    # The outer product is taken first so that d(i, j) and d(j, i) round alike.
    h = half_phi**2 + np.outer(np.cos(phi), np.cos(phi)) * half_lam**2
    return 2.0 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(h, 0.0, 1.0)))


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
            f"points have no column {' and '.join(missing)}; there are: {', '.join(map(str, points.columns))}."
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
