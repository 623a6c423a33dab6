"""Value-added accounting: the factorised Leontief system, positions, lengths, participation, exports."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Blocks": "gvcpos.accounting.blocks",
    "LeontiefSystem": "gvcpos.accounting.leontief",
    "Measure": "gvcpos.accounting.measures",
    "ValueAddedAccounts": "gvcpos.accounting.accounts",
    "describe_measures": "gvcpos.accounting.measures",
}
__all__ = ["Blocks", "LeontiefSystem", "Measure", "ValueAddedAccounts", "describe_measures"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
