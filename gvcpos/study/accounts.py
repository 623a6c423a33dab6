"""From tables to frames, one year at a time: indices, country indices and the panel of stages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.chains import Chain, gvc_panel
from gvcpos.study.folder import write_table
from gvcpos.study.progress import Progress, silent
from gvcpos.tables import TableSeries, read_tables

_ENDINGS = (".parquet", ".csv")


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
    """

    indices: pd.DataFrame
    country_indices: pd.DataFrame
    panel: pd.DataFrame


def account_frames(tables: TableSeries, chain: Chain, progress: Progress = silent) -> AccountFrames:
    """Compute the accounts of every year; each table is read, factorised once and let go."""
    total = len(tables.years)
    indices: list[pd.DataFrame] = []
    countries: list[pd.DataFrame] = []

    def each_year() -> Iterator[ValueAddedAccounts]:
        progress("accounts", 0, total)
        for done, table in enumerate(tables, start=1):
            accounts = ValueAddedAccounts(table)
            indices.append(accounts.indices())
            countries.append(accounts.country_indices())
            yield accounts
            progress("accounts", done, total)

    panel = gvc_panel(each_year(), chain)
    return AccountFrames(pd.concat(indices, ignore_index=True), pd.concat(countries, ignore_index=True), panel)


def run_indices(
    files: Iterable[str | Path], output: str | Path, *, by: str = "sector", progress: Progress = silent
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
    progress : Progress
        Told after each table.

    Returns
    -------
    DataFrame
        What was written; with a column ``synthetic`` if the tables are.

    Raises
    ------
    InputError
        If a file is no table, `by` is unknown, or `output` has another ending; nothing is written then.
    """
    if by not in ("sector", "country"):
        raise InputError(f"by={by!r} is not known. Allowed: 'sector', 'country'.")
    target = Path(output)
    if target.suffix not in _ENDINGS:
        raise InputError(f"{output}: the ending must be {' or '.join(_ENDINGS)}.")
    tables = read_tables([Path(name) for name in files])
    frames = []
    for done, table in enumerate(tables, start=1):
        accounts = ValueAddedAccounts(table)
        found = accounts.indices() if by == "sector" else accounts.country_indices()
        frames.append(found.assign(synthetic=True) if table.meta.synthetic else found)
        progress("accounts", done, len(tables.years))
    frame = pd.concat(frames, ignore_index=True)
    write_table(frame, target)
    return frame
