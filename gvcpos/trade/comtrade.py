"""UN Comtrade: csv of Comtrade Plus, of its interface and bulk files, and of the database before 2023."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gvcpos._core.errors import FormatError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.options import UnspecifiedAreas
from gvcpos.trade.areas import AreaRules
from gvcpos.trade.assemble import Gathered, code_filter
from gvcpos.trade.flows import TradeFlows
from gvcpos.trade.hs import REVISIONS
from gvcpos.trade.text import TextFile, as_paths, csv_files, numbers

# Our name: the columns that may hold it, letters and digits alone, in lower case; the first that is there is taken.
_ASKED = {
    "period": ("period", "refyear", "year"),
    "reporter_area": ("reportercode", "reporteriso"),
    "partner": ("partnercode", "partneriso"),
    "flow": ("flowcode", "tradeflowcode", "flowdesc", "tradeflow"),
    "hs": ("cmdcode", "commoditycode"),
    "value": ("primaryvalue", "tradevalueus", "tradevalue"),
}
_OPTIONAL = {
    "mass": ("netwgt", "netweightkg"),
    "quantity": ("qty",),
    "unit": ("qtyunitabbr", "qtyunit", "qtyunitcode"),
    "classification": ("classificationcode", "classification"),
    "partner2": ("partner2code", "2ndpartnercode"),
    "customs": ("customscode", "customsproccode"),
    "transport": ("motcode", "modeoftransportcode"),
}
_FLOWS = {
    "X": "exporter",
    "M": "importer",
    "2": "exporter",
    "1": "importer",
    "EXPORT": "exporter",
    "IMPORT": "importer",
}
_OTHER_FLOWS = ("RX", "RM", "DX", "FM", "XIP", "XOP", "MIP", "MOP", "3", "4", "RE-EXPORT", "RE-IMPORT")
_TOTALS = {"partner2": ("0", "W00", ""), "customs": ("C00", "0", ""), "transport": ("0", "")}
_KILOGRAMS = ("kg", "8", "Weight in kilograms")


def read_comtrade(
    paths: str | Path | Sequence[str | Path],
    *,
    hs: str | Iterable[str] | None = None,
    digits: int | None = None,
    countries: Sequence[str] | None = None,
    other_asia: str | None = "TWN",
    unspecified: UnspecifiedAreas = "row",
    synthetic: bool = False,
) -> TradeFlows:
    """Read UN Comtrade csv files of annual trade.

    Parameters
    ----------
    paths : path or sequence of paths
        Downloads of Comtrade Plus, of the interface or bulk (``period``, ``reporterCode``, ``flowCode``,
        ``primaryValue`` …; comma or tab), or of the older database (``Trade Value (US$)`` …); ``.gz``, ``.zip`` too.
    hs : str or iterable of str, optional
        Codes or headings; a heading stands for all codes under it.
    digits : int, optional
        Only codes of so many digits, where a file has several levels.
    countries, other_asia, unspecified, synthetic
        As in `read_baci`.

    Returns
    -------
    TradeFlows
        Exports (FOB) as the exporter reports them, imports (CIF) as the importer does; USD million, metric tons.

    Raises
    ------
    InputError, FormatError, LabelError
        If a file is absent, not Comtrade's, of months, or a row is at fault; file, line and label are named.

    Warns
    -----
    TradeWarning
        For partners that are sums of others (World), and other rows left out.

    Notes
    -----
    Rows by second partner, customs procedure or mode of transport are left out where their total is there. Re-exports
    and re-imports are parts of exports and imports and are left out. A net weight of 0 beside a value is missing; where
    the weight is missing and the quantity is in kilograms, that is taken. Names may be in Latin-1, lines may end in a
    comma: only columns of codes and numbers are read.
    """
    gathered = Gathered(AreaRules(other_asia, unspecified))
    for file in (file for path in as_paths(paths) for file in csv_files(path, "UN Comtrade file")):
        rows = _totals(_text(file, hs, digits), file, gathered)
        flow = _one_flow(rows, file, gathered)
        gathered.revisions |= _revisions(flow, file)
        gathered.add(_named(flow, file), file.name)
    return gathered.flows(source="UN Comtrade", synthetic=synthetic, countries=countries)


def _text(file: TextFile, hs: str | Iterable[str] | None, digits: int | None) -> pd.DataFrame:
    """Return the wanted columns under our names, the wanted codes, by line."""
    header = file.start()[0]
    plain = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in header}
    columns: dict[str, str] = {}
    for ours, names in (_ASKED | _OPTIONAL).items():
        theirs = next((plain[name] for name in names if name in plain), None)
        if theirs is None and ours in _ASKED:
            raise FormatError(
                f"{file.name}: not a UN Comtrade file: no column {' or '.join(names)} (it has "
                f"{', '.join(header[:10])}). Download "
                "it as csv with all columns."
            )
        if theirs is not None:
            columns[theirs] = ours
    blocks = list(file.blocks(columns, ("hs", code_filter(hs, digits))))
    return pd.concat(blocks) if blocks else pd.DataFrame({ours: [] for ours in columns.values()}, dtype=object)


def _totals(rows: pd.DataFrame, file: TextFile, gathered: Gathered) -> pd.DataFrame:
    """Keep the totals over second partners, customs procedures and modes of transport."""
    for column, totals in _TOTALS.items():
        if column not in rows:
            continue
        total = rows[column].isin(totals)
        if total.any() and not total.all():
            gathered.notes.append(f"{file.name}: {int((~total).sum())} rows by {column} left out, beside their totals")
            rows = rows[total]
        elif rows[column].nunique() > 1:
            raise FormatError(
                f"{file.name}: rows by {column} ({enumerate_labels(sorted(rows[column].unique()))}) without their "
                "total. Download the "
                "totals: partner2 World, customs C00, mode of transport 0."
            )
    return rows


def _one_flow(rows: pd.DataFrame, file: TextFile, gathered: Gathered) -> pd.DataFrame:
    """Keep exports and imports, with whose report each is."""
    flow = rows["flow"].str.upper()
    reporter = flow.map(_FLOWS)
    odd = rows[reporter.isna() & ~flow.isin(_OTHER_FLOWS)]
    if len(odd):
        raise FormatError(
            f"{file.name}, line {odd.index[0]}: flow {odd['flow'].iloc[0]!r} is not known. Allowed: X and M (exports "
            "and imports); "
            "re-exports and re-imports are left out."
        )
    again = int(reporter.isna().sum())
    if again:
        gathered.notes.append(
            f"{file.name}: {again} rows of re-exports, re-imports and the like left out: parts of exports and imports"
        )
    return rows.assign(reporter=reporter)[reporter.notna()]


def _named(rows: pd.DataFrame, file: TextFile) -> pd.DataFrame:
    """Return flows: year, exporter, importer, hs, reporter, value in USD million, mass in tons."""
    months = rows[~rows["period"].str.fullmatch(r"\d{4}")]
    if len(months):
        raise FormatError(
            f"{file.name}, line {months.index[0]}: period {months['period'].iloc[0]!r} is no year. Monthly trade is "
            "not read: "
            "download annual data (frequency A)."
        )
    outward = rows["reporter"] == "exporter"
    return pd.DataFrame(
        {
            "year": rows["period"],
            "exporter": rows["reporter_area"].where(outward, rows["partner"]),
            "importer": rows["partner"].where(outward, rows["reporter_area"]),
            "hs": rows["hs"],
            "reporter": rows["reporter"],
            "value": numbers(rows["value"], file.name, "trade value") * 1e-6,
            "mass": _mass(rows, file),
        },
        index=rows.index,
    )


def _mass(rows: pd.DataFrame, file: TextFile) -> np.ndarray:
    """Return tons: the net weight, else the quantity where that is in kilograms."""
    mass = numbers(rows["mass"], file.name, "net weight") if "mass" in rows else np.full(len(rows), np.nan)
    if {"quantity", "unit"} <= set(rows.columns):
        weighed = rows["unit"].isin(_KILOGRAMS).to_numpy() & (np.isnan(mass) | (mass == 0))
        quantity = numbers(rows["quantity"], file.name, "quantity")
        mass = np.where(weighed & (quantity > 0), quantity, mass)
    return mass * 1e-3


def _revisions(rows: pd.DataFrame, file: TextFile) -> set[str]:
    """Return the HS revisions of a file."""
    codes = set(rows["classification"]) if "classification" in rows else set()
    other = sorted(code for code in codes if code not in REVISIONS and code not in ("HS", ""))
    if other:
        raise FormatError(f"{file.name}: classification {enumerate_labels(other)} is not the HS. Download HS data.")
    return {REVISIONS[code] for code in codes if code in REVISIONS}
