"""What a study may say: the specification, one model a block.

Every block refuses keys it does not know. Field descriptions are the user's documentation.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gvcpos._core.options import CovarianceType, Leftover, PanelEffects, PanelMethod, SpatialModel, WeightsKind

Stage = str


class Block(BaseModel):
    """A part of the specification: immutable, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SyntheticTables(Block):
    """Tables of the synthetic world: invented numbers with planted parameters."""

    kind: Literal["synthetic"]
    countries: int = Field(60, ge=8, le=60, description="how many of the 60 countries")
    first_year: int = Field(2007, ge=1900, le=2100, description="first year")
    last_year: int = Field(2021, ge=1900, le=2100, description="last year")

    @model_validator(mode="after")
    def _years_in_order(self) -> SyntheticTables:
        if self.last_year < self.first_year + 2:
            raise ValueError("last_year must be at least two years after first_year")
        return self


class FileTables(Block):
    """Published tables, one file a year."""

    kind: Literal["files"]
    paths: tuple[str, ...] = Field(min_length=1, description="files or patterns; ${data} is the data folder")
    format: str | None = Field(None, description="reader to use; found from the content by default")
    source: str | None = Field(None, description="name of the source in captions; default what the files say")
    first_year: int | None = Field(None, description="leave out earlier years")
    last_year: int | None = Field(None, description="leave out later years")


Tables = Annotated[SyntheticTables | FileTables, Field(discriminator="kind")]


class ChainBlock(Block):
    """Which sectors make up which stage."""

    map: str = Field("world", description="adb35, oecd45, oecd50, a YAML file, or world (the synthetic world's own)")
    boundary: str | None = Field(None, description="smelting_upstream or smelting_midstream")


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
    power: float = Field(1.0, gt=0, description="exponent of the inverse distance")
    cutoff: float | None = Field(None, gt=0, description="kilometres beyond which the weight is zero")
    k: int = Field(5, ge=1, description="number of nearest neighbours")
    base_year: int | None = Field(None, description="year of the table behind linkage weights; default the first")
    distances: ColumnFile | None = Field(None, description="distance file; default great circles between capitals")
    islands: Literal["error", "keep"] = "error"


class SpaceBlock(Block):
    """Weights, and what is tested for spatial autocorrelation."""

    weights: WeightsBlock = WeightsBlock()
    moran: tuple[str, ...] = Field(
        ("va_rate", "upstreamness"), min_length=1, description="panel columns to test by year"
    )
    permutations: int = Field(999, ge=99, le=99_999, description="relabellings for each global Moran")
    local_permutations: int = Field(9999, ge=99, le=99_999, description="conditional permutations for local Moran")
    polygons: str | None = Field(None, description="GeoJSON with a column iso3; default the shipped polygons")


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
    simulations: int = Field(2000, ge=100, description="draws for simulated standard errors of effects")

    @model_validator(mode="after")
    def _main_is_fitted(self) -> PanelBlock:
        if self.main not in self.models:
            raise ValueError(f"main={self.main} must be one of models ({', '.join(self.models)})")
        return self


class LockInBlock(Block):
    """The lock-in tests."""

    capture: str = "va_rate"
    position: str = "upstreamness"
    controls: tuple[str, ...] = ()
    upstream: Stage = Field("upstream", description="stage whose dominance and push are tested")
    downstream: Stage = Field("downstream", description="stage that should be pulled through")
    lags: int = Field(1, ge=1, le=5)
    level: float = Field(0.05, gt=0, lt=0.5)


class ReportBlock(Block):
    """What the figures show."""

    countries: tuple[str, ...] = Field(("CHN", "USA", "JPN", "DEU"), min_length=1, description="countries to highlight")


class StudySpec(Block):
    """A whole study."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="letters, digits, - and _")
    title: str
    seed: int = Field(0, ge=0, description="seed of every random draw")
    tables: Tables
    chain: ChainBlock = ChainBlock()
    exclude: tuple[str, ...] = Field(("ROW",), description="economies left out of spatial statistics and tests")
    covariates: CovariatesBlock | None = None
    space: SpaceBlock = SpaceBlock()
    panel: PanelBlock = PanelBlock()
    lockin: LockInBlock = LockInBlock()
    report: ReportBlock = ReportBlock()
