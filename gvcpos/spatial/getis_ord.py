"""Getis and Ord's G, global and local: concentrations of high and of low values."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.spatial.global_statistic import GlobalStatistic, named, standardised
from gvcpos.spatial.local_statistic import LocalStatistic, score_of
from gvcpos.spatial.moments import row_sums
from gvcpos.spatial.permutation import Alternative, FloatArray, normal_p, relabelled_sums
from gvcpos.spatial.variables import values_for
from gvcpos.spatial.weights.matrix import Weights


class GetisOrd(GlobalStatistic):
    """Getis and Ord's G of one variable: above expectation where high values are near high ones.

    Parameters
    ----------
    values : Series
        Positive or zero: G is a share and depends on the zero of the scale.
    weights, permutations, seed, alternative
        See `Moran`.

    Attributes
    ----------
    G : float
        Σ w_ij y_i y_j / Σ_{i≠j} y_i y_j.
    expected, variance_rand, z_rand, p_rand : float
        If every assignment of the values to units is equally likely.
    p_sim, draws
        From the relabellings; see `Moran`.

    Raises
    ------
    LabelError
        As `Moran`.
    InputError
        As `Moran`, and if a value is negative.

    References
    ----------
    Getis, A. and Ord, J. K. (1992), Geographical Analysis 24:189-206. G and its moments come from esda.
    """

    symbol, statistics = "G", ("variance_rand", "z_rand", "p_rand")

    def __init__(
        self,
        values: pd.Series,
        weights: Weights,
        *,
        permutations: int = 999,
        seed: int = 0,
        alternative: Alternative = "two-sided",
    ) -> None:
        from esda.getisord import G

        from gvcpos.spatial.esda_graph import graph_of

        self.name = named(values)
        ordered = self._begin(weights, permutations, seed, alternative)
        y = values_for(values, ordered, self.name)
        if (y < 0).any():
            below = enumerate_labels(ordered.ids[i] for i in np.flatnonzero(y < 0))
            raise InputError(
                f"{self.name} are negative for {below}: Getis and Ord's G is a share of the sum of products and needs "
                "a natural zero. Take Moran, or LocalGetisOrd, whose scores do not depend on the zero."
            )
        with warnings.catch_warnings():  # esda changes the process's warning filters
            # In units of its mean: G is a ratio, and the moments' fourth powers stay in range.
            found = G(y / y.mean(), graph_of(ordered), permutations=0)
        self.G, self.expected, self.variance_rand = float(found.G), float(found.EG), float(found.VG)
        self.z_rand, self.p_rand = self._score(self.variance_rand)
        whole = y.sum() ** 2 - (y * y).sum()
        self._tested(relabelled_sums(ordered.matrix, np.outer(y, y) / whole, self.permutations, self.seed))


class LocalGetisOrd(LocalStatistic):
    """Getis and Ord's G_i or G_i* of every unit: hot and cold spots.

    Parameters
    ----------
    values, weights, permutations, seed, level
        See `LocalMoran`.
    star : bool
        True counts the unit among its own neighbours (G_i*). Its weight is the largest of its row; row-normalised
        weights are then normalised again, so that k equal neighbours and the unit weigh 1/(k + 1) each.
    alternative : {"two-sided", "greater", "less"}
        ``"greater"`` looks for hot spots alone, ``"less"`` for cold ones.

    Attributes
    ----------
    frame : DataFrame
        Tidy, in the order of the weights: country, value, z, local_G, expected, variance, z_score, p_norm, p_sim,
        p_fdr, cluster. local_G is Σ_j w_ij y_j / Σ y over the others (all, with `star`); it and its moments are missing
        where that sum is not positive. z_score is Ord and Getis's (1995), which does not depend on the zero of the
        scale. The permutations keep each unit's own value, so that p_sim is that of G_i for G_i* too. cluster is
        ``hot``, ``cold``, ``ns`` or ``island``.

    Raises
    ------
    LabelError, InputError
        As `LocalMoran`.

    Notes
    -----
    z_score is R spdep's ``localG``. esda's variance, w_i.(N − w_i.) s²/(N − 1), holds for weights of zero and one
    only; the right one has N Σ_j w_ij² for N w_i., so that of row-normalised weights esda's scores are too small.

    References
    ----------
    Getis, A. and Ord, J. K. (1992), Geographical Analysis 24:189-206. Ord, J. K. and Getis, A. (1995), Geographical
    Analysis 27:286-306. G_i comes from esda.
    """

    kinds = ("hot", "cold", "ns", "island")

    def __init__(
        self,
        values: pd.Series,
        weights: Weights,
        *,
        star: bool = False,
        permutations: int = 9999,
        seed: int = 0,
        alternative: Alternative = "two-sided",
        level: float = 0.05,
    ) -> None:
        self.name, self.star = named(values), bool(star)
        ordered = self._begin(weights, permutations, seed, alternative, level)
        y = values_for(values, ordered, self.name)
        z, W = standardised(y), ordered.matrix
        tests = self._tests(np.asarray(W @ z), W, lambda i: z)
        hot = np.where(tests["z_score"] > 0, "hot", "cold")
        if self.star:
            W = with_own(W, row_normalised=ordered.normalisation == "row")
            total, squares = row_sums(W)
            tests["expected"] = np.zeros(self.n)  # of Σ w_ij z_j: all n values are dealt out, and their mean is 0
            tests["variance"] = (self.n * squares - total**2) / (self.n - 1.0)
            tests["z_score"] = score_of(np.asarray(W @ z), tests["variance"])
            tests["p_norm"] = normal_p(tests["z_score"], self.alternative)
        found, sums = _by_esda(y, W, self.star), y.sum() - (0.0 if self.star else 1.0) * y
        share = np.where(sums > 0, np.asarray(found.Gs), np.nan)
        scale = np.where(sums > 0, y.std() / np.where(sums > 0, sums, 1.0), np.nan)
        tests["expected"] = share - scale * (np.asarray(W @ z) - tests["expected"])
        tests["variance"] = scale**2 * tests["variance"]
        self._finish({"value": y, "z": z, "local_G": share} | tests, ordered, hot)

    @property
    def title(self) -> str:  # type: ignore[override]
        """What a map of the clusters is called."""
        return "Getis-Ord G* hot spots" if self.star else "Getis-Ord G hot spots"


def with_own(W: sparse.csr_array, *, row_normalised: bool) -> sparse.csr_array:
    """Return weights with each unit among its own neighbours, with the largest weight of its row (1 for an island)."""
    own = np.asarray(W.max(axis=1).toarray()).ravel()
    own[own == 0] = 1.0
    full = sparse.csr_array(W + sparse.diags_array(own))
    if row_normalised:
        full = sparse.csr_array(sparse.diags_array(1.0 / np.asarray(full.sum(axis=1)).ravel()) @ full)
    return full


def _by_esda(y: FloatArray, W: sparse.csr_array, star: bool) -> Any:
    """Return esda's G_Local with the weights, own ones included, as they are."""
    from esda.getisord import G_Local

    from gvcpos.spatial.esda_graph import fixed

    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        return G_Local(y, fixed(W), transform="B", permutations=0, star=star)
