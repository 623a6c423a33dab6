"""Cells of WIOD 2011 without output, with negative output, with negative value added: finite, documented results.

20 cells have no output: their amounts are 0 and their ratios missing. LUX c5 and c8 have an output, and a value added,
of −1, all of it inventories used up at home; LUX c24 has an output of 32 and a value added of −4. They are computed
like any other cell, and what they are is written out below.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from gvcpos.accounting import ValueAddedAccounts
from tests.accounting.every_frame import NAMES, frames_of, is_amount, labels_of
from tests.accounting.goldens import accounts
from tests.accounting.worlds import adds_up, close, random_world
from tests.shared import lrwiod2000, wiod_year

NEGATIVE = [("LUX", "c5"), ("LUX", "c8")]
LOSS = ("LUX", "c24")


@pytest.fixture(scope="module")
def wiod() -> ValueAddedAccounts:
    return accounts("wiod2011")


def test_the_odd_cells_are_these(wiod: ValueAddedAccounts) -> None:
    s = wiod.indices().set_index(["country", "sector"])
    assert (s.x == 0).sum() == 20
    assert list(s.index[s.x < 0]) == NEGATIVE
    assert list(s.index[s.va < 0]) == [*NEGATIVE, LOSS]
    report = wiod.table.validate()
    assert (len(report.zero_output), len(report.negative_output)) == (20, 2)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_infinite_and_no_amount_is_missing(name: str, wiod: ValueAddedAccounts) -> None:
    asked = 0
    for what, frame in frames_of(wiod, name, brief=True):
        asked += 1
        assert len(frame), what
        assert frame[labels_of(frame)].notna().all(axis=None), what
        for column, amount in is_amount(name, frame).items():
            values = frame[column].to_numpy(float)
            assert not np.isinf(values).any(), (what, column)
            assert not (amount and np.isnan(values).any()), (what, column)
    assert asked


# A ratio and what it is a ratio of: it is missing where that is nothing, and only there.
BASES: list[tuple[Callable[[ValueAddedAccounts], pd.DataFrame], dict[str, str]]] = [
    (
        lambda a: a.position("sector").merge(a.indices()[["country", "sector", "x"]]),
        dict.fromkeys(["va_rate", "fgo", "upstreamness", "downstreamness"], "x"),
    ),
    (
        lambda a: a.participation("sector").merge(a.production_flows()).merge(a.exports("sector")),
        {
            **{f"wwyz_forward{part}": "va" for part in ("", "_simple", "_complex", "_domestic", "_traditional")},
            **{f"wwyz_backward{part}": "y" for part in ("", "_simple", "_complex", "_domestic", "_traditional")},
            **dict.fromkeys(["kpww_iv", "kpww_fv", "kpww_participation", "kpww_position"], "GEXP"),
        },
    ),
    (
        lambda a: a.lengths("sector").merge(a.production_flows()),
        {"plv": "va", "ply": "y", "plv_domestic": "V_D", "ply_domestic": "Y_D", "plv_traditional": "V_RT"}
        | {f"plv_gvc{part}": "V_GVC" for part in ("", "_home", "_crossings", "_abroad")}
        | {f"ply_gvc{part}": "Y_GVC" for part in ("", "_home", "_crossings", "_abroad")},
    ),
    (lambda a: a.kpww("sector_pair").merge(a.exports("sector_pair")), {"kpww_iv": "GEXP", "kpww_position": "GEXP"}),
    (lambda a: a.vax("sector"), {"vax_ratio": "exports"}),
    (
        lambda a: a.tripartite("sector_pair"),
        {"share_GVC_trade": "GEXP", "share_PF_trade": "GVC", "share_TS_trade": "GVC", "forward_trade": "GVC"},
    ),
    (
        lambda a: a.tiva("sector_pair").merge(a.tiva("sector_pair", output="shares")),
        {"EXGR_DVASH": "EXGR", "EXGR_FVASH": "EXGR", "EXGR_FNLDVASH": "EXGR", "IMGR_DVASH": "IMGR"},
    ),
    (lambda a: a.vertical_specialisation("sector"), {"VS_share": "exports", "VS1_share": "exports"}),
    (lambda a: a.extraction(by="sector").merge(a.indices()), {"gdp_share": "va"}),
    (lambda a: a.distance(), {"distance_to_final": "output"}),
    (lambda a: a.distance_from_inputs(), {"distance_from_inputs": "input_share"}),
    (lambda a: a.intensities().merge(a.indices()), {"S": "x", "M": "x"}),
]


@pytest.mark.parametrize("case", range(len(BASES)), ids=lambda i: next(iter(BASES[i][1])))
@pytest.mark.parametrize("name", ["wiod2011", "random"])
def test_a_ratio_is_missing_exactly_where_its_base_is_nothing(name: str, case: int) -> None:
    a = accounts("wiod2011") if name == "wiod2011" else ValueAddedAccounts(random_world(5, 5, 4, zero=4, autarkic=True))
    make, bases = BASES[case]
    frame = make(a)
    for ratio, base in bases.items():
        flow = frame[base].fillna(0.0) if base == "input_share" else frame[base]
        missing, nothing = frame[ratio].isna(), flow == 0
        if base in ("V_GVC", "Y_GVC"):  # what is rounding beside the whole is no flow
            nothing = flow.abs() <= 1e-12 * frame["va" if base[0] == "V" else "y"].abs()
        odd = frame[missing != nothing]
        assert odd.empty, f"{ratio}:\n{odd[['country', 'sector', ratio]].assign(base=flow)}"


# Frames whose sector is that of the cell itself: not the partner's, not that of a product, whoever makes it.
OWN = [
    "exports",
    "wwz",
    "kww",
    "tripartite",
    "miroudot_ye",
    "vax",
    "production_flows",
    "distance",
    "indices",
]


@pytest.mark.parametrize("name", OWN)
def test_a_cell_without_output_has_no_amounts_and_no_ratios(name: str, wiod: ValueAddedAccounts) -> None:
    idle = {(c, s) for c, s, x in wiod.indices()[["country", "sector", "x"]].itertuples(index=False) if x == 0}
    asked = 0
    for what, frame in frames_of(wiod, name, brief=True):
        if "sector" not in frame:
            continue
        asked += 1
        here = frame[[cell in idle for cell in zip(frame.country, frame.sector, strict=True)]]
        assert len(here) >= 20
        for column, amount in is_amount(name, frame).items():
            assert ((here[column] == 0) if amount else here[column].isna()).all(), (what, column)
    assert asked


def test_cells_of_negative_output_are_what_they_are(wiod: ValueAddedAccounts) -> None:
    """Nothing goes in and all goes to own final use: one stage, no trade, all domestic; a ratio of two −1 is 1."""
    s = wiod.indices().set_index(["country", "sector"]).loc[NEGATIVE]
    for column, value in {
        "x": -1.0,
        "va": -1.0,
        "va_rate": 1.0,
        "fgo": 1.0,
        "upstreamness": 1.0,
        "downstreamness": 1.0,
        "plv": 1.0,
        "ply": 1.0,
        "plv_domestic": 1.0,
        "wwyz_forward_domestic": 1.0,
        "wwyz_backward_domestic": 1.0,
        "wwyz_forward": 0.0,
        "wwyz_backward": 0.0,
        "exports": 0.0,
        "GVC": 0.0,
        "vax_origin": 0.0,
    }.items():
        assert (s[column] == value).all(), column
    assert s[["vax_ratio", "kpww_position", "plv_gvc", "gvc_position"]].isna().all(axis=None)
    tiva = wiod.tiva("sector").set_index(["country", "sector"]).loc[NEGATIVE]
    assert (tiva[["PROD", "VA", "DOM", "DOM_FNL", "DXD_DVA", "FD_VA"]] == -1.0).all(axis=None)
    assert (tiva[["EXGR", "FFD_DVA", "DEXFVAP", "FEXDVA"]] == 0.0).all(axis=None)


def test_a_cell_that_adds_negative_value(wiod: ValueAddedAccounts) -> None:
    """It buys more than it makes: what it takes in from others leaves with its exports, less its own loss."""
    s = wiod.indices().set_index(["country", "sector"]).loc[LOSS]
    assert (s.x, s.va, s.va_rate) == (32.0, -4.0, -0.125)
    ratios = ["upstreamness", "downstreamness", "plv_gvc", "ply_gvc", "gvc_position", "kpww_position", "vax_ratio"]
    assert s[ratios].notna().all()
    assert s.vax_ratio < 0 < s.DVA  # own value added by origin is negative, that in its exports is its suppliers'
    assert s.downstreamness > 1
    e = wiod.exports("sector").set_index(["country", "sector"]).loc[LOSS]
    assert min(e.DVA, e.FVA, e.VAX) > 0
    tiva = wiod.tiva("sector").set_index(["country", "sector"]).loc[LOSS]
    assert tiva.EXGR_DDC < 0 < tiva.EXGR_IDC  # the industry's own contribution, and that of its suppliers at home
    adds_up(tiva.EXGR_DVA, tiva.EXGR_DDC, tiva.EXGR_IDC, tiva.EXGR_RIM)
    assert tiva.FFD_DVA < 0
    forward = wiod.production_flows().set_index(["country", "sector"]).loc[LOSS]
    assert max(forward.V_D, forward.V_RT, forward.V_GVC) < 0
    adds_up(-4.0, forward.V_D, forward.V_RT, forward.V_GVC)


def test_exports_of_a_cell_without_output_have_no_origin() -> None:
    """In WIOD 2005 two cells have final uses that cancel, at home and abroad: exports that nobody made."""
    a = ValueAddedAccounts(wiod_year(2005))
    e = a.exports("sector").merge(a.indices()[["country", "sector", "x"]])
    odd = e[(e.x == 0) & (e.GEXP != 0)]
    assert len(odd)
    assert (odd.GVC == odd.GEXP).all()
    others = odd.columns.drop(["country", "sector", "year", "GEXP", "GVC", "x"])
    assert (odd[others] == 0.0).all(axis=None)
    assert (a.wwz("sector").iloc[odd.index, 3:] == 0.0).all(axis=None)
    whole = a.exports()
    lost = odd.groupby("country").GEXP.sum().reindex(whole.country, fill_value=0.0).to_numpy()
    adds_up(whole.GEXP - lost, whole.DVA, whole.DDC, whole.FVA, whole.FDC, made_of=(whole.GEXP,))


@pytest.mark.parametrize("name", ["lrwiod2000", "random"])
def test_other_tables_are_finite_in_every_frame(name: str) -> None:
    odd = random_world(9, 5, 4, zero=4, negative=True, autarkic=True, single=True)
    a = ValueAddedAccounts(lrwiod2000() if name == "lrwiod2000" else odd)
    for frame_name in NAMES:
        for what, frame in frames_of(a, frame_name, brief=True):
            for column, amount in is_amount(frame_name, frame).items():
                values = frame[column].to_numpy(float)
                assert not np.isinf(values).any(), (what, column)
                assert not (amount and np.isnan(values).any()), (what, column)


def test_an_autarkic_country_has_no_trade_in_any_frame() -> None:
    a = ValueAddedAccounts(random_world(9, 5, 4, zero=2, negative=True, autarkic=True))
    alone = {
        "exports": ["GEXP", "GVC"],
        "imports": ["GIMP", "VA", "DC"],
        "tiva": ["EXGR", "IMGR", "FFD_DVA", "DFD_FVA"],
    }
    for name, columns in alone.items():
        first = getattr(a, name)().iloc[0]
        assert (first[columns] == 0.0).all(), name
    assert (a.extraction().gdp_lost[0], a.extraction("C0").gdp_lost.abs().sum()) == (0.0, 0.0)
    f = a.footprints().iloc[0]
    assert (f.D_exp, f.D_imp) == (0.0, 0.0)
    close(f.D_cba, f.D_pba)
    without = ValueAddedAccounts(a.table.select(countries=a.table.countries[1:]))
    close(a.exports().DVA[1:], without.exports().DVA[:-1])  # the last is the rest: C0, with nothing to sell


def test_a_zero_is_printed_without_a_sign() -> None:
    accounts = ValueAddedAccounts(wiod_year(2000))
    for frame in (accounts.indices(), accounts.exports(by="sector")):
        numbers = frame.select_dtypes("number").to_numpy()
        assert (numbers == 0).any()
        assert not (np.signbit(numbers) & (numbers == 0)).any()
