"""Two axes (Li et al. 2020): does a country go deeper into the chain while its position and its value capture fall?

Three trends of one stage, and one test of them together. Each null is that the trend is not on the side of lock-in;
lock-in says that all three are. The intersection–union test (Berger 1982) rejects when the largest of the three
one-sided p-values is below the level. Its size is at most the level however the three move together; with two trends
strongly on that side and the third zero it is the level, with three zero trends far below it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.options import choose
from gvcpos.lockin.common.results import Alternative, LockInTest, require_level
from gvcpos.lockin.common.sample import complete_countries, complete_rows, excluded, stage_frame
from gvcpos.lockin.common.scope import Scope, ScopeLike
from gvcpos.lockin.common.trend import Shocks, Trend, scope_trend
from gvcpos.lockin.common.wording import number, p_text, percent

FallingPosition = Literal["lower", "higher"]
_AXES = ("participation", "position", "capture")
_STAGES = ("upstreamness", "downstreamness", "plv", "ply")
_SHARES = ("wwyz_", "kpww_iv", "kpww_fv", "kpww_participation", "va_rate", "fgo")


@dataclass(frozen=True)
class _Axis:
    """One of the three: its column, the side that speaks for lock-in, and its trend."""

    name: str
    column: str
    side: Alternative
    trend: Trend

    @property
    def verb(self) -> str:
        """What the column does if there is lock-in."""
        return "rises" if self.side == "greater" else "falls"


def two_axes(
    panel: pd.DataFrame,
    stage: str = "upstream",
    *,
    scope: ScopeLike = None,
    participation: str = "wwyz_backward",
    position: str = "upstreamness",
    capture: str = "va_rate",
    falling: FallingPosition = "lower",
    shocks: Shocks = "common",
    exclude: Iterable[str] = ("ROW",),
    level: float = 0.05,
) -> LockInTest:
    """Test whether participation rises while position falls and value capture falls.

    Parameters
    ----------
    panel : DataFrame
        Tidy panel of `gvc_panel`.
    stage : str
    scope : str, iterable, mapping or None
        For whom; several countries count alike, each by its own trend.
    participation, position, capture : str
        Columns of the panel: how deep, where, and how much of output is kept.
    falling : {"lower", "higher"}
        Which way position falls: towards lower or towards higher values of its column. With upstreamness ``"lower"`` is
        nearer to final use (assembly), ``"higher"`` nearer to the raw material.
    shocks : {"common", "independent"}
        What several countries share; see `scope_trend`.
    exclude, level
        As in `dominance_trend`.

    Returns
    -------
    LockInTest
        ``pvalue`` is the largest of the three; estimate, interval and statistic are those of the axis that has it,
        named in ``quantity``. ``details``: ``axes``, the three trends with p-values for lock-in and for its mirror
        image; ``series``, year by year.

    Raises
    ------
    LabelError, InputError, EstimationError
        If a name is unknown, the columns are not three different ones, or there are fewer than five years.
    """
    require_level(level)
    choose(falling, FallingPosition, "falling")
    if len(set(columns := (participation, position, capture))) < 3:
        raise InputError(f"two_axes: participation, position and capture are {columns}. Give three different columns.")
    left_out = excluded(exclude)
    whom = Scope.of(scope, panel, left_out)
    what = f"two axes of {whom.name} in {stage}"
    frame = scope_rows(stage_frame(panel, stage, columns, left_out), whom, what)
    sides: tuple[Alternative, ...] = ("greater", "less" if falling == "lower" else "greater", "less")
    trends = [
        scope_trend(frame[c].unstack("country"), f"{what}, {c}", shocks=shocks, alternative=side, level=level)
        for c, side in zip(columns, sides, strict=True)
    ]
    return _test([_Axis(*of) for of in zip(_AXES, columns, sides, trends, strict=True)], stage, whom, level)


def scope_rows(frame: pd.DataFrame, whom: Scope, what: str) -> pd.DataFrame:
    """Keep the rows of a scope that are complete: of one country every year that is, of several every country.

    Parameters
    ----------
    frame : DataFrame
        Index (country, year).
    """
    own = frame[frame.index.get_level_values("country").isin(whom.countries)]
    return complete_rows(own, what) if whom.kind == "country" else complete_countries(own, what)


def _test(axes: list[_Axis], stage: str, whom: Scope, level: float) -> LockInTest:
    frame = _frame(axes)
    worst = max(axes, key=lambda axis: axis.trend.result.pvalue)
    trend, pvalue = worst.trend, worst.trend.result.pvalue
    series = pd.DataFrame({axis.column: axis.trend.series for axis in axes})
    said = ", ".join(_change(axis.column, axis.trend.result.estimate) for axis in axes)
    claims = ", ".join(f"{axis.column} {axis.verb}" for axis in axes)
    return LockInTest.of(
        trend.result,
        name=f"two axes: {stage}" + ("" if whom.kind == "world" else f", {whom.name}"),
        null=f"in {stage} not all of these hold: {claims}",
        alternative="participation deepens while position and value capture fall (lock-in)",
        level=level,
        nobs=trend.nobs,
        ncountries=trend.ncountries,
        sentence=_sentence(frame, said, stage, whom, level),
        details={"axes": frame, "series": series.rename_axis("year").reset_index()},
        quantity=f"mean change of {worst.column} a year, the axis with the largest p-value",
        scope=whom.name,
        effect=f"a year: {said}",
        evidence="lock-in" if pvalue < level else "none",
    )


def _frame(axes: list[_Axis]) -> pd.DataFrame:
    rows = []
    for axis in axes:
        found, series = axis.trend.result, axis.trend.series
        rows.append(
            {
                "axis": axis.name,
                "column": axis.column,
                "lock_in_side": axis.verb,
                "first": series.iloc[0],
                "last": series.iloc[-1],
                "change_per_year": found.estimate,
                "std_error": found.std_error,
                "df": found.df,
                "statistic": found.statistic,
                "pvalue": found.pvalue,
                "pvalue_mirror": 1.0 - found.pvalue,
                "mde": found.mde,
            }
        )
    return pd.DataFrame(rows)


def _change(column: str, value: float) -> str:
    sign = "+" if value >= 0 else ""
    if column.startswith(_SHARES) or column.endswith("_share"):
        return f"{column} {sign}{number(100 * value)} percentage points"
    return f"{column} {sign}{number(value)}" + (" stages" if column.startswith(_STAGES) else "")


def _sentence(axes: pd.DataFrame, said: str, stage: str, whom: Scope, level: float) -> str:
    held = {"world": "all countries", "group": f"the countries of {whom.name}", "country": whom.name}[whom.kind]
    pvalue, mirror = float(axes["pvalue"].max()), float(axes["pvalue_mirror"].max())
    opening = f"In the {stage} stage of {held} the mean changes a year were {said}"
    joint = f"(largest of three one-sided p-values: {p_text(pvalue)})"
    if pvalue < level:
        return (
            f"{opening}. The null that not all three are on the side of lock-in is rejected at the {percent(level)} "
            f"level {joint}: participation deepens while position and value capture fall."
        )
    short = axes[axes["pvalue"] >= level]
    weak = ", ".join(f"{c} {p_text(float(p))}" for c, p in zip(short["column"], short["pvalue"], strict=True))
    tail = f" The mirror image, all three on the other side, has {p_text(mirror)}." if mirror < level else ""
    return (
        f"{opening}. The null that not all three are on the side of lock-in is not rejected at the {percent(level)} "
        f"level {joint}; this does not show that there is none: short of it are {weak}.{tail}"
    )
