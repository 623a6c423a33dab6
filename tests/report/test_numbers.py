"""Numbers are written without hiding anything: no NaN, no false zero, no minus zero."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos.report.numbers import fixed, plain, probability, stars


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.5, "1,234.5000"),
        (-0.03125, "-0.0312"),
        (0.0, "0.0000"),
        (-0.0, "0.0000"),
        (2.34e-7, "2.3e-07"),
        (-2.34e-7, "-2.3e-07"),
        (1e20, "1.0e+20"),
        (12345, "12,345"),
        (np.int64(7), "7"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (math.nan, "—"),
        (None, "—"),
        (pd.NA, "—"),
        (pd.NaT, "—"),
    ],
)
def test_fixed(value: object, text: str) -> None:
    assert fixed(value) == text


@settings(max_examples=200, deadline=None)
@given(st.floats(-1e300, 1e300), st.integers(1, 8))
def test_fixed_reads_back_to_its_decimals(value: float, digits: int) -> None:
    back = float(fixed(value, digits).replace(",", ""))
    assert back == pytest.approx(
        value, abs=0.5 * 10.0**-digits * (1 + 1e-9), rel=0.051 if abs(value) >= 1e15 else 1e-12
    )
    assert (back == 0) == (value == 0)


@pytest.mark.parametrize(
    ("value", "text"), [(0.00001, "<0.0001"), (0.0001, "0.0001"), (0.5, "0.5000"), (0.0, "<0.0001"), (math.nan, "—")]
)
def test_probability(value: float, text: str) -> None:
    assert probability(value) == text


@pytest.mark.parametrize(
    ("pvalue", "mark"),
    [(0.0, "***"), (0.00999, "***"), (0.01, "**"), (0.05, "*"), (0.1, ""), (1.0, ""), (math.nan, ""), (None, "")],
)
def test_stars_at_their_bounds(pvalue: float | None, mark: str) -> None:
    assert stars(pvalue) == mark


def test_plain_keeps_labels_and_truth_values() -> None:
    assert [plain(v) for v in ("NA", True, np.bool_(False), 3, 0.5)] == ["NA", "yes", "no", "3", "0.5000"]
