"""Static spatial panels: lag, error, Durbin and SLX models with fixed effects, their effects and tests."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "SpatialPanel": "gvcpos.spatial.panel.model",
    "SpatialPanelResults": "gvcpos.spatial.panel.results",
    "PanelTest": "gvcpos.spatial.panel.diagnostics",
    "SpatialPanelGmmResults": "gvcpos.spatial.panel.gmm_results",
    "model_probabilities": "gvcpos.spatial.panel.bayes",
    "compare": "gvcpos.spatial.panel.comparison",
}
__all__ = [
    "PanelTest",
    "SpatialPanel",
    "SpatialPanelGmmResults",
    "SpatialPanelResults",
    "compare",
    "model_probabilities",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
