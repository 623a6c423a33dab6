"""What a claim is: a figure with its source, unit and status, and how other claims or trade data give it again."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Strict, Tag, model_validator

from gvcpos.trade.claims.units import Unit, size, written

Status = Literal["reported", "press", "paper", "norm", "implied"]
Measure = Literal["world", "exports", "imports", "surplus", "deficit"]
OPERATIONS = ("growth", "difference", "ratio", "sum", "product", "scale")
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Whole = Annotated[int, Strict()]
Text = Annotated[str, Strict(), Field(min_length=1)]
Place = tuple[Any, ...]


class Part(BaseModel):
    """A part of a claims file: immutable, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "<claim>"
    return "<formula>" if isinstance(value, dict | Formula) else "<number>"


# The tags' brackets keep them apart from the file's own keys when a fault's place is looked up.
Operand = Annotated[
    Annotated[Text, Tag("<claim>")] | Annotated[Number, Tag("<number>")] | Annotated["Formula", Tag("<formula>")],
    Discriminator(_kind),
]


class Growth(Part):
    """(last / first)^(1 / years) − 1."""

    first: Operand
    last: Operand
    years: Whole = Field(1, ge=1)


class Scale(Part):
    """A figure times a number: by 1 it is the same figure, given elsewhere."""

    of: Operand
    by: Number


class Formula(Part):
    """One operation on other claims, on numbers, or on other formulas. Percentages count as shares: 17.2 % is 0.172."""

    growth: Growth | None = None
    difference: tuple[Operand, Operand] | None = None
    ratio: tuple[Operand, Operand] | None = None
    sum: Annotated[tuple[Operand, ...], Field(min_length=2)] | None = None
    product: Annotated[tuple[Operand, ...], Field(min_length=2)] | None = None
    scale: Scale | None = None

    @model_validator(mode="after")
    def _one_operation(self) -> Formula:
        given = [name for name in OPERATIONS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a formula is one operation of {', '.join(OPERATIONS)}; here are {len(given)}")
        return self

    @property
    def operation(self) -> str:
        """Name of the operation."""
        return next(name for name in OPERATIONS if getattr(self, name) is not None)

    @property
    def operands(self) -> tuple[str | float | Formula, ...]:
        """What the operation works on, in order."""
        if self.growth is not None:
            return (self.growth.first, self.growth.last)
        if self.scale is not None:
            return (self.scale.of, self.scale.by)
        found = next(getattr(self, name) for name in ("difference", "ratio", "sum", "product") if getattr(self, name))
        return tuple(found)

    def leaves(self) -> tuple[str, ...]:
        """Return the claims that it works on, each once."""
        found: dict[str, None] = {}
        for operand in self.operands:
            if isinstance(operand, str):
                found[operand] = None
            elif isinstance(operand, Formula):
                found |= dict.fromkeys(operand.leaves())
        return tuple(found)


class TradeFigure(Part):
    """Where trade data have the figure: HS codes, a measure, and whose."""

    hs: Annotated[tuple[Text, ...], Field(min_length=1)]
    measure: Measure
    country: Text | None = None
    partner: Text | None = None

    @model_validator(mode="after")
    def _whose(self) -> TradeFigure:
        if (self.country is None) != (self.measure == "world"):
            raise ValueError("a country is needed for every measure but world, and for that none")
        if self.partner is not None and self.measure not in ("exports", "imports"):
            raise ValueError("a partner goes with exports or imports")
        return self


class Claim(Part):
    """A figure that somebody gave.

    Attributes
    ----------
    id, text : str
    value : float or None
        As given, in `unit`; None for a figure that others only imply.
    unit : str
    year : int
        Of the figure, the last of a span.
    period : str
        Where a year does not say it: ``"March 2025"``, ``"2018–2023"``.
    status : {"reported", "press", "paper", "norm", "implied"}
    source : str
    step : float or None
        Unit of the last printed digit; by default that of the number as written (1 for 3520, 0.1 for 17.2).
    about : bool
        The source says "about": rounding to one significant digit is allowed for.
    bound : {"above", "below"} or None
        The source gives a limit, not a value.
    formula : Formula or None
    part_of : str or None
        A claim that this one cannot exceed.
    why : str
        Why there is no formula, where the source could have one.
    trade : TradeFigure or None
    """

    id: Text
    text: Text
    value: Number | None = None
    unit: Unit
    year: Whole = Field(ge=1900, le=2100)
    period: Text | None = None
    status: Status
    source: Text
    step: Annotated[Number, Field(gt=0)] | None = None
    about: Annotated[bool, Strict()] = False
    bound: Literal["above", "below"] | None = None
    formula: Formula | None = None
    part_of: Text | None = None
    why: Text | None = None
    trade: TradeFigure | None = None

    @model_validator(mode="after")
    def _complete(self) -> Claim:
        if (self.value is None) != (self.status == "implied"):
            raise ValueError("a claim has a value, unless its status is implied, and then it has none")
        if self.status == "implied" and self.formula is None:
            raise ValueError("an implied figure needs a formula")
        if self.formula is not None and self.why is not None:
            raise ValueError("why says that there is no formula, but there is one. Keep one of them")
        return self

    @property
    def base(self) -> float:
        """The value in base units; NaN if it is only implied."""
        return math.nan if self.value is None else self.value * size(self.unit)

    @property
    def decimals(self) -> int:
        """Decimals of the figure as written."""
        text = f"{self.value:.12g}" if self.value is not None else "0"
        return len(text.partition(".")[2]) if "e" not in text else 0

    @property
    def half(self) -> float:
        """Half of the last printed digit, in the claim's unit: what rounding may hide."""
        return 0.5 * (self.step if self.step is not None else 10.0**-self.decimals)

    @property
    def stated(self) -> str:
        """The figure as it was given, with its unit, as in ``"about 20 %"``; empty if it is only implied."""
        if self.value is None:
            return ""
        limit = {"above": "above ", "below": "below ", None: "about " if self.about else ""}[self.bound]
        return limit + written(self.value, self.unit, self.decimals)

    @property
    def when(self) -> str:
        """Period, or year."""
        return self.period or str(self.year)


Formula.model_rebuild()
Growth.model_rebuild()
Scale.model_rebuild()
