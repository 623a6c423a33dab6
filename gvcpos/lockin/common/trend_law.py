"""Has a short series a trend, whether it is a random walk or comes back to a line: a likelihood ratio that stands both.

    y_t = a + b t + u_t,  u_t = ρ u_{t−1} + ε_t,  0 ≤ ρ ≤ 1, or such a u_t and noise of single years

A few years cannot tell ρ. The t of the mean change is exact for ρ = 1 and hardly ever rejects for smaller ρ; a
regression on time is right for ρ = 0 and rejects far too often for larger ρ. Elliott, Müller & Watson (2015,
Econometrica 83:771) show what is best when such a nuisance parameter is unknown: the ratio of the likelihood averaged
over ρ with a trend to the likelihood averaged without one, in which the values of ρ under the null weigh so that none
of them rejects more often than the others that count (the least favourable weights). Both are likelihoods of what
level and scale leave alone, so that neither matters. The p-value is the largest over ρ, by simulation.

With a dozen years and more the test rejects at most 8 % whatever ρ and the noise: a random walk behind noise of single
years, as a mean of many countries often is, looks most like a trend, and is among the nulls. What comes back at once is
rejected less than it could be. With five to eight years the least favourable weights are all, or nearly all, at ρ = 1:
no test can have its size there and more power elsewhere; it is the t of the mean change in another form, and rejects
less than its level for series that come back to a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from gvcpos.lockin.common.serial import noisy_ar1_root

FloatArray = npt.NDArray[np.float64]
# ρ and the part of the variance that has it (of a random walk: of its step and the noise together), the random walk
# last. Something that lasts behind noise of single years looks like noise alone, and would pass for a trend.
_PATHS = (
    (1.0, 0.2),
    (0.9, 0.5),
    (0.7, 0.5),
    (0.0, 1.0),
    (0.2, 1.0),
    (0.4, 1.0),
    (0.6, 1.0),
    (0.8, 1.0),
    (0.9, 1.0),
    (1.0, 1.0),
)
_SIZES = (2.0, 8.0)  # of the trend, in standard errors of its best estimate
_SHARES = (1.0, 0.1)  # their weights: small trends are what is hard to find
_LEVEL = 0.05  # at which the weights are least favourable; p-values hold at every level
_DRAWS = 4000
_ROUNDS = 150
_FAST = 60  # of them far steps; the others become shorter, or the weights would swing about what they are to be
_POWER_DRAWS = 1000


@dataclass(frozen=True, eq=False)
class TrendLaw:
    """The ratio for one pattern of years, and its distribution under the null.

    Attributes
    ----------
    years : tuple of int
        From zero, in units of the shortest step they share.
    whiteners : ndarray, shape (k + m, T − 1, T − 1)
        Inverse Cholesky roots of the covariances of the changes: for every ρ without a trend, then with trends.
    constants : ndarray, shape (k + m,)
        Logarithms of the densities' constants, with the weights of those with trends.
    weights : ndarray, shape (k,)
        Logarithms of the least favourable weights.
    drawn : ndarray, shape (k, draws)
        Sorted ratios under the null, for every ρ.
    """

    years: tuple[int, ...]
    whiteners: FloatArray
    constants: FloatArray
    weights: FloatArray
    drawn: FloatArray

    def ratio(self, y: FloatArray) -> FloatArray:
        """Return the logarithm of the likelihood ratio of series (T, n): shape (n,)."""
        with_trend, without = likelihoods(y, self.whiteners, self.constants)
        return with_trend - np.logaddexp.reduce(without + self.weights[:, None], axis=0)

    def pvalue(self, y: FloatArray) -> FloatArray:
        """Return two-sided p-values of series (T, n), the largest over ρ: shape (n,)."""
        found, draws = self.ratio(y) - 1e-10, self.drawn.shape[1]
        beyond = [draws - np.searchsorted(drawn, found) for drawn in self.drawn]
        return np.asarray((1.0 + np.max(beyond, axis=0)) / (1.0 + draws))

    def interval(self, y: FloatArray, centre: float, scale: float, level: float) -> tuple[float, float]:
        """Return the least and the greatest trend a year that a test of `level` does not reject.

        `centre` and `scale` say where to look: a trend and its standard error.
        """
        time = np.asarray(self.years, float)[:, None]
        reach = 8.0
        for _ in range(12):
            trends = centre + scale * np.linspace(-reach, reach, 1601)
            kept = np.flatnonzero(self.pvalue(y[:, None] - time * trends) >= level)
            if len(kept) and kept[0] > 0 and kept[-1] < len(trends) - 1:
                return float(trends[kept[0]]), float(trends[kept[-1]])
            reach *= 3.0
        return -np.inf, np.inf

    def detectable(self, level: float) -> float:
        """Return the trend of a random walk that a two-sided test of `level` finds with 80 % power.

        In standard errors of the mean change.
        """
        sizes, pvalues = self._power
        found = (pvalues < level).mean(axis=1)
        return float(np.interp(0.8, np.maximum.accumulate(found), sizes))

    @cached_property
    def _power(self) -> tuple[FloatArray, FloatArray]:
        """Return trends of a random walk in standard errors, (s,), and the p-values of draws, (s, draws)."""
        time = np.asarray(self.years, float)[:, None]
        noise = _root(self.years, 1.0, 1.0) @ np.random.default_rng(1).normal(size=(len(self.years), _POWER_DRAWS))
        sizes = np.linspace(0.0, 9.0, 19)
        unit = 1.0 / np.sqrt(float(self.years[-1]))
        return sizes, np.stack([self.pvalue(noise + size * unit * time) for size in sizes])


def likelihoods(y: FloatArray, whiteners: FloatArray, constants: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return logarithms of the likelihood averaged over trends, (n,), and of that without, by ρ, (k, n)."""
    changes, k = np.diff(y, axis=0), len(_PATHS)
    squares = np.stack([((root @ changes) ** 2).sum(axis=0) for root in whiteners])
    logs = constants[:, None] - len(changes) / 2 * np.log(squares)
    return np.logaddexp.reduce(logs[k:], axis=0), logs[:k]


@lru_cache(maxsize=64)
def trend_law(years: tuple[int, ...]) -> TrendLaw:
    """Make the law of a pattern of years, which start at zero; the same for the same years."""
    whiteners, constants = _models(years)
    normal = np.random.default_rng(len(years)).normal(size=(len(years), _DRAWS))
    drawn = [likelihoods(_root(years, *path) @ normal, whiteners, constants) for path in _PATHS]
    above, below = np.stack([a for a, _ in drawn]), np.stack([b for _, b in drawn])
    weights, ratios = _least_favourable(above, below)
    return TrendLaw(years, whiteners, constants, weights, np.sort(ratios, axis=1))


def _least_favourable(above: FloatArray, below: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return weights of ρ under the null, logarithms, (k,), and the ratios of the draws, (k, draws).

    A ρ that rejects more often than the random walk gets more weight, one that rejects less often, less.
    """
    top = below.max(axis=1)
    parts = np.exp(below - top[:, None])

    def ratios(weights: FloatArray) -> FloatArray:
        """Return the logarithms of the ratios of all draws."""
        return np.asarray(above - top - np.log(np.einsum("kjn,j->kn", parts, np.exp(weights))))

    weights = np.append(np.full(len(below) - 1, -6.0), 0.0)
    for turn in range(_ROUNDS):
        found = ratios(weights)
        rate = (found > np.quantile(found[-1], 1 - _LEVEL)).mean(axis=1)
        step = 40.0 if turn < _FAST else 12.0 * (_ROUNDS - turn) / (_ROUNDS - _FAST)
        weights = weights + step * (rate - _LEVEL)
        weights = np.maximum(weights - weights[-1], -12.0)
    return weights, ratios(weights)


def _models(years: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """Return whiteners and constants: without a trend for every ρ, then with trends of every size and ρ.

    A trend is normal with mean zero, so that with one the covariance of the changes h is Σ + κ² h h'.
    """
    h = np.diff(np.asarray(years, float))
    covariances, logs = [_changes(years, *path) for path in _PATHS], [0.0] * len(_PATHS)
    for path in _PATHS:
        plain = _changes(years, *path)
        unit = 1.0 / float(h @ np.linalg.solve(plain, h))
        covariances += [plain + size**2 * unit * np.outer(h, h) for size in _SIZES]
        logs += [float(np.log(share / len(_PATHS))) for share in _SHARES]
    roots = [np.linalg.cholesky(one) for one in covariances]
    constants = [log - np.log(np.diag(root)).sum() for log, root in zip(logs, roots, strict=True)]
    return np.stack([np.linalg.inv(root) for root in roots]), np.array(constants)


def _changes(years: tuple[int, ...], rho: float, part: float) -> FloatArray:
    """Covariance of the changes of a series as in `_root`, shape (T − 1, T − 1)."""
    root = _root(years, rho, part)
    step = np.diff(root, axis=0)
    return np.asarray(step @ step.T)


def _root(years: tuple[int, ...], rho: float, part: float) -> FloatArray:
    """Root of the covariance of an AR(1), or of a random walk that starts at zero, and noise, shape (T, T)."""
    when = np.asarray(years, float)
    if rho == 1.0 and part == 1.0:
        return np.asarray(np.tril(np.ones((len(when), len(when)))) * np.sqrt(np.diff(when, prepend=when[0])))
    if rho == 1.0:
        return np.linalg.cholesky(part * np.minimum.outer(when, when) + (1.0 - part) * np.eye(len(when)))
    return np.asarray(noisy_ar1_root(years, rho, part))
