"""AR(1) growth of two stages with common shocks, and lasting values, for simulations of mobility and pull-through."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.lockin import worlds

BURN = 20


def growth(
    seed: int, *, n: int = 40, years: int = 12, pull: float = 0.0, persistence: float = 0.4, common: float = 1.0
) -> pd.DataFrame:
    """Upstream and downstream value added: growth is AR(1), innovations of both stages are correlated (0.5) within
    a country, and every country has its own loading on shocks of the year.
    """
    rng = np.random.default_rng(seed)
    total = years + BURN
    own = rng.normal(size=(2, n, total))
    own[1] = 0.5 * own[0] + np.sqrt(0.75) * own[1]
    loading = 1.0 + 0.5 * rng.normal(size=(2, n, 1))
    shocks = 0.05 * (own + common * loading * rng.normal(size=(2, 1, total)))
    series = np.zeros((2, n, total))
    for t in range(1, total):
        series[:, :, t] = persistence * series[:, :, t - 1] + shocks[:, :, t]
        series[1, :, t] += pull * series[0, :, t - 1]
    level = np.exp(np.cumsum(0.02 + series[:, :, BURN:], axis=2) + rng.normal(size=(2, n, 1)))
    frames = [worlds.frame(stage, years, n, va=level[i].T) for i, stage in enumerate(("upstream", "downstream"))]
    return pd.concat(frames, ignore_index=True)


def capture(
    seed: int,
    *,
    n: int = 40,
    years: int = 12,
    persistence: float = 0.8,
    lasting: float = 1.0,
    trap: float = 0.0,
) -> pd.DataFrame:
    """One stage whose rate is AR(1) about a country's own mean; a third of the countries sits lower by `trap`."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    out = []
    for _ in range(years + BURN):
        z = persistence * z + np.sqrt(1 - persistence**2) * rng.normal(size=n)
        out.append(z)
    mean = lasting * rng.normal(size=n) - trap * (np.arange(n) < n // 3)
    return worlds.frame("upstream", years, n, va_rate=0.4 + 0.05 * (np.array(out[BURN:]) + mean))
