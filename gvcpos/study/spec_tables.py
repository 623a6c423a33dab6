"""What a study computes from: tables, published indices, and the chain's stages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gvcpos._core.block import Block, Cell, Number, Whole


class SyntheticTables(Block):
    """Tables of the synthetic world: invented numbers with planted parameters."""

    kind: Literal["synthetic"]
    countries: Whole = Field(60, ge=8, le=60, description="how many of the 60 countries")
    sectors: Whole = Field(7, ge=7, le=50, description="sectors; more by splitting those outside the chain")
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


class PublishedTables(Block):
    """Indices as published, without the tables behind them."""

    kind: Literal["published"]
    paths: tuple[str, ...] = Field(
        min_length=1, description="files or patterns; several are families of measures of the same rows"
    )
    layout: Literal["adb", "antras-chor", "tidy"] | None = Field(None, description="found from the columns by default")
    source: str | None = Field(None, description="what the column source says; needed unless the files have it")
    sources: tuple[str, ...] | None = Field(
        None, min_length=1, description="sources to keep of files with several, which are never mixed unasked"
    )
    columns: dict[str, str] = Field({}, description="a tidy file's own names to country, sector, year, measures")
    where: dict[str, Cell] = Field({}, description="column to the value that rows must have")
    weights: dict[str, str] = Field({}, description="measure to the column that weighs sectors, where none is known")
    first_year: Whole | None = Field(None, description="leave out earlier years")
    last_year: Whole | None = Field(None, description="leave out later years")


Tables = Annotated[SyntheticTables | FileTables | PublishedTables, Field(discriminator="kind")]


class ChainBlock(Block):
    """Which sectors make up which stage."""

    map: str = Field(
        "world",
        description="a chain that ships (rare_earths, lithium, cobalt, semiconductors), a sector list for rare earths "
        "(adb35, oecd45, oecd50), a YAML file, or world (the synthetic world's own)",
    )
    boundary: str | None = Field(None, description="smelting_upstream or smelting_midstream")

    @model_validator(mode="after")
    def _boundary_is_of_a_file(self) -> ChainBlock:
        if self.map == "world" and self.boundary is not None:
            raise ValueError(
                f"boundary={self.boundary} applies to adb35, oecd45, oecd50 and other chains with boundaries; "
                "map=world has none. Remove it"
            )
        return self
