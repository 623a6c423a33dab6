"""Monte Carlo of a system as its file has it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from gvcpos._core.errors import InputError
from gvcpos.flows.balance.solver import CHUNK
from gvcpos.flows.cost.cascade import CostArrays
from gvcpos.flows.cost.systems import priced_draws
from gvcpos.flows.draws.arrays import DrawnArrays, Output
from gvcpos.flows.draws.inputs import sum_rules, variable_of
from gvcpos.flows.draws.marginals import FloatArray
from gvcpos.flows.draws.results import FlowDraws
from gvcpos.flows.draws.sampler import Sampler
from gvcpos.flows.draws.simulation import Negative, simulate

if TYPE_CHECKING:
    from gvcpos.flows.system.flow_system import FlowSystem


def simulate_system(
    system: FlowSystem,
    draws: int = 10_000,
    seed: int = 0,
    *,
    outputs: Mapping[str, Output] | None = None,
    negative: Negative = "again",
    chunk: int | None = None,
) -> FlowDraws:
    """Draw every uncertain number of a system, and balance each draw.

    Parameters
    ----------
    system : FlowSystem
    draws : int
    seed : int
        0 or more.
    outputs, negative, chunk
        As in `gvcpos.flows.draws.simulation.simulate`.

    Raises
    ------
    SpecificationError
        If a datum cannot have its distribution, or as the balance of the system.
    InputError
        If the seed is negative, or as `simulate`.
    EstimationError
        As `simulate`.
    """
    if seed < 0:
        raise InputError(f"seed={seed}: give 0 or more.")
    sampler = Sampler(tuple(variable_of(datum) for datum in system.data), sum_rules(system.spec, system.data), seed)
    return simulate(
        system.network,
        sampler,
        BalancedDraws(system),
        draws=draws,
        outputs=outputs,
        negative=negative,
        chunk=chunk,
        block=CHUNK,
        synthetic=system.synthetic,
    )


def draws_of(system: FlowSystem, draws: int, seed: int, drawn: FlowDraws | None) -> FlowDraws:
    """Return the draws of a system that are there already, or draw it.

    Raises
    ------
    InputError
        If what is there is of another system, or as `simulate_system`.
    """
    if drawn is None:
        return system.simulate(draws, seed)
    if drawn.network is not system.network:
        raise InputError("drawn: these are draws of another system. Give draws of this one: system.simulate(...).")
    return drawn


class BalancedDraws:
    """A system as what is drawn: data to balanced masses, masses and data to costs."""

    def __init__(self, system: FlowSystem) -> None:
        self._system = system
        self._solver = system.solver

    @cached_property
    def stages(self) -> tuple[str | None, ...]:
        """Stage of each process."""
        return tuple(process.stage for process in self._system.spec.processes.values())

    def solved(self, data: FloatArray) -> DrawnArrays:
        """Balance data (m, T, K)."""
        return self.named(data, self._solver.masses(data))

    def named(self, data: FloatArray, mass: FloatArray) -> DrawnArrays:
        """Put names to masses (m, T, F, L) of data (m, T, K)."""
        costing = self._costed if self._system.spec.has_costs else None
        return DrawnArrays(self._system.network, self._system.data.names, data, mass, costing)

    def _costed(self, mass: FloatArray, data: FloatArray) -> tuple[CostArrays, FloatArray]:
        """Costs of draws, and the value of their flows."""
        return priced_draws(self._system, mass, data)
