"""The table's own file: one Arrow IPC file, lossless, without pickle.

Rows are country-sectors. Columns are ``country``, ``sector``, ``x`` and three columns of fixed-size lists of
float64: ``Z`` (deliveries to every country-sector), ``Y`` (final demand by destination and category) and
``va`` (value added by row). Labels and `TableMeta` travel as JSON in the schema's metadata. Any Arrow
program reads the file; the same table gives the same bytes.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from gvcpos._core.errors import FormatError, InputError
from gvcpos._core.files import atomic_path, existing_file
from gvcpos.tables.iotable import FloatArray, IOTable

FORMAT = "gvcpos-table"
VERSION = 1
_KEY = b"gvcpos"
_LABELS = ("countries", "sectors", "final_categories", "va_rows")


def save(table: IOTable, path: str | Path) -> Path:
    """Write a table losslessly: every bit of every cell, every label, every note.

    The file appears whole or not at all. Returns the path.
    """
    described = {
        "format": FORMAT,
        "version": VERSION,
        **{name: list(getattr(table, name)) for name in _LABELS},
        "meta": {**vars(table.meta), "original_countries": list(table.meta.original_countries.items())},
    }
    text = json.dumps(described, ensure_ascii=False, sort_keys=True)
    columns = {
        "country": pa.array(table.index.get_level_values(0).tolist(), pa.string()),
        "sector": pa.array(table.index.get_level_values(1).tolist(), pa.string()),
        "x": pa.array(table.x),
        "Z": _lists(table.Z),
        "Y": _lists(table.Y),
        "va": _lists(np.ascontiguousarray(table.va.T)),
    }
    frame = pa.table(columns).replace_schema_metadata({_KEY: text.encode()})
    options = pa.ipc.IpcWriteOptions(compression="zstd", use_threads=False)
    with (
        atomic_path(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, frame.schema, options=options) as writer,
    ):
        writer.write_table(frame)
    return Path(path)


def read_native(path: str | Path) -> IOTable:
    """Read a table that `save` wrote.

    Raises
    ------
    InputError
        If there is no such file.
    FormatError
        If the file is truncated, is not a gvcpos table or has a later format version.
    """
    found = existing_file(path, "a gvcpos table")
    try:
        with pa.memory_map(str(found)) as source:
            frame = pa.ipc.open_file(source).read_all()
    except (pa.ArrowInvalid, OSError) as error:
        raise FormatError(f"{found}: not a whole Arrow file ({error}). Write it again with IOTable.save().") from error
    described = _described(frame, found)
    try:
        return _build(frame, described)
    except (KeyError, TypeError, AttributeError, InputError) as error:
        raise FormatError(
            f"{found}: the parts of the table do not fit together ({error}). Write it again with IOTable.save()."
        ) from error


def _build(frame: pa.Table, described: dict) -> IOTable:
    meta = {**described["meta"]}
    meta["original_countries"] = dict(meta["original_countries"])
    meta["notes"] = tuple(meta["notes"])
    labels = {name: described[name] for name in _LABELS}
    table = IOTable.from_arrays(
        _matrix(frame["Z"]), _matrix(frame["Y"]), va=_matrix(frame["va"]).T, x=frame["x"].to_numpy(), **labels
    ).with_meta(**meta)
    rows = list(zip(frame["country"].to_pylist(), frame["sector"].to_pylist(), strict=True))
    if rows != table.index.tolist():
        raise InputError("the rows are not the countries and sectors that the metadata lists")
    return table


def _described(frame: pa.Table, path: Path) -> dict:
    raw = (frame.schema.metadata or {}).get(_KEY)
    try:
        described = json.loads(raw) if raw else {}
    except ValueError:
        described = {}
    if not isinstance(described, dict) or described.get("format") != FORMAT:
        raise FormatError(f"{path}: an Arrow file, but not a gvcpos table. Write one with IOTable.save().")
    if described.get("version") != VERSION:
        raise FormatError(
            f"{path}: format version {described.get('version')}; this gvcpos reads version {VERSION}. Update gvcpos."
        )
    return described


def _lists(matrix: FloatArray) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])


def _matrix(column: pa.ChunkedArray) -> FloatArray:
    """Return the lists of a column as an array, one row a list."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0)
    return array.flatten().to_numpy(zero_copy_only=False).reshape(-1, array.type.list_size)
