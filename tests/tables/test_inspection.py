from __future__ import annotations

import pytest

from gvcpos._core.errors import FormatError
from gvcpos.tables import inspect_file, read_table
from tests.shared import shared

from .builders import coded_sheet, random_table, write_xlsx


def test_report_says_what_the_file_is(tmp_path):
    made = random_table(9, ("AUS", "PRC", "RoW"))
    rows = coded_sheet(made)
    rows[8][-1] += 50.0
    path = write_xlsx(tmp_path / "ADB-MRIO-2007_June2023.xlsx", rows)
    report = inspect_file(path)
    assert (report.format, report.size, report.meta.year) == ("adb", (3, 4, 5), 2007)
    assert not report.ok
    assert report.checks.row_error == pytest.approx(50.0)
    text = str(report)
    for said in (
        "ADB MRIO, June 2023", "2007", "million USD", "3 countries x 4 sectors (12 rows), 5 final-demand",
        "PRC -> CHN", "50 at AUS c2", "EXCEEDED", "1: AUS c4", "negative cells",
    ):  # fmt: skip
        assert said in text
    assert report.bytes == path.stat().st_size


def test_synthetic_files_are_called_so():
    report = inspect_file(shared("raw/format_fixtures/SYNTHETIC-numbers_OECD2025ed_2022_SML_3c.csv"))
    assert "SYNTHETIC NUMBERS" in str(report)
    assert "OECD ICIO, 2025 edition" in str(report)


def test_real_tables():
    report = inspect_file(shared("raw/lrwiod/2000.xlsx"))
    assert report.size == (26, 23, 4)
    assert report.ok
    assert "SYNTHETIC" not in str(report)
    report = inspect_file(shared("icio/wiod2013_regional/wiot2013_reg7_2011.npz"))
    assert not report.ok
    assert report.checks.row_worst == ("OEU", "c21")


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(FormatError, match="not an input-output table"):
        inspect_file(tmp_path / "notes.txt")


@pytest.mark.parametrize("name", ["none.csv", "none.xlsx", "none.arrow"])
def test_an_empty_file_is_called_empty(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(FormatError, match=rf"{name}: the file is empty \(0 bytes\)"):
        inspect_file(tmp_path / name)
    with pytest.raises(FormatError, match="the file is empty"):
        read_table(tmp_path / name, format="arrays")
