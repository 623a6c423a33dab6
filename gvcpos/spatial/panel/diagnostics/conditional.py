"""LM tests of the spatial term that a fitted model lacks, given the one that it has.

A lag given an error, from the fitted error model; an error given a lag, from the fitted lag model (Anselin 1988, ch. 6;
Anselin and Bera 1998; for panels Debarsy and Ertur 2010). The score of the missing parameter at 0, over the expected
information that is left when all other parameters are partialled out: both are those of the larger model. Unlike the
robust tests on the model without spatial terms, they hold for any size of the term that is there.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.diagnostics.tests import PanelTest, chi2_test
from gvcpos.spatial.panel.inference.covariance import Pieces, information, scaled_inverse
from gvcpos.spatial.panel.ml.estimation import PanelArrays, columns_of, derivatives
from gvcpos.spatial.panel.models import Features

Array = npt.NDArray[np.float64]

NULLS = {
    ("rho",): ("lm_lag", "no spatial lag: rho = 0"),
    ("lambda",): ("lm_error", "no spatial error: lambda = 0"),
    ("rho", "lambda"): ("lm_lag_error", "neither spatial lag nor error: rho = lambda = 0"),
}


def conditional_lm(panel: PanelArrays, features: Features, rho: float, lam: float) -> tuple[PanelTest, ...]:
    """LM tests of what a model lacks, at its maximum.

    Parameters
    ----------
    panel : PanelArrays
        With the regressors of the model.
    features : Features
        Of the model.
    rho, lam : float
        Its estimates, 0 for what it does not have.

    Returns
    -------
    tuple of PanelTest
        For a lag model lm_error_given_lag; for an error model lm_lag_given_error; for a model with neither
        lm_lag_slx, lm_error_slx and both at once; nothing for a model with both.
    """
    missing = tuple(name for name in ("rho", "lambda") if name not in features.spatial)
    if not missing:
        return ()
    sets: list[tuple[str, ...]] = [(name,) for name in missing]
    if len(missing) == 2:
        sets.append(missing)
    return tuple(_test(panel, features, (rho, lam), tested) for tested in sets)


def _test(panel: PanelArrays, features: Features, at: tuple[float, float], tested: tuple[str, ...]) -> PanelTest:
    lag, error = features.lag or "rho" in tested, features.error or "lambda" in tested
    larger = replace(features, lag=lag, error=error)
    name, null = given(features, tested)
    statistic = lm_statistic(pieces_at(panel, larger, at)[0], [larger.spatial.index(one) for one in tested])
    return chi2_test(name, null, statistic, len(tested))


def given(features: Features, tested: tuple[str, ...]) -> tuple[str, str]:
    """Name a test of the parameters that a model lacks, and its null, by what the model has."""
    name, null = NULLS[tested]
    if features.lag:
        return f"{name}_given_lag", f"{null}, given the lag"
    if features.error:
        return f"{name}_given_error", f"{null}, given the error"
    return (f"{name}_slx", f"{null}, given W X") if features.durbin else (name, null)


def pieces_at(panel: PanelArrays, features: Features, at: tuple[float, float]) -> tuple[Pieces, Array]:
    """Return what the derivatives are made of at (rho, lam) and the beta and sigma² that go with it, and that beta.

    Where time effects enter as dummies, X and beta end with them.
    """
    data = columns_of(panel, features)
    beta = data.crossed.beta(*at)
    return derivatives(panel, data, features, (*at, beta)), beta


def lm_statistic(pieces: Pieces, tested: list[int]) -> float:
    """LM statistic of some of the spatial parameters, the others at their maximum.

    Parameters
    ----------
    pieces : Pieces
        Of the larger model, at the estimate of the smaller.
    tested : list of int
        Places among its spatial parameters.
    """
    assert pieces.traces is not None
    score = pieces.lagged.T @ pieces.e / pieces.sigma2 - pieces.transformation.determinants * pieces.traces.single
    places = [pieces.X.shape[1] + place for place in tested]
    variance = scaled_inverse(information(pieces))[np.ix_(places, places)]
    return float(score[tested] @ variance @ score[tested])
