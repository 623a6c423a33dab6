"""Upstream dominance and low-end lock-in as tests: each a null, a statistic, a p-value and one sentence."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "LockInTest": "gvcpos.lockin.results",
    "Verdict": "gvcpos.lockin.verdict",
    "dominance": "gvcpos.lockin.leaders",
    "dominance_summary": "gvcpos.lockin.leaders",
    "dominance_trend": "gvcpos.lockin.leaders",
    "lock_in": "gvcpos.lockin.verdict",
    "position_capture_slope": "gvcpos.lockin.position_capture",
    "position_capture_slopes": "gvcpos.lockin.position_capture",
    "pull_through": "gvcpos.lockin.growth_pull",
    "slope_equality": "gvcpos.lockin.equal_slopes",
    "SlopeModel": "gvcpos.lockin.slope_models",
    "stage_sample": "gvcpos.lockin.slope_models",
}
__all__ = [
    "LockInTest",
    "SlopeModel",
    "Verdict",
    "dominance",
    "dominance_summary",
    "dominance_trend",
    "lock_in",
    "position_capture_slope",
    "position_capture_slopes",
    "pull_through",
    "slope_equality",
    "stage_sample",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
