"""Lagged pull-through: does growth of a country's own upstream stage carry over to its own downstream stage?

    Δln v_target,it = Σ_k γ_k Δln v_source,i,t−k + Σ_m φ_m Δln v_target,i,t−m + μ_i + α_t + e_it

The test is of Σ γ_k. Growth of the same year is left out on purpose: both stages come from one inverse, so that it is
mechanical. Within-country estimates need past *and future* growth of the source to be unrelated to e; feedback from
target to source biases them by the order of 1/T. The target's own lags are off by default: with country effects and
T years a lagged dependent variable is biased by about −(1 + its coefficient)/T (Nickell 1981) and passes some of
that on to the pull-through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError, InputError
from gvcpos._core.options import choose
from gvcpos.lockin.common.regression import PanelErrors, Slopes, twoway
from gvcpos.lockin.common.results import Alternative, Inference, LockInTest, infer, require_least, require_level
from gvcpos.lockin.common.sample import excluded, require_size, wide_positive
from gvcpos.lockin.common.scope import Scope, ScopeLike
from gvcpos.lockin.common.series import (
    of_scope,
    pull_effect,
    pull_evidence,
    refuse_country,
    spacing,
    span_text,
    stacked,
)
from gvcpos.lockin.common.wording import interval_text, judgement, number, p_text

_SIDES = {"two-sided": "two-sided", "greater": "one-sided", "less": "one-sided"}


def pull_through(
    panel: pd.DataFrame,
    source: str = "upstream",
    target: str = "downstream",
    *,
    lags: int = 1,
    own_lags: int = 0,
    value: str = "va",
    placebo: str | None = None,
    scope: ScopeLike = None,
    exclude: Iterable[str] = ("ROW",),
    errors: PanelErrors = "clustered",
    alternative: Alternative = "two-sided",
    level: float = 0.05,
) -> LockInTest:
    """Test whether growth in one stage is followed by growth in another stage of the same country.

    Parameters
    ----------
    panel : DataFrame
        Tidy panel of `gvc_panel`.
    source, target : str
        Stages (or sectors) that push and that should be pulled.
    lags : int
        Lags 1 … `lags` of the source's growth; their coefficients are summed. Growth and lags are over the spacing
        of the panel's years: two years each in biennial data.
    own_lags : int
        Lags of the target's own growth among the controls; they bring Nickell's bias (see the module).
    value : str
        Positive column whose logarithmic growth is studied.
    placebo : str, optional
        A stage or sector outside the chain whose lagged growth should not matter; reported in ``details``.
    scope : str, iterable of str, mapping or None
        World or a group of countries; year effects are then the group's own.
    exclude, errors, level
        Countries left out (each but ROW must be in the panel); clustered or Driscoll-Kraay errors; size of the test.
    alternative : {"two-sided", "greater", "less"}
        To H0: sum of the coefficients = 0. The default leaves room for upstream growth that crowds out.

    Returns
    -------
    LockInTest
        ``details``: ``coefficients``; ``placebo`` with the lead of the source's growth (tomorrow's growth must
        not explain today's) and, if asked for, the placebo stage.

    Raises
    ------
    LabelError, InputError, EstimationError
        If a label is unknown or twice there, the scope is one country, or too little is left to estimate from.

    Warns
    -----
    DroppedRowsWarning
        Naming the countries with zero, negative or missing values, which have no logarithm.
    """
    left_out = excluded(exclude)
    whom = Scope.of(scope, panel, left_out)
    refuse_country(whom, "pull_through", "year effects would take everything. Use dumitrescu_hurlin with this scope.")
    rows, left_out = of_scope(panel, whom, left_out)
    plan = _Plan(source, target, placebo, value, lags, own_lags, errors, left_out, alternative, level)
    return _test(_growth(rows, plan), plan, whom.name)


@dataclass(frozen=True)
class _Plan:
    """The checked arguments of `pull_through`."""

    source: str
    target: str
    placebo: str | None
    value: str
    lags: int
    own_lags: int
    errors: PanelErrors
    exclude: tuple[str, ...]
    alternative: Alternative
    level: float

    def __post_init__(self) -> None:
        require_level(self.level)
        choose(self.alternative, Alternative, "alternative")
        require_least("pull_through", lags=(self.lags, 1), own_lags=(self.own_lags, 0))
        if len({self.source, self.target, self.placebo}) < 3:
            raise InputError(
                f"pull_through: source {self.source!r}, target {self.target!r}, placebo {self.placebo!r} must differ."
            )


def _test(growth: Mapping[str, pd.DataFrame], plan: _Plan, scope: str) -> LockInTest:
    source, target, alternative = plan.source, plan.target, plan.alternative
    steps = range(1, plan.lags + 1)
    main = _fit(growth, plan, {source: steps}, f"pull-through {source} → {target}")
    result = _sum(main, [f"{source}_lag{k}" for k in steps], plan.level, alternative)
    placebos = _placebos(growth, plan)
    step = spacing(growth[source].index)
    return LockInTest.of(
        result,
        name=f"pull-through: {source} to {target}",
        null=f"growth of {source} value added is not followed by growth of own {target} value added (sum = 0)",
        alternative={"two-sided": "sum ≠ 0", "greater": "sum > 0", "less": "sum < 0"}[alternative],
        level=plan.level,
        nobs=main.nobs,
        ncountries=main.ncountries,
        sentence=_sentence(result, plan, step) + _caution(placebos, plan, step),
        details={"coefficients": main.to_frame(), "placebo": placebos},
        quantity="elasticity" if plan.lags == 1 else f"sum of the elasticities at {plan.lags} lags",
        scope=scope,
        effect=pull_effect(result.estimate, source, target, span_text(plan.lags, step)),
        evidence=pull_evidence(result.pvalue, plan.level, result.estimate),
    )


def _growth(panel: pd.DataFrame, plan: _Plan) -> dict[str, pd.DataFrame]:
    """Return stage to growth, shape (years, countries); a placebo only loses its own bad countries."""
    wide = wide_positive(panel, [plan.source, plan.target], plan.value, plan.exclude)
    if plan.placebo is not None:
        other = wide_positive(panel, [plan.placebo], plan.value, plan.exclude)[plan.placebo]
        wide[plan.placebo] = other.reindex_like(wide[plan.target])
    return {stage: np.log(frame).diff() for stage, frame in wide.items()}


def _fit(growth: Mapping[str, pd.DataFrame], plan: _Plan, shifts: Mapping[str, Iterable[int]], what: str) -> Slopes:
    """Regress the target's growth on shifted growth; a negative shift is a lead."""
    target = plan.target
    columns = {"growth": growth[target]}
    for stage, steps in shifts.items():
        for k in steps:
            columns[f"{stage}_lag{k}" if k > 0 else f"{stage}_lead{-k}"] = growth[stage].shift(k)
    for m in range(1, plan.own_lags + 1):
        columns[f"{target}_own_lag{m}"] = growth[target].shift(m)
    sample = stacked(columns)
    regressors = [name for name in columns if name != "growth"]
    require_size(sample, len(regressors), what)
    return twoway(sample, "growth", regressors, errors=plan.errors, what=what)


def _sum(slopes: Slopes, names: list[str], level: float, alternative: Alternative) -> Inference:
    total = float(slopes.params[names].sum())
    error = float(np.sqrt(slopes.cov.loc[names, names].to_numpy().sum()))
    return infer(total, error, slopes.df, level=level, alternative=alternative)


def _placebos(growth: Mapping[str, pd.DataFrame], plan: _Plan) -> pd.DataFrame:
    """Estimate what should be nothing: the lead of the source, and the lags of a stage outside the chain."""
    source, steps = plan.source, list(range(1, plan.lags + 1))
    runs = [(f"lead of {source}", {source: [*steps, -1]}, [f"{source}_lead1"])]
    if plan.placebo is not None:
        names = [f"{plan.placebo}_lag{k}" for k in steps]
        runs.append((f"lags of {plan.placebo}", {source: steps, plan.placebo: steps}, names))
    rows: list[list[object]] = []
    for label, shifts, names in runs:
        try:
            slopes = _fit(growth, plan, shifts, f"placebo, {label}")
            r = _sum(slopes, names, plan.level, "two-sided")
            rows.append([label, r.estimate, r.std_error, r.statistic, r.pvalue, slopes.nobs, ""])
        except EstimationError as error:
            # A placebo is a side check: if the sample is too short for it, the test itself still stands.
            rows.append([label, np.nan, np.nan, np.nan, np.nan, 0, str(error)])
    columns = ["placebo", "estimate", "std_error", "statistic", "pvalue", "nobs", "not_estimated"]
    return pd.DataFrame(rows, columns=columns)


def _sentence(result: Inference, plan: _Plan, step: int) -> str:
    source, target, level = plan.source, plan.target, plan.level
    span = span_text(plan.lags, step)
    effect = (
        f"One per cent more {source} value added goes with {number(result.estimate)} per cent more own {target} "
        f"value added in {span} (sum of coefficients {interval_text(result, level)})"
    )
    null = f"{source} growth does not pull own {target} growth along"
    verdict = judgement(result.pvalue, level, null, _SIDES[plan.alternative])
    if result.pvalue >= level:
        low, high = (number(v) for v in result.conf_int)
        return f"{effect}. {verdict}; any pull-through from {low} to {high} fits the data as well."
    follows = "growth" if result.estimate > 0 else "decline"
    return f"{effect}. {verdict}: {source} growth is followed by {follows} of own {target} value added."


def _caution(placebos: pd.DataFrame, plan: _Plan, step: int) -> str:
    """Say so if the future of the source seems to matter: the estimate may then be feedback."""
    lead = placebos.iloc[0]
    if not lead["pvalue"] < plan.level:
        return ""
    ahead = "next year's" if step == 1 else f"the next {step} years'"
    return (
        f" Caution: {ahead} {plan.source} growth seems to matter as well (placebo {p_text(lead['pvalue'])}), which "
        "points to feedback or anticipation and biases the estimate."
    )
