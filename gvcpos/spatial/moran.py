"""Moran's I: of one variable, and year by year over a panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.spatial.global_statistic import GlobalStatistic, named, standardised
from gvcpos.spatial.permutation import Alternative, global_draws
from gvcpos.spatial.variables import by_year, values_for, weights_of
from gvcpos.spatial.weights.matrix import Weights


class Moran(GlobalStatistic):
    """Moran's I of one variable over spatial units, with three tests of no spatial autocorrelation.

    Parameters
    ----------
    values : Series
        One value a unit, labelled; the order does not matter.
    weights : Weights
        Taken as they are: normalise them first if rows should sum to one.
    permutations : int
        Random relabellings; 0 for none.
    seed : int
        Of the relabellings.
    alternative : {"two-sided", "greater", "less"}
        For all p-values; ``"greater"`` is positive autocorrelation.

    Attributes
    ----------
    I : float
        (n/S0) z'Wz/z'z, with z the values less their mean and S0 the sum of weights.
    expected : float
        −1/(n − 1).
    variance_norm, z_norm, p_norm : float
        If the values are draws from one normal distribution.
    variance_rand, z_rand, p_rand : float
        If every assignment of the values to units is equally likely.
    p_sim : float
        From the relabellings, (M + 1)/(R + 1); NaN without them.
    draws : ndarray, shape (permutations,)
        I of each relabelling, read-only.
    values, lag : Series
        Values less their mean in standard deviations, and W times these, in the order of the weights.
    n : int
    weights, name, permutations, seed, alternative

    Raises
    ------
    LabelError
        If the labels are not exactly the units of the weights.
    InputError
        If values are missing, constant or fewer than four.

    References
    ----------
    Cliff, A. D. and Ord, J. K. (1981), Spatial Processes, Pion, ch. 2. I and its moments come from esda.
    """

    symbol = "I"
    statistics = ("variance_norm", "z_norm", "p_norm", "variance_rand", "z_rand", "p_rand")

    def __init__(
        self,
        values: pd.Series,
        weights: Weights,
        *,
        permutations: int = 999,
        seed: int = 0,
        alternative: Alternative = "two-sided",
    ) -> None:
        from esda.moran import Moran as EsdaMoran

        from gvcpos.spatial.esda_graph import by_esda

        self.name = named(values)
        ordered = self._begin(weights, permutations, seed, alternative)
        y = values_for(values, ordered, self.name)
        found = by_esda(EsdaMoran, y, weights=ordered)
        self.I, self.expected = float(found.I), float(found.EI)
        self.variance_norm, self.variance_rand = float(found.VI_norm), float(found.VI_rand)
        self.z_norm, self.p_norm = self._score(self.variance_norm)
        self.z_rand, self.p_rand = self._score(self.variance_rand)
        self._tested(global_draws(y - y.mean(), ordered.matrix, self.permutations, self.seed))
        standard = standardised(y)
        self.values = self._labelled(standard, ordered, self.name)
        self.lag = self._labelled(ordered.matrix @ standard, ordered, f"spatial lag of {self.name}")


def moran_by_year(
    data: pd.DataFrame | pd.Series,
    column: str | None,
    weights: Weights | Mapping[Any, Weights],
    *,
    entity: str = "country",
    time: str = "year",
    permutations: int = 999,
    seed: int = 0,
    alternative: Alternative = "two-sided",
) -> pd.DataFrame:
    """Compute Moran's I of a panel, year by year.

    Parameters
    ----------
    data : DataFrame or Series
        With `entity` and `time` as columns or index levels, as the residuals of a panel are.
    column : str or None
        The variable; None for a Series.
    weights : Weights or mapping of year to Weights
        The same in every year, or one for each; its units must be exactly the countries of the year.
    entity, time : str
        Names of the two dimensions.
    permutations, seed, alternative
        See `Moran`; every year has the same seed, so each row equals `Moran` of that year alone.

    Returns
    -------
    DataFrame
        One row a year: year, variable, n, I, expected, variance_norm, z_norm, p_norm, variance_rand, z_rand, p_rand,
        p_sim.

    Raises
    ------
    LabelError
        If a country is missing, left over or given twice in a year, or a year has no weights; the message names both.
    InputError
        If a value is missing or a year's values are constant; the message names the year.

    Notes
    -----
    The moments are those of observed values. Of residuals they are approximate, since residuals are tied by the
    regressors; `residual_moran` has the exact moments for least squares.
    """
    rows = []
    for year, values in by_year(data, column, entity, time):
        label = f"{values.name} of {year}"
        try:
            near = weights_of(weights, year)
            one = Moran(values.rename(label), near, permutations=permutations, seed=seed, alternative=alternative)
        except InputError as error:
            if label in str(error):
                raise
            raise type(error)(f"{label}: {error}") from error
        rows.append({time: year} | one.row() | {"variable": values.name})
    if not rows:
        raise InputError("the panel has no rows.")
    return pd.DataFrame(rows)
