"""What a study may say of the lock-in tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, model_validator

from gvcpos._core.block import Block, Number, Whole
from gvcpos._core.options import CovarianceType
from gvcpos.lockin.axes import FallingPosition
from gvcpos.lockin.battery import Letter
from gvcpos.lockin.common.scope import ScopeLike


class LockInBlock(Block):
    """The lock-in tests."""

    capture: str = "va_rate"
    position: str = "upstreamness"
    controls: tuple[str, ...] = ()
    cov_type: CovarianceType = Field(
        "cluster-entity", description="standard errors of the slopes; see SpatialPanel.fit"
    )
    upstream: str = Field("upstream", description="stage whose dominance and push are tested")
    downstream: str = Field("downstream", description="stage that should be pulled through")
    lags: Whole = Field(1, ge=1, le=5)
    level: Number = Field(0.05, gt=0, lt=0.5)
    tests: tuple[Letter, ...] = Field(
        ("a", "b", "c", "d", "e", "f", "g"),
        description="of the battery: a two axes, b smile curve, c position and capture, d mobility, e pull-through, "
        "f structural pull-through, g convergence and thresholds",
    )
    countries: tuple[str, ...] = Field((), description="countries for which the battery is run besides the world")
    groups: dict[str, tuple[str, ...]] = Field({}, description="groups of countries likewise, by name")
    participation: str = Field("wwyz_forward", description="column of participation, for a")
    falling: FallingPosition = Field("higher", description="which way position falls: higher is towards the ore")
    draws: Whole = Field(999, ge=99, le=99_999, description="draws of every bootstrap of the battery")

    @model_validator(mode="after")
    def _two_stages(self) -> LockInBlock:
        if self.upstream == self.downstream:
            raise ValueError(f"upstream and downstream are both {self.upstream}. Name two stages")
        return self

    @property
    def scopes(self) -> Iterator[ScopeLike]:
        """The world, the countries and the groups."""
        yield None
        yield from self.countries
        yield from ({name: members} for name, members in self.groups.items())

    @property
    def named(self) -> tuple[str, ...]:
        """Every country that is named."""
        return tuple(dict.fromkeys([*self.countries, *(c for members in self.groups.values() for c in members)]))


class PlaceboChainsBlock(Block):
    """The upstream slope and pull-through on chains of as many sectors a stage, drawn at random."""

    draws: Whole = Field(99, ge=9, le=9_999, description="chains drawn; fewer where there are fewer")
    among: tuple[str, ...] = Field((), description="sectors to draw from; default all outside the chain")


class PermutedWeightsBlock(Block):
    """The upstream slope and rho with the countries' places in the main weights drawn by lot."""

    draws: Whole = Field(99, ge=9, le=9_999, description="maps drawn")


class RobustnessBlock(Block):
    """Further choices for the position-capture slope, crossed with each other and with the study's weights."""

    positions: tuple[str, ...] = Field((), description="further columns of position")
    boundaries: tuple[str, ...] = Field(
        (),
        description="further boundaries of the chain, as smelting_midstream: where one stage ends",
    )
    lags: tuple[Annotated[Whole, Field(ge=1, le=20)], ...] = Field(
        (), description="years by which position and controls come before capture, besides the same year"
    )
    without: tuple[tuple[str, ...], ...] = Field((), description="sets of countries to leave out, each a sample")
    placebo_chains: PlaceboChainsBlock | None = Field(
        None, description="the same tests on chains of random sectors, of tables or published; {} for defaults"
    )
    permuted_weights: PermutedWeightsBlock | None = Field(
        None, description="the same slope on maps drawn by lot; {} for defaults"
    )
