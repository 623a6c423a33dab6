"""The one way tests reach the real tables and golden results, which are not part of the project."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from gvcpos.tables import IOTable

ROOT = Path(__file__).resolve().parents[1]


def shared(relative: str) -> Path:
    """Return a path below the shared data folder, or skip the test and say what is absent."""
    root = os.environ.get("GVCPOS_SHARED")
    base = Path(root) if root else ROOT.parent / "shared" / "data"
    if (base / "data").is_dir():
        base = base / "data"
    path = base / relative
    if not path.exists():
        pytest.skip(f"shared data absent: {relative} (set GVCPOS_SHARED to the folder that holds it)")
    return path


@lru_cache(maxsize=4)
def wiod2011() -> IOTable:
    """WIOD 2013 release, 2011, as the golden programs were fed: x = row sums, va = x - column sums."""
    import pandas as pd

    folder = shared("golden/gvc/wiod2011")
    countries = (folder / "countries.txt").read_text().split()
    sectors = (folder / "sectors.txt").read_text().split()
    Z = pd.read_parquet(folder / "input_Z.parquet").select_dtypes("number").to_numpy(float)
    Y = pd.read_parquet(folder / "input_Y.parquet").select_dtypes("number").to_numpy(float)
    return IOTable.from_arrays(
        Z,
        Y,
        countries=countries,
        sectors=sectors,
        final_categories=["c37", "c38", "c39", "c41", "c42"],
        year=2011,
        unit="million USD",
        source="WIOD 2013 (golden input)",
    )


@lru_cache(maxsize=8)
def golden_table(name: str) -> IOTable:
    """One of the small golden inputs: long csv row, col, value.

    exva_iciotest has final demand of CHN and MEX, and their rows apart in CN1, CN2, MX1, MX2 (CHN and MEX have none).
    """
    import pandas as pd

    folder = shared(f"golden/gvc/{name}")
    z = pd.read_csv(folder / "input_Z.csv", keep_default_na=False)
    y = pd.read_csv(folder / "input_Y.csv", keep_default_na=False)
    labels = list(dict.fromkeys(z["row"]))
    separator = "." if "." in labels[0] else "_"
    pairs = [label.split(separator, 1) for label in labels]
    countries = list(dict.fromkeys(c for c, _ in pairs))
    Z = z.pivot(index="row", columns="col", values="value").loc[labels, labels].to_numpy(float)
    demand = y.pivot(index="row", columns="col", values="value").loc[labels]
    assert set(demand.columns) <= set(countries)
    Y = demand.reindex(columns=countries, fill_value=0.0).to_numpy(float)
    sectors = list(dict.fromkeys(s for _, s in pairs))
    return IOTable.from_arrays(Z, Y, countries=countries, sectors=sectors, source=f"golden {name}")


@lru_cache(maxsize=16)
def wiod_year(year: int) -> IOTable:
    """WIOD 2013 table of one year; Z row-scaled (F is not), x = row sums, va = x - column sums."""
    with np.load(shared(f"icio/wiod2013/wiot2013_{year}.npz"), allow_pickle=False) as f:
        scale = f["row_scale"][:, None]
        return IOTable.from_arrays(
            f["Z"] * scale,
            f["F"],
            countries=f["countries"].tolist(),
            sectors=f["sectors"].tolist(),
            final_categories=f["fd"].tolist(),
            year=year,
            unit="million USD",
            source="WIOD 2013",
            tolerance=2.0,  # 2002: LVA c24 has no output and inputs of 1, as published
        )


@lru_cache(maxsize=1)
def lrwiod2000() -> IOTable:
    """Long-Run WIOD 2000, 26 x 23, full precision; x = row sums, va = x - column sums."""
    with np.load(shared("icio/lrwiod2000/lrwiod_2000.npz"), allow_pickle=False) as f:
        return IOTable.from_arrays(
            f["Z"],
            f["F"],
            countries=f["countries"].tolist(),
            sectors=f["sectors"].tolist(),
            final_categories=f["fd"].tolist(),
            year=2000,
            unit="million USD",
            source="Long-Run WIOD",
        )
