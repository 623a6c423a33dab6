"""Who is whose neighbour, and what is tested for spatial autocorrelation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from gvcpos._core.block import Block, Cell, Number, Whole
from gvcpos._core.options import Leftover, WeightsKind

_KINDS_OF = {
    "power": ("inverse_distance",),
    "cutoff": ("inverse_distance",),
    "distances": ("inverse_distance",),
    "k": ("knn",),
    "base_year": ("linkage",),
    "flows": ("linkage",),
    "islands": ("contiguity", "inverse_distance", "linkage"),
}


class ColumnFile(Block):
    """A file of one value for each pair of countries."""

    path: str
    origin: str = "origin"
    destination: str = "destination"
    value: str = "distance"
    where: dict[str, Cell] = Field({}, description="column to the value that rows must have")
    extra: Leftover = Field("error", description="countries of the file that the study lacks: error or drop")


class FlowFile(ColumnFile):
    """A file of flows between countries, one a pair; both directions are added up, and a pair not there is no flow."""

    value: str = "trade"
    absent: Literal["error", "drop"] = Field(
        "error", description="countries of the study that the file lacks: error, or drop from what uses these weights"
    )


class WeightsBlock(Block):
    """Who is whose neighbour, and by how much."""

    kind: WeightsKind = "inverse_distance"
    normalisation: Literal["row", "spectral"] = "row"
    power: Number = Field(1.0, gt=0, description="exponent of the inverse distance")
    cutoff: Number | None = Field(None, gt=0, description="kilometres beyond which the weight is zero")
    k: Whole = Field(5, ge=1, description="number of nearest neighbours")
    base_year: Whole | None = Field(None, description="year of the table behind linkage weights; default the first")
    distances: ColumnFile | None = Field(None, description="distance file; default great circles between capitals")
    flows: FlowFile | None = Field(None, description="file of flows behind linkage weights; default the table's own")
    islands: Literal["error", "keep", "drop"] = Field(
        "error",
        description="countries without a neighbour: an error, kept with a spatial lag of zero, or left out of all that "
        "uses these weights",
    )

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> WeightsBlock:
        for key, kinds in _KINDS_OF.items():
            if key in self.model_fields_set and getattr(self, key) is not None and self.kind not in kinds:
                raise ValueError(f"{key} applies to kind {' or '.join(kinds)}, not to {self.kind}. Remove it")
        if self.flows is not None and self.base_year is not None:
            raise ValueError("base_year is the year of a table; say flows.where to choose among a file's years")
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
    variants: dict[str, WeightsBlock] = Field(
        {}, description="name to other weights, under which Moran's I and the main model are computed again"
    )
    moran: tuple[str, ...] = Field(
        ("va_rate", "upstreamness"), min_length=1, description="panel columns to test by year"
    )
    stages: tuple[str, ...] = Field((), description="stages tested by year; default that of the panel models")
    permutations: Whole = Field(999, ge=99, le=99_999, description="relabellings for each global Moran")
    local_permutations: Whole = Field(9999, ge=99, le=99_999, description="conditional permutations for local Moran")
    polygons: PolygonFile | None = Field(None, description="polygon file; default the shipped polygons")
