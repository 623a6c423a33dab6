"""Figures of uncertainty: indices with intervals, and coefficients with the errors of the data carried to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy import stats

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate
from gvcpos.report.figures.style import DARK, PALETTE, finish, legend_below_title, need_columns, new_figure, style

_ROW = 0.16  # inches a country takes
_COLUMNS = 24  # countries before a second column of panels begins
_LEVELS = (0.95, 0.8, 0.5)
_SHADES = (0.18, 0.4, 0.65)  # of the colour, the rest white: solid, so that the legend shows what is drawn


def index_intervals(
    frame: pd.DataFrame,
    index: str,
    *,
    unit: str | None = None,
    highlight: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    title: str | None = None,
    xlabel: str | None = None,
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw an index of every country as a dot with its interval, from the smallest to the largest.

    Parameters
    ----------
    frame : DataFrame
        Of `gvcpos.uncertainty.index_uncertainty` or `first_order_uncertainty`; one year.
    index : str
    unit : str, optional
        Stage or sector to draw; may be left out where the frame has one only.
    highlight : sequence of str
        Countries in colour.
    names : mapping, optional
        Country label to reader's name.
    title, xlabel : str, optional
        By default made of index and unit.

    Raises
    ------
    LabelError
        If the index, the unit or a country to highlight is not in the frame.
    InputError
        If the frame has several units or years and none was chosen, or nothing to draw.
    """
    rows = _chosen(frame, index, unit)
    locate(highlight, list(rows["country"]), "countries of the figure")
    rows = rows.sort_values(["estimate", "country"], ignore_index=True)
    panels = -(-len(rows) // _COLUMNS)
    size = -(-len(rows) // panels)
    said = f"{index}, {rows['unit'].iloc[0]}"
    with style():
        fig = new_figure(1.0 + 0.2 + _ROW * size, legend=True, xlabel=xlabel or index)
        axes = fig.subplots(1, panels, sharex=True, squeeze=False)[0]
        for p, ax in enumerate(reversed(list(axes))):
            _dots(ax, rows.iloc[p * size : (p + 1) * size], highlight, names or {})
        level = f"{100 * float(frame.attrs.get('confidence', 0.95)):.3g} % interval, errors of cells assumed"
        legend_below_title(fig, [Line2D([], [], color=PALETTE[0], marker="o", markersize=4, label=level)])
        return finish(fig, title=title or f"{said}: what errors in the table leave", source=source, synthetic=synthetic)


def _chosen(frame: pd.DataFrame, index: str, unit: str | None) -> pd.DataFrame:
    column = "stage" if "stage" in frame.columns else "sector"
    needed = ("country", column, "year", "index", "estimate", "lower", "upper")
    need_columns(frame, *needed)
    locate([index], list(dict.fromkeys(frame["index"])), "index of the figure's frame")
    rows = frame[frame["index"] == index]
    if unit is not None:
        locate([unit], list(dict.fromkeys(rows[column].astype(str))), column)
        rows = rows[rows[column] == unit]
    rows = rows[np.isfinite(rows["estimate"]) & np.isfinite(rows["lower"])].rename(columns={column: "unit"})
    if rows.empty or rows["country"].duplicated().any():
        raise InputError(
            f"the figure of {index} needs one row a country; there are {len(rows)} of {rows['country'].nunique()} "
            f"countries. Choose one year and one {column} (unit=)."
        )
    return rows


def _dots(ax: Axes, rows: pd.DataFrame, highlight: Sequence[str], names: Mapping[str, str]) -> None:
    for place, row in enumerate(rows.to_dict("records")):
        colour = PALETTE[1] if row["country"] in highlight else PALETTE[0]
        ax.plot((row["lower"], row["upper"]), (place, place), color=colour, linewidth=1.4, solid_capstyle="butt")
        ax.plot(row["estimate"], place, marker="o", color=colour, markersize=3.2)
    ax.set_yticks(range(len(rows)), [names.get(c, c) for c in rows["country"]])
    ax.tick_params(axis="y", length=0, labelsize=7)
    ax.set_ylim(-0.8, len(rows) - 0.2)
    ax.grid(axis="y", visible=False)


def coefficient_fan(
    frame: pd.DataFrame,
    parameter: str | None = None,
    *,
    title: str | None = None,
    xlabel: str = "Assumed relative error of a cell (%)",
    ylabel: str = "Pooled estimate",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw how an estimate and its intervals open as the errors assumed for the tables grow.

    Parameters
    ----------
    frame : DataFrame
        Of `gvcpos.uncertainty.error_fan`.
    parameter : str, optional
        May be left out where the frame has one only.

    Raises
    ------
    LabelError, InputError
        If the parameter is not in the frame, or none was chosen from several.
    """
    needed = ("parameter", "relative", "published", "estimate", "std_error", "df")
    need_columns(frame, *needed)
    have = list(dict.fromkeys(frame["parameter"].astype(str)))
    if parameter is None and len(have) > 1:
        raise InputError(f"the fan has {len(have)} parameters: {', '.join(have)}. Choose one (parameter=).")
    name = have[0] if parameter is None else parameter
    locate([name], have, "parameter of the figure's frame")
    rows = frame[frame["parameter"] == name].sort_values("relative")
    with style():
        fig = new_figure(3.6, legend=True)
        ax = fig.add_subplot()
        handles = _fan(ax, rows)
        ax.axhline(0.0, color=DARK, linewidth=0.8, zorder=2)
        ax.set_xlabel(xlabel)
        ax.set_ylabel(ylabel)
        ax.margins(x=0.0)
        legend_below_title(fig, handles)
        return finish(fig, title=title or name, source=source, synthetic=synthetic)


def _fan(ax: Axes, rows: pd.DataFrame) -> list[Line2D | Patch]:
    """Shade intervals of three confidences; return the legend's handles."""
    x, middle, error, df = (rows[c].to_numpy(float) for c in ("relative", "estimate", "std_error", "df"))
    handles: list[Line2D | Patch] = []
    for level, shade in zip(_LEVELS, _SHADES, strict=True):
        p = (1 + level) / 2
        finite = np.isfinite(df)
        half = error * np.where(finite, stats.t.ppf(p, np.where(finite, df, 1.0)), stats.norm.ppf(p))
        red, green, blue = (1 - shade + shade * part for part in to_rgb(PALETTE[0]))
        colour = (red, green, blue)
        ax.fill_between(100 * x, middle - half, middle + half, color=colour, linewidth=0)
        handles.append(Patch(color=colour, linewidth=0, label=f"{100 * level:.0f} %"))
    ax.plot(100 * x, middle, color=PALETTE[0], marker="o", markersize=4)
    ax.plot(100 * x, rows["published"].to_numpy(float), color=DARK, linewidth=1.0, linestyle="--")
    handles.append(Line2D([], [], color=PALETTE[0], marker="o", markersize=4, label="pooled"))
    handles.append(Line2D([], [], color=DARK, linewidth=1.0, linestyle="--", label="on the published tables"))
    return handles


def data_error_intervals(
    frame: pd.DataFrame,
    *,
    title: str = "What errors in the data do to the estimates",
    xlabel: str = "Estimate and interval, in standard errors as published",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw each estimate as published and corrected for the data's errors, both in published standard errors.

    Parameters
    ----------
    frame : DataFrame
        parameter, published, published_se, published_lower, published_upper, corrected, corrected_lower,
        corrected_upper, as a study's frame of uncertainty.

    Raises
    ------
    LabelError
        If a column is missing.
    InputError
        If there is no row.
    """
    parts = (("published", PALETTE[0], "o", -0.14), ("corrected", PALETTE[1], "s", 0.14))
    columns = [name + end for name, *_ in parts for end in ("", "_lower", "_upper")]
    need_columns(frame, "parameter", "published_se", *columns)
    if frame.empty:
        raise InputError("no estimate to draw.")
    scale = frame["published_se"].to_numpy(float)
    with style():
        fig = new_figure(1.0 + 0.2 + 0.36 * len(frame), legend=True, xlabel=xlabel)
        ax = fig.add_subplot()
        ax.axvline(0.0, color=DARK, linewidth=0.8, zorder=1)
        for name, colour, marker, shift in parts:
            y = np.arange(len(frame)) + shift
            low, middle, high = (frame[name + end].to_numpy(float) / scale for end in ("_lower", "", "_upper"))
            ax.hlines(y, low, high, color=colour, linewidth=1.6)
            ax.plot(middle, y, linestyle="none", marker=marker, color=colour, markersize=4)
        ax.set_yticks(range(len(frame)), frame["parameter"].astype(str))
        ax.set_ylim(len(frame) - 0.5, -0.5)
        ax.grid(axis="y", visible=False)
        words = {"published": "as published", "corrected": "corrected, with the data's errors"}
        handles = [Line2D([], [], color=c, marker=m, markersize=4, label=words[n]) for n, c, m, _ in parts]
        legend_below_title(fig, handles)
        return finish(fig, title=title, source=source, synthetic=synthetic)
