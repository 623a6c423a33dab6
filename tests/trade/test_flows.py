"""Flows as an object: checks that name the row, selections that lose nothing, immutability."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import FormatError, GvcposError, InputError, LabelError, TradeWarning
from gvcpos.chains import Chain
from gvcpos.trade import TradeFlows
from tests.trade.worlds import CODES, STAGES, flows_of, frame_of

TWO = pd.DataFrame(
    {
        "year": [2023, 2023],
        "exporter": ["CHN", "MMR"],
        "importer": ["USA", "CHN"],
        "hs": ["2846.10", "284690"],
        "value": [1.5, 2.0],
        "mass": [10.0, np.nan],
    }
)


def from_frame(frame: pd.DataFrame, **options: object) -> TradeFlows:
    return TradeFlows.from_frame(frame, source="invented", name="mine.csv", **options)  # type: ignore[arg-type]


def test_units_codes_and_what_is_missing() -> None:
    flows = from_frame(TWO, value_unit="USD thousand", mass_unit="kg", synthetic=True, hs_revision="HS17")
    frame = flows.to_frame()
    assert frame["value"].tolist() == [1.5e-3, 2e-3]
    assert frame["mass"].tolist()[0] == 0.01
    assert np.isnan(frame["mass"].iloc[1])
    assert flows.items == ("284610", "284690")
    assert frame["synthetic"].all()
    assert frame["source"].unique().tolist() == ["invented"]
    assert frame["reporter"].unique().tolist() == ["reconciled"]
    assert "SYNTHETIC" in repr(flows)
    assert (flows.years, flows.countries, flows.hs_revision) == ((2023,), ("CHN", "MMR", "USA"), "HS17")
    assert np.isnan(from_frame(TWO.drop(columns="mass")).frame["mass"]).all()


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"year": [2023, "MMXX"]}, InputError, r"mine.csv, row 2, year: 'MMXX' is no year"),
        ({"year": [2023.5, 2023]}, InputError, "row 1, year"),
        ({"hs": ["284610", "28469"]}, InputError, "row 2, hs: '28469' is no HS code"),
        ({"hs": ["TOTAL", "284690"]}, InputError, "row 1, hs: 'TOTAL'"),
        ({"value": [-1.0, 1.0]}, InputError, "row 1, value: -1.0 is negative"),
        ({"value": [1.0, np.nan]}, InputError, "row 2, value"),
        ({"mass": [1.0, -2.0]}, InputError, "row 2, mass: -2.0 is negative"),
        ({"mass": [1.0, "much"]}, InputError, "row 2, mass: 'much' is no mass"),
        ({"exporter": ["PRC", "MMR"]}, LabelError, "mine.csv, row 1, exporter: unknown countries: PRC"),
        ({"importer": ["CHN", "CHN"]}, LabelError, "row 1: 1 flows of CHN with themselves, USD 1.5 million"),
        (
            {"exporter": ["CHN"] * 2, "importer": ["USA"] * 2, "hs": ["284610"] * 2},
            FormatError,
            "row 1, row 2: .*CHN to",
        ),
        ({"hs": ["2846", "284690"]}, FormatError, "HS 284690 lies under HS 2846"),
        ({"reporter": ["exporter", "nobody"]}, InputError, "mine.csv, reporter='nobody'"),
    ],
)
def test_each_fault_is_one_error_that_names_it(change: dict, kind: type[GvcposError], words: str) -> None:
    with pytest.raises(kind, match=words):
        from_frame(TWO.assign(**change))


def test_wrong_units_and_columns() -> None:
    with pytest.raises(InputError, match="value_unit='EUR'"):
        from_frame(TWO, value_unit="EUR")
    with pytest.raises(InputError, match="no column hs"):
        from_frame(TWO.drop(columns="hs"))
    assert from_frame(TWO.replace("MMR", "XKX"), extra_labels=["XKX"]).exporters == ("CHN", "XKX")


def test_own_trade_is_dropped_on_request_and_told() -> None:
    with pytest.warns(TradeWarning, match="1 flows of CHN with themselves, USD 1.5 million, left out"):
        flows = from_frame(TWO.assign(importer=["CHN", "CHN"]), self_trade="drop")
    assert len(flows) == 1


def test_nothing_lent_out_changes_the_flows() -> None:
    flows = flows_of()
    before = flows.frame
    lent = flows.frame
    lent.loc[:, "value"] = 0.0
    pd.testing.assert_frame_equal(flows.frame, before)
    with pytest.raises(AttributeError):
        flows.source = "other"  # type: ignore[misc]


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_order_of_rows_and_columns_does_not_matter(seed: int) -> None:
    frame = frame_of(1)
    shuffled = frame.sample(frac=1.0, random_state=seed)[["mass", "hs", "importer", "value", "year", "exporter"]]
    pd.testing.assert_frame_equal(from_frame(shuffled).frame, from_frame(frame).frame)


def test_selections() -> None:
    flows = flows_of()
    assert flows.select(hs="2846").items == ("284610", "284690")
    assert flows.select(years=2022, hs=["2805.30"], exporters="CHN").exporters == ("CHN",)
    for wanted, words in (
        ({"years": 1999}, "no such year: 1999"),
        ({"hs": "7202"}, "no such HS code: 7202"),
        ({"exporters": "PRC"}, "no such exporter: PRC"),
        ({"importers": ["JPN", "ATL"]}, "no such importer: ATL"),
    ):
        with pytest.raises(LabelError, match=words):
            flows.select(**wanted)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="284 is no HS code"):
        flows.select(hs="284")


def test_headings_and_stages_keep_the_sums() -> None:
    flows = flows_of()
    total = flows.frame["value"].sum()
    by_four = flows.at_digits(4)
    assert by_four.items == ("2530", "2805", "2846", "8505")
    assert by_four.frame["value"].sum() == pytest.approx(total, rel=1e-12)
    staged = flows.by_stage(STAGES)
    assert staged.items == ("upstream", "midstream", "downstream")
    assert staged.frame["value"].sum() == pytest.approx(total, rel=1e-12)
    mid = flows.select(hs=["2846", "2805"]).frame["value"].sum()
    assert staged.select(hs="midstream").frame["value"].sum() == pytest.approx(mid, rel=1e-12)
    with pytest.raises(InputError, match="by stage already"):
        staged.by_stage(STAGES)
    with pytest.raises(InputError, match="no 6 digits"):
        by_four.at_digits(6)


def test_a_sum_with_a_missing_mass_is_missing() -> None:
    frame = TWO.assign(exporter=["CHN"] * 2, importer=["USA"] * 2)
    assert np.isnan(from_frame(frame).at_digits(4).frame["mass"].iloc[0])


def test_stages_of_a_chain_and_their_faults() -> None:
    flows = flows_of()
    staged = flows.by_stage(Chain.rare_earths("adb35"))
    assert staged.item == "stage"
    assert set(staged.frame["stage"]) == {"upstream", "midstream", "downstream"}
    assert "261220" in staged.notes[-1]
    with pytest.raises(LabelError, match="HS 284610 is in stage 'a' and in 'b'"):
        flows.by_stage({"a": ["2846"], "b": ["284610"]})
    with pytest.raises(LabelError, match="7202 are not among HS"):
        flows.by_stage({"a": ["7202"]})
    with pytest.raises(InputError, match="stage a: 284 is no HS code"):
        flows.by_stage({"a": ["284"]})
    with pytest.raises(LabelError, match="no HS codes"):
        flows.by_stage({"a": []})


def test_within_merges_the_others_into_row() -> None:
    flows = flows_of()
    part = flows.within(["CHN", "USA"])
    assert part.countries == ("CHN", "ROW", "USA")
    frame = flows.frame
    outside = ~frame["exporter"].isin(["CHN", "USA"]) & ~frame["importer"].isin(["CHN", "USA"])
    assert part.frame["value"].sum() == pytest.approx(frame.loc[~outside, "value"].sum(), rel=1e-12)
    pd.testing.assert_frame_equal(flows.within(["USA", "CHN"]).frame, part.frame)
    with pytest.raises(LabelError, match="duplicated labels: CHN"):
        flows.within(["CHN", "CHN"])
    with pytest.raises(LabelError, match="no such country: PRC"):
        flows.within(["CHN", "PRC"])


def test_the_matrix_of_a_year() -> None:
    flows = flows_of()
    names, values = flows.matrix(2022, CODES[0])
    row = flows.select(years=2022, hs=CODES[0]).frame.iloc[0]
    assert values[names.index(row["exporter"]), names.index(row["importer"])] == row["value"]
    assert values.trace() == 0
    assert values.sum() == pytest.approx(flows.select(years=2022, hs=CODES[0]).frame["value"].sum())


def test_two_reports_are_not_summed() -> None:
    both = pd.concat([TWO.assign(reporter="exporter"), TWO.assign(reporter="importer")])
    flows = from_frame(both)
    assert flows.reporters == ("exporter", "importer")
    assert len(flows.reported_by("importer")) == 2
    with pytest.raises(InputError, match=r'flows.reported_by\("importer"\)'):
        flows.matrix(2023)
    with pytest.raises(InputError, match="no flows are reported by the reconciled"):
        flows.reported_by("reconciled")
