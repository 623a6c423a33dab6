"""Re-runnable studies: a specification goes in, a results folder with a manifest comes out."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Study": "gvcpos.study.study",
    "StudyResults": "gvcpos.study.results",
    "StudySpec": "gvcpos.study.spec",
    "run_indices": "gvcpos.study.accounts",
    "shares_outside": "gvcpos.study.accounts",
    "shipped_studies": "gvcpos.study.loading",
}
__all__ = ["Study", "StudyResults", "StudySpec", "run_indices", "shares_outside", "shipped_studies"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
