"""From the blocks of a system to the vector of its data."""

from __future__ import annotations

from collections.abc import Iterator

from gvcpos.flows.cost.data import money_parts
from gvcpos.flows.system.data import DataVector, Datum, What, by_layer
from gvcpos.flows.system.quantities import Factor, Mass, Share, Stated, Years, stated
from gvcpos.flows.system.spec import FlowBlock, StockBlock, SystemSpec

Path = tuple[int | str, ...]
Part = tuple[str, What, str, str | None, Stated, Path]


def gathered(spec: SystemSpec) -> DataVector:
    """Collect every number that the balance of a system, and then its costs, rest on.

    Raises
    ------
    SpecificationError
        If a distribution cannot have its standard deviation.
    """
    parts = [part for name, flow in spec.flows.items() for part in _of_flow(name, flow)]
    for name, process in spec.processes.items():
        if process.stock is not None:
            parts += _of_stock(name, process.stock)
    parts += money_parts(spec)
    data = [
        Datum.of(block, spec, name=name, what=what, owner=owner, layer=layer, path=path)
        for name, what, owner, layer, block, path in parts
    ]
    return DataVector(tuple(data), spec.all_years)


def _of_flow(name: str, flow: FlowBlock) -> Iterator[Part]:
    path: Path = ("flows", name)
    for layer, value in by_layer(flow.value).items() if flow.value is not None else ():
        yield _named(name, layer), "value", name, layer, stated(value, Mass), _below((*path, "value"), layer)
    for layer, part in by_layer(flow.share).items() if flow.share is not None else ():
        full = _named(f"{name}.share", layer)
        yield full, "share", name, layer, stated(part, Share), _below((*path, "share"), layer)
    if isinstance(flow.composition, dict):
        for key, part in flow.composition.items():
            full = _named(f"{name}.composition", key)
            yield full, "composition", name, key, stated(part, Share), (*path, "composition", key)
    if flow.ratio is not None:
        yield f"{name}.ratio", "ratio", name, None, flow.ratio, (*path, "ratio")


def _of_stock(name: str, stock: StockBlock) -> Iterator[Part]:
    path: Path = ("processes", name, "stock")
    if stock.lifetime is not None:
        for key in ("shape", "scale", "mean", "sd"):
            value = getattr(stock.lifetime, key)
            if value is not None:
                block = stated(value, Factor if key == "shape" else Years)
                yield f"{name}.lifetime.{key}", "lifetime", name, None, block, (*path, "lifetime", key)
    kinds: tuple[What, What] = ("history", "initial")
    for what in kinds:
        given = getattr(stock, what)
        for layer, found in by_layer(given).items() if given is not None else ():
            full = _named(f"{name}.{what}", layer)
            yield full, what, name, layer, stated(found, Mass), _below((*path, what), layer)


def _named(name: str, layer: str | None) -> str:
    return name if layer is None else f"{name}[{layer}]"


def _below(path: Path, layer: str | None) -> Path:
    return path if layer is None else (*path, layer)
