"""The columns of a model: constant, regressors and their spatial lags, and which of them belong together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels, unique
from gvcpos.spatial.panel.inputs.checks import INTERCEPT, LAG_PREFIX
from gvcpos.spatial.panel.inputs.panel_data import PanelData
from gvcpos.spatial.panel.inputs.transform import operator, spatial_lag
from gvcpos.spatial.weights import Weights

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Variable:
    """A regressor that can have effects.

    Attributes
    ----------
    name : str
    own : int
        Its column of the design.
    lag : int or None
        The column of its spatial lag.
    weights : Weights
        What it is lagged with.
    """

    name: str
    own: int
    lag: int | None
    weights: Weights


@dataclass(frozen=True)
class Design:
    """The regressors of a model, ready for the likelihood.

    Attributes
    ----------
    X : ndarray, shape (T, N, k)
    names : tuple of str
        Columns: the constant, the regressors, and their lags ``W*x``.
    variables : tuple of Variable
        All regressors but constants.
    """

    X: Array
    names: tuple[str, ...]
    variables: tuple[Variable, ...]


@dataclass(frozen=True)
class Lags:
    """Which regressors are lagged in space, and with what.

    Attributes
    ----------
    weights : mapping of str to Weights
        Weights of a regressor's own; the panel's for all others. Their units are in the panel's order.
    without : frozenset of str
        Regressors that are not lagged.
    """

    weights: Mapping[str, Weights]
    without: frozenset[str]


def lags(data: PanelData, x_weights: Weights | Mapping[str, Weights] | None, not_lagged: Iterable[str] | str) -> Lags:
    """Check by name which regressors are lagged, and bring weights of their own to the panel's order.

    Raises
    ------
    InputError
        If a name is not a regressor, or none is left to lag.
    LabelError
        If the units of some weights are not the entities.
    """
    given = [not_lagged] if isinstance(not_lagged, str) else not_lagged
    without = frozenset(unique(given, "not_lagged"))
    if isinstance(x_weights, Weights):
        x_weights = dict.fromkeys(data.names, x_weights)
    own = {str(name): W.align(data.weights.ids) for name, W in (x_weights or {}).items()}
    unknown = [name for name in (*own, *without) if name not in data.names]
    if unknown:
        raise InputError(
            f"x_weights and not_lagged name {enumerate_labels(unknown)}, which is no regressor. "
            f"There are: {enumerate_labels(data.names, 20)}."
        )
    return Lags(own, without)


def design(data: PanelData, chosen: Lags, *, durbin: bool, pooled: bool, intercept: bool) -> Design:
    """Put the columns together.

    Parameters
    ----------
    data : PanelData
    chosen : Lags
    durbin : bool
        Whether the model has spatial lags of its regressors.
    pooled : bool
        Whether there are no effects, so that a constant is a column and has no lag.
    intercept : bool
        Whether a pooled model gets a constant where it has none.
    """
    constant = (np.ptp(data.X, axis=(0, 1)) == 0.0) & pooled
    columns, names = [data.X], list(data.names)
    place: dict[int, int] = {}
    if durbin:
        wanted = [j for j, name in enumerate(data.names) if not constant[j] and name not in chosen.without]
        if not wanted and len(data.names) > int(constant.sum()):
            raise InputError(
                "not_lagged names every regressor: nothing is left for W X. Take the model without Durbin terms."
            )
        for j in wanted:
            W = chosen.weights.get(data.names[j], data.weights)
            columns.append(spatial_lag(operator(W.matrix), data.X[:, :, j])[:, :, None])
            place[j] = len(names)
            names.append(LAG_PREFIX + data.names[j])
    shift = int(intercept and pooled and not (constant & (data.X[0, 0] != 0.0)).any())
    if shift:
        columns.insert(0, np.ones((*data.X.shape[:2], 1)))
        names.insert(0, INTERCEPT)
    variables = tuple(
        Variable(
            name,
            j + shift,
            place[j] + shift if j in place else None,
            chosen.weights.get(name, data.weights),
        )
        for j, name in enumerate(data.names)
        if not constant[j]
    )
    return Design(np.concatenate(columns, axis=2), tuple(names), variables)
