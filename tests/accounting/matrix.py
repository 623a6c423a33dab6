"""What of the other programs' results each frame is compared with: a line a file.

The columns of a line: folders, file, the call that answers it, our label columns in the golden's order, and what is
peculiar to the file. A golden column that is not named here has to be a column of ours, under the same name.
"""

from __future__ import annotations

from functools import partial

import pandas as pd

from gvcpos.accounting import Satellite, ValueAddedAccounts
from tests.accounting.goldens import CP, CS, CSP, LEATHER, MOCK, WIOD, WIODTEST, C, Golden, lines
from tests.accounting.matrix_exvatools import EXVA_GOLDENS
from tests.shared import golden_matrix, shared

ICIO, SMALL = (LEATHER, WIODTEST, WIOD), (LEATHER, WIODTEST)

# R icio 1.0.0 and decompr 7.0.0 --------------------------------------------------------------------------------------

_RESIDUALS = {f"tex{part}diff{unit}": "0" for part in ("p", "pfd", "pint") for unit in ("", "percent")}
ICIO_GOLDENS = [
    *lines(ICIO, "icio_bm_country_exporter", lambda a: a.exports(), C),
    *lines(ICIO, "icio_bm_sector_exporter_source", lambda a: a.exports("sector"), CS),
    *lines(ICIO, "icio_bm_sector_exporter_sink", lambda a: a.exports("sector", approach="sink"), CS),
    *lines(ICIO, "icio_bm_sector_self", lambda a: a.exports("sector", perspective="sector"), CS),
    *lines(ICIO, "icio_bm_bilateral_exporter_source", lambda a: a.exports("sector_pair"), CSP),
    *lines(ICIO, "icio_bm_bilateral_exporter_sink", lambda a: a.exports("sector_pair", approach="sink"), CSP),
    *lines(ICIO, "icio_bm_bilateral_self", lambda a: a.exports("sector_pair", perspective="sector_pair"), CSP),
    *lines(ICIO, "icio_bm_country_world_source", lambda a: a.exports(perspective="world"), C),
    *lines(ICIO, "icio_bm_country_world_sink", lambda a: a.exports(perspective="world", approach="sink"), C),
    *lines(ICIO, "icio_bm_imports_country", lambda a: a.imports(), C),
    *lines(ICIO, "icio_bm_imports_bilateral_origin", lambda a: a.imports("pair"), CP),
    *lines(ICIO, "icio_kww", lambda a: a.kww(), C),
    *lines(ICIO, "icio_wwz2kww_country", lambda a: a.kww(), C),
    *lines(ICIO, "icio_wwz2kww_sector_bilateral", lambda a: a.kww("sector_pair"), CSP),
    *lines(LEATHER, "decompr700_kww", lambda a: a.kww(), C),
    *lines(LEATHER, "decompr700_wwz2kww_country", lambda a: a.kww(), C),
    *lines(ICIO, "icio_wwz", lambda a: a.wwz(totals=True), CSP, names=_RESIDUALS),
    *lines(LEATHER, "decompr700_wwz", lambda a: a.wwz(totals=True), CSP, names=_RESIDUALS),
]

# R gvc 6.4.0 and gvcAnalyzer 0.1.1 -----------------------------------------------------------------------------------
# gvc's column dfdfva of the file dfddva is mislabelled; it prints 1 for positions of cells without output.

GVC_GOLDENS = [
    *lines(SMALL, "gvc640_upstream_fullA", lambda a: a.upstreamness(), CS, names={"value": "upstreamness"}),
    *lines(
        ICIO, "gvc640_downstream_fullA", lambda a: a.downstreamness(), CS, names={"value": "downstreamness"}, idle=1.0
    ),
    *lines(SMALL, "gvc640_i2e", lambda a: a.vertical_specialisation("sector"), CS, names={"i2e": "VS"}),
    *lines(SMALL, "gvc640_e2r", lambda a: a.vertical_specialisation("sector"), CS, names={"e2r": "VS1"}),
    *lines(ICIO, "gvc640_ffddva", lambda a: a.demand_origin(), CS),
    *lines(ICIO, "gvc640_dfdfva", lambda a: a.demand_origin(), CS),
    *lines(ICIO, "gvc640_dfddva", lambda a: a.demand_origin(), CS, names={"dfdfva": "dfddva"}),
    *lines(ICIO, "gvc640_nrca", lambda a: a.rca(), CS, names={"value": "nrca"}),
    *lines(
        LEATHER, "gvcAnalyzer011_bm_2025_tripartite_trade_all", lambda a: a.tripartite("pair"), CP,
        names={"E_sr": "GEXP", "DAVAX_sr": "DAVAX", "GVC_sr": "GVC"},
    ),
    *lines(
        LEATHER, ["gvcAnalyzer011_bm_2025_trade_exporter", "gvcAnalyzer011_bm_2025_trade_measures"],
        lambda a: a.tripartite(), C,
        names={"E_s": "GEXP", "GVC_s": "GVC"} | {f"GVC_{k}_s": f"GVC_{k}" for k in ("PF", "TS", "PB")},
    ),
    *lines(
        LEATHER, "gvcAnalyzer011_bm_2023_exporter_total_all", lambda a: a.exports(), C,
        names={f"{k}_s": k for k in ("DVA", "DDC", "FVA", "FDC")} | {"EX_s": "GEXP"},
    ),
]  # fmt: skip
for _way, _options in (("source", {}), ("sink", {"approach": "sink"}), ("pure", {"perspective": "pair"})):
    GVC_GOLDENS += lines(
        LEATHER, f"gvcAnalyzer011_bm_2023_bilateral_{_way}_all", lambda a, o=_options: a.exports("pair", **o), CP,
        names={f"{k}{_way.replace('pure', '_star')}_sr": k for k in ("DVA", "DDC", "FVA", "FDC")} | {"EX_sr": "GEXP"},
    )  # fmt: skip

# Leontief origin: icio and decompr -----------------------------------------------------------------------------------

_FROM_CELL = ("origin_country", "origin_sector")
_TO_CELL = {"origin": "country_sector", "destination": "country_sector"}
LEONTIEF_GOLDENS = []
for _of in ("exports", "output", "none", "final_demand"):
    _to = {"origin": "country_sector"} if _of == "final_demand" else _TO_CELL
    LEONTIEF_GOLDENS += lines(
        SMALL, [f"icio_leontief_{_of}", f"decompr700_leontief_{_of}"],
        lambda a, of=_of, to=_to: a.origin(of, **to), (*_FROM_CELL, *(C if _of == "final_demand" else CS)),
        names={"FVAX": "value_added", "Final_Demand": "value_added"},
    )  # fmt: skip
LEONTIEF_GOLDENS += [
    *lines(
        WIOD, "icio_leontief_final_demand", lambda a: a.origin("final_demand", origin="country_sector"),
        (*_FROM_CELL, "country"), names={"value": "value_added"},
    ),
    *lines(
        WIOD, "icio_leontief_exports_country_by_country", lambda a: a.origin("exports"),
        ("origin_country", "country"), names={"value": "value_added"},
    ),
]  # fmt: skip

# ADB's scripts -------------------------------------------------------------------------------------------------------
# Levels of sectors: 0 is the country, 35 all sectors, 5 and 15 groups: sums before ratios.

_LENGTHS = {
    "PLv": "plv",
    "PLv_D": "plv_domestic",
    "PLv_RT": "plv_traditional",
    "PLvd_GVC": "plv_gvc_home",
    "CBv_GVC": "plv_gvc_crossings",
    "PLvf_GVC": "plv_gvc_abroad",
    "PLv_GVC": "plv_gvc",
    "PLy": "ply",
    "PLy_D": "ply_domestic",
    "PLy_RT": "ply_traditional",
    "PLyd_GVC": "ply_gvc_home",
    "CBy_GVC": "ply_gvc_crossings",
    "PLyf_GVC": "ply_gvc_abroad",
    "PLy_GVC": "ply_gvc",
    "GVC_POS": "gvc_position",
}
_PARTICIPATION = {
    "exports": "GEXP",
    "gvc_trade_f": "GVCF",
    "gvc_trade_b": "GVCB",
    "gvc_trade": "GVC",
    "gvc_prod": "V_GVC",
    "gvcp_trade_f": "GVCF / GEXP",
    "gvcp_trade_b": "GVCB / GEXP",
    "gvcp_trade": "GVC / GEXP",
    "gvcp_prod": "wwyz_forward",
}
_RCA = {"exports": "exports", "vaxes": "vax_exporting", "vaxos": "vax_origin"}
_RCA_NAMES = {f"{theirs}_{part}": f"{ours}_{part}" for theirs, ours in _RCA.items() for part in ("s", "i", "all")}


def _all_participation(a: ValueAddedAccounts, by: str) -> pd.DataFrame:
    keys = list(C if by == "country" else CS)
    parts = (a.participation(by), a.exports(by), a.production_flows(by))  # type: ignore[arg-type]
    return pd.concat([part.drop(columns="year").set_index(keys) for part in parts], axis=1).reset_index()


def _with_positions(a: ValueAddedAccounts) -> pd.DataFrame:
    return a.production_flows().merge(a.position("sector"), on=list(CS), validate="one_to_one")


def _rca_and_sums(a: ValueAddedAccounts) -> pd.DataFrame:
    frame = a.rca()
    for name in _RCA.values():
        frame[f"{name}_s"] = frame.groupby("country")[name].transform("sum")
        frame[f"{name}_i"] = frame.groupby("sector")[name].transform("sum")
        frame[f"{name}_all"] = frame[name].sum()
    return frame


def adb_levels(level: int) -> dict[str, object]:
    """Options that sum the 35 sectors to one of ADB's levels, named by its numbers."""
    groups = pd.read_csv(shared("meta/adb_mrio_sectors35.csv"))
    column = {5: "c5_ind", 15: "c15_ind", 35: "c_ind"}[level]
    return {"sector_groups": {str(key): list(part) for key, part in groups.groupby(column)["code"]}}


ADB_GOLDENS = [
    *lines(WIOD, "ksreyes_wwyz_production_length_components", lambda a: a.production_flows(), CS),
    *lines(
        WIOD, "derived_numpy_wwyz_simple_complex_upstreamness", _with_positions, CS, idle=1.0,
    ),
]  # fmt: skip
for _level in (0, 5, 15, 35):
    _by, _keys = ("sector", CS) if _level else ("country", C)
    _rest = {"rows": f"agg == {_level}", "options": partial(adb_levels, _level) if _level else {}}
    ADB_GOLDENS += [
        *lines(WIOD, "ksreyes_wwyz_production_length", lambda a, by=_by: a.lengths(by), _keys, names=_LENGTHS, **_rest),
        *lines(
            WIOD, "ksreyes_gvc_participation", lambda a, by=_by: _all_participation(a, by), _keys,
            names=_PARTICIPATION, **_rest,
        ),
        *lines(
            WIOD, "ksreyes_rca", _rca_and_sums, CS, rows=f"agg == {_level}", options=partial(adb_levels, _level or 5),
            names={f"{theirs}_si": ours for theirs, ours in _RCA.items()} | _RCA_NAMES,
        ),  # its level 0 is the five sectors again
    ]  # fmt: skip

# pymrio 0.7.0 --------------------------------------------------------------------------------------------------------
# Satellites; the regional accounts of production and consumption include what final users take directly.


def mock_satellite(name: str) -> Satellite:
    """Emissions, or Factor_Inputs, of pymrio's test table."""
    frames = {"F": golden_matrix(MOCK, f"input_{name}_F")}
    if name == "Emissions":
        frames["F_Y"] = golden_matrix(MOCK, f"input_{name}_F_Y")
    for frame in frames.values():
        frame.columns = pd.MultiIndex.from_tuples([tuple(label.split("|")) for label in frame.columns])
    return Satellite.from_frame(frames["F"], frames.get("F_Y"))


def output_of(a: ValueAddedAccounts) -> Satellite:
    """Output itself: one for each unit of output."""
    cells = pd.MultiIndex.from_product([a.table.countries, a.table.sectors])
    return Satellite.from_frame(pd.DataFrame([a.table.x], index=["output"], columns=cells))


def _inputs(a: ValueAddedAccounts) -> pd.DataFrame:
    cells = [f"{c}|{s}" for c in a.table.countries for s in a.table.sectors]
    frame = pd.DataFrame(a.system.A, index=cells, columns=cells).stack().rename("value").reset_index()
    labels = [frame[f"level_{i}"].str.split("|").str[j] for i in (0, 1) for j in (0, 1)]
    return pd.DataFrame(dict(zip((*_FROM_CELL, *CS), labels, strict=True)) | {"value": frame["value"]})


_SC, _SCS = ("satellite", "country"), ("satellite", "country", "sector")
PYMRIO_GOLDENS = [
    *lines(MOCK, "pymrio070_x", lambda a: a.indices(), CS, names={"indout": "x"}),
    *lines(MOCK, "pymrio070_A", _inputs, (*_FROM_CELL, *CS)),
    *lines(
        MOCK, "pymrio070_L", lambda a: a.origin("none", satellite=output_of(a), **_TO_CELL), (*_FROM_CELL, *CS),
        names={"value": "output"},
    ),
    *lines(MOCK, "pymrio070_gross_trade_0", lambda a: a.gross_trade(), CSP, names={"value": "exports"}),
    *lines(MOCK, "pymrio070_gross_trade_1", lambda a: a.gross_trade("sector"), CS),
    *lines(WIOD, "pymrio070_gross_trade_bilat", lambda a: a.gross_trade(), CSP, names={"value": "exports"}),
    *lines(WIOD, "pymrio070_gross_trade_totals", lambda a: a.gross_trade("sector"), CS),
    *lines(
        MOCK, "pymrio070_Emissions_S_Y", lambda a: a.final_intensities(mock_satellite("Emissions")),
        ("satellite", "country", "category"), names={"value": "S_Y"}, idle=0.0,
    ),
    *lines(
        WIOD, "pymrio070_va_M", lambda a: a.intensities().assign(satellite="VA"), _SCS, names={"value": "M"}, idle=0.0
    ),
    *lines(
        WIOD, "pymrio070_va_D_cba", lambda a: a.footprints(by="sector").assign(satellite="VA"), _SCS,
        names={"value": "D_cba"},
    ),
]  # fmt: skip
for _kind in ("D_cba", "D_exp", "D_imp"):
    PYMRIO_GOLDENS += lines(
        WIOD, f"pymrio070_va_{_kind}_reg", lambda a: a.footprints().assign(satellite="VA"), _SC, names={"value": _kind}
    )
for _satellite in ("Emissions", "Factor_Inputs"):
    for _kind in ("S", "M"):
        PYMRIO_GOLDENS += lines(
            MOCK, f"pymrio070_{_satellite}_{_kind}", lambda a, s=_satellite: a.intensities(mock_satellite(s)), _SCS,
            names={"value": _kind},
        )  # fmt: skip
    for _kind in ("D_cba", "D_pba", "D_exp", "D_imp"):
        for _end, _by, _keys in (("", "sector", _SCS), ("_reg", "country", _SC)):
            PYMRIO_GOLDENS += lines(
                MOCK, f"pymrio070_{_satellite}_{_kind}{_end}",
                lambda a, s=_satellite, by=_by: a.footprints(mock_satellite(s), by=by), _keys, names={"value": _kind},
            )  # fmt: skip

# All of it -----------------------------------------------------------------------------------------------------------

MATRIX: list[Golden] = [
    *ICIO_GOLDENS, *EXVA_GOLDENS, *GVC_GOLDENS, *LEONTIEF_GOLDENS, *ADB_GOLDENS, *PYMRIO_GOLDENS,
]  # fmt: skip

INPUTS = ("input_", "countries", "sectors")

# Files of which nothing, or only what test_wrong_goldens says, is right.
NOT_GOLDEN: dict[str, str] = {
    f"leather/gvcAnalyzer011_bm_2025_output_{name}": "sectors do not add up to their country"
    for name in ("components", "components_sector", "measures", "measures_sector")
}
