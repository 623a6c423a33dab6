"""The sample of one stage and the weights of just its countries, whatever becomes of islands."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import pandas as pd

from gvcpos._core.errors import EstimationError, IslandWarning, LeftOutWarning
from gvcpos._core.labels import enumerate_labels
from gvcpos.lockin import SlopeModel, stage_sample
from gvcpos.lockin.common.sample import complete_countries, stage_frame
from gvcpos.spatial import Weights


def settled_sample(
    panel: pd.DataFrame, stage: str, columns: Sequence[str], W: Weights, *, drop_islands: bool = False
) -> tuple[pd.DataFrame, Weights]:
    """Return the balanced sample of a stage and the weights of its countries.

    Parameters
    ----------
    panel : DataFrame
        Tidy; countries that the weights lack are not taken.
    stage : str
    columns : sequence of str
        Dependent variable first.
    W : Weights
        Of some of the panel's countries.
    drop_islands : bool
        Whether countries leave whose neighbours all left, as they lack a value. Otherwise that is an error.

    Returns
    -------
    sample : DataFrame
        Index (country, year).
    weights : Weights
        Normalised again if countries left.

    Raises
    ------
    EstimationError
        If no country with neighbours is left; and as `stage_sample`.

    Warns
    -----
    LeftOutWarning
        Naming countries whose neighbours all left.
    """
    own = panel[panel["country"].isin(W.ids)]
    if drop_islands:
        W = _without_islands(own, stage, columns, W)
        own = own[own["country"].isin(W.ids)]
    sample, weights = stage_sample(own, stage, SlopeModel(columns[0], tuple(columns[1:]), W))
    if weights is None:
        raise EstimationError(f"{stage}: no weights.")
    return sample, weights


def _without_islands(panel: pd.DataFrame, stage: str, columns: Sequence[str], W: Weights) -> Weights:
    what = f"{stage}: {columns[0]}" + (f" on {', '.join(columns[1:])}" if len(columns) > 1 else "")
    frame = complete_countries(stage_frame(panel, stage, columns), what)
    kept = [str(c) for c in dict.fromkeys(frame.index.get_level_values("country"))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IslandWarning)  # told below, as what is left out
        made = W.subset(kept, islands="keep")
        gone: list[str] = []
        while made.islands:
            gone += made.islands
            rest = [c for c in made.ids if c not in set(made.islands)]
            if not rest:
                raise EstimationError(f"{what}: no two countries with values are neighbours.")
            made = made.subset(rest, islands="keep")
    if gone:
        warnings.warn(
            f"{what}: {enumerate_labels(gone, 80)} left out: all neighbours lack values (islands: drop).",
            LeftOutWarning,
            stacklevel=4,
        )
    return made
