from __future__ import annotations

import numpy as np
import pytest

from gvcpos._core.errors import FormatError, IdentityError, IdentityWarning
from gvcpos.tables import read_table
from gvcpos.tables.aggregation import reorder
from tests.shared import shared

from ..builders import ADB62, ADB72, ADB75, coded_sheet, random_table, same_numbers, same_to_16_digits, write_xlsx


def adb_file(folder, rows, name="ADB-MRIO-2007.xlsx"):
    return write_xlsx(folder / name, rows)


@pytest.mark.parametrize("variant", ["old", "new"])
def test_fixture_of_both_header_variants(variant):
    table = read_table(shared(f"raw/format_fixtures/SYNTHETIC-layout_ADB-MRIO-2007_{variant}_3c.xlsx"))
    assert table.countries == ("AUS", "CHN", "ROW")
    assert table.sectors == tuple(f"c{k}" for k in range(1, 36))
    assert table.final_categories == ("F1", "F2", "F3", "F4", "F5")
    assert table.va_rows == ("r99", "r61", "r62", "r63", "r64", "r65")
    assert table.meta.original_countries == {"CHN": "PRC", "ROW": "RoW"}
    assert (table.year, table.meta.unit) == (2007, "million USD, current prices")
    assert table.meta.synthetic
    report = table.validate()
    assert report.row_error < 1e-8
    assert report.column_error < 1e-8
    assert table.x[0] == 40769.0
    assert ("blank cells read as zero" in " ".join(table.meta.notes)) == (variant == "old")


def test_both_variants_hold_the_same_to_16_digits():
    folder = shared("raw/format_fixtures")
    old, new = (read_table(folder / f"SYNTHETIC-layout_ADB-MRIO-2007_{v}_3c.xlsx") for v in ("old", "new"))
    assert same_numbers(old, new)


@pytest.mark.parametrize(
    ("codes", "count", "new_header"), [(ADB62, 63, False), (ADB62, 63, True), (ADB72, 73, True), (ADB75, 76, True)]
)
def test_any_number_of_economies_is_read_by_its_labels(tmp_path, codes, count, new_header):
    made = random_table(7, countries=[*codes, "RoW"], sectors=("c1", "c14"), finals=("F1", "F5"))
    table = read_table(adb_file(tmp_path, coded_sheet(made, new_header=new_header)))
    assert table.shape == (count, 2)
    assert same_to_16_digits(table, made)
    assert len(set(table.countries)) == count
    assert table.countries[:8] == ("AUS", "AUT", "BEL", "BGR", "BRA", "CAN", "CHE", "CHN")
    assert table.countries[-1] == "ROW"
    assert table.meta.original_countries["DEU"] == "GER"
    assert {"KHM", "MDV", "SGP", "HKG", "TWN"} <= set(table.countries)


def test_added_lines_blank_columns_and_footnotes_change_nothing(tmp_path):
    made = random_table(8, countries=("AUS", "PRC", "RoW"))
    rows = coded_sheet(made)
    wide = [["", *row, " ", "", 1.0] for row in rows]  # a column before, blank and stray columns after
    wide.insert(2, ["Released for testing"])
    wide.append(["", "Source: invented"])
    assert same_to_16_digits(read_table(adb_file(tmp_path, wide)), made)


def test_row_and_column_order_do_not_matter(tmp_path):
    made = random_table(8, countries=("AUS", "PRC", "RoW"))
    rows = coded_sheet(made)
    body = slice(7, 7 + len(made.x))
    rows[body] = [rows[7 + i] for i in np.random.default_rng(0).permutation(len(made.x))]
    table = read_table(adb_file(tmp_path, rows))
    countries = ["AUS", "CHN", "ROW"]
    assert same_to_16_digits(reorder(table, countries, made.sectors), made)


def test_blanks_and_negatives_written_as_text(tmp_path):
    made = random_table(9, countries=("AUS", "PRC", "RoW"), decimals=0)
    rows = coded_sheet(made)
    for row in rows[7 : 7 + len(made.x)]:
        for j in range(4, len(row)):
            if row[j] == 0.0:
                row[j] = " "
            elif isinstance(row[j], float) and row[j] < 0:
                row[j] = f"({-row[j]:.0f})"
    table = read_table(adb_file(tmp_path, rows))
    assert same_to_16_digits(table, made)
    assert len(table.meta.notes) == 2
    assert "such as (2) for -2" in table.meta.notes[1]


def test_vintage_and_constant_prices_come_from_the_name(tmp_path):
    rows = coded_sheet(random_table(9, countries=("AUS", "PRC", "RoW")))
    name = "ADB-MRIO62-2007_June2023.xlsx"
    assert read_table(adb_file(tmp_path, rows, name)).meta.vintage == "June 2023"
    rows[1][0] = "62 economies, at constant 2010 prices (industry by industry)"
    table = read_table(adb_file(tmp_path, rows))
    assert table.meta.unit == "million USD, constant 2010 prices"
    assert "62 economies, the file has 3" in " ".join(table.meta.notes)


def test_imbalance_warns_with_the_worst_cell_and_strict_raises(tmp_path):
    rows = coded_sheet(random_table(9, countries=("AUS", "PRC", "RoW")))
    rows[8][-1] += 50.0
    path = adb_file(tmp_path, rows)
    with pytest.warns(IdentityWarning, match="AUS c2 is off by 50"):
        read_table(path)
    with pytest.raises(IdentityError, match="AUS c2 is off by 50"):
        read_table(path, strict=True)


def broken(rows, how):
    """Damage a sheet in one of the ways that must be told."""
    if how == "no total":
        for row in rows[:7]:
            row[:] = ["" if str(cell).lower() in ("tot", "total") else cell for cell in row]
    elif how == "duplicated country":
        for row in rows[11:15]:
            row[2] = "AUS"
        rows[5] = ["AUS" if cell == "PRC" else cell for cell in rows[5]]
    elif how == "text":
        rows[8][6] = "see note"
    elif how == "missing row":
        del rows[9]
    elif how == "missing column":
        for row in rows:
            del row[5:6]
    elif how == "cut short":
        del rows[16:]
    elif how == "no country":
        rows[9][2] = ""
    return rows


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("no total", r"no total-output column \(labelled ToT, TOTAL"),
        ("duplicated country", "duplicated rows: AUS c1, AUS c2"),
        ("text", r"row 9 \(AUS c2\), column G: found 'see note' where a number was expected"),
        ("missing row", "rows missing: AUS c3"),
        ("missing column", "columns missing: AUS c2"),
        ("cut short", "no value-added row .code r64"),
        ("no country", "row 10: code c3 has no country"),
    ],
)
def test_damage_gives_one_error_that_names_file_place_and_remedy(tmp_path, how, message):
    rows = broken(coded_sheet(random_table(9, countries=("AUS", "PRC", "RoW"))), how)
    path = adb_file(tmp_path, rows)
    with pytest.raises(FormatError, match=message) as caught:
        read_table(path)
    assert str(path) in str(caught.value)
