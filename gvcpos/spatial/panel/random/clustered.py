"""A covariance for innovations that depend on each other within an entity, in any way, with random effects.

Where the effects go through the spatial error, or there is none, the filtered disturbances v_i = mu_i + e_i of an
entity are independent of those of all others, whatever their covariance over time is: random effects of one variance
are then a working assumption alone. Ω acts on periods and the operators A_t of (rho, lambda) on units, so that with
z = Ω⁻¹v the score is
    s = sum_it b_it z_it / s2 + sum_t (z_t' A_t v_t / s2 - tr A_t),
and for phi the squares of the means. Its contributions of units and of pairs of units are uncorrelated (see `pairs`);
V sums their outer products over an entity's periods, times N/(N-1), and H⁻¹ V H⁻¹ is the covariance. beta, rho and
lambda stay consistent under any covariance over time that all entities share (where W changes, as long as it does not
go with the traces of A_t); phi and sigma2 then stand for the nearest covariance with random effects, and a variance
that goes with the place of a unit in W biases rho and lambda as it does with fixed effects.

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
from gvcpos.spatial.panel.models import Features
from gvcpos.spatial.panel.random.covariance import COVARIANCES, RandomPieces, hessian
from gvcpos.spatial.panel.random.pairs import pair_products

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
    own = unit_scores(pieces)
    return clustered.factor(len(own)) * clustered.with_pairs(own, pair_products(pieces), pieces.X.shape[2])


def unit_scores(pieces: RandomPieces) -> Array:
    """Return what each unit contributes to the score alone, without the pairs; shape (N, k+p+2)."""
    kernel, v, s2 = pieces.kernel, pieces.v, pieces.sigma2
    T, z, weight = len(v), kernel.weigh(v), 1.0 / (1.0 + kernel.shared)
    spatial = pieces.lagged * z[:, :, None] / s2
    if pieces.within is not None:
        moved = np.stack(pieces.operators.apply(v), axis=2)
        diagonal = pieces.within.stacked_diagonal(T).reshape(moved.shape)
        spatial = spatial - (moved - diagonal * v[:, :, None]) * z[:, :, None] / s2 - diagonal
    phi = 0.5 * T * weight * (weight * T * v.mean(axis=0) ** 2 / s2 - 1.0)
    sigma = (z * v).sum(axis=0) / (2.0 * s2**2) - T / (2.0 * s2)
    regressors = np.einsum("tnk,tn->nk", pieces.X, z) / s2
    return np.column_stack([regressors, spatial.sum(axis=0), phi, sigma])
