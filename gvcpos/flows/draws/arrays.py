"""Arrays of draws with names to reach them by, for figures that a user defines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos.flows.cost.tidy import per_tonne
from gvcpos.flows.draws.marginals import FloatArray
from gvcpos.flows.network import Network

if TYPE_CHECKING:
    from gvcpos.flows.cost.cascade import CostArrays

Costing = Callable[[FloatArray, FloatArray], "tuple[CostArrays, FloatArray]"]


@dataclass(frozen=True, eq=False)
class DrawnArrays:
    """Masses of n draws, and what they cost.

    Attributes
    ----------
    network : Network
    names : tuple of str
        K data.
    data : (n, T, K) float array
    mass : (n, T, F, L) float array
        kt.
    costing : callable, optional
        From masses and data to cost arrays and the value of flows (n, T, F, L); None where no process has costs.
    """

    network: Network
    names: tuple[str, ...]
    data: FloatArray
    mass: FloatArray
    costing: Costing | None = None

    def flow(self, name: str, layer: str | None = None) -> FloatArray:
        """Mass of a flow, of one layer or of all, (n, T)."""
        return self._layer(self.mass[:, :, int(locate([name], self.network.flows, "flow")[0])], layer)

    def datum(self, name: str) -> FloatArray:
        """Values of a datum, (n, T)."""
        return self.data[:, :, int(locate([name], self.names, "datum")[0])]

    def inflow(self, process: str, layer: str | None = None) -> FloatArray:
        """What enters a process, (n, T)."""
        return self._layer(self._entering[:, :, self._process(process)], layer)

    def outflow(self, process: str, layer: str | None = None) -> FloatArray:
        """What leaves a process, (n, T)."""
        return self._layer(self._leaving[:, :, self._process(process)], layer)

    @property
    def costs(self) -> CostArrays:
        """Cost arrays of these draws.

        Raises
        ------
        InputError
            If no process of the system has costs.
        """
        return self._money[0]

    @property
    def value(self) -> FloatArray:
        """Value of flows, p q, (n, T, F, L), USD million; NaN where a product has no price; raises as `costs`."""
        return self._money[1]

    def unit_cost(self, name: str, layer: str | None = None) -> FloatArray:
        """Return what a t of a flow costs, (n, T), USD/t; raises as `costs`."""
        flow = int(locate([name], self.network.flows, "flow")[0])
        cost, mass = self._layer(self.costs.total[:, :, flow], layer), self.flow(name, layer)
        return per_tonne(cost, mass)

    @cached_property
    def _money(self) -> tuple[CostArrays, FloatArray]:
        if self.costing is None:
            raise InputError("no process of the system has costs: there is no money to draw. Give processes costs.")
        return self.costing(self.mass, self.data)

    @cached_property
    def _entering(self) -> FloatArray:
        return self.network.inflow(self.mass)

    @cached_property
    def _leaving(self) -> FloatArray:
        return self.network.outflow(self.mass)

    def _process(self, name: str) -> int:
        return int(locate([name], self.network.processes, "process")[0])

    def _layer(self, mass: FloatArray, layer: str | None) -> FloatArray:
        """(n, T) of (n, T, L)."""
        if layer is None or (layer == "total" and "total" not in self.network.layers):
            return np.asarray(mass.sum(axis=-1))
        return mass[..., int(locate([layer], self.network.layers, "layer")[0])]


Output = Callable[[DrawnArrays], FloatArray]


@dataclass(frozen=True)
class FlowRatio:
    """One sum of flows over another, as a loss or a recycling rate.

    Attributes
    ----------
    numerator, denominator : tuple of str
        Flows.
    layer : str, optional
        Of all layers together by default.
    pooled : bool
        Sum over the years before dividing, which gives one number a draw instead of one a year.
    """

    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    layer: str | None = None
    pooled: bool = False

    def __call__(self, drawn: DrawnArrays) -> FloatArray:
        """Return the ratio, (n, T) or (n,); NaN where the denominator is 0."""
        above, below = (self._sum(drawn, names) for names in (self.numerator, self.denominator))
        return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0.0)

    def _sum(self, drawn: DrawnArrays, names: Sequence[str]) -> FloatArray:
        total = np.sum([drawn.flow(name, self.layer) for name in names], axis=0)
        return np.asarray(total.sum(axis=-1) if self.pooled else total)


class DrawnSystem(Protocol):
    """What solves a system for many draws of its data."""

    def solved(self, data: FloatArray) -> DrawnArrays:
        """Return the arrays of data (m, T, K)."""

    def named(self, data: FloatArray, mass: FloatArray) -> DrawnArrays:
        """Return the arrays of data (m, T, K) whose masses (m, T, F, L) are known."""

    @property
    def stages(self) -> tuple[str | None, ...]:
        """Stage of each of P processes."""


def refuse_flow_names(outputs: Mapping[str, Output], network: Network) -> None:
    """Raise InputError where an output has the name of a flow."""
    both = [name for name in outputs if name in network.flows]
    if both:
        raise InputError(f"outputs have the names of flows: {enumerate_labels(both)}. Call them otherwise.")


def evaluated(outputs: Mapping[str, Output], drawn: DrawnArrays) -> dict[str, FloatArray]:
    """Return every output of some draws, (n,) or (n, T).

    Raises
    ------
    InputError
        If an output has another shape.
    """
    n, years = drawn.mass.shape[:2]
    out = {}
    for name, output in outputs.items():
        values = np.asarray(output(drawn), dtype=np.float64)
        if values.shape not in ((n,), (n, years)):
            raise InputError(f"output {name!r} has the shape {values.shape}: ({n},) or ({n}, {years}) wanted.")
        out[name] = values
    return out
