"""Figures of mobility and pull-through: transition matrices, responses by horizon, a source among placebos."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.report.figures.style import DARK, GREY, PALETTE, finish, legend_below_title, need_columns, new_figure, style

_COLUMNS = 4


def transition_matrices(
    frame: pd.DataFrame,
    *,
    names: Mapping[int, str] | None = None,
    title: str = "Transitions between classes of value capture",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw transition probabilities as shaded cells with the number of transitions under each.

    Parameters
    ----------
    frame : DataFrame
        ``details["counts"]`` of `mobility` or ``details["conditional"]`` of `spatial_mobility`: before, after, count,
        probability and, for one panel a class of the neighbours, neighbours.
    names : mapping, optional
        Class to name; by default its number, lowest and highest said.

    Raises
    ------
    LabelError
        If a column is missing.
    """
    need_columns(frame, "before", "after", "count", "probability")
    given = "neighbours" in frame.columns
    parts = [(int(str(m)), p) for m, p in frame.groupby("neighbours")] if given else [(0, frame)]
    k = int(frame["before"].max())
    named = dict(names or {c: str(c) for c in range(1, k + 1)} | {1: "1\nlowest", k: f"{k}\nhighest"})
    columns = min(len(parts), _COLUMNS)
    rows = -(-len(parts) // columns)
    with style():
        fig = new_figure(0.95 + rows * (2.9 if columns > 2 else 3.9), xlabel="Class the year after")
        grid = fig.add_gridspec(rows, columns)
        for i, (m, part) in enumerate(parts):
            ax = fig.add_subplot(grid[i // columns, i % columns])
            _matrix(ax, part, k, named)
            if given:
                low = {1: " (low)", len(parts): " (high)"}.get(m, "")
                ax.set_title(f"Neighbours in class {m}{low}", fontsize=8.5)
            ax.tick_params(labelleft=i % columns == 0)
            if i % columns == 0:
                ax.set_ylabel("Class before")
        return finish(fig, title=title, source=source, synthetic=synthetic)


def _matrix(ax: Axes, part: pd.DataFrame, k: int, names: Mapping[int, str]) -> None:
    shares = np.full((k, k), np.nan)
    for row in part.itertuples(index=False):
        i, j = int(row.before) - 1, int(row.after) - 1  # type: ignore[arg-type]
        shares[i, j] = float(row.probability)  # type: ignore[arg-type]
        value = shares[i, j]
        text = "–" if np.isnan(value) else f"{100 * value:.0f} %"
        colour = "white" if value > 0.55 else DARK
        ax.text(j, i - 0.08, text, ha="center", va="center", fontsize=9, color=colour, fontweight="bold")
        ax.text(j, i + 0.24, f"n = {row.count}", ha="center", va="center", fontsize=6.5, color=colour)
    ax.imshow(np.nan_to_num(shares), cmap="Blues", vmin=0.0, vmax=1.0, aspect="equal")
    ax.grid(visible=False)
    ax.set_xticks(range(k), [names.get(c, str(c)) for c in range(1, k + 1)])
    ax.set_yticks(range(k), [names.get(c, str(c)) for c in range(1, k + 1)])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def response_plot(
    frame: pd.DataFrame,
    *,
    title: str = "Response of the last stage to growth of the first",
    ylabel: str = "Cumulative elasticity",
    xlabel: str = "Observations after",
    level: float = 0.05,
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw responses by horizon with pointwise and joint bands.

    Parameters
    ----------
    frame : DataFrame
        ``details["responses"]`` of `local_projections`: horizon, estimate, lower, upper, joint_lower, joint_upper.
    level : float
        One less the confidence of the bands, for the legend.

    Raises
    ------
    LabelError
        If a column is missing.
    """
    need_columns(frame, "horizon", "estimate", "lower", "upper", "joint_lower", "joint_upper")
    data = frame.sort_values("horizon", kind="stable")
    h = data["horizon"].to_numpy(float)
    wide, narrow = "#d6e6f2", "#9cc4e0"
    with style():
        fig = new_figure(3.8, legend=True)
        ax = fig.add_subplot()
        for low, high, colour in (("joint_lower", "joint_upper", wide), ("lower", "upper", narrow)):
            ends = data[low].to_numpy(float), data[high].to_numpy(float)
            ax.fill_between(h, *ends, color=colour, linewidth=0, zorder=1)
            ax.vlines(h, *ends, color=colour, linewidth=7, zorder=1)
        ax.axhline(0.0, color=DARK, linewidth=0.8, zorder=2)
        ax.plot(h, data["estimate"], color=PALETTE[0], marker="o", markersize=5, zorder=3)
        ax.set(xlabel=xlabel, ylabel=ylabel, xticks=h, xlim=(h.min() - 0.3, h.max() + 0.3))
        share = f"{100 * (1 - level):g} %"
        legend_below_title(
            fig,
            [
                Line2D([], [], color=PALETTE[0], marker="o", markersize=5, label="response"),
                Patch(color=narrow, label=f"{share} interval of each"),
                Patch(color=wide, label=f"{share} band of all together"),
            ],
        )
        return finish(fig, title=title, source=source, synthetic=synthetic)


def placebo_plot(
    frame: pd.DataFrame,
    *,
    names: Mapping[str, str] | None = None,
    title: str = "Pull-through of the source among placebo sectors",
    xlabel: str = "t statistic of pull-through",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw the statistic of the true source among those of the placebos, largest at the top.

    Parameters
    ----------
    frame : DataFrame
        ``details["placebos"]`` of `placebo_distribution`: source, statistic; the first row is the true source.
    names : mapping, optional
        Sector to label.

    Raises
    ------
    LabelError
        If a column is missing.
    InputError
        If the true source was not estimated.
    """
    need_columns(frame, "source", "statistic")
    true = str(frame["source"].iloc[0])
    done = frame.dropna(subset=["statistic"])
    if true not in set(done["source"].astype(str)):
        raise InputError(f"{true} has no statistic; there are: {enumerate_labels(done['source'])}.")
    order = done.assign(size=done["statistic"].abs()).sort_values("size", kind="stable").reset_index(drop=True)
    with style():
        fig = new_figure(1.3 + 0.185 * len(order), legend=True)
        ax = fig.add_subplot()
        for y, row in enumerate(order.to_dict("records")):
            mine = str(row["source"]) == true
            colour = PALETTE[1] if mine else PALETTE[0]
            ax.plot([0.0, row["statistic"]], [y, y], color=colour if mine else GREY, linewidth=1.4, zorder=2)
            ax.plot(row["statistic"], y, marker="D" if mine else "o", color=colour, markersize=5, zorder=3)
        labels = [(names or {}).get(str(s), str(s)) for s in order["source"]]
        ax.set_yticks(range(len(order)), labels)
        place = [str(s) for s in order["source"]].index(true)
        ax.get_yticklabels()[place].set_fontweight("bold")
        ax.axvline(0.0, color=DARK, linewidth=0.8, zorder=1)
        ax.set_xlabel(xlabel)
        ax.set_ylim(-0.7, len(order) - 0.3)
        ax.grid(axis="y", visible=False)
        look = ((true, "D", PALETTE[1]), ("placebos, ordered by the size of t", "o", PALETTE[0]))
        handles = [Line2D([], [], linestyle="none", marker=m, color=c, label=t) for t, m, c in look]
        legend_below_title(fig, handles)
        return finish(fig, title=title, source=source, synthetic=synthetic)
