"""Sankey diagrams of flows by mass, cost or value: boxes are processes, bands as wide as what flows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.patheffects import withStroke

from gvcpos._core.errors import InputError
from gvcpos.flows.network import OUTSIDE
from gvcpos.report.figures.sankey_labels import Label, place_labels
from gvcpos.report.figures.sankey_layout import FloatArray, IntArray, Layout, Way, columns_of, sankey_layout
from gvcpos.report.figures.style import (
    DARK,
    GREY,
    PALETTE,
    WIDTH,
    finish,
    legend_below_title,
    need_columns,
    new_figure,
    style,
)

KINDS = {
    "product": (PALETTE[0], "product"),
    "import": (PALETTE[2], "import"),
    "export": (PALETTE[4], "export"),
    "loss": (PALETTE[1], "loss"),
    "recycled": (PALETTE[3], "recycled"),
}
_BOX = 0.075  # half the width of a box, in columns
_HEIGHT = 4.6
_COLUMN = 0.5  # inches a column at least
_MORE = 0.08  # inches a flow above twenty
_LANE = 0.03  # between the lanes of flows that go back
_REACH = 0.42  # how far a loop goes beyond a box, in columns
_WRAP = 16  # letters a line of a label
_TITLE = 20  # of the title of a box
_REACH_OF_TITLE = 12.0  # points that a title may be moved by, so that it stays by its box
_REACH_OF_END = 50.0  # the same for what comes from and goes to the outside
_HALO = [withStroke(linewidth=1.6, foreground="white")]


def sankey(
    frame: pd.DataFrame,
    *,
    order: Sequence[str],
    titles: Mapping[str, str] | None = None,
    unit: str = "",
    least: float = 0.005,
    title: str = "Flows",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw flows between processes.

    Parameters
    ----------
    frame : DataFrame
        One row a flow: flow, source, target, kind, value; ``"outside"`` is where imports come from and where exports
        and losses go. Kinds: product, import, export, loss, recycled.
    order : sequence of str
        Processes, upstream first: a flow against this order goes back and is led below.
    titles : mapping, optional
        What processes and flows are called in the figure.
    unit : str
        Of the values.
    least : float
        Flows below this share of the largest are left out, and said to be.

    Raises
    ------
    LabelError
        If a column is missing.
    InputError
        If a value is negative, a kind is unknown, or nothing flows.
    """
    rows, left = drawn(frame, least)
    names, links, column = boxes(rows, order)
    layout = sankey_layout(column, links, rows["value"].to_numpy(dtype=np.float64))
    called = {name: str((titles or {}).get(name, name)) for name in [*names, *rows["flow"]]}
    with style():
        fig = new_figure(_HEIGHT + _MORE * max(len(rows) - 20, 0), legend=True)
        fig.set_size_inches(max(WIDTH, _COLUMN * (int(column.max()) + 2)), fig.get_size_inches()[1])
        ax = fig.subplots()
        lanes = _bands(ax, rows, layout)
        drawn_boxes, titles_of_boxes = _boxes(ax, names, layout, called)
        ends = _terminal_labels(ax, rows, names, layout, called)
        ax.set_xlim(-0.9, int(column.max()) + 0.9)
        ax.set_ylim(-0.03 - lanes, 1.05)
        ax.axis("off")
        used = [k for k in KINDS if k in set(rows["kind"])]
        legend_below_title(fig, [Patch(color=KINDS[k][0], alpha=0.6, label=KINDS[k][1]) for k in used])
        note = f"Not drawn: {left} below {least:.1%} of the largest" if left else ""
        said = ". ".join(part.rstrip(".") for part in (source, note) if part)
        finish(fig, title=f"{title}, {unit}" if unit else title, source=said, synthetic=synthetic)
        place_labels(fig, ax, [*titles_of_boxes, *ends], drawn_boxes)
        return fig


def drawn(frame: pd.DataFrame, least: float) -> tuple[pd.DataFrame, int]:
    """Rows large enough to be seen, and how many are not."""
    need_columns(frame, "flow", "source", "target", "kind", "value")
    if (frame["value"] < 0).any():
        worst = frame.iloc[int(frame["value"].to_numpy().argmin())]
        raise InputError(f"sankey: {worst['flow']} is {worst['value']:.6g}. A band cannot be negative.")
    if unknown := set(frame["kind"]) - set(KINDS):
        raise InputError(f"sankey: unknown kind of flow: {', '.join(sorted(unknown))}. There are: {', '.join(KINDS)}.")
    if not frame["value"].max() > 0:
        raise InputError("sankey: no flow is positive, so there is nothing to draw.")
    seen = frame["value"] >= least * frame["value"].max()
    return frame[seen].reset_index(drop=True), int((~seen).sum())


def boxes(rows: pd.DataFrame, order: Sequence[str]) -> tuple[list[str], list[tuple[int, int]], IntArray]:
    """Name every box (processes, then one for each end outside), its links, and its column.

    Processes stand in every second column; where a flow comes from or goes to the outside, its end stands between.
    """
    ends = {str(e) for column in ("source", "target") for e in rows[column]} - {OUTSIDE}
    names = [name for name in order if name in ends]
    if strange := ends - set(names):
        raise InputError(f"sankey: processes that `order` lacks: {', '.join(sorted(strange))}.")
    number = {name: i for i, name in enumerate(names)}
    inner = [
        (number[s], number[t]) for s, t in zip(rows["source"], rows["target"], strict=True) if OUTSIDE not in (s, t)
    ]
    column = (2 * columns_of(len(names), inner) + 1).tolist()
    links = []
    for flow, s, t in zip(rows["flow"], rows["source"], rows["target"], strict=True):
        if OUTSIDE in (s, t):
            names.append(str(flow))
            column.append(column[number[t]] - 1 if s == OUTSIDE else column[number[s]] + 1)
        links.append((number.get(s, len(names) - 1), number.get(t, len(names) - 1)))
    return names, links, np.asarray(column, dtype=np.int64)


def _bands(ax: Axes, rows: pd.DataFrame, layout: Layout) -> float:
    """Draw every band, those that go back below the rest; return how far down they reach."""
    down = 0.0
    for way, kind, value in zip(layout.ways, rows["kind"], rows["value"], strict=True):
        thick = float(value) * layout.scale
        if way.back:
            down += _LANE + thick
            path = _looped(way, thick, -down + thick / 2)
        else:
            path = _forward(way, thick)
        ax.add_patch(PathPatch(path, facecolor=KINDS[kind][0], alpha=0.5, linewidth=0))
    return down


def _forward(way: Way, thick: float) -> Path:
    """Outline of a band from the right of one box through its places to the left of another."""
    x = np.array(way.columns)
    x[0] += _BOX
    x[-1] -= _BOX
    points, codes = _curve(x, way.middle + thick / 2)
    under, under_codes = _curve(x[::-1], way.middle[::-1] - thick / 2)
    under_codes[0] = Path.LINETO
    return Path([*points, *under, points[0]], [*codes, *under_codes, Path.CLOSEPOLY])


def _curve(x: FloatArray, y: FloatArray) -> tuple[list[tuple[float, float]], list[np.uint8]]:
    """Points of a smooth line through places, level at each."""
    points, codes = [(float(x[0]), float(y[0]))], [Path.MOVETO]
    for i in range(1, len(x)):
        half = float(x[i - 1] + x[i]) / 2
        points += [(half, float(y[i - 1])), (half, float(y[i])), (float(x[i]), float(y[i]))]
        codes += [Path.CURVE4] * 3
    return points, codes


def _looped(way: Way, thick: float, lane: float) -> Path:
    """Outline of a band that leaves on the right, goes back along a lane below and enters on the left."""
    ends = (float(way.columns[0]) + _BOX, float(way.middle[0])), (float(way.columns[-1]) - _BOX, float(way.middle[-1]))
    far = _loop_side(*ends, lane, half=thick / 2, reach=_REACH)
    near = _loop_side(*ends, lane, half=-thick / 2, reach=_REACH - min(0.3, 2 * thick))[::-1]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3]
    return Path([*far, *near, far[0]], [*codes, Path.LINETO, *codes[1:], Path.CLOSEPOLY])


def _loop_side(
    start: tuple[float, float], end: tuple[float, float], lane: float, *, half: float, reach: float
) -> list[tuple[float, float]]:
    """One edge of a loop: eight points of curve, line, curve."""
    (right, above), (left, below) = start, end
    return [
        (right, above + half),
        (right + reach, above + half),
        (right + reach, lane - half),
        (right, lane - half),
        (left, lane - half),
        (left - reach, lane - half),
        (left - reach, below + half),
        (left, below + half),
    ]


def _boxes(
    ax: Axes, names: Sequence[str], layout: Layout, called: Mapping[str, str]
) -> tuple[list[Rectangle], list[Label]]:
    """Draw processes (odd columns) with their names above."""
    found: list[Rectangle] = []
    labels: list[Label] = []
    for i, name in enumerate(names):
        if layout.column[i] % 2 == 0:
            continue
        at, low, height = float(layout.column[i]), float(layout.low[i]), float(layout.height[i])
        box = Rectangle((at - _BOX, low), 2 * _BOX, height, facecolor=DARK, linewidth=0, zorder=3)
        ax.add_patch(box)
        found.append(box)
        place = (at, low + height + 0.006)
        text = ax.text(*place, fill(called[name], _TITLE), ha="center", va="bottom", fontsize=6.5, color="black")
        text.set(zorder=4, path_effects=_HALO)
        labels.append(Label(text, place, _REACH_OF_TITLE))
    return found, labels


def _terminal_labels(
    ax: Axes, rows: pd.DataFrame, names: Sequence[str], layout: Layout, called: Mapping[str, str]
) -> list[Label]:
    """Write what comes from or goes to the outside at its end, with its size; the largest first."""
    labels = []
    value = dict(zip(rows["flow"], rows["value"], strict=True))
    incoming = set(rows.loc[rows["source"] == OUTSIDE, "flow"])
    for i, name in enumerate(names):
        if layout.column[i] % 2 or name not in value:
            continue
        x, y = float(layout.column[i]), float(layout.low[i] + layout.height[i] / 2)
        size = float(f"{value[name]:.3g}")  # and no power of ten in a label: 4,260, not 4.26e+03
        text, side = fill(f"{called[name]} {size:,.10g}", _WRAP), "right" if name in incoming else "left"
        x += _BOX if name in incoming else -_BOX
        ax.plot([x, x], [layout.low[i], layout.low[i] + layout.height[i]], color=GREY, linewidth=0.8)
        x += -0.04 if name in incoming else 0.04
        own = ax.text(x, y, text, ha=side, va="center", fontsize=5.8, color=DARK, zorder=4, path_effects=_HALO)
        labels.append((value[name], Label(own, (x, y), _REACH_OF_END)))
    return [label for _, label in sorted(labels, key=lambda found: -found[0])]
