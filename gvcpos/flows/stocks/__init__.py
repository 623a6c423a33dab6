"""Stocks in use: lifetimes, what leaves at which age, stocks driven by inflows and inflows driven by stocks."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Cohorts": "gvcpos.flows.stocks.models",
    "Lifetime": "gvcpos.flows.stocks.lifetimes",
    "age_structure": "gvcpos.flows.stocks.ages",
    "cohort_matrix": "gvcpos.flows.stocks.ages",
    "inflow_driven": "gvcpos.flows.stocks.models",
    "legacy_of_history": "gvcpos.flows.stocks.ages",
    "legacy_of_stock": "gvcpos.flows.stocks.ages",
    "outflow_by_convolution": "gvcpos.flows.stocks.models",
    "outflow_shares": "gvcpos.flows.stocks.ages",
    "remaining_shares": "gvcpos.flows.stocks.ages",
    "stock_driven": "gvcpos.flows.stocks.models",
}
__all__ = [
    "Cohorts",
    "Lifetime",
    "age_structure",
    "cohort_matrix",
    "inflow_driven",
    "legacy_of_history",
    "legacy_of_stock",
    "outflow_by_convolution",
    "outflow_shares",
    "remaining_shares",
    "stock_driven",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
