"""Capitals and polygons of the countries that ship with gvcpos (Natural Earth, public domain)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from gvcpos._core.errors import LabelError
from gvcpos._core.labels import locate
from gvcpos._core.resources import data_path

if TYPE_CHECKING:
    import geopandas as gpd


CAPITALS, POLYGONS = "geo/capitals.csv", "geo/countries.geojson"
REST = "ROW"  # all other economies together


def capitals(countries: Iterable[str] | None = None) -> pd.DataFrame:
    """Return the capitals of countries.

    Parameters
    ----------
    countries : iterable of str, optional
        ISO3 codes, in the order wanted; default all that ship: those of the synthetic world, then every other economy
        of WIOD, ADB-MRIO, FIGARO and OECD ICIO.

    Returns
    -------
    DataFrame
        Columns iso3, country, capital, lat, lon (degrees).

    Raises
    ------
    LabelError
        If a country does not ship, or is a rest of the world, which has no capital.
    """
    shipped = pd.read_csv(data_path(CAPITALS), keep_default_na=False)
    if countries is None:
        return shipped
    countries = [str(country) for country in countries]
    if REST in countries:
        raise LabelError(
            f"{REST}: a rest of the world is no place and has no capital. Leave it out, as in "
            f"capitals([c for c in table.countries if c != {REST!r}])."
        )
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
