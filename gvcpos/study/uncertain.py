"""Errors in a study's data, carried to its coefficients: draws, Rubin's rules, the corrected interval."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError, GvcposWarning, SpecificationError
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos.lockin import LockInTest, Verdict
from gvcpos.spatial import SpatialPanelResults, Weights
from gvcpos.study.chain_flows import ChainFlows, ChainTraces, KeptFlows
from gvcpos.study.drawn_battery import Draw, drawn_battery, speaking
from gvcpos.study.drawn_covariates import DrawnFiles, drawn_files
from gvcpos.study.drawn_panels import (
    COVARIATES,
    SAMPLING,
    draw_panels,
    draws_tables,
    require_columns,
    sources,
    stage_errors,
    wide_tables,
)
from gvcpos.study.evidence import pull_along, upstream_slope
from gvcpos.study.inputs import Inputs
from gvcpos.study.progress import Progress
from gvcpos.study.space import fit_models
from gvcpos.study.spec import PanelBlock, StudySpec, UncertaintyBlock
from gvcpos.uncertainty import (
    Estimates,
    Propagated,
    as_estimates,
    over_draws,
)
from gvcpos.uncertainty.panels import Beside, PanelDraws, with_covariates
from gvcpos.uncertainty.redraw import Seeds

FRAMES = {
    "uncertainty": "coefficients, effects and lock-in tests with the errors assumed for the data carried to them",
    "uncertainty_draws": "the same estimates in every draw",
    "uncertainty_stages": "position and capture by stage in the last year, with standard errors",
    "battery_drawn": "what the tests that speak for their letters say on drawn data, and in how many draws",
    "uncertainty_sources": "what sampling and every source of error in the data adds to each estimate, drawn alone",
}
MODEL, EFFECT, TEST = "coefficient", "effect", "lock-in test"


def check_uncertainty(spec: StudySpec, inputs: Inputs) -> None:
    """Refuse what cannot be drawn, before anything is computed.

    Raises
    ------
    SpecificationError
        If cells of tables that are not there would have errors, a variable is none of the study's, or an index that
        is estimated from cannot be drawn.
    LabelError, InputError
        If a country or sector with a factor is not in the tables, or a column of standard errors not in its file.
    """
    block = spec.uncertainty
    if block is None:
        return
    if block.cells is not None:
        if inputs.tables is None:
            raise SpecificationError(
                "uncertainty.cells: published indices have no tables whose cells could be drawn. Set cells: null and "
                "name covariates."
            )
        tables = wide_tables(inputs)
        first = tables[tables.years[0]]
        locate(block.cells.countries, first.countries, "country of the tables (uncertainty.cells.countries)")
        locate(block.cells.sectors, first.sectors, "sector of the tables (uncertainty.cells.sectors)")
    if draws_tables(block, inputs):
        require_columns(spec, inputs)
    drawn_files(block, inputs)


def uncertainty_frames(
    spec: StudySpec,
    inputs: Inputs,
    panel: pd.DataFrame,
    W: Weights,
    *,
    models: Mapping[str, SpatialPanelResults],
    verdict: Verdict,
    flows: ChainFlows,
    drop_islands: bool,
    progress: Progress,
) -> dict[str, pd.DataFrame]:
    """Return the frames of uncertainty; nothing where the study does not ask for it.

    Raises
    ------
    EstimationError
        If an estimate fails in more than a tenth of the draws.
    """
    block = spec.uncertainty
    if block is None:
        return {}
    fitted = spec.panel.model_copy(update={"models": tuple(models)})
    estimators: dict[str, Callable[[pd.DataFrame], Any]] = {
        MODEL: partial(_coefficients, block=fitted, W=W, drop_islands=drop_islands),
        EFFECT: partial(_effects, block=fitted, W=W, drop_islands=drop_islands),
        TEST: partial(_lockin, spec=spec, W=W),
    }
    run = partial(_propagated, spec=spec, inputs=inputs, panel=panel, estimators=estimators, progress=progress)
    traced = _traced(spec, block, inputs, verdict)
    found, panels = run(block, beside=None if traced is None else traced.add)
    alone = sources(block, inputs)
    said = {COVARIATES: f"{COVARIATES} ({', '.join(block.covariates)})"}
    named = ", ".join([SAMPLING, *(said.get(name, name) for name in alone)])
    frames = {
        "uncertainty": _stacked(_frame, found).assign(sources=named),
        "uncertainty_draws": _stacked(_draws, found),
    } | dict(stage_errors(spec, block, inputs, panels))
    if block.battery and verdict.battery.runs:
        draws = _draws_of(spec, inputs, panel, panels, (lambda _: flows) if traced is None else traced.of)
        done = iter(range(1, panels.draws + 1))
        frames["battery_drawn"] = drawn_battery(
            spec, verdict, W, draws, lambda: progress("lock-in tests on drawn data", next(done), panels.draws)
        )
    if block.by_source:
        each = found if len(alone) == 1 else None
        frames["uncertainty_sources"] = _by_source(found, {name: each or run(one)[0] for name, one in alone.items()})
    return frames


def _propagated(
    block: UncertaintyBlock,
    *,
    spec: StudySpec,
    inputs: Inputs,
    panel: pd.DataFrame,
    estimators: Mapping[str, Callable[[pd.DataFrame], Any]],
    progress: Progress,
    beside: Beside | None = None,
) -> tuple[dict[str, Propagated], PanelDraws]:
    """Draw what a block draws, and estimate everything on it."""
    panels = draw_panels(spec, block, inputs, panel, progress, beside=beside)
    files = _files(spec, block, inputs, panel)
    total, done = len(estimators) * block.draws, iter(range(1, len(estimators) * block.draws + 1))
    found = {}
    for kind, estimate in estimators.items():
        found[kind] = over_draws(
            panels,
            partial(_quietly, estimate=estimate, exclude=spec.exclude),
            seed=spec.seed,
            covariates=files,
            confidence=block.confidence,
            done=lambda: progress("estimates on drawn data", next(done), total),
        )
    return found, panels


def _files(spec: StudySpec, block: UncertaintyBlock, inputs: Inputs, panel: pd.DataFrame) -> DrawnFiles | None:
    """Return the covariates to draw, for the countries and years of the study."""
    files = drawn_files(block, inputs)
    return None if files is None else replace(files, cells=_cells(panel, spec))


def _traced(spec: StudySpec, block: UncertaintyBlock, inputs: Inputs, verdict: Verdict) -> KeptFlows | None:
    """Return what keeps the flows of drawn tables; None where no tables are drawn, or no test needs them."""
    letters = [run.letter for run in speaking(verdict)] if block.battery else []
    traces = ChainTraces.of(spec, inputs.chain, letters)
    return KeptFlows(traces, spec.lockin.upstream) if traces and draws_tables(block, inputs) else None


def _draws_of(
    spec: StudySpec,
    inputs: Inputs,
    panel: pd.DataFrame,
    panels: PanelDraws,
    flows_of: Callable[[int], ChainFlows],
) -> Iterator[Draw]:
    """Give what the battery is run on, draw by draw."""
    assert spec.uncertainty is not None
    files = _files(spec, spec.uncertainty, inputs, panel)
    for d in range(panels.draws):
        yield Draw(with_covariates(panels.frame(d + 1), files, Seeds(spec.seed, d)), flows_of(d + 1))


def _stacked(lay: Callable[[str, Propagated], pd.DataFrame], found: Mapping[str, Propagated]) -> pd.DataFrame:
    return pd.concat([lay(kind, one) for kind, one in found.items()], ignore_index=True)


def _by_source(found: Mapping[str, Propagated], alone: Mapping[str, Mapping[str, Propagated]]) -> pd.DataFrame:
    """Lay out what each source adds alone: standard deviations, and their part of the sum of the variances."""
    rows = []
    for kind, whole in found.items():
        own = {SAMPLING: np.sqrt(np.diag(whole.pooled.within))}
        for name, parts in alone.items():
            between = np.diag(parts[kind].pooled.between)
            own[name] = np.sqrt((1 + 1 / parts[kind].pooled.draws) * between)
        total = np.sqrt(sum(spread**2 for spread in own.values()))
        for i, parameter in enumerate(whole.pooled.names):
            rows += [
                (kind, parameter, name, spread[i], np.nan if total[i] == 0 else (spread[i] / total[i]) ** 2)
                for name, spread in own.items()
            ]
    return pd.DataFrame(rows, columns=["what", "parameter", "source", "std_dev", "share"])


def _cells(panel: pd.DataFrame, spec: StudySpec) -> pd.DataFrame:
    kept = panel[~panel["country"].isin(spec.exclude)]
    return kept[["country", "year"]].drop_duplicates().reset_index(drop=True)


def _quietly(panel: pd.DataFrame, *, estimate: Callable[[pd.DataFrame], Any], exclude: tuple[str, ...]) -> Any:
    """Estimate without the excluded economies; what a fit warns of was told with the published data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GvcposWarning)
        return estimate(panel[~panel["country"].isin(exclude)])


def _coefficients(panel: pd.DataFrame, *, block: PanelBlock, W: Weights, drop_islands: bool) -> list[Estimates]:
    """Fit every model; parameters are named ``"sdm: rho"``."""
    fits = fit_models(panel, block, W, drop_islands=drop_islands)
    absent = [name for name in block.models if name not in fits]
    if absent:
        raise EstimationError(f"no estimate of {enumerate_labels(absent)}.")
    return [_named(name, as_estimates(fit)) for name, fit in fits.items()]


def _effects(panel: pd.DataFrame, *, block: PanelBlock, W: Weights, drop_islands: bool) -> Estimates:
    """Return direct, indirect and total effects of the main model."""
    only = block.model_copy(update={"models": (block.main,)})
    fit = fit_models(panel, only, W, drop_islands=drop_islands)[block.main]
    return _named(block.main, as_estimates(fit.effects()))


def _named(model: str, found: Estimates) -> Estimates:
    return replace(found, names=tuple(f"{model}: {name}" for name in found.names))


def _lockin(panel: pd.DataFrame, *, spec: StudySpec, W: Weights) -> list[LockInTest]:
    """Run the upstream slope and pull-through."""
    own = panel[panel["country"].isin(W.ids)]
    return [upstream_slope(own, weights=W, spec=spec), pull_along(own, spec=spec)]


def _frame(kind: str, found: Propagated) -> pd.DataFrame:
    """Lay one group of estimates out, pooled and corrected side by side."""
    pooled = found.to_frame("pooled").rename(columns={"estimate": "pooled"})
    corrected = found.to_frame("corrected")
    pooled.insert(0, "what", kind)
    pooled["corrected"] = corrected["estimate"]
    pooled["corrected_lower"], pooled["corrected_upper"] = corrected["lower"], corrected["upper"]
    # Errors in the data also make each draw noisier, so that the part between draws (fmi) is less than what they add.
    ratio = (pooled["published_se"] / pooled["std_error"].where(pooled["std_error"] > 0)) ** 2
    pooled["added"] = (1.0 - ratio).clip(lower=0.0)
    return pooled.assign(failed=len(found.failed), guarded=found.guarded, errors=found.errors)


def _draws(kind: str, found: Propagated) -> pd.DataFrame:
    """Lay the estimates of every draw out, one row a draw and parameter."""
    long = found.estimates.rename_axis(columns="parameter").stack().rename("estimate").reset_index()
    errors = found.std_errors.rename_axis(columns="parameter").stack().rename("std_error").reset_index()
    long["std_error"] = errors["std_error"]
    long.insert(0, "what", kind)
    return long
