"""What a file is: publisher, edition, size, how well it balances, and what is odd about it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

from gvcpos._core.errors import IdentityWarning
from gvcpos.tables.iotable import IOTable, TableMeta
from gvcpos.tables.readers.registry import detect, read_source
from gvcpos.tables.readers.source import Source
from gvcpos.tables.validation import TableReport


@dataclass(frozen=True)
class FileReport:
    """The findings of `inspect_file`; ``str()`` of it is meant for reading.

    Attributes
    ----------
    path : Path
    bytes : int
        Size of the file.
    format, title : str
        The reader's name, as for ``read_table(format=…)``, and what it reads.
    countries, sectors, final_categories, va_rows : tuple of str
        Labels found.
    meta : TableMeta
        Year, unit, source, vintage, tolerance, what the reader changed.
    checks : TableReport
        Identity errors with their worst cell, zero-output sectors, negative cells.
    """

    path: Path
    bytes: int
    format: str
    title: str
    countries: tuple[str, ...]
    sectors: tuple[str, ...]
    final_categories: tuple[str, ...]
    va_rows: tuple[str, ...]
    meta: TableMeta
    checks: TableReport

    @property
    def size(self) -> tuple[int, int, int]:
        """Numbers of countries, sectors and final-demand categories, (G, N, C)."""
        return len(self.countries), len(self.sectors), len(self.final_categories)

    @property
    def ok(self) -> bool:
        """True if both identities hold within the publisher's tolerance."""
        return self.checks.ok

    def __str__(self) -> str:
        g, n, c = self.size
        meta = self.meta
        source = f"{meta.source}, {meta.vintage}" if meta.vintage else meta.source
        recoded = [f"{old} -> {new}" for new, old in meta.original_countries.items()]
        lines = [
            f"file             {self.path} ({self.bytes / 1e6:.1f} MB)",
            f"format           {self.title} [{self.format}]",
            f"source           {source}" + ("  (SYNTHETIC NUMBERS)" if meta.synthetic else ""),
            f"year             {meta.year}",
            f"unit             {meta.unit}",
            f"size             {g} countries x {n} sectors ({g * n} rows), {c} final-demand categories",
            f"countries        {' '.join(self.countries)}",
            f"codes changed    {', '.join(recoded) or 'none'}",
            f"sectors          {' '.join(self.sectors)}",
            f"final demand     {', '.join(self.final_categories)}",
            f"value added      {', '.join(self.va_rows)}",
            str(self.checks),
            *(f"note             {note}" for note in meta.notes),
        ]
        return "\n".join(lines)


def inspect_file(path: str | Path, **options: object) -> FileReport:
    """Read a table file and say what it is.

    Parameters
    ----------
    path : str or Path
    **options
        As for `read_table`, where the file does not say enough (``year=2011``).

    Raises
    ------
    InputError, FormatError
        If there is no such file, or it is no table that gvcpos reads. An imbalance is no error here; it is
        in the report.
    """
    source = Source.of(path)
    format_ = detect(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IdentityWarning)
        table: IOTable = read_source(source, format_, **options)  # type: ignore[arg-type]
    return FileReport(
        path=source.path,
        bytes=source.path.stat().st_size,
        format=format_.name,
        title=format_.title,
        countries=table.countries,
        sectors=table.sectors,
        final_categories=table.final_categories,
        va_rows=table.va_rows,
        meta=table.meta,
        checks=table.validate(),
    )
