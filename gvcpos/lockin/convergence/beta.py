"""Beta- and sigma-convergence: do countries that capture little catch up, and does the spread of capture narrow?

Beta: growth regressed on the initial level across countries (Barro & Sala-i-Martin 1992), or within countries over time
against a unit root (Harris & Tzavalis 1999). Sigma: the variance of the last year against that of the first in the same
countries (Pitman 1939, Morgan 1939; Carree & Klomp 1997).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from gvcpos._core.errors import DroppedRowsWarning, EstimationError, InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.options import choose
from gvcpos.lockin.common.results import Evidence, Inference, LockInTest, infer, require_level
from gvcpos.lockin.common.sample import complete_countries, excluded, stage_frame
from gvcpos.lockin.common.scope import Scope, ScopeLike
from gvcpos.lockin.common.wording import interval_text, judgement, number, p_text, percent
from gvcpos.lockin.convergence.cross_section import CrossSection, UnitRoot, hc3, instrumented, unit_root

Form = Literal["cross-section", "panel"]
_FEWEST = 8


def beta_convergence(
    panel: pd.DataFrame,
    column: str = "va_rate",
    stage: str = "upstream",
    *,
    controls: Sequence[str] = (),
    form: Form = "cross-section",
    logs: bool = True,
    scope: ScopeLike = None,
    draws: int = 999,
    seed: int = 0,
    exclude: Iterable[str] = ("ROW",),
    level: float = 0.05,
) -> LockInTest:
    """Test whether countries that start low grow faster.

    Parameters
    ----------
    panel, column, stage
        Tidy panel of `gvc_panel`, the column that may converge, and the stage.
    controls : sequence of str
        Their initial values make convergence conditional; cross-section only.
    form : {"cross-section", "panel"}
        Yearly growth between first and last year on the initial level; or yearly changes on last year's level with
        country and year effects, whose bias in short panels the moments of Harris & Tzavalis take into account.
    logs : bool
        Of positive values; False takes the values themselves, as shares of one.
    scope : str, list, mapping or None
        The world or a group of at least 8 countries.
    draws, seed : int
        Of random walks, against which the panel form is tested.

    Returns
    -------
    LockInTest
        H0: β ≥ 0 (no convergence) against β < 0. Of the cross-section ``evidence`` is upgrading where β < 0 is shown
        (those low catch up), lock-in where β > 0 is (those low fall behind); the panel form has no side, as what fades
        there is a country's distance from its own level. ``details``: ``coefficients``; ``instrumented``, with the
        first year's level as instrument for the second's, which errors of measurement do not pull down.

    Raises
    ------
    InputError, EstimationError
        For one country, as convergence is between countries; with fewer than 8 countries. A warning names countries
        that lack values, or positive ones with `logs`.
    """
    require_level(level)
    choose(form, Form, "form")
    if form == "panel" and controls:
        raise InputError("beta_convergence: controls enter the cross-section only; the panel form has country effects.")
    paths = _paths(panel, column, stage, controls, logs=logs, scope=scope, exclude=exclude)
    y = paths.y
    if form == "cross-section":
        result, details, caution = _across(paths, controls, level)
    else:
        test = unit_root(y, draws, seed)
        result, caution = _drawn(test, level), ""
        columns = {"rho": test.rho, "rho_under_null": test.rho - test.estimate, "std_error": test.std_error}
        details = {"coefficients": pd.DataFrame([columns])}
    return _beta_test(result, paths, column, stage, form=form, level=level, details=details, caution=caution)


def sigma_convergence(
    panel: pd.DataFrame,
    column: str = "va_rate",
    stage: str = "upstream",
    *,
    logs: bool = True,
    scope: ScopeLike = None,
    exclude: Iterable[str] = ("ROW",),
    level: float = 0.05,
) -> LockInTest:
    """Test whether the spread between countries is the same in the last year as in the first.

    Arguments, errors and warnings are those of `beta_convergence`.

    Returns
    -------
    LockInTest
        H0: equal variances, two-sided. The estimate is the log of the last standard deviation less the log of the
        first; the statistic, that of last less first on last plus first (zero slope if and only if variances are
        equal), with HC3 errors. ``evidence`` is upgrading where the spread has narrowed, lock-in where it has widened.
        ``details``: ``dispersion``, mean and standard deviation by year.
    """
    require_level(level)
    paths = _paths(panel, column, stage, (), logs=logs, scope=scope, exclude=exclude)
    y, years = paths.y, paths.years
    fit = hc3(y[:, -1] - y[:, 0], (y[:, -1] + y[:, 0])[:, None])
    test = infer(float(fit.params[0]), float(fit.std_errors[0]), fit.df, level=level)
    spread = y.std(axis=0, ddof=1)
    change = float(np.log(spread[-1] / spread[0]))
    # d log(s_T/s_0) = slope (v_T + v_0 + 2c) / (2 s_T s_0) near equality: carries the error over.
    scale = float((y[:, -1] + y[:, 0]).var(ddof=1) / (2 * spread[-1] * spread[0]))
    low, high = (change + scale * (v - test.estimate) for v in test.conf_int)
    reading: Evidence = "none" if test.pvalue >= level else "upgrading" if change < 0 else "lock-in"
    verdict = judgement(test.pvalue, level, f"the spread in {years[-1]} is that of {years[0]}", "two-sided")
    effect = f"a standard deviation {percent(abs(np.expm1(change)))} {'smaller' if change < 0 else 'larger'}"
    return LockInTest(
        name=f"sigma-convergence: {stage}",
        null=f"the variance of {column} in {stage} is the same in {years[0]} and {years[-1]}",
        alternative="it differs",
        estimate=change,
        std_error=scale * test.std_error,
        conf_int=(low, high),
        statistic=test.statistic,
        distribution="t",
        df=test.df,
        pvalue=test.pvalue,
        level=level,
        nobs=y.size,
        ncountries=len(y),
        sentence=f"Between countries, {column} in {stage} has {effect} in {years[-1]} than in {years[0]}. {verdict}"
        + ("." if test.pvalue < level else "; this does not show that it is."),
        details={"dispersion": pd.DataFrame({"year": years, "mean": y.mean(axis=0), "std": spread})},
        quantity="log of last over first standard deviation",
        scope=paths.scope,
        effect=effect,
        evidence=reading,
        mde=scale * test.mde,
    )


@dataclass(frozen=True, eq=False)
class _Paths:
    """Values (N, T) of the scope's countries, initial controls (N, c), and years."""

    y: np.ndarray
    controls: np.ndarray
    years: list[int]
    scope: str
    logs: bool


def _paths(
    panel: pd.DataFrame,
    column: str,
    stage: str,
    controls: Sequence[str],
    *,
    logs: bool,
    scope: ScopeLike,
    exclude: Iterable[str],
) -> _Paths:
    what = f"{stage}: convergence of {column}"
    whom = Scope.of(scope, panel, left_out := excluded(exclude))
    if whom.kind == "country":
        raise InputError(f"{what}: one country does not converge alone. Use convergence_clubs, or a group with it.")
    frame = stage_frame(panel, stage, [column, *controls], left_out)
    frame = frame[frame.index.get_level_values("country").isin(whom.countries)]
    frame = complete_countries(frame, what)
    wide = frame[column].unstack("year")
    if logs:
        bad = wide.index[(wide <= 0).any(axis=1)]
        if len(bad):
            warnings.warn(
                f"{what}: {len(bad)} of {len(wide)} countries dropped, {enumerate_labels(bad)}: not positive in every "
                "year and without a logarithm.",
                DroppedRowsWarning,
                stacklevel=3,
            )
        wide = wide.drop(index=bad).transform("log")
    if len(wide) < _FEWEST + len(controls) or wide.shape[1] < 3:
        raise EstimationError(f"{what}: {len(wide)} countries in {wide.shape[1]} years; {_FEWEST} and 3 are needed.")
    first = frame.xs(wide.columns[0], level="year").loc[wide.index, list(controls)]
    return _Paths(wide.to_numpy(), first.to_numpy(), [int(v) for v in wide.columns], whom.name, logs)


def _across(paths: _Paths, controls: Sequence[str], level: float) -> tuple[Inference, dict[str, pd.DataFrame], str]:
    """Regress growth on the initial level, plainly and with the first year as instrument for the second."""
    y, years, names = paths.y, paths.years, ["initial level", *controls]
    fit = hc3((y[:, -1] - y[:, 0]) / (years[-1] - years[0]), np.column_stack([y[:, 0], paths.controls]))
    rest = instrumented((y[:, -1] - y[:, 1]) / (years[-1] - years[1]), y[:, 1], y[:, 0], paths.controls)
    result = infer(float(fit.params[0]), float(fit.std_errors[0]), fit.df, level=level, alternative="less")
    caution = _mean_reversion(float(rest.params[0] / rest.std_errors[0]), rest.df, level)
    return result, {"coefficients": _frame(fit, names), "instrumented": _frame(rest, names)}, caution


def _drawn(test: UnitRoot, level: float) -> Inference:
    """Judge the panel form by its draws."""
    t = test.estimate / test.std_error
    pvalue = float((1 + (test.draws <= t).sum()) / (1 + len(test.draws)))
    low, high, cut, far = np.quantile(test.draws, [level / 2, 1 - level / 2, level, 0.8])
    interval = (float(test.estimate - high * test.std_error), float(test.estimate - low * test.std_error))
    mde = float((far - cut) * test.std_error)
    return Inference(test.estimate, test.std_error, t, pvalue, interval, "simulated random walks", np.nan, mde)


def _frame(fit: CrossSection, names: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame({"regressor": list(names), "estimate": fit.params, "std_error": fit.std_errors})
    return frame.assign(statistic=frame["estimate"] / frame["std_error"])


def _mean_reversion(t: float, df: float, level: float) -> str:
    """Say so if convergence rests on the first year's error, which the instrument takes out."""
    from scipy import stats

    pvalue = float(stats.t(df).cdf(t))
    said = "is shown too" if pvalue < level else "is not shown"
    instrument = "With the first year as instrument for the second, which errors of one year do not move,"
    return f" {instrument} convergence {said} ({p_text(pvalue)})."


def _beta_test(
    result: Inference,
    paths: _Paths,
    column: str,
    stage: str,
    *,
    form: Form,
    level: float,
    details: dict[str, pd.DataFrame],
    caution: str,
) -> LockInTest:
    diverges = 1 - result.pvalue < level
    across = form == "cross-section"
    shown: Evidence = "upgrading" if result.pvalue < level else "lock-in" if diverges else "none"
    reading: Evidence = shown if across else "none"
    unit = "per cent" if paths.logs else "of the gap"
    side, size = "gains" if result.estimate < 0 else "loses", "1 per cent" if paths.logs else "one unit"
    effect = f"a country {size} lower {side} {number(abs(result.estimate))} {unit} a year on the others"
    null = "those low do not catch up (β ≥ 0)"
    if not across:
        side = "closes" if result.estimate < 0 else "widens"
        effect = f"a distance from a country's own level {side} by {percent(abs(result.estimate))} a year"
        null = "distances from a country's own level do not fade (β ≥ 0)"
    verdict = judgement(result.pvalue, level, null, "one-sided")
    said = (
        f"Growth of {column} in {stage} on its level: β = {interval_text(result, level)}, so that {effect}. {verdict}"
    )
    if reading == "lock-in":
        said += f"; that β ≤ 0 is ({p_text(1 - result.pvalue)}): those low fall behind"
    elif result.pvalue >= level:
        said += "; this does not show that they do not"
    return LockInTest.of(
        result,
        name=f"beta-convergence ({form}): {stage}",
        null=f"growth of {column} in {stage} does not fall with its level (β ≥ 0)",
        alternative="β < 0 (convergence)",
        level=level,
        nobs=len(paths.y) if across else paths.y[:, 1:].size,
        ncountries=len(paths.y),
        sentence=f"{said}.{caution}",
        details=details,
        quantity="yearly growth for one more unit of the level",
        scope=paths.scope,
        effect=effect,
        evidence=reading,
    )
