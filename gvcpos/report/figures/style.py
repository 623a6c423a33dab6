"""One look for every figure: colours a colour-blind reader can tell apart, title, source line, marks.

Figures are made with matplotlib's object interface inside `style`, which starts from matplotlib's own
defaults, so that nobody's settings change the bytes of a figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from scipy.optimize import isotonic_regression

from gvcpos._core.labels import locate

# Okabe and Ito (2008), "Color universal design": told apart under the common colour-vision deficiencies.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#b8bcc0"
DARK = "#3c4043"
WIDTH = 7.2
_TOP = 0.42
_BOTTOM = 0.26
_LEGEND = 0.2
_XLABEL = 0.2
_LABEL_SIZE = 8.0
_RC: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.labelsize": 9.0,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": DARK,
    "axes.labelcolor": DARK,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": "#e4e6e8",
    "grid.linewidth": 0.6,
    "xtick.color": DARK,
    "ytick.color": DARK,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.fontsize": 8.0,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "gvcpos",
    "text.parse_math": False,
}
_KEPT = ("backend", "interactive", "toolbar", "webagg", "date.epoch", "tk.", "macosx", "savefig.directory")


@contextmanager
def style() -> Iterator[None]:
    """Use the project's look, whatever the user's matplotlib settings are; they come back afterwards."""
    look: dict[Any, Any] = {k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith(_KEPT)}
    look.update(_RC)
    with mpl.rc_context(rc=look):
        yield


def new_figure(height: float, *, legend: bool = False, xlabel: str = "") -> Figure:
    """Make an empty figure (height in inches) with room for title, legend, common x label and source line."""
    above = _TOP + (_LEGEND if legend else 0.0)
    below = _BOTTOM + (_XLABEL if xlabel else 0.0)
    rect = (0.005, below / height, 0.99, 1 - (above + below) / height)
    engine = ConstrainedLayoutEngine(rect=rect, h_pad=0.05, w_pad=0.05, hspace=0.06, wspace=0.05)
    fig = Figure(figsize=(WIDTH, height), layout=engine)
    if xlabel:
        fig.text(0.5, _BOTTOM / height, xlabel, ha="center", va="bottom", fontsize=9, color=DARK)
    return fig


def legend_below_title(fig: Figure, handles: Sequence[Artist]) -> None:
    """Put a legend of one line below the title of a figure made with ``legend=True``."""
    width, height = fig.get_size_inches()
    fig.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.08 / width, 1 - (_TOP - 0.1) / height),
        ncols=len(handles),
        borderaxespad=0.0,
        borderpad=0.0,
        handletextpad=0.4,
    ).set_in_layout(False)


def percent(ax: Axes) -> None:
    """Write the y axis of fractions in per cent, with no more decimals than the ticks need."""
    ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.6g}".replace("-", "−"))


def finish(fig: Figure, *, title: str, source: str, synthetic: bool) -> Figure:
    """Write the title above, the source below and, when asked, that the data are synthetic."""
    width, height = fig.get_size_inches()
    left = 0.08 / width
    fig.text(left, 1 - 0.1 / height, title, ha="left", va="top", fontsize=11, fontweight="bold", color="black")
    if source:
        line = source if source.startswith("Source") else f"Source: {source}"
        fig.text(left, 0.07 / height, line, ha="left", va="bottom", fontsize=7, color="#5f6368")
    if synthetic:
        fig.text(
            1 - left,
            0.07 / height,
            "SYNTHETIC DATA",
            ha="right",
            va="bottom",
            fontsize=7.5,
            fontweight="bold",
            color=PALETTE[1],
        )
    return fig


def need_columns(frame: pd.DataFrame, *columns: str) -> None:
    """Raise `LabelError` if the frame of a figure lacks a column."""
    locate(columns, [str(c) for c in frame.columns], "columns of the figure's frame")


def label_ends(
    ax: Axes,
    points: Sequence[tuple[float, float]],
    texts: Sequence[str],
    colours: Sequence[str],
    *,
    size: float = _LABEL_SIZE,
) -> None:
    """Write names right of the last points of lines, moved apart where they would overlap.

    Parameters
    ----------
    points : sequence of (x, y)
        Last point of each line, in data units; those without a finite y are left out.
    texts, colours : sequence of str
        Name and colour of each line.
    """
    drawn = [i for i, (_, y) in enumerate(points) if np.isfinite(y)]
    if not drawn:
        return
    figure = ax.get_figure(root=True)
    assert figure is not None  # an Axes of new_figure always has one
    figure.draw_without_rendering()  # settles the layout, so that a gap in points is a gap in data units
    low, high = ax.get_ylim()
    unit = ax.get_window_extent().height / figure.dpi * 72 / (high - low)
    right = max(points[i][0] for i in drawn)
    wanted = np.array([points[i][1] for i in drawn])
    gap = 1.25 * size / unit
    placed = spread(wanted, gap, low + gap / 2, high)
    moves = (placed - wanted) * unit
    away = 9 if np.abs(moves).max() <= 2 else 18  # room for the lines between names and points
    for i, moved in zip(drawn, moves, strict=True):
        # From the middle of the name's left side, so that no line runs through another name.
        line = {"arrowstyle": "-", "color": colours[i], "lw": 0.5, "shrinkA": 0, "shrinkB": 3, "relpos": (0.0, 0.5)}
        reach = ax.transData.transform([(right, 0.0), (points[i][0], 0.0)])[:, 0] * 72 / figure.dpi
        ax.annotate(
            texts[i],
            xy=points[i],
            xytext=(round(reach[0] - reach[1] + away, 2), round(float(moved), 2)),
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=size,
            color=colours[i],
            annotation_clip=False,
            arrowprops=line if abs(moved) > 2 else None,
        )


def spread(values: np.ndarray, gap: float, low: float, high: float) -> np.ndarray:
    """Move numbers apart to at least `gap`, by the least sum of squares, order kept.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Where labels would like to stand.
    gap : float
        Least distance between neighbours.
    low, high : float
        No label stands outside, unless there are too many to fit; these stick out above.

    Returns
    -------
    ndarray, shape (n,)
    """
    order = np.argsort(values, kind="stable")
    steps = gap * np.arange(len(values))
    # Positions less their steps must rise: a monotone regression, whose bounded form is the clipped one.
    risen = np.asarray(isotonic_regression(values[order] - steps).x)
    placed = np.clip(risen, low, max(low, high - float(steps[-1]))) + steps
    out = np.empty(len(values))
    out[order] = placed
    return out
