"""What local statistics have in common: tests of every unit, control of false discovery, clusters by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from gvcpos._core.errors import InputError
from gvcpos._core.options import choose
from gvcpos.spatial.moments import dealt_moments
from gvcpos.spatial.permutation import Alternative, FloatArray, Row, dealt_sums, false_discovery, normal_p, pseudo_p
from gvcpos.spatial.variables import alphabetical
from gvcpos.spatial.weights.matrix import Weights


class LocalStatistic:
    """One number a unit, tested for all units at once; see the classes made of it.

    Attributes
    ----------
    frame : DataFrame
        Tidy, in the order of the weights.
    kinds : tuple of str
        Names that a cluster can have.
    kind : Series
        What each unit's cluster is if it is significant, labelled.
    """

    kinds: ClassVar[tuple[str, ...]] = ("HH", "LL", "HL", "LH", "ns", "island")
    title: ClassVar[str] = ""  # of its map

    name: str
    frame: pd.DataFrame
    kind: pd.Series

    def _begin(self, weights: Weights, permutations: int, seed: int, alternative: Alternative, level: float) -> Weights:
        """Keep the settings and return the weights in alphabetical order."""
        choose(alternative, Alternative, "alternative")
        if not 0 < level < 1:
            raise InputError(f"level={level}: a false discovery rate lies between 0 and 1.")
        if int(permutations) != permutations or permutations < 1:
            raise InputError(f"permutations={permutations}: a whole number of 1 or more is needed.")
        self.weights = weights = Weights.of(weights, "weights")
        self.n, self.level = weights.n, float(level)
        self.permutations, self.seed, self.alternative = int(permutations), int(seed), alternative
        return alphabetical(weights)

    def _tests(
        self, observed: FloatArray, W: sparse.csr_array, row: Row, *, positive: int = 1
    ) -> dict[str, npt.NDArray[np.float64]]:
        """Return the columns expected, variance, z_score, p_norm, p_sim, p_fdr of Σ_j w_ij u_ij; see `dealt_sums`."""
        tested = np.diff(W.indptr) > 0
        draws = dealt_sums(W, row, self.permutations, self.seed)
        p_sim = np.where(tested, pseudo_p(positive * observed, positive * draws, self.alternative), np.nan)
        expected, variance = dealt_moments(W, row)
        score = score_of(positive * (observed - expected), variance)
        return {
            "expected": expected,
            "variance": variance,
            "z_score": score,
            "p_norm": normal_p(score, self.alternative),
            "p_sim": p_sim,
            "p_fdr": false_discovery(p_sim),
        }

    def _finish(self, columns: Mapping[str, Any], ordered: Weights, kind: npt.ArrayLike) -> None:
        """Make `frame`: the columns, and the kind of each unit that is significant as its cluster."""
        table = pd.DataFrame({"country": list(ordered.ids)} | dict(columns))
        linked = np.diff(ordered.matrix.indptr) > 0
        table["cluster"] = clusters_of(table["p_fdr"].to_numpy(), np.asarray(kind), linked, self.level)
        self.frame = table.set_index("country").loc[list(self.weights.ids)].reset_index()
        whole = pd.Series(np.asarray(kind), index=pd.Index(ordered.ids, name="country"), name="kind")
        self.kind = whole.loc[list(self.weights.ids)]

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of `frame`."""
        return self.frame.copy()

    @property
    def clusters(self) -> pd.Series:
        """Cluster of each unit, labelled, one of `kinds`."""
        return pd.Series(
            self.frame["cluster"].to_numpy(), index=pd.Index(self.weights.ids, name="country"), name="cluster"
        )

    def counts(self) -> dict[str, int]:
        """Return how many units are in each cluster."""
        seen = self.frame["cluster"].value_counts()
        return {name: int(seen.get(name, 0)) for name in self.kinds}

    def __repr__(self) -> str:
        found = ", ".join(f"{k} {v}" for k, v in self.counts().items() if v)
        return f"<{type(self).__name__} {self.name}: n={self.n}, {found}; false discovery rate {self.level:g}>"


def score_of(difference: FloatArray, variance: FloatArray) -> FloatArray:
    """Return differences in standard deviations, shape (n,); missing where there is no variance."""
    out = np.full(difference.shape, np.nan)
    np.divide(difference, np.sqrt(np.maximum(variance, 0.0)), out=out, where=variance > 0)
    return out


def clusters_of(
    p: FloatArray, kind: npt.NDArray[np.str_], linked: npt.NDArray[np.bool_], level: float
) -> npt.NDArray[np.str_]:
    """Return the kind where p <= level, ``ns`` where not, ``island`` for units without neighbours; shape (n,)."""
    return np.where(linked, np.where(p <= level, kind, "ns"), "island")
