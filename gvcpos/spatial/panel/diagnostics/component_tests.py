"""Random effects, serial correlation, spatial error: which does a pooled regression leave in its residuals?

Closed-form LM tests on least-squares residuals, each against one departure with the other two absent, and jointly:
Breusch and Pagan (1980), Baltagi and Li (1991), Baltagi, Song and Koh (2003, J. Econometrics 117:123), Baltagi, Song,
Jung and Koh (2007, J. Econometrics 140:5). With A, F and H below:
  random effects  NT/(2(T−1)) A²,   serial correlation  NT²/(T−1) F²,   spatial error  N²T/b H²,
and A and F together NT²/(2(T−1)(T−2)) (A² − 4AF + 2TF²), as both raise the correlation of neighbouring periods.
b = tr MM + tr M'M; where M changes over time it is the mean over the periods, and no more changes: M_t has no trace.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos.spatial.panel.diagnostics.tests import PanelTest, chi2_test, normal_test, undefined
from gvcpos.spatial.panel.inputs.transform import spatial_lag
from gvcpos.spatial.weights.period_matrix import PeriodMatrix

Array = npt.NDArray[np.float64]

_RANDOM = "no random effects: sigma2_mu = 0"
_SERIAL = "no serial correlation"
_ERROR = "no spatial error: lambda = 0"


def component_tests(e: Array, M: sparse.csr_array | PeriodMatrix) -> tuple[PanelTest, ...]:
    """LM tests of random effects, serial correlation and a spatial error on residuals of a pooled regression.

    Parameters
    ----------
    e : ndarray, shape (T, N)
        Least-squares residuals.
    M : csr, shape (N, N), or PeriodMatrix
        Weights of the error.

    Returns
    -------
    tuple of PanelTest
        bsk_random (one-sided, standard normal), bsk_serial, bsk_error, bsk_random_error, bsk_random_serial and
        bsk_joint of all three.
    """
    T, N = e.shape
    if T < 3:
        names = ("random", "serial", "error", "random_error", "random_serial", "joint")
        return tuple(undefined(f"bsk_{name}", "no component", "needs at least three periods.") for name in names)
    square = float((e**2).sum())
    sums = e.sum(axis=0)
    A = float(sums @ sums) / square - 1.0
    F = float((e[1:] * e[:-1]).sum()) / square
    H = float(np.vdot(e, spatial_lag(M, e))) / square
    b = float(sum(share * ((one.T * one).sum() + (one * one).sum()) for one, share in _shares(M)))
    random, error = np.sqrt(N * T / (2.0 * (T - 1.0))) * A, N**2 * T / b * H**2
    serial = N * T**2 / (T - 1.0) * F**2
    both = N * T**2 / (2.0 * (T - 1.0) * (T - 2.0)) * (A**2 - 4.0 * A * F + 2.0 * T * F**2)
    alone = "Assumes that there is nothing else in the residuals."
    return (
        normal_test("bsk_random", _RANDOM, random, upper=True, note=alone),
        chi2_test("bsk_serial", _SERIAL, serial, 1, alone),
        chi2_test("bsk_error", _ERROR, error, 1, alone),
        chi2_test("bsk_random_error", "neither random effects nor spatial error", random**2 + error, 2),
        chi2_test("bsk_random_serial", "neither random effects nor serial correlation", both, 2),
        chi2_test("bsk_joint", "no random effects, serial correlation or spatial error", both + error, 3),
    )


def _shares(M: sparse.csr_array | PeriodMatrix) -> list[tuple[sparse.csr_array, float]]:
    """Return the different matrices and the share of the periods that has each."""
    if isinstance(M, PeriodMatrix):
        return list(zip(M.distinct, M.shares.tolist(), strict=True))
    return [(M, 1.0)]
