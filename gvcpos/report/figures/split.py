"""Figures of a split: plain and split indices side by side, the part that is the chain, the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from gvcpos._core.errors import InputError
from gvcpos.report.figures.style import (
    DARK,
    GREY,
    MARKERS,
    PALETTE,
    finish,
    legend_below_title,
    need_columns,
    new_figure,
    style,
)

_ROW = 0.19  # inches a country takes
_PARTS = {"x_part": "output", "va_part": "value added", "exports_part": "exports"}


def split_side_by_side(
    frame: pd.DataFrame,
    measure: str = "upstreamness",
    *,
    most: int = 20,
    names: Mapping[str, str] | None = None,
    title: str | None = None,
    xlabel: str | None = None,
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw an index of the wide sectors and of the chain's own part of them, country by country, a panel a stage.

    Parameters
    ----------
    frame : DataFrame
        Of `gvcpos.chains.split.compare_split`: country, stage, x_part, ``<measure>_plain`` and ``<measure>_split``.
    measure : str
    most : int
        Countries drawn, those with the largest part first; countries without the good have no split index.
    names : mapping, optional
        Country label to reader's name.

    Raises
    ------
    LabelError
        If a column is missing.
    InputError
        If no country has an own part.
    """
    sides = (f"{measure}_plain", f"{measure}_split")
    need_columns(frame, "country", "stage", "x_part", *sides)
    rows = frame[np.isfinite(frame[sides[0]]) & np.isfinite(frame[sides[1]]) & (frame["x_part"] > 0)]
    countries = _largest(rows, most)
    stages = list(dict.fromkeys(rows["stage"].astype(str)))
    with style():
        fig, axes = _panels(len(stages), len(countries), xlabel or measure)
        for ax, stage in zip(axes, stages, strict=True):
            own = rows[rows["stage"] == stage].set_index("country")
            for y, country in enumerate(countries):
                if country not in own.index:
                    continue
                plain, cut = (float(own.loc[country, side]) for side in sides)
                ax.plot((plain, cut), (y, y), color=GREY, linewidth=1.4, zorder=1)
                ax.plot(plain, y, marker="o", markersize=5, color="white", markeredgecolor=DARK, zorder=2)
                ax.plot(cut, y, marker="D", markersize=4.5, color=PALETTE[1], zorder=3)
            ax.set_title(stage.capitalize())
            ax.xaxis.set_major_locator(MaxNLocator(4))
        _countries(axes, countries, names)
        look = {"linestyle": "none", "marker": "o", "color": "white", "markeredgecolor": DARK}
        handles = [Line2D([], [], label="wide sectors (plain)", **look)]  # type: ignore[arg-type]
        handles.append(
            Line2D([], [], linestyle="none", marker="D", color=PALETTE[1], label="the chain's own part (split)")
        )
        legend_below_title(fig, handles)
        said = title or f"{measure}: wide sectors against the chain's own part{_when(frame)}"
        return finish(fig, title=said, source=source, synthetic=synthetic)


def split_parts(
    frame: pd.DataFrame,
    *,
    most: int = 20,
    names: Mapping[str, str] | None = None,
    title: str | None = None,
    xlabel: str = "Part of the plain measure that is the chain's own (%), logarithmic",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw what part of the plain stage's output, value added and exports is the chain's own, a panel a stage.

    Parameters
    ----------
    frame : DataFrame
        Of `gvcpos.chains.split.compare_split`: country, stage, x_part, va_part, exports_part.
    most : int
        Countries drawn, those with the largest part first.

    Raises
    ------
    LabelError
        If a column is missing.
    InputError
        If no country has an own part.
    """
    need_columns(frame, "country", "stage", *_PARTS)
    rows = frame[frame["x_part"] > 0]
    countries = _largest(rows, most)
    stages = list(dict.fromkeys(rows["stage"].astype(str)))
    with style():
        fig, axes = _panels(len(stages), len(countries), xlabel)
        for ax, stage in zip(axes, stages, strict=True):
            own = rows[rows["stage"] == stage].set_index("country").reindex(countries)
            for i, column in enumerate(_PARTS):
                values = 100 * own[column].to_numpy(float)
                shown = values > 0
                y = np.arange(len(countries))[shown] + 0.22 * (i - 1)
                options = {"color": PALETTE[i], "markersize": 4, "marker": MARKERS[i]}
                ax.plot(values[shown], y, linestyle="none", **options)  # type: ignore[arg-type]
            _logarithmic(ax)
            ax.set_title(stage.capitalize())
        _countries(axes, countries, names)
        kinds = enumerate(_PARTS.values())
        legend_below_title(
            fig,
            [Line2D([], [], linestyle="none", marker=MARKERS[i], color=PALETTE[i], label=text) for i, text in kinds],
        )
        said = title or f"How much of the wide sectors is the chain at all{_when(frame)}"
        return finish(fig, title=said, source=source, synthetic=synthetic)


def split_weights(
    draws: pd.DataFrame,
    *,
    most: int = 20,
    names: Mapping[str, str] | None = None,
    title: str = "How sure the chain's shares of wide sectors are",
    xlabel: str = "Share of the wide sector's output (%), logarithmic",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw the distribution of the weights that cut wide sectors: median, 50 and 95 % of the draws, a panel a sector.

    Parameters
    ----------
    draws : DataFrame
        Of `SplitWeights.draw_shares`: draw (0 is the estimate), country, sector, share.
    most : int
        Countries drawn, those with the largest estimate first.

    Raises
    ------
    LabelError
        If a column is missing.
    InputError
        If there are no draws, or no share is above zero.
    """
    need_columns(draws, "draw", "country", "sector", "share")
    estimate, drawn = draws[draws["draw"] == 0], draws[draws["draw"] > 0]
    if drawn.empty or not estimate["share"].gt(0).any():
        raise InputError("the figure of weights needs draws besides the estimate (draw 0), and shares above zero.")
    countries = _largest(estimate.rename(columns={"share": "x_part"}).query("x_part > 0"), most)
    sectors = list(dict.fromkeys(draws["sector"].astype(str)))
    with style():
        fig, axes = _panels(len(sectors), len(countries), xlabel)
        for ax, sector in zip(axes, sectors, strict=True):
            own = drawn[drawn["sector"] == sector].groupby("country")["share"]
            bands = own.quantile(np.array([0.025, 0.25, 0.5, 0.75, 0.975])).unstack().reindex(countries).to_numpy(float)
            centre = 100 * estimate[estimate["sector"] == sector].set_index("country")["share"].reindex(countries)
            y = np.flatnonzero(centre.to_numpy(float) > 0)
            low, lower, middle, upper, high = 100 * bands[y].T
            ax.hlines(y, low, high, color=PALETTE[0], linewidth=1.2)
            ax.hlines(y, lower, upper, color=PALETTE[0], linewidth=4.0)
            ax.plot(middle, y, linestyle="none", marker="|", color="white", markersize=7, zorder=3)
            ax.plot(
                centre.to_numpy(float)[y], y, linestyle="none", marker="D", color=PALETTE[1], markersize=3.5, zorder=4
            )
            _logarithmic(ax)
            ax.set_title(sector)
        _countries(axes, countries, names)
        handles = [
            Line2D([], [], color=PALETTE[0], linewidth=w, label=t) for w, t in ((1.2, "95 %"), (4.0, "50 % of draws"))
        ]
        handles.append(Line2D([], [], linestyle="none", marker="D", color=PALETTE[1], label="estimate"))
        legend_below_title(fig, handles)
        return finish(fig, title=title, source=source, synthetic=synthetic)


def _largest(rows: pd.DataFrame, most: int) -> list[str]:
    """Return the countries with the largest parts, smallest first, as they are drawn from below."""
    if rows.empty:
        raise InputError("no country has an own part of a wide sector, so that there is nothing to draw.")
    return [str(c) for c in rows.groupby("country")["x_part"].max().sort_values(kind="stable").index[-most:]]


def _panels(panels: int, countries: int, xlabel: str) -> tuple[Figure, Sequence[Axes]]:
    fig = new_figure(1.3 + 0.2 + _ROW * max(countries, 4), legend=True, xlabel=xlabel)
    return fig, list(fig.subplots(1, panels, sharey=True, squeeze=False)[0])


def _countries(axes: Sequence[Axes], countries: Sequence[str], names: Mapping[str, str] | None) -> None:
    for ax in axes:
        ax.set_ylim(-0.7, len(countries) - 0.3)
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", length=0)
    axes[0].set_yticks(range(len(countries)), [(names or {}).get(c, c) for c in countries])


def _logarithmic(ax: Axes) -> None:
    """Set a logarithmic axis with plain numbers at powers of ten, and at 3 between them where there are few."""
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    steps = (1.0,) if high / low > 100 else (1.0, 3.0)
    ax.xaxis.set_major_locator(LogLocator(subs=steps, numticks=6))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())


def _when(frame: pd.DataFrame) -> str:
    years = frame["year"].unique().tolist() if "year" in frame else []
    return f", {years[0]}" if len(years) == 1 else ""
