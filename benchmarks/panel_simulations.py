"""Bias, RMSE, coverage and size of the spatial panel engine by simulation: a table of every cell, and the page of it.

    python benchmarks/panel_simulations.py [--draws 1000] [--only "fit, sdm" "hard"] [--out docs/simulations.csv]

Cells are those of `tests/statistical/panel_cells.py`. What is in the table with as many draws or more is not done
again, so that a run that was stopped goes on; a cell gives the same numbers alone or in a run. The page beside the
table (`simulations.md`) is written at the end of every run, from the table alone; `--page` writes it and runs nothing.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pandas as pd
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from threadpoolctl import threadpool_limits

from tests.statistical.panel_cells import IDENTITY, Cell, catalogue, rows
from tests.statistical.panel_page import page, read


def same(table: pd.DataFrame, cell: Cell) -> pd.Series:
    """Rows of a cell."""
    found = pd.Series(True, index=table.index)
    for name in IDENTITY:
        found &= table[name] == getattr(cell, name)
    return found


def save(table: pd.DataFrame, out: Path) -> None:
    """Write at once or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_suffix(".part")
    table.to_csv(draft, index=False, lineterminator="\n")
    os.replace(draft, out)


def run(cells: list[Cell], most: int, out: Path) -> None:
    table = read(out) if out.exists() else pd.DataFrame(columns=[*IDENTITY, "draws"])
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress, threadpool_limits(1):
        task = progress.add_task("cells", total=len(cells))
        for cell in cells:
            draws, there = min(most, cell.most), same(table, cell)
            progress.update(task, description=cell.key)
            if not (table.loc[there, "draws"] >= draws).any():
                found = rows(cell, draws)
                table = found if table.empty else pd.concat([table[~there], found], ignore_index=True)
                save(table, out)
            progress.advance(task)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1000, help="at most; slow cells take fewer")
    parser.add_argument("--only", nargs="+", default=[""], help="cells whose name begins with one of these")
    parser.add_argument("--out", type=Path, default=Path("docs/simulations.csv"))
    parser.add_argument("--page", action="store_true", help="write the page of the table that is there")
    chosen = parser.parse_args()
    if not chosen.page:
        run([cell for cell in catalogue() if cell.key.startswith(tuple(chosen.only))], chosen.draws, chosen.out)
    chosen.out.with_suffix(".md").write_text(page(read(chosen.out)), encoding="utf-8")


if __name__ == "__main__":
    main()
