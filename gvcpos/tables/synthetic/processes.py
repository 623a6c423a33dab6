"""Panel processes: persistent exogenous regressors, the spatial capture equation, growth with pull-through.

Panels are arrays of shape (T, N), periods by countries. Everything is a pure function of its draws.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from gvcpos.tables.synthetic.planted import Event

FloatArray = npt.NDArray[np.float64]


def persistent(rng: np.random.Generator, periods: int, units: int, persistence: float, deviation: float) -> FloatArray:
    """Draw independent stationary AR(1) series, shape (periods, units), with the given standard deviation."""
    shocks = rng.standard_normal((periods, units))
    out = np.empty_like(shocks)
    out[0] = shocks[0]
    for t in range(1, periods):
        out[t] = persistence * out[t - 1] + np.sqrt(1.0 - persistence**2) * shocks[t]
    return deviation * out


def bounded(latent: npt.ArrayLike, half: float) -> FloatArray:
    """Squeeze values smoothly into (-half, half): half · tanh(latent / half)."""
    return half * np.tanh(np.asarray(latent) / half)


def capture(
    W: FloatArray,
    rho: float,
    regressors: Iterable[tuple[FloatArray, float, float]],
    *,
    level: FloatArray,
    time: FloatArray,
    disturbance: FloatArray,
) -> FloatArray:
    """Solve the spatial Durbin equation for the value-added rate.

    Parameters
    ----------
    W : ndarray, shape (N, N)
        Row-normalised weights.
    rho : float
    regressors : iterable of (ndarray (T, N), float, float)
        Each exogenous variable, its own effect and its neighbours' effect.
    level : ndarray, shape (N,)
        Wanted time mean of the rate but for `time` and `disturbance`; it fixes the country effects.
    time : ndarray, shape (T,)
        Time effects α.
    disturbance : ndarray, shape (T, N)
        ε.

    Returns
    -------
    ndarray, shape (T, N)
        y_t = (I − ρW)⁻¹ (Σ_k (x_kt b_k + W x_kt θ_k) + μ + α_t + ε_t).
    """
    explained = np.zeros_like(disturbance)
    for values, own, spill in regressors:
        explained += own * values + spill * values @ W.T
    filtered = np.eye(len(W)) - rho * W
    effects = filtered @ level - explained.mean(axis=0)
    return np.linalg.solve(filtered, (explained + effects + time[:, None] + disturbance).T).T


def pulled(
    first: FloatArray,
    driver: FloatArray,
    elasticity: float,
    *,
    country: FloatArray,
    time: FloatArray,
    e: FloatArray,
) -> FloatArray:
    """Accumulate growth that follows the driver's growth of the year before.

    Parameters
    ----------
    first : ndarray, shape (N,)
        Logarithm of the level in the first period.
    driver : ndarray, shape (T + 1, N)
        Logarithm of the driver, from the period before the first.
    elasticity : float
        γ.
    country, time, e : ndarray, shapes (N,), (T,), (T, N)
        μ, α and the disturbance; those of the first period are not used.

    Returns
    -------
    ndarray, shape (T, N)
        Logarithms l with l_t − l_{t−1} = γ (d_{t−1} − d_{t−2}) + μ + α_t + e_t.
    """
    growth = elasticity * np.diff(driver, axis=0)[:-1] + country + time[1:, None] + e[1:]
    return np.vstack([first, first + np.cumsum(growth, axis=0)])


def with_dominant(log_values: FloatArray, share: FloatArray, who: int) -> FloatArray:
    """Set one country's value so that its share of the total is as given, shapes (T, N) and (T,)."""
    out = log_values.copy()
    others = np.delete(log_values, who, axis=1)
    out[:, who] = np.log(share / (1.0 - share)) + np.log(np.exp(others).sum(axis=1))
    return out


def event_effects(
    events: Iterable[Event], stage: str | None, years: tuple[int, ...], countries: tuple[str, ...]
) -> FloatArray:
    """Return what events add to the logarithm of a stage's value added, shape (T, N)."""
    out = np.zeros((len(years), len(countries)))
    for event in events:
        if event.year not in years or event.stage not in (None, stage):
            continue
        where = slice(None) if event.country is None else countries.index(event.country)
        out[years.index(event.year), where] += event.size
    return out
