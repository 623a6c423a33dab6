"""A spatial error, or random effects, beside serial correlation: conditional LM tests of error components.

The conditional tests C.1 and C.3 of Baltagi, Song, Jung and Koh (2007, J. Econometrics 140:5); C.2, of serial
correlation given the other two, is `serial_correlation` of a fitted error model with random effects. Where units are
persistent, the marginal tests take what is persistent for what is permanent, and the reverse.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos.spatial.panel.diagnostics.component_fits import ComponentLikelihood, ComponentPoint
from gvcpos.spatial.panel.diagnostics.tests import PanelTest, chi2_test, one_sided, undefined
from gvcpos.spatial.panel.inputs.transform import operator, spatial_lag
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.multiplier import Multiplier

Array = npt.NDArray[np.float64]

_ERROR = "no spatial error: lambda = 0, given random effects and serial correlation"
_RANDOM = "no random effects: sigma2_mu = 0, given a spatial error and serial correlation"


def conditional_component_tests(y: Array, X: Array, spectrum: Spectrum) -> tuple[PanelTest, ...]:
    """LM tests of one component, the others estimated by maximum likelihood under the null.

    Parameters
    ----------
    y : ndarray, shape (T, N)
    X : ndarray, shape (T, N, k)
        Regressors of the pooled model, the constant among them.
    spectrum : Spectrum
        Of M, the weights of the error.

    Returns
    -------
    tuple of PanelTest
        bsjk_error (C.1, chi2(1)) and bsjk_random (C.3, one-sided).
    """
    if len(y) < 3:
        why = "needs at least three periods."
        return undefined("bsjk_error", _ERROR, why), undefined("bsjk_random", _RANDOM, why)
    likelihood = ComponentLikelihood(y, X, spectrum)
    return (
        error_given_random_serial(likelihood.maximise(error=False), spectrum),
        random_given_error_serial(likelihood.maximise(error=True), spectrum),
    )


def error_given_random_serial(at: ComponentPoint, spectrum: Spectrum) -> PanelTest:
    """C.1: score of lambda where the random effects stay at home, over its information.

    s = <VS⁻¹u, S⁻¹u M'> / sigma², information tr (S⁻¹V)² (tr MM + tr M'M): the spatial derivative has no trace, so that
    nothing has to be partialled out.

    Parameters
    ----------
    at : ComponentPoint
        The maximum with lambda = 0.
    spectrum : Spectrum
        Of M.
    """
    M = spectrum.matrix
    score = float(np.vdot(at.V @ at.a, spatial_lag(operator(M), at.a))) / at.sigma2
    moved = at.inverse @ at.V
    information = float(np.vdot(moved.T, moved)) * float((M.T * M).sum() + (M * M).sum())
    return chi2_test("bsjk_error", _ERROR, score**2 / information, 1)


def random_given_error_serial(at: ComponentPoint, spectrum: Spectrum) -> PanelTest:
    """C.3: score of phi at 0, sigma², r and lambda partialled out; random effects that stay at home.

    2s = |B'Bu k|² / sigma² − c tr B'B with k = V⁻¹ι and c = ι'V⁻¹ι. The statistic is 0 where the score is negative, and
    its p-value that of ½ chi2(0) + ½ chi2(1), as phi cannot be (Self and Liang 1987).

    Parameters
    ----------
    at : ComponentPoint
        The maximum with phi = 0.
    spectrum : Spectrum
        Of M.
    """
    M, (T, n) = operator(spectrum.matrix), at.u.shape
    B = sparse.eye_array(n, format="csr") - at.lam * spectrum.matrix
    cross = B.T @ B
    sums = at.a.sum(axis=0)[None, :]  # k'Bu
    back = sums - at.lam * spatial_lag(M.T, sums)
    c = float(at.inverse.sum())
    trace = float(cross.diagonal().sum())
    score = 0.5 * (float(np.vdot(back, back)) / at.sigma2 - c * trace)
    if score <= 0.0:
        return one_sided("bsjk_random", _RANDOM, 0.0)
    traces = Multiplier(spectrum, at.lam).traces(projected=False)
    moved = at.inverse @ at.slope
    ones = float((at.inverse @ at.slope @ at.inverse).sum())  # k'V̇k
    serial = float(np.trace(moved))
    # tr C(B'B)⁻¹ = 2 tr H and tr C = 2 tr M'B, with C = M'B + B'M the derivative of −B'B.
    along = 2.0 * float((spectrum.matrix * B).sum())
    s2 = at.sigma2
    rest = np.array(
        [
            [T * n / s2**2, n * serial / s2, 2.0 * T * traces.g / s2],
            [0.0, n * float(np.vdot(moved.T, moved)), 2.0 * serial * traces.g],
            [0.0, 0.0, 2.0 * T * (traces.gg + traces.gtg)],
        ]
    )
    rest = 0.5 * (rest + np.triu(rest, 1).T)
    by = 0.5 * np.array([c * trace / s2, ones * trace, c * along])
    own = 0.5 * c**2 * float((cross * cross).sum())
    return one_sided("bsjk_random", _RANDOM, score**2 / (own - float(by @ np.linalg.solve(rest, by))))
