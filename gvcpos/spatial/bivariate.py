"""Bivariate Moran statistics: one variable here against another at the neighbours."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gvcpos.spatial.global_statistic import GlobalStatistic, named, standardised
from gvcpos.spatial.local import QUADRANTS
from gvcpos.spatial.local_statistic import LocalStatistic
from gvcpos.spatial.moments import reassigned_moments
from gvcpos.spatial.permutation import Alternative, reassigned_sums
from gvcpos.spatial.variables import values_for
from gvcpos.spatial.weights.matrix import Weights


class BivariateMoran(GlobalStatistic):
    """Bivariate Moran's I: the correlation of x with the spatial lag of y.

    Parameters
    ----------
    x, y : Series
        One value a unit each, labelled; the orders do not matter. The lag is of `y`.
    weights, permutations, seed, alternative
        See `Moran`. The permutations deal out y and leave x in place: the null is that y is unrelated to the map of x,
        so correlation of x and y at the same place is not by itself a rejection.

    Attributes
    ----------
    I : float
        (n/S0) x'Wy / n with both standardised; `BivariateMoran(y, y)` is `Moran`.
    expected, variance_rand, z_rand, p_rand : float
        Exact over all assignments of y: 0, and Σ(a − ā)²Σz_y²/(n − 1) with a = W'z_x, scaled as I.
    p_sim, draws
        From the permutations; see `Moran`.
    values, lag : Series
        x standardised, and W times y standardised, in the order of the weights.
    x_name, y_name : str

    Raises
    ------
    LabelError, InputError
        As `Moran`; the message names the variable.

    References
    ----------
    Wartenberg, D. (1985), Geographical Analysis 17:263-283. I comes from esda, times n/S0.
    """

    symbol, statistics = "I", ("variance_rand", "z_rand", "p_rand")

    def __init__(
        self,
        x: pd.Series,
        y: pd.Series,
        weights: Weights,
        *,
        permutations: int = 999,
        seed: int = 0,
        alternative: Alternative = "two-sided",
    ) -> None:
        from esda.moran import Moran_BV

        from gvcpos.spatial.esda_graph import by_esda

        self.x_name, self.y_name = named(x, "x"), named(y, "y")
        self.name = f"{self.x_name}, {self.y_name} of neighbours"
        ordered = self._begin(weights, permutations, seed, alternative)
        here = values_for(x, ordered, self.x_name)
        there = values_for(y, ordered, self.y_name)
        W = ordered.matrix
        found = by_esda(Moran_BV, here, there, weights=ordered)
        self.I = float(found.I * self.n / W.sum())
        zx, zy = standardised(here), standardised(there)
        C = np.outer(W.T @ zx, zy) / W.sum()
        _, self.variance_rand = reassigned_moments(C)
        self.expected = 0.0
        self.z_rand, self.p_rand = self._score(self.variance_rand)
        self._tested(reassigned_sums(C, self.permutations, self.seed))
        self.values = self._labelled(zx, ordered, self.x_name)
        self.lag = self._labelled(np.asarray(W @ zy), ordered, f"spatial lag of {self.y_name}")


class LocalBivariateMoran(LocalStatistic):
    """Bivariate local Moran of every unit: x here against y at the neighbours.

    Parameters
    ----------
    x, y : Series
        See `BivariateMoran`.
    weights, permutations, seed, alternative, level
        See `LocalMoran`; the others' y are dealt out, each unit keeps its x and its y.

    Attributes
    ----------
    frame : DataFrame
        Tidy, in the order of the weights: country, x, y, z, lag, local_I, expected, variance, z_score, p_norm, p_sim,
        p_fdr, quadrant, cluster. z is x and lag is Wy, both standardised; I_i = (n − 1) z_i lag_i / Σz²; the first
        letter of a quadrant is that of x, the second that of the neighbours' y.

    Raises
    ------
    LabelError, InputError
        As `LocalMoran`; the message names the variable.

    References
    ----------
    Anselin, L., Syabri, I. and Smirnov, O. (2002), in Anselin and Rey (eds), New Tools for Spatial Data Analysis,
    CSISS. I_i and the quadrants come from esda.
    """

    title = "Bivariate local Moran clusters"

    def __init__(
        self,
        x: pd.Series,
        y: pd.Series,
        weights: Weights,
        *,
        permutations: int = 9999,
        seed: int = 0,
        alternative: Alternative = "two-sided",
        level: float = 0.05,
    ) -> None:
        from esda.moran import Moran_Local_BV

        from gvcpos.spatial.esda_graph import by_esda

        self.x_name, self.y_name = named(x, "x"), named(y, "y")
        self.name = f"{self.x_name}, {self.y_name} of neighbours"
        ordered = self._begin(weights, permutations, seed, alternative, level)
        here = values_for(x, ordered, self.x_name)
        there = values_for(y, ordered, self.y_name)
        found = by_esda(Moran_Local_BV, here, there, weights=ordered)
        zx, zy, W = standardised(here), standardised(there), ordered.matrix
        scale = (self.n - 1) / (zx @ zx)
        tests = self._tests(found.Is, W, lambda i: scale * zx[i] * zy)
        quadrant = QUADRANTS[np.asarray(found.q, dtype=int)]
        columns = {"x": here, "y": there, "z": zx, "lag": np.asarray(W @ zy), "local_I": found.Is}
        self._finish(columns | tests | {"quadrant": quadrant}, ordered, quadrant)
