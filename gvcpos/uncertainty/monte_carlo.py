"""Monte Carlo of indices: the table drawn many times, each time one LU, always in the same memory.

Three arrays of the size of Z and Y and the factors of one system are alive, whatever the number of draws; percentiles
need the draws of the chosen indices, 4 bytes each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.accounting.draws import IndexDraws
from gvcpos.chains import Chain
from gvcpos.tables import IOTable
from gvcpos.uncertainty.cells import CellErrors, FloatArray
from gvcpos.uncertainty.closure import Drawn
from gvcpos.uncertainty.redraw import DrawnTables, Seeds
from gvcpos.uncertainty.stages import Rows, chosen, drawn_indices

DEFAULT = (
    "va_rate", "upstreamness", "downstreamness", "wwyz_forward", "wwyz_backward", "plv_gvc", "ply_gvc", "gvc_position",
)  # fmt: skip
_FEWEST = 2


def index_uncertainty(
    table: IOTable,
    errors: CellErrors,
    *,
    indices: Sequence[str] = DEFAULT,
    draws: int = 1000,
    seed: int = 0,
    chain: Chain | None = None,
    rest: str | None = None,
    confidence: float = 0.95,
    on_draw: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Draw a table many times and say how far its indices spread.

    Parameters
    ----------
    table : IOTable
    errors : CellErrors
    indices : sequence of str
        ``x``, ``va``, ``exports`` and the columns of `gvcpos.accounting.draws.IndexDraws`; with a chain also
        ``va_share``, ``export_share`` and ``rca``.
    draws, seed : int
    chain : Chain, optional
        Rows are then its stages, aggregated in every draw.
    rest : str, optional
        With a chain: name of one more stage of all other sectors.
    confidence : float
        Of the interval between percentiles.
    on_draw : callable, optional
        Called with the draws done and in all.

    Returns
    -------
    DataFrame
        country, sector (or stage), year, index; ``estimate`` of the published table; ``mean`` of the draws and
        ``bias``, mean less estimate; ``std_error``, their standard deviation; ``lower``, ``upper``; ``draws`` in which
        the index had a number. ``attrs``: ``errors`` in words; ``guarded``, the share of draws in which value added had
        to be kept positive, by cell (those above 0 only); ``clipped``, cells a draw kept from changing sign.

    Raises
    ------
    InputError, LabelError
        If an index is unknown, there are too few draws, or the table lacks a sector of the chain.
    """
    require_draws(draws, confidence)
    source = DrawnTables(table, errors)
    system, rows = IndexDraws(source.blocks), Rows.of(source.table, chain, rest)
    published = rows.values(drawn_indices(system, as_published(source.table)))
    names = chosen(indices, published)
    spread, guarded, clipped = _Spread(names, rows.count, draws), np.zeros(source.blocks.n), 0
    for i in range(draws):
        drawn = source.draw(Seeds(seed, i))
        spread.add(rows.values(drawn_indices(system, drawn)))
        guarded, clipped = guarded + drawn.guarded, clipped + drawn.clipped
        if on_draw is not None:
            on_draw(i + 1, draws)
    frame = spread.frame(rows, source.table.year, published, confidence)
    kept = {" ".join(source.table.nodes[k]): float(guarded[k] / draws) for k in np.flatnonzero(guarded)}
    frame.attrs.update(said(source.table, errors, "Monte Carlo"), guarded=kept, clipped=clipped / draws)
    frame.attrs.update(draws=draws, seed=seed, confidence=confidence)
    return frame


def require_draws(draws: int, confidence: float) -> None:
    """Raise `InputError` for too few draws, or a confidence that is none."""
    if draws < _FEWEST or not 0 < confidence < 1:
        raise InputError(f"draws={draws} must be at least {_FEWEST} and confidence={confidence} between 0 and 1.")


def as_published(table: IOTable) -> Drawn:
    """Return a table as a draw without errors."""
    Y = np.array(table.final_demand)
    return Drawn(np.array(table.Z), Y, np.array(table.va_total), np.array(table.x), np.zeros(len(table.x), dtype=bool))


def said(table: IOTable, errors: CellErrors, method: str) -> dict[str, object]:
    """Return what a frame says about where it comes from."""
    meta = table.meta
    return {
        "method": method,
        "errors": errors.text,
        "unit": meta.unit,
        "source": meta.source,
        "synthetic": meta.synthetic,
    }


class _Spread:
    """Means and squares as they come (Welford 1962), and the draws themselves for percentiles."""

    def __init__(self, names: tuple[str, ...], rows: int, draws: int) -> None:
        self.names = names
        self.kept = np.full((draws, len(names), rows), np.nan, dtype=np.float32)
        self.count = np.zeros((len(names), rows))
        self.mean, self.squares = np.zeros_like(self.count), np.zeros_like(self.count)
        self.done = 0

    def add(self, values: dict[str, FloatArray]) -> None:
        """Take the indices of one draw in; what is not finite does not count."""
        new = np.stack([values[name] for name in self.names])
        self.kept[self.done] = new
        self.done += 1
        there = np.isfinite(new)
        self.count += there
        gap = np.where(there, new - self.mean, 0.0)
        self.mean += np.divide(gap, self.count, out=np.zeros_like(gap), where=there)
        self.squares += gap * np.where(there, new - self.mean, 0.0)

    def frame(self, rows: Rows, year: int, published: dict[str, FloatArray], confidence: float) -> pd.DataFrame:
        """Return estimate, mean, bias, error and percentiles of every index and row."""
        estimate = np.stack([published[name] for name in self.names])
        # An index that the published table does not have is not invented by draws.
        enough = (self.count >= _FEWEST) & np.isfinite(estimate)
        error = np.sqrt(np.divide(self.squares, self.count - 1, out=np.full_like(estimate, np.nan), where=enough))
        tail = (1 - confidence) / 2
        lower, upper = np.full_like(estimate, np.nan), np.full_like(estimate, np.nan)
        lower[enough], upper[enough] = np.nanquantile(self.kept[:, enough], [tail, 1 - tail], axis=0)
        mean = np.where(enough, self.mean, np.nan)
        columns = {"estimate": estimate, "mean": mean, "bias": mean - estimate, "std_error": error}
        columns |= {"lower": lower, "upper": upper, "draws": self.count.astype(int)}
        return tidy(rows, year, self.names, columns)


def tidy(rows: Rows, year: int, names: Sequence[str], columns: dict[str, FloatArray]) -> pd.DataFrame:
    """Lay arrays of shape (indices, rows) out as a frame: row by row, indices in the order asked for."""
    labels, k = rows.labels(), len(names)
    data: dict[str, object] = {name: np.repeat(np.array(values, dtype=object), k) for name, values in labels.items()}
    data |= {"year": year, "index": list(names) * rows.count}
    return pd.DataFrame(data | {name: values.T.ravel() for name, values in columns.items()})
