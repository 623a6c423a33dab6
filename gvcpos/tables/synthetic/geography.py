"""Where the countries are: shipped capitals and polygons, great-circle distances, inverse-distance weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.resources import data_path

if TYPE_CHECKING:
    import geopandas as gpd

FloatArray = npt.NDArray[np.float64]
EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG
DOMINANT = "CHN"


def capitals(countries: int) -> pd.DataFrame:
    """Return the capitals of the first `countries` countries of the shipped list.

    Parameters
    ----------
    countries : int
        From 3 to the 60 that ship; the list starts with CHN.

    Returns
    -------
    DataFrame
        Columns iso3, country, capital, lat, lon (degrees).

    Raises
    ------
    InputError
        If fewer than 3 or more than the shipped countries are asked for.
    """
    listed = pd.read_csv(data_path("geo/capitals.csv"), keep_default_na=False)
    if not 3 <= countries <= len(listed):
        raise InputError(f"countries={countries}: the synthetic world has 3 to {len(listed)} countries.")
    return listed.iloc[:countries].reset_index(drop=True)


def polygons(countries: tuple[str, ...]) -> gpd.GeoDataFrame:
    """Return the countries' polygons (Natural Earth 1:50m, simplified), indexed by iso3, in the given order."""
    import geopandas as gpd

    shipped = gpd.read_file(data_path("geo/countries.geojson")).set_index("iso3")
    return shipped.loc[list(countries)]


def great_circle(lat: npt.ArrayLike, lon: npt.ArrayLike) -> FloatArray:
    """Return great-circle distances between points in km.

    Parameters
    ----------
    lat, lon : array_like, shape (n,)
        Degrees.

    Returns
    -------
    ndarray, shape (n, n)
        d = 2 R arcsin √(sin²(Δφ/2) + cos φ_i cos φ_j sin²(Δλ/2)), the haversine formula, R = 6371.0088 km.
    """
    phi, lam = np.radians(np.asarray(lat, dtype=float)), np.radians(np.asarray(lon, dtype=float))
    half_lat = np.sin((phi[:, None] - phi) / 2) ** 2
    half_lon = np.sin((lam[:, None] - lam) / 2) ** 2
    chord = half_lat + np.cos(phi)[:, None] * np.cos(phi) * half_lon
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0)))


def inverse_distance_weights(distance: FloatArray) -> FloatArray:
    """Return row-normalised inverse distances with a zero diagonal, shape (n, n).

    These are the weights of the planted spatial model: w_ij = d_ij⁻¹ / Σ_k d_ik⁻¹.
    """
    weights = np.zeros_like(distance)
    apart = ~np.eye(len(distance), dtype=bool)
    weights[apart] = 1.0 / distance[apart]
    return weights / weights.sum(axis=1, keepdims=True)
