"""A system of processes, flows and stocks: what its file says, its network, its data, its balance."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from threadpoolctl import threadpool_limits

from gvcpos._core.yaml_lines import LineOf, YamlPath, load_yaml_with_lines, parse_yaml_with_lines
from gvcpos.flows.network import Network
from gvcpos.flows.system.data import DataVector
from gvcpos.flows.system.gather import gathered
from gvcpos.flows.system.loading import checked, find_system, place
from gvcpos.flows.system.spec import SystemSpec

if TYPE_CHECKING:
    from gvcpos.flows.balance.balanced import Balance
    from gvcpos.flows.balance.fitting import Fit
    from gvcpos.flows.draws.results import FlowDraws


def _no_lines(_: YamlPath) -> int:
    return 1


@dataclass(frozen=True, eq=False)
class FlowSystem:
    """A system of flows, ready to be balanced.

    Attributes
    ----------
    spec : SystemSpec
        What the file says.
    network : Network
        Processes, flows, layers and years as labels and index arrays.
    data : DataVector
        Every number of the file, (T, K) in the units inside, with distributions.
    name : str
        Of the file, for messages.
    """

    spec: SystemSpec
    network: Network
    data: DataVector
    name: str
    line_of: LineOf = field(repr=False)

    @classmethod
    def from_yaml(cls, path: str | Path) -> FlowSystem:
        """Read a system.

        Raises
        ------
        InputError
            If the file is absent.
        SpecificationError
            For every fault of the file: its line, what was found, what is allowed.
        """
        data, line_of = load_yaml_with_lines(path)
        return cls.of(checked(data, line_of, str(path)), str(path), line_of)

    @classmethod
    def from_text(cls, text: str, name: str = "system") -> FlowSystem:
        """Read a system from YAML `text`; `name` stands for the file in messages."""
        data, line_of = parse_yaml_with_lines(text, name)
        return cls.of(checked(data, line_of, name), name, line_of)

    @classmethod
    def shipped(cls, name: str) -> FlowSystem:
        """Read a system that ships with gvcpos, as in ``FlowSystem.shipped("china_rare_earths")``."""
        return cls.from_yaml(find_system(name))

    @classmethod
    def of(cls, spec: SystemSpec, name: str = "system", line_of: LineOf = _no_lines) -> FlowSystem:
        """Make a system of a checked specification."""
        network = Network.of(
            tuple(spec.processes),
            [(key, flow.from_, flow.to) for key, flow in spec.flows.items()],
            spec.layers,
            spec.all_years,
        )
        return cls(spec, network, gathered(spec), name, line_of)

    @property
    def synthetic(self) -> bool:
        """Whether its numbers are invented."""
        return self.spec.synthetic

    def place(self, *path: int | str) -> str:
        """Say where something stands in the file, as in ``"toy.yaml, line 12: flows.ore"``."""
        return place(path, self.line_of, self.name)

    def balance(self) -> Balance:
        """Balance the system; see `Balance.of` for what is refused. Computed once."""
        return self._balance

    @property
    def solver(self) -> Fit:
        """What balances draws of the data: ``solver.masses(data)``, (..., T, K) to (..., T, F, L)."""
        return self._balance.point

    def simulate(self, draws: int = 10_000, seed: int = 0, **options: Any) -> FlowDraws:
        """Draw every uncertain number and balance each draw; see `gvcpos.flows.draws.systems.simulate_system`."""
        from gvcpos.flows.draws.systems import simulate_system

        with threadpool_limits(1):
            return simulate_system(self, draws, seed, **options)

    @cached_property
    def _balance(self) -> Balance:
        from gvcpos.flows.balance.balanced import Balance

        with threadpool_limits(1):  # many small systems: threads of BLAS wait for one another
            return Balance.of(self)

    def to_frame(self) -> pd.DataFrame:
        """Return the inputs, a row for each number and year.

        Returns
        -------
        DataFrame
            year, name, what, owner, layer, value, sd, unit, distribution, status (source, assumed, calibrated or not
            stated), source, grade, assumed, calibrated_to, synthetic.
        """
        return self.data.to_frame().assign(synthetic=self.synthetic)
