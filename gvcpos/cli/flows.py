"""`gvcpos flows`: systems of material flows, run from their file to a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gvcpos.cli.told import told

flows = typer.Typer(
    name="flows",
    help=(
        "Material flows, what they cost, and where the value sits.\n\n"
        "`gvcpos flows run` balances the shipped system (China's rare earths, 2015-2022), costs it, draws intervals "
        "and runs its scenarios. `gvcpos flows new my.yaml` writes a small system to change and run; `gvcpos flows "
        "schema` the schema from which an editor completes it."
    ),
    rich_markup_mode=None,
    no_args_is_help=True,
)


@flows.command("run")
@told
def flows_run(
    system: Annotated[
        str, typer.Argument(help="A system (YAML), or a shipped one: china_rare_earths, toy.", metavar="SYSTEM.yaml")
    ] = "china_rare_earths",
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", "--output", help="Results folder; default results/NAME.", metavar="DIR"),
    ] = None,
    *,
    draws: Annotated[int, typer.Option("--draws", help="Draws for intervals; 0 for none.", metavar="N")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Of the draws.", metavar="N")] = 0,
    scenarios: Annotated[bool, typer.Option(help="Run the scenarios of the file.")] = True,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
) -> None:
    """Run a system of flows from its file to a report.

    The results folder holds every frame (parquet and csv), Sankey diagrams by mass, cost and value (PNG, SVG, and pages
    to move about in), summary.md, report.html and manifest.json. The same system and seed give the same bytes.

    \b
    Examples:
      gvcpos flows run
      gvcpos flows run my.yaml --draws 10000 --out results/mine
    """
    from gvcpos.flows import FlowSystem, find_system
    from gvcpos.study.console import Console
    from gvcpos.study.flow_output import write_flow_results
    from gvcpos.study.flow_run import run_flows
    from gvcpos.study.flow_summary import headlines
    from gvcpos.study.folder import check_target, fresh_folder

    console = Console(quiet=quiet)
    path = find_system(system)
    loaded = FlowSystem.from_yaml(path)
    target = out or Path("results") / loaded.spec.name
    check_target(target)
    with console.progress() as progress:
        results = run_flows(loaded, draws=draws, seed=seed, scenarios=scenarios, progress=progress)
        with fresh_folder(target) as folder:
            write_flow_results(results, path, folder, progress)
    for line in headlines(results):
        console.say(line)
    console.say(f"\nResults: {target} (start with {target / 'summary.md'})")


@flows.command("new")
@told
def flows_new(
    path: Annotated[Path, typer.Argument(help="Where to write the system.", metavar="SYSTEM.yaml")],
    source: Annotated[
        str, typer.Option("--from", help="The shipped system to start from: toy, china_rare_earths.")
    ] = "toy",
) -> None:
    """Write a commented system to change and run."""
    from gvcpos.flows import find_system
    from gvcpos.study.folder import write_copy

    write_copy(find_system(source), path)
    typer.echo(f"{path} written. Run it: gvcpos flows run {path}")


@flows.command("schema")
@told
def flows_schema(
    path: Annotated[
        Path | None,
        typer.Option("-o", "--out", "--output", help="Where to write it; default standard output.", metavar="FILE"),
    ] = None,
) -> None:
    """Give the JSON schema of a system's file, from which editors complete and check.

    \b
    Example:
      gvcpos flows schema -o flows.schema.json
    """
    import json

    from gvcpos._core.files import write_text
    from gvcpos.flows import flow_schema

    text = json.dumps(flow_schema(), indent=2, ensure_ascii=False) + "\n"
    if path is None:
        typer.echo(text, nl=False)
    else:
        write_text(path, text)
        typer.echo(f"{path} written.")
