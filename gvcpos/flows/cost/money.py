"""Money that goes in: prices of flows, and the rates and sums that the centres spend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from gvcpos._core.errors import InputError
from gvcpos.flows.cost.lines import first_true, turned_back, years_first
from gvcpos.flows.cost.structure import CostStructure
from gvcpos.flows.network import FloatArray

Basis = Literal["year", "input", "product", "loss"]  # a sum a year, or so much per kt that enters, is made, is lost
BASES: tuple[str, ...] = get_args(Basis)
Kind = Literal["energy", "system", "waste", "material"]


@dataclass(frozen=True, eq=False)
class Expense:
    """One thing that a centre spends money on.

    Attributes
    ----------
    process : int
        Number of the centre.
    kind : {"energy", "system", "waste", "material"}
        A material here is an auxiliary one: bought for the centre, no flow of the network.
    basis : {"year", "input", "product", "loss"}
        What `rate` is multiplied by: 1, or the kt that enter, are made, or are lost.
    rate : (..., T) array
        USD million a year, or USD million per kt; leading dimensions, if any, are draws.
    to_product : float or (..., T) array
        Share of an auxiliary material that the product contains; the rest is lost. Energy and system cost follow
        mass, waste management goes to losses, so it is not used there.
    name : str
    """

    process: int
    kind: Kind
    basis: Basis
    rate: FloatArray
    to_product: FloatArray | float = 0.0
    name: str = ""


@dataclass(frozen=True, eq=False)
class Money:
    """Prices and expenses; what broadcasts with the masses is enough.

    Attributes
    ----------
    price : (..., T, F, L) array
        USD million per kt; NaN where a flow has no price.
    purchase : (..., T, F, L) array, optional
        What the buyer pays where that is not the price; NaN where it is.
    expenses : sequence of Expense
    """

    price: FloatArray
    purchase: FloatArray | None = None
    expenses: Sequence[Expense] = field(default_factory=tuple)

    @property
    def lead(self) -> tuple[int, ...]:
        """Shape (..., T) that prices and expenses need."""
        shapes = [np.shape(self.price)[:-2], *(np.shape(expense.rate) for expense in self.expenses)]
        shapes += [np.shape(expense.to_product) for expense in self.expenses]
        return np.broadcast_shapes(*shapes, () if self.purchase is None else np.shape(self.purchase)[:-2])

    def bought_at(self, structure: CostStructure) -> FloatArray:
        """(..., T, B, L): unit cost of the B bought flows, in their order: the purchase cost, else the price.

        Old scrap without a price is free: its cost ended in use.

        Raises
        ------
        InputError
            If a flow enters from outside without a price in a year, or a price is negative.
        """
        refuse_negative(structure, self.price, "price")
        bought = np.flatnonzero(structure.bought)
        cost = self.price[..., bought, :]
        if self.purchase is not None:
            refuse_negative(structure, self.purchase, "purchase cost")
            paid = self.purchase[..., bought, :]
            cost = np.where(np.isnan(paid), cost, paid)
        unknown = np.isnan(cost)
        place = first_true(unknown & (structure.network.source[bought] < 0)[:, None])
        if place is not None:
            flow, year = _flow_year(structure, (*place[:-2], int(bought[place[-2]]), place[-1]))
            raise InputError(
                f"flow {flow!r} enters from outside and has no price in {year}. Give flows.{flow}.price for every year "
                "(0 USD/t for what is free, as ore in the ground)."
            )
        return np.where(unknown, 0.0, cost)


@dataclass(frozen=True, eq=False)
class Spent:
    """What every centre spends in money and on what; each (..., T, P), USD million.

    Attributes
    ----------
    energy, system, waste : arrays
    material_product, material_loss : arrays
        Auxiliary materials that the product contains, and that are lost.
    """

    energy: FloatArray
    system: FloatArray
    waste: FloatArray
    material_product: FloatArray
    material_loss: FloatArray

    @property
    def total(self) -> FloatArray:
        """(..., T, P): all of it."""
        return self.energy + self.system + self.waste + self.material_product + self.material_loss


def spend(structure: CostStructure, expenses: Sequence[Expense], masses: Mapping[str, FloatArray]) -> Spent:
    """Multiply the rates by the masses they refer to.

    Parameters
    ----------
    structure : CostStructure
    expenses : sequence of Expense
    masses : mapping of str to (P, T, ...) array
        ``input``, ``product`` and ``loss``: kt that enter a process, that become product or stock, and that are lost.

    Raises
    ------
    InputError
        If a rate is negative or a share of a material is not in [0, 1].
    """
    shape = masses["input"].shape
    kinds = ("energy", "system", "waste", "material_product", "material_loss")
    sums = {kind: np.zeros(shape) for kind in kinds}
    for expense in expenses:
        _check(structure, expense)
        j, rate = expense.process, years_first(expense.rate, len(shape) - 1)
        amount = rate * masses[expense.basis][j] if expense.basis in masses else rate
        if expense.kind == "material":
            share = years_first(expense.to_product, len(shape) - 1)
            sums["material_product"][j] += amount * share
            sums["material_loss"][j] += amount * (1.0 - share)
        else:
            sums[expense.kind][j] += amount
    return Spent(**{kind: turned_back(total, 1) for kind, total in sums.items()})


def refuse_negative(structure: CostStructure, price: FloatArray, what: str) -> None:
    """Raise InputError for a negative price (..., T, F, L), naming flow and year."""
    place = first_true(price < 0.0)
    if place is not None:
        flow, year = _flow_year(structure, place)
        raise InputError(
            f"flow {flow!r}, {year}: {what} {price[place]:g} USD million per kt is negative. Give 0 or more."
        )


def _check(structure: CostStructure, expense: Expense) -> None:
    where = f"process {structure.end_of(expense.process)!r}, {expense.name or expense.kind}"
    rate, share = np.asarray(expense.rate), np.asarray(expense.to_product)
    place = first_true(~(rate >= 0.0))
    if place is not None:
        year = structure.network.years[place[-1]] if rate.shape[-1] > 1 else structure.network.years[0]
        raise InputError(f"{where}, {year}: a cost of {rate[place]:g}. Give 0 or more for every year.")
    if not ((share >= 0.0) & (share <= 1.0)).all():
        raise InputError(f"{where}: to_product is {share.min():g} to {share.max():g}. Give a share in [0, 1].")


def _flow_year(structure: CostStructure, place: tuple[int, ...]) -> tuple[str, int]:
    return structure.network.flows[place[-2]], structure.network.years[place[-3]]
