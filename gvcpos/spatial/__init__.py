"""Space: weights, spatial autocorrelation with its figures, and spatial panels."""

from gvcpos._core.lazy import lazy_exports
from gvcpos.spatial import weights

_EXPORTS = {
    "Weights": "gvcpos.spatial.weights",
    "Moran": "gvcpos.spatial.moran",
    "moran_by_year": "gvcpos.spatial.moran",
    "residual_moran": "gvcpos.spatial.residuals",
    "LocalMoran": "gvcpos.spatial.local",
    "moran_scatter": "gvcpos.spatial.scatter",
    "cluster_map": "gvcpos.spatial.maps",
    "choropleth": "gvcpos.spatial.maps",
    "SpatialPanel": "gvcpos.spatial.panel",
    "SpatialPanelResults": "gvcpos.spatial.panel",
    "DynamicSpatialPanel": "gvcpos.spatial.panel",
    "compare": "gvcpos.spatial.panel",
    "model_probabilities": "gvcpos.spatial.panel",
}
__all__ = [
    "DynamicSpatialPanel",
    "LocalMoran",
    "Moran",
    "SpatialPanel",
    "SpatialPanelResults",
    "Weights",
    "choropleth",
    "cluster_map",
    "compare",
    "model_probabilities",
    "moran_by_year",
    "moran_scatter",
    "residual_moran",
    "weights",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
