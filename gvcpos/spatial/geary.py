"""Geary's C, global and local: squared differences between neighbours."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from gvcpos.spatial.global_statistic import GlobalStatistic, named, standardised
from gvcpos.spatial.local_statistic import LocalStatistic
from gvcpos.spatial.permutation import Alternative, FloatArray, relabelled_sums
from gvcpos.spatial.variables import values_for
from gvcpos.spatial.weights.matrix import Weights


class Geary(GlobalStatistic):
    """Geary's C of one variable: below one where neighbours are alike, above where they differ.

    Parameters
    ----------
    values, weights, permutations, seed
        See `Moran`.
    alternative : {"two-sided", "greater", "less"}
        ``"greater"`` is positive autocorrelation, that is a small C.

    Attributes
    ----------
    C : float
        (n − 1) Σ w_ij (y_i − y_j)² / (2 S0 Σ(y − ȳ)²).
    expected : float
        1.
    variance_norm, z_norm, p_norm, variance_rand, z_rand, p_rand : float
        Under normality and under random assignment; z = (1 − C)/sd, so that positive autocorrelation is positive.
    p_sim, draws
        From the relabellings; see `Moran`.

    Raises
    ------
    LabelError, InputError
        As `Moran`.

    References
    ----------
    Cliff, A. D. and Ord, J. K. (1981), Spatial Processes, Pion, ch. 2. C and its moments come from esda.
    """

    symbol, positive = "C", -1
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
        from esda.geary import Geary as EsdaGeary

        from gvcpos.spatial.esda_graph import by_esda

        self.name = named(values)
        ordered = self._begin(weights, permutations, seed, alternative)
        y = values_for(values, ordered, self.name)
        found = by_esda(EsdaGeary, y, weights=ordered)
        self.C, self.expected = float(found.C), 1.0
        self.variance_norm, self.variance_rand = float(found.VC_norm), float(found.VC_rand)
        self.z_norm, self.p_norm = self._score(self.variance_norm)
        self.z_rand, self.p_rand = self._score(self.variance_rand)
        z = standardised(y)
        scale = (self.n - 1) / (2 * ordered.matrix.sum() * self.n)
        self._tested(scale * relabelled_sums(ordered.matrix, squared_differences(z), self.permutations, self.seed))


class LocalGeary(LocalStatistic):
    """Local Geary of every unit, and the units significantly like or unlike their neighbours.

    Parameters
    ----------
    values, weights, permutations, seed, level
        See `LocalMoran`.
    alternative : {"two-sided", "greater", "less"}
        ``"greater"`` looks for units like their neighbours (small c) alone, ``"less"`` for unlike ones.

    Attributes
    ----------
    frame : DataFrame
        Tidy, in the order of the weights: country, value, z, lag, local_C, expected, variance, z_score, p_norm, p_sim,
        p_fdr, cluster. c_i = Σ_j w_ij (z_i − z_j)²; expected and variance are exact for the conditional permutations;
        z_score is positive for units like their neighbours. cluster is HH or LL (alike, both above or below the mean),
        ``similar`` (alike, on both sides of the mean), ``dissimilar``, ``ns`` or ``island``.

    Raises
    ------
    LabelError, InputError
        As `LocalMoran`.

    References
    ----------
    Anselin, L. (1995), Geographical Analysis 27:93-115; (2019), Geographical Analysis 51:133-150. c_i comes from esda.
    """

    kinds = ("HH", "LL", "similar", "dissimilar", "ns", "island")
    title = "Local Geary clusters"

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
        self.name = named(values)
        ordered = self._begin(weights, permutations, seed, alternative, level)
        y = values_for(values, ordered, self.name)
        z, W = standardised(y), ordered.matrix
        observed = _local_by_esda(y, ordered)
        lag = np.asarray(W @ z)
        tests = self._tests(observed, W, lambda i: (z[i] - z) ** 2, positive=-1)
        columns = {"value": y, "z": z, "lag": lag, "local_C": observed} | tests
        self._finish(columns, ordered, _kinds(observed < tests["expected"], z, lag))


def squared_differences(z: FloatArray) -> FloatArray:
    """Return (z_i − z_j)², shape (n, n)."""
    return np.asarray((z[:, None] - z[None, :]) ** 2)


def _kinds(alike: np.ndarray, z: FloatArray, lag: FloatArray) -> np.ndarray:
    among = np.where((z > 0) & (lag > 0), "HH", np.where((z < 0) & (lag < 0), "LL", "similar"))
    return np.where(alike, among, "dissimilar")


def _local_by_esda(y: FloatArray, weights: Weights) -> FloatArray:
    """Return esda's local Geary in the order of the weights; 0 for an island, which esda leaves out."""
    from esda.geary_local import Geary_Local

    from gvcpos.spatial.esda_graph import graph_of

    with warnings.catch_warnings():
        found = Geary_Local(connectivity=graph_of(weights), permutations=0).fit(y).localG
    out = np.zeros(weights.n)
    out[np.diff(weights.matrix.indptr) > 0] = found
    return out
