"""The commands `gvcpos run`, `indices`, `inspect`, `explain`, `new`, and the groups of commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gvcpos import __version__
from gvcpos.cli.claims import claims
from gvcpos.cli.flows import flows
from gvcpos.cli.told import told

app = typer.Typer(
    name="gvcpos",
    help=(
        "Global value chains and spatial econometrics.\n\n"
        "First result: `gvcpos run` (the demonstration study, on synthetic data). Then: `gvcpos inspect FILE` says "
        "what a table file is, `gvcpos indices FILE -o out.parquet` computes its indices, `gvcpos new my.yaml` writes "
        "a study to change and run. `gvcpos flows run` follows rare earths by mass, cost and value; "
        "`gvcpos claims check` recomputes reported figures."
    ),
    rich_markup_mode=None,  # plain help starts twice as fast
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(claims)
app.add_typer(flows)


def main() -> None:
    """Entry point of the ``gvcpos`` command."""
    app()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gvcpos {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Folder that ${data} in a study stands for; default $GVCPOS_SHARED.", metavar="DIR"),
]


@app.command()
@told
def run(
    study: Annotated[
        str,
        typer.Argument(help="A study file, or one that ships: demo, wiod2013, adb72, adb62.", metavar="STUDY.yaml"),
    ] = "demo",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Change one setting, as in --set panel.effects=entity. Repeatable.", metavar="KEY=VALUE"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", "--output", help="Results folder; default results/NAME.", metavar="DIR"),
    ] = None,
    data: DataOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
) -> None:
    """Run a study from files to report.

    The results folder holds every frame (parquet and csv), regression tables (LaTeX, HTML, text), figures
    (PNG, SVG and the figures' data), summary.md and manifest.json. The same study gives the same bytes.

    \b
    Examples:
      gvcpos run
      gvcpos run demo --set seed=7 --set panel.effects=entity --out results/seed7
      gvcpos run wiod2013 --data ~/tables
    """
    from gvcpos.study import Study
    from gvcpos.study.console import Console

    console = Console(quiet=quiet)
    loaded = Study.from_yaml(study, settings or (), data=data)
    target = out or Path("results") / loaded.spec.name
    with console.progress() as progress:
        results = loaded.run(target, progress=progress)
    console.finished(results, target)


@app.command()
@told
def indices(
    files: Annotated[list[Path], typer.Argument(help="Table files of any supported publisher, one or more years.")],
    output: Annotated[
        Path, typer.Option("-o", "--out", "--output", help="Where to write: .parquet or .csv.", metavar="FILE")
    ],
    *,
    by: Annotated[str, typer.Option("--by", help="sector (country and sector) or country.")] = "sector",
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            help="Identity error to accept, in the tables' unit; default the publisher's rounding.",
            metavar="MONEY",
        ),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", help="Processes that share the years.", min=1, metavar="N")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Compute every index of one or more tables, as one tidy file.

    \b
    Examples:
      gvcpos indices WIOT07_ROW_Apr12.xlsx -o wiod2007.parquet
      gvcpos indices tables/*.xlsx -o adb.csv --by country --workers 2
    """
    from gvcpos.study import run_indices, shares_outside
    from gvcpos.study.console import Console

    console = Console(quiet=quiet)
    with console.progress() as progress:
        frame = run_indices(files, output, by=by, tolerance=tolerance, workers=workers, progress=progress)
    console.say(f"{output}: {len(frame):,} rows, {len(frame.columns)} columns.")
    if oddities := shares_outside(frame):
        console.say(f"note: {oddities}")


@app.command()
@told
def inspect(
    file: Annotated[Path, typer.Argument(help="A table file of any supported publisher.")],
) -> None:
    """Say what a file is: publisher, size, balance.

    The report has the edition, year and unit, the labels found, the worst identity errors with their cells,
    sectors without output and negative cells.

    \b
    Example:
      gvcpos inspect WIOT07_ROW_Apr12.xlsx
    """
    from gvcpos.tables import inspect_file

    typer.echo(str(inspect_file(file)))


@app.command()
@told
def explain(
    name: Annotated[
        str | None, typer.Argument(help="A column, as in FVA or kww.FVA_INT, a family, or notation.", metavar="NAME")
    ] = None,
) -> None:
    """Say what a column means: its equation, source and identity, and what it is confused with.

    \b
    Examples:
      gvcpos explain             # the families of columns
      gvcpos explain kww.FVA_INT
    """
    from gvcpos.accounting import explain as explained

    typer.echo(str(explained(name)))


@app.command()
@told
def new(
    path: Annotated[Path, typer.Argument(help="Where to write the study.", metavar="STUDY.yaml")],
    source: Annotated[str, typer.Option("--from", help="The shipped study to start from: demo, wiod2013.")] = "demo",
) -> None:
    """Write a commented study file to change and run."""
    from gvcpos.study.folder import write_copy
    from gvcpos.study.loading import find_study

    write_copy(find_study(source), path)
    typer.echo(f"{path} written. Run it: gvcpos run {path}")
