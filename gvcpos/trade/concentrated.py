"""Concentration: how few sell or buy, how far an importer hangs on one supplier, what a region's share is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.options import RegionLevel, TradeMarket, TradeParties
from gvcpos.trade.areas import region_of
from gvcpos.trade.flows import TradeFlows
from gvcpos.trade.layout import markets
from gvcpos.trade.measures import herfindahl, largest, over


def concentration(
    flows: TradeFlows,
    of: TradeParties = "suppliers",
    *,
    market: TradeMarket = "world",
    by_item: bool = True,
    measure: str = "value",
) -> pd.DataFrame:
    """Return how concentrated suppliers or buyers are.

    Parameters
    ----------
    flows : TradeFlows
        ROW counts as one partner: with much trade of ROW the indices are too high.
    of : {"suppliers", "buyers"}
    market : {"world", "country"}
        The world market, or that of every importer (its suppliers) or exporter (its buyers).
    by_item : bool
        By HS code (or stage), or over all of them.
    measure : {"value", "mass"}

    Returns
    -------
    DataFrame
        [country,] [hs or stage,] year; ``total`` in USD million or tons; ``partners``; ``hhi``, Σ s² (0 … 1);
        ``equivalent``, 1/hhi equal partners; ``largest`` and ``largest_share``; ``exposed_to_one``: whether there is
        only one.
    """
    found = markets(flows, of, market, measure, item=by_item)
    first, share = largest(found.amounts)
    hhi = herfindahl(found.amounts)
    partners = (found.amounts > 0).sum(axis=0)
    total = found.amounts.sum(axis=0)
    names = np.array(found.partners, dtype=object)[first]
    return found.labels.assign(
        total=total,
        partners=partners,
        hhi=hhi,
        equivalent=over(np.ones_like(hhi), hhi),
        largest=np.where(total > 0, names, ""),
        largest_share=share,
        exposed_to_one=partners == 1,
    )


def exposure(
    flows: TradeFlows, threshold: float = 0.5, *, by_item: bool = True, measure: str = "value"
) -> pd.DataFrame:
    """Return how many importers get more than a share of their imports from one supplier.

    Parameters
    ----------
    flows : TradeFlows
    threshold : float
        Share of the largest supplier from which on an importer is exposed, between 0 and 1.
    by_item, measure
        As in `concentration`; importer by importer, that gives it with ``market="country"``.

    Returns
    -------
    DataFrame
        [hs or stage,] year; ``importers``; ``exposed``, how many; ``share_of_importers``; ``share_of_imports``, theirs
        in all imports; ``mean_largest_share``; ``main_supplier``, the largest supplier of most of the exposed, and
        ``main_count``.
    """
    if not 0 < threshold <= 1:
        raise InputError(f"threshold={threshold!r}: a share of imports, above 0 and at most 1. Give one, as 0.5.")
    each = concentration(flows, market="country", by_item=by_item, measure=measure)
    each = each[each["total"] > 0]
    keys = ([flows.item] if by_item else []) + ["year"]
    rows = []
    for labels, part in each.groupby(keys, sort=False):
        hit = part["largest_share"].to_numpy() >= threshold
        suppliers = part.loc[hit, "largest"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
        total = part["total"].to_numpy()
        rows.append(
            dict(zip(keys, labels, strict=True))
            | {
                "importers": len(part),
                "exposed": int(hit.sum()),
                "share_of_importers": float(hit.mean()),
                "share_of_imports": float(total[hit].sum() / total.sum()),
                "mean_largest_share": float(part["largest_share"].mean()),
                "main_supplier": str(suppliers.index[0]) if len(suppliers) else "",
                "main_count": int(suppliers.iloc[0]) if len(suppliers) else 0,
            }
        )
    order = {label: i for i, label in enumerate(flows.items)}
    out = pd.DataFrame(rows)
    return out.sort_values(keys, key=lambda c: c.map(order) if c.name == flows.item else c, ignore_index=True)


def regional_shares(
    flows: TradeFlows,
    of: TradeParties = "suppliers",
    *,
    level: RegionLevel = "region",
    regions: Mapping[str, str] | None = None,
    by_item: bool = True,
    measure: str = "value",
) -> pd.DataFrame:
    """Return regions' shares in the world's exports (suppliers) or imports (buyers).

    Parameters
    ----------
    flows : TradeFlows
    of : {"suppliers", "buyers"}
    level : {"region", "subregion"}
        Of UN M49; Taiwan is with Eastern Asia, ROW its own.
    regions : mapping, optional
        Country to region, in place of UN M49's.
    by_item, measure
        As in `concentration`.

    Returns
    -------
    DataFrame
        region, [hs or stage,] year; ``total``, ``share``: shares sum to 1 (=); ``within``, the share of the region's
        own trade, both sides in it, in what it sells (or buys), in value.

    Raises
    ------
    LabelError
        If a country is in no region.
    """
    place = dict(regions) if regions is not None else region_of(level)
    missing = [country for country in flows.countries if country not in place]
    if missing:
        raise LabelError(f"regions: no region for {enumerate_labels(missing)}. Add them to `regions`.")
    found = markets(flows, of, "world", measure, item=by_item)
    names = sorted({place[country] for country in found.partners})
    member = np.array([[place[c] == name for c in found.partners] for name in names], dtype=float)
    totals = member @ found.amounts
    shares = over(totals, totals.sum(axis=0))
    frames = [
        found.labels.assign(region=name, total=total, share=share)
        for name, total, share in zip(names, totals, shares, strict=True)
    ]
    out = pd.concat(frames, ignore_index=True)
    return _within(out, flows, of, place, by_item)[["region", *found.labels.columns, "total", "share", "within"]]


def _within(out: pd.DataFrame, flows: TradeFlows, of: str, place: Mapping[str, str], by_item: bool) -> pd.DataFrame:
    """Add the share of trade inside the region."""
    frame = flows.one_report().frame
    side = frame["exporter" if of == "suppliers" else "importer"].map(place)
    other = frame["importer" if of == "suppliers" else "exporter"].map(place)
    keys = ["region", *([flows.item] if by_item else []), "year"]
    frame = frame.assign(region=side, inside=np.where(side == other, frame["value"], 0.0))
    sums = frame.groupby(keys, sort=False)[["inside", "value"]].sum()
    share = pd.Series(over(sums["inside"].to_numpy(), sums["value"].to_numpy()), index=sums.index, name="within")
    return out.join(share, on=keys)
