"""Spatial panels, static and dynamic: lag, error, Durbin and SLX models with their effects and tests."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "SpatialPanel": "gvcpos.spatial.panel.model",
    "SpatialPanelResults": "gvcpos.spatial.panel.results",
    "RandomPanelResults": "gvcpos.spatial.panel.random.results",
    "hausman": "gvcpos.spatial.panel.random.hausman",
    "DynamicSpatialPanel": "gvcpos.spatial.panel.dynamics.model",
    "DynamicResults": "gvcpos.spatial.panel.dynamics.results",
    "PanelTest": "gvcpos.spatial.panel.diagnostics.tests",
    "SpatialPanelGmmResults": "gvcpos.spatial.panel.gmm.results",
    "model_probabilities": "gvcpos.spatial.panel.bayes.probabilities",
    "compare": "gvcpos.spatial.panel.comparison",
    "cips": "gvcpos.spatial.panel.diagnostics.unit_root",
    "specification_path": "gvcpos.spatial.panel.diagnostics.path",
    "SpecificationPath": "gvcpos.spatial.panel.diagnostics.path",
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
