"""Maps: clusters of local Moran statistics, and one variable by quantile."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import align
from gvcpos.spatial import drawing
from gvcpos.spatial.geometry import shapes_by_label
from gvcpos.spatial.local_statistic import LocalStatistic

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.figure import Figure

# Red against blue is told apart in every common form of colour blindness; the pale pair is for outliers.
_CLUSTER_COLOURS = {
    "HH": "#b2182b", "LL": "#2166ac", "HL": "#f4a582", "LH": "#92c5de", "ns": "#d9d9d9", "island": "#ffffff",
    "hot": "#b2182b", "cold": "#2166ac", "similar": "#f4a582", "dissimilar": "#92c5de",
    "joined": "#b2182b", "apart": "#92c5de",
}  # fmt: skip
_CLUSTER_NAMES = {
    "HH": "High among high", "LL": "Low among low", "HL": "High among low", "LH": "Low among high",
    "ns": "Not significant", "island": "No neighbours", "hot": "Hot spot", "cold": "Cold spot",
    "similar": "Like its neighbours", "dissimilar": "Unlike its neighbours",
    "joined": "More joins than chance", "apart": "Fewer joins than chance",
}  # fmt: skip
_LEVELS = np.array([0.001, 0.01, 0.05])
_SIGNIFICANCE = (
    ("p \N{LESS-THAN OR EQUAL TO} 0.001", "#00441b", ""), ("p \N{LESS-THAN OR EQUAL TO} 0.01", "#2a9d54", ""),
    ("p \N{LESS-THAN OR EQUAL TO} 0.05", "#a1d99b", ""), ("Not significant", "#d9d9d9", ""),
    ("Not tested", "#f1f1f1", ""), ("No neighbours", "#ffffff", "////"),
)  # fmt: skip
_HATCH = {"island": "////"}


def cluster_map(
    local: LocalStatistic,
    polygons: gpd.GeoDataFrame,
    *,
    title: str | None = None,
    year: int | str | None = None,
    background: gpd.GeoDataFrame | None = None,
    synthetic: bool = False,
    note: str = "",
) -> Figure:
    """Map the clusters of local statistics.

    Parameters
    ----------
    local : LocalMoran, LocalBivariateMoran, LocalGeary, LocalGetisOrd, LocalJoinCounts or PooledLocalMoran
    polygons : GeoDataFrame
        Indexed by unit; exactly the units of `local`, in any order.
    title : str, optional
        Default: the variable's name.
    year : int or str, optional
        What the values refer to, for the title.
    background : GeoDataFrame, optional
        Further land, drawn pale and without meaning.
    synthetic : bool
        True writes under the map that the data are synthetic.
    note : str
        More to write under the map.

    Raises
    ------
    LabelError
        If the polygons are not those of the units; the message names the difference.
    """
    classes = local.clusters.to_numpy()
    counts = local.counts()
    keys = [c for c in local.kinds if counts[c] or c != "island"]
    legend = [(_CLUSTER_NAMES[c], _CLUSTER_COLOURS[c], _HATCH.get(c, ""), counts[c]) for c in keys]
    about = (
        f"{_chance(local)} at {local.level:.0%}",
        f"Weights: {local.weights.description or local.weights.kind}",
        note,
    )
    return _map(
        _shapes(polygons, local.weights.ids, "the local statistics"),
        [_CLUSTER_COLOURS[c] for c in classes],
        [_HATCH.get(c, "") for c in classes],
        legend,
        title=_titled(title or f"{local.title}: {local.name}", year),
        background=background,
        notes=about,
        synthetic=synthetic,
    )


def significance_map(
    local: LocalStatistic,
    polygons: gpd.GeoDataFrame,
    *,
    title: str | None = None,
    year: int | str | None = None,
    background: gpd.GeoDataFrame | None = None,
    synthetic: bool = False,
    note: str = "",
) -> Figure:
    """Map how significant local statistics are, by p-values adjusted for false discovery.

    Parameters and errors as `cluster_map`.
    """
    p = local.frame["p_fdr"].to_numpy(dtype=np.float64)
    island = (local.frame["cluster"] == "island").to_numpy()
    which = np.where(island, 5, np.where(np.isnan(p), 4, np.searchsorted(_LEVELS, p, side="left")))
    legend = [
        (name, colour, hatch, int((which == k).sum()))
        for k, (name, colour, hatch) in enumerate(_SIGNIFICANCE)
        if k < 4 or (which == k).any()
    ]
    return _map(
        _shapes(polygons, local.weights.ids, "the local statistics"),
        [_SIGNIFICANCE[k][1] for k in which],
        [_SIGNIFICANCE[k][2] for k in which],
        legend,
        title=_titled(title or f"{local.title}, significance: {local.name}", year),
        background=background,
        notes=(_chance(local), f"Weights: {local.weights.description or local.weights.kind}", note),
        synthetic=synthetic,
    )


def choropleth(
    values: pd.Series,
    polygons: gpd.GeoDataFrame,
    *,
    classes: int = 5,
    title: str | None = None,
    year: int | str | None = None,
    background: gpd.GeoDataFrame | None = None,
    synthetic: bool = False,
    note: str = "",
) -> Figure:
    """Map one variable in classes of equal numbers of units.

    Parameters
    ----------
    values : Series
        Labelled; a missing value is drawn grey.
    polygons, title, year, background, synthetic, note
        See `cluster_map`.
    classes : int
        From 2 to 9 quantiles; fewer are drawn where values are tied.

    Raises
    ------
    LabelError
        If the polygons are not those of the values.
    InputError
        If no value is finite or the number of classes is out of range.
    """
    if not 2 <= classes <= 9:
        raise InputError(f"classes={classes}: between 2 and 9 can be told apart.")
    shapes = _shapes(polygons, [str(label) for label in values.index], "the values")
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    which, bounds = quantile_classes(numbers, classes)
    shades = _shades(len(bounds) - 1)
    legend = [
        (f"{_short(low)} to {_short(high)}", shades[k], "", int((which == k).sum()))
        for k, (low, high) in enumerate(pairwise(bounds))
    ][::-1]
    if (which < 0).any():
        legend.append(("No data", drawing.NO_DATA, "", int((which < 0).sum())))
    return _map(
        shapes,
        [drawing.NO_DATA if k < 0 else shades[k] for k in which],
        [""] * len(which),
        legend,
        title=_titled(title or str(values.name or "Values"), year),
        background=background,
        notes=("Classes hold about equal numbers of units", note),
        synthetic=synthetic,
    )


def quantile_classes(
    values: npt.NDArray[np.float64], classes: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Sort values into quantile classes.

    Parameters
    ----------
    values : ndarray, shape (n,)
        NaN and infinite values belong to no class.
    classes : int

    Returns
    -------
    which : ndarray of int, shape (n,)
        Class from 0, or −1.
    bounds : ndarray, shape (number of classes + 1,)
        Classes are closed above, the lowest also below; ties leave fewer classes than asked.

    Raises
    ------
    InputError
        If no value is finite.
    """
    good = np.isfinite(values)
    if not good.any():
        raise InputError("there is no finite value to map.")
    bounds = np.unique(np.quantile(values[good], np.linspace(0.0, 1.0, classes + 1)))
    if len(bounds) == 1:
        bounds = np.repeat(bounds, 2)
    which = np.full(values.shape, -1, dtype=np.intp)
    which[good] = np.clip(np.searchsorted(bounds, values[good], side="left") - 1, 0, len(bounds) - 2)
    return which, bounds


def _chance(local: LocalStatistic) -> str:
    by = f"{local.permutations:,} conditional permutations" if local.permutations else "Exact p-values"
    return f"{by}, false discovery controlled"


def _map(
    shapes: tuple[npt.NDArray[np.object_], bool],
    colours: Sequence[str],
    hatches: Sequence[str],
    legend: Sequence[tuple[str, str, str, int]],
    *,
    title: str,
    background: Any,
    notes: Sequence[str],
    synthetic: bool,
) -> Figure:
    plane = drawing.project(shapes[0], geographic=shapes[1])
    with drawing.style():
        figure = drawing.new_figure(7.2, 4.3)
        ax = figure.add_axes((0.01, 0.185, 0.98, 0.73))
        extent = list(plane)
        if background is not None:
            land = drawing.project(shapes_by_label(background)[1], geographic=shapes[1])
            drawing.draw_shapes(ax, land, [drawing.LAND] * len(land), marks=False)
            extent += list(land)
        drawing.draw_shapes(ax, plane, colours, hatches=hatches)
        drawing.frame_map(ax, extent)
        figure.text(0.02, 0.965, title, fontsize=10.5, fontweight="bold", va="top")
        _legend(figure, legend)
        drawing.footnote(figure, notes, synthetic=synthetic)
    return figure


def _legend(figure: Figure, entries: Sequence[tuple[str, str, str, int]]) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=colour, edgecolor=drawing.MUTED, lw=0.4, hatch=hatch, label=f"{name} ({count})")
        for name, colour, hatch, count in entries
    ]
    for rows in (1, 2, 3):
        drawn = figure.legend(
            handles=handles,
            loc="lower center",
            bbox_to_anchor=(0.5, 0.08),
            ncols=-(-len(handles) // rows),
            frameon=False,
            fontsize=7.5,
            handlelength=1.3,
            handleheight=0.9,
            columnspacing=1.2,
            handletextpad=0.5,
        )
        if rows == 3 or drawn.get_window_extent().width <= 0.97 * figure.bbox.width:
            break
        drawn.remove()


def _shapes(polygons: Any, ids: Sequence[str], what: str) -> tuple[npt.NDArray[np.object_], bool]:
    geographic = polygons.crs is None or polygons.crs.is_geographic
    labels, shapes = shapes_by_label(polygons, geographic=geographic)
    return shapes[align(labels, ids, "the polygons", what)], geographic


def _titled(title: str, year: int | str | None) -> str:
    return title if year is None else f"{title}, {year}"


def _short(value: float) -> str:
    return drawing.minus(f"{value:.3g}" if abs(value) < 1e4 else f"{value:,.0f}")


def _shades(count: int) -> list[str]:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(c) for c in colormaps["YlGnBu"](np.linspace(0.15, 0.95, count))]
