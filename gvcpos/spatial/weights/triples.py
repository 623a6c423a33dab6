"""Weights given pair by pair, from a frame or a file: every fault is named with the row or line it is in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import sparse

from gvcpos._core.errors import FormatError, InputError, LabelError
from gvcpos._core.labels import enumerate_labels, unique


@dataclass(frozen=True)
class Triples:
    """Pairs and their weights, not checked yet.

    Attributes
    ----------
    source : str
        File or frame, for messages.
    focal, neighbour : sequence of str
    weight : sequence of float
    lines : sequence of int
        Where each pair stands in the source.
    unit : str
        What `lines` counts, as in ``"line"``.
    numbered : bool
        Whether the labels are places 1, 2, ... in a list of units that the source does not have.
    """

    source: str
    focal: Sequence[str]
    neighbour: Sequence[str]
    weight: Sequence[float]
    lines: Sequence[int]
    unit: str = "line"
    numbered: bool = False

    def at(self, k: int) -> str:
        """Say where the pair `k` stands."""
        return f"{self.source}, {self.unit} {self.lines[k]}"

    @property
    def labels(self) -> tuple[str, ...]:
        """All units: those that have neighbours in order of appearance, then those that only are neighbours."""
        return tuple(dict.fromkeys([*self.focal, *self.neighbour]))

    def renamed(self, names: Sequence[str]) -> tuple[Triples, tuple[str, ...]]:
        """Give units that are numbered from 1 the names that stand at those places; return the names too.

        Raises
        ------
        LabelError
            If a number has no name.
        """
        units = tuple(str(name) for name in names)
        place = {str(i): name for i, name in enumerate(units, 1)}
        _refuse_unknown(self, place)
        focal, neighbour = ([place[label] for label in labels] for labels in (self.focal, self.neighbour))
        return replace(self, focal=focal, neighbour=neighbour, numbered=False), units


def assemble(given: Triples, ids: Iterable[object] | None) -> tuple[tuple[str, ...], sparse.csr_array]:
    """Check pairs and arrange them as a square.

    Parameters
    ----------
    given : Triples
    ids : iterable of str, optional
        All units, in order; default those of the pairs.

    Returns
    -------
    ids : tuple of str
    matrix : csr_array, shape (n, n)

    Raises
    ------
    LabelError
        If a label is empty, is not among `ids`, or `ids` are duplicated.
    FormatError
        If a pair is given twice.
    InputError
        If a weight is negative or not finite, or a unit is its own neighbour with a weight that is not 0.
    """
    units = unique(given.labels if ids is None else ids, f"{given.source}: units")
    place = {label: i for i, label in enumerate(units)}
    _refuse_unknown(given, place)
    rows = np.array([place[label] for label in given.focal], dtype=np.int64)
    columns = np.array([place[label] for label in given.neighbour], dtype=np.int64)
    _refuse_twice(given, rows * len(units) + columns)
    for k, weight in enumerate(given.weight):
        pair = f"{given.at(k)}: the weight of {given.focal[k]} -> {given.neighbour[k]} is {weight}"
        if not math.isfinite(weight) or weight < 0:
            raise InputError(f"{pair}. Weights must be finite numbers, zero or more.")
        if weight and rows[k] == columns[k]:
            raise InputError(f"{pair}: a unit is not its own neighbour. The diagonal must be 0.")
    values = np.asarray(given.weight, dtype=np.float64)
    return units, sparse.csr_array((values, (rows, columns)), shape=(len(units), len(units)))


def _refuse_unknown(given: Triples, place: Mapping[str, object]) -> None:
    for labels in (given.focal, given.neighbour):
        unknown = [k for k, label in enumerate(labels) if label not in place]
        if unknown:
            names = dict.fromkeys(labels[k] for k in unknown)
            raise LabelError(
                f"{given.at(unknown[0])}: no such unit: {enumerate_labels(names)}. "
                f"There are: {enumerate_labels(place, 20)}."
            )


def _refuse_twice(given: Triples, keys: np.ndarray) -> None:
    if np.unique(keys).size == keys.size:
        return
    seen: dict[int, int] = {}
    for k, key in enumerate(keys.tolist()):
        if key in seen:
            pair = f"{given.focal[k]} -> {given.neighbour[k]}"
            raise FormatError(
                f"{given.at(k)}: the pair {pair} is given twice, first in {given.unit} {given.lines[seen[key]]}."
            )
        seen[key] = k


def text_of(path: Path) -> str:
    """Read a text file, with or without a byte-order mark.

    Raises
    ------
    FormatError
        If it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: byte {error.start} is not UTF-8. Save the file as UTF-8 text.") from error


def number(text: str, where: str) -> float:
    """Read a weight.

    Raises
    ------
    FormatError
        If it is not a number.
    """
    try:
        return float(text)
    except ValueError as error:
        raise FormatError(f"{where}: the weight is {text!r}, not a number.") from error


def count(text: str, where: str, what: str) -> int:
    """Read a whole number, zero or more.

    Raises
    ------
    FormatError
        If it is not one.
    """
    if not text.isascii() or not text.isdigit():
        raise FormatError(f"{where}: {what} is {text!r}, not a whole number.")
    return int(text)
