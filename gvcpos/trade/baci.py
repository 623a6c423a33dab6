"""CEPII's BACI: one csv a year with columns t, i, j, k, v, q, and a list of country codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gvcpos._core.errors import FormatError, InputError
from gvcpos._core.options import UnspecifiedAreas
from gvcpos.trade.areas import AreaRules
from gvcpos.trade.assemble import Gathered, code_filter
from gvcpos.trade.flows import TradeFlows
from gvcpos.trade.hs import plain_code
from gvcpos.trade.text import TextFile, as_paths, csv_files, need, numbers

_COLUMNS = {"t": "year", "i": "exporter", "j": "importer", "k": "hs", "v": "value", "q": "mass"}
_YEARLY = re.compile(r"(?:_Y|baci\d\d_)(\d{4})", re.IGNORECASE)
_CODES = re.compile(r"country_codes?", re.IGNORECASE)
_RELEASE = re.compile(r"HS_?(\d\d)|V(\d{6}[a-z]?)", re.IGNORECASE)


def read_baci(
    paths: str | Path | Sequence[str | Path],
    *,
    hs: str | Iterable[str] | None = None,
    years: Iterable[int] | None = None,
    countries: Sequence[str] | None = None,
    country_codes: str | Path | None = None,
    other_asia: str | None = "TWN",
    unspecified: UnspecifiedAreas = "row",
    hs_revision: str | None = None,
    synthetic: bool = False,
) -> TradeFlows:
    """Read BACI files.

    Parameters
    ----------
    paths : path or sequence of paths
        Yearly csv files (``BACI_HS92_Y2020_V202401.csv``, also ``.gz``), or the zip archive with all of them.
    hs : str or iterable of str, optional
        Codes or headings (``"2846"`` is 284610 and 284690); by default all, some eleven million rows a year.
    years : iterable of int, optional
    countries : sequence of str, optional
        ISO3 labels to keep; all others become ROW. Default every country.
    country_codes : path, optional
        BACI's ``country_codes_V….csv``; that of the archive, or the codes that ship, by default.
    other_asia, unspecified
        What becomes of areas that are no country; see `AreaRules`.
    hs_revision : str, optional
        Default what the file name says (``"HS92"``).
    synthetic : bool
        The file holds invented numbers.

    Returns
    -------
    TradeFlows
        Values in USD million (BACI has thousands), masses in metric tons, reports reconciled (FOB).

    Raises
    ------
    InputError, FormatError, LabelError
        If a file is absent or not laid out as BACI, or a row is at fault; file, line and label are named.

    Warns
    -----
    TradeWarning
        If rows are left out; the message counts them and says what they are worth.

    Notes
    -----
    Layout: Gaulier & Zignago 2010, CEPII Working Paper 2010-23. Codes whose leading zero was lost are given it back.
    """
    wanted = None if years is None else {int(year) for year in years}
    files = _chosen(paths, wanted)
    gathered = Gathered(AreaRules(other_asia, unspecified), _country_list(files, country_codes))
    for file in files:
        rows = _rows(file, hs)
        if wanted is not None:
            rows = rows[pd.to_numeric(rows["year"], errors="coerce").isin(wanted)]
        gathered.add(rows, file.name)
        gathered.revisions |= {hs_revision or _release(file)[0]} - {""}
    return gathered.flows(source=f"BACI {_release(files[0])[1]}".strip(), synthetic=synthetic, countries=countries)


def _chosen(paths: str | Path | Sequence[str | Path], years: set[int] | None) -> list[TextFile]:
    """Return the yearly files of all paths, of the wanted years as far as names say."""
    files = [file for path in as_paths(paths) for file in csv_files(path, "yearly BACI file", _YEARLY)]
    chosen = [file for file in files if years is None or _year(file) in (None, *years)]
    if not chosen:
        raise InputError(f"{files[0].path}: no file of {', '.join(map(str, sorted(years or ())))}. Check years.")
    return chosen


def _rows(file: TextFile, hs: str | Iterable[str] | None) -> pd.DataFrame:
    """Return the wanted rows of a file, in USD million and tons, by line."""
    need(file.start()[0], _COLUMNS, file.name, "a BACI file")
    wanted = code_filter(hs, None)
    blocks = list(file.blocks(_COLUMNS, ("hs", lambda code: wanted(_six(code)))))
    text = pd.concat(blocks) if blocks else pd.DataFrame({new: [] for new in _COLUMNS.values()}, dtype=object)
    value, mass = numbers(text["value"], file.name, "v"), numbers(text["mass"], file.name, "q")
    blank = np.flatnonzero(np.isnan(value))
    if blank.size:
        raise FormatError(f"{file.name}, line {text.index[blank[0]]}, column v: no value. Fetch the file again.")
    rows = text.assign(value=value * 1e-3, mass=mass, reporter="reconciled", hs=text["hs"].map(_six))
    # 9999AA, commodities not specified according to kind, is no code of the HS.
    return rows[~rows["hs"].str.fullmatch(r"9999..")]


def _six(code: str) -> str:
    """Return a code of six digits; files edited with a spreadsheet have lost the first zero."""
    plain = plain_code(code)
    return plain.zfill(6) if plain.isdigit() else plain


def _country_list(files: list[TextFile], given: str | Path | None) -> dict[str, str] | None:
    """Return BACI's own numbers with ISO3, from the file given or that of the archive."""
    if given is not None:
        file = csv_files(given, "BACI's country codes", _CODES)[0]
    elif files[0].member:
        try:
            file = csv_files(files[0].path, "BACI's country codes", _CODES)[0]
        except FormatError:
            return None
    else:
        return None
    header = file.start()[0]
    iso3 = next((name for name in ("country_iso3", "iso_3digit_alpha") if name in header), "country_iso3")
    columns = {"country_code": "code", iso3: "iso3"}
    need(header, columns, file.name, "BACI's list of countries")
    blocks = pd.concat(list(file.blocks(columns)))
    return {code.lstrip("0") or "0": label for code, label in zip(blocks["code"], blocks["iso3"], strict=True)}


def _year(file: TextFile) -> int | None:
    found = _YEARLY.search(Path(file.member or file.path.name).name)
    return int(found[1]) if found else None


def _release(file: TextFile) -> tuple[str, str]:
    """Return HS revision and version in a file's name, each empty if not there."""
    found = _RELEASE.findall(Path(file.member or file.path.name).name)
    revision = next((f"HS{a}" for a, _ in found if a), "")
    return revision, next((f"V{b}" for _, b in found if b), "")
