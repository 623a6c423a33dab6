"""exvatools' files, a line each: rows by exporting sector, columns by importer; a group is one exporter."""

from __future__ import annotations

import pandas as pd

from gvcpos.accounting import ValueAddedAccounts
from tests.accounting.goldens import CS, CSP, ICIOTEST, WIOD, WIODTEST, lines

EXVA = (WIODTEST, ICIOTEST)

_BM = {"EXGR": "GEXP"}
_WWZ = {
    "DVA_INTrex1": "DVA_INTrexI1",
    "DVA_INTrex2": "DVA_INTrexF",
    "DVA_INTrex3": "DVA_INTrexI2",
    "RDV_FIN1": "RDV_FIN",
    "FVA_FIN1": "MVA_FIN",
    "FVA_FIN2": "OVA_FIN",
    "FVA_INT1": "MVA_INT",
    "FVA_INT2": "OVA_INT",
}
_WWZ_STANDARD = {
    "VAX": "DVA_FIN + DVA_INT + DVA_INTrexI1 + DVA_INTrexF + DVA_INTrexI2",
    "REF": "RDV_FIN + RDV_FIN2 + RDV_INT",
    "DDC": "DDC_FIN + DDC_INT",
    "FVA": "MVA_FIN + OVA_FIN + MVA_INT + OVA_INT",
    "FDC": "MDC + ODC",
}
_KWW = {
    "VAX1": "DVA_FIN",
    "VAX2": "DVA_INT",
    "VAX3": "DVA_INTrex",
    "REF1": "RDV_FIN",
    "REF2": "RDV_INT",
    "FVA1": "FVA_FIN",
    "FVA2": "FVA_INT",
}
_KWW_STANDARD = {
    "VAX": "DVA_FIN + DVA_INT + DVA_INTrex",
    "REF": "RDV_FIN + RDV_INT",
    "FVA": "FVA_FIN + FVA_INT",
}


def aggregates(names: dict[str, str]) -> dict[str, str]:
    """Complete VAX, REF, DDC, FVA, FDC with DVA, DC, FC and gross exports, which are their sums."""
    parts = {"DDC": "DDC", "FDC": "FDC"} | names
    dva, fc = f"{parts['VAX']} + {parts['REF']}", f"{parts['FVA']} + {parts['FDC']}"
    dc = f"{dva} + {parts['DDC']}"
    return parts | {"DVA": dva, "FC": fc, "DC": dc, "EXGR": f"{dc} + {fc}"}


NAFTA = {"groups": {"NAFTA": ["MEX", "USA"]}}
EU27 = {"groups": {"EU27": ["ESP", "FRA"]}}

EXVA_GOLDENS = [
    *lines((*EXVA, WIOD), "exvatools090_bm_src_terms", lambda a: a.exports("sector_pair"), CSP, names=_BM),
    *lines(EXVA, "exvatools090_bm_src_standard", lambda a: a.exports("sector_pair"), CSP, names=_BM),
    *lines(EXVA, "exvatools090_bm_snk_terms", lambda a: a.exports("sector_pair", approach="sink"), CSP, names=_BM),
    *lines(EXVA, "exvatools090_wwz_terms", lambda a: a.wwz("sector_pair"), CSP, names=aggregates(_WWZ_STANDARD) | _WWZ),
    *lines(EXVA, "exvatools090_wwz_standard", lambda a: a.wwz("sector_pair"), CSP, names=aggregates(_WWZ_STANDARD)),
    *lines(
        (*EXVA, WIOD), "exvatools090_kww_terms", lambda a: a.kww("sector"), CS, names=aggregates(_KWW_STANDARD) | _KWW
    ),
    *lines(EXVA, "exvatools090_kww_standard", lambda a: a.kww("sector"), CS, names=aggregates(_KWW_STANDARD)),
    *lines(
        (*EXVA, WIOD), "exvatools090_oecd_tiva", lambda a: a.tiva("sector_pair"), CSP, rows="col not in ['VA', 'X']"
    ),
    *lines((*EXVA, WIOD), "exvatools090_oecd_tiva", lambda a: a.tiva("sector"), CS, rows="col == 'VA'"),
    *lines((*EXVA, WIOD), "exvatools090_oecd_tiva", lambda a: a.tiva("sector"), CS, rows="col == 'X'"),
    *lines(EXVA, "exvatools090_oecd_terms", lambda a: a.tiva("sector_pair", output="terms"), CSP),
    *lines(EXVA, "exvatools090_oecd_standard", lambda a: a.tiva("sector_pair", output="standard"), CSP),
]
for _name, _group in (("NAFTA", NAFTA), ("groupNAFTA", NAFTA), ("groupEU27", EU27)):
    _own = f"country == '{_name.removeprefix('group')}'"
    EXVA_GOLDENS += lines(
        EXVA, f"exvatools090_bm_src_terms_{_name}", lambda a: a.exports("sector_pair"), CSP,
        names=_BM, options=_group, mine=_own,
    )  # fmt: skip
EXVA_GOLDENS += lines(
    EXVA, "exvatools090_oecd_NAFTA", lambda a: a.tiva("sector_pair", output="standard"), CSP,
    options=NAFTA, mine="country == 'NAFTA' and partner != 'NAFTA'",
)  # fmt: skip

# Sink: VAXIM is wrong where the importer is split.
_SINK_SPLIT = "col in ['MEX', 'CHN']"
EXVA_GOLDENS += [
    *lines(
        WIODTEST, "exvatools090_bm_snk_standard", lambda a: a.exports("sector_pair", approach="sink"), CSP, names=_BM
    ),
    *lines(
        ICIOTEST, "exvatools090_bm_snk_standard", lambda a: a.exports("sector_pair", approach="sink"), CSP,
        names=_BM, rows=f"not {_SINK_SPLIT}", mine="partner not in ['MEX', 'CHN']",
    ),
    *lines(
        ICIOTEST, "exvatools090_bm_snk_standard", lambda a: a.exports("sector_pair", approach="sink"), CSP,
        names=_BM | {"VAXIM": ""}, rows=_SINK_SPLIT, mine="partner in ['MEX', 'CHN']",
    ),
    *lines(
        EXVA, "exvatools090_wwz_terms2", lambda a: a.wwz(), CSP,
        names=aggregates(_WWZ_STANDARD) | _WWZ | {"OVA_FIN": "OVA_INT", "OVA_INT": "OVA_FIN"},
    ),  # it swaps the two
]  # fmt: skip

# Miroudot & Ye. Of the world's perimeter it prints 0 for FVA, and all of FC as FDC (in parts: FVA as FDC1).
EXVA_GOLDENS += [
    *lines((*EXVA, WIOD), "exvatools090_my_terms", lambda a: a.miroudot_ye("sector_pair"), CSP, names=_BM),
    *lines(EXVA, "exvatools090_my_standard", lambda a: a.miroudot_ye("sector_pair"), CSP, names=_BM),
    *lines(
        EXVA, "exvatools090_my_standard_perimWLD", lambda a: a.miroudot_ye("sector_pair", perimeter="world"), CSP,
        names=_BM | {"FVA": "0", "FDC": "FC"},
    ),
    *lines(
        EXVA, "exvatools090_my_terms_perimWLD", lambda a: a.miroudot_ye("sector_pair", perimeter="world"), CSP,
        names=_BM | {"FVA": "0", "FDC1": "FVA", "FDC2": "FDC"},
    ),
    *lines(
        EXVA, "exvatools090_my_ESP_partnerFRA",
        lambda a: a.miroudot_ye("sector_pair", exporters="ESP", partners="FRA"), CSP, names=_BM,
    ),
    *lines(
        EXVA, "exvatools090_my_ESP_sectorMANUF",
        lambda a: a.miroudot_ye("sector_pair", exporters="ESP", sectors="10T39"), CSP, names=_BM,
    ),
    *lines(
        EXVA, "exvatools090_bm_src_terms_ESP_partnerFRA",
        lambda a: a.miroudot_ye("sector_pair", exporters="ESP", partners="FRA", detail=True), CSP, names=_BM,
    ),
]  # fmt: skip
for _exporter, _partner in (("ESP", "FRA"), ("ESP", "CHN"), ("USA", "FRA"), ("USA", "CHN")):
    EXVA_GOLDENS += lines(
        EXVA, f"exvatools090_my_standard_{_exporter}_partner{_partner}",
        lambda a, s=_exporter, r=_partner: a.miroudot_ye("sector_pair", exporters=s, partners=r), CSP, names=_BM,
    )  # fmt: skip


# Origin and destination of Spain's exports. Rows of exvadir: country of origin and Spain's exporting sector.
def _by_sector_of_origin(a: ValueAddedAccounts) -> pd.DataFrame:
    """Every term of Spain by sector of origin, own and foreign together, and importer; gross exports by sector."""
    keys = ["country", "origin_sector", "partner"]
    terms = ("DC", "DVA", "VAX", "DAVAX", "REF", "DDC", "FC", "FVA", "FDC", "GVCB", "GVCF")
    found = [a.breakdown(term, "pair", origin="sector", exporters="ESP").astype({"partner": str}) for term in terms]
    sums = [frame.groupby(keys, observed=True)[term].sum() for frame, term in zip(found, terms, strict=True)]
    gross = a.exports("sector_pair").query("country == 'ESP'").set_index(["country", "sector", "partner"])["GEXP"]
    return pd.concat([*sums, gross.rename_axis(keys)], axis=1).reset_index()


EXVA_GOLDENS += [
    *lines(
        EXVA, "exvatools090_bm_src_standard_ESP_bkdownorigin", _by_sector_of_origin,
        ("country", "origin_sector", "partner"), names=_BM | {"GVC": "GVCB + GVCF"},
    ),
    *lines(
        EXVA, "exvatools090_get_va_fd",
        lambda a: pd.DataFrame({"row": ["WLD_TOTAL"], "col": ["WLD"], "value": [a.tiva().FD_VA.sum()]}), ("row", "col"),
    ),
]  # fmt: skip
for _content in ("TC", "DC", "FC", "TVA", "DVA", "FVA"):
    _term = {"TC": "GEXP"}.get(_content, _content)
    EXVA_GOLDENS += [
        *lines(
            EXVA, f"exvatools090_exvadir_ESP_{_content}_EXGR",
            lambda a, t=_term: a.breakdown(t, "sector_pair", exporters="ESP"), ("origin_country", "sector", "partner"),
            names={"TC": "GEXP"},
        ),
        *lines(
            EXVA, f"exvatools090_exvadir_ESP_{_content}_EXGRY",
            lambda a, t=_term: a.breakdown(t, "sector", absorption=True, exporters="ESP"),
            ("origin_country", "sector", "absorber"), names={"TC": "GEXP"},
        ),
    ]  # fmt: skip
