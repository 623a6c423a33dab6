"""Draws with and without a scenario, in pairs: reconciled once, changed, and solved again without what is released."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError
from gvcpos.flows.cost.tidy import long_frame
from gvcpos.flows.cost.value import group_arrays
from gvcpos.flows.draws.arrays import DrawnArrays
from gvcpos.flows.draws.money import SIDES, stage_groups
from gvcpos.flows.draws.results import FlowDraws
from gvcpos.flows.draws.simulation import impossible_flows
from gvcpos.flows.draws.store import summary
from gvcpos.flows.draws.systems import BalancedDraws
from gvcpos.flows.network import FloatArray
from gvcpos.flows.system.flow_system import FlowSystem


@dataclass(frozen=True, eq=False)
class ReconciledDraws:
    """Draws of a system, and their data as each draw's reconciliation left them.

    Attributes
    ----------
    draws : FlowDraws
    system : FlowSystem
    """

    draws: FlowDraws
    system: FlowSystem

    def chunks(self) -> Iterator[tuple[DrawnArrays, FloatArray]]:
        """Give the draws a chunk at a time, with reconciled data (m, T, K)."""
        for drawn in self.draws.arrays(self.draws.chunk):
            yield drawn, self.system.solver.reconciled(drawn.data)


def reconciled_draws(system: FlowSystem, draws: int, seed: int) -> ReconciledDraws:
    """Draw a system, `draws` times."""
    return ReconciledDraws(system.simulate(draws, seed), system)


def intervals(drawn: ReconciledDraws, start: FlowSystem, other: FlowSystem, level: float) -> pd.DataFrame:
    """Intervals of what a scenario changes by stage, draw by draw.

    Parameters
    ----------
    drawn : ReconciledDraws
        Of the system as it is.
    start, other : FlowSystem
        What the scenario starts from (without the numbers that it releases), and with its changes. What it multiplies a
        number by, or sets it to, it does to the number of every draw, relative to what it was.
    level : float

    Returns
    -------
    DataFrame
        year, stage, measure, lower, upper, impossible: the share of draws in which the scenario makes a flow negative
        or has no solution, which are left out.

    Raises
    ------
    EstimationError
        If the scenario is impossible in nearly all draws.
    """
    names, groups = stage_groups(drawn.draws, "stage")
    columns = drawn.system.data.at(other.data.names)
    run = BalancedDraws(other)
    moved: dict[str, list[FloatArray]] = {side: [] for side in SIDES}
    for before, data in drawn.chunks():
        changed = run.solved(_changed(data[..., columns], start.data.values, other.data.values))
        good = ~impossible_flows(changed.mass).any(axis=1)
        if not good.any():
            continue
        after = run.named(changed.data[good], changed.mass[good])
        kept = drawn.draws.run.named(before.data[good], before.mass[good])
        sides = [group_arrays(part.costs, part.value, groups) for part in (kept, after)]
        for side in SIDES:
            moved[side].append(getattr(sides[1], side) - getattr(sides[0], side))
    found = sum(len(part) for part in moved[SIDES[0]])
    if found < 2:
        raise EstimationError(
            f"{other.name}: the scenario is impossible in all but {found} draws. Take a smaller change."
        )
    parts = []
    for side, values in moved.items():
        joined = np.concatenate(values)
        spread = summary(joined if joined.ndim == 3 else joined.sum(axis=-1), level)
        ends = {name: spread[name] for name in ("lower", "upper")}
        parts.append(long_frame({"year": drawn.draws.network.years, "stage": names}, ends).assign(measure=side))
    return pd.concat(parts, ignore_index=True).assign(impossible=1.0 - found / drawn.draws.draws)


def _changed(data: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Draws (m, T, K) times what the scenario multiplies the numbers (T, K) by; what was 0 is set."""
    factor = np.divide(end, start, out=np.ones_like(end), where=start != 0.0)
    return np.asarray(np.where((start == 0.0) & (end != 0.0), end, data * factor))
