"""From a system to its solver; a system that cannot be solved is refused with the flows to blame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gvcpos._core.errors import SpecificationError
from gvcpos._core.labels import enumerate_labels
from gvcpos.flows.balance.assembly import equations_of
from gvcpos.flows.balance.equations import Equations, pattern_of
from gvcpos.flows.balance.memory import StockMemory, memories_of
from gvcpos.flows.balance.plan import kept_rows, plan_of
from gvcpos.flows.balance.solver import Solver
from gvcpos.flows.balance.structure import free_columns, matched
from gvcpos.flows.network import Network
from gvcpos.flows.system.flow_system import FlowSystem

FloatArray = npt.NDArray[np.float64]


def solver_of(system: FlowSystem) -> Solver:
    """Plan the balance of a system.

    Raises
    ------
    SpecificationError
        If data say too little: the flows that stay free are named. If what circulates never leaves: the flows of the
        cycle are named.
    """
    equations = equations_of(system.spec, system.data)
    memories = memories_of(system.spec, system.data)
    typical = _typical_data(equations, memories, system.data.values)
    rows, matrix = kept_rows(equations, typical)
    if len(rows) < equations.size:
        raise SpecificationError(_why_not(system, equations, rows, matrix))
    years = len(system.network.years)
    guess = np.repeat(_rough_guess(system, equations)[None], years, axis=0)
    return Solver(equations, plan_of(equations, rows, typical), memories, years, guess)


def _typical_data(equations: Equations, memories: Sequence[StockMemory], values: FloatArray) -> FloatArray:
    """Return mean data over the years, with the columns of stocks, (K',)."""
    out = np.ones(equations.columns)
    out[: equations.data] = values.mean(axis=0)
    for rows, memory in zip(equations.stocks, memories, strict=True):
        out[rows.share] = memory.shares(values[0][:, None], 1)[0, 0]
    return out


def _rough_guess(system: FlowSystem, equations: Equations) -> FloatArray:
    """Return a first guess: every flow alike, split over the layers as compositions of the file are on average."""
    layers = system.spec.layers
    weight = np.ones(len(layers)) / len(layers)
    given = [[d.values.mean() for d in system.data if d.what == "composition" and d.layer == layer] for layer in layers]
    if all(given):
        weight = np.array([np.mean(values) for values in given])
        weight = np.maximum(weight, 1e-6) / np.maximum(weight, 1e-6).sum()
    measured = [d.values.mean() for d in system.data if d.what == "value" and d.layer is None]
    scale = float(np.mean(measured)) if measured and np.mean(measured) > 0.0 else 1.0
    sizes = {"scale": 0.5, "total": scale}
    return np.array([sizes.get(v.kind, scale * weight[v.layer]) for v in equations.variables])


def _why_not(system: FlowSystem, equations: Equations, rows: Sequence[int], matrix: FloatArray) -> str:
    """Say which flows are free, or circulate for ever."""
    free = free_columns(matrix[list(rows)])
    names = list(dict.fromkeys(equations.variables[i].owner for i in free if equations.variables[i].kind == "flow"))
    names = [name for name in system.network.flows if name in names]
    structural = matched(pattern_of(equations.rows), equations.size)
    cycle = _circulating(system.network, names)
    if (structural >= 0).sum() == equations.size and cycle:
        return (
            f"{system.place('flows', cycle[0])}: {enumerate_labels(cycle, 20)} go round and nothing of them is lost: "
            "whatever enters this cycle never leaves it, so no flow balances it. Give the cycle a loss or an outflow."
        )
    missing = equations.size - len(rows)
    layers = len(system.network.layers)
    how_many = f"{missing} more number{'s' if missing > 1 else ''}" + (f" (of {layers} layers)" if layers > 1 else "")
    where = system.place("flows", names[0]) if names else system.name
    return (
        f"{where}: the data leave flows free: {enumerate_labels(names, 20)}. "
        f"Give {how_many}: a value, a share, a ratio or a composition of some of them."
    )


def _circulating(network: Network, names: Sequence[str]) -> list[str]:
    """Return those flows that lie on a cycle made of them alone."""
    number = {name: i for i, name in enumerate(network.flows)}
    inner = [number[n] for n in names if network.source[number[n]] >= 0 and network.target[number[n]] >= 0]
    if not inner:
        return []
    source, target = network.source[inner], network.target[inner]
    size = len(network.processes)
    graph = coo_matrix((np.ones(len(inner)), (source, target)), shape=(size, size)).tocsr()
    _, label = connected_components(graph, directed=True, connection="strong")
    return [network.flows[i] for i, s, t in zip(inner, source, target, strict=True) if label[s] == label[t]]
