"""A balanced system: flows with standard errors, processes, stocks, and whether its data contradict each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import SpecificationError
from gvcpos.flows.balance.diagnosis import solver_of
from gvcpos.flows.balance.fitting import NEGATIVE, Fit, fitted
from gvcpos.flows.balance.frames import flow_frame, process_frame, stock_frame
from gvcpos.flows.balance.memory import stocks_at_start
from gvcpos.flows.balance.reconciliation import Spread
from gvcpos.flows.balance.testing import chi_squared, gross_errors
from gvcpos.flows.system.flow_system import FlowSystem

if TYPE_CHECKING:
    from gvcpos.flows.cost.accounts import CostAccounts

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Balance:
    """A system in balance.

    Attributes
    ----------
    system : FlowSystem
    point : Fit
        Arrays: reconciled data, solution, derivatives.
    """

    system: FlowSystem
    point: Fit

    @classmethod
    def of(cls, system: FlowSystem) -> Balance:
        """Balance a system.

        Raises
        ------
        SpecificationError
            If the data leave flows free, go round without loss, contradict each other exactly, or make a flow negative;
            the message names the flows, the line and the year.
        """
        say = _Words(system)
        solver = solver_of(system)
        _refuse_nothing_to_share(system, solver.run(system.data.values[:, :, None]).x[:, solver.equations.flows, 0])
        point = fitted(solver, system.data.values, Spread.of(system.data.sd, system.data.correlated), say.at)
        _refuse_negative(system, point.mass)
        return cls(system, point)

    @property
    def synthetic(self) -> bool:
        """Whether the numbers are invented."""
        return self.system.synthetic

    @cached_property
    def mass(self) -> FloatArray:
        """(T, F, L) flows in kt."""
        found = self.point.mass
        largest = float(np.abs(found).max(initial=0.0))
        found[(found < 0.0) & (found > -NEGATIVE * largest)] = 0.0
        found.flags.writeable = False
        return found

    @cached_property
    def data(self) -> FloatArray:
        """(T, K) data as reconciled, in the units inside."""
        return self.point.data

    @cached_property
    def std_error(self) -> FloatArray:
        """(T, F, L + 1) standard errors of the flows by layer and, last, of their totals; to first order, kt."""
        return self._deviations[0]

    @cached_property
    def data_std_error(self) -> FloatArray:
        """(T, K) standard errors of the data as reconciled."""
        return self._deviations[1]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Return the flows.

        Columns: year, flow, source, target, kind, layer (each, and total), mass, std_error, measured (NaN where no
        value was given), adjusted_by (mass less measured), unit, synthetic.
        """
        return flow_frame(self.system, self.mass, self.std_error)

    def processes(self) -> pd.DataFrame:
        """Return year, process, layer, inflow, outflow, stock_change, residual (of its balance), unit, synthetic."""
        return process_frame(self.system, self.mass)

    def stocks(self) -> pd.DataFrame:
        """Return year, process, layer, inflow, outflow, stock_change, stock, unit, synthetic.

        `stock` is that at the end of the year; without history or initial stock, what has come since the first year.
        """
        at_start = stocks_at_start(self.system.spec, self.system.data, self.data[0])
        return stock_frame(self.system, self.mass, at_start)

    @cached_property
    def fit(self) -> pd.DataFrame:
        """Return year, chi2, df (0: nothing is said twice), pvalue: whether the data agree."""
        found = chi_squared(self.point)
        frame = pd.DataFrame({"year": self.system.network.years, "chi2": found[:, 0], "df": found[:, 1].astype(int)})
        return frame.assign(pvalue=found[:, 2])

    def suspects(self, level: float = 0.05) -> pd.DataFrame:
        """Test each datum for a gross error; see `gross_errors`. No rows without redundant data."""
        return gross_errors(self.point, self.system.data, level)

    def held_at_zero(self) -> pd.DataFrame:
        """Return year, flow, layer of flows that would be negative and were held at 0 by the reconciliation."""
        network = self.system.network
        t, f, layer = np.unravel_index(self.point.at_bound, self.mass.shape)
        return pd.DataFrame(
            {
                "year": [network.years[i] for i in t],
                "flow": [network.flows[i] for i in f],
                "layer": [network.layers[i] for i in layer],
            }
        )

    def masses(self, data: FloatArray) -> FloatArray:
        """Balance draws of the data, (..., T, K) in the units inside, to flows (..., T, F, L) in kt."""
        return self.point.masses(data)

    def costs(self) -> CostAccounts:
        """Return the cost accounts of the balanced system."""
        from gvcpos.flows.cost.systems import cost_accounts

        return cost_accounts(self.system, self.mass, self.data)

    @cached_property
    def _deviations(self) -> tuple[FloatArray, FloatArray]:
        """Standard deviations of flows (T, F, L + 1) and of data (T, K), after the reconciliation."""
        point = self.point
        sd, right = point.spread.sd.ravel(), point.held.right
        sources = point.spread.matrix().reshape(sd.size, -1)
        whitened = np.divide(sources, sd[:, None], out=np.zeros_like(sources), where=sd[:, None] > 0)
        left = sd[:, None] * (whitened - right.T @ (right @ whitened))
        slopes = point.sensitivity.x[:, point.solver.equations.flows].reshape(*self.mass.shape, -1)
        moved = slopes @ left  # (T, F, L, S)
        both = np.concatenate([moved, moved.sum(axis=2, keepdims=True)], axis=2)
        flows = np.linalg.norm(both, axis=-1)
        flows[flows < 1e-12 * float(np.abs(self.mass).max(initial=0.0))] = 0.0  # rounding of exact flows
        return flows, np.linalg.norm(left, axis=-1).reshape(point.data.shape)


class _Words:
    """Where a flow or process stands in the file, and in which year."""

    def __init__(self, system: FlowSystem) -> None:
        self._system = system

    def at(self, year: int, owner: str) -> str:
        """Write the place and the year."""
        key = "flows" if owner in self._system.network.flows else "processes"
        return f"{self._system.place(key, owner)} in {self._system.network.years[year]}"


def _refuse_nothing_to_share(system: FlowSystem, mass: FloatArray) -> None:
    """Refuse years without a solution."""
    if np.isfinite(mass).all():
        return
    t, f, _ = (int(i) for i in np.argwhere(~np.isfinite(mass))[0])
    where = _Words(system).at(t, system.network.flows[f])
    raise SpecificationError(
        f"{where}: no flow meets the data of this year: what is given is a share of nothing, or goes round and never "
        "leaves. Check the values and shares of this flow's process."
    )


def _refuse_negative(system: FlowSystem, mass: FloatArray) -> None:
    """Refuse flows below 0 by more than rounding, the worst first."""
    largest = float(np.abs(mass).max(initial=0.0))
    t, f, layer = (int(i) for i in np.unravel_index(int(np.argmin(mass)), mass.shape))
    if mass[t, f, layer] >= -NEGATIVE * largest:
        return
    network = system.network
    of = "" if len(network.layers) == 1 else f" of {network.layers[layer]}"
    raise SpecificationError(
        f"{_Words(system).at(t, network.flows[f])}: the data make this flow {mass[t, f, layer]:.6g} kt{of}. "
        f"More leaves {_process_of(system, f)} than enters it: check the values around it."
    )


def _process_of(system: FlowSystem, flow: int) -> str:
    source, target = int(system.network.source[flow]), int(system.network.target[flow])
    return system.network.processes[source if source >= 0 else target]
