"""Value chains: ordered stages of sectors and HS codes, and the panel of a chain's indices."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Chain": "gvcpos.chains.chain",
    "Stage": "gvcpos.chains.chain",
    "gvc_panel": "gvcpos.chains.panel",
    "panel_columns": "gvcpos.chains.panel",
    "published_panel": "gvcpos.chains.published",
    "stack_panels": "gvcpos.chains.published",
    "country_panel": "gvcpos.chains.wide",
    "SectorYear": "gvcpos.chains.sector_values",
    "Split": "gvcpos.chains.split.result",
    "SplitWeights": "gvcpos.chains.split.weights",
    "compare_split": "gvcpos.chains.split.comparison",
    "shipped_chains": "gvcpos.chains.catalogue",
    "sector_years": "gvcpos.chains.sector_values",
}
__all__ = [
    "Chain",
    "SectorYear",
    "Split",
    "SplitWeights",
    "Stage",
    "compare_split",
    "country_panel",
    "gvc_panel",
    "panel_columns",
    "published_panel",
    "sector_years",
    "shipped_chains",
    "stack_panels",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
