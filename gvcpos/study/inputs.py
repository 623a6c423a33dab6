"""What a study reads: tables, chain, distances, polygons, covariates, and the list of files behind them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError, LabelError, SpecificationError
from gvcpos._core.files import existing_file
from gvcpos._core.labels import enumerate_labels, unique
from gvcpos._core.options import Leftover
from gvcpos._core.resources import data_path
from gvcpos.study.spec import ChainBlock, ColumnFile, CovariatesBlock, StudySpec, SyntheticTables

if TYPE_CHECKING:
    import geopandas as gpd

    from gvcpos.chains import Chain
    from gvcpos.tables import SyntheticWorld, TableSeries

_SHIPPED_CHAINS = ("adb35", "oecd45", "oecd50")


@dataclass
class Places:
    """Where the files that a study names are looked for, and which of them were used."""

    study_folder: Path
    data: Path | None
    used: dict[str, Path] = field(default_factory=dict)

    def files(self, pattern: str) -> list[Path]:
        """Return the files that a name or a pattern of a study stands for, sorted, and note them as used.

        Raises
        ------
        InputError
            If ``${data}`` is needed but no data folder was given, or if nothing matches.
        """
        full = self._expand(pattern)
        found = [Path(name) for name in sorted(glob.glob(str(full)))] if glob.has_magic(str(full)) else [full]
        if not found:
            raise InputError(f"{pattern}: no file matches ({full}). Check the pattern and the data folder.")
        for path in found:
            existing_file(path, f"named in the study as {pattern}")
            self.used[f"{pattern.rpartition('/')[0]}/{path.name}".lstrip("/")] = path
        return found

    def file(self, name: str) -> Path:
        """Return the one file that a name of a study stands for."""
        return self.files(glob.escape(name) if glob.has_magic(name) else name)[0]

    def shipped(self, name: str) -> Path:
        """Return the path of a file that ships with gvcpos, and note it as used."""
        self.used[f"gvcpos:{name}"] = path = data_path(name)
        return path

    def _expand(self, pattern: str) -> Path:
        if "${data}" in pattern:
            if self.data is None:
                raise InputError(
                    f"{pattern}: the study needs a data folder for ${{data}}. Name it with --data FOLDER or set "
                    "GVCPOS_SHARED."
                )
            return Path(pattern.replace("${data}", str(self.data)))
        path = Path(pattern).expanduser()
        return path if path.is_absolute() else self.study_folder / path


def find_data(data: str | Path | None) -> Path | None:
    """Return the data folder: the one given, else that of ``GVCPOS_SHARED``, else None.

    A folder that holds a folder ``data`` stands for the latter.

    Raises
    ------
    InputError
        If the folder is named but absent.
    """
    named = data or os.environ.get("GVCPOS_SHARED")
    if not named:
        return None
    folder = Path(named).expanduser().resolve()
    if not folder.is_dir():
        raise InputError(f"{named}: no such folder (--data or GVCPOS_SHARED).")
    return folder / "data" if (folder / "data").is_dir() else folder


@dataclass(frozen=True)
class Inputs:
    """Everything a study computes from."""

    tables: TableSeries
    chain: Chain
    world: SyntheticWorld | None
    covariates: pd.DataFrame | None
    places: Places

    @property
    def synthetic(self) -> bool:
        """Whether the numbers are invented."""
        return self.world is not None or self.tables[self.tables.years[0]].meta.synthetic


def gather(spec: StudySpec, places: Places) -> Inputs:
    """Open everything that a specification names; tables are read year by year later."""
    if isinstance(spec.tables, SyntheticTables):
        from gvcpos.tables import synthetic_world

        years = range(spec.tables.first_year, spec.tables.last_year + 1)
        world = synthetic_world(seed=spec.seed, countries=spec.tables.countries, years=years)
        tables, covariates = world.tables, world.covariates
    else:
        from gvcpos.tables import read_tables

        world, covariates = None, None
        paths = [path for pattern in spec.tables.paths for path in places.files(pattern)]
        options = {"format": spec.tables.format} if spec.tables.format else {}
        tables = read_tables(paths, **options)
        tables = tables.between(spec.tables.first_year, spec.tables.last_year)
    if spec.covariates is not None:
        covariates = read_covariates(spec.covariates, places)
    return Inputs(tables, _chain(spec.chain, places, world), world, covariates, places)


def _chain(block: ChainBlock, places: Places, world: SyntheticWorld | None) -> Chain:
    from gvcpos.chains import Chain

    if block.map == "world":
        if world is None:
            raise SpecificationError(
                f"chain.map = 'world' goes with synthetic tables only. Allowed for files: {', '.join(_SHIPPED_CHAINS)} "
                "or a YAML file."
            )
        return Chain.from_mapping(world.chain, name="synthetic rare-earth chain")
    ships = block.map in _SHIPPED_CHAINS
    path = places.shipped(f"chains/rare_earths_{block.map}.yaml") if ships else places.file(block.map)
    return Chain.from_yaml(path, boundary=block.boundary)


def check_labels(spec: StudySpec, inputs: Inputs) -> tuple[list[str], gpd.GeoDataFrame]:
    """Check the countries that a specification names, before anything is computed.

    Returns
    -------
    countries : list of str
        The economies of the tables without those excluded.
    polygons : GeoDataFrame
        Indexed by country; at least those.

    Raises
    ------
    LabelError
        If a country of ``exclude`` (but ROW) or of ``report.countries`` does not exist, or one has no polygon.
    """
    economies = inputs.tables[inputs.tables.years[0]].countries
    _need_countries([c for c in spec.exclude if c != "ROW"], economies, "exclude")
    countries = [c for c in economies if c not in spec.exclude]
    _need_countries(spec.report.countries, countries, "report.countries")
    shapes = read_polygons(spec.space.polygons, inputs.places)
    missing = [c for c in countries if c not in shapes.index]
    if missing:
        raise LabelError(
            f"no polygon of {enumerate_labels(missing)} in {spec.space.polygons or 'the polygons that ship'}. Give a "
            "GeoJSON with all countries as space.polygons, or leave them out with exclude."
        )
    return countries, shapes


def _need_countries(named: Iterable[str], have: Sequence[str], key: str) -> None:
    unknown = [c for c in named if c not in have]
    if unknown:
        raise LabelError(f"{key}: {enumerate_labels(unknown)} not in the study. It has {enumerate_labels(have, 80)}.")


def read_covariates(block: CovariatesBlock, places: Places) -> pd.DataFrame:
    """Read a covariates file: columns country, year and more.

    Raises
    ------
    InputError
        If a column is missing or a (country, year) occurs twice.
    """
    path = places.file(block.path)
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else _read_csv(path, [block.country])
    frame = frame.rename(columns={block.country: "country", block.year: "year"})
    lacking = [name for name in ("country", "year") if name not in frame]
    if lacking:
        raise InputError(
            f"{path}: no column {enumerate_labels(lacking)}. It has {enumerate_labels(frame.columns, 20)}."
        )
    return frame


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


def read_distances(block: ColumnFile, places: Places, countries: Iterable[str]) -> pd.DataFrame:
    """Read pairs of countries and their distance, as columns origin, destination, distance.

    Raises
    ------
    LabelError
        If the file has a country that the study lacks and ``extra`` is ``"error"``. (Missing and duplicated pairs
        are found when the weights are made.)
    """
    path = places.file(block.path)
    names = {block.origin: "origin", block.destination: "destination", block.value: "distance"}
    frame = _read_csv(path, [block.origin, block.destination])
    lacking = [name for name in names if name not in frame]
    if lacking:
        raise InputError(
            f"{path}: no column {enumerate_labels(lacking)}. It has {enumerate_labels(frame.columns, 20)}."
        )
    frame = frame.rename(columns=names)[list(names.values())]
    chosen = set(countries)
    left = sorted((set(frame["origin"]) | set(frame["destination"])) - chosen)
    if left and block.extra == "error":
        raise LabelError(f"{path}: distances of {enumerate_labels(left)}, which are not in the study. Set extra: drop.")
    return frame[frame["origin"].isin(chosen) & frame["destination"].isin(chosen)]


def read_polygons(name: str | None, places: Places) -> gpd.GeoDataFrame:
    """Read polygons indexed by iso3: the shipped ones, or those of a GeoJSON file with a column iso3."""
    import geopandas as gpd

    from gvcpos.spatial.geometry import repair
    from gvcpos.tables import polygons
    from gvcpos.tables.geography import POLYGONS

    if name is None:
        places.shipped(POLYGONS)
        return polygons()
    path = places.file(name)
    frame = gpd.read_file(path)
    _need_columns(frame, ["iso3"], path)
    frame["geometry"] = repair(np.asarray(frame.geometry.array, dtype=object))
    return frame.dissolve("iso3")


def _need_columns(frame: pd.DataFrame, names: list[str], path: Path) -> None:
    lacking = [name for name in names if name not in frame]
    if lacking:
        have = enumerate_labels(frame.columns, 20)
        raise InputError(f"{path}: no column {enumerate_labels(lacking)}. It has {have}.")


def _read_csv(path: Path, labels: list[str]) -> pd.DataFrame:
    """Read a csv in which "NA" is a label in label columns and a missing number elsewhere."""
    try:
        columns = pd.read_csv(path, nrows=0).columns
        missing = {name: ["", "NA", "NaN", "nan", "."] for name in columns if name not in labels}
        return pd.read_csv(path, keep_default_na=False, na_values=missing)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path}: not a csv file that can be read ({error}).") from error
