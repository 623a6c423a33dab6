"""Uncertainty: errors of table cells carried to indices and coefficients, by Monte Carlo and to first order."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "CellErrors": "gvcpos.uncertainty.cells",
    "Covariates": "gvcpos.uncertainty.covariates",
    "DrawnTables": "gvcpos.uncertainty.redraw",
    "Estimates": "gvcpos.uncertainty.estimates",
    "Pooled": "gvcpos.uncertainty.pooling",
    "Propagated": "gvcpos.uncertainty.results",
    "SamePanel": "gvcpos.uncertainty.panels",
    "as_estimates": "gvcpos.uncertainty.estimates",
    "drawn_panels": "gvcpos.uncertainty.panels",
    "error_fan": "gvcpos.uncertainty.propagation",
    "first_order_uncertainty": "gvcpos.uncertainty.first_order",
    "index_uncertainty": "gvcpos.uncertainty.monte_carlo",
    "largest_contributions": "gvcpos.uncertainty.first_order",
    "over_draws": "gvcpos.uncertainty.propagation",
    "propagate": "gvcpos.uncertainty.propagation",
    "rubin": "gvcpos.uncertainty.pooling",
    "stage_derivatives": "gvcpos.uncertainty.stage_gradients",
}
__all__ = [
    "CellErrors",
    "Covariates",
    "DrawnTables",
    "Estimates",
    "Pooled",
    "Propagated",
    "SamePanel",
    "as_estimates",
    "drawn_panels",
    "error_fan",
    "first_order_uncertainty",
    "index_uncertainty",
    "largest_contributions",
    "over_draws",
    "propagate",
    "rubin",
    "stage_derivatives",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
