"""Value of flows, and what enters and leaves groups of processes: value added = sum of p q out - sum of p q in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos.flows.cost.cascade import CostArrays
from gvcpos.flows.cost.structure import BoolArray, CostStructure
from gvcpos.flows.network import FloatArray

IntArray = npt.NDArray[np.int64]


def flow_values(structure: CostStructure, mass: FloatArray, price: FloatArray) -> FloatArray:
    """Value of every flow, p q.

    A flow without mass is worth nothing; so are a loss, and what leaves where costs end (old scrap), without a price.

    Parameters
    ----------
    structure : CostStructure
    mass : (..., T, F, L) array
        kt.
    price : (..., T, F, L) array
        USD million per kt; NaN where a flow has none.

    Returns
    -------
    (..., T, F, L) array
        USD million; NaN where a product has no price.
    """
    old = (structure.network.source >= 0) & ~structure.bought & ~structure.carried & ~structure.final
    scrap = structure.bought & (structure.network.source >= 0)
    free = (structure.loss | old | scrap)[:, None]
    value = mass * price
    np.copyto(value, 0.0, where=~(mass > 0.0) | (np.isnan(price) & free))
    return value


@dataclass(frozen=True, eq=False)
class GroupArrays:
    """What G groups of processes receive, spend and deliver, over their borders; each array (..., T, G, L) unless said.

    Flows between processes of one group are not counted: they neither enter nor leave it. Where costs end (in use),
    value is paid and none is added.

    Attributes
    ----------
    mass_in, mass_out, mass_lost : arrays
        kt that enter, leave as products, and leave as losses.
    value_in, value_out, value_lost : arrays
        USD million; NaN where a product that crosses the border has no price. What losses are sold for is part of what
        goes out.
    cost_in, cost_out : arrays
        What comes in costs (price of what is bought, unit cost of the rest), and what goes out as product has cost.
    cost_lost : (..., T, G) array
        Cost of the losses that leave, with waste management and lost auxiliary materials.
    spent : (..., T, G) array
        What the group's processes spend themselves: energy, system, waste, auxiliary materials.
    auxiliary : (..., T, G) array
        Auxiliary materials among it.
    energy : (..., T, G) array
        Energy among it.
    ended : (G,) bool array
        Groups in which all costs end.
    """

    mass_in: FloatArray
    mass_out: FloatArray
    mass_lost: FloatArray
    value_in: FloatArray
    value_out: FloatArray
    value_lost: FloatArray
    cost_in: FloatArray
    cost_out: FloatArray
    cost_lost: FloatArray
    spent: FloatArray
    auxiliary: FloatArray
    energy: FloatArray
    ended: BoolArray

    @property
    def value_added(self) -> FloatArray:
        """(..., T, G, L): sum of p q out - sum of p q in; NaN where costs end."""
        return np.where(self.ended[:, None], np.nan, self.value_out - self.value_in)

    @property
    def net_value_added(self) -> FloatArray:
        """(..., T, G): the same of all layers, less auxiliary materials and energy, which are bought too."""
        return np.asarray(self.value_added.sum(axis=-1) - self.auxiliary - self.energy)


def group_arrays(costs: CostArrays, value: FloatArray, groups: IntArray) -> GroupArrays:
    """Sum over the borders of groups of processes.

    Parameters
    ----------
    costs : CostArrays
    value : (..., T, F, L) array
        Of `flow_values`.
    groups : (P,) int array
        Number of the group of each process, 0 to G - 1.
    """
    structure = costs.structure
    count = int(groups.max(initial=-1)) + 1
    padded = np.append(groups, -1)
    source, target = padded[structure.network.source], padded[structure.network.target]
    crosses, loss = source != target, structure.loss

    def summed(array: FloatArray, chosen: BoolArray, ends: IntArray) -> FloatArray:
        """(..., T, G, L): sums over the chosen flows by the group at one of their ends."""
        parts = [array[..., chosen & (ends == g), :].sum(axis=-2) for g in range(count)]
        return np.stack(parts, axis=-2)

    def of_processes(array: FloatArray) -> FloatArray:
        """(..., T, G): sums over the processes of each group."""
        return np.stack([array[..., groups == g].sum(axis=-1) for g in range(count)], axis=-1)

    spent, cost = costs.spent, costs.total
    ended = of_processes(spent.waste + spent.material_loss)
    auxiliary = spent.material_product + spent.material_loss
    return GroupArrays(
        mass_in=summed(costs.mass, crosses, target),
        mass_out=summed(costs.mass, crosses & ~loss, source),
        mass_lost=summed(costs.mass, crosses & loss, source),
        value_in=summed(value, crosses, target),
        value_out=summed(value, crosses, source),
        value_lost=summed(value, crosses & loss, source),
        cost_in=summed(cost, crosses, target),
        cost_out=summed(cost, crosses & ~loss, source),
        cost_lost=summed(cost, crosses & loss, source).sum(axis=-1) + ended,
        spent=of_processes(spent.total),
        auxiliary=of_processes(auxiliary),
        energy=of_processes(spent.energy),
        ended=~np.array([structure.passing[groups == g].any() for g in range(count)], dtype=bool),
    )
