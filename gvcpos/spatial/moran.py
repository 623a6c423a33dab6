"""Moran's I: of one variable, and year by year over a panel."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.options import choose
from gvcpos.spatial.permutation import Alternative, global_draws, normal_p, pseudo_p
from gvcpos.spatial.variables import FloatArray, alphabetical, by_year, values_for, weights_of
from gvcpos.spatial.weights.matrix import Weights

STATISTICS = (
    "I", "expected", "variance_norm", "z_norm", "p_norm", "variance_rand", "z_rand", "p_rand", "p_sim",
)  # fmt: skip


class Moran:
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

    def __init__(
        self,
        values: pd.Series,
        weights: Weights,
        *,
        permutations: int = 999,
        seed: int = 0,
        alternative: Alternative = "two-sided",
    ) -> None:
        choose(alternative, Alternative, "alternative")
        self.name = str(values.name) if values.name is not None else "the values"
        self.permutations, self.seed = _count(permutations), int(seed)
        self.alternative, self.weights, self.n = alternative, weights, weights.n
        ordered = alphabetical(weights)
        y = values_for(values, ordered, self.name)
        found = _by_esda(y, ordered)
        self.I = float(found.I)
        self.expected = float(found.EI)
        self.variance_norm, self.variance_rand = float(found.VI_norm), float(found.VI_rand)
        self.z_norm = (self.I - self.expected) / self.variance_norm**0.5
        self.z_rand = (self.I - self.expected) / self.variance_rand**0.5
        self.p_norm = float(normal_p(self.z_norm, alternative))
        self.p_rand = float(normal_p(self.z_rand, alternative))
        centred = y - y.mean()
        self.draws = global_draws(centred, ordered.matrix, self.permutations, self.seed)
        self.draws.flags.writeable = False
        self.p_sim = float(pseudo_p(self.I, self.draws, alternative)) if self.permutations else float("nan")
        standard = centred / y.std()
        self.values = self._labelled(standard, ordered, self.name)
        self.lag = self._labelled(ordered.matrix @ standard, ordered, f"spatial lag of {self.name}")

    def _labelled(self, values: FloatArray, ordered: Weights, name: str) -> pd.Series:
        return pd.Series(values, index=list(ordered.ids), name=name).reindex(list(self.weights.ids))

    def to_frame(self) -> pd.DataFrame:
        """Return the statistics as a frame of one row: variable, n, I, expected, variances, z and p."""
        row = {"variable": self.name, "n": self.n} | {name: getattr(self, name) for name in STATISTICS}
        return pd.DataFrame([row])

    def __repr__(self) -> str:
        sim = f", p_sim={self.p_sim:.4g} ({self.permutations} permutations)" if self.permutations else ""
        return (
            f"<Moran {self.name}: n={self.n}, I={self.I:.4f}, z_rand={self.z_rand:.3f}, "
            f"p_rand={self.p_rand:.4g}{sim}, {self.alternative}>"
        )


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
        row = {"variable": values.name, "n": one.n} | {name: getattr(one, name) for name in STATISTICS}
        rows.append({time: year} | row)
    if not rows:
        raise InputError("the panel has no rows.")
    return pd.DataFrame(rows)


def _by_esda(y: FloatArray, weights: Weights) -> Any:
    """Return esda's Moran of the values in the order of the weights, with the weights as they are."""
    from esda.moran import Moran as EsdaMoran

    from gvcpos.spatial.esda_graph import graph_of

    with warnings.catch_warnings():  # esda changes the process's warning filters
        return EsdaMoran(y, graph_of(weights), transformation="O", permutations=0)


def _count(permutations: int) -> int:
    if int(permutations) != permutations or permutations < 0:
        raise InputError(f"permutations={permutations}: a whole number, 0 for none.")
    return int(permutations)
