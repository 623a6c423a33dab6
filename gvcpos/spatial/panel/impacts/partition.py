"""Effects by order of neighbour: what each power of W adds, and what is left beyond (LeSage and Pace 2009, ch. 2.7).

(I − ρW)⁻¹(βI + θV) = Σ_q [ρ^q β W^q + ρ^(q−1) θ W^(q−1)V], with V = W unless a regressor has weights of its own.
Order 0 is the unit itself, order 1 its neighbours, order 2 theirs, the unit among them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel.impacts import gradients as impacts
from gvcpos.spatial.panel.impacts.reading import Reading
from gvcpos.spatial.panel.inference.normal import normal_columns
from gvcpos.spatial.weights.period_matrix import PeriodMatrix

Array = npt.NDArray[np.float64]

_DENSE_UP_TO = 1500


@dataclass(frozen=True)
class PowerAverages:
    """Averages over the powers of W, of order 0 to K.

    Attributes
    ----------
    own, all : ndarray, shape (K + 1,)
        tr W^q / N and 1'W^q 1 / N.
    own_lag, all_lag : ndarray, shape (K + 1,)
        tr W^(q−1)V / N and 1'W^(q−1)V1 / N; 0 at order 0.
    """

    own: Array
    all: Array
    own_lag: Array
    all_lag: Array


def power_averages(W: sparse.csr_array, V: sparse.csr_array | None, orders: int) -> PowerAverages:
    """Compute the averages exactly, over the periods too where W changes; the traces need powers of half the order."""
    if isinstance(W, PeriodMatrix):
        each = [power_averages(one, V, orders) for one in W.distinct]
        names = [field.name for field in fields(PowerAverages)]
        return PowerAverages(*(W.shares @ np.stack([getattr(one, name) for one in each]) for name in names))
    n = W.shape[0]
    dense = n <= _DENSE_UP_TO
    step = W.toarray() if dense else W
    lag = step if V is None else (V.toarray() if dense else V)
    powers = [np.eye(n) if dense else sparse.eye_array(n, format="csr")]
    for _ in range((orders + 1) // 2):
        powers.append(powers[-1] @ step)
    own, everyone, own_lag, all_lag = (np.zeros(orders + 1) for _ in range(4))
    reach, reach_lag = np.ones(n), lag @ np.ones(n)
    for q in range(orders + 1):
        own[q], everyone[q] = _trace(powers[(q + 1) // 2], powers[q // 2]) / n, reach.mean()
        reach = step @ reach
        if q:
            a, b = powers[q // 2], powers[(q - 1) // 2]
            own_lag[q], all_lag[q] = _trace(a, b @ lag) / n, reach_lag.mean()
            reach_lag = step @ reach_lag
    return PowerAverages(own, everyone, own_lag, all_lag)


def _trace(A: Array | sparse.csr_array, B: Array | sparse.csr_array) -> float:
    """Return tr AB without the product."""
    if isinstance(A, np.ndarray):
        return float(np.vdot(np.ascontiguousarray(A.T), B))
    return float(A.multiply(sparse.csr_array(B.T)).sum())


def by_order(beta: float, theta: float, r: float, a: PowerAverages) -> tuple[Array, Array]:
    """Effects of each order and their derivatives.

    Parameters
    ----------
    beta, theta, r : float
    a : PowerAverages, up to order K

    Returns
    -------
    effects : ndarray, shape (3, K + 1)
        Direct, indirect, total.
    derivatives : ndarray, shape (3, K + 1, 3)
        With respect to beta, theta and r.
    """
    q = np.arange(len(a.own), dtype=float)
    power, before, twice = r**q, np.where(q > 0, r ** np.maximum(q - 1, 0), 0.0), r ** np.maximum(q - 2, 0)
    slope, slope_lag = q * before, np.maximum(q - 1, 0) * twice
    values, derivatives = np.zeros((3, len(q))), np.zeros((3, len(q), 3))
    for place, own, lag in ((0, a.own, a.own_lag), (2, a.all, a.all_lag)):
        values[place] = beta * power * own + theta * before * lag
        derivatives[place] = np.stack([power * own, before * lag, beta * slope * own + theta * slope_lag * lag], 1)
    values[1], derivatives[1] = values[2] - values[0], derivatives[2] - derivatives[0]
    return values, derivatives


def partition_frame(reading: Reading, totals: tuple[Array, Array], orders: int, level: float) -> pd.DataFrame:
    """Make the frame; see `EffectMethods.effects_by_order`.

    Parameters
    ----------
    reading : Reading
    totals : ndarray, shape (3, variables), and ndarray, shape (3, variables, p)
        The effects of all orders together, and their derivatives.
    orders : int
    level : float
    """
    if orders < 1:
        raise InputError(f"orders={orders}: at least 1, the neighbours, is needed.")
    k, found = len(reading.variables), dict[int, PowerAverages]()
    estimate, slopes = np.zeros((3, k, orders + 3)), np.zeros((3, k, orders + 3, len(reading.mean)))
    for place, variable in enumerate(reading.variables):
        V = variable.weights
        if id(V) not in found:
            W = reading.weights.matrix
            found[id(V)] = power_averages(W, None if V is reading.weights else V.matrix, orders)
        value, by = by_order(*reading.coefficients(variable), reading.r, found[id(V)])
        estimate[:, place, : orders + 1] = value
        slopes[:, place, : orders + 1] = reading.derivatives(variable, value, by)
    estimate[..., -1], slopes[..., -1, :] = totals
    estimate[..., -2] = estimate[..., -1] - estimate[..., : orders + 1].sum(axis=-1)
    slopes[..., -2, :] = slopes[..., -1, :] - slopes[..., : orders + 1, :].sum(axis=-2)
    columns = normal_columns(estimate, reading.errors(slopes), level)
    names, labels = [variable.name for variable in reading.variables], [*map(str, range(orders + 1)), "rest", "all"]
    index = pd.MultiIndex.from_product([impacts.EFFECTS, names, labels], names=["effect", "variable", "order"])
    frame = pd.DataFrame({name: values.reshape(-1) for name, values in columns.items()}, index=index)
    frame.attrs.update({"errors": "delta", "level": level, "orders": orders})
    return frame
