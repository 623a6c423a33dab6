"""What is wrong between the blocks of a system: names that are nobody's, layers, years, shares that sum to too much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from gvcpos._core.labels import enumerate_labels
from gvcpos.flows.cost.checks import money_faults
from gvcpos.flows.network import OUTSIDE
from gvcpos.flows.system.quantities import Share, Stated, stated
from gvcpos.flows.system.spec import FlowBlock, ProcessBlock, StockBlock, SystemSpec

Path = tuple[int | str, ...]
Fault = tuple[Path, str]
SUM_TOLERANCE = 1e-6  # of shares as people write them, with a few digits


def cross_faults(spec: SystemSpec) -> Iterator[Fault]:
    """Give (path, message) of every fault between blocks; the path is that of the file."""
    yield from _layers_and_years(spec)
    for name, process in spec.processes.items():
        yield from _process_faults(name, process, spec)
    for name, flow in spec.flows.items():
        yield from _flow_faults(name, flow, spec)
        yield from _flow_layer_faults(name, flow, spec)
    yield from money_faults(spec)
    yield from _series_faults(spec)
    yield from _share_sums(spec)


def numbers_of(block: Any, path: Path = ()) -> Iterator[tuple[Path, Stated]]:
    """Give every number of a block that is written with its unit or source, and its path."""
    if isinstance(block, Stated):
        yield path, block
    if isinstance(block, BaseModel):
        for key, field in type(block).model_fields.items():
            yield from numbers_of(getattr(block, key), (*path, field.alias or key))
    elif isinstance(block, Mapping):
        for key, value in block.items():
            yield from numbers_of(value, (*path, key))
    elif isinstance(block, tuple | list):
        for number, value in enumerate(block):
            yield from numbers_of(value, (*path, number))


def number_in(found: float | Stated, year: int) -> float:
    """Return a number in one year, in the unit inside; NaN if its series lacks the year."""
    block = stated(found, Share)
    value = block.value if block.value is not None else (block.values or {}).get(year, float("nan"))
    return value * block.size


def _layers_and_years(spec: SystemSpec) -> Iterator[Fault]:
    if len(spec.layers) > 1 and "total" in spec.layers:
        yield ("layers",), "total is the sum of the layers, not one of them. Remove it"
    if OUTSIDE in spec.processes:
        yield ("processes", OUTSIDE), f"{OUTSIDE!r} is where imports come from and exports go. Rename the process"
    years = spec.all_years
    twice = sorted({year for year in years if years.count(year) > 1})
    if twice:
        yield ("years",), f"{enumerate_labels(twice)} stands more than once. Name each year once"
    lasting = [name for name, p in spec.processes.items() if p.stock is not None and p.stock.lifetime is not None]
    if lasting and years != tuple(range(years[0], years[-1] + 1)) and not twice:
        yield ("years",), f"a stock with a lifetime ({lasting[0]}) needs every year from {years[0]} to {years[-1]}"


def _process_faults(name: str, process: ProcessBlock, spec: SystemSpec) -> Iterator[Fault]:
    path: Path = ("processes", name)
    entering = [key for key, flow in spec.flows.items() if flow.to == name]
    leaving = [key for key, flow in spec.flows.items() if flow.from_ == name]
    stock = process.stock
    if not entering and (stock is None or stock.initial is None):
        yield path, "no flow enters this process. Give it an inflow, or remove it"
    if stock is None:
        if entering and not leaving:
            yield (
                path,
                "what enters this process cannot leave it. Give it an outflow, or a stock with accumulates: true",
            )
        return
    path = (*path, "stock")
    if stock.accumulates and leaving:
        yield path, f"nothing leaves a stock that accumulates, but {enumerate_labels(leaving)} does. Keep one of them"
    if stock.lifetime is not None and not leaving:
        yield path, "what leaves this stock after its lifetime has nowhere to go. Give it an outflow"
    known = [key for key in leaving if spec.flows[key].value is not None or spec.flows[key].ratio is not None]
    if stock.lifetime is None and not stock.accumulates and not known:
        yield path, "a stock needs a lifetime, an outflow with data (value or ratio), or accumulates: true"
    yield from _stock_faults(path, stock, spec)


def _stock_faults(path: Path, stock: StockBlock, spec: SystemSpec) -> Iterator[Fault]:
    first = spec.all_years[0]
    for key in ("history", "initial"):
        given = getattr(stock, key)
        parts = given if isinstance(given, Mapping) else {None: given} if given is not None else {}
        if isinstance(given, Mapping):
            yield from _layer_faults((*path, key), given, spec.layers)
        elif given is not None and len(spec.layers) > 1 and stock.composition is None:
            yield (*path, key), "is a total: give it by layer, or give the stock a composition"
        for layer, block in parts.items():
            here = (*path, key) if layer is None else (*path, key, layer)
            years = sorted(block.values or ())
            if key == "initial" and years:
                yield here, f"is the stock at the end of {first - 1}: give one value"
            elif key == "history" and years != list(range(first - len(years), first)):
                yield here, f"must have values for the years up to {first - 1} without a gap"
    if stock.composition is not None:
        yield from _composition_faults((*path, "composition"), stock.composition, spec)
    for _, block in numbers_of(stock.lifetime):
        if block.values is not None:
            yield (*path, "lifetime"), "parameters of a lifetime are the same for every year: give value, not values"


def _flow_faults(name: str, flow: FlowBlock, spec: SystemSpec) -> Iterator[Fault]:
    path: Path = ("flows", name)
    for key, end in (("from", flow.from_), ("to", flow.to)):
        if end != OUTSIDE and end not in spec.processes:
            known = enumerate_labels((*spec.processes, OUTSIDE), 20)
            yield (*path, key), f"no process is called {end!r}. There are: {known}"
    if flow.from_ == flow.to:
        yield (*path, "to"), f"the flow enters {flow.to}, which it leaves. Give it two ends"
    if flow.kind == "import" and flow.from_ != OUTSIDE:
        yield (*path, "kind"), f"an import comes from {OUTSIDE}, not from {flow.from_}"
    if flow.kind == "export" and flow.to != OUTSIDE:
        yield (*path, "kind"), f"an export goes to {OUTSIDE}, not to {flow.to}"
    origin = spec.processes.get(flow.from_)
    if flow.kind == "stock" and (origin is None or origin.stock is None):
        yield (*path, "kind"), f"this leaves a stock, but {flow.from_} has none"
    for key in ("share", "composition"):
        if flow.from_ == OUTSIDE and getattr(flow, key) is not None and (key == "share" or flow.composition == "same"):
            yield (*path, key), f"is a share of what enters `from`, but the flow comes from {OUTSIDE}. Give a value"
    if flow.ratio is not None and (flow.ratio.of not in spec.flows or flow.ratio.of == name):
        yield (*path, "ratio", "of"), f"no other flow is called {flow.ratio.of!r}"


def _flow_layer_faults(name: str, flow: FlowBlock, spec: SystemSpec) -> Iterator[Fault]:
    path: Path = ("flows", name)
    for key in ("value", "share"):
        if isinstance(getattr(flow, key), Mapping):
            yield from _layer_faults((*path, key), getattr(flow, key), spec.layers)
    if isinstance(flow.composition, Mapping):
        yield from _composition_faults((*path, "composition"), flow.composition, spec)
        for key in ("value", "share"):
            if isinstance(getattr(flow, key), Mapping):
                yield (*path, key), "is by layer, so the flow needs no composition. Keep one of them"


def _composition_faults(path: Path, parts: Mapping[str, float | Stated], spec: SystemSpec) -> Iterator[Fault]:
    wrong = list(_layer_faults(path, parts, spec.layers))
    yield from wrong
    for year in spec.all_years if not wrong else ():
        total = sum(number_in(part, year) for part in parts.values())
        if abs(total - 1.0) > SUM_TOLERANCE:
            yield path, f"shares of the layers sum to {total:.6g} in {year}: they must sum to 1"
            return


def _layer_faults(path: Path, parts: Mapping[str, Any], layers: tuple[str, ...]) -> Iterator[Fault]:
    for layer in parts:
        if layer not in layers:
            yield (*path, layer), f"no layer is called {layer!r}. There are: {enumerate_labels(layers, 20)}"
    missing = [layer for layer in layers if layer not in parts]
    if missing:
        yield path, f"lacks {enumerate_labels(missing)}: give every layer"


def _series_faults(spec: SystemSpec) -> Iterator[Fault]:
    """Give the years that a series lacks, and sources that are not listed."""
    years = spec.all_years
    for path, block in numbers_of(spec):
        missing = [year for year in years if block.values is not None and year not in block.values]
        if missing and "history" not in path:
            yield (
                (*path, "values"),
                f"lacks {enumerate_labels(missing)}: give every year from {years[0]} to {years[-1]}",
            )
        if block.source is not None and block.source not in spec.sources:
            known = enumerate_labels(spec.sources, 20) or "none yet"
            yield (*path, "source"), f"no source is called {block.source!r}. There are: {known}"


def _share_sums(spec: SystemSpec) -> Iterator[Fault]:
    """Give the processes of which more leaves than there is."""
    for name in spec.processes:
        found = {key: flow.share for key, flow in spec.flows.items() if flow.from_ == name and flow.share is not None}
        for layer in spec.layers:
            parts = [_of_layer(share, layer) for share in found.values()]
            sums = [(sum(number_in(part, year) for part in parts), year) for year in spec.all_years]
            total, year = max(sums)
            if total > 1.0 + SUM_TOLERANCE:
                of = "" if len(spec.layers) == 1 else f" of {layer}"
                what = f"shares{of} of what leaves {name} ({enumerate_labels(found)})"
                yield ("flows", list(found)[-1], "share"), f"{what} sum to {total:.6g} in {year}, over 1"
                break


def _of_layer(share: Any, layer: str) -> float | Stated:
    """Return a share in one layer; 0 for a layer that it lacks, which is told elsewhere."""
    return share.get(layer, 0.0) if isinstance(share, Mapping) else share
