"""What a Monte Carlo of a system hands back: intervals of flows and outputs, and where their variance comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtri

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos.flows.cost.tidy import by_layers, layer_labels
from gvcpos.flows.draws.arrays import DrawnArrays, DrawnSystem, Output, evaluated, refuse_flow_names
from gvcpos.flows.draws.contributions import regression_shares, sobol
from gvcpos.flows.draws.marginals import FloatArray
from gvcpos.flows.draws.money import By, cost_frame, stage_frame
from gvcpos.flows.draws.sampler import Sampler
from gvcpos.flows.draws.store import summary
from gvcpos.flows.network import Network

AT_ONCE = 1024  # draws that are costed together: few enough that what a flow costs in them stays in the cache
UNEXPLAINED = "(unexplained)"
OTHERS = "(all other inputs)"


@dataclass(frozen=True, eq=False)
class FlowDraws:
    """Draws of a flow system.

    Attributes
    ----------
    network : Network
    sampler : Sampler
        Data, their distributions, the rules of sums, the seed.
    inputs : tuple of str
        V independent inputs: a datum, or a datum and a year.
    u : (n, V) float array
        Their draws, between 0 and 1.
    mass : (n, T, F, L) float array
        kt.
    values : mapping of str to (n,) or (n, T) float array
        Outputs.
    outputs : mapping of str to callable
        How they are made.
    run : DrawnSystem
        Solves data of m draws, and puts names to solved ones.
    chunk : int
        Draws solved at once.
    impossible : mapping of str to float
        Flows that some draws made negative, and the share of draws that did; these were drawn again, or kept.
    synthetic : bool
        Whether the system is invented; every frame says so.
    """

    network: Network
    sampler: Sampler
    inputs: tuple[str, ...]
    u: FloatArray
    mass: FloatArray
    values: Mapping[str, FloatArray]
    outputs: Mapping[str, Output]
    run: DrawnSystem
    chunk: int
    impossible: Mapping[str, float]
    synthetic: bool

    def arrays(self, size: int = AT_ONCE) -> Iterator[DrawnArrays]:
        """Yield the draws again, `size` at a time and without solving them again."""
        for begin in range(0, self.draws, size):
            rows = slice(begin, begin + size)
            yield self.run.named(self.sampler.values(self.u[rows]), self.mass[rows])

    def with_outputs(self, outputs: Mapping[str, Output]) -> FlowDraws:
        """Return these draws with other outputs.

        Raises
        ------
        InputError
            If an output has the name of a flow.
        """
        refuse_flow_names(outputs, self.network)
        parts = [evaluated(outputs, drawn) for drawn in self.arrays()]
        values = {name: np.concatenate([part[name] for part in parts]) for name in outputs}
        return replace(self, outputs=dict(outputs), values=values)

    @property
    def draws(self) -> int:
        """n."""
        return len(self.mass)

    @property
    def seed(self) -> int:
        """The seed."""
        return self.sampler.seed

    def frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return intervals of every flow.

        Returns
        -------
        DataFrame
            year, flow, layer (with ``total``), median, lower, upper, mean, sd (kt); `level` of the draws lie between
            lower and upper.
        """
        layers = layer_labels(self.network.layers)
        years = range(len(self.network.years))
        parts = [summary(by_layers(self.mass[:, t], self.network.layers), level) for t in years]
        keys = pd.MultiIndex.from_product(
            [self.network.years, self.network.flows, layers], names=["year", "flow", "layer"]
        )
        columns = {name: np.stack([part[name] for part in parts]).reshape(-1) for name in parts[0]}
        return self._said(keys.to_frame(index=False).assign(**columns), level)

    def output_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return intervals of every output: output, year (missing for one of all years), median, ..., sd."""
        parts = []
        for name, values in self.values.items():
            years = self.network.years if values.ndim == 2 else (None,)
            frame = pd.DataFrame({"output": name, "year": pd.array(years, dtype="Int64")})
            found = summary(values.reshape(self.draws, -1), level)
            parts.append(frame.assign(**found))
        if not parts:
            raise InputError("no outputs were asked for: give simulate(outputs={name: function}).")
        return self._said(pd.concat(parts, ignore_index=True), level)

    def contributions(self, name: str, *, ranks: bool = True) -> pd.DataFrame:
        """Return what share of the variance of an output, or of a flow's total, each input explains.

        By regression on all inputs at once; see `regression_shares`. The shares sum to R²; what is left, of curvature
        and interactions, is the last row of each year.

        Parameters
        ----------
        name : str
            An output or a flow.
        ranks : bool
            Regress ranks, or the normal scores of inputs and the values of the output.

        Returns
        -------
        DataFrame
            output, year, input, share, coefficient (standard deviations of the output a standard deviation of the
            input), the largest share first.
        """
        values = self._moving(name)
        found = regression_shares(self.u if ranks else ndtri(self.u), values, ranks=ranks)
        parts = []
        for s, year in enumerate(self._years(name)):
            order = np.argsort(-found.shares[:, s], kind="stable")
            left = 1.0 - found.r_squared[s]
            parts.append(
                pd.DataFrame(
                    {
                        "output": name,
                        "year": pd.array([year] * (len(order) + 1), dtype="Int64"),
                        "input": [*(self.inputs[v] for v in order), UNEXPLAINED],
                        "share": [*found.shares[order, s], left],
                        "coefficient": [*found.coefficients[order, s], np.nan],
                    }
                )
            )
        return self._said(pd.concat(parts, ignore_index=True))

    def sobol(self, name: str, inputs: int | Sequence[str] = 8, n: int = 512, seed: int | None = None) -> pd.DataFrame:
        """Return Sobol indices of an output, or of a flow's total.

        Inputs that are not chosen are one input together, whose value is a whole draw of this simulation, so that all
        variance is accounted for. Sums of shares over 1 are scaled down here, not drawn again, as indices are those of
        independent inputs.

        Parameters
        ----------
        name : str
            An output or a flow.
        inputs : int or sequence of str
            How many, by their share in the regression; or which.
        n : int
            A power of 2; the system is solved n (inputs + 3) times.
        seed : int, optional
            The simulation's by default.

        Returns
        -------
        DataFrame
            output, year, input, first, first_lower, first_upper, total, total_lower, total_upper (95 %); the last row
            of a year has under first what no input explains alone.
        """
        chosen = self._chosen(name, inputs)
        others = len(chosen) < len(self.inputs)
        found = sobol(self._model(name, chosen), len(chosen) + others, n, self.seed if seed is None else seed)
        labels = [*(self.inputs[v] for v in chosen), *([OTHERS] if others else []), UNEXPLAINED]
        parts = []
        for s, year in enumerate(self._years(name)):
            columns = {
                "first": [*found.first[:, s], found.unexplained[s]],
                "first_lower": [*found.first_interval[:, s, 0], np.nan],
                "first_upper": [*found.first_interval[:, s, 1], np.nan],
                "total": [*found.total[:, s], np.nan],
                "total_lower": [*found.total_interval[:, s, 0], np.nan],
                "total_upper": [*found.total_interval[:, s, 1], np.nan],
            }
            years = pd.array([year] * len(labels), dtype="Int64")
            parts.append(pd.DataFrame({"output": name, "year": years, "input": labels, **columns}))
        return self._said(pd.concat(parts, ignore_index=True))

    def cost_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return intervals of costs and values of flows; see `cost_frame` of `gvcpos.flows.draws.money`."""
        return self._said(cost_frame(self, level), level)

    def stage_frame(self, by: By = "stage", level: float = 0.95) -> pd.DataFrame:
        """Return intervals of mass, cost, value and value added of stages, or of processes; see `stage_frame` there."""
        return self._said(stage_frame(self, by, level), level)

    def _output(self, name: str) -> Output:
        """How an output, or the total of a flow, is made."""
        if name in self.outputs:
            return self.outputs[name]
        if name in self.network.flows:
            return lambda drawn: drawn.flow(name)
        known = enumerate_labels((*self.outputs, *self.network.flows), 20)
        raise InputError(f"no output or flow is called {name!r}. There are: {known}.")

    def _moving(self, name: str) -> FloatArray:
        """Draws of an output or a flow, (n, S).

        Raises
        ------
        InputError
            If it is not defined in some draw, or there is nothing uncertain.
        """
        self._output(name)
        if not self.inputs:
            raise InputError("no datum of the system is uncertain: give one an uncertainty.")
        place = (
            self.values[name]
            if name in self.values
            else self.mass[:, :, int(locate([name], self.network.flows, "flow")[0])].sum(-1)
        )
        values = np.asarray(place).reshape(self.draws, -1)
        if np.isnan(values).any():
            raise InputError(f"{name} is not defined in {np.isnan(values).any(axis=1).mean():.1%} of the draws.")
        return values

    def _years(self, name: str) -> tuple[int | None, ...]:
        return self.network.years if name not in self.values or self.values[name].ndim == 2 else (None,)

    def _chosen(self, name: str, inputs: int | Sequence[str]) -> list[int]:
        """Numbers of the inputs to look at."""
        if not isinstance(inputs, int):
            return [int(v) for v in locate(inputs, self.inputs, "input")]
        shares = regression_shares(self.u, self._moving(name)).shares.mean(axis=1)
        return [int(v) for v in np.argsort(-shares, kind="stable")[:inputs]]

    def _model(self, name: str, chosen: Sequence[int]) -> Callable[[FloatArray], FloatArray]:
        """A function of chosen inputs and, if there are others, of which draw these are from."""
        output = self._output(name)

        def model(points: FloatArray) -> FloatArray:
            """Turn points (m, V) into outputs (m, S), a chunk at a time."""
            parts = []
            for begin in range(0, len(points), self.chunk):
                part = points[begin : begin + self.chunk]
                row = (
                    (part[:, -1] * self.draws).astype(np.int64)
                    if len(chosen) < len(self.inputs)
                    else np.zeros(len(part), int)
                )
                u = self.u[row]
                u[:, chosen] = part[:, : len(chosen)]
                drawn = self.run.solved(self.sampler.values(u))
                parts.append(evaluated({name: output}, drawn)[name].reshape(len(part), -1))
            return np.concatenate(parts)

        return model

    def _said(self, frame: pd.DataFrame, level: float | None = None) -> pd.DataFrame:
        frame.attrs = {"mass": "kt", "draws": self.draws, "seed": self.seed, "synthetic": self.synthetic}
        if level is not None:
            frame.attrs["level"] = level
        return frame
