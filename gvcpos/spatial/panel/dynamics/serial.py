"""Are the innovations of a dynamic panel correlated over time? Durbin's test, for estimates that use y_{t-1}.

Where regressors contain the past of y, the first autocovariance of the residuals is tied to the estimate: its variance
is that of the innovations' less D V D', with D its derivatives by the parameters and V their covariance (Durbin 1970,
Econometrica 38:410, whose h is the case of one regression). The static tests leave D out and reject too seldom.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.diagnostics.serial import NULL, moments
from gvcpos.spatial.panel.diagnostics.tests import PanelTest, chi2_test, undefined
from gvcpos.spatial.panel.dynamics.correction import adjusted_covariance
from gvcpos.spatial.panel.inference.covariance import Pieces, covariance

if TYPE_CHECKING:
    from gvcpos.spatial.panel.dynamics.results import DynamicResults

Array = npt.NDArray[np.float64]

_NAME = "serial_durbin"


def durbin(pieces: Pieces, V: Array) -> PanelTest:
    """Test first-order serial correlation of the innovations given estimates with y_{t-1} among the regressors.

    Parameters
    ----------
    pieces : Pieces
        At the estimate, bias taken out.
    V : ndarray, shape (p, p)
        Efficient covariance of the coefficients and spatial parameters.

    Returns
    -------
    PanelTest
        chi2(1). Not defined where D V D' exceeds the variance, as Durbin's h.

    Notes
    -----
    The autocovariance has the expectation and variance that demeaning leaves, as in the LM test of static panels.
    """
    t = pieces.transformation
    if t.periods < 4:
        return undefined(_NAME, NULL, "needs at least four periods after the first.")
    first, second, df = moments(t)
    units = t.units - t.time
    e = pieces.e.reshape(t.periods, t.units)
    sigma2, together = float((e**2).sum()) / (units * df), float((e[1:] * e[:-1]).sum())
    slopes = _slopes(pieces, e, together, sigma2, units * df)
    variance = 0.5 * units * (second - first**2 / df)
    left = variance - float(slopes @ V @ slopes)
    if left <= 0.0:
        why = "the estimates take more of the autocovariance's variance than there is: the panel is too small."
        return undefined(_NAME, NULL, why)
    return chi2_test(_NAME, NULL, (together / sigma2 - 0.5 * units * first) ** 2 / left, 1)


def _slopes(pieces: Pieces, e: Array, together: float, sigma2: float, degrees: float) -> Array:
    """Derivatives of Σ e_t'e_{t-1} / sigma2 by the parameters, sigma2 = Σ e_t'e_t / degrees; de = −z dθ."""
    Z = np.hstack([pieces.X, pieces.lagged])
    z = Z.reshape(*e.shape, -1)
    crossed = np.einsum("tnj,tn->j", z[1:], e[:-1]) + np.einsum("tnj,tn->j", z[:-1], e[1:])
    return np.asarray(-crossed / sigma2 + 2.0 * together / sigma2**2 * (Z.T @ pieces.e) / degrees)


def serial_test(result: DynamicResults) -> PanelTest:
    """Durbin's test of a fitted panel, with the covariance by information whatever that of the fit is."""
    model, estimate = result.model, result.estimate
    if result.correction == "finite":
        V = adjusted_covariance(model.arrays, estimate, model.lagged, "information", "")
    else:
        V = covariance(estimate.pieces, "information", "")
    return durbin(estimate.pieces, V[:-1, :-1])
