"""Figures of curves, clubs and thresholds: where position turns, who converges, where slopes change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate
from gvcpos.report.figures.style import (
    DARK,
    GREY,
    PALETTE,
    finish,
    label_ends,
    legend_below_title,
    need_columns,
    new_figure,
    percent,
    style,
)


def position_curve(
    curve: pd.DataFrame,
    turning_point: pd.DataFrame | None = None,
    *,
    title: str = "Capture along the chain",
    xlabel: str = "Upstreamness (stages to final use)",
    ylabels: tuple[str, str] = ("Capture (% points)", "Slope (% points a stage)"),
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw the fitted parabola, and below it its slope with the interval and the turning point.

    Parameters
    ----------
    curve : DataFrame
        ``details["curve"]`` of `position_capture`: position, capture, slope, slope_low, slope_high.
    turning_point : DataFrame, optional
        ``details["turning_point"]``; drawn where it lies within the curve, with a bounded Fieller interval.

    Raises
    ------
    LabelError
        If a column is missing.
    """
    columns = ("position", "capture", "slope", "slope_low", "slope_high")
    need_columns(curve, *columns)
    x = curve["position"].to_numpy(float)
    with style():
        fig = new_figure(4.6)
        top, bottom = fig.subplots(2, 1, sharex=True)
        top.plot(x, curve["capture"], color=PALETTE[0])
        bottom.fill_between(x, curve["slope_low"], curve["slope_high"], color=PALETTE[0], alpha=0.18, linewidth=0)
        bottom.plot(x, curve["slope"], color=PALETTE[0])
        bottom.axhline(0.0, color=DARK, linewidth=0.8)
        if turning_point is not None and len(turning_point):
            turn = turning_point.iloc[0]
            at, low, high = (float(turn[c]) for c in ("turning_point", "fieller_low", "fieller_high"))
            if x.min() <= at <= x.max():
                bounded = np.isfinite(low) and np.isfinite(high)
                for ax in (top, bottom):
                    ax.axvline(at, color=PALETTE[1], linewidth=1.0, linestyle="--")
                    if bounded:
                        ax.axvspan(max(low, x.min()), min(high, x.max()), color=PALETTE[1], alpha=0.12, linewidth=0)
                top.annotate(
                    f"turns at {at:.2f}", (at, 1.0), xycoords=("data", "axes fraction"), xytext=(4, -3),
                    textcoords="offset points", va="top", fontsize=8, color=PALETTE[1],
                )  # fmt: skip
        for ax, label in zip((top, bottom), ylabels, strict=True):
            ax.set_ylabel(label)
            percent(ax)
        bottom.set_xlabel(xlabel)
        return finish(fig, title=title, source=source, synthetic=synthetic)


def transition_paths(
    paths: pd.DataFrame,
    *,
    highlight: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    title: str = "Relative transition paths by convergence club",
    ylabel: str = "Capture relative to the mean of all countries",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw each country's path relative to the mean, coloured by club, with the clubs' means.

    Parameters
    ----------
    paths : DataFrame
        ``details["paths"]`` of `convergence_clubs`: country, year, h, club (0 for none).
    highlight : sequence of str
        Countries named at the end of their paths.

    Raises
    ------
    LabelError
        If a column or country is missing.
    """
    need_columns(paths, "country", "year", "h", "club")
    locate(highlight, list(dict.fromkeys(paths["country"].astype(str))), "countries of the figure")
    clubs = sorted(int(c) for c in paths["club"].unique() if c > 0)
    with style():
        fig = new_figure(4.0, legend=True)
        ax = fig.add_subplot()
        handles = []
        for _, own in paths.groupby("country", sort=False):
            club = int(own["club"].iloc[0])
            ax.plot(own["year"], own["h"], color=_colour(club), linewidth=0.6, alpha=0.45 if club else 0.7)
        for club in clubs:
            part = paths[paths["club"] == club]
            mean = part.groupby("year")["h"].mean()
            ax.plot(mean.index, mean.to_numpy(), color=_colour(club), linewidth=2.4)
            label = f"club {club} ({part['country'].nunique()})"
            handles.append(Line2D([], [], color=_colour(club), linewidth=2.4, label=label))
        if (none := paths.loc[paths["club"] == 0, "country"].nunique()) > 0:
            handles.append(Line2D([], [], color=GREY, linewidth=0.8, label=f"no club ({none})"))
        ax.axhline(1.0, color=DARK, linewidth=0.8)
        ax.set_ylabel(ylabel)
        ax.xaxis.set_major_locator(MaxNLocator(7, integer=True))
        ends, colours = [], []
        for country in highlight:
            own = paths[paths["country"] == country].sort_values("year")
            ends.append((float(own["year"].to_numpy()[-1]), float(own["h"].to_numpy()[-1])))
            colours.append(_colour(int(own["club"].to_numpy()[0])))
        label_ends(ax, ends, [(names or {}).get(c, c) for c in highlight], colours)
        legend_below_title(fig, handles)
        return finish(fig, title=title, source=source, synthetic=synthetic)


def _colour(club: int) -> str:
    return PALETTE[(club - 1) % len(PALETTE)] if club else GREY


def threshold_curve(
    likelihood_ratio: pd.DataFrame,
    *,
    by: str = "threshold variable",
    title: str = "Likelihood ratio of each threshold",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw LR(γ) of the first threshold with the critical value; what lies below it is the confidence set.

    Parameters
    ----------
    likelihood_ratio : DataFrame
        ``details["likelihood_ratio"]`` of `threshold`: threshold, lr, critical.
    by : str
        Name of the axis.

    Raises
    ------
    LabelError, InputError
        If a column is missing; without rows.
    """
    need_columns(likelihood_ratio, "threshold", "lr", "critical")
    if likelihood_ratio.empty:
        raise InputError("the likelihood ratio has no rows to draw.")
    frame = likelihood_ratio.sort_values("threshold")
    cut = float(frame["critical"].iloc[0])
    best = float(frame["threshold"].to_numpy()[int(np.argmin(frame["lr"].to_numpy()))])
    with style():
        fig = new_figure(3.4)
        ax = fig.add_subplot()
        ax.plot(frame["threshold"], frame["lr"], color=PALETTE[0], linewidth=1.2)
        ax.axhline(cut, color=PALETTE[1], linewidth=1.0, linestyle="--")
        ax.annotate(
            f"critical value {cut:.2f}", (0.0, cut), xycoords=("axes fraction", "data"), xytext=(4, 3),
            textcoords="offset points", fontsize=8, color=PALETTE[1],
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )  # fmt: skip
        ax.axvline(best, color=DARK, linewidth=0.8, linestyle=":")
        ax.annotate(
            f"{best:.3g}".replace("-", "−"), (best, 1.0), xycoords=("data", "axes fraction"), xytext=(4, -3),
            textcoords="offset points", va="top", fontsize=8, color=DARK,
        )  # fmt: skip
        ax.set_ylim(bottom=0.0)
        ax.set_xlabel(by)
        ax.set_ylabel("Likelihood ratio")
        return finish(fig, title=title, source=source, synthetic=synthetic)
