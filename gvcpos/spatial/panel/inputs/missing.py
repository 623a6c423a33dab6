"""What a panel leaves out by a stated rule: whole entities, whole periods, units of W it has no rows for."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import DroppedRowsWarning, InputError
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos._core.options import MissingRule
from gvcpos.spatial.panel.choices import Chosen
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.periods import PeriodWeights

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class LeftOut:
    """What was left out of the data and the weights as they were given.

    Attributes
    ----------
    rule : {"error", "drop-entities", "drop-periods"}
        What was asked for.
    entities : tuple of str
        Dropped because a row or a value is missing in some period.
    periods : tuple
        Dropped because a row or a value is missing for some entity.
    rows : int
        The caller's rows that are not in the sample.
    units : tuple of str
        Units of W for which the panel never had rows.
    """

    rule: str = "error"
    entities: tuple[str, ...] = ()
    periods: tuple[object, ...] = ()
    rows: int = 0
    units: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.entities or self.periods or self.units)

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Names and values for a summary; nothing where nothing was left out."""
        missing = f"{self.rows} rows of"
        lines = (
            ("Entities left out", self.entities, f"{missing} {enumerate_labels(self.entities)} ({self.rule})"),
            ("Periods left out", self.periods, f"{missing} {enumerate_labels(self.periods)} ({self.rule})"),
            ("Units of W left out", self.units, enumerate_labels(self.units)),
        )
        return tuple((name, text) for name, labels, text in lines if labels)


def apply_rule(
    present: Mask, ids: Sequence[str], times: Sequence[object], rule: MissingRule
) -> tuple[tuple[Mask, Mask], LeftOut]:
    """Decide which entities and periods stay, and warn of those that do not.

    Parameters
    ----------
    present : ndarray of bool, shape (T, N)
        Whether the row is there and has no missing value.
    ids : sequence of N str
    times : sequence of T labels
    rule : {"drop-entities", "drop-periods"}

    Returns
    -------
    kept : (ndarray of bool, shape (N,); ndarray of bool, shape (T,))
        Entities and periods that stay.
    out : LeftOut
        Its rows are the cells that do not.

    Raises
    ------
    InputError
        If the rule leaves nothing.

    Warns
    -----
    DroppedRowsWarning
        If anything was dropped; the message names it.
    """
    by_entity = rule == "drop-entities"
    entities: Mask = np.asarray(present.all(axis=0)) if by_entity else np.ones(len(ids), dtype=bool)
    periods: Mask = np.ones(len(times), dtype=bool) if by_entity else np.asarray(present.all(axis=1))
    if not (entities.any() and periods.any()):
        other = "drop-periods" if by_entity else "drop-entities"
        gaps = (f"({ids[i]}, {times[t]})" for t, i in np.argwhere(~present).tolist())
        raise InputError(
            f"missing={rule!r} would drop all {len(ids) if by_entity else len(times)} "
            f"{'entities' if by_entity else 'periods'}; {int((~present).sum())} rows are absent or incomplete: "
            f"{enumerate_labels(gaps)}. Use missing={other!r}, leave out a regressor, or fill the gaps first."
        )
    out = LeftOut(
        rule,
        tuple(str(ids[i]) for i in np.flatnonzero(~entities).tolist()),
        tuple(times[t] for t in np.flatnonzero(~periods).tolist()),
        present.size - int(entities.sum() * periods.sum()),
    )
    _warn(out, len(ids), len(times))
    return (entities, periods), out


def with_past(present: Mask, known: Mask, times: Sequence[object]) -> Mask:
    """Tell which periods "drop-periods" keeps where each is explained from the one before.

    Parameters
    ----------
    present : ndarray of bool, shape (T+1, N)
        Whether the row is there and has no missing value.
    known : ndarray of bool, shape (T+1, N)
        Whether y is there, which is all that the first period is needed for.
    times : sequence of T+1 labels

    Returns
    -------
    ndarray of bool, shape (T+1, N)
        True for all units of the periods that are explained and of the one before them.

    Raises
    ------
    InputError
        If no period is left, or a hole between two.
    """
    whole, past = np.asarray(present.all(axis=1)), np.asarray(known.all(axis=1))
    explained = np.flatnonzero(whole[1:] & past[:-1]) + 1
    if not explained.size:
        raise InputError(
            "missing='drop-periods' would leave no period: none has all its rows, without missing values, and y of "
            "the period before. Use missing='drop-entities', leave out a regressor, or fill the gaps first."
        )
    first, last = int(explained[0]), int(explained[-1])
    holes = [str(times[t]) for t in range(first, last) if t not in explained]
    if holes:
        raise InputError(
            f"missing='drop-periods' would take {enumerate_labels(holes)} out of the middle: rows are absent or values "
            "missing there or in the period before, and a lag would reach over the hole. Use missing='drop-entities', "
            "fill the gaps, or give the periods on one side of them."
        )
    out = np.zeros_like(present)
    out[first - 1 : last + 1] = True
    return out


def _warn(out: LeftOut, n: int, t: int) -> None:
    if out.entities:
        what = f"{len(out.entities)} of {n} entities: {enumerate_labels(out.entities, 40)}"
        after = "; W was cut to the others and normalised again as it was"
    elif out.periods:
        what, after = f"{len(out.periods)} of {t} periods: {enumerate_labels(out.periods, 40)}", ""
    else:
        return
    text = f"missing={out.rule!r} left out, for rows absent or values missing there, {what}{after}."
    warnings.warn(text, DroppedRowsWarning, stacklevel=6)


def refuse_infinite(values: Array, rows: Sequence[tuple[str, object]], columns: Sequence[str]) -> None:
    """Refuse infinite values, which are a fault of a computation and not missing.

    Raises
    ------
    InputError
        The message names the cells.
    """
    bad = np.argwhere(np.isinf(values))
    if bad.size:
        shown = (f"{columns[j]} of {rows[i][0]} in {rows[i][1]} is {values[i, j]}" for i, j in bad)
        raise InputError(
            f"{len(bad)} values are infinite, which no rule for missing values drops: {enumerate_labels(shown)}. "
            "Look for a logarithm of zero or a division by zero; make them NaN if they are to count as missing."
        )


def narrowed(W: Weights, ids: Iterable[str]) -> Weights:
    """Return W for some of its units, in the order given, normalised as W is.

    Raises
    ------
    InputError
        If a unit loses all its neighbours.
    """
    chosen = tuple(ids)
    if isinstance(W, PeriodWeights):
        return cast(Weights, W.mapped(lambda one: narrowed(one, chosen)))
    order = locate(chosen, W.ids, "unit of the weights")
    alone = np.diff(W.matrix[order][:, order].indptr) == 0
    made = [label for label, without in zip(chosen, alone, strict=True) if without and label not in W.islands]
    if made:
        raise InputError(
            f"without the units left out {enumerate_labels(made, 20)} would have no neighbours. Leave those out too, "
            'choose weights with more neighbours, or make W yourself with W.subset(ids, islands="keep").'
        )
    return W.subset(chosen, islands="keep", renormalise=True)


def choices_for(choices: Chosen, ids: Sequence[str], out: LeftOut) -> Chosen:
    """Cut the weights of the error and of the regressors as W was cut; those that fit already stay."""
    if not out:
        return choices
    gone = {*out.entities, *out.units}

    def cut(weights: Weights) -> Weights:
        extra = set(weights.ids) - set(ids)
        return narrowed(weights, ids) if extra and extra <= gone else weights

    of_x = choices.x_weights
    return replace(
        choices,
        error_weights=None if choices.error_weights is None else cut(choices.error_weights),
        x_weights={name: cut(w) for name, w in of_x.items()}
        if isinstance(of_x, Mapping)
        else (None if of_x is None else cut(of_x)),
    )
