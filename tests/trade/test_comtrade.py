"""UN Comtrade files, new and old: whose report, totals, weights, and faults with their line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gvcpos._core.errors import FormatError, GvcposError, InputError, LabelError, TradeWarning
from gvcpos.trade import read_comtrade, read_trade
from tests.trade.worlds import LEGACY_HEADER, baci, comtrade, plus

SOLD = plus()
BUYER = {"reporterCode": 842, "reporterISO": "USA", "flowCode": "M", "partnerCode": 156, "partnerISO": "CHN"}
BOUGHT = plus(**BUYER, netWgt=41000, primaryValue=4300000)
WORLD = plus(partnerCode=0, partnerISO="W00", primaryValue=9000000)


def test_whose_report_and_units(tmp_path: Path) -> None:
    flows = read_comtrade(comtrade(tmp_path, [SOLD, BOUGHT]), synthetic=True)
    frame = flows.frame.set_index("reporter")
    assert frame[["exporter", "importer"]].drop_duplicates().to_numpy().tolist() == [["CHN", "USA"]]
    assert frame.loc["exporter", ["value", "mass"]].tolist() == [4.0, 40.0]
    assert frame.loc["importer", ["value", "mass"]].tolist() == [4.3, 41.0]
    assert (flows.hs_revision, flows.source, flows.synthetic) == ("HS22", "UN Comtrade", True)


def test_totals_are_left_out_with_a_warning_or_a_note(tmp_path: Path) -> None:
    lines = [SOLD, WORLD, plus(motCode=1000, primaryValue=1), plus(customsCode="C01", primaryValue=2),
             plus(partner2Code=392, primaryValue=3), plus(flowCode="RX", primaryValue=4)]  # fmt: skip
    with pytest.warns(TradeWarning, match=r"1 rows with sums of other areas \(World\) left out, USD 9 million"):
        flows = read_comtrade(comtrade(tmp_path, lines))
    assert flows.frame["value"].tolist() == [4.0]
    for word in ("partner2", "customs", "transport", "re-exports"):
        assert any(word in note for note in flows.notes), word


def test_rows_without_their_total_are_refused(tmp_path: Path) -> None:
    lines = [plus(motCode=1000), plus(motCode=2100)]
    with pytest.raises(FormatError, match=r"rows by transport \(1000, 2100\) without their total"):
        read_comtrade(comtrade(tmp_path, lines))


@pytest.mark.parametrize(
    ("cells", "tons"),
    [
        ({"netWgt": 5000}, 5.0),
        ({"netWgt": 0, "qty": 7000}, 7.0),
        ({"netWgt": "", "qty": 7000}, 7.0),
        ({"netWgt": 0, "qty": 0}, np.nan),
        ({"netWgt": "", "qty": ""}, np.nan),
        ({"netWgt": "", "qty": 12, "qtyUnitAbbr": "u"}, np.nan),
    ],
)
def test_weights(cells: dict[str, object], tons: float, tmp_path: Path) -> None:
    assert read_comtrade(comtrade(tmp_path, [plus(**cells)])).frame["mass"].tolist() == pytest.approx(
        [tons], nan_ok=True
    )


@pytest.mark.parametrize("end", ["", ","])
def test_latin_1_names_and_lines_that_end_in_a_comma(end: str, tmp_path: Path) -> None:
    line = plus(partnerCode=384, partnerISO="CIV", partnerDesc="Côte d'Ivoire")
    flows = read_comtrade(comtrade(tmp_path, [line], end=end, encoding="latin-1"))
    assert flows.frame[["importer", "value", "mass"]].to_numpy().tolist() == [["CIV", 4.0, 40.0]]


def test_levels_of_codes(tmp_path: Path) -> None:
    lines = [plus(cmdCode="2846"), plus(cmdCode="284690"), plus(cmdCode="TOTAL"), plus(cmdCode="0101")]
    path = comtrade(tmp_path, lines)
    with pytest.raises(FormatError, match="HS 284690 lies under HS 2846"):
        read_comtrade(path, hs="2846")
    assert read_comtrade(path, hs="2846", digits=6).items == ("284690",)
    assert read_comtrade(path, digits=4).items == ("0101", "2846")
    with pytest.raises(InputError, match="hs: 'TOTAL' is no HS code"):
        read_comtrade(path)
    with pytest.raises(InputError, match="digits=5"):
        read_comtrade(path, digits=5)


def test_revisions_that_differ_are_told(tmp_path: Path) -> None:
    lines = [plus(period=2016, classificationCode="H4"), plus(period=2023)]
    with pytest.warns(TradeWarning, match=r"2 revisions of the HS \(HS12, HS22\)"):
        assert read_comtrade(comtrade(tmp_path, lines)).hs_revision == "HS12, HS22"


def test_the_older_layout(tmp_path: Path) -> None:
    lines = [
        'H4,2016,2016,2016,6,1,1,Import,842,USA,USA,156,China,CHN,,,,284690,"Compounds, other",8,Weight in kilograms,'
        "9000,9000,123456,0",
        "H4,2016,2016,2016,6,1,2,Export,842,USA,USA,757,Switzerland,CHE,,,,284690,Compounds,1,No Quantity,,,5000000,0",
        "H4,2016,2016,2016,6,1,3,Re-Export,842,USA,USA,757,Switzerland,CHE,,,,284690,Compounds,1,No Quantity,,,77,0",
        "H4,2016,2016,2016,6,1,2,Export,842,USA,USA,0,World,WLD,,,,284690,Compounds,1,No Quantity,,,6000000,0",
    ]
    path = tmp_path / "old.csv"
    path.write_text("\n".join([LEGACY_HEADER, *lines]) + "\n")
    with pytest.warns(TradeWarning, match="World"):
        flows = read_trade(path)
    frame = flows.frame.set_index("reporter")
    assert frame.loc["importer", ["exporter", "importer", "value", "mass"]].tolist() == ["CHN", "USA", 0.123456, 9.0]
    assert frame.loc["exporter", ["exporter", "importer", "value"]].tolist() == ["USA", "CHE", 5.0]
    assert np.isnan(frame.loc["exporter", "mass"])
    assert (flows.hs_revision, flows.years) == ("HS12", (2016,))


def test_bulk_files_with_tabs_and_a_zip(tmp_path: Path) -> None:
    import zipfile

    plain = comtrade(tmp_path, [SOLD, BOUGHT])
    tabbed = tmp_path / "bulk.txt"
    tabbed.write_text(plain.read_text().replace('"Compounds, other"', "Compounds").replace(",", "\t"))
    packed = tmp_path / "c.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(plain, "inside.csv")
    wanted = read_comtrade(plain).frame
    assert read_comtrade(tabbed).frame.equals(wanted)
    assert read_trade(packed).frame.equals(wanted)


@pytest.mark.parametrize(
    ("lines", "kind", "words"),
    [
        ([plus(flowCode="Q")], FormatError, "line 2: flow 'Q' is not known"),
        ([SOLD, plus(period=202303)], FormatError, "line 3: period '202303' is no year. Monthly"),
        ([plus(primaryValue="much")], FormatError, "line 2, column trade value: 'much'"),
        ([plus(primaryValue="")], InputError, "line 2, value: nan is no amount"),
        ([plus(netWgt=-3)], InputError, "line 2, mass: -0.003 is negative"),
        ([SOLD, BOUGHT, SOLD], FormatError, "line 2, line 4: the flow 156 to 842"),
        ([plus(partnerCode=7777, partnerISO="QQQ")], LabelError, "line 2: unknown area codes: '7777'"),
        ([plus(classificationCode="S4")], FormatError, "classification S4 is not the HS"),
    ],
)
def test_each_fault_is_one_error_that_names_file_and_line(
    lines: list[str], kind: type[GvcposError], words: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=f"c.csv.*{words}"):
        read_comtrade(comtrade(tmp_path, lines))


def test_what_is_no_comtrade_file(tmp_path: Path) -> None:
    other = baci(tmp_path, ["2022,156,842,284610,1,1"])
    with pytest.raises(FormatError, match="not a UN Comtrade file: no column period or refyear or year"):
        read_comtrade(other)
    with pytest.raises(FormatError, match=r"c.csv: not a BACI file, as .*BACI_HS92_Y2022_V202401b.csv is"):
        read_trade([other, comtrade(tmp_path, [SOLD])])
