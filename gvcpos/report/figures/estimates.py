"""Figures of estimates with their intervals: effects, and planted parameters against estimated ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from gvcpos.report.evidence import EFFECT_ORDER, effects_frame
from gvcpos.report.figures.style import (
    DARK,
    MARKERS,
    PALETTE,
    finish,
    legend_below_title,
    need_columns,
    new_figure,
    style,
)

_PER_ROW = 3


def effects_plot(
    frame: pd.DataFrame,
    *,
    names: Mapping[str, str] | None = None,
    title: str = "Direct, indirect and total effects",
    xlabel: str = "Effect on the dependent variable, with 95 % interval",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw the effects of each variable with their intervals, one panel a variable.

    Parameters
    ----------
    frame : DataFrame
        What ``results.effects()`` gives: variable and effect (direct, indirect, total) in the index or as
        columns, estimate, lower, upper.
    names : mapping, optional
        Variable name to panel title.

    Raises
    ------
    LabelError
        If a column is missing.
    """
    frame = effects_frame(frame)
    need_columns(frame, "variable", "effect", "estimate", "lower", "upper")
    variables = list(dict.fromkeys(frame["variable"].astype(str)))
    with style():
        fig, axes = _panels(len(variables), 1.25, xlabel=xlabel)
        for i, (ax, variable) in enumerate(zip(axes, variables, strict=True)):
            rows = frame[frame["variable"] == variable].to_dict("records")
            data = {str(row["effect"]): row for row in rows}
            kinds = [k for k in EFFECT_ORDER if k in data]
            for j, kind in enumerate(kinds):
                _interval(ax, data[kind], -j, PALETTE[j], MARKERS[j])
            ax.axvline(0.0, color=DARK, linewidth=0.8, zorder=1)
            ax.set_yticks([-j for j in range(len(kinds))], kinds)
            ax.tick_params(axis="y", length=0, labelleft=i % _PER_ROW == 0)
            ax.set_ylim(-len(kinds) + 0.4, 0.6)
            ax.set_title((names or {}).get(variable, variable))
        return finish(fig, title=title, source=source, synthetic=synthetic)


def planted_vs_estimated(
    frame: pd.DataFrame,
    *,
    names: Mapping[str, str] | None = None,
    title: str = "Planted parameters and what the study finds",
    xlabel: str = "Value of the parameter, with 95 % interval",
    source: str = "",
    synthetic: bool = True,
) -> Figure:
    """Draw each estimate with its interval and the value that was planted, one panel a parameter.

    Parameters
    ----------
    frame : DataFrame
        Columns parameter, planted, estimate, lower, upper.
    synthetic : bool
        True by default: only synthetic data have planted parameters.
    """
    need_columns(frame, "parameter", "planted", "estimate", "lower", "upper")
    missed = False
    with style():
        fig, axes = _panels(len(frame), 0.62, xlabel=xlabel, legend=True)
        for ax, record in zip(axes, frame.to_dict("records"), strict=True):
            planted = float(record["planted"])
            inside = record["lower"] <= planted <= record["upper"]
            missed = missed or not inside
            _interval(ax, record, 0, PALETTE[0] if inside else PALETTE[1], "o")
            ax.plot(planted, 0, marker="D", color="white", markeredgecolor="black", markersize=7, zorder=2)
            ax.set_yticks([])
            ax.set_ylim(-0.7, 0.7)
            ax.spines["left"].set_visible(False)
            ax.set_title((names or {}).get(str(record["parameter"]), str(record["parameter"])))
        _planted_legend(fig, missed)
        return finish(fig, title=title, source=source, synthetic=synthetic)


def _panels(count: int, height: float, *, xlabel: str, legend: bool = False) -> tuple[Figure, list[Axes]]:
    """Lay out `count` axes, at most three a row, each with an x axis of its own."""
    rows = -(-count // _PER_ROW)
    fig = new_figure(1.0 + 0.2 * legend + rows * (height + 0.45), legend=legend, xlabel=xlabel)
    grid = fig.add_gridspec(rows, min(count, _PER_ROW))
    axes = [fig.add_subplot(grid[i // _PER_ROW, i % _PER_ROW]) for i in range(count)]
    for ax in axes:
        ax.xaxis.set_major_locator(MaxNLocator(4))
        ax.grid(axis="y", visible=False)
        ax.margins(x=0.15)
    return fig, axes


def _interval(ax: Axes, record: Mapping[Any, Any], y: float, colour: str, marker: str) -> None:
    estimate, ends = float(record["estimate"]), (float(record["lower"]), float(record["upper"]))
    if np.isfinite(ends).all():
        caps: dict[str, Any] = {"marker": "|", "markersize": 7, "markeredgewidth": 1.2}
        ax.plot(ends, (y, y), color=colour, linewidth=1.6, solid_capstyle="butt", zorder=3, **caps)
    ax.plot(estimate, y, marker=marker, color=colour, markersize=5, zorder=4)


def _planted_legend(fig: Figure, missed: bool) -> None:
    look: list[tuple[str, dict[str, Any]]] = [
        ("planted", {"marker": "D", "color": "white", "markeredgecolor": "black", "linestyle": "none"}),
        ("estimate, interval covers the planted value", {"marker": "o", "color": PALETTE[0]}),
    ]
    if missed:
        look.append(("estimate, interval misses it", {"marker": "o", "color": PALETTE[1]}))
    legend_below_title(fig, [Line2D([], [], label=text, **options) for text, options in look])
