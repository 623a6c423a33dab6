"""Data drawn, solved and costed, a chunk of draws at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gvcpos._core.errors import InputError
from gvcpos.flows.draws.arrays import DrawnSystem, Output, evaluated, refuse_flow_names
from gvcpos.flows.draws.marginals import FloatArray
from gvcpos.flows.draws.results import FlowDraws
from gvcpos.flows.draws.sampler import Sampler
from gvcpos.flows.draws.store import empty_draws
from gvcpos.flows.network import Network

CHUNK_NUMBERS = 2**20  # numbers of one array of masses


def simulate(
    network: Network,
    sampler: Sampler,
    run: DrawnSystem,
    *,
    draws: int = 10_000,
    outputs: Mapping[str, Output] | None = None,
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
    chunk : int, optional
        Draws solved at once; changes memory and time, no number.
    synthetic : bool

    Raises
    ------
    InputError
        If there are fewer than two draws, or an output has the name of a flow.
    """
    if draws < 2:
        raise InputError(f"draws={draws}: take 2 at least, 10,000 for quantiles of a 95 % interval.")
    wanted = dict(outputs or {})
    refuse_flow_names(wanted, network)
    shape = (len(network.years), len(network.flows), len(network.layers))
    size = chunk or max(1, CHUNK_NUMBERS // int(np.prod(shape)))
    mass = empty_draws(draws, shape)
    u = np.empty((draws, int(sampler.start[-1])))
    values: dict[str, FloatArray] = {}
    begin = 0
    for points, data in sampler.chunks(draws, size):
        drawn = run.solved(data)
        end = begin + len(points)
        u[begin:end], mass[begin:end] = points, drawn.mass
        for name, found in evaluated(wanted, drawn).items():
            values.setdefault(name, np.empty((draws, *found.shape[1:])))[begin:end] = found
        begin = end
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
        synthetic=synthetic,
    )
