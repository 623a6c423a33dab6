"""How far regressors stand in for each other once the effects are gone: variance inflation and condition number."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.panel.ml.estimation import flat

Array = npt.NDArray[np.float64]


def variance_inflation(X: Array, t: Transformation) -> Array:
    """Variance inflation factors 1/(1 − R_j²), R_j² of regressor j on all others and the effects.

    Parameters
    ----------
    X : ndarray, shape (T, N, k)
        Regressors, their spatial lags among them; a constant is left out and taken out of the others.
    t : Transformation

    Returns
    -------
    ndarray, shape (k,)
        Missing for a constant.
    """
    columns, moving = _centred(X, t)
    out = np.full(X.shape[2], np.nan)
    R = np.linalg.qr(columns, mode="r")
    # The diagonal of the inverse of the correlations, through the triangle so that no square is formed.
    inverse = np.linalg.inv(R)
    out[moving] = (inverse**2).sum(axis=1)
    return out


def condition_number(X: Array, t: Transformation) -> float:
    """Ratio of the largest to the smallest singular value of the regressors, effects gone and lengths equal."""
    values = np.linalg.svd(_centred(X, t)[0], compute_uv=False)
    return float(values[0] / values[-1])


def _centred(X: Array, t: Transformation) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Columns of length one without effects and constant, and which of X they are."""
    Z = flat(t.within(X))
    if not (t.entity or t.time):
        Z = Z - Z.mean(axis=0)
    length = np.linalg.norm(Z, axis=0)
    moving = length > 1e-12 * np.linalg.norm(flat(X), axis=0)
    return np.asarray(Z[:, moving] / length[moving]), moving
