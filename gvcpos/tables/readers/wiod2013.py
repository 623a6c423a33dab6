"""WIOD, 2013 release: one xlsx a year, 40 countries and the rest of the world, 35 industries.

Dietzenbacher, Los, Stehrer, Timmer and de Vries (2013), Economic Systems Research 25(1), 71-98.
"""

from __future__ import annotations

import re

import numpy as np

from gvcpos._core.errors import FormatError
from gvcpos.tables.readers.assemble import Parts
from gvcpos.tables.readers.coded_sheet import final_codes, find_frame, read_block
from gvcpos.tables.readers.source import Source, agreed_year, release_in_name, year_in_name

_DIGITS = 8  # cells carry eight significant digits (single precision), totals are exact


def sniff(source: Source) -> bool:
    """Tell whether a workbook is laid out as WIOD 2013: final demand under c37 …"""
    if source.kind != "xlsx":
        return False
    frame = find_frame(source.sheet[1])
    return frame is not None and any(code.startswith("c") for code in final_codes(source.sheet[1], frame))


def read(source: Source, *, year: int | None = None) -> Parts:
    """Read one year.

    All primary rows are kept (r99 net product taxes, r61 … r63 adjustments, r64 value added, r65 the
    unlabelled international transport margins), so that the columns close.
    """
    sheet, rows = source.sheet
    frame = find_frame(rows)
    if frame is None:
        raise FormatError(f"{source.path}: no row of codes c1, c2 … above the cells. Not a WIOD 2013 table.")
    block = read_block(rows, frame, source.path)
    title = " ".join(str(cell) for row in rows[: frame.country_row] for cell in row[:1])
    found = re.search(r"(19|20)\d\d", f"{sheet} {title}")
    when = agreed_year(year, int(found[0]) if found else None, source) or year_in_name(source.path)
    if when is None:
        raise FormatError(f"{source.path}: neither title nor name state a year. Give year=.")
    rounding = 0.5 * 10.0 ** (1 - _DIGITS) * max(float(np.abs(block.x).max()), 1.0)
    return Parts(
        **vars(block),
        publisher="wiod2013",
        source="WIOD 2013 release",
        year=when,
        unit="million USD, " + ("previous-year prices" if "previous" in title.lower() else "current prices"),
        vintage=release_in_name(source.path),
        tolerance=max(rounding, 1e-3),
        synthetic=source.synthetic,
    )
