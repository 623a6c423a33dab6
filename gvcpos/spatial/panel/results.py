"""SpatialPanelResults: labelled estimates, errors, effects and tests."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.options import EffectIntervals, choose
from gvcpos.spatial.panel import summary
from gvcpos.spatial.panel.diagnostics.methods import DiagnosticMethods
from gvcpos.spatial.panel.export import ExportMethods
from gvcpos.spatial.panel.fitted import FittedPanel
from gvcpos.spatial.panel.fixed_effects import FixedEffectMethods
from gvcpos.spatial.panel.impacts.effect_methods import EffectMethods
from gvcpos.spatial.panel.impacts.effects import Simulation, default_frame, effects_frame
from gvcpos.spatial.panel.inference.bootstrap import BootstrapMethods
from gvcpos.spatial.panel.inference.likelihood_methods import LikelihoodMethods
from gvcpos.spatial.panel.inference.profile import ProfileMethods
from gvcpos.spatial.panel.inputs.missing import LeftOut
from gvcpos.spatial.panel.ml.approximation import LogDeterminantMethods
from gvcpos.spatial.panel.ml.estimation import Estimate
from gvcpos.spatial.panel.prediction import PredictionMethods

if TYPE_CHECKING:
    from gvcpos.spatial.panel.model import SpatialPanel

Array = npt.NDArray[np.float64]


class SpatialPanelResults(
    LikelihoodMethods,
    FittedPanel,
    BootstrapMethods,
    DiagnosticMethods,
    EffectMethods,
    FixedEffectMethods,
    PredictionMethods,
    ProfileMethods,
    ExportMethods,
    LogDeterminantMethods,
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

    @cached_property
    def params(self) -> pd.Series:  # type: ignore[override]
        """Estimates; sigma^2 is apart, in `sigma2`."""
        values = np.append(self.estimate.beta, list(self.estimate.spatial.values()))
        return pd.Series(values, index=list(self.names), name="parameter")

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
    def df_model(self) -> int:
        """Parameters of the likelihood: `params`, sigma^2 and, under the direct method, the effects."""
        t = self.model.transformation
        return len(self.names) + 1 + (0 if t.lee_yu else t.absorbed)

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
        errors: EffectIntervals = "auto",
        *,
        draws: int = 1000,
        seed: int = 0,
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Direct, indirect and total effect of every regressor: means over units, and over periods where W changes.

        Parameters
        ----------
        errors : {"auto", "delta", "simulation", "both", "likelihood"}
            Standard errors by the delta method with exact derivatives, from seeded draws of the parameters, or both.
            "likelihood" has the errors of the delta method, but p-values and intervals of the likelihood ratio.
            "auto" is "likelihood" where `conf_int` has it by default, in SAC and GNS; in SAR, where an indirect effect
            is a product of two estimates and skewed, errors and p-values of "delta" with intervals of "simulation",
            unless a tenth of the draws is left out; "delta" elsewhere.
        draws, seed : int
            For the simulation. Draws outside the admissible interval are left out and counted in
            ``.attrs["rejected"]``; more than 1 % of them raises a `BoundaryWarning`.
        level : float
            Of the confidence interval: normal for "delta", percentiles for "simulation". With "likelihood" an end is
            infinite where the data do not refuse the end of rho's interval, at which effects are infinite.

        Returns
        -------
        DataFrame
            Index (effect, variable); columns estimate, std_error, tstat, pvalue, lower, upper. For "simulation"
            the p-value counts the draws on either side of zero and tstat is NaN: where draws of rho come near 1,
            std_error, the standard deviation of the draws, has heavy tails and is no scale to measure by.
            For "both", columns end in ``_delta`` and ``_simulation``, and gap is the difference of the two errors in
            Monte-Carlo errors of the second: beyond three, the effect is not normal enough for the delta method.
        """
        choose(errors, EffectIntervals, "errors")
        if errors == "likelihood" or (errors == "auto" and self.by_likelihood):
            return self._likelihood_effects(level)
        if errors == "auto":
            return default_frame(self, Simulation(draws, seed, level))
        return effects_frame(self, errors, Simulation(draws, seed, level))

    @property
    def summary(self) -> str:
        """A text of the specification, the fit and the estimates."""
        return summary.as_text(summary.rows(self))

    def __repr__(self) -> str:
        return f"<SpatialPanelResults of {self.model!r}: log-likelihood {self.loglik:.3f}>"
