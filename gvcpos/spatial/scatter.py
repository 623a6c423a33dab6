"""The Moran scatter plot: each unit against the mean of its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gvcpos.spatial import drawing
from gvcpos.spatial.bivariate import BivariateMoran
from gvcpos.spatial.moran import Moran

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]
_BLUE, _RED = "#2166ac", "#b2182b"
# Where a label may go around its point: offset in points, and alignment.
_PLACES = (
    (4, 0, "left", "center"), (-4, 0, "right", "center"), (0, 4, "center", "bottom"), (0, -4, "center", "top"),
    (3, 3, "left", "bottom"), (-3, 3, "right", "bottom"), (3, -3, "left", "top"), (-3, -3, "right", "top"),
)  # fmt: skip


def moran_scatter(
    moran: Moran | BivariateMoran,
    *,
    title: str | None = None,
    year: int | str | None = None,
    labels: int = 12,
    synthetic: bool = False,
    note: str = "",
) -> Figure:
    """Plot each unit's value against its spatial lag; with row-normalised weights the slope of the line is I.

    Parameters
    ----------
    moran : Moran or BivariateMoran
    title : str, optional
        Default: the variable's name.
    year : int or str, optional
        What the values refer to, for the title.
    labels : int
        How many of the units farthest from the centre are named, where there is room.
    synthetic : bool
        True writes under the plot that the data are synthetic.
    note : str
        More to write under the plot.
    """
    x, y = moran.values.to_numpy(), moran.lag.to_numpy()
    with drawing.style():
        figure = drawing.new_figure(5.2, 5.0)
        ax = figure.add_axes((0.13, 0.175, 0.84, 0.715))
        _axes(ax, x, y)
        slope = float(x @ y / (x @ x))
        ends = np.array(ax.get_xlim())
        ax.plot(ends, slope * ends, color=_RED, lw=1.2, zorder=2, scalex=False, scaley=False)
        ax.scatter(x, y, s=15, color=_BLUE, alpha=0.85, lw=0, zorder=3)
        ax.set_xlabel(f"{moran.values.name} (standard deviations from the mean)")
        lag = "Mean of neighbours, weighted" if moran.weights.is_row_normalised else "Spatial lag"
        if isinstance(moran, BivariateMoran):
            lag = f"{moran.y_name}: {lag[0].lower()}{lag[1:]}"
        ax.set_ylabel(f"{lag} (standard deviations)" if len(lag) < 35 else lag)
        heading = title or f"Moran scatter plot: {moran.name}"
        figure.text(
            0.02, 0.97, heading if year is None else f"{heading}, {year}", fontsize=10.5, fontweight="bold", va="top"
        )
        figure.text(0.02, 0.925, _result(moran), fontsize=8, color=drawing.MUTED, va="top")
        _name_the_farthest(figure, ax, moran, labels)
        weights = f"Weights: {moran.weights.description or moran.weights.kind}"
        drawing.footnote(figure, (weights, note), synthetic=synthetic)
    return figure


def _result(moran: Moran | BivariateMoran) -> str:
    sim = f", {_p(moran.p_sim)} by {moran.permutations:,} permutations" if moran.permutations else ""
    return drawing.minus(
        f"I = {moran.I:.3f}, expected {moran.expected:.3f}, z = {moran.z_rand:.2f} ({_p(moran.p_rand)}){sim}"
    )


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def _axes(ax: Axes, x: FloatArray, y: FloatArray) -> None:
    """Draw the means as a cross and name the quadrants in the corners."""
    ax.set_xlim(*_padded(x))
    ax.set_ylim(*_padded(y))
    ax.axhline(0.0, color=drawing.FAINT, lw=0.7, zorder=1)
    ax.axvline(0.0, color=drawing.FAINT, lw=0.7, zorder=1)
    ax.spines[["top", "right"]].set_visible(False)
    corners = {
        "High among high": (0.995, 0.99, "right", "top"),
        "Low among high": (0.005, 0.99, "left", "top"),
        "Low among low": (0.005, 0.01, "left", "bottom"),
        "High among low": (0.995, 0.01, "right", "bottom"),
    }
    for name, (left, low, ha, va) in corners.items():
        ax.text(left, low, name, transform=ax.transAxes, ha=ha, va=va, fontsize=7, color="#9a9a9a")


def _padded(values: FloatArray) -> tuple[float, float]:
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    room = 0.09 * (high - low or 1.0)
    return low - room, high + room


def _name_the_farthest(figure: Figure, ax: Axes, moran: Moran | BivariateMoran, labels: int) -> None:
    """Name the units farthest from the centre, each where it covers no point and no other name."""
    x, y = moran.values.to_numpy(), moran.lag.to_numpy()
    spread = max(float(y.std()), 1e-12)
    farthest = np.argsort(-np.hypot(x, y / spread), kind="stable")[:labels]
    renderer: Any = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    line = np.linspace(*ax.get_xlim(), 400)
    drawn = np.vstack([np.column_stack([x, y]), np.column_stack([line, line * (x @ y) / (x @ x)])])
    dots = ax.transData.transform(drawn)
    corners = [t.get_window_extent(renderer) for t in ax.texts]
    taken = list(corners)
    for i in farthest:
        for dx, dy, ha, va in _PLACES:
            text = ax.annotate(
                moran.values.index[i], (x[i], y[i]), (dx, dy), textcoords="offset points", ha=ha, va=va, fontsize=6.5
            )
            box = text.get_window_extent(renderer)
            free = not any(box.overlaps(other) for other in taken) and box.count_contains(dots) == 0
            if free and ax.bbox.contains(box.x0, box.y0) and ax.bbox.contains(box.x1, box.y1):
                taken.append(box)
                break
            text.remove()
