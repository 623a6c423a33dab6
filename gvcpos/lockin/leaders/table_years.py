"""The accounts of several tables, one year after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from gvcpos._core.errors import InputError, LabelError
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.tables import IOTable, TableSeries

Tables: TypeAlias = (
    TableSeries | Iterable[IOTable | ValueAddedAccounts] | Mapping[int, IOTable | ValueAddedAccounts] | IOTable
)


def accounts_of(tables: Tables | ValueAddedAccounts, what: str) -> Iterator[ValueAddedAccounts]:
    """Give the accounts year by year, so that only one Leontief system is alive.

    Parameters
    ----------
    tables : TableSeries, iterable of IOTable or ValueAddedAccounts, mapping of year to either, or one of either
    what : str
        Names the caller in messages.

    Raises
    ------
    LabelError
        If two tables are of the same year, or one is of another year than the mapping says.
    InputError
        If the accounts have groups of sectors, or there is no table.
    """
    if isinstance(tables, IOTable | ValueAddedAccounts):
        tables = [tables]
    seen: set[int] = set()
    for given, item in tables.items() if isinstance(tables, Mapping) else ((None, one) for one in tables):
        accounts = item if isinstance(item, ValueAddedAccounts) else ValueAddedAccounts(item)
        year = accounts.table.year
        if given is not None and given != year:
            raise LabelError(f"the table given for {given} is of the year {year}.")
        if year in seen:
            raise LabelError(f"two tables of the year {year}. Give each year once.")
        if len(accounts.exporters.sectors) != len(accounts.table.sectors):
            raise InputError(f"{what} groups sectors itself: give accounts without sector_groups.")
        seen.add(year)
        yield accounts
    if not seen:
        raise InputError(f"{what}: no table was given.")
