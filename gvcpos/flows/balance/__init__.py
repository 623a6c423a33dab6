"""The balance of a system: its equations, a plan to solve them, reconciliation, gross errors, frames."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Balance": "gvcpos.flows.balance.balanced",
    "Equations": "gvcpos.flows.balance.equations",
    "Plan": "gvcpos.flows.balance.plan",
    "Solver": "gvcpos.flows.balance.solver",
    "equations_of": "gvcpos.flows.balance.assembly",
}
__all__ = ["Balance", "Equations", "Plan", "Solver", "equations_of"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
