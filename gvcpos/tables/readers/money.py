"""Money cells as publishers write them, made numbers: blanks, text negatives, thousands separators."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gvcpos._core.errors import FormatError
from gvcpos.tables.iotable import FloatArray

_BLANK = frozenset({"", "-", "–", "..", "NA", "N/A", "NaN", "nan"})
_NEGATIVE = re.compile(r"^\((.*)\)$")
_GROUPED = re.compile(r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$")


@dataclass
class Tally:
    """How many cells were not plain numbers."""

    blank: int = 0
    text: int = 0

    def notes(self) -> tuple[str, ...]:
        """Say what was changed, for the table's notes."""
        said = []
        if self.blank:
            said.append(f"{self.blank} blank cells read as zero")
        if self.text:
            said.append(f"{self.text} numbers written as text, such as (2) for -2, read as numbers")
        return tuple(said)


def money(cell: object, tally: Tally) -> float:
    """Return a cell as a number.

    Blank, ``-``, ``..``, ``NA`` and NaN are zero; ``"(2)"`` is -2; ``"1,234.5"`` is 1234.5.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        if math.isnan(cell):
            tally.blank += 1
            return 0.0
        return float(cell)
    if cell is None:
        tally.blank += 1
        return 0.0
    if not isinstance(cell, str):
        raise ValueError(f"{cell!r} is not a number")
    text = cell.strip()
    if text in _BLANK:
        tally.blank += 1
        return 0.0
    negative = _NEGATIVE.match(text)
    if negative:
        text = f"-{negative[1].strip()}"
    if _GROUPED.match(text):
        text = text.replace(",", "")
    value = float(text)
    if not np.isfinite(value):
        raise ValueError(f"{cell!r} is not a number")
    tally.text += 1
    return value


def money_rows(
    rows: Sequence[Sequence[object]], where: Callable[[int, int], str], tally: Tally, width: int
) -> FloatArray:
    """Return rows of cells as an array.

    Parameters
    ----------
    rows : sequence of sequences
        Cells, each row of length `width`.
    where : callable
        Names the cell (row, column) for the message, file included.
    tally : Tally
        Counts what was not a plain number.

    Raises
    ------
    FormatError
        If a cell holds text that is not a number.
    """
    out = np.zeros((len(rows), width))
    for i, row in enumerate(rows):
        if all(type(cell) is float for cell in row):
            out[i] = np.array(row, dtype=float)
            continue
        for j, cell in enumerate(row):
            try:
                out[i, j] = cell if type(cell) is float else money(cell, tally)
            except ValueError as error:
                raise FormatError(
                    f"{where(i, j)}: found {cell!r} where a number was expected. Correct the cell, or fetch "
                    "the file again."
                ) from error
    return out
