"""Matrices brought to given sums: RAS, GRAS where cells may be negative, and the shares of cells that are split."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Balanced": "gvcpos.tables.balancing.scaling",
    "gras": "gvcpos.tables.balancing.signed",
    "ras": "gvcpos.tables.balancing.scaling",
    "shift_shares": "gvcpos.tables.balancing.shares",
}
__all__ = ["Balanced", "gras", "ras", "shift_shares"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
