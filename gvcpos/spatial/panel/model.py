"""SpatialPanel: data, weights and a specification, ready to fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Unpack

import numpy.typing as npt
import pandas as pd

from gvcpos._core.options import (
    CovarianceType,
    PanelMethod,
    RandomError,
    SpatialModel,
    StaticEffects,
    choose,
)
from gvcpos.spatial.panel.choices import Choices, StaticFormulaOptions, StaticOptions, specified, taken
from gvcpos.spatial.panel.diagnostics.model_tests import ModelTestMethods
from gvcpos.spatial.panel.gmm.model import GmmMethods
from gvcpos.spatial.panel.inputs import panel_data
from gvcpos.spatial.panel.inputs.checks import (
    check_names,
    check_random_error,
    check_regressors,
    is_random,
)
from gvcpos.spatial.panel.inputs.design import Design, design, lags
from gvcpos.spatial.panel.inputs.missing import choices_for
from gvcpos.spatial.panel.inputs.period_checks import check_periods, error_weights_of
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.panel.many import ManyMethods
from gvcpos.spatial.panel.ml.approximation import check_log_determinant, spectrum_by_name
from gvcpos.spatial.panel.ml.edge import warn_at_edge
from gvcpos.spatial.panel.ml.estimation import Estimate, PanelArrays, fit
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.modes import warn_of_modes
from gvcpos.spatial.panel.models import MODELS
from gvcpos.spatial.panel.panel_model import PanelModel
from gvcpos.spatial.panel.random import results as random_results
from gvcpos.spatial.panel.results import SpatialPanelResults
from gvcpos.spatial.weights import Weights


class SpatialPanel(PanelModel, GmmMethods, ManyMethods, ModelTestMethods):
    """A static spatial panel model, estimated by (quasi) maximum likelihood.

    y_t = rho W y_t + X_t beta + W X_t theta + mu + alpha_t 1 + u_t,  u_t = lambda M u_t + e_t

    Parameters
    ----------
    y : Series or one-column DataFrame
        On a two-level index (entity, time).
    X : DataFrame or Series
        Regressors on the same rows, in any order.
    W : Weights
        Spatial weights whose units are exactly the entities, in any order; or, where they change over time, a mapping
        of every period to its weights: W_t y_t, W_t x_t and sum_t log|I - rho W_t| (Lee and Yu 2012). Here and
        wherever weights are asked for, a libpysal Graph or W and a labelled square frame will do: see `Weights.of`.
    model : {"sdm", "sar", "sem", "slx", "sdem", "sac", "gns"}
        Free parameters beside beta: sdm rho, theta; sar rho; sem lambda; slx theta; sdem lambda, theta; sac rho,
        lambda; gns rho, lambda, theta. The likelihood of the last two can have several maxima: see `modes`.
    effects : {"twoway", "entity", "time", "none", "random", "random-time"}
        Fixed effects; or random entity effects, alone or beside fixed time effects. With "none" and "random" a
        constant is added unless X has one or ``intercept=False``.
    method : {"lee-yu", "direct"}
        Lee and Yu's (2010) transformed likelihood with T-1 periods and, for time effects, N-1 units and
        log|I - rho W| - log(1 - rho); or the direct likelihood (Elhorst 2003), whose variance (and with
        time effects also rho) is biased in short panels. Where W changes over time, "lee-yu" takes time effects out
        period by period and gives T-1 periods for entity effects too: in sar and sdm by a score whose expectation is
        set right, in sem and sdem by the restricted likelihood; sac and gns need "direct".
    intercept : bool
        Whether a pooled model gets a constant.
    error_weights : Weights, or mapping of period to Weights, optional
        M, the weights of the spatial error; default W.
    x_weights : Weights or mapping of str to Weights, optional
        Weights of the spatial lags of the regressors, of all or by name; default W.
    not_lagged : str or iterable of str
        Regressors that have no spatial lag in slx, sdm, sdem and gns.
    random_error : {"baltagi", "kkp"}
        Whether random effects stay at home, u = mu + (I - lambda M)^-1 e, or go through the spatial error as the
        innovations do, u = (I - lambda M)^-1 (mu + e) (Kapoor, Kelejian and Prucha 2007).
    log_determinant : {"exact", "chebyshev", "traces"}
        Exact, or approximate with the error in the results: Pace and LeSage's (2004) Chebyshev polynomials, or Barry
        and Pace's (1999) Monte-Carlo traces. Fixed effects and pooled models, with one W for all periods.
    missing : {"error", "drop-entities", "drop-periods"}
        Whether a row that is absent or incomplete is refused, or leaves out its whole entity (all W are cut to the
        others and normalised again as they were) or its whole period; see `left_out`.
    extra_units : {"error", "subset"}
        Whether units of W without rows are refused, or all W are cut to the entities.

    Raises
    ------
    LabelError
        If rows are duplicated, y and X differ in rows, or entities are not the units of W.
    InputError
        If a row or a value is missing and no rule says what to leave out, a regressor is absorbed by the effects or
        collinear, or time effects are asked for under "lee-yu" with a W that is not row-normalised.

    Notes
    -----
    Sources: Lee and Yu (2010, J. Econometrics 154:165; 2012, Spatial Economic Analysis 7:31); Elhorst (2014);
    LeSage and Pace (2009).
    """

    def __init__(
        self,
        y: pd.Series | pd.DataFrame,
        X: pd.DataFrame | pd.Series,
        W: Weights | Mapping[object, Weights],
        **options: Unpack[StaticOptions],
    ) -> None:
        choices, rules = taken(options, Choices)
        self._setup(panel_data.from_frames(y, X, W, **rules), choices)

    @classmethod
    def from_formula(
        cls,
        formula: str,
        data: pd.DataFrame,
        W: Weights | Mapping[object, Weights],
        *,
        entity: str = "country",
        time: str = "year",
        **options: Unpack[StaticFormulaOptions],
    ) -> SpatialPanel:
        """Make the model from a formula such as ``"y ~ x1 + np.log(x2)"``.

        Parameters
        ----------
        formula : str
            Wilkinson formula (formulaic). Its constant is used in pooled models and absorbed by fixed effects.
            ``W(x)`` gives x, and then only regressors so named, a spatial lag (sar becomes sdm, sem sdem, sac gns);
            ``lag(x)`` is x one period before, and the first period is left out with a `DroppedRowsWarning`.
        data : DataFrame
            Long, either on a two-level index (entity, time) or with the columns `entity` and `time`.
        W : Weights or mapping of period to Weights
        entity, time : str
            Columns that name the rows; not used when the index does.
        **options
            As of `SpatialPanel`, but for `intercept`, which the formula decides.

        Raises
        ------
        InputError
            If the columns are absent or the formula cannot be evaluated; and as `SpatialPanel`.
        """
        from gvcpos.spatial.panel.inputs.formula import evaluate

        found = evaluate(formula, data, entity, time)
        found.refuse_dynamic(formula)
        made = cls(found.y, found.X, W, **specified(found, options))
        made.data = replace(made.data, recipe=found.recipe)
        return made

    @classmethod
    def from_arrays(
        cls,
        y: npt.ArrayLike,
        X: npt.ArrayLike,
        W: Weights | Mapping[object, Weights],
        *,
        names: Sequence[str] | None = None,
        times: Sequence[object] | None = None,
        **options: Unpack[StaticOptions],
    ) -> SpatialPanel:
        """Make the model from arrays in the order of W: y (T, N), X (T, N, k); see `SpatialPanel`.

        A mapping of `times` to weights has the units in the order of the first.
        """
        choices, rules = taken(options, Choices)
        made = cls.__new__(cls)
        made._setup(panel_data.from_arrays(y, X, W, names=names, times=times, **rules), choices)
        return made

    def _setup(self, data: panel_data.PanelData, choices: Choices) -> None:
        choices = choices_for(choices, data.weights.ids, data.left_out)
        self.model = choose(choices.model, SpatialModel, "model")
        self.features = MODELS[self.model]
        self.effects = choose(choices.effects, StaticEffects, "effects")
        self.random = is_random(self.effects)
        self.method = choose(choices.method, PanelMethod, "method")
        check_random_error(choose(choices.random_error, RandomError, "random_error"), self.effects, self.features)
        self.data, self.choices = data, choices
        check_log_determinant(choices, self.features)
        self.error_weights = error_weights_of(choices.error_weights, data)
        self.transformation = Transformation(
            data.weights.n,
            len(data.times),
            self.effects in {"entity", "twoway"},
            self.effects in {"time", "twoway", "random-time"},
            self.method == "lee-yu" and self.effects != "none" and not self.random,
        )
        check_periods(self.transformation, self.features, data.weights, self.error_weights)
        check_names(data.names, durbin=self.features.durbin)
        self._lags = lags(data, choices.x_weights, choices.not_lagged)
        self.design = self._design(durbin=self.features.durbin)
        check_regressors(self.design.X, self.design.names, self.transformation)

    @cached_property
    def spectrum(self) -> Spectrum:
        """Eigenvalues of W and the admissible interval of rho."""
        return spectrum_by_name(self.data.weights.matrix, self.choices.log_determinant)

    @cached_property
    def error_spectrum(self) -> Spectrum:
        """Eigenvalues of the weights of the error and the admissible interval of lambda."""
        if self.error_weights is self.data.weights:
            return self.spectrum
        return spectrum_by_name(self.error_weights.matrix, self.choices.log_determinant)

    @cached_property
    def arrays(self) -> PanelArrays:
        """The panel without labels, as the likelihood takes it."""
        return self._arrays_of(self.design)

    def arrays_without_spatial_terms(self, *, durbin: bool) -> PanelArrays:
        """Return the panel of the model without spatial lag and error, with or without W X."""
        return self._arrays_of(self._design(durbin=durbin))

    def _arrays_of(self, made: Design) -> PanelArrays:
        return PanelArrays(self.data.y, made.X, self.transformation, self.spectrum, self.error_spectrum)

    def _design(self, *, durbin: bool) -> Design:
        pooled = self.effects in {"none", "random"}
        return design(self.data, self._lags, durbin=durbin, pooled=pooled, intercept=self.choices.intercept)

    def fit(self, cov_type: CovarianceType = "information", *, bandwidth: int | None = None) -> SpatialPanelResults:
        """Estimate.

        Parameters
        ----------
        cov_type : {"information", "hessian", "sandwich", "cluster-entity", "cluster-time", "cluster-twoway", \
"driscoll-kraay"}
            Expected information; observed Hessian; the sandwich that is robust to non-normal innovations; or robust
            to innovations that depend on each other within entities, within periods, within both, or between all
            entities with a dependence that fades over time. See `gvcpos.spatial.panel.inference.clustered`. Random
            effects have the first three and, without a spatial error or with "kkp", "cluster-entity", and a spatial
            error whose weights change over time has the first three beside entity effects. None repairs rho and lambda
            where the variance of the innovations differs between units in an unknown way.
        bandwidth : int, optional
            Lags of the Driscoll-Kraay covariance; default floor(4 (T/100)^(2/9)).

        Raises
        ------
        InputError
            If the panel is too short for the covariance, or a bandwidth is given to one that has none.
        EstimationError
            If the likelihood is not finite or a covariance is not positive.

        Warns
        -----
        BoundaryWarning
            If the spatial parameter sits at the edge of its admissible interval.
        ClusterWarning
            If a clustered covariance rests on few clusters, or a two-way one had to be made positive.
        ModesWarning
            If a second maximum of the likelihood is less than two units below the highest.
        """
        choose(cov_type, CovarianceType, "cov_type")
        if self.random:
            return random_results.fitted(self, cov_type, bandwidth)
        estimate = fit(self.arrays, self.features, cov_type, bandwidth)
        self.warn_at_boundary(estimate)
        warn_of_modes(estimate, self.features.spatial)
        return SpatialPanelResults(self, estimate, cov_type, bandwidth)

    def warn_at_boundary(self, estimate: Estimate) -> None:
        """Warn if a spatial parameter sits at the edge of its admissible interval."""
        warn_at_edge(f"{self.model} with {self.effects} effects", self.arrays, estimate)

    def respecified(
        self, model: SpatialModel | None = None, *, data: panel_data.PanelData | None = None, **choices: object
    ) -> SpatialPanel:
        """Return another model on the same data and with the same choices, but for those given."""
        made = SpatialPanel.__new__(SpatialPanel)
        changed = choices if model is None else {"model": model, **choices}
        made._setup(data or self.data, replace(self.choices, **changed))  # type: ignore[arg-type]
        return made

    def __repr__(self) -> str:
        t = self.transformation
        return (
            f"<SpatialPanel {self.model}, {self.effects} effects, {self.method}: {t.units} units x {t.periods} periods>"
        )
