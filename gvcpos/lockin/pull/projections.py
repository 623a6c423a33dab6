"""Local projections: how growth of one stage is followed by own growth of another, one year after the other.

    ln v_target,i,t+h − ln v_target,it = β_h Δln v_source,it + controls + μ_i + α_t + e_it,    h = 1, …, H

Jordà, Ò. (2005), American Economic Review 95:161-182. β_1 is the estimate of `pull_through` with as many own lags. By
default the target's growth of the same year is a control: both stages grow by the same shocks of a year, and growth
that lasts would pass for pull-through without it. As with every regression with country effects, what the target does
to the later source biases β_h by the order of h/T (Nickell 1981; Mei, Sheng and Shi 2023); the half-panel jackknife
takes most of that out, for wider intervals.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError
from gvcpos._core.options import choose
from gvcpos.lockin.common.power import POWER
from gvcpos.lockin.common.regression import PanelErrors
from gvcpos.lockin.common.results import LockInTest, holm, require_least, require_level, require_two
from gvcpos.lockin.common.sample import excluded, require_size
from gvcpos.lockin.common.scope import Scope, ScopeLike
from gvcpos.lockin.common.series import (
    of_scope,
    pull_effect,
    pull_evidence,
    regression_rows,
    require_clusters,
    spacing,
    span_text,
    stacked,
    wide_series,
)
from gvcpos.lockin.common.wording import judgement, number, percent
from gvcpos.lockin.pull.projection_fit import FloatArray, Slope, slope, wild_draws


def local_projections(
    panel: pd.DataFrame,
    source: str = "upstream",
    target: str = "downstream",
    *,
    horizons: int = 3,
    own_lags: int = 1,
    source_lags: int = 0,
    value: str = "va",
    jackknife: bool = False,
    errors: PanelErrors = "clustered",
    scope: ScopeLike = None,
    exclude: Iterable[str] = ("ROW",),
    draws: int = 999,
    seed: int = 0,
    level: float = 0.05,
) -> LockInTest:
    """Test that growth in one stage is followed by none in another at any horizon.

    Parameters
    ----------
    horizons : int
        H, in observations after the year of the source's growth.
    own_lags, source_lags : int
        Growth of the target up to that year, and earlier growth of the source, among the controls.
    jackknife : bool
        Half-panel jackknife against the bias of country effects.
    errors : {"clustered", "driscoll-kraay"}
        By country, with a wild cluster bootstrap of the largest |t| (bands as Montiel Olea and Plagborg-Møller 2019);
        or robust across countries too, with Student's t of years less one and Holm, which leans on many years.
    scope, exclude
        World or a group of six countries or more.

    Returns
    -------
    LockInTest
        H0: every β_h = 0. Estimate: the response at the horizon with the largest |t|, its interval from the joint band,
        which leaves out zero just if the null is rejected. ``details["responses"]``: all, with both bands.

    Raises
    ------
    LabelError, InputError, EstimationError
        As `pull_through`; if the panel is too short for a horizon.
    """
    require_level(level)
    choose(errors, PanelErrors, "errors")
    lags = {"own_lags": (own_lags, 0), "source_lags": (source_lags, 0)}
    require_least("local_projections", horizons=(horizons, 1), **lags, draws=(draws, 99))
    require_two("local_projections", source, target)
    left_out = excluded(exclude)
    whom = Scope.of(scope, panel, left_out)
    require_clusters(whom, "local_projections")
    rows, left_out = of_scope(panel, whom, left_out)
    wide = wide_series(rows, [source, target], value, "log", left_out)
    plan = _Plan(source, target, own_lags, source_lags, jackknife, level)
    slopes = [_slope(wide, plan, h) for h in range(1, horizons + 1)]
    years = wide[source].index
    found = _clustered(slopes, level, draws, seed) if errors == "clustered" else _driscoll_kraay(slopes, level)
    return _test(found, slopes, plan, whom.name, spacing(years))


@dataclass(frozen=True)
class _Plan:
    source: str
    target: str
    own_lags: int
    source_lags: int
    jackknife: bool
    level: float


@dataclass(frozen=True)
class _Found:
    """Responses with their bands, the joint p-value, and the multiple of a standard error in the joint band."""

    frame: pd.DataFrame
    pvalue: float
    cut: float
    distribution: str
    df: float


def _slope(wide: dict[str, pd.DataFrame], plan: _Plan, h: int) -> Slope:
    """Prepare the projection h observations ahead."""
    logs = wide[plan.target]
    grown, pushed = logs.diff(), wide[plan.source].diff()
    columns = {"response": logs.shift(-h) - logs, "source": pushed}
    columns |= {f"own{m}": grown.shift(m) for m in range(plan.own_lags)}
    columns |= {f"source{k}": pushed.shift(k) for k in range(1, plan.source_lags + 1)}
    sample = stacked(columns)
    what = f"local projection {plan.source} → {plan.target}, horizon {h}"
    require_size(sample, len(columns) - 1, what)
    data = regression_rows(sample, list(logs.columns))
    return slope(data, jackknife=plan.jackknife, what=what)


def _clustered(slopes: list[Slope], level: float, draws: int, seed: int) -> _Found:
    estimates = np.array([float(s.estimates(s.y)) for s in slopes])
    errors = np.array([float(s.clustered(s.y)) for s in slopes])
    t = _ratio(estimates, errors)
    drawn = np.abs(wild_draws(slopes, draws, seed))
    largest = drawn.max(axis=1)
    pvalue = float((1 + np.count_nonzero(largest >= np.abs(t).max())) / (1 + draws))
    # The order statistic with which the band leaves out zero just if the p-value is below the level.
    place = draws + 1 - int(np.ceil(level * (draws + 1) - 1e-9))
    cut = float(np.sort(largest)[place])
    single = np.sort(drawn, axis=0)[place]
    p = (1 + (drawn >= np.abs(t)).sum(axis=0)) / (1 + draws)
    frame = _frame(slopes, estimates, errors, (p, single, cut))
    return _Found(frame, pvalue, cut, "wild cluster bootstrap", np.nan)


def _driscoll_kraay(slopes: list[Slope], level: float) -> _Found:
    from scipy import stats

    estimates = np.array([float(s.estimates(s.y)) for s in slopes])
    # Responses over h years overlap for h − 1 of them.
    errors = np.array([s.driscoll_kraay(max(h, 1)) for h, s in enumerate(slopes, start=1)])
    df = np.array([float(s.year.max()) for s in slopes])
    t = _ratio(estimates, errors)
    p = 2 * stats.t.sf(np.abs(t), df)
    count = len(slopes)
    cut = float(stats.t.ppf(1 - level / (2 * count), df.min()))
    frame = _frame(slopes, estimates, errors, (p, stats.t.ppf(1 - level / 2, df), cut))
    return _Found(frame, float(frame["pvalue_holm"].min()), cut, "t, Holm", float(df.min()))


def _ratio(estimates: FloatArray, errors: FloatArray) -> FloatArray:
    if not (np.isfinite(errors).all() and (errors > 0).all()):
        raise EstimationError("local_projections: a standard error is zero; the panel is too short for these horizons.")
    return np.asarray(estimates / errors)


def _frame(
    slopes: list[Slope],
    estimates: FloatArray,
    errors: FloatArray,
    law: tuple[FloatArray, FloatArray, float],
) -> pd.DataFrame:
    """Lay out the responses; `law` has p-values and multiples of the errors in pointwise and joint bands."""
    p, single, cut = law
    frame = pd.DataFrame(
        {
            "horizon": np.arange(1, len(slopes) + 1),
            "estimate": estimates,
            "std_error": errors,
            "statistic": estimates / errors,
            "pvalue": p,
            "lower": estimates - single * errors,
            "upper": estimates + single * errors,
            "joint_lower": estimates - cut * errors,
            "joint_upper": estimates + cut * errors,
            "nobs": [len(s.y) for s in slopes],
        }
    )
    return frame.assign(pvalue_holm=holm(frame["pvalue"]))


def _test(found: _Found, slopes: list[Slope], plan: _Plan, scope: str, step: int) -> LockInTest:
    from scipy import stats

    best = int(found.frame["statistic"].abs().argmax())
    row = found.frame.iloc[best]
    estimate, error = float(row["estimate"]), float(row["std_error"])
    interval = (float(row["joint_lower"]), float(row["joint_upper"]))
    effect = pull_effect(estimate, plan.source, plan.target, span_text(best + 1, step))
    null = f"{plan.source} growth is not followed by own {plan.target} growth at any horizon up to {len(slopes) * step}"
    verdict = judgement(found.pvalue, plan.level, null, "joint")
    low, high = (number(v) for v in interval)
    rest = "" if found.pvalue < plan.level else f"; at that horizon responses from {low} to {high} fit the data as well"
    return LockInTest(
        name=f"local projections: {plan.source} to {plan.target}",
        null=null,
        alternative="it is at some horizon",
        estimate=estimate,
        std_error=error,
        conf_int=interval,
        statistic=float(abs(row["statistic"])),
        distribution=found.distribution,
        df=found.df,
        pvalue=found.pvalue,
        level=plan.level,
        nobs=int(row["nobs"]),
        ncountries=len(np.unique(slopes[best].country)),
        sentence=(
            f"The clearest response is {effect} (elasticity {number(estimate)}, joint {percent(1 - plan.level)} band "
            f"{low} to {high}). {verdict}{rest}."
        ),
        details={"responses": found.frame},
        quantity="cumulative elasticity at the horizon with the largest |t|",
        scope=scope,
        effect=effect,
        evidence=pull_evidence(found.pvalue, plan.level, estimate),
        mde=float(found.cut + stats.norm.ppf(POWER)) * error,
    )
