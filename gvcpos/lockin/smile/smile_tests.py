"""The smile curve as tests: is there one, does a country sit at its trough, does it flatten?

A U shape needs a slope below zero at the lower end of the distances and above zero at the upper end, both at once, as
Lind & Mehlum (2010, Oxf. Bull. Econ. Stat. 72:109) test it. With the ends drawn in around a country's own place the
same test says that the trough is there. Where a slope hangs on a few countries its t has few degrees of freedom, as
Carter, Schnepel & Steigerwald (2017, Rev. Econ. Stat. 99:698) count clusters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.options import choose
from gvcpos.lockin.common.results import Alternative, Evidence, Inference, LockInTest, infer, require_level
from gvcpos.lockin.common.scope import Scope, ScopeLike
from gvcpos.lockin.common.trend import series_trend
from gvcpos.lockin.common.wording import interval_text, judgement, number, p_text, percent
from gvcpos.lockin.smile.smile_fit import FloatArray
from gvcpos.lockin.smile.smile_years import Smile, smile_years

FlatteningOf = Literal["depth", "gap"]
_SUBJECTS = {
    "depth": "the height of the curve at the place of {} over the chain's mean",
    "gap": "what {} keeps more than others at its place",
}


def smile_curve(
    points: pd.DataFrame,
    *,
    scope: ScopeLike = None,
    within: float = 0.5,
    exclude: Iterable[str] = ("ROW",),
    level: float = 0.05,
) -> LockInTest:
    """Test for a smile (the world), or that a country or group sits at its trough.

    Parameters
    ----------
    points : DataFrame
        Of `smile_points`, one year or several; slopes are averaged over the years.
    scope : str, iterable, mapping or None
        Whose place is looked at; the curve is always that of all countries.
    within : float
        How near to the trough, in stages, is at the trough.
    exclude : iterable of str
        Countries whose cells are no points; each must be among the points, except ROW, which may be absent.
    level : float

    Returns
    -------
    LockInTest
        ``pvalue`` is the larger of two one-sided ones, of a slope < 0 at the lower and > 0 at the upper end: the
        distances with 5 and 95 % of the chain's income below, or the own mean distance −/+ `within`. Estimate, interval
        and statistic are those of the end that has it, named in ``quantity``. ``details``: ``curves``, a row a year
        (see `Smile.by_year`); ``fitted``, the curves; ``points``; ``residuals``, what every country keeps more or less
        than the curve without it says. For the world a rejection is evidence of neither side.

    Raises
    ------
    InputError, LabelError
        If a column or a country is unknown, or rows are duplicated.
    EstimationError
        If there are too few points.
    """
    require_level(level)
    if not within > 0:
        raise InputError(f"within={within!r}: give a positive number of stages, as in 0.5.")
    smile = smile_years(points, exclude)
    whom = Scope.of(scope, smile.points, exclude)
    low, high = smile.income_ends() if whom.kind == "world" else smile.around(whom.countries, within)
    return _test(smile, whom, (low, high), within, level)


def _test(smile: Smile, whom: Scope, ends: tuple[FloatArray, FloatArray], within: float, level: float) -> LockInTest:
    sides = [_slope(smile, ends[0], "less", level), _slope(smile, ends[1], "greater", level)]
    worst = int(sides[1].pvalue > sides[0].pvalue)
    result = sides[worst]
    rejected = result.pvalue < level
    world = whom.kind == "world"
    null = "there is no smile" if world else f"the trough is not within {number(within)} stages of {whom.name}"
    evidence: Evidence = "lock-in" if rejected and not world else "none"
    return LockInTest.of(
        result,
        name="smile curve" if world else f"smile curve: {whom.name} at the trough",
        null=f"{null}: the slope is not < 0 at the lower end or not > 0 at the upper end",
        alternative="the curve falls at the lower end and rises at the upper end",
        level=level,
        nobs=len(smile.points),
        ncountries=len(smile.countries),
        sentence=_sentence(smile, sides, whom, within, level),
        details=_details(smile, whom, ends, level),
        quantity=f"slope of the curve at the {('lower', 'upper')[worst]} end, the side with the larger p-value",
        scope=whom.name,
        effect=_effect(smile, sides, whom),
        evidence=evidence,
    )


def smile_flattening(
    points: pd.DataFrame,
    *,
    scope: ScopeLike = None,
    of: FlatteningOf = "depth",
    exclude: Iterable[str] = ("ROW",),
    level: float = 0.05,
) -> LockInTest:
    """Test whether the smile flattens over the years.

    Parameters
    ----------
    points : DataFrame
        Of `smile_points`, five years or more.
    scope : str, iterable, mapping or None
        For the world the curvature b2 of each year is tested, for a country or group its place on the curve.
    of : {"depth", "gap"}
        Of a country or group: the curve at its place less what the whole chain keeps on average, or what it keeps less
        the curve of the others at its place. Of no matter for the world.
    exclude, level
        As in `smile_curve`.

    Returns
    -------
    LockInTest
        Of the mean change a year; more curvature, or a depth or gap that sinks, speaks for lock-in, the reverse for
        upgrading. ``details["curves"]`` has the series as ``tested``.

    Raises
    ------
    InputError, LabelError, EstimationError
        As `smile_curve`; with fewer than five years.
    """
    require_level(level)
    choose(of, FlatteningOf, "of")
    smile = smile_years(points, exclude)
    whom = Scope.of(scope, smile.points, exclude)
    world = whom.kind == "world"
    values = smile.fit.beta[:, 2] if world else getattr(smile, of)(whom.countries)
    series = pd.Series(values, index=pd.Index(smile.years, name="year"))
    result = series_trend(series, f"flattening of the smile, {whom.name}", level=level)
    worse = result.estimate > 0 if world else result.estimate < 0
    evidence: Evidence = "none" if result.pvalue >= level else "lock-in" if worse else "upgrading"
    subject = "the curvature of the smile" if world else _SUBJECTS[of].format(whom.name)
    return LockInTest.of(
        result,
        name="smile curve: " + ("flattening" if world else f"{of} of {whom.name}"),
        null=f"{subject} does not change on average",
        alternative="it changes",
        level=level,
        nobs=len(series) - 1,
        ncountries=len(smile.countries),
        sentence=_flat_sentence(subject, series, result, world, level),
        details={"curves": smile.by_year(() if world else whom.countries, level).assign(tested=values)},
        quantity=f"mean change of {subject} a year",
        scope=whom.name,
        effect=_flat_effect(subject, result, world),
        evidence=evidence,
    )


def _flat_sentence(subject: str, series: pd.Series, result: Inference, world: bool, level: float) -> str:
    ends = [f"{number(series.iloc[k]) if world else percent(series.iloc[k])} ({series.index[k]})" for k in (0, -1)]
    unit = "value-added rate per squared stage" if world else "of output"
    return (
        f"{subject[0].upper()}{subject[1:]} went from {ends[0]} to {ends[1]} {unit}, a mean change a year of "
        f"{interval_text(result, level)}. {judgement(result.pvalue, level, 'it has no trend', 'two-sided')}."
    )


def _flat_effect(subject: str, result: Inference, world: bool) -> str:
    if world:
        return f"{subject} {'rises' if result.estimate > 0 else 'falls'} by {number(abs(result.estimate))} a year"
    size = number(abs(100 * result.estimate))
    return f"{subject} {'rises' if result.estimate > 0 else 'sinks'} by {size} percentage points of output a year"


def _slope(smile: Smile, ends: FloatArray, side: Alternative, level: float) -> Inference:
    """Test the slope b1 + 2 b2 D at a distance a year, averaged over years."""
    found = smile.fit.slope(ends)
    return infer(found.value, found.std_error, found.df, level=level, alternative=side)


def _details(smile: Smile, whom: Scope, ends: tuple[FloatArray, FloatArray], level: float) -> dict[str, pd.DataFrame]:
    curves = smile.by_year(() if whom.kind == "world" else whom.countries, level)
    curves = curves.assign(lower_end=ends[0], upper_end=ends[1])
    return {"curves": curves, "fitted": smile.fitted(), "points": smile.points, "residuals": smile.residuals()}


def _effect(smile: Smile, sides: list[Inference], whom: Scope) -> str:
    slopes = [
        f"{number(abs(100 * s.estimate))} percentage points {'less' if s.estimate < 0 else 'more'}" for s in sides
    ]
    text = (
        f"a stage further from final use goes with {slopes[0]} of output kept at the lower end and with {slopes[1]} at "
        "the upper end"
    )
    if whom.kind == "world":
        return text
    kept = float(np.mean(smile.gap(whom.countries)))
    return f"{text}; it keeps {number(abs(100 * kept))} percentage points {'less' if kept < 0 else 'more'} than others"


def _sentence(smile: Smile, sides: list[Inference], whom: Scope, within: float, level: float) -> str:
    pvalue = max(s.pvalue for s in sides)
    slopes = " and ".join(f"{number(s.estimate)} ({p_text(s.pvalue)})" for s in sides)
    tail = f"at the {percent(level)} level (larger of two one-sided p-values: {p_text(pvalue)})"
    verb = "is rejected" if pvalue < level else "is not rejected"
    troughs = smile.by_year((), level)["trough"].to_numpy(float)
    there = troughs[np.isfinite(troughs)]
    trough = f"at {number(there.mean())} stages on average" if there.size else "nowhere, as no year's curve is a U"
    span = f"{smile.years[0]}" if len(smile.years) == 1 else f"{smile.years[0]}–{smile.years[-1]}"
    if whom.kind == "world":
        opening = f"Along the chain the trough of the value-added rate lies {trough} ({span}, {there.size} U-shaped)"
        null, other = "there is no smile", "there is none"
    else:
        own = number(float(smile.place(whom.countries).mean()))
        opening = f"{whom.name} stands {own} stages from final use, the trough of the curve lies {trough} ({span})"
        null = f"the trough is not within {number(within)} stages of it"
        other = "it is elsewhere"
    shown = "" if pvalue < level else f"; this does not show that {other}"
    return (
        f"{opening}; the slopes at the lower and the upper end are {slopes}. The null that {null} {verb} {tail}{shown}."
    )
