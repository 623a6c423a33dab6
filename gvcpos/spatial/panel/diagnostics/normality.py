"""Are the innovations normal? Jarque and Bera's test on residuals that effects were taken out of.

A deviation from means is a sum over innovations, so it is nearer to normal than they are, and in short panels the
skewness and kurtosis of residuals understate those of innovations. Both the cumulants and their variances under the
null are divided by what the deviations leave of them: the sums of the third and fourth powers of the weights.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.diagnostics.tests import PanelTest, chi2_test
from gvcpos.spatial.panel.inference.covariance import cumulants
from gvcpos.spatial.panel.inputs.transform import Transformation

Array = npt.NDArray[np.float64]

NULL = "innovations are normal"
_NONE = 1e-12


def jarque_bera(e: Array, t: Transformation) -> PanelTest:
    """Test skewness and kurtosis of the innovations.

    Parameters
    ----------
    e : ndarray, shape (T, N)
        Innovations, effects taken out.
    t : Transformation

    Returns
    -------
    PanelTest
        chi2(2); with entity effects and two periods, where deviations are symmetric, chi2(1) of the kurtosis alone.

    Notes
    -----
    With p_k the sum of k-th powers over one row of the projection, n residuals and Hermite polynomials:
    Var Σe³ = 6 sigma⁶ n p_3 and Var Σ(e⁴ − 3 Var(e)²) = 24 sigma⁸ n p_4 under the null.
    """
    flat = e.reshape(-1)
    n = flat.size
    kept = (t.periods - t.entity) * (t.units - t.time)
    sigma2 = float(flat @ flat) / kept
    skewness, kurtosis = shape(flat, t, sigma2)
    third, fourth = t.power_sum(3), t.power_sum(4)
    statistic, df = n * kurtosis**2 * fourth / 24.0, 1
    if third > _NONE:
        statistic, df = statistic + n * skewness**2 * third / 6.0, 2
    return chi2_test("jarque_bera", NULL, statistic, df, f"Skewness {skewness:.3f}, excess kurtosis {kurtosis:.3f}.")


def shape(e: Array, t: Transformation, sigma2: float) -> tuple[float, float]:
    """Return skewness and excess kurtosis of the innovations behind residuals e; no skewness where none is left."""
    if t.power_sum(3) <= _NONE:
        fourth = float((e**4).mean()) - 3.0 * float((e**2).mean()) ** 2
        return 0.0, fourth / t.power_sum(4) / sigma2**2
    third, fourth = cumulants(e, sigma2, t)
    return third / sigma2**1.5, fourth / sigma2**2
