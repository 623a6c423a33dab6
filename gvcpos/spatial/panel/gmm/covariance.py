"""The joint covariance of the regression and of lambda (Kelejian and Prucha 2010, theorems 3 and 4).

Residuals stand in for errors, so the moments of lambda move with the regression: m_r(δ̂) ≈ m_r + α_r'(δ̂ − δ) with
α_r = −(1/n) e'(A_r + A_r')Z, and δ̂ − δ = P'H'e makes that a linear form in e.
"""

from __future__ import annotations

import numpy as np

from gvcpos.spatial.panel.gmm.two_stage import Array
from gvcpos.spatial.panel.ml.multiplier import Multiplier


def filtered_influence(adjoints: list[Array], Z: Array, P: Array, nobs: int) -> Array:
    """Return P alpha of each moment, times n: what multiplies H'e; shape (q, r).

    Parameters
    ----------
    adjoints : list of r ndarrays, shape (T, N)
        (A + A')e.
    Z : ndarray, shape (n, k)
        Filtered regressors.
    P : ndarray, shape (q, k)
    nobs : int
    """
    alpha = np.stack([-Z.T @ w.reshape(-1) / nobs for w in adjoints], axis=1)
    return np.asarray(nobs * P @ alpha)


def unfiltered_influence(
    adjoints: list[Array], Z: Array, first: tuple[Array, Array], error: Multiplier, nobs: int
) -> Array:
    """Return (I − λM')⁻¹ H P alpha of each moment: what multiplies e when δ̂ is that of the unfiltered first step.

    Parameters
    ----------
    adjoints, Z, nobs
        As in `filtered_influence`.
    first : (H, P)
        Of the first step, (n, q) and (q, k).
    error : Multiplier
        Of M at lambda, or of the M of all periods.

    Returns
    -------
    ndarray, shape (n, r)
    """
    H, P = first
    linear = H @ filtered_influence(adjoints, Z, P, nobs) / nobs
    shape = (-1, error.spectrum.n)
    solved = [error.transposed_inverse_apply(np.ascontiguousarray(one).reshape(shape)).reshape(-1) for one in linear.T]
    return np.stack(solved, axis=1)


def joint(scores: Array, quadratic: Array, P: Array, linear: Array) -> Array:
    """Return n times the covariance of (δ̂, moments of lambda), shape (k + r, k + r).

    Parameters
    ----------
    scores : ndarray, shape (q, q)
        Variance of H'e over n.
    quadratic : ndarray, shape (r, r)
        n times the variance of the moments at the true regression; uncorrelated with H'e as diagonals are zero.
    P : ndarray, shape (q, k)
        n times what leads from scores to estimates.
    linear : ndarray, shape (q, r)
        `filtered_influence`.
    """
    side = P.T @ scores @ linear
    return np.block([[P.T @ scores @ P, side], [side.T, quadratic + linear.T @ scores @ linear]])
