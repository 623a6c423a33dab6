"""What a study says, prints and draws of the errors in its data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from gvcpos._core.labels import enumerate_labels
from gvcpos.lockin.common.wording import number, percent
from gvcpos.report import Table, frame_table
from gvcpos.report import figures as draw
from gvcpos.study.drawn_battery import drawn_lines
from gvcpos.study.drawn_panels import CELLS, WEIGHTS
from gvcpos.study.results import StudyResults
from gvcpos.study.uncertain import EFFECT, MODEL, TEST


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
    said = tuple(_said(row) + parts.get(row["parameter"], "") for row in shown.to_dict("records"))
    return (assumption, *said)


def verdict_lines(results: StudyResults) -> tuple[str, ...]:
    """Say in how many draws the verdict's tests speak for the same; nothing where none were drawn."""
    frame = results.frames.get("battery_drawn")
    return () if frame is None else drawn_lines(frame)


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
        f"the errors in the data make {percent(row['added'])} of its variance."
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
        "corrected_upper": "Upper", "added": "Data's share",
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
                "part of the variance that the published standard error does not have.",
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
