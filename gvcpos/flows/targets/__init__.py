"""Reported figures of a material flow study against those that a system of flows gives, line by line."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Accounts": "gvcpos.flows.targets.accounts",
    "FigureBlock": "gvcpos.flows.targets.definitions",
    "compare_targets": "gvcpos.flows.targets.comparing",
    "figure": "gvcpos.flows.targets.figures",
    "figure_outputs": "gvcpos.flows.targets.comparing",
    "load_targets": "gvcpos.flows.targets.definitions",
}
__all__ = ["Accounts", "FigureBlock", "compare_targets", "figure", "figure_outputs", "load_targets"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
