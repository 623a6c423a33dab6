"""Does a result stand when the analyst's choices, the sample, the chain or the map change?"""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "LeaveOneOut": "gvcpos.robustness.leave_out",
    "Placebos": "gvcpos.robustness.placebos",
    "SpecificationCurve": "gvcpos.robustness.curve",
    "leave_one_out": "gvcpos.robustness.leave_out",
    "permuted_weights": "gvcpos.robustness.permuted",
    "placebo_chains": "gvcpos.robustness.chains",
    "shuffled_countries": "gvcpos.robustness.permuted",
    "specification_curve": "gvcpos.robustness.curve",
}
__all__ = [
    "LeaveOneOut",
    "Placebos",
    "SpecificationCurve",
    "leave_one_out",
    "permuted_weights",
    "placebo_chains",
    "shuffled_countries",
    "specification_curve",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
