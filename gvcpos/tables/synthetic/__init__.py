"""The synthetic world: real countries, invented balanced tables, planted parameters to be found again."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Event": "gvcpos.tables.synthetic.planted",
    "Planted": "gvcpos.tables.synthetic.planted",
    "SyntheticWorld": "gvcpos.tables.synthetic.world",
    "synthetic_world": "gvcpos.tables.synthetic.world",
}
__all__ = ["Event", "Planted", "SyntheticWorld", "synthetic_world"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
