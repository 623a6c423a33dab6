"""How a number is written: one place, so that every table of a report agrees."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np
import pandas as pd

MISSING = "—"
STAR_LEVELS: tuple[tuple[float, str], ...] = ((0.01, "***"), (0.05, "**"), (0.10, "*"))


def is_missing(value: object) -> bool:
    """Tell whether `value` stands for no number at all: None, NaN, NaT or pandas' NA."""
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, numbers.Real) and math.isnan(float(value))


def fixed(value: object, digits: int = 4) -> str:
    """Write a number with a fixed count of decimals.

    Parameters
    ----------
    value : number or None
        None and NaN become an em dash. Integers keep no decimals.
    digits : int
        Decimals. A number that is not zero but would be written as zero is written in scientific
        notation with two significant digits; one of 1e15 or more likewise.

    Returns
    -------
    str
        ``"1,234.5000"``, ``"-0.0312"``, ``"2.3e-07"``, ``"∞"``, ``"—"``.
    """
    if is_missing(value):
        return MISSING
    if isinstance(value, numbers.Integral):
        return f"{int(value):,d}"
    x = float(value)  # type: ignore[arg-type]
    if math.isinf(x):
        return "∞" if x > 0 else "-∞"
    if abs(x) >= 1e15 or (x != 0.0 and abs(x) < 0.5 * 10.0**-digits):
        return f"{x:.1e}"
    return f"{x + 0.0:,.{digits}f}"


def plain(value: object, digits: int = 4) -> str:
    """Write any cell of a frame: numbers by `fixed`, truth values as yes and no, the rest as text."""
    if is_missing(value):
        return MISSING
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, numbers.Real):
        return fixed(value, digits)
    return str(value)


def probability(value: object, digits: int = 4) -> str:
    """Write a p-value: fixed decimals, ``<0.0001`` below the last of them."""
    if is_missing(value):
        return MISSING
    p = float(value)  # type: ignore[arg-type]
    least = 10.0**-digits
    return f"<{least:.{digits}f}" if p < least else f"{p:.{digits}f}"


def stars(pvalue: object) -> str:
    """Return the significance stars of a p-value: ``***`` below 1 %, ``**`` 5 %, ``*`` 10 %."""
    if is_missing(pvalue):
        return ""
    p = float(pvalue)  # type: ignore[arg-type]
    return next((mark for level, mark in STAR_LEVELS if p < level), "")


def as_float(value: Any) -> float | None:
    """Return `value` as a float, or None if it is missing."""
    return None if is_missing(value) else float(value)
