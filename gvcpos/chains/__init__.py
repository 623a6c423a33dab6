"""Value chains: ordered stages of sectors and HS codes, and the panel of a chain's indices."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Chain": "gvcpos.chains.chain",
    "Stage": "gvcpos.chains.chain",
    "gvc_panel": "gvcpos.chains.panel",
    "published_panel": "gvcpos.chains.published",
    "stack_panels": "gvcpos.chains.published",
    "country_panel": "gvcpos.chains.wide",
    "SectorYear": "gvcpos.chains.sector_values",
    "sector_years": "gvcpos.chains.sector_values",
}
__all__ = [
    "Chain",
    "SectorYear",
    "Stage",
    "country_panel",
    "gvc_panel",
    "published_panel",
    "sector_years",
    "stack_panels",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
