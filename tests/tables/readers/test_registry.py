from __future__ import annotations

import shutil
import zipfile

import numpy as np
import pytest

from gvcpos._core.errors import FormatError, InputError
from gvcpos.tables import read_table
from gvcpos.tables.readers.source import Source, column_letters, release_in_name, year_in_name
from tests.shared import shared

from ..builders import coded_sheet, random_table, same_numbers, write_icio, write_xlsx


def whole_files(folder):
    """One small file of every kind of container."""
    made = random_table(1, ("AUS", "PRC", "RoW"))
    icio = random_table(1, sectors=("A01", "A02", "A03", "B05"), finals=("HFCE", "INVNT"), va_rows=("TLS", "VA"))
    icio = icio.aggregate({"AUS": "AUS", "NA": "NAM", "ROW": "ROW"})
    np.savez(folder / "t_2007.npz", Z=made.Z, F=made.Y, x=made.x, countries=made.countries, sectors=made.sectors,
             fd=made.final_categories, year=2007)  # fmt: skip
    return {
        "xlsx": write_xlsx(folder / "t_2007.xlsx", coded_sheet(made)),
        "csv": write_icio(folder / "2007.csv", icio),
        "npz": folder / "t_2007.npz",
        "arrow": made.save(folder / "t_2007.arrow"),
    }


@pytest.mark.parametrize("kind", ["xlsx", "csv", "npz", "arrow"])
def test_the_format_is_told_from_content_not_from_the_name(tmp_path, kind):
    path = whole_files(tmp_path)[kind]
    other = tmp_path / "anything_2007.dat"
    shutil.copy(path, other)
    assert same_numbers(read_table(other), read_table(path))


@pytest.mark.parametrize("kind", ["xlsx", "csv", "npz", "arrow"])
@pytest.mark.parametrize("share", [0.5, 0.97])
def test_a_truncated_file_gives_one_error_that_names_it(tmp_path, kind, share):
    path = whole_files(tmp_path)[kind]
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(FormatError) as caught:
        read_table(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"%PDF-1.7\n\x00\x01", b"PK\x03\x04rest", b"\x1f\x8bnothing", b"ARROW1"]
)
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    path = tmp_path / "ADB-MRIO-2007.xlsx"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"ADB-MRIO-2007\.xlsx"):
        read_table(path)


def test_a_zip_without_tables_and_a_workbook_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(FormatError, match=r"not an input-output table that gvcpos knows .content: zip"):
        read_table(tmp_path / "a.zip")
    path = write_xlsx(tmp_path / "a.xlsx", [["country", "gdp"], ["AUS", 1.0]])
    with pytest.raises(FormatError, match=r"content: xlsx\). It reads: gvcpos table"):
        read_table(path)


def test_no_file_a_folder_and_an_unknown_format(tmp_path):
    with pytest.raises(InputError, match=r"none.xlsx: no such file \(an input-output table\)"):
        read_table(tmp_path / "none.xlsx")
    with pytest.raises(InputError, match="a folder, where"):
        read_table(tmp_path)
    with pytest.raises(InputError, match=r"format='exio' is not known. Allowed: 'native'"):
        read_table(whole_files(tmp_path)["npz"], format="exio")


def test_real_workbooks_that_are_no_tables_are_refused():
    for name in ("raw/OECD_ReadMe_ICIO_small_2025ed.xlsx", "raw/pymrio_mock/wiod_mock/WIOD_SEA_July14.xlsx"):
        with pytest.raises(FormatError, match="not an input-output table"):
            read_table(shared(name))


@pytest.mark.parametrize(
    ("name", "year", "release"),
    [
        ("ADB-MRIO62-2017-August 2025-62.xlsx", 2017, "August 2025"),
        ("ADB-MRIO-2000_Mar2022-3.xlsx", 2000, "Mar 2022"),
        ("ADB-MRIO62-2020_June2023.xlsx", 2020, "June 2023"),
        ("ADB MRIO 2015, at constant 2010 prices.xlsx", 2015, ""),
        ("ICIO2016_2003.csv", 2003, ""),
        ("2020_SML.csv", 2020, ""),
        ("OECD2023ed_2020_SML_3c.csv", 2020, ""),
        ("wiot2013_2005.npz", 2005, ""),
        ("wiot09_row_sep12.xlsx", 2009, "Sep 2012"),
        ("WIOT95_ROW_Apr12.xlsx", 1995, "Apr 2012"),
        ("wiot_2008.RData", 2008, ""),
        ("tables_2001_2002.csv", None, ""),
        ("wiod.rda", None, ""),
    ],
)
def test_year_and_release_in_published_names(name, year, release):
    assert year_in_name(name) == year
    assert release_in_name(name) == release


def test_column_letters_as_spreadsheets_write_them():
    assert [column_letters(i) for i in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_kinds_by_content(tmp_path):
    files = whole_files(tmp_path)
    kinds = {name: Source.of(path).kind for name, path in files.items()}
    assert kinds == {"xlsx": "xlsx", "csv": "text", "npz": "npz", "arrow": "arrow"}
