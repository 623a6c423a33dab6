"""Draws with and without a scenario, in pairs: reconciled once, changed, and solved again without what is released."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError
from gvcpos.flows.cost.structure import BoolArray
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


class Pair(NamedTuple):
    """What a scenario starts from (without the numbers that it releases), and the system with its changes."""

    start: FlowSystem
    other: FlowSystem


def intervals(drawn: FlowDraws, system: FlowSystem, pairs: Mapping[str, Pair], level: float) -> dict[str, pd.DataFrame]:
    """Intervals of what scenarios change by stage, draw by draw; each draw is reconciled once for all scenarios.

    Parameters
    ----------
    drawn : FlowDraws
        Of the system as it is.
    system : FlowSystem
    pairs : mapping of str to Pair
        By scenario. What one multiplies a number by, or sets it to, it does to the number of every draw, relative to
        what it was.
    level : float

    Returns
    -------
    dict of str to DataFrame
        year, stage, measure, lower, upper, impossible: the share of draws in which the scenario makes a flow negative
        or has no solution, which are left out.

    Raises
    ------
    EstimationError
        If a scenario is impossible in nearly all draws.
    """
    names, groups = stage_groups(drawn, "stage")
    moved: dict[str, dict[str, list[FloatArray]]] = {name: {side: [] for side in SIDES} for name in pairs}
    for before in drawn.arrays(drawn.chunk):
        data, here = system.solver.reconciled(before.data), group_arrays(before.costs, before.value, groups)
        for name, pair in pairs.items():
            good, after = _after(pair, data[..., system.data.at(pair.other.data.names)])
            if not good.any():
                continue
            there = group_arrays(after.costs, after.value, groups)
            for side in SIDES:
                moved[name][side].append(getattr(there, side) - getattr(here, side)[good])
    labels = {"year": drawn.network.years, "stage": names}
    return {name: _frame(pairs[name].other, found, labels, drawn.draws, level) for name, found in moved.items()}


def _after(pair: Pair, data: FloatArray) -> tuple[BoolArray, DrawnArrays]:
    """Say which draws (m,) of reconciled data (m, T, K) are possible with a scenario, and solve these."""
    run = BalancedDraws(pair.other)
    changed = run.solved(_changed(data, pair.start.data.values, pair.other.data.values))
    good = np.asarray(~impossible_flows(changed.mass).any(axis=1))
    return good, run.named(changed.data[good], changed.mass[good])


def _frame(
    other: FlowSystem,
    moved: Mapping[str, list[FloatArray]],
    labels: Mapping[str, Sequence[object]],
    draws: int,
    level: float,
) -> pd.DataFrame:
    """Quantiles of differences by stage."""
    found = sum(len(part) for part in moved[SIDES[0]])
    if found < 2:
        raise EstimationError(
            f"{other.name}: the scenario is impossible in all but {found} draws. Take a smaller change."
        )
    parts = []
    for side, values in moved.items():
        joined = np.concatenate(values)
        spread = summary(joined if joined.ndim == 3 else joined.sum(axis=-1), level)
        parts.append(long_frame(labels, {name: spread[name] for name in ("lower", "upper")}).assign(measure=side))
    return pd.concat(parts, ignore_index=True).assign(impossible=1.0 - found / draws)


def _changed(data: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Draws (m, T, K) times what the scenario multiplies the numbers (T, K) by; what was 0 is set."""
    factor = np.divide(end, start, out=np.ones_like(end), where=start != 0.0)
    return np.asarray(np.where((start == 0.0) & (end != 0.0), end, data * factor))
