from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from gvcpos._core.errors import FormatError, InputError
from gvcpos.tables import read_table, read_tables
from gvcpos.tables.readers import lrwiod
from gvcpos.tables.readers.source import Source
from tests.shared import shared

from ..builders import random_table, same_numbers

COUNTRIES = ("AUS", "CHN", "ROW")
SECTORS = ("AtB", "C", "D15t16", "LtQ")
FINALS = ("xCONS_h", "xCONS_g", "xGFCF", "xINV")
ROWS = ("xTXSP", "xSD", "xPURNR", "xVA", "xMRG_int")


def long_rows(table, year):
    """The lines of the long csv for one year."""
    pairs = table.index.tolist()
    users = [(c, f) for c in table.countries for f in table.final_categories]
    lines = []
    for i, seller in enumerate(pairs):
        cells = [*zip(pairs, table.Z[i], strict=True), *zip(users, table.Y[i], strict=True)]
        cells.append((("TOT", "xGO"), table.x[i]))
        lines += [(year, *seller, *buyer, value) for buyer, value in cells]
    below = {**dict(zip(table.va_rows, table.va, strict=True)), "xII": table.Z.sum(axis=0), "xGO": table.x}
    for name, values in below.items():
        lines += [(year, "TOT", name, *buyer, value) for buyer, value in zip(pairs, values, strict=True)]
    return [",".join(map(str, (*line[:-1], float(line[-1])))) for line in lines]


def write_long(path, years, change=None):
    tables = {y: random_table(y, COUNTRIES, SECTORS, FINALS, ROWS) for y in years}
    lines = [line for y, t in tables.items() for line in long_rows(t, y)]
    if change is not None:
        lines = change(lines)
    header = "year,row_country,row_isic3,col_country,col_isic3,value"
    path.write_text("\n".join([header, *lines]) + "\n")
    return tables


def test_workbook_holds_the_numbers_of_the_arrays():
    table = read_table(shared("raw/lrwiod/2000.xlsx"))
    with np.load(shared("icio/lrwiod2000/lrwiod_2000.npz"), allow_pickle=False) as want:
        np.testing.assert_array_equal(table.Z, want["Z"])
        np.testing.assert_array_equal(table.Y, want["F"])
        np.testing.assert_allclose(table.x, want["x"], rtol=1e-12)
        np.testing.assert_array_equal(table.va, want["va_rows_Z"][1:7])
        originals = [table.meta.original_countries.get(c, c) for c in table.countries]
        assert originals == want["countries"].tolist()
        assert table.meta.original_countries["NLD"] == "NDL"
        assert list(table.sectors) == want["sectors"].tolist()
        assert list(table.va_rows) == want["va_rows_labels"][1:7].tolist()
    report = table.validate()
    assert report.row_error < 1e-8
    assert report.column_error < 1e-3
    assert (table.year, report.ok) == (2000, True)


@lru_cache(maxsize=1)
def whole_sheet(path):
    return Source(path).sheet


@pytest.mark.parametrize(
    ("row", "column", "cell", "message"),
    [
        (4, 39, "XX", r"column AN: found  XX, where AUT D34t35 was expected"),
        (8, 6, "see note", r"row 9 \(D15t16\), column G: found 'see note'"),
        (29, 0, "C", "column AB: found AUT AtB, where AUT C was expected"),
        (605, 0, "Other", "no row 'Total value added'"),
        (2, 707, "", "no column 'Total demand'"),
    ],
)
def test_workbook_damage_is_named(row, column, cell, message):
    path = shared("raw/lrwiod/2000.xlsx")
    name, rows = whole_sheet(path)
    rows = [*rows[:row], [*rows[row][:column], cell, *rows[row][column + 1 :]], *rows[row + 1 :]]
    source = Source(path)
    source.__dict__["sheet"] = (name, rows)  # as if the file had been so
    with pytest.raises(FormatError, match=message) as caught:
        lrwiod.read(source)
    assert "2000.xlsx" in str(caught.value)


def test_long_csv_gives_the_year_asked_for(tmp_path):
    path = tmp_path / "lr_wiod_wiot_final_filled.csv"
    tables = write_long(path, [1965, 1966])
    for year, made in tables.items():
        table = read_table(path, year=year)
        assert same_numbers(table, made)
        assert table.year == year
        assert (table.countries, table.sectors, table.final_categories) == (COUNTRIES, SECTORS, FINALS)
        assert table.va_rows == ROWS
    with pytest.raises(FormatError, match=r"holds the years 1965, 1966. Give year="):
        read_table(path)
    with pytest.raises(FormatError, match=r"no rows for 1999. There are 1965, 1966"):
        read_table(path, year=1999)


def test_long_csv_is_a_series_of_its_own(tmp_path):
    path = tmp_path / "long.csv"
    tables = write_long(path, [1965, 1966, 1967])
    series = read_tables(path)
    assert series.years == (1965, 1966, 1967)
    assert series.paths == (path,)
    assert all(same_numbers(series[year], made) for year, made in tables.items())


def test_order_of_lines_does_not_matter(tmp_path):
    def shuffle(lines):
        return [lines[i] for i in np.random.default_rng(0).permutation(len(lines))]

    path = tmp_path / "long.csv"
    made = write_long(path, [1970], shuffle)[1970]
    table = read_table(path)
    from gvcpos.tables.aggregation import reorder

    back = reorder(table, COUNTRIES, SECTORS)
    assert np.array_equal(back.Z, made.Z)
    assert np.array_equal(back.x, made.x)
    np.testing.assert_array_equal(back.final_demand.sum(axis=0) > 0, True)
    np.testing.assert_allclose(back.final_demand, made.final_demand, rtol=1e-13)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [*lines, lines[5]], "1 cells of 1970 occur twice, the first AUS AtB"),
        (lambda lines: [line for line in lines if ",xGO,AUS" not in line], None),
        (lambda lines: [line for line in lines if ",xVA," not in line], "no rows xGO and xVA"),
        (lambda lines: [lines[0].rsplit(",", 1)[0] + ",abc", *lines[1:]], "abc"),
        (lambda lines: [line for line in lines if not line.startswith("1970,CHN,C,")], "rows missing: CHN C"),
    ],
)
def test_long_csv_damage_is_named(tmp_path, change, message):
    path = tmp_path / "long.csv"
    write_long(path, [1970], change)
    if message is None:
        from gvcpos._core.errors import IdentityWarning

        with pytest.warns(IdentityWarning, match="AUS"):
            read_table(path)
        return
    with pytest.raises(FormatError, match=message) as caught:
        read_table(path)
    assert str(path) in str(caught.value)


def test_a_year_that_the_file_contradicts_is_refused():
    with pytest.raises(InputError, match="the file says 2000, year=1995 was given"):
        read_table(shared("raw/lrwiod/2000.xlsx"), year=1995)
