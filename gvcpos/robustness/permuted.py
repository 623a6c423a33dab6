"""Permuted maps and shuffled histories: what a test gives when who is near whom, or who did what, is drawn by lot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.robustness.placebos import Placebos
from gvcpos.robustness.running import Test, attempt

if TYPE_CHECKING:
    from gvcpos.spatial import Weights


def permuted_weights(
    test: Test,
    weights: Weights,
    *,
    draws: int = 99,
    seed: int = 0,
    on_draw: Callable[[int, int], None] | None = None,
    **fixed: Any,
) -> Placebos:
    """Run a test with the countries' places in the weights drawn by lot.

    The network keeps its shape, its degrees and its eigenvalues; only who sits where changes. Where the estimate with
    the true weights is one of these, geography (or whatever the weights stand for) adds nothing to it.

    Parameters
    ----------
    test : callable
        Takes weights, and what else is given.
    weights : Weights
    draws, seed : int
    on_draw : callable, optional
        Told how many are done, of how many.
    **fixed
        Further arguments of the test.
    """
    true = test(weights=weights, **fixed)
    rng = np.random.default_rng(seed)
    rows = []
    for done in range(1, draws + 1):
        order = rng.permutation(weights.n)
        drawn = relabelled(weights, order)
        rows.append({"placebo": f"permutation {done}"} | attempt(test, {"weights": drawn} | fixed))
        if on_draw is not None:
            on_draw(done, draws)
    return Placebos(true, pd.DataFrame(rows), "weights with the countries' places drawn by lot")


def relabelled(weights: Weights, order: np.ndarray) -> Weights:
    """Return weights in which unit order[i] has the place of unit i; normalised as they were."""
    return replace(weights, ids=tuple(weights.ids[i] for i in order)).align(weights.ids)


def shuffled_countries(*columns: str) -> Callable[[Mapping[str, Any], np.random.Generator], Mapping[str, Any]]:
    """Return a shuffle for `SpecificationCurve.joint_test`: some columns' histories go to other countries.

    A country's series stays whole, so that its persistence and what all share in a year stay; only its tie to the
    country's other columns is broken. Stages are shuffled alike.

    Parameters
    ----------
    *columns : str
        Columns that keep together, as position and its square.

    Raises
    ------
    InputError
        When used on a panel that lacks a column, or whose countries do not all have the same years.
    """

    def shuffle(arguments: Mapping[str, Any], rng: np.random.Generator) -> Mapping[str, Any]:
        """Return the arguments with the panel's columns shuffled."""
        panel = arguments["panel"]
        wanted = [c for c in columns if c in panel.columns]
        if len(wanted) < len(columns):
            absent = [c for c in columns if c not in panel.columns]
            raise InputError(f"shuffled_countries: the panel has no column {absent[0]!r}.")
        return dict(arguments) | {"panel": exchange(panel, wanted, rng)}

    return shuffle


def exchange(panel: pd.DataFrame, columns: list[str], rng: np.random.Generator) -> pd.DataFrame:
    """Give every country the columns of another one drawn by lot, year by year and stage by stage."""
    keys = [c for c in panel.columns if c in ("stage", "sector", "year")]
    names = sorted(str(c) for c in panel["country"].drop_duplicates())
    other = dict(zip(names, rng.permutation(names), strict=True))
    index = pd.MultiIndex.from_frame(panel[["country", *keys]])
    source = pd.MultiIndex.from_frame(panel[["country", *keys]].assign(country=panel["country"].map(other)))
    places = index.get_indexer(source)
    if (places < 0).any():
        country, *rest = source[int(np.flatnonzero(places < 0)[0])]
        raise InputError(f"shuffled_countries: {country} has no row for {rest}: every country needs the same years.")
    out = panel.copy()
    for column in columns:
        out[column] = panel[column].to_numpy()[places]
    out.attrs.update(panel.attrs)
    return out
