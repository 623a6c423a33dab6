"""Small systems whose costs are known, and random ones whose mass balance holds; all invented."""

from __future__ import annotations

import numpy as np

from gvcpos.flows.cost.cascade import CostArrays, cost_arrays
from gvcpos.flows.cost.money import Expense, Money
from gvcpos.flows.cost.structure import CostStructure
from gvcpos.flows.network import Network


def make(
    flows, masses, *, prices=None, expenses=(), layers=("total",), years=(2020,), by_kind=True, **marks
) -> CostArrays:
    """Cost a system of (flow, source, target), masses and prices by flow; each a number, or nested as (T, L)."""
    names = list(dict.fromkeys(end for _, *ends in flows for end in ends if end != "outside"))
    network = Network.of(names, flows, layers, years)
    shape = (len(years), len(layers))
    mass = np.stack([np.broadcast_to(np.asarray(masses[f], float), shape) for f in network.flows], axis=-2)
    missing = dict.fromkeys(network.flows, np.nan) | dict(prices or {})
    price = np.stack([np.broadcast_to(np.asarray(missing[f], float), shape) for f in network.flows], axis=-2)
    spent = [
        Expense(names.index(process), kind, basis, np.broadcast_to(np.asarray(rate, float), (len(years),)), *rest)
        for process, kind, basis, rate, *rest in expenses
    ]
    structure = CostStructure.of(network, **marks)
    return cost_arrays(structure, mass, Money(price, expenses=spent), by_kind=by_kind)


def unit(costs: CostArrays, flow: str, year: int = 0) -> float:
    """Unit cost of a flow, all layers together, in the first year unless said otherwise."""
    return float(costs.unit_total[..., year, costs.structure.network.flows.index(flow)])


def cost(costs: CostArrays, flow: str, kind: int | None = None) -> float:
    """Cost of a flow in the first year, or the part of it that was once of one kind."""
    all_layers = costs.flow.sum(axis=-2)[..., 0, costs.structure.network.flows.index(flow), :]
    return float(all_layers.sum() if kind is None else all_layers[kind])


def random_system(seed: int, processes: int, layers: int, years: int, loops: int, *, stocks: bool = False):
    """A chain with imports, losses, branches and `loops` flows back, masses balanced; costs of every kind.

    Masses follow from random shares of what enters a process: x = (1 - S)^-1 imports, layer by layer. With `stocks`,
    some processes keep a part of it.
    """
    rng = np.random.default_rng(seed)
    names = [f"p{j}" for j in range(processes)]
    flows = [(f"in{j}", "outside", names[j]) for j in range(processes) if j == 0 or rng.random() < 0.5]
    inner = [(f"on{j}", names[j], names[j + 1]) for j in range(processes - 1)]
    for n in range(loops):
        a, b = sorted(rng.integers(0, processes, 2).tolist())
        inner.append((f"back{n}", names[b], names[a]))  # a == b: a flow from a process into itself
    out = [(f"out{j}", names[j], "outside") for j in range(processes)]
    lost = [(f"loss{j}", names[j], "outside") for j in range(processes)]
    flows = [*flows, *inner, *out, *lost]
    network = Network.of(names, flows, [f"l{i}" for i in range(layers)], list(range(2000, 2000 + years)))
    mass = np.zeros((years, len(flows), layers))
    imports = rng.uniform(0.1, 5.0, (years, len(flows), layers)) * (network.source < 0)[:, None]
    weight = rng.uniform(0.05, 1.0, (years, len(flows), layers)) * (network.source >= 0)[:, None]
    total = network.outflow(weight)
    share = np.where(
        network.source[:, None] >= 0, weight / np.where(network.source[:, None] >= 0, total[:, network.source], 1), 0
    )
    storing = rng.random(processes) < 0.5 * stocks
    share *= np.where(np.append(storing, False)[network.source], 0.7, 1.0)[:, None]
    for t in range(years):
        for layer in range(layers):
            matrix = np.eye(processes)
            for f in np.flatnonzero((network.source >= 0) & (network.target >= 0)):
                matrix[network.target[f], network.source[f]] -= share[t, f, layer]
            through = np.linalg.solve(matrix, network.inflow(imports)[t, :, layer])
            mass[t, :, layer] = imports[t, :, layer] + share[t, :, layer] * through[network.source]
    price = rng.uniform(0.1, 9.0, mass.shape)
    losses = [name for name, *_ in lost] + [f"back{n}" for n in range(loops) if rng.random() < 0.5]
    expenses = []
    for j in range(processes):
        for kind in ("energy", "system", "waste", "material"):
            basis = str(rng.choice(["year", "input", "product", "loss"]))
            expenses.append(Expense(j, kind, basis, rng.uniform(0, 3, years), float(rng.random())))
    by_value = [name for name in names if rng.random() < 0.4]
    marks = {"losses": losses, "centres": names, "by_value": by_value}
    marks["stocks"] = [name for name, keeps in zip(names, storing, strict=True) if keeps]
    return network, mass, Money(price, expenses=expenses), marks
