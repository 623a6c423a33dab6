"""Figures of movement in the Moran scatter plot: paths of countries, and a rose of directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gvcpos._core.labels import locate
from gvcpos.spatial import drawing
from gvcpos.spatial.lisa import DirectionalLisa, LisaPaths

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart in every common form of colour blindness.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8c6d31")
_BLUE, _PALE = "#2166ac", "#92c5de"


def lisa_time_paths(
    paths: LisaPaths,
    units: Sequence[str] | None = None,
    *,
    title: str | None = None,
    synthetic: bool = False,
    note: str = "",
) -> Figure:
    """Plot paths of countries through the Moran scatter plot, from a ring (first year) to a dot (last year).

    Parameters
    ----------
    paths : LisaPaths
    units : sequence of str, optional
        At most eight in colour; default: the five with the longest paths. The others are drawn grey.
    title : str, optional
        Default: the variable's name and the years.
    synthetic : bool
        True writes under the plot that the data are synthetic.
    note : str
        More to write under the plot.

    Raises
    ------
    LabelError
        If a unit is unknown or given twice.
    """
    longest = paths.summary.sort_values(["length", "country"], ascending=[False, True])["country"]
    chosen = list(units if units is not None else longest.head(5))[: len(_COLOURS)]
    locate(chosen, paths.weights.ids, "unit of the paths")
    by_unit = {unit: part[["z", "lag"]].to_numpy() for unit, part in paths.frame.groupby("country")}
    with drawing.style():
        figure = drawing.new_figure(5.6, 5.0)
        ax = figure.add_axes((0.12, 0.175, 0.85, 0.715))
        _cross(ax)
        for unit in paths.weights.ids:
            if unit not in chosen:
                ax.plot(*by_unit[unit].T, color=drawing.FAINT, lw=0.5, alpha=0.7, zorder=2)
        for unit, colour in zip(chosen, _COLOURS, strict=False):
            at = by_unit[unit]
            ax.plot(*at.T, color=colour, lw=1.3, zorder=3, label=unit)
            ax.plot(*at[0], "o", ms=4.5, mfc="white", mec=colour, mew=1.1, zorder=4)
            ax.plot(*at[-1], "o", ms=4.5, color=colour, zorder=4)
        ax.margins(0.06)
        ax.set_xlabel(f"{paths.name} (standard deviations from each year's mean)")
        ax.set_ylabel("Mean of neighbours, weighted" if paths.weights.is_row_normalised else "Spatial lag")
        figure.legend(
            loc="upper right", bbox_to_anchor=(0.98, 0.945), ncols=len(chosen), frameon=False, fontsize=7.5,
            handlelength=1.2, columnspacing=1.0,
        )  # fmt: skip
        heading = title or f"Paths: {paths.name}, {paths.years[0]} to {paths.years[-1]}"
        figure.text(0.02, 0.975, heading, fontsize=10.5, fontweight="bold", va="top")
        about = f"Ring: {paths.years[0]}; dot: {paths.years[-1]}"
        drawing.footnote(figure, (about, f"Weights: {_weights(paths)}", note), synthetic=synthetic)
    return figure


def lisa_rose(moves: DirectionalLisa, *, title: str | None = None, synthetic: bool = False, note: str = "") -> Figure:
    """Plot how many countries moved in each direction, and how many would by chance.

    Parameters
    ----------
    moves : DirectionalLisa
    title, synthetic, note
        See `lisa_time_paths`.
    """
    table = moves.sectors
    low, high = np.radians(table["from"]), np.radians(table["to"])
    middle, width = ((low + high) / 2).to_numpy(), (high - low).to_numpy()
    found = (table["p_fdr"] <= 0.05).to_numpy()
    with drawing.style():
        figure = drawing.new_figure(5.2, 5.2)
        ax: Any = figure.add_axes((0.14, 0.165, 0.72, 0.68), projection="polar")
        colours = [_BLUE if yes else _PALE for yes in found]
        ax.bar(middle, table["count"], width=width, color=colours, edgecolor="white", lw=0.6, zorder=2)
        for at, wide, expected in zip(middle, width, table["expected"], strict=True):
            arc = np.linspace(at - wide / 2, at + wide / 2, 30)
            ax.plot(arc, np.full(30, expected), color=drawing.INK, lw=1.1, zorder=3)
        ax.set_xticks(np.radians([0, 90, 180, 270]), ["Up", "Neighbours up", "Down", "Neighbours down"])
        ax.tick_params(axis="x", labelsize=7.5, pad=4)
        ax.tick_params(axis="y", labelsize=7)
        emptiest = int(np.argmin(table["count"].to_numpy()))
        ax.set_rlabel_position(float(np.degrees(middle[emptiest])))  # where bars cover no label
        most = float(max(table["count"].max(), table["expected"].max()))
        step = max(1, round(most / 4))
        ax.set_yticks(np.arange(step, most + step, step))
        ax.grid(color=drawing.FAINT, lw=0.5)
        ax.spines["polar"].set_color(drawing.FAINT)
        heading = title or f"Directions: {moves.name}, {moves.start} to {moves.end}"
        figure.text(0.02, 0.97, heading, fontsize=10.5, fontweight="bold", va="top")
        below = "Countries by direction; dark where p \N{LESS-THAN OR EQUAL TO} 0.05 after control of false discovery"
        figure.text(0.02, 0.925, below, fontsize=8, color=drawing.MUTED, va="top")
        about = f"Black: mean of {moves.permutations:,} relabellings"
        drawing.footnote(figure, (about, f"Weights: {moves.description}", note), synthetic=synthetic)
    return figure


def _cross(ax: Axes) -> None:
    """Draw the means as a cross and name the quadrants in the corners."""
    ax.axhline(0.0, color=drawing.FAINT, lw=0.7, zorder=1)
    ax.axvline(0.0, color=drawing.FAINT, lw=0.7, zorder=1)
    ax.spines[["top", "right"]].set_visible(False)
    for name, left, low in (("HH", 0.99, 0.99), ("LH", 0.01, 0.99), ("LL", 0.01, 0.01), ("HL", 0.99, 0.01)):
        ha, va = "right" if left > 0.5 else "left", "top" if low > 0.5 else "bottom"
        ax.text(left, low, name, transform=ax.transAxes, ha=ha, va=va, fontsize=7.5, color="#9a9a9a")


def _weights(paths: LisaPaths) -> str:
    return paths.weights.description or paths.weights.kind
