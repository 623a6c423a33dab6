"""Spatial panels, static and dynamic: lag, error, Durbin and SLX models with their effects and tests."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "SpatialPanel": "gvcpos.spatial.panel.model",
    "SpatialPanelResults": "gvcpos.spatial.panel.results",
    "RandomPanelResults": "gvcpos.spatial.panel.random_results",
    "hausman": "gvcpos.spatial.panel.random_or_fixed",
    "DynamicSpatialPanel": "gvcpos.spatial.panel.dynamic",
    "DynamicResults": "gvcpos.spatial.panel.dynamic_results",
    "PanelTest": "gvcpos.spatial.panel.diagnostics",
    "SpatialPanelGmmResults": "gvcpos.spatial.panel.gmm_results",
    "model_probabilities": "gvcpos.spatial.panel.bayes",
    "compare": "gvcpos.spatial.panel.comparison",
    "cips": "gvcpos.spatial.panel.unit_root",
    "specification_path": "gvcpos.spatial.panel.path",
    "SpecificationPath": "gvcpos.spatial.panel.path",
}
__all__ = [
    "DynamicResults",
    "DynamicSpatialPanel",
    "PanelTest",
    "RandomPanelResults",
    "SpatialPanel",
    "SpatialPanelGmmResults",
    "SpatialPanelResults",
    "SpecificationPath",
    "cips",
    "compare",
    "hausman",
    "model_probabilities",
    "specification_path",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
