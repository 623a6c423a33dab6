"""Material flows, what they cost and where the value sits: balance, reconciliation, stocks, cost, Monte Carlo."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Balance": "gvcpos.flows.balance.balanced",
    "FlowSystem": "gvcpos.flows.system.flow_system",
    "Network": "gvcpos.flows.network",
    "SystemSpec": "gvcpos.flows.system.spec",
    "ScenarioBlock": "gvcpos.flows.scenarios.spec",
    "compare_scenarios": "gvcpos.flows.scenarios.comparing",
    "find_system": "gvcpos.flows.system.loading",
    "flow_schema": "gvcpos.flows.system.loading",
    "in_scenario": "gvcpos.flows.scenarios.changing",
    "shipped_systems": "gvcpos.flows.system.loading",
    "through_table": "gvcpos.flows.scenarios.table",
}
__all__ = [
    "Balance",
    "FlowSystem",
    "Network",
    "ScenarioBlock",
    "SystemSpec",
    "compare_scenarios",
    "find_system",
    "flow_schema",
    "in_scenario",
    "shipped_systems",
    "through_table",
]

__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
