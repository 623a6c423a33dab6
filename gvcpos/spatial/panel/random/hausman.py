"""Random or fixed effects? Hausman's test for spatial panels, and its form by auxiliary regressors.

Random effects are consistent only if they go with no regressor; fixed effects either way. The difference of the two
estimates over the difference of their covariances is chi-squared if random effects are right (Hausman 1978; Mutl and
Pfaffermayr 2011). Or the means over time of the regressors are added to the model with random effects, where their
coefficients are zero if random effects are right (Mundlak 1978; Debarsy 2012); this form allows for errors that are
not normal and needs no second model.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError, InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.options import HausmanKind, choose
from gvcpos.spatial.panel.diagnostics.tests import PanelTest, chi2_test, f_test, wald
from gvcpos.spatial.panel.inference.covariance import covariance
from gvcpos.spatial.panel.inputs.checks import LAG_PREFIX
from gvcpos.spatial.panel.ml.entity_dummies import as_dummies
from gvcpos.spatial.panel.ml.estimation import columns_of, derivatives
from gvcpos.spatial.panel.random import covariance as random_covariance
from gvcpos.spatial.weights.periods import same_weights

if TYPE_CHECKING:
    from gvcpos.spatial.panel.model import SpatialPanel
    from gvcpos.spatial.panel.random.results import RandomPanelResults
    from gvcpos.spatial.panel.results import SpatialPanelResults

Array = npt.NDArray[np.float64]

MEAN_PREFIX = "mean "
_SINGULAR = 1e-10
_VARIES = 1e-9  # spread between units of a mean, or within units of a regressor, as a share of the regressor's size
NULL = "the effects go with no regressor: random effects are consistent"


def hausman(
    random: RandomPanelResults, fixed: SpatialPanelResults | None = None, *, kind: HausmanKind = "mundlak"
) -> PanelTest:
    """Test random against fixed entity effects.

    Parameters
    ----------
    random : RandomPanelResults
    fixed : SpatialPanelResults, optional
        The same model with fixed entity effects (and time effects where the random one has them); estimated where
        needed and not given. Only "difference" uses it.
    kind : {"mundlak", "difference"}
        "mundlak": Wald test W of the means over time added as regressors, with the sandwich covariance. That is an
        average over N entities, compared with Hotelling's distribution: (N - q) W / (q N) with F(q, N - q).
        "difference": Hausman's quadratic form in the slopes and rho, with both expected informations at the
        random-effects estimate; lambda is left out, as it does not rest on effects unrelated to the regressors.

    Raises
    ------
    InputError
        If the two results are not of one model and one panel, or nothing can be compared; for "difference" in a gns
        model with one W for lag and error, where no covariance says how far the estimates are off.
    EstimationError
        If the difference of the covariances is not positive definite.
    """
    choose(kind, HausmanKind, "kind")
    if not random.model.random:
        raise InputError(f"the first result has effects={random.model.effects!r}; one with effects='random' is needed.")
    if kind == "mundlak":
        return _mundlak(random)
    if random.model.model == "gns" and same_weights(random.model.weights, random.model.error_weights):
        raise InputError(
            "kind='difference' has no test in a gns model with one W for lag and error: neither covariance says how "
            "far the estimates are off, and a true null would be rejected in 8 to 11 % of samples of usual size where "
            "5 % is said. Take kind='mundlak', which keeps its level."
        )
    effects = "twoway" if random.model.effects == "random-time" else "entity"
    if fixed is None:
        fixed = random.model.respecified(effects=effects, random_error="baltagi").fit()
    _check_same(random.model, fixed.model, effects)
    names = [name for name in fixed.names if name in random.names and name != "lambda"]
    gap = (fixed.params[names] - random.params[names]).to_numpy(float)
    of_fixed, of_random = _covariance_of_fixed(random, fixed, names), _covariance_of_random(random, names)
    scale = np.sqrt(np.diag(of_fixed))
    lowest = float(np.linalg.eigvalsh((of_fixed - of_random) / np.outer(scale, scale)).min())
    if lowest <= _SINGULAR:
        raise EstimationError(
            "the covariance of the fixed-effects estimate less that of the random-effects estimate is not positive "
            f"definite (smallest eigenvalue {lowest:.3g} in units of the first): the difference has no test in this "
            "sample. Use kind='mundlak'."
        )
    return chi2_test("hausman", NULL, wald(gap, np.eye(len(names)), of_fixed - of_random), len(names))


def _covariance_of_fixed(random: RandomPanelResults, fixed: SpatialPanelResults, names: list[str]) -> Array:
    """Inverse expected information of the fixed-effects model at the random-effects estimate.

    The likelihood with random effects is that of the deviations, which is the fixed effects', times that of the means:
    their informations add up. So at one value of the parameters the difference of the covariances is positive; where
    weights change over time, up to how much they do.
    """
    model, found = fixed.model, random.estimate
    if model.effects == "entity" and model.method != "lee-yu":  # the same slopes, and the deviations' own likelihood
        model = model.respecified(method="lee-yu")
    data = columns_of(model.arrays, model.features)
    beta = random.params[list(model.regressors)].to_numpy(float)
    if as_dummies(model.transformation, model.features, model.arrays.error_spectrum):
        beta = np.append(beta, np.zeros(data.X.shape[1] - len(beta)))  # there is no lag: their values move nothing
    elif data.X.shape[1] > len(beta):
        beta = np.append(beta, found.time[1:] - found.time[0])
    pieces = derivatives(model.arrays, data, model.features, (found.rho, found.lam, beta))
    cov = covariance(replace(pieces, sigma2=found.sigma2), "information")
    return _pick(cov, len(model.regressors), data.X.shape[1], fixed.names, names)


def _covariance_of_random(random: RandomPanelResults, names: list[str]) -> Array:
    pieces = random.estimate.random
    cov = random_covariance.covariance(pieces, "information", "", fixed_phi=random.estimate.at_zero)
    return _pick(cov, len(random.model.regressors), pieces.X.shape[2], random.names, names)


def _pick(cov: Array, k: int, width: int, have: tuple[str, ...], want: list[str]) -> Array:
    """Rows and columns of some parameters; columns k to `width` of the design are time dummies without a name."""
    places = [place + (width - k if place >= k else 0) for place in map(have.index, want)]
    return cov[np.ix_(places, places)]


def _check_same(random: SpatialPanel, fixed: SpatialPanel, effects: str) -> None:
    """Refuse two results that are not of one model and one panel."""
    if fixed.effects != effects:
        raise InputError(
            f"effects={random.effects!r} is tested against effects={effects!r}; the fixed model has {fixed.effects!r}."
        )
    same = (
        random.model == fixed.model
        and random.data.names == fixed.data.names
        and random.weights.ids == fixed.weights.ids
        and np.array_equal(random.data.y, fixed.data.y)
        and np.array_equal(random.data.X, fixed.data.X)
        and same_weights(random.weights, fixed.weights)
    )
    if not same:
        raise InputError(
            f"the two results are not of one model and one panel: {random!r} and {fixed!r}. Fit both on the same y, X "
            "and W with the same model."
        )


def _mundlak(random: RandomPanelResults) -> PanelTest:
    """Wald test of the means over time of the regressors, and of their spatial lags where the model has such."""
    model = with_means(random.model)
    result = model.fit("sandwich")
    added = [name for name in result.model.regressors if name.removeprefix(LAG_PREFIX).startswith(MEAN_PREFIX)]
    places = [result.names.index(name) for name in added]
    jacobian = np.eye(len(result.names))[places]
    clean = result.cov.fillna(0.0).to_numpy(float)  # phi, where it is at its boundary
    statistic = wald(result.params.to_numpy(float)[places], jacobian, clean)
    units, q = result.model.weights.n, len(added)
    if units <= q:
        raise InputError(f"{units} entities cannot tell apart {q} means over time. Use kind='difference'.")
    return f_test("hausman_mundlak", NULL, (units - q) / (q * units) * statistic, (q, units - q))


def with_means(model: SpatialPanel) -> SpatialPanel:
    """Return the model with the means over time of its regressors as regressors more.

    Raises
    ------
    InputError
        If no regressor varies both over time and between the means of the entities.
    """
    X = model.data.X
    mean = X.mean(axis=0)
    size = np.maximum(np.sqrt((X**2).mean(axis=(0, 1))), 1e-300)
    moving = np.abs(X - mean).max(axis=(0, 1)) > _VARIES * size
    chosen = np.flatnonzero(moving & (np.ptp(mean, axis=0) > _VARIES * size))
    if not chosen.size:
        raise InputError(
            f"no regressor ({enumerate_labels(model.data.names)}) varies both over time and between the means of the "
            "entities: random and fixed effects cannot differ in its slope."
        )
    names = [model.data.names[j] for j in chosen]
    wide = np.concatenate([X, np.broadcast_to(mean[:, chosen], (len(X), *mean[:, chosen].shape))], axis=2)
    data = replace(model.data, X=wide, names=(*model.data.names, *(MEAN_PREFIX + name for name in names)))
    own, not_lagged = model.choices.x_weights, model.choices.not_lagged
    if isinstance(own, dict):
        own = own | {MEAN_PREFIX + name: own[name] for name in names if name in own}
    plain = (*not_lagged, *(MEAN_PREFIX + name for name in names if name in not_lagged))
    return model.respecified(data=data, x_weights=own, not_lagged=plain)
