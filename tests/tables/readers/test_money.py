from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import FormatError
from gvcpos.tables.readers.money import Tally, money, money_rows


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (3, 3.0), (-2.5, -2.5), ("", 0.0), (" ", 0.0), ("-", 0.0), ("NA", 0.0), (None, 0.0), (math.nan, 0.0),
        ("(2)", -2.0), ("( 1,234.5 )", -1234.5), ("1,234,567", 1234567.0), ("-3.5", -3.5), ("1e3", 1000.0),
    ],
)  # fmt: skip
def test_cells_as_publishers_write_them(cell, value):
    assert money(cell, Tally()) == value


@pytest.mark.parametrize("cell", ["x", "1,23", "((2))", "#REF!", True, "inf", "2 %", object()])
def test_anything_else_is_refused(cell):
    with pytest.raises(ValueError, match=r".+"):
        money(cell, Tally())


def test_tally_counts_what_was_not_a_number():
    tally = Tally()
    for cell in (1.0, "", " ", "(2)"):
        money(cell, tally)
    assert tally.notes() == (
        "2 blank cells read as zero",
        "1 numbers written as text, such as (2) for -2, read as numbers",
    )
    assert Tally().notes() == ()


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.floats(-1e12, 1e12, allow_nan=False))
def test_numbers_written_as_text_come_back(value):
    assert money(repr(value), Tally()) == value
    if value > 0:
        assert money(f"({value!r})", Tally()) == -value


def test_rows_name_the_bad_cell():
    with pytest.raises(FormatError, match=r"r1 c0: found 'x' where a number was expected"):
        money_rows([[1.0, 2.0], ["x", 2.0]], lambda i, j: f"r{i} c{j}", Tally(), 2)
