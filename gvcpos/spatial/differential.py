"""Differential Moran statistics: is the change between two years clustered?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import align, enumerate_labels
from gvcpos.spatial.local import LocalMoran
from gvcpos.spatial.moran import Moran
from gvcpos.spatial.permutation import Alternative
from gvcpos.spatial.variables import by_year
from gvcpos.spatial.weights.matrix import Weights


def differential_moran(
    data: pd.DataFrame | pd.Series,
    column: str | None,
    weights: Weights,
    start: object,
    end: object,
    *,
    entity: str = "country",
    time: str = "year",
    permutations: int = 999,
    seed: int = 0,
    alternative: Alternative = "two-sided",
) -> Moran:
    """Return Moran's I of the change of a variable between two years.

    What is fixed about a country drops out, so that a lasting pattern alone is no rejection. (Bivariate Moran of a
    variable on its own past does not do that.)

    Parameters
    ----------
    data, column, weights, entity, time
        See `moran_by_year`.
    start, end
        Two years of the panel.
    permutations, seed, alternative
        See `Moran`.

    Raises
    ------
    LabelError
        If the countries of the two years are not the same, or not the units of the weights.
    InputError
        If a year is absent or a value is missing.
    """
    change = change_between(data, column, start, end, entity=entity, time=time)
    return Moran(change, weights, permutations=permutations, seed=seed, alternative=alternative)


def differential_local_moran(
    data: pd.DataFrame | pd.Series,
    column: str | None,
    weights: Weights,
    start: object,
    end: object,
    *,
    entity: str = "country",
    time: str = "year",
    permutations: int = 9999,
    seed: int = 0,
    alternative: Alternative = "two-sided",
    level: float = 0.05,
) -> LocalMoran:
    """Return local Moran statistics of the change of a variable between two years; see `differential_moran`."""
    change = change_between(data, column, start, end, entity=entity, time=time)
    return LocalMoran(change, weights, permutations=permutations, seed=seed, alternative=alternative, level=level)


def change_between(
    data: pd.DataFrame | pd.Series,
    column: str | None,
    start: object,
    end: object,
    *,
    entity: str = "country",
    time: str = "year",
) -> pd.Series:
    """Return the value at `end` less the value at `start`, labelled by country.

    Raises
    ------
    LabelError
        If the two years do not have the same countries; the message names the difference.
    InputError
        If a year is absent or the two are the same.
    """
    if start == end:
        raise InputError(f"start and end are both {start}; a change needs two years.")
    years = dict(by_year(data, column, entity, time))
    gone = [year for year in (start, end) if year not in years]
    if gone:
        raise InputError(f"no year {enumerate_labels(gone)}; there are {enumerate_labels(years, 20)}.")
    first, last = years[start], years[end]
    order = align(list(last.index), list(first.index), f"{last.name} of {end}", f"{first.name} of {start}")
    change = last.to_numpy(dtype=np.float64, na_value=np.nan)[order] - first.to_numpy(dtype=np.float64, na_value=np.nan)
    return pd.Series(change, index=first.index, name=f"{first.name}, change {start} to {end}")
