from __future__ import annotations

import numpy as np
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.tables import IOTable

from .builders import random_table

Z = np.array([[1.0, 2.0], [3.0, 4.0]])
Y = np.array([[5.0, 6.0], [7.0, 8.0]])


def make(**changes: object) -> IOTable:
    given = {"countries": ["A", "B"], "sectors": ["s"], **changes}
    return IOTable.from_arrays(given.pop("Z", Z), given.pop("Y", Y), **given)  # type: ignore[arg-type]


def test_defaults_close_both_identities():
    table = make()
    assert table.x.tolist() == [14.0, 22.0]
    assert table.va.tolist() == [[10.0, 16.0]]
    report = table.validate()
    assert report.ok
    assert report.row_error == report.column_error == 0.0


def test_arrays_are_copies_that_nobody_can_write_to():
    mine = Z.copy()
    table = make(Z=mine)
    mine[0, 0] = 99.0
    assert table.Z[0, 0] == 1.0
    for array in (table.Z, table.Y, table.va, table.x, table.va_total, table.final_demand):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_final_demand_sums_categories_by_destination():
    table = random_table(1)
    frame = table.frame("Y").T.groupby(level="country", sort=False).sum().T
    np.testing.assert_allclose(table.final_demand, frame.to_numpy(), rtol=1e-14)
    assert list(frame.columns) == list(table.countries)


def test_frames_are_labelled_copies():
    table = random_table(1)
    frame = table.frame("Z")
    frame.iloc[0, 0] = -5.0
    assert table.Z[0, 0] != -5.0
    assert frame.index.tolist() == [(c, s) for c in table.countries for s in table.sectors]
    with pytest.raises(InputError, match="no part 'W'"):
        table.frame("W")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"countries": ["A", "A"]}, LabelError, "duplicated labels: A"),
        ({"countries": ["A", " "]}, LabelError, "empty label at position 1"),
        ({"sectors": ["s", "t"]}, InputError, r"Z has shape \(2, 2\)"),
        ({"Z": [[1.0, np.nan], [0.0, 0.0]]}, InputError, r"Z\[0, 1\] is nan"),
        ({"x": [1.0, 2.0, 3.0]}, InputError, "x has shape"),
        ({"va": [[1.0, 2.0]], "va_rows": ["a", "b"]}, InputError, "1 rows but 2 names"),
    ],
)
def test_bad_arrays_are_refused(changes, error, message):
    with pytest.raises(error, match=message):
        make(**changes)


def test_repr_says_synthetic():
    assert "SYNTHETIC" in repr(random_table(1))
    assert "SYNTHETIC" not in repr(make())
