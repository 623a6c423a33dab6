"""Errors in a study's data, carried to its coefficients: draws, Rubin's rules, the corrected interval."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gvcpos._core.errors import EstimationError, GvcposWarning, SpecificationError
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos.lockin import LockInTest
from gvcpos.lockin.common.wording import number, percent
from gvcpos.report import Table, frame_table
from gvcpos.report import figures as draw
from gvcpos.spatial import SpatialPanelResults, Weights
from gvcpos.study.drawn_covariates import drawn_files
from gvcpos.study.drawn_panels import (
    CELLS,
    COVARIATES,
    SAMPLING,
    WEIGHTS,
    draw_panels,
    require_columns,
    sources,
    stage_errors,
    wide_tables,
)
from gvcpos.study.evidence import pull_along, upstream_slope
from gvcpos.study.inputs import Inputs
from gvcpos.study.progress import Progress
from gvcpos.study.results import StudyResults
from gvcpos.study.space import fit_models
from gvcpos.study.spec import PanelBlock, StudySpec, UncertaintyBlock
from gvcpos.uncertainty import (
    Estimates,
    Propagated,
    as_estimates,
    over_draws,
)
from gvcpos.uncertainty.panels import PanelDraws

FRAMES = {
    "uncertainty": "coefficients, effects and lock-in tests with the errors assumed for the data carried to them",
    "uncertainty_draws": "the same estimates in every draw",
    "uncertainty_stages": "position and capture by stage in the last year, with standard errors",
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
    drawn = sources(block, inputs)
    if {CELLS, WEIGHTS} & set(drawn):
        require_columns(spec, inputs)
    drawn_files(block, inputs)


def uncertainty_frames(
    spec: StudySpec,
    inputs: Inputs,
    panel: pd.DataFrame,
    W: Weights,
    *,
    models: Mapping[str, SpatialPanelResults],
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
    found, panels = run(block)
    alone = sources(block, inputs)
    said = {COVARIATES: f"{COVARIATES} ({', '.join(block.covariates)})"}
    named = ", ".join([SAMPLING, *(said.get(name, name) for name in alone)])
    frames = {
        "uncertainty": _stacked(_frame, found).assign(sources=named),
        "uncertainty_draws": _stacked(_draws, found),
    } | dict(stage_errors(spec, block, inputs, panels))
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
) -> tuple[dict[str, Propagated], PanelDraws]:
    """Draw what a block draws, and estimate everything on it."""
    panels = draw_panels(spec, block, inputs, panel, progress)
    files = drawn_files(block, inputs)
    files = None if files is None else replace(files, cells=_cells(panel, spec))
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
    return pooled.assign(failed=len(found.failed), guarded=found.guarded, errors=found.errors)


def _draws(kind: str, found: Propagated) -> pd.DataFrame:
    """Lay the estimates of every draw out, one row a draw and parameter."""
    long = found.estimates.rename_axis(columns="parameter").stack().rename("estimate").reset_index()
    errors = found.std_errors.rename_axis(columns="parameter").stack().rename("std_error").reset_index()
    long["std_error"] = errors["std_error"]
    long.insert(0, "what", kind)
    return long


def uncertainty_lines(results: StudyResults) -> tuple[str, ...]:
    """Say what is assumed, and what it does to the main slope and the lock-in tests."""
    if "uncertainty" not in results.frames:
        return ()
    frame, block = results.frames["uncertainty"], results.spec.uncertainty
    assert block is not None  # there is no frame without the block
    first = frame.iloc[0]
    names = [f"{results.spec.panel.main}: {results.spec.panel.regressors[0]}"]
    shown = frame[frame["parameter"].isin(names) | (frame["what"] == TEST)]
    errors = [f"{name} ({e})" for name, e in block.covariates.items()]
    tables = any(name in first["sources"] for name in (CELLS, WEIGHTS))
    also = f"; covariates {enumerate_labels(errors)}" if errors and tables else ""
    guarded = f" Value added was kept positive in {percent(first['guarded'])} of cells." if first["guarded"] else ""
    assumption = f"{first['errors'][:1].upper()}{first['errors'][1:]}{also}; {first['draws']} draws.{guarded}"
    assumption += f" Sources of uncertainty: {first['sources']}."
    parts = _parts(results.frames.get("uncertainty_sources"))
    return (assumption, *(_said(row) + parts.get(row["parameter"], "") for row in shown.to_dict("records")))


def _parts(frame: pd.DataFrame | None) -> dict[str, str]:
    """Say by parameter how much of its variance each source makes, where the sources were drawn alone."""
    if frame is None:
        return {}
    words = frame.assign(said=[f"{s} {percent(p)}" for s, p in zip(frame["source"], frame["share"], strict=True)])
    return {
        str(name): f" Alone: {', '.join(rows['said'])} of the variance." for name, rows in words.groupby("parameter")
    }


def _said(row: Mapping[Any, Any]) -> str:
    wider = f"{row['std_error'] / row['published_se']:.2f} times" if row["published_se"] > 0 else "not"
    return (
        f"{row['parameter']}: {number(row['published'])} ({number(row['published_lower'])} to "
        f"{number(row['published_upper'])}) as published; corrected {number(row['corrected'])} "
        f"({number(row['corrected_lower'])} to {number(row['corrected_upper'])}), the standard error {wider} as large; "
        f"{percent(row['fmi'])} of what is not known is the data's."
    )


def uncertainty_tables(results: StudyResults) -> Iterator[tuple[str, Table]]:
    """Make the printed table: main model, its effects and the lock-in tests."""
    if "uncertainty" not in results.frames:
        return
    frame, main = results.frames["uncertainty"], results.spec.panel.main
    shown = frame[(frame["what"] != MODEL) | frame["parameter"].str.startswith(f"{main}: ")]
    names = {
        "parameter": "Parameter", "published": "Published", "published_se": "Std. error", "pooled": "Pooled",
        "corrected": "Corrected", "std_error": "Std. error with the data's", "corrected_lower": "Lower",
        "corrected_upper": "Upper", "fmi": "Data's share",
    }  # fmt: skip
    yield (
        "uncertainty",
        frame_table(
            shown,
            caption="Estimates with the errors assumed for the data carried to them",
            columns=list(names),
            names=names,
            digits=3,
            label="tab:uncertainty",
            notes=(
                f"{frame['errors'].iloc[0]}; {frame['draws'].iloc[0]} draws, pooled by Rubin's rules. Sources: "
                f"{frame['sources'].iloc[0]}. Corrected: one "
                "dose of error taken off the published estimate; the interval has the total variance. Data's share: "
                "fraction of missing information.",
            ),
            synthetic=results.synthetic,
        ),
    )


def uncertainty_figures(
    results: StudyResults, look: dict[str, Any]
) -> Iterator[tuple[str, Callable[[], Figure], pd.DataFrame]]:
    """Make the figure; name, drawing and the data drawn."""
    if "uncertainty" not in results.frames:
        return
    frame, main = results.frames["uncertainty"], results.spec.panel.main
    shown = frame[
        (frame["what"] != EFFECT) & (frame["parameter"].str.startswith(f"{main}: ") | (frame["what"] == TEST))
    ]
    shown = shown[shown["published_se"] > 0]
    yield "uncertainty", partial(draw.data_error_intervals, shown, **look), shown
    if "uncertainty_stages" in results.frames:
        block = results.spec.lockin
        stages = results.frames["uncertainty_stages"].query(
            "country not in @gone", local_dict={"gone": results.spec.exclude}
        )
        index = block.position if block.position in set(stages["index"]) else "va_share"
        rows = stages[(stages["index"] == index) & (stages["stage"] == block.upstream)]
        have = [c for c in results.spec.report.countries if c in set(rows["country"])]
        options = {"unit": block.upstream, "highlight": have, **look}
        yield "uncertainty_stages", partial(draw.index_intervals, rows, index, **options), rows
