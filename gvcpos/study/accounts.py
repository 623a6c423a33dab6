"""From tables to frames, one year at a time: indices, country indices and the panel of stages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.accounting import ValueAddedAccounts, describe_measures, indices_by_year
from gvcpos.chains import SectorYear, gvc_panel
from gvcpos.study.chain_flows import ChainFlows, ChainTraces, all_years
from gvcpos.study.folder import check_parent, write_table
from gvcpos.study.progress import Progress, silent
from gvcpos.tables import TableSeries, read_tables

_ENDINGS = (".parquet", ".csv")
_ROUNDING = 1e-9


@dataclass(frozen=True)
class AccountFrames:
    """The accounts of all years, tidy.

    Attributes
    ----------
    indices : DataFrame
        country, sector, year and every index.
    country_indices : DataFrame
        country, year and every index.
    panel : DataFrame
        country, stage, year and the measures of `gvc_panel`.
    flows : ChainFlows
    """

    indices: pd.DataFrame
    country_indices: pd.DataFrame
    panel: pd.DataFrame
    flows: ChainFlows


def account_frames(
    tables: TableSeries, traces: ChainTraces, progress: Progress = silent, *, tolerance: float | None = None
) -> AccountFrames:
    """Compute the accounts of every year; each table is read, factorised once and let go.

    Parameters
    ----------
    tables : TableSeries
    traces : ChainTraces
        The chain, and what is wanted of every table besides the panel.
    progress : Progress
    tolerance : float, optional
        Identity error to accept.
    """
    chain = traces.chain
    total = len(tables.years)
    indices: list[pd.DataFrame] = []
    countries: list[pd.DataFrame] = []
    traced: list[ChainFlows] = []
    years: list[SectorYear] = []

    def each_year() -> Iterator[SectorYear]:
        """Yield the accounts of every year and keep its frames on the way."""
        progress("accounts", 0, total)
        for done, table in enumerate(tables, start=1):
            chain.check(table)
            accounts = ValueAddedAccounts(table, tolerance=tolerance)
            indices.append(accounts.indices())
            countries.append(accounts.country_indices())
            traced.append(traces.year(accounts))
            years.append(SectorYear.of(accounts))
            yield years[-1]
            progress("accounts", done, total)

    panel = gvc_panel(each_year(), chain)
    whole = pd.concat(indices, ignore_index=True), pd.concat(countries, ignore_index=True)
    return AccountFrames(*whole, panel, all_years(traced, years))


def run_indices(
    files: Iterable[str | Path],
    output: str | Path,
    *,
    by: str = "sector",
    tolerance: float | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Compute every index of some table files and write them as one tidy file.

    Parameters
    ----------
    files : iterable of path
        Tables of any supported publisher, one a year.
    output : path
        Ends in .parquet or .csv.
    by : {"sector", "country"}
        One row for each country and sector, or for each country.
    tolerance : float, optional
        Identity error to accept, in the tables' unit; default the publisher's. See `ValueAddedAccounts`.
    workers : int
        Processes that share the years; the result is the same.
    progress : Progress
        Told after each table.

    Returns
    -------
    DataFrame
        What was written; with a column ``synthetic`` if the tables are.

    Raises
    ------
    InputError
        If a file is no table or does not balance, `by` is unknown, or `output` has another ending or cannot be
        written; nothing is written then.
    """
    if by not in ("sector", "country"):
        raise InputError(f"by={by!r} is not known. Allowed: 'sector', 'country'.")
    target = Path(output)
    if target.suffix not in _ENDINGS:
        raise InputError(f"{output}: the ending must be {' or '.join(_ENDINGS)}.")
    if target.is_dir():
        raise InputError(f"{output}: a folder. Name a file in it.")
    check_parent(target)
    if tolerance is not None and not 0 <= tolerance < float("inf"):
        raise InputError(f"tolerance={tolerance}: must be a finite number of at least 0.")
    tables = read_tables([Path(name) for name in files])
    frame = indices_by_year(
        tables,
        by="sector" if by == "sector" else "country",
        workers=workers,
        tolerance=tolerance,
        done=lambda done, total: progress("accounts", done, total),
    )
    write_table(frame, target)
    return frame


def shares_outside(frame: pd.DataFrame) -> str:
    """Say how many shares lie outside 0-1, in which columns and where.

    Negative final uses (inventories drawn down) and negative value added make such shares; on real tables there are
    always some. They are no error of the accounts, but neither are they parts of a whole.

    Parameters
    ----------
    frame : DataFrame
        Of `ValueAddedAccounts.indices` or ``country_indices``.

    Returns
    -------
    str
        One sentence or two; empty if every share is within.
    """
    columns = [name for name, measure in describe_measures().items() if measure.unit == "share" and name in frame]
    values = frame[columns].to_numpy()
    outside = (values < -_ROUNDING) | (values > 1 + _ROUNDING)
    if not outside.any():
        return ""
    rows = outside.any(axis=1)
    by = [name for name in ("country", "sector") if name in frame]
    cells = dict.fromkeys(" ".join(labels) for labels in frame[by][rows].itertuples(index=False))
    named = [f"{name} ({count})" for name, count in zip(columns, outside.sum(axis=0), strict=True) if count]
    return (
        f"{int(outside.sum()):,} of {values.size:,} shares lie outside 0-1, of {enumerate_labels(cells)}: "
        f"{enumerate_labels(named)}. Negative final uses (inventories drawn down) or negative value added do that; "
        "such cells are kept as they are."
    )
