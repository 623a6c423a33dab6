"""A number of a system's file: one value or a series, its unit, where it is from, and how uncertain it is."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from gvcpos._core.block import Block, Flag, Number, Whole
from gvcpos.flows.units import Measure, factor

Distribution = Literal["normal", "lognormal", "truncated normal", "triangular", "beta", "uniform"]
Grade = Literal["A", "B", "C", "D"]
Finite = Annotated[Number, Field(allow_inf_nan=False)]
Positive = Annotated[Number, Field(gt=0, allow_inf_nan=False)]
_BOUNDED = ("triangular", "beta", "uniform")


class Spreadable(Block):
    """A number with a unit, as of a standard deviation."""

    value: Annotated[Number, Field(ge=0, allow_inf_nan=False)]
    unit: str


class Uncertainty(Block):
    """How uncertain a number is: a distribution by its relative or absolute standard deviation, or by its bounds."""

    distribution: Distribution | None = Field(
        None, description="normal by default; triangular if low and high are given without a standard deviation"
    )
    relative: Annotated[Number, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="standard deviation as a share of the value"
    )
    sd: (
        Annotated[
            Annotated[Number, Field(ge=0, allow_inf_nan=False), Tag("<number>")]
            | Annotated[Spreadable, Tag("<block>")],
            Discriminator(lambda value: "<block>" if isinstance(value, dict | BaseModel) else "<number>"),
        ]
        | None
    ) = Field(None, description="standard deviation: a number in the value's unit, or {value, unit}")
    low: Finite | None = Field(None, description="least possible, in the value's unit")
    mode: Finite | None = Field(None, description="most likely, in the value's unit; the value by default")
    high: Finite | None = Field(None, description="largest possible, in the value's unit")
    correlated: Flag = Field(True, description="one draw for all years (true), or a draw each year (false)")

    @model_validator(mode="after")
    def _one_way(self) -> Uncertainty:
        deviations = [key for key in ("relative", "sd") if getattr(self, key) is not None]
        if len(deviations) > 1:
            raise ValueError("give relative or sd, not both")
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high go together")
        if not deviations and self.low is None:
            raise ValueError("give relative, sd, or low and high")
        if self.low is not None and self.high is not None:
            middle = self.low if self.mode is None else self.mode
            if not self.low <= middle <= self.high or self.low == self.high:
                raise ValueError(f"low={self.low}, mode={middle}, high={self.high} must be in this order")
        elif self.mode is not None:
            raise ValueError("mode goes with low and high")
        self._fits_the_distribution(bool(deviations))
        return self

    def _fits_the_distribution(self, deviation: bool) -> None:
        """Refuse what a distribution has no use for."""
        if self.kind in ("normal", "lognormal") and self.low is not None:
            raise ValueError(f"a {self.kind} distribution has no low and high: use 'truncated normal' or 'triangular'")
        if self.kind == "truncated normal" and not deviation:
            raise ValueError("a truncated normal distribution needs relative or sd")
        if self.kind in ("triangular", "uniform") and deviation and self.low is not None:
            raise ValueError(f"a {self.kind} distribution has relative or sd, or low and high, not both")

    @property
    def kind(self) -> Distribution:
        """The distribution, given or by default."""
        if self.distribution is not None:
            return self.distribution
        return "triangular" if self.relative is None and self.sd is None else "normal"


class Stated(Block):
    """A number or a series, with where it is from."""

    measure: ClassVar[Measure] = "number"
    lowest: ClassVar[float] = 0.0
    highest: ClassVar[float] = math.inf

    value: Finite | None = Field(None, description="one value, for every year")
    values: dict[Whole, Finite] | None = Field(
        None, min_length=1, description="year to value; every year of the system"
    )
    unit: str = "1"
    source: str | None = Field(None, description="key of one of the system's sources")
    assumed: str | None = Field(None, min_length=1, description="why this is assumed")
    calibrated_to: tuple[str, ...] | None = Field(None, min_length=1, description="ids of the claims it was fitted to")
    grade: Grade | None = Field(None, description="quality, A (best) to D; that of the source by default")
    uncertainty: Uncertainty | None = None
    note: str | None = None

    @field_validator("unit")
    @classmethod
    def _of_the_measure(cls, unit: str) -> str:
        factor(unit, cls.measure)
        return unit

    @field_validator("uncertainty")
    @classmethod
    def _deviation_in_a_unit(cls, found: Uncertainty | None, info: ValidationInfo) -> Uncertainty | None:
        if found is None:
            return found
        if isinstance(found.sd, Spreadable):
            factor(found.sd.unit, cls.measure)
        if found.low is not None and info.data.get("values") is not None:
            raise ValueError("low and high are those of one value: for a series give relative or sd")
        if found.kind == "beta" and found.low is None and cls.highest == math.inf:
            raise ValueError("a beta distribution of this needs low and high")
        return found

    @model_validator(mode="after")
    def _one_or_a_series(self) -> Stated:
        if (self.value is None) == (self.values is None):
            raise ValueError("give value or values (a series over years), one of them")
        size = factor(self.unit, self.measure)
        for year, value in self.years_and_values():
            when = "" if year is None else f" in {year}"
            if value * size < self.lowest:
                raise ValueError(f"{value:g}{when} is negative: it cannot be less than 0")
            if value * size > self.highest * (1 + 1e-12):
                raise ValueError(f"{value:g} {self.unit}{when} is over {self.highest:g}")
        self._value_between_its_bounds()
        return self

    def _value_between_its_bounds(self) -> None:
        found = self.uncertainty
        if self.value is None or found is None or found.low is None or found.high is None:
            return
        if not found.low <= self.value <= found.high:
            raise ValueError(f"value={self.value:g} is not between low={found.low:g} and high={found.high:g}")

    def years_and_values(self) -> list[tuple[int | None, float]]:
        """Return (year, value) pairs; the year is None for one value."""
        return [(None, self.value)] if self.value is not None else list((self.values or {}).items())

    @property
    def size(self) -> float:
        """How many of the units inside the unit is."""
        return factor(self.unit, self.measure)


class Mass(Stated):
    """A mass, as of a flow in a year."""

    measure: ClassVar[Measure] = "mass"
    unit: str = Field(description="g, kg, t, kt or Mt")


class Share(Stated):
    """A share, from 0 to 1, or in percent."""

    highest: ClassVar[float] = 1.0


class Factor(Stated):
    """A number that is not negative."""


class Years(Stated):
    """A time in years."""

    measure: ClassVar[Measure] = "time"
    unit: str = "year"


def _form(value: Any) -> str:
    if isinstance(value, BaseModel):
        return "<one>"
    if not isinstance(value, dict):
        return "<number>"
    return "<one>" if not value or {"value", "values", "unit"} & set(value) else "<layers>"


def _block_form(value: Any) -> str:
    return "<layers>" if _form(value) == "<layers>" else "<one>"


LayerName = Annotated[str, Field(min_length=1)]
PlainShare = Annotated[
    Annotated[Annotated[Number, Field(ge=0, le=1)], Tag("<number>")] | Annotated[Share, Tag("<one>")],
    Discriminator(lambda value: "<one>" if isinstance(value, dict | BaseModel) else "<number>"),
]
Shares = Annotated[
    Annotated[Annotated[Number, Field(ge=0, le=1)], Tag("<number>")]
    | Annotated[Share, Tag("<one>")]
    | Annotated[dict[LayerName, PlainShare], Tag("<layers>")],
    Discriminator(_form),
]
Masses = Annotated[
    Annotated[Mass, Tag("<one>")] | Annotated[dict[LayerName, Mass], Tag("<layers>")],
    Discriminator(_block_form),
]
Time = Annotated[
    Annotated[Positive, Tag("<number>")] | Annotated[Years, Tag("<one>")],
    Discriminator(lambda value: "<one>" if isinstance(value, dict | BaseModel) else "<number>"),
]
Plain = Annotated[
    Annotated[Positive, Tag("<number>")] | Annotated[Factor, Tag("<one>")],
    Discriminator(lambda value: "<one>" if isinstance(value, dict | BaseModel) else "<number>"),
]


def stated(found: float | Stated, kind: type[Stated]) -> Stated:
    """Return a plain number as the block that it stands for."""
    return found if isinstance(found, Stated) else kind(value=float(found))
