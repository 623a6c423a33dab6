"""10,000 draws of the shipped system in ten seconds of one core, once its point is balanced."""

from __future__ import annotations

import time

import pytest
from threadpoolctl import threadpool_limits

from gvcpos.flows.system import FlowSystem


@pytest.mark.slow
def test_ten_thousand_draws_of_the_shipped_system() -> None:
    system = FlowSystem.shipped("china_rare_earths")
    system.balance()
    with threadpool_limits(1):
        begun = time.process_time()
        found = system.simulate(10_000, seed=0)
        frame = found.frame()
        seconds = time.process_time() - begun
    assert len(frame) == len(system.network.years) * len(system.network.flows) * (len(system.network.layers) + 1)
    assert seconds <= 10.0
