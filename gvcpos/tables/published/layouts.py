"""Layouts of publishers' index files: which column is which measure, under the names of the accounts.

ADB's accounts come as several files of one release, one for each family of measures; Antràs and Chor's as one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

_ADB_KEYS = {"t": "year", "iso3": "country", "i": "sector"}
# t, iso3, i are the keys; s numbers the economies, i5 and i15 the aggregates, agg tells the level of a row.
_ADB_HELP = ("s", "i5", "i15", "agg")
_LENGTHS = {
    f"{old}{new}": f"{mine}{suffix}"
    for old, mine in (("PLv", "plv"), ("PLy", "ply"))
    for new, suffix in (("", ""), ("_D", "_domestic"), ("_RT", "_traditional"), ("_GVC", "_gvc"))
}
_PARTS = {
    f"{old}{side}{new}_GVC": f"pl{side}_gvc_{mine}"
    for side in "vy"
    for old, new, mine in (("PL", "d", "home"), ("CB", "", "crossings"), ("PL", "f", "abroad"))
}
ADB_MEASURES = {
    **{name: name for name in ("x", "va", "zuse", "zsales", "y", "rca")},
    **_LENGTHS,
    **_PARTS,
    "GVC_POS": "gvc_position",
    "Exports": "exports",
    "exports_si": "exports",
    "vaxes_si": "vax_sector",
    "vaxos_si": "vax_origin",
    "rca_vaxes": "rca_va_sector",
    "rca_vaxos": "rca_va",
    "GVC_trade_f": "GVCF",
    "GVC_trade_b": "GVCB",
    "GVC_trade": "GVC",
    "GVC_prod": "gvc_production",
    "GVCP_trade_f": "gvcp_trade_forward",
    "GVCP_trade_b": "gvcp_trade_backward",
    "GVCP_trade": "gvcp_trade",
    "GVCP_prod": "wwyz_forward",
}
# Totals of the rca file, which repeat in every row and follow from its exports: not kept.
_ADB_TOTALS = {f"{flow}_{of}" for flow in ("exports", "vaxes", "vaxos") for of in ("s", "i", "all")}
_ANTRAS_CHOR = {
    "GVC_Ui": "upstreamness",
    "GVC_Di": "downstreamness",
    "GVC_FUGOi": "fgo",
    "GVC_VAGOi": "va_rate",
    "GO": "x",
    "EXPi": "exports",
}
_MONEY = ("x", "va", "zuse", "zsales", "y", "exports", "vax_sector", "vax_origin", "GVC", "GVCF", "GVCB")
UNITS = {
    **dict.fromkeys((*_MONEY, "gvc_production"), "million USD"),
    **dict.fromkeys(("va_rate", "fgo", "wwyz_forward", "gvcp_trade"), "share"),
    **dict.fromkeys(("gvcp_trade_forward", "gvcp_trade_backward"), "share"),
    **dict.fromkeys(("direct_input_share", "direct_sales_share", "vax_in_va", "vax_in_exports"), "share"),
    **dict.fromkeys((*_LENGTHS.values(), *_PARTS.values(), "upstreamness", "downstreamness"), "stages"),
    **dict.fromkeys(("rca", "rca_va", "rca_va_sector", "gvc_position"), "ratio"),
}


@dataclass(frozen=True)
class Layout:
    """How one publisher lays its files out.

    Attributes
    ----------
    name : str
    sectors : tuple of str
        Labels that there are; empty if any are allowed.
    owns : callable
        Tells from the columns whether a file is laid out so.
    tidy : callable
        Brings a frame to country, sector, year and measures.
    """

    name: str
    sectors: tuple[str, ...]
    owns: Callable[[set[str]], bool]
    tidy: Callable[[pd.DataFrame], pd.DataFrame]


def _adb(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of the 35 sectors; aggregates of them are left to `published_panel`, which weighs by definition."""
    rows = frame[frame["agg"] == 35] if "agg" in frame else frame
    names = _ADB_KEYS | {old: new for old, new in ADB_MEASURES.items() if old in rows}
    tidy = rows.rename(columns=names).drop(columns=[c for c in _ADB_HELP if c in rows])
    return _lettered(tidy.drop(columns=[c for c in _ADB_TOTALS if c in tidy]))


def _antras_chor(frame: pd.DataFrame) -> pd.DataFrame:
    tidy = _lettered(frame.rename(columns=_ANTRAS_CHOR))
    # Their value added is the published rate times the published output.
    return tidy.assign(va=tidy["va_rate"].astype(float) * tidy["x"].astype(float))


def _lettered(frame: pd.DataFrame) -> pd.DataFrame:
    """Write sector numbers as the tables do: 1 is c1."""
    return frame.assign(sector="c" + frame["sector"].astype(int).astype(str))


_SECTORS35 = tuple(f"c{k}" for k in range(1, 36))
LAYOUTS: Mapping[str, Layout] = {
    "adb": Layout("adb", _SECTORS35, lambda columns: {"t", "iso3", "s", "i"} <= columns, _adb),
    "antras-chor": Layout("antras-chor", _SECTORS35, lambda columns: {"GVC_Ui", "GVC_Di"} <= columns, _antras_chor),
}
