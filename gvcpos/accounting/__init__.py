"""Value-added accounting: the factorised Leontief system, positions, lengths, participation, exports."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Blocks": "gvcpos.accounting.blocks",
    "Exporters": "gvcpos.accounting.exporters",
    "FinalUse": "gvcpos.accounting.final_use",
    "LeontiefSystem": "gvcpos.accounting.leontief",
    "Measure": "gvcpos.accounting.measures",
    "Satellite": "gvcpos.accounting.satellites",
    "TidyFrame": "gvcpos.accounting.labelled",
    "ValueAddedAccounts": "gvcpos.accounting.accounts",
    "exporters_of": "gvcpos.accounting.exporters",
    "split_countries": "gvcpos.accounting.exporters",
    "describe_measures": "gvcpos.accounting.measures",
    "each_year": "gvcpos.accounting.years",
    "explain": "gvcpos.accounting.explanation",
    "indices_by_year": "gvcpos.accounting.years",
}
__all__ = [
    "Blocks",
    "Exporters",
    "FinalUse",
    "LeontiefSystem",
    "Measure",
    "Satellite",
    "TidyFrame",
    "ValueAddedAccounts",
    "describe_measures",
    "each_year",
    "explain",
    "exporters_of",
    "indices_by_year",
    "split_countries",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
