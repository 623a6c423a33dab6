"""Years of small worlds and a quick within estimator, for simulations of errors in tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gvcpos.chains import Chain
from gvcpos.tables import IOTable
from gvcpos.uncertainty import CellErrors, DrawnTables, Estimates
from gvcpos.uncertainty.redraw import Seeds
from tests.accounting.worlds import random_world

CHAIN = Chain.from_mapping({"upstream": ["S0", "S1"], "downstream": ["S2"]})


def years_of_worlds(
    seed: int, G: int = 8, N: int = 4, years: int = 6, *, drift: float = 0.3, negative: bool = False
) -> list[IOTable]:
    """Tables whose cells drift apart from year to year."""
    base = random_world(seed, G, N, negative=negative)
    rng = np.random.default_rng([seed, 1])
    out = []
    for year in range(2001, 2001 + years):
        Z = base.Z * np.exp(drift * rng.standard_normal(base.Z.shape))
        Y = base.Y * np.exp(drift * rng.standard_normal(base.Y.shape))
        out.append(
            IOTable.from_arrays(
                Z,
                Y,
                countries=base.countries,
                sectors=base.sectors,
                final_categories=base.final_categories,
                year=year,
                unit="units",
                source="random",
                synthetic=True,
            )
        )
    return out


def mismeasured(tables: list[IOTable], errors: CellErrors, seed: int) -> list[IOTable]:
    """What a publisher with such errors would print."""
    return [DrawnTables(t, errors).draw(Seeds(seed, 987_654)).as_table(t) for t in tables]


def within_slope(panel: pd.DataFrame, y: str, x: str, stage: str = "upstream") -> Estimates:
    """Two-way within slope with errors clustered by country; balanced panels only."""
    part = panel[panel["stage"] == stage]
    wide = [part.pivot(index="country", columns="year", values=c).to_numpy(float) for c in (y, x)]
    dy, dx = (m - m.mean(axis=0) - m.mean(axis=1, keepdims=True) + m.mean() for m in wide)
    slope = (dx * dy).sum() / (dx**2).sum()
    scores = (dx * (dy - slope * dx)).sum(axis=1)
    n = len(scores)
    variance = n / (n - 1) * (scores**2).sum() / (dx**2).sum() ** 2
    return Estimates(("slope",), np.array([slope]), np.array([[variance]]), float(n - 1))
