"""Hansen's (1999) threshold of a fixed-effects panel: grid search, bootstrap and confidence set on arrays.

    y_it = Σ_r 1[γ_{r−1} < q_it ≤ γ_r] (c_r + b_r x_it) + controls + μ_i + α_t + ε_it

The level c_r of a regime is free, so that a shift in level is not taken for a change of slope (`shift`); without it the
model is Hansen's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gvcpos._core.errors import EstimationError
from gvcpos.lockin.common.wild import multipliers
from gvcpos.lockin.common.within import TwoWay, cluster_sums, project_out

_TINY = 1e-10


@dataclass(frozen=True, eq=False)
class Search:
    """Sums of squares over a grid.

    Attributes
    ----------
    grid : ndarray, shape (m,)
        Candidate thresholds.
    ssr : ndarray, shape (m,)
        Residual sum of squares with a (further) threshold at each.
    ssr0 : float
        Without it.
    sigma2 : float
        Residual variance at the best.
    """

    grid: np.ndarray
    ssr: np.ndarray
    ssr0: float
    sigma2: float

    @property
    def best(self) -> float:
        """The estimate of the threshold."""
        return float(self.grid[int(np.argmin(self.ssr))])

    @property
    def statistic(self) -> float:
        """Hansen's F of no (further) threshold."""
        return float((self.ssr0 - self.ssr.min()) / self.sigma2)

    @property
    def lr(self) -> np.ndarray:
        """Likelihood ratio of each candidate being the threshold, shape (m,)."""
        return (self.ssr - self.ssr.min()) / self.sigma2

    def confidence_set(self, level: float) -> np.ndarray:
        """Candidates that are not rejected: LR ≤ −2 log(1 − √(1 − level)) (Hansen 1999, eq. 22)."""
        return self.grid[self.lr <= critical_lr(level)]


def critical_lr(level: float) -> float:
    """Return the critical value of the likelihood ratio: 7.35 at 5 %."""
    return float(-2 * np.log(1 - np.sqrt(1 - level)))


class ThresholdModel:
    """A panel whose slope on x may change with q.

    Parameters
    ----------
    y, x, q : ndarray, shape (n,)
    controls : ndarray, shape (n, c)
    entity, period : ndarray, shape (n,)
    shift : bool
        Whether regimes have levels of their own.
    """

    def __init__(
        self,
        y: np.ndarray,
        x: np.ndarray,
        q: np.ndarray,
        *,
        controls: np.ndarray,
        entity: np.ndarray,
        period: np.ndarray,
        shift: bool,
    ) -> None:
        self.x, self.q, self.shift = x - x.mean(), q, shift
        self.effects = TwoWay(entity, period)
        self.entity = self.effects.entity
        self.y = self.effects.residual(y)
        self.controls = self.effects.residual(controls)

    def grid(self, trim: float, most: int) -> np.ndarray:
        """Candidates: values of q with a share `trim` of rows on each side, thinned to `most` quantiles."""
        values = np.unique(self.q)
        low, high = np.quantile(self.q, [trim, 1 - trim])
        values = values[(values >= low) & (values < high)]
        if len(values) > most:
            values = np.unique(np.quantile(self.q, np.linspace(trim, 1 - trim, most), method="lower"))
        if len(values) < 2:
            raise EstimationError("the threshold variable takes too few values between the trimmed ends.")
        return values

    def regimes(self, thresholds: tuple[float, ...]) -> np.ndarray:
        """Number of the regime of each row, 0 for the lowest q."""
        return np.searchsorted(np.sort(thresholds), self.q, side="left")

    def design(self, thresholds: tuple[float, ...]) -> np.ndarray:
        """Regressors with effects taken out: a slope a regime, then levels of regimes but the first, then controls."""
        regime = self.regimes(thresholds)
        ones = np.equal.outer(regime, np.arange(len(thresholds) + 1)).astype(float)
        parts = [ones * self.x[:, None], *([ones[:, 1:]] if self.shift else [])]
        return np.column_stack([self.effects.residual(np.column_stack(parts)), self.controls])

    def search(self, grid: np.ndarray, known: tuple[float, ...] = ()) -> tuple[Search, list[np.ndarray], np.ndarray]:
        """Find one more threshold beside the known ones.

        Returns
        -------
        search : Search
        directions : list of ndarray, shape (n, m)
            Orthonormal directions that each candidate adds; their projections are what it takes from the residuals.
        base : ndarray, shape (n, k)
            Regressors without the further threshold.
        """
        base = self.design(known)
        steps = np.less_equal.outer(self.q, grid).astype(float)
        columns = [steps * self.x[:, None], *([steps] if self.shift else [])]
        directions: list[np.ndarray] = []
        for column in columns:
            size = np.sqrt((column**2).sum(axis=0))
            z = project_out(self.effects.residual(column), base)
            for other in directions:
                z = z - other * (other * z).sum(axis=0)
            norm = np.sqrt((z**2).sum(axis=0))
            directions.append(np.where(norm > _TINY * size, z / np.where(norm > 0, norm, 1), 0.0))
        residual = project_out(self.y, base)
        ssr0 = float(residual @ residual)
        ssr = ssr0 - sum((d.T @ residual) ** 2 for d in directions)
        degrees = len(self.y) - self.effects.lost - base.shape[1] - len(columns)
        if degrees < 1:
            raise EstimationError(f"{len(self.y)} rows leave no degrees of freedom for a threshold.")
        return Search(grid, ssr, ssr0, float(ssr.min()) / degrees), directions, base

    def bootstrap(
        self, found: Search, directions: list[np.ndarray], base: np.ndarray, *, draws: int, seed: int
    ) -> np.ndarray:
        """Draw F under no (further) threshold: residuals change sign country by country, which keeps their past.

        Residuals are those without it; those at the threshold (Hansen 1999) have lost what chance gives to the best of
        many candidates, and reject a true null in one panel of ten to six. Regressors and q stay.
        """
        e = project_out(self.y, base)
        count = int(self.entity.max()) + 1
        weights, _ = multipliers(count, count, draws, np.random.default_rng(seed))
        drawn = project_out(self.effects.residual(e[:, None] * weights[self.entity]), base)
        gains = np.zeros((len(found.grid), draws))
        for d in directions:
            gains += (d.T @ drawn) ** 2
        ssr0, gain = (drawn**2).sum(axis=0), gains.max(axis=0)
        degrees = found.ssr.min() / found.sigma2
        return np.sort(gain / ((ssr0 - gain) / degrees))

    def slopes(self, thresholds: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Slopes by regime, shape (R,), and their covariance clustered by country, thresholds taken as known."""
        X = self.design(thresholds)
        inverse = np.linalg.pinv(X.T @ X)
        b = inverse @ X.T @ self.y
        scores = cluster_sums(X * (self.y - X @ b)[:, None], self.entity)
        count = len(scores)
        cov = count / (count - 1) * inverse @ scores.T @ scores @ inverse
        regimes = len(thresholds) + 1
        return b[:regimes], cov[:regimes, :regimes]
