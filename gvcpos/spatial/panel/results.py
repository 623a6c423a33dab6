"""SpatialPanelResults: labelled estimates, errors, effects and tests."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.options import EffectErrorsOrBoth, choose
from gvcpos.spatial.panel import summary
from gvcpos.spatial.panel.diagnostics.methods import DiagnosticMethods
from gvcpos.spatial.panel.estimates import LabelledEstimates
from gvcpos.spatial.panel.export import ExportMethods
from gvcpos.spatial.panel.fit_measures import FitMeasures, measure
from gvcpos.spatial.panel.fixed_effects import FixedEffectMethods
from gvcpos.spatial.panel.impacts.effect_methods import EffectMethods
from gvcpos.spatial.panel.impacts.effects import Simulation, effects_frame
from gvcpos.spatial.panel.inference.bootstrap import BootstrapMethods
from gvcpos.spatial.panel.inputs.missing import LeftOut
from gvcpos.spatial.panel.ml.estimation import Estimate, recover_effects
from gvcpos.spatial.panel.prediction import PredictionMethods

if TYPE_CHECKING:
    from gvcpos.spatial.panel.model import SpatialPanel

Array = npt.NDArray[np.float64]


class SpatialPanelResults(
    LabelledEstimates,
    BootstrapMethods,
    DiagnosticMethods,
    EffectMethods,
    FixedEffectMethods,
    PredictionMethods,
    ExportMethods,
):
    """What `SpatialPanel.fit` found; names follow linearmodels.

    Parameters
    ----------
    model : SpatialPanel
    estimate : Estimate
    cov_type : str
    bandwidth : int or None
        Asked for with a Driscoll-Kraay covariance.
    """

    def __init__(self, model: SpatialPanel, estimate: Estimate, cov_type: str, bandwidth: int | None = None) -> None:
        self.model = model
        self.cov_type = cov_type
        self.bandwidth = bandwidth
        self.estimate = estimate

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters: regressors, their lags (``W*x``), rho and lambda."""
        return self.model.regressors + self.model.features.spatial

    @cached_property
    def params(self) -> pd.Series:  # type: ignore[override]
        """Estimates; sigma^2 is apart, in `sigma2`."""
        values = np.append(self.estimate.beta, list(self.estimate.spatial.values()))
        return pd.Series(values, index=list(self.names), name="parameter")

    @cached_property
    def cov(self) -> pd.DataFrame:  # type: ignore[override]
        """Covariance of the parameters."""
        names = list(self.names)
        return pd.DataFrame(self.estimate.covariance[:-1, :-1], index=names, columns=names)

    @property
    def sigma2(self) -> float:
        """Innovation variance: residual sum of squares over the likelihood's observations."""
        return self.estimate.sigma2

    @property
    def sigma2_std_error(self) -> float:
        """Standard error of `sigma2`."""
        return float(np.sqrt(self.estimate.covariance[-1, -1]))

    @property
    def loglik(self) -> float:
        """Log-likelihood at the maximum."""
        return self.estimate.loglik

    @property
    def modes(self) -> pd.DataFrame:
        """Every maximum of the likelihood found, the highest first: rho, lambda, loglik, interior."""
        rows = [(mode.rho, mode.lam, mode.loglik, mode.interior) for mode in self.estimate.modes]
        frame = pd.DataFrame(rows, columns=["rho", "lambda", "loglik", "interior"])
        absent = [name for name in ("rho", "lambda") if name not in self.model.features.spatial]
        return frame.drop(columns=absent)

    @property
    def left_out(self) -> LeftOut:
        """What the rules for missing values and for units of W left out of the sample."""
        return self.model.left_out

    @property
    def nobs(self) -> int:
        """Observations: N times T."""
        return self.model.data.y.size

    @property
    def nobs_effective(self) -> int:
        """Observations in the likelihood, less the effects under Lee and Yu's transformation."""
        return self.model.transformation.nobs

    @property
    def df_model(self) -> int:
        """Parameters of the likelihood: `params`, sigma^2 and, under the direct method, the effects."""
        t = self.model.transformation
        return len(self.names) + 1 + (0 if t.lee_yu else t.absorbed)

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

    @property
    def rsquared_between(self) -> float:
        """Squared correlation of the entity means of y and of its reduced-form prediction without effects."""
        return self.fit_measures.between

    @property
    def rsquared_overall(self) -> float:
        """Squared correlation of y and its reduced-form prediction without effects."""
        return self.fit_measures.pooled

    @property
    def corr_squared(self) -> float:
        """Squared correlation of y and its reduced-form prediction, effects taken out (Elhorst 2014)."""
        return self.fit_measures.corr_squared

    @cached_property
    def resids(self) -> pd.Series:
        """Innovations on the caller's rows."""
        return self.model.data.series(self.estimate.resids, "residual")

    @cached_property
    def fitted(self) -> pd.Series:
        """y less innovations: what regressors, effects and neighbours of the same year explain."""
        return self.model.data.series(self.model.data.y - self.estimate.resids, "fitted")

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

    @property
    def constant(self) -> float:
        """The overall constant beside the effects; 0 in a pooled model, whose constant is a parameter."""
        return self._effects[0]

    @property
    def estimated_effects(self) -> pd.Series:
        """Constant plus entity plus time effect, on the caller's rows."""
        constant, entity, time = self._effects
        return self.model.data.series(constant + entity[None, :] + time[:, None], "estimated_effects")

    def effects(
        self,
        errors: EffectErrorsOrBoth = "delta",
        *,
        draws: int = 1000,
        seed: int = 0,
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Direct, indirect and total effect of every regressor.

        Parameters
        ----------
        errors : {"delta", "simulation", "both"}
            Standard errors by the delta method with exact derivatives, from seeded draws of the parameters, or both.
        draws, seed : int
            For the simulation. Draws outside the admissible interval are left out and counted in
            ``.attrs["rejected"]``; more than 1 % of them raises a `BoundaryWarning`.
        level : float
            Of the confidence interval: normal for "delta", percentiles for "simulation".

        Returns
        -------
        DataFrame
            Index (effect, variable); columns estimate, std_error, tstat, pvalue, lower, upper. For "simulation"
            the p-value counts the draws on either side of zero and tstat is NaN: where draws of rho come near 1,
            std_error, the standard deviation of the draws, has heavy tails and is no scale to measure by.
            For "both", columns end in ``_delta`` and ``_simulation``, and gap is the difference of the two errors in
            Monte-Carlo errors of the second: beyond three, the effect is not normal enough for the delta method.
        """
        choose(errors, EffectErrorsOrBoth, "errors")
        return effects_frame(self, errors, Simulation(draws, seed, level))

    @property
    def summary(self) -> str:
        """A text of the specification, the fit and the estimates."""
        return summary.as_text(summary.rows(self))

    def __repr__(self) -> str:
        return f"<SpatialPanelResults of {self.model!r}: log-likelihood {self.loglik:.3f}>"
