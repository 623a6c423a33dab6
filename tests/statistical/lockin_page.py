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
are not true where lock-in is absent: what they reject there, in *italics*, is no size but the power to see just that:
that levels last (clubs), that shocks do not (beta), that neighbours are alike (mobility). Worlds made for the nulls of
convergence, mobility and two axes have a table of their own, the first; the smile's size, on data that fulfil its null,
is in [lockin.md](lockin.md). Clubs speak for lock-in only where those further upstream keep less. Where participation
deepens, f's own share falls in all worlds: what f rejects there is its power to see that, and no size either. Still
worlds are not quite still: CHN's share of upstream value added rises from 52 to 60 %, and every country's downstream
value added drifts by 0.6 % a year or so on one side or the other. Over a dozen years that is too little beside the
shocks to be found in the own shares.

Two axes reject where three trends are on one side at once: with none there (still) a test of "not all three" rejects
next to never, whatever it is, and that is no size. Trends of series that come back to a line at once, as those of the
smile do, are tested shyly for the sake of series that do not (the guide has both): fewer rejections than 3 % are no
error there, but power that is given up.

Neighbours share shocks in these worlds (spatial dependence of 0.5, a regional regressor that is left out): tests whose
errors are clustered by country reject too often where nobody's spatial lags are in the model, as the threshold. AUS is
one of many: the curve of one country rejects 6 % over twenty of them (see the guide).

A share p of n worlds has a Monte-Carlo error of √(p (1 − p) / n): 1.0 points at 5 % and 500 worlds, but 5 points at 5 %
and 11 at 50 % with 20. The column heads say how many worlds there are. Sizes outside 3 to 7 % are **bold**, whether by
chance or not.
"""

PLANTED = """## Where the null of a test is planted, or what it looks for

Share of worlds that reject, in per cent, in worlds made for these tests.

- **apart**: nothing has a trend, and no country has to do with its neighbours: no spatial dependence, no regional
  levels or regressors. Histories of countries are independent, and as likely as their mirror images. Levels differ for
  good, so that one country may stay in the lowest class longer than one that moves as the others do: the stay of one
  country (AUS) is just outside its null.
- **wandering**: apart, and value-added rates are random walks: where a country starts says nothing of its growth.
- **closing in**: apart, and value-added rates close in on one level at the border of convergence (deviations shrink
  with the logarithm of the year, α = 0 of Phillips and Sul 2007). A country or group is tested together with the club
  that the same data put highest, which makes that test shy where all converge.
- **two trends**: apart, but participation deepens (12 log points a year) and all countries move upstream (0.02 a year)
  without losing capture: two axes of three. Capture comes back to its level at once, where the law of trends is shy. In
  single countries and among suppliers a dozen years do not show so small a move of position beside what position does
  anyway, so that the test is inside its null there. A world that has no tables with such a move is left out.
- **three trends**: the same, and the move upstream takes capture with it, 0.24 percentage points of output a year (×
  0.25: 0.06 points).
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
SHOWN = ("still", "moving")  # kinds of worlds of the tables by scope; the others have the null of a test planted


def read(path: Path) -> pd.DataFrame:
    """Read the table."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def page(table: pd.DataFrame) -> str:
    """Write the page."""
    scopes = list(dict.fromkeys(table["scope"]))
    shown = table["kind"].isin(SHOWN)
    parts = [_scope(table[shown & (table["scope"] == scope)], scope) for scope in scopes]
    return "\n".join([INTRODUCTION, *_planted(table[~shown], scopes), *parts])


def _planted(table: pd.DataFrame, scopes: list[str]) -> list[str]:
    """Write the section of worlds made for a test; nothing where there are none."""
    if table.empty:
        return []
    lines = [f"| test | worlds | {' | '.join(scopes)} |", f"| --- | --- | {' | '.join('---:' for _ in scopes)} |"]
    for (letter, test, *cell), part in table.groupby(["letter", "test", "regime", "strength", "kind"], sort=False):
        rows = part.set_index("scope")
        values = [_planted_value(rows.loc[scope], test) for scope in scopes]
        lines.append(f"| {letter} {test} | {_kind(*cell)}, {rows['worlds'].max()} | {' | '.join(values)} |")
    return [PLANTED, *lines, ""]


def _kind(regime: str, strength: float, kind: str) -> str:
    """Name the worlds: those with lock-in and two trends have the third."""
    return kind if regime == "absent" else f"three trends × {strength:g}"


def _planted_value(row: pd.Series, test: str) -> str:
    """Write a rate of rejections; two axes have their size for the world only, and power where all three move."""
    no_size = row["regime"] != "absent" or (test in INSIDE and row.name != "world")
    return _rate(row, italic=no_size, most=row["worlds"])


def _scope(table: pd.DataFrame, scope: str) -> str:
    cells = list(dict.fromkeys(table[["regime", "strength", "kind"]].itertuples(index=False, name=None)))
    order = [c for c in cells if c[0] == "absent"] + sorted(c for c in cells if c[0] != "absent")
    worlds = table.groupby(["regime", "strength", "kind"])["worlds"].max()
    heads = [f"{_head(*cell)} ({worlds[cell]} worlds)" for cell in order]
    lines = [
        f"## {scope}",
        "",
        "Share of worlds, in per cent: size where lock-in is absent, and what a test speaks for.",
    ]
    lines += ["", f"| test | {' | '.join(heads)} |", f"| --- | {' | '.join('---:' for _ in heads)} |"]
    for (letter, test), part in table.groupby(["letter", "test"], sort=False):
        lookup = dict(list(part.groupby(["regime", "strength", "kind"])))
        values = [_value(cell, lookup[cell].iloc[0], test, worlds[cell]) if cell in lookup else "" for cell in order]
        lines.append(f"| {letter} {test} | {' | '.join(values)} |")
    return "\n".join([*lines, ""])


def _head(regime: str, strength: float, kind: str) -> str:
    if regime == "absent":
        return f"absent, {kind}: rejects"
    return f"{regime} × {strength:g}: for lock-in / for upgrading"


def _value(cell: tuple[str, float, str], row: pd.Series, test: str, most: int) -> str:
    if cell[0] == "absent":
        false = test in FALSE | INSIDE or (cell[2] == "moving" and test in FALSE_MOVING)
        return _rate(row, italic=false, most=most)
    if not row["run"]:
        return "not run"
    return f"{100 * row['lockin'] / row['run']:.0f} / {100 * row['upgrading'] / row['run']:.0f}{_few(row, most)}"


def _rate(row: pd.Series, *, italic: bool, most: int) -> str:
    """Write a share of rejections: in italics where it is no size, bold outside 3 to 7 %."""
    if not row["run"]:
        return "not run"
    rate = 100 * row["rejected"] / row["run"]
    mark = "*" if italic else "" if 3 <= rate <= 7 else "**"
    return f"{mark}{rate:.1f}{mark}{_few(row, most)}"


def _few(row: pd.Series, most: int) -> str:
    """Say how many worlds a test was run in, where not in all."""
    return "" if row["run"] == most else f" of {int(row['run'])}"
