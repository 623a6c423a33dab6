"""Figures on disk: PNG, SVG and the numbers drawn, the same bytes every time, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine

from gvcpos._core.files import atomic_path
from gvcpos.report.figures.style import style

_DPI = 200


def save_figure(fig: Figure, stem: str | Path, *, data: pd.DataFrame | None = None) -> list[Path]:
    """Write ``stem.png``, ``stem.svg`` and, given the frame that was drawn, ``stem.csv``.

    Parameters
    ----------
    fig : Figure
    stem : str or Path
        Path without suffix; dots in the name are kept.
    data : DataFrame, optional
        What the figure shows; its index is not written.

    Returns
    -------
    list of Path
        The files written. Neither date nor program version goes into them.

    Notes
    -----
    The figure's layout is settled by this and stays as it is afterwards.
    """
    _settle(fig)
    written = [
        _write(stem, ".png", lambda p: _save(fig, p, "png", {"Software": None})),
        _write(stem, ".svg", lambda p: _save(fig, p, "svg", {"Date": None, "Creator": "gvcpos"})),
    ]
    if data is not None:
        written.append(_write(stem, ".csv", lambda p: data.to_csv(p, index=False, lineterminator="\n")))
    return written


def _settle(fig: Figure) -> None:
    """Run the layout once and round it.

    The layout's solver goes through sets, so that the last bits of a position differ between runs, and
    with them the names of clip paths in an SVG file; PNG and SVG have different dots per inch besides.
    """
    engine = fig.get_layout_engine()
    if engine is None or isinstance(engine, PlaceHolderLayoutEngine):
        return
    with style():
        fig.draw_without_rendering()
    fig.set_layout_engine("none")
    for ax in fig.axes:
        left, bottom, width, height = (round(v, 6) for v in ax.get_position(original=True).bounds)
        ax.set_position((left, bottom, width, height))


def _write(stem: str | Path, suffix: str, write: Callable[[Path], object]) -> Path:
    target = Path(f"{stem}{suffix}")
    with atomic_path(target) as temporary:
        write(temporary)
    return target


def _save(fig: Figure, path: Path, kind: str, metadata: dict[str, str | None]) -> None:
    with style():
        fig.savefig(path, format=kind, dpi=_DPI, metadata=metadata)
