"""Spatial weights: the labelled, immutable matrix and the ways to make one."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Weights": "gvcpos.spatial.weights.matrix",
    "contiguity": "gvcpos.spatial.weights.polygons",
    "knn": "gvcpos.spatial.weights.distances",
    "inverse_distance": "gvcpos.spatial.weights.distances",
    "great_circle": "gvcpos.spatial.weights.sphere",
    "linkage": "gvcpos.spatial.weights.flows",
    "read": "gvcpos.spatial.weights.files",
    "from_square": "gvcpos.spatial.weights.frames",
    "from_edges": "gvcpos.spatial.weights.frames",
}
__all__ = [
    "Weights",
    "contiguity",
    "from_edges",
    "from_square",
    "great_circle",
    "inverse_distance",
    "knn",
    "linkage",
    "read",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
