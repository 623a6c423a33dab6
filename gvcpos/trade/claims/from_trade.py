"""The figure of a claim from trade data: a world total, a country's exports, imports or balance."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gvcpos.trade.claims.model import Claim, TradeFigure
from gvcpos.trade.claims.units import size
from gvcpos.trade.flows import TradeFlows
from gvcpos.trade.hs import plain_code, under


def trade_value(claim: Claim, flows: TradeFlows) -> tuple[float, str]:
    """Return what trade data say, in the claim's unit, and in words which data or why there are none.

    Parameters
    ----------
    claim : Claim
        With a trade figure.
    flows : TradeFlows
        Where both sides report, exports are the exporters' report, imports and the world's trade the importers'.

    Returns
    -------
    value : float
        NaN where the data do not have the year, the codes or the country.
    words : str
    """
    figure = claim.trade
    if figure is None:
        return np.nan, "no trade figure is named for it"
    if claim.year not in flows.years:
        return np.nan, f"{flows.source} has no {claim.year}"
    headings = [plain_code(code) for code in figure.hs]
    absent = [heading for heading in headings if not any(under(code, [heading]) for code in flows.items)]
    if absent or flows.item != "hs":
        return np.nan, f"{flows.source} has no flows of HS {', '.join(absent or headings)}"
    unknown = [c for c in (figure.country, figure.partner) if c is not None and c not in flows.countries]
    if unknown:
        return np.nan, f"{flows.source} has no trade of {', '.join(unknown)}"
    value = _amount(figure, flows.select(years=claim.year, hs=headings)) / size(claim.unit)
    if value == 0:
        return np.nan, f"{flows.source} has no such flow in {claim.year}"
    return value, f"{flows.source}, HS {', '.join(headings)}, {claim.year}{', synthetic' if flows.synthetic else ''}"


def trade_codes(claims: Iterable[Claim]) -> tuple[str, ...]:
    """Return the HS codes that claims' trade figures need, each once: what a large trade file is read for."""
    return tuple(dict.fromkeys(plain_code(code) for claim in claims if claim.trade for code in claim.trade.hs))


def _amount(figure: TradeFigure, flows: TradeFlows) -> float:
    """Return the measure in USD million."""
    sold = _total(flows, "exporter", figure.country, figure.partner)
    bought = _total(flows, "importer", figure.country, figure.partner)
    return {
        "world": _total(flows, "importer", None, None),
        "exports": sold,
        "imports": bought,
        "surplus": sold - bought,
        "deficit": bought - sold,
    }[figure.measure]


def _total(flows: TradeFlows, side: str, country: str | None, partner: str | None) -> float:
    """Sum one side's report of a country's trade."""
    frame = flows.frame
    rows = frame["reporter"].isin([side, "reconciled"])
    other = "importer" if side == "exporter" else "exporter"
    for column, label in ((side, country), (other, partner)):
        if label is not None:
            rows &= frame[column] == label
    return float(frame.loc[rows, "value"].sum())
