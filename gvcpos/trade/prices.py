"""Unit values: money per ton, with a stated rule for values that no price explains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.options import OutlierRule, choose
from gvcpos.trade.flows import TradeFlows
from gvcpos.trade.grouping import summed
from gvcpos.trade.layout import group_keys
from gvcpos.trade.measures import outliers, unit_value


def unit_values(
    flows: TradeFlows,
    by: str | Iterable[str] = "hs",
    *,
    rule: OutlierRule = "drop",
    cut: float = 3.5,
    least: int = 5,
) -> pd.DataFrame:
    """Return unit values in USD per metric ton of product.

    Parameters
    ----------
    flows : TradeFlows
    by : str or iterable of str
        Of ``"exporter"``, ``"importer"``, ``"hs"`` (or ``"stage"``); ``("exporter", "importer", "hs")`` is flow by
        flow.
    rule : {"drop", "keep"}
        Whether outliers count. An outlier is a flow whose unit value lies more than `cut` robust standard deviations
        from the median of its code and year, in logs (`measures.outliers`).
    cut : float
    least : int
        Codes and years with fewer flows of known mass have no outliers.

    Returns
    -------
    DataFrame
        The keys, year; ``unit_value``, Σ value / Σ mass of the flows that count; their ``value`` and ``mass``;
        ``flows``, ``no_mass`` and ``outliers``, numbers of all flows, of those without a mass and of outliers;
        ``share_counted`` of the value. NaN where nothing counts.
    """
    choose(rule, OutlierRule, "rule")
    if not cut > 0 or least < 2:
        raise InputError(f"cut={cut!r}, least={least!r}: cut must be positive and least at least 2.")
    keys = [*group_keys(flows, by), "year"]
    frame = flows.one_report().frame
    group = np.asarray(frame.groupby([flows.item, "year"], sort=True).ngroup(), dtype=np.intp)
    each = unit_value(frame["value"].to_numpy(), frame["mass"].to_numpy())
    odd = outliers(each, group, cut=cut, least=least)
    counts = ~np.isnan(each) & ~(odd & (rule == "drop"))
    orders = {flows.item: flows.items}
    every = summed(frame, keys, orders)
    columns = {name: _total(frame, np.asarray(flag), keys, orders) for name, flag in _flags(each, odd).items()}
    kept = frame.assign(
        value=np.where(counts, frame["value"], 0.0), mass=np.where(counts, frame["mass"].fillna(0.0), 0.0)
    )
    sums = summed(kept, keys, orders)
    value = sums["value"].to_numpy()
    mass = np.where(_total(frame, counts, keys, orders) > 0, sums["mass"].to_numpy(), np.nan)
    share = np.divide(value, every["value"].to_numpy(), out=np.full(len(value), np.nan), where=every["value"] > 0)
    found = {"unit_value": unit_value(value, mass), "value": value, "mass": mass, "flows": every["flows"].to_numpy()}
    return pd.concat([every[keys], pd.DataFrame(found | columns | {"share_counted": share})], axis=1)


def _flags(each: np.ndarray, odd: np.ndarray) -> dict[str, np.ndarray]:
    return {"no_mass": np.isnan(each), "outliers": odd}


def _total(frame: pd.DataFrame, flag: np.ndarray, keys: list[str], orders: Mapping[str, tuple[str, ...]]) -> np.ndarray:
    """Count flagged flows in every group."""
    return summed(frame.assign(value=flag.astype(float)), keys, orders)["value"].to_numpy().astype(np.int64)
