"""Labels, and the one way two labelled things are brought together.

Alignment is by label, never by position. A label that is missing, duplicated or left over is an error
that names it; an order that differs changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import LabelError

_SHOWN = 8


def enumerate_labels(labels: Iterable[object], most: int = _SHOWN) -> str:
    """Write labels for a message: the first `most` of them and how many more there are."""
    items = [_text(label) for label in labels]
    more = f" (+{len(items) - most} more)" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def _text(label: object) -> str:
    """Write a label, a row of several levels without the quotes and types of its parts."""
    return f"({', '.join(map(str, label))})" if isinstance(label, tuple) else str(label)


def unique(labels: Iterable[object], what: str) -> tuple[str, ...]:
    """Return the labels as a tuple of strings.

    Parameters
    ----------
    labels : iterable
        Labels of one dimension, in order. ``"NA"`` is a label like any other.
    what : str
        What the labels name, for the message, as in ``"countries of the table"``.

    Raises
    ------
    LabelError
        If a label occurs twice or is empty.
    """
    out = tuple(str(label) for label in labels)
    twice = [label for label, count in Counter(out).items() if count > 1]
    if twice:
        raise LabelError(f"{what}: duplicated labels: {enumerate_labels(twice)}. Each must occur once.")
    if any(label.strip() == "" for label in out):
        raise LabelError(f"{what}: an empty label at position {[s.strip() for s in out].index('')}.")
    return out


def align(labels: Sequence[object], reference: Sequence[object], what: str, against: str) -> npt.NDArray[np.intp]:
    """Find the order that brings `labels` to `reference`.

    Parameters
    ----------
    labels, reference : sequence
        Two lists of labels that must name the same things.
    what, against : str
        What each list belongs to, for the message.

    Returns
    -------
    ndarray of int, shape (len(reference),)
        Positions such that ``labels[positions] == reference``.

    Raises
    ------
    LabelError
        If a label is duplicated, missing or left over; the message names them.
    """
    have = unique(labels, what)
    want = unique(reference, against)
    place = {label: i for i, label in enumerate(have)}
    wanted = set(want)
    missing = [label for label in want if label not in place]
    extra = [label for label in have if label not in wanted]
    if missing or extra:
        parts = []
        if missing:
            parts.append(f"{what} lacks {enumerate_labels(missing)}")
        if extra:
            parts.append(f"{what} has {enumerate_labels(extra)}, which {against} does not have")
        raise LabelError("; ".join(parts) + ". Give both the same labels (order does not matter).")
    return np.array([place[label] for label in want], dtype=np.intp)


def locate(wanted: Iterable[object], labels: Sequence[object], what: str) -> npt.NDArray[np.intp]:
    """Find the positions of some labels among all labels of a dimension.

    Raises
    ------
    LabelError
        If a wanted label is duplicated or is not among `labels`.
    """
    chosen = unique(wanted, f"chosen {what}")
    place = {str(label): i for i, label in enumerate(labels)}
    unknown = [label for label in chosen if label not in place]
    if unknown:
        raise LabelError(f"no such {what}: {enumerate_labels(unknown)}. There are: {enumerate_labels(labels, 20)}.")
    return np.array([place[label] for label in chosen], dtype=np.intp)
