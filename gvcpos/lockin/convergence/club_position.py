"""Whether the low end of the clubs is the upstream end: without that, differences that last are no lock-in.

A rank correlation across countries of position, on average over the years, with the last relative path of capture. Both
are alike among neighbours, so that countries are fewer than they seem and the usual p-value is too small. With weights
the p-value comes from turning signs: capture is taken apart into the patterns of the map (eigenvectors of W), each of
which is turned over or not by the toss of a coin, which keeps how alike neighbours are (Moran spectral randomisation;
Wagner & Dray 2015, Methods Ecol. Evol. 6:1169).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import helmert
from scipy.stats import rankdata, spearmanr

from gvcpos._core.labels import locate
from gvcpos.lockin.common.results import Evidence
from gvcpos.lockin.common.wording import number, p_text
from gvcpos.spatial import Weights

FloatArray = npt.NDArray[np.float64]
_FEWEST = 6
_DRAWS = 1999


@dataclass(frozen=True)
class Standing:
    """How capture goes with position across countries.

    Attributes
    ----------
    correlation : float
        Spearman's; negative where those further upstream keep less.
    low, high : float
        One-sided p-values of "further upstream keeps less" and "keeps more".
    ahead : frozenset of str
        Countries further upstream than the mean.
    """

    correlation: float
    low: float
    high: float
    ahead: frozenset[str]

    def evidence(self, level: float) -> Evidence:
        """Return what differences that last speak for, two-sided: both sides are looked at."""
        half = level / 2
        return "lock-in" if self.low < half else "upgrading" if self.high < half else "none"

    def sentence(self, level: float) -> str:
        """Say it."""
        side = {"lock-in": "keep less", "upgrading": "keep more", "none": "keep neither less nor more"}
        said = f"Countries further upstream {side[self.evidence(level)]} (rank correlation {number(self.correlation)}, "
        return f"{said}{p_text(min(1.0, 2 * min(self.low, self.high)))})."

    def to_frame(self) -> pd.DataFrame:
        """Return one row of the numbers."""
        numbers = {"rank_correlation": self.correlation, "pvalue_less": self.low, "pvalue_more": self.high}
        return pd.DataFrame([numbers])


def standing(position: pd.Series, relative: pd.Series, weights: Weights | None = None) -> Standing:
    """Compare position with capture across countries.

    Parameters
    ----------
    position : Series, by (country, year)
        Years without a value are left out.
    relative : Series, by country
        Last relative path of capture.
    weights : Weights, optional
        Of these countries and perhaps others; without them countries are taken for independent.

    Returns
    -------
    Standing

    Raises
    ------
    LabelError
        If the weights lack a country.
    """
    mean = position.groupby("country").mean().reindex(relative.index)
    both = mean.notna().to_numpy()
    one, other = mean.to_numpy()[both], relative.to_numpy()[both]
    ahead = frozenset(map(str, relative.index[both][one > one.mean()]))
    if len(one) < _FEWEST or np.ptp(one) == 0.0:
        return Standing(0.0, 1.0, 1.0, ahead)
    correlation = float(spearmanr(one, other).statistic)
    if weights is None:
        less, more = (float(spearmanr(one, other, alternative=side).pvalue) for side in ("less", "greater"))
        return Standing(correlation, less, more, ahead)
    weights = Weights.of(weights, "weights")
    rows = locate(relative.index[both], weights.ids, "country of the weights")
    close = weights.matrix[rows][:, rows].toarray()
    return Standing(correlation, *turned_pvalues(rankdata(one), rankdata(other), close), ahead)


def turned_pvalues(one: FloatArray, other: FloatArray, W: FloatArray) -> tuple[float, float]:
    """Return one-sided p-values of a correlation below and above zero, with patterns of the map turned over.

    Parameters
    ----------
    one, other : ndarray, shape (n,)
    W : ndarray, shape (n, n)
        Who is near to whom; only its symmetric part counts.

    Returns
    -------
    less, more : float
    """
    basis = helmert(len(one))  # of everything that sums to zero
    patterns = np.linalg.eigh(basis @ (W + W.T) @ basis.T)[1].T @ basis
    parts = (patterns @ one) * (patterns @ other)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(_DRAWS, len(parts)))
    drawn, found = signs @ parts, parts.sum()
    slack = 1e-9 * np.abs(parts).sum()
    less, more = (drawn <= found + slack).sum(), (drawn >= found - slack).sum()
    return float(1 + less) / (1 + _DRAWS), float(1 + more) / (1 + _DRAWS)
