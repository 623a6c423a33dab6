"""Maximum likelihood of a pooled regression with error components: the nulls of the conditional component tests.

The covariance of the stacked errors is sigma² S(r, phi) ⊗ (B'B)⁻¹, with B = I − λM, S = phi J + V, J of ones and V that
of a stationary first-order process with innovations of variance 1, V_ts = r^|t−s| / (1 − r²). With lambda = 0 these
are random effects and serial correlation, with phi = 0 a spatial error and serial correlation (Baltagi, Song, Jung and
Koh 2007, J. Econometrics 140:5). Where M changes over time the process goes through the B_t of every period: with B
their block-diagonal matrix the covariance is sigma² B⁻¹(S ⊗ I)B'⁻¹.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import linalg, optimize

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.inputs.transform import operator, spatial_lag
from gvcpos.spatial.panel.ml.logdet import LogDeterminant, Spectrum

Array = npt.NDArray[np.float64]

_EDGE = 1e-6  # r stays this far inside (-1, 1), lambda inside its interval
_LARGEST = 1e6  # of phi
_STARTS_R, _STARTS_PHI, _STARTS_LAMBDA = (0.0, 0.8), (0.1, 3.0), (0.0, 0.5)


def process(T: int, r: float) -> tuple[Array, Array]:
    """Return V of a first-order process, (T, T), and its derivative with respect to r."""
    gap = np.abs(np.subtract.outer(np.arange(T), np.arange(T)))
    powers, stationary = r**gap, 1.0 / (1.0 - r * r)
    moved = gap * r ** np.maximum(gap - 1, 0)
    return powers * stationary, moved * stationary + 2.0 * r * stationary**2 * powers


@dataclass(frozen=True)
class ComponentPoint:
    """One point of the likelihood, beta and sigma² concentrated out.

    Attributes
    ----------
    r, phi, lam : float
    S, V, slope : ndarray, shape (T, T)
        The covariance over time, that of the process, and the process's derivative with respect to r.
    loglik, sigma2 : float
    beta : ndarray, shape (k,)
    u, e, a : ndarray, shape (T, N)
        Residuals, B u, and S⁻¹ B u.
    gradient : ndarray, shape (3,)
        Of the log-likelihood, with respect to r, phi and lambda.
    """

    r: float
    phi: float
    lam: float
    S: Array
    V: Array
    slope: Array
    loglik: float
    sigma2: float
    beta: Array
    u: Array
    e: Array
    a: Array
    gradient: Array

    @cached_property
    def inverse(self) -> Array:
        """S⁻¹."""
        return np.asarray(np.linalg.inv(self.S), dtype=np.float64)


@dataclass(frozen=True)
class ComponentLikelihood:
    """Log-likelihood of (r, phi, lambda).

    Attributes
    ----------
    y : ndarray, shape (T, N)
    X : ndarray, shape (T, N, k)
    spectrum : Spectrum
        Of M.
    """

    y: Array
    X: Array
    spectrum: Spectrum

    def at(self, r: float, phi: float, lam: float) -> ComponentPoint:
        """Evaluate it and its gradient."""
        T, N = self.y.shape
        V, slope = process(T, r)
        S = V + phi
        factor = linalg.cho_factor(S, lower=True)
        M = operator(self.spectrum.matrix)
        data = np.concatenate([self.X, self.y[:, :, None]], axis=2)
        moved = data - lam * spatial_lag(M, data) if lam else data
        white = linalg.solve_triangular(factor[0], moved.reshape(T, -1), lower=True).reshape(T * N, -1)
        beta = np.linalg.lstsq(white[:, :-1], white[:, -1], rcond=None)[0]
        u = self.y - self.X @ beta
        e = moved[:, :, -1] - moved[:, :, :-1] @ beta
        a = linalg.cho_solve(factor, e)
        sigma2 = float(np.vdot(a, e)) / (T * N)
        logdet = LogDeterminant(self.spectrum, drop_unit=False)
        size = T * N * (np.log(2.0 * np.pi * sigma2) + 1.0) + 2.0 * N * float(np.log(np.diag(factor[0])).sum())
        loglik = -0.5 * size + T * float(logdet.value(np.array(lam)))
        inverse, sums = linalg.cho_solve(factor, np.eye(T)), a.sum(axis=0)
        gradient = np.array(
            [
                0.5 * (np.vdot(a, slope @ a) / sigma2 - N * np.vdot(inverse, slope)),
                0.5 * (sums @ sums / sigma2 - N * inverse.sum()),
                np.vdot(a, spatial_lag(M, u)) / sigma2 + T * logdet.slope(lam),
            ]
        )
        return ComponentPoint(r, phi, lam, S, V, slope, loglik, sigma2, beta, u, e, a, gradient)

    def maximise(self, *, error: bool) -> ComponentPoint:
        """Find the highest point with phi = 0 (`error`) or with lambda = 0, from several starts.

        Raises
        ------
        EstimationError
            If no start ends where the gradient is zero or at an edge.
        """
        free = [0, 2] if error else [0, 1]
        lower, upper = self.spectrum.interval
        edges = [(-1.0 + _EDGE, 1.0 - _EDGE), (0.0, _LARGEST), (lower + _EDGE, upper - _EDGE)]
        size = self.y.size

        def loss(x: Array) -> tuple[float, Array]:
            full = np.zeros(3)
            full[free] = x
            point = self.at(*full)
            return -point.loglik / size, -point.gradient[free] / size

        others = _STARTS_LAMBDA if error else _STARTS_PHI
        starts = [np.array([r, other * (upper if error else 1.0)]) for r in _STARTS_R for other in others]
        bounds = [edges[place] for place in free]
        options = {"ftol": 1e-15, "gtol": 1e-9, "maxls": 50}
        ends = [optimize.minimize(loss, x, jac=True, method="L-BFGS-B", bounds=bounds, options=options) for x in starts]
        best = min(ends, key=lambda end: float(end.fun))
        inside = [low < x < high for x, (low, high) in zip(best.x, bounds, strict=True)]
        if np.abs(np.asarray(best.jac)[inside]).max(initial=0.0) > 1e-5:
            raise EstimationError(
                f"the fit with serial correlation did not end at a maximum (gradient {np.abs(best.jac).max():.2g} an "
                "observation). Rescale the regressors or look at them for near collinearity."
            )
        full = np.zeros(3)
        full[free] = best.x
        return self.at(*full)
