"""The work of several years in several processes: the same results, in order, with a bounded number of tables."""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from gvcpos._core.errors import IdentityError, IdentityWarning, InputError, LabelError
from gvcpos.accounting import ValueAddedAccounts, each_year, indices_by_year, years
from gvcpos.tables import IOTable, TableSeries, read_tables
from tests.accounting.worlds import random_world
from tests.shared import shared

YEARS = (2001, 2002, 2003, 2004, 2005)


@pytest.fixture(autouse=True)
def quick_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of this process, also where the runner of the tests has a thread of its own."""
    if sys.platform == "linux":
        monkeypatch.setattr(years, "_usual_start", lambda: "fork")


def world(year: int) -> IOTable:
    return random_world(year, 4, 3, zero=1, negative=True, year=year)


def series() -> TableSeries:
    return TableSeries.from_tables([world(year) for year in reversed(YEARS)])


class Noted:
    """A loader that writes down in which process it was called."""

    def __init__(self, year: int, notes: Path) -> None:
        self.year, self.notes = year, notes

    def __call__(self) -> IOTable:
        with self.notes.open("a") as file:
            file.write(f"{self.year} {os.getpid()}\n")
        return world(self.year)


def total_output(table: IOTable) -> float:
    return float(table.x.sum())


def threads(table: IOTable) -> int:
    return max(pool["num_threads"] for pool in threadpool_info())


def ends(table: IOTable) -> None:
    os._exit(3)


def warns(table: IOTable) -> int:
    warnings.warn(IdentityWarning(f"off by {table.year}"), stacklevel=1)
    return table.year


def shuffled(table: IOTable) -> IOTable:
    """The same table with countries and sectors in another order."""
    order = list(reversed(table.countries)), list(reversed(table.sectors))
    index = pd.MultiIndex.from_product(order)
    Z, Y = table.frame("Z"), table.frame("Y")
    columns = pd.MultiIndex.from_product([order[0], table.final_categories])
    return IOTable.from_arrays(
        Z.loc[index, index].to_numpy(),
        Y.loc[index, columns].to_numpy(),
        countries=order[0],
        sectors=order[1],
        final_categories=table.final_categories,
        year=table.year,
        unit=table.meta.unit,
        synthetic=True,
    )


def test_a_process_with_threads_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    waiting = threading.Event()
    thread = threading.Thread(target=waiting.wait)
    thread.start()
    assert years._usual_start() == "spawn"
    waiting.set()
    thread.join()


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_processes_give_what_one_gives_in_the_order_of_years(start: str) -> None:
    with threadpool_limits(1):
        alone = dict(each_year(series(), total_output))
    shared_out = list(each_year(series(), total_output, workers=2, start=start))
    assert [year for year, _ in shared_out] == list(YEARS)
    assert dict(shared_out) == alone == {year: total_output(world(year)) for year in YEARS}


@pytest.mark.parametrize("by", ["sector", "country"])
def test_indices_of_years_are_those_of_each_table_to_the_last_bit(by: str) -> None:
    told: list[tuple[int, int]] = []
    with threadpool_limits(1):
        found = indices_by_year(series(), by=by, workers=2, done=lambda done, total: told.append((done, total)))
        accounts = [ValueAddedAccounts(world(year)) for year in YEARS]
        frames = [a.indices() if by == "sector" else a.country_indices() for a in accounts]
    expected = pd.concat(frames, ignore_index=True).assign(synthetic=True)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert told == [(i, len(YEARS)) for i in range(1, len(YEARS) + 1)]


def test_a_table_is_read_once_and_only_by_a_worker(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    loaders = {year: Noted(year, notes) for year in YEARS}
    assert len(list(each_year(TableSeries.from_loaders(loaders, "noted"), total_output, workers=2))) == len(YEARS)
    lines = [line.split() for line in notes.read_text().splitlines()]
    assert sorted(int(year) for year, _ in lines) == list(YEARS)
    processes = {int(process) for _, process in lines}
    assert os.getpid() not in processes
    assert len(processes) <= 2


def test_no_more_years_are_under_way_than_workers_and_one(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    loaders = {year: Noted(year, notes) for year in range(2001, 2013)}
    results = each_year(TableSeries.from_loaders(loaders, "noted"), total_output, workers=2)
    next(results)
    time.sleep(0.5)
    assert len(notes.read_text().splitlines()) <= 3
    results.close()


def test_a_series_that_cannot_be_sent_is_read_here_and_sent_table_by_table() -> None:
    loaders = {year: (lambda year=year: world(year)) for year in YEARS}
    found = dict(each_year(TableSeries.from_loaders(loaders, "here"), total_output, workers=2))
    assert found == {year: total_output(world(year)) for year in YEARS}


def test_workers_compute_with_one_thread() -> None:
    assert {count for _, count in each_year(series(), threads, workers=2)} == {1}


def test_labels_in_another_order_are_brought_into_that_of_the_first_year() -> None:
    tables = [world(2001), shuffled(world(2002)), world(2003)]
    with threadpool_limits(1):
        alone = indices_by_year(TableSeries.from_tables(tables))
        together = indices_by_year(TableSeries.from_tables(tables), workers=2)
    pd.testing.assert_frame_equal(together, alone, check_exact=True)
    assert list(together["country"][:3]) == ["C0"] * 3


def test_other_labels_are_refused_with_the_year() -> None:
    other = random_world(1, 3, 3, year=2002)
    for workers in (1, 2):
        with pytest.raises(LabelError, match=r"^2002: .*lacks C3"):
            indices_by_year(TableSeries.from_tables([world(2001), other, world(2003)]), workers=workers)


def test_an_error_carries_its_year_whoever_meets_it() -> None:
    good = world(2002)
    off = IOTable.from_arrays(
        good.Z, good.Y, va=good.va * 1.5, x=good.x, countries=good.countries, sectors=good.sectors,
        final_categories=good.final_categories, year=2002, unit="units", synthetic=True,
    )  # fmt: skip
    for workers in (1, 2):
        with pytest.raises(IdentityError, match=r"^2002: "):
            indices_by_year(TableSeries.from_tables([world(2001), off, world(2003)]), workers=workers)


def test_a_process_that_ends_is_an_error_that_says_so() -> None:
    with pytest.raises(InputError, match=r"2001: a process ended without an answer.*Use fewer workers"):
        list(each_year(series(), ends, workers=2))


def test_warnings_of_workers_arrive() -> None:
    with pytest.warns(IdentityWarning, match="off by") as caught:
        assert [found for _, found in each_year(series(), warns, workers=2)] == list(YEARS)
    assert [str(w.message) for w in caught] == [f"off by {year}" for year in YEARS]


@pytest.mark.parametrize("workers", [0, -1])
def test_no_worker_is_refused(workers: int) -> None:
    with pytest.raises(InputError, match=f"workers={workers}"):
        indices_by_year(series(), workers=workers)
    with pytest.raises(InputError, match="by="):
        indices_by_year(series(), by="planet")  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two processes need two processors to be faster than one")
def test_two_processes_share_twelve_years() -> None:
    """12 WIOD years, all indices: 1.7 times one process on the clock of an idle machine.

    On a busy one the clock tells how busy it is. What is left to see there is that two processes do no more work
    than one: their processor seconds, start and transport included, shared by two.
    """
    folder = shared("icio/wiod2013/wiot2013_2000.npz").parent

    def seconds(workers: int) -> tuple[float, float]:
        tables = read_tables(str(folder / "*.npz"))
        clock, processor = time.perf_counter(), processor_seconds()
        indices_by_year(tables, workers=workers)
        return time.perf_counter() - clock, processor_seconds() - processor

    with threadpool_limits(1):
        times = [(seconds(1), seconds(2)) for _ in range(3)]
    on_the_clock = [one[0] / two[0] for one, two in times]
    possible = [2 * one[1] / two[1] for one, two in times]
    print(f"one process / two: clock {np.round(on_the_clock, 2)}, processor {np.round(possible, 2)}; {times}")
    assert max(on_the_clock) >= 1.7 or (os.getloadavg()[0] > 2.0 and max(possible) >= 1.7)


def processor_seconds() -> float:
    """Of this process and of those that it started and that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def test_jobs_may_be_partial_functions() -> None:
    found = dict(each_year(series(), partial(round_output, digits=1), workers=2))
    assert found == {year: round(total_output(world(year)), 1) for year in YEARS}


def round_output(table: IOTable, digits: int) -> float:
    return round(total_output(table), digits)
