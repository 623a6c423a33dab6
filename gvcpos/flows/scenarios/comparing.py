"""Scenarios beside the system as it is: flows, costs and values by stage, with intervals of the differences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.flows.cost.tidy import by_layers, layer_labels, long_frame
from gvcpos.flows.draws.results import FlowDraws
from gvcpos.flows.draws.systems import draws_of
from gvcpos.flows.network import FloatArray
from gvcpos.flows.scenarios.changing import before, in_scenario, named
from gvcpos.flows.scenarios.pairs import Pair, intervals
from gvcpos.flows.scenarios.spec import ScenarioBlock
from gvcpos.flows.system.flow_system import FlowSystem

KEYS = ("mass_in", "mass_out", "mass_lost", "spent", "cost_out", "value_in", "value_out", "value_added", "surplus")
UNITS = {"unit_cost": "USD/t", "unit_value": "USD/t"} | {key: "kt" for key in KEYS if key.startswith("mass")}


@dataclass(frozen=True, eq=False)
class ScenarioComparison:
    """What scenarios change.

    Attributes
    ----------
    flows : DataFrame
        scenario, year, flow, layer (with ``total``), base, changed, difference (kt), relative.
    stages : DataFrame
        scenario, year, stage, measure, unit, base, changed, difference, relative; with draws also lower and upper, of
        the difference, and ``impossible``, the share of draws that the scenario makes impossible and that are left out.
        Empty if no process has costs.
    titles : mapping of str to str
        Scenario to what it is called.
    synthetic : bool
    """

    flows: pd.DataFrame
    stages: pd.DataFrame
    titles: Mapping[str, str]
    synthetic: bool

    def stage_changes(self, scenario: str, year: int) -> pd.DataFrame:
        """Return relative changes of stages: stage, quantity (of mass out), price (of unit value).

        `through_table` carries them on. NaN where a stage delivers nothing or has no prices.

        Raises
        ------
        InputError
            If the scenario was not compared, has no such year, or the system has no prices.
        """
        if self.stages.empty:
            raise InputError("no process has costs, so that stages have no values. Give processes costs, flows prices.")
        if scenario not in self.titles:
            raise InputError(f"no scenario {scenario!r} was compared. There are: {enumerate_labels(self.titles)}.")
        own = self.stages[(self.stages["scenario"] == scenario) & (self.stages["year"] == year)]
        if own.empty:
            raise InputError(f"no year {year}. There are: {enumerate_labels(self.stages['year'].unique())}.")
        wide = own.pivot(index="stage", columns="measure", values="relative").loc[own["stage"].unique()]
        return pd.DataFrame(
            {"stage": wide.index, "quantity": wide["mass_out"].to_numpy(), "price": wide["unit_value"].to_numpy()}
        )


def compare_scenarios(
    system: FlowSystem,
    scenarios: Iterable[str | ScenarioBlock] | None = None,
    *,
    draws: int = 0,
    seed: int = 0,
    level: float = 0.95,
    drawn: FlowDraws | None = None,
) -> ScenarioComparison:
    """Run scenarios through flows and costs and set them beside the system as it is.

    Parameters
    ----------
    system : FlowSystem
    scenarios : iterable, optional
        Names of those in its file, or blocks; all of the file by default.
    draws : int
        Draws for intervals of the differences by stage; 0 for none. Each draw is reconciled, and the scenario changes
        what comes out of that, so that what both sides share cancels.
    seed : int
    level : float
    drawn : FlowDraws, optional
        Draws of the system that are there already, in place of new ones.

    Raises
    ------
    InputError
        If there is no scenario, or one is unknown or stands twice, or the draws are of another system.
    """
    chosen = list(system.spec.scenarios) if scenarios is None else list(scenarios)
    if not chosen:
        raise InputError(f"{system.name}: no scenarios. Write some under `scenarios:`, or give them.")
    blocks = [named(system, scenario) for scenario in chosen]
    titles = {name: block.title for name, block in blocks}
    if len(titles) < len(blocks):
        raise InputError("scenarios: one stands twice. Give each once.")
    pairs = _pairs(system, blocks)
    flows = [
        _flows(system, pair.start.balance().mass, pair.other.balance().mass).assign(scenario=name)
        for name, pair in pairs.items()
    ]
    if not system.spec.has_costs:
        return ScenarioComparison(_joined(flows), pd.DataFrame(), titles, system.synthetic)
    sides = {
        name: _stages(pair.start.balance().costs().sides(), pair.other.balance().costs().sides())
        for name, pair in pairs.items()
    }
    if draws or drawn is not None:
        found = intervals(draws_of(system, draws, seed, drawn), system, pairs, level)
        sides = {name: own.merge(found[name], how="left") for name, own in sides.items()}
    stages = [own.assign(scenario=name) for name, own in sides.items()]
    return ScenarioComparison(_joined(flows), _joined(stages), titles, system.synthetic)


def _pairs(system: FlowSystem, blocks: Iterable[tuple[str, ScenarioBlock]]) -> dict[str, Pair]:
    """Make both systems of every scenario; those that release the same numbers start from one."""
    starts: dict[tuple[str, ...], FlowSystem] = {}
    pairs = {}
    for name, block in blocks:
        if block.release not in starts:
            starts[block.release] = before(system, block)
        pairs[name] = Pair(starts[block.release], in_scenario(system, block))
    return pairs


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    frame = pd.concat(parts, ignore_index=True)
    return frame[["scenario", *[column for column in frame if column != "scenario"]]]


def _flows(system: FlowSystem, base: FloatArray, changed: FloatArray) -> pd.DataFrame:
    network = system.network
    values = {"base": by_layers(base, network.layers), "changed": by_layers(changed, network.layers)}
    labels = {"year": network.years, "flow": network.flows, "layer": layer_labels(network.layers)}
    return _differences(long_frame(labels, values))


def _stages(base: pd.DataFrame, changed: pd.DataFrame) -> pd.DataFrame:
    """Long frame of both sides."""
    keys = ["year", "stage"]
    measures = [*KEYS, *(key for key in UNITS if key not in KEYS)]
    parts = [frame.melt(keys, measures, "measure", name) for frame, name in ((base, "base"), (changed, "changed"))]
    both = parts[0].merge(parts[1], on=[*keys, "measure"], validate="1:1", sort=False)
    both.insert(3, "unit", both["measure"].map(UNITS).fillna("USD million"))
    return _differences(both)


def _differences(frame: pd.DataFrame) -> pd.DataFrame:
    difference = frame["changed"] - frame["base"]
    return frame.assign(difference=difference, relative=difference / frame["base"].where(frame["base"] != 0.0))
