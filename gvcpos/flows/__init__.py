"""Material flows, what they cost and where the value sits: balance, reconciliation, stocks, cost, Monte Carlo."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Balance": "gvcpos.flows.balance.balanced",
    "FlowSystem": "gvcpos.flows.system.flow_system",
    "Network": "gvcpos.flows.network",
    "SystemSpec": "gvcpos.flows.system.spec",
    "flow_schema": "gvcpos.flows.system.loading",
    "shipped_systems": "gvcpos.flows.system.loading",
}
__all__ = ["Balance", "FlowSystem", "Network", "SystemSpec", "flow_schema", "shipped_systems"]

__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
