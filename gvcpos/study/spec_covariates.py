"""Variables that a study takes from files of countries and years."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from gvcpos._core.block import Block, Cell, Number, Whole
from gvcpos._core.options import Leftover


class VariableBlock(Block):
    """One variable made from a file's columns: column / per × scale, lagged, filled only by rule, transformed."""

    column: str = Field(description="column of the file")
    per: str | None = Field(None, description="column to divide by, as for GDP per head")
    scale: Number = Field(1.0, description="factor that brings it to its unit")
    transform: Literal["none", "log", "log1p", "asinh"] = "none"
    lag: Whole = Field(0, ge=0, le=20, description="years before: the value of year t − lag stands in year t")
    gaps: Literal["keep", "error", "zero", "last"] = Field(
        "keep",
        description="a value that is not there stays missing (and its country leaves balanced estimates), is an error, "
        "is zero, or is the last one observed within some years before",
    )
    within: Whole | None = Field(None, ge=1, le=20, description="how many years back `gaps: last` may reach")
    unit: str = Field("", description="unit, for the summary")

    @model_validator(mode="after")
    def _last_says_how_far(self) -> VariableBlock:
        if (self.gaps == "last") != (self.within is not None):
            raise ValueError("within and gaps: last go together: it says how many years back a value may be")
        return self


class CovariatesBlock(Block):
    """A file of country-by-year variables."""

    path: str = Field(description="csv or parquet")
    country: str = Field("country", description="its column of countries")
    year: str = Field("year", description="its column of years")
    where: dict[str, Cell] = Field({}, description="column to the value that rows must have")
    variables: dict[str, VariableBlock] = Field(
        {}, description="name to how it is made; without, every column is taken, and must be complete"
    )
    extra: Leftover = Field("error", description="countries of the file that the study lacks: error or drop")


def _one_or_many(value: object) -> str:
    return "many" if isinstance(value, list | tuple) else "one"


Covariates = Annotated[
    Annotated[CovariatesBlock, Tag("one")] | Annotated[tuple[CovariatesBlock, ...], Tag("many")],
    Discriminator(_one_or_many),
]
