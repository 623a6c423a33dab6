"""Static spatial panels: lag, error, Durbin and SLX models with fixed effects, their effects and tests."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "SpatialPanel": "gvcpos.spatial.panel.model",
    "SpatialPanelResults": "gvcpos.spatial.panel.results",
    "PanelTest": "gvcpos.spatial.panel.diagnostics",
    "compare": "gvcpos.spatial.panel.comparison",
}
__all__ = ["PanelTest", "SpatialPanel", "SpatialPanelResults", "compare"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
