"""How far a balanced split is from what went into it, as frames."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gvcpos.chains.split.cells import FloatArray, Shares, WideCells
from gvcpos.chains.split.prior import Assumptions, Prior, quotient
from gvcpos.chains.split.weights import SplitWeights


def sales_frame(weights: SplitWeights, cells: WideCells, prior: Prior, shares: Shares) -> pd.DataFrame:
    """Set sales by destination side by side: data, prior, balanced; rows where one of them is not zero."""
    G, _, W = cells.shape
    balanced = _sold(cells, shares)
    before = _sold(cells, prior.shares)
    asked = weights.asked.reshape(G * W, G)
    base = np.where(np.isnan(asked), before, asked)
    k, r = np.nonzero((balanced != 0) | (base != 0))
    countries = np.array(weights.countries, dtype=object)
    return pd.DataFrame(
        {
            "exporter": countries[k // W],
            "stage": np.array(weights.stages, dtype=object)[k % W],
            "sector": np.array(weights.sectors, dtype=object)[k % W],
            "importer": countries[r],
            "year": weights.year,
            "asked": asked[k, r],
            "prior": before[k, r],
            "balanced": balanced[k, r],
            "moved": np.where(base[k, r] != 0, quotient(balanced[k, r], base[k, r]) - 1.0, np.nan),
        }
    )


def linkage_frame(weights: SplitWeights, cells: WideCells, assumed: Assumptions, shares: Shares) -> pd.DataFrame:
    """Set the fractions of output that go from stage to stage within the chain side by side: asked and balanced."""
    names = tuple(dict.fromkeys(weights.stages))
    stage = assumed.stage[cells.wide]
    among = shares.both[0, 0] * cells.columns[cells.places]
    output = weights.output.ravel()
    rows = []
    for i, seller in enumerate(names):
        for j, buyer in enumerate(names):
            first, second = np.flatnonzero(assumed.stage == i)[0], np.flatnonzero(assumed.stage == j)[0]
            flow = among[np.ix_(stage == i, stage == j)].sum()
            total = output[stage == i].sum()
            asked = assumed.linkage[first, second]
            rows.append((seller, buyer, weights.year, asked, flow / total if total else np.nan))
    return pd.DataFrame(rows, columns=["seller", "buyer", "year", "asked", "balanced"])


def _sold(cells: WideCells, shares: Shares) -> FloatArray:
    rows = shares.rows.copy()
    rows[:, cells.places] = shares.both[0].sum(axis=0)
    return cells.by_destination(rows * cells.rows)
