"""The serial correlation that short series share: one AR(1) coefficient, free of the bias of what was taken out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gvcpos._core.errors import EstimationError

HIGHEST = 0.95
_DRAWS = 1000


def matching_ar1(series: Sequence[tuple[np.ndarray, tuple[int, ...], np.ndarray]]) -> float:
    """Estimate the AR(1) coefficient that all series share.

    Parameters
    ----------
    series : sequence of (values, years, M)
        Values, shape (T,), their years, and the residual maker M, shape (T, T), of what is taken out of each series.

    Returns
    -------
    float
        Between 0 and 0.95.

    Raises
    ------
    EstimationError
        If no series of three years or more varies.

    Notes
    -----
    The mean over series of Σ_t e_t e_{t−1} / Σ_t e_t², e = M values, which noisy countries cannot dominate, is smaller
    than the coefficient, the more so the shorter the series. What it is expected to be at a coefficient is drawn
    (normal errors, the same draws at each), and the estimate is where that equals what was observed: indirect
    inference (Gouriéroux, Monfort & Renault 1993).
    """
    observed: list[float] = []
    patterns: dict[tuple[int, ...], tuple[int, np.ndarray]] = {}
    for values, when, maker in series:
        e = maker @ values
        if len(when) > 2 and e @ e > 1e-24 * (values @ values):
            observed.append(float(_ratio(e[:, None], when)[0]))
            patterns[when] = (patterns.get(when, (0, maker))[0] + 1, maker)
    if not observed:
        raise EstimationError("no residual variation is left to learn serial correlation from.")
    normal = np.random.default_rng(0).normal(size=(max(len(when) for when in patterns), _DRAWS))

    def excess(rho: float) -> float:
        """Mean ratio expected over the series, less the one observed."""
        total = 0.0
        for when, (times, maker) in patterns.items():
            drawn = maker @ (ar1_root(when, rho) @ normal[: len(when)])
            total += times * float(_ratio(drawn, when).mean())
        return total / len(observed) - float(np.mean(observed))

    if excess(0.0) >= 0:
        return 0.0
    if excess(HIGHEST) <= 0:
        return HIGHEST
    from scipy.optimize import brentq

    return float(brentq(excess, 0.0, HIGHEST, xtol=1e-4))


def ar1_root(when: tuple[int, ...], rho: float) -> np.ndarray:
    """Cholesky root, shape (T, T), of the correlation matrix of an AR(1) at given years; gaps are allowed."""
    return np.linalg.cholesky(rho ** np.abs(np.subtract.outer(when, when)).astype(float))


def _ratio(e: np.ndarray, when: tuple[int, ...]) -> np.ndarray:
    """First autocovariance over variance of columns, shape (T, m); pairs that a gap parts do not count."""
    adjacent = np.diff(when) == 1
    return (e[1:] * e[:-1])[adjacent].sum(axis=0) / (e**2).sum(axis=0)
