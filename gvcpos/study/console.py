"""What a run shows on a terminal: progress while it works, a few lines when it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.table import Table

from gvcpos.study.progress import Progress, silent
from gvcpos.study.results import StudyResults


class Console:
    """Progress on standard error, results on standard output."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Give a `Progress` that draws bars while the block runs, one a step."""
        if self.quiet:
            yield silent
            return
        columns = (TextColumn("{task.description:<22}"), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn())
        bars = RichProgress(*columns, console=RichConsole(stderr=True))
        tasks: dict[str, TaskID] = {}

        def tell(step: str, done: int, total: int) -> None:
            """Move the bar of a step."""
            # Drawing takes a thread, and processes are best started before there is one.
            bars.start()
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        try:
            yield tell
        finally:
            if tasks:
                bars.stop()

    def finished(self, results: StudyResults, out: Path) -> None:
        """Print the verdict, planted against estimated if there is such, and where everything is."""
        if not self.quiet:
            RichConsole(highlight=False, soft_wrap=True).print(results.headline(), markup=False)
        self.say(f"\nResults: {out} (start with {out / 'summary.md'})")

    def say(self, text: str) -> None:
        """Print one line, unless quiet."""
        if not self.quiet:
            RichConsole(highlight=False, soft_wrap=True).print(text, markup=False)

    def table(self, table: Table) -> None:
        """Print a table, as wide as the terminal, or 160 characters where there is none."""
        console = RichConsole(highlight=False)
        if not console.is_terminal:
            console = RichConsole(highlight=False, width=160)
        console.print(table)
