"""The serial correlation that short series share, free of the bias of what was taken out: AR(1) or AR(1) and noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gvcpos._core.errors import EstimationError

HIGHEST = 0.95
Series = Sequence[tuple[np.ndarray, tuple[int, ...], np.ndarray]]
_DRAWS = 1000
_FEWEST_FOR_TWO = 5
_RHOS = np.linspace(0.0, HIGHEST, 20)
_PARTS = np.linspace(0.1, 1.0, 10)


def matching_ar1(series: Series) -> float:
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


def matching_noisy_ar1(series: Series) -> tuple[float, float]:
    """Estimate the AR(1) coefficient ρ that all series share and the part a of their variance that lasts.

    What is left of the variance is noise of single years: the autocorrelation over k years is a ρᵏ. Something small
    that lasts, such as a regressor left out, is then not taken for something larger that passes soon.

    Parameters
    ----------
    series
        As for `matching_ar1`; those of fewer than five years do not count.

    Returns
    -------
    rho, share : float
        The pair on a grid whose expected mean autocorrelations over one and two years are nearest to those observed; of
        `matching_ar1` and 1 where all series are shorter.
    """
    observed: list[np.ndarray] = []
    patterns: dict[tuple[int, ...], tuple[int, np.ndarray]] = {}
    for values, when, maker in series:
        e = maker @ values
        if len(when) >= _FEWEST_FOR_TWO and e @ e > 1e-24 * (values @ values):
            observed.append(_two_ratios(e[:, None], when))
            patterns[when] = (patterns.get(when, (0, maker))[0] + 1, maker)
    if not observed:
        return matching_ar1(series), 1.0
    expected = sum(
        (times * _expected(when, maker) for when, (times, maker) in patterns.items()),
        start=np.zeros((len(_RHOS), len(_PARTS), 2)),
    )
    gap = ((expected / len(observed) - np.mean(observed, axis=0)) ** 2).sum(axis=2)
    r, a = np.unravel_index(int(gap.argmin()), gap.shape)
    return float(_RHOS[r]), float(_PARTS[a])


def _expected(when: tuple[int, ...], maker: np.ndarray) -> np.ndarray:
    """Expected `_two_ratios` of ρ and a on the grid, shape (ρ, a, 2); the same draws for each."""
    lasting, passing = np.random.default_rng(0).normal(size=(2, len(when), _DRAWS))
    noise = maker @ passing
    out = np.empty((len(_RHOS), len(_PARTS), 2))
    for r, rho in enumerate(_RHOS):
        signal = maker @ (ar1_root(when, rho) @ lasting)
        for a, part in enumerate(_PARTS):
            out[r, a] = _two_ratios(np.sqrt(part) * signal + np.sqrt(1 - part) * noise, when)
    return out


def _two_ratios(e: np.ndarray, when: tuple[int, ...]) -> np.ndarray:
    """Mean autocorrelations of columns, shape (T, m), over one and two years, shape (2,)."""
    apart, size = np.subtract.outer(when, when), (e**2).sum(axis=0)
    found = []
    for lag in (1, 2):
        later, earlier = np.nonzero(apart == lag)
        found.append(((e[later] * e[earlier]).sum(axis=0) / size).mean())
    return np.array(found)


def noisy_ar1_root(when: tuple[int, ...], rho: float, share: float) -> np.ndarray:
    """Cholesky root, shape (T, T), of the correlation matrix a ρᵏ off the diagonal at given years."""
    lags = np.abs(np.subtract.outer(when, when)).astype(float)
    return np.linalg.cholesky(share * rho**lags + (1.0 - share) * np.eye(len(when)))


def ar1_root(when: tuple[int, ...], rho: float) -> np.ndarray:
    """Cholesky root, shape (T, T), of the correlation matrix of an AR(1) at given years; gaps are allowed."""
    return np.linalg.cholesky(rho ** np.abs(np.subtract.outer(when, when)).astype(float))


def _ratio(e: np.ndarray, when: tuple[int, ...]) -> np.ndarray:
    """First autocovariance over variance of columns, shape (T, m); pairs that a gap parts do not count."""
    adjacent = np.diff(when) == 1
    return (e[1:] * e[:-1])[adjacent].sum(axis=0) / (e**2).sum(axis=0)
