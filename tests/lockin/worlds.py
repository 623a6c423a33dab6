"""Synthetic panels with planted slopes and pull-through, for the tests of this folder only."""

from __future__ import annotations

import numpy as np
import pandas as pd

STAGES = ("upstream", "midstream", "downstream")


def countries(n: int) -> list[str]:
    return [f"C{i:02d}" for i in range(n)]


def panel(
    seed: int,
    *,
    n: int = 40,
    years: int = 15,
    slopes: tuple[float, ...] = (0.0, 0.0, 0.0),
    pull: float = 0.0,
    common: float = 0.0,
    noise: float = 0.05,
    persistence: float = 0.0,
) -> pd.DataFrame:
    """Capture on position with two-way effects in each stage; downstream growth on lagged upstream growth.

    `common` is a country-year shock that all stages share, `persistence` the AR(1) of the errors.
    """
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(years, n)) * common
    growth_up = 0.03 + 0.1 * rng.normal(size=(years, n)) + 0.05 * rng.normal(size=(years, 1))
    effects = 0.05 * rng.normal(size=n) + 0.05 * rng.normal(size=(years, 1))
    growth_down = effects + 0.1 * rng.normal(size=(years, n))
    growth_down[1:] += pull * growth_up[:-1]
    growth = (growth_up, 0.02 + 0.1 * rng.normal(size=(years, n)), growth_down)
    frames = []
    for stage, slope, g in zip(STAGES, slopes, growth, strict=True):
        position = 2 + 0.3 * rng.normal(size=n) + 0.1 * rng.normal(size=(years, 1)) + 0.2 * rng.normal(size=(years, n))
        error = rng.normal(size=(years, n))
        for t in range(1, years):
            error[t] = persistence * error[t - 1] + np.sqrt(1 - persistence**2) * error[t]
        capture = 0.4 + 0.1 * rng.normal(size=n) + 0.05 * rng.normal(size=(years, 1))
        capture = capture + slope * position + noise * (error + shared)
        va = np.exp(np.cumsum(g, axis=0) + rng.normal(size=n) + 5)
        frames.append(frame(stage, years, n, va=va, va_rate=capture, upstreamness=position))
    out = pd.concat(frames, ignore_index=True)
    total = out.groupby(["stage", "year"])["va"].transform("sum")
    return out.assign(va_share=out["va"] / total, export_share=out["va"] / total, rca=1.0)


def frame(stage: str, years: int, n: int, **values: np.ndarray) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([countries(n), range(2007, 2007 + years)], names=["country", "year"])
    data = {name: value.T.ravel() for name, value in values.items()}
    flat = pd.DataFrame(data, index=index).reset_index()
    flat.insert(1, "stage", stage)
    return flat


def durbin(
    seed: int,
    ids: list[str],
    w: np.ndarray,
    *,
    slope: float,
    rho: float = 0.3,
    theta: float = 0.1,
    years: int = 10,
    persistence: float = 0.0,
) -> pd.DataFrame:
    """One stage whose capture follows a spatial Durbin panel in position and a control z.

    `persistence` is the AR(1) of the errors and of the position.
    """
    rng = np.random.default_rng(seed)
    n = len(ids)
    solve = np.linalg.inv(np.eye(n) - rho * w)
    x, z = rng.normal(size=(years, n)), rng.normal(size=(years, n))
    effects = 0.1 * rng.normal(size=n) + 0.05 * rng.normal(size=(years, 1))
    error = rng.normal(size=(years, n))
    for one in (x, error) if persistence else ():
        for t in range(1, years):
            one[t] = persistence * one[t - 1] + np.sqrt(1 - persistence**2) * one[t]
    x = 2 + 0.5 * x
    mean = slope * x + 0.1 * z + theta * x @ w.T + 0.05 * z @ w.T
    y = (mean + effects + 0.1 * error) @ solve.T
    out = frame("upstream", years, n, va_rate=y, upstreamness=x, z=z)
    return out.assign(country=out["country"].map(dict(zip(countries(n), ids, strict=True))))
