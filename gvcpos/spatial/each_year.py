"""Any statistic of spatial autocorrelation, year by year, with false discovery controlled over the years."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.options import DiscoveryFamily, choose
from gvcpos.spatial.local_statistic import clusters_of
from gvcpos.spatial.permutation import false_discovery
from gvcpos.spatial.variables import by_year, weights_of
from gvcpos.spatial.weights.matrix import Weights


def yearly(
    statistic: type,
    data: pd.DataFrame | pd.Series,
    columns: str | tuple[str, str] | None,
    weights: Weights | Mapping[Any, Weights],
    *,
    entity: str = "country",
    time: str = "year",
    family: DiscoveryFamily = "panel",
    **options: Any,
) -> pd.DataFrame:
    """Compute a statistic for every year of a panel.

    Parameters
    ----------
    statistic : class
        `Moran`, `Geary`, `GetisOrd`, `BivariateMoran`, `JoinCounts`, or one of the local ones.
    data : DataFrame or Series
        With `entity` and `time` as columns or index levels.
    columns : str, pair of str or None
        The variable; x and y for a bivariate statistic; None for a Series.
    weights : Weights or mapping of year to Weights
        The same in every year, or one for each.
    family : {"panel", "year"}
        The tests that p_fdr is adjusted for: all of the panel, or (of statistics with several tests a year) those of
        one year. Clusters follow.
    **options
        Given to the statistic, as in ``permutations=99``; every year has the same seed.

    Returns
    -------
    DataFrame
        The statistic's `to_frame()` under each other, with the year (after the country where there is one).

    Raises
    ------
    LabelError
        If a country is missing, left over or given twice in a year, or a year has no weights; the message names both.
    InputError
        If a value is missing or a year's values are constant; the message names the year.
    """
    choose(family, DiscoveryFamily, "family")
    parts, level = [], None
    for year, values in _years(data, columns, entity, time):
        try:
            one = statistic(*values, weights_of(weights, year), **options)
        except InputError as error:
            raise type(error)(f"{year}: {error}") from error
        frame = one.to_frame()
        if "variable" in frame:
            frame["variable"] = str(columns if isinstance(columns, str) else one.name)
        frame.insert(1 if "country" in frame else 0, time, [year] * len(frame))
        if hasattr(one, "kind"):
            level, frame["_kind"] = one.level, one.kind.to_numpy()
        parts.append(frame.rename(columns={"country": entity}))
    if not parts:
        raise InputError("the panel has no rows.")
    table = pd.concat(parts, ignore_index=True)
    if family == "panel" or "p_fdr" not in table:
        table = _adjusted(table, level)
    return table.drop(columns="_kind", errors="ignore")


def _years(
    data: pd.DataFrame | pd.Series, columns: str | tuple[str, str] | None, entity: str, time: str
) -> Iterator[tuple[object, tuple[pd.Series, ...]]]:
    """Yield each year and its variables."""
    if columns is None or isinstance(columns, str):
        for year, values in by_year(data, columns, entity, time):
            yield year, (values,)
        return
    pairs = [by_year(data, column, entity, time) for column in columns]
    for group in zip(*pairs, strict=True):
        yield group[0][0], tuple(values for _, values in group)


def _adjusted(table: pd.DataFrame, level: float | None) -> pd.DataFrame:
    """Return the table with p_fdr over all of it, and the clusters that remain."""
    source = next((c for c in ("p_exact", "p_sim", "p_rand") if c in table and table[c].notna().any()), "p_norm")
    table["p_fdr"] = false_discovery(table[source].to_numpy(dtype=np.float64))
    if "cluster" in table and level is not None:
        islands = table["cluster"] == "island"
        table["cluster"] = clusters_of(
            table["p_fdr"].to_numpy(), table["_kind"].to_numpy(dtype=str), ~islands.to_numpy(), level
        )
    return table
