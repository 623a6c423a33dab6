"""The shipped system, read and balanced once for all tests here."""

from __future__ import annotations

from functools import lru_cache

from gvcpos.flows.system.flow_system import FlowSystem

NAME = "china_rare_earths"


@lru_cache(maxsize=1)
def china() -> FlowSystem:
    """China's rare earths."""
    return FlowSystem.shipped(NAME)
