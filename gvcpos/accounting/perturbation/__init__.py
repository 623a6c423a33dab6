"""First-order perturbation of vector indices: what every index moves by when any cell of the table moves."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "CellVariances": "gvcpos.accounting.perturbation.variances",
    "Change": "gvcpos.accounting.perturbation.gradients",
    "Gradient": "gvcpos.accounting.perturbation.gradients",
    "IndexGradients": "gvcpos.accounting.perturbation.indices",
    "Sums": "gvcpos.accounting.perturbation.sums",
    "TableErrors": "gvcpos.accounting.perturbation.variances",
}
__all__ = ["CellVariances", "Change", "Gradient", "IndexGradients", "Sums", "TableErrors"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
