"""Wald statistics of Granger non-causality in each country of a panel, and their bootstrap, on arrays.

    y_it = a_i + Σ_k c_ik y_i,t−k + Σ_k b_ik x_i,t−k + e_it,    H0: b_i1 = … = b_iK = 0 in every country i

Dumitrescu, E.-I. and Hurlin, C. (2012), Economic Modelling 29:1450-1460.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
_STABLE = 0.98  # the largest root that a simulated series may have


@dataclass(frozen=True)
class Walds:
    """What the regressions of all countries give.

    Attributes
    ----------
    wald : ndarray, shape (..., N)
        W_i, chi-squared with K degrees of freedom in long series; W_i/K is F with K and `df` in the classical model.
    total : ndarray, shape (..., N)
        Σ_k b_ik.
    std_error : ndarray, shape (..., N)
        Of `total`.
    df : int
        Usable years less 2K + 1.
    """

    wald: FloatArray
    total: FloatArray
    std_error: FloatArray
    df: int


def walds(y: FloatArray, x: FloatArray, lags: int) -> Walds:
    """Regress each country's y on its own lags and those of x; y, x of shape (..., N, T)."""
    own, other = _lagged(y, lags), _lagged(x, lags)
    design = np.concatenate([np.ones_like(own[..., :1]), own, other], axis=-1)
    now = y[..., lags:]
    # Gram matrices of a few columns: exact enough once columns have unit length, and fast over many draws.
    length = np.sqrt((design**2).sum(axis=-2, keepdims=True))
    design = design / np.maximum(length, np.finfo(float).tiny)
    inverse = np.linalg.inv(design.swapaxes(-1, -2) @ design)
    b = (inverse @ (design.swapaxes(-1, -2) @ now[..., None]))[..., 0]
    residual = now - (design @ b[..., None])[..., 0]
    df = now.shape[-1] - 2 * lags - 1
    variance = (residual**2).sum(axis=-1) / df
    scale = np.maximum(length[..., 0, lags + 1 :], np.finfo(float).tiny)
    slopes = b[..., lags + 1 :] / scale
    block = inverse[..., lags + 1 :, lags + 1 :] / (scale[..., :, None] * scale[..., None, :])
    with np.errstate(divide="ignore", invalid="ignore"):
        weighted = np.linalg.solve(block, slopes[..., None])[..., 0]
        wald = (slopes * weighted).sum(axis=-1) / variance
    return Walds(wald, slopes.sum(axis=-1), np.sqrt(variance * block.sum(axis=(-1, -2))), df)


def z_bar(mean_wald: float, countries: int, lags: int) -> float:
    """Return √(N/2K) (W̄ − K), standard normal for T, then N, to infinity."""
    return float(np.sqrt(countries / (2 * lags)) * (mean_wald - lags))


def z_bar_tilde(mean_wald: float, countries: int, lags: int, periods: int) -> float:
    """Return (W̄ − E W)/√(Var W/N) with the moments of `wald_moments`; `periods` counts the usable years."""
    mean, variance = wald_moments(lags, periods)
    return float(np.sqrt(countries / variance) * (mean_wald - mean))


def wald_moments(lags: int, periods: int) -> tuple[float, float]:
    """Return mean and variance of an individual Wald statistic with `periods` usable years.

    Those of K times an F(K, T − 2K − 1) variable: E = K (T−2K−1)/(T−2K−3), Var = 2K (T−2K−1)² (T−K−3) /
    ((T−2K−3)² (T−2K−5)), which exists for T > 5 + 2K (Dumitrescu and Hurlin 2012, eqs. 27-28), so for a series of
    T + K > 5 + 3K years.
    """
    free = periods - 2 * lags - 1
    mean = lags * free / (free - 2)
    variance = 2 * lags * free**2 * (periods - lags - 3) / ((free - 2) ** 2 * (free - 4))
    return mean, variance


@dataclass(frozen=True)
class NullModel:
    """A vector autoregression of (y, x) in each country in which x does not enter y, with its residuals.

    Attributes
    ----------
    own : ndarray, shape (N, K)
        Lags of y in the equation of y.
    cross : ndarray, shape (N, 2K)
        Lags of y, then of x, in the equation of x.
    constants : ndarray, shape (N, 2)
    residuals : ndarray, shape (2, N, T − K)
        Centred, and scaled up for the degrees of freedom spent.
    """

    own: FloatArray
    cross: FloatArray
    constants: FloatArray
    residuals: FloatArray


def null_model(y: FloatArray, x: FloatArray, lags: int, rng: np.random.Generator, rounds: int = 50) -> NullModel:
    """Fit the null to series of shape (N, T).

    In a dozen years least squares finds too little persistence and too large differences between countries, and a null
    made of it would let persistence pass for causality. So the mean coefficients are set right for their bias, and
    each country's distance from the mean is shrunk by the share of it that is noise; both, bias and noise, are those
    of `rounds` panels drawn from the first fit (Kilian 1998, Review of Economics and Statistics 80:218).
    """
    first = _null(y, x, lags, *_estimated(y, x, lags))
    drawn_y, drawn_x = simulate(first, y, x, rounds, rng)
    again = [_estimated(one, other, lags) for one, other in zip(drawn_y, drawn_x, strict=True)]
    parts = []
    for fitted, drawn in zip((first.own, first.cross), zip(*again, strict=True), strict=True):
        found = np.stack(drawn)
        centre = fitted.mean(0) - (found.mean((0, 1)) - fitted.mean(0))
        seen, noise = fitted.var(0), found.var(0).mean(0)
        kept = np.maximum(1.0 - noise / np.maximum(seen, np.finfo(float).tiny), 0.0)
        parts.append(centre + kept * (fitted - fitted.mean(0)))
    return _null(y, x, lags, parts[0], parts[1])


def _estimated(y: FloatArray, x: FloatArray, lags: int) -> tuple[FloatArray, FloatArray]:
    """Return least-squares coefficients of both equations under the null, (N, K) and (N, 2K)."""
    past_y, past_x = _lagged(y, lags), _lagged(x, lags)
    return _fit(past_y, y[:, lags:]), _fit(np.concatenate([past_y, past_x], axis=-1), x[:, lags:])


def _null(y: FloatArray, x: FloatArray, lags: int, own: FloatArray, cross: FloatArray) -> NullModel:
    """Make the null of given coefficients, stable, with the constants and residuals that go with them."""
    past_y, past_x = _lagged(y, lags), _lagged(x, lags)
    own, cross = _damped(own), np.column_stack([cross[:, :lags], _damped(cross[:, lags:])])
    e = y[:, lags:] - (past_y * own[:, None, :]).sum(-1)
    u = x[:, lags:] - (np.concatenate([past_y, past_x], axis=-1) * cross[:, None, :]).sum(-1)
    constants = np.column_stack([e.mean(1), u.mean(1)])
    periods = e.shape[1]
    scale = [np.sqrt(periods / max(periods - spent, 1)) for spent in (lags + 1, 2 * lags + 1)]
    residuals = np.stack([(r - r.mean(1, keepdims=True)) * s for r, s in zip((e, u), scale, strict=True)])
    return NullModel(own, cross, constants, residuals)


def simulate(
    model: NullModel, y: FloatArray, x: FloatArray, draws: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw series under the null, each of shape (draws, N, T).

    Residuals are drawn by the year, of all countries and both equations together, so that dependence across countries
    stays as it is: every year once, in random order and with a random sign. Years drawn with replacement come twice,
    which moves the statistics of all countries together and makes the test shy. The first K years are a block of the
    data, the same years in all countries.
    """
    n, periods = y.shape
    lags = model.own.shape[1]
    out = np.empty((2, draws, n, periods))
    start = rng.integers(0, periods - lags + 1, size=draws)
    first = start[:, None] + np.arange(lags)
    out[0, :, :, :lags], out[1, :, :, :lags] = y[:, first].swapaxes(0, 1), x[:, first].swapaxes(0, 1)
    order = rng.permuted(np.tile(np.arange(periods - lags), (draws, 1)), axis=1)
    picked = model.residuals[:, :, order] * rng.choice([-1.0, 1.0], size=order.shape)
    for t in range(lags, periods):
        past_y, past_x = (out[j, :, :, t - lags : t][:, :, ::-1] for j in (0, 1))
        both = np.concatenate([past_y, past_x], axis=-1)
        out[0, :, :, t] = model.constants[:, 0] + (past_y * model.own).sum(-1) + picked[0, :, :, t - lags].T
        out[1, :, :, t] = model.constants[:, 1] + (both * model.cross).sum(-1) + picked[1, :, :, t - lags].T
    return out[0], out[1]


def _lagged(values: FloatArray, lags: int) -> FloatArray:
    """Return lags 1 … K, shape (..., T − K, K)."""
    periods = values.shape[-1]
    return np.stack([values[..., lags - k : periods - k] for k in range(1, lags + 1)], axis=-1)


def _fit(design: FloatArray, now: FloatArray) -> FloatArray:
    """Regress `now` (N, T) on a constant and `design` (N, T, p): slopes (N, p)."""
    centred = design - design.mean(1, keepdims=True)
    return np.asarray((np.linalg.pinv(centred) @ now[..., None])[..., 0])


def _damped(coefficients: FloatArray) -> FloatArray:
    """Shrink autoregressions of shape (N, K) whose largest root is too close to one, keeping their shape."""
    n, lags = coefficients.shape
    companion = np.zeros((n, lags, lags))
    companion[:, 0, :] = coefficients
    companion[:, np.arange(1, lags), np.arange(lags - 1)] = 1.0
    root = np.abs(np.linalg.eigvals(companion)).max(axis=1)
    factor = np.where(root > _STABLE, _STABLE / np.maximum(root, _STABLE), 1.0)
    return coefficients * factor[:, None] ** np.arange(1, lags + 1)
