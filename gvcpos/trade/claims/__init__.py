"""Reported claims: figures of the press, papers and offices with their source, and what recomputation says of them."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Claim": "gvcpos.trade.claims.model",
    "ClaimSet": "gvcpos.trade.claims.loading",
    "checked_table": "gvcpos.trade.claims.tables",
    "check_claims": "gvcpos.trade.claims.checking",
    "chosen": "gvcpos.trade.claims.tables",
    "counts": "gvcpos.trade.claims.tables",
    "listed_table": "gvcpos.trade.claims.tables",
    "trade_codes": "gvcpos.trade.claims.from_trade",
    "load_claims": "gvcpos.trade.claims.loading",
    "parse_claims": "gvcpos.trade.claims.loading",
}
__all__ = [
    "Claim",
    "ClaimSet",
    "check_claims",
    "checked_table",
    "chosen",
    "counts",
    "listed_table",
    "load_claims",
    "parse_claims",
    "trade_codes",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
