"""Covariances of (beta, rho, lambda, phi, sigma²) with random effects: expected information, Hessian and sandwich.

With Ω = E + K between the means, v = (I − λM)(y − ρWy − Xβ) has the covariance sigma² Ω. The expected information is
m_a'Ω⁻¹m_b / sigma² + ½ tr Ω⁻¹Ω_a Ω⁻¹Ω_b, m what moves the mean and Ω_a what moves the covariance (Magnus 1978;
Anselin 1988, ch. 6 and 10; Debarsy and Ertur 2010). The traces are those of `traces` and `period_traces`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.inference.covariance import scaled_inverse
from gvcpos.spatial.panel.ml.operators import Operators, OperatorTraces
from gvcpos.spatial.panel.random.cumulants import component_cumulants
from gvcpos.spatial.panel.random.kernel import Kernel
from gvcpos.spatial.panel.random.period_kernel import PeriodKernel
from gvcpos.spatial.panel.random.period_traces import period_forms
from gvcpos.spatial.panel.random.traces import Traces, forms

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
    def forms(self) -> Traces:
        """What moves the covariance of the filtered data with (rho, lambda, phi)."""
        if isinstance(self.kernel, PeriodKernel):
            return period_forms(self.kernel, self.operators)
        return forms(self.kernel, self.operators, self.within)


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
    out[: k + p, : k + p] = _product(mean, pieces.kernel.weigh(mean)) / s2
    out[k:-1, k:-1] += pieces.forms.double
    out[k:-1, -1] = out[-1, k:-1] = pieces.forms.single / s2
    out[-1, -1] = T * n / (2.0 * s2**2)
    return out


def hessian(pieces: RandomPieces) -> Array:
    """Return minus the Hessian of the log-likelihood, shape (k+p+2, k+p+2).

    With f = ½ v'Ω⁻¹v and w = Ω⁻¹v, f_ab = (v_a − Ω_a w)'Ω⁻¹(v_b − Ω_b w) + w'v_ab − ½ w'Ω_ab w.
    """
    T, n, s2, p = *pieces.v.shape, pieces.sigma2, pieces.spatial
    k, kernel = pieces.X.shape[2], pieces.kernel
    down = -np.concatenate([pieces.X, pieces.lagged, np.zeros((T, n, 1))], axis=2)  # derivatives of v
    weighed, moved = kernel.weigh(pieces.v), np.zeros((T, n, k + p + 1))  # Ω_a w
    with_lambda = pieces.operators.error is not None
    moved[:, :, -1 - with_lambda :] = kernel.pushed(weighed)[:, :, not with_lambda :]
    second = _product(down - moved, kernel.weigh(down - moved))
    _curve(second, pieces, weighed)
    first = np.einsum("tna,tn->a", down - 0.5 * moved, weighed)
    out = np.zeros((k + p + 2, k + p + 2))
    out[:-1, :-1] = second / s2
    out[k:-1, k:-1] += _determinants(pieces)
    out[:-1, -1] = out[-1, :-1] = -first / s2**2
    out[-1, -1] = T * n / (2.0 * s2**2)
    return out


def _curve(second: Array, pieces: RandomPieces, weighed: Array) -> None:
    """Add the second derivatives of v and of Ω: all of them are with lambda."""
    if pieces.operators.error is None or pieces.slope_X is None:
        return
    k, lam = pieces.X.shape[2], len(second) - 2
    twice, with_phi = pieces.kernel.bent(weighed)
    cross = np.zeros(len(second))
    cross[:k] = np.einsum("tnk,tn->k", pieces.slope_X, weighed)
    if pieces.slope_lagged is not None:
        cross[k] += float(np.vdot(pieces.slope_lagged, weighed))
    cross[-1] -= 0.5 * with_phi
    second[lam] += cross
    second[:, lam] += cross
    second[lam, lam] -= 0.5 * twice


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
    mu3 sum (b_i a_j + a_i b_j) from each of the two, with b its slopes and a its diagonal.
    """
    T, n, s2, p, kernel = *pieces.v.shape, pieces.sigma2, pieces.spatial, pieces.kernel
    k = pieces.X.shape[2]
    weighed = kernel.weigh(np.concatenate([pieces.X, pieces.expected], axis=2))
    of_e, of_mu = np.zeros((T * n, k + p + 2)), np.zeros((n, k + p + 2))  # slopes
    of_e[:, : k + p], of_mu[:, : k + p] = weighed.reshape(T * n, -1) / s2, kernel.gather(weighed) / s2
    own, effect = np.zeros_like(of_e), np.zeros_like(of_mu)  # diagonals
    own[:, k:], effect[:, k:] = (part / s2 for part in pieces.forms.diagonals)
    own[:, -1], effect[:, -1] = own[:, -1] / s2, effect[:, -1] / s2
    (third, fourth), (third_mu, fourth_mu) = component_cumulants(pieces.v, kernel, s2)
    out = fourth * own.T @ own + fourth_mu * effect.T @ effect
    cross = third * of_e.T @ own + third_mu * of_mu.T @ effect
    return np.asarray(out + cross + cross.T)


def _product(A: Array, B: Array) -> Array:
    """Sum over periods and units of A B'."""
    return np.asarray(A.reshape(-1, A.shape[2]).T @ B.reshape(-1, B.shape[2]))
