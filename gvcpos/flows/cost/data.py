"""Numbers of a file that are money: which there are, what they are called, and the arrays that they make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gvcpos._core.errors import InputError
from gvcpos.flows.cost.lines import turned_back
from gvcpos.flows.cost.money import Basis, Expense, Kind, Money
from gvcpos.flows.cost.spec import AuxiliaryBlock, CostsBlock, Prices, Rate
from gvcpos.flows.cost.structure import CostStructure
from gvcpos.flows.network import FloatArray, Network
from gvcpos.flows.system.data import DataVector, What, by_layer
from gvcpos.flows.system.quantities import Mass, Share, Stated, stated

if TYPE_CHECKING:
    from gvcpos.flows.system.spec import FlowBlock, ProcessBlock, SystemSpec

Path = tuple[int | str, ...]
Part = tuple[str, What, str, str | None, Stated, Path]
_KINDS: tuple[Kind, ...] = ("energy", "system", "waste")


def money_parts(spec: SystemSpec) -> Iterator[Part]:
    """Give every price and cost: its name among the data, what it is, whose, of which layer, and where it stands."""
    for name, flow in spec.flows.items():
        yield from _of_flow(name, flow)
    for name, process in spec.processes.items():
        yield from _of_process(name, process)


def structure_of(spec: SystemSpec) -> CostStructure:
    """Return how costs run through a system: centres are processes with costs, or with ``centre: true``.

    Raises
    ------
    SpecificationError
        If a centre has no product.
    InputError
        If there is no centre.
    """
    centres = [name for name, process in spec.processes.items() if process.centre or process.costs is not None]
    if not centres:
        raise InputError(f"{spec.name}: no process has costs. Give processes.{next(iter(spec.processes))}.costs.")
    ends = [(name, flow.from_, flow.to) for name, flow in spec.flows.items()]
    valued = [n for n, p in spec.processes.items() if p.costs is not None and p.costs.allocation == "value"]
    return CostStructure.of(
        Network.of(tuple(spec.processes), ends, spec.layers, spec.all_years),
        losses=[name for name, flow in spec.flows.items() if flow.kind == "loss"],
        stocks=[name for name, process in spec.processes.items() if process.stock is not None],
        centres=centres,
        by_value=valued,
    )


def money_of(spec: SystemSpec, data: DataVector, values: FloatArray | None = None) -> Money:
    """Make the arrays of money from the vector of data.

    Parameters
    ----------
    spec : SystemSpec
    data : DataVector
        Of the system; found by name, so that other data in it do not matter.
    values : (..., T, K) array, optional
        Draws of the data; the data themselves if not given.
    """
    numbers = data.values if values is None else values
    column = dict(zip(data.names, range(len(data)), strict=True))

    def number(name: str) -> FloatArray:
        """(..., T): a number by its name."""
        return np.asarray(numbers[..., column[name]])

    years, lead = numbers.shape[-2], numbers.shape[:-2]
    found: dict[str, FloatArray] = {}
    for what in ("price", "purchase"):
        blocks = {f: (name, getattr(flow, what)) for f, (name, flow) in enumerate(spec.flows.items())}
        into = np.full((len(spec.flows), len(spec.layers), years, *lead), np.nan)  # draws last, as costs are computed
        for f, (name, block) in blocks.items():
            for layer in by_layer(block) if block is not None else ():
                chosen = slice(None) if layer is None else spec.layers.index(layer)
                into[f, chosen] = np.moveaxis(number(_named(f"{name}.{what}", layer)), -1, 0)
        if what == "price" or any(block is not None for _, block in blocks.values()):
            found[what] = turned_back(into, 2)
    expenses: list[Expense] = []
    for j, (name, process) in enumerate(spec.processes.items()):
        costs = process.costs
        for kind in _KINDS if costs is not None else ():
            block = getattr(costs, kind)
            if block is not None:
                basis: Basis = block.per if isinstance(block, Rate) else "year"
                expenses.append(Expense(j, kind, basis, number(f"{name}.{kind}"), name=kind))
        for key, material in costs.materials.items() if costs is not None else ():
            full = f"{name}.{key}"
            basis = "year" if isinstance(material.amount, Mass) else material.per or "input"
            rate = number(f"{full}.amount") * number(f"{full}.price")
            expenses.append(Expense(j, "material", basis, rate, number(f"{full}.to_product"), name=key))
    return Money(found["price"], found.get("purchase"), tuple(expenses))


def _of_flow(name: str, flow: FlowBlock) -> Iterator[Part]:
    for what in ("price", "purchase"):
        block: Prices | None = getattr(flow, what)
        for layer, part in by_layer(block).items() if block is not None else ():
            path: Path = ("flows", name, what) if layer is None else ("flows", name, what, layer)
            yield _named(f"{name}.{what}", layer), "price", name, layer, part, path


def _of_process(name: str, process: ProcessBlock) -> Iterator[Part]:
    costs: CostsBlock | None = process.costs
    if costs is None:
        return
    path: Path = ("processes", name, "costs")
    for kind in _KINDS:
        block = getattr(costs, kind)
        if block is not None:
            yield f"{name}.{kind}", "cost", name, None, block, (*path, kind)
    for key, material in costs.materials.items():
        yield from _of_material(f"{name}.{key}", name, material, (*path, "materials", key))


def _of_material(full: str, owner: str, material: AuxiliaryBlock, path: Path) -> Iterator[Part]:
    yield f"{full}.amount", "cost", owner, None, material.amount, (*path, "amount")
    yield f"{full}.price", "price", owner, None, material.price, (*path, "price")
    to_product = stated(material.to_product, Share)
    yield f"{full}.to_product", "cost", owner, None, to_product, (*path, "to_product")


def _named(name: str, layer: str | None) -> str:
    return name if layer is None else f"{name}[{layer}]"
