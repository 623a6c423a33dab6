"""BACI files: layout, codes, areas, and faults with their line."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from gvcpos._core.errors import FormatError, GvcposError, InputError, LabelError, TradeWarning
from gvcpos.trade import read_baci, read_trade
from tests.trade.worlds import COUNTRY_CODES, baci, baci_zip

LINES = [
    "2022,156,842,284610,100.5,  10",
    "2022,156,392,284690,50,          NA",
    "2022,104,156,284690,900,300.25",
    "2022,458,392,280530,300,20",
    "2022,156,392,010121,3,1",
]


def test_layout_units_and_missing_masses(tmp_path: Path) -> None:
    flows = read_baci(baci(tmp_path, LINES), synthetic=True)
    frame = flows.frame.set_index(["exporter", "importer", "hs"])
    assert frame.loc[("CHN", "USA", "284610"), "value"] == pytest.approx(0.1005)
    assert frame.loc[("MMR", "CHN", "284690"), "mass"] == 300.25
    assert np.isnan(frame.loc[("CHN", "JPN", "284690"), "mass"])
    assert (flows.source, flows.hs_revision, flows.synthetic) == ("BACI V202401b", "HS92", True)
    assert flows.items == ("010121", "280530", "284610", "284690")
    assert flows.reporters == ("reconciled",)


def test_headings_years_and_lost_zeros(tmp_path: Path) -> None:
    path = baci(tmp_path, [*LINES, "2022,842,392,10129,1,1", "2022,156,392,9999AA,8,"])
    assert read_baci(path, hs="2846").items == ("284610", "284690")
    assert read_baci(path, hs=["28.05", "0101"]).items == ("010121", "010129", "280530")
    assert "9999AA" not in read_baci(path).items
    other = baci(tmp_path, ["2023,156,842,284610,7,1"], 2023)
    assert read_baci([path, other], hs="2846").years == (2022, 2023)
    assert read_baci([path, other], hs="2846", years=iter([2023])).years == (2023,)
    with pytest.raises(InputError, match="no file of 2010"):
        read_baci([path, other], years=[2010])
    with pytest.raises(FormatError, match="no flow is left"):
        read_baci(path, hs="7202")


def test_archive_with_its_country_codes(tmp_path: Path) -> None:
    path = baci_zip(tmp_path, {2022: LINES, 2023: ["2023,156,842,284610,7,1"]})
    flows = read_baci(path, hs="2846")
    assert (flows.years, flows.hs_revision, flows.source) == ((2022, 2023), "HS17", "BACI V202501")
    assert read_trade(path, hs="2846").frame.equals(flows.frame)
    packed = tmp_path / "BACI_HS92_Y2022_V202401b.csv.gz"
    packed.write_bytes(gzip.compress(baci(tmp_path, LINES).read_bytes()))
    assert read_baci(packed, hs="2846").frame.equals(flows.select(years=2022).frame)


def test_numbers_of_their_own_and_a_list_of_codes(tmp_path: Path) -> None:
    """251, 579, 699, 757 and 842 are not ISO's numbers; 356 and 699 are India's, and are summed."""
    lines = ["2022,251,579,284690,1,1", "2022,699,757,284690,1,1", "2022,356,757,284690,2,", "2022,842,381,284690,1,1"]
    frame = read_baci(baci(tmp_path, lines)).frame
    pairs = list(zip(frame["exporter"], frame["importer"], frame["value"].round(6), strict=True))
    assert pairs == [("FRA", "NOR", 0.001), ("IND", "CHE", 0.003), ("USA", "ITA", 0.001)]
    assert np.isnan(frame["mass"].iloc[1])  # a part of the sum has none
    odd = baci(tmp_path, ["2022,777,156,284690,1,1"])
    with pytest.raises(LabelError, match=r"Y2022_V202401b.csv, line 2: unknown area codes: '777'"):
        read_baci(odd)
    codes = tmp_path / "country_codes_V202401b.csv"
    codes.write_text(COUNTRY_CODES + "777,Newly numbered,AU,AUS\n")
    assert read_baci(odd, country_codes=codes).exporters == ("AUS",)


def test_areas_that_are_no_country(tmp_path: Path) -> None:
    """490 is Taiwan by rule; unspecified areas are ROW or left out; former states bear a label of their own."""
    lines = ["2022,156,490,284690,6,1", "2022,899,392,284690,3,1", "2022,891,156,284690,1,1", "2022,280,156,284690,2,1"]
    path = baci(tmp_path, lines)
    flows = read_baci(path)
    assert flows.countries == ("CHN", "DEU", "JPN", "ROW", "SCG", "TWN")
    assert any("Other Asia, nes are TWN: 1 flows, 50.00% of the value" in note for note in flows.notes)
    assert any("unspecified areas are ROW: 1 flows, 25.00%" in note for note in flows.notes)
    assert "ROW" in read_baci(path, other_asia=None).importers
    with pytest.warns(TradeWarning, match=r"1 rows with unspecified areas \(Areas, nes\) left out, USD 0.003 million"):
        assert "ROW" not in read_baci(path, unspecified="drop").countries
    with pytest.raises(LabelError, match="other_asia='Taiwan'"):
        read_baci(path, other_asia="Taiwan")
    assert read_baci(path, countries=["CHN", "JPN"]).countries == ("CHN", "JPN", "ROW")


def test_rounding_to_nothing_is_a_missing_mass_and_own_trade_is_told(tmp_path: Path) -> None:
    path = baci(tmp_path, ["2022,156,842,284610,0.001,0.000", "2022,156,156,284610,5,1"])
    with pytest.warns(TradeWarning, match="1 flows of CHN with themselves, USD 0.005 million"):
        flows = read_baci(path)
    assert np.isnan(flows.frame["mass"]).all()
    assert any("their mass is missing" in note for note in flows.notes)


@pytest.mark.parametrize(
    ("lines", "kind", "words"),
    [
        (["2022,156,842,284610,abc,1"], FormatError, "line 2, column v: 'abc' is not a number"),
        (["2022,156,842,284610,1,1", "2022,156,842,284690,1,x"], FormatError, "line 3, column q: 'x'"),
        (["2022,156,842,284610,,1"], FormatError, "line 2, column v: no value"),
        (["2022,156,842,284610,-1,1"], InputError, "line 2, value: -0.001 is negative"),
        (["2022,156,842,284610,1,1", "2022,156,842,284610,2,1"], FormatError, "line 2, line 3: the flow 156 to 842"),
        (["2022,156,842,284610,1"], FormatError, "cut short or edited"),
        (["20xx,156,842,284610,1,1"], InputError, "line 2, year: '20xx' is no year"),
        (["2022,156,842,28461X,1,1"], InputError, "line 2, hs: '28461X' is no HS code"),
    ],
)
def test_each_fault_is_one_error_that_names_file_and_line(
    lines: list[str], kind: type[GvcposError], words: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=f"BACI_HS92_Y2022_V202401b.csv.*{words}"):
        read_baci(baci(tmp_path, lines))


def test_what_is_no_baci_file(tmp_path: Path) -> None:
    wrong = tmp_path / "other.csv"
    wrong.write_text("year,from,to\n2022,1,2\n")
    with pytest.raises(FormatError, match=r"lacks t, i, j, k, v, q \(it has year, from, to\)"):
        read_baci(wrong)
    with pytest.raises(InputError, match="no such file"):
        read_baci(tmp_path / "absent.csv")
    empty = tmp_path / "empty.csv"
    empty.touch()
    with pytest.raises(FormatError, match="empty"):
        read_baci(empty)
    with pytest.raises(InputError, match="no file was given"):
        read_baci([])
    with pytest.raises(FormatError, match=r"V202401b.csv, .*V202501.csv: .* is there more than once"):
        read_baci([baci(tmp_path, LINES), baci(tmp_path, LINES, name="BACI_HS92_Y{}_V202501.csv")])


def test_faults_deep_in_a_large_file_have_their_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is read in blocks; lines are counted through all of them."""
    monkeypatch.setattr("gvcpos.trade.text._BLOCK", 1 << 12)
    lines = [f"2022,156,842,{code:06d},1,1" for code in range(100000, 102000)]
    assert len(read_baci(baci(tmp_path, lines), hs="1019")) == 100
    lines[1954] = lines[1954].replace(",1,1", ",bad,1")
    with pytest.raises(FormatError, match="line 1956, column v: 'bad'"):
        read_baci(baci(tmp_path, lines), hs="1019")
    lines[1954] = lines[7]
    with pytest.raises(FormatError, match="line 9, line 1956: the flow 156 to 842, HS 100007"):
        read_baci(baci(tmp_path, lines))
