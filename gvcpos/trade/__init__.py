"""Trade in goods by HS code: flows, balances, concentration, exposure, supply stops; reported claims about it."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "AreaRules": "gvcpos.trade.areas",
    "SupplyStop": "gvcpos.trade.stops",
    "TradeFlows": "gvcpos.trade.flows",
    "balances": "gvcpos.trade.sides",
    "compound": "gvcpos.trade.change",
    "concentration": "gvcpos.trade.concentrated",
    "direct_stop": "gvcpos.trade.stops",
    "exposure": "gvcpos.trade.concentrated",
    "growth": "gvcpos.trade.change",
    "mirror_gaps": "gvcpos.trade.mirrors",
    "read_baci": "gvcpos.trade.baci",
    "read_comtrade": "gvcpos.trade.comtrade",
    "read_trade": "gvcpos.trade.reading",
    "regional_shares": "gvcpos.trade.concentrated",
    "supply_stop": "gvcpos.trade.stops",
    "unit_values": "gvcpos.trade.prices",
}
__all__ = [
    "AreaRules",
    "SupplyStop",
    "TradeFlows",
    "balances",
    "compound",
    "concentration",
    "direct_stop",
    "exposure",
    "growth",
    "mirror_gaps",
    "read_baci",
    "read_comtrade",
    "read_trade",
    "regional_shares",
    "supply_stop",
    "unit_values",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
