"""The log t regression of Phillips & Sul (2007, 2009), and critical values for short panels.

    log(H_1/H_t) − 2 log log (t+1) = a + b log t + u_t,  t = [rT] … T,  H_t = N⁻¹ Σ_i (h_it − 1)²,  h_it = y_it / ȳ_t

Under convergence of relative paths h to one at the rate t^α log (t+1), b = 2α ≥ 0, else b < 0. With
log t in place of log (t+1), as in Phillips & Sul (2009), the statistic drifts in the first dozen years. The normal
critical value −1.65 rests on many years: with the long-run variance of a handful of residuals it rejects far too often.
`critical_value` gives the quantile of the statistic at the border of the null (α = 0) for the panel's own years,
countries and persistence, by simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gvcpos.lockin.common.serial import ar1_root, matching_ar1

TRIM = 0.3
NORMAL = -1.65
_MOST_PERSISTENT = 0.9
_SIZES = (2, 4, 8, 16, 32, 64)  # critical values hardly depend on the number of countries
_STEP = 0.05
_DRAWS = 1999


@dataclass(frozen=True)
class LogT:
    """A log t regression.

    Attributes
    ----------
    b, std_error, t : float
        The slope is twice the speed of convergence α.
    """

    b: float
    std_error: float
    t: float


def relative_paths(y: np.ndarray) -> np.ndarray:
    """Return h = y / mean over countries, shape (N, T)."""
    return y / y.mean(axis=0)


def dispersion(h: np.ndarray) -> np.ndarray:
    """Return H_t of relative paths, shape (..., N, T) to (..., T)."""
    return ((h - h.mean(axis=-2, keepdims=True)) ** 2).mean(axis=-2)


def log_t(y: np.ndarray, trim: float = TRIM) -> LogT:
    """Fit the log t regression of paths, shape (N, T), with the errors of `log_t_many`."""
    b, error = log_t_many(dispersion(relative_paths(y))[None, :], trim)
    return LogT(float(b[0]), float(error[0]), float(b[0] / error[0]))


def log_t_many(H: np.ndarray, trim: float = TRIM) -> tuple[np.ndarray, np.ndarray]:
    """Fit log t regressions.

    Parameters
    ----------
    H : ndarray, shape (B, T)
        Dispersion of B panels.
    trim : float
        Share r of years left out at the start.

    Returns
    -------
    b, std_error : ndarray, shape (B,)
        The variance is Ω (X'X)⁻¹ with Ω the long-run variance of the residuals: quadratic spectral kernel, bandwidth by
        the AR(1) rule of Andrews (1991).
    """
    years = H.shape[1]
    t = np.arange(max(1, int(trim * years)), years + 1)
    x = np.log(t) - np.log(t).mean()
    lhs = np.log(H[:, :1] / H[:, t - 1]) - 2 * np.log(np.log(t + 1))
    lhs = lhs - lhs.mean(axis=1, keepdims=True)
    b = lhs @ x / (x @ x)
    return b, np.sqrt(long_run_variance(lhs - np.outer(b, x)) / (x @ x))


def long_run_variance(u: np.ndarray) -> np.ndarray:
    """Andrews' (1991) long-run variance of series, shape (B, m) to (B,)."""
    m = u.shape[1]
    rho = (u[:, 1:] * u[:, :-1]).sum(axis=1) / (u[:, :-1] ** 2).sum(axis=1)
    rho = np.clip(rho, -0.97, 0.97)
    width = 1.3221 * (4 * rho**2 / (1 - rho) ** 4 * m) ** 0.2
    total = (u**2).mean(axis=1)
    for j in range(1, m):
        z = 6 * np.pi * j / (5 * np.maximum(width, 1e-8))
        kernel = 3 / z**2 * (np.sin(z) / z - np.cos(z))
        total = total + 2 * kernel * (u[:, j:] * u[:, :-j]).sum(axis=1) / m
    return total


def persistence(y: np.ndarray) -> float:
    """AR(1) coefficient of the passing part of paths, shape (N, T), common to all; at most 0.9.

    Relative paths are c_i + ξ_it / log (t+1), c_i = 0 under convergence. Times log (t+1), and with each country's
    c_i log (t+1) taken out whether it is zero or not, they leave ξ.
    """
    years = y.shape[1]
    scale = np.log(np.arange(1, years + 1) + 1)
    xi = (relative_paths(y) - 1) * scale
    out = np.eye(years) - np.outer(scale, scale) / (scale @ scale)
    return min(matching_ar1([(row, tuple(range(years)), out) for row in xi]), _MOST_PERSISTENT)


def critical_value(n: int, years: int, rho: float, level: float = 0.05, trim: float = TRIM) -> float:
    """Return the value below which t rejects convergence, at the border of the null.

    Parameters
    ----------
    n, years : int
        The table holds some numbers of countries; the nearest is taken.
    rho : float
        From `persistence`.
    level : float

    Returns
    -------
    float
        At most −1.65 for level 0.05 (the smaller of the simulated and the normal quantile).
    """
    from scipy import stats

    drawn = null_statistics(n, years, rho, trim)
    return float(min(np.quantile(drawn, level), stats.norm.ppf(level)))


def null_statistics(n: int, years: int, rho: float, trim: float = TRIM) -> np.ndarray:
    """Return sorted draws of t under α = 0 for a panel's size and persistence; the same for the same arguments."""
    size = min(_SIZES, key=lambda s: abs(np.log(s / n)))
    return _simulated(size, years, round(rho / _STEP) * _STEP, trim)


@lru_cache(maxsize=256)
def _simulated(n: int, years: int, rho: float, trim: float) -> np.ndarray:
    """Draw t where relative paths are one plus AR(1) noise over log (t+1)."""
    rng = np.random.default_rng([n, years])
    root = ar1_root(tuple(range(years)), rho)
    xi = rng.normal(size=(_DRAWS, n, years)) @ root.T
    scale = np.log(np.arange(1, years + 1) + 1)
    b, error = log_t_many(dispersion(xi) / scale**2, trim)
    return np.sort(b / error)
