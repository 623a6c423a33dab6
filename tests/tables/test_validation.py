from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gvcpos._core.errors import IdentityError

from .builders import random_table


def test_report_names_the_worst_row_and_column():
    table = random_table(3)
    x = table.x.copy()
    x[5] += 7.0
    report = replace(table, x=x).validate()
    assert report.row_error == pytest.approx(7.0)
    assert report.row_worst == report.column_worst == ("NA", "c2")
    with pytest.raises(IdentityError, match=r"row of NA c2 is off by 7"):
        report.require()
    assert replace(table, x=x).validate(tolerance=8.0).ok


def test_odd_cells_are_counted_and_named():
    table = random_table(3)
    report = table.validate()
    assert report.zero_output == (("AUS", "c4"),)
    assert report.negative_Y == int((table.Y < 0).sum()) > 0
    assert report.negative_Z == 0
    negative = replace(table, va=table.va - np.eye(1, 12, 2) * 1e6)
    assert negative.validate().negative_va == (("AUS", "c3"),)
    assert "1: AUS c4" in str(report)
