"""Weights as files: triples in parquet or csv without loss, edge lists of others, and the formats of other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gvcpos._core.errors import FormatError, LabelError
from gvcpos._core.files import atomic_path, existing_file, write_text
from gvcpos._core.labels import align, enumerate_labels, unique
from gvcpos._core.options import Islands
from gvcpos.spatial.weights.formats import READERS, WRITERS
from gvcpos.spatial.weights.matrix import Weights
from gvcpos.spatial.weights.triples import Triples, assemble, number, text_of

_COLUMNS = (("focal", "neighbour", "weight"), ("origin", "destination", "weight"))
_LISTW = ("from", "to", "weights")  # what R's spdep::listw2sn writes
_OURS = ("csv", "parquet")
_KEY = b"gvcpos-weights"
_MARK = "#gvcpos-weights "


def save(weights: Weights, path: str | Path) -> Path:
    """Write weights, atomically, in the format that the name ends in.

    ``.parquet`` and ``.csv`` keep everything: the order of the units, islands, kind, parameters and normalisation go
    along as metadata in parquet, as a first line that starts with ``#gvcpos-weights`` in csv. ``.mtx`` (Matrix Market)
    keeps labels and weights, ``.gwt`` (GeoDa) weights of units with neighbours, ``.gal`` (GeoDa) who neighbours whom,
    ``.txt`` (Stata's spmatrix and spmat) weights of units whose labels are numbers.

    Raises
    ------
    FormatError
        If the name ends in none of these.
    InputError
        If the format cannot keep these weights.
    """
    target = Path(path)
    kind = _kind(target, (*_OURS, *WRITERS))
    if kind in WRITERS:
        return write_text(target, WRITERS[kind](weights))
    with atomic_path(target) as temporary:
        _write_ours(weights, temporary, kind)
    return target


def _write_ours(weights: Weights, path: Path, kind: str) -> None:
    header = json.dumps(
        {
            "ids": list(weights.ids),
            "kind": weights.kind,
            "description": weights.description,
            "parameters": dict(weights.parameters),
            "normalisation": weights.normalisation,
        },
        sort_keys=True,
    )
    frame = weights.to_frame()
    if kind == "csv":
        body = frame.to_csv(index=False, lineterminator="\n")
        path.write_text(f"{_MARK}{header}\n{body}", encoding="utf-8", newline="\n")
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table.replace_schema_metadata({_KEY: header.encode()}), path)


def read(path: str | Path, *, ids: Iterable[object] | None = None, islands: Islands = "error") -> Weights:
    """Read weights that `save` wrote, an edge list, or a file of another program.

    Parameters
    ----------
    path : str or Path
        ``.csv`` or ``.parquet`` with the columns focal, neighbour, weight, or origin, destination, weight, or from,
        to, weights (R's ``write.csv(spdep::listw2sn(listw))``, whose numbers are places in its ``region.id``);
        ``.csv`` with a square, units in the first column and the header (R's ``write.csv(spdep::listw2mat(listw))``);
        ``.gal``, ``.gwt`` and ``.kwt`` (GeoDa, libpysal), ``.mtx`` (Matrix Market), ``.txt`` (Stata's
        ``spmatrix export`` and ``spmat export``).
    ids : iterable of str, optional
        All units, in order; needed where a file does not name those without neighbours. Where the file numbers its
        units (R, Matrix Market, Stata's 1 to N) their names; default the numbers. Elsewhere default the units in the
        order of the file. Not used, but checked, where `save` wrote the units.
    islands : {"error", "keep"}
        What to do with units that have no neighbours, in a file that `save` did not write as csv or parquet.

    Raises
    ------
    FormatError
        If the file is not laid out as it should, a weight is no number, or a pair is given twice.
    LabelError
        If a label is duplicated or unknown.
    InputError
        If there is no such file, a weight is negative or not finite, a unit is its own neighbour, or there are
        islands and they were not asked for. All messages name file and line, those of parquet the row.
    """
    source = existing_file(path, "weights")
    kind = _kind(source, (*_OURS, *READERS))
    header: dict[str, Any] = {}
    if kind in READERS:
        given, units = READERS[kind](source)
    else:
        header, given, units = (_read_csv if kind == "csv" else _read_parquet)(source)
    wanted = None if ids is None else [str(label) for label in ids]
    if wanted is not None and units is not None:
        if given.numbered or (not header and kind in ("csv", "txt") and _are_places(units, wanted)):
            given, units = given.renamed(_as_many(wanted, units, source, more=given.numbered and kind == "csv"))
        else:
            align(wanted, units, "ids", str(source))
    labels, matrix = assemble(given, wanted or units)
    if not header:
        return Weights.from_sparse(labels, matrix, kind="file", description=source.name, islands=islands)
    return Weights(labels, matrix, header["kind"], header["description"], header["parameters"], header["normalisation"])


def _are_places(units: tuple[str, ...], ids: list[str]) -> bool:
    """Whether a square's labels are 1, 2, ... in order, and the ids are no such labels but names for them."""
    return units == tuple(str(i) for i in range(1, len(units) + 1)) and not set(units) & set(ids)


def _as_many(ids: list[str], units: tuple[str, ...], source: Path, *, more: bool) -> list[str]:
    """Refuse too few or too many ids; `more` of pairs, which do not tell how many units follow the last they name."""
    if len(ids) < len(units) or (len(ids) > len(units) and not more):
        raise LabelError(f"{source}: units are numbered from 1 to {len(units)}; {len(ids)} ids were given.")
    return ids


def _kind(path: Path, known: Iterable[str]) -> str:
    suffix = path.suffix.lower().lstrip(".")
    if suffix not in known:
        raise FormatError(
            f"{path}: weights are kept as {', '.join(f'.{name}' for name in known)}, not "
            f"{path.suffix or 'without suffix'}."
        )
    return suffix


Read = tuple[dict[str, Any], Triples, tuple[str, ...] | None]


def _read_csv(path: Path) -> Read:
    """Read with the csv module, which knows the line that each row ends in."""
    text = text_of(path)
    first, _, rest = text.partition("\n")
    ours = first.startswith(_MARK)
    header = json.loads(first[len(_MARK) :]) if ours else {}
    reader = csv.reader(io.StringIO(rest if ours else text, newline=""))
    names = next(reader, [])
    rows = [(reader.line_num + int(ours), row) for row in reader if row]
    for line, row in rows:
        if len(row) != len(names):
            raise FormatError(f"{path}, line {line}: {len(row)} cells; the header has {len(names)}.")
    if not _known(names) and _is_square(names, [row for _, row in rows]):
        return header, *_square(path, names, rows)
    columns = _columns(names, path)
    focal, neighbour, cells = ([row[names.index(name)] for _, row in rows] for name in columns)
    lines = [line for line, _ in rows]
    # Numbers are read by Python: every version of it reads back exactly what was written.
    weight = [number(cell, f"{path}, line {line}") for cell, line in zip(cells, lines, strict=True)]
    given = Triples(str(path), focal, neighbour, weight, lines)
    if columns == _LISTW and all(label.isascii() and label.isdigit() for label in given.labels):
        largest = max((int(label) for label in given.labels), default=0)
        return header, replace(given, numbered=True), tuple(str(i) for i in range(1, largest + 1))
    return header, given, tuple(header["ids"]) if header else None


def _read_parquet(path: Path) -> Read:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    metadata = (table.schema.metadata or {}).get(_KEY)
    header = json.loads(metadata) if metadata else {}
    frame = table.to_pandas()
    columns = _columns([str(name) for name in frame.columns], path)
    focal, neighbour = ([str(label) for label in frame[name]] for name in columns[:2])
    weight = frame[columns[2]].to_numpy(np.float64).tolist()
    given = Triples(str(path), focal, neighbour, weight, range(len(weight)), "row")
    return header, given, tuple(header["ids"]) if header else None


def _square(path: Path, names: list[str], rows: list[tuple[int, list[str]]]) -> tuple[Triples, tuple[str, ...]]:
    """Read a square: focal units in the first column, neighbours in the header, there also as R's V1, V2, ..."""
    ids = unique([row[0] for _, row in rows], f"{path}: the first column")
    header: Sequence[str] = names[1:]
    if _by_r(names):
        header = ids
    align(header, ids, f"the header of {path}", "its first column")
    cells = [
        (ids[i], header[j], number(cell, f"{path}, line {line}"), line)
        for i, (line, row) in enumerate(rows)
        for j, cell in enumerate(row[1:])
    ]
    kept = [cell for cell in cells if cell[2] != 0.0]
    focal, neighbour = [cell[0] for cell in kept], [cell[1] for cell in kept]
    return Triples(str(path), focal, neighbour, [cell[2] for cell in kept], [cell[3] for cell in kept]), ids


def _is_square(names: list[str], rows: list[list[str]]) -> bool:
    """Whether there are as many rows as columns after the first, and the first has labels of the header."""
    return len(rows) == len(names) - 1 and (_by_r(names) or any(row[0] in names[1:] for row in rows))


def _by_r(names: list[str]) -> bool:
    """Whether a header is that of an R matrix without column names."""
    return names[1:] == [f"V{i}" for i in range(1, len(names))]


def _known(names: list[str]) -> tuple[str, str, str] | None:
    """Columns of the focal unit, its neighbour and the weight, by any of the names in use; None if there are none."""
    return next((known for known in (*_COLUMNS, _LISTW) if set(known) <= set(names)), None)


def _columns(names: list[str], path: Path) -> tuple[str, str, str]:
    """Columns of pairs and weights, or the refusal of a file without them."""
    found = _known(names)
    if found:
        return found
    asked = " or ".join(", ".join(known) for known in (*_COLUMNS, _LISTW))
    raise FormatError(
        f"{path}: the columns are {enumerate_labels(names)}; weights files have {asked}, or in csv a square: as many "
        "rows as columns, units in the first column and in the header."
    )
