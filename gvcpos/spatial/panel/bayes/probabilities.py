"""Posterior probabilities of models and of weights (LeSage and Parent 2007; LeSage 2014).

p(y | model) = ∫∫ p(y | rho, lambda, model) p(rho) p(lambda) d rho d lambda, where beta and sigma are integrated by hand
and the spatial parameters numerically over their admissible intervals, from the cross-products of the concentrated
likelihood. e = (I − λM)[(I − ρW)y − Xβ], X* = (I − λM)X, p(sigma²) = 1/sigma², and either Zellner's prior
β | sigma² ~ N(0, g sigma² (X*'X*)⁻¹), the constant of a pooled model flat, or a flat one. The probabilities compare the
given candidates alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaln, logsumexp

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels, unique
from gvcpos._core.options import BetaPrior, SpatialModel, choose
from gvcpos.spatial.panel.bayes.quadrature import Axis, integrate
from gvcpos.spatial.panel.inputs.checks import INTERCEPT
from gvcpos.spatial.panel.inputs.period_checks import refuse_changing
from gvcpos.spatial.panel.ml.approximation import refuse_approximate
from gvcpos.spatial.panel.ml.estimation import PanelArrays, transformed
from gvcpos.spatial.panel.ml.likelihood import Moments, moments
from gvcpos.spatial.panel.ml.logdet import LogDeterminant
from gvcpos.spatial.panel.models import MODELS, Features
from gvcpos.spatial.weights import Weights

if TYPE_CHECKING:
    from gvcpos.spatial.panel.model import SpatialPanel

Array = npt.NDArray[np.float64]

OLS = "ols"
DEFAULT = ("slx", "sar", "sem", "sdm", "sdem")
_NOT_SPATIAL = Features(lag=False, error=False, durbin=False)


@dataclass(frozen=True)
class Prior:
    """Priors of the coefficients and of the spatial parameters.

    Attributes
    ----------
    beta : {"g", "diffuse"}
    g : float
        Of Zellner's prior.
    shape : float
        a of the Beta(a, a) prior of rho and lambda on their admissible intervals; 1 is uniform.
    """

    beta: str
    g: float
    shape: float


@dataclass(frozen=True)
class Marginal:
    """The density of the data given (rho, lambda) and the priors, beta and sigma integrated out.

    Attributes
    ----------
    full, base : Moments
        Cross-products with all regressors, and with the constant alone (or nothing).
    slopes, constants : int
        Regressors with Zellner's prior, and with a flat one.
    logdets : tuple of LogDeterminant or None
        log|I − ρW| and log|I − λM|.
    nobs, determinants : int
    prior : Prior
    """

    full: Moments
    base: Moments
    slopes: int
    constants: int
    logdets: tuple[LogDeterminant | None, LogDeterminant | None]
    nobs: int
    determinants: int
    prior: Prior

    def log_density(self, rho: Array, lam: Array) -> Array:
        """Return log p(y | rho, lam) at each (rho, lam); shapes broadcast.

        Notes
        -----
        Zellner: n0 = n − constants, −n0/2 log π + log Γ(n0/2) − k/2 log(1 + g) − log|1*'1*|/2
        − n0/2 log[(SS0 + g RSS)/(1 + g)], SS0 the sum of squares about the constant.
        Diffuse: −(n − k)/2 log π + log Γ((n − k)/2) − log|X*'X*|/2 − (n − k)/2 log RSS.
        """
        logdet = np.zeros(())
        for one, at in zip(self.logdets, (rho, lam), strict=True):
            if one is not None:
                logdet = logdet + one.value(np.asarray(at))
        rss, volume = self.full.rss(rho, lam), 0.0 * np.asarray(lam)
        lost = self.slopes + self.constants
        if self.prior.beta == "g":
            g, lost = self.prior.g, self.constants
            rss = (self.base.rss(rho, lam) + g * rss) / (1.0 + g)
            volume = log_volume(self.base, lam) + self.slopes * np.log1p(g)
        else:
            volume = log_volume(self.full, lam)
        half = 0.5 * (self.nobs - lost)
        return np.asarray(
            self.determinants * logdet + gammaln(half) - half * np.log(np.pi) - 0.5 * volume - half * np.log(rss)
        )

    def log_marginal(self) -> tuple[float, float, float]:
        """Return log p(y) and the posterior means of rho and lambda, 0 where the model has none."""
        axes = [None if one is None else Axis(one.spectrum.interval, self.prior.shape) for one in self.logdets]
        return integrate(self.log_density, (axes[0], axes[1]))


def log_volume(cross: Moments, lam: Array) -> Array:
    """Return log|X*'X*| at each lambda, X* = (I − λM)X; 0 without regressors."""
    k, at = cross.R.shape[0], np.asarray(lam)[..., None, None]
    if k == 0:
        return 0.0 * np.asarray(lam)
    C = (cross.C0 - at * cross.C1 + at * at * cross.C2)[..., -k:, -k:]
    return np.asarray(np.linalg.slogdet(C)[1] + 2.0 * np.log(np.abs(np.diag(cross.R))).sum())


def marginal(panel: PanelArrays, features: Features, constants: int, prior: Prior) -> Marginal:
    """Form what the density needs; the first `constants` columns of X have a flat prior.

    Parameters
    ----------
    panel : PanelArrays
    features : Features
    constants : int
        0 or 1.
    prior : Prior
    """
    t = panel.transformation
    data = transformed(panel, panel.X, t, features)

    def cross(columns: slice) -> Moments:
        """Return the cross-products of some columns, which may be none."""
        filtered = None if data.filtered is None else (data.filtered[0], data.filtered[1][:, columns])
        X = data.X[:, columns]
        if X.shape[1]:
            return moments(data.targets, X, filtered)
        C = [data.targets.T @ data.targets] + [np.zeros((data.targets.shape[1],) * 2)] * 2
        if filtered is not None:
            one = data.targets.T @ filtered[0]
            C[1:] = [one + one.T, filtered[0].T @ filtered[0]]
        return Moments(C[0], C[1], C[2], np.empty((0, data.targets.shape[1])), np.empty((0, 0)))

    logdets = (
        LogDeterminant(panel.spectrum, t.drop_unit) if features.lag else None,
        LogDeterminant(panel.error_spectrum, t.drop_unit) if features.error else None,
    )
    k = panel.X.shape[2] - constants
    return Marginal(cross(slice(None)), cross(slice(constants)), k, constants, logdets, t.nobs, t.determinants, prior)


def model_probabilities(
    panel: SpatialPanel,
    models: Iterable[SpatialModel | str] = DEFAULT,
    weights: Mapping[str, Weights] | None = None,
    *,
    prior: BetaPrior = "g",
    g: float | None = None,
    shape: float = 1.0,
    prior_probabilities: Mapping[tuple[str, str], float] | None = None,
) -> pd.DataFrame:
    """Posterior probabilities of models and weights, all on the same transformed data.

    Parameters
    ----------
    panel : SpatialPanel
        Data, effects and weights; its `model` plays no part.
    models : iterable of {"ols", "slx", "sar", "sem", "sdm", "sdem", "sac", "gns"}
    weights : mapping of str to Weights, optional
        Candidates for W (and for M, unless the panel has weights of its own for the error); default the panel's W.
    prior : {"g", "diffuse"}
        Zellner's prior, whose probabilities do not depend on the units of y, X and W; or a flat one, which compares
        only models with the same number of regressors (slx, sdm, sdem; sar, sem, sac, ols): otherwise its
        undetermined constant, and so the units of X, decides.
    g : float, optional
        Default max(n, k²) with n observations and k slopes (Fernández, Ley and Steel 2001); one g for all models, k
        that of the largest.
    shape : float
        a >= 0.5 of the Beta(a, a) prior of rho and lambda over their admissible intervals: 1 uniform, 1.01 LeSage and
        Parent's.
    prior_probabilities : mapping of (model, weights) to float, optional
        Default equal; need not sum to one.

    Returns
    -------
    DataFrame
        Index (model, weights), in the given order; columns log_marginal, prior, probability, and the posterior means
        rho and lambda (missing where the model has none).

    Raises
    ------
    InputError
        If a model is unknown, effects are random, the method is "direct" with fixed effects (its likelihood is not
        the density of any data), or a flat prior meets models of different size.
    """
    _check(panel, shape, g)
    names = unique(models, "models")
    each = {key: Weights.of(W, f"weights[{key}]") for key, W in (weights or {"W": panel.weights}).items()}
    pairs = [(name, key) for key in each for name in names]
    candidates = [_candidate(panel, name, each[key]) for name, key in pairs]
    sizes = [arrays.X.shape[2] - constants for arrays, _, constants in candidates]
    chosen = _beta_prior(prior, pairs, sizes)
    n = candidates[0][0].transformation.nobs
    priors = Prior(chosen, float(max(n, max(sizes) ** 2)) if g is None else float(g), shape)
    found = np.array([marginal(*one, priors).log_marginal() for one in candidates])
    return _frame(pairs, found, candidates, _prior_shares(pairs, prior_probabilities))


def _check(panel: SpatialPanel, shape: float, g: float | None) -> None:
    refuse_changing(panel, "model_probabilities", "its integrals are written for one W; compare fits by aic or bic")
    refuse_approximate(panel.choices.log_determinant, "model_probabilities")
    if panel.random:
        raise InputError("model_probabilities knows fixed effects or none; this panel has random effects.")
    if panel.effects != "none" and panel.method != "lee-yu":
        raise InputError(
            "model_probabilities needs method='lee-yu' with fixed effects: the direct likelihood counts observations "
            "that the effects have used, and is the density of no data."
        )
    if not shape >= 0.5 or (g is not None and not g > 0.0):
        raise InputError(f"shape={shape} must be at least 0.5, and g={g} positive.")


def _beta_prior(prior: str, pairs: list[tuple[str, str]], sizes: list[int]) -> str:
    """Refuse a flat prior on models of different size."""
    chosen = choose(prior, BetaPrior, "prior")
    if chosen == "diffuse" and len(set(sizes)) > 1:
        listed = enumerate_labels(f"{name} {size}" for (name, _), size in zip(pairs, sizes, strict=True))
        raise InputError(
            f"prior='diffuse' cannot compare models of different size (regressors: {listed}): a flat prior has an "
            "undetermined constant for each. Take prior='g', or models of one size."
        )
    return chosen


def _candidate(panel: SpatialPanel, name: str, W: Weights) -> tuple[PanelArrays, Features, int]:
    """Return the arrays of a model with its features and the number of its constants."""
    if name != OLS and name not in MODELS:
        raise InputError(f"model {name!r} is not known. Allowed: {enumerate_labels([OLS, *MODELS])}.")
    data = replace(panel.data, weights=W.align(panel.weights.ids))
    made = panel.respecified(cast("SpatialModel", "sar" if name == OLS else name), data=data)
    features = _NOT_SPATIAL if name == OLS else MODELS[name]
    return made.arrays, features, int(made.regressors[0] == INTERCEPT)


def _prior_shares(
    pairs: list[tuple[str, str]], given: Mapping[tuple[str, str], float] | None
) -> npt.NDArray[np.float64]:
    """Prior probabilities of the candidates, summing to one."""
    if given is None:
        return np.full(len(pairs), 1.0 / len(pairs))
    missing, extra = [p for p in pairs if p not in given], [p for p in given if p not in pairs]
    values = np.array([given.get(pair, 0.0) for pair in pairs], dtype=float)
    if missing or extra or (values < 0.0).any() or not values.sum() > 0.0:
        raise InputError(
            f"prior_probabilities must give every (model, weights) a number of at least 0: missing "
            f"{enumerate_labels(missing) or 'none'}, unknown {enumerate_labels(extra) or 'none'}."
        )
    return values / values.sum()


def _frame(
    pairs: list[tuple[str, str]],
    found: Array,
    candidates: list[tuple[PanelArrays, Features, int]],
    shares: Array,
) -> pd.DataFrame:
    with np.errstate(divide="ignore"):
        scaled = found[:, 0] + np.log(shares)
    features = [one for _, one, _ in candidates]
    columns = {
        "log_marginal": found[:, 0],
        "prior": shares,
        "probability": np.exp(scaled - logsumexp(scaled)),
        "rho": np.where([one.lag for one in features], found[:, 1], np.nan),
        "lambda": np.where([one.error for one in features], found[:, 2], np.nan),
    }
    return pd.DataFrame(columns, index=pd.MultiIndex.from_tuples(pairs, names=["model", "weights"]))
