"""Data drawn, solved and costed, a chunk of draws at a time; draws that the system cannot have are drawn again."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
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
IntArray = npt.NDArray[np.int64]
CHUNK_NUMBERS = 2**20  # numbers of one array of masses
TURNS = 100  # how often a draw is drawn again at most
AHEAD = 3  # turns of a draw that are solved at once: a few draws take as long as a hundred
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
    block: int = 1,
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
        A draw whose data make a flow negative, or have no solution, is impossible: all of it is drawn again, so
        that the draws are of data under which every flow is possible; or negative flows are kept.
    chunk : int, optional
        Draws held at once; changes memory and time, no number.
    block : int
        Chunks are made of whole blocks: what a system solves together, so that rounding is the same in any chunk.
    synthetic : bool

    Raises
    ------
    InputError
        If there are fewer than two draws, or an output has the name of a flow.
    EstimationError
        If a draw stays impossible after 100 turns, or half of all draws are; the message names the flow.
    """
    wanted = dict(outputs or {})
    _refuse(draws, wanted, negative, network)
    shape = (len(network.years), len(network.flows), len(network.layers))
    size = -(-(chunk or max(1, CHUNK_NUMBERS // int(np.prod(shape)))) // block) * block
    turns = _Turns(network, negative)
    kept = _Kept(run, wanted, turns, u=np.empty((draws, int(sampler.start[-1]))), mass=empty_draws(draws, shape))
    kept.all_turns(sampler, size)
    return FlowDraws(
        network,
        sampler,
        sampler.inputs(network.years),
        u=kept.u,
        mass=kept.mass,
        values=kept.values,
        outputs=wanted,
        run=run,
        chunk=size,
        impossible={name: n / draws for name, n in zip(network.flows, turns.counts.tolist(), strict=True) if n},
        synthetic=synthetic,
    )


def _refuse(draws: int, outputs: Mapping[str, Output], negative: Negative, network: Network) -> None:
    """Refuse what cannot be simulated."""
    choose(negative, Negative, "negative")
    if draws < 2:
        raise InputError(f"draws={draws}: take 2 at least, 10,000 for quantiles of a 95 % interval.")
    refuse_flow_names(outputs, network)


class _Kept:
    """Inputs, masses and outputs of the draws that are possible."""

    def __init__(
        self, run: DrawnSystem, outputs: Mapping[str, Output], turns: _Turns, *, u: FloatArray, mass: FloatArray
    ) -> None:
        self._run, self._outputs, self._turns = run, outputs, turns
        self.u, self.mass = u, mass
        self.values: dict[str, FloatArray] = {}

    def all_turns(self, sampler: Sampler, size: int) -> None:
        """Draw all, at most `size` at a time, and the impossible ones again until there are none."""
        waiting = self._turn([sampler.stream()], np.arange(len(self.u)), size)
        self._turns.first(len(self.u))
        for number in range(1, TURNS + 1, AHEAD):
            if not waiting.size:
                break
            waiting = self._turn([sampler.stream(number + ahead) for ahead in range(AHEAD)], waiting, size)
        self._turns.end(waiting.size)

    def _turn(self, streams: Sequence[Stream], rows: IntArray, size: int) -> IntArray:
        """Draw rows, each from the first stream that gives a possible draw, and return those that get none."""
        parts = [rows[begin : begin + size] for begin in range(0, len(rows), size)]
        return np.concatenate([self._keep(part, [stream.take(part.size) for stream in streams]) for part in parts])

    def _keep(self, rows: IntArray, taken: Sequence[tuple[FloatArray, FloatArray]]) -> IntArray:
        u, data = taken[0] if len(taken) == 1 else (np.concatenate(parts) for parts in zip(*taken, strict=True))
        found = self._run.solved(data).mass
        good = self._turns.possible(found).reshape(len(taken), -1)
        some = good.any(axis=0)
        at = (good.argmax(axis=0) * rows.size + np.arange(rows.size))[some]
        kept = rows[some]
        if len(taken) == 1 and rows.size == rows[-1] - rows[0] + 1:  # what is impossible is written over later
            self.u[rows[0] : rows[-1] + 1], self.mass[rows[0] : rows[-1] + 1] = u, found
        else:
            self.u[kept], self.mass[kept] = u[at], found[at]
        if kept.size and self._outputs:
            for name, numbers in evaluated(self._outputs, self._run.named(data[at], found[at])).items():
                self.values.setdefault(name, np.empty((len(self.u), *numbers.shape[1:])))[kept] = numbers
        return rows[~some]


class _Turns:
    """Which draws are possible, how many were not, and which flows are why."""

    def __init__(self, network: Network, negative: Negative) -> None:
        self._network, self._negative = network, negative
        self.counts = np.zeros(len(network.flows), dtype=np.int64)  # of first turns
        self._latest = np.zeros_like(self.counts)
        self._wrong = 0

    def possible(self, mass: FloatArray) -> npt.NDArray[np.bool_]:
        """Say which draws (n, T, F, L) are possible, (n,); what is below 0 by rounding is made 0, in place."""
        wrong = impossible_flows(mass)
        self._latest += wrong.sum(axis=0)
        self._wrong += int(wrong.any(axis=1).sum())
        if self._negative == "keep":
            return np.ones(len(mass), dtype=bool)
        np.maximum(mass, 0.0, out=mass)
        return np.asarray(~wrong.any(axis=1))

    def first(self, draws: int) -> None:
        """After all draws' first turn, warn of many impossible ones, or refuse them."""
        self.counts, self._latest = self._latest, np.zeros_like(self.counts)
        share = self._wrong / draws
        if share <= MANY or self._negative == "keep":
            return
        message = (
            f"{share:.1%} of the draws are impossible, most often because {self._culprit(self.counts)}. They were "
            "drawn again, so that the data are no longer distributed as stated: make their uncertainty smaller."
        )
        if share > 0.5:
            raise EstimationError(message)
        warnings.warn(message, RedrawnWarning, stacklevel=5)

    def end(self, left: int) -> None:
        """After all turns, refuse draws that stay impossible."""
        if left:
            raise EstimationError(
                f"{left} draws are still impossible after {TURNS} turns, most often because "
                f"{self._culprit(self._latest)}: look at its data."
            )

    def _culprit(self, counts: IntArray) -> str:
        return f"flow {self._network.flows[int(np.argmax(counts))]!r} is negative or has no solution"


def impossible_flows(mass: FloatArray) -> npt.NDArray[np.bool_]:
    """Say which flows of draws (n, T, F, L) are negative beyond rounding, or not finite, in some year, (n, F)."""
    low, high = mass.min(axis=(1, 3)), mass.max(axis=(1, 3))  # NaN where one is
    largest = np.fmax.reduce(np.fmax(np.abs(low), np.abs(high)), axis=1, initial=0.0, keepdims=True)
    return np.asarray(~(low >= -_ROUNDING * largest) | ~np.isfinite(low + high))
