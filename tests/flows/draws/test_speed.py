"""10,000 draws of the shipped system in ten seconds of one core, with its point, its intervals and its costs."""

from __future__ import annotations

import time

import pytest
from threadpoolctl import threadpool_limits

from gvcpos.flows.system import FlowSystem

DRAWS = 10_000


def seconds() -> float:
    """Processor time of everything, once."""
    system = FlowSystem.shipped("china_rare_earths")
    begun = time.process_time()
    system.balance()
    found = system.simulate(DRAWS, seed=0)
    frame, costs = found.frame(), found.cost_frame()
    spent = time.process_time() - begun
    assert len(frame) == len(system.network.years) * len(system.network.flows) * (len(system.network.layers) + 1)
    assert set(costs["measure"]) == {"cost", "unit_cost", "value"}
    return spent


@pytest.mark.slow
def test_ten_thousand_draws_of_the_shipped_system() -> None:
    with threadpool_limits(1):
        assert min(seconds() for _ in range(2)) <= 10.0
