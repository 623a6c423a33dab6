"""What is wrong with the money of a system before any number is computed, with the path where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from gvcpos._core.labels import enumerate_labels

if TYPE_CHECKING:
    from gvcpos.flows.system.spec import ProcessBlock, SystemSpec

Fault = tuple[tuple[int | str, ...], str]


def money_faults(spec: SystemSpec) -> Iterator[Fault]:
    """Give (path, message) of every fault: layers of prices that are not the system's, centres without a product."""
    for name, flow in spec.flows.items():
        for what in ("price", "purchase"):
            found = getattr(flow, what)
            if isinstance(found, Mapping):
                yield from _layers(("flows", name, what), found, spec.layers)
    for name, process in spec.processes.items():
        if process.costs is not None or process.centre:
            yield from _centre(name, process, spec)


def _layers(path: tuple[str, ...], found: Mapping[str, object], layers: tuple[str, ...]) -> Iterator[Fault]:
    for layer in found:
        if layer not in layers:
            yield (*path, layer), f"no layer is called {layer!r}. There are: {enumerate_labels(layers, 20)}"
    missing = [layer for layer in layers if layer not in found]
    if missing:
        yield path, f"lacks {enumerate_labels(missing)}: give every layer, or one price for all"


def _centre(name: str, process: ProcessBlock, spec: SystemSpec) -> Iterator[Fault]:
    leaving = {key: flow for key, flow in spec.flows.items() if flow.from_ == name}
    products = [key for key, flow in leaving.items() if flow.kind != "loss"]
    path: tuple[int | str, ...] = ("processes", name, "costs" if process.costs is not None else "centre")
    if not products and process.stock is None:
        found = f"all that leaves it is a loss ({enumerate_labels(leaving)})" if leaving else "nothing leaves it"
        yield path, f"a quantity centre needs a product, and {found}. Give it an outflow that is a product, or no costs"
    if process.costs is not None and process.costs.allocation == "value":
        unpriced = [key for key in products if spec.flows[key].price is None]
        if unpriced:
            yield (
                (*path, "allocation"),
                f"by value needs a price of {enumerate_labels(unpriced)}. Give it, or allocate by mass",
            )
