"""Figures of robustness: the specification curve, a test with each country left out, and tests among placebos."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from gvcpos._core.errors import InputError
from gvcpos.report.figures.style import DARK, GREY, PALETTE, finish, legend_below_title, need_columns, new_figure, style

_ROW = 0.17  # inches a line of text
_KINDS = (("rejected", PALETTE[1]), ("not rejected", PALETTE[0]))


def specification_curve_plot(
    frame: pd.DataFrame,
    choices: Sequence[str],
    *,
    title: str = "The estimate under every specification",
    ylabel: str = "Estimate, 95 % interval",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw estimates in order of size above a grid of the choices behind each.

    Parameters
    ----------
    frame : DataFrame
        A column for every choice, estimate, ci_low, ci_high, rejected, not_estimated, as `SpecificationCurve.frame`.
    choices : sequence of str
        Which columns are choices.

    Raises
    ------
    LabelError
        If a column is missing.
    InputError
        If no specification was estimated.
    """
    wanted = [*choices, "estimate", "ci_low", "ci_high", "rejected", "not_estimated"]
    need_columns(frame, *wanted)
    done = frame[frame["not_estimated"] == ""].sort_values("estimate", kind="stable").reset_index(drop=True)
    if done.empty:
        raise InputError("no specification could be estimated, so that there is no curve to draw.")
    options = [(choice, str(option)) for choice in choices for option in dict.fromkeys(frame[choice])]
    below = _ROW * (len(options) + 0.6 * len(choices)) + 0.2
    with style():
        fig = new_figure(3.2 + below, legend=True)
        upper, lower = fig.subplots(2, 1, sharex=True, height_ratios=[2.4, below])
        _curve(upper, done)
        upper.set_ylabel(ylabel)
        _grid(lower, done, options)
        handles = [Line2D([], [], color=colour, marker="o", markersize=4, label=name) for name, colour in _KINDS]
        legend_below_title(fig, handles)
        return finish(fig, title=title, source=source, synthetic=synthetic)


def _curve(ax: Axes, done: pd.DataFrame) -> None:
    for name, colour in _KINDS:
        part = done[done["rejected"].astype(bool) == (name == "rejected")]
        ax.vlines(part.index, part["ci_low"], part["ci_high"], color=colour, linewidth=0.9, alpha=0.45)
        ax.plot(part.index, part["estimate"], "o", color=colour, markersize=3)
    ax.axhline(0.0, color=DARK, linewidth=0.8, zorder=1)
    ax.grid(axis="x", visible=False)
    ax.tick_params(axis="x", length=0, labelbottom=False)


def _grid(ax: Axes, done: pd.DataFrame, options: Sequence[tuple[str, str]]) -> None:
    """Mark the option of every choice below each estimate; choices stand apart."""
    heights, labels, y, last = [], [], 0.0, options[0][0]
    for choice, option in options:
        y += 0.6 if choice != last else 0.0
        last = choice
        at = np.flatnonzero((done[choice].astype(str) == option).to_numpy())
        ax.plot(at, np.full(at.size, y), "|", color=DARK, markersize=7, markeredgewidth=1.0)
        heights.append(y)
        labels.append(f"{choice}: {option}")
        y += 1.0
    ax.set_yticks(heights, labels)
    ax.set_ylim(y - 0.3, -0.7)
    ax.tick_params(axis="both", length=0)
    ax.set_xticks([])
    ax.grid(visible=False)
    ax.set_xlabel(f"{len(done)} specifications, by size of the estimate")
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)


def leave_one_out_plot(
    frame: pd.DataFrame,
    whole: float,
    *,
    most: int = 25,
    title: str = "The estimate without each country",
    xlabel: str = "Estimate, 95 % interval",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw the estimates without each country, those that change it most on top, against the estimate with all.

    Parameters
    ----------
    frame : DataFrame
        country, estimate, ci_low, ci_high, rejected, not_estimated, as `LeaveOneOut.frame`, in its order.
    whole : float
        The estimate with all countries.
    most : int
        Countries drawn.

    Raises
    ------
    LabelError
        If a column is missing.
    InputError
        If nothing was estimated.
    """
    wanted = ["country", "estimate", "ci_low", "ci_high", "rejected", "not_estimated"]
    need_columns(frame, *wanted)
    done = frame[frame["not_estimated"] == ""].head(most).reset_index(drop=True)
    if done.empty:
        raise InputError("the test could not be estimated without any of the countries.")
    with style():
        fig = new_figure(1.0 + 0.2 + 0.2 * len(done), legend=True, xlabel=xlabel)
        ax = fig.subplots()
        ax.axvline(whole, color=GREY, linewidth=2.0, zorder=1)
        ax.axvline(0.0, color=DARK, linewidth=0.8, zorder=1)
        for name, colour in _KINDS:
            part = done[done["rejected"].astype(bool) == (name == "rejected")]
            ax.hlines(part.index, part["ci_low"], part["ci_high"], color=colour, linewidth=1.4)
            ax.plot(part["estimate"], part.index, "o", color=colour, markersize=4)
        ax.set_yticks(range(len(done)), done["country"].astype(str))
        ax.set_ylim(len(done) - 0.4, -0.6)
        ax.grid(axis="y", visible=False)
        handles = [Line2D([], [], color=colour, marker="o", markersize=4, label=name) for name, colour in _KINDS]
        legend_below_title(fig, [*handles, Line2D([], [], color=GREY, linewidth=2.0, label="with all countries")])
        return finish(fig, title=title, source=source, synthetic=synthetic)


def placebo_histograms(
    draws: pd.DataFrame,
    found: pd.DataFrame,
    *,
    title: str = "Estimates among their placebos",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw how the estimates on placebos are spread, and where the study's own lies: a panel for each test.

    Parameters
    ----------
    draws : DataFrame
        placebos (``"chains"`` or ``"maps"``), test, estimate, not_estimated.
    found : DataFrame
        One row a panel: placebos, test, estimate, drawn, pvalue.

    Raises
    ------
    LabelError
        If a column is missing.
    InputError
        If no placebo was estimated.
    """
    need_columns(draws, "placebos", "test", "estimate", "not_estimated")
    need_columns(found, "placebos", "test", "estimate", "drawn", "pvalue")
    rows = found[found["drawn"] > 0].to_dict("records")
    if not rows:
        raise InputError("no placebo could be estimated, so that there is nothing to draw.")
    said = {"chains": "chains of other sectors", "maps": "maps drawn by lot"}
    across = min(2, len(rows))
    down = -(-len(rows) // across)
    with style():
        fig = new_figure(1.0 + 0.2 + 1.75 * down, legend=True)
        axes = fig.subplots(down, across, squeeze=False).ravel()
        for ax, row in zip(axes, rows, strict=False):
            own = draws[(draws["placebos"] == row["placebos"]) & (draws["test"] == row["test"])]
            values = own.loc[own["not_estimated"] == "", "estimate"].to_numpy(float)
            ax.hist(values, bins=min(20, max(5, values.size // 4)), color=PALETTE[0], alpha=0.6, linewidth=0)
            ax.axvline(float(row["estimate"]), color=PALETTE[1], linewidth=2.0)
            kind = said.get(str(row["placebos"]), str(row["placebos"]))
            ax.xaxis.set_major_locator(MaxNLocator(5))
            ax.set_title(f"{row['test']}: {values.size} {kind}")
            ax.set_xlabel(f"Estimate (p = {row['pvalue']:.2g} that it is one of them)")
            ax.set_ylabel("Number")
            ax.grid(axis="x", visible=False)
        for ax in axes[len(rows) :]:
            ax.set_visible(False)
        handles = [Line2D([], [], color=PALETTE[1], linewidth=2.0, label="the study's own")]
        handles.append(Line2D([], [], color=PALETTE[0], alpha=0.6, linewidth=5.0, label="placebos"))
        legend_below_title(fig, handles)
        return finish(fig, title=title, source=source, synthetic=synthetic)
