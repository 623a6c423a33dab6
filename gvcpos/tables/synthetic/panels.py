"""The stages' planned panels: upstreamness and R&D drawn, value-added rate and value added following from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos.tables.synthetic.geography import DOMINANT
from gvcpos.tables.synthetic.planted import STAGES, Planted
from gvcpos.tables.synthetic.processes import (
    bounded,
    capture,
    event_effects,
    persistent,
    pulled,
    with_dominant,
)

FloatArray = npt.NDArray[np.float64]

POSITION = (2.85, 2.40, 1.80)  # mean upstreamness of each stage
POSITION_WITHIN = (0.15, 0.13, 0.13)  # its standard deviation over time
CAPTURE = (0.50, 0.45, 0.44)  # mean value-added rate of each stage
WORLD_VALUE_ADDED = (0.018, 0.030, 0.068)  # stages' value added, shares of world output
TREND = 0.03
PRESAMPLE = 1  # the first growth rate needs the year before


@dataclass(frozen=True, eq=False)
class Panels:
    """Planned panels; the first axis of three-dimensional arrays is the stage.

    Attributes
    ----------
    position, capture, value_added : ndarray, shape (3, T, N)
        Upstreamness, value added over output, value added (share of the first year's world output).
    time_effects : ndarray, shape (3, T)
        α of the value-added rate's equation; they sum to zero over the years.
    rd, tariff : ndarray, shape (T, N)
        R&D intensity (per cent), and a tariff rate (per cent) that affects nothing.
    size : ndarray, shape (N,)
        Countries' shares of the world economy.
    """

    position: FloatArray
    capture: FloatArray
    value_added: FloatArray
    time_effects: FloatArray
    rd: FloatArray
    tariff: FloatArray
    size: FloatArray


def draw_panels(
    seed: np.random.SeedSequence,
    planted: Planted,
    W: FloatArray,
    countries: tuple[str, ...],
    years: tuple[int, ...],
) -> Panels:
    """Draw the panels of all stages; each process has its own stream, so none depends on another's draws."""
    streams = [np.random.default_rng(child) for child in seed.spawn(5)]
    T, N = len(years), len(countries)
    size = np.arange(1.0, N + 1.0) ** -0.8 * np.exp(0.25 * streams[0].standard_normal(N))
    size /= size.sum()
    rd = 2.2 + _exogenous(streams[1], W, T, between=0.5, within=0.4, half=1.6)
    tariff = 5.0 + _exogenous(streams[1], W, T, between=1.5, within=0.8, half=4.5)
    position = np.stack([_position(streams[2], W, T, s) for s in range(len(STAGES))])
    drifting = np.isin(countries, planted.drifting)
    position[0] += planted.drift * np.outer(np.arange(T) - (T - 1) / 2, drifting)
    near = _nearness(planted, countries)
    stages = [_capture(streams[3], planted, W, s, near, position=position[s], rd=rd) for s in range(len(STAGES))]
    rate, time = (np.stack(part) for part in zip(*stages, strict=True))
    value_added = _value_added(streams[4], planted, size, countries, years)
    return Panels(position, rate, value_added, time, rd, tariff, size)


def _exogenous(
    rng: np.random.Generator, W: FloatArray, periods: int, *, between: float, within: float, half: float
) -> FloatArray:
    """Draw a strictly exogenous regressor: country levels plus persistent, regionally shared movement."""
    filter_ = np.eye(len(W)) + 3.0 * W
    filter_ /= np.sqrt((filter_**2).sum(axis=1, keepdims=True))
    regional = persistent(rng, periods, len(W), 0.7, within) @ filter_.T
    regional -= regional.mean(axis=1, keepdims=True)  # a common movement would be lost in the time effects
    return bounded(between * rng.standard_normal(len(W)) + regional, half)


def _position(rng: np.random.Generator, W: FloatArray, periods: int, stage: int) -> FloatArray:
    within = POSITION_WITHIN[stage]
    return POSITION[stage] + _exogenous(rng, W, periods, between=0.10, within=within, half=0.42)


def _capture(
    rng: np.random.Generator,
    planted: Planted,
    W: FloatArray,
    stage: int,
    near: FloatArray,
    *,
    position: FloatArray,
    rd: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Draw a stage's value-added rate, (T, N), and the time effects in it, (T,)."""
    periods, units = position.shape
    level = CAPTURE[stage] + _levels(W, planted, rng.standard_normal((units,)))
    time = 0.01 * rng.standard_normal((periods,))
    time -= time.mean()
    rate = capture(
        W,
        planted.rho,
        [
            (position, planted.slope[stage], planted.slope_spill[stage]),
            (rd, planted.rd, planted.rd_spill),
        ],
        level=level,
        time=time,
        disturbance=_disturbance(planted, near * rng.standard_normal((periods, units))),
    )
    return rate, time


def _levels(W: FloatArray, planted: Planted, draws: FloatArray) -> FloatArray:
    """Return how far the level of each country is from that of all, shape (N,)."""
    if planted.course == "closing":
        return np.zeros_like(draws)
    return bounded(0.04 * (_regional(W, draws) if planted.regional else draws - draws.mean()), 0.08)


def _nearness(planted: Planted, countries: tuple[str, ...]) -> FloatArray:
    """Return what each country's disturbance is multiplied with, shape (N,)."""
    if not planted.stragglers:
        return np.ones(len(countries))
    return np.where(np.isin(countries, planted.stragglers), 1.0, 0.2)


def _disturbance(planted: Planted, draws: FloatArray) -> FloatArray:
    """Make the rate's disturbance of independent draws, shape (T, N)."""
    shocks = planted.sigma * draws
    if planted.course == "walk":
        return shocks.cumsum(axis=0)
    if planted.course == "closing":
        return shocks / np.log(np.arange(len(draws)) + 2.0)[:, None]
    return shocks


def _regional(W: FloatArray, draws: FloatArray) -> FloatArray:
    """Make independent draws alike among close countries, so that levels cluster on the map; variances stay one."""
    close = W**2
    filter_ = 0.4 * np.eye(len(W)) + close / close.sum(axis=1, keepdims=True)
    filter_ /= np.sqrt((filter_**2).sum(axis=1, keepdims=True))
    shared = filter_ @ draws
    return shared - shared.mean()


def _value_added(
    rng: np.random.Generator,
    planted: Planted,
    size: FloatArray,
    countries: tuple[str, ...],
    years: tuple[int, ...],
) -> FloatArray:
    """Return value added by stage, (3, T, N): two exogenous stages, the last pulled by the first."""
    N, long_years = len(size), tuple(range(years[0] - PRESAMPLE, years[-1] + 1))
    levels = [_log_shares(size * np.exp(0.35 * rng.standard_normal(N))) for _ in STAGES]
    worlds = [TREND * np.arange(-PRESAMPLE, len(years)) + np.log(WORLD_VALUE_ADDED[s]) for s in range(3)]
    free = [worlds[s][:, None] + levels[s] + persistent(rng, len(long_years), N, 0.8, 0.18) for s in range(2)]
    upstream = with_dominant(free[0], _dominant_share(planted, long_years), countries.index(DOMINANT))
    upstream += event_effects(planted.events, STAGES[0], long_years, countries)
    midstream = free[1] + event_effects(planted.events, STAGES[1], long_years, countries)
    time = (1.0 - planted.pull_through) * TREND + 0.01 * rng.standard_normal(len(years))
    e = planted.pull_sigma * rng.standard_normal((len(years), N))
    first = worlds[2][PRESAMPLE] + levels[2]
    drift = 0.006 * bounded(rng.standard_normal(N), 2.0)
    downstream = pulled(first, upstream, planted.pull_through, country=drift, time=time, e=e)
    downstream += event_effects(planted.events, STAGES[2], years, countries)
    return np.exp(np.stack([upstream[PRESAMPLE:], midstream[PRESAMPLE:], downstream]))


def _dominant_share(planted: Planted, years: tuple[int, ...]) -> FloatArray:
    """Return the planted path of the dominant country's share, a straight line from the first sample year."""
    first, last = planted.dominant_share
    progress = np.clip(np.arange(-PRESAMPLE, len(years) - PRESAMPLE) / max(len(years) - PRESAMPLE - 1, 1), 0, 1)
    return first + (last - first) * progress


def _log_shares(values: FloatArray) -> FloatArray:
    return np.log(values / values.sum())
