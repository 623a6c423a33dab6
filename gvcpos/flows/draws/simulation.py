"""Data drawn, solved and costed, a chunk of draws at a time; draws that the system cannot have are drawn again."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError, InputError, RedrawnWarning
from gvcpos._core.options import choose
from gvcpos.flows.draws.arrays import DrawnSystem, Output, evaluated, refuse_flow_names
from gvcpos.flows.draws.marginals import FloatArray
from gvcpos.flows.draws.results import FlowDraws
from gvcpos.flows.draws.sampler import Sampler, Stream
from gvcpos.flows.draws.store import empty_draws
from gvcpos.flows.network import Network

Negative = Literal["again", "keep"]
CHUNK_NUMBERS = 2**20  # numbers of one array of masses
TURNS = 100  # how often a draw is drawn again at most
MANY = 0.05  # share of impossible draws from which on a warning says so
_ROUNDING = 1e-11  # of the largest mass of a draw: less than nothing by rounding alone


def simulate(
    network: Network,
    sampler: Sampler,
    run: DrawnSystem,
    *,
    draws: int = 10_000,
    outputs: Mapping[str, Output] | None = None,
    negative: Negative = "again",
    chunk: int | None = None,
    synthetic: bool = False,
) -> FlowDraws:
    """Draw the data of a system and solve each draw.

    Parameters
    ----------
    network : Network
    sampler : Sampler
    run : DrawnSystem
    draws : int
    outputs : mapping of str to callable, optional
        Figures of each draw, (m,) or (m, T) of the arrays of m draws.
    negative : {"again", "keep"}
        A draw whose data make a flow negative, or have no solution, is impossible: all of it is drawn again, so that
        the draws are those of data under which every flow is possible; or negative flows are kept.
    chunk : int, optional
        Draws solved at once; changes memory and time, no number.
    synthetic : bool

    Raises
    ------
    InputError
        If there are fewer than two draws, or an output has the name of a flow.
    EstimationError
        If a draw stays impossible after 100 turns, or half of all draws are; the message names the flow.
    """
    choose(negative, Negative, "negative")
    if draws < 2:
        raise InputError(f"draws={draws}: take 2 at least, 10,000 for quantiles of a 95 % interval.")
    wanted = dict(outputs or {})
    refuse_flow_names(wanted, network)
    shape = (len(network.years), len(network.flows), len(network.layers))
    size = chunk or max(1, CHUNK_NUMBERS // int(np.prod(shape)))
    mass = empty_draws(draws, shape)
    u = np.empty((draws, int(sampler.start[-1])))
    values: dict[str, FloatArray] = {}
    stream, turns = sampler.stream(), _Turns(sampler, run, network)
    for begin in range(0, draws, size):
        end = min(begin + size, draws)
        points, data = stream.take(end - begin)
        drawn = run.solved(data)
        if negative == "again":
            drawn = run.named(*turns.possible(points, data, drawn.mass))
        u[begin:end], mass[begin:end] = points, drawn.mass
        for name, found in evaluated(wanted, drawn).items():
            values.setdefault(name, np.empty((draws, *found.shape[1:])))[begin:end] = found
    turns.report(draws)
    return FlowDraws(
        network=network,
        sampler=sampler,
        inputs=sampler.inputs(network.years),
        u=u,
        mass=mass,
        values=values,
        outputs=wanted,
        run=run,
        chunk=size,
        impossible={name: n / draws for name, n in zip(network.flows, turns.counts.tolist(), strict=True) if n},
        synthetic=synthetic,
    )


class _Turns:
    """Draws again what is impossible: turn j of a draw takes the next draw of stream j, whatever the chunks are."""

    def __init__(self, sampler: Sampler, run: DrawnSystem, network: Network) -> None:
        self._sampler, self._run, self._network = sampler, run, network
        self._streams: list[Stream] = []
        self._first = 0
        self.counts = np.zeros(len(network.flows), dtype=np.int64)

    def possible(self, u: FloatArray, data: FloatArray, mass: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return data and masses, and put into `u`, draws that are all possible."""
        wrong = impossible_flows(mass)
        self.counts += wrong.sum(axis=0)
        rows = np.flatnonzero(wrong.any(axis=1))
        self._first += rows.size
        if rows.size:
            data, mass = data.copy(), mass.copy()
        for turn in range(TURNS):
            if not rows.size:
                return data, np.maximum(mass, 0.0)
            if turn == len(self._streams):
                self._streams.append(self._sampler.stream(turn + 1))
            u[rows], data[rows] = self._streams[turn].take(rows.size)
            mass[rows] = self._run.solved(data[rows]).mass
            wrong = impossible_flows(mass[rows])
            rows = rows[wrong.any(axis=1)]
        raise EstimationError(f"{self._culprit(wrong.sum(axis=0))} after {TURNS} turns: look at its data.")

    def report(self, draws: int) -> None:
        """Warn of many impossible draws, or refuse them."""
        share = self._first / draws
        if share <= MANY:
            return
        message = (
            f"{share:.1%} of the draws are impossible, most often because {self._culprit(self.counts)}. They were "
            "drawn again, so that the data are no longer distributed as stated: make their uncertainty smaller."
        )
        if share > 0.5:
            raise EstimationError(message)
        warnings.warn(message, RedrawnWarning, stacklevel=3)

    def _culprit(self, counts: npt.NDArray[np.int64]) -> str:
        return f"flow {self._network.flows[int(np.argmax(counts))]!r} is negative or has no solution"


def impossible_flows(mass: FloatArray) -> npt.NDArray[np.bool_]:
    """Say which flows of draws (n, T, F, L) are negative beyond rounding, or not finite, in some year, (n, F)."""
    least = -_ROUNDING * np.nanmax(np.abs(mass), axis=(1, 2, 3), initial=0.0, keepdims=True)
    return np.asarray((~(mass >= least) | ~np.isfinite(mass)).any(axis=(1, 3)))
