"""Figures of lock-in tests: the smile curve by year, trajectories of position by stage, where value added ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate
from gvcpos.report.figures.style import (
    DARK,
    GREY,
    MARKERS,
    PALETTE,
    finish,
    legend_below_title,
    need_columns,
    new_figure,
    percent,
    style,
)
from gvcpos.report.figures.time import country_lines

_LARGEST = 160.0
_PER_ROW = 3


def smile_curves(
    points: pd.DataFrame,
    fitted: pd.DataFrame,
    *,
    years: Sequence[int] | None = None,
    curves: pd.DataFrame | None = None,
    highlight: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    title: str = "The smile curve: what is kept along the chain",
    xlabel: str = "Distance to final use (stages)",
    ylabel: str = "Value added / output (%)",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw country-sectors on the chain and the fitted curve, one panel a year.

    Parameters
    ----------
    points : DataFrame
        ``details["points"]`` of `smile_curve`: country, year, distance, va_rate, weight; areas follow the weights.
    fitted : DataFrame
        ``details["fitted"]``: year, distance, va_rate.
    years : sequence of int, optional
        Panels; default the first, the middle and the last.
    curves : DataFrame, optional
        ``details["curves"]``: troughs and their intervals are marked where they are bounded.
    highlight : sequence of str
        Countries in colour.

    Raises
    ------
    LabelError
        If a column, a year or a country is missing.
    """
    need_columns(points, "country", "year", "distance", "va_rate", "weight")
    need_columns(fitted, "year", "distance", "va_rate")
    known = sorted(int(y) for y in points["year"].unique())
    panels = [int(y) for y in years] if years is not None else sorted({known[0], known[len(known) // 2], known[-1]})
    locate(panels, known, "years of the figure")
    locate(highlight, list(dict.fromkeys(points["country"].astype(str))), "countries of the figure")
    with style():
        fig, grid = _grid(len(panels), xlabel)
        for ax, year in zip(grid.ravel(), panels, strict=False):
            data = points[points["year"] == year]
            _bubbles(ax, data, highlight)
            line = fitted[fitted["year"] == year]
            ax.plot(line["distance"], line["va_rate"], color=DARK, linewidth=1.8, zorder=4)
            if curves is not None:
                _trough(ax, curves[curves["year"] == year])
            ax.set_title(str(year))
            percent(ax)
            ax.xaxis.set_major_locator(MaxNLocator(5))
        for row in grid:
            row[0].set_ylabel(ylabel)
        _frame_points(grid[0, 0], points[points["year"].isin(panels)])
        there = curves is not None and bool(curves.loc[curves["year"].isin(panels), "trough"].notna().any())
        legend_below_title(fig, _smile_handles([(names or {}).get(c, c) for c in highlight], there))
        return finish(fig, title=title, source=source, synthetic=synthetic)


def _grid(count: int, xlabel: str) -> tuple[Figure, np.ndarray]:
    """Lay out panels with common axes, at most three a row, shape (rows, columns)."""
    rows = -(-count // _PER_ROW)
    fig = new_figure(1.2 + 2.6 * rows, legend=True, xlabel=xlabel)
    grid = fig.subplots(rows, min(count, _PER_ROW), sharex=True, sharey=True, squeeze=False)
    for ax in grid.ravel()[count:]:
        ax.remove()
    for ax in grid.ravel()[:count][-grid.shape[1] :]:
        ax.tick_params(labelbottom=True)  # also above a panel that is not there
    return fig, grid


def _bubbles(ax: Axes, data: pd.DataFrame, highlight: Sequence[str]) -> None:
    for i, country in enumerate([None, *highlight]):
        own = data[~data["country"].isin(highlight)] if country is None else data[data["country"] == country]
        size = _LARGEST * np.sqrt(own["weight"].to_numpy(float) / float(data["weight"].max()))
        colour = GREY if country is None else PALETTE[(i - 1) % len(PALETTE)]
        marker = "o" if country is None else MARKERS[(i - 1) % len(MARKERS)]
        ax.scatter(
            own["distance"], own["va_rate"], s=size, color=colour, marker=marker, alpha=0.55, linewidths=0, zorder=2 + i
        )


def _frame_points(ax: Axes, points: pd.DataFrame) -> None:
    """Show the range in which nearly all income is earned: a few tiny cells lie far out."""
    ordered = points.sort_values("distance", kind="stable")
    below = ordered["weight"].cumsum().to_numpy() / ordered["weight"].sum()
    low, high = (float(ordered["distance"].to_numpy()[min(int(np.searchsorted(below, q)), len(below) - 1)])
                 for q in (0.005, 0.995))  # fmt: skip
    room = 0.05 * max(high - low, 1e-6)
    ax.set_xlim(low - room, high + room)
    ax.set_ylim(0, 1)


def _trough(ax: Axes, row: pd.DataFrame) -> None:
    """Mark a trough and its interval on the axis, as far as the axis reaches."""
    if row.empty or not np.isfinite(float(row["trough"].iloc[0])):
        return
    ax.plot(row["trough"], [0.03], marker="v", color=DARK, markersize=6, zorder=5, clip_on=True)
    if bool(row["trough_bounded"].iloc[0]):
        ax.plot(row[["trough_low", "trough_high"]].iloc[0], [0.03, 0.03], color=DARK, linewidth=1.2, zorder=5)


def _smile_handles(shown: Sequence[str], trough: bool) -> list[Line2D]:
    handles = [_dot(PALETTE[i % len(PALETTE)], MARKERS[i % len(MARKERS)], name) for i, name in enumerate(shown)]
    handles.append(_dot(GREY, "o", "other country-sectors" if shown else "a country-sector, size by income"))
    handles.append(Line2D([], [], color=DARK, linewidth=1.8, label="fitted curve"))
    if trough:
        handles.append(
            Line2D([], [], color=DARK, marker="v", markersize=6.0, linewidth=1.2, label="trough and interval")
        )
    return handles


def _dot(colour: str, marker: str, label: str) -> Line2D:
    return Line2D([], [], linestyle="none", marker=marker, color=colour, markeredgewidth=0, alpha=0.7, label=label)


def position_trajectories(
    frame: pd.DataFrame,
    countries: Sequence[str],
    stages: Sequence[str] | None = None,
    *,
    position: str = "upstreamness",
    names: Mapping[str, str] | None = None,
    title: str = "Position over the years",
    ylabel: str = "Upstreamness (stages to final use)",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw countries' positions over the years, one panel a stage.

    Parameters
    ----------
    frame : DataFrame
        A chain's panel: country, stage, year and `position`.
    countries : sequence of str
        Countries in colour; all others are grey.
    stages : sequence of str, optional
        Panels in order; all stages as they come by default.

    Raises
    ------
    LabelError
        If a column, a stage or a country is missing.
    InputError
        If a country has two rows for a stage and year.
    """
    need_columns(frame, "country", "stage", "year", position)
    have = list(dict.fromkeys(frame["stage"].astype(str)))
    panels = list(stages) if stages is not None else have
    locate(panels, have, "stages of the figure")
    locate(countries, list(dict.fromkeys(frame["country"].astype(str))), "countries of the figure")
    if frame.duplicated(["country", "stage", "year"]).any():
        raise InputError("a country has two rows for a stage and year. Give each once.")
    with style():
        fig = new_figure(3.6)
        axes = fig.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for ax, stage in zip(axes, panels, strict=True):
            ax.set_title(stage.capitalize())
            ax.set_xlabel("Year")
        axes[0].set_ylabel(ylabel)
        shown = frame[frame["stage"].isin(panels)]
        axes[0].set_ylim(*_padded(shown[position].to_numpy(float)))
        for ax, stage in zip(axes, panels, strict=True):
            country_lines(ax, shown[shown["stage"] == stage], position, countries, names)
            ax.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=2))
        return finish(fig, title=title, source=source, synthetic=synthetic)


def own_share_lines(
    frame: pd.DataFrame,
    countries: Sequence[str],
    *,
    share: str = "own_share",
    names: Mapping[str, str] | None = None,
    title: str = "Early-stage value added that ends in own late-stage products",
    ylabel: str = "Own share of late-stage products (%)",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw the own share of structural pull-through over the years.

    Parameters
    ----------
    frame : DataFrame
        ``details["countries"]`` of `structural_pull_through`: country, year and `share`.
    countries : sequence of str
        Countries in colour; all others are grey.

    Raises
    ------
    LabelError
        If a column or a country is missing.
    """
    need_columns(frame, "country", "year", share)
    locate(countries, list(dict.fromkeys(frame["country"].astype(str))), "countries of the figure")
    with style():
        fig = new_figure(3.8, legend=True)
        ax = fig.add_subplot()
        ax.set(xlabel="Year", ylabel=ylabel)
        percent(ax)
        ax.set_ylim(*_padded(np.append(frame[share].to_numpy(float), 0.0)))
        country_lines(ax, frame, share, countries, names)
        legend_below_title(fig, [
            Line2D([], [], color=DARK, marker="o", markersize=3.5, label="named countries"),
            Line2D([], [], color=GREY, linewidth=1.2, label="all other countries"),
        ])  # fmt: skip
        return finish(fig, title=title, source=source, synthetic=synthetic)


def _padded(values: np.ndarray) -> tuple[float, float]:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = 0.05 * max(high - low, 1e-6)
    return low - (room if low < 0 or low > room else 0.0), high + room
