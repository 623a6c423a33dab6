"""What a scenario says: which numbers of a system change, by how much and in which years."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from gvcpos._core.block import Block, Number, Whole

Finite = Annotated[Number, Field(allow_inf_nan=False)]


class ChangeBlock(Block):
    """One change: where in the file, and what happens to the number there."""

    at: str = Field(
        pattern=r"^(flows|processes)\.[^.\s]+\.\S+$",
        description="dotted place of a number, as in flows.scrap.share or flows.*.price.heavy; * stands for every name",
    )
    to: Finite | None = Field(None, description="new value, in the unit the file has there")
    by: Annotated[Finite, Field(ge=0)] | None = Field(None, description="factor: 2 doubles, 0 stops")
    years: tuple[Whole, ...] | None = Field(None, min_length=1, description="years that it applies to; all by default")

    @model_validator(mode="after")
    def _one_of_two(self) -> ChangeBlock:
        if (self.to is None) == (self.by is None):
            raise ValueError("give to (a new value) or by (a factor), one of them")
        return self


class ScenarioBlock(Block):
    """A named set of changes."""

    title: str = Field(min_length=1)
    changes: tuple[ChangeBlock, ...] = Field(min_length=1, description="made one after another")
    release: tuple[str, ...] = Field(
        (),
        description="places of measured numbers that no longer hold, as flows.oxide.value: what they measured follows "
        "from the rest",
    )
    note: str | None = Field(None, description="why these, and from where")
