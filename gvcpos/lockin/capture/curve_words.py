"""What slopes of capture on position say in plain words and units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gvcpos.lockin.capture.turning_point import fieller_interval, lind_mehlum
from gvcpos.lockin.common.results import Inference
from gvcpos.lockin.common.wording import interval_text, judgement, number, p_text

if TYPE_CHECKING:
    from gvcpos.lockin.capture.curve_models import CurveData, CurveFit

_NAMES = {"va_rate": "the value-added rate", "upstreamness": "upstreamness"}


def effect_text(slope: float, capture: str = "va_rate", position: str = "upstreamness") -> str:
    """Say a slope in plain units: percentage points of output kept, for one more stage upstream."""
    step = "every stage further upstream" if position == "upstreamness" else f"one more unit of {position}"
    if capture == "va_rate":
        side = "less" if slope < 0 else "more"
        return f"{number(100 * abs(slope))} percentage points {side} of output kept as value added for {step}"
    return f"{number(abs(slope))} {'less' if slope < 0 else 'more'} {capture} for {step}"


def curve_sentence(
    result: Inference,
    fit: CurveFit,
    data: CurveData,
    stage: str,
    *,
    pvalues: tuple[float, float],
    level: float,
) -> str:
    """Say the marginal slope, the judgement on both sides, how it was judged, and where the curve turns."""
    capture, position = data.model.capture, data.terms[0]
    whom = "" if data.scope.kind == "world" else f" of {data.scope.name}"
    change = "falls" if result.estimate < 0 else "rises"
    said = (
        f"In the {stage} stage{whom}, at a position of {number(data.at)}, {_NAMES.get(capture, capture)} {change} by "
        f"{number(abs(result.estimate))} for one more unit of {_NAMES.get(position, position)} "
        f"(slope {interval_text(result, level)}; {fit.method})"
    )
    less, greater = pvalues
    verdict = judgement(less, level, "there is no lock-in (slope ≥ 0)", "one-sided")
    if less < level:
        told = f"{verdict}: moving upstream goes with capturing less."
    elif greater < level:
        told = f"{verdict}; that the slope is ≤ 0 is ({p_text(greater)}): moving upstream goes with capturing more."
    else:
        told = (
            f"{verdict}; this does not show that there is none: slopes from {number(result.conf_int[0])} to "
            f"{number(result.conf_int[1])} fit the data as well."
        )
    return f"{said}. {told}{_turn(fit, level)}"


def _turn(fit: CurveFit, level: float) -> str:
    curve = fit.curve
    if not np.isfinite(curve.curvature):
        return ""
    turn, (low, high) = lind_mehlum(curve), fieller_interval(curve, level)
    verb = "is shown" if turn.pvalue < level else "is not shown"
    where = (
        f" It turns at {number(curve.turning_point)} ({number(low)} to {number(high)})." if turn.pvalue < level else ""
    )
    article = "A" if turn.shape == "U" else "An"
    return f" {article} {turn.shape} within the data {verb} (Lind–Mehlum {p_text(turn.pvalue)}).{where}"
