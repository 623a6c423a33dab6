"""Weights as files: triples (focal, neighbour, weight), in parquet or csv, without loss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from gvcpos._core.errors import FormatError
from gvcpos._core.files import atomic_path, existing_file
from gvcpos._core.labels import enumerate_labels
from gvcpos.spatial.weights.matrix import Weights

_COLUMNS = ["focal", "neighbour", "weight"]
_KEY = b"gvcpos-weights"
_MARK = "#gvcpos-weights "


def save(weights: Weights, path: str | Path) -> Path:
    """Write weights as ``.parquet`` or ``.csv``, atomically.

    The order of the units, islands, kind, parameters and normalisation go along: as metadata in parquet, as a first
    line that starts with ``#gvcpos-weights`` in csv.

    Raises
    ------
    FormatError
        If the name ends in neither.
    """
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
    target, frame = Path(path), weights.to_frame()
    kind = _kind(target)
    with atomic_path(target) as temporary:
        if kind == "csv":
            body = frame.to_csv(index=False, lineterminator="\n")
            temporary.write_text(f"{_MARK}{header}\n{body}", encoding="utf-8", newline="\n")
        else:
            import pyarrow as pa
            import pyarrow.parquet as pq

            table = pa.Table.from_pandas(frame, preserve_index=False)
            pq.write_table(table.replace_schema_metadata({_KEY: header.encode()}), temporary)
    return target


def read(path: str | Path) -> Weights:
    """Read weights that `save` wrote, or any such file with the columns focal, neighbour, weight.

    Without the header the units come in order of first appearance and an island is an error.

    Raises
    ------
    FormatError
        If columns are missing, a pair occurs twice, or a unit is not among the ids of the header.
    """
    source = existing_file(path, "weights")
    header, frame = (_read_csv if _kind(source) == "csv" else _read_parquet)(source)
    missing = [c for c in _COLUMNS if c not in frame.columns]
    if missing:
        raise FormatError(f"{source}: no column {', '.join(missing)}. Weights files have {', '.join(_COLUMNS)}.")
    focal, neighbour = frame["focal"].astype(str), frame["neighbour"].astype(str)
    twice = pd.DataFrame({"focal": focal, "neighbour": neighbour}).duplicated()
    if twice.any():
        pairs = (f"{a} -> {b}" for a, b in zip(focal[twice], neighbour[twice], strict=True))
        raise FormatError(f"{source}: pairs given twice: {enumerate_labels(pairs)}.")
    ids: list[str] = header["ids"] if header else list(dict.fromkeys([*focal, *neighbour]))
    place = {label: i for i, label in enumerate(ids)}
    unknown = [label for label in dict.fromkeys([*focal, *neighbour]) if label not in place]
    if unknown:
        raise FormatError(f"{source}: units that the header does not list: {enumerate_labels(unknown)}.")
    rows, columns = focal.map(place).to_numpy(int), neighbour.map(place).to_numpy(int)
    values = frame["weight"].to_numpy(np.float64)
    matrix = sparse.csr_array((values, (rows, columns)), shape=(len(ids), len(ids)))
    if not header:
        return Weights.from_sparse(ids, matrix, kind="file", description=source.name)
    return Weights(
        tuple(ids),
        matrix,
        header["kind"],
        header["description"],
        header["parameters"],
        header["normalisation"],
    )


def _kind(path: Path) -> str:
    suffix = path.suffix.lower().lstrip(".")
    if suffix not in ("csv", "parquet"):
        raise FormatError(f"{path}: weights are kept as .parquet or .csv, not {path.suffix or 'without suffix'}.")
    return suffix


def _read_csv(path: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    with path.open(encoding="utf-8") as stream:
        first = stream.readline()
    ours = first.startswith(_MARK)
    header = json.loads(first[len(_MARK) :]) if ours else {}
    # Numbers are read by Python: every version of it reads back exactly what was written.
    frame = pd.read_csv(path, skiprows=int(ours), keep_default_na=False, dtype=str)
    if "weight" in frame.columns:
        frame["weight"] = [_number(v, path, k + 2 + int(ours)) for k, v in enumerate(frame["weight"])]
    return header, frame


def _number(text: str, path: Path, line: int) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise FormatError(f"{path}, line {line}: the weight is {text!r}, not a number.") from error


def _read_parquet(path: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    header = (table.schema.metadata or {}).get(_KEY)
    return json.loads(header) if header else {}, table.to_pandas()
