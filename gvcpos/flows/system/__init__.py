"""A system as its file says it: specification, checks with lines, the vector of its data, the labelled object."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "DataVector": "gvcpos.flows.system.data",
    "Datum": "gvcpos.flows.system.data",
    "FlowSystem": "gvcpos.flows.system.flow_system",
    "SystemSpec": "gvcpos.flows.system.spec",
    "flow_schema": "gvcpos.flows.system.loading",
    "shipped_systems": "gvcpos.flows.system.loading",
}
__all__ = ["DataVector", "Datum", "FlowSystem", "SystemSpec", "flow_schema", "shipped_systems"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
