"""`gvcpos claims`: reported figures, and what recomputation says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gvcpos.cli.told import told

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
ClaimsOption = Annotated[
    list[Path] | None,
    typer.Option("--claims", help="Claims files (YAML) in place of those that ship. Repeatable.", metavar="FILE"),
]


@claims.command("check")
@told
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
        Path | None, typer.Option("-o", "--out", "--output", help="Write everything as csv too.", metavar="FILE.csv")
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
@told
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
