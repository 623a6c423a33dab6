"""Long-Run WIOD as one xlsx a year: 25 countries and the rest of the world, 23 industries, 1965-2000.

Woltjer, Gouma and Timmer (2021), GGDC Research Memorandum 190. Countries stand only at the first row of
their block, and above the cells for the first blocks at best; sellers and buyers are in the same order.
"""

from __future__ import annotations

import re

import numpy as np

from gvcpos._core.errors import FormatError
from gvcpos._core.labels import enumerate_labels
from gvcpos.tables.readers.assemble import Pair, Parts, grid, same_labels
from gvcpos.tables.readers.money import Tally, money_rows
from gvcpos.tables.readers.source import Rows, Source, agreed_year, column_letters, year_in_name

# Rows balance to 1e-8, columns to 6e-4 on 62 trillion of output (2000); a hundredth of a million is far above.
TOLERANCE = 0.01
_INTERMEDIATE, _FINAL, _OUTPUT = "intermediate consumption", "final demand", "total demand"
_SUMS = ("total intermediate consumption", "total gross production")


def sniff(source: Source) -> bool:
    """Tell whether a workbook has the section headings of the Long-Run WIOD."""
    return source.kind == "xlsx" and _section_row(source.sheet[1]) is not None


def read(source: Source, *, year: int | None = None) -> Parts:
    """Read one year."""
    sheet, rows = source.sheet
    top = _section_row(rows)
    if top is None:
        raise FormatError(f"{source.path}: no headings 'Intermediate consumption' and 'Final demand'.")
    sections = {_text(cell).lower(): j for j, cell in enumerate(rows[top]) if _text(cell)}
    if _OUTPUT not in sections:
        raise FormatError(f"{source.path}: no column 'Total demand' (output). Fetch the file again.")
    first, total = sections[_INTERMEDIATE], sections[_OUTPUT]
    codes = [_text(cell) for cell in rows[top + 2]]
    users = _users(rows, top, sections[_FINAL], total, source)
    known = {code for code in codes[first : sections[_FINAL]] if code}
    sellers, below = _sellers(rows, top, known, source)
    buyers = _buyers(rows, top, first, sellers, source)
    countries, sectors, order = grid([p for p, _ in sellers], "rows", source.path)
    c_final, finals, y_order = grid([p for p, _ in users], "final-demand columns", source.path)
    same_labels(countries, c_final, "countries (final demand)", source.path)
    y_order = y_order.reshape(len(c_final), -1)[[c_final.index(c) for c in countries]].ravel()
    tally = Tally()
    columns = [*buyers, *(j for _, j in users), total]
    data = _cells(rows, [i for _, i in sellers], columns, tally, source)
    primary = _cells(rows, [i for _, i in below], buyers, tally, source)
    when = _year(sheet, source, year)
    return Parts(
        Z=data[:, : len(buyers)][np.ix_(order, order)],
        Y=data[:, len(buyers) : -1][np.ix_(order, y_order)],
        va=primary[:, order],
        x=data[order, -1],
        countries=countries,
        sectors=sectors,
        final_categories=finals,
        va_rows=[name for name, _ in below],
        publisher="lrwiod",
        source="Long-Run WIOD",
        year=when,
        unit="million USD, current prices",
        vintage="2022 release",
        tolerance=TOLERANCE,
        synthetic=source.synthetic,
        notes=tally.notes(),
    )


def _text(cell: object) -> str:
    return cell.strip() if isinstance(cell, str) else ""


def _section_row(rows: Rows) -> int | None:
    for i, row in enumerate(rows[:20]):
        if {_INTERMEDIATE, _FINAL} <= {_text(cell).lower() for cell in row}:
            return i
    return None


def _year(sheet: str, source: Source, asked: int | None) -> int:
    found = re.search(r"(19|20)\d\d", sheet)
    year = agreed_year(asked, int(found[0]) if found else None, source) or year_in_name(source.path)
    if year is None:
        raise FormatError(f"{source.path}: neither sheet nor name state the year. Give year=.")
    return year


def _sellers(
    rows: Rows, top: int, codes: set[str], source: Source
) -> tuple[list[tuple[Pair, int]], list[tuple[str, int]]]:
    """Return ((country, sector), row) of the sellers, the country carried down, and (name, row) below them."""
    sellers: list[tuple[Pair, int]] = []
    below: list[tuple[str, int]] = []
    country = ""
    for i in range(top + 3, len(rows)):
        name = _text(rows[i][0])
        if name in codes:
            country = _text(rows[i][2]) or country
            sellers.append(((country, name), i))
        elif name and sellers and name.lower() not in _SUMS:
            below.append((name, i))
    if not any(name.lower() == "total value added" for name, _ in below):
        raise FormatError(
            f"{source.path}: no row 'Total value added' below the industries. The file may be cut short; "
            "fetch it again."
        )
    return sellers, below


def _buyers(rows: Rows, top: int, first: int, sellers: list[tuple[Pair, int]], source: Source) -> list[int]:
    """Return the columns of the buyers, which must carry the sellers' codes in the sellers' order."""
    columns = list(range(first, first + len(sellers)))
    want = [pair for pair, _ in sellers]
    for j, (country, code) in zip(columns, want, strict=True):
        above, said = (_text(rows[top + 2][j]), _text(rows[top + 1][j])) if j < len(rows[top + 2]) else ("", "")
        if above != code or said not in ("", country):
            raise FormatError(
                f"{source.path}, column {column_letters(j)}: found {said} {above}, where {country} {code} was "
                "expected as in the rows. Fetch the file again."
            )
    return columns


def _users(rows: Rows, top: int, first: int, total: int, source: Source) -> list[tuple[Pair, int]]:
    out: list[tuple[Pair, int]] = []
    country = ""
    for j in range(first, total):
        country = _text(rows[top + 1][j]) or country
        if _text(rows[top + 2][j]):
            out.append(((country, _text(rows[top + 2][j])), j))
    if not out or not all(pair[0] for pair, _ in out):
        found = enumerate_labels(" ".join(pair) for pair, _ in out)
        raise FormatError(f"{source.path}: final demand without countries above it: {found or 'nothing'}.")
    return out


def _cells(rows: Rows, at: list[int], columns: list[int], tally: Tally, source: Source) -> np.ndarray:
    def where(i: int, j: int) -> str:
        return f"{source.path}, row {at[i] + 1} ({_text(rows[at[i]][0])}), column {column_letters(columns[j])}"

    return money_rows([[rows[i][j] for j in columns] for i in at], where, tally, len(columns))
