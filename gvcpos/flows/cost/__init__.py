"""Material flow cost accounting (ISO 14051): quantity centres, unit costs, value added, physical beside monetary."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "CostAccounts": "gvcpos.flows.cost.accounts",
    "CostArrays": "gvcpos.flows.cost.cascade",
    "CostStructure": "gvcpos.flows.cost.structure",
    "Expense": "gvcpos.flows.cost.money",
    "Money": "gvcpos.flows.cost.money",
    "beside": "gvcpos.flows.cost.with_tables",
    "cost_accounts": "gvcpos.flows.cost.systems",
    "cost_arrays": "gvcpos.flows.cost.cascade",
    "cost_draws": "gvcpos.flows.cost.systems",
    "flow_values": "gvcpos.flows.cost.value",
    "group_arrays": "gvcpos.flows.cost.value",
}
__all__ = [
    "CostAccounts",
    "CostArrays",
    "CostStructure",
    "Expense",
    "Money",
    "beside",
    "cost_accounts",
    "cost_arrays",
    "cost_draws",
    "flow_values",
    "group_arrays",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
