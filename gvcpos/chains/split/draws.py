"""Indices of the chain's own stages under the weights' uncertainty, draw by draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gvcpos.accounting import exporters_of, split_countries
from gvcpos.accounting.draws import IndexDraws
from gvcpos.accounting.exporters import Exporters
from gvcpos.chains.aggregate import FloatArray, weighted_mean, world_share
from gvcpos.tables import IOTable

if TYPE_CHECKING:
    from gvcpos.chains.split.result import Split

INDICES = ("va_rate", "upstreamness", "downstreamness", "wwyz_forward", "wwyz_backward")


def draw_indices(split: Split, n: int, *, seed: int = 0) -> pd.DataFrame:
    """Draw tables and keep the indices of their own stages.

    Parameters
    ----------
    split : Split
    n : int
        Draws.
    seed : int

    Returns
    -------
    DataFrame
        draw (1 to n), country, stage, year; x, va, va_rate, va_share (of the world's own stage), upstreamness,
        downstreamness, wwyz_forward, wwyz_backward: stages are ratios of sums, NaN without output. Draw 0 is the split
        itself. OECD's CN1, CN2, MX1 and MX2 are CHN and MEX, as in `ValueAddedAccounts`.
    """
    exporters = exporters_of(split.table, split_countries(split.table.countries))
    engine = IndexDraws(exporters.blocks)
    stages = split.chain.check(split.table)
    frames = [
        _stage_rows(engine, exporters, table, stages).assign(draw=number)
        for number, table in enumerate(_tables(split, n, seed))
    ]
    frame = pd.concat(frames, ignore_index=True)
    return frame[["draw", *(c for c in frame.columns if c != "draw")]]


def _tables(split: Split, n: int, seed: int) -> Iterator[IOTable]:
    yield split.table
    yield from split.draws(n, seed=seed)


def _stage_rows(
    engine: IndexDraws, exporters: Exporters, table: IOTable, stages: dict[str, np.ndarray]
) -> pd.DataFrame:
    cells = _indices(engine, exporters, table)
    weight = dict.fromkeys(INDICES[:3], cells["x"]) | {"wwyz_forward": cells["va"], "wwyz_backward": cells["y"]}
    rows = []
    for stage, positions in stages.items():
        x, va = (cells[name][:, positions].sum(axis=1) for name in ("x", "va"))
        columns: dict[str, object] = {"country": list(exporters.names), "stage": stage, "year": table.year}
        columns |= {"x": x, "va": va, "va_share": world_share(va)}
        columns |= {name: weighted_mean(cells[name][:, positions], weight[name][:, positions]) for name in INDICES}
        rows.append(pd.DataFrame(columns))
    return pd.concat(rows, ignore_index=True)


def _indices(engine: IndexDraws, exporters: Exporters, table: IOTable) -> dict[str, FloatArray]:
    """Return indices and their weights by exporter and sector, (G, N); cells of merged countries are averaged."""
    Z, Y = exporters.arranged_square(table.Z), exporters.destinations(exporters.arranged(table.final_demand))
    x, va = exporters.arranged(table.x), exporters.arranged(table.va_total)
    found = engine.indices(Z, Y, va, x)
    flows = {"x": x, "va": va, "y": Y.sum(axis=1)}
    shape = (len(exporters.names), len(exporters.sectors))
    out = {name: exporters.by_row(flow).reshape(shape) for name, flow in flows.items()}
    weight = dict.fromkeys(INDICES[:3], x) | {"wwyz_forward": va, "wwyz_backward": flows["y"]}
    for name in INDICES:
        known = np.isfinite(found[name])
        part = exporters.by_row(np.where(known, found[name] * weight[name], 0.0)).reshape(shape)
        whole = exporters.by_row(np.where(known, weight[name], 0.0)).reshape(shape)
        out[name] = np.divide(part, whole, out=np.full(shape, np.nan), where=whole != 0)
    return out
