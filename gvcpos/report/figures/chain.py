"""Figures along the chain: position against capture at each stage, and the profile over stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from gvcpos._core.labels import locate
from gvcpos.report.figures.style import (
    DARK,
    GREY,
    MARKERS,
    PALETTE,
    finish,
    label_ends,
    new_figure,
    percent,
    spread,
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
    title: str = "Position and capture, stage by stage",
    xlabel: str = "Upstreamness (stages to final use)",
    ylabel: str = "Value added / output (%)",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw position against capture, one panel a stage, one dot a country and year.

    Parameters
    ----------
    frame : DataFrame
        Columns country, stage, year, `position` and `capture` (a fraction of one).
    stages : sequence of str, optional
        Panels in order; all stages as they come by default.
    slopes : mapping, optional
        Stage to the estimated slope of capture on position. The line runs through the mean of the dots;
        a slope estimated within countries is flatter or steeper than the cloud, and is meant to be.
    highlight : sequence of str
        Countries drawn in colour, with a larger, named mark at their last year.

    Raises
    ------
    LabelError
        If a column, stage or highlighted country is missing.
    """
    locate(
        ("country", "stage", "year", position, capture),
        [str(c) for c in frame.columns],
        "columns of the figure's frame",
    )
    have = list(dict.fromkeys(frame["stage"].astype(str)))
    panels = list(stages) if stages is not None else have
    locate(panels, have, "stages of the figure")
    locate(highlight, list(dict.fromkeys(frame["country"].astype(str))), "countries of the figure")
    with style():
        fig = new_figure(3.5, xlabel=xlabel)
        axes = fig.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for ax, stage in zip(axes, panels, strict=True):
            data = frame[frame["stage"] == stage]
            ax.plot(data[position], data[capture], "o", color=GREY, markersize=2.2, alpha=0.6, markeredgewidth=0)
            ax.set_title(stage.capitalize())
            percent(ax)
            ax.xaxis.set_major_locator(MaxNLocator(5))
            if slopes is not None and stage in slopes:
                _slope_line(ax, data[position].to_numpy(float), data[capture].to_numpy(float), slopes[stage])
        axes[0].set_ylabel(ylabel)
        fig.draw_without_rendering()  # settles the layout that the labels are placed in
        for ax, stage in zip(axes, panels, strict=True):
            _highlight(ax, frame[frame["stage"] == stage], (position, capture), highlight, names or {})
        return finish(fig, title=title, source=source, synthetic=synthetic)


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
    ax.plot(middle[0] + reach, middle[1] + slope * reach, color=DARK, linewidth=1.2, linestyle="--", zorder=2)
    ax.annotate(
        f"slope {slope:+.3f}".replace("-", "−"),
        xy=(0.98, 0.98),
        xycoords="axes fraction",
        ha="right",
        va="top",
        fontsize=7.5,
        color=DARK,
    )


def _highlight(
    ax: Axes,
    data: pd.DataFrame,
    columns: tuple[str, str],
    highlight: Sequence[str],
    names: Mapping[str, str],
) -> None:
    ends, texts, colours = [], [], []
    for i, country in enumerate(highlight):
        path = data[data["country"] == country].sort_values("year", kind="stable").dropna(subset=list(columns))
        if path.empty:
            continue
        colour, marker = PALETTE[i % len(PALETTE)], MARKERS[i % len(MARKERS)]
        x, y = path[columns[0]].to_numpy(float), path[columns[1]].to_numpy(float)
        ax.plot(x, y, color=colour, linewidth=0.5, alpha=0.4, zorder=3)
        ax.plot(x, y, marker, color=colour, markersize=2.6, markeredgewidth=0, zorder=3)
        ax.plot(x[-1:], y[-1:], marker, color=colour, markersize=6, markeredgecolor="white", zorder=4)
        ends.append((float(x[-1]), float(y[-1])))
        texts.append(names.get(country, country))
        colours.append(colour)
    if ends:
        _name_marks(ax, np.array(ends), texts, colours)


def _name_marks(ax: Axes, ends: np.ndarray, texts: Sequence[str], colours: Sequence[str]) -> None:
    """Write names beside marks, towards the middle of the panel and moved apart where they would overlap."""
    figure = ax.get_figure(root=True)
    assert figure is not None  # an Axes of new_figure always has one
    points = ax.transData.transform(ends) * 72 / figure.dpi
    box = ax.get_window_extent()
    middle = box.x0 * 72 / figure.dpi + 0.6 * box.width * 72 / figure.dpi
    placed = spread(points[:, 1], 10.0, box.y0 * 72 / figure.dpi, box.y1 * 72 / figure.dpi)
    for i, text in enumerate(texts):
        moved, left = float(placed[i] - points[i, 1]), points[i, 0] > middle
        line = {"arrowstyle": "-", "color": colours[i], "lw": 0.5, "shrinkA": 0, "shrinkB": 3}
        ax.annotate(
            text,
            xy=(float(ends[i, 0]), float(ends[i, 1])),
            xytext=(-8 if left else 8, round(moved, 2)),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=7.5,
            fontweight="bold",
            color=colours[i],
            zorder=5,
            path_effects=[withStroke(linewidth=2.0, foreground="white")],
            arrowprops=line if abs(moved) > 2 else None,
        )


def stage_profile(
    frame: pd.DataFrame,
    countries: Sequence[str],
    *,
    value: str = "share",
    stages: Sequence[str] | None = None,
    names: Mapping[str, str] | None = None,
    title: str = "Profile along the chain",
    ylabel: str = "Share of stage value added (%)",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw a value at each stage of the chain for some countries, from first stage to last.

    Parameters
    ----------
    frame : DataFrame
        Columns country, stage and `value` (a fraction of one); one line a country and stage, so one year.
    countries : sequence of str
        Which countries to draw.
    stages : sequence of str, optional
        Stages from first to last; as they come in the frame by default.
    """
    locate(("country", "stage", value), [str(c) for c in frame.columns], "columns of the figure's frame")
    locate(countries, list(dict.fromkeys(frame["country"].astype(str))), "countries of the figure")
    have = list(dict.fromkeys(frame["stage"].astype(str)))
    order = list(stages) if stages is not None else have
    locate(order, have, "stages of the figure")
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
        return finish(fig, title=title, source=source, synthetic=synthetic)
