"""A panel with instruments as arrays, what is chosen about its moments, and what they give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gvcpos.spatial.panel.gmm import instruments
from gvcpos.spatial.panel.gmm.error_moments import Solution
from gvcpos.spatial.panel.gmm.instruments import Basis, Candidates, candidates
from gvcpos.spatial.panel.gmm.two_stage import Array, Linear, Scores, require_invertible, two_stage
from gvcpos.spatial.panel.inputs.transform import Transformation, operator, spatial_lag
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.models import Features


@dataclass(frozen=True)
class GmmArrays:
    """A panel with instruments, without labels.

    Attributes
    ----------
    y : ndarray, shape (T, N)
    X : ndarray, shape (T, N, k)
        Design: constant, regressors, their spatial lags.
    names : tuple of k str
    endogenous : tuple of int
        Columns of X that are endogenous.
    excluded : ndarray, shape (T, N, m)
        The user's excluded instruments.
    excluded_names : tuple of m str
    transformation : Transformation
    spectrum, error_spectrum : Spectrum
        Of W and of M.
    features : Features
    random : bool
        Whether entity effects are random.
    """

    y: Array
    X: Array
    names: tuple[str, ...]
    endogenous: tuple[int, ...]
    excluded: Array
    excluded_names: tuple[str, ...]
    transformation: Transformation
    spectrum: Spectrum
    error_spectrum: Spectrum
    features: Features
    random: bool

    @property
    def Z(self) -> Array:
        """Regressors, and Wy last in a lag model; shape (T, N, k or k + 1)."""
        if not self.features.lag:
            return self.X
        Wy = spatial_lag(operator(self.spectrum.matrix), self.y)
        return np.concatenate([self.X, Wy[:, :, None]], axis=2)

    @property
    def exogenous(self) -> tuple[Array, tuple[str, ...]]:
        """The regressors that are not endogenous, with their names."""
        keep = [j for j in range(self.X.shape[2]) if j not in self.endogenous]
        return self.X[:, :, keep], tuple(self.names[j] for j in keep)

    @property
    def instrumented(self) -> tuple[str, ...]:
        """Names of all that has to be instrumented, Wy last."""
        return tuple(self.names[j] for j in self.endogenous) + ("W*y",) * self.features.lag


@dataclass(frozen=True)
class Plan:
    """What is chosen.

    Attributes
    ----------
    cov_type : str
        One of `GmmCovariance`.
    instruments : {"lags", "best"}
    order : int
    moments : {"robust", "classical", "initial", "weighted", "full"}
        Of the spatial error; the last three are those of random effects.
    weighting : {"2sls", "efficient"}
    bandwidth : int or None
        Of Driscoll-Kraay.
    """

    cov_type: str
    instruments: str
    order: int
    moments: str
    weighting: str
    bandwidth: int | None = None


@dataclass(frozen=True)
class System:
    """The regression that is finally instrumented: transformed, filtered, whitened.

    Attributes
    ----------
    y : ndarray, shape (n,)
    Z : ndarray, shape (n, k)
    instruments : Basis
    e : ndarray, shape (n,)
        Residuals.
    """

    y: Array
    Z: Array
    instruments: Basis
    e: Array


@dataclass(frozen=True)
class GmmEstimate:
    """What the moments give.

    Attributes
    ----------
    beta : ndarray, shape (k,)
    spatial : dict of str to float
        rho and lambda, as far as the model has them.
    covariance : ndarray, shape (p, p)
        Of beta, rho, lambda.
    sigma2 : float
        Variance of the innovations.
    sigma2_1 : float or None
        σ1² = σv² + T σmu² of random effects.
    system : System
    scores : Scores
    """

    beta: Array
    spatial: dict[str, float]
    covariance: Array
    sigma2: float
    sigma2_1: float | None
    system: System
    scores: Scores

    @property
    def rho(self) -> float:
        """Spatial lag parameter, 0 without one."""
        return self.spatial.get("rho", 0.0)


def flat(Z: Array) -> Array:
    """Stack periods: (T, N, ...) to (T*N, ...)."""
    return np.ascontiguousarray(Z).reshape((-1, *Z.shape[2:]))


def lagged_candidates(a: GmmArrays, order: int) -> Candidates:
    """Return the exogenous regressors, the user's instruments and their spatial lags.

    Lags with W of the given order where Wy is to be instrumented, of order one where only W x is; once more with M
    where there is a spatial error, so that the filtered regressors are among their combinations (Kelejian and Prucha
    1998: X and MX must be there).
    """
    W = operator(a.spectrum.matrix)
    power = order if a.features.lag else int(a.features.durbin and a.excluded.shape[2] > 0)
    steps = [("W", W, power)] if power else []
    if a.features.error and not (power and a.error_spectrum is a.spectrum):
        steps.append(("M", operator(a.error_spectrum.matrix), 1))
    return candidates(a.exogenous, (a.excluded, a.excluded_names), steps)


def transformed_basis(a: GmmArrays, found: Candidates, transform: Transformation) -> Basis:
    """Return the instruments' basis with the effects taken out."""
    return instruments.transformed_basis(found, transform.within, a.instrumented)


def weighted(y: Array, Z: Array, H: Basis, scores: Scores, plan: Plan) -> Linear:
    """Instrument a regression, plainly or with the efficient weights."""
    fit = two_stage(y, Z, H.H)
    if plan.weighting == "efficient":
        variance = scores.variance(H.H, fit.e)
        require_invertible(variance, scores.kind, "weighting='efficient'")
        fit = two_stage(y, Z, H.H, variance)
    return fit


def packed(
    a: GmmArrays, found: tuple[Array, Solution | None], covariance: Array, system: System, scores: Scores
) -> GmmEstimate:
    """Put (delta, lambda), their covariance and the last regression together."""
    delta, solution = found
    k = a.X.shape[2]
    spatial = {"rho": float(delta[k])} if a.features.lag else {}
    if solution is not None:
        spatial["lambda"] = solution.lam
    sigma2 = float(system.e @ system.e) / scores.nobs
    return GmmEstimate(delta[:k], spatial, covariance, sigma2, None, system, scores)
