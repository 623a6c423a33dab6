"""The panel of a chain: every country, stage and year with its indices, shares and comparative advantage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos._core.options import choose
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.accounting.indices.advantage import revealed_advantage
from gvcpos.chains.aggregate import stage_values, world_share
from gvcpos.chains.chain import Chain
from gvcpos.chains.sector_values import SectorYear
from gvcpos.tables import IOTable, TableSeries

PanelUnit = Literal["stage", "sector"]
PanelSource: TypeAlias = IOTable | ValueAddedAccounts | SectorYear


def gvc_panel(
    tables: TableSeries | Iterable[PanelSource] | Mapping[int, PanelSource],
    chain: Chain,
    *,
    by: PanelUnit = "stage",
    countries: Iterable[str] | None = None,
    rest: str | None = None,
    split_foreign: bool = False,
    on_year: Callable[[int], None] | None = None,
) -> pd.DataFrame:
    """Make the panel of a chain from tables of several years, one year at a time.

    Parameters
    ----------
    tables : TableSeries, iterable of IOTable, ValueAddedAccounts or SectorYear, or mapping of year to one of these
        For many chains of the same tables give what `sector_years` made of them: the accounts are then done once.
    chain : Chain
        Its sectors must be in every table; their order does not matter.
    by : {"stage", "sector"}
        Rows for stages, or for the single sectors of the chain.
    countries : iterable of str, optional
        Rows to keep. Shares are of the whole world whatever is kept.
    rest : str, optional
        Name of one more stage with all sectors outside the chain (a placebo).
    split_foreign : bool
        Also FVA and FDC, for about three times the work.
    on_year : callable, optional
        Called with each year when it is done.

    Returns
    -------
    DataFrame
        country, stage (or sector), year; x, va, exports and other money in the table's unit; va_rate = va/x; va_share
        and export_share of the world's stage; rca (gross exports) and rca_va (value added absorbed abroad, by sector of
        origin); then the indices of `ValueAddedAccounts.indices`, stages being ratios of sums, NaN without denominator.
        Sorted by country and stage (order of tables and chain), year; ``attrs``: chain, boundary, unit, synthetic.

    Raises
    ------
    LabelError
        If a table lacks a sector of the chain or a country asked for, or two tables have the same year.
    InputError
        If there is no table.
    """
    used = chain if choose(by, PanelUnit, "by") == "stage" else chain.by_sector()
    wanted = None if countries is None else [str(c) for c in countries]
    frames: list[pd.DataFrame] = []
    attrs: dict[str, object] = {}
    for year in _years(tables, split_foreign):
        attrs = attrs or {"chain": chain.name, "boundary": chain.boundary} | dict(year.notes)
        frames.append(_year(year, used, by=by, countries=wanted, rest=rest))
        if on_year is not None:
            on_year(year.year)
    if not frames:
        raise InputError("gvc_panel: no table was given.")
    panel = _sorted(frames, by)
    panel.attrs.update(attrs)
    return panel


@cache
def panel_columns() -> tuple[str, ...]:
    """Return the columns of every panel by stage, as a table of two countries and two sectors has them."""
    table = IOTable.from_arrays(np.ones((4, 4)), np.ones((4, 2)), countries=["A", "B"], sectors=["a", "b"])
    return tuple(str(c) for c in gvc_panel([table], Chain.from_mapping({"first": ["a"], "last": ["b"]})).columns)


def _years(
    tables: TableSeries | Iterable[PanelSource] | Mapping[int, PanelSource], split_foreign: bool
) -> Iterator[SectorYear]:
    """Give the indices year by year, so that only one Leontief system is alive."""
    if isinstance(tables, IOTable):
        raise InputError("gvc_panel takes several tables: give [table] for one.")
    seen: set[int] = set()
    for item in tables.items() if isinstance(tables, Mapping) else ((None, item) for item in tables):
        given, source = item
        year = source if isinstance(source, SectorYear) else SectorYear.of(source, split_foreign=split_foreign)
        if given is not None and year.year != given:
            raise LabelError(f"the table given for {given} is of the year {year.year}.")
        if year.year in seen:
            raise LabelError(f"two tables of the year {year.year}. Give each year once.")
        seen.add(year.year)
        yield year


def _year(
    year: SectorYear, chain: Chain, *, by: PanelUnit, countries: list[str] | None, rest: str | None
) -> pd.DataFrame:
    """Return one year's rows, stage by stage."""
    stages, sectors = chain.check(year), year.values
    if rest is not None:
        stages |= outside(stages, len(year.sectors), rest)
    total = {name: sectors[name].sum(axis=1) for name in ("exports", "vax_origin")}
    rows = []
    for stage, positions in stages.items():
        values = stage_values(sectors, positions)
        shares = {
            "va_share": world_share(values["va"]),
            "export_share": world_share(values["exports"]),
            "rca": revealed_advantage(values["exports"], total["exports"]),
            "rca_va": revealed_advantage(values["vax_origin"], total["vax_origin"]),
        }
        labels = {"country": list(year.countries), by: stage, "year": year.year}
        rows.append(pd.DataFrame(labels | _ordered(values, shares)))
    frame = pd.concat(rows, ignore_index=True)
    if countries is None:
        return frame
    locate(countries, year.countries, f"country of the table of {year.year}")
    return frame[frame["country"].isin(countries)]


def _ordered(values: dict[str, np.ndarray], shares: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Put what is asked for most first; the rest stays in its order."""
    first = ("x", "va", "va_rate", "exports")
    return {name: values[name] for name in first} | shares | {k: v for k, v in values.items() if k not in first}


def outside(stages: Mapping[str, np.ndarray], sectors: int, rest: str) -> dict[str, np.ndarray]:
    """Return the sectors in no stage as one more stage.

    Parameters
    ----------
    stages : mapping of str to ndarray
        Of `Chain.check`.
    sectors : int
        Number of the table's sectors.
    rest : str
        Name of the stage.

    Raises
    ------
    InputError
        If a stage has that name, or no sector is left.
    """
    if rest in stages:
        raise InputError(f"rest={rest!r} is a stage of the chain already: {enumerate_labels(stages)}.")
    inside = np.concatenate(list(stages.values()))
    outside = np.setdiff1d(np.arange(sectors), inside)
    if not outside.size:
        raise InputError(f"rest={rest!r}: the chain has every sector of the table, nothing is left.")
    return {rest: outside}


def _sorted(frames: list[pd.DataFrame], by: str) -> pd.DataFrame:
    """Sort by country and stage in order of first appearance, then by year."""
    panel = pd.concat(frames, ignore_index=True)
    order = {c: {k: i for i, k in enumerate(panel[c].drop_duplicates())} for c in ("country", by)}
    keys = [
        panel["year"].to_numpy(),
        panel[by].map(order[by]).to_numpy(),
        panel["country"].map(order["country"]).to_numpy(),
    ]
    return panel.iloc[np.lexsort(keys)].reset_index(drop=True)
