"""The command line: each command is a few lines over a function that the library offers too."""

from __future__ import annotations

import functools
import os
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer

from gvcpos import __version__
from gvcpos._core.errors import GvcposError

P = ParamSpec("P")
R = TypeVar("R")

app = typer.Typer(
    name="gvcpos",
    help=(
        "Global value chains and spatial econometrics.\n\n"
        "First result: `gvcpos run` (the demonstration study, on synthetic data). Then: `gvcpos inspect FILE` says "
        "what a table file is, `gvcpos indices FILE -o out.parquet` computes its indices, `gvcpos new my.yaml` writes "
        "a study to change and run. `gvcpos claims check` recomputes reported figures on rare earths."
    ),
    rich_markup_mode=None,  # plain help starts twice as fast
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def main() -> None:
    """Entry point of the ``gvcpos`` command."""
    app()


def _told(command: Callable[P, R]) -> Callable[P, R]:
    """Turn errors into one message and an exit code: 2 for the user's input, 1 for ours, 130 for Ctrl-C."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        """Run the command; `wraps` gives it the command's own help."""
        try:
            with _one_line_warnings():
                return command(*args, **kwargs)
        except GvcposError as error:
            _complain(f"error: {error}")
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            _complain("interrupted: nothing was written.")
            raise typer.Exit(130) from None
        except OSError as error:
            _complain(f"error: {error.filename or 'file system'}: {error.strerror or error}.")
            raise typer.Exit(2) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            if os.environ.get("GVCPOS_DEBUG"):
                raise
            _complain(
                f"internal error: {type(error).__name__}: {error}\nThis is a fault of gvcpos, please report it. "
                "GVCPOS_DEBUG=1 shows where it happened."
            )
            raise typer.Exit(1) from None

    return wrapped


def _complain(text: str) -> None:
    typer.echo(text, err=True)


@contextmanager
def _one_line_warnings() -> Iterator[None]:
    """Show each warning once, as one line on standard error."""

    def show(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
        _complain(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


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
@_told
def run(
    study: Annotated[
        str,
        typer.Argument(help="A study file (YAML), or a shipped study: demo, wiod2013, adb72.", metavar="STUDY.yaml"),
    ] = "demo",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Change one setting, as in --set panel.effects=entity. Repeatable.", metavar="KEY=VALUE"
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Results folder; default results/NAME.", metavar="DIR")
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
@_told
def indices(
    files: Annotated[list[Path], typer.Argument(help="Table files of any supported publisher, one or more years.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write: .parquet or .csv.", metavar="FILE")],
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
@_told
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
@_told
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
@_told
def new(
    path: Annotated[Path, typer.Argument(help="Where to write the study.", metavar="STUDY.yaml")],
    source: Annotated[str, typer.Option("--from", help="The shipped study to start from: demo, wiod2013.")] = "demo",
) -> None:
    """Write a commented study file to change and run."""
    from gvcpos._core.errors import InputError
    from gvcpos._core.files import write_text
    from gvcpos.study.loading import find_study

    if path.exists():
        raise InputError(f"{path}: exists already. Name another file; nothing was written.")
    text = find_study(source).read_text(encoding="utf-8")
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem).strip("-_") or "study"
    write_text(path, re.sub(r"^name: .*$", f"name: {name[:64]}", text, count=1, flags=re.MULTILINE))
    typer.echo(f"{path} written. Run it: gvcpos run {path}")


claims = typer.Typer(
    name="claims",
    help=(
        "Figures that press, papers and offices gave, and what recomputation says of them.\n\n"
        "`gvcpos claims check` recomputes growth rates, balances, shares and losses from the other figures and finds "
        "slips of a power of ten; with `--trade FILE` also from BACI or UN Comtrade files. `gvcpos claims list` shows "
        "every figure with its source."
    ),
    rich_markup_mode=None,
    no_args_is_help=True,
)
app.add_typer(claims)
ClaimsOption = Annotated[
    list[Path] | None,
    typer.Option("--claims", help="Claims files (YAML) in place of those that ship. Repeatable.", metavar="FILE"),
]


@claims.command("check")
@_told
def claims_check(
    files: ClaimsOption = None,
    trade: Annotated[
        list[Path] | None,
        typer.Option(
            "--trade", help="BACI or UN Comtrade csv (or zip), to recompute from. Repeatable.", metavar="FILE"
        ),
    ] = None,
    *,
    tolerance: Annotated[
        float, typer.Option("--tolerance", help="Relative difference from trade data that is called close.")
    ] = 0.05,
    every: Annotated[bool, typer.Option("--all", help="Also what cannot be recomputed, and why.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write everything as csv too.", metavar="FILE.csv")
    ] = None,
) -> None:
    """Recompute every claim that others, or trade data, give again.

    A claim agrees; or rounding explains the difference; or it is a slip of a power of ten; or it contradicts the
    figures it comes from. What nobody states but figures imply (last year's tons) is implied. A figure is never
    recomputed from itself.

    \b
    Examples:
      gvcpos claims check
      gvcpos claims check --trade BACI_HS92_V202401b.zip --all
      gvcpos claims check --claims my_claims.yaml -o checked.csv
    """
    from gvcpos._core.files import write_text
    from gvcpos.study.console import Console
    from gvcpos.trade import read_trade
    from gvcpos.trade.claims import check_claims, checked_table, counts, load_claims, trade_codes

    known = load_claims(*(files or ()))
    flows = read_trade(trade, hs=trade_codes(known) or None) if trade else None
    found = check_claims(known, flows, tolerance=tolerance)
    if output is not None:
        write_text(output, found.to_csv(index=False))
    shown = found if every else found[found["outcome"] != "not recomputable"]
    Console().table(checked_table(shown))
    Console().say(f"{len(found)} checks: {counts(found)}.{'' if every else ' --all shows the rest.'}")


@claims.command("list")
@_told
def claims_list(
    files: ClaimsOption = None,
    status: Annotated[
        str | None, typer.Option("--status", help="reported, press, paper, norm or implied.", metavar="STATUS")
    ] = None,
    about: Annotated[
        str | None, typer.Option("--about", help="A word in the claim or its source.", metavar="WORD")
    ] = None,
) -> None:
    """Show claims with figure, period, status and source.

    \b
    Examples:
      gvcpos claims list --status press
      gvcpos claims list --about quota
    """
    from gvcpos.study.console import Console
    from gvcpos.trade.claims import chosen, listed_table, load_claims

    Console().table(listed_table(chosen(load_claims(*(files or ())), status, about)))


if __name__ == "__main__":
    main()
