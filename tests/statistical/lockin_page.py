"""The page of the lock-in simulations, from their table alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

INTRODUCTION = """# Size and power of the lock-in battery

Written by `python benchmarks/lockin_simulations.py` from `lockin_power.csv` beside it. Everything here is
**synthetic**: 40 real countries with invented, balanced tables of 12 years, analysed as a study analyses published
ones, table by table. The guide is [lockin.md](lockin.md).

- **lock-in**: moving upstream lowers the value-added rate (slope −0.08 a stage, half of it again from neighbours), and
  upstream growth crowds out own downstream growth of the next year (elasticity −0.3). **reversed**: +0.08 and +0.3.
  **absent**: neither. The strength multiplies these numbers.
- *moving*: participation deepens in all worlds (foreign purchases grow by 3 log points a year) and eight suppliers of
  ores move upstream by 0.02 a year. *still*: neither, so that nothing has a trend to speak of.
- Each test at 5 %, bootstraps of 199 draws, for the world, for the group of eight suppliers, for one of them.

In these worlds a country's capture moves around a level of its own for ever, levels are alike among neighbours, and
the stages differ in what they keep. So the nulls of the smile curve, of convergence (clubs and beta) and of mobility
are not true where lock-in is absent: what they reject there, in *italics*, is no size. Their sizes, on data that fulfil
their nulls, are in [lockin.md](lockin.md). Where participation deepens, f's own share falls in all worlds, and so it is
no size there either. Still worlds are not quite still: CHN's share of upstream value added rises from 52 to 60 %, and
every country's downstream value added drifts by 0.6 % a year or so on one side or the other. Over a dozen years that is
too little beside the shocks to be found in the own shares.

Two axes reject where three trends are on one side at once: with none there (still) a test of "not all three" rejects
next to never, whatever it is, and that is no size; with two trends and the third absent it is 2 to 6 % (see the guide).
Trends of series that come back to a line at once, as those of the smile do, are tested shyly for the sake of series
that do not, and Granger non-causality for the world for the sake of shocks that countries share (the guide has both):
fewer rejections than 3 % are no error there, but power that is given up.

Neighbours share shocks in these worlds (spatial dependence of 0.5, a regional regressor that is left out): tests whose
errors are clustered by country reject too often where nobody's spatial lags are in the model, as the threshold. AUS is
one of many: the curve of one country rejects 6 % over twenty of them (see the guide).

A share p of n worlds has a Monte-Carlo error of √(p (1 − p) / n): 1.0 points at 5 % and 500 worlds, but 5 points at 5 %
and 11 at 50 % with 20. The column heads say how many worlds there are. Sizes outside 3 to 7 % are **bold**, whether by
chance or not.
"""


# Tests whose null the worlds without lock-in do not fulfil: always, and where participation deepens.
FALSE = {
    "smile curve",
    "mobility",
    "mobility by neighbours",
    "convergence clubs",
    "beta convergence",
}
FALSE_MOVING = {"structural pull-through"}
INSIDE = {"two axes"}  # the worlds are far inside the null, so that what is rejected there is no size


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
    worlds = table.groupby(["regime", "strength", "moving"])["worlds"].max()
    heads = [f"{_head(*cell)} ({worlds[cell]} worlds)" for cell in order]
    lines = [
        f"## {scope}",
        "",
        "Share of worlds, in per cent: size where lock-in is absent, and what a test speaks for.",
    ]
    lines += ["", f"| test | {' | '.join(heads)} |", f"| --- | {' | '.join('---:' for _ in heads)} |"]
    for (letter, test), part in table.groupby(["letter", "test"], sort=False):
        lookup = {(r, s, m): row for (r, s, m), row in part.groupby(["regime", "strength", "moving"])}
        values = [_value(cell, lookup[cell].iloc[0], test, worlds[cell]) if cell in lookup else "" for cell in order]
        lines.append(f"| {letter} {test} | {' | '.join(values)} |")
    return "\n".join([*lines, ""])


def _head(regime: str, strength: float, moving: bool) -> str:
    if regime == "absent":
        return f"absent, {'moving' if moving else 'still'}: rejects"
    return f"{regime} × {strength:g}: for lock-in / for upgrading"


def _value(cell: tuple[str, float, bool], row: pd.Series, test: str, most: int) -> str:
    if not row["run"]:
        return "not run"
    share = {name: 100 * row[name] / row["run"] for name in ("rejected", "lockin", "upgrading")}
    few = "" if row["run"] == most else f" of {int(row['run'])}"
    if cell[0] == "absent":
        text = f"{share['rejected']:.1f}"
        if test in FALSE | INSIDE or (cell[2] and test in FALSE_MOVING):
            return f"*{text}*{few}"
        return (text if 3 <= share["rejected"] <= 7 else f"**{text}**") + few
    return f"{share['lockin']:.0f} / {share['upgrading']:.0f}{few}"
