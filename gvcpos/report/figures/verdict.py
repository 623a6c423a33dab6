"""The verdict as a forest plot: every test's estimate in standard errors, by what it speaks for."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

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

_LOOK = {
    "lock-in": (PALETTE[1], MARKERS[1], "speaks for lock-in"),
    "upgrading": (PALETTE[0], MARKERS[0], "speaks for upgrading"),
    "none": (GREY, MARKERS[2], "speaks for neither"),
}
_LINEAR = 4.0  # standard errors on either side that are drawn to scale; what is beyond, in logarithms


def verdict_forest(
    frame: pd.DataFrame,
    *,
    title: str = "What each lock-in test says",
    xlabel: str = "Estimate in standard errors, with the interval of the test",
    source: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw every test with a standard error as estimate over standard error and its interval; others by p-value only.

    Parameters
    ----------
    frame : DataFrame
        One row a test: test, scope, estimate, std_error, ci_low, ci_high, pvalue, evidence. Tests without a standard
        error (chi-squared and bootstrap ones) stand with their p-value and no dot.

    Raises
    ------
    LabelError
        If a column is missing.
    """
    wanted = ["test", "scope", "estimate", "std_error", "ci_low", "ci_high", "pvalue", "evidence"]
    need_columns(frame, *wanted)
    rows = frame.reset_index(drop=True)
    with style():
        fig = new_figure(1.1 + 0.21 * len(rows), legend=True, xlabel=xlabel)
        ax = fig.subplots()
        ax.axvline(0.0, color=DARK, linewidth=0.8, zorder=1)
        for y, row in enumerate(rows.to_dict("records")):
            colour, marker, _ = _LOOK[str(row["evidence"])]
            if np.isfinite(row["std_error"]) and row["std_error"] > 0:
                at, low, high = (row[c] / row["std_error"] for c in ("estimate", "ci_low", "ci_high"))
                ax.plot((low, high), (y, y), color=colour, linewidth=1.5, solid_capstyle="butt")
                ax.plot(at, y, marker=marker, color=colour, markersize=5)
            else:
                ax.plot(0.0, y, marker=marker, color="white", markeredgecolor=colour, markersize=5)
            p = row["pvalue"]
            p = 1 - p if row["evidence"] == "upgrading" and p > 0.5 else p  # of the side that it speaks for
            said = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
            ax.annotate(said, xy=(1.01, y), xycoords=("axes fraction", "data"), va="center", fontsize=7.5, color=DARK)
        pairs = zip(rows["test"], rows["scope"], strict=True)
        ax.set_yticks(range(len(rows)), [_label(test, whom) for test, whom in pairs])
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.set_xscale("symlog", linthresh=_LINEAR, linscale=2.0)
        ticks = [t for t in (-20, -4, -2, 0, 2, 4, 20) if ax.get_xlim()[0] <= t <= ax.get_xlim()[1]]
        ax.set_xticks(ticks, [str(t).replace("-", "−") for t in ticks])
        ax.minorticks_off()
        ax.grid(axis="y", visible=False)
        legend_below_title(
            fig, [Line2D([], [], color=c, marker=m, markersize=5, label=t) for c, m, t in _LOOK.values()]
        )
        return finish(fig, title=title, source=source, synthetic=synthetic)


def _label(test: str, scope: str) -> str:
    """Name a test and its scope once."""
    return test if scope == "world" else f"{scope} · {test.removesuffix(', ' + scope)}"
