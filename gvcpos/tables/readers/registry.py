"""Which reader a file needs, told from its content, and the one function that reads any of them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from gvcpos._core.errors import FormatError, InputError
from gvcpos.tables.iotable import IOTable
from gvcpos.tables.readers.source import Source, year_in_name


@dataclass(frozen=True)
class Format:
    """A file format: its name for ``format=``, what it is, and the module with ``sniff`` and ``read``."""

    name: str
    title: str
    module: str

    def load(self) -> ModuleType:
        """Import the reader's module."""
        return import_module(f"gvcpos.tables.readers.{self.module}")


FORMATS: tuple[Format, ...] = (
    Format("native", "gvcpos table (Arrow)", "native"),
    Format("wiod2013", "WIOD 2013 release, xlsx", "wiod2013"),
    Format("adb", "ADB MRIO, xlsx", "adb"),
    Format("lrwiod", "Long-Run WIOD, xlsx", "lrwiod"),
    Format("wiod_rdata", "WIOD 2013 release, R workspace", "wiod_rdata"),
    Format("arrays", "numpy arrays, npz", "arrays"),
    Format("oecd", "OECD ICIO, csv", "oecd"),
    Format("lrwiod_long", "Long-Run WIOD, long csv of all years", "lrwiod_long"),
)


def detect(source: Source) -> Format:
    """Tell a file's format from its content.

    Raises
    ------
    FormatError
        If it is none that gvcpos reads.
    """
    for format_ in FORMATS:
        if format_.load().sniff(source):
            return format_
    known = "; ".join(f.title for f in FORMATS)
    raise FormatError(
        f"{source.path}: not an input-output table that gvcpos knows (content: {source.kind}). It reads: {known}."
    )


def read_table(path: str | Path, *, format: str | None = None, strict: bool = False, **options: object) -> IOTable:
    """Read one published table.

    Parameters
    ----------
    path : str or Path
        The file; its format is told from its content.
    format : str, optional
        ``"wiod2013"``, ``"adb"``, ``"lrwiod"``, ``"wiod_rdata"``, ``"arrays"``, ``"oecd"``,
        ``"lrwiod_long"`` or ``"native"``, to skip the detection.
    strict : bool
        Raise, not warn, if an identity fails by more than the publisher's tolerance.
    **options
        What the format's reader takes: `year` where the file does not state it, ``splits="merge"`` (OECD),
        `countries` (regional R tables), `unit` and `name` (arrays).

    Returns
    -------
    IOTable
        Country labels are ISO3 (and ROW); the publisher's own are in ``meta.original_countries``.

    Raises
    ------
    InputError
        If there is no such file, or an option that the format does not know.
    FormatError
        If the file is not laid out as its publisher lays it out; the message says where.
    IdentityError
        If `strict` and the table does not balance.

    Warns
    -----
    IdentityWarning
        If an identity fails by more than the tolerance.
    """
    source = Source.of(path)
    return read_source(source, _named(format) if format else detect(source), strict=strict, **options)


def read_source(source: Source, format_: Format, *, strict: bool = False, **options: object) -> IOTable:
    """Read an opened source with a known format; see `read_table`."""
    from gvcpos.tables.readers.assemble import finish, hold_to_identities

    read = format_.load().read
    allowed = [name for name in inspect.signature(read).parameters if name != "source"]
    unknown = [name for name in options if name not in allowed]
    if unknown:
        raise InputError(
            f"{source.path}: the format {format_.name!r} has no option {', '.join(unknown)}. "
            f"It has: {', '.join(allowed) or 'none'}."
        )
    given: Any = {name: value for name, value in options.items() if value is not None}
    found = read(source, **given)
    if isinstance(found, IOTable):
        hold_to_identities(found, source.path, strict=strict)
        return found
    return finish(found, source.path, strict=strict)


def years_of(path: str | Path, options: dict[str, Any]) -> tuple[int, ...] | None:
    """Return the years in a file without reading its cells, or None if only reading tells.

    The year of the ``year`` option; else those of a long file or of the csvs in a zip archive; else the one
    the name states.
    """
    if options.get("year") is not None:
        return (int(options["year"]),)
    source = Source.of(path)
    if source.kind == "text":
        from gvcpos.tables.readers import lrwiod_long

        if lrwiod_long.sniff(source):
            return lrwiod_long.years(source)
    if source.kind == "zip":
        inside = {year_in_name(name) for name in source.members if name.lower().endswith(".csv")}
        if inside and None not in inside:
            return tuple(sorted(year for year in inside if year is not None))
    stated = year_in_name(path)
    return None if stated is None else (stated,)


def _named(name: str) -> Format:
    for format_ in FORMATS:
        if format_.name == name:
            return format_
    raise InputError(f"format={name!r} is not known. Allowed: {', '.join(repr(f.name) for f in FORMATS)}.")
