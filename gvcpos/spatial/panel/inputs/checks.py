"""What a specification may not be, said before anything is estimated."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError, InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.panel.ml.estimation import flat
from gvcpos.spatial.panel.models import Features
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.normalise import ROW_TOLERANCE, row_sums

Array = npt.NDArray[np.float64]

INTERCEPT = "Intercept"
LAG_PREFIX = "W*"
_PARAMETERS = ("rho", "lambda", INTERCEPT)
_ABSORBED = 1e-11  # length left of a column after demeaning, as a share of what it was
_COLLINEAR = 1e-9  # pivot of a scaled column, as a share of its length


def check_transformation(t: Transformation, W: Weights) -> None:
    """Refuse Lee and Yu's time transformation where it is not a model of the same form.

    F'W = (F'WF)F' needs W1 = 1, with F the orthonormal complement of the constant vector.

    Raises
    ------
    InputError
        If time effects are asked for under ``method="lee-yu"`` and W is not row-normalised.
    """
    if not t.drop_unit or W.is_row_normalised:
        return
    raise InputError(
        "time effects with method='lee-yu' need a row-normalised W: the transformed model exists only if every row "
        f"sums to one. {_other_rows(W)}"
    )


def _other_rows(W: Weights) -> str:
    """Say which rows do not sum to one, and what to do: an island's is 0, and no normalisation changes that."""
    sums = row_sums(W.matrix)
    linked = np.array([unit not in W.islands for unit in W.ids])
    worst = int(np.argmax(np.where(linked, np.abs(sums - 1.0), 0.0)))
    odd = bool(linked[worst]) and abs(sums[worst] - 1.0) > ROW_TOLERANCE
    other = f"Row {W.ids[worst]} sums to {sums[worst]:.6g}: use W.normalised('row')."
    if not W.islands:
        return f"{other[:-1]}, or method='direct'."
    alone = (
        f"Islands: {enumerate_labels(W.islands)}. They have no neighbours, and no normalisation makes their rows sum "
        "to one. Leave their rows of the data out and take extra_units='subset'; or weights that give them neighbours, "
        "as knn does; or method='direct', or effects without time, which allow islands."
    )
    return f"{other} {alone}" if odd else alone


def check_names(names: tuple[str, ...], *, durbin: bool) -> None:
    """Refuse regressors that are named like parameters of the model.

    Raises
    ------
    InputError
        If one is called rho, lambda or Intercept, or, where the model adds spatial lags, starts with ``W*``.
    """
    taken = [name for name in names if name in _PARAMETERS or (durbin and name.startswith(LAG_PREFIX))]
    if taken:
        raise InputError(
            f"regressors named like parameters of the model: {enumerate_labels(taken)}. Rename them; "
            f"{LAG_PREFIX}x is what a Durbin model calls the spatial lag of x."
        )


def check_regressors(X: Array, names: tuple[str, ...], t: Transformation) -> None:
    """Refuse a panel of one period with entity effects, and regressors absorbed or that depend on each other.

    Parameters
    ----------
    X : ndarray, shape (T, N, k)
    names : tuple of k str
    t : Transformation

    Raises
    ------
    InputError
        The message names the columns.
    """
    if t.entity and t.periods == 1:
        raise InputError(
            "there is one period: entity effects explain all of it. Use effects='none' or 'time', or give more periods."
        )
    within = flat(t.within(X))
    before, after = np.linalg.norm(flat(X), axis=0), np.linalg.norm(within, axis=0)
    gone = after <= _ABSORBED * before
    if gone.any():
        raise InputError(f"{_absorbed_by(X, gone, names, t)} Leave them out or choose other effects.")
    if within.shape[1] == 0:
        raise InputError("there is no regressor. Give at least one column of X.")
    if t.nobs <= within.shape[1] + 2:
        raise InputError(
            f"{t.nobs} observations after the effects for {within.shape[1]} regressors: too few. Take fewer regressors "
            "(lags among them), fewer effects, or more units or periods."
        )
    unit = within / after
    pivots = np.abs(np.diag(np.linalg.qr(unit, mode="r")))
    dependent = np.flatnonzero(pivots <= _COLLINEAR)
    if dependent.size:
        last = int(dependent[0])
        share = np.linalg.lstsq(unit[:, :last], unit[:, last], rcond=None)[0]
        others = [names[j] for j in np.flatnonzero(np.abs(share) > 1e-6 * np.abs(share).max())]
        raise InputError(
            f"collinear regressors: with the effects removed, {names[last]} is a combination of "
            f"{enumerate_labels(others)}. Leave one out."
        )


def check_outcome(y: Array, t: Transformation) -> None:
    """Refuse an outcome of which the effects, or a constant, leave nothing.

    Raises
    ------
    EstimationError
        If y, shape (T, N), does not vary.
    """
    within = t.within(y)
    if np.ptp(within) <= _ABSORBED * float(np.abs(y).max()):
        raise EstimationError("y does not vary once the effects are taken out: there is nothing to explain.")


def _absorbed_by(X: Array, gone: npt.NDArray[np.bool_], names: tuple[str, ...], t: Transformation) -> str:
    """Say of each absorbed column which effects it is a combination of."""
    parts = []
    for j in np.flatnonzero(gone):
        column = X[:, :, j]
        scale = _ABSORBED * np.linalg.norm(column)
        if np.linalg.norm(column) == 0.0:
            why = "is zero everywhere"
        elif t.entity and np.linalg.norm(column - column.mean(axis=0)) <= scale:
            why = "does not vary over time and is absorbed by the entity effects"
        elif t.time and np.linalg.norm(column - column.mean(axis=1, keepdims=True)) <= scale:
            why = "is the same for all entities in each period and is absorbed by the time effects"
        else:
            why = "is a sum of entity and time effects and is absorbed by them"
        parts.append(f"{names[j]} {why}.")
    return " ".join(parts)


def check_random_error(random_error: str, effects: str, features: Features) -> None:
    """Refuse a choice of the random effects' error where there is nothing to choose.

    Raises
    ------
    InputError
        If "kkp" is asked for without random effects, or without a spatial error for them to go through.
    """
    if random_error == "kkp" and not (is_random(effects) and features.error):
        lacks = "a model with a spatial error (sem, sdem, sac, gns)" if is_random(effects) else "random effects"
        raise InputError(
            f"random_error='kkp' sends random effects through the spatial error and needs {lacks}. Leave it out, or "
            "choose effects='random' and such a model."
        )


def is_random(effects: str) -> bool:
    """Whether the entity effects are random."""
    return effects in {"random", "random-time"}


def refuse_random(effects: str, what: str, instead: str) -> None:
    """Refuse what is defined for fixed effects only.

    Raises
    ------
    InputError
        If the entity effects are random.
    """
    if is_random(effects):
        raise InputError(f"{what} is not defined with effects={effects!r}: {instead}.")
