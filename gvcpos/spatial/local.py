"""Local Moran statistics, with conditional permutations and control of the false discovery rate."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gvcpos.spatial.global_statistic import named, standardised
from gvcpos.spatial.local_statistic import LocalStatistic
from gvcpos.spatial.permutation import Alternative
from gvcpos.spatial.variables import values_for
from gvcpos.spatial.weights.matrix import Weights

QUADRANTS = np.array(["", "HH", "LH", "LL", "HL"])  # esda's numbers 1 to 4


class LocalMoran(LocalStatistic):
    """Local Moran's I of every unit, and the clusters that remain when many tests are made at once.

    Parameters
    ----------
    values : Series
        One value a unit, labelled; the order does not matter.
    weights : Weights
        Taken as they are.
    permutations : int
        Conditional permutations: each unit keeps its value, the others are dealt out anew. With R of them no p-value is
        below 2/(R + 1) (two-sided); n units under false-discovery control at 5 % call for R well above 40 n.
    seed : int
        Of the permutations.
    alternative : {"two-sided", "greater", "less"}
        ``"greater"`` looks for clusters alone, ``"less"`` for outliers alone.
    level : float
        False discovery rate at which a unit counts as significant.

    Attributes
    ----------
    frame : DataFrame
        Tidy, in the order of the weights: country, value, z, lag, local_I, expected, variance, z_score, p_norm,
        p_sim, p_fdr, quadrant, cluster. z is the value in standard deviations from the mean, lag is Wz; expected and
        variance are those of the conditional permutations (exact), z_score and p_norm follow from them. quadrant is
        HH, LL, HL (high among low) or LH; cluster is the quadrant where p_fdr <= level, else ``ns``, or ``island``
        for a unit without neighbours, which is not tested.
    n, name, weights, permutations, seed, alternative, level

    Raises
    ------
    LabelError
        If the labels are not exactly the units of the weights.
    InputError
        If values are missing, constant or fewer than four, or the level is not between 0 and 1.

    Notes
    -----
    I_i = (n − 1) z_i Σ_j w_ij z_j / Σz² as in esda; R's spdep has n for n − 1 (its ``mlvar=FALSE`` agrees). The moments
    here are those of this I_i, so that z_score equals spdep's; esda reports them for spdep's I_i.

    References
    ----------
    Anselin, L. (1995), Geographical Analysis 27:93-115. Sokal, R. R., Oden, N. L. and Thomson, B. A. (1998),
    Geographical Analysis 30:331-354, eqs. A7 and A8. Benjamini, Y. and Hochberg, Y. (1995), JRSS B 57:289-300.
    """

    title = "Local Moran clusters"

    def __init__(
        self,
        values: pd.Series,
        weights: Weights,
        *,
        permutations: int = 9999,
        seed: int = 0,
        alternative: Alternative = "two-sided",
        level: float = 0.05,
    ) -> None:
        from esda.moran import Moran_Local

        from gvcpos.spatial.esda_graph import by_esda

        self.name = named(values)
        ordered = self._begin(weights, permutations, seed, alternative, level)
        y = values_for(values, ordered, self.name)
        found = by_esda(Moran_Local, y, weights=ordered)
        z, W = standardised(y), ordered.matrix
        scale = (self.n - 1) / (z @ z)
        tests = self._tests(found.Is, W, lambda i: scale * z[i] * z)
        quadrant = QUADRANTS[np.asarray(found.q, dtype=int)]
        columns = {"value": y, "z": z, "lag": W @ z, "local_I": found.Is} | tests | {"quadrant": quadrant}
        self._finish(columns, ordered, quadrant)
