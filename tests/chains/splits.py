"""Trade and production for tests of the split. Every number here is synthetic."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gvcpos.chains import Chain, Stage
from gvcpos.tables import IOTable

TOY = Chain(
    "toy (synthetic)",
    (
        Stage("upstream", ("c1",), ("2612.20",)),
        Stage("midstream", ("c2", "c3"), ("2846.10", "2805.30"), "", (("2846.10", "c2"), ("2805.30", "c3"))),
    ),
)
MAKERS = ("CHN", "AUS", "USA", "JPN", "DEU", "EST")


def toy_table(seed: int, G: int = 4, *, negatives: bool = True) -> IOTable:
    """A balanced table of G countries and four sectors, c4 outside the chain, with inventories drawn down."""
    rng = np.random.default_rng(seed)
    n = 4 * G
    Z = rng.gamma(0.7, 10.0, (n, n)) * (rng.random((n, n)) < 0.8)
    Y = rng.gamma(0.7, 60.0, (n, 2 * G))
    if negatives:
        Y[:, 1::2] -= 15.0
    Y[:, 0] += np.maximum(Z.sum(axis=0) * 1.4 - Z.sum(axis=1) - Y.sum(axis=1), 0.0)  # value added is positive
    return IOTable.from_arrays(
        Z,
        Y,
        countries=["AUS", "NA", "CHN", "ROW", "EST"][:G],
        sectors=["c1", "c2", "c3", "c4"],
        final_categories=["use", "inventories"],
        year=2011,
        unit="million USD",
        source="synthetic",
        synthetic=True,
    )


def toy_trade(seed: int, table: IOTable, size: float = 1.0) -> pd.DataFrame:
    """Synthetic flows among the table's countries, some absent, of the toy chain's goods and others."""
    rng = np.random.default_rng(seed)
    rows = [
        (s, r, hs, year, size * rng.gamma(1.0, 2.0))
        for s in table.countries
        for r in table.countries
        for hs in ("261220", "284610", "280530", "010121")
        for year in (2010, 2011)
        if s != r and rng.random() < 0.7
    ]
    return pd.DataFrame(rows, columns=["exporter", "importer", "hs", "year", "value"])


def world_trade(table: IOTable, chain: Chain, total: float = 4_100.0) -> pd.DataFrame:
    """Synthetic rare-earth trade of six makers, as large as the world's of 2023 in HS 2846 and 2805.30, USD million."""
    rng = np.random.default_rng(7)
    rows = [
        (s, r, hs, 2011, rng.gamma(0.5))
        for s in MAKERS
        for r in table.countries
        for stage in chain.stages
        for hs in stage.hs
        if s != r and rng.random() < 0.5
    ]
    frame = pd.DataFrame(rows, columns=["exporter", "importer", "hs", "year", "value"])
    small = frame["exporter"].map({"CHN": 1.0, "USA": 0.3, "AUS": 0.2, "JPN": 0.3, "DEU": 0.1, "EST": 0.001})
    value = frame["value"] * small
    return frame.assign(value=total * value / value.sum())
