"""Size and power of the lock-in battery on synthetic worlds: a table of every cell, and the page of it.

    python benchmarks/lockin_simulations.py [--worlds 500] [--processes 1] [--out docs/lockin_power.csv] [--page]
                                            [--only CELL ...] [--test NAME ...]

Cells are those of `tests/statistical/lockin_cells.py`; world i of a cell has the seed i. Worlds are done in blocks,
whose results are kept beside the table until it is written, so that a run that was stopped goes on. The page beside the
table (`lockin_power.md`) is written at the end of every run, from the table alone; `--page` writes it and runs nothing.
With `--only` just cells are run whose name begins so (absent-1-still, lock-in), with `--test` just some tests, as after
a change of theirs; other counts stay as they are.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from threadpoolctl import threadpool_limits

from tests.statistical.lockin_cells import CELLS, Cell, analysed, counted, exists, replaced
from tests.statistical.lockin_page import page, read

BLOCK = 10


def one_thread() -> None:
    threadpool_limits(1)


def block(cell: Cell, first: int, last: int, part: Path, tests: tuple[str, ...]) -> Path:
    """Analyse some worlds and write them at once or not at all."""
    if not part.exists():
        draft = part.with_suffix(".part")
        pd.concat([analysed(cell, seed, tests) for seed in range(first, last) if exists(cell, seed)]).to_csv(
            draft, index=False
        )
        os.replace(draft, part)
    return part


def wanted(only: list[str], tests: tuple[str, ...]) -> list[Cell]:
    """Cells by the beginnings of their names that run one of the tests."""
    named = [cell for cell in CELLS if not only or cell.name.startswith(tuple(only))]
    return [cell for cell in named if not tests or not cell.tests or set(cell.tests) & set(tests)]


def plan(cells: list[Cell], most: int, folder: Path) -> list[tuple[Cell, int, int, Path]]:
    jobs = []
    for cell in cells:
        for first in range(0, min(most, cell.worlds), BLOCK):
            last = min(first + BLOCK, most, cell.worlds)
            jobs.append((cell, first, last, folder / f"{cell.name}-{first}-{last}.csv"))
    return jobs


def run(cells: list[Cell], most: int, processes: int, out: Path, tests: tuple[str, ...]) -> None:
    folder = out.with_suffix(".some.parts" if tests else ".parts")
    folder.mkdir(parents=True, exist_ok=True)
    jobs = plan(cells, most, folder)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        Progress(*columns) as progress,
        ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=one_thread) as pool,
    ):
        task = progress.add_task("blocks of worlds", total=len(jobs))
        parts = []
        for done in [pool.submit(block, *job, tests) for job in jobs]:
            parts.append(done.result())
            progress.advance(task)
    found = counted(pd.concat([pd.read_csv(part, keep_default_na=False, na_values=[""]) for part in parts]))
    found = replaced(read(out), found) if out.exists() else found
    found.to_csv(out, index=False, lineterminator="\n")
    for part in parts:
        part.unlink()
    folder.rmdir()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=500, help="at most, of every cell")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("docs/lockin_power.csv"))
    parser.add_argument("--page", action="store_true", help="write the page of the table that is there")
    parser.add_argument("--only", action="append", default=[], help="beginning of a cell's name, by default all")
    parser.add_argument("--test", action="append", default=[], help="name of a test to run, by default all")
    chosen = parser.parse_args()
    if not chosen.page:
        tests = tuple(chosen.test)
        run(wanted(chosen.only, tests), chosen.worlds, chosen.processes, chosen.out, tests)
    chosen.out.with_suffix(".md").write_text(page(read(chosen.out)), encoding="utf-8")


if __name__ == "__main__":
    main()
