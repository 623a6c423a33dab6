"""Figures along the chain: position against capture at each stage, and the profile over stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate
from gvcpos.report.figures.style import (
    DARK,
    GREY,
    MARKERS,
    PALETTE,
    finish,
    label_ends,
    legend_below_title,
    need_columns,
    new_figure,
    percent,
    style,
)


def position_capture(
    frame: pd.DataFrame,
    stages: Sequence[str] | None = None,
    *,
    slopes: Mapping[str, float] | None = None,
    highlight: Sequence[str] = (),
    position: str = "upstreamness",
    capture: str = "va_rate",
    names: Mapping[str, str] | None = None,
    title: str = "Position and capture, country and year means taken out",
    xlabel: str = "Upstreamness (stages to final use)",
    ylabel: str = "Value added / output (% points)",
    slope_label: str = "estimated slope",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw position against capture, one panel a stage, one dot a country and year.

    Parameters
    ----------
    frame : DataFrame
        Columns country, stage, `position` and `capture` (a fraction of one) with the means of countries and years
        taken out, as ``details["within"]`` of a slope test holds them: a slope estimated within countries belongs
        in their cloud, not in that of the levels.
    stages : sequence of str, optional
        Panels in order; all stages as they come by default.
    slopes : mapping, optional
        Stage to the estimated slope of capture on position; its line runs through the mean of the dots.
    highlight : sequence of str
        Countries with colours and marks of their own, named in the legend.
    slope_label : str
        What the legend calls the line: a slope that holds neighbours or controls fixed need not be the best line
        through the dots.

    Raises
    ------
    LabelError
        If a column, stage or highlighted country is missing.
    """
    need_columns(frame, "country", "stage", position, capture)
    have = list(dict.fromkeys(frame["stage"].astype(str)))
    panels = list(stages) if stages is not None else have
    locate(panels, have, "stages of the figure")
    locate(highlight, list(dict.fromkeys(frame["country"].astype(str))), "countries of the figure")
    with style():
        fig = new_figure(3.7, legend=True, xlabel=xlabel)
        axes = fig.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for ax, stage in zip(axes, panels, strict=True):
            data = frame[frame["stage"] == stage]
            _dots(ax, data, (position, capture), highlight)
            ax.set_title(stage.capitalize())
            percent(ax)
            ax.margins(y=0.1)  # room for the slope above the dots
            ax.xaxis.set_major_locator(MaxNLocator(5))
            if slopes is not None and stage in slopes:
                _slope_line(ax, data[position].to_numpy(float), data[capture].to_numpy(float), slopes[stage])
        axes[0].set_ylabel(ylabel)
        shown = [(names or {}).get(country, country) for country in highlight]
        legend_below_title(fig, _dot_handles(shown, slope_label if slopes else ""))
        return finish(fig, title=title, source=source, synthetic=synthetic)


def _dots(ax: Axes, data: pd.DataFrame, columns: tuple[str, str], highlight: Sequence[str]) -> None:
    x, y = columns
    others = data[~data["country"].isin(highlight)]
    ax.plot(others[x], others[y], **_dot("o", GREY, 2.2, 0.6), zorder=1)
    for i, country in enumerate(highlight):
        own = data[data["country"] == country]
        ax.plot(own[x], own[y], **_dot(MARKERS[i % len(MARKERS)], PALETTE[i % len(PALETTE)], 3.4, 1.0), zorder=3)


def _dot(marker: str, colour: str, size: float, alpha: float) -> dict[str, Any]:
    return {
        "linestyle": "none", "marker": marker, "color": colour, "markersize": size, "alpha": alpha,
        "markeredgewidth": 0,
    }  # fmt: skip


def _dot_handles(shown: Sequence[str], slope_label: str) -> list[Line2D]:
    handles = [
        Line2D([], [], label=name, **_dot(MARKERS[i % len(MARKERS)], PALETTE[i % len(PALETTE)], 4.5, 1.0))
        for i, name in enumerate(shown)
    ]
    handles.append(Line2D([], [], label="other countries" if shown else "a country and year", **_dot("o", GREY, 4, 1)))
    if slope_label:
        handles.append(Line2D([], [], color=DARK, linewidth=1.2, linestyle="--", label=slope_label))
    return handles


def _slope_line(ax: Axes, x: np.ndarray, y: np.ndarray, slope: float) -> None:
    """Draw the line of a given slope through the middle of the dots, no wider and no higher than they."""
    kept = np.isfinite(x) & np.isfinite(y)
    if not kept.any() or not np.isfinite(slope):
        return
    middle = np.array([x[kept].mean(), y[kept].mean()])
    reach = np.array([x[kept].min(), x[kept].max()]) - middle[0]
    if slope != 0.0:
        room = np.array([y[kept].min(), y[kept].max()]) - middle[1]
        allowed = np.sort(room / slope)
        reach = np.array([max(reach[0], allowed[0]), min(reach[1], allowed[1])])
    ax.plot(middle[0] + reach, middle[1] + slope * reach, color=DARK, linewidth=1.2, linestyle="--", zorder=4)
    ax.annotate(
        f"slope {slope:+.3f}".replace("-", "−"),
        xy=(0.98, 0.98),
        xycoords="axes fraction",
        ha="right",
        va="top",
        fontsize=7.5,
        color=DARK,
        zorder=5,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )


def stage_profile(
    frame: pd.DataFrame,
    countries: Sequence[str],
    *,
    value: str = "share",
    stages: Sequence[str] | None = None,
    names: Mapping[str, str] | None = None,
    title: str | None = None,
    ylabel: str = "Share of stage value added (%)",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw a value at each stage of the chain for some countries, from first stage to last.

    Parameters
    ----------
    frame : DataFrame
        Columns country, stage and `value` (a fraction of one); one row a country and stage, so one year.
    countries : sequence of str
        Which countries to draw.
    stages : sequence of str, optional
        Stages from first to last; as they come in the frame by default.
    title : str, optional
        By default it names the year, if the frame has a column year.

    Raises
    ------
    LabelError
        If a column, stage or country is missing.
    InputError
        If a country has two rows at a stage, as with several years.
    """
    order = _checked_stages(frame, countries, value, stages)
    when = f", {frame['year'].iloc[0]}" if "year" in frame.columns and len(frame) else ""
    with style():
        fig = new_figure(3.6)
        ax = fig.add_subplot()
        wide = frame[frame["stage"].isin(order)].pivot(index="country", columns="stage", values=value)[order]
        ends, colours = [], []
        for i, country in enumerate(countries):
            row, colour = wide.loc[country].to_numpy(float), PALETTE[i % len(PALETTE)]
            ax.plot(range(len(order)), row, color=colour, marker=MARKERS[i % len(MARKERS)], markersize=5)
            ends.append((float(len(order) - 1), float(row[-1])))
            colours.append(colour)
        ax.set_xticks(range(len(order)), [s.capitalize() for s in order])
        ax.set_xlabel("Stage of the chain")
        ax.set_ylabel(ylabel)
        percent(ax)
        ax.set_ylim(bottom=min(0.0, float(np.nanmin(wide.loc[list(countries)].to_numpy(float)))))
        label_ends(ax, ends, [(names or {}).get(c, c) for c in countries], colours)
        return finish(
            fig, title=f"Profile along the chain{when}" if title is None else title, source=source, synthetic=synthetic
        )


def _checked_stages(
    frame: pd.DataFrame, countries: Sequence[str], value: str, stages: Sequence[str] | None
) -> list[str]:
    """Return the stages in order; refuse names that are not there and countries with several rows at a stage."""
    need_columns(frame, "country", "stage", value)
    locate(countries, list(dict.fromkeys(frame["country"].astype(str))), "countries of the figure")
    have = list(dict.fromkeys(frame["stage"].astype(str)))
    order = list(stages) if stages is not None else have
    locate(order, have, "stages of the figure")
    if frame.duplicated(["country", "stage"]).any():
        first = frame[frame.duplicated(["country", "stage"])].iloc[0]
        raise InputError(
            f"{first['country']} has more than one row at {first['stage']}. Give the rows of one year only."
        )
    return order
