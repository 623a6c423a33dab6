"""From a system to the equations of a year: balances, data, transfer coefficients, compositions, stocks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gvcpos.flows.balance.equations import NONE, Equations, Row, RowKind, StockRows, Term, Variable, VariableKind
from gvcpos.flows.system.data import DataVector
from gvcpos.flows.system.spec import FlowBlock, SystemSpec


def equations_of(spec: SystemSpec, data: DataVector) -> Equations:
    """Write the equations of a year.

    For each process and layer: what enters = what leaves (no stock); what leaves = share × inflow of the year + what
    leaves of earlier inflows (stock with a lifetime). For each flow what its data say: value, ratio, share of what
    leaves its process, composition. What a flow is without data follows from the balances.
    """
    maker = _Maker(spec, data)
    for name in spec.processes:
        maker.process(name)
    for name, flow in spec.flows.items():
        maker.flow(name, flow)
    return maker.made()


class _Maker:
    """Collects unknowns and equations; an unknown comes to be when it is first named."""

    def __init__(self, spec: SystemSpec, data: DataVector) -> None:
        self._spec = spec
        self._layers = range(len(spec.layers))
        self._column = {name: number for number, name in enumerate(data.names)}
        self._columns = self._data = len(data)
        self._number: dict[Variable, int] = {}
        self._rows: list[Row] = []
        self._stocks: list[StockRows] = []
        self._entering = {name: [key for key, f in spec.flows.items() if f.to == name] for name in spec.processes}
        self._leaving = {name: [key for key, f in spec.flows.items() if f.from_ == name] for name in spec.processes}
        for key in spec.flows:
            for layer in self._layers:
                self._variable("flow", key, layer)

    def made(self) -> Equations:
        """Return what was collected."""
        flows = [[self._variable("flow", key, layer) for layer in self._layers] for key in self._spec.flows]
        return Equations(
            tuple(self._number),
            tuple(self._rows),
            np.array(flows, dtype=np.int64),
            self._data,
            self._columns,
            tuple(self._stocks),
        )

    def process(self, name: str) -> None:
        """Write the balance of a process, or the rows of its stock."""
        stock = self._spec.processes[name].stock
        if stock is None:
            for layer in self._layers:
                terms = (*self._sum(self._entering[name], layer), *self._sum(self._leaving[name], layer, -1.0))
                self._row("balance", name, layer, *terms)
            if self._is_shared(name):
                for layer in self._layers:
                    self._defined("leaving", name, layer, self._sum(self._leaving[name], layer, -1.0))
            return
        if stock.accumulates:
            return
        for layer in self._layers:
            self._defined("leaving", name, layer, self._sum(self._leaving[name], layer, -1.0))
        if stock.lifetime is not None:
            self._memory(name)

    def _memory(self, name: str) -> None:
        share = self._columns
        carry = tuple(share + 1 + layer for layer in self._layers)
        self._columns = share + 1 + len(self._layers)
        entering = []
        for layer in self._layers:
            into = self._defined("entering", name, layer, self._sum(self._entering[name], layer, -1.0))
            out = self._variable("leaving", name, layer)
            self._row("stock", name, layer, Term(1.0, NONE, out), Term(-1.0, share, into), Term(-1.0, carry[layer]))
            entering.append(into)
        self._stocks.append(StockRows(name, tuple(entering), share, carry))

    def flow(self, name: str, flow: FlowBlock) -> None:
        """Write what the data of a flow say."""
        composed = isinstance(flow.composition, Mapping)
        if composed and len(self._layers) > 1:
            self._composition(name)
        if flow.value is not None:
            self._value(name, flow)
        if flow.share is not None:
            self._share(name, flow, on_total=composed)
        if flow.ratio is not None:
            on_total = flow.ratio.basis == "total" or (flow.ratio.basis is None and composed)
            self._ratio(name, flow.ratio.of, on_total)
        if flow.composition == "same" and flow.share is None and len(self._layers) > 1:
            scale = self._variable("scale", name)
            for layer in self._layers:
                x, out = self._variable("flow", name, layer), self._variable("leaving", flow.from_, layer)
                self._row("same", name, layer, Term(1.0, NONE, x), Term(-1.0, NONE, scale, out))

    def _value(self, name: str, flow: FlowBlock) -> None:
        if isinstance(flow.value, Mapping):
            for layer, key in enumerate(self._spec.layers):
                x = self._variable("flow", name, layer)
                self._row("value", name, layer, Term(1.0, NONE, x), Term(-1.0, self._column[f"{name}[{key}]"]))
        else:
            self._row("value", name, NONE, *self._total(name), Term(-1.0, self._column[name]))

    def _share(self, name: str, flow: FlowBlock, on_total: bool) -> None:
        column = self._column.get(f"{name}.share", NONE)
        if on_total and column != NONE:
            parts = [Term(-1.0, column, self._variable("leaving", flow.from_, layer)) for layer in self._layers]
            self._row("share", name, NONE, *self._total(name), *parts)
            return
        for layer, key in enumerate(self._spec.layers):
            x, out = self._variable("flow", name, layer), self._variable("leaving", flow.from_, layer)
            datum = self._column.get(f"{name}.share[{key}]", column)
            self._row("share", name, layer, Term(1.0, NONE, x), Term(-1.0, datum, out))

    def _ratio(self, name: str, of: str, on_total: bool) -> None:
        column = self._column[f"{name}.ratio"]
        if on_total:
            other = [Term(-1.0, column, self._variable("flow", of, layer)) for layer in self._layers]
            self._row("ratio", name, NONE, *self._total(name), *other)
            return
        for layer in self._layers:
            x, other_x = self._variable("flow", name, layer), self._variable("flow", of, layer)
            self._row("ratio", name, layer, Term(1.0, NONE, x), Term(-1.0, column, other_x))

    def _composition(self, name: str) -> None:
        """Write x[l] × sum of c = c[l] × total, but for the last layer, which is what the others leave."""
        total = self._variable("total", name)
        parts = tuple(Term(-1.0, NONE, self._variable("flow", name, layer)) for layer in self._layers)
        self._row("definition", name, NONE, Term(1.0, NONE, total), *parts)
        columns = [self._column[f"{name}.composition[{key}]"] for key in self._spec.layers]
        for layer in self._layers[:-1]:
            x = self._variable("flow", name, layer)
            weights = [Term(1.0, column, x) for column in columns]
            self._row("composition", name, layer, *weights, Term(-1.0, columns[layer], total))

    def _total(self, name: str) -> tuple[Term, ...]:
        total = Variable("total", name)
        if total in self._number:
            return (Term(1.0, NONE, self._number[total]),)
        return self._sum([name], None)

    def _is_shared(self, name: str) -> bool:
        flows = [self._spec.flows[key] for key in self._leaving[name]]
        return any(flow.share is not None or flow.composition == "same" for flow in flows)

    def _defined(self, kind: VariableKind, name: str, layer: int, parts: tuple[Term, ...]) -> int:
        number = self._variable(kind, name, layer)
        self._row("definition", name, layer, Term(1.0, NONE, number), *parts)
        return number

    def _sum(self, flows: list[str], layer: int | None, sign: float = 1.0) -> tuple[Term, ...]:
        layers = self._layers if layer is None else (layer,)
        return tuple(Term(sign, NONE, self._variable("flow", key, each)) for key in flows for each in layers)

    def _row(self, kind: RowKind, owner: str, layer: int, *terms: Term) -> None:
        self._rows.append(Row(kind, owner, layer, terms))

    def _variable(self, kind: VariableKind, owner: str, layer: int = NONE) -> int:
        return self._number.setdefault(Variable(kind, owner, layer), len(self._number))
