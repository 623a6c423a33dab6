"""What a study draws: panels of tables with errors in cells and split weights, and which sources of error there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gvcpos._core.errors import SpecificationError
from gvcpos._core.labels import enumerate_labels
from gvcpos.study.inputs import Inputs
from gvcpos.study.leaders import DRAWS, drawn_shares
from gvcpos.study.names import variables
from gvcpos.study.progress import Progress
from gvcpos.study.spec import StudySpec, UncertaintyBlock
from gvcpos.tables import TableSeries
from gvcpos.uncertainty import CellErrors, SamePanel, drawn_panels, first_order_uncertainty, stage_derivatives
from gvcpos.uncertainty.panels import Beside, DrawnPanels, PanelDraws

CELLS, WEIGHTS, COVARIATES, SAMPLING = "table cells", "split weights", "covariates", "sampling"


def sources(block: UncertaintyBlock, inputs: Inputs) -> dict[str, UncertaintyBlock]:
    """Return every source of error in the data that a study draws, and the block that draws it alone."""
    none: dict[str, Any] = {"cells": None, "split_weights": False, "covariates": {}}
    have = {
        CELLS: ("cells", block.cells is not None),
        WEIGHTS: ("split_weights", inputs.split is not None and block.split_weights),
        COVARIATES: ("covariates", bool(block.covariates)),
    }
    return {
        name: block.model_copy(update=none | {key: getattr(block, key)}) for name, (key, drawn) in have.items() if drawn
    }


def wide_tables(inputs: Inputs) -> TableSeries:
    """Return the tables whose cells are drawn: as published, before a split."""
    return inputs.series if inputs.split is None else inputs.split.wide


def draws_tables(block: UncertaintyBlock, inputs: Inputs) -> bool:
    """Whether cells or split weights have errors, so that tables are drawn."""
    return bool({CELLS, WEIGHTS} & set(sources(block, inputs)))


def draw_panels(
    spec: StudySpec,
    block: UncertaintyBlock,
    inputs: Inputs,
    panel: pd.DataFrame,
    progress: Progress,
    *,
    beside: Beside | None = None,
) -> PanelDraws:
    """Draw the panels, or take the study's own where no tables are drawn; `beside` as of `drawn_panels`."""
    if not draws_tables(block, inputs):
        said = f"tables taken as exact, assumed errors of {enumerate_labels(list(block.covariates))}"
        return SamePanel(panel.drop(columns=[c for c in variables(inputs) if c in panel]), block.draws, said)
    tables = wide_tables(inputs)
    total = block.draws * len(tables.years)
    done = iter(range(1, total + 1))
    found = drawn_panels(
        tables,
        inputs.chain,
        CellErrors(0.0) if block.cells is None else block.cells.assumed(),
        draws=block.draws,
        seed=spec.seed,
        split=_split(inputs, drawn=WEIGHTS in sources(block, inputs)),
        beside=beside,
        on_table=lambda: progress("drawn tables", next(done), total),
    )
    return replace(found, attrs={**found.attrs, "errors": errors_text(block, inputs)})


def _split(inputs: Inputs, *, drawn: bool) -> Any:
    """Return what cuts a drawn table, with weights of its own or the central ones; None without a split."""
    if inputs.split is None:
        return None
    split = inputs.split
    return split.drawn if drawn else lambda table, _: split.drawn(table, None)


def errors_text(block: UncertaintyBlock, inputs: Inputs) -> str:
    """Say what is assumed of tables and split weights."""
    cells = "tables' cells taken as exact" if block.cells is None else block.cells.assumed().text
    if inputs.split is None:
        return cells
    weights = inputs.split.block.text if block.split_weights else "split weights taken as exact"
    return f"{cells}; {weights}"


def require_columns(spec: StudySpec, inputs: Inputs) -> None:
    """Raise SpecificationError for an index that the study estimates from and drawn tables do not have."""
    first = inputs.series[inputs.series.years[0]]
    known = drawn_panels([first], inputs.chain, CellErrors(0.0), draws=0).frame(0).columns
    used = (spec.panel.dependent, *spec.panel.regressors, spec.lockin.capture, spec.lockin.position)
    have = {*known, *variables(inputs)}
    absent = [name for name in dict.fromkeys((*used, *spec.lockin.controls)) if name not in have]
    if absent:
        raise SpecificationError(
            f"uncertainty: {enumerate_labels(absent)} cannot be drawn with the tables. What can: "
            f"{enumerate_labels(known[3:], 60)}. Estimate from these, or leave uncertainty out."
        )


def stage_errors(
    spec: StudySpec, block: UncertaintyBlock, inputs: Inputs, panels: PanelDraws
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give what draws say of stages: shares by draw, and standard errors of the last year's position and capture.

    These are of first order, or of the draws of a split.
    """
    if isinstance(panels, DrawnPanels):
        yield DRAWS, drawn_shares(panels)
    wanted = list(dict.fromkeys((spec.lockin.position, spec.lockin.capture, "va_share")))
    if not block.stages:
        return
    if inputs.split is not None and isinstance(panels, DrawnPanels):
        yield "uncertainty_stages", _of_draws(panels, wanted, block.confidence)
    elif inputs.split is None and block.cells is not None and block.cells.closure == "residual":
        table = inputs.series[inputs.series.years[-1]]
        known = [name for name in wanted if name in stage_derivatives()]
        options: dict[str, Any] = {"indices": known, "chain": inputs.chain, "confidence": block.confidence}
        yield "uncertainty_stages", first_order_uncertainty(table, block.cells.assumed(), **options)


def _of_draws(panels: DrawnPanels, wanted: list[str], confidence: float) -> pd.DataFrame:
    """Lay the spread of the draws out as `gvcpos.uncertainty.index_uncertainty` does, one row a stage and index."""
    last = max(panels.years)
    frames = [frame[frame["year"] == last] for frame in map(panels.frame, range(panels.draws + 1))]
    tail = (1 - confidence) / 2
    parts = []
    for name in wanted:
        values = np.stack([frame[name].to_numpy(float) for frame in frames])
        published, drawn = values[0], values[1:]
        there = np.isfinite(published) & np.isfinite(drawn).all(axis=0)
        columns = {"mean": drawn.mean(axis=0), "std_error": drawn.std(axis=0, ddof=1)}
        columns["lower"], columns["upper"] = np.quantile(drawn, [tail, 1 - tail], axis=0)
        columns = {key: np.where(there, column, np.nan) for key, column in columns.items()}
        rows = frames[0][["country", "stage", "year"]].assign(index=name, estimate=published, **columns)
        parts.append(rows.assign(bias=rows["mean"] - published, draws=np.where(there, len(drawn), 0)))
    order = ["country", "stage", "year", "index", "estimate", "mean", "bias", "std_error", "lower", "upper", "draws"]
    return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)[order]
