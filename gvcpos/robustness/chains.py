"""Placebo chains: the same test on chains of sectors drawn at random, to see what is special about the chain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.chains import Chain, SectorYear, Stage, gvc_panel
from gvcpos.robustness.placebos import Placebos
from gvcpos.robustness.running import Test, attempt


def placebo_chains(
    test: Test,
    years: Iterable[SectorYear],
    chain: Chain,
    *,
    draws: int = 99,
    seed: int = 0,
    among: Sequence[str] | None = None,
    prepare: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
    on_draw: Callable[[int, int], None] | None = None,
    **fixed: Any,
) -> Placebos:
    """Run a test on the chain and on chains of as many sectors a stage drawn at random.

    Parameters
    ----------
    test : callable
        Takes panel, and what else is given.
    years : iterable of SectorYear
        Of `sector_years`: the indices of every sector, computed once.
    chain : Chain
        Its stages' names are kept.
    draws, seed : int
        Chains that come out alike are drawn once more, so fewer are possible with few sectors.
    among : sequence of str, optional
        Sectors to draw from; default all that are not in the chain.
    prepare : callable, optional
        Done to every panel before the test, as merging covariates.
    on_draw : callable, optional
        Told how many are done, of how many.
    **fixed
        Further arguments of the test.

    Raises
    ------
    InputError
        If there are fewer sectors to draw from than the chain has, or no years.
    """
    kept = list(years)
    pool = _pool(kept, chain, among)

    def panel(which: Chain) -> pd.DataFrame:
        """The panel of a chain, prepared."""
        made = gvc_panel(kept, which)
        return made if prepare is None else prepare(made)

    true = test(panel=panel(chain), **fixed)
    rows = []
    for done, drawn in enumerate(_drawn(chain, pool, draws, seed), start=1):
        rows.append({"placebo": _name(drawn)} | attempt(test, {"panel": panel(drawn)} | fixed))
        if on_draw is not None:
            on_draw(done, draws)
    return Placebos(true, pd.DataFrame(rows), "chains of as many sectors drawn at random")


def _pool(years: Sequence[SectorYear], chain: Chain, among: Sequence[str] | None) -> list[str]:
    """Return the sectors to draw from."""
    if not years:
        raise InputError("placebo_chains: no year was given. Make them with sector_years(tables).")
    inside = set(chain.sectors)
    pool = [s for s in years[0].sectors if s not in inside] if among is None else list(among)
    if len(pool) < len(inside):
        raise InputError(
            f"placebo_chains: {len(pool)} sectors to draw from, and the chain has {len(inside)}. "
            "Name sectors with among=, the chain's own too if need be."
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
