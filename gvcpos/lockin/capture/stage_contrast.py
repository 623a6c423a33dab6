"""Does a step upstream cost more in one stage than in another? The interaction b3 of position and stage.

    capture_ist = Σ_s 1[stage s] (b1_s position + b2_s position²) + controls, spatial lags + μ_is + α_st + ε_ist

All stages in one regression, so that what a country's stages share is in the covariance: errors are clustered by
country across stages. b3 is a stage's marginal slope less the reference stage's, each at its own mean position.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate
from gvcpos.lockin.capture.curve_models import FEW_CLUSTERS, CurveData, curve_data
from gvcpos.lockin.capture.slope_models import SlopeModel
from gvcpos.lockin.common.regression import Slopes, twoway, wald
from gvcpos.lockin.common.results import Inference, LockInTest, holm, infer, require_level
from gvcpos.lockin.common.sample import excluded, stage_names
from gvcpos.lockin.common.scope import Scope, ScopeLike
from gvcpos.lockin.common.wild import WildBootstrap, wild_cluster
from gvcpos.lockin.common.within import TwoWay
from gvcpos.lockin.common.wording import interval_text, judgement, number

if TYPE_CHECKING:
    from gvcpos.spatial import Weights

_FEWEST = 4


def stage_interactions(
    panel: pd.DataFrame,
    stages: Sequence[str] | None = None,
    *,
    reference: str | None = None,
    capture: str = "va_rate",
    position: str = "upstreamness",
    controls: Sequence[str] = (),
    square: bool = True,
    weights: Weights | None = None,
    scope: ScopeLike = None,
    draws: int = 999,
    seed: int = 0,
    exclude: Iterable[str] = ("ROW",),
    level: float = 0.05,
) -> tuple[LockInTest, ...]:
    """Test b3 of each stage: its marginal slope less that of the reference stage.

    Parameters
    ----------
    panel : DataFrame
        Tidy panel of `gvc_panel`.
    stages, reference : sequence of str, str, optional
        Two stages or more, default all; the reference, default the last of them.
    capture, position, controls, square, exclude, level
        As for `position_capture`; each stage has coefficients of its own.
    weights : Weights, optional
        Adds each stage's spatial lags of its regressors.
    scope : str, list, mapping or None
        The world or a group of at least 4 countries.
    draws, seed : int
        Of the wild cluster bootstrap, used with fewer than 50 countries.

    Returns
    -------
    tuple of LockInTest
        One a stage but the reference, H0: b3 = 0, two-sided; a difference has no side on lock-in, so ``evidence`` is
        none. ``details``: ``slopes``, the marginal slope of each stage with both one-sided p-values; ``joint``, the
        Wald test that all b3 are zero; with three stages or more ``holm``.

    Raises
    ------
    InputError
        With fewer than two stages, or for one country, whose own years cannot carry three curves.
    LabelError, EstimationError
        As `position_capture_slope`.
    """
    require_level(level)
    chosen = list(stage_names(panel) if stages is None else stages)
    if len(chosen) < 2 or len(set(chosen)) < len(chosen):
        raise InputError(f"slopes of {chosen} cannot be compared: give at least two different stages.")
    base = chosen[-1] if reference is None else reference
    locate([base], chosen, "reference among the stages")
    left_out = excluded(exclude)
    whom = Scope.of(scope, panel, left_out)
    if whom.kind == "country":
        raise InputError(f"scope {whom.name!r}: one country cannot carry the stages' curves. Use position_capture.")
    model = SlopeModel(capture, (position, *controls), weights, exclude=left_out)
    samples = [curve_data(panel, s, model, whom, square=square, at="mean", spatial="slx") for s in chosen]
    fit = _stack(samples, chosen, base, draws, seed)
    return _tests(fit, model, whom, level)


@dataclass(frozen=True, eq=False)
class _Stacked:
    """Marginal slopes of the stages, jointly estimated, and the bootstraps of b3."""

    slopes: Slopes
    base: str
    coefficients: pd.DataFrame
    bootstraps: dict[str, WildBootstrap]


def _stack(samples: Sequence[CurveData], stages: Sequence[str], base: str, draws: int, seed: int) -> _Stacked:
    parts = []
    for stage, data in zip(stages, samples, strict=True):
        frame = data.frame[data.frame["member"]]
        part = pd.DataFrame({f"{name} | {stage}": frame[name] for name in (*data.terms, *data.others)})
        part["capture"] = frame[data.model.capture]
        part = part.reset_index().assign(stage=stage)
        part["entity"] = part["country"] + " | " + stage
        parts.append(part)
    stacked = pd.concat(parts).set_index(["entity", "year"])
    names = [c for c in stacked.columns if " | " in c]
    stacked[names] = stacked[names].fillna(0.0)
    if stacked["country"].nunique() < _FEWEST:
        raise InputError(f"{stacked['country'].nunique()} countries with data: at least {_FEWEST} are needed.")
    fit = twoway(stacked, "capture", names, what="slopes of the stages", group="stage")
    keep = [f"{samples[0].terms[0]} | {s}" for s in stages]
    cov = pd.DataFrame(fit.cov.loc[keep, keep].to_numpy(), index=list(stages), columns=list(stages))
    slopes = replace(fit, params=fit.params[keep].set_axis(list(stages)), cov=cov)
    boots = _bootstraps(stacked, names, keep, base, draws=draws, seed=seed)
    return _Stacked(slopes, base, fit.to_frame(), dict(zip((s for s in stages if s != base), boots, strict=False)))


def _bootstraps(
    stacked: pd.DataFrame, names: list[str], keep: list[str], stage: str, *, draws: int, seed: int
) -> list[WildBootstrap]:
    """Bootstrap each b3 where countries are few: in x_s and (x_base + x_s) the first coefficient is the difference."""
    if stacked["country"].nunique() >= FEW_CLUSTERS:
        return []
    years = stacked["stage"] + " " + stacked.index.get_level_values("year").astype(str)
    space = TwoWay(stacked.index.get_level_values("entity").to_numpy(), years.to_numpy())
    cluster = pd.factorize(stacked["country"])[0]
    base = next(name for name in keep if name.endswith(f" | {stage}"))
    boots = []
    for name in keep:
        if name == base:
            continue
        columns = [stacked[name], stacked[name] + stacked[base], *(stacked[n] for n in names if n not in (name, base))]
        X = np.column_stack(columns)
        boots.append(wild_cluster(stacked["capture"].to_numpy(), X, cluster, space, draws=draws, seed=seed))
    return boots


def _tests(fit: _Stacked, model: SlopeModel, scope: Scope, level: float) -> tuple[LockInTest, ...]:
    stages = list(fit.slopes.params.index)
    details = {"coefficients": fit.coefficients, "slopes": _slopes(fit.slopes, level), "joint": _joint(fit)}
    tests = []
    for stage in (s for s in stages if s != fit.base):
        result = _difference(fit, stage, level)
        tests.append(
            LockInTest.of(
                result,
                name=f"stage interaction: {stage} against {fit.base}",
                null=f"the slope of {model.capture} on {model.regressors[0]} is the same in {stage} and {fit.base}",
                alternative="it differs",
                level=level,
                nobs=fit.slopes.nobs,
                ncountries=fit.slopes.ncountries,
                sentence=_sentence(result, fit, stage, level),
                details=details,
                quantity=f"{stage} slope less {fit.base} slope (b3)",
                scope=scope.name,
                effect=_effect(result.estimate, stage, fit.base, model),
            )
        )
    if len(tests) < 2:
        return tuple(tests)
    table = pd.DataFrame({"test": [t.name for t in tests], "pvalue": [t.pvalue for t in tests]})
    table["pvalue_holm"] = holm(table["pvalue"])
    return tuple(replace(t, details={**t.details, "holm": table}) for t in tests)


def _difference(fit: _Stacked, stage: str, level: float) -> Inference:
    params, cov = fit.slopes.params, fit.slopes.cov
    contrast = (params.index == stage).astype(float) - (params.index == fit.base).astype(float)
    error = float(np.sqrt(contrast @ cov.to_numpy() @ contrast))
    result = infer(float(contrast @ params.to_numpy()), error, fit.slopes.df, level=level)
    boot = fit.bootstraps.get(stage)
    if boot is None:
        return result
    pvalue = min(1.0, 2 * min(boot.less, boot.greater))
    return replace(result, pvalue=pvalue, conf_int=boot.interval(level), distribution="wild cluster bootstrap")


def _slopes(slopes: Slopes, level: float) -> pd.DataFrame:
    rows = []
    for stage, value, error in zip(slopes.params.index, slopes.params, slopes.std_errors, strict=True):
        one = infer(float(value), float(error), slopes.df, level=level, alternative="less")
        rows.append([stage, one.estimate, one.std_error, *one.conf_int, one.pvalue, 1 - one.pvalue])
    columns = ["stage", "slope", "std_error", "ci_low", "ci_high", "pvalue_negative", "pvalue_positive"]
    return pd.DataFrame(rows, columns=columns)


def _joint(fit: _Stacked) -> pd.DataFrame:
    """Wald test that all b3 are zero, W/q against F(q, clusters − 1)."""
    from scipy import stats

    stages = list(fit.slopes.params.index)
    rows = [np.eye(len(stages))[stages.index(s)] - np.eye(len(stages))[stages.index(fit.base)] for s in stages]
    statistic, q = wald(fit.slopes, np.array([r for r in rows if r.any()]))
    pvalue = float(stats.f(q, fit.slopes.df).sf(statistic / q))
    return pd.DataFrame([{"F": statistic / q, "df": q, "df_denominator": fit.slopes.df, "pvalue": pvalue}])


def _effect(gap: float, stage: str, base: str, model: SlopeModel) -> str:
    unit = "percentage points of output" if model.capture == "va_rate" else model.capture
    size = number(abs(gap) * (100 if model.capture == "va_rate" else 1))
    side = "less" if gap < 0 else "more"
    return f"one more unit of {model.regressors[0]} brings {size} {unit} {side} in {stage} than in {base}"


def _sentence(result: Inference, fit: _Stacked, stage: str, level: float) -> str:
    listed = ", ".join(f"{s} {number(v)}" for s, v in fit.slopes.params.items())
    verdict = judgement(result.pvalue, level, f"{stage} and {fit.base} have the same slope", "two-sided")
    said = f"Marginal slopes by stage: {listed}; {stage} less {fit.base} {interval_text(result, level)}. {verdict}"
    return f"{said}." if result.pvalue < level else f"{said}; this does not show that they have."
