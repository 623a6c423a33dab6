"""Figures of a study: each takes a tidy frame of results and gives a matplotlib Figure."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "dominance_lines": "gvcpos.report.figures.time",
    "effects_plot": "gvcpos.report.figures.estimates",
    "leave_one_out_plot": "gvcpos.report.figures.choices",
    "moran_lines": "gvcpos.report.figures.time",
    "participation_lines": "gvcpos.report.figures.time",
    "planted_vs_estimated": "gvcpos.report.figures.estimates",
    "position_capture": "gvcpos.report.figures.chain",
    "save_figure": "gvcpos.report.figures.saving",
    "specification_curve_plot": "gvcpos.report.figures.choices",
    "stage_profile": "gvcpos.report.figures.chain",
    "verdict_forest": "gvcpos.report.figures.verdict",
}
__all__ = [
    "dominance_lines",
    "effects_plot",
    "leave_one_out_plot",
    "moran_lines",
    "participation_lines",
    "planted_vs_estimated",
    "position_capture",
    "save_figure",
    "specification_curve_plot",
    "stage_profile",
    "verdict_forest",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
