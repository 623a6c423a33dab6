"""Figures over years: who dominates a stage, participation, and spatial autocorrelation."""

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
    label_ends,
    legend_below_title,
    need_columns,
    new_figure,
    percent,
    style,
)


def dominance_lines(
    frame: pd.DataFrame,
    *,
    share: str = "va_share",
    hhi: str | None = "va_hhi",
    leaders: int | Sequence[str] = 5,
    names: Mapping[str, str] | None = None,
    title: str | None = None,
    ylabel: str = "Share of stage value added (%)",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw countries' shares of one stage over the years; the leaders in colour, the rest in grey.

    Parameters
    ----------
    frame : DataFrame
        One stage of what ``lockin.dominance`` gives: columns country, year, `share` (a fraction of one) and
        `hhi` (0 to 1, the same for all countries of a year).
    hhi : str or None
        The concentration, drawn in a panel below; None leaves the panel out.
    leaders : int or sequence of str
        How many of the last year's largest to name, or which countries.
    title : str, optional
        By default it names the stage, if the frame has a column stage.

    Raises
    ------
    LabelError
        If a column or a named country is missing.
    InputError
        If a country has two rows in a year, as with several stages.
    """
    need_columns(frame, "country", "year", share, *([hhi] if hhi else []))
    _one_row_each(frame)
    chosen = _leaders(frame, share, leaders)
    stage = f"{frame['stage'].iloc[0]} " if "stage" in frame.columns and len(frame) else ""
    heading = f"Who makes the value added of the {stage}stage" if title is None else title
    with style():
        fig = new_figure(5.2 if hhi else 4.1, legend=True)
        ratios = [3, 1] if hhi else [1]
        grid = fig.add_gridspec(len(ratios), 1, height_ratios=ratios)
        top = fig.add_subplot(grid[0])
        percent(top)
        top.set_ylabel(ylabel)
        if hhi:
            _draw_hhi(fig.add_subplot(grid[1], sharex=top), frame.drop_duplicates("year"), hhi)
            top.tick_params(labelbottom=False)
        else:
            top.set_xlabel("Year")
        top.set_ylim(0, 1.06 * float(np.nanmax(frame[share].to_numpy(float))))
        country_lines(top, frame, share, chosen, names)
        handles = [Line2D([], [], color=DARK, marker="o", markersize=3.5, label="named: the largest in the last year")]
        if not isinstance(leaders, int):
            handles[0].set_label("named countries")
        handles.append(Line2D([], [], color=GREY, linewidth=1.2, label="all other countries"))
        legend_below_title(fig, handles)
        return finish(fig, title=heading, source=source, synthetic=synthetic)


def _one_row_each(frame: pd.DataFrame) -> None:
    twice = frame[frame.duplicated(["country", "year"])]
    if not twice.empty:
        first = twice.iloc[0]
        raise InputError(
            f"{first['country']} has more than one row in {first['year']}. Give the rows of one stage only."
        )


def _leaders(frame: pd.DataFrame, share: str, leaders: int | Sequence[str]) -> list[str]:
    everyone = list(dict.fromkeys(frame["country"].astype(str)))
    if not isinstance(leaders, int):
        locate(leaders, everyone, "countries of the figure")
        return list(leaders)
    last = frame[frame["year"] == frame["year"].max()]
    ranked = last.sort_values(share, ascending=False, kind="stable")["country"].astype(str)
    return ranked.head(leaders).tolist()


def _draw_hhi(ax: Axes, frame: pd.DataFrame, hhi: str) -> None:
    data = frame.sort_values("year", kind="stable")
    ax.plot(data["year"], data[hhi], color=DARK, marker="o", markersize=3)
    ax.set_ylim(0, 1.15 * float(np.nanmax(data[hhi].to_numpy(float))))
    ax.yaxis.set_major_locator(MaxNLocator(3))
    ax.set_ylabel("HHI (0–1)")
    ax.set_xlabel("Year")
    _year_axis(ax)


def country_lines(
    ax: Axes,
    frame: pd.DataFrame,
    column: str,
    chosen: Sequence[str],
    names: Mapping[str, str] | None = None,
) -> None:
    """Draw one line a country over the years: the chosen in colour and named, the rest in grey."""
    series = {str(c): g.sort_values("year", kind="stable") for c, g in frame.groupby("country", sort=False)}
    for country, data in series.items():
        if country not in chosen:
            ax.plot(data["year"], data[column], color=GREY, linewidth=0.7, alpha=0.8, zorder=1)
    ends, colours = [], []
    for i, country in enumerate(chosen):
        data, colour = series[country], PALETTE[i % len(PALETTE)]
        marker = MARKERS[i % len(MARKERS)]
        ax.plot(data["year"], data[column], color=colour, marker=marker, markersize=3.5, zorder=3)
        ends.append((float(data["year"].iloc[-1]), float(data[column].iloc[-1])))
        colours.append(colour)
    _year_axis(ax)
    label_ends(ax, ends, [(names or {}).get(c, c) for c in chosen], colours)


def participation_lines(
    frame: pd.DataFrame,
    *,
    columns: Mapping[str, str] | None = None,
    countries: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    title: str = "Participation in global value chains",
    ylabel: str = "Share of the base (%)",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw participation by country over the years, one panel an index.

    Parameters
    ----------
    frame : DataFrame
        Columns country, year and the indices (fractions of one).
    columns : mapping
        Column to panel title; ``{"forward": "Forward", "backward": "Backward"}`` by default.
    countries : sequence of str
        Countries in colour; the others are grey.
    ylabel : str
        What the indices are a share of.
    """
    panels = dict(columns or {"forward": "Forward", "backward": "Backward"})
    need_columns(frame, "country", "year", *panels)
    _one_row_each(frame)
    chosen = _leaders(frame, next(iter(panels)), list(countries) or 5)
    with style():
        fig = new_figure(3.6)
        axes = fig.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for ax, head in zip(axes, panels.values(), strict=True):
            ax.set_title(head)
            ax.set_xlabel("Year")
            percent(ax)
        axes[0].set_ylabel(ylabel)
        top = float(np.nanmax(frame[list(panels)].to_numpy(float)))
        axes[0].set_ylim(0, 1.05 * top)
        for ax, column in zip(axes, panels, strict=True):
            country_lines(ax, frame, column, chosen, names)
        return finish(fig, title=title, source=source, synthetic=synthetic)


def moran_lines(
    frame: pd.DataFrame,
    *,
    statistic: str = "I",
    expected: str = "expected",
    pvalue: str = "p_sim",
    variable: str = "variable",
    level: float = 0.05,
    names: Mapping[str, str] | None = None,
    stage: str = "",
    title: str | None = None,
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw Moran's I by year with its expected value; filled marks where it is significant.

    Parameters
    ----------
    frame : DataFrame
        Columns year, `statistic`, `expected`, `pvalue` and, for several variables, `variable`.
    level : float
        Significance level of the filled marks.
    stage : str
        The stage of the chain that the values are of, for the title.
    """
    need_columns(frame, "year", statistic, expected, pvalue)
    label = frame[variable].astype(str) if variable in frame.columns else pd.Series("", index=frame.index)
    with style():
        fig = new_figure(3.6, legend=True)
        ax = fig.add_subplot()
        ends, texts, colours = [], [], []
        for i, name in enumerate(dict.fromkeys(label)):
            data, colour = frame[label == name].sort_values("year", kind="stable"), PALETTE[i % len(PALETTE)]
            _draw_moran(ax, data, (statistic, pvalue), level, (colour, MARKERS[i % len(MARKERS)]))
            ends.append((float(data["year"].iloc[-1]), float(data[statistic].iloc[-1])))
            texts.append((names or {}).get(name, name))
            colours.append(colour)
        line = frame.drop_duplicates("year").sort_values("year", kind="stable")
        ax.plot(line["year"], line[expected], color=DARK, linestyle="--", linewidth=1.0, zorder=1)
        ax.set(xlabel="Year", ylabel="Moran's I")
        ax.margins(y=0.12)
        _year_axis(ax)
        ends.append((float(line["year"].iloc[-1]), float(line[expected].iloc[-1])))
        label_ends(ax, ends, [*texts, "expected"], [*colours, DARK])
        _significance_legend(fig, level)
        heading = "Moran's I by year" + (f", {stage} stage" if stage else "") if title is None else title
        return finish(fig, title=heading, source=source, synthetic=synthetic)


def _draw_moran(ax: Axes, data: pd.DataFrame, columns: tuple[str, str], level: float, look: tuple[str, str]) -> None:
    statistic, pvalue = columns
    colour, marker = look
    ax.plot(data["year"], data[statistic], color=colour, zorder=2)
    sure = (data[pvalue] < level).to_numpy()
    for mask, face in ((sure, colour), (~sure, "white")):
        ax.plot(
            data["year"][mask],
            data[statistic][mask],
            linestyle="none",
            marker=marker,
            markersize=5,
            markerfacecolor=face,
            markeredgecolor=colour,
            zorder=3,
        )


def _significance_legend(fig: Figure, level: float) -> None:
    handles = [
        Line2D([], [], linestyle="none", marker="o", markerfacecolor=face, markeredgecolor=DARK, label=text)
        for face, text in ((DARK, f"p < {level:g}"), ("white", f"p ≥ {level:g}"))
    ]
    handles.append(Line2D([], [], color=DARK, linestyle="--", linewidth=1.0, label="expected without autocorrelation"))
    legend_below_title(fig, handles)


def _year_axis(ax: Axes) -> None:
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=2))
    ax.xaxis.set_major_formatter(lambda year, _: f"{year:.0f}")
