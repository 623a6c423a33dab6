"""What the figures of this wing share: style, footnotes, and polygons on an equal-area map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]

INK, MUTED, FAINT = "#222222", "#6b6b6b", "#c8c8c8"
SYNTHETIC = "#D55E00"
NO_DATA, LAND = "#d9d9d9", "#f1f1f1"
_STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "text.color": INK,
    "hatch.linewidth": 0.5,
}
_LETTERS_AN_INCH = 19.5  # of the note's type
_EQUAL_EARTH = (1.340264, -0.081106, 0.000893, 0.003796)
_MARKED_SHARE = 6e-5  # of the map's area: below it a country is a dot nobody sees, so it gets a marker


@contextmanager
def style() -> Iterator[None]:
    """Apply the wing's style within the block only."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of that many inches, without pyplot's global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=150, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def footnote(figure: Figure, parts: Sequence[str], *, synthetic: bool, left: float = 0.02) -> None:
    """Write the note under a figure, in two lines at most; synthetic data are marked at its right."""
    from textwrap import wrap

    words = ". ".join(part for part in parts if part)
    room = int(_LETTERS_AN_INCH * figure.get_figwidth() * (1 - 2 * left)) - (22 if synthetic else 0)
    lines = wrap(words + ".", room, max_lines=2, placeholder=" ...") if words else []
    if lines:
        figure.text(left, 0.015, "\n".join(lines), fontsize=7, color=MUTED, ha="left", va="bottom")
    if synthetic:
        mark = figure.text(1 - left, 0.015, "SYNTHETIC DATA", fontsize=7.5, color=SYNTHETIC, ha="right", va="bottom")
        mark.set_fontweight("bold")


def minus(text: str) -> str:
    """Write numbers with a minus sign in place of a hyphen."""
    return text.replace("-", "\N{MINUS SIGN}")


def equal_earth(degrees: FloatArray) -> FloatArray:
    """Project longitude and latitude to the plane, keeping areas in proportion.

    Parameters
    ----------
    degrees : ndarray, shape (m, 2)
        Longitude, latitude.

    Returns
    -------
    ndarray, shape (m, 2)
        On a sphere of radius 1.

    References
    ----------
    Šavrič, B., Patterson, T. and Jenny, B. (2019), Int. J. Geographical Information Science 33:454-465.
    """
    a1, a2, a3, a4 = _EQUAL_EARTH
    lam, phi = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    t = np.arcsin(np.sqrt(3.0) / 2.0 * np.sin(phi))
    t2, t6 = t**2, t**6
    slope = a1 + 3.0 * a2 * t2 + t6 * (7.0 * a3 + 9.0 * a4 * t2)
    x = 2.0 * np.sqrt(3.0) / 3.0 * lam * np.cos(t) / slope
    return np.column_stack([x, t * (a1 + a2 * t2 + t6 * (a3 + a4 * t2))])


def project(shapes: npt.NDArray[np.object_], *, geographic: bool) -> npt.NDArray[np.object_]:
    """Return shapes in the plane of the map; coordinates that are not degrees stay as they are."""
    if not geographic:
        return shapes
    # A long straight border is a curve on the map.
    fine = shapely.segmentize(shapes, 2.0)
    return np.array([shapely.transform(s, equal_earth) for s in fine], dtype=object)


def draw_shapes(
    ax: Axes,
    shapes: Sequence[Any] | npt.NDArray[np.object_],
    colours: Sequence[str],
    *,
    hatches: Sequence[str] | None = None,
    marks: bool = True,
) -> None:
    """Fill shapes, each with its colour (and hatch); `marks` puts a dot on those too small to be seen."""
    from matplotlib.patches import PathPatch

    patterns = hatches or [""] * len(shapes)
    for shape, colour, hatch in zip(shapes, colours, patterns, strict=True):
        ax.add_patch(
            PathPatch(outline(shape), facecolor=colour, edgecolor="white" if not hatch else FAINT, lw=0.3, hatch=hatch)
        )
    west, south, east, north = shapely.total_bounds(np.asarray(shapes, dtype=object))
    small = _MARKED_SHARE * (east - west) * (north - south)
    for shape, colour in zip(shapes, colours, strict=True):
        if marks and shape.area < small:
            at = shape.representative_point()
            ax.plot(at.x, at.y, "o", ms=4.0, mfc=colour, mec=INK, mew=0.6, zorder=3)


def outline(shape: Any) -> Any:
    """Return a matplotlib path of a polygon or several, holes included."""
    from matplotlib.path import Path

    paths = []
    for part in shapely.get_parts(shape):
        if part.geom_type != "Polygon":
            continue  # points and lines that a repair left over have no area to fill
        for ring in (part.exterior, *part.interiors):
            paths.append(Path(shapely.get_coordinates(ring), closed=True))
    return Path.make_compound_path(*paths)


def frame_map(ax: Axes, shapes: Sequence[Any] | npt.NDArray[np.object_]) -> None:
    """Set the extent to what is drawn, with a small margin, and take away axes."""
    west, south, east, north = shapely.total_bounds(np.asarray(shapes, dtype=object))
    margin = 0.02 * max(east - west, north - south)
    ax.set_xlim(west - margin, east + margin)
    ax.set_ylim(south - margin, north + margin)
    ax.set_aspect("equal")
    ax.set_axis_off()
