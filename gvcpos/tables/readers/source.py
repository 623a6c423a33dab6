"""What a file is before anybody reads it: its kind, its first lines, its cells, the year in its name."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, cast

from gvcpos._core.errors import FormatError, InputError
from gvcpos._core.files import existing_file

Kind = Literal["xlsx", "npz", "zip", "arrow", "rdata", "text", "binary"]
Rows = list[list[object]]
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_NOT_THE_YEAR = re.compile(
    rf"(?:{_MONTHS})[a-z]*[ _-]?(?:19|20)\d\d"  # released in June 2023
    r"|(?:19|20)\d\d[ _-]?ed"  # 2023 edition
    r"|constant[ _-](?:19|20)\d\d"  # at constant 2010 prices
    r"|(?:wiot|wiod|icio)(?:19|20)\d\d(?=.*(?:19|20)\d\d)",  # ICIO2016_2003: release, then year
    re.IGNORECASE,
)
_SHORT_YEAR = re.compile(r"(?<![a-z])wiot(\d\d)(?!\d)", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_HEAD = 1 << 16


def agreed_year(asked: int | None, stated: int | None, source: Source) -> int | None:
    """Return the year that the file states or, where it states none, the one asked for.

    Raises
    ------
    InputError
        If the two contradict each other.
    """
    if asked is not None and stated is not None and asked != stated:
        raise InputError(f"{source.path}: the file says {stated}, year={asked} was given. Leave year out.")
    return stated if stated is not None else asked


def year_in_name(path: str | Path) -> int | None:
    """Return the year that a file's name states, or None if it states none or several.

    Dates of release (``June2023``, ``August 2025``, ``2023ed``) are not the table's year.
    """
    name = Path(path).name
    short = _SHORT_YEAR.search(name)
    if short:  # WIOT95 … WIOT11
        return (1900 if int(short[1]) >= 90 else 2000) + int(short[1])
    years = set(_YEAR.findall(_NOT_THE_YEAR.sub(" ", name)))
    return int(years.pop()) if len(years) == 1 else None


def release_in_name(path: str | Path) -> str:
    """Return the release date in a file's name, as in ``"June 2023"``, or an empty string."""
    found = re.search(rf"((?:{_MONTHS})[a-z]*)[ _-]?((?:19|20)?\d\d)(?!\d)", Path(path).name, re.IGNORECASE)
    if not found:
        return ""
    year = found[2] if len(found[2]) == 4 else f"20{found[2]}"
    return f"{found[1].capitalize()} {year}"


@dataclass(frozen=True)
class Source:
    """A file to be read; what is found out about it is kept."""

    path: Path

    @classmethod
    def of(cls, path: str | Path) -> Source:
        """Return the source of an existing file; InputError if there is none, FormatError if it is empty."""
        found = existing_file(path, "an input-output table")
        if found.stat().st_size == 0:
            raise FormatError(f"{found}: the file is empty (0 bytes). Fetch it again.")
        return cls(found)

    @cached_property
    def kind(self) -> Kind:
        """The container, by content."""
        from gvcpos.tables.readers.rserial import is_rdata

        with self.path.open("rb") as stream:
            head = stream.read(_HEAD)
        if head.startswith(b"ARROW1"):
            return "arrow"
        if head.startswith(b"PK"):
            return self._zip_kind()
        if is_rdata(self.path):
            return "rdata"
        return "binary" if b"\0" in head else "text"

    def _zip_kind(self) -> Kind:
        names = self.members
        if any(name.startswith("xl/") for name in names):
            return "xlsx"
        return "npz" if names and all(name.endswith(".npy") for name in names) else "zip"

    @cached_property
    def members(self) -> list[str]:
        """Names inside a zip archive."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                return archive.namelist()
        except (zipfile.BadZipFile, OSError) as error:
            raise FormatError(
                f"{self.path}: begins as a zip archive (xlsx, npz, zip) but is broken or cut short ({error}). "
                "Fetch the file again."
            ) from error

    @cached_property
    def first_line(self) -> str:
        """The first line of a text file (or of the only csv in a zip)."""
        return self.head.split("\n", 1)[0].rstrip("\r")

    @cached_property
    def head(self) -> str:
        """The first 1 MB of a text file, or of the csv in a zip archive."""
        size = 1 << 20
        if self.kind == "zip":
            csvs = [name for name in self.members if name.lower().endswith(".csv")]
            if not csvs:
                return ""
            with zipfile.ZipFile(self.path) as archive, archive.open(csvs[0]) as stream:
                return stream.read(size).decode("utf-8-sig", errors="replace")
        with self.path.open("rb") as stream:
            return stream.read(size).decode("utf-8-sig", errors="replace")

    @cached_property
    def sheet(self) -> tuple[str, Rows]:
        """Name and cells of the sheet that holds the table: the one named for a year, or the first."""
        from python_calamine import CalamineError, CalamineWorkbook

        try:
            book = CalamineWorkbook.from_path(str(self.path))
            names = book.sheet_names
            dated = [name for name in names if re.search(r"(19|20)\d\d\s*$", name)]
            name = (dated or names)[0]
            cells = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            return name, cast("Rows", cells)
        except (CalamineError, OSError, IndexError, ValueError) as error:
            raise FormatError(f"{self.path}: the workbook cannot be opened ({error}). Fetch the file again.") from error

    @property
    def synthetic(self) -> bool:
        """True if the file's own name or title says that its numbers are invented."""
        title = self.sheet[1][0][:1] if self.kind == "xlsx" and self.sheet[1] else []
        text = " ".join([self.path.name, *map(str, title)])
        return re.search(r"synthetic|\bmock\b", text, re.IGNORECASE) is not None


def column_letters(index: int) -> str:
    """Return a spreadsheet's name of a column: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
