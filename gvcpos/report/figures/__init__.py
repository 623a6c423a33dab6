"""Figures of a study: each takes a tidy frame of results and gives a matplotlib Figure."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "dominance_lines": "gvcpos.report.figures.time",
    "effects_plot": "gvcpos.report.figures.estimates",
    "leave_one_out_plot": "gvcpos.report.figures.choices",
    "moran_lines": "gvcpos.report.figures.time",
    "own_share_lines": "gvcpos.report.figures.lockin",
    "participation_lines": "gvcpos.report.figures.time",
    "planted_vs_estimated": "gvcpos.report.figures.estimates",
    "position_capture": "gvcpos.report.figures.chain",
    "position_trajectories": "gvcpos.report.figures.lockin",
    "save_figure": "gvcpos.report.figures.saving",
    "smile_curves": "gvcpos.report.figures.lockin",
    "specification_curve_plot": "gvcpos.report.figures.choices",
    "stage_profile": "gvcpos.report.figures.chain",
    "verdict_forest": "gvcpos.report.figures.verdict",
}
__all__ = [
    "dominance_lines",
    "effects_plot",
    "leave_one_out_plot",
    "moran_lines",
    "own_share_lines",
    "participation_lines",
    "planted_vs_estimated",
    "position_capture",
    "position_trajectories",
    "save_figure",
    "smile_curves",
    "specification_curve_plot",
    "stage_profile",
    "verdict_forest",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
