"""What global statistics of spatial autocorrelation have in common: their frame, their p-values, their text."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.options import choose
from gvcpos.spatial.permutation import Alternative, FloatArray, normal_p, pseudo_p
from gvcpos.spatial.variables import alphabetical
from gvcpos.spatial.weights.matrix import Weights


class Permuted:
    """What is tested by dealing values out to the units of weights."""

    weights: Weights
    alternative: Alternative

    def _begin(self, weights: Weights, permutations: int, seed: int, alternative: Alternative) -> Weights:
        """Keep the settings and return the weights in alphabetical order."""
        choose(alternative, Alternative, "alternative")
        if int(permutations) != permutations or permutations < 0:
            raise InputError(f"permutations={permutations}: a whole number, 0 for none.")
        self.weights = weights = Weights.of(weights, "weights")
        self.n = weights.n
        self.permutations, self.seed, self.alternative = int(permutations), int(seed), alternative
        return alphabetical(weights)


class GlobalStatistic(Permuted):
    """One number for a whole map, with its moments and its permutations; see the classes made of it."""

    symbol: ClassVar[str] = ""
    statistics: ClassVar[tuple[str, ...]] = ()
    positive: ClassVar[int] = 1  # -1 where small values mean positive autocorrelation

    name: str
    draws: FloatArray
    p_sim: float
    p_rand: float
    variance_rand: float
    z_rand: float
    expected: float

    def _score(self, variance: float) -> tuple[float, float]:
        """Return z, positive for positive autocorrelation, and its p-value."""
        if not variance > 0:
            return float("nan"), float("nan")
        z = self.positive * (getattr(self, self.symbol) - self.expected) / variance**0.5
        return float(z), float(normal_p(z, self.alternative))

    def _tested(self, draws: FloatArray) -> None:
        """Keep the draws, read-only, and their p-value."""
        draws.flags.writeable = False
        self.draws = draws
        seen = self.positive * getattr(self, self.symbol)
        self.p_sim = float(pseudo_p(seen, self.positive * draws, self.alternative)) if draws.size else float("nan")

    def _labelled(self, values: FloatArray, ordered: Weights, name: str) -> pd.Series:
        return pd.Series(values, index=list(ordered.ids), name=name).reindex(list(self.weights.ids))

    def row(self) -> dict[str, object]:
        """Return variable, n, the statistic, its moments, z and p by name."""
        names = (self.symbol, "expected", *self.statistics, "p_sim")
        return {"variable": self.name, "n": self.n} | {name: getattr(self, name) for name in names}

    def to_frame(self) -> pd.DataFrame:
        """Return the statistics as a frame of one row: variable, n, the statistic, its moments, z and p."""
        return pd.DataFrame([self.row()])

    def __repr__(self) -> str:
        sim = f", p_sim={self.p_sim:.4g} ({self.permutations} permutations)" if self.permutations else ""
        return (
            f"<{type(self).__name__} {self.name}: n={self.n}, {self.symbol}={getattr(self, self.symbol):.4f}, "
            f"z_rand={self.z_rand:.3f}, p_rand={self.p_rand:.4g}{sim}, {self.alternative}>"
        )


def named(values: pd.Series, otherwise: str = "the values") -> str:
    """Return the name of a Series, or what to call it; refuse what is none and has no labels.

    Raises
    ------
    InputError
        If the values are an array, a list or a frame.
    """
    if not isinstance(values, pd.Series):
        raise InputError(
            f"{otherwise} are a {type(values).__name__}; a Series with the units for an index is needed. "
            "pd.Series(values, index=weights.ids) makes one where they are in the order of the weights."
        )
    return str(values.name) if values.name is not None else otherwise


def standardised(y: FloatArray) -> FloatArray:
    """Return values less their mean in standard deviations (over n), shape (n,)."""
    return np.asarray((y - y.mean()) / y.std())
