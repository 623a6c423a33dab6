"""What a study may say of errors in its data: how wrong cells and covariates are taken to be."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from gvcpos._core.block import Block, Flag, Number, Whole
from gvcpos.uncertainty.cells import CellErrors, Closure, ErrorKind


def _size_or_column(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("must be a relative error, or the name of a column of standard errors")
    if not isinstance(value, str) and not 0 <= value < float("inf"):
        raise ValueError("a relative error must be a finite number of at least 0")
    return value


ErrorSize = Annotated[object, AfterValidator(_size_or_column)]


class CellErrorsBlock(Block):
    """The assumed errors of the cells of tables; see docs/uncertainty.md."""

    relative: Number = Field(0.1, ge=0, le=2, description="standard deviation of a cell over its value")
    power: Number = Field(1.0, gt=0, le=2, description="b in σ(z) = a z^b: below 1, small cells are less certain")
    reference: Number = Field(1.0, gt=0, allow_inf_nan=False, description="size at which a cell has the error relative")
    largest: Number = Field(1.0, gt=0, le=10, description="no relative error is larger than this")
    kind: ErrorKind = Field("log-normal", description="law of a cell, with the published value as its mean")
    final: Number = Field(1.0, ge=0, le=10, description="errors of final demand over those of deliveries")
    countries: dict[str, Annotated[Number, Field(ge=0, le=10)]] = Field(
        {}, description="factor on the errors of a country's cells; 1 if not named"
    )
    sectors: dict[str, Annotated[Number, Field(ge=0, le=10)]] = Field(
        {}, description="factor on the errors of a seller's sector; 1 if not named"
    )
    common_country: Number = Field(
        0.0, ge=0, le=1, description="share of variance that a country's sales have in common"
    )
    common_sector: Number = Field(0.0, ge=0, le=1, description="share of variance that a sector's sales have in common")
    between_years: Number = Field(0.0, ge=0, le=1, description="correlation of the errors of a cell in any two years")
    closure: Closure = Field("residual", description="what makes a drawn table consistent")
    totals: Number = Field(0.0, ge=0, le=2, description="relative error of totals, with closure ras")
    least_va: Number = Field(0.05, ge=0, le=1, description="share of its rate that value added keeps, closure residual")

    @model_validator(mode="after")
    def _shares_leave_something(self) -> CellErrorsBlock:
        if self.common_country + self.common_sector > 1:
            raise ValueError("common_country and common_sector are shares of one variance: their sum is at most 1")
        if self.closure == "residual" and self.totals:
            raise ValueError("totals goes with closure ras; under residual, output is the sum of its row. Remove it")
        return self

    def assumed(self) -> CellErrors:
        """Return the errors as the uncertainty wing takes them."""
        return CellErrors(**self.model_dump())


class UncertaintyBlock(Block):
    """Errors of cells, split weights and covariates carried to the coefficients, drawn and pooled by Rubin's rules."""

    cells: CellErrorsBlock | None = Field(
        CellErrorsBlock(), description="errors of the tables' cells; null for none, as with published indices"
    )
    covariates: dict[str, ErrorSize] = Field(
        {},
        description="variable to the relative error of the column it is made of, or to the column of the same file "
        "that has its standard errors; variables not named are taken as exact",
    )
    draws: Whole = Field(
        20, ge=2, le=10_000, description="sets of tables, split weights and covariates; 50 for a paper"
    )
    confidence: Number = Field(0.95, gt=0.5, lt=1)
    stages: Flag = Field(
        True,
        description="whether to give the last year's indices by stage standard errors: first order (closure residual "
        "only), or of the draws where the study splits",
    )
    split_weights: Flag = Field(
        True, description="whether the weights of the study's split are drawn, where it has one; else they are exact"
    )
    battery: Flag = Field(
        True,
        description="whether the tests that speak for the battery's letters are run on every draw (bootstraps of 199)",
    )
    by_source: Flag = Field(
        False, description="whether to draw cells, split weights and covariates also each alone: as many draws a source"
    )
