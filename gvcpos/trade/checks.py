"""What a frame of trade flows must be: whole years, codes, known countries, no negative, twofold or own trade."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import FormatError, InputError, LabelError, TradeWarning
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.options import Leftover, TradeReport, choose
from gvcpos.trade.areas import known_labels
from gvcpos.trade.hs import is_code, nested, plain_code

KEYS = ("year", "exporter", "importer", "hs", "reporter")
COLUMNS = (*KEYS, "value", "mass")
Mask = npt.NDArray[np.bool_]
Where = Callable[[int], str]


def checked(
    frame: pd.DataFrame, name: str, where: Where, *, extra_labels: Iterable[str], self_trade: Leftover
) -> pd.DataFrame:
    """Return flows that passed every check, sorted by their labels.

    Parameters
    ----------
    frame : DataFrame
        Columns year, exporter, importer, hs, reporter, value (USD million), mass (t).
    name : str
        Of the file or frame, for messages.
    where : callable
        Position of a row to what messages call it, as in ``"line 7"``.
    extra_labels : iterable of str
        Labels allowed beside known countries.
    self_trade : {"error", "drop"}

    Raises
    ------
    FormatError, InputError, LabelError
        For the first fault found; file, row and label are named.

    Warns
    -----
    TradeWarning
        If trade of a country with itself is left out.
    """
    frame = typed(frame.reset_index(drop=True), name, where)
    for side in ("exporter", "importer"):
        _require_known(frame[side], extra_labels, (name, where))
    for reporter in frame["reporter"].unique():
        choose(reporter, TradeReport, f"{name}, reporter")
    frame = _without_own(frame, name, where, self_trade)
    refuse_twice(frame, name, where)
    for heading, code in nested(frame["hs"].unique())[:1]:
        raise FormatError(
            f"{name}: HS {code} lies under HS {heading} and both are there: their trade would be counted twice. Keep "
            "one level, "
            f"as with digits={len(code)}."
        )
    return frame.sort_values(list(KEYS), kind="stable").reset_index(drop=True)


def refuse_twice(frame: pd.DataFrame, name: str, where: Where) -> None:
    """Raise FormatError if two rows bear the same labels."""
    twice = frame.duplicated(list(KEYS), keep=False).to_numpy()
    if twice.any():
        first = int(np.flatnonzero(twice)[0])
        same = (frame[list(KEYS)] == frame.loc[first, list(KEYS)]).all(axis=1).to_numpy()
        rows = ", ".join(where(int(frame.index[i])) for i in np.flatnonzero(same)[:3])
        raise FormatError(
            f"{name}, {rows}: the flow {_flow(frame, first)} is there more than once. Keep one row a flow; sum parts "
            "of it first."
        )


def typed(frame: pd.DataFrame, name: str, where: Where) -> pd.DataFrame:
    """Return the columns of flows in their types; `where` names a row by its position.

    Raises
    ------
    InputError
        If a column is absent, or a year, code, value or mass is none.
    """
    missing = [column for column in COLUMNS if column not in frame.columns]
    if missing:
        raise InputError(f"{name}: no column {', '.join(missing)}. Flows have the columns {', '.join(COLUMNS)}.")
    place = (name, where)
    year = pd.to_numeric(frame["year"], errors="coerce").to_numpy(dtype=np.float64)
    _refuse(~((year % 1 == 0) & (year >= 1900) & (year <= 2100)), frame["year"], "no year, as 2023", place)
    codes = frame["hs"].map(plain_code)
    no_code = ~codes.map(is_code).to_numpy(dtype=bool)
    _refuse(no_code, frame["hs"], "no HS code (2, 4, 6, 8 or 10 digits)", place)
    value, mass = (pd.to_numeric(frame[c], errors="coerce").to_numpy(dtype=np.float64) for c in ("value", "mass"))
    _refuse(~np.isfinite(value), frame["value"], "no amount of money; a flow has a value", place)
    _refuse(value < 0, frame["value"], "negative; trade is not, correct the row", place)
    text = frame["mass"].notna().to_numpy() & np.isnan(mass)
    _refuse(text | np.isinf(mass), frame["mass"], "no mass in numbers; leave it empty where missing", place)
    _refuse(mass < 0, frame["mass"], "negative; trade is not, correct the row", place)
    sides = {side: frame[side].map(str) for side in ("exporter", "importer", "reporter")}
    columns = {"year": year.astype(np.int64), "hs": codes, "value": value, "mass": mass} | sides
    return pd.DataFrame(columns)[list(COLUMNS)]


def _refuse(bad: Mask, given: pd.Series, what: str, place: tuple[str, Where]) -> None:
    """Raise InputError at the first bad cell of a column."""
    at = np.flatnonzero(bad)
    if at.size:
        name, where = place
        more = f" (and {at.size - 1} more)" if at.size > 1 else ""
        raise InputError(f"{name}, {where(int(at[0]))}, {given.name}: {given.tolist()[at[0]]!r} is {what}{more}.")


def _require_known(labels: pd.Series, extra: Iterable[str], place: tuple[str, Where]) -> None:
    """Raise LabelError if a label is neither a known country nor among those allowed beside them."""
    unknown = ~labels.isin(known_labels() | set(extra))
    if unknown.any():
        name, where = place
        first = int(np.flatnonzero(unknown)[0])
        raise LabelError(
            f"{name}, {where(first)}, {labels.name}: unknown countries: "
            f"{enumerate_labels(sorted(labels[unknown].unique()))}. Use ISO3 labels (and ROW), or name further labels "
            "with extra_labels."
        )


def _without_own(frame: pd.DataFrame, name: str, where: Where, rule: Leftover) -> pd.DataFrame:
    """Leave out or refuse trade of a country with itself, as re-imports are."""
    choose(rule, Leftover, "self_trade")
    own = (frame["exporter"] == frame["importer"]).to_numpy()
    if not own.any():
        return frame
    countries = sorted(frame.loc[own, "exporter"].unique())
    money = f"USD {frame.loc[own, 'value'].sum():.6g} million"
    worth = f"{int(own.sum())} flows of {enumerate_labels(countries)} with themselves, {money}"
    if rule == "error":
        first = int(np.flatnonzero(own)[0])
        raise LabelError(
            f'{name}, {where(first)}: {worth}. Exporter and importer must differ; self_trade="drop" leaves them out.'
        )
    warnings.warn(
        f"{name}: {worth}, left out: re-imports cross no border between two countries.", TradeWarning, stacklevel=5
    )
    return frame[~own]


def _flow(frame: pd.DataFrame, label: int) -> str:
    row = frame.loc[label]
    return f"{row['exporter']} to {row['importer']}, HS {row['hs']}, {row['year']} ({row['reporter']})"
