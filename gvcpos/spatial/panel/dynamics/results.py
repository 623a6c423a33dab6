"""DynamicResults: labelled estimates of a dynamic panel, its short- and long-run effects and its stability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.spatial.panel import summary as summaries
from gvcpos.spatial.panel.diagnostics.tests import PanelTest, chi2_test, wald
from gvcpos.spatial.panel.dynamics.bootstrap import DynamicBootstrapMethods
from gvcpos.spatial.panel.dynamics.diagnostics import DynamicDiagnosticMethods
from gvcpos.spatial.panel.dynamics.effect_methods import DynamicEffectMethods
from gvcpos.spatial.panel.dynamics.effects import Places
from gvcpos.spatial.panel.dynamics.estimation import How
from gvcpos.spatial.panel.dynamics.prediction import DynamicPredictionMethods
from gvcpos.spatial.panel.dynamics.stability import radius
from gvcpos.spatial.panel.export import ExportMethods
from gvcpos.spatial.panel.fitted import FittedPanel
from gvcpos.spatial.panel.fixed_effects import FixedEffectMethods
from gvcpos.spatial.panel.inputs.missing import LeftOut
from gvcpos.spatial.panel.ml.estimation import Estimate

if TYPE_CHECKING:
    from gvcpos.spatial.panel.dynamics.model import DynamicSpatialPanel

Array = npt.NDArray[np.float64]

CORRECTIONS = {
    "asymptotic": "bias taken out (Yu-de Jong-Lee, Lee-Yu)",
    "finite": "root of the bias-adjusted score (Yang)",
    "none": "none: biased of order 1/T with entity effects",
}


@dataclass(frozen=True)
class Stability:
    """Whether the dynamics die out.

    Attributes
    ----------
    radius : float
        Spectral radius of (I - rho W)^-1 (tau I + eta W); below 1 they do.
    total : float
        tau + rho + eta, below 1 when they do and W is row-normalised.
    std_error : float
        Of `total`.
    stable : bool
    unit_sum : PanelTest
        Wald test of tau + rho + eta = 1. At 1 the estimates are not normal, so that near it the p-value is a guide.
    """

    radius: float
    total: float
    std_error: float
    stable: bool
    unit_sum: PanelTest


class DynamicResults(
    DynamicDiagnosticMethods,
    DynamicEffectMethods,
    DynamicBootstrapMethods,
    DynamicPredictionMethods,
    FixedEffectMethods,
    ExportMethods,
    FittedPanel,
):
    """What `DynamicSpatialPanel.fit` found; names follow linearmodels.

    Parameters
    ----------
    model : DynamicSpatialPanel
    estimate : Estimate
        After the bias correction, if one was asked for.
    how : How
        Covariance, correction, bandwidth.
    uncorrected : Estimate
        Maximum of the likelihood given y_0.
    """

    def __init__(self, model: DynamicSpatialPanel, estimate: Estimate, how: How, uncorrected: Estimate) -> None:
        self.model = model
        self.estimate = estimate
        self.how = how
        self.cov_type, self.correction, self.bandwidth = how.cov_type, how.correction, how.bandwidth
        self.uncorrected = uncorrected

    @cached_property
    def params(self) -> pd.Series:  # type: ignore[override]
        """Estimates; sigma^2 is apart, in `sigma2`."""
        return self._labelled(self.estimate)

    @cached_property
    def bias(self) -> pd.Series:
        """What the correction took out: the maximum of the likelihood less the estimates."""
        return (self._labelled(self.uncorrected) - self.params).rename("bias")

    def _labelled(self, estimate: Estimate) -> pd.Series:
        values = np.append(estimate.beta, list(estimate.spatial.values()))
        return pd.Series(values, index=list(self.names), name="parameter")

    @property
    def loglik(self) -> float:
        """Highest log-likelihood given the first period, before any correction: what likelihood ratios compare."""
        return self.uncorrected.loglik

    @property
    def left_out(self) -> LeftOut:
        """What the rules for missing values and for units of W left out of the sample."""
        return self.model.left_out

    @property
    def df_model(self) -> int:
        """Parameters of the likelihood: `params`, sigma^2 and the effects that it estimates."""
        return len(self.names) + 1 + self.model.transformation.absorbed

    @property
    def places(self) -> Places:
        """Where the parameters that effects are made of stand in `params`."""
        place = {name: i for i, name in enumerate(self.names)}
        tau, eta, rho = (place.get(name) if name in self._own else None for name in ("tau", "eta", "rho"))
        return Places(self.model.design.variables, tau, eta, rho)

    @property
    def _own(self) -> tuple[str, ...]:
        return self.model.terms + self.model.features.spatial

    @cached_property
    def stability(self) -> Stability:
        """Whether the dynamics die out, and a test of tau + rho + eta = 1."""
        size = radius(self.model.spectrum, self.model.lagged.dynamics(self.estimate))
        names = [name for name in ("tau", "rho", "eta") if name in self._own]
        if not names:
            raise InputError("a model without tau, eta and rho has no dynamics: take dynamic='time' or 'space-time'.")
        total = float(self.params[names].sum())
        variance = float(self.cov.loc[names, names].to_numpy().sum())
        statistic = (total - 1.0) ** 2 / variance
        test = chi2_test("wald_unit_sum", f"{' + '.join(names)} = 1: shocks to all units never fade", statistic, 1)
        return Stability(size, total, float(np.sqrt(variance)), size < 1.0, test)

    def wald(self, names: Sequence[str] | str, value: float = 0.0) -> PanelTest:
        """Wald test that parameters, as ``["tau", "eta"]``, are all equal to a value.

        Raises
        ------
        InputError
            If a name is not a parameter.
        """
        chosen = [names] if isinstance(names, str) else list(names)
        unknown = [name for name in chosen if name not in self.names]
        if unknown or not chosen:
            raise InputError(
                f"no parameters {enumerate_labels(unknown)}. There are: {enumerate_labels(self.names, 20)}."
            )
        statistic = wald(
            self.params[chosen].to_numpy(float) - value,
            np.eye(len(chosen)),
            self.cov.loc[chosen, chosen].to_numpy(float),
        )
        return chi2_test("wald", f"{', '.join(chosen)} = {value:g}", statistic, len(chosen))

    @property
    def summary(self) -> str:
        """A text of the specification, the fit and the estimates."""
        return summaries.as_text(self._rows())

    def _rows(self) -> summaries.SummaryRows:
        model, t = self.model, self.model.transformation
        facts = (
            ("Dependent variable", model.data.y_name),
            ("Explained from", f"{model.given.initial}, which is not counted"),
            ("Effects", summaries.EFFECTS[model.effects]),
            ("Time effects by", summaries.METHODS[model.method] if t.time else "none"),
            ("Bias correction", CORRECTIONS[self.correction]),
            ("Covariance", summaries.covariance(self.cov_type, t.periods, self.bandwidth)),
            ("Weights", model.weights.description or model.weights.kind),
            ("Entities x periods", f"{t.units} x {t.periods}"),
            *model.left_out.facts,
            ("Observations", str(self.nobs)),
            ("Log-likelihood", f"{self.loglik:.4f}"),
            ("sigma2", f"{self.sigma2:.6g}"),
            ("Spectral radius", f"{radius(model.spectrum, model.lagged.dynamics(self.estimate)):.4f}"),
        )
        frame = self.to_frame()
        body = tuple(
            (str(name), *(f"{value:.5g}" for value in values))
            for name, values in zip(frame.index, frame.to_numpy(), strict=True)
        )
        header = ("", "Parameter", "Std. err.", "T-stat", "P-value", "Lower CI", "Upper CI")
        return summaries.SummaryRows(f"Dynamic: {summaries.MODELS[model.model]}", facts, header, body)

    def __repr__(self) -> str:
        return f"<DynamicResults of {self.model!r}: log-likelihood {self.loglik:.3f}>"
