"""DynamicSpatialPanel: a spatial panel with y_{t-1} and W y_{t-1}, explained from its first period on."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Unpack, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError, StabilityWarning
from gvcpos._core.options import (
    BiasCorrection,
    DynamicCovariance,
    PanelDynamics,
    PanelEffects,
    PanelMethod,
    SpatialModel,
    choose,
)
from gvcpos.spatial.panel.choices import DynamicChoices, DynamicFormulaOptions, DynamicOptions, specified, taken
from gvcpos.spatial.panel.dynamics import bias, initial
from gvcpos.spatial.panel.dynamics.estimation import How, estimated
from gvcpos.spatial.panel.dynamics.results import DynamicResults
from gvcpos.spatial.panel.dynamics.stability import radius
from gvcpos.spatial.panel.dynamics.transform import ConditionalTransformation
from gvcpos.spatial.panel.inputs.checks import check_names, check_regressors
from gvcpos.spatial.panel.inputs.design import Design, design, lags
from gvcpos.spatial.panel.inputs.formula import evaluate
from gvcpos.spatial.panel.inputs.missing import choices_for
from gvcpos.spatial.panel.inputs.period_checks import check_rows, error_weights_of
from gvcpos.spatial.panel.inputs.transform import operator, spatial_lag
from gvcpos.spatial.panel.ml.edge import warn_at_edge
from gvcpos.spatial.panel.ml.estimation import Estimate, PanelArrays
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.period_spectrum import spectrum_of
from gvcpos.spatial.panel.models import MODELS
from gvcpos.spatial.panel.panel_model import PanelModel
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.periods import PeriodWeights

_TERMS = {"none": (), "time": ("tau",), "space": ("eta",), "space-time": ("tau", "eta")}


class DynamicSpatialPanel(PanelModel):
    """A dynamic spatial panel, estimated by quasi maximum likelihood given its first period, bias taken out.

    y_t = tau y_{t-1} + rho W y_t + eta W y_{t-1} + X_t beta + W X_t theta + mu + alpha_t 1 + u_t,
    u_t = lambda M u_t + e_t,  t = 1, ..., T

    Parameters
    ----------
    y : Series or one-column DataFrame
        On a two-level index (entity, time), T+1 periods: the first is the past of the second.
    X : DataFrame or Series
        Regressors on the rows of t = 1, ..., T; those of the first period are not used and may be absent.
    W : Weights
        Spatial weights whose units are exactly the entities, in any order; or, where they change over time, a mapping
        of every period, the first among them, to its weights: W_t y_t, W_{t-1} y_{t-1}, W_t x_t (Lee and Yu 2012).
    model : {"sdm", "sar", "slx", "sem", "sdem", "sac", "gns"}
        Which of rho, theta and lambda are free; see `SpatialPanel`.
    dynamic : {"space-time", "time", "space", "none"}
        tau and eta, tau alone, eta alone, or neither (the static model on the same periods, for comparison).
    effects : {"twoway", "entity", "time", "none"}
        Fixed effects. With "none" a constant is added unless X has one or ``intercept=False``.
    method : {"lee-yu", "direct"}
        How time effects leave: by Lee and Yu's (2010, Econometric Theory) transformation with N-1 units, which needs
        a row-normalised W and leaves a bias of order 1/T alone; or directly, with a further bias of order 1/N.
    intercept, error_weights, x_weights, not_lagged
        As in `SpatialPanel`.
    missing : {"error", "drop-entities", "drop-periods"}
        As in `SpatialPanel`. Of the first period y alone counts. A period is explained only if y of the period before
        is known too, so that "drop-periods" can shorten the panel at its ends but not take years out of its middle.
    extra_units : {"error", "subset"}
        As in `SpatialPanel`.

    Raises
    ------
    InputError, LabelError
        As `SpatialPanel`; and if y is not known in the first period, fewer than two periods are left, or numbered
        periods have gaps, those that a rule for missing values would make among them.

    Notes
    -----
    Sources: Yu, de Jong and Lee (2008, J. Econometrics 146:118); Lee and Yu (2010, Econometric Theory 26:564); Lee
    and Yu (2012, Spatial Economic Analysis 7:31) for weights that change; for the effects Debarsy, Ertur and LeSage
    (2012, Statistical Methodology 9:158) and Elhorst (2014, ch. 4).
    """

    def __init__(
        self, y: pd.Series | pd.DataFrame, X: pd.DataFrame | pd.Series, W: Weights, **options: Unpack[DynamicOptions]
    ) -> None:
        choices, rules = taken(options, DynamicChoices)
        self._setup(initial.from_frames(y, X, W, **rules), choices)

    @classmethod
    def from_formula(
        cls,
        formula: str,
        data: pd.DataFrame,
        W: Weights,
        *,
        entity: str = "country",
        time: str = "year",
        **options: Unpack[DynamicFormulaOptions],
    ) -> DynamicSpatialPanel:
        """Make the model from a formula such as ``"y ~ lag(y) + W(lag(y)) + x1 + W(x1) + lag(x2)"``.

        ``lag(y)`` frees tau and ``W(lag(y))`` eta. ``lag(x)`` is a regressor of the period before; ``W(x)`` says that
        x has a spatial lag, and then only regressors so named have one.

        Parameters
        ----------
        formula : str
        data : DataFrame
            Long, either on a two-level index (entity, time) or with the columns `entity` and `time`.
        W : Weights
        entity, time : str
            Columns that name the rows; not used when the index does.
        **options
            As of the class, but for `dynamic` and `intercept`, which the formula decides.

        Raises
        ------
        InputError
            If the formula cannot be evaluated or has neither ``lag(y)`` nor ``W(lag(y))``; and as the class.
        """
        found = evaluate(formula, data, entity, time)
        if found.dynamic == "none":
            raise InputError(
                f"formula {formula!r} has neither lag({found.y.name}) nor W(lag({found.y.name})): it is a static "
                "model. Add one, or use SpatialPanel.from_formula."
            )
        if "dynamic" in options:
            raise TypeError("dynamic is not a keyword beside a formula, which says it with lag(y) and W(lag(y)).")
        made = cls(found.y, found.X, W, dynamic=cast(PanelDynamics, found.dynamic), **specified(found, options))
        made.data = replace(made.data, recipe=found.recipe)
        made.given = replace(made.given, panel=made.data)
        return made

    @classmethod
    def from_arrays(
        cls,
        y: npt.ArrayLike,
        X: npt.ArrayLike,
        W: Weights,
        *,
        names: Sequence[str] | None = None,
        times: Sequence[object] | None = None,
        **options: Unpack[DynamicOptions],
    ) -> DynamicSpatialPanel:
        """Make the model from arrays in the order of W: y (T+1, N), X (T+1, N, k) or (T, N, k); see the class."""
        choices, rules = taken(options, DynamicChoices)
        made = cls.__new__(cls)
        made._setup(initial.from_arrays(y, X, W, names=names, times=times, **rules), choices)
        return made

    def _setup(self, given: initial.DynamicData, choices: DynamicChoices) -> None:
        choices = choices_for(choices, given.panel.weights.ids, given.panel.left_out)
        self.model = choose(choices.model, SpatialModel, "model")
        self.dynamic = choose(choices.dynamic, PanelDynamics, "dynamic")
        self.effects = choose(choices.effects, PanelEffects, "effects")
        self.method = choose(choices.method, PanelMethod, "method")
        self.given, self.data, self.choices = given, given.panel, choices
        self.features, self.terms = MODELS[self.model], _TERMS[self.dynamic]
        W = self.data.weights
        self.error_weights = error_weights_of(choices.error_weights, self.data, (given.initial,))
        self.transformation = ConditionalTransformation(
            W.n,
            len(self.data.times),
            self.effects in {"entity", "twoway"},
            self.effects in {"time", "twoway"},
            self.method == "lee-yu" and self.effects in {"time", "twoway"},
        )
        self._check()
        self.design = self._lagged(self._static_design())
        check_regressors(self.design.X, self.design.names, self.transformation)

    def _check(self) -> None:
        """Refuse what has no likelihood here."""
        t = self.transformation
        check_rows(t, self.data.weights)
        if self.features.error:
            check_rows(t, self.error_weights)
            if t.entity and isinstance(self.error_weights, PeriodWeights):
                raise InputError(
                    "a dynamic panel with entity effects is not available for a spatial error whose weights change "
                    "over time: multiplied by I - lambda M_t entity effects change too, no means take them out, and "
                    "with dummies for them there is a likelihood, but no correction, published or written, of its bias "
                    "of order 1/T, without which tau is of no use in short panels. Take error_weights that do not "
                    "change, a model without spatial error, or effects='time' or 'none'."
                )
            if t.time and np.ptp(self.error_spectrum.row_sums) > 1e-9:
                raise InputError(
                    f"a dynamic {self.model} with time effects needs weights of the error whose rows have one sum: "
                    "otherwise I - lambda M does not keep the time effects together. Use M.normalised('row')."
                )
        check_names(self.data.names, durbin=self.features.durbin)
        taken = [name for name in self.data.names if name in self.terms]
        if taken:
            raise InputError(f"regressors named like parameters of the model: {', '.join(taken)}. Rename them.")

    def _static_design(self) -> Design:
        chosen = lags(self.data, self.choices.x_weights, self.choices.not_lagged)
        pooled = self.effects == "none"
        return design(self.data, chosen, durbin=self.features.durbin, pooled=pooled, intercept=self.choices.intercept)

    def _lagged(self, made: Design) -> Design:
        """Add y_{t-1} and W y_{t-1} as the last columns, named tau and eta."""
        past = self.given.lag
        columns = {"tau": past, "eta": spatial_lag(operator(self.given.past_weights.matrix), past)}
        parts = [made.X, *(columns[name][:, :, None] for name in self.terms)]
        return replace(made, X=np.concatenate(parts, axis=2), names=made.names + self.terms)

    @property
    def _outcome(self) -> npt.NDArray[np.float64]:
        return np.concatenate([self.given.y0[None, :], self.data.y])

    @property
    def lagged(self) -> bias.Lagged:
        """Where y_{t-1} and W y_{t-1} stand among the columns."""
        place = {name: len(self.design.names) - len(self.terms) + i for i, name in enumerate(self.terms)}
        return bias.Lagged(place.get("tau"), place.get("eta"))

    @cached_property
    def spectrum(self) -> Spectrum:
        """Eigenvalues of W and the admissible interval of rho."""
        return spectrum_of(self.weights.matrix)

    @cached_property
    def error_spectrum(self) -> Spectrum:
        """Eigenvalues of the weights of the error and the admissible interval of lambda."""
        return self.spectrum if self.error_weights is self.weights else spectrum_of(self.error_weights.matrix)

    @cached_property
    def arrays(self) -> PanelArrays:
        """The panel without labels, as the likelihood takes it."""
        return PanelArrays(self.data.y, self.design.X, self.transformation, self.spectrum, self.error_spectrum)

    def fit(
        self,
        cov_type: DynamicCovariance = "information",
        *,
        correction: BiasCorrection = "asymptotic",
        bandwidth: int | None = None,
    ) -> DynamicResults:
        """Estimate.

        Parameters
        ----------
        cov_type : {"information", "sandwich", "cluster-entity", "cluster-time", "cluster-twoway", "driscoll-kraay"}
            Expected information; robust to non-normal innovations; or to variances that change between units and
            over time and to dependence within a period. None allows for serial correlation, which makes tau
            inconsistent: see `gvcpos.spatial.panel.dynamics.estimation`.
        correction : {"asymptotic", "finite", "none"}
            How the bias of order 1/T (and under the direct method 1/N) is taken out: by the published step, with
            infinite sums; by solving the score less its exact expectation in the sample, which stays right in panels
            of few periods (Yang 2018); or not.
        bandwidth : int, optional
            Lags of the Driscoll-Kraay covariance; default floor(4 (T/100)^(2/9)).

        Raises
        ------
        InputError
            If the panel is too short for the covariance, or a bandwidth is given to one that has none.
        EstimationError
            If the likelihood is not finite, a covariance is not positive, or the correction does not exist.

        Warns
        -----
        StabilityWarning, BoundaryWarning, ClusterWarning
            If the estimated dynamics do not die out, rho or lambda is at the edge of its interval, or clusters are few.
        """
        choose(cov_type, DynamicCovariance, "cov_type")
        choose(correction, BiasCorrection, "correction")
        how = How(cov_type, correction, bandwidth)
        estimate, raw = estimated(self.arrays, self.features, self.lagged, how)
        warn_at_edge(f"dynamic {self.model} with {self.effects} effects", self.arrays, estimate, stacklevel=3)
        self._warn_if_explosive(estimate, raw if correction == "asymptotic" else None)
        return DynamicResults(self, estimate, how, raw)

    def _warn_if_explosive(self, estimate: Estimate, raw: Estimate | None) -> None:
        """Warn, and say so where the one-step correction of `raw` has done it."""
        size = radius(self.spectrum, self.lagged.dynamics(estimate))
        if size < 1.0:
            return
        before = np.inf if raw is None else radius(self.spectrum, self.lagged.dynamics(raw))
        said = f"the dynamics do not die out: the spectral radius of (I - rho W)^-1 (tau I + eta W) is {size:.4f}"
        if before < 1.0:
            said += (
                f" after the bias correction, and {before:.4f} before it. One step is made for dynamics that die out "
                "soon and goes too far near a unit root: compare correction='finite', which solves for the estimate"
            )
        warnings.warn(
            f"{said}. Long-run effects do not exist. Check for trends and unit roots, or model differences of y.",
            StabilityWarning,
            stacklevel=3,
        )

    def respecified(
        self, model: SpatialModel | None = None, *, data: initial.DynamicData | None = None, **choices: object
    ) -> DynamicSpatialPanel:
        """Return another model on the same data and with the same choices, but for those given."""
        made = DynamicSpatialPanel.__new__(DynamicSpatialPanel)
        changed = choices if model is None else {"model": model, **choices}
        made._setup(data or self.given, replace(self.choices, **changed))  # type: ignore[arg-type]
        return made

    def __repr__(self) -> str:
        t = self.transformation
        return (
            f"<DynamicSpatialPanel {self.model}, {self.dynamic} dynamics, {self.effects} effects, {self.method}: "
            f"{t.units} units x {t.periods} periods after {self.given.initial}>"
        )
