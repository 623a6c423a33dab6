"""Transition matrices as a figure: one panel for all, one for each class of the neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gvcpos.spatial import drawing
from gvcpos.spatial.lisa import LisaPaths
from gvcpos.spatial.transitions import Markov, SpatialMarkov, probabilities

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def transition_plot(
    chain: Markov | LisaPaths, *, title: str | None = None, synthetic: bool = False, note: str = ""
) -> Figure:
    """Plot transition probabilities as shaded matrices with numbers.

    Parameters
    ----------
    chain : Markov, SpatialMarkov or LisaPaths
        A SpatialMarkov has further panels, one for each class of the lag.
    title : str, optional
        Default: the variable's name and the years.
    synthetic : bool
        True writes under the plot that the data are synthetic.
    note : str
        More to write under the plot.
    """
    panels = _panels(chain)
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    with drawing.style():
        height = 1.25 + 2.35 * rows
        figure = drawing.new_figure(max(2.5 * columns, 4.4), height)
        top, bottom = 1.0 - 0.72 / height, 0.85 / height
        grid = figure.subplots(
            rows, columns, squeeze=False,
            gridspec_kw={"top": top, "bottom": bottom, "left": 0.09, "right": 0.98, "hspace": 0.34, "wspace": 0.16},
        )  # fmt: skip
        for ax, (name, counts) in zip(grid.flat, panels, strict=False):
            _matrix(ax, name, counts)
        for ax in grid.flat[len(panels) :]:
            ax.set_axis_off()
        for ax in grid[:, 0]:
            ax.set_ylabel("Class before")
        for place, ax in enumerate(grid.flat):
            if place < len(panels) <= place + columns:
                ax.set_xlabel("Class after")
        heading = title or f"Transitions: {chain.name}, {chain.years[0]} to {chain.years[-1]}"
        figure.text(0.02, 1.0 - 0.12 / height, heading, fontsize=10.5, fontweight="bold", va="top")
        drawing.footnote(figure, (_about(chain), note), synthetic=synthetic)
    return figure


def _panels(chain: Markov | LisaPaths) -> list[tuple[str, pd.DataFrame]]:
    if isinstance(chain, LisaPaths):
        return [("Quadrants", chain.transitions)]
    panels = [("All", chain.counts)]
    if isinstance(chain, SpatialMarkov):
        last = len(chain.conditional)
        ends = {1: " (lowest)", last: " (highest)"}
        panels += [(f"Neighbours: {m}{ends.get(m, '')}", part) for m, part in chain.conditional.items()]
    return panels


def _matrix(ax: Axes, name: str, counts: pd.DataFrame) -> None:
    """Shade the probabilities, write them in, and the number of departures beside each row."""
    shares = probabilities(counts.to_numpy())
    ax.imshow(np.nan_to_num(shares), cmap="Blues", vmin=0.0, vmax=1.0, aspect="equal")
    for (i, j), value in np.ndenumerate(shares):
        if np.isnan(value):
            ax.text(j, i, "\N{EN DASH}", ha="center", va="center", fontsize=7, color=drawing.MUTED)
        elif counts.iat[i, j]:
            ax.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=7, color="white" if value > 0.55 else None)
    total = int(counts.to_numpy().sum())
    ax.set_title(f"{name}, n = {total:,}", fontsize=8, pad=4)
    ax.set_xticks(range(len(counts)), [str(c) for c in counts.columns])
    ax.set_yticks(range(len(counts)), [str(c) for c in counts.index])
    ax.tick_params(length=0, labelsize=7.5)
    ax.spines[:].set_visible(False)


def _about(chain: Markov | LisaPaths) -> str:
    """Return what the note says of mobility and of the test."""
    said = f"Shorrocks mobility {chain.shorrocks:.3f}"
    if isinstance(chain, SpatialMarkov):
        t = chain.test
        sim = "" if np.isnan(t.p_sim) else f", {_p(t.p_sim)} by relabelling"
        said += (
            f". Equal transitions whatever the neighbours: chi-squared {t.chi2:.1f}, {t.df} df, {_p(t.p_chi2)}{sim}. "
            f"Weights: {chain.weights.description or chain.weights.kind}"
        )
    return said


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"
