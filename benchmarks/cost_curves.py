"""How the cost of the accounts grows with countries, sectors and years: a table and a figure.

    python benchmarks/cost_curves.py [--out docs/cost] [--repeats 3]

Writes OUT.csv and OUT.svg: for tables of random numbers, seconds of getrf + getri, of the whole suite as arrays and of
its frames, the peak of memory in dense n x n arrays beside the table's, and seconds of the busiest process for all
indices of several years in one and in two processes. Seconds are of processor time on one thread, medians.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from accounts_suite import Measured, floor, peak_memory, run
from threadpoolctl import threadpool_limits
from vector_indices import random_table

from gvcpos.accounting import ValueAddedAccounts, each_year
from gvcpos.tables import IOTable, read_tables

COUNTRIES = tuple((G, 35) for G in (10, 20, 41, 60, 80, 100))
SECTORS = tuple((41, N) for N in (10, 20, 35, 56, 85))
YEARS = (1, 2, 4, 8, 12)


def cost_of_size(G: int, N: int, repeats: int) -> dict[str, float]:
    """Medians of interleaved repeats."""
    table = random_table(G, N)
    jobs = Measured(table)
    clock = time.process_time
    times = []
    for _ in range(repeats + 1):
        np.copyto(jobs.fresh, jobs.matrix)
        before = clock()
        floor(jobs.fresh)
        base = clock() - before
        times.append((base, run(table, clock, labelled=False)[0], run(table, clock, labelled=True)[1]))
    base, arrays, frames = np.median(times[1:], axis=0)
    return {"floor": base, "arrays": arrays, "frames": frames, "memory": peak_memory(table)}


def busy(table: IOTable) -> tuple[int, float]:
    """Compute all indices; return which process did and how long its processor was busy."""
    before = time.process_time()
    ValueAddedAccounts(table).indices()
    return os.getpid(), time.process_time() - before


def cost_of_years(count: int, repeats: int) -> dict[str, float]:
    """Processor seconds of the busiest process, for tables of 41 x 35 in files, one thread a process."""
    with tempfile.TemporaryDirectory() as folder:
        for year in range(2000, 2000 + count):
            random_table(41, 35, seed=year).with_meta(year=year).save(Path(folder) / f"{year}.arrow")
        found: dict[str, list[float]] = {"one_process": [], "two_processes": []}
        for _ in range(repeats):
            for workers, times in zip((1, 2), found.values(), strict=True):
                spent: dict[int, float] = {}
                for _, (process, seconds) in each_year(read_tables(folder), busy, workers=workers):
                    spent[process] = spent.get(process, 0.0) + seconds
                times.append(max(spent.values()))
    return {name: float(np.median(times)) for name, times in found.items()}


def measure(repeats: int) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for along, sizes in (("countries", COUNTRIES), ("sectors", SECTORS)):
        for G, N in sizes:
            rows.append({"along": along, "countries": G, "sectors": N, "years": 1} | cost_of_size(G, N, repeats))
            print(rows[-1], flush=True)
    for years in YEARS:
        rows.append({"along": "years", "countries": 41, "sectors": 35, "years": years} | cost_of_years(years, repeats))
        print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def draw(costs: pd.DataFrame, path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "gvcpos"
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
    lines = {"floor": "getrf + getri", "arrays": "whole suite, arrays", "frames": "its frames"}
    for axis, along, fixed in zip(axes, ("countries", "sectors"), ("35 sectors", "41 countries"), strict=False):
        part = costs[costs["along"] == along]
        for name, label in lines.items():
            axis.loglog(part[along], part[name], marker="o", label=label)
        axis.set(xlabel=f"{along} ({fixed})", ylabel="processor seconds, one thread")
        axis.set_xticks(part[along], part[along])
        axis.minorticks_off()
    part = costs[costs["along"] == "years"]
    for name, label in {"one_process": "one process", "two_processes": "two processes"}.items():
        axes[2].plot(part["years"], part[name], marker="o", label=label)
    axes[2].set(xlabel="years (41 countries, 35 sectors), all indices", ylabel="processor seconds, busiest process")
    axes[2].set_ylim(bottom=0)
    for axis in axes:
        axis.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/cost"))
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(1):
        costs = measure(chosen.repeats)
    costs.round(4).to_csv(chosen.out.with_suffix(".csv"), index=False)
    draw(costs, chosen.out.with_suffix(".svg"))


if __name__ == "__main__":
    main()
