"""Synthetic panels with persistence, common shocks and curves, for the tests of this folder only."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.lockin import worlds


def ar1(rng: np.random.Generator, n: int, years: int, rho: float) -> np.ndarray:
    """Stationary AR(1) of unit variance, shape (n, years)."""
    out = rng.normal(size=(n, years))
    for t in range(1, years):
        out[:, t] = rho * out[:, t - 1] + np.sqrt(1 - rho**2) * out[:, t]
    return out


def curved(
    seed: int,
    *,
    n: int = 40,
    years: int = 12,
    slope: float = 0.0,
    curvature: float = 0.0,
    rho: float = 0.7,
    common: float = 0.5,
    noise: float = 0.03,
    stages: tuple[str, ...] = ("upstream",),
) -> pd.DataFrame:
    """Capture on position and its square around 2.5; AR(1) position and errors, a factor that loads differently.

    Variances differ between countries by a factor of about ten.
    """
    rng = np.random.default_rng(seed)
    scale = np.exp(rng.normal(size=(n, 1)) * 0.5)
    frames = []
    for stage in stages:
        factor = ar1(rng, 1, years, rho)
        x = 2.5 + 0.3 * rng.normal(size=(n, 1)) + 0.2 * ar1(rng, n, years, rho)
        e = ar1(rng, n, years, rho) + common * (1 + 0.5 * rng.normal(size=(n, 1))) * factor
        y = 0.4 + 0.1 * rng.normal(size=(n, 1)) + slope * (x - 2.5) + curvature * (x - 2.5) ** 2 + noise * scale * e
        frames.append(worlds.frame(stage, years, n, va_rate=y.T, upstreamness=x.T))
    return pd.concat(frames, ignore_index=True)
