"""Material flows, what they cost and where the value sits: balance, reconciliation, stocks, cost, Monte Carlo."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Balance": "gvcpos.flows.balance.balanced",
    "CostAccounts": "gvcpos.flows.cost.accounts",
    "CostStructure": "gvcpos.flows.cost.structure",
    "Expense": "gvcpos.flows.cost.money",
    "FlowDraws": "gvcpos.flows.draws.results",
    "FlowRatio": "gvcpos.flows.draws.arrays",
    "FlowSystem": "gvcpos.flows.system.flow_system",
    "Lifetime": "gvcpos.flows.stocks.lifetimes",
    "Money": "gvcpos.flows.cost.money",
    "Network": "gvcpos.flows.network",
    "ScenarioBlock": "gvcpos.flows.scenarios.spec",
    "SystemSpec": "gvcpos.flows.system.spec",
    "beside": "gvcpos.flows.cost.with_tables",
    "compare_scenarios": "gvcpos.flows.scenarios.comparing",
    "cost_accounts": "gvcpos.flows.cost.systems",
    "cost_arrays": "gvcpos.flows.cost.cascade",
    "cost_draws": "gvcpos.flows.cost.systems",
    "find_system": "gvcpos.flows.system.loading",
    "flow_schema": "gvcpos.flows.system.loading",
    "in_scenario": "gvcpos.flows.scenarios.changing",
    "shipped_systems": "gvcpos.flows.system.loading",
    "through_table": "gvcpos.flows.scenarios.table",
}
__all__ = [
    "Balance",
    "CostAccounts",
    "CostStructure",
    "Expense",
    "FlowDraws",
    "FlowRatio",
    "FlowSystem",
    "Lifetime",
    "Money",
    "Network",
    "ScenarioBlock",
    "SystemSpec",
    "beside",
    "compare_scenarios",
    "cost_accounts",
    "cost_arrays",
    "cost_draws",
    "find_system",
    "flow_schema",
    "in_scenario",
    "shipped_systems",
    "through_table",
]

__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
