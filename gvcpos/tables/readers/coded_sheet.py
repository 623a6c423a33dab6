"""The sheet that WIOD 2013 and ADB-MRIO share: codes c1 … along both sides, r60 … below, a total on the right.

Two header rows carry country and code above the cells, two columns carry them beside. Where these stand is
found from the codes themselves, so added header lines, more economies and trailing empty columns change
nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gvcpos._core.errors import FormatError
from gvcpos.tables.iotable import FloatArray
from gvcpos.tables.readers.assemble import Pair, grid, same_labels
from gvcpos.tables.readers.money import Tally, money_rows
from gvcpos.tables.readers.source import Rows, column_letters

_SECTOR = re.compile(r"^c\d{1,2}$")
_FINAL = re.compile(r"^(c|F)\d{1,2}$")
_PRIMARY = re.compile(r"^r\d{2}$")
_TOTALS = frozenset({"tot", "total", "total output", "gross output", "output"})
_SUMS = frozenset({"r60", "r69"})  # total intermediate consumption; output: sums, not primary inputs
MARGINS = "r65"


@dataclass(frozen=True)
class Frame:
    """Where the labels stand, counted from 0: header rows and label columns."""

    country_row: int
    code_row: int
    country_column: int
    code_column: int
    first_column: int


@dataclass(frozen=True)
class Block:
    """The parts of a coded sheet; see `gvcpos.tables.readers.assemble.Parts`."""

    Z: FloatArray
    Y: FloatArray
    va: FloatArray
    x: FloatArray
    countries: list[str]
    sectors: list[str]
    final_categories: list[str]
    va_rows: list[str]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Sheet:
    rows: Rows
    frame: Frame
    path: Path


def find_frame(rows: Rows) -> Frame | None:
    """Find the header rows and label columns, or None if the sheet is of another kind."""
    for i, row in enumerate(rows[:30]):
        coded = [j for j, cell in enumerate(row) if _SECTOR.match(_text(cell))]
        if i == 0 or len(coded) < 4:
            continue
        first = coded[0]
        for j in range(1, first):
            if any(_SECTOR.match(_text(below[j])) for below in rows[i + 1 : i + 4]):
                return Frame(i - 1, i, j - 1, j, first)
    return None


def final_codes(rows: Rows, frame: Frame) -> list[str]:
    """Return the codes above the cells that are no sector's: the final-demand categories."""
    beside = {_text(row[frame.code_column]) for row in rows[frame.code_row + 1 :]}
    above = (_text(cell) for cell in rows[frame.code_row][frame.first_column :])
    return list(dict.fromkeys(code for code in above if _FINAL.match(code) and code not in beside))


def read_block(rows: Rows, frame: Frame, path: Path) -> Block:
    """Cut a coded sheet into its parts, country-major, sector-minor.

    Raises
    ------
    FormatError
        If labels are missing or duplicated, there is no total column, or a money cell holds text.
    """
    sellers, below = _row_labels(rows, frame, path)
    finals = set(final_codes(rows, frame))
    columns = _column_labels(rows, frame, path)
    buyers = [(pair, j) for pair, j in columns if pair[1] not in finals]
    users = [(pair, j) for pair, j in columns if pair[1] in finals]
    if not users:
        raise FormatError(f"{path}: no final-demand columns (codes F1 … or c37 …). Fetch the file again.")
    countries, sectors, order = grid([pair for pair, _ in sellers], "rows", path)
    c_columns, s_columns, z_order = grid([pair for pair, _ in buyers], "columns", path)
    c_final, categories, y_order = grid([pair for pair, _ in users], "final-demand columns", path)
    same_labels(countries, c_columns, "countries", path)
    same_labels(sectors, s_columns, "sectors", path)
    same_labels(countries, c_final, "countries (final demand)", path)
    z_order = _to_rows(z_order, c_columns, s_columns, countries, sectors)
    y_order = _to_rows(y_order, c_final, categories, countries, categories)
    total = _total_column(rows, frame, users[-1][1], path)
    tally = Tally()
    sheet = _Sheet(rows, frame, path)
    data = _cells([i for _, i in sellers], [*(j for _, j in [*buyers, *users]), total], sheet, tally)
    bottom = _cells([i for _, i in below], [j for _, j in buyers], sheet, tally)
    names = [name for name, _ in below]
    kept = np.array([k for k, name in enumerate(names) if name not in _SUMS])
    z, y, x = data[:, : len(buyers)], data[:, len(buyers) : -1], data[:, -1]
    return Block(
        Z=z[np.ix_(order, z_order)],
        Y=y[np.ix_(order, y_order)],
        va=bottom[np.ix_(kept, z_order)],
        x=x[order],
        countries=countries,
        sectors=sectors,
        final_categories=categories,
        va_rows=[names[k] for k in kept],
        notes=tally.notes(),
    )


def _cells(at: list[int], columns: list[int], sheet: _Sheet, tally: Tally) -> FloatArray:
    """Return the money in some rows and columns of the sheet."""

    rows, frame, path = sheet.rows, sheet.frame, sheet.path

    def where(i: int, j: int) -> str:
        row = rows[at[i]]
        label = " ".join(filter(None, (_text(row[k]) for k in (frame.country_column, frame.code_column))))
        return f"{path}, row {at[i] + 1} ({label}), column {column_letters(columns[j])}"

    low, high = columns[0], columns[-1] + 1
    if columns == list(range(low, high)):
        taken = [rows[r][low:high] for r in at]
    else:
        taken = [[rows[r][c] for c in columns] for r in at]
    return money_rows(taken, where, tally, len(columns))


def _text(cell: object) -> str:
    return cell.strip() if isinstance(cell, str) else ""


def _to_rows(
    order: np.ndarray, countries: list[str], items: list[str], want_c: list[str], want_i: list[str]
) -> np.ndarray:
    """Bring a country-major order of columns to the countries and items of the rows."""
    square = order.reshape(len(countries), len(items))
    return square[np.ix_([countries.index(c) for c in want_c], [items.index(i) for i in want_i])].ravel()


def _row_labels(rows: Rows, frame: Frame, path: Path) -> tuple[list[tuple[Pair, int]], list[tuple[str, int]]]:
    """Return ((country, sector), row) of the sellers and (code, row) of the rows below them."""
    sellers: list[tuple[Pair, int]] = []
    below: list[tuple[str, int]] = []
    for i in range(frame.code_row + 1, len(rows)):
        country, code = _text(rows[i][frame.country_column]), _text(rows[i][frame.code_column])
        beside = " ".join(_text(cell) for cell in rows[i][: frame.first_column]).lower()
        if _SECTOR.match(code):
            if not country:
                raise FormatError(f"{path}, row {i + 1}: code {code} has no country beside it. Add it.")
            sellers.append(((country, code), i))
        elif _PRIMARY.match(code):
            below.append((code, i))
        elif sellers and "transport margin" in beside:
            below.append((MARGINS, i))
    names = [name for name, _ in below]
    if "r64" not in names:
        raise FormatError(
            f"{path}: no value-added row (code r64) below the sectors; found {', '.join(names) or 'nothing'}. "
            "The file may be cut short; fetch it again."
        )
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise FormatError(f"{path}: rows {', '.join(sorted(twice))} occur twice. Fetch the file again.")
    return sellers, below


def _column_labels(rows: Rows, frame: Frame, path: Path) -> list[tuple[Pair, int]]:
    out: list[tuple[Pair, int]] = []
    for j in range(frame.first_column, len(rows[frame.code_row])):
        country, code = _text(rows[frame.country_row][j]), _text(rows[frame.code_row][j])
        if not _FINAL.match(code):
            continue
        if not country:
            raise FormatError(f"{path}, column {column_letters(j)}: code {code} has no country above it. Add it.")
        out.append(((country, code), j))
    return out


def _total_column(rows: Rows, frame: Frame, last: int, path: Path) -> int:
    for j in range(last + 1, len(rows[frame.code_row])):
        if any(_text(row[j]).lower() in _TOTALS for row in rows[: frame.code_row + 1]):
            return j
    raise FormatError(
        f"{path}: no total-output column (labelled ToT, TOTAL or Total output) after the last final-demand "
        f"column {column_letters(last)}. The file may be cut short; fetch it again."
    )
