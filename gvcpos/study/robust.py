"""The robustness part of a study: the position-capture slope under every choice, and without each country."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from gvcpos.chains import SectorYear
from gvcpos.lockin import LockInTest, position_capture_slope
from gvcpos.lockin.common.wording import number
from gvcpos.report import figures as draw
from gvcpos.robustness import leave_one_out, specification_curve
from gvcpos.spatial import Weights
from gvcpos.study.chain_panels import boundary_panels, lagged
from gvcpos.study.inputs import Inputs
from gvcpos.study.progress import Progress
from gvcpos.study.results import StudyResults
from gvcpos.study.spec import StudySpec
from gvcpos.study.variants import MAIN

FRAMES = {
    "specification_curve": "the upstream slope of capture on position under every combination of choices",
    "specification_choices": "how far each choice moves the estimate",
    "leave_one_out": "the same slope without each country",
}
CHOICES = ("boundary", "lag", "position", "weights", "controls", "exclude")


def robustness_frames(
    spec: StudySpec,
    inputs: Inputs,
    panel: pd.DataFrame,
    weights: Mapping[str, Weights],
    *,
    years: Sequence[SectorYear],
    progress: Progress,
) -> dict[str, pd.DataFrame]:
    """Return the frames of robustness; nothing where the study does not ask for it."""
    if spec.robustness is None:
        return {}
    block, lockin = spec.robustness, spec.lockin
    panel = panel[~panel["country"].isin(spec.exclude)]
    same: dict[str, Any] = {"stage": lockin.upstream, "capture": lockin.capture}
    same |= {"cov_type": lockin.cov_type, "level": lockin.level}
    samples = {"all": (), **{f"without {', '.join(gone)}": gone for gone in block.without}}
    panels = boundary_panels(spec, inputs, panel, years)
    choices: dict[str, Any] = {
        "boundary": list(panels),
        "lag": {"none": 0} | {f"{years} year{'s' if years > 1 else ''}": years for years in block.lags},
        "position": list(dict.fromkeys([lockin.position, *block.positions])),
        "weights": {**weights, "none": None},
        "controls": {"none": ()} | ({", ".join(lockin.controls): lockin.controls} if lockin.controls else {}),
        "exclude": samples,
    }
    curve = specification_curve(
        partial(_slope, panels),
        choices,
        on_specification=partial(progress, "specification curve"),
        **same,
    )
    left = leave_one_out(
        position_capture_slope,
        panel[panel["country"].isin(weights[MAIN].ids)],
        weights=weights[MAIN],
        exclude=(),
        on_country=partial(progress, "leave one out"),
        position=lockin.position,
        controls=lockin.controls,
        **same,
    )
    return {
        "specification_curve": curve.frame,
        "specification_choices": curve.by_choice(),
        "leave_one_out": left.frame.assign(whole=left.whole.estimate),
    }


def _slope(
    panels: Mapping[str, pd.DataFrame],
    *,
    boundary: str,
    lag: int,
    weights: Weights | None,
    exclude: tuple[str, ...],
    **rest: Any,
) -> LockInTest:
    """Run the slope on the countries of the weights, which have lost those that are excluded."""
    panel = lagged(panels[boundary], [rest["position"], *rest["controls"]], lag)
    if weights is None:
        return position_capture_slope(panel, exclude=exclude, **rest)
    return position_capture_slope(panel[panel["country"].isin(weights.ids)], weights=weights, exclude=(), **rest)


def robustness_lines(frames: Mapping[str, pd.DataFrame]) -> tuple[str, ...]:
    """Say in two sentences how much the choices and the countries matter."""
    if "specification_curve" not in frames:
        return ()
    curve, left = frames["specification_curve"], frames["leave_one_out"]
    done = curve[curve["not_estimated"] == ""]
    low, middle, high = (number(done["estimate"].agg(how)) for how in ("min", "median", "max"))
    negative, rejected = int((done["estimate"] < 0).sum()), int(done["rejected"].astype(bool).sum())
    lost = len(curve) - len(done)
    first = (
        f"Over {len(done)} specifications the slope runs from {low} to {high} (median {middle}); {negative} are "
        f"negative and {rejected} reject that there is no lock-in."
    ) + (f" {lost} could not be estimated." if lost else "")
    kept = left[left["not_estimated"] == ""]
    ends = [number(kept["estimate"].agg(how)) for how in ("min", "max")]
    second = f"Without one country it runs from {ends[0]} to {ends[1]}; {kept['country'].iloc[0]} moves it most."
    return first, second


def robustness_figures(results: StudyResults, look: dict) -> Iterator[tuple[str, Callable[[], Figure], pd.DataFrame]]:
    """Make the curve and the countries left out; name, drawing and the data drawn."""
    if "specification_curve" not in results.frames:
        return
    curve, left = results.frames["specification_curve"], results.frames["leave_one_out"]
    varied = [choice for choice in CHOICES if curve[choice].nunique() > 1]
    yield "specification_curve", partial(draw.specification_curve_plot, curve, varied, **look), curve
    whole = float(left["whole"].iloc[0])
    yield "leave_one_out", partial(draw.leave_one_out_plot, left, whole, **look), left
