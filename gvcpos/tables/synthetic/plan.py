"""The plan of a world: output, value-added rate and upstreamness of every year, country and sector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import SpecificationError
from gvcpos.tables.synthetic.panels import TREND, Panels
from gvcpos.tables.synthetic.planted import STAGES, Planted
from gvcpos.tables.synthetic.processes import bounded, event_effects, persistent
from gvcpos.tables.synthetic.sectors import Sector

FloatArray = npt.NDArray[np.float64]
WORLD_OUTPUT = 1.0e8  # million synthetic USD in the first year
RATES = (0.1, 0.8)  # every planned value-added rate lies between


@dataclass(frozen=True, eq=False)
class Plan:
    """What the tables hit exactly; arrays have shape (T, N, S): years, countries, sectors.

    Attributes
    ----------
    x : ndarray
        Gross output, million synthetic USD.
    va_rate : ndarray
        Value added over output.
    upstreamness : ndarray
        Upstreamness, at least 1.
    """

    x: FloatArray
    va_rate: FloatArray
    upstreamness: FloatArray


def make_plan(
    seed: np.random.SeedSequence,
    planted: Planted,
    panels: Panels,
    *,
    sectors: tuple[Sector, ...],
    countries: tuple[str, ...],
    years: tuple[int, ...],
) -> Plan:
    """Spread the stages' panels over their sectors, draw the other sectors, and close the world.

    Raises
    ------
    SpecificationError
        If a planned value-added rate leaves (0.1, 0.8) or an upstreamness falls below 1; the message
        says where.
    """
    rng = np.random.default_rng(seed)
    shape = (len(years), len(countries), len(sectors))
    plan = Plan(np.empty(shape), np.empty(shape), np.empty(shape))
    for s, stage in enumerate(STAGES):
        members = [k for k, sector in enumerate(sectors) if sector.stage == stage]
        _fill_stage(plan, members, sectors=sectors, panels=panels, stage=s, rng=rng)
    for k, sector in enumerate(sectors):
        if sector.stage is None:
            _fill_other(plan, k, sector, panels.size, rng)
            plan.x[:, :, k] *= np.exp(event_effects(planted.events, None, years, countries))
    _close(plan, np.array([sector.stage is None for sector in sectors]))
    _check(plan, sectors, countries, years)
    return plan


def _fill_stage(
    plan: Plan,
    members: list[int],
    *,
    sectors: tuple[Sector, ...],
    panels: Panels,
    stage: int,
    rng: np.random.Generator,
) -> None:
    """Give the stage's sectors rates and positions whose output-weighted means are the planned ones."""
    output = WORLD_OUTPUT * panels.value_added[stage] / panels.capture[stage]
    T, N = output.shape
    weight = np.array([sectors[k].share for k in members]) * np.exp(
        np.stack([0.3 * rng.standard_normal(N) + persistent(rng, T, N, 0.9, 0.1) for _ in members], axis=2)
    )
    weight /= weight.sum(axis=2, keepdims=True)
    plan.x[:, :, members] = output[:, :, None] * weight
    targets = ((plan.va_rate, panels.capture, "va_rate"), (plan.upstreamness, panels.position, "upstreamness"))
    for planned, panel, name in targets:
        own = np.array([getattr(sectors[k], name) for k in members])
        mean = (weight * own).sum(axis=2, keepdims=True)
        planned[:, :, members] = panel[stage][:, :, None] + own - mean


def _fill_other(plan: Plan, k: int, sector: Sector, size: FloatArray, rng: np.random.Generator) -> None:
    """Draw a sector outside the chain around its own levels."""
    T, N = plan.x.shape[:2]
    level = np.log(WORLD_OUTPUT * sector.share * size) + 0.2 * rng.standard_normal(N)
    trend = TREND * np.arange(T)[:, None]
    plan.x[:, :, k] = np.exp(level + trend + persistent(rng, T, N, 0.9, 0.08))
    for planned, centre in ((plan.va_rate, sector.va_rate), (plan.upstreamness, sector.upstreamness)):
        spread = bounded(0.03 * rng.standard_normal(N) + persistent(rng, T, N, 0.8, 0.015), 0.08)
        planned[:, :, k] = centre + spread


def _close(plan: Plan, free: npt.NDArray[np.bool_]) -> None:
    """Scale the value-added rates outside the chain so that Σ v U x = Σ x in every year.

    The value added that buyers further down embody must be the value of all output; it is the one
    condition that planned x, v and U have to meet for a table to exist.
    """
    content = (plan.va_rate * plan.upstreamness * plan.x).sum(axis=1)
    total = plan.x.sum(axis=(1, 2))
    scale = (total - content[:, ~free].sum(axis=1)) / content[:, free].sum(axis=1)
    plan.va_rate[:, :, free] *= scale[:, None, None]


def _check(plan: Plan, sectors: tuple[Sector, ...], countries: tuple[str, ...], years: tuple[int, ...]) -> None:
    low, high = RATES
    checks = (
        ("value-added rate", plan.va_rate, (plan.va_rate <= low) | (plan.va_rate >= high), f"({low}, {high})"),
        ("upstreamness", plan.upstreamness, plan.upstreamness < 1.0, "[1, ∞)"),
    )
    for name, values, wrong, allowed in checks:
        if wrong.any():
            t, i, k = (int(j) for j in np.argwhere(wrong)[0])
            raise SpecificationError(
                f"the planted parameters drive the {name} of {countries[i]} {sectors[k].code} in {years[t]} to "
                f"{values[t, i, k]:.3g}, outside {allowed}. Plant smaller slopes, sigma or shocks."
            )
