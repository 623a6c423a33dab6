"""Where costs run: which flows are bought, carried on or final, and in what order the centres are costed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gvcpos._core.errors import SpecificationError
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos.flows.network import OUTSIDE, Network

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CostStructure:
    """A network with what cost accounting must know of it beyond masses.

    A process passes costs on to what leaves it, unless costs *end* there: in use, and in any stock that is no quantity
    centre. What leaves such a process again (old scrap) is bought anew, for its price or for nothing. The stock of a
    centre takes part of its cost, at the unit cost of the year.

    Attributes
    ----------
    network : Network
    loss : (F,) bool array
        Flows that are losses; all others are products of the process they leave.
    stock : (P,) bool array
        Processes that may add to or draw from a stock.
    ends : (P,) bool array
        Processes at which costs end.
    centre : (P,) bool array
        Quantity centres: processes with costs of their own, or declared to be one.
    by_value : (P,) bool array
        Centres whose product cost is shared out by value instead of mass.
    """

    network: Network
    loss: BoolArray
    stock: BoolArray
    ends: BoolArray
    centre: BoolArray
    by_value: BoolArray

    @classmethod
    def of(
        cls,
        network: Network,
        *,
        losses: Iterable[str] = (),
        stocks: Iterable[str] = (),
        centres: Iterable[str] = (),
        by_value: Iterable[str] = (),
    ) -> CostStructure:
        """Make the structure from names of flows (`losses`) and processes; costs end at stocks that are no centres.

        Raises
        ------
        LabelError
            If a name is not in the network.
        SpecificationError
            If a centre has no outflow, or none but losses, and no stock.
        """
        size = len(network.processes)
        loss = _marked(losses, network.flows, "flows")
        stock = _marked(stocks, network.processes, "processes")
        valued = _marked(by_value, network.processes, "processes")
        centre = _marked(centres, network.processes, "processes") | valued
        made = np.bincount(network.source[(network.source >= 0) & ~loss], minlength=size) > 0
        left = np.bincount(network.source[network.source >= 0], minlength=size) > 0
        for j in np.flatnonzero(centre & ~stock & ~made):
            found = "none but losses leave it" if left[j] else "nothing leaves it"
            raise SpecificationError(
                f"process {network.processes[j]!r} is a quantity centre without a product: {found}. Give it an outflow "
                "that is a product, or give it no costs."
            )
        return cls(network, loss, stock, stock & ~centre, centre, valued)

    @cached_property
    def passing(self) -> BoolArray:
        """(P,): processes that pass costs on."""
        return ~self.ends

    def _at_passing(self, ends: npt.NDArray[np.int64]) -> BoolArray:
        known = np.append(self.passing, False)  # the outside (-1) passes nothing on
        return np.asarray(known[ends])

    @cached_property
    def bought(self) -> BoolArray:
        """(F,): flows that enter the chain of costs: from outside, or from where costs ended."""
        return self._at_passing(self.network.target) & ~self._at_passing(self.network.source)

    @cached_property
    def carried(self) -> BoolArray:
        """(F,): flows from one passing process to another (or to itself), which carry its cost along."""
        return self._at_passing(self.network.target) & self._at_passing(self.network.source)

    @cached_property
    def final(self) -> BoolArray:
        """(F,): flows that leave the chain of costs, as products or as losses."""
        return ~self._at_passing(self.network.target) & self._at_passing(self.network.source)

    @cached_property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """Passing processes in the order of costing; processes of one loop stand together."""
        count = len(self.network.processes)
        source, target = self.network.source[self.carried], self.network.target[self.carried]
        graph = coo_array((np.ones(source.size), (source, target)), shape=(count, count)).tocsr()
        _, loop = connected_components(graph, directed=True, connection="strong")
        members: dict[int, list[int]] = {}
        for j in np.flatnonzero(self.passing).tolist():
            members.setdefault(int(loop[j]), []).append(j)
        before: dict[int, set[int]] = {name: set() for name in members}
        for i, j in zip(loop[source].tolist(), loop[target].tolist(), strict=True):
            if i != j:
                before[j].add(i)
        return tuple(tuple(members[name]) for name in TopologicalSorter(before).static_order())

    def flows_from(self, process: int) -> npt.NDArray[np.intp]:
        """Numbers of the flows that leave a process."""
        return np.flatnonzero(self.network.source == process)

    def flows_into(self, process: int) -> npt.NDArray[np.intp]:
        """Numbers of the flows that enter a process."""
        return np.flatnonzero(self.network.target == process)

    def inside(self, block: Sequence[int]) -> list[int]:
        """Numbers of the flows from a process of a block to one of it."""
        return [int(f) for j in block for f in self.flows_from(j) if self.network.target[f] in block]

    def end_of(self, number: int) -> str:
        """Name of a process by its number, `OUTSIDE` for -1."""
        return OUTSIDE if number < 0 else self.network.processes[number]

    def named(self, processes: Iterable[int]) -> str:
        """Names of processes for a message."""
        return enumerate_labels(self.network.processes[j] for j in processes)


def _marked(names: Iterable[str], labels: tuple[str, ...], what: str) -> BoolArray:
    mark = np.zeros(len(labels), dtype=bool)
    mark[locate(names, labels, what)] = True
    return mark
