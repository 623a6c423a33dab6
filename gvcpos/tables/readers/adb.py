"""ADB Multiregional Input-Output tables: one xlsx a year, 62, 72 or 75 economies, 35 sectors.

Both header variants (with and without the row of four-digit codes) and all numbers of economies are read
by their labels. The constant-price series (2010 prices) is told from the title or the file's name.
"""

from __future__ import annotations

import re

from gvcpos._core.errors import FormatError
from gvcpos.tables.readers.assemble import Parts
from gvcpos.tables.readers.coded_sheet import final_codes, find_frame, read_block
from gvcpos.tables.readers.source import Source, agreed_year, release_in_name, year_in_name

# ADB shows whole millions; the accounts of 2000-2022 derived from the full cells balance to 4e-8. One unit of
# the last digit shown is what a blank or text cell of the file may have lost.
TOLERANCE = 1.0


def sniff(source: Source) -> bool:
    """Tell whether a workbook is laid out as ADB-MRIO: final demand under F1 … F5."""
    if source.kind != "xlsx":
        return False
    frame = find_frame(source.sheet[1])
    return frame is not None and any(code.startswith("F") for code in final_codes(source.sheet[1], frame))


def read(source: Source, *, year: int | None = None) -> Parts:
    """Read one year. ADB's own economy codes (PRC, GER …) become ISO3; the original stays in the meta."""
    sheet, rows = source.sheet
    frame = find_frame(rows)
    if frame is None:
        raise FormatError(f"{source.path}: no row of codes c1, c2 … above the cells. Not an ADB-MRIO table.")
    block = read_block(rows, frame, source.path)
    title = " ".join(str(cell) for row in rows[: frame.country_row] for cell in row[:1])
    stated = re.search(r"table\s+((?:19|20)\d\d)", title, re.IGNORECASE) or re.search(r"((?:19|20)\d\d)\s*$", sheet)
    when = agreed_year(year, int(stated[1]) if stated else None, source) or year_in_name(source.path)
    if when is None:
        raise FormatError(f"{source.path}: neither title, sheet nor name state a year. Give year=.")
    constant = re.search(r"constant[ -]+(\d{4})", f"{title} {source.path.name}", re.IGNORECASE)
    return Parts(
        **{**vars(block), "notes": (*block.notes, *_count_note(title, len(block.countries)))},
        publisher="adb",
        source="ADB MRIO",
        year=when,
        unit=f"million USD, {f'constant {constant[1]} prices' if constant else 'current prices'}",
        vintage=release_in_name(source.path),
        tolerance=TOLERANCE,
        synthetic=source.synthetic,
    )


def _count_note(title: str, found: int) -> tuple[str, ...]:
    """Compare the number of economies that the title states with those in the file."""
    stated = re.search(r"(\d+)\s+economies", title)
    if stated is None or int(stated[1]) in (found, found - 1):  # with or without the rest of the world
        return ()
    return (f"the title speaks of {stated[1]} economies, the file has {found}",)
