"""OECD Inter-Country Input-Output tables: one csv a year, labels ``AUS_A01`` on both sides.

The 2018, 2021, 2023 and 2025 editions share one layout. Extended files split China (CN1 domestic, CN2
processing) and Mexico (MX1, MX2); final demand is then given for CHN and MEX alone.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np
import scipy.sparse as sp

from gvcpos._core.errors import FormatError
from gvcpos._core.options import SplitRows, choose
from gvcpos.tables.iotable import FloatArray
from gvcpos.tables.readers.assemble import Pair, Parts, grid, same_labels
from gvcpos.tables.readers.csv_matrix import Matrix, read_matrix
from gvcpos.tables.readers.source import Source, year_in_name

# Cells carry six significant digits. The worst error seen on a whole table (2019, 2023 edition) is 0.47 in a
# row and 0.82 in a column; twice that leaves room for larger years.
TOLERANCE = 2.0
_WHOLE = {"CN1": "CHN", "CN2": "CHN", "MX1": "MEX", "MX2": "MEX"}
_TOTALS = ("OUT", "OUTPUT", "TOTAL")
_EDITIONS = {"A01": "2025 edition", "A01_02": "2023 edition", "01T02": "2021 edition", "01T03": "2018 edition"}
_LABEL = re.compile(r"^([A-Z]{2}[A-Z0-9])_([A-Z0-9_]+)$")


def sniff(source: Source) -> bool:
    """Tell whether a csv (or the csv in a zip) has an ICIO header."""
    if source.kind not in ("text", "zip"):
        return False
    labels = [cell.strip().strip('"') for cell in source.first_line.split(",")[1:40]]
    first = [_LABEL.match(label) for label in labels[:3]]
    return len(first) == 3 and all(first) and any(m is not None and m[2] in _EDITIONS for m in first)


def read(source: Source, *, year: int | None = None, splits: SplitRows = "keep") -> Parts:
    """Read one year.

    Parameters
    ----------
    source : Source
        A csv, or a zip archive with one csv (with several, `year` picks the one).
    year : int, optional
        The file itself does not state its year: default what its name says.
    splits : {"keep", "merge"}
        Keep CN1, CN2, MX1 and MX2 as economies of their own, which accounts, panels and weights put together after
        the system is solved, or sum them into CHN and MEX at once, in rows and in columns. Final demand, which is
        published for CHN and MEX alone, stands under CHN and MEX if they have industries, else under CN1 and MX1.
    """
    choose(splits, SplitRows, "splits")
    name, matrix = _open(source, year)
    when = year or year_in_name(name)
    if when is None:
        raise FormatError(f"{source.path}: the name {name!r} does not state the year. Give year=.")
    sellers, below, buyers, users, total = _split_labels(matrix, source.path)
    countries, sectors, rows = grid([p for p, _ in sellers], "rows", source.path)
    c_columns, s_columns, _ = grid([p for p, _ in buyers], "columns", source.path)
    same_labels(countries, c_columns, "countries", source.path)
    same_labels(sectors, s_columns, "sectors", source.path)
    at_row = np.array([i for _, i in sellers])[rows]
    at_column = _aligned(dict(buyers), countries, sectors)
    names, va = _primary(matrix, below, at_column)
    merged, S, notes = _merge(countries, splits)
    finals, Y = _final_demand(matrix, users, at_row, merged, source.path)
    of_row = sp.kron(S, sp.eye_array(len(sectors)), format="csr")
    return Parts(
        Z=(of_row @ (of_row @ matrix.cells[np.ix_(at_row, at_column)]).T).T,
        Y=of_row @ Y,
        va=(of_row @ va.T).T,
        x=of_row @ matrix.cells[at_row, total],
        countries=merged,
        sectors=sectors,
        final_categories=finals,
        va_rows=names,
        publisher="oecd",
        source="OECD ICIO",
        year=when,
        unit="million USD, current prices",
        vintage=_EDITIONS.get(sectors[0], ""),
        tolerance=TOLERANCE,
        synthetic=source.synthetic,
        notes=(*matrix.notes, *notes),
        original_countries=_origins(countries) if splits == "merge" else None,
    )


def _open(source: Source, year: int | None) -> tuple[str, Matrix]:
    if source.kind != "zip":
        return source.path.name, read_matrix(source.path, source.path)
    names = [n for n in source.members if n.lower().endswith(".csv")]
    if year is not None and len(names) > 1:
        names = [n for n in names if year_in_name(n) == year]
    if len(names) != 1:
        listed = ", ".join(sorted(source.members))
        raise FormatError(f"{source.path}: which csv of {listed}? Give year=, or unpack the archive.")
    with zipfile.ZipFile(source.path) as archive, archive.open(names[0]) as stream:
        opened: IO[bytes] = stream
        return names[0], read_matrix(opened, source.path)


def _split_labels(
    matrix: Matrix, path: Path
) -> tuple[list[tuple[Pair, int]], list[tuple[str, int]], list[tuple[Pair, int]], list[tuple[Pair, int]], int]:
    """Sort labels into sellers, rows below, buyers, final users and the total column, with their positions."""
    on_both = set(matrix.rows) & set(matrix.columns) - set(_TOTALS)
    sellers = [(_pair(label), i) for i, label in enumerate(matrix.rows) if label in on_both]
    below = [(label, i) for i, label in enumerate(matrix.rows) if label not in on_both]
    buyers = [(_pair(label), j) for j, label in enumerate(matrix.columns) if label in on_both]
    users = [
        (_pair(label), j)
        for j, label in enumerate(matrix.columns)
        if label not in on_both and _LABEL.match(label) and _pair(label)[1] not in _EDITIONS
    ]
    totals = [j for j, label in enumerate(matrix.columns) if label in _TOTALS]
    expected = {
        "a total column (OUT)": len(totals) == 1,
        "a total row (OUT); the file may be cut short": any(label in _TOTALS for label, _ in below),
        "a value-added row (VA or VALU)": any(label in ("VA", "VALU") for label, _ in below),
        "final-demand columns (AUS_HFCE …)": bool(users),
        "the same industries in rows and columns": bool(sellers),
    }
    for what, there in expected.items():
        if not there:
            raise FormatError(f"{path}: expected {what}, found none. Fetch the file again.")
    stray = [label for label, _ in below if _LABEL.match(label) and not label.endswith("_TAXSUB")]
    if stray:
        raise FormatError(
            f"{path}: no columns for the rows {', '.join(stray[:8])}. A table needs the same industries in "
            "rows and columns; fetch the file again."
        )
    return sellers, below, buyers, users, totals[0]


def _pair(label: str) -> Pair:
    country, _, item = label.partition("_")
    return country, item


def _aligned(place: dict[Pair, int], countries: Sequence[str], items: Sequence[str]) -> np.ndarray:
    return np.array([place[c, i] for c in countries for i in items], dtype=np.intp)


def _primary(matrix: Matrix, below: list[tuple[str, int]], at_column: np.ndarray) -> tuple[list[str], FloatArray]:
    """Return the value-added rows; the country rows of taxes of older editions become one, TAXSUB."""
    groups: dict[str, list[int]] = {}
    for label, i in below:
        if label not in _TOTALS:
            groups.setdefault("TAXSUB" if label.endswith("_TAXSUB") else label, []).append(i)
    return list(groups), np.array([matrix.cells[np.ix_(np.array(i), at_column)].sum(axis=0) for i in groups.values()])


def _merge(countries: Sequence[str], splits: SplitRows) -> tuple[list[str], sp.csr_array, tuple[str, ...]]:
    """Return the countries after merging and the sum matrix that merges them."""
    whole = [_WHOLE.get(c, c) if splits == "merge" else c for c in countries]
    merged = list(dict.fromkeys(whole))
    S = sp.csr_array(
        (np.ones(len(whole)), ([merged.index(c) for c in whole], range(len(whole)))),
        shape=(len(merged), len(whole)),
    )
    parts = [c for c in countries if c in _WHOLE]
    if not parts:
        return merged, S, ()
    done = (
        "summed into CHN and MEX"
        if splits == "merge"
        else "kept; final demand of a whole without industries stands under its first part"
    )
    return merged, S, (f"{', '.join(parts)} {done}",)


def _origins(countries: Sequence[str]) -> dict[str, str]:
    made: dict[str, list[str]] = {}
    for country in countries:
        if country in _WHOLE:
            made.setdefault(_WHOLE[country], []).append(country)
    return {whole: "+".join([whole, *parts] if whole in countries else parts) for whole, parts in made.items()}


def _final_demand(
    matrix: Matrix, users: list[tuple[Pair, int]], at_row: np.ndarray, countries: Sequence[str], path: Path
) -> tuple[list[str], FloatArray]:
    """Return the categories and Y (rows still unmerged) by the merged countries."""
    c_final, finals, order = grid([p for p, _ in users], "final-demand columns", path)
    cells = matrix.cells[np.ix_(at_row, np.array([j for _, j in users])[order])]
    homes = [_home(c, countries) for c in c_final]
    same_labels([c for c in countries if c not in _WHOLE], _whole_first(homes), "countries (final demand)", path)
    Y = np.zeros((len(at_row), len(countries), len(finals)))
    for k, home in enumerate(homes):
        Y[:, countries.index(home), :] += cells[:, k * len(finals) : (k + 1) * len(finals)]
    return finals, Y.reshape(len(at_row), -1)


def _home(country: str, countries: Sequence[str]) -> str:
    """Return where the final demand of a country stands: under itself, its whole, or its first part."""
    if country in countries:
        return country
    if _WHOLE.get(country) in countries:
        return _WHOLE[country]
    return next((part for part, whole in _WHOLE.items() if whole == country and part in countries), country)


def _whole_first(homes: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(home for home in homes if home not in _WHOLE))
