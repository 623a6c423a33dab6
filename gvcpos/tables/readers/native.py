"""gvcpos's own table file among the readers; see `gvcpos.tables.native`."""

from __future__ import annotations

from gvcpos.tables.iotable import IOTable
from gvcpos.tables.native import read_native
from gvcpos.tables.readers.source import Source


def sniff(source: Source) -> bool:
    """Tell whether a file is an Arrow file."""
    return source.kind == "arrow"


def read(source: Source) -> IOTable:
    """Read a table that `IOTable.save` wrote."""
    return read_native(source.path)
