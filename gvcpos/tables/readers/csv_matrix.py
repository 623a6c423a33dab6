"""A csv with labels in its first row and column and money in all other cells, read in seconds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
from pyarrow import csv

from gvcpos._core.errors import FormatError
from gvcpos._core.labels import enumerate_labels
from gvcpos.tables.iotable import FloatArray
from gvcpos.tables.readers.money import Tally, money_rows

_BLANK = ["", " ", "NA", "NaN", "nan", ".."]


@dataclass(frozen=True)
class Matrix:
    """Cells (blank = 0) with their labels; `notes` say what was changed."""

    rows: list[str]
    columns: list[str]
    cells: FloatArray
    notes: tuple[str, ...]


def read_matrix(file: Path | IO[bytes], path: Path) -> Matrix:
    """Read a labelled csv matrix.

    Parameters
    ----------
    file : Path or binary stream
        What is read.
    path : Path
        What messages name.

    Raises
    ------
    FormatError
        If lines differ in length (a file cut short), labels are duplicated or a cell is not a number.
    """
    content = pa.py_buffer(file.read_bytes() if isinstance(file, Path) else file.read())
    header, labels = _header(content, path)
    numeric = dict.fromkeys(range(1, len(header)), pa.float64())
    try:
        table = _parse(content, len(header), numeric)
    except pa.ArrowInvalid:
        return _slowly(content, header, path)  # text among the numbers, or lines of unequal length
    rows = _labels(table, labels, path)
    cells = np.empty((table.num_columns - 1, table.num_rows))
    for j in range(1, table.num_columns):
        cells[j - 1] = table.column(j).to_numpy()
    blank = np.isnan(cells)
    cells[blank] = 0.0
    # the last column is the total; it is blank by layout beside the rows below the industries
    return Matrix(rows, header[1:], cells.T, Tally(blank=int(blank[:-1].sum())).notes())


def _header(content: pa.Buffer, path: Path) -> tuple[list[str], str]:
    """Return the column labels (unique) and the name of the label column."""
    view = memoryview(content)
    end = bytes(view[: 1 << 20]).find(b"\n")
    line = bytes(view[: end if end >= 0 else 1 << 20]).decode("utf-8-sig", errors="replace").rstrip("\r")
    header = [cell.strip().strip('"').strip() for cell in line.split(",")]
    if header[-1] == "":
        raise FormatError(f"{path}: the header ends in an empty column label. Remove the trailing comma.")
    twice = _duplicated(header)
    if twice:
        raise FormatError(
            f"{path}: duplicated column labels: {enumerate_labels(twice)}. Each must occur once; correct the "
            "header or fetch the file again."
        )
    return header, header[0]


def _parse(content: pa.Buffer, width: int, types: dict[int, pa.DataType]) -> pa.Table:
    names = [f"f{j}" for j in range(width)]
    return csv.read_csv(
        pa.BufferReader(content),
        read_options=csv.ReadOptions(column_names=names, skip_rows=1, block_size=1 << 24),
        convert_options=csv.ConvertOptions(
            column_types={name: types.get(j, pa.string()) for j, name in enumerate(names)},
            null_values=_BLANK,
            strings_can_be_null=False,
        ),
    )


def _labels(table: pa.Table, name: str, path: Path) -> list[str]:
    rows = [label.strip() for label in table.column(0).to_pylist()]
    twice = _duplicated(rows)
    if twice:
        raise FormatError(
            f"{path}: duplicated row labels in column {name!r}: {enumerate_labels(twice)}. Each must occur "
            "once; correct them or fetch the file again."
        )
    return rows


def _duplicated(labels: list[str]) -> list[str]:
    return [label for label, count in Counter(labels).items() if count > 1]


def _slowly(content: pa.Buffer, header: list[str], path: Path) -> Matrix:
    """Read every cell as text, to accept what `money` accepts and to name the cell it does not."""
    try:
        table = _parse(content, len(header), {})
    except pa.ArrowInvalid as error:
        raise FormatError(
            f"{path}: the lines are not all {len(header)} cells long ({error}). The file may be cut short; "
            "fetch it again."
        ) from error
    rows = _labels(table, header[0], path)
    tally = Tally()

    def where(i: int, j: int) -> str:
        return f"{path}, row {i + 2} ({rows[i]}), column {header[j + 1]}"

    text = list(zip(*(table.column(j).to_pylist() for j in range(1, table.num_columns)), strict=True))
    cells = money_rows([[_plain(cell) for cell in row] for row in text], where, tally, len(header) - 1)
    return Matrix(rows, header[1:], cells, tally.notes())


def _plain(cell: str) -> object:
    try:
        return float(cell)
    except ValueError:
        return cell
