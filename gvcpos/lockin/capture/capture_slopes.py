"""The position-capture slope: does a stage keep less of the value as it moves further upstream?

    capture_it = [ρ Σ_j w_ij capture_jt] + b position_it + controls + [spatial lags of both] + μ_i + α_t + ε_it

The smile-curve regression of Meng, Ye & Wei (2020) in panel form; the terms in brackets with spatial weights only
(spatial Durbin panel, Lee & Yu 2010). It is an association within countries over time: position and capture come from
the same table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from gvcpos._core.options import CovarianceType
from gvcpos.lockin.capture.curve_words import effect_text
from gvcpos.lockin.capture.slope_models import SlopeKind, SlopeModel, StageFit, fit_stage
from gvcpos.lockin.common.regression import PanelErrors
from gvcpos.lockin.common.results import Evidence, Inference, LockInTest, holm, infer, require_level
from gvcpos.lockin.common.sample import excluded, stage_names
from gvcpos.lockin.common.wording import interval_text, judgement, number

if TYPE_CHECKING:
    from gvcpos.spatial import Weights


def position_capture_slope(
    panel: pd.DataFrame,
    stage: str = "upstream",
    *,
    capture: str = "va_rate",
    position: str = "upstreamness",
    controls: Sequence[str] = (),
    weights: Weights | None = None,
    slope: SlopeKind = "coefficient",
    errors: PanelErrors = "clustered",
    cov_type: CovarianceType = "cluster-entity",
    exclude: Iterable[str] = ("ROW",),
    level: float = 0.05,
) -> LockInTest:
    """Test whether a stage captures less value the further upstream it moves.

    Parameters
    ----------
    panel : DataFrame
        Tidy panel of `gvc_panel`.
    stage : str
    capture, position : str
        Columns: the share of output kept as value added, and the distance to final demand.
    controls : sequence of str
        Further regressors.
    weights : Weights, optional
        With them the model is a spatial Durbin panel, without them least squares, both with country and year
        effects. Their units must be exactly the panel's countries; they are row-normalised if not normalised.
    slope : {"coefficient", "direct", "total"}
        Which slope of the Durbin model is tested: the coefficient of the own position, or the average direct or
        total effect (LeSage & Pace 2009), which include feedback through the neighbours.
    errors : {"clustered", "driscoll-kraay"}
        Without weights.
    cov_type : CovarianceType
        With weights: the covariance of `SpatialPanel.fit`. Errors clustered by country stand serial correlation and
        refer slopes to t with clusters less one degrees of freedom, others to the normal.
    exclude : iterable of str
        Countries left out; each must be in the panel, except ROW, which may be absent.
    level : float

    Returns
    -------
    LockInTest
        H0: slope ≥ 0 (no lock-in) against < 0; ``evidence`` is upgrading where > 0 is shown instead. ``details``:
        ``coefficients``; ``within``, the sample with country and year means taken out; with weights, ``effects``.

    Raises
    ------
    LabelError
        If the stage or an excluded country is unknown, rows are duplicated, or weights name other countries.
    InputError, EstimationError
        If a column is unknown; if position does not vary within countries over time.

    Warns
    -----
    DroppedRowsWarning
        Naming countries without the values (a stage without output has no rate).
    """
    require_level(level)
    model = SlopeModel(capture, (position, *controls), weights, slope, errors, excluded(exclude), cov_type)
    return _test(fit_stage(panel, stage, model), capture, position, level)


def position_capture_slopes(
    panel: pd.DataFrame,
    stages: Sequence[str] | None = None,
    *,
    capture: str = "va_rate",
    position: str = "upstreamness",
    controls: Sequence[str] = (),
    weights: Weights | None = None,
    slope: SlopeKind = "coefficient",
    errors: PanelErrors = "clustered",
    cov_type: CovarianceType = "cluster-entity",
    exclude: Iterable[str] = ("ROW",),
    level: float = 0.05,
) -> tuple[LockInTest, ...]:
    """Test the slope of several stages (default all) and adjust for their number.

    Returns
    -------
    tuple of LockInTest
        As `position_capture_slope`, one a stage; ``details["holm"]`` has the p-values adjusted by Holm (1979).
    """
    tests = [
        position_capture_slope(
            panel,
            stage,
            capture=capture,
            position=position,
            controls=controls,
            weights=weights,
            slope=slope,
            errors=errors,
            cov_type=cov_type,
            exclude=exclude,
            level=level,
        )
        for stage in (stage_names(panel) if stages is None else stages)
    ]
    if len(tests) == 1:
        return tuple(tests)
    table = pd.DataFrame({"test": [t.name for t in tests], "pvalue": [t.pvalue for t in tests]})
    table["pvalue_holm"] = holm(table["pvalue"])
    table["rejected_holm"] = table["pvalue_holm"] < level
    return tuple(replace(t, details={**t.details, "holm": table}) for t in tests)


def _test(fit: StageFit, capture: str, position: str, level: float) -> LockInTest:
    result = infer(fit.slope, fit.std_error, fit.df, level=level, alternative="less")
    reading: Evidence = "lock-in" if result.pvalue < level else "upgrading" if 1 - result.pvalue < level else "none"
    return LockInTest.of(
        result,
        name=f"position–capture slope: {fit.stage}",
        null=f"slope of {capture} on {position} in {fit.stage} ≥ 0 (no lock-in)",
        alternative="slope < 0 (lock-in)",
        level=level,
        nobs=fit.nobs,
        ncountries=fit.ncountries,
        sentence=_sentence(result, fit, capture, position, level),
        details=fit.frames,
        quantity=f"slope of {capture} on {position}" + ("" if fit.model == "ols" else f" ({fit.kind})"),
        effect=effect_text(result.estimate, capture, position),
        evidence=reading,
    )


def _sentence(result: Inference, fit: StageFit, capture: str, position: str, level: float) -> str:
    names = {"va_rate": "the value-added rate", "upstreamness": "upstreamness"}
    moved = names.get(position, position)
    kept = names.get(capture, capture)
    change = "falls" if result.estimate < 0 else "rises"
    where = "" if fit.model == "ols" else f", {fit.kind} of the spatial Durbin model"
    effect = (
        f"In the {fit.stage} stage {kept} {change} by {number(abs(result.estimate))} for one more unit of {moved} "
        f"(slope {interval_text(result, level)}{where})"
    )
    verdict = judgement(result.pvalue, level, "there is no lock-in (slope ≥ 0)", "one-sided")
    if result.pvalue < level:
        return f"{effect}. {verdict}: moving upstream goes with capturing less."
    if result.conf_int[0] > 0:
        return f"{effect}. {verdict}; the interval lies above zero, so that moving upstream goes with capturing more."
    low = number(result.conf_int[0])
    return f"{effect}. {verdict}; this does not show that there is none: slopes down to {low} fit the data as well."
