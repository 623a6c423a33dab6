"""Are the innovations of a unit correlated over time? Tests that allow for what entity effects do to residuals.

Deviations from means over time are correlated by −1/(T − 1) even where innovations are not, so tests must be centred
there. Sources: Baltagi and Li (1995, J. Econometrics 68:133), Wooldridge (2010, ch. 10.5.4), Born and Breitung (2016,
Econometric Reviews 35:1290).

The innovations of a spatial panel are tested as those of a regression: the score of first-order serial correlation,
with sigma² partialled out, is uncorrelated with the scores of beta, rho and lambda, since the spatial parameters move
the covariance within periods only. So no correction is needed for their estimation.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.diagnostics.tests import PanelTest, chi2_test, normal_test, undefined
from gvcpos.spatial.panel.inputs.transform import Transformation

Array = npt.NDArray[np.float64]

NULL = "innovations are not serially correlated"
_SHORT = "needs at least three periods."


def serial_tests(e: Array, t: Transformation) -> tuple[PanelTest, ...]:
    """All tests of serial correlation of innovations with fixed effects or none.

    Parameters
    ----------
    e : ndarray, shape (T, N)
        Innovations, effects taken out.
    t : Transformation

    Returns
    -------
    tuple of PanelTest
        serial_lm, serial_robust, serial_wooldridge.
    """
    if t.periods < 3:
        return tuple(undefined(name, NULL, _SHORT) for name in ("serial_lm", "serial_robust", "serial_wooldridge"))
    return serial_lm(e, t), serial_robust(e, t), serial_wooldridge(e, t)


def serial_lm(e: Array, t: Transformation) -> PanelTest:
    """LM test of first-order serial correlation, for normal innovations; exact for any T as N grows.

    s = ½ Σ_i e_i'Ge_i/sigma² − ½ m tr QG over ½ m [tr QGQG − (tr QG)²/df], where G has ones beside its diagonal, Q
    takes out the mean over time (Q = I without entity effects), df = tr Q and m = N, or N − 1 with time effects.
    """
    first, second, df = moments(t)
    units = t.units - t.time
    sigma2 = float((e**2).sum()) / (units * df)
    score = float((e[1:] * e[:-1]).sum()) / sigma2 - 0.5 * units * first
    return chi2_test("serial_lm", NULL, score**2 / (0.5 * units * (second - first**2 / df)), 1)


def serial_robust(e: Array, t: Transformation) -> PanelTest:
    """Test of first-order serial correlation that allows for unequal variances of units and for non-normality.

    Σ_i s_i / sqrt(Σ_i s_i²) with s_i = Σ_t e_it e_i,t−1 − c Σ_t e_it², c = tr QG / (2 tr Q) = −1/T: each unit's
    autocovariance less what the mean over time makes of its variance (Born and Breitung 2016). Positive values are
    positive autocorrelation.
    """
    first, _, df = moments(t)
    own = (e[1:] * e[:-1]).sum(axis=0) - 0.5 * first / df * (e**2).sum(axis=0)
    return normal_test("serial_robust", NULL, float(own.sum() / np.sqrt((own**2).sum())))


def serial_wooldridge(e: Array, t: Transformation) -> PanelTest:
    """Test by the regression of innovations on those of the period before, errors clustered by unit.

    Under the null the slope is −1/(T − 1) with entity effects, and 0 without (Wooldridge 2010, ch. 10.5.4). The
    statistic is the t-ratio; it allows for variances that differ between units.
    """
    expected = -1.0 / (t.periods - 1.0) if t.entity else 0.0
    before, after = e[:-1], e[1:]
    square = float((before**2).sum())
    slope = float((before * after).sum()) / square
    own = (before * (after - slope * before)).sum(axis=0)
    error = np.sqrt(float((own**2).sum())) / square
    return normal_test("serial_wooldridge", NULL, (slope - expected) / error)


def moments(t: Transformation) -> tuple[float, float, float]:
    """Return tr QG, tr QGQG and tr Q: mean and variance of an autocovariance once the mean over time is gone."""
    T = t.periods
    if not t.entity:
        return 0.0, 2.0 * (T - 1.0), float(T)
    G = np.eye(T, k=1) + np.eye(T, k=-1)
    moved = G - G.mean(axis=0)
    return float(np.trace(moved)), float(np.vdot(moved.T, moved)), T - 1.0
