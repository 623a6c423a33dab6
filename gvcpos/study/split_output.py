"""What a study's split writes: plain against split indices, what part is the chain's own, weights, residuals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from gvcpos.accounting import ValueAddedAccounts
from gvcpos.chains import gvc_panel
from gvcpos.chains.split.comparison import MEASURES, compare_panels
from gvcpos.lockin.common.wording import percent
from gvcpos.report import Table, frame_table
from gvcpos.report import figures as draw
from gvcpos.study.inputs import Inputs
from gvcpos.study.progress import Progress
from gvcpos.study.results import StudyResults
from gvcpos.study.splitting import StudySplit
from gvcpos.uncertainty.redraw import whole_countries

FRAMES = {
    "split_comparison": "indices of wide sectors and of the chain's own part of them, and what part it is",
    "split_parts": "what part of the world's plain stage is the chain's own, by year",
    "split_weights": "what the chain makes of every wide sector, on what evidence, how sure",
    "split_linkage": "how much of a stage's own part goes to the own part of a stage: asked, balanced",
    "split_residuals": "sales by destination: as the data have them, as they fit, balanced",
}
CAPTIONS = {
    "split_side_by_side": "Position of the wide sectors and of the chain's own part of them, last year",
    "split_parts": "What part of the plain stage's output, value added and exports is the chain's own, last year",
    "split_weights": "The chain's share of every wide sector's output: estimate, 50 and 95 % of the draws, last year",
}
DRAWS = 200
_PARTS = ("x", "va", "exports")


def split_frames(
    split: StudySplit | None, panel: pd.DataFrame, progress: Progress, *, tolerance: float | None = None
) -> dict[str, pd.DataFrame]:
    """Return the frames of a split; nothing where the study does not ask for one.

    Parameters
    ----------
    split : StudySplit or None
        With the splits of all years made.
    panel : DataFrame
        Of the own parts.
    progress : Progress
    tolerance : float, optional
        Identity error of the wide tables to accept.
    """
    if split is None:
        return {}
    plain = plain_panel(split, progress, tolerance=tolerance)
    measures = [name for name in MEASURES if name in panel]
    frames = {"split_comparison": compare_panels(plain, panel, measures), "split_parts": world_parts(plain, panel)}
    for name in ("weights", "linkage", "residuals"):
        made = [split.frames[year][name] for year in split.wide.years]
        frames[f"split_{name}"] = pd.concat(made, ignore_index=True)
    return frames


def plain_panel(split: StudySplit, progress: Progress, *, tolerance: float | None = None) -> pd.DataFrame:
    """Return the panel of the wide sectors, year by year."""
    total = len(split.wide.years)
    done = iter(range(1, total + 1))
    accounts = (ValueAddedAccounts(table, tolerance=tolerance) for table in split.wide)
    return gvc_panel(accounts, split.plain, on_year=lambda _: progress("plain indices", next(done), total))


def world_parts(plain: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Return stage, year, and the own part of the world's output, value added and exports of the plain stage."""
    keys = ["stage", "year"]
    whole = plain.groupby(keys, sort=False)[list(_PARTS)].sum()
    part = own.groupby(keys, sort=False)[list(_PARTS)].sum().reindex(whole.index, fill_value=0.0)
    return (part / whole).add_suffix("_part").reset_index()


def split_lines(frames: Mapping[str, pd.DataFrame]) -> tuple[str, ...]:
    """Say how much of the plain measure is the chain at all, and how far the data had to move."""
    if "split_parts" not in frames:
        return ()
    parts, moved = frames["split_parts"], frames["split_residuals"]
    last = parts[parts["year"] == parts["year"].max()]
    said = [
        f"{row.stage} {percent(row.x_part)} of output, {percent(row.va_part)} of value added and "
        f"{percent(row.exports_part)} of exports"
        for row in last.itertuples()
    ]
    asked = moved.dropna(subset=["asked"])
    off = (asked["balanced"] - asked["asked"]).abs().sum() / asked["asked"].sum()
    return (
        f"The chain's own part of the world's wide sectors in {last['year'].iloc[0]}: {'; '.join(said)}. All that "
        "follows is of the own parts; a country without the good has none, and leaves what is estimated.",
        f"Balancing moved {percent(off)} of the exports in the trade data. Where split.stages gives no va_rate, an own "
        "part keeps the value-added rate of its wide sector, country by country: capture is then the wide sector's.",
    )


def split_tables(results: StudyResults) -> Iterator[tuple[str, Table]]:
    """Make the printed table: plain and split indices of the highlighted countries in the last year."""
    if "split_comparison" not in results.frames:
        return
    frame = results.frames["split_comparison"]
    shown = list(results.spec.report.countries)
    last = frame[(frame["year"] == frame["year"].max()) & frame["country"].isin(shown)]
    position, capture = (_measure(frame, name) for name in (results.spec.lockin.position, results.spec.lockin.capture))
    sides = [f"{name}_{side}" for name in dict.fromkeys((position, capture, "va_share")) for side in ("plain", "split")]
    columns = ["country", "stage", "x_part", "va_part", "exports_part", *sides]
    yield (
        "split",
        frame_table(
            last,
            caption=f"Wide sectors (plain) and the chain's own part of them (split), {frame['year'].max()}",
            columns=columns,
            digits=3,
            label="tab:split",
            notes=("x_part, va_part, exports_part: what part of the plain stage is the chain's own.",),
            synthetic=results.synthetic,
        ),
    )


def _measure(frame: pd.DataFrame, name: str) -> str:
    """Return a measure of the comparison: the one asked for, or upstreamness."""
    return name if f"{name}_plain" in frame else "upstreamness"


def split_figures(
    results: StudyResults, inputs: Inputs, look: dict[str, Any]
) -> Iterator[tuple[str, Callable[[], Figure], pd.DataFrame]]:
    """Make the figures of the last year: plain and split, what part is the chain, its weights; name, drawing, data."""
    if "split_comparison" not in results.frames or inputs.split is None:
        return
    frame = results.frames["split_comparison"]
    last = frame[frame["year"] == frame["year"].max()]
    measure = _measure(frame, results.spec.lockin.position)
    yield "split_side_by_side", partial(draw.split_side_by_side, last, measure, **look), last
    yield "split_parts", partial(draw.split_parts, last, **look), last
    split = inputs.split
    drawn = split.weights(whole_countries(split.wide[split.wide.years[-1]])).draw_shares(DRAWS, seed=results.spec.seed)
    yield "split_weights", partial(draw.split_weights, drawn, **look), drawn
