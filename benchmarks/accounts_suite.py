"""The whole suite of accounts of one table, as a ratio to LAPACK's getrf + getri on a matrix of the same size.

    python benchmarks/accounts_suite.py [--size 41x35 --size 77x45] [--threads 1 --threads 2] [--repeats 5] [--check]

Four things are measured, each against the floor in the same process, repeats interleaved and medians compared:

- arrays: Koopman-Wang-Wei, Wang-Wei-Zhu, Borin-Mancini in six perspectives and two approaches with all sub-terms, the
  tripartite decomposition and TiVA, each for all exporting sectors by partner, pairs, sectors and countries; and every
  index of sectors and of countries (positions, WWYZ participation and lengths, KPWW, VAX), from a table to numbers.
- frames: all of these labelled, the labels alone.
- draw: the vector indices of one draw of a Monte Carlo, written to `IndexDraws.Z`, against one getrf just before it;
  the median of these pairs.
- memory: the largest peak while families are computed one after the other, in dense n x n arrays besides the table's.

Wall time is what the clock says, process time what the processor spent on all threads: on a busy machine only the
latter means anything, and only with one thread. --check exits with 1 if a limit is broken.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, get_args

import numpy as np
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits
from vector_indices import random_table

from gvcpos._core.options import Approach, FlowLevel, Perspective
from gvcpos.accounting import Blocks, ValueAddedAccounts
from gvcpos.accounting.draws import IndexDraws
from gvcpos.tables import IOTable

SIZES = ((41, 35), (77, 45))
LEVELS: tuple[str, ...] = get_args(FlowLevel)
LIMITS = {"arrays": {1435: 5.0, 3465: 3.0}, "draw": {1435: 1.3, 3465: 1.3}, "memory": {1435: 5.0, 3465: 5.0}}
Clock = Callable[[], float]


class Suite(ValueAddedAccounts):
    """The accounts with a switch between numbers and frames, and a clock for what labels cost."""

    labelled = False
    clock: Clock = time.perf_counter
    spent = 0.0

    def frame(self, columns: Mapping[str, np.ndarray], by: str) -> Any:
        return self._timed(lambda: super(Suite, self).frame(columns, by), columns)

    def flow_frame(self, columns: Mapping[str, np.ndarray], by: str, *, itself: bool = False) -> Any:
        return self._timed(lambda: super(Suite, self).flow_frame(columns, by, itself=itself), columns)

    def pair_frame(self, columns: Mapping[str, np.ndarray], by: str, *, itself: bool = False) -> Any:
        self.terms = columns
        return super().pair_frame(columns, by, itself=itself)

    def _timed(self, build: Callable[[], Any], columns: Mapping[str, np.ndarray]) -> Any:
        if not self.labelled:
            return columns
        start = type(self).clock()
        frame = build()
        self.spent += type(self).clock() - start
        return frame

    def every_level(self, first: Callable[[str], Any]) -> Iterator[Any]:
        """Compute flows once and give them at every level."""
        yield first("sector_pair")
        for by in LEVELS:
            if by != "sector_pair":
                yield self.pair_frame(self.terms, by)

    def families(self) -> Iterator[tuple[str, Any]]:
        """Give the suite family by family; what has been given is not kept."""
        for found in self.every_level(self.wwz):
            yield "WWZ", found
        for found in self.every_level(self.kww):
            yield "KWW", found
        for perspective in get_args(Perspective):
            for approach in get_args(Approach):
                job = self._exports(perspective, approach)
                for found in self.every_level(job):
                    yield f"Borin-Mancini {perspective} {approach}", found
        for by in LEVELS:
            yield "tripartite", self.tripartite(by)
        for by in LEVELS:
            yield "TiVA", self.tiva(by)
        yield "indices", self.indices()
        yield "indices", self.country_indices()

    def _exports(self, perspective: str, approach: str) -> Callable[[str], Any]:
        return lambda by: self.exports(by, perspective=perspective, approach=approach)


def floor(matrix: np.ndarray) -> None:
    """getrf and getri, with the work space LAPACK asks for."""
    lu, pivots, _ = lapack.dgetrf(matrix, overwrite_a=1)
    lapack.dgetri(lu, pivots, lwork=int(lapack.dgetri_lwork(len(lu))[0]), overwrite_lu=1)


def run(table: IOTable, clock: Clock, labelled: bool) -> tuple[float, float, dict[str, float]]:
    """Return seconds in all, seconds for labels, and seconds by family, from a table without anything cached."""
    Suite.clock = staticmethod(clock)
    begun = before = clock()
    suite = Suite(replace(table))
    suite.labelled = labelled
    suite.system.inverse()
    families = {"system and inverse": clock() - before}
    before = clock()
    for name, _ in suite.families():
        now = clock()
        families[name] = families.get(name, 0.0) + now - before
        before = clock()
    return before - begun, suite.spent, families


class Measured:
    """Interleaved repeats of every job by both clocks."""

    def __init__(self, table: IOTable) -> None:
        self.table, n = table, len(table.x)
        self.matrix = np.asfortranarray(np.eye(n) - table.Z / table.x)
        self.fresh = np.empty_like(self.matrix)
        G, N = table.shape
        self.draws = IndexDraws(Blocks.even(G, N))
        self.inputs = (table.final_demand, table.va_total, table.x)
        self.seconds: dict[tuple[str, str], list[float]] = {}
        self.families: dict[str, list[float]] = {}

    def repeats(self, count: int, threads: int) -> None:
        with threadpool_limits(threads):
            self.repeat()  # warm up
            self.seconds.clear()
            self.families.clear()
            for _ in range(count):
                self.repeat()

    def repeat(self) -> None:
        for kind, clock in (("process", time.process_time), ("wall", time.perf_counter)):
            self._add("floor", kind, self._timed(lambda: floor(self.fresh), clock))
            whole, _, families = run(self.table, clock, labelled=False)
            self._add("arrays", kind, whole)
            if kind == "process":
                for name, value in families.items():
                    self.families.setdefault(name, []).append(value)
            self._add("frames", kind, run(self.table, clock, labelled=True)[1])
            for _ in range(5):
                self._add("getrf", kind, self._timed(lambda: lapack.dgetrf(self.fresh, overwrite_a=1), clock))
                np.copyto(self.draws.Z, self.table.Z)
                self._add("draw", kind, self._timed(lambda: self.draws.indices(self.draws.Z, *self.inputs), clock))
            gc.collect()

    def _timed(self, job: Callable[[], object], clock: Clock) -> float:
        np.copyto(self.fresh, self.matrix)
        start = clock()
        job()
        return clock() - start

    def _add(self, name: str, kind: str, value: float) -> None:
        self.seconds.setdefault((name, kind), []).append(value)

    def median(self, name: str, kind: str) -> float:
        return float(np.median(self.seconds[name, kind]))

    def ratios(self, kind: str) -> dict[str, float]:
        base = self.median("floor", kind)
        return {
            "arrays": self.median("arrays", kind) / base,
            "frames": self.median("frames", kind) / base,
            "draw": float(np.median(np.divide(self.seconds["draw", kind], self.seconds["getrf", kind]))),
        }


def peak_memory(table: IOTable) -> float:
    """Largest memory taken while the suite is computed, in dense n x n arrays besides the table."""
    gc.collect()
    fresh = replace(table)
    tracemalloc.start()
    for _ in Suite(fresh).families():
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / table.Z.nbytes


def broken(n: int, found: Mapping[str, float]) -> list[str]:
    """Say which limits are broken; frames may take as long again as the arrays' limit."""
    limits = {name: values[n] for name, values in LIMITS.items() if n in values}
    if "arrays" in limits:
        limits["frames"] = limits["arrays"]
    return [
        f"{name} at n = {n}: {found[name]:.2f}, limit {limit:.2f}"
        for name, limit in limits.items()
        if name in found and found[name] > limit
    ]


def size(text: str) -> tuple[int, int]:
    G, N = text.split("x")
    return int(G), int(N)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=size, action="append", help="countries x sectors, as in 41x35; repeatable")
    parser.add_argument("--threads", type=int, action="append", help="default 1 and 2; repeatable")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", choices=("memory", "time"), help="measure only that")
    parser.add_argument("--families", action="store_true", help="also print the cost of every family")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is broken (one thread, process)")
    return parser.parse_args()


def main() -> int:
    chosen = arguments()
    faults: list[str] = []
    for G, N in chosen.size or SIZES:
        table, n = random_table(G, N), G * N
        if chosen.only != "time":
            memory = peak_memory(table)
            print(f"{n:5d} cells: peak memory {memory:.2f} dense n x n arrays besides the table's", flush=True)
            faults += broken(n, {"memory": memory})
        for threads in () if chosen.only == "memory" else chosen.threads or (1, 2):
            measured = Measured(table)
            measured.repeats(chosen.repeats, threads)
            for kind in ("process", "wall"):
                found = measured.ratios(kind)
                base = measured.median("floor", kind)
                print(
                    f"{n:5d} cells, {threads} thread(s), {kind + ' time:':13s} floor {base:6.3f} s, "
                    f"arrays {found['arrays']:.2f}, frames {found['frames']:.2f}, draw / getrf {found['draw']:.2f}",
                    flush=True,
                )
                if threads == 1 and kind == "process":
                    faults += broken(n, found)
            if chosen.families:
                for name, values in measured.families.items():
                    print(f"    {name:40s} {np.median(values) / measured.median('floor', 'process'):6.3f}")
    for fault in faults:
        print(f"limit broken: {fault}", file=sys.stderr)
    return int(chosen.check and bool(faults))


if __name__ == "__main__":
    sys.exit(main())
