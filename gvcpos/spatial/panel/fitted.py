"""What static and dynamic fits give alike: covariance, criteria, residuals, effects of units and periods."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos.spatial.panel.estimates import LabelledEstimates
from gvcpos.spatial.panel.fit_measures import FitMeasures, measure
from gvcpos.spatial.panel.ml.estimation import recover_effects

Array = npt.NDArray[np.float64]


class FittedPanel(LabelledEstimates):
    """A fit by likelihood: `model` and `estimate`, and what follows from both."""

    model: Any
    estimate: Any

    if TYPE_CHECKING:

        @property
        def loglik(self) -> float:
            """Log-likelihood at the maximum."""

        @property
        def df_model(self) -> int:
            """Parameters of the likelihood."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters: regressors, their lags (``W*x``), and those of time and space that the model has."""
        return cast("tuple[str, ...]", self.model.regressors + self.model.features.spatial)

    @cached_property
    def cov(self) -> pd.DataFrame:  # type: ignore[override]
        """Covariance of the parameters."""
        names = list(self.names)
        return pd.DataFrame(self.estimate.covariance[:-1, :-1], index=names, columns=names)

    @property
    def sigma2(self) -> float:
        """Innovation variance: residual sum of squares over the likelihood's observations."""
        return float(self.estimate.sigma2)

    @property
    def sigma2_std_error(self) -> float:
        """Standard error of `sigma2`."""
        return float(np.sqrt(self.estimate.covariance[-1, -1]))

    @property
    def nobs(self) -> int:
        """Observations: N times T."""
        return int(self.model.data.y.size)

    @property
    def nobs_effective(self) -> int:
        """Observations in the likelihood, less the effects under Lee and Yu's transformation."""
        return int(self.model.transformation.nobs)

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return 2.0 * self.df_model - 2.0 * self.loglik

    @property
    def bic(self) -> float:
        """Schwarz's criterion, with the observations of the likelihood."""
        return float(np.log(self.nobs_effective)) * self.df_model - 2.0 * self.loglik

    @cached_property
    def fit_measures(self) -> FitMeasures:
        """R-squared in its three forms."""
        return measure(self.model.arrays, self.estimate)

    @property
    def rsquared(self) -> float:
        """One less residual over total sum of squares of y; the effects count as explained."""
        return self.fit_measures.overall

    @property
    def rsquared_within(self) -> float:
        """One less residual over total sum of squares of y with the effects taken out."""
        return self.fit_measures.within

    @cached_property
    def resids(self) -> pd.Series:
        """Innovations on the caller's rows, or on those that a dynamic model explains."""
        return cast(pd.Series, self.model.data.series(self.estimate.resids, "residual"))

    @cached_property
    def fitted(self) -> pd.Series:
        """y less innovations: what regressors, effects, neighbours of the period and any lags in time explain."""
        return cast(pd.Series, self.model.data.series(self.model.data.y - self.estimate.resids, "fitted"))

    @cached_property
    def _effects(self) -> tuple[float, Array, Array]:
        return recover_effects(self.model.arrays, self.estimate)

    @property
    def entity_effects(self) -> pd.Series:
        """Entity effects, summing to zero; empty without entity effects."""
        ids = list(self.model.weights.ids) if self.model.transformation.entity else []
        return pd.Series(self._effects[1][: len(ids)], index=ids, name="entity_effect")

    @property
    def time_effects(self) -> pd.Series:
        """Time effects, summing to zero; empty without time effects."""
        times = list(self.model.data.times) if self.model.transformation.time else []
        return pd.Series(self._effects[2][: len(times)], index=times, name="time_effect", dtype=float)
