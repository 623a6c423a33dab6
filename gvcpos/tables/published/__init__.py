"""Panels of published indices: one tidy format, its source in a column, never mixed silently with computed ones."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "PublishedIndices": "gvcpos.tables.published.indices",
    "published_identities": "gvcpos.tables.published.identities",
    "read_published": "gvcpos.tables.published.reading",
}
__all__ = ["PublishedIndices", "published_identities", "read_published"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
