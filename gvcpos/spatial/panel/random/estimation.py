"""Fit a spatial panel with random entity effects to arrays: exact maximum likelihood.

y_t = ρ W y_t + X_t β + u_t with u_t = mu + (I − λM)⁻¹ e_t ("baltagi") or u_t = (I − λM)⁻¹ (mu + e_t) ("kkp");
mu ~ (0, phi sigma²), e ~ (0, sigma²). Fixed time effects enter as dummies.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError, InputError
from gvcpos.spatial.panel.inference.covariance import Pieces
from gvcpos.spatial.panel.inputs.transform import operator, spatial_lag
from gvcpos.spatial.panel.ml.estimation import Estimate, PanelArrays, time_dummies
from gvcpos.spatial.panel.ml.explained import residual_variance
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.period_operators import multiplier_of, operators_of
from gvcpos.spatial.panel.ml.period_spectrum import changes
from gvcpos.spatial.panel.models import Features
from gvcpos.spatial.panel.random import clustered
from gvcpos.spatial.panel.random.covariance import RandomPieces, covariance
from gvcpos.spatial.panel.random.kernel import Kernel, ScalarKernel
from gvcpos.spatial.panel.random.likelihood import HIGHEST, random_likelihood
from gvcpos.spatial.panel.random.search import RandomMode, maximise

Array = npt.NDArray[np.float64]

_ZERO = 1e-6  # T phi below this is the boundary


@dataclass(frozen=True)
class RandomEstimate(Estimate):
    """What the likelihood with random effects gives; `covariance` is of (beta, rho, lambda, phi, sigma2).

    Attributes
    ----------
    phi : float
        sigma²_mu / sigma2.
    at_zero : bool
        Whether phi is at its boundary 0; then the row and column of phi in `covariance` are missing.
    entity : ndarray, shape (N,)
        Best linear unbiased predictions of the random effects mu.
    entity_part : ndarray, shape (N,) or (T, N)
        What they add to y − ρWy: mu itself, or (I − λM)⁻¹ mu, which differs between periods where M does.
    time : ndarray, shape (T,)
        Time effects with their mean; zero without.
    random : RandomPieces
        What the derivatives are made of.
    """

    pieces: Pieces = field(init=False, repr=False)
    phi: float
    at_zero: bool
    entity: Array
    entity_part: Array
    time: Array
    random: RandomPieces

    def __getattr__(self, name: str) -> Pieces:
        """Refuse what is made for fixed effects."""
        if name == "pieces":
            raise InputError("this is not defined for random effects, whose errors are correlated over time.")
        raise AttributeError(name)

    @property
    def random_modes(self) -> tuple[RandomMode, ...]:
        """`modes` with their phi."""
        return tuple(mode for mode in self.modes if isinstance(mode, RandomMode))

    @property
    def sigma2_mu(self) -> float:
        """Variance of the random effects."""
        return self.phi * self.sigma2


def fit_random(panel: PanelArrays, features: Features, cov_type: str, *, kkp: bool) -> RandomEstimate:
    """Maximum likelihood with random entity effects.

    Parameters
    ----------
    panel : PanelArrays
        Its transformation says whether there are time effects.
    features : Features
    cov_type : {"information", "hessian", "sandwich", "cluster-entity"}
        The last where units are independent: see `clustered.check`.
    kkp : bool

    Raises
    ------
    InputError
        If there is one period only.
    EstimationError
        If the likelihood is not finite, or rises as the effects' variance grows without bound.
    """
    t, k, design = panel.transformation, panel.X.shape[2], columns(panel)
    if t.periods < 2:
        raise InputError("random effects need at least two periods: in one they are not told from innovations.")
    likelihood = random_likelihood(panel, design, features, kkp=kkp)
    modes = maximise(likelihood)
    best = modes[0]
    if np.log1p(t.periods * best.phi) > 0.999 * HIGHEST:
        raise EstimationError(
            f"the likelihood rises as the variance of the random effects grows: sigma2_mu / sigma2 > {best.phi:.3g}. "
            "Means over time tell nothing here: take effects='entity'."
        )
    beta = likelihood.beta(best.rho, best.lam, best.phi)
    kernel = likelihood.kernels.at(best.lam, best.phi)
    pieces = derivatives(panel, design, features, (best.rho, best.lam, beta), kernel)
    at_zero = t.periods * best.phi < _ZERO
    spatial = {name: {"rho": best.rho, "lambda": best.lam}[name] for name in features.spatial}
    at = "".join(f" at {name} = {value:.6f}" for name, value in {**spatial, "phi": best.phi}.items())
    if cov_type == clustered.ENTITY:
        cov = clustered.entity_covariance(pieces, at, fixed_phi=at_zero)
    else:
        cov = covariance(pieces, cov_type, at, fixed_phi=at_zero)
    keep = np.r_[:k, design.shape[2] : len(cov)]
    return _estimate(panel, pieces, (beta, spatial, modes), cov[np.ix_(keep, keep)], at_zero)


def columns(panel: PanelArrays) -> Array:
    """Return the regressors, and dummies of all periods where there are time effects; shape (T, N, k)."""
    t = panel.transformation
    return np.concatenate([panel.X, time_dummies(t)], axis=2) if t.time else panel.X


def derivatives(
    panel: PanelArrays, design: Array, features: Features, at: tuple[float, float, Array], kernel: Kernel
) -> RandomPieces:
    """Return the filtered disturbances at (rho, lam, beta) and all that their derivatives need."""
    rho, lam, beta = at
    M = operator(panel.error_spectrum.matrix)
    u, lagged, MWy = panel.y - design @ beta, [], None
    if features.lag:
        Wy = spatial_lag(operator(panel.spectrum.matrix), panel.y)
        u = u - rho * Wy
        MWy = spatial_lag(M, Wy) if features.error else None
        lagged.append(Wy if MWy is None else Wy - lam * MWy)
    X, v, MX = design, u, None
    if features.error:
        Mu, MX = spatial_lag(M, u), spatial_lag(M, design)
        X, v = design - lam * MX, u - lam * Mu
        lagged.append(Mu)
    ops = operators_of(
        (panel.spectrum, rho) if features.lag else None, (panel.error_spectrum, lam) if features.error else None
    )
    sigma2 = residual_variance(float(np.vdot(v, kernel.weigh(v))), v.size, panel.y)
    stacked = np.stack(lagged, axis=2) if lagged else np.empty((*v.shape, 0))
    return RandomPieces(X, v, stacked, MX, MWy, ops, kernel, sigma2)


def _estimate(
    panel: PanelArrays,
    pieces: RandomPieces,
    found: tuple[Array, dict[str, float], tuple[RandomMode, ...]],
    cov: Array,
    at_zero: bool,
) -> RandomEstimate:
    """Predict the random effects and the innovations, and put the estimate together."""
    (beta, spatial, modes), kernel, k = found, pieces.kernel, panel.X.shape[2]
    weighed = kernel.weigh(pieces.v)
    entity = kernel.phi * kernel.gather(weighed)
    through = isinstance(kernel, ScalarKernel) and "lambda" in spatial
    part = through_error(panel.error_spectrum, kernel.lam, entity, len(panel.y)) if through else entity
    time = beta[k:] if panel.transformation.time else np.zeros(len(panel.y))
    return RandomEstimate(
        beta=beta[:k],
        spatial=spatial,
        sigma2=pieces.sigma2,
        loglik=modes[0].loglik,
        modes=modes,
        resids=weighed,
        covariance=cov,
        phi=modes[0].phi,
        at_zero=at_zero,
        entity=entity,
        entity_part=part,
        time=time,
        random=pieces,
    )


def through_error(spectrum: Spectrum, lam: float, entity: Array, periods: int) -> Array:
    """Return (I − λM)⁻¹ mu, shape (N,), or that of every period, (T, N)."""
    error = multiplier_of(spectrum, lam)
    if changes(spectrum):
        return error.inverse_apply(np.tile(entity, (periods, 1)))
    return error.inverse_apply(entity[None, :])[0]
