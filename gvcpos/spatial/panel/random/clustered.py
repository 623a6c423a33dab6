"""A covariance for innovations that depend on each other within an entity, in any way, with random effects.

Where the effects go through the spatial error, or there is none, the filtered disturbances v_i = mu_i + e_i of an
entity are independent of those of all others, whatever their covariance over time is: random effects of one variance
are then a working assumption alone. Ω^(-1/2) acts on periods and the operators A of (rho, lambda) act on units, so the
score is that of a pooled model in w = Ω^(-1/2) v,
    s = sum_it b_it w_it / s2 + sum_t (w_t' A w_t / s2 - tr A),
and for phi the squares of the means. Its contributions of units and of pairs of units are uncorrelated (see
`inference.scores`); V sums their outer products over an entity's periods, times N/(N-1), and H⁻¹ V H⁻¹ is the
covariance. beta, rho and lambda stay consistent under any covariance over time that all entities share; phi and sigma2
then stand for the nearest covariance with random effects, and a variance that goes with the place of a unit in W biases
rho and lambda as it does with fixed effects.

Not defined: random effects beside a spatial error, u = mu + (I - λM)⁻¹ e. Its filter gives (I - λM) mu + e, its inverse
mu + (I - λM)⁻¹ e: neither leaves units independent. Nor anything that sums over the units of a period (cluster-time,
two-way, Driscoll-Kraay): an entity's effect is in all of its periods and does not fade, so that no two of them are
independent, however many there are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel.inference import clustered
from gvcpos.spatial.panel.inference.covariance import Pieces
from gvcpos.spatial.panel.inference.scores import own_scores, pair_products
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.panel.models import Features
from gvcpos.spatial.panel.random.covariance import COVARIANCES, RandomPieces, hessian

Array = npt.NDArray[np.float64]

ENTITY = "cluster-entity"
BY_UNIT = (
    "random effects beside a spatial error leave no filter under which units are independent: (I - lambda M) u has the "
    "neighbours' effects in it, u itself their innovations"
)
BY_PERIOD = (
    "an entity's effect is in all of its periods and does not fade, so that periods are never independent of each other"
)


def check(cov_type: str, bandwidth: int | None, features: Features, shape: tuple[int, int], *, kkp: bool) -> None:
    """Refuse a covariance that such a model does not have, by name and with the reason; `shape` is (units, periods).

    Raises
    ------
    InputError
    """
    allowed = defined(features, kkp=kkp)
    if cov_type in allowed:
        clustered.check(cov_type, *shape, bandwidth)
        return
    why = BY_UNIT if cov_type == ENTITY else BY_PERIOD
    has = "random_error='kkp' has it, and so have fixed effects" if cov_type == ENTITY else "Fixed effects have it"
    raise InputError(
        f"cov_type={cov_type!r} is not defined for random effects{_of(features, kkp)}: {why}. "
        f"Allowed: {', '.join(map(repr, allowed))}. {has}."
    )


def _of(features: Features, kkp: bool) -> str:
    if not features.error:
        return ""
    return " that go through the spatial error" if kkp else " beside a spatial error (random_error='baltagi')"


def defined(features: Features, *, kkp: bool) -> tuple[str, ...]:
    """Names of the covariances that a model with random effects has."""
    return COVARIANCES + (ENTITY,) * units_independent(features, kkp=kkp)


def units_independent(features: Features, *, kkp: bool) -> bool:
    """Whether the filtered disturbances of units are independent of each other."""
    return kkp or not features.error


def entity_covariance(pieces: RandomPieces, at: str, *, fixed_phi: bool) -> Array:
    """Return the covariance of (beta, rho, lambda, phi, sigma2); see `random.covariance.covariance`.

    Raises
    ------
    EstimationError
        If the Hessian is singular or a variance is not positive.

    Warns
    -----
    ClusterWarning
        If there are fewer than 10 entities.
    """
    H, V = hessian(pieces), score_variance(pieces)
    keep = np.delete(np.arange(len(H)), len(H) - 2) if fixed_phi else np.arange(len(H))
    inside = np.ix_(keep, keep)
    periods, units = pieces.v.shape
    clustered.warn_of_few(ENTITY, (units, periods), len(keep))
    out = np.full_like(H, np.nan)
    out[inside] = clustered.around(H[inside], V[inside], ENTITY, at)
    return out


def score_variance(pieces: RandomPieces) -> Array:
    """Return V, shape (k+p+2, k+p+2)."""
    k, own = pieces.X.shape[2], unit_scores(pieces)
    by_unit, _ = pair_products(whitened(pieces))
    return clustered.factor(len(own)) * clustered.with_pairs(own, by_unit, k)


def unit_scores(pieces: RandomPieces) -> Array:
    """Return what each unit contributes to the score alone, without the pairs; shape (N, k+p+2)."""
    kernel, (T, _), s2 = pieces.kernel, pieces.v.shape, pieces.sigma2
    own = own_scores(whitened(pieces)).sum(axis=0)
    weight = 1.0 / (1.0 + kernel.shared)
    squares = T * pieces.v.mean(axis=0) ** 2
    return np.insert(own, -1, 0.5 * T * weight * (weight * squares / s2 - 1.0), axis=1)


def whitened(pieces: RandomPieces) -> Pieces:
    """Return the pooled model in Ω^(-1/2) times everything, of which the score is that of (beta, spatial, sigma2)."""
    T, n = pieces.v.shape
    root = 1.0 - 1.0 / np.sqrt(1.0 + pieces.kernel.shared)

    def white(Z: Array) -> Array:
        return np.asarray(Z - root * Z.mean(axis=0)).reshape((T * n, *Z.shape[2:]))

    e, lagged = white(pieces.v), white(pieces.lagged)
    moved = [each.reshape(-1) for each in pieces.operators.apply(e.reshape(T, n))]
    noise = np.column_stack(moved) if moved else np.empty((T * n, 0))
    pooled = Transformation(n, T, entity=False, time=False, lee_yu=False)
    return Pieces(white(pieces.X), e, lagged, noise, None, None, pieces.operators, pieces.within, pieces.sigma2, pooled)
