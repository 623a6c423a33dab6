"""Whether the low end of the clubs is the upstream end: without that, differences that last are no lock-in.

A rank correlation across countries of position, on average over the years, with the last relative path of capture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from gvcpos.lockin.common.results import Evidence
from gvcpos.lockin.common.wording import number, p_text

_FEWEST = 6


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


def standing(position: pd.Series, relative: pd.Series) -> Standing:
    """Compare position with capture across countries.

    Parameters
    ----------
    position : Series, by (country, year)
        Years without a value are left out.
    relative : Series, by country
        Last relative path of capture.

    Returns
    -------
    Standing
    """
    mean = position.groupby("country").mean().reindex(relative.index)
    both = mean.notna().to_numpy()
    one, other = mean.to_numpy()[both], relative.to_numpy()[both]
    ahead = frozenset(map(str, relative.index[both][one > one.mean()]))
    if len(one) < _FEWEST or np.ptp(one) == 0.0:
        return Standing(0.0, 1.0, 1.0, ahead)
    less, more = (float(spearmanr(one, other, alternative=side).pvalue) for side in ("less", "greater"))
    return Standing(float(spearmanr(one, other).statistic), less, more, ahead)
