"""Balances: what a country sells less what it buys, in money and in mass."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.trade.flows import TradeFlows
from gvcpos.trade.grouping import summed

BalanceLevel = Literal["country", "item"]


def balances(flows: TradeFlows, by: BalanceLevel = "country") -> pd.DataFrame:
    """Return exports, imports and balances of every country.

    Parameters
    ----------
    flows : TradeFlows
        Each flow reported once (`TradeFlows.reported_by`); after `TradeFlows.by_stage` items are stages.
    by : {"country", "item"}
        Over everything, or for every HS code (or stage) too.

    Returns
    -------
    DataFrame
        country, [hs or stage], year; ``exports``, ``imports``, ``balance`` in USD million; ``exports_t``,
        ``imports_t``, ``balance_t`` in metric tons of product, NaN where a flow's mass is missing;
        ``exports_mass_known`` and ``imports_mass_known``, the share of the value whose mass is known. A row for every
        country and year (and item): no trade is 0. The world's balances are 0 (=): what is sold is bought.

    Raises
    ------
    InputError
        If both sides' reports are there, or `by` is something else.
    """
    if by not in ("country", "item"):
        raise InputError(f"by={by!r} is not known. Allowed: 'country', 'item'.")
    item = [flows.item] if by == "item" else []
    frame, orders = flows.one_report().frame, {flows.item: flows.items}
    levels = [flows.countries, *([flows.items] if item else []), flows.years]
    index = pd.MultiIndex.from_product(levels, names=["country", *item, "year"])
    columns: dict[str, np.ndarray] = {}
    for side, name in (("exporter", "exports"), ("importer", "imports")):
        sums = summed(frame, [side, *item, "year"], orders).set_index([side, *item, "year"])
        there = sums.reindex(index)
        traded = index.isin(sums.index)
        columns[name] = np.where(traded, there["value"].to_numpy(), 0.0)
        columns[f"{name}_t"] = np.where(traded, there["mass"].to_numpy(), 0.0)
        columns[f"{name}_mass_known"] = there["mass_known"].to_numpy()
    for unit in ("", "_t"):
        columns[f"balance{unit}"] = columns[f"exports{unit}"] - columns[f"imports{unit}"]
    order = ("exports", "imports", "balance", "exports_t", "imports_t", "balance_t")
    known = ("exports_mass_known", "imports_mass_known")
    return pd.DataFrame({name: columns[name] for name in (*order, *known)}, index=index).reset_index()
