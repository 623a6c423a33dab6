"""Intervals of what flows cost and are worth, and of what stages receive, spend and add, over draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.options import choose
from gvcpos.flows.cost.tidy import layer_labels, long_frame, per_tonne
from gvcpos.flows.cost.value import group_arrays
from gvcpos.flows.draws.marginals import FloatArray
from gvcpos.flows.draws.store import SUMMARY, empty_draws, summary, summary_of_rows

if TYPE_CHECKING:
    from gvcpos.flows.draws.results import FlowDraws

By = Literal["process", "stage"]
MEASURES = {"cost": "USD million", "unit_cost": "USD/t", "value": "USD million"}
SIDES = ("mass_in", "mass_out", "mass_lost", "value_in", "value_out", "value_added", "cost_out", "cost_lost", "spent")


def cost_frame(draws: FlowDraws, level: float) -> pd.DataFrame:
    """Return intervals of costs, unit costs and values of flows.

    Returns
    -------
    DataFrame
        year, flow, layer (with ``total``), measure (cost and value in USD million, unit_cost in USD/t), unit, median,
        lower, upper, mean, sd; flows outside the chain of costs, and what has no price, have no rows.

    Raises
    ------
    InputError
        If no process has costs.
    """
    network = draws.network
    shape = (len(network.years), len(network.flows), len(network.layers))
    cost, value = empty_draws(draws.draws, shape), empty_draws(draws.draws, shape)
    begin, known = 0, np.zeros(len(network.flows), dtype=bool)
    for drawn in draws.arrays():
        end = begin + len(drawn.mass)
        structure = drawn.costs.structure
        known = structure.bought | structure.carried | structure.final
        cost[begin:end], value[begin:end] = drawn.costs.total, drawn.value
        begin = end
    layers = layer_labels(network.layers)
    found = np.full((len(SUMMARY), *shape[:2], len(MEASURES), len(layers)), np.nan)
    runs = [np.moveaxis(array, 0, -1) for array in (draws.mass, cost, value)]  # (T, F, L, n)
    for t, f in np.ndindex(*shape[:2]):
        mass, spent, worth = (_with_total(array[t, f], len(layers)) for array in runs)
        found[:, t, f, 2] = summary_of_rows(worth, level)
        if known[f]:
            found[:, t, f, 0] = summary_of_rows(spent, level)
            found[:, t, f, 1] = summary_of_rows(per_tonne(spent, mass), level)
    names = {"year": network.years, "measure": list(MEASURES), "flow": network.flows, "layer": layers}
    columns = {name: column.swapaxes(1, 2) for name, column in zip(SUMMARY, found, strict=True)}
    frame = long_frame(names, columns).dropna(subset="median", ignore_index=True)
    frame.insert(4, "unit", frame["measure"].map(MEASURES))
    return frame[["year", "flow", "layer", "measure", "unit", *SUMMARY]]


def _with_total(runs: FloatArray, rows: int) -> FloatArray:
    """Layers (L, n) and, where there are several rows, their total."""
    return runs if rows == len(runs) else np.concatenate([runs, runs.sum(axis=0, keepdims=True)])


def stage_frame(draws: FlowDraws, by: By, level: float) -> pd.DataFrame:
    """Return intervals of what stages, or processes, receive, deliver, spend and add.

    Flows within a stage are neither received nor delivered.

    Returns
    -------
    DataFrame
        year, stage (or process), measure (mass_in, mass_out, mass_lost; value_in, value_out, value_added; cost_out,
        cost_lost, spent), unit (kt or USD million), median, lower, upper, mean, sd; of all layers together.

    Raises
    ------
    InputError
        If no process has costs, or a process has no stage.
    """
    names, sums = stage_sums(draws, by)
    labels: dict[str, Sequence[object]] = {"year": draws.network.years, by: names}
    parts = [
        _part(labels, side, "kt" if side.startswith("mass") else "USD million", values, level)
        for side, values in sums.items()
    ]
    return pd.concat(parts, ignore_index=True).dropna(subset="median", ignore_index=True)


def stage_sums(draws: FlowDraws, by: By) -> tuple[tuple[str, ...], dict[str, FloatArray]]:
    """Names of G stages, or processes, and their `SIDES` in every draw, (n, T, G) each; raises as `stage_frame`."""
    names, groups = stage_groups(draws, by)
    sums: dict[str, list[FloatArray]] = {side: [] for side in SIDES}
    for drawn in draws.arrays():
        found = group_arrays(drawn.costs, drawn.value, groups)
        for side in SIDES:
            array = getattr(found, side)
            sums[side].append(array if side in ("cost_lost", "spent") else array.sum(axis=-1))
    return names, {side: np.concatenate(values) for side, values in sums.items()}


def stage_groups(draws: FlowDraws, by: By) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Names of G stages, or processes, and the number of that of each process, (P,); raises as `stage_frame`."""
    network = draws.network
    named = network.processes if choose(by, By, "by") == "process" else draws.run.stages
    without = [process for process, name in zip(network.processes, named, strict=True) if name is None]
    if without:
        raise InputError(f"no stage: {enumerate_labels(without)}. Give processes.{without[0]}.stage, or by='process'.")
    names = tuple(dict.fromkeys(str(name) for name in named))
    return names, np.array([names.index(str(name)) for name in named], dtype=np.int64)


def _part(
    labels: Mapping[str, Sequence[object]], measure: str, unit: str, values: FloatArray, level: float
) -> pd.DataFrame:
    """Rows of one measure, of draws (n, *labels)."""
    keys = pd.MultiIndex.from_product(list(labels.values()), names=list(labels)).to_frame(index=False)
    found = {name: column.reshape(-1) for name, column in summary(values, level).items()}
    return keys.assign(measure=measure, unit=unit, **found)
