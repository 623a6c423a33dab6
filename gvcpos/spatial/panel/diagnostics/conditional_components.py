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
from gvcpos.spatial.panel.diagnostics.period_pairs import PeriodPairs, period_pairs, product_trace
from gvcpos.spatial.panel.diagnostics.tests import PanelTest, chi2_test, one_sided, undefined
from gvcpos.spatial.panel.inputs.transform import operator, spatial_lag
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.weights.period_matrix import PeriodMatrix

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
        Of M, the weights of the error, or of the M of all periods.

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

    With a = S⁻¹u and P = VS⁻¹ the score is sum_t a_t'M_t(Va)_t / sigma², the information
    sum_ts P_ts P_st tr M_tM_s + (S⁻¹)_ts (PV)_ts tr M_tM_s', with one M tr PP (tr MM + tr M'M). The spatial derivative
    has no trace, so that nothing has to be partialled out.

    Parameters
    ----------
    at : ComponentPoint
        The maximum with lambda = 0.
    spectrum : Spectrum
        Of M, or of the M of all periods.
    """
    pairs = period_pairs(spectrum, len(at.u))
    score = float(np.vdot(at.a, spatial_lag(operator(spectrum.matrix), at.V @ at.a))) / at.sigma2
    P = at.V @ at.inverse
    M, turned = pairs.M, [sparse.csr_array(one.T) for one in pairs.M]
    information = pairs.total(P * P.T, lambda i, j: product_trace(M[i], turned[j]))
    information += pairs.total(at.inverse * (P @ at.V), lambda i, j: product_trace(M[i], M[j]))
    return chi2_test("bsjk_error", _ERROR, score**2 / information, 1)


def random_given_error_serial(at: ComponentPoint, spectrum: Spectrum) -> PanelTest:
    """C.3: score of phi at 0, sigma², r and lambda partialled out; random effects that stay at home.

    2s = |sum_t B_t'a_t|² / sigma² − tr Q with a = V⁻¹(B_tu_t) and Q = sum_ts (V⁻¹)_ts B_t'B_s, with one M ι'V⁻¹ι B'B.
    The statistic is 0 where the score is negative, and its p-value that of ½ chi2(0) + ½ chi2(1), as phi cannot be
    (Self and Liang 1987).

    Parameters
    ----------
    at : ComponentPoint
        The maximum with phi = 0.
    spectrum : Spectrum
        Of M, or of the M of all periods.
    """
    M, pairs, s2 = spectrum.matrix, period_pairs(spectrum, len(at.u), at.lam), at.sigma2
    turned = M.transposed if isinstance(M, PeriodMatrix) else sparse.csr_array(M.T)
    back = (at.a - at.lam * spatial_lag(operator(turned), at.a)).sum(axis=0)
    Q = pairs.between(at.inverse)
    trace = float(Q.diagonal().sum())
    score = 0.5 * (float(back @ back) / s2 - trace)
    if score <= 0.0:
        return one_sided("bsjk_random", _RANDOM, 0.0)
    slow = at.inverse @ at.slope @ at.inverse
    # tr Q, −∂Q/∂r and −∂Q/∂λ: B_t'H_sB_s = B_t'M_s.
    along = np.array(
        [
            trace / s2,
            pairs.total(slow, lambda i, j: product_trace(pairs.B[i], pairs.B[j])),
            2.0 * pairs.total(at.inverse, lambda i, j: product_trace(pairs.B[i], pairs.M[j])),
        ]
    )
    own, by = 0.5 * float((Q * Q).sum()), 0.5 * along
    rest = _of_error_and_process(at, pairs)
    return one_sided("bsjk_random", _RANDOM, score**2 / (own - float(by @ np.linalg.solve(rest, by))))


def _of_error_and_process(at: ComponentPoint, pairs: PeriodPairs) -> Array:
    """Return the information of sigma², r and lambda where phi = 0, shape (3, 3)."""
    (T, n), s2, moved = at.u.shape, at.sigma2, at.slope @ at.inverse
    serial, ones = float(np.trace(moved)), np.ones(T)
    squares = pairs.single(ones, lambda i: pairs.traces[i].gg) + pairs.total(at.inverse * at.V, pairs.squares)
    out = np.array(
        [
            [T * n / s2**2, n * serial / s2, 2.0 * pairs.single(ones, lambda i: pairs.traces[i].g) / s2],
            [0.0, n * float(np.vdot(moved.T, moved)), 2.0 * pairs.single(np.diag(moved), lambda i: pairs.traces[i].g)],
            [0.0, 0.0, 2.0 * squares],
        ]
    )
    return np.asarray(0.5 * (out + np.triu(out, 1).T))
