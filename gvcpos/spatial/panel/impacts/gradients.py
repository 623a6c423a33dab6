"""Direct, indirect and total effects of the regressors, with their derivatives (LeSage and Pace 2009, ch. 2).

S_k = (I - rho W)^-1 (beta_k I + theta_k W); direct = tr S_k / N, total = 1'S_k 1 / N, indirect the difference.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos.spatial.panel.impacts.averages import averages
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.period_operators import multiplier_of
from gvcpos.spatial.weights.period_matrix import PeriodMatrix

Array = npt.NDArray[np.float64]

EFFECTS = ("direct", "indirect", "total")


def lag_effects(
    beta: Array, theta: Array, r: Array, spectrum: Spectrum, x_weights: sparse.csr_array | None = None
) -> Array:
    """Effects for many parameter draws.

    Parameters
    ----------
    beta, theta : ndarray, shape (m, k)
    r : ndarray, shape (m,)

    Returns
    -------
    ndarray, shape (m, 3, k)
        Direct, indirect, total.
    """
    a = averages(spectrum, r, x_weights)
    direct = beta * a.own[:, None] + theta * a.own_lag[:, None]
    total = beta * a.all[:, None] + theta * a.all_lag[:, None]
    return np.stack([direct, total - direct, total], axis=1)


def lag_gradient(
    beta: Array, theta: Array, r: float, spectrum: Spectrum, x_weights: sparse.csr_array | None = None
) -> Array:
    """Exact derivatives of the effects with respect to (beta, theta, r).

    Parameters
    ----------
    beta, theta : ndarray, shape (k,)
    r : float

    Returns
    -------
    ndarray, shape (3, k, 2k + 1)
        Of direct, indirect, total.
    """
    a = averages(spectrum, np.array([r]), x_weights)
    k = len(beta)
    out = np.zeros((3, k, 2 * k + 1))
    own = np.arange(k)
    out[0, own, own], out[0, own, k + own] = a.own[0], a.own_lag[0]
    out[2, own, own], out[2, own, k + own] = a.all[0], a.all_lag[0]
    out[0, :, -1] = beta * a.d_own[0] + theta * a.d_own_lag[0]
    out[2, :, -1] = beta * a.d_all[0] + theta * a.d_all_lag[0]
    out[1] = out[2] - out[0]
    return out


def delta_errors(gradient: Array, covariance: Array) -> Array:
    """Standard errors by the delta method: gradient (3, k, p), covariance (p, p); result (3, k)."""
    variance = np.einsum("ekp,pq,ekq->ek", gradient, covariance, gradient)
    return np.sqrt(np.maximum(variance, 0.0))


def simulate(mean: Array, covariance: Array, draws: int, seed: int, interval: tuple[float, float] | None) -> Array:
    """Draw parameters from N(mean, covariance), keeping those whose last element is admissible.

    Parameters
    ----------
    mean : ndarray, shape (p,)
        The last element is rho when `interval` is given.
    covariance : ndarray, shape (p, p)
    draws : int
        How many to draw; rejected ones are not replaced.
    seed : int
    interval : (float, float) or None

    Returns
    -------
    ndarray, shape (draws less the rejected, p)
    """
    rng = np.random.default_rng(seed)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    sample = mean + rng.standard_normal((draws, len(mean))) @ root.T
    if interval is None:
        return sample
    return sample[(sample[:, -1] > interval[0]) & (sample[:, -1] < interval[1])]


def sign_pvalues(drawn: Array) -> Array:
    """Two-sided p-values of effects by the share of draws on the far side of zero.

    Parameters
    ----------
    drawn : ndarray, shape (m, ...)

    Returns
    -------
    ndarray, shape (...)
        2 (1 + min(#draws <= 0, #draws >= 0)) / (1 + m), at most 1.

    Notes
    -----
    Where draws of rho come near 1 the multiplier 1 / (1 - rho) has heavy tails: a standard deviation of the draws,
    and z = estimate / deviation, then say little, while shares of draws are unmoved by how far the tails reach.
    """
    beyond = np.minimum((drawn <= 0.0).sum(axis=0), (drawn >= 0.0).sum(axis=0))
    return np.minimum(2.0 * (1.0 + beyond) / (1.0 + len(drawn)), 1.0)


def reduced_form(spectrum: Spectrum, r: float, Z: Array) -> Array:
    """Return (I - rW)^-1 Z for every period of Z, shape (T, N)."""
    return multiplier_of(spectrum, r).inverse_apply(Z)


def mean_own_weight(matrix: sparse.csr_array) -> tuple[float, float]:
    """Return tr W / N and 1'W1 / N, the effects of W x in a model without a multiplier."""
    if isinstance(matrix, PeriodMatrix):  # the means over the periods
        found = np.array([mean_own_weight(one) for one in matrix.distinct])
        own, everyone = (matrix.shares @ found).tolist()
        return own, everyone
    n = matrix.shape[0]
    return float(matrix.diagonal().sum()) / n, float(matrix.sum()) / n
