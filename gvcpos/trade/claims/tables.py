"""Claims and what recomputation says of them, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.trade.claims.comparing import OUTCOMES
from gvcpos.trade.claims.loading import ClaimSet
from gvcpos.trade.claims.model import Claim

if TYPE_CHECKING:
    from rich.table import Table

_COLOURS = {
    "agrees": "green",
    "rounding": "yellow",
    "close": "yellow",
    "slip of a power of ten": "bold red",
    "contradiction": "bold red",
    "implied": "cyan",
    "not recomputable": "dim",
}

_WORST_FIRST = (
    "contradiction",
    "slip of a power of ten",
    "rounding",
    "close",
    "agrees",
    "implied",
    "not recomputable",
)


def checked_table(frame: pd.DataFrame) -> Table:
    """Return the result of `check_claims` as a table, the worst first: outcome, claim, stated figure, how."""
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name, ratio in (("outcome", 3), ("claim", 6), ("stated", 3), ("how", 10)):
        table.add_column(name, ratio=ratio, overflow="fold")
    ranked = frame.assign(rank=frame["outcome"].map(_WORST_FIRST.index)).sort_values("rank", kind="stable")
    for row in ranked.to_dict("records"):
        outcome = Text(row["outcome"], style=_COLOURS[row["outcome"]])
        claim = Text(f"{row['text']}, {row['when']} ({row['status']})")
        table.add_row(outcome, claim, Text(row["stated_text"]), Text(f"{row['how']}"))
    return table


def listed_table(claims: Iterable[Claim]) -> Table:
    """Return claims as a table: id, what it says, figure, period, status, source."""
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name in ("id", "claim", "figure", "period", "status", "source"):
        table.add_column(name, justify="right" if name == "figure" else "left", overflow="fold")
    for claim in claims:
        figure = claim.stated or "(implied)"
        cells = (claim.id, claim.text, figure, claim.when, claim.status, claim.source)
        table.add_row(*(Text(cell) for cell in cells))
    return table


def counts(frame: pd.DataFrame) -> str:
    """Return how many claims there are of every outcome, in words."""
    number = frame["outcome"].value_counts()
    return ", ".join(f"{number[outcome]} {outcome}" for outcome in OUTCOMES if outcome in number)


def chosen(claims: ClaimSet, status: str | None, about: str | None) -> list[Claim]:
    """Return claims of a status, and with a word in their id, text or source.

    Raises
    ------
    InputError
        If none is left.
    """
    word = (about or "").casefold()
    found = [
        claim
        for claim in claims
        if status in (None, claim.status) and word in f"{claim.id} {claim.text} {claim.source}".casefold()
    ]
    if not found:
        known = ", ".join(sorted({claim.status for claim in claims}))
        raise InputError(
            f"no claim with status={status!r} and {about!r} in it. Statuses: {known}; `gvcpos claims list` has all."
        )
    return found
