"""What a study computes from: tables, chain, covariates, polygons, with every country that it names checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from gvcpos._core.errors import InputError, LabelError, SpecificationError
from gvcpos._core.labels import enumerate_labels
from gvcpos.study.chain_map import chain_of
from gvcpos.study.country_files import read_covariates, read_polygons
from gvcpos.study.names import check_names
from gvcpos.study.places import Places
from gvcpos.study.spec import CovariatesBlock, FileTables, PublishedTables, StudySpec, SyntheticTables

if TYPE_CHECKING:
    import geopandas as gpd

    from gvcpos.chains import Chain
    from gvcpos.study.splitting import StudySplit
    from gvcpos.tables import IOTable, PublishedIndices, SyntheticWorld, TableSeries


@dataclass(frozen=True)
class Inputs:
    """Everything a study computes from.

    Attributes
    ----------
    tables : TableSeries or None
        None where indices are published; with wide sectors cut where the study splits them.
    chain : Chain
        Of the chain's own parts then.
    world : SyntheticWorld or None
    covariates : tuple of (CovariatesBlock or None, DataFrame)
        File by file; None for those of the synthetic world.
    places : Places
    tolerance : float or None
    published : PublishedIndices or None
    split : StudySplit or None
    """

    tables: TableSeries | None
    chain: Chain
    world: SyntheticWorld | None
    covariates: tuple[tuple[CovariatesBlock | None, pd.DataFrame], ...]
    places: Places
    tolerance: float | None = None
    published: PublishedIndices | None = None
    split: StudySplit | None = None

    @property
    def synthetic(self) -> bool:
        """Whether the numbers are invented."""
        if self.published is not None:
            return False
        return self.world is not None or self._first.meta.synthetic

    @property
    def years(self) -> tuple[int, ...]:
        """Years of the tables or indices, ascending."""
        return self.published.years if self.published is not None else tuple(self.series.years)

    @property
    def economies(self) -> tuple[str, ...]:
        """Labels of the countries, the rest of the world among them."""
        return self.published.countries if self.published is not None else self._first.countries

    @property
    def source(self) -> str:
        """Where the numbers come from, for captions."""
        if self.published is not None:
            return "; ".join(self.published.sources)
        return f"{self._first.meta.source} {self._first.meta.vintage}".strip()

    @property
    def described(self) -> str:
        """Size and unit in words."""
        if self.published is not None:
            unit = self.published.units.get("va", "units as published")
            size = f"{len(self.economies)} economies x {len(self.published.sectors)} {self.published.level}s"
            return f"{size}, indices as published, {unit}"
        countries, sectors = self._first.shape
        return f"{countries} economies x {sectors} sectors, {self._first.meta.unit}"

    @property
    def series(self) -> TableSeries:
        """The tables; `InputError` where only indices were published."""
        if self.tables is None:
            raise InputError("a study of published indices has no tables.")
        return self.tables

    @property
    def sectors(self) -> Sequence[str]:
        """The labels of the sectors, of tables or as published."""
        return _sectors(self.tables, self.published)

    @property
    def _first(self) -> IOTable:
        return self.series[self.series.years[0]]


def gather(spec: StudySpec, places: Places) -> Inputs:
    """Open everything that a specification names; tables are read year by year later."""
    tables, world, published = None, None, None
    covariates: tuple[tuple[CovariatesBlock | None, pd.DataFrame], ...] = ()
    if isinstance(spec.tables, SyntheticTables):
        from gvcpos.tables import synthetic_world

        years = range(spec.tables.first_year, spec.tables.last_year + 1)
        size = {"countries": spec.tables.countries, "sectors": spec.tables.sectors}
        world = synthetic_world(seed=spec.seed, years=years, **size)
        tables, covariates = world.tables, ((None, world.covariates),)
    elif isinstance(spec.tables, PublishedTables):
        published = _published(spec.tables, places)
    else:
        from gvcpos.tables import read_tables

        paths = [path for pattern in spec.tables.paths for path in places.files(pattern)]
        options = {"format": spec.tables.format} if spec.tables.format else {}
        tables = read_tables(paths, **options)
        tables = tables.between(spec.tables.first_year, spec.tables.last_year)
    if spec.covariates is not None:
        blocks = spec.covariates if isinstance(spec.covariates, tuple) else (spec.covariates,)
        covariates = tuple((block, read_covariates(block, places)) for block in blocks)
    tolerance = spec.tables.tolerance if isinstance(spec.tables, FileTables) else None
    chain = chain_of(spec.chain, places, world, lambda: _sectors(tables, published))
    split = _split(spec, places, chain, tables)
    tables, chain = (tables, chain) if split is None else (split.tables, split.chain)
    return Inputs(tables, chain, world, covariates, places, tolerance, published, split)


def _split(spec: StudySpec, places: Places, chain: Chain, tables: TableSeries | None) -> StudySplit | None:
    """Read what a study splits with; `SpecificationError` if there are no tables, or nothing is left of a stage."""
    if spec.split is None:
        return None
    if tables is None:
        raise SpecificationError("split: published indices have no tables whose sectors could be cut. Remove it.")
    from gvcpos.study.splitting import study_split

    found = study_split(spec.split, places, chain, tables)
    lockin = spec.lockin
    used = (("panel.stage", spec.panel.stage), ("lockin.upstream", lockin.upstream))
    for key, stage in (*used, ("lockin.downstream", lockin.downstream)):
        if stage not in found.chain.stage_names:
            raise SpecificationError(
                f"{key} = {stage!r}: no stage with goods, of which alone the split leaves something. There are: "
                f"{', '.join(found.chain.stage_names)}. Give the stage HS codes in {spec.chain.map}, or name another."
            )
    return found


def _published(block: PublishedTables, places: Places) -> PublishedIndices:
    from gvcpos.tables.published import read_published

    found = read_published(
        [path for pattern in block.paths for path in places.files(pattern)],
        layout=block.layout,
        source=block.source,
        sources=block.sources,
        columns=block.columns,
        where=block.where,
    )
    return found.between(block.first_year, block.last_year)


def _sectors(tables: TableSeries | None, published: PublishedIndices | None) -> Sequence[str]:
    """Return the labels of the sectors."""
    if published is not None:
        return published.sectors
    assert tables is not None  # a study has either
    return tables[tables.years[0]].sectors


def check_labels(spec: StudySpec, inputs: Inputs) -> tuple[list[str], gpd.GeoDataFrame]:
    """Check what a specification names, before anything is computed.

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
    SpecificationError
        As `check_names`.
    """
    check_names(spec, inputs)
    economies = inputs.economies
    _need_countries([c for c in spec.exclude if c != "ROW"], economies, "exclude")
    countries = [c for c in economies if c not in spec.exclude]
    _need_countries(spec.report.countries, countries, "report.countries")
    _need_countries(spec.lockin.named, countries, "lockin.countries and lockin.groups")
    shapes = read_polygons(spec.space.polygons, inputs.places, countries)
    return countries, shapes


def _need_countries(named: Iterable[str], have: Sequence[str], key: str) -> None:
    unknown = [c for c in named if c not in have]
    if unknown:
        raise LabelError(f"{key}: {enumerate_labels(unknown)} not in the study. It has {enumerate_labels(have, 80)}.")
