"""Weights in the text files of other programs: GAL and GWT (GeoDa), Matrix Market, Stata's spmat and spmatrix.

GAL and GWT: Anselin and Rey (2014), Modern Spatial Econometrics in Practice. Matrix Market: Boisvert, Pozo and
Remington (1996, NISTIR 5935). Stata: Drukker, Peng, Prucha and Raciborski (2013, Stata Journal 13:242).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from scipy import sparse

from gvcpos._core.errors import FormatError, InputError, LabelError
from gvcpos._core.labels import enumerate_labels
from gvcpos.spatial.weights.matrix import Weights
from gvcpos.spatial.weights.triples import Triples, count, number, text_of

_IDS = "%gvcpos-unit "
Listed = tuple[Triples, tuple[str, ...] | None]  # the pairs; all units in order, where the file says so


def read_gal(path: Path) -> Listed:
    """Read GAL: for each unit a line with its label and the number of its neighbours, then a line of them.

    Returns the pairs, all of weight 1, and the units in the order of the file.
    """
    lines = _lines(path)
    where, words = next(lines)
    n = _header(path, where, words)
    focal: list[str] = []
    neighbour: list[str] = []
    at: list[int] = []
    units: dict[str, int] = {}
    for k, words in lines:
        if len(words) != 2:
            raise FormatError(f"{path}, line {k}: {len(words)} words; a unit and the number of its neighbours is due.")
        unit, expected = words[0], count(words[1], f"{path}, line {k}", "the number of neighbours")
        if unit in units:
            raise LabelError(f"{path}, line {k}: unit {unit} is given twice, first in line {units[unit]}.")
        units[unit] = k
        j, found = next(lines, (k + 1, [])) if expected else (k, [])
        if len(found) != expected:
            raise FormatError(f"{path}, line {j}: {unit} has {len(found)} neighbours here, {expected} by line {k}.")
        focal += [unit] * expected
        neighbour += found
        at += [j] * expected
    _same_count(path, n, len(units))
    return Triples(str(path), focal, neighbour, [1.0] * len(focal), at), tuple(units)


def write_gal(weights: Weights) -> str:
    """Return GAL; weights that are not all 1 cannot be kept in it."""
    if (weights.matrix.data != 1.0).any():
        raise InputError("GAL keeps who neighbours whom, and no weights. Use .gwt, .mtx or .csv.")
    names = _single_words(weights)
    m = weights.matrix
    rows = [m.indices[m.indptr[i] : m.indptr[i + 1]] for i in range(weights.n)]
    text = [f"{names[i]} {len(row)}\n{' '.join(names[j] for j in row)}\n" for i, row in enumerate(rows)]
    return f"0 {weights.n} weights id\n{''.join(text)}"


def read_gwt(path: Path) -> Listed:
    """Read GWT: lines of focal unit, neighbour, weight. Units without any neighbour are not in such a file."""
    lines = _lines(path)
    where, words = next(lines)
    n = _header(path, where, words)
    pairs = list(lines)
    for k, words in pairs:
        if len(words) != 3:
            raise FormatError(f"{path}, line {k}: {len(words)} words; a unit, its neighbour and a weight are due.")
    focal, neighbour = [w[0] for _, w in pairs], [w[1] for _, w in pairs]
    weight = [number(w[2], f"{path}, line {k}") for k, w in pairs]
    given = Triples(str(path), focal, neighbour, weight, [k for k, _ in pairs])
    if len(given.labels) > n:
        _same_count(path, n, len(given.labels))
    return given, given.labels if len(given.labels) == n else None


def write_gwt(weights: Weights) -> str:
    """Return GWT; units without neighbours, which it has no line for, are refused."""
    if weights.islands:
        raise InputError(
            f"GWT has no line for units without neighbours: {enumerate_labels(weights.islands)}. "
            "Use .mtx, .csv or .parquet."
        )
    names, frame = _single_words(weights), weights.matrix.tocoo()
    triples = zip(frame.coords[0], frame.coords[1], frame.data, strict=True)
    text = "".join(f"{names[i]} {names[j]} {float(w)!r}\n" for i, j, w in triples)
    return f"0 {weights.n} weights id\n{text}"


def read_mtx(path: Path) -> Listed:
    """Read Matrix Market; labels are in the comments where `write_mtx` wrote it, else units are numbered from 1."""
    from scipy.io import mmread

    text = text_of(path).splitlines()
    names = tuple(line[len(_IDS) :] for line in text if line.startswith(_IDS))
    try:
        matrix = sparse.coo_array(mmread(path))
    except (ValueError, OverflowError) as error:
        raise FormatError(f"{path}: not a Matrix Market file: {error}") from error
    if matrix.shape[0] != matrix.shape[1] or np.iscomplexobj(matrix.data):
        raise FormatError(f"{path}: {matrix.shape[0]} x {matrix.shape[1]}, {matrix.dtype}; a real square is needed.")
    if names and len(names) != matrix.shape[0]:
        raise FormatError(f"{path}: {len(names)} units are named for {matrix.shape[0]} rows.")
    rows, columns = ([str(i + 1) for i in axis.tolist()] for axis in matrix.coords)
    values = matrix.data.astype(np.float64).tolist()
    unit = "entry" if " general" in text[0] else "entry with its mirror images counted,"
    given = Triples(str(path), rows, columns, values, range(1, len(values) + 1), unit, numbered=True)
    return given.renamed(names) if names else (given, tuple(str(i + 1) for i in range(matrix.shape[0])))


def write_mtx(weights: Weights) -> str:
    """Return Matrix Market, with the labels in order as comments."""
    m = weights.matrix.tocoo()
    names = "".join(f"{_IDS}{label}\n" for label in weights.ids)
    body = "".join(f"{i + 1} {j + 1} {float(w)!r}\n" for i, j, w in zip(*m.coords, m.data, strict=True))
    head = "%%MatrixMarket matrix coordinate real general\n"
    return f"{head}{names}{weights.n} {weights.n} {m.nnz}\n{body}"


def read_stata(path: Path) -> Listed:
    """Read the text that Stata's ``spmat export`` or ``spmatrix export`` writes: N, then label and row, N times."""
    lines = _lines(path)
    where, words = next(lines)
    if len(words) != 1:
        raise FormatError(
            f"{path}, line {where}: {' '.join(words)!r}; the number of units alone is due. Banded matrices are "
            "not read: export them without bands."
        )
    n = count(words[0], f"{path}, line {where}", "the number of units")
    rows = list(lines)
    for k, words in rows:
        if len(words) != n + 1:
            raise FormatError(
                f"{path}, line {k}: {len(words)} words; a label and {n} weights are due. A file written with "
                "noid or nlist is not read: export it without."
            )
    _same_count(path, n, len(rows))
    ids = tuple(words[0] for _, words in rows)
    pairs = [(k, w[0], ids[j], number(t, f"{path}, line {k}")) for k, w in rows for j, t in enumerate(w[1:])]
    kept = [pair for pair in pairs if pair[3] != 0.0]
    focal, neighbour = [pair[1] for pair in kept], [pair[2] for pair in kept]
    return Triples(str(path), focal, neighbour, [p[3] for p in kept], [p[0] for p in kept]), ids


def write_stata(weights: Weights) -> str:
    """Return what Stata's ``spmatrix import`` and ``spmat import`` read; they want numbers for labels."""
    words = [label for label in weights.ids if not label.isdigit()]
    if words:
        raise LabelError(
            f"Stata wants whole numbers for units, not {enumerate_labels(words)}. Give the weights the values "
            "of _ID: Weights.from_sparse(numbers, weights.matrix)."
        )
    rows = zip(weights.ids, weights.dense().tolist(), strict=True)
    body = "".join(f"{label} {' '.join(repr(w) if w else '0' for w in row)}\n" for label, row in rows)
    return f"{weights.n}\n{body}"


READERS: dict[str, Callable[[Path], Listed]] = {
    "gal": read_gal,
    "gwt": read_gwt,
    "kwt": read_gwt,
    "mtx": read_mtx,
    "txt": read_stata,
}
WRITERS: dict[str, Callable[[Weights], str]] = {
    "gal": write_gal,
    "gwt": write_gwt,
    "mtx": write_mtx,
    "txt": write_stata,
}


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the words of each line that has any; at least one."""
    found = [(k, words) for k, line in enumerate(text_of(path).splitlines(), 1) if (words := line.split())]
    if not found:
        raise FormatError(f"{path}: the file is empty.")
    return iter(found)


def _header(path: Path, line: int, words: list[str]) -> int:
    """Number of units: alone, or second of ``0 n shapefile id``."""
    if len(words) not in (1, 4):
        raise FormatError(f"{path}, line {line}: {' '.join(words)!r}; '0 n name id' or the number of units is due.")
    return count(words[0] if len(words) == 1 else words[1], f"{path}, line {line}", "the number of units")


def _same_count(path: Path, announced: int, found: int) -> None:
    if announced != found:
        raise FormatError(f"{path}: the first line announces {announced} units; there are {found}.")


def _single_words(weights: Weights) -> tuple[str, ...]:
    """Refuse labels with blanks, which separate words in these files."""
    split = [label for label in weights.ids if len(label.split()) != 1]
    if split:
        raise LabelError(f"labels with blanks cannot be kept in GAL and GWT: {enumerate_labels(split)}.")
    return weights.ids
