from __future__ import annotations

import numpy as np
import pytest

from gvcpos._core.errors import FormatError, IdentityWarning, InputError
from gvcpos.tables import read_table
from gvcpos.tables.readers import wiod_rdata
from gvcpos.tables.readers.rserial import RObject
from tests.shared import shared

from ..builders import coded_sheet, random_table, same_to_16_digits, write_xlsx


def arrays(name):
    with np.load(shared(f"icio/wiod2013/{name}.npz"), allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def test_mock_workbook_in_the_published_layout():
    path = shared("raw/pymrio_mock/wiod_mock/wiot09_row_sep12.xlsx")
    with pytest.warns(IdentityWarning, match="column of LUX c3"):  # the mock's columns are invented
        table = read_table(path)
    assert table.countries == ("AUS", "BEL", "LUX", "ROU", "USA", "ROW")
    assert table.meta.original_countries == {"ROU": "ROM", "ROW": "RoW"}
    assert table.sectors == ("c1", "c2", "c3", "c4", "c5", "c6", "c7", "c35")
    assert table.final_categories == ("c37", "c38", "c39", "c41", "c42")
    assert table.va_rows == ("r99", "r61", "r62", "r63", "r64", "r65")
    assert (table.year, table.meta.vintage, table.meta.synthetic) == (2009, "Sep 2012", True)
    assert table.Z[0, 0] == 23697.221
    assert table.Y[0, -1] == 4.8982602
    assert table.x[-1] == 91544441.8318252
    assert table.va[4, 0] == 42262.90673
    assert table.va[5, 0] == 163.96634
    assert table.validate().row_error < 1e-6


def test_generated_workbook_balances_in_rows_and_columns(tmp_path):
    made = random_table(3, ("AUS", "ROM", "RoW"), finals=("c37", "c38", "c39", "c41", "c42"))
    path = write_xlsx(tmp_path / "WIOT07_ROW_Apr12.xlsx", coded_sheet(made, adb=False), "WIOT_2007")
    table = read_table(path)
    assert same_to_16_digits(table, made)
    assert table.year == 2007
    assert table.meta.vintage == "Apr 2012"
    assert "WIOD" in table.meta.source


@pytest.mark.parametrize("year", [2008, 2011])
def test_r_lists_hold_the_numbers_of_the_arrays(year):
    table = read_table(shared(f"raw/wiod2013_bquast/wiot_{year}.RData"))
    want = arrays(f"wiot2013_{year}")
    np.testing.assert_array_equal(table.Z, want["Z"])
    np.testing.assert_array_equal(table.Y, want["F"])
    np.testing.assert_array_equal(table.x, want["x"])
    assert list(table.countries) == want["countries"].tolist()
    assert list(table.sectors) == want["sectors"].tolist()
    assert table.year == year
    assert table.meta.original_countries == {"ROU": "ROM", "ROW": "RoW"}
    report = table.validate()
    assert 90 < report.row_error < 115  # the source rounded every cell
    assert report.ok


def test_r_data_frames_of_text_hold_the_numbers_of_the_arrays():
    table = read_table(shared("raw/wiod2013_decompr/wiod.rda"), year=2011)
    want = arrays("wiot2013_2011")
    np.testing.assert_array_equal(table.Z, want["Z"])
    np.testing.assert_array_equal(table.Y, want["F"])
    np.testing.assert_array_equal(table.x, want["x"])
    kept = [k for k, label in enumerate(want["va_rows_labels"]) if label not in ("r60", "r69")]
    np.testing.assert_array_equal(table.va, want["va_rows_Z"][kept])
    assert table.va_rows == ("r99", "r61", "r62", "r63", "r64", "r65")
    assert table.validate().column_error == 74.0


def text_frames(change=None):
    """Two countries, two industries, as the data frames of text that R packages carry."""
    pairs = [("AUS", "c1"), ("AUS", "c2"), ("RoW", "c1"), ("RoW", "c2")]
    below = ["r60", "r99", "r64", "", "r69"]
    left = [["", "", *(c for c, _ in pairs), "TOT", *[""] * 4], ["", "", *(s for _, s in pairs), *below]]
    inter = [[*pair, "1", "2", "3", "4", "10", "1", "30", "2", "43"] for pair in pairs]
    sold = {"AUS": ["30", "30", "30", "20"], "RoW": ["9", "5", "1", "7"]}
    final = [[c, "c37", *cells, *["0"] * 5] for c, cells in sold.items()]
    if change is not None:
        change(left, inter, final)
    frames = {"intermediate_demand": [*left, *inter], "final_demand": [*left, *final]}
    return {name: RObject([RObject(column) for column in columns]) for name, columns in frames.items()}


def frames_file(tmp_path, monkeypatch, change=None, name="wiod_2011.rda"):
    monkeypatch.setattr(wiod_rdata, "read_rdata", lambda _path: text_frames(change))
    path = tmp_path / name
    path.write_bytes(b"stands for an R file")
    return path


def test_small_r_data_frames(tmp_path, monkeypatch):
    path = frames_file(tmp_path, monkeypatch)
    table = read_table(path, format="wiod_rdata")
    assert table.countries == ("AUS", "ROW")
    assert table.va_rows == ("r99", "r64", "r65")
    assert table.Z[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert table.x.tolist() == [43.0] * 4
    assert table.validate().row_error == table.validate().column_error == 0.0


def test_final_demand_of_r_frames_goes_by_destination(tmp_path, monkeypatch):
    straight = read_table(frames_file(tmp_path, monkeypatch), format="wiod_rdata")

    def reverse(_left, _inter, final):
        final.reverse()

    shuffled = read_table(frames_file(tmp_path, monkeypatch, reverse), format="wiod_rdata")
    np.testing.assert_array_equal(shuffled.Y, straight.Y)

    def rename(_left, _inter, final):
        final[0][0] = "ZZZ"

    with pytest.raises(FormatError, match="no columns for AUS; no rows for ZZZ"):
        read_table(frames_file(tmp_path, monkeypatch, rename), format="wiod_rdata")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("wiod.rda", None, "Give year="),
        ("wiod_2011.rda", lambda left, inter, final: inter[1].__setitem__(3, "n.a."), "column AUS c2: .*n.a."),
        ("wiod_2011.rda", lambda left, inter, final: left[1].__setitem__(-1, "r70"), "no rows r64 and r69"),
        ("wiod_2011.rda", lambda left, inter, final: inter[1].__setitem__(1, "c3"), "different labels"),
        ("wiod_2011.rda", lambda left, inter, final: left[1].__setitem__(3, "c1"), "duplicated rows: AUS c1"),
    ],
)
def test_damaged_r_data_frames(tmp_path, monkeypatch, name, change, message):
    path = frames_file(tmp_path, monkeypatch, change, name)
    with pytest.raises(FormatError, match=message) as caught:
        read_table(path, format="wiod_rdata")
    assert str(path) in str(caught.value)


def test_regional_r_list_equals_the_regional_arrays():
    names = ["EUZ", "OEU", "NAF", "CHN", "EAS", "BRI", "ROW"]
    with pytest.warns(IdentityWarning, match=r"4\.74"):  # as published; see the data's own note
        table = read_table(shared("raw/wiod2013_bquast/wiot_regional_2011.RData"), countries=names)
    with np.load(shared("icio/wiod2013_regional/wiot2013_reg7_2011.npz"), allow_pickle=False) as want:
        np.testing.assert_array_equal(table.Z, want["Z"])
        np.testing.assert_array_equal(table.Y, want["F"])
        np.testing.assert_array_equal(table.x, want["x"])
        assert list(table.countries) == want["regions"].tolist()
    with pytest.warns(IdentityWarning):
        unnamed = read_table(shared("raw/wiod2013_bquast/wiot_regional_2011.RData"))
    assert unnamed.countries == tuple(f"R{k}" for k in range(1, 8))
    assert "41 countries for its 7 regions" in " ".join(unnamed.meta.notes)


def test_a_truncated_r_file_is_refused(tmp_path):
    whole = shared("raw/wiod2013_bquast/wiot_2011.RData").read_bytes()
    path = tmp_path / "wiot_2011.RData"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match=r"wiot_2011\.RData"):
        read_table(path, format="wiod_rdata")


def test_options_of_other_formats_are_refused():
    with pytest.raises(InputError, match=r"has no option splits. It has: year, countries"):
        read_table(shared("raw/wiod2013_bquast/wiot_2011.RData"), splits="keep")
