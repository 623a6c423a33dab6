from __future__ import annotations

import numpy as np
import pytest

from gvcpos._core.errors import FormatError, IdentityWarning
from gvcpos.tables import read_table
from tests.shared import shared

from ..builders import random_table, same_numbers


def parts(table, **changes):
    given = {
        "Z": table.Z,
        "F": table.Y,
        "x": table.x,
        "countries": np.array(table.countries),
        "sectors": np.array(table.sectors),
        "fd": np.array(table.final_categories),
        "year": np.int32(table.year),
        "va_rows_labels": np.array(table.va_rows),
        "va_rows_Z": table.va,
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


def test_arrays_come_back(tmp_path):
    made = random_table(1)
    np.savez(tmp_path / "mine_2007.npz", **parts(made))
    table = read_table(tmp_path / "mine_2007.npz")
    assert same_numbers(table, made)
    assert table.countries == ("AUS", "NA", "ROW")
    assert (table.meta.source, table.year) == ("mine", 2007)
    assert read_table(tmp_path / "mine_2007.npz", unit="EUR", name="other").meta.unit == "EUR"


@pytest.mark.parametrize("year", [2000, 2011])
def test_wiod_arrays_are_scaled_back_to_their_output(year):
    table = read_table(shared(f"icio/wiod2013/wiot2013_{year}.npz"))
    report = table.validate()
    assert table.shape == (41, 35)
    assert report.row_error <= 12.0  # 94 to 113 before scaling
    assert report.column_error < 1e-6
    assert 18 <= len(report.zero_output) <= 22
    assert table.meta.original_countries == {"ROU": "ROM", "ROW": "RoW"}


def test_regional_arrays():
    table = read_table(shared("icio/wiod2013_regional/wiot2013_reg7_1995.npz"))
    assert table.shape == (7, 35)
    assert table.validate().row_error < 1e-8
    with pytest.warns(IdentityWarning, match=r"OEU c21 is off by 4\.74"):
        read_table(shared("icio/wiod2013_regional/wiot2013_reg7_2011.npz"))


def test_long_run_arrays_keep_their_value_added_rows():
    table = read_table(shared("icio/lrwiod2000/lrwiod_2000.npz"))
    assert table.va_rows[0] == "Total value added"
    assert len(table.va_rows) == 6
    assert table.validate().column_error < 1e-3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fd": None}, "the arrays fd are missing"),
        ({"countries": None}, "the arrays countries are missing"),
        ({"Z": np.zeros((3, 3))}, r"Z is \(3, 3\) .* ask for \(12, 12\)"),
        ({"year": np.array([{"a": 1}], dtype=object)}, "cannot be read"),
    ],
)
def test_what_is_missing_is_named(tmp_path, changes, message):
    path = tmp_path / "bad.npz"
    np.savez(path, **parts(random_table(1), **changes))
    with pytest.raises(FormatError, match=message):
        read_table(path)
