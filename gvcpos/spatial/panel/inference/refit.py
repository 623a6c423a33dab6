"""Many samples of one panel estimated at once: X, W and the transformation are shared, only y differs.

Least-squares residuals of y (and Wy, and M times both) and their cross-products are formed for all samples in a few
matrix products; Newton's method on the concentrated score then moves all samples together. A sample that does not
converge this way is searched like any other fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

from gvcpos.spatial.panel.ml.estimation import Data
from gvcpos.spatial.panel.ml.likelihood import Concentrated, Moments, gaussian
from gvcpos.spatial.panel.ml.logdet import LogDeterminant
from gvcpos.spatial.panel.ml.search import maximise

Array = npt.NDArray[np.float64]

_STEPS = 25
_CLOSE = 1e-10  # a Newton step below this, in units of the interval, ends the climb
_DIFFERENCE = 1e-5
_GRID = {1: 41, 2: 13}  # points a parameter, by the number of spatial parameters


@dataclass(frozen=True)
class Samples:
    """Cross-products of every sample, leading axis m; else as in `Moments`.

    Attributes
    ----------
    C0, C1, C2 : ndarray, shape (m, j+k, j+k)
    b : ndarray, shape (m, k, j)
    R : ndarray, shape (k, k)
    lag, error : LogDeterminant or None
    nobs, determinants : int
    """

    C0: Array
    C1: Array
    C2: Array
    b: Array
    R: Array
    lag: LogDeterminant | None
    error: LogDeterminant | None
    nobs: int
    determinants: int

    @property
    def free(self) -> npt.NDArray[np.intp]:
        """Which of (rho, lambda) are free."""
        return np.flatnonzero([self.lag is not None, self.error is not None])

    def one(self, i: int) -> Concentrated:
        """Return the concentrated likelihood of one sample."""
        moments = Moments(self.C0[i], self.C1[i], self.C2[i], self.b[i], self.R)
        return Concentrated(moments, self.lag, self.error, self.nobs, self.determinants)

    def part(self, chosen: npt.NDArray[np.intp]) -> Samples:
        """Return some of the samples."""
        C0, C1, C2, b = (each[chosen] for each in (self.C0, self.C1, self.C2, self.b))
        return Samples(C0, C1, C2, b, self.R, self.lag, self.error, self.nobs, self.determinants)

    def residual(self, at: Array) -> tuple[Array, Array]:
        """Return c = (1, -rho, -g) and C(lambda) of every sample at its (rho, lambda), shape (m, 2)."""
        lam, j = at[:, 1, None, None], self.b.shape[2]
        C = self.C0 - lam * self.C1 + lam * lam * self.C2
        a = np.stack([np.ones(len(at)), -at[:, 0]], axis=1)[:, :j]
        g = np.linalg.solve(C[:, j:, j:], C[:, j:, :j] @ a[:, :, None])[:, :, 0]
        return np.concatenate([a, -g], axis=1), C

    def value(self, at: Array) -> Array:
        """Return the log-likelihood of every sample, shape (m,)."""
        c, C = self.residual(at)
        logdet = sum(one.value(at[:, i]) for i, one in enumerate((self.lag, self.error)) if one is not None)
        return gaussian(np.einsum("mi,mij,mj->m", c, C, c), np.asarray(logdet), self.nobs, self.determinants)

    def score(self, at: Array) -> Array:
        """Return the derivatives with respect to the free parameters, shape (m, p)."""
        c, C = self.residual(at)
        rss = np.einsum("mi,mij,mj->m", c, C, c)
        out = []
        if self.lag is not None:
            by_rho = -2.0 * np.einsum("mi,mi->m", C[:, 1], c)
            out.append(-0.5 * self.nobs * by_rho / rss + self.determinants * self.lag.slopes(at[:, 0]))
        if self.error is not None:
            turn = 2.0 * at[:, 1, None, None] * self.C2 - self.C1
            by_lam = np.einsum("mi,mij,mj->m", c, turn, c)
            out.append(-0.5 * self.nobs * by_lam / rss + self.determinants * self.error.slopes(at[:, 1]))
        return np.stack(out, axis=1)

    def beta(self, at: Array) -> Array:
        """Return the coefficients of every sample, shape (m, k)."""
        j = self.b.shape[2]
        c, _ = self.residual(at)
        return np.asarray(np.einsum("mkj,mj->mk", self.b, c[:, :j]) - solve_triangular(self.R, c[:, j:].T).T)


def cross_products(data: Data, shared: Data) -> tuple[Array, Array, Array, Array, Array]:
    """Form C0, C1, C2, b and R of many samples.

    Parameters
    ----------
    data : Data
        Fields y, Wy, My and MWy of shape (m, n).
    shared : Data
        Whose X and MX all samples have, shape (n, k).
    """
    Q, R = np.linalg.qr(shared.X)
    U = np.stack([data.y] if data.Wy is None else [data.y, data.Wy], axis=2)
    g = Q.T @ U
    m, k, j = g.shape
    b = solve_triangular(R, g.transpose(1, 0, 2).reshape(k, m * j)).reshape(k, m, j).transpose(1, 0, 2)
    U = U - Q @ g
    C0 = np.zeros((m, j + k, j + k))
    C0[:, :j, :j] = U.transpose(0, 2, 1) @ U
    C0[:, j:, j:] = np.eye(k)
    if data.My is None or shared.MX is None:
        return C0, np.zeros_like(C0), np.zeros_like(C0), b, R
    F = solve_triangular(R, shared.MX.T, trans="T").T
    V = np.stack([data.My] if data.MWy is None else [data.My, data.MWy], axis=2) - F @ g
    cross, C2 = np.empty_like(C0), np.empty_like(C0)
    cross[:, :j, :j], cross[:, :j, j:] = U.transpose(0, 2, 1) @ V, U.transpose(0, 2, 1) @ F
    cross[:, j:, :j], cross[:, j:, j:] = Q.T @ V, Q.T @ F
    C2[:, :j, :j], C2[:, :j, j:] = V.transpose(0, 2, 1) @ V, V.transpose(0, 2, 1) @ F
    C2[:, j:, :j], C2[:, j:, j:] = C2[:, :j, j:].transpose(0, 2, 1), F.T @ F
    return C0, cross + cross.transpose(0, 2, 1), C2, b, R


def maximise_all(samples: Samples) -> Array:
    """Return (rho, lambda) at the maximum of every sample, shape (m, 2); 0 for what the model has not."""
    m, free = len(samples.C0), samples.free
    if not free.size:
        return np.zeros((m, 2))
    logdets = [one for one in (samples.lag, samples.error) if one is not None]
    if any(one.spectrum.eigenvalues is None for one in logdets):
        return _searched(samples, np.arange(m), np.zeros((m, 2)))
    widths = np.array([one.spectrum.interval[1] - one.spectrum.interval[0] for one in logdets])
    lower = np.array([one.spectrum.interval[0] for one in logdets])
    at, top = _start(samples, lower, widths)
    active = np.arange(m)
    for _ in range(_STEPS):
        now = samples.part(active)
        step = _newton_step(now, at[active])
        at[np.ix_(active, free)] += np.where(np.isfinite(step), step, 0.0)
        place = (at[np.ix_(active, free)] - lower) / widths
        lost = ~np.isfinite(step).all(axis=1) | (place < 1e-4).any(axis=1) | (place > 1.0 - 1e-4).any(axis=1)
        at[active[lost]] = np.nan
        active = active[~lost & (np.abs(step) / widths > _CLOSE).any(axis=1)]
        if not active.size:
            break
    at[active] = np.nan
    kept = np.flatnonzero(np.isfinite(at).all(axis=1))
    worse = kept[samples.part(kept).value(at[kept]) < top[kept]]  # a saddle or another hill
    at[worse] = np.nan
    return _searched(samples, np.flatnonzero(np.isnan(at).any(axis=1)), at)


def _start(samples: Samples, lower: Array, widths: Array) -> tuple[Array, Array]:
    """Return the best point of a coarse grid for every sample, and its height."""
    free = samples.free
    points = (np.arange(_GRID[len(free)]) + 0.5) / _GRID[len(free)]
    mesh = np.stack(np.meshgrid(*([points] * len(free)), indexing="ij"), axis=-1).reshape(-1, len(free))
    best, top = np.zeros((len(samples.C0), 2)), np.full(len(samples.C0), -np.inf)
    for point in lower + mesh * widths:
        at = np.zeros((len(best), 2))
        at[:, free] = point
        height = samples.value(at)
        better = height > top
        best[better], top[better] = at[better], height[better]
    return best, top


def _newton_step(samples: Samples, at: Array) -> Array:
    """Return Newton's step of every sample, shape (m, p); NaN where the likelihood is not concave."""
    free = samples.free
    score = samples.score(at)
    hessian = np.empty((*score.shape, len(free)))
    for column, i in enumerate(free):
        ahead, behind = at.copy(), at.copy()
        ahead[:, i] += _DIFFERENCE
        behind[:, i] -= _DIFFERENCE
        hessian[:, :, column] = (samples.score(ahead) - samples.score(behind)) / (2.0 * _DIFFERENCE)
    concave = np.linalg.eigvalsh((hessian + hessian.transpose(0, 2, 1)) / 2.0).max(axis=1) < 0.0
    hessian[~concave] = -np.eye(len(free))
    step = -np.linalg.solve(hessian, score[:, :, None])[:, :, 0]
    return np.asarray(np.where(concave[:, None], step, np.nan))


def _searched(samples: Samples, places: npt.NDArray[np.intp], at: Array) -> Array:
    """Search the samples at `places` one by one."""
    for i in places:
        mode = maximise(samples.one(int(i)))[0]
        at[i] = mode.rho, mode.lam
    return at
