"""Long-Run WIOD as one long csv of all years: year, row_country, row_isic3, col_country, col_isic3, value.

Final demand stands under the codes xCONS_h, xCONS_g, xGFCF, xINV; below the industries stand xII (sum of
intermediates), xVA, xTXSP, xSD, xPURNR, xPURR, xMRG_int and xGO (output).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow import csv

from gvcpos._core.errors import FormatError
from gvcpos._core.labels import enumerate_labels
from gvcpos.tables.iotable import FloatArray
from gvcpos.tables.readers.assemble import Parts, grid, same_labels
from gvcpos.tables.readers.lrwiod import TOLERANCE
from gvcpos.tables.readers.source import Source

_COLUMNS = ("year", "row_country", "row_isic3", "col_country", "col_isic3", "value")
_FINAL = ("xCONS_h", "xCONS_np", "xCONS_g", "xGFCF", "xINV")
_SUMS = ("xII", "xGO")
_TYPES = {name: pa.float64() if name == "value" else pa.int64() if name == "year" else pa.string() for name in _COLUMNS}


def sniff(source: Source) -> bool:
    """Tell whether a csv has the columns of the long file."""
    return source.kind == "text" and set(_COLUMNS) <= set(_header(source))


def years(source: Source) -> tuple[int, ...]:
    """Return the years in the file, sorted."""
    try:
        found = _dataset(source.path).to_table(columns=["year"])["year"]
    except pa.ArrowInvalid as error:
        raise FormatError(f"{source.path}: {error}. Correct the line or fetch the file again.") from error
    return tuple(sorted(pc.unique(found).to_pylist()))


def read(source: Source, *, year: int | None = None) -> Parts:
    """Read one year of the long file; `year` may be left out if there is only one."""
    if year is None:
        there = years(source)
        if len(there) != 1:
            raise FormatError(f"{source.path}: holds the years {enumerate_labels(there, 40)}. Give year=.")
        year = there[0]
    frame = _load(source, year)
    row, column = frame["row_isic3"], frame["col_isic3"]
    inside = ~row.str.startswith("x")
    Z, sellers, buyers = _wide(frame[inside & ~column.str.startswith("x")], source.path, "rows")
    countries, sectors = sellers
    same_labels(countries, buyers[0], "countries", source.path)
    same_labels(sectors, buyers[1], "sectors", source.path)
    Y, _, users = _wide(frame[inside & column.isin(_FINAL)], source.path, "final-demand rows", sellers)
    same_labels(countries, users[0], "countries (final demand)", source.path)
    names, below = _below(frame[~inside & ~column.str.startswith("x")], sellers, source.path)
    if "xGO" not in names or "xVA" not in names:
        raise FormatError(
            f"{source.path}: no rows xGO and xVA in {year}; found {enumerate_labels(names)}. Fetch it again."
        )
    n = (len(countries), len(sectors))
    columns = np.arange(len(Z)).reshape(n)[np.ix_(_at(buyers[0], countries), _at(buyers[1], sectors))].ravel()
    final = np.arange(Y.shape[1]).reshape(len(users[0]), -1)[_at(users[0], countries)].ravel()
    kept = [k for k, name in enumerate(names) if name not in _SUMS]
    return Parts(
        Z=Z[:, columns],
        Y=Y[:, final],
        va=below[kept],
        x=below[names.index("xGO")],
        countries=countries,
        sectors=sectors,
        final_categories=users[1],
        va_rows=[names[k] for k in kept],
        publisher="lrwiod",
        source="Long-Run WIOD",
        year=year,
        unit="million USD, current prices",
        vintage="2022 release",
        tolerance=TOLERANCE,
        synthetic=source.synthetic,
    )


def _header(source: Source) -> list[str]:
    return [cell.strip().strip('"') for cell in source.first_line.split(",")]


def _dataset(path: Path) -> ds.Dataset:
    options = csv.ConvertOptions(column_types=_TYPES, strings_can_be_null=False, null_values=["", " ", "NA"])
    return ds.dataset(path, format=ds.CsvFileFormat(convert_options=options))


def _load(source: Source, year: int) -> pd.DataFrame:
    try:
        table = _dataset(source.path).to_table(columns=list(_COLUMNS), filter=ds.field("year") == year)
    except pa.ArrowInvalid as error:
        raise FormatError(
            f"{source.path}: {error}. Every value must be a number; correct the line or fetch the file again."
        ) from error
    if table.num_rows == 0:
        raise FormatError(f"{source.path}: no rows for {year}. There are {enumerate_labels(years(source), 40)}.")
    frame = table.to_pandas()
    frame["value"] = frame["value"].fillna(0.0)
    labels = list(_COLUMNS[1:5])
    twice = frame.duplicated(labels)
    if twice.any():
        first = " ".join(frame.loc[twice, labels].iloc[0])
        raise FormatError(f"{source.path}: {int(twice.sum())} cells of {year} occur twice, the first {first}.")
    return frame


def _at(labels: list[str], want: list[str]) -> list[int]:
    place = {label: i for i, label in enumerate(labels)}
    return [place[label] for label in want]


def _wide(
    frame: pd.DataFrame, path: Path, what: str, rows: tuple[list[str], list[str]] | None = None
) -> tuple[FloatArray, tuple[list[str], list[str]], tuple[list[str], list[str]]]:
    """Spread a long block; rows and columns country-major in order of first appearance."""
    sellers = list(dict.fromkeys(zip(frame["row_country"], frame["row_isic3"], strict=True)))
    users = list(dict.fromkeys(zip(frame["col_country"], frame["col_isic3"], strict=True)))
    found_c, found_s, _ = grid(sellers, what, path)
    countries, items = rows or (found_c, found_s)
    same_labels(countries, found_c, f"countries of {what}", path)
    same_labels(items, found_s, f"sectors of {what}", path)
    c_users, i_users, _ = grid(users, "columns", path)
    i = pd.MultiIndex.from_product([countries, items]).get_indexer(
        pd.MultiIndex.from_frame(frame[["row_country", "row_isic3"]])
    )
    j = pd.MultiIndex.from_product([c_users, i_users]).get_indexer(
        pd.MultiIndex.from_frame(frame[["col_country", "col_isic3"]])
    )
    out = np.zeros((len(countries) * len(items), len(c_users) * len(i_users)))
    out[i, j] = frame["value"].to_numpy()
    return out, (countries, items), (c_users, i_users)


def _below(frame: pd.DataFrame, sellers: tuple[list[str], list[str]], path: Path) -> tuple[list[str], FloatArray]:
    """Spread the rows below the industries over the buyers."""
    names = list(dict.fromkeys(frame["row_isic3"]))
    index = pd.MultiIndex.from_product(sellers)
    j = index.get_indexer(pd.MultiIndex.from_frame(frame[["col_country", "col_isic3"]]))
    if (j < 0).any():
        first = frame.iloc[int(np.flatnonzero(j < 0)[0])]
        raise FormatError(f"{path}: row {first['row_isic3']} has a buyer that sells nothing: {first['col_country']}.")
    out = np.zeros((len(names), len(index)))
    i = np.array(_at(names, frame["row_isic3"].tolist()), dtype=np.intp)
    np.add.at(out, (i, j), frame["value"].to_numpy())
    return names, out
