"""Readers of published tables, one module a publisher; `read_table` finds the right one."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "FORMATS": "gvcpos.tables.readers.registry",
    "read_table": "gvcpos.tables.readers.registry",
}
__all__ = ["FORMATS", "read_table"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
