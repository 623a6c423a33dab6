"""Inter-country input-output tables: the labelled object, its checks, its files and their readers."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "IOTable": "gvcpos.tables.iotable",
    "TableMeta": "gvcpos.tables.iotable",
    "TableReport": "gvcpos.tables.validation",
    "TableSeries": "gvcpos.tables.series",
    "read_table": "gvcpos.tables.readers",
    "read_tables": "gvcpos.tables.series",
    "inspect_file": "gvcpos.tables.inspection",
    "synthetic_world": "gvcpos.tables.synthetic",
    "SyntheticWorld": "gvcpos.tables.synthetic",
    "PublishedIndices": "gvcpos.tables.published",
    "read_published": "gvcpos.tables.published",
    "capitals": "gvcpos.tables.geography",
    "polygons": "gvcpos.tables.geography",
}
__all__ = [
    "IOTable",
    "PublishedIndices",
    "SyntheticWorld",
    "TableMeta",
    "TableReport",
    "TableSeries",
    "capitals",
    "inspect_file",
    "polygons",
    "read_published",
    "read_table",
    "read_tables",
    "synthetic_world",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
