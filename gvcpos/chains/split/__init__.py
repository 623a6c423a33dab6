"""Wide sectors cut into a chain's own part and the rest, so that the parts add up to the table there was."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Split": "gvcpos.chains.split.result",
    "SplitWeights": "gvcpos.chains.split.weights",
    "compare_split": "gvcpos.chains.split.comparison",
    "split_table": "gvcpos.chains.split.result",
}
__all__ = ["Split", "SplitWeights", "compare_split", "split_table"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
