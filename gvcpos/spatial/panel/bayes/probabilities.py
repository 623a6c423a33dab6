"""Posterior probabilities of models and of weights (LeSage and Parent 2007; LeSage 2014).

The marginal densities of `marginal`, integrated over rho and lambda by `quadrature`, are compared. The probabilities
compare the given candidates alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logsumexp

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels, unique
from gvcpos._core.options import BetaPrior, SpatialModel, choose
from gvcpos.spatial.panel.bayes.marginal import Prior, marginal
from gvcpos.spatial.panel.inputs.checks import INTERCEPT
from gvcpos.spatial.panel.inputs.period_checks import check_rows
from gvcpos.spatial.panel.ml.approximation import refuse_approximate
from gvcpos.spatial.panel.ml.estimation import PanelArrays
from gvcpos.spatial.panel.models import MODELS, Features
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.periods import PeriodWeights, as_weights

if TYPE_CHECKING:
    from gvcpos.spatial.panel.model import SpatialPanel

Array = npt.NDArray[np.float64]

OLS = "ols"
DEFAULT = ("slx", "sar", "sem", "sdm", "sdem")
_NOT_SPATIAL = Features(lag=False, error=False, durbin=False)
_SAME_COLUMNS: dict[str, SpatialModel] = {OLS: "sar", "sac": "sar", "gns": "sdm"}


def model_probabilities(
    panel: SpatialPanel,
    models: Iterable[SpatialModel | str] = DEFAULT,
    weights: Mapping[str, Weights | Mapping[object, Weights]] | None = None,
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
        A mapping of periods to weights is one that changes over time.
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
    prior_probabilities : mapping of (model, weights) to float
        Default equal; need not sum to one.

    Returns
    -------
    DataFrame
        Index (model, weights); log_marginal, prior, probability, and the posterior means rho and lambda if any.

    Raises
    ------
    InputError
        If a model is unknown, effects are random, the method is "direct" with fixed effects (its likelihood is the
        density of no data), or a flat prior meets models of different size.
    LabelError
        If the units or periods of some weights are not those of the panel.

    Notes
    -----
    Where weights change over time `marginal` states the prior of entity effects, which sac and gns have there, too.
    """
    _check(panel, shape, g)
    names = unique(models, "models")
    each = {key: _of_panel(panel, W, f"weights[{key}]") for key, W in (weights or {"W": panel.weights}).items()}
    pairs = [(name, key) for key in each for name in names]
    candidates = [_candidate(panel, name, each[key]) for name, key in pairs]
    sizes = [arrays.X.shape[2] - constants for arrays, _, constants in candidates]
    chosen = _beta_prior(prior, pairs, sizes)
    n = candidates[0][0].transformation.nobs
    priors = Prior(chosen, float(max(n, max(sizes) ** 2)) if g is None else float(g), shape)
    found = np.array([marginal(*one, priors).log_marginal() for one in candidates])
    return _frame(pairs, found, candidates, _prior_shares(pairs, prior_probabilities))


def _check(panel: SpatialPanel, shape: float, g: float | None) -> None:
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


def _of_panel(panel: SpatialPanel, given: Weights | Mapping[object, Weights] | PeriodWeights, what: str) -> Weights:
    """Bring candidate weights to the units of the panel, and to its periods where they change."""
    W = as_weights(given, what).align(panel.weights.ids)
    if isinstance(W, PeriodWeights):
        return cast(Weights, W.at(panel.data.times, panel.data.left_out.periods, what))
    return W


def _candidate(panel: SpatialPanel, name: str, W: Weights) -> tuple[PanelArrays, Features, int]:
    """Return the arrays of a model with its features and the number of its constants."""
    if name != OLS and name not in MODELS:
        raise InputError(f"model {name!r} is not known. Allowed: {enumerate_labels([OLS, *MODELS])}.")
    features = _NOT_SPATIAL if name == OLS else MODELS[name]
    same = _SAME_COLUMNS.get(name, cast("SpatialModel", name))
    made = panel.respecified(same, data=replace(panel.data, weights=W))
    if features.error:
        check_rows(made.transformation, made.error_weights)
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
