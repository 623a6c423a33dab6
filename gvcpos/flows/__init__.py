"""Material flows, what they cost and where the value sits: balance, reconciliation, stocks, cost, Monte Carlo."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Network": "gvcpos.flows.network",
}
__all__ = ["Network"]

__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
