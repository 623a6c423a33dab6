"""Covariances of (beta, spatial, sigma²): expected information, observed Hessian, and the sandwich.

None is block-diagonal: the spatial parameters are correlated with both beta and sigma². Sources: Anselin (1988, ch. 6),
Elhorst (2014, ch. 3), Lee and Yu (2010, J. Econometrics 154:165).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.panel.ml.operators import Operators, OperatorTraces

Array = npt.NDArray[np.float64]

_NONE = 1e-12  # a sum of powers that is zero but for rounding


@dataclass(frozen=True)
class Pieces:
    """What the derivatives are made of, all transformed; n rows, p spatial parameters.

    Attributes
    ----------
    X : ndarray, shape (n, k)
        Regressors, filtered by I − λM.
    e : ndarray, shape (n,)
        Innovations.
    lagged : ndarray, shape (n, p)
        −∂e/∂(rho, lambda): R W y and M u.
    noise : ndarray, shape (n, p)
        What of it is a function of e: G̃ e and H e. The rest is its expectation.
    slope_X : ndarray (n, k) or None
        M X, −∂X/∂lambda; None without a spatial error.
    slope_lagged : ndarray (n,) or None
        M W y, −∂²e/∂rho∂lambda with the sign turned; None unless the model has both.
    operators : Operators
    traces : OperatorTraces or None
    sigma2 : float
    transformation : Transformation
    """

    X: Array
    e: Array
    lagged: Array
    noise: Array
    slope_X: Array | None
    slope_lagged: Array | None
    operators: Operators
    traces: OperatorTraces | None
    sigma2: float
    transformation: Transformation

    @property
    def expected(self) -> Array:
        """Expectation of `lagged`, shape (n, p); the spatial error's is exactly zero."""
        out = self.lagged - self.noise
        if self.slope_X is not None:
            out[:, -1] = 0.0
        return out


def covariance(pieces: Pieces, cov_type: str, at: str = "") -> Array:
    """Return the covariance of (beta, spatial, sigma²).

    Parameters
    ----------
    pieces : Pieces
    cov_type : {"information", "hessian", "sandwich"}
        Inverse expected information; inverse of minus the Hessian; or the quasi-maximum-likelihood sandwich
        that allows for non-normal innovations.
    at : str
        The spatial parameters and their estimates, for messages.

    Raises
    ------
    EstimationError
        If the matrix is singular or gives a variance that is not positive.
    """
    matrix = hessian(pieces) if cov_type == "hessian" else information(pieces)
    try:
        inverse = scaled_inverse(matrix)
    except np.linalg.LinAlgError as error:
        raise EstimationError(f"the {cov_type} matrix is singular{at}: {error}.") from error
    excess = variation(pieces)
    if cov_type == "sandwich":
        excess = excess + non_normality(pieces)
    cov = inverse @ (matrix + excess) @ inverse if np.any(excess) else inverse
    if not (np.isfinite(cov).all() and (np.diag(cov) > 0.0).all()):
        raise EstimationError(
            f"the {cov_type} covariance has a variance that is not positive{at}: the likelihood is flat "
            "or the estimate sits at a boundary. Try another model, fewer effects or other weights."
        )
    return cov


def scaled_inverse(matrix: Array) -> Array:
    """Invert a positive definite matrix after scaling its diagonal to one."""
    diagonal = np.diag(matrix)
    scale = 1.0 / np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
    inverse = np.linalg.inv(matrix * np.outer(scale, scale)) * np.outer(scale, scale)
    return np.asarray((inverse + inverse.T) / 2.0)


def information(pieces: Pieces) -> Array:
    """Return the expected information, (k+p+1, k+p+1)."""
    s2, m, t = pieces.sigma2, pieces.expected, pieces.transformation
    by_beta, spatial, by_sigma = pieces.X.T @ m / s2, m.T @ m / s2, np.zeros(m.shape[1])
    if pieces.traces is not None:
        spatial = spatial + t.determinants * pieces.traces.double
        by_sigma = t.determinants * pieces.traces.single / s2
    return _assemble(pieces, by_beta, spatial, by_sigma)


def hessian(pieces: Pieces) -> Array:
    """Return minus the Hessian of the log-likelihood at the maximum."""
    s2, e, d = pieces.sigma2, pieces.e, pieces.lagged
    by_beta, spatial, by_sigma = pieces.X.T @ d / s2, d.T @ d / s2, d.T @ e / s2**2
    if pieces.slope_X is not None:
        by_beta[:, -1] += pieces.slope_X.T @ e / s2
    if pieces.slope_lagged is not None:
        both = float(pieces.slope_lagged @ e) / s2
        spatial = spatial + np.array([[0.0, both], [both, 0.0]])
    if pieces.traces is not None:
        # log|I − ρW| + log|I − λM| has no cross derivative.
        spatial = spatial + pieces.transformation.determinants * np.diag(np.diag(pieces.traces.square))
    return _assemble(pieces, by_beta, spatial, by_sigma)


def _assemble(pieces: Pieces, by_beta: Array, spatial: Array, by_sigma: Array) -> Array:
    """Put the blocks together."""
    k, p = by_beta.shape
    out = np.zeros((k + p + 1, k + p + 1))
    own = slice(k, k + p)
    out[:k, :k] = pieces.X.T @ pieces.X / pieces.sigma2
    out[:k, own], out[own, :k] = by_beta, by_beta.T
    out[own, own] = spatial
    out[own, -1] = out[-1, own] = by_sigma
    out[-1, -1] = pieces.transformation.nobs / (2.0 * pieces.sigma2**2)
    return out


def variation(pieces: Pieces) -> Array:
    """Return what the variance of the score has beyond its slope where W changes and entity effects are out.

    Without them the score of rho is e'QG'e / sigma² less its expectation (T - 1) mean tr G_t, with Q = I - 11'/T
    over the periods. Its slope has (T - 1) mean tr G_tG_t, its variance tr QGQG, which is less by
    mean tr G_t² - tr Ḡ², Ḡ the mean of G_t: nothing where W does not change.
    """
    k, size = pieces.X.shape[1], pieces.X.shape[1] + pieces.lagged.shape[1] + 1
    out = np.zeros((size, size))
    t = pieces.transformation
    if t.determinants < t.periods:
        out[k, k] = pieces.operators.variation(projected=t.drop_unit)
    return out


def non_normality(pieces: Pieces) -> Array:
    """Return what the variance of the score has beyond the information when innovations are not normal.

    The score is linear plus quadratic in iid innovations, b'v + v'Av - E, so its covariance gains
    kappa4 sum a_i a_j + mu3 sum (b_i a_j + a_i b_j), with a the diagonals of A (Lee and Yu 2010, appendix).
    """
    t = pieces.transformation
    (n, k), p, s2 = pieces.X.shape, pieces.lagged.shape[1], pieces.sigma2
    third, fourth = cumulants(pieces.e, s2, t)
    b = np.zeros((n, k + p + 1))
    a = np.zeros((n, k + p + 1))
    b[:, :k] = pieces.X / s2
    b[:, k : k + p] = pieces.expected / s2
    if pieces.traces is not None:
        own = _own_share(t.periods, t.entity) / s2
        a[:, k : k + p] = pieces.traces.stacked_diagonal(t.periods) * own
    a[:, -1] = _own_weight(t) / (2.0 * s2**2)
    cross = b.T @ a
    return np.asarray(fourth * a.T @ a + third * (cross + cross.T))


def cumulants(e: Array, sigma2: float, t: Transformation) -> tuple[float, float]:
    """Estimate the third and fourth cumulants of the innovations from demeaned residuals.

    A demeaned residual is a sum over innovations with known weights q, so its cumulants are those of the
    innovations times the sums of q^3 and q^4. Of two periods they are e and -e: no third cumulant, whatever the
    innovations have, and none in the score.
    """
    cubes = t.power_sum(3)
    third = float((e**3).mean()) / cubes if cubes > _NONE else 0.0
    own = _own_weight(t)
    fourth = (float((e**4).mean()) - 3.0 * (sigma2 * own) ** 2) / t.power_sum(4)
    return third, fourth


def _own_weight(t: Transformation) -> float:
    """Diagonal of the projection that removes the effects."""
    return _own_share(t.periods, t.entity) * _own_share(t.units, t.time)


def _own_share(size: int, used: bool) -> float:
    return 1.0 - 1.0 / size if used else 1.0
