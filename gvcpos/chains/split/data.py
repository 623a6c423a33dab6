"""Trade and production frames read for a split: who makes how much of the chain's goods, and where it goes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels

FloatArray = npt.NDArray[np.float64]
_TRADE = ("exporter", "importer", "hs", "year", "value")
_PRODUCTION = ("country", "year")
_SIZES = {"": 1.0, "thousand": 1e3, "million": 1e6, "billion": 1e9}


class HasFrame(Protocol):
    """Anything with a tidy frame, as `gvcpos.trade.TradeFlows`."""

    @property
    def frame(self) -> pd.DataFrame:
        """The flows."""


@dataclass(frozen=True)
class Goods:
    """What is to be found in the data: a table's countries, the wide sectors, and the HS codes of each.

    Attributes
    ----------
    countries, sectors, stages : tuple of str
        G countries; W wide sectors and the stage of each.
    sector_of : mapping of str to str
        HS code, digits only, to wide sector; a code stands for all codes under it.
    year : int
    rest : str or None
        Country that takes in those the table does not have.
    """

    countries: tuple[str, ...]
    sectors: tuple[str, ...]
    stages: tuple[str, ...]
    sector_of: Mapping[str, str]
    year: int
    rest: str | None

    def places(self, labels: pd.Series, what: str) -> npt.NDArray[np.intp]:
        """Find countries among those of the table, the others at `rest`; LabelError names the unknown."""
        place = {c: i for i, c in enumerate(self.countries)}
        text = labels.astype(str)
        if labels.isna().any() or (text.str.strip() == "").any():
            raise LabelError(f"{what}: a row without a country. Fill it, or drop the row.")
        unknown = [c for c in dict.fromkeys(text) if c not in place]
        if unknown and self.rest is None:
            raise LabelError(
                f"{what}: the table has no country {enumerate_labels(sorted(unknown))}. Rename or drop them, or "
                'give rest="ROW" (a country of the table) to count them there.'
            )
        other = place[self.rest] if self.rest is not None else -1
        return np.array([place.get(c, other) for c in text], dtype=np.intp)


def money_scale(unit: str | float, table_unit: str) -> float:
    """Return how many of the table's units one unit of the data is.

    Raises
    ------
    InputError
        If a unit cannot be read; a number is then asked for.
    """
    if not isinstance(unit, str):
        if not (np.isfinite(unit) and unit > 0):
            raise InputError(f"unit={unit!r}: give a positive number, the table's units in one unit of the data.")
        return float(unit)
    return dollars(unit) / dollars(table_unit)


def dollars(unit: str) -> float:
    """Return the US dollars in a unit such as "million USD, current prices" or "USD thousand".

    Raises
    ------
    InputError
        If it is no unit of US dollars.
    """
    words = re.sub(r"us\$|us dollars?", "usd", unit.lower().split(",")[0]).split()
    sizes = [word for word in words if word not in ("usd", "synthetic")]
    if "usd" not in words or len(sizes) > 1 or (sizes and sizes[0] not in _SIZES):
        raise InputError(
            f"unit {unit!r} is not an amount of US dollars, as in 'million USD' or 'USD thousand'. "
            "Give unit= as a number: the table's units in one unit of the data."
        )
    return _SIZES[sizes[0] if sizes else ""]


def called(data: pd.DataFrame, what: str) -> str:
    """Return what messages call data: the file that they are from, where ``attrs["file"]`` says it, else `what`."""
    return str(data.attrs.get("file", what))


def is_synthetic(data: pd.DataFrame | HasFrame | None) -> bool:
    """Say whether data call themselves invented: by an attribute, in ``attrs``, or in a column of that name."""
    if not isinstance(data, pd.DataFrame):
        return bool(getattr(data, "synthetic", False))
    column = data["synthetic"].any() if "synthetic" in data.columns else False
    return bool(data.attrs.get("synthetic", False) or column)


def read_flows(trade: pd.DataFrame | HasFrame, goods: Goods, scale: float) -> FloatArray:
    """Sum trade by exporter, wide sector and importer, shape (G, W, G), in the table's unit.

    Raises
    ------
    LabelError
        For a missing column, an unknown country, or a flow given twice.
    InputError
        For a value that is negative or not finite, no flow of the year, a code wider than the chain's, or trade of a
        country of the table with itself.
    """
    frame = trade if isinstance(trade, pd.DataFrame) else trade.frame
    where = called(frame, "the trade frame")
    _columns(frame, _TRADE, where)
    if "reporter" in frame.columns and frame["reporter"].nunique() > 1:
        raise InputError(f"{where} has reports of both sides; summed they would count twice. Choose one.")
    year = _of_year(frame, goods.year, where).reset_index(drop=True)
    hs = year["hs"].astype(str).str.replace(".", "", regex=False).str.strip()
    sector = hs.map({code: _sector(code, goods.sector_of, where) for code in dict.fromkeys(hs)})
    kept = year.assign(hs=hs, sector=sector)[sector.notna()]
    _once(kept, ["exporter", "importer", "hs"], where)
    value = _amounts(kept["value"], "value", where)
    seller = goods.places(kept["exporter"], f"{where}, exporters")
    buyer = goods.places(kept["importer"], f"{where}, importers")
    known = kept["exporter"].astype(str).isin(goods.countries).to_numpy()
    own = (kept["exporter"].astype(str) == kept["importer"].astype(str)).to_numpy() & known
    if own.any():
        raise InputError(
            f"{where} has trade of {enumerate_labels(dict.fromkeys(kept['exporter'][own]))} with itself. "
            "Drop these rows: what a country sells at home comes from production."
        )
    flows = np.zeros((len(goods.countries), len(goods.sectors), len(goods.countries)))
    place = {s: i for i, s in enumerate(goods.sectors)}
    np.add.at(flows, (seller, kept["sector"].map(place).to_numpy(np.intp), buyer), value * scale)
    return flows


def read_production(
    production: pd.DataFrame, goods: Goods, scale: float, table_unit: str, exports: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return output and its relative error by country and wide sector, shape (G, W), NaN where nothing is said.

    Parameters
    ----------
    production : DataFrame
        country, year, stage or sector, and value, or tonnes and price (USD a tonne); optionally relative_error.
    goods : Goods
    scale : float
        Of ``value``.
    table_unit : str
    exports : ndarray, shape (G, W)
        By which a stage's output is given to its sectors: the country's own, else the world's.

    Raises
    ------
    LabelError, InputError
        As for `read_flows`, and for stages or sectors the chain does not have.
    """
    where = called(production, "the production frame")
    unit = "sector" if "sector" in production.columns else "stage"
    _columns(production, (*_PRODUCTION, unit), where)
    frame = _of_year(production, goods.year, where)
    if goods.rest is None or frame["country"].astype(str).isin(goods.countries).all():
        _once(frame, ["country", unit], where)
    value = _value(frame, scale, table_unit, where)
    labels = goods.sectors if unit == "sector" else tuple(dict.fromkeys(goods.stages))
    strange = sorted(set(frame[unit].astype(str)) - set(labels))
    if strange:
        raise LabelError(f"{where}: the chain makes nothing in {unit} {enumerate_labels(strange)}. It has: {labels}.")
    country = goods.places(frame["country"], f"{where}, countries")
    error = frame["relative_error"] if "relative_error" in frame.columns else pd.Series(np.nan, index=frame.index)
    output = np.full((len(goods.countries), len(goods.sectors)), np.nan)
    errors = output.copy()
    of = np.array(goods.sectors if unit == "sector" else goods.stages, dtype=object)
    for place, label, amount, relative in zip(country, frame[unit].astype(str), value, error, strict=True):
        members = np.flatnonzero(of == label)
        output[place, members] = np.nan_to_num(output[place, members]) + amount * _mix(exports, place, members)
        errors[place, members] = relative
    return output, errors


def _mix(exports: FloatArray, country: int, members: npt.NDArray[np.intp]) -> FloatArray:
    """Return what part of a stage's output is whose: as the country's exports, else the world's, else evenly."""
    for amounts in (exports[country, members], exports[:, members].sum(axis=0)):
        if amounts.sum() > 0:
            return np.asarray(amounts / amounts.sum(), dtype=np.float64)
    return np.full(len(members), 1.0 / len(members))


def _value(frame: pd.DataFrame, scale: float, table_unit: str, where: str) -> FloatArray:
    """Return production in the table's unit."""
    if "value" in frame.columns:
        if "tonnes" in frame.columns:
            raise InputError(f"{where} has value and tonnes. Give value alone, or tonnes and price (USD a tonne).")
        return _amounts(frame["value"], "value", where) * scale
    _columns(frame, ("tonnes", "price"), where)
    money = _amounts(frame["tonnes"], "tonnes", where) * _amounts(frame["price"], "price", where)
    return money / dollars(table_unit)


def _sector(code: str, sector_of: Mapping[str, str], where: str) -> str | None:
    """Return the wide sector of an HS code, None for goods of other chains."""
    wider = [known for known in sector_of if known != code and known.startswith(code)]
    if not code.isdigit() or wider:
        raise InputError(
            f"{where} has HS {code!r}, which is wider than the chain's {enumerate_labels(wider)}. "
            "Give codes of six digits."
            if wider
            else f"{where}: {code!r} is not an HS code. Codes are digits, as in 2846.10 or 284610."
        )
    return next((sector for known, sector in sector_of.items() if code.startswith(known)), None)


def _columns(frame: pd.DataFrame, wanted: Sequence[str], what: str) -> None:
    missing = [c for c in wanted if c not in frame.columns]
    if missing:
        raise LabelError(
            f"{what} lacks the column {enumerate_labels(missing)}. It has: {enumerate_labels(frame.columns, 20)}."
        )


def _of_year(frame: pd.DataFrame, year: int, what: str) -> pd.DataFrame:
    years = pd.to_numeric(frame["year"], errors="coerce")
    kept = frame[years == year]
    if kept.empty:
        there = sorted({int(y) for y in years.dropna()})
        raise InputError(f"{what} has nothing of {year}, the table's year. It has: {enumerate_labels(there, 30)}.")
    return kept


def _once(frame: pd.DataFrame, keys: list[str], what: str) -> None:
    twice = frame.duplicated(keys)
    if twice.any():
        rows = frame.loc[twice, keys].astype(str).agg(" ".join, axis=1)
        raise LabelError(f"{what} has duplicated rows for {enumerate_labels(rows)}. Each must occur once.")


def _amounts(values: pd.Series, column: str, what: str) -> FloatArray:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64)
    bad = ~np.isfinite(numbers) | (numbers < 0)
    if bad.any():
        k = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"{what}: {column} is {values.iloc[k]!r} in {int(bad.sum())} row(s), the first being row "
            f"{values.index[k]}. Amounts are finite and not negative; drop what is not known."
        )
    return numbers
