"""Value chains: ordered stages of sectors and HS codes, and the panel of a chain's indices."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Chain": "gvcpos.chains.chain",
    "Stage": "gvcpos.chains.chain",
    "gvc_panel": "gvcpos.chains.panel",
    "country_panel": "gvcpos.chains.wide",
}
__all__ = ["Chain", "Stage", "country_panel", "gvc_panel"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
