"""What was planted in the synthetic world against what the study finds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from gvcpos.lockin import LockInTest
from gvcpos.study.spec import LockInBlock
from gvcpos.tables.synthetic import Planted

POSITION, RD = "upstreamness", "rd_intensity"
COLUMNS = ["parameter", "stage", "planted", "estimate", "std_error", "lower", "upper", "inside"]


def planted_frame(
    planted: Planted, slopes: Sequence[LockInTest], pull: LockInTest, dominance: pd.DataFrame, block: LockInBlock
) -> pd.DataFrame:
    """Set planted parameters beside their estimates.

    Parameters
    ----------
    planted : Planted
    slopes : sequence of LockInTest
        Position-capture tests; ``details["coefficients"]`` of each has the spatial Durbin model of its stage.
    pull : LockInTest
        Pull-through test.
    dominance : DataFrame
        Of `gvcpos.dominance`, for the dominant country's share (measured, so without an interval).
    block : LockInBlock
        What was estimated; a number has a row only if it is what was planted.

    Returns
    -------
    DataFrame
        parameter, stage, planted, estimate, std_error, lower, upper (95 %), inside; a parameter that the study
        does not estimate has no row.
    """
    names = {"rho": "rho", "slope": POSITION, "rd": RD, "slope_spill": f"W*{POSITION}", "rd_spill": f"W*{RD}"}
    complete = (block.capture, block.position, set(block.controls)) == ("va_rate", POSITION, {RD})
    values = planted.to_frame().set_index(["parameter", "stage"])["value"]
    rows = []
    for test in slopes if complete else ():
        stage = test.name.partition(": ")[2]
        table = test.details["coefficients"].set_index("regressor")
        for parameter, name in names.items():
            true = values.get((parameter, stage), values.get((parameter, "")))
            if name in table.index and true is not None:
                found = table.loc[name, "estimate"], table.loc[name, "std_error"], test.df
                rows.append([parameter, stage, *_compared(true, *found)])
    if (block.upstream, block.downstream, block.lags) == ("upstream", "downstream", 1):
        compared = _compared(planted.pull_through, pull.estimate, pull.std_error, pull.df)
        rows.append(["pull_through", "downstream", *compared])
    rows += _dominance_rows(planted, dominance)
    return pd.DataFrame(rows, columns=COLUMNS)


def _compared(true: float, estimate: float, error: float, df: float) -> list[object]:
    """Return what is planted, what is estimated and its interval, from t, or from the normal where `df` is NaN."""
    half = float(stats.norm.ppf(0.975) if np.isnan(df) else stats.t.ppf(0.975, df)) * error
    lower, upper = estimate - half, estimate + half
    return [true, estimate, error, lower, upper, bool(lower <= true <= upper)]


def _dominance_rows(planted: Planted, dominance: pd.DataFrame) -> list[list[object]]:
    own = dominance[(dominance["country"] == "CHN") & (dominance["stage"] == "upstream")].sort_values("year")
    if own.empty:
        return []
    shares = own["va_share"].iloc[[0, -1]]
    ends = zip(("first", "last"), planted.dominant_share, shares, strict=True)
    return [
        [f"dominant_share_{end}", "upstream", true, float(found), np.nan, np.nan, np.nan, None]
        for end, true, found in ends
    ]
