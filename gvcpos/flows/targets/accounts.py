"""What figures are computed of: masses, prices and costs of a system, of its point solution or of draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate
from gvcpos.flows.cost.cascade import CostArrays
from gvcpos.flows.cost.data import money_of, structure_of
from gvcpos.flows.cost.structure import BoolArray
from gvcpos.flows.network import FloatArray, Network

if TYPE_CHECKING:
    from gvcpos.flows.system.flow_system import FlowSystem


@dataclass(frozen=True, eq=False)
class Accounts:
    """Masses, prices and costs of a network; leading dimensions, if any, are draws.

    Attributes
    ----------
    network : Network
    mass : (..., T, F, L) array
        kt.
    price : (..., T, F, L) array
        USD million per kt; NaN where a flow has none.
    loss : (F,) bool array
        Flows that are losses: without a price they are worth nothing.
    costing : callable
        Gives the cost arrays of these masses; called only where a figure asks for costs.
    """

    network: Network
    mass: FloatArray
    price: FloatArray
    loss: BoolArray
    costing: Callable[[], CostArrays]

    @classmethod
    def of(
        cls, system: FlowSystem, mass: FloatArray, values: FloatArray, costing: Callable[[], CostArrays]
    ) -> Accounts:
        """Take prices from the data (..., T, K) of a system, or of its draws."""
        money = money_of(system.spec, system.data, values)
        return cls(system.network, mass, money.price, structure_of(system.spec).loss, costing)

    @cached_property
    def costs(self) -> CostArrays:
        """Cost arrays of these masses."""
        return self.costing()

    def masses(self, flows: Sequence[str], years: Sequence[int] | None, layers: Sequence[str] | None) -> FloatArray:
        """(...): mass of flows, summed over years (all) and layers (all); kt."""
        return self._summed(self.mass, flows, years, layers)

    def values(self, flows: Sequence[str], years: Sequence[int] | None, layers: Sequence[str] | None) -> FloatArray:
        """(...): value of flows at their prices, summed likewise; USD million.

        Raises
        ------
        InputError
            If a flow that is no loss has no price.
        """
        at = locate(flows, self.network.flows, "flows")
        blank = np.asarray(np.isnan(self.price).reshape(-1, *self.price.shape[-3:]).any(axis=(0, 1, 3)))
        wanting = [name for name, f in zip(flows, at, strict=True) if blank[f] and not self.loss[f]]
        if wanting:
            raise InputError(
                f"flow {wanting[0]!r} has no price, and its value is asked for. Give flows.{wanting[0]}.price."
            )
        return self._summed(np.nan_to_num(self.price, nan=0.0) * self.mass, flows, years, layers)

    def added_value(self, processes: Sequence[str], years: Sequence[int] | None) -> FloatArray:
        """(...): value of what leaves a set of processes less that of what enters it; inner flows do not count."""
        inside = np.zeros(len(self.network.processes), dtype=bool)
        inside[locate(processes, self.network.processes, "processes")] = True
        source, target = _among(inside, self.network.source), _among(inside, self.network.target)
        sold, bought = source & ~target & ~self.loss, target & ~source
        names = np.array(self.network.flows)
        return self.values(names[sold].tolist(), years, None) - self.values(names[bought].tolist(), years, None)

    def flow_costs(self, flows: Sequence[str], years: Sequence[int] | None, layers: Sequence[str] | None) -> FloatArray:
        """(...): what flows have cost, summed over years (all) and layers (all); USD million."""
        return self._summed(self.costs.total, flows, years, layers)

    def cost(self, kind: str, years: Sequence[int] | None, *, by_centre: bool) -> FloatArray:
        """(...): a kind of cost, summed over years; USD million.

        Material is what is bought: flows from outside and auxiliary materials. By centre it is, in each, auxiliary
        materials and all that comes in, at what it has cost so far; so what goes through three centres counts thrice.
        """
        spent = self.costs.spent
        if kind != "material":
            found = getattr(spent, kind).sum(axis=-1)
        else:
            found = (spent.material_product + spent.material_loss).sum(axis=-1)
            if by_centre:
                entered = self.costs.entered.sum(axis=(-1, -2))
                found = found + entered[..., self.costs.structure.centre].sum(axis=-1)
            else:
                found = found + self.costs.balance()["bought"]
        return np.asarray(found[..., self._years(years)].sum(axis=-1))

    def _summed(
        self, array: FloatArray, flows: Sequence[str], years: Sequence[int] | None, layers: Sequence[str] | None
    ) -> FloatArray:
        at = locate(flows, self.network.flows, "flows")
        which = locate(self.network.layers if layers is None else layers, self.network.layers, "layers")
        part = array[..., self._years(years), :, :][..., at, :]
        return np.asarray(part[..., which].sum(axis=(-1, -2, -3)))

    def _years(self, years: Sequence[int] | None) -> np.ndarray:
        return locate(self.network.years if years is None else years, self.network.years, "years")


def _among(inside: BoolArray, ends: np.ndarray) -> BoolArray:
    """Whether each end of a flow is among processes (P,); the outside (-1) is not."""
    return np.asarray(np.where(ends >= 0, inside[ends], False))
