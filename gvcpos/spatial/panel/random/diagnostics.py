"""What a model with random effects lacks: LM tests of a lag, an error and serial correlation, given the rest.

Score of the missing parameter at 0 over the expected information that is left when all others are partialled out.
Without spatial terms the test of lambda is the conditional test of Baltagi, Song and Koh (2003, J. Econometrics
117:123); with a spatial error the test of serial correlation is C.2 of Baltagi, Song, Jung and Koh (2007, J.
Econometrics 140:5).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.diagnostics.conditional import given
from gvcpos.spatial.panel.diagnostics.tests import PanelTest, chi2_test, undefined
from gvcpos.spatial.panel.inference.covariance import scaled_inverse
from gvcpos.spatial.panel.ml.estimation import PanelArrays
from gvcpos.spatial.panel.models import Features
from gvcpos.spatial.panel.random.covariance import RandomPieces, information
from gvcpos.spatial.panel.random.estimation import RandomEstimate, columns, derivatives, fit_random
from gvcpos.spatial.panel.random.likelihood import random_likelihood
from gvcpos.spatial.panel.random.period_kernel import PeriodKernel

Array = npt.NDArray[np.float64]

_SERIAL = "innovations are not serially correlated, given the random effects"
_UNITS = 1500  # matrices between units are formed


def conditional_lm(
    panel: PanelArrays, features: Features, estimate: RandomEstimate, *, kkp: bool
) -> tuple[PanelTest, ...]:
    """LM tests of the spatial terms that a fitted model with random effects lacks.

    Parameters
    ----------
    panel : PanelArrays
        With the regressors of the model.
    features : Features
        Of the model.
    estimate : RandomEstimate
    kkp : bool
        Whether the random effects go through the spatial error, that of the model that lambda is tested in too.

    Returns
    -------
    tuple of PanelTest
        lm_lag and lm_error, as far as they are missing, with what is given in their names.
    """
    missing = tuple(name for name in ("rho", "lambda") if name not in features.spatial)
    sets = [*((name,) for name in missing), *((missing,) if len(missing) == 2 else ())]
    out = []
    for tested in sets:
        name, null = given(features, tested)
        statistic = _statistic(panel, features, estimate, tested, kkp=kkp)
        out.append(chi2_test(f"{name}_random", f"{null}, given random effects", statistic, len(tested)))
    return tuple(out)


def without_spatial_terms(panel: PanelArrays) -> tuple[PanelTest, ...]:
    """LM tests of a lag, an error and both in the model with random effects and no spatial term.

    Parameters
    ----------
    panel : PanelArrays
        With the regressors of the model under the null.
    """
    neither = Features(lag=False, error=False, durbin=False)
    return conditional_lm(panel, neither, fit_random(panel, neither, "information", kkp=False), kkp=False)


def serial_lm(estimate: RandomEstimate, *, kkp: bool) -> PanelTest:
    """LM test of first-order serial correlation of the innovations, given random effects and spatial terms.

    The filtered data v = B(y − ρWy − Xβ) have the covariance sigma² (E ⊗ I + J ⊗ K), E and J = I − E what takes out
    and takes the mean over time, to which serial correlation adds sigma² r G ⊗ I, with ones beside G's diagonal.

    Parameters
    ----------
    estimate : RandomEstimate
    kkp : bool
    """
    pieces = estimate.random
    T, n = pieces.v.shape
    if n > _UNITS or T < 3:
        why = f"needs matrices between {n} units; more than {_UNITS} are too many." if T > 2 else "needs three periods."
        return undefined("serial_lm_random", _SERIAL, why)
    if isinstance(pieces.kernel, PeriodKernel):
        why = "is not written for random effects at home beside an error whose weights change. Take random_error='kkp'."
        return undefined("serial_lm_random", _SERIAL, why)
    eye, kernel, g, s2 = np.eye(n), pieces.kernel, 2.0 * (T - 1.0) / T, pieces.sigma2
    solved = kernel.solve(eye)
    weighed = kernel.weigh(pieces.v)
    gap = g * (float(np.trace(solved)) - n)  # tr Ω⁻¹(G ⊗ I)
    score = float((weighed[1:] * weighed[:-1]).sum()) / s2 - 0.5 * gap
    # tr EG = −g, tr JG = g, tr EGEG = tr GG − 2 tr JGG + g², tr JGG = (4T − 6)/T.
    inner, cross = 2.0 * (T - 1.0) - 2.0 * (4.0 * T - 6.0) / T + g**2, (4.0 * T - 6.0) / T - g**2
    own = 0.5 * (inner * n + 2.0 * cross * float(np.trace(solved)) + g**2 * float((solved**2).sum()))
    twice, along = solved @ solved, _along_spatial(pieces, solved, kkp=kkp)
    along += [0.5 * g * T * float(np.vdot(twice.T, kernel.square(eye))), 0.5 * gap / s2]
    keep, rest = _free(pieces, estimate), information(pieces)
    by = np.concatenate([np.zeros(pieces.X.shape[2]), along])[keep]
    left = own - float(by @ scaled_inverse(rest[np.ix_(keep, keep)]) @ by)
    return chi2_test("serial_lm_random", _SERIAL, score**2 / left, 1)


def _along_spatial(pieces: RandomPieces, solved: Array, *, kkp: bool) -> list[float]:
    """Return the information of serial correlation with rho and lambda, as far as there are: sums over the periods.

    With G_tt of JG the number of periods beside t over T, tr (G ⊗ I)Ω⁻¹A = sum_t (JG)_tt tr (K⁻¹ − I)A_t.
    """
    (T, n), ops, total = pieces.v.shape, pieces.operators, np.zeros(pieces.spatial)
    near = np.full(T, 2.0 / T)
    near[[0, -1]] = 1.0 / T
    # Effects at home do not go through the error: K⁻² in the place of K⁻¹, and K⁻¹ where K is a number.
    twice = solved @ solved * (1.0 + pieces.kernel.shared if kkp else 1.0)
    for one, rows in ops.by_period() if ops.count else []:
        moved = [A.T for A in one.apply(np.eye(n))]  # rows in, columns out: G̃ and H
        inner = [solved] * (ops.lag is not None) + [twice] * (ops.error is not None)
        found = [float(np.vdot(Z.T, A)) - float(np.trace(A)) for Z, A in zip(inner, moved, strict=True)]
        total += near[rows].sum() * np.array(found)
    return [float(one) for one in total]


def _free(pieces: RandomPieces, estimate: RandomEstimate) -> npt.NDArray[np.intp]:
    """Places of the parameters that are not held at a boundary, in the order of the information."""
    count = pieces.X.shape[2] + pieces.spatial + 2
    places = np.arange(count)
    return np.delete(places, count - 2) if estimate.at_zero else places


def _statistic(
    panel: PanelArrays, features: Features, estimate: RandomEstimate, tested: tuple[str, ...], *, kkp: bool
) -> float:
    larger = replace(features, lag=features.lag or "rho" in tested, error=features.error or "lambda" in tested)
    design, (rho, lam, phi) = columns(panel), (estimate.rho, estimate.lam, estimate.phi)
    likelihood = random_likelihood(panel, design, larger, kkp=kkp)
    score = likelihood.evaluate(rho, lam, phi)[1][[("rho", "lambda").index(name) for name in tested]]
    at = (rho, lam, likelihood.beta(rho, lam, phi))
    pieces = derivatives(panel, design, larger, at, likelihood.kernels.at(lam, phi))
    places = [design.shape[2] + larger.spatial.index(name) for name in tested]
    keep = _free(pieces, estimate)
    inverse = np.zeros((len(keep), len(keep)))
    inverse[np.ix_(keep, keep)] = scaled_inverse(information(pieces)[np.ix_(keep, keep)])
    return float(score @ inverse[np.ix_(places, places)] @ score)
