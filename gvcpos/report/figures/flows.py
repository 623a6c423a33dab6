"""Figures of material flows beside the Sankey diagram: bands over years, cost by centre, tonnes and money by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from gvcpos._core.errors import InputError
from gvcpos.report.figures.style import (
    DARK,
    PALETTE,
    finish,
    legend_below_title,
    need_columns,
    new_figure,
    style,
)

COST_KINDS = {"material": PALETTE[0], "energy": PALETTE[4], "system": PALETTE[2], "waste": PALETTE[1]}
_PER_ROW = 3


def flow_bands(
    frame: pd.DataFrame,
    *,
    titles: Mapping[str, str] | None = None,
    title: str = "Flows with 95 % interval",
    unit: str = "",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw the median and interval of figures over years, one panel each.

    Parameters
    ----------
    frame : DataFrame
        One row a figure and year: name, year, median, lower, upper.
    titles : mapping, optional
        Name to panel title.

    Raises
    ------
    LabelError
        If a column is missing.
    """
    need_columns(frame, "name", "year", "median", "lower", "upper")
    names = list(dict.fromkeys(frame["name"].astype(str)))
    with style():
        rows = -(-len(names) // _PER_ROW)
        fig = new_figure(0.75 + 1.6 * rows)
        axes = fig.subplots(rows, _PER_ROW, squeeze=False, sharex=True).ravel()
        for ax, name in zip(axes, names, strict=False):
            own = frame[frame["name"] == name].sort_values("year")
            years = own["year"].to_numpy(dtype=float)
            ax.fill_between(years, own["lower"], own["upper"], color=PALETTE[5], alpha=0.35, linewidth=0)
            ax.plot(years, own["median"], color=PALETTE[0])
            ax.set_title(fill(str((titles or {}).get(name, name)), 30), fontsize=8)
            ax.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
            ax.set_ylim(bottom=min(0.0, float(own["lower"].min())))
        for i in range(len(names), len(axes)):
            axes[i].set_visible(False)
            axes[i - _PER_ROW].tick_params(labelbottom=True)
        return finish(fig, title=f"{title}, {unit}" if unit else title, source=source, synthetic=synthetic)


def cost_structure(
    frame: pd.DataFrame,
    *,
    titles: Mapping[str, str] | None = None,
    title: str = "Cost by centre: what goes into products, and into losses",
    unit: str = "USD million",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw the cost that each centre adds, by kind: products to the right, losses to the left.

    Parameters
    ----------
    frame : DataFrame
        One row a centre, kind and fate: centre, kind (material, energy, system, waste), fate (product, loss), cost.
    titles : mapping, optional
        Centre to label.

    Raises
    ------
    LabelError
        If a column is missing.
    InputError
        If a kind or a fate is unknown.
    """
    need_columns(frame, "centre", "kind", "fate", "cost")
    _known(frame["kind"], COST_KINDS, "kind of cost")
    _known(frame["fate"], ("product", "loss"), "fate")
    centres = list(dict.fromkeys(frame["centre"].astype(str)))
    table = frame.pivot_table(index=["centre", "fate"], columns="kind", values="cost", aggfunc="sum", fill_value=0.0)
    table = table.reindex(columns=list(COST_KINDS), fill_value=0.0)
    with style():
        fig = new_figure(1.3 + 0.3 * len(centres), legend=True, xlabel=f"{unit}; losses to the left")
        ax = fig.subplots()
        for fate, sign in (("product", 1.0), ("loss", -1.0)):
            own = table.reindex([(c, fate) for c in centres], fill_value=0.0).to_numpy()
            _stacked(ax, sign * own)
        ax.axvline(0.0, color=DARK, linewidth=0.8)
        ax.set_yticks(range(len(centres)), [str((titles or {}).get(c, c)) for c in centres])
        ax.invert_yaxis()
        ax.grid(axis="y", visible=False)
        ax.xaxis.set_major_formatter(lambda value, _: f"{abs(value):,.6g}")
        legend_below_title(fig, [Patch(color=colour, label=kind) for kind, colour in COST_KINDS.items()])
        return finish(fig, title=title, source=source, synthetic=synthetic)


def stage_sides(
    frame: pd.DataFrame,
    *,
    quantities: Mapping[str, str],
    titles: Mapping[str, str] | None = None,
    title: str = "By stage: how much, at what cost, for what value",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw several quantities of every stage beside each other, each in a panel with an axis of its own.

    Parameters
    ----------
    frame : DataFrame
        One row a stage: stage and the quantities.
    quantities : mapping
        Column to what it is called, with its unit, as in ``{"mass": "Tonnes out, kt"}``.
    titles : mapping, optional
        Stage to label.

    Raises
    ------
    LabelError
        If a column is missing.
    """
    need_columns(frame, "stage", *quantities)
    with style():
        fig = new_figure(1.0 + 0.32 * len(frame))
        axes = fig.subplots(1, len(quantities), squeeze=False, sharey=True).ravel()
        for i, (ax, (column, label)) in enumerate(zip(axes, quantities.items(), strict=True)):
            values = frame[column].to_numpy(dtype=float)
            colours = [PALETTE[1] if v < 0 else PALETTE[0] for v in values]
            ax.barh(range(len(values)), np.nan_to_num(values), color=colours, height=0.7)
            ax.axvline(0.0, color=DARK, linewidth=0.8)
            ax.set_title(label, fontsize=8)
            ax.grid(axis="y", visible=False)
            ax.xaxis.set_major_locator(MaxNLocator(nbins=3))
            if i == 0:
                ax.set_yticks(range(len(frame)), [str((titles or {}).get(s, s)) for s in frame["stage"]])
                ax.invert_yaxis()
        return finish(fig, title=title, source=source, synthetic=synthetic)


def _stacked(ax: Axes, values: np.ndarray) -> None:
    """Stack the kinds (columns) of every centre (rows) away from zero."""
    left = np.zeros(len(values))
    for kind, colour in enumerate(COST_KINDS.values()):
        ax.barh(range(len(values)), values[:, kind], left=left, color=colour, height=0.7)
        left += values[:, kind]


def _known(found: pd.Series, allowed: Mapping[str, str] | Sequence[str], what: str) -> None:
    if unknown := sorted(set(found.astype(str)) - set(allowed)):
        raise InputError(f"unknown {what}: {', '.join(unknown)}. There are: {', '.join(allowed)}.")
