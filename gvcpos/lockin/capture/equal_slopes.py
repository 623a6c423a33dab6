"""Are the position-capture slopes of the stages the same?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.options import CovarianceType
from gvcpos.lockin.capture.slope_models import SlopeModel, fit_stage, stage_sample
from gvcpos.lockin.common.regression import Slopes, twoway, wald
from gvcpos.lockin.common.results import Inference, LockInTest, infer, require_level
from gvcpos.lockin.common.sample import excluded, stage_names
from gvcpos.lockin.common.wording import judgement, number

if TYPE_CHECKING:
    from gvcpos.spatial import Weights


def slope_equality(
    panel: pd.DataFrame,
    stages: Sequence[str] | None = None,
    *,
    capture: str = "va_rate",
    position: str = "upstreamness",
    controls: Sequence[str] = (),
    weights: Weights | None = None,
    cov_type: CovarianceType = "cluster-entity",
    exclude: Iterable[str] = ("ROW",),
    level: float = 0.05,
) -> LockInTest:
    """Test that the slopes of capture on position are the same in all stages.

    Parameters
    ----------
    panel : DataFrame
        Tidy panel of `gvc_panel`.
    stages : sequence of str, optional
        Two or more; default all.
    capture, position, controls, cov_type, exclude, level
        As for `position_capture_slope`.
    weights : Weights, optional
        With them the slopes are those of a spatial Durbin panel a stage, whose errors are taken as independent
        between stages; errors that move together make the test conservative. Without them the stages are stacked,
        each with its own country and year effects and slopes, and errors are clustered by country across stages.

    Returns
    -------
    LockInTest
        The Wald statistic of q = stages less one restrictions: W/q against F(q, clusters − 1), or chi2(q) with weights
        and errors that are not clustered. The estimate is the first stage's slope less the last's.

    Raises
    ------
    InputError
        With fewer than two stages.
    """
    require_level(level)
    chosen = list(stage_names(panel) if stages is None else stages)
    if len(chosen) < 2 or len(set(chosen)) < len(chosen):
        raise InputError(f"slopes of {chosen} cannot be compared: give at least two different stages.")
    model = SlopeModel(capture, (position, *controls), weights, exclude=excluded(exclude), cov_type=cov_type)
    slopes = _stacked(panel, chosen, model) if weights is None else _separate(panel, chosen, model)
    return _test(slopes, model, level)


def _stacked(panel: pd.DataFrame, stages: Sequence[str], model: SlopeModel) -> Slopes:
    """Fit all stages at once; point estimates are those of the stages alone, the covariance is joint."""
    parts = []
    for stage in stages:
        frame, _ = stage_sample(panel, stage, model)
        part = frame[[model.capture]].copy()
        for other in stages:
            for name in model.regressors:
                part[f"{name} | {other}"] = frame[name] if other == stage else 0.0
        part["stage"] = stage
        part["country"] = part.index.get_level_values("country")
        part["entity"] = part["country"] + " | " + stage
        part["year"] = part.index.get_level_values("year")
        parts.append(part.reset_index(drop=True))
    stacked = pd.concat(parts).set_index(["entity", "year"])
    names = [f"{name} | {stage}" for stage in stages for name in model.regressors]
    fit = twoway(stacked, model.capture, names, what="slopes of the stages", group="stage")
    keep = [f"{model.regressors[0]} | {stage}" for stage in stages]
    cov = pd.DataFrame(fit.cov.loc[keep, keep].to_numpy(), index=list(stages), columns=list(stages))
    return Slopes(fit.params[keep].set_axis(list(stages)), cov, fit.df, fit.nobs, fit.ncountries)


def _separate(panel: pd.DataFrame, stages: Sequence[str], model: SlopeModel) -> Slopes:
    fits = [fit_stage(panel, stage, model) for stage in stages]
    cov = pd.DataFrame(np.diag([fit.std_error**2 for fit in fits]), index=list(stages), columns=list(stages))
    params = pd.Series([fit.slope for fit in fits], index=list(stages))
    df = min(np.inf if fit.df is None else fit.df for fit in fits)
    return Slopes(params, cov, df, sum(fit.nobs for fit in fits), max(fit.ncountries for fit in fits))


def _test(slopes: Slopes, model: SlopeModel, level: float) -> LockInTest:
    from scipy import stats

    stages, cov = list(slopes.params.index), slopes.cov
    first, last = stages[0], stages[-1]
    statistic, q = wald(slopes, np.hstack([-np.ones((len(stages) - 1, 1)), np.eye(len(stages) - 1)]))
    large = np.isinf(slopes.df)
    value = statistic if large else statistic / q
    pvalue = float((stats.chi2(q) if large else stats.f(q, slopes.df)).sf(value))
    variance = cov.loc[first, first] + cov.loc[last, last] - 2 * cov.loc[first, last]
    gap = infer(
        float(slopes.params[first] - slopes.params[last]),
        float(np.sqrt(variance)),
        None if large else slopes.df,
        level=level,
    )
    return LockInTest(
        name="position–capture slopes: equal across stages",
        null=f"the slope of {model.capture} on {model.regressors[0]} is the same in all stages",
        alternative="at least one differs",
        estimate=gap.estimate,
        std_error=gap.std_error,
        conf_int=gap.conf_int,
        statistic=value,
        distribution="chi2" if large else "F",
        df=float(q),
        pvalue=pvalue,
        level=level,
        nobs=slopes.nobs,
        ncountries=slopes.ncountries,
        sentence=_sentence(slopes, gap, pvalue, level),
        details={"coefficients": slopes.to_frame()},
        quantity=_quantity(first, last, q),
    )


def _quantity(first: str, last: str, differences: int) -> str:
    jointly = "" if differences == 1 else f", one of {differences} differences tested jointly"
    return f"{first} slope less {last} slope{jointly}"


def _sentence(slopes: Slopes, gap: Inference, pvalue: float, level: float) -> str:
    listed = ", ".join(f"{stage} {number(value)}" for stage, value in slopes.params.items())
    stated = f"Slopes by stage: {listed}. {judgement(pvalue, level, 'they are equal', 'joint')}"
    if pvalue < level:
        return f"{stated}."
    low, high = (number(v) for v in gap.conf_int)
    ends = f"the {slopes.params.index[0]} slope less the {slopes.params.index[-1]} slope"
    return f"{stated}; this does not show that they are: {ends} may lie between {low} and {high}."
