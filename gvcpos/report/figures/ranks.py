"""Figure of ranks over years, with the sets that hold them."""

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
    MARKERS,
    PALETTE,
    finish,
    label_ends,
    legend_below_title,
    need_columns,
    new_figure,
    style,
)

_BESIDE = 0.11  # years between the marks of two countries, so that their sets do not hide each other


def rank_lines(
    frame: pd.DataFrame,
    *,
    leaders: int | Sequence[str] = 5,
    names: Mapping[str, str] | None = None,
    title: str | None = None,
    ylabel: str = "Rank by share of stage value added",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw the ranks of the leading countries over the years, each with its set; the first is on top.

    Parameters
    ----------
    frame : DataFrame
        One stage: columns country, year, rank, rank_low and rank_high (NaN where a rank has no set), as of
        ``lockin.dominance_ranks``.
    leaders : int or sequence of str
        How many of the last year's first to draw, or which countries.
    title : str, optional
        By default it names the stage, if the frame has a column stage.

    Raises
    ------
    LabelError
        If a column or a named country is missing.
    InputError
        If a country has two rows in a year, as with several stages.
    """
    need_columns(frame, "country", "year", "rank", "rank_low", "rank_high")
    if frame.duplicated(["country", "year"]).any():
        raise InputError("a country has two rows in a year. Give the rows of one stage only.")
    chosen = _first(frame, leaders)
    stage = f"{frame['stage'].iloc[0]} " if "stage" in frame.columns and len(frame) else ""
    with style():
        fig = new_figure(4.1, legend=True)
        ax = fig.add_subplot()
        ends, sets = _draw(ax, frame, chosen)
        ax.set(xlabel="Year", ylabel=ylabel)
        ax.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=2))
        ax.xaxis.set_major_formatter(lambda year, _: f"{year:.0f}")
        ax.yaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
        ax.yaxis.set_major_formatter(lambda place, _: f"{-place:.0f}" if place <= -1 else "")
        ax.margins(y=0.08)
        label_ends(
            ax, ends, [(names or {}).get(c, c) for c in chosen], [PALETTE[i % len(PALETTE)] for i in range(len(chosen))]
        )
        marks = [Line2D([], [], color=DARK, marker="o", markersize=3.5, label="rank")]
        bar = Line2D([], [], color=DARK, alpha=0.45, linewidth=2.4, label="set of ranks")
        legend_below_title(fig, [*marks, bar] if sets else marks)
        heading = f"Ranks in the {stage}stage" if title is None else title
        return finish(fig, title=heading, source=source, synthetic=synthetic)


def _first(frame: pd.DataFrame, leaders: int | Sequence[str]) -> list[str]:
    """Return the countries to draw."""
    if not isinstance(leaders, int):
        locate(leaders, list(dict.fromkeys(frame["country"].astype(str))), "countries of the figure")
        return list(leaders)
    last = frame[frame["year"] == frame["year"].max()].sort_values("rank", kind="stable")
    return last["country"].astype(str).head(leaders).tolist()


def _draw(ax: Axes, frame: pd.DataFrame, chosen: Sequence[str]) -> tuple[list[tuple[float, float]], bool]:
    """Draw lines, marks and sets side by side; return where the lines end, and whether any rank has a set."""
    ends, sets = [], False
    for i, country in enumerate(chosen):
        data = frame[frame["country"] == country].sort_values("year", kind="stable")
        colour = PALETTE[i % len(PALETTE)]
        place = data["year"].to_numpy(float) + _BESIDE * (i - (len(chosen) - 1) / 2)
        low, high = data["rank_low"].to_numpy(float), data["rank_high"].to_numpy(float)
        known = np.isfinite(low) & np.isfinite(high)
        sets |= bool(known.any())
        ax.vlines(place[known], -high[known], -low[known], color=colour, alpha=0.45, linewidth=2.4, zorder=2)
        ranks = -data["rank"].to_numpy(float)  # so that the first is on top
        ax.plot(place, ranks, color=colour, marker=MARKERS[i % len(MARKERS)], markersize=3.5, zorder=3)
        ends.append((float(place[-1]), float(ranks[-1])))
    return ends, sets
