"""What every set of labelled estimates gives: errors, statistics, p-values, intervals."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from gvcpos.spatial.panel.inference.normal import critical_value, normal_pvalues


class LabelledEstimates:
    """Standard errors, t-statistics, p-values and intervals from `params` and `cov`."""

    params: pd.Series
    cov: pd.DataFrame

    @cached_property
    def std_errors(self) -> pd.Series:
        """Standard errors."""
        return pd.Series(np.sqrt(np.diag(self.cov)), index=self.params.index, name="std_error")

    @cached_property
    def tstats(self) -> pd.Series:
        """Estimates over standard errors; asymptotically standard normal."""
        return (self.params / self.std_errors).rename("tstat")

    @cached_property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values from the normal distribution."""
        return pd.Series(normal_pvalues(self.tstats.to_numpy()), index=self.params.index, name="pvalue")

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Confidence intervals: columns lower and upper.

        Parameters
        ----------
        level : float
            Between 0 and 1.
        """
        half = critical_value(level) * self.std_errors
        return pd.DataFrame({"lower": self.params - half, "upper": self.params + half})

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Estimates with errors and intervals: parameter, std_error, tstat, pvalue, lower, upper."""
        columns = [self.params, self.std_errors, self.tstats, self.pvalues]
        return pd.concat([pd.concat(columns, axis=1), self.conf_int(level)], axis=1)
