"""What a study computes from: tables, chain, covariates, polygons, with every country that it names checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from gvcpos._core.errors import LabelError, SpecificationError
from gvcpos._core.labels import enumerate_labels
from gvcpos.study.country_files import read_covariates, read_polygons
from gvcpos.study.places import Places
from gvcpos.study.spec import ChainBlock, FileTables, StudySpec, SyntheticTables

if TYPE_CHECKING:
    import geopandas as gpd

    from gvcpos.chains import Chain
    from gvcpos.tables import SyntheticWorld, TableSeries

_SHIPPED_CHAINS = ("adb35", "oecd45", "oecd50")


@dataclass(frozen=True)
class Inputs:
    """Everything a study computes from."""

    tables: TableSeries
    chain: Chain
    world: SyntheticWorld | None
    covariates: pd.DataFrame | None
    places: Places
    tolerance: float | None = None

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
    tolerance = spec.tables.tolerance if isinstance(spec.tables, FileTables) else None
    return Inputs(tables, _chain(spec.chain, places, world), world, covariates, places, tolerance)


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
    try:
        return Chain.from_yaml(path, boundary=block.boundary)
    except SpecificationError as error:
        raise SpecificationError(f"chain.map = {block.map!r}: {error}") from error


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
        If a country of ``exclude`` (but ROW) or of ``report.countries`` does not exist, or polygons are missing,
        duplicated or left over.
    """
    economies = inputs.tables[inputs.tables.years[0]].countries
    _need_countries([c for c in spec.exclude if c != "ROW"], economies, "exclude")
    countries = [c for c in economies if c not in spec.exclude]
    _need_countries(spec.report.countries, countries, "report.countries")
    shapes = read_polygons(spec.space.polygons, inputs.places, countries)
    return countries, shapes


def _need_countries(named: Iterable[str], have: Sequence[str], key: str) -> None:
    unknown = [c for c in named if c not in have]
    if unknown:
        raise LabelError(f"{key}: {enumerate_labels(unknown)} not in the study. It has {enumerate_labels(have, 80)}.")
