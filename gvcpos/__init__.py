"""Global value chains and spatial econometrics, from a published table file to a tested verdict."""

from gvcpos._core.lazy import lazy_exports

__version__ = "0.1.0"

_EXPORTS = {
    "IOTable": "gvcpos.tables",
    "TableSeries": "gvcpos.tables",
    "read_table": "gvcpos.tables",
    "read_tables": "gvcpos.tables",
    "inspect_file": "gvcpos.tables",
    "synthetic_world": "gvcpos.tables",
    "capitals": "gvcpos.tables",
    "polygons": "gvcpos.tables",
    "ValueAddedAccounts": "gvcpos.accounting",
    "Chain": "gvcpos.chains",
    "gvc_panel": "gvcpos.chains",
    "Weights": "gvcpos.spatial",
    "weights": "gvcpos.spatial",
    "Moran": "gvcpos.spatial",
    "LocalMoran": "gvcpos.spatial",
    "moran_by_year": "gvcpos.spatial",
    "SpatialPanel": "gvcpos.spatial",
    "compare": "gvcpos.spatial",
    "dominance": "gvcpos.lockin",
    "position_capture_slope": "gvcpos.lockin",
    "pull_through": "gvcpos.lockin",
    "lock_in": "gvcpos.lockin",
    "regression_table": "gvcpos.report",
    "Study": "gvcpos.study",
}
__all__ = [
    "Chain",
    "IOTable",
    "LocalMoran",
    "Moran",
    "SpatialPanel",
    "Study",
    "TableSeries",
    "ValueAddedAccounts",
    "Weights",
    "capitals",
    "compare",
    "dominance",
    "gvc_panel",
    "inspect_file",
    "lock_in",
    "moran_by_year",
    "polygons",
    "position_capture_slope",
    "pull_through",
    "read_table",
    "read_tables",
    "regression_table",
    "synthetic_world",
    "weights",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
