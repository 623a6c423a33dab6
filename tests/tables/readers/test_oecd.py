from __future__ import annotations

import zipfile

import numpy as np
import pytest

from gvcpos._core.errors import FormatError, IdentityWarning, InputError
from gvcpos.tables import IOTable, read_table, read_tables
from tests.shared import shared

from ..builders import random_table, same_numbers, write_icio

FINALS = ("HFCE", "NPISH", "GGFC", "GFCF", "INVNT", "DPABR")
SECTORS = ("A01_02", "A03", "B05_06", "C10T12")
SPLIT = ("AUS", "CHN", "MEX", "ROW", "CN1", "CN2", "MX1", "MX2")


def icio(seed=1, countries=("AUS", "CHN", "ROW"), sectors=SECTORS):
    return random_table(seed, countries, sectors, FINALS, ("TLS", "VA"))


def extended(seed=1):
    """A synthetic extended table: CHN and MEX buy final goods, their parts produce and sell."""
    made = icio(seed, SPLIT)
    whole = np.isin(np.repeat(SPLIT, len(SECTORS)), ["CHN", "MEX"])
    parts = np.isin(np.repeat(SPLIT, len(FINALS)), ["CN1", "CN2", "MX1", "MX2"])
    Z, Y = made.Z.copy(), made.Y.copy()
    Z[whole], Z[:, whole], Y[whole], Y[:, parts] = 0.0, 0.0, 0.0, 0.0
    x = Z.sum(axis=1) + Y.sum(axis=1)
    va = np.vstack([0.03 * x, x - Z.sum(axis=0) - 0.03 * x])
    return IOTable.from_arrays(
        Z, Y, countries=SPLIT, sectors=SECTORS, final_categories=FINALS, va=va, va_rows=("TLS", "VA"), x=x
    )


@pytest.mark.parametrize(
    ("name", "edition", "year", "sectors", "first"),
    [
        ("SYNTHETIC-numbers_OECD2023ed_2020_SML_3c.csv", "2023 edition", 2020, 45, "A01_02"),
        ("SYNTHETIC-numbers_OECD2025ed_2022_SML_3c.csv", "2025 edition", 2022, 50, "A01"),
    ],
)
def test_fixture_of_both_editions(name, edition, year, sectors, first):
    table = read_table(shared(f"raw/format_fixtures/{name}"))
    assert table.shape == (3, sectors)
    assert table.countries == ("AUS", "CHN", "ROW")
    assert table.sectors[0] == first
    assert table.final_categories == FINALS
    assert table.va_rows == ("TLS", "VA")
    assert (table.meta.vintage, table.year, table.meta.synthetic) == (edition, year, True)
    assert table.validate().ok
    assert not table.meta.notes


def test_every_cell_comes_back(tmp_path):
    made = icio()
    table = read_table(write_icio(tmp_path / "2019_SML.csv", made))
    assert same_numbers(table, made)
    assert table.year == 2019
    assert table.meta.unit == "million USD, current prices"


def test_extended_table_is_merged_in_rows_and_columns(tmp_path):
    made = extended()
    table = read_table(write_icio(tmp_path / "2019.csv", made), splits="merge")
    assert table.countries == ("AUS", "CHN", "MEX", "ROW")
    want = made.aggregate({"CN1": "CHN", "CN2": "CHN", "MX1": "MEX", "MX2": "MEX"}, keep_rest=True)
    for part in ("Z", "Y", "va", "x"):
        np.testing.assert_allclose(getattr(table, part), getattr(want, part), rtol=1e-13)
    assert table.validate(1e-9 * made.x.sum()).ok
    assert table.meta.original_countries == {"CHN": "CHN+CN1+CN2", "MEX": "MEX+MX1+MX2"}
    assert "CN1, CN2, MX1, MX2 summed into CHN and MEX" in table.meta.notes


def test_extended_table_is_kept_by_default(tmp_path):
    made = extended()
    table = read_table(write_icio(tmp_path / "2019.csv", made))
    assert table.countries == SPLIT
    assert same_numbers(table, made)


def test_extended_table_without_rows_of_the_whole(tmp_path):
    """Some files list CN1 and CN2 only; final demand of CHN must still find its place."""
    made = extended()

    def drop(rows):
        gone = [j for j, label in enumerate(rows[0]) if label in {f"{c}_{s}" for c in ("CHN", "MEX") for s in SECTORS}]
        rows[:] = [
            [cell for j, cell in enumerate(row) if j not in gone]
            for row in rows
            if row[0] not in {rows[0][j] for j in gone}
        ]

    path = write_icio(tmp_path / "2019.csv", made, change=drop)
    merged = read_table(path, splits="merge")
    assert merged.countries == ("AUS", "ROW", "CHN", "MEX")
    assert merged.Y.sum() == pytest.approx(made.Y.sum())
    assert merged.validate(1e-9 * made.x.sum()).ok
    kept = read_table(path)
    assert kept.countries == ("AUS", "ROW", "CN1", "CN2", "MX1", "MX2")
    assert kept.final_demand[:, 2].sum() == pytest.approx(made.final_demand[:, 1].sum())
    assert kept.final_demand[:, 3].sum() == 0.0


def test_unknown_choice_of_splits_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"splits='sum' is not known. Allowed: 'merge', 'keep'"):
        read_table(write_icio(tmp_path / "2019.csv", icio()), splits="sum")


def test_zip_archive_with_one_and_with_several_files(tmp_path):
    made = icio()
    write_icio(tmp_path / "2018.csv", icio(2))
    write_icio(tmp_path / "2019.csv", made)
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as archive:
        archive.write(tmp_path / "2019.csv", "2019.csv")
    assert same_numbers(read_table(tmp_path / "one.zip"), made)
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.write(tmp_path / "2018.csv", "2018.csv")
        archive.write(tmp_path / "2019.csv", "2019.csv")
    assert same_numbers(read_table(tmp_path / "two.zip", year=2019), made)
    with pytest.raises(FormatError, match=r"which csv of 2018.csv, 2019.csv\? Give year="):
        read_table(tmp_path / "two.zip")
    series = read_tables(tmp_path / "two.zip")
    assert series.years == (2018, 2019)
    assert same_numbers(series[2018], icio(2))
    assert same_numbers(series[2019], made)


def test_older_edition_gathers_the_country_tax_rows():
    with pytest.warns(IdentityWarning):  # invented numbers
        table = read_table(shared("raw/pymrio_mock/oecd_mock/ICIO2018_2010.CSV"), splits="merge")
    assert table.va_rows == ("TAXSUB", "VALU")
    assert (table.year, table.meta.vintage) == (2010, "2018 edition")
    assert table.countries == ("AUS", "BEL", "MEX", "BRA", "COL")
    assert table.validate().row_error < 1e-5


def test_blank_cells_and_text_negatives_are_read_and_told(tmp_path):
    def change(rows):
        rows[1][1], rows[2][2] = "", "(2)"

    with pytest.warns(IdentityWarning):
        table = read_table(write_icio(tmp_path / "2019.csv", icio(), change=change))
    assert table.Z[0, 0] == 0.0
    assert table.Z[1, 1] == -2.0
    assert any("written as text" in note for note in table.meta.notes)


def cut(rows):
    rows[-2:] = [["VA", *rows[-2][1:5]]]


def damage(what):
    def change(rows):
        if what == "no OUT column":
            for row in rows:
                row.pop()
        elif what == "no OUT row":
            rows.pop()
        elif what == "text":
            rows[2][3] = "see note"
        elif what == "duplicated row":
            rows[2][0] = rows[1][0]
        elif what == "duplicated column":
            rows[0][2] = rows[0][1]
        elif what == "missing industry":
            rows.pop(2)
        elif what == "cut":
            cut(rows)
        elif what == "no VA":
            rows.pop(-2)

    return change


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("no OUT column", r"expected a total column \(OUT\)"),
        ("no OUT row", r"expected a total row \(OUT\); the file may be cut short"),
        ("no VA", "expected a value-added row"),
        ("text", r"row 3 \(AUS_A03\), column AUS_B05_06: found 'see note' where a number"),
        ("duplicated row", "duplicated row labels .* AUS_A01_02"),
        ("duplicated column", "duplicated column labels: AUS_A01_02"),
        ("missing industry", "A03"),
        ("cut", "lines are not all 32 cells long"),
    ],
)
def test_damage_gives_one_error_that_names_file_place_and_remedy(tmp_path, what, message):
    path = write_icio(tmp_path / "2019.csv", icio(), change=damage(what))
    with pytest.raises(FormatError, match=message) as caught:
        read_table(path)
    assert str(path) in str(caught.value)


def test_the_year_must_be_stated_somewhere(tmp_path):
    path = write_icio(tmp_path / "icio.csv", icio())
    with pytest.raises(FormatError, match=r"does not state the year. Give year="):
        read_table(path)
    assert read_table(path, year=2019).year == 2019
