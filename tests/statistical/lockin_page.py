"""The page of the lock-in simulations, from their table alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

LETTERS = {
    "a": "two axes",
    "b": "smile curve",
    "c": "position and capture",
    "d": "mobility",
    "e": "pull-through",
    "f": "structural pull-through",
    "g": "convergence and thresholds",
}
INTRODUCTION = """# Size and power of the lock-in battery

Written by `python benchmarks/lockin_simulations.py` from `lockin_power.csv` beside it. Everything here is
**synthetic**: 40 real countries with invented, balanced tables of 12 years, analysed as a study analyses published
ones, table by table. The guide is [lockin.md](lockin.md).

- **lock-in**: moving upstream lowers the value-added rate (slope −0.08 a stage, half of it again from neighbours), and
  upstream growth crowds out own downstream growth of the next year (elasticity −0.3). **reversed**: +0.08 and +0.3.
  **absent**: neither. The strength multiplies these numbers.
- *moving*: participation deepens in all worlds (foreign purchases grow by 3 log points a year) and eight suppliers of
  ores move upstream by 0.02 a year. *still*: nothing has a trend, so that every null of a trend holds.
- Each test at 5 %, bootstraps of 199 draws, for the world, for the group of eight suppliers, for one of them.

A share p of n worlds has a Monte-Carlo error of √(p (1 − p) / n): 1.0 points at 5 % and 500 worlds, 3.5 at most with
200, 5 with 100. Sizes outside 3 to 7 % are **bold**, whether by chance or not.
"""


def read(path: Path) -> pd.DataFrame:
    """Read the table."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def page(table: pd.DataFrame) -> str:
    """Write the page."""
    scopes = list(dict.fromkeys(table["scope"]))
    parts = [INTRODUCTION, *(_scope(table[table["scope"] == scope], scope) for scope in scopes)]
    return "\n".join(parts)


def _scope(table: pd.DataFrame, scope: str) -> str:
    cells = list(dict.fromkeys(table[["regime", "strength", "moving"]].itertuples(index=False, name=None)))
    order = [c for c in cells if c[0] == "absent"] + sorted(
        (c for c in cells if c[0] != "absent"), key=lambda c: (c[0], c[1])
    )
    heads = [_head(*cell) for cell in order]
    lines = [
        f"## {scope}",
        "",
        "Share of worlds, in per cent: size where lock-in is absent, and what a test speaks for.",
    ]
    lines += ["", f"| test | {' | '.join(heads)} |", f"| --- | {' | '.join('---:' for _ in heads)} |"]
    for (letter, test), part in table.groupby(["letter", "test"], sort=False):
        lookup = {(r, s, m): row for (r, s, m), row in part.groupby(["regime", "strength", "moving"])}
        values = [_value(cell, lookup[cell].iloc[0]) if cell in lookup else "" for cell in order]
        lines.append(f"| {letter} {test} | {' | '.join(values)} |")
    return "\n".join([*lines, ""])


def _head(regime: str, strength: float, moving: bool) -> str:
    if regime == "absent":
        return f"absent, {'moving' if moving else 'still'}: rejects"
    return f"{regime} × {strength:g}: for lock-in / for upgrading"


def _value(cell: tuple[str, float, bool], row: pd.Series) -> str:
    if not row["run"]:
        return "not run"
    share = {name: 100 * row[name] / row["run"] for name in ("rejected", "lockin", "upgrading")}
    few = "" if row["run"] == row["worlds"] else f" of {int(row['run'])}"
    if cell[0] == "absent":
        text = f"{share['rejected']:.1f}"
        return (text if 3 <= share["rejected"] <= 7 else f"**{text}**") + few
    return f"{share['lockin']:.0f} / {share['upgrading']:.0f}{few}"
