"""What a system's file may say about money: costs of a process, price and purchase cost of a flow."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, Discriminator, Field, Tag, model_validator

from gvcpos._core.block import Block
from gvcpos.flows.system.quantities import Factor, LayerName, Mass, PlainShare, Stated
from gvcpos.flows.units import Measure

Per = Literal["input", "product", "loss"]
Allocation = Literal["mass", "value"]


class Price(Stated):
    """Money per mass."""

    measure: ClassVar[Measure] = "price"
    unit: str = Field(description="USD/t, USD/kg, USD million/kt, ...")


class Rate(Price):
    """A cost per mass that enters, is made, or is lost."""

    per: Per = Field(description="mass that the cost is per: input, product or loss of the process")


class YearlySum(Stated):
    """A cost as a sum a year."""

    measure: ClassVar[Measure] = "money"
    unit: str = Field(description="USD, USD thousand, USD million or USD billion; for a cost per mass USD/t and `per`")


def _cost_form(value: Any) -> str:
    if isinstance(value, BaseModel):
        return "<rate>" if isinstance(value, Rate) else "<sum>"
    return "<rate>" if isinstance(value, dict) and ("per" in value or "/" in str(value.get("unit"))) else "<sum>"


def _amount_form(value: Any) -> str:
    if isinstance(value, BaseModel):
        return "<mass>" if isinstance(value, Mass) else "<per mass>"
    unit = str(value.get("unit", "t/t")) if isinstance(value, dict) else ""
    return "<per mass>" if "/" in unit or unit in ("1", "percent", "%") else "<mass>"


def _price_form(value: Any) -> str:
    if isinstance(value, BaseModel) or not isinstance(value, dict):
        return "<one>"
    return "<one>" if not value or {"value", "values", "unit"} & set(value) else "<layers>"


Cost = Annotated[Annotated[Rate, Tag("<rate>")] | Annotated[YearlySum, Tag("<sum>")], Discriminator(_cost_form)]
Amount = Annotated[Annotated[Factor, Tag("<per mass>")] | Annotated[Mass, Tag("<mass>")], Discriminator(_amount_form)]
Prices = Annotated[
    Annotated[Price, Tag("<one>")] | Annotated[dict[LayerName, Price], Tag("<layers>")],
    Discriminator(_price_form),
]


class AuxiliaryBlock(Block):
    """An auxiliary material: bought for the process, no flow of the system, as an acid or a reagent."""

    amount: Amount = Field(description="t per t of what `per` says, or a mass a year")
    per: Per | None = Field(None, description="mass that the amount is per: input (default), product or loss")
    price: Price
    to_product: PlainShare = Field(0.0, description="share of it that the product contains; the rest is lost")
    note: str | None = None

    @model_validator(mode="after")
    def _per_mass_or_a_mass(self) -> AuxiliaryBlock:
        if self.per is not None and isinstance(self.amount, Mass):
            raise ValueError(f"the amount is a mass a year ({self.amount.unit}): remove per, or give the amount in t/t")
        return self


class CostsBlock(Block):
    """What a quantity centre spends (ISO 14051): on energy, its system, waste and auxiliary materials."""

    energy: Cost | None = Field(None, description="split between product and loss by mass")
    system: Cost | None = Field(None, description="labour, depreciation, maintenance, ...; split by mass")
    waste: Cost | None = Field(None, description="handling of waste; wholly a cost of losses")
    materials: dict[LayerName, AuxiliaryBlock] = Field({}, description="auxiliary materials by name")
    allocation: Allocation = Field("mass", description="how products share their cost: by mass, or by value (p·q)")
