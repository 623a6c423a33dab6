"""What propagation from tables to coefficients hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from gvcpos._core.labels import locate
from gvcpos._core.options import choose
from gvcpos.lockin.common.results import Alternative, Inference, infer
from gvcpos.uncertainty.cells import FloatArray
from gvcpos.uncertainty.estimates import Estimates
from gvcpos.uncertainty.pooling import Pooled, quantile

Centre = Literal["published", "pooled", "corrected"]


@dataclass(frozen=True, eq=False)
class Propagated:
    """An estimate on published tables, and what the tables' errors add to its uncertainty.

    Attributes
    ----------
    published : Estimates
        On the tables as they are.
    pooled : Pooled
        Over the draws, by Rubin's rules.
    estimates, std_errors : DataFrame, shape (draws, k)
        Of every draw.
    failed : mapping of int to str
        Draws whose estimation failed, and why; they are not among `estimates`.
    guarded : float
        Mean share of cells of a drawn table whose value added had to be kept positive.
    errors : str
        The assumption in words.

    Notes
    -----
    Drawn tables have the errors of the published ones and drawn errors besides. Where errors bias the published
    estimate (towards zero, for classical errors in a regressor), the draws' mean is biased about twice as much, and
    pooling does not undo it: T widens the interval, it does not move it to the truth. The `shift` from published to
    pooled estimates what one more dose of error does; ``"corrected"`` takes one dose off, the linear case of SIMEX
    (Cook & Stefanski 1994, J. Am. Stat. Assoc. 89:1314), good for small errors that are as assumed.
    """

    published: Estimates
    pooled: Pooled
    estimates: pd.DataFrame
    std_errors: pd.DataFrame
    failed: Mapping[int, str]
    guarded: float
    errors: str

    @property
    def shift(self) -> FloatArray:
        """Mean of the draws less the published estimate, shape (k,)."""
        return self.pooled.params - self.published.params

    def centre(self, centre: Centre = "pooled") -> FloatArray:
        """Return the estimate that an interval is put around, shape (k,)."""
        choose(centre, Centre, "centre")
        move = {"published": 0.0, "pooled": 1.0, "corrected": -1.0}[centre]
        return self.published.params + move * self.shift

    def conf_int(self, centre: Centre = "pooled") -> FloatArray:
        """Return intervals with the total covariance around a centre, shape (k, 2)."""
        half = quantile(self.pooled.confidence, self.pooled.df) * self.pooled.std_errors
        middle = self.centre(centre)
        return np.stack([middle - half, middle + half], axis=1)

    def inference(
        self, name: str, alternative: Alternative = "two-sided", *, centre: Centre = "pooled", level: float = 0.05
    ) -> Inference:
        """Test that a parameter is zero with the total variance."""
        i = int(locate([name], self.pooled.names, "parameter")[0])
        df = self.pooled.df[i]
        error = float(self.pooled.std_errors[i])
        degrees = float(df) if np.isfinite(df) else None
        return infer(float(self.centre(centre)[i]), error, degrees, level=level, alternative=alternative)

    def to_frame(self, centre: Centre = "pooled") -> pd.DataFrame:
        """Return one row a parameter.

        Returns
        -------
        DataFrame
            parameter; ``published`` and ``published_se`` on the tables as they are, with ``published_lower`` and
            ``published_upper``; ``estimate``, the centre asked for; ``shift``; ``within`` and ``between`` as standard
            deviations; ``std_error`` = √T; ``df``; ``fmi``; ``lower``, ``upper``; ``draws``.
        """
        choose(centre, Centre, "centre")
        k = len(self.published.names)
        own = np.full(k, np.inf if self.published.df is None else self.published.df)
        half = quantile(self.pooled.confidence, own) * self.published.std_errors
        low, high = self.conf_int(centre).T
        frame = pd.DataFrame(
            {
                "parameter": list(self.published.names),
                "published": self.published.params,
                "published_se": self.published.std_errors,
                "published_lower": self.published.params - half,
                "published_upper": self.published.params + half,
                "estimate": self.centre(centre),
                "shift": self.shift,
                "within": np.sqrt(np.diag(self.pooled.within)),
                "between": np.sqrt(np.diag(self.pooled.between)),
                "std_error": self.pooled.std_errors,
                "df": self.pooled.df,
                "fmi": self.pooled.fmi,
                "lower": low,
                "upper": high,
                "draws": self.pooled.draws,
            }
        )
        frame.attrs.update(errors=self.errors, centre=centre, confidence=self.pooled.confidence)
        return frame
