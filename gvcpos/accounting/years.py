"""The same work on the table of every year, in this process or in a few of its own.

A process holds one table at a time and reads it itself, so that memory is bounded by the number of processes; each
computes with one thread. Results come in the order of the years; they are those of one process with one thread of
BLAS to the last bit, and those of one with several to rounding.
"""

from __future__ import annotations

import multiprocessing
import pickle
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import pandas as pd
from threadpoolctl import threadpool_limits

from gvcpos._core.errors import GvcposError, InputError
from gvcpos._core.options import AccountLevel, StartMethod, choose
from gvcpos.accounting.accounts import ValueAddedAccounts
from gvcpos.tables import IOTable, TableSeries

T = TypeVar("T")
Done = Callable[[int, int], object]


@dataclass(frozen=True)
class _Answer:
    """What a process found, how its table is labelled, and what it warned of."""

    found: Any
    labels: tuple[object, ...]
    warned: tuple[tuple[type[Warning], str], ...]


def each_year(
    tables: TableSeries, job: Callable[[IOTable], T], *, workers: int = 1, start: StartMethod | None = None
) -> Iterator[tuple[int, T]]:
    """Do the same with the table of every year and give year and result, in the order of the years.

    Parameters
    ----------
    tables : TableSeries
        Tables in memory are sent to the processes one at a time; those in files are read there.
    job : callable
        Takes a table. For several processes it must be a function of a module, a `functools.partial` of one, or
        anything else that can be pickled, as must what it returns.
    workers : int
        Processes. With one, the work is done here, and BLAS has as many threads as it is set to.
    start : {"fork", "spawn"}, optional
        How processes start: as copies of this one, at once, or afresh, which takes a second. Default: as copies on
        Linux while this process has one thread of Python, else afresh.

    Raises
    ------
    InputError
        If `workers` is not positive or a process ends without an answer.
    GvcposError
        What the work or the reading of a table raises, its message beginning with the year.

    Notes
    -----
    Processes that start afresh run the script again that started them: it needs ``if __name__ == "__main__":``.
    """
    if workers < 1:
        raise InputError(f"workers={workers}: at least one process does the work.")
    if workers == 1 or len(tables) == 1:
        for year in tables.years:
            yield year, _told(year, partial(_here, tables, year, job))
        return
    method = _usual_start() if start is None else choose(start, StartMethod, "start")
    yield from _in_processes(tables, job, min(workers, len(tables)), method)


def indices_by_year(
    tables: TableSeries,
    *,
    by: AccountLevel = "sector",
    workers: int = 1,
    split_foreign: bool = True,
    tolerance: float | None = None,
    done: Done | None = None,
    start: StartMethod | None = None,
) -> pd.DataFrame:
    """Return every index of every year as one tidy frame, as `ValueAddedAccounts.indices` gives it.

    Parameters
    ----------
    tables : TableSeries
    by : {"sector", "country"}
    workers, start
        Processes and how they start; see `each_year`.
    split_foreign, tolerance
        See `ValueAddedAccounts`.
    done : callable, optional
        Told how many years are done, and how many there are.

    Returns
    -------
    DataFrame
        Sorted by year; with a column ``synthetic`` if the tables are.
    """
    choose(by, AccountLevel, "by")
    job = partial(_indices, by=by, split_foreign=split_foreign, tolerance=tolerance)
    frames = []
    for count, (_, frame) in enumerate(each_year(tables, job, workers=workers, start=start), start=1):
        frames.append(frame)
        if done is not None:
            done(count, len(tables))
    return pd.concat(frames, ignore_index=True)


def _indices(table: IOTable, by: str, split_foreign: bool, tolerance: float | None) -> pd.DataFrame:
    accounts = ValueAddedAccounts(table, tolerance=tolerance)
    compute = accounts.indices if by == "sector" else accounts.country_indices
    frame = compute(split_foreign=split_foreign)
    return frame.assign(synthetic=True) if table.meta.synthetic else frame


def _here(tables: TableSeries, year: int, job: Callable[[IOTable], T]) -> T:
    return job(tables[year])


def _usual_start() -> str:
    return "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"


def _in_processes(
    tables: TableSeries, job: Callable[[IOTable], T], workers: int, method: str
) -> Iterator[tuple[int, T]]:
    labels: tuple[object, ...] | None = None
    waiting: deque[tuple[int, Future[_Answer]]] = deque()
    left = deque(tables.years)
    with ProcessPoolExecutor(workers, multiprocessing.get_context(method), threadpool_limits, (1,)) as pool:
        try:
            while left or waiting:
                # One more than there are processes, so that none waits for work; no more, so that memory is bounded.
                while left and len(waiting) <= workers:
                    waiting.append((left[0], _submitted(pool, tables, left.popleft(), job)))
                year, future = waiting.popleft()
                answer = _told(year, future.result)
                labels = answer.labels if labels is None else labels
                for category, message in answer.warned:
                    warnings.warn(category(message), stacklevel=2)
                if answer.labels == labels:
                    yield year, answer.found
                else:  # other labels, or the same in another order: the series knows what to do
                    _told(tables.years[0], partial(tables.__getitem__, tables.years[0]))
                    yield year, _told(year, partial(_here, tables, year, job))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _submitted(
    pool: ProcessPoolExecutor, tables: TableSeries, year: int, job: Callable[[IOTable], Any]
) -> Future[_Answer]:
    with warnings.catch_warnings():
        # Python warns of any thread when it copies a process; those of BLAS are stopped and started again by BLAS.
        warnings.filterwarnings("ignore", message=".*multi-threaded.*", category=DeprecationWarning)
        return pool.submit(_answer, _alone(tables, year), year, job)


def _answer(tables: TableSeries, year: int, job: Callable[[IOTable], Any]) -> _Answer:
    """Run in a process of its own."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = tables[year]
        found = job(table)
    labels = (table.countries, table.sectors, table.final_categories, table.va_rows)
    warned = tuple((w.category, str(w.message)) for w in caught)
    return _Answer(found, (*labels, table.meta.unit, table.meta.synthetic), warned)


def _alone(tables: TableSeries, year: int) -> TableSeries:
    """Return the series of one year, as it can be sent: if it cannot say how to make its table, with the table."""
    alone = tables.between(year, year)
    try:
        pickle.dumps(alone)
    except (pickle.PicklingError, AttributeError, TypeError):
        return TableSeries.from_tables([alone[year]])
    return alone


def _told(year: int, work: Callable[[], T]) -> T:
    """Do the work; an error says of which year it is."""
    try:
        return work()
    except BrokenProcessPool:
        raise InputError(
            f"{year}: a process ended without an answer, most likely for want of memory. Use fewer workers; in a "
            'script, call this under `if __name__ == "__main__":`.'
        ) from None
    except GvcposError as error:
        raise type(error)(f"{year}: {error}") from error
