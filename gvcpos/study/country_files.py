"""Files of a user that meet the tables by country: covariates and polygons."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels, locate, unique
from gvcpos._core.options import Leftover
from gvcpos.study.places import Places, need_columns, read_csv, rows_where
from gvcpos.study.spec import CovariatesBlock, PolygonFile
from gvcpos.tables.geography import POLYGONS

if TYPE_CHECKING:
    import geopandas as gpd


def read_covariates(block: CovariatesBlock, places: Places) -> pd.DataFrame:
    """Read a covariates file: columns country, year and more; only the rows that ``where`` asks for.

    Raises
    ------
    InputError
        If a column is missing or a year is not a whole number.
    """
    path = places.file(block.path)
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else read_csv(path, [block.country])
    need_columns(frame, [block.country, block.year], path)
    frame = rows_where(frame, block.where, path)
    names = {block.country: "country", block.year: "year"}
    # A file may have names of countries in a column "country" beside the codes that the study asks for.
    frame = frame.drop(columns=[new for old, new in names.items() if old != new and new in frame]).rename(columns=names)
    return frame.assign(year=_whole_years(frame["year"], f"{path}, column {block.year}"))


def _whole_years(years: pd.Series, what: str) -> pd.Series:
    """Return years as integers; 2005.0 and "2005" are 2005, and what is none is named with its row."""
    numbers = pd.to_numeric(years, errors="coerce")
    bad = ~(numbers % 1 == 0)
    if bad.any():
        named = [f"{value!r} (row {row})" for row, value in enumerate(years.tolist(), start=1) if bad.iloc[row - 1]]
        raise InputError(f"{what}: {enumerate_labels(named)}, where a year was expected, as in 2005. Correct the file.")
    return numbers.astype(int)


def merge_covariates(panel: pd.DataFrame, covariates: pd.DataFrame, extra: Leftover) -> pd.DataFrame:
    """Bring covariates to a panel by country and year.

    Parameters
    ----------
    panel, covariates : DataFrame
        Both with columns country and year; the panel may have several rows for each (stages).
    extra : {"error", "drop"}
        What to do with countries of the covariates that the panel lacks.

    Raises
    ------
    LabelError
        If a (country, year) occurs twice in the covariates, if one of the panel is missing from them, or if they
        have a country that the panel lacks.
    """
    keys = ["country", "year"]
    named = [f"{c} {y}" for c, y in covariates[keys].itertuples(index=False)]
    unique(named, "covariates (country year)")
    clash = [name for name in covariates.columns if name in panel.columns and name not in keys]
    if clash:
        raise LabelError(f"covariates have columns that the panel has too: {enumerate_labels(clash)}. Rename them.")
    wanted = dict.fromkeys(f"{c} {y}" for c, y in panel[keys].itertuples(index=False))
    present = set(named)
    missing = [name for name in wanted if name not in present]
    if missing:
        raise LabelError(
            f"covariates lack {enumerate_labels(missing)} (country year). Add the rows or exclude the country."
        )
    left = sorted(set(covariates["country"]) - set(panel["country"]))
    if left and extra == "error":
        raise LabelError(
            f"covariates have {enumerate_labels(left)}, which the panel does not. Set covariates.extra: drop."
        )
    return panel.merge(covariates, on=keys, how="left", validate="m:1")


def read_polygons(block: PolygonFile | None, places: Places, countries: Sequence[str]) -> gpd.GeoDataFrame:
    """Read polygons indexed by iso3: the shipped ones, or those of a user's file.

    Parameters
    ----------
    block : PolygonFile or None
        None for the shipped ones.
    places : Places
    countries : sequence of str
        The countries of the study.

    Returns
    -------
    GeoDataFrame
        All polygons of the file, in its order: those of other countries are the background of maps.

    Raises
    ------
    LabelError
        If a country has no polygon; if it has several and ``dissolve`` does not name it, or if ``dissolve`` names one
        that has none; if the file has a country that the study lacks and ``extra`` is ``"error"``.
    """
    if block is None:
        from gvcpos.tables import polygons

        places.shipped(POLYGONS)
        shapes, where = polygons(), "the polygons that ship"
    else:
        path = places.file(block.path)
        shapes, where = _one_shape_each(_read_shapes(block, path), block, path), str(path)
    missing = [c for c in countries if c not in shapes.index]
    if missing:
        raise LabelError(
            f"no polygon of {enumerate_labels(missing)} in {where}. Give a file with all countries as "
            "space.polygons.path, or leave them out with exclude."
        )
    extra = [c for c in shapes.index if c not in set(countries)]
    if block is not None and block.extra == "error" and extra:
        raise LabelError(
            f"{where}: polygons of {enumerate_labels(extra)}, which are not in the study. Set space.polygons.extra: "
            "drop; they are then the background of maps."
        )
    return shapes


def _read_shapes(block: PolygonFile, path: Path) -> gpd.GeoDataFrame:
    import geopandas as gpd

    from gvcpos.spatial.geometry import repair

    try:
        frame = gpd.read_file(path)
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{path}: not a file of polygons that can be read ({error}). Give a GeoJSON file.") from error
    need_columns(frame, [block.country, "geometry"], path)
    frame["geometry"] = repair(np.asarray(frame.geometry.array, dtype=object))
    return frame.rename(columns={block.country: "iso3"})


def _one_shape_each(frame: gpd.GeoDataFrame, block: PolygonFile, path: Path) -> gpd.GeoDataFrame:
    """Join the polygons of the countries that ``dissolve`` names; several of another are an error."""
    labels = frame["iso3"].astype(str)
    locate(block.dissolve, list(dict.fromkeys(labels)), f"polygon in {path} (space.polygons.dissolve)")
    twice = [c for c in dict.fromkeys(labels[labels.duplicated()]) if c not in block.dissolve]
    if twice:
        raise LabelError(
            f"{path}: several polygons of {enumerate_labels(twice)}. Keep one of each, or, if they are parts of one "
            f"country, set space.polygons.dissolve: [{enumerate_labels(twice)}]."
        )
    return frame.dissolve("iso3", sort=False) if block.dissolve else frame.set_index("iso3")
