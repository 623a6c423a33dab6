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
that levels last (clubs), that shocks do not (beta), that neighbours are alike (mobility). Worlds made for nulls have a
table of their own, the first. Clubs speak for lock-in only where those further upstream keep less. Where participation
deepens, f's own share falls in all worlds: what f rejects there is its power to see that, and no size either. Still
worlds are not quite still: CHN's share of upstream value added rises from 52 to 60 %, and every country's downstream
value added drifts by 0.6 % a year or so on one side or the other. Over a dozen years that is too little beside the
shocks to be found in the own shares.

The size of a test is its largest rate of rejections over all that its null allows. The nulls of trends are wide: a
series may wander or come back to a line at once. The law of trends (see the guide) has its size where series wander,
and tests those that come back shyly, as the smile over time of the still worlds: in italics, no size but power given
up. Two axes reject where three trends are on one side at once: with none there (still) a test of "not all three"
rejects next to never, whatever it is; it has its size where two trends are steep and the third axis wanders. Clubs of a
group or country are tested together with the club that the same data put highest: with all countries equally far from
each other that is shy, and has its size where just the group or country is behind.

Neighbours share shocks in these worlds (spatial dependence of 0.5, a regional regressor that is left out): tests whose
errors are clustered by country reject too often where nobody's spatial lags are in the model, as the threshold. AUS is
one of many: the curve of one country rejects 6 % over twenty of them (see the guide), and where all close in on one
level the stay of one country, a count of a few whole years, 3.1 % over all 40 of 100 worlds (AUS: 2.95 % of 2,000).

A share p of n worlds has a Monte-Carlo error of √(p (1 − p) / n): 1.0 points at 5 % and 500 worlds, 2.2 at 5 %
and 5 at 50 % with 100. The column heads say how many worlds there are, and "of" where a test has a number of its own:
those that gave less than 3 or more than 7 % of the first 500 were counted on, to 2,000 at most. Sizes outside 3 to 7 %
are **bold**, whether by chance or not.
"""

PLANTED = """## Where the null of a test is planted, or what it looks for

Share of worlds that reject, in per cent, in worlds made for these tests.

- **apart**: nothing has a trend, and no country has to do with its neighbours: no spatial dependence, no regional
  levels or regressors. Histories of countries are independent, and as likely as their mirror images. Levels differ for
  good, so that one country may stay in the lowest class longer than one that moves as the others do: the stay of one
  country (AUS) is just outside its null.
- **wandering**: apart, and value-added rates are random walks: where a country starts says nothing of its growth, and
  what the curve of all countries does over the years is no trend.
- **closing in**: apart, and value-added rates close in on one level at the border of convergence (deviations shrink
  with the logarithm of the year, α = 0 of Phillips and Sul 2007): no lasting levels, so that all countries move between
  classes alike. **Suppliers** or **AUS behind**: the others are five times nearer to that level from the start.
- **two trends**: apart, but participation deepens (12 log points a year) and all countries move upstream (0.02 a year)
  without losing capture: two axes of three. Capture comes back to its level at once, where the law of trends is shy. In
  single countries and among suppliers a dozen years do not show so small a move of position beside what position does
  anyway, so that the test is inside its null there. A world that has no tables with such a move is left out.
- **two steep trends**: the suppliers alone move, by 0.06 a year, and capture is a random walk: a third axis as hard to
  tell from a trend as can be. The mean of the world moves by a fifth of that, so that its test is inside its null.
  **Everywhere**: all countries move, by 0.03 a year, which single countries and groups do not always show.
- **trough at the near (far) end**: apart, and the curve of all worlds' mean is bent: its trough is just where the test
  of a scope looks whether the curve falls (rises), and the other end is clearly on its side. For the world these are
  the distances with 5 and 95 % of the income below, for suppliers and AUS half a stage before and behind their own
  place. The mean curve is that of 800 other worlds.
- **three trends**: as two trends, and the move upstream takes capture with it, 0.24 percentage points of output a year
  (× 0.25: 0.06 points).
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
INSIDE = {"two axes", "smile curve over time"}  # still worlds are inside the null: what is rejected is no size
NO_SIZE = {  # nor is it in some scopes of worlds made for a test
    ("two axes", "two trends"): {"world", "suppliers", "AUS"},
    ("two axes", "two steep trends"): {"world"},
    ("two axes", "two steep trends everywhere"): {"suppliers", "AUS"},
    ("convergence clubs", "closing in"): {"suppliers", "AUS"},
    ("convergence clubs", "closing in, suppliers behind"): {"AUS"},
    ("convergence clubs", "closing in, AUS behind"): {"suppliers"},
    ("mobility", "apart"): {"AUS"},
}
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
        lines.append(f"| {letter} {test} | {_kind(*cell)}, {rows['worlds'].max():,} | {' | '.join(values)} |")
    return [PLANTED, *lines, ""]


def _kind(regime: str, strength: float, kind: str) -> str:
    """Name the worlds: those with lock-in and two trends have the third."""
    return kind if regime == "absent" else f"three trends × {strength:g}"


def _planted_value(row: pd.Series, test: str) -> str:
    """Write a rate of rejections; no size where a scope is inside the null, and power where there is lock-in."""
    no_size = row["regime"] != "absent" or row.name in NO_SIZE.get((test, str(row["kind"])), ())
    return _rate(row, italic=no_size, most=row["worlds"])


def _scope(table: pd.DataFrame, scope: str) -> str:
    cells = list(dict.fromkeys(table[["regime", "strength", "kind"]].itertuples(index=False, name=None)))
    order = [c for c in cells if c[0] == "absent"] + sorted(c for c in cells if c[0] != "absent")
    worlds = table.groupby(["regime", "strength", "kind"])["worlds"].agg(lambda of: of.mode()[0])
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
    """Say how many worlds a test was run in, where not in as many as the others."""
    return "" if row["run"] == most else f" of {int(row['run']):,}"
