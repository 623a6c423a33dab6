"""Flows laid out as partners by market, and the columns that name them: what the labelled analyses stand on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.options import TradeMarket, TradeParties, choose
from gvcpos.trade.flows import TradeFlows
from gvcpos.trade.grouping import FloatArray, summed


def group_keys(flows: TradeFlows, by: str | Iterable[str]) -> list[str]:
    """Return the columns of a grouping, in the order asked for.

    Parameters
    ----------
    by : str or iterable of str
        Of ``"exporter"``, ``"importer"``, and ``"hs"`` (or ``"stage"``, after `by_stage`).

    Raises
    ------
    InputError
        If a name is another, or occurs twice.
    """
    named = [by] if isinstance(by, str) else list(by)
    allowed = ("exporter", "importer", flows.item)
    wrong = [name for name in named if name not in allowed]
    if wrong or len(set(named)) < len(named):
        raise InputError(f"by={named!r}: each of {', '.join(map(repr, allowed))} at most once. Choose among them.")
    return named


def grouped(flows: TradeFlows, keys: Sequence[str]) -> pd.DataFrame:
    """Return sums of flows by columns, as `grouping.summed` gives them."""
    return summed(flows.one_report().frame, keys, {flows.item: flows.items})


@dataclass(frozen=True)
class Markets:
    """Amounts of partners (rows) in markets (columns).

    Attributes
    ----------
    partners : tuple of str
    labels : DataFrame
        A row for each market: [country,] hs or stage, year.
    amounts : ndarray, shape (n partners, m markets)
    """

    partners: tuple[str, ...]
    labels: pd.DataFrame
    amounts: FloatArray


def markets(flows: TradeFlows, of: TradeParties, market: TradeMarket, value: str, *, item: bool = True) -> Markets:
    """Lay flows out as partners by market.

    Parameters
    ----------
    flows : TradeFlows
    of : {"suppliers", "buyers"}
        Partners are exporters or importers.
    market : {"world", "country"}
        One market a code and year, or one a country too: an importer's for suppliers, an exporter's for buyers.
    value : {"value", "mass"}
    item : bool
        A market for every code (or stage), or one for all of them.

    Raises
    ------
    LabelError
        If masses are asked for and some are missing; the message counts them.
    """
    partner, other = ("exporter", "importer")[:: 1 if choose(of, TradeParties, "of") == "suppliers" else -1]
    if value not in ("value", "mass"):
        raise InputError(f"value={value!r} is not known. Allowed: 'value', 'mass'.")
    keys = ([other] if choose(market, TradeMarket, "market") == "country" else []) + ([flows.item] if item else [])
    sums = grouped(flows, [*keys, "year", partner])
    missing = int(sums[value].isna().sum())
    if missing:
        raise LabelError(
            f"{flows.source}: {missing} of {len(sums)} flows have no mass; shares without them would be wrong. Take "
            "values, or "
            "select flows whose mass is known."
        )
    labels = sums[[*keys, "year"]].drop_duplicates().reset_index(drop=True)
    column = pd.MultiIndex.from_frame(labels).get_indexer(pd.MultiIndex.from_frame(sums[[*keys, "year"]]))
    partners = tuple(sorted(sums[partner].unique()))
    amounts = np.zeros((len(partners), len(labels)))
    amounts[pd.Index(partners).get_indexer(pd.Index(sums[partner])), column] = sums[value].to_numpy()
    return Markets(partners, labels.rename(columns={other: "country"}), amounts)
