"""How a centre's costs are split between what leaves it: alpha, and what every flow weighs, in mass or in value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gvcpos._core.errors import InputError
from gvcpos.flows.cost.lines import first_true, gathered, inverse
from gvcpos.flows.cost.structure import BoolArray, CostStructure
from gvcpos.flows.network import FloatArray


@dataclass(frozen=True, eq=False)
class Split:
    """What the costs of each process are divided by, and what each flow takes of it; years and draws come last.

    Attributes
    ----------
    weight : (F, L, ...) array
        kt; of products of a centre that allocates by value, their value p q.
    change : (P, L, ...) array
        What goes to stock, in the same measure; negative where the stock is drawn down.
    left : (P, L, ...) array
        kt of a layer that leave a process or go to its stock.
    kept : (P, L, ...) array
        Share of it that becomes product or stock.
    base : (P, ...) array
        Weight of all products and the change of stock.
    entered, made, lost : (P, ...) arrays
        kt that enter, that become product or stock, and that are lost.
    """

    weight: FloatArray
    change: FloatArray
    left: FloatArray
    kept: FloatArray
    base: FloatArray
    entered: FloatArray
    made: FloatArray
    lost: FloatArray

    @property
    def alpha(self) -> FloatArray:
        """(P, ...): m_product / (m_product + m_loss), 0 where nothing leaves."""
        return np.asarray(self.made * inverse(self.made + self.lost))


def split(structure: CostStructure, mass: FloatArray, price: FloatArray | None = None) -> Split:
    """Weigh what leaves each process.

    Parameters
    ----------
    structure : CostStructure
    mass : (F, L, ...) array
        kt.
    price : (F, L, ...) array, optional
        Needed for centres that allocate by value.

    Raises
    ------
    InputError
        If a mass is negative or not a number, a centre gives from a stock into which nothing came, or the products of a
        centre that allocates by value are worth nothing; the message names process or flow, and year.
    """
    network, count = structure.network, len(structure.network.processes)
    _refuse_masses(structure, mass)
    into, out = gathered(mass, network.target, count), gathered(mass, network.source, count)
    lost = gathered(mass, np.where(structure.loss, network.source, -1), count)
    change = np.where(_column(structure.stock, into), into - out, 0.0)
    left = out + change
    _refuse_drawdown(structure, out, left)
    kept = (left - lost) * inverse(left)
    made = np.maximum(left - lost, 0.0).sum(axis=1)
    weight, base = mass, made
    if structure.by_value.any():
        weight, change, base = _by_value(structure, mass, (change, made), price)
    return Split(weight, change, left, kept, base, into.sum(axis=1), made, lost.sum(axis=1))


def _by_value(
    structure: CostStructure, mass: FloatArray, stocks: tuple[FloatArray, FloatArray], price: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Values in place of masses, for centres that allocate so; a stock is worth what its layer's products are."""
    network, (change, made) = structure.network, stocks
    count = len(network.processes)
    valued = np.append(structure.by_value, False)[network.source] & ~structure.loss
    _refuse_unpriced(structure, mass, price, valued)
    value = np.where(_column(valued, mass), 0.0 if price is None else np.nan_to_num(price, nan=0.0) * mass, 0.0)
    sold = np.where(valued, network.source, -1)
    worth, tonnes = gathered(value, sold, count), gathered(mass, sold, count)
    stock_value = worth * inverse(tonnes) * change
    total = (worth + stock_value).sum(axis=1)
    of_value = structure.by_value
    nothing = first_true(_column(of_value, made) & (total <= 0.0) & (made > 0.0))
    if nothing is not None:
        j, t = nothing[:2]
        raise InputError(
            f"process {network.processes[j]!r}, {network.years[t]}: its products are worth nothing, so that costs "
            "cannot be allocated by value. Allocate by mass."
        )
    weight = np.where(_column(valued, mass), value, mass)
    return (
        weight,
        np.where(_column(of_value, change), stock_value, change),
        np.where(_column(of_value, made), total, made),
    )


def _column(mark: BoolArray, like: FloatArray) -> BoolArray:
    """A mark of the first axis, to go with an array."""
    return mark.reshape(-1, *[1] * (like.ndim - 1))


def _refuse_unpriced(structure: CostStructure, mass: FloatArray, price: FloatArray | None, valued: BoolArray) -> None:
    unknown = np.isnan(price) if price is not None else np.ones(mass.shape, dtype=bool)
    missing = first_true(_column(valued, mass) & unknown & (mass > 0.0))
    if missing is not None:
        network, (f, layer, t) = structure.network, missing[:3]
        raise InputError(
            f"flow {network.flows[f]!r}, {network.years[t]}, layer {network.layers[layer]!r}: no price, and process "
            f"{structure.end_of(network.source[f])!r} allocates its cost by value. Give the price, or allocate by mass."
        )


def _refuse_masses(structure: CostStructure, mass: FloatArray) -> None:
    wrong = first_true(~(mass >= 0.0))
    if wrong is not None:
        network, (f, layer, t) = structure.network, wrong[:3]
        raise InputError(
            f"flow {network.flows[f]!r}, {network.years[t]}, layer {network.layers[layer]!r}: a mass of "
            f"{mass[wrong]:g} kt. Masses must be 0 or more."
        )


def _refuse_drawdown(structure: CostStructure, out: FloatArray, left: FloatArray) -> None:
    """Raise where a centre gives from a stock into which nothing entered: the year has no unit cost for it."""
    network = structure.network
    wrong = first_true(_column(structure.passing & structure.stock, out) & (left <= 0.0) & (out > 0.0))
    if wrong is not None:
        j, layer, t = wrong[:3]
        raise InputError(
            f"process {network.processes[j]!r}, {network.years[t]}, layer {network.layers[layer]!r}: "
            f"{out[wrong]:g} kt leave its stock and nothing enters, so that they have no cost of this "
            "year. Costs end at a stock that is no quantity centre: take away its costs."
        )
