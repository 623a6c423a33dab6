"""The wild cluster bootstrap: p-values of one coefficient that hold with few clusters.

Cameron, Gelbach & Miller (2008), restricted: the null is imposed when new outcomes are drawn, residuals keep their
cluster and change sign or size with it, and each draw is studentised by its own clustered error. With few clusters the
weights are those of Webb (2023), six points, otherwise Rademacher's two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gvcpos._core.errors import EstimationError
from gvcpos.lockin.common.within import TwoWay, cluster_sums, project_out

_WEBB = np.sqrt([0.5, 1.0, 1.5])
WEBB_BELOW = 12  # 2^11 sign patterns and fewer are too coarse for p-values


@dataclass(frozen=True, eq=False)
class WildBootstrap:
    """A coefficient and the distribution of its t under the null.

    Attributes
    ----------
    estimate, std_error, statistic : float
        Clustered with the factor G/(G−1), as the regressions of this wing.
    draws : ndarray, shape (B,)
        Statistics under the null that the coefficient is zero, sorted.
    weights : str
        ``"webb"`` or ``"rademacher"``.
    """

    estimate: float
    std_error: float
    statistic: float
    draws: np.ndarray
    weights: str

    @property
    def less(self) -> float:
        """p-value against a negative coefficient."""
        return float((1 + (self.draws <= self.statistic).sum()) / (1 + len(self.draws)))

    @property
    def greater(self) -> float:
        """p-value against a positive coefficient."""
        return float((1 + (self.draws >= self.statistic).sum()) / (1 + len(self.draws)))

    def interval(self, level: float) -> tuple[float, float]:
        """Two-sided interval of confidence 1 − `level`, from the quantiles of the drawn statistics."""
        low, high = np.quantile(self.draws, [level / 2, 1 - level / 2])
        return float(self.estimate - high * self.std_error), float(self.estimate - low * self.std_error)

    def detectable(self, level: float, power: float = 0.8) -> float:
        """Effect that a one-sided test of size `level` finds with `power`."""
        low, high = np.quantile(self.draws, [level, power])
        return float((high - low) * self.std_error)


def multipliers(clusters: int, effective: int, draws: int, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Draw weights, shape (clusters, draws), of mean 0 and variance 1; Webb's where few clusters are effective."""
    if effective < WEBB_BELOW:
        points = np.concatenate([-_WEBB, _WEBB])
        return rng.choice(points, size=(clusters, draws)), "webb"
    return rng.choice([-1.0, 1.0], size=(clusters, draws)), "rademacher"


def wild_cluster(
    y: np.ndarray,
    X: np.ndarray,
    cluster: np.ndarray,
    effects: TwoWay,
    *,
    draws: int = 999,
    seed: int = 0,
    effective: int | None = None,
) -> WildBootstrap:
    """Bootstrap the first coefficient of a fixed-effects regression.

    Parameters
    ----------
    y : ndarray, shape (n,)
    X : ndarray, shape (n, k)
        The first column's coefficient is tested.
    cluster : ndarray of int, shape (n,)
        Codes 0 … G−1; each entity of `effects` lies in one cluster.
    effects : TwoWay
    draws : int
    seed : int
    effective : int, optional
        How many clusters the coefficient rests on, where it is a group's; default all.

    Raises
    ------
    EstimationError
        If the effects and the other regressors leave nothing of the first.
    """
    y, X = effects.residual(y), effects.residual(X)
    others = X[:, 1:]
    x = project_out(X[:, 0], others)
    size = float(x @ x)
    if size <= 1e-12 * float(X[:, 0] @ X[:, 0]):
        raise EstimationError("the other regressors explain the tested one entirely. Leave one of them out.")
    restricted = project_out(y, others)
    count = int(cluster.max()) + 1
    estimate, std_error = _fit(x, size, restricted[:, None], cluster, count)
    weights, kind = multipliers(count, effective or count, draws, np.random.default_rng(seed))
    # Entity means of residuals are zero already; period means come back with the weights and leave again.
    drawn = project_out(effects.residual(restricted[:, None] * weights[cluster]), others)
    b, se = _fit(x, size, drawn, cluster, count)
    statistics = np.sort(b / np.where(se > 0, se, np.inf))
    first, error = float(estimate[0]), float(std_error[0])
    return WildBootstrap(first, error, first / error, statistics, kind)


def _fit(x: np.ndarray, size: float, y: np.ndarray, cluster: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and clustered errors of several outcomes, shape (n, m), on one regressor."""
    b = x @ y / size
    scores = cluster_sums(x[:, None] * (y - x[:, None] * b), cluster)
    return b, np.sqrt(count / (count - 1) * (scores**2).sum(axis=0)) / size
