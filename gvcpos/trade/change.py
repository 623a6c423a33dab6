"""Growth of trade: from year to year, and compound over a span."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.trade.flows import TradeFlows
from gvcpos.trade.grouping import FloatArray
from gvcpos.trade.layout import group_keys, grouped
from gvcpos.trade.measures import compound_growth, yearly_growth


def growth(flows: TradeFlows, by: str | Iterable[str] = ()) -> pd.DataFrame:
    """Return trade and its growth on the year before.

    Parameters
    ----------
    flows : TradeFlows
    by : str or iterable of str
        Of ``"exporter"``, ``"importer"``, ``"hs"`` (or ``"stage"``); the world's total by default.

    Returns
    -------
    DataFrame
        The keys, year; ``value`` (USD million), ``mass`` (t, NaN where one is missing); ``value_growth`` and
        ``mass_growth``, shares: 0.05 is 5 %. A year without trade is 0; growth from 0, in the first year and after a
        year that is not in the data is NaN.
    """
    keys = group_keys(flows, by)
    index, cubes = _cubes(flows, keys)
    years = np.array(flows.years, dtype=np.int64)
    columns = {name: cube.ravel() for name, cube in cubes.items()}
    columns |= {f"{name}_growth": yearly_growth(cube, years).ravel() for name, cube in cubes.items()}
    return _labelled(index, flows.years).assign(**columns)


def compound(
    flows: TradeFlows, by: str | Iterable[str] = (), *, first: int | None = None, last: int | None = None
) -> pd.DataFrame:
    """Return compound annual growth between two years, (last / first)^(1 / years) − 1.

    Parameters
    ----------
    flows : TradeFlows
    by : str or iterable of str
        As in `growth`.
    first, last : int, optional
        Years, both in the data; its first and last by default.

    Returns
    -------
    DataFrame
        The keys; ``first_year``, ``last_year``; ``value_first``, ``value_last``, ``value_growth`` a year, a share; the
        same of mass.

    Raises
    ------
    InputError
        If a year is not in the data or the last is not after the first.
    """
    start, end = first if first is not None else flows.years[0], last if last is not None else flows.years[-1]
    if start not in flows.years or end not in flows.years or end <= start:
        raise InputError(
            f"{flows.source}: growth from {start} to {end}: the data have {', '.join(map(str, flows.years))}. Give "
            "two of these "
            "years, the earlier first."
        )
    index, cubes = _cubes(flows, group_keys(flows, by))
    a, b = flows.years.index(start), flows.years.index(end)
    columns = {"first_year": np.full(len(index), start), "last_year": np.full(len(index), end)}
    for name, cube in cubes.items():
        columns |= {f"{name}_first": cube[:, a], f"{name}_last": cube[:, b]}
        columns[f"{name}_growth"] = compound_growth(cube[:, a], cube[:, b], end - start)
    return pd.concat([index, pd.DataFrame(columns, index=index.index)], axis=1)


def _cubes(flows: TradeFlows, keys: list[str]) -> tuple[pd.DataFrame, dict[str, FloatArray]]:
    """Return the groups, a row each, and value and mass, shape (groups, years); a year without trade is 0."""
    sums = grouped(flows, [*keys, "year"])
    if keys:
        index = sums[keys].drop_duplicates().reset_index(drop=True)
        row = pd.MultiIndex.from_frame(index).get_indexer(pd.MultiIndex.from_frame(sums[keys]))
    else:
        index, row = pd.DataFrame(index=range(1)), np.zeros(len(sums), dtype=np.intp)
    column = pd.Index(flows.years).get_indexer(pd.Index(sums["year"]))
    cubes = {}
    for name in ("value", "mass"):
        cubes[name] = np.zeros((len(index), len(flows.years)))
        cubes[name][row, column] = sums[name].to_numpy()
    return index, cubes


def _labelled(index: pd.DataFrame, years: tuple[int, ...]) -> pd.DataFrame:
    """Repeat every group for every year."""
    repeated = index.loc[index.index.repeat(len(years))].reset_index(drop=True)
    return repeated.assign(year=np.tile(np.array(years, dtype=np.int64), len(index)))
