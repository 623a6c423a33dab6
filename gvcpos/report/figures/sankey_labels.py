"""Labels of a Sankey diagram moved apart: up or down from where they belong, then smaller, then in a taller figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from gvcpos.report.figures.style import GREY

FloatArray = npt.NDArray[np.float64]
_PAD = 0.8  # points between two labels at least
_STEP = 1.0  # points from one place that is tried to the next
_LED = 5.0  # points from which on a thin line leads to a label
_SIZES = (1.0, 0.88)  # of the size of letters
_TALLER = 1.12
_TURNS = 12
_CLEAR = 1  # turns in which no label may lie over a box


class Label(NamedTuple):
    """A text, the place in data coordinates where it belongs, and how many points from there it may stand."""

    text: Text
    at: tuple[float, float]
    reach: float


def place_labels(fig: Figure, ax: Axes, labels: Sequence[Label], boxes: Sequence[Rectangle]) -> None:
    """Move labels, in their order, to the nearest height at which they overlap no other and, if it can be, no box.

    What was found is kept: the figure is laid out for the last time.

    Parameters
    ----------
    fig : Figure
        Complete, with title and legend.
    ax : Axes
    labels : sequence of Label
        The first have their places first.
    boxes : sequence of Rectangle
    """
    FigureCanvasAgg(fig)
    sizes = [float(label.text.get_fontsize()) for label in labels]
    for turn in range(_TURNS):
        for factor in _SIZES:
            for label, size in zip(labels, sizes, strict=True):
                label.text.set_fontsize(size * factor)
            if _placed(fig, ax, labels, boxes, strict=turn < _CLEAR):
                _lead(ax, labels)
                fig.set_layout_engine("none")
                return
        width, height = fig.get_size_inches()
        fig.set_size_inches(float(width), float(height) * _TALLER)
    fig.set_layout_engine("none")


def overlapping(fig: Figure, texts: Sequence[Text], pad: float = 0.0) -> list[tuple[str, str]]:
    """Name the pairs of texts whose bounding boxes overlap, drawn as they stand, with `pad` pixels around each."""
    spans = _spans(fig, texts, pad)
    pairs = np.argwhere(np.triu(_meets(spans, spans), k=1)).tolist()
    return [(texts[i].get_text(), texts[j].get_text()) for i, j in pairs]


def _placed(fig: Figure, ax: Axes, labels: Sequence[Label], boxes: Sequence[Rectangle], *, strict: bool) -> bool:
    """Place every label; False where one finds no place."""
    for label in labels:
        label.text.set_position(label.at)
    for _ in range(3):  # where labels are moves the axes a little
        fig.draw_without_rendering()
        found = _shifts(fig, ax, labels, boxes, strict=strict)
        if found is None:
            return False
        for label, shift in zip(labels, found, strict=True):
            x, y = ax.transData.transform(label.at)
            label.text.set_position(tuple(ax.transData.inverted().transform((x, y + shift))))
        fig.draw_without_rendering()
        if not overlapping(fig, [label.text for label in labels]):
            return True
        for label in labels:
            label.text.set_position(label.at)
    return False


def _shifts(
    fig: Figure, ax: Axes, labels: Sequence[Label], boxes: Sequence[Rectangle], *, strict: bool
) -> list[float] | None:
    """Pixels by which each label must go up; None where one finds no place."""
    point = fig.dpi / 72.0
    texts = [label.text for label in labels]
    spans = _spans(fig, texts, _PAD * point / 2)
    walls = np.array([box.get_window_extent().extents for box in boxes]).reshape(-1, 4)
    floor, ceiling = ax.get_window_extent().y0, ax.get_window_extent().y1
    taken, out = np.empty((0, 4)), []
    for span, label in zip(spans, labels, strict=True):
        steps = np.arange(0.0, label.reach, _STEP) * point
        tried = np.stack([steps, -steps], axis=1).ravel()[1:]
        moved = span + tried[:, None] * np.array([0.0, 1.0, 0.0, 1.0])
        inside = (moved[:, 1] >= floor - 12 * point) & (moved[:, 3] <= ceiling + 6 * point)
        free = inside & ~_meets(moved, taken).any(axis=1)
        clear = free & ~_meets(moved, walls).any(axis=1)
        best = np.flatnonzero(clear if strict or clear.any() else free)
        if not best.size:
            return None
        out.append(float(tried[best[0]]))
        taken = np.vstack([taken, moved[best[0]]])
    return out


def _lead(ax: Axes, labels: Sequence[Label]) -> None:
    """Draw a thin line to every label that stands far from where it belongs."""
    for label in labels:
        (_, low), (_, high) = (ax.transData.transform(place) for place in (label.at, label.text.get_position()))
        if abs(high - low) > _LED * ax.figure.dpi / 72.0:
            x, y = label.text.get_position()
            ax.add_line(Line2D([label.at[0], x], [label.at[1], y], color=GREY, linewidth=0.4, zorder=2.5))


def _spans(fig: Figure, texts: Sequence[Text], pad: float) -> FloatArray:
    """(N, 4): left, lower, right, upper end of texts in pixels, with some room around them."""
    renderer = FigureCanvasAgg(fig).get_renderer()
    found = np.array([text.get_window_extent(renderer).extents for text in texts]).reshape(-1, 4)
    return found + np.array([-pad, -pad, pad, pad])


def _meets(one: FloatArray, others: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether spans (..., 4) overlap each of others (N, 4), (..., N)."""
    left, low, right, high = (one[..., k, None] for k in range(4))
    across = (left < others[:, 2]) & (others[:, 0] < right)
    return np.asarray(across & (low < others[:, 3]) & (others[:, 1] < high))
