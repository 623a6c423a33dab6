"""Mobility between classes of value capture: does the lowest class keep its countries more than the highest does?

Countries are put into classes of a variable, by default thirds of each year, and counted from one year to the next.
That a class keeps most of its countries is no sign of lock-in: everything that lasts does so. Low-end lock-in is that
the low end holds more firmly than the high end. Under the null the two are mirror images; the p-value comes from
reflecting whole histories of countries (a randomisation test), which serial dependence and lasting differences between
countries do not disturb. It takes countries, apart from what they all share in a year, for independent of each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError, InputError
from gvcpos._core.options import ClassBounds, choose
from gvcpos.lockin.classes.class_chain import (
    FloatArray,
    IntArray,
    country_counts,
    excesses,
    gaps,
    kept,
    reflected,
    shorrocks_draws,
    shorrocks_error,
    shuffled,
    simulate_classes,
    statistics,
)
from gvcpos.lockin.classes.country_stay import stay_of, stays
from gvcpos.lockin.common.power import detectable
from gvcpos.lockin.common.results import Evidence, LockInTest, require_least, require_level
from gvcpos.lockin.common.sample import complete_countries, excluded, stage_frame
from gvcpos.lockin.common.scope import Scope, ScopeLike
from gvcpos.lockin.common.series import members, require_clusters
from gvcpos.lockin.common.wording import judgement, percent
from gvcpos.spatial.transitions import classified, counts_by_group, homogeneity, probabilities, shorrocks, stationary

Against = Literal["highest", "independence"]


def mobility(
    panel: pd.DataFrame,
    stage: str = "upstream",
    column: str = "va_rate",
    *,
    classes: int | Sequence[float] = 3,
    bounds: ClassBounds = "year",
    against: Against = "highest",
    scope: ScopeLike = None,
    exclude: Iterable[str] = ("ROW",),
    draws: int = 999,
    seed: int = 0,
    level: float = 0.05,
) -> LockInTest:
    """Test whether the lowest class of value capture holds its countries more firmly than it should.

    Parameters
    ----------
    classes : int or sequence of float
        How many classes with equal numbers, or the bounds between them; of all countries, whatever the scope.
    bounds
        Quantiles of each ``"year"`` (ranks) or ``"pooled"`` ones of all years (absolute terms).
    against : {"highest", "independence"}
        The highest class, or the share of all countries, which is what a class keeps if a year tells nothing of the
        next. The second is rejected wherever capture lasts, and speaks for nothing.
    scope, exclude, level
        As of all tests. For one country see `gvcpos.lockin.classes.country_stay`; groups have six countries or more.
    draws, seed : int
        Of the randomisation and of the bootstrap of countries.

    Returns
    -------
    LockInTest
        Estimate: the difference of two probabilities of staying, counted forwards and backwards in time. ``details``:
        ``counts``; ``classes`` (share, stay, years at a time, ergodic share); ``mobility`` (Shorrocks's index, interval
        by a bootstrap of whole countries; homogeneity over time); ``countries`` (years in the lowest class).
    """
    _check(classes, against, bounds, level, draws)
    left_out = excluded(exclude)
    whom = Scope.of(scope, panel, left_out)
    values = _values(panel, stage, column, left_out)
    Y = values.to_numpy(float)
    which, k = classified(Y, classes, bounds)
    names = members(whom, values.index, "mobility")
    rows = np.array([list(values.index).index(c) for c in names])
    rng = np.random.default_rng(seed)
    years, given = tuple(int(year) for year in values.columns), not isinstance(classes, int)
    plan = _Plan(stage, column, k, against, whom, level, draws, years, given)
    if len(names) == 1:
        return stay_of(which, int(rows[0]), names[0], plan, rng)
    require_clusters(Scope(whom.name, tuple(names), whom.kind), "mobility")
    panels = _null(Y, which, plan, bounds, rng)[:, rows]
    drawn = gaps(panels, k) if against == "highest" else excesses(panels)
    return _test(which, dict(zip(names, rows, strict=True)), drawn, plan, rng)


def _check(classes: int | Sequence[float], against: Against, bounds: ClassBounds, level: float, draws: int) -> None:
    require_level(level)
    choose(against, Against, "against")
    choose(bounds, ClassBounds, "bounds")
    require_least("mobility", draws=(draws, 99))
    if not isinstance(classes, int) and against == "highest":
        raise InputError(
            "mobility: with given bounds the lowest and the highest class need not be alike, so that one is no measure "
            "of the other. Use against='independence', or a number of classes."
        )


@dataclass(frozen=True)
class _Plan:
    stage: str
    column: str
    k: int
    against: Against
    scope: Scope
    level: float
    draws: int
    years: tuple[int, ...]
    given: bool


def _values(panel: pd.DataFrame, stage: str, column: str, exclude: tuple[str, ...]) -> pd.DataFrame:
    """Return country × year without gaps."""
    frame = complete_countries(stage_frame(panel, stage, [column], exclude), f"mobility of {column} in {stage}")
    values = frame[column].unstack("year")
    if values.shape[1] < 3:
        raise EstimationError(f"mobility: {values.shape[1]} years of {column} in {stage}; three are the fewest.")
    return values


def _null(Y: FloatArray, which: IntArray, plan: _Plan, bounds: ClassBounds, rng: np.random.Generator) -> IntArray:
    """Draw classes under the null, of reflected histories or of years dealt out anew; given bounds stay as they are."""
    if plan.against == "highest":
        return reflected(Y, plan.k, bounds, plan.draws, rng)
    if not plan.given:
        return shuffled(Y, plan.k, bounds, plan.draws, rng)
    return np.asarray(rng.permuted(np.broadcast_to(which, (plan.draws, *which.shape)), axis=1))


def _test(
    which: IntArray, names: dict[str, int], drawn: FloatArray, plan: _Plan, rng: np.random.Generator
) -> LockInTest:
    rows = np.array(list(names.values()))
    mine = which[rows]
    (a, b), (c, d) = kept(mine, 0), kept(mine, plan.k - 1)
    if not (b.sum() and (plan.against == "independence" or d.sum())):
        raise EstimationError(
            f"mobility: nobody in {plan.scope.name} is ever in the lowest or in the highest class of {plan.column}."
        )
    low = float(a.sum() / b.sum())
    other = float(c.sum() / d.sum()) if plan.against == "highest" else float((mine == 0).mean())
    gap = low - other
    drawn = np.where(np.isfinite(drawn), drawn, 1.0)  # an empty class in a draw counts as extreme
    # Under reflection draws are centred on zero; under independence on what a small sample makes of it.
    middle = 0.0 if plan.against == "highest" else float(drawn.mean())
    spread = np.abs(drawn - middle)
    pvalue = float((1 + np.count_nonzero(spread >= abs(gap - middle) - 1e-12)) / (1 + plan.draws))
    error = float(np.sqrt((spread**2).mean()))
    half = float(np.quantile(spread, 1 - plan.level))
    null, effect, sentence = _words(low, other, pvalue, plan)
    rejected = pvalue < plan.level and plan.against == "highest"
    evidence: Evidence = "none" if not rejected else "lock-in" if gap > 0 else "upgrading"
    return LockInTest(
        name=f"mobility: {plan.stage}",
        null=null,
        alternative="it holds them more, or less, firmly",
        estimate=gap,
        std_error=error,
        conf_int=(gap - middle - half, gap - middle + half),
        statistic=gap,
        distribution="reflection of countries" if plan.against == "highest" else "permutation of each year",
        df=np.nan,
        pvalue=pvalue,
        level=plan.level,
        nobs=mine.shape[0] * (mine.shape[1] - 1),
        ncountries=len(names),
        sentence=sentence,
        details=_details(which, names, plan, rng),
        quantity="difference of two probabilities of staying",
        scope=plan.scope.name,
        effect=effect,
        evidence=evidence,
        mde=detectable(error, None, level=plan.level),
    )


def _words(low: float, other: float, pvalue: float, plan: _Plan) -> tuple[str, str, str]:
    """Return null, effect and sentence."""
    what = f"the lowest of {plan.k} classes of {plan.column} in {plan.stage}"
    if plan.against == "highest":
        null = f"{what} holds its countries as firmly as the highest"
        said = f"in the highest of {percent(other)}"
    else:
        null = f"{what} keeps no more countries than chance would"
        said = f"and would of {percent(other)} if years did not hang together"
    effect = f"a country stays in the lowest class with a chance of {percent(low)} a year, {said}"
    verdict = judgement(pvalue, plan.level, null, "two-sided")
    rest = "" if pvalue < plan.level else "; this does not show that there is no difference"
    if pvalue < plan.level and plan.against == "independence":
        rest = ": classes last, which alone is no lock-in"
    return null, effect, f"{effect[0].upper()}{effect[1:]}. {verdict}{rest}."


def _details(which: IntArray, names: dict[str, int], plan: _Plan, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    rows = np.array(list(names.values()))
    each = country_counts(which[rows], plan.k)
    counts = each.sum(axis=0)
    P = probabilities(counts)
    labels = np.arange(1, plan.k + 1)
    cells = {"before": np.repeat(labels, plan.k), "after": np.tile(labels, plan.k)}
    stay = np.diag(P)
    try:
        long_run = stationary(P)
    except InputError:
        long_run = np.full(plan.k, np.nan)
    with np.errstate(divide="ignore"):
        table = {"class": labels, "share": np.bincount(which[rows].ravel(), minlength=plan.k) / which[rows].size}
        table |= {"stay": stay, "sojourn": 1.0 / (1.0 - stay), "ergodic": long_run}
    return {
        "counts": pd.DataFrame(cells | {"count": counts.ravel(), "probability": P.ravel()}),
        "classes": pd.DataFrame(table),
        "mobility": pd.DataFrame([_mobility(each, plan, rng) | _over_time(which[rows], plan, rng)]),
        "countries": stays(which, names, plan.k, rng),
    }


def _mobility(each: IntArray, plan: _Plan, rng: np.random.Generator) -> dict[str, Any]:
    """Return Shorrocks's index; its interval is by the percentiles of a bootstrap of countries, set right for bias."""
    counts = each.sum(axis=0)
    if not counts.sum(axis=1).all():
        return {"shorrocks": np.nan, "std_error": np.nan, "lower": np.nan, "upper": np.nan, "std_error_iid": np.nan}
    value = shorrocks(probabilities(counts))
    drawn = shorrocks_draws(each, plan.draws, rng)
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn, [plan.level / 2, 1 - plan.level / 2])
    shift = value - float(drawn.mean())
    return {
        "shorrocks": value,
        "std_error": float(drawn.std(ddof=1)),
        "lower": max(float(low) + shift, 0.0),
        "upper": float(high) + shift,
        "std_error_iid": shorrocks_error(counts),
    }


def _over_time(which: IntArray, plan: _Plan, rng: np.random.Generator) -> dict[str, Any]:
    """Compare the first half of the years with the second, with p-values of chains drawn under one matrix."""
    steps = which.shape[1] - 1
    period = np.broadcast_to((np.arange(steps) >= (steps + 1) // 2).astype(np.intp), (len(which), steps))
    counts = counts_by_group(which, period, plan.k, 2)
    found = homogeneity(counts)
    P = np.nan_to_num(probabilities(counts.sum(axis=0)))[None]
    drawn = simulate_classes(P, np.zeros_like(period), which[:, 0], plan.draws, rng)
    lr = statistics(drawn, period[None], plan.k, 2)[:, 0]
    boot = (1 + np.count_nonzero(lr >= found.lr - 1e-12)) / (1 + len(lr))
    return {"time_lr": found.lr, "time_df": found.df, "time_pvalue_chi2": found.p_lr, "time_pvalue": boot,
            "break_year": plan.years[(steps + 1) // 2]}  # fmt: skip
