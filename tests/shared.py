"""The one way tests reach the real tables and golden results, which are not part of the project."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    import pandas as pd

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
    """The table that the programs of one golden folder were fed."""
    if name == "wiod2011":
        return wiod2011()
    return _mock_table() if name == "pymrio_test" else _long_table(name)


def _long_table(name: str) -> IOTable:
    """leather, exva_wiodtest, exva_iciotest: long csv row, col, value; x = row sums, va = x - column sums.

    Final demand comes by category where there is a file of it. In iciotest all that MEX and CHN make is in MX1, MX2,
    CN1 and CN2, and all that they use at the end in MEX and CHN.
    """
    import pandas as pd

    folder = shared(f"golden/gvc/{name}")
    by_category = (folder / "input_Yfd.csv").exists()
    z = pd.read_csv(folder / "input_Z.csv", keep_default_na=False)
    y = pd.read_csv(folder / ("input_Yfd.csv" if by_category else "input_Y.csv"), keep_default_na=False)
    labels = list(dict.fromkeys(z["row"]))
    separator = "." if "." in labels[0] else "_"
    pairs = [label.split(separator, 1) for label in labels]
    countries = list(dict.fromkeys(c for c, _ in pairs))
    categories = list(dict.fromkeys(c.split("_")[1] for c in y["col"])) if by_category else ["final"]
    uses = [f"{c}_{k}" if by_category else c for c in countries for k in categories]
    Z = z.pivot(index="row", columns="col", values="value").loc[labels, labels].to_numpy(float)
    Y = y.pivot(index="row", columns="col", values="value").loc[labels]
    assert set(Y.columns) <= set(uses)
    return IOTable.from_arrays(
        Z,
        Y.reindex(columns=uses, fill_value=0.0).to_numpy(float),
        countries=countries,
        sectors=list(dict.fromkeys(s for _, s in pairs)),
        final_categories=categories,
        source=f"golden {name}",
    )


def _mock_table() -> IOTable:
    """pymrio's test table, 6 x 8: its value added is its own, up to 3e8 from output less inputs."""
    Z, Y, va = (golden_matrix("pymrio_test", f"input_{name}") for name in ("Z", "Y", "Factor_Inputs_F"))
    cells, uses = ([label.split("|") for label in labels] for labels in (Z.index, Y.columns))
    return IOTable.from_arrays(
        Z.to_numpy(float),
        Y.to_numpy(float),
        va=va.to_numpy(float),
        va_rows=list(va.index),
        countries=dict.fromkeys(c for c, _ in cells),
        sectors=dict.fromkeys(s for _, s in cells),
        final_categories=dict.fromkeys(k for _, k in uses),
        source="pymrio's test table",
        tolerance=1e9,
    )


def golden_matrix(folder: str, name: str) -> pd.DataFrame:
    """A matrix of a golden folder with its row and column labels."""
    import pandas as pd

    return pd.read_csv(shared(f"golden/gvc/{folder}/{name}.csv"), index_col=0, keep_default_na=False)


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
