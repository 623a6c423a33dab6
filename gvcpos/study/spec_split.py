"""What a study may say of the split of wide sectors: trade and production files, and what is assumed beyond them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gvcpos._core.block import Block, Flag, Number
from gvcpos.chains.split.estimates import MissingProduction, ReExports
from gvcpos.chains.split.weights import WeightDistribution

Share = Annotated[Number, Field(ge=0, le=1)]


class StageSplitBlock(Block):
    """What is taken of a stage's own part."""

    missing: MissingProduction = Field(
        "wide-ratio",
        description="output without production data: exports over the part of output that the wide sector exports; "
        "exports alone; or none, exports being re-exports",
    )
    relative_error: Number = Field(
        0.2, ge=0, le=10, description="of output, where the production file does not say: the spread of the weights"
    )
    va_rate: Number | None = Field(None, ge=0, lt=1, description="value added in output; default the wide sector's")
    linkage: dict[str, Share] = Field(
        {}, description="stage to the share of output, in every country it is sold to, that its own part buys there"
    )


class SplitBlock(Block):
    """Wide sectors cut into the chain's own part and the rest, year by year; see docs/chains.md."""

    trade: tuple[str, ...] = Field(
        min_length=1,
        description="files or patterns: BACI, UN Comtrade, or tidy ones of exporter, importer, hs, year, value",
    )
    production: str | None = Field(
        None,
        description="file of country, year, stage (or sector), and value, or tonnes and price (USD a tonne); it may "
        "have relative_error",
    )
    purchases: str | None = Field(
        None,
        description="file of stage, sector, coefficient: what own output buys per unit; default as the wide sector",
    )
    unit: str = Field("million USD", description="of value in tidy trade files and the production file")
    reporter: Literal["exporter", "importer"] | None = Field(
        None, description="whose report of a flow counts, where the files have both"
    )
    rest: str | None = Field(
        None, description="economy of the tables that takes in those they do not have; default an error"
    )
    stages: dict[str, StageSplitBlock] = Field({}, description="stage to what is taken of it; defaults for the others")
    reexports: ReExports = Field(
        "made", description="exports beyond production: output is raised to them, or they are dropped to it"
    )
    cap: Number | None = Field(
        None, gt=0, le=1, description="largest share of a wide sector; default more than the whole is an error"
    )
    sales_error: Number = Field(0.2, ge=0, le=10, description="relative error of the sales to every country")
    distribution: WeightDistribution = Field("lognormal", description="of shares of output; beta for large shares")
    correlation: Number = Field(
        0.0, ge=0, le=1, description="of the errors of one wide sector's shares between countries"
    )
    part: str = Field("RE", min_length=1, description="name of the own part, as in c2:RE")
    synthetic: Flag = Field(False, description="whether the trade or production data are invented")

    @model_validator(mode="after")
    def _part_is_not_the_rest(self) -> SplitBlock:
        if self.part == "rest":
            raise ValueError("part=rest is what the other part is called. Give another name")
        return self

    def of_stage(self, stage: str) -> StageSplitBlock:
        """Return what is taken of a stage."""
        return self.stages.get(stage, StageSplitBlock())

    @property
    def text(self) -> str:
        """The assumed errors of the weights in words."""
        sizes = dict.fromkeys(f"{100 * b.relative_error:.3g} %" for b in (*self.stages.values(), StageSplitBlock()))
        together = f", correlation {self.correlation:.3g} between countries" if self.correlation else ""
        return (
            f"assumed {self.distribution} errors of split weights, {' or '.join(sizes)} of output where the data do "
            f"not say and {100 * self.sales_error:.3g} % of sales by destination{together}"
        )
