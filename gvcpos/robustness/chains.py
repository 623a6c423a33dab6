"""Placebo chains: the same test on chains of sectors drawn at random, to see what is special about the chain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.chains import Chain, SectorYear, Stage, gvc_panel, published_panel
from gvcpos.robustness.placebos import Placebos
from gvcpos.robustness.running import Test, attempt
from gvcpos.tables import PublishedIndices

Sectors: TypeAlias = Iterable[SectorYear] | PublishedIndices


def placebo_chains(
    test: Test,
    years: Sectors,
    chain: Chain,
    *,
    draws: int = 99,
    seed: int = 0,
    among: Sequence[str] | None = None,
    denominators: Mapping[str, str] | None = None,
    prepare: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
    on_draw: Callable[[int, int], None] | None = None,
    **fixed: Any,
) -> Placebos:
    """Run a test on the chain and on chains of as many sectors a stage drawn at random.

    Parameters
    ----------
    test : callable
        Takes panel, and what else is given.
    years : iterable of SectorYear, or PublishedIndices
        Of `sector_years`: the indices of every sector, computed once. Or as published, by sector; stages are then made
        of them as `gvcpos.chains.published_panel` does.
    chain : Chain
        Its stages' names are kept.
    draws, seed : int
        Chains that come out alike are drawn once more, so fewer are possible with few sectors.
    among : sequence of str, optional
        Sectors to draw from; default all that are not in the chain.
    denominators : mapping, optional
        ``weights`` of `gvcpos.chains.published_panel`, for published indices.
    prepare : callable, optional
        Done to every panel before the test, as merging covariates.
    on_draw : callable, optional
        Told how many are done, of how many.
    **fixed
        Further arguments of the test.

    Raises
    ------
    InputError
        If there are fewer sectors to draw from than the chain has, no years, or indices published by stage or country.
    """
    panel_of, sectors = panels_of(years, denominators)
    pool = placebo_pool(sectors, chain, among)

    def panel(which: Chain) -> pd.DataFrame:
        """The panel of a chain, prepared."""
        made = panel_of(which)
        return made if prepare is None else prepare(made)

    true = test(panel=panel(chain), **fixed)
    rows = []
    for done, drawn in enumerate(_drawn(chain, pool, draws, seed), start=1):
        rows.append({"placebo": _name(drawn)} | attempt(test, {"panel": panel(drawn)} | fixed))
        if on_draw is not None:
            on_draw(done, draws)
    return Placebos(true, pd.DataFrame(rows), "chains of as many sectors drawn at random")


def panels_of(
    years: Sectors, denominators: Mapping[str, str] | None
) -> tuple[Callable[[Chain], pd.DataFrame], Sequence[str]]:
    """Return what makes the panel of a chain, and the sectors that there are."""
    if isinstance(years, PublishedIndices):
        require_sectors(years)
        return partial(published_panel, years, weights=denominators), years.sectors
    kept = list(years)
    if not kept:
        raise InputError("placebo_chains: no year was given. Make them with sector_years(tables).")
    return partial(gvc_panel, kept), kept[0].sectors


def require_sectors(published: PublishedIndices) -> None:
    """Raise InputError for indices that no other chain can be made of."""
    if published.level != "sector":
        unit = {"stage": "stages", "country": "whole countries"}[published.level]
        raise InputError(
            f"placebo_chains: the indices of {'; '.join(published.sources)} are published by {unit}, without a column "
            "sector, so that there are no other sectors to make chains of."
        )


def placebo_pool(sectors: Sequence[str], chain: Chain, among: Sequence[str] | None) -> list[str]:
    """Return the sectors to draw from: `among`, or all outside the chain; `InputError` if they are too few."""
    inside = set(chain.sectors)
    pool = [s for s in sectors if s not in inside] if among is None else list(among)
    if len(pool) < len(inside):
        raise InputError(
            f"placebo_chains: {len(pool)} sectors to draw from, and the chain has {len(inside)}. "
            "Name sectors with among, the chain's own too if need be."
        )
    return pool


def _name(chain: Chain) -> str:
    return " | ".join(", ".join(stage.sectors) for stage in chain.stages)


def _drawn(chain: Chain, pool: Sequence[str], draws: int, seed: int) -> list[Chain]:
    """Draw different chains; when twenty in a row are known, there are hardly more."""
    rng = np.random.default_rng(seed)
    cuts = np.cumsum([len(stage.sectors) for stage in chain.stages])
    found: dict[tuple[tuple[str, ...], ...], None] = {}
    in_vain = 0
    while len(found) < draws and in_vain < 20:
        order = rng.permutation(len(pool))[: cuts[-1]]
        parts = tuple(tuple(sorted(pool[i] for i in part)) for part in np.split(order, cuts[:-1]))
        in_vain = in_vain + 1 if parts in found else 0
        found[parts] = None
    names = chain.stage_names
    return [
        Chain(
            "placebo", tuple(Stage(name, part) for name, part in zip(names, parts, strict=True)), chain.classification
        )
        for parts in found
    ]
