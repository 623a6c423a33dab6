"""SpatialPanelGmmResults: labelled estimates of instruments and moments, and what tests them."""

from __future__ import annotations

import warnings
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from gvcpos._core.errors import ClusterWarning, InputError
from gvcpos._core.options import EffectErrors, choose
from gvcpos.spatial.panel import summary
from gvcpos.spatial.panel.diagnostics.tests import PanelTest, chi2_test
from gvcpos.spatial.panel.estimates import LabelledEstimates
from gvcpos.spatial.panel.gmm import instruments
from gvcpos.spatial.panel.gmm.arrays import GmmArrays, GmmEstimate, Plan
from gvcpos.spatial.panel.gmm.bootstrap import GmmBootstrapMethods
from gvcpos.spatial.panel.gmm.two_stage import overidentification, require_invertible
from gvcpos.spatial.panel.impacts.effect_methods import EffectMethods
from gvcpos.spatial.panel.impacts.effects import Simulation, effects_frame

if TYPE_CHECKING:
    from gvcpos.spatial.panel.model import SpatialPanel
    from gvcpos.spatial.panel.results import SpatialPanelResults

_MOMENTS = {
    "": "none",
    "robust": "Kelejian-Prucha 2010, robust to heteroskedasticity",
    "classical": "Kelejian-Prucha 1999",
    "initial": "Kapoor-Kelejian-Prucha, initial",
    "weighted": "Kapoor-Kelejian-Prucha, weighted by variances",
    "full": "Kapoor-Kelejian-Prucha, fully weighted",
}


class SpatialPanelGmmResults(GmmBootstrapMethods, EffectMethods, LabelledEstimates):
    """What `SpatialPanel.fit_gmm` found; names as in `SpatialPanelResults`.

    Parameters
    ----------
    model : SpatialPanel
    estimate : GmmEstimate
    plan : Plan
        What was chosen.
    arrays : GmmArrays
    """

    def __init__(self, model: SpatialPanel, estimate: GmmEstimate, plan: Plan, arrays: GmmArrays) -> None:
        self.model, self.estimate, self.plan, self.arrays = model, estimate, plan, arrays
        names = [*model.regressors, *model.features.spatial]
        values = np.append(estimate.beta, list(estimate.spatial.values()))
        self.params = pd.Series(values, index=names, name="parameter")
        self.cov = pd.DataFrame(estimate.covariance, index=names, columns=names)

    @property
    def cov_type(self) -> str:
        """Kind of the covariance."""
        return self.plan.cov_type

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(self.params.index)

    @property
    def sigma2(self) -> float:
        """Variance of the innovations: with random effects that of their within part."""
        return self.estimate.sigma2

    @property
    def sigma2_1(self) -> float:
        """σ1² = σv² + T σmu² of random effects.

        Raises
        ------
        InputError
            Without random effects.
        """
        if self.estimate.sigma2_1 is None:
            raise InputError(f"sigma2_1 belongs to random effects; this model has {self.model.effects!r}.")
        return self.estimate.sigma2_1

    @property
    def theta(self) -> float:
        """Share of the means over time that random effects take out, 1 − σv/σ1."""
        return 1.0 - float(np.sqrt(self.sigma2 / self.sigma2_1))

    @property
    def nobs(self) -> int:
        """Observations: N times T."""
        return self.model.data.y.size

    @property
    def nobs_effective(self) -> int:
        """Observations that the effects leave."""
        return self.estimate.scores.nobs

    @property
    def instruments(self) -> tuple[str, ...]:
        """Instruments used, linearly independent ones, exogenous regressors first."""
        return self.estimate.system.instruments.names

    @property
    def dropped_instruments(self) -> tuple[str, ...]:
        """Instruments left out because they depend on the others."""
        return self.estimate.system.instruments.dropped

    @cached_property
    def resids(self) -> pd.Series:
        """Residuals of the last regression on the caller's rows: effects out, filtered, whitened."""
        data = self.model.data
        return data.series(self.estimate.system.e.reshape(data.y.shape), "residual")

    def effects(
        self, errors: EffectErrors = "delta", *, draws: int = 1000, seed: int = 0, level: float = 0.95
    ) -> pd.DataFrame:
        """Direct, indirect and total effect of every regressor; see `SpatialPanelResults.effects`."""
        choose(errors, EffectErrors, "errors")
        # The frame reads model, beta, rho and covariance, which are here under the same names.
        return effects_frame(cast("SpatialPanelResults", self), errors, Simulation(draws, seed, level))

    @cached_property
    def _scores(self) -> npt.NDArray[np.float64]:
        last = self.estimate.system
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ClusterWarning)  # said by the fit
            return self.estimate.scores.variance(last.instruments.H, last.e)

    def overidentification(self) -> PanelTest:
        """Hansen's J: whether all instruments are exogenous (Sargan's test under a homoskedastic covariance).

        The statistic is that of the efficient weights. With a spatial error it is conditional on lambda, and spatial
        lags of X among the instruments also test that W X has no place in the model.

        Raises
        ------
        InputError
            If there are as many instruments as parameters, or too few clusters for so many.
        """
        last = self.estimate.system
        if last.instruments.H.shape[1] <= last.Z.shape[1]:
            raise InputError(
                f"{last.instruments.H.shape[1]} instruments for {last.Z.shape[1]} coefficients: nothing is "
                "overidentified. A higher order of spatial lags or more excluded instruments give a test."
            )
        require_invertible(self._scores, self.cov_type, "the test of overidentification")
        found = overidentification(last.y, last.Z, last.instruments.H, self._scores)
        return chi2_test("J", "all instruments are exogenous", found.statistic, found.df)

    def first_stage(self) -> pd.DataFrame:
        """Strength of the excluded instruments for each endogenous regressor.

        F is that of the covariance of the fit, and of one variance where that sums over the units of a period: periods
        are too few to weigh many instruments by.

        Returns
        -------
        DataFrame
            Index: the endogenous regressors, ``W*y`` for the spatial lag; columns F, df, pvalue, partial_rsquared;
            ``.attrs["cragg_donald"]`` is the smallest eigenvalue of F in matrix form.

        Raises
        ------
        InputError
            If no regressor is endogenous.
        """
        names = self.arrays.instrumented
        if not names:
            raise InputError(f"{self.model.model} has no endogenous regressor here: there is no first stage.")
        last, k = self.estimate.system, len(self.model.regressors)
        places = [*self.arrays.endogenous, *range(k, last.Z.shape[1])]
        rest = [j for j in range(last.Z.shape[1]) if j not in places]
        found = instruments.first_stage(
            last.Z[:, places], last.Z[:, rest], last.instruments.H, self.estimate.scores.first_stage
        )
        columns = {
            "F": found.F,
            "df": found.df,
            "pvalue": stats.chi2.sf(found.F * found.df, found.df),
            "partial_rsquared": found.partial_rsquared,
        }
        frame = pd.DataFrame(columns, index=pd.Index(names, name="endogenous"))
        frame.attrs["cragg_donald"] = found.cragg_donald
        return frame

    @property
    def summary(self) -> str:
        """A text of the specification, the instruments and the estimates."""
        model, t = self.model, self.model.transformation
        facts = [
            ("Dependent variable", model.data.y_name),
            ("Effects", summary.EFFECTS[model.effects]),
            ("Estimator", f"generalised moments, {self.plan.weighting}"),
            ("Moments of the error", _MOMENTS[self.plan.moments]),
            ("Covariance", summary.covariance(self.cov_type, t.periods, self.plan.bandwidth)),
            ("Weights", model.weights.description or model.weights.kind),
            ("Entities x periods", f"{t.units} x {t.periods}"),
            *model.left_out.facts,
            ("Observations", f"{self.nobs}, {self.nobs_effective} without effects"),
            ("Instruments", f"{len(self.instruments)} ({self.plan.instruments})"),
            ("sigma2", f"{self.sigma2:.6g}"),
        ]
        if self.arrays.instrumented:
            facts += [(f"First-stage F, {name}", f"{F:.2f}") for name, F in self.first_stage()["F"].items()]
        with suppress(InputError):  # nothing overidentified, or too few clusters
            J = self.overidentification()
            facts.append(("J", f"{J.statistic:.4f} ({J.df} df, p = {J.pvalue:.4f})"))
        header = ("", "Parameter", "Std. err.", "T-stat", "P-value", "Lower CI", "Upper CI")
        frame = self.to_frame()
        formats = ("{:.5g}", "{:.5g}", "{:.4f}", "{:.4f}", "{:.5g}", "{:.5g}")
        body = [
            (str(name), *(how.format(value) for how, value in zip(formats, values, strict=True)))
            for name, values in zip(frame.index, frame.to_numpy(), strict=True)
        ]
        return summary.as_text(summary.SummaryRows(summary.MODELS[model.model], tuple(facts), header, tuple(body)))

    def __repr__(self) -> str:
        return f"<SpatialPanelGmmResults of {self.model!r}>"
