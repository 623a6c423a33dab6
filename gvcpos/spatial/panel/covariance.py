"""Covariances of (beta, r, sigma^2): expected information, observed Hessian, and the sandwich.

None is block-diagonal: r is correlated with both beta and sigma^2. Sources: Anselin (1988, ch. 6), Elhorst
(2014, ch. 3), Lee and Yu (2010, J. Econometrics 154:165).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.multiplier import Traces
from gvcpos.spatial.panel.transform import Transformation

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pieces:
    """What the second derivatives are made of, all transformed; n rows.

    Attributes
    ----------
    X : ndarray, shape (n, k)
        Regressors; filtered by I - rW in the error model.
    e : ndarray, shape (n,)
        Innovations.
    lagged : ndarray (n,) or None
        Derivative of -e with respect to r: Wy in the lag model, Wu in the error model, None without r.
    expected_lagged : ndarray, shape (n,)
        Its part that is not noise: Wy - Ge in the lag model, zero in the error model.
    WX : ndarray (n, k) or None
        W X in the error model, where the slope of X in r matters; None in the lag model.
    traces : Traces or None
    sigma2 : float
    transformation : Transformation
    """

    X: Array
    e: Array
    lagged: Array | None
    expected_lagged: Array
    WX: Array | None
    traces: Traces | None
    sigma2: float
    transformation: Transformation


def covariance(pieces: Pieces, cov_type: str, at: str = "") -> Array:
    """Return the covariance of (beta, r, sigma^2), or of (beta, sigma^2) without a spatial parameter.

    Parameters
    ----------
    pieces : Pieces
    cov_type : {"information", "hessian", "sandwich"}
        Inverse expected information; inverse of minus the Hessian; or the quasi-maximum-likelihood sandwich
        that allows for non-normal innovations.
    at : str
        The spatial parameter and its estimate, for messages.

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
    cov = inverse @ (matrix + non_normality(pieces)) @ inverse if cov_type == "sandwich" else inverse
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
    """Return the expected information, (k+2, k+2) or (k+1, k+1)."""
    s2, m = pieces.sigma2, pieces.expected_lagged
    times = pieces.transformation.determinants
    beta_r = pieces.X.T @ m / s2
    rr, r_sigma = 0.0, 0.0
    if pieces.traces is not None:
        rr = float(m @ m) / s2 + times * (pieces.traces.gg + pieces.traces.gtg)
        r_sigma = times * pieces.traces.g / s2
    return _assemble(pieces, beta_r, rr, r_sigma)


def hessian(pieces: Pieces) -> Array:
    """Return minus the Hessian of the log-likelihood at the maximum."""
    s2 = pieces.sigma2
    if pieces.lagged is None or pieces.traces is None:
        return _assemble(pieces, np.zeros(pieces.X.shape[1]), 0.0, 0.0)
    beta_r = pieces.X.T @ pieces.lagged / s2
    if pieces.WX is not None:
        beta_r = beta_r + pieces.WX.T @ pieces.e / s2
    rr = float(pieces.lagged @ pieces.lagged) / s2 + pieces.transformation.determinants * pieces.traces.gg
    return _assemble(pieces, beta_r, rr, float(pieces.lagged @ pieces.e) / s2**2)


def _assemble(pieces: Pieces, beta_r: Array, rr: float, r_sigma: float) -> Array:
    """Put the blocks together; without r its row is left out."""
    k = pieces.X.shape[1]
    out = np.zeros((k + 2, k + 2))
    out[:k, :k] = pieces.X.T @ pieces.X / pieces.sigma2
    out[:k, k] = out[k, :k] = beta_r
    out[k, k] = rr
    out[k, k + 1] = out[k + 1, k] = r_sigma
    out[k + 1, k + 1] = pieces.transformation.nobs / (2.0 * pieces.sigma2**2)
    return out if pieces.traces is not None else np.delete(np.delete(out, k, 0), k, 1)


def non_normality(pieces: Pieces) -> Array:
    """Return what the variance of the score has beyond the information when innovations are not normal.

    The score is linear plus quadratic in iid innovations, b'v + v'Av - E, so its covariance gains
    kappa4 sum a_i a_j + mu3 sum (b_i a_j + a_i b_j), with a the diagonals of A (Lee and Yu 2010, appendix).
    """
    t = pieces.transformation
    k, s2 = pieces.X.shape[1], pieces.sigma2
    third, fourth = cumulants(pieces.e, s2, t)
    n = len(pieces.e)
    b = np.zeros((n, k + 2))
    a = np.zeros((n, k + 2))
    b[:, :k] = pieces.X / s2
    b[:, k] = pieces.expected_lagged / s2
    if pieces.traces is not None:
        a[:, k] = np.tile(pieces.traces.diagonal, t.periods) * _own_share(t.periods, t.entity) / s2
    a[:, k + 1] = _own_weight(t) / (2.0 * s2**2)
    cross = b.T @ a
    out = fourth * a.T @ a + third * (cross + cross.T)
    return out if pieces.traces is not None else np.delete(np.delete(out, k, 0), k, 1)


def cumulants(e: Array, sigma2: float, t: Transformation) -> tuple[float, float]:
    """Estimate the third and fourth cumulants of the innovations from demeaned residuals.

    A demeaned residual is a sum over innovations with known weights q, so its cumulants are those of the
    innovations times the sums of q^3 and q^4.
    """
    third = float((e**3).mean()) / t.power_sum(3)
    own = _own_weight(t)
    fourth = (float((e**4).mean()) - 3.0 * (sigma2 * own) ** 2) / t.power_sum(4)
    return third, fourth


def _own_weight(t: Transformation) -> float:
    """Diagonal of the projection that removes the effects."""
    return _own_share(t.periods, t.entity) * _own_share(t.units, t.time)


def _own_share(size: int, used: bool) -> float:
    return 1.0 - 1.0 / size if used else 1.0
