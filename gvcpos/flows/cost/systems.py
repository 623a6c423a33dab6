"""Cost accounting of a system as its file has it: of one balance, or of draws of masses and data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gvcpos.flows.cost.accounts import CostAccounts
from gvcpos.flows.cost.cascade import CostArrays, cost_arrays
from gvcpos.flows.cost.data import money_of, structure_of
from gvcpos.flows.cost.value import flow_values
from gvcpos.flows.network import FloatArray

if TYPE_CHECKING:
    from gvcpos.flows.system.flow_system import FlowSystem


def cost_accounts(system: FlowSystem, mass: FloatArray, values: FloatArray | None = None) -> CostAccounts:
    """Cost the balance of a system.

    Parameters
    ----------
    system : FlowSystem
    mass : (T, F, L) array
        kt, as `Balance.mass`.
    values : (T, K) array, optional
        Data to use instead of those of the system (a scenario's), in the order of `system.data`.

    Raises
    ------
    InputError
        If no process has costs, or as `cost_arrays`.
    """
    stages = tuple(process.stage for process in system.spec.processes.values())
    money = money_of(system.spec, system.data, values)
    return CostAccounts.of(structure_of(system.spec), mass, money, stages=stages, synthetic=system.synthetic)


def cost_draws(system: FlowSystem, mass: FloatArray, values: FloatArray, *, by_kind: bool = False) -> CostArrays:
    """Cost draws of a system, all at once.

    Parameters
    ----------
    system : FlowSystem
    mass : (..., T, F, L) array
        kt, draw by draw.
    values : (..., T, K) array
        The data of each draw, prices and costs among them, in the order of `system.data`.
    by_kind : bool
        Follow material, energy and system cost separately; takes three times the memory.

    Raises
    ------
    InputError
        As `cost_arrays`: a draw that cannot be costed is not left out.
    """
    return cost_arrays(structure_of(system.spec), mass, money_of(system.spec, system.data, values), by_kind=by_kind)


def priced_draws(system: FlowSystem, mass: FloatArray, values: FloatArray) -> tuple[CostArrays, FloatArray]:
    """Costs of draws as in `cost_draws`, and the value of their flows, (..., T, F, L)."""
    structure, money = structure_of(system.spec), money_of(system.spec, system.data, values)
    costs = cost_arrays(structure, mass, money, by_kind=False)
    return costs, flow_values(structure, costs.mass, np.broadcast_to(money.price, costs.mass.shape))
