"""Covariances of (beta, rho, lambda, phi, sigma²) with random effects: expected information, Hessian and sandwich.

With Ω = E + K between the means, v = (I − λM)(y − ρWy − Xβ) has the covariance sigma² Ω. The expected information is
m_a'Ω⁻¹m_b / sigma² + ½ tr Ω⁻¹Ω_a Ω⁻¹Ω_b, m what moves the mean and Ω_a what moves the covariance (Magnus 1978;
Anselin 1988, ch. 6 and 10; Debarsy and Ertur 2010). Where weights change over time the operators A_t of a period do not
go with the mean over time; K is (1 + c)I then, c = T phi, and tr A_aA_b + tr Ω⁻¹A_aΩA_b' has besides the sum of every
period's the term c²/(1 + c) times mean tr A_atA_bt' less tr Ā_aĀ_b', Ā the mean over the periods.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.inference.covariance import cumulants, scaled_inverse
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.panel.ml.operators import Operators, OperatorTraces
from gvcpos.spatial.panel.ml.period_operators import PeriodOperators
from gvcpos.spatial.panel.random.kernel import Kernel
from gvcpos.spatial.panel.random.traces import (
    BetweenTraces,
    expected_traces,
    inverse_diagonals,
    spread,
)

Array = npt.NDArray[np.float64]

COVARIANCES = ("information", "hessian", "sandwich")


@dataclass(frozen=True)
class RandomPieces:
    """What the derivatives are made of; T periods, N units, p of (rho, lambda).

    Attributes
    ----------
    X : ndarray, shape (T, N, k)
        Regressors, filtered by B = I − λM.
    v : ndarray, shape (T, N)
        Filtered disturbances: random effects and innovations.
    lagged : ndarray, shape (T, N, p)
        −∂v/∂(rho, lambda): B W y and M u.
    slope_X : ndarray (T, N, k) or None
        M X; None without a spatial error.
    slope_lagged : ndarray (T, N) or None
        M W y; None unless the model has both.
    operators : Operators
    kernel : Kernel
    sigma2 : float
    """

    X: Array
    v: Array
    lagged: Array
    slope_X: Array | None
    slope_lagged: Array | None
    operators: Operators
    kernel: Kernel
    sigma2: float

    @property
    def expected(self) -> Array:
        """What moves the mean of the filtered data with (rho, lambda), shape (T, N, p): nothing for lambda."""
        out = np.zeros_like(self.lagged)
        if self.operators.lag is not None:
            out[:, :, 0] = self.lagged[:, :, 0] - self.operators.apply(self.v)[0]
        return out

    @property
    def spatial(self) -> int:
        """Number p of spatial parameters."""
        return self.operators.count

    @cached_property
    def within(self) -> OperatorTraces | None:
        """Traces of the operators alone; None without spatial parameters."""
        return self.operators.traces(projected=False) if self.operators.count else None

    @cached_property
    def between(self) -> BetweenTraces:
        """Traces of what moves the covariance of the means."""
        return expected_traces(self.kernel, self.operators, self.within)


def weigh(kernel: Kernel, Z: Array) -> Array:
    """Return Ω⁻¹ Z: deviations as they are, means over time by K⁻¹; Z is (T, N) or (T, N, k)."""
    mean = Z.mean(axis=0)
    return Z - mean + kernel.solve(mean.reshape(len(mean), -1)).reshape(mean.shape)


def covariance(pieces: RandomPieces, cov_type: str, at: str, *, fixed_phi: bool) -> Array:
    """Return the covariance of (beta, rho, lambda, phi, sigma²).

    Parameters
    ----------
    pieces : RandomPieces
    cov_type : {"information", "hessian", "sandwich"}
    at : str
        Where, for messages.
    fixed_phi : bool
        Whether phi is at its boundary 0: then it is held there, and its own row and column are missing.

    Raises
    ------
    EstimationError
        If the matrix is singular or gives a variance that is not positive.
    """
    matrix = hessian(pieces) if cov_type == "hessian" else information(pieces)
    phi = len(matrix) - 2
    keep = np.delete(np.arange(len(matrix)), phi) if fixed_phi else np.arange(len(matrix))
    inside = np.ix_(keep, keep)
    try:
        inverse = scaled_inverse(matrix[inside])
    except np.linalg.LinAlgError as error:
        raise EstimationError(f"the {cov_type} matrix is singular{at}: {error}.") from error
    if cov_type == "sandwich":
        inverse = inverse @ (matrix + non_normality(pieces))[inside] @ inverse
    if not (np.isfinite(inverse).all() and (np.diag(inverse) > 0.0).all()):
        raise EstimationError(
            f"the {cov_type} covariance has a variance that is not positive{at}: the likelihood is flat or the "
            "estimate sits at a boundary. Try another model or other weights."
        )
    out = np.full_like(matrix, np.nan)
    out[inside] = inverse
    return out


def information(pieces: RandomPieces) -> Array:
    """Return the expected information, shape (k+p+2, k+p+2)."""
    T, n, s2, p = *pieces.v.shape, pieces.sigma2, pieces.spatial
    mean = np.concatenate([pieces.X, pieces.expected], axis=2)
    k = pieces.X.shape[2]
    out = np.zeros((k + p + 2, k + p + 2))
    out[: k + p, : k + p] = _product(mean, weigh(pieces.kernel, mean)) / s2
    out[k:-1, k:-1] += pieces.between.double
    single = pieces.between.single.copy()
    if pieces.within is not None:
        out[k : k + p, k : k + p] += (T - 1) * pieces.within.double
        if isinstance(pieces.operators, PeriodOperators):
            share = pieces.kernel.shared**2 / (1.0 + pieces.kernel.shared)
            out[k : k + p, k : k + p] += share * spread(pieces.operators)
        single[:p] += (T - 1) * pieces.within.single
    out[k:-1, -1] = out[-1, k:-1] = single / s2
    out[-1, -1] = T * n / (2.0 * s2**2)
    return out


def hessian(pieces: RandomPieces) -> Array:
    """Return minus the Hessian of the log-likelihood, shape (k+p+2, k+p+2).

    With f = ½ v'Ω⁻¹v and h = K⁻¹v between units, f_ab = v_a'v_b within + (v_a − K_a h)'K⁻¹(v_b − K_b h) between
    + v'Ω⁻¹v_ab − ½ h'K_ab h.
    """
    T, n, s2, p = *pieces.v.shape, pieces.sigma2, pieces.spatial
    k, kernel = pieces.X.shape[2], pieces.kernel
    down = -np.concatenate([pieces.X, pieces.lagged, np.zeros((T, n, 1))], axis=2)  # derivatives of v
    weighed = weigh(kernel, pieces.v)
    h = np.sqrt(T) * weighed.mean(axis=0)[:, None]
    moved = np.zeros((n, k + p + 1))  # K_a h
    moved[:, -1:] = kernel.by_phi(h)
    if pieces.operators.error is not None:
        moved[:, k + p - 1 : k + p] = kernel.by_lam(h)
    inner, means = down - down.mean(axis=0), np.sqrt(T) * down.mean(axis=0) - moved
    second = _product(inner, inner) + means.T @ kernel.solve(means)
    _curve(second, pieces, weighed, h)
    first = np.einsum("tna,tn->a", down, weighed) - 0.5 * (moved.T @ h)[:, 0]
    out = np.zeros((k + p + 2, k + p + 2))
    out[:-1, :-1] = second / s2
    out[k:-1, k:-1] += _determinants(pieces)
    out[:-1, -1] = out[-1, :-1] = -first / s2**2
    out[-1, -1] = T * n / (2.0 * s2**2)
    return out


def _curve(second: Array, pieces: RandomPieces, weighed: Array, h: Array) -> None:
    """Add the second derivatives of v and of K: all of them are with lambda."""
    if pieces.operators.error is None or pieces.slope_X is None:
        return
    k, lam = pieces.X.shape[2], len(second) - 2
    cross = np.zeros(len(second))
    cross[:k] = np.einsum("tnk,tn->k", pieces.slope_X, weighed)
    if pieces.slope_lagged is not None:
        cross[k] += float(np.vdot(pieces.slope_lagged, weighed))
    cross[-1] -= 0.5 * float(np.vdot(h, pieces.kernel.by_both(h)))
    second[lam] += cross
    second[:, lam] += cross
    second[lam, lam] -= 0.5 * float(np.vdot(h, pieces.kernel.by_lam(h, 2)))


def _determinants(pieces: RandomPieces) -> Array:
    """Minus the second derivatives of T log|I − ρW| + T log|I − λM| − ½ log|K|, shape (p+1, p+1)."""
    p, kernel = pieces.spatial, pieces.kernel
    out = np.zeros((p + 1, p + 1))
    if pieces.within is not None:
        out[:p, :p] = len(pieces.v) * np.diag(np.diag(pieces.within.square))
    curvature = 0.5 * kernel.logdet_curvature
    if pieces.operators.error is None:
        curvature = curvature[1:, 1:]
    out[-len(curvature) :, -len(curvature) :] += curvature
    return out


def non_normality(pieces: RandomPieces) -> Array:
    """Return what the variance of the score has beyond the information when effects or innovations are not normal.

    The score is linear plus quadratic in the independent mu and e, so its covariance gains kappa4 sum a_i a_j +
    mu3 sum (b_i a_j + a_i b_j) from each of the two, with b its slopes and a its diagonal. The cumulants of e come
    from the deviations, those of mu from what the means have beyond them.
    """
    T, n, s2, p, kernel = *pieces.v.shape, pieces.sigma2, pieces.spatial, pieces.kernel
    k, deviation = pieces.X.shape[2], 1.0 - 1.0 / T
    weighed = weigh(kernel, np.concatenate([pieces.X, pieces.expected], axis=2))
    inverse, shared = inverse_diagonals(kernel)
    of_e, of_mu = np.zeros((T * n, k + p + 2)), np.zeros((n, k + p + 2))  # slopes
    of_e[:, : k + p] = weighed.reshape(T * n, -1) / s2
    of_mu[:, : k + p] = kernel.loading(T * weighed.mean(axis=0), transposed=True) / s2
    own, effect = np.zeros((n, k + p + 2)), np.zeros((n, k + p + 2))  # diagonals
    between = pieces.between.diagonals
    own[:, k:-1], effect[:, k:-1] = between[0].T / (T * s2), T * between[1].T / s2
    own[:, -1], effect[:, -1] = (deviation + inverse / T) / (2.0 * s2**2), T * shared / (2.0 * s2**2)
    if pieces.within is not None:
        own[:, k : k + p] += deviation * pieces.within.diagonal.T / s2
    (third, fourth), (third_mu, fourth_mu) = _cumulants(pieces)
    wide = np.tile(own, (T, 1))
    if pieces.within is not None and isinstance(pieces.operators, PeriodOperators):  # K is a multiple of the identity
        wide[:, k : k + p] = (deviation + 1.0 / (T * (1.0 + kernel.shared))) * pieces.within.stacked_diagonal(T) / s2
    out = fourth * wide.T @ wide + fourth_mu * effect.T @ effect
    cross = third * of_e.T @ wide + third_mu * of_mu.T @ effect
    return np.asarray(out + cross + cross.T)


def _cumulants(pieces: RandomPieces) -> tuple[tuple[float, float], tuple[float, float]]:
    """Third and fourth cumulants of the innovations and of the random effects.

    A filtered mean is L mu plus a mean of T innovations: cumulants add, those of L mu with powers of L's entries.
    """
    T, n, s2 = *pieces.v.shape, pieces.sigma2
    mean = pieces.v.mean(axis=0)
    within = Transformation(n, T, entity=True, time=False, lee_yu=True)
    third, fourth = cumulants((pieces.v - mean).reshape(-1), s2, within)
    squares, cubes, fourths = (pieces.kernel.row_sums(power) for power in (2, 3, 4))
    variance = s2 * (pieces.kernel.phi * squares + 1.0 / T)
    third_mu = (float((mean**3).mean()) - third / T**2) / float(cubes.mean())
    fourth_mu = (float((mean**4 - 3.0 * variance**2).mean()) - fourth / T**3) / float(fourths.mean())
    return (third, fourth), (third_mu, fourth_mu)


def _product(A: Array, B: Array) -> Array:
    """Sum over periods and units of A B'."""
    return np.asarray(A.reshape(-1, A.shape[2]).T @ B.reshape(-1, B.shape[2]))
