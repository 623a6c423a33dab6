"""What every block of a specification shares: it is immutable and refuses keys it does not know."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Strict, model_validator

Whole = Annotated[int, Strict()]  # pydantic would take true for 1
Number = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]  # pydantic would take 1 for true


def _text_or_number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("must be text or a number, as a cell of a file is")
    return value


Cell = Annotated[object, AfterValidator(_text_or_number)]  # what a cell of a file may be asked to be


class Block(BaseModel):
    """A part of the specification: immutable, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="after")
    def _nothing_named_twice(self) -> Self:
        for key in type(self).model_fields:
            values = getattr(self, key)
            named = [v for v in values if isinstance(v, str)] if isinstance(values, tuple) else []
            twice = [v for v, n in Counter(named).items() if n > 1]
            if twice:
                raise ValueError(f"{key} names {', '.join(map(str, twice))} more than once. Name it once")
        return self
