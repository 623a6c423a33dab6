"""What convergence clubs say in plain words and units."""

from __future__ import annotations

import pandas as pd

from gvcpos.lockin.common.scope import Scope
from gvcpos.lockin.common.wording import judgement, number
from gvcpos.lockin.convergence.log_t import LogT


def club_effect(members: pd.DataFrame, scope: Scope, column: str) -> str:
    """Say how far the lowest club, or the scope, is below the highest club in the last year."""
    clubs = members.loc[members["club"] > 0, "club"]
    year = int(members["last_year"].iloc[0])
    if clubs.empty:
        return "no two countries form a club"
    top = float(members.loc[members["club"] == 1, "last"].mean())
    if scope.kind != "world":
        own = members.loc[members["country"].isin(scope.countries), "last"]
        return f"{scope.name}: {_gap(float(own.mean()) - top, column)} than the highest club in {year}"
    if clubs.max() == 1:
        return f"one club of {len(clubs)} of {len(members)} countries"
    low = members.loc[members["club"] == clubs.max(), "last"]
    gap = _gap(float(low.mean()) - top, column)
    return f"the lowest club ({len(low)} countries): {gap} than the highest in {year}"


def _gap(gap: float, column: str) -> str:
    side = "less" if gap < 0 else "more"
    if column == "va_rate":
        return f"{number(100 * abs(gap))} percentage points of output {side} kept as value added"
    return f"{number(abs(gap))} {side} {column}"


def club_sentence(fit: LogT, pvalue: float, members: pd.DataFrame, *, target: str, level: float, post: bool) -> str:
    """Say the test, the clubs, and that a membership is found with the data that test it."""
    sizes = members.loc[members["club"] > 0].groupby("club").size()
    listed = ", ".join(str(n) for n in sizes)
    none = int((members["club"] == 0).sum())
    verdict = judgement(pvalue, level, f"{target} converge", "one-sided, simulated")
    found = f"{len(sizes)} club{'s' if len(sizes) != 1 else ''}"
    found += f" ({listed} countries, highest first)" if len(sizes) else ""
    found += f", {none} in none" if none else ""
    said = f"{verdict}: log t slope {number(fit.b)} (t = {number(fit.t)})"
    if pvalue >= level:
        said += "; this does not show that they do"
    caution = (
        " The club was found with the same data, so that the p-value describes and does not confirm." if post else ""
    )
    return f"{said}. The clustering finds {found}.{caution}"
