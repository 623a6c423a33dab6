"""What a study may say: the specification, one model a block.

Every block refuses keys it does not know. Field descriptions are the user's documentation.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

from gvcpos._core.options import CovarianceType, Leftover, PanelEffects, PanelMethod, SpatialModel, WeightsKind

Stage = str
Whole = Annotated[int, Strict()]  # pydantic would take true for 1
Number = Annotated[float, Strict()]
_KINDS_OF = {
    "power": ("inverse_distance",),
    "cutoff": ("inverse_distance",),
    "distances": ("inverse_distance",),
    "k": ("knn",),
    "base_year": ("linkage",),
    "islands": ("contiguity", "inverse_distance", "linkage"),
}


class Block(BaseModel):
    """A part of the specification: immutable, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="after")
    def _nothing_named_twice(self) -> Self:
        for key in type(self).model_fields:
            values = getattr(self, key)
            twice = [v for v, n in Counter(values).items() if n > 1] if isinstance(values, tuple) else []
            if twice:
                raise ValueError(f"{key} names {', '.join(map(str, twice))} more than once. Name it once")
        return self


class SyntheticTables(Block):
    """Tables of the synthetic world: invented numbers with planted parameters."""

    kind: Literal["synthetic"]
    countries: Whole = Field(60, ge=8, le=60, description="how many of the 60 countries")
    first_year: Whole = Field(2007, ge=1900, le=2100, description="first year")
    last_year: Whole = Field(2021, ge=1900, le=2100, description="last year")

    @model_validator(mode="after")
    def _years_in_order(self) -> SyntheticTables:
        if self.last_year < self.first_year + 4:  # the trend of dominance needs four annual changes
            raise ValueError(
                f"last_year={self.last_year} must be at least four years after first_year={self.first_year}"
            )
        return self


class FileTables(Block):
    """Published tables, one file a year."""

    kind: Literal["files"]
    paths: tuple[str, ...] = Field(min_length=1, description="files or patterns; ${data} is the data folder")
    format: str | None = Field(None, description="reader to use; found from the content by default")
    source: str | None = Field(None, description="name of the source in captions; default what the files say")
    first_year: Whole | None = Field(None, description="leave out earlier years")
    last_year: Whole | None = Field(None, description="leave out later years")
    tolerance: Number | None = Field(
        None, ge=0, allow_inf_nan=False, description="identity error to accept; default the publisher's rounding"
    )


Tables = Annotated[SyntheticTables | FileTables, Field(discriminator="kind")]


class ChainBlock(Block):
    """Which sectors make up which stage."""

    map: str = Field("world", description="adb35, oecd45, oecd50, a YAML file, or world (the synthetic world's own)")
    boundary: str | None = Field(None, description="smelting_upstream or smelting_midstream")

    @model_validator(mode="after")
    def _boundary_is_of_a_file(self) -> ChainBlock:
        if self.map == "world" and self.boundary is not None:
            raise ValueError(
                f"boundary={self.boundary} applies to adb35, oecd45, oecd50 and chain files with boundaries; "
                "map=world has none. Remove it"
            )
        return self


class ColumnFile(Block):
    """A file of one value for each pair of countries."""

    path: str
    origin: str = "origin"
    destination: str = "destination"
    value: str = "distance"
    extra: Leftover = Field("error", description="countries of the file that the study lacks: error or drop")


class CovariatesBlock(Block):
    """A file of country-by-year variables."""

    path: str = Field(description="csv or parquet")
    country: str = Field("country", description="its column of countries")
    year: str = Field("year", description="its column of years")
    extra: Leftover = Field("error", description="countries of the file that the study lacks: error or drop")


class WeightsBlock(Block):
    """Who is whose neighbour, and by how much."""

    kind: WeightsKind = "inverse_distance"
    normalisation: Literal["row", "spectral"] = "row"
    power: Number = Field(1.0, gt=0, description="exponent of the inverse distance")
    cutoff: Number | None = Field(None, gt=0, description="kilometres beyond which the weight is zero")
    k: Whole = Field(5, ge=1, description="number of nearest neighbours")
    base_year: Whole | None = Field(None, description="year of the table behind linkage weights; default the first")
    distances: ColumnFile | None = Field(None, description="distance file; default great circles between capitals")
    islands: Literal["error", "keep"] = "error"

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> WeightsBlock:
        for key, kinds in _KINDS_OF.items():
            if key in self.model_fields_set and getattr(self, key) is not None and self.kind not in kinds:
                raise ValueError(f"{key} applies to kind {' or '.join(kinds)}, not to {self.kind}. Remove it")
        return self


class PolygonFile(Block):
    """A file of country polygons."""

    path: str = Field(description="GeoJSON, or what else geopandas reads")
    country: str = Field("iso3", description="its column of countries")
    dissolve: tuple[str, ...] = Field((), description="countries of several polygons, which are joined")
    extra: Leftover = Field(
        "error", description="countries of the file that the study lacks: error, or drop (background of maps)"
    )


class SpaceBlock(Block):
    """Weights, and what is tested for spatial autocorrelation."""

    weights: WeightsBlock = WeightsBlock()
    moran: tuple[str, ...] = Field(
        ("va_rate", "upstreamness"), min_length=1, description="panel columns to test by year"
    )
    permutations: Whole = Field(999, ge=99, le=99_999, description="relabellings for each global Moran")
    local_permutations: Whole = Field(9999, ge=99, le=99_999, description="conditional permutations for local Moran")
    polygons: PolygonFile | None = Field(None, description="polygon file; default the shipped polygons")


class PanelBlock(Block):
    """The spatial panel regressions."""

    stage: Stage = Field("upstream", description="stage of the chain that is the unit of observation")
    dependent: str = "va_rate"
    regressors: tuple[str, ...] = Field(("upstreamness",), min_length=1)
    models: tuple[SpatialModel, ...] = Field(("slx", "sar", "sem", "sdm"), min_length=1)
    main: SpatialModel = Field("sdm", description="the model whose effects and tests are reported")
    effects: PanelEffects = "twoway"
    method: PanelMethod = "lee-yu"
    cov_type: CovarianceType = "information"
    simulations: Whole = Field(2000, ge=100, description="draws for simulated standard errors of effects")

    @model_validator(mode="after")
    def _main_is_fitted(self) -> PanelBlock:
        if self.main not in self.models:
            raise ValueError(f"main={self.main} must be one of models ({', '.join(self.models)})")
        return self

    @model_validator(mode="after")
    def _method_has_effects_to_treat(self) -> PanelBlock:
        if self.effects == "none" and self.method != "lee-yu":
            raise ValueError(
                f"method={self.method} says how fixed effects are estimated; effects=none has none. Remove it"
            )
        return self


class LockInBlock(Block):
    """The lock-in tests."""

    capture: str = "va_rate"
    position: str = "upstreamness"
    controls: tuple[str, ...] = ()
    cov_type: CovarianceType = Field(
        "cluster-entity", description="standard errors of the slopes; see SpatialPanel.fit"
    )
    upstream: Stage = Field("upstream", description="stage whose dominance and push are tested")
    downstream: Stage = Field("downstream", description="stage that should be pulled through")
    lags: Whole = Field(1, ge=1, le=5)
    level: Number = Field(0.05, gt=0, lt=0.5)

    @model_validator(mode="after")
    def _two_stages(self) -> LockInBlock:
        if self.upstream == self.downstream:
            raise ValueError(f"upstream and downstream are both {self.upstream}. Name two stages")
        return self


class ReportBlock(Block):
    """What the figures show."""

    countries: tuple[str, ...] = Field(("CHN", "USA", "JPN", "DEU"), min_length=1, description="countries to highlight")


class StudySpec(Block):
    """A whole study."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="letters, digits, - and _")
    title: str
    seed: Whole = Field(0, ge=0, description="seed of every random draw")
    tables: Tables
    chain: ChainBlock = ChainBlock()
    exclude: tuple[str, ...] = Field(("ROW",), description="economies left out of spatial statistics and tests")
    covariates: CovariatesBlock | None = None
    space: SpaceBlock = SpaceBlock()
    panel: PanelBlock = PanelBlock()
    lockin: LockInBlock = LockInBlock()
    report: ReportBlock = ReportBlock()
