"""A system of material flows, run from its file to frames: balance, cost, draws, scenarios, targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.resources import data_path
from gvcpos.flows import FlowSystem
from gvcpos.flows.scenarios.comparing import ScenarioComparison, compare_scenarios
from gvcpos.flows.targets import compare_targets
from gvcpos.study.progress import Progress, silent

if TYPE_CHECKING:
    from gvcpos.flows.balance import Balance
    from gvcpos.flows.cost.accounts import CostAccounts
    from gvcpos.flows.draws.results import FlowDraws


@dataclass(frozen=True, eq=False)
class FlowResults:
    """The results of a run of flows.

    Attributes
    ----------
    system : FlowSystem
    balance : Balance
    costs : CostAccounts or None
        None if no process has costs.
    scenarios : ScenarioComparison or None
        None if the file has none.
    frames : mapping of str to DataFrame
        Every frame that is written, by its file name.
    draws, seed : int
        Of the Monte Carlo; no draws, no intervals.
    """

    system: FlowSystem
    balance: Balance
    costs: CostAccounts | None
    scenarios: ScenarioComparison | None
    frames: Mapping[str, pd.DataFrame]
    draws: int
    seed: int

    @property
    def last(self) -> int:
        """The last year, which figures of one year show."""
        return self.system.network.years[-1]


def run_flows(
    system: FlowSystem, *, draws: int = 1000, seed: int = 0, scenarios: bool = True, progress: Progress = silent
) -> FlowResults:
    """Balance a system, cost it, draw it, and set its scenarios and reported targets beside it.

    Parameters
    ----------
    system : FlowSystem
    draws : int
        For intervals; 0 for none.
    seed : int
    scenarios : bool
        Whether to run those of the file.
    progress : Progress

    Raises
    ------
    InputError
        If there is 1 draw, or fewer than none, or the system cannot be balanced or costed.
    """
    if draws < 0 or draws == 1:
        raise InputError(f"draws={draws}: take 0 for no intervals, or 2 at least.")
    balance = system.balance()
    progress("balance", 1, 1)
    frames = _balance_frames(system, balance)
    costs = balance.costs() if system.spec.has_costs else None
    if costs is not None:
        frames |= _cost_frames(costs)
        progress("costs", 1, 1)
    drawn = system.simulate(draws=draws, seed=seed) if draws else None
    if drawn is not None:
        frames |= _draw_frames(drawn, money=system.spec.has_costs)
        progress("draws", 1, 1)
    compared = None
    if scenarios and system.spec.scenarios:
        compared = compare_scenarios(system, drawn=drawn)
        frames["scenario_flows"] = compared.flows
        if not compared.stages.empty:
            frames["scenario_stages"] = compared.stages
        progress("scenarios", 1, 1)
    if drawn is not None and data_path("flows/targets").joinpath(f"{system.spec.name}.yaml").is_file():
        frames["targets"] = compare_targets(system, drawn=drawn)
        progress("targets", 1, 1)
    if system.synthetic:
        frames = {name: frame.assign(synthetic=True) for name, frame in frames.items()}
    return FlowResults(system, balance, costs, compared, frames, draws, seed)


def _balance_frames(system: FlowSystem, balance: Balance) -> dict[str, pd.DataFrame]:
    """Inputs, flows, processes, stocks; of a system with more data than it needs also how they fit."""
    frames = {
        "inputs": system.to_frame(),
        "flows": balance.frame,
        "processes": balance.processes(),
        "stocks": balance.stocks(),
        "fit": balance.fit,
        "suspects": balance.suspects(),
    }
    return {name: frame for name, frame in frames.items() if len(frame)}


def _cost_frames(costs: CostAccounts) -> dict[str, pd.DataFrame]:
    return {
        "cost_centres": costs.centres(),
        "cost_kinds": costs.kinds(),
        "products": costs.products(),
        "losses": costs.losses(),
        "unit_costs": costs.unit_costs(),
        "value_added": costs.value_added(),
        "stages": costs.sides(),
    }


def _draw_frames(drawn: FlowDraws, *, money: bool) -> dict[str, pd.DataFrame]:
    """Intervals of flows and, with costs, of flows' costs and of stages."""
    frames = {"intervals": drawn.frame()}
    if money:
        frames |= {"cost_intervals": drawn.cost_frame(), "stage_intervals": drawn.stage_frame()}
    return frames
