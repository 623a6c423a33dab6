"""What placebos give: the true estimate among estimates that should show nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError
from gvcpos.lockin import LockInTest
from gvcpos.lockin.common.wording import number, p_text


@dataclass(frozen=True, eq=False)
class Placebos:
    """A test beside the same test on placebos.

    Attributes
    ----------
    true : LockInTest
    frame : DataFrame
        placebo (what it is), then estimate, std_error, ci_low, ci_high, pvalue, rejected, nobs, ncountries, warnings,
        not_estimated.
    kind : str
        What the placebos are, in words, as in ``"chains of as many sectors drawn at random"``.
    """

    true: LockInTest
    frame: pd.DataFrame
    kind: str

    @property
    def estimates(self) -> np.ndarray:
        """Estimates of the placebos that could be estimated.

        Raises
        ------
        EstimationError
            If there are none.
        """
        found = self.frame.loc[self.frame["not_estimated"] == "", "estimate"].to_numpy(float)
        if not found.size:
            raise EstimationError(
                f"none of the placebos ({self.kind}) could be estimated: {self.frame['not_estimated'].iloc[0]}"
            )
        return found

    @property
    def pvalue(self) -> float:
        """(1 + placebos at least as far from their median) / (1 + placebos): how special the true estimate is."""
        found = self.estimates
        centre = float(np.median(found))
        far = np.abs(found - centre) >= abs(self.true.estimate - centre)
        return float((1 + far.sum()) / (1 + found.size))

    @property
    def sentence(self) -> str:
        """The place of the true estimate among the placebos."""
        found = self.estimates
        below = float((found < self.true.estimate).mean())
        rejected = self.frame.loc[self.frame["not_estimated"] == "", "rejected"].astype(bool).mean()
        return (
            f"The estimate of {number(self.true.estimate)} lies above {100 * below:.0f} % of {found.size} placebos "
            f"({self.kind}; median {number(float(np.median(found)))}); {p_text(self.pvalue)} that it is one of them. "
            f"The test rejects in {100 * rejected:.0f} % of the placebos."
        )
