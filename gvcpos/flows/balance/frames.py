"""Flows, processes and stocks of a balance as tidy frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos.flows.network import OUTSIDE
from gvcpos.flows.system.flow_system import FlowSystem

FloatArray = npt.NDArray[np.float64]
TOTAL = "total"
UNIT = "kt"


def flow_frame(system: FlowSystem, mass: FloatArray, std_error: FloatArray) -> pd.DataFrame:
    """Return a row a year, flow and layer, the total last.

    Parameters
    ----------
    system : FlowSystem
    mass : (T, F, L) float array
    std_error : (T, F, L + 1) float array
    """
    network = system.network
    processes = (*network.processes, OUTSIDE)  # number -1 is the last
    measured = {(d.owner, d.layer): d.values for d in system.data if d.what == "value"}
    rows = []
    for t, year in enumerate(network.years):
        for f, flow in enumerate(network.flows):
            for layer, number, amount in _layers(network.layers, mass[t, f]):
                given = measured.get((flow, None if layer == TOTAL else layer))
                known = float("nan") if given is None else float(given[t])
                rows.append(
                    {
                        "year": year,
                        "flow": flow,
                        "source": processes[network.source[f]],
                        "target": processes[network.target[f]],
                        "kind": system.spec.flows[flow].kind,
                        "layer": layer,
                        "mass": amount,
                        "std_error": std_error[t, f, number],
                        "measured": known,
                        "adjusted_by": amount - known,
                        "unit": UNIT,
                        "synthetic": system.synthetic,
                    }
                )
    return pd.DataFrame(rows)


def process_frame(system: FlowSystem, mass: FloatArray) -> pd.DataFrame:
    """Return a row a year, process and layer: what enters, what leaves, what the balance misses."""
    network = system.network
    inflow, outflow = network.inflow(mass), network.outflow(mass)
    rows = []
    for t, year in enumerate(network.years):
        for p, process in enumerate(network.processes):
            stock = system.spec.processes[process].stock is not None
            pairs = np.stack([inflow[t, p], outflow[t, p]])
            for layer, number, _ in _layers(network.layers, inflow[t, p]):
                entering, leaving = (float(v.sum() if layer == TOTAL else v[number]) for v in pairs)
                change = entering - leaving
                rows.append(
                    {
                        "year": year,
                        "process": process,
                        "layer": layer,
                        "inflow": entering,
                        "outflow": leaving,
                        "stock_change": change if stock else 0.0,
                        "residual": 0.0 if stock else change,
                        "unit": UNIT,
                        "synthetic": system.synthetic,
                    }
                )
    return pd.DataFrame(rows)


def stock_frame(system: FlowSystem, mass: FloatArray, at_start: Mapping[str, FloatArray]) -> pd.DataFrame:
    """Return a row a year, process with a stock, and layer.

    Parameters
    ----------
    system : FlowSystem
    mass : (T, F, L) float array
    at_start : mapping
        Process to its stock before the first year, (L,), where it is known.
    """
    network = system.network
    frame = process_frame(system, mass)
    held = [name for name in network.processes if system.spec.processes[name].stock is not None]
    frame = frame[frame["process"].isin(held)].drop(columns="residual").reset_index(drop=True)
    level = frame.groupby(["process", "layer"], sort=False)["stock_change"].cumsum()
    before = {
        (name, layer): float(np.sum(amounts) if layer == TOTAL else amounts[network.layers.index(layer)])
        for name, amounts in at_start.items()
        for layer in dict.fromkeys((*network.layers, TOTAL))
    }
    start = [before.get((name, layer), 0.0) for name, layer in zip(frame["process"], frame["layer"], strict=True)]
    columns = list(frame.columns)
    columns.insert(columns.index("unit"), "stock")
    return frame.assign(stock=level + np.array(start))[columns]


def _layers(layers: tuple[str, ...], amounts: FloatArray) -> Iterator[tuple[str, int, float]]:
    """Give (layer, number, amount) of each layer and, last, of the total."""
    for number, layer in enumerate(layers if layers != (TOTAL,) else ()):
        yield layer, number, float(amounts[number])
    yield TOTAL, len(layers), float(np.sum(amounts))
