"""Capitals and polygons of the countries that ship with gvcpos (Natural Earth, public domain)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from gvcpos._core.labels import locate
from gvcpos._core.resources import data_path

if TYPE_CHECKING:
    import geopandas as gpd


CAPITALS, POLYGONS = "geo/capitals.csv", "geo/countries.geojson"


def capitals(countries: Iterable[str] | None = None) -> pd.DataFrame:
    """Return the capitals of countries.

    Parameters
    ----------
    countries : iterable of str, optional
        ISO3 codes, in the order wanted; default all that ship.

    Returns
    -------
    DataFrame
        Columns iso3, country, capital, lat, lon (degrees).

    Raises
    ------
    LabelError
        If a country does not ship.
    """
    shipped = pd.read_csv(data_path(CAPITALS), keep_default_na=False)
    if countries is None:
        return shipped
    return shipped.iloc[locate(countries, shipped["iso3"].tolist(), "shipped capital")].reset_index(drop=True)


def polygons(countries: Iterable[str] | None = None) -> gpd.GeoDataFrame:
    """Return the polygons of countries (1:50m, simplified), indexed by iso3, in longitude and latitude.

    Parameters
    ----------
    countries : iterable of str, optional
        ISO3 codes, in the order wanted; default all that ship.

    Raises
    ------
    LabelError
        If a country does not ship.
    """
    import geopandas as gpd

    shipped = gpd.read_file(data_path(POLYGONS)).set_index("iso3")
    if countries is None:
        return shipped
    return shipped.iloc[locate(countries, shipped.index.tolist(), "shipped polygon")]
