"""SpatialPanel: data, weights and a specification, ready to fit."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import BoundaryWarning
from gvcpos._core.options import CovarianceType, PanelEffects, PanelMethod, SpatialModel, choose
from gvcpos.spatial.panel import data as panel_data
from gvcpos.spatial.panel.checks import INTERCEPT, LAG_PREFIX, check_names, check_regressors, check_transformation
from gvcpos.spatial.panel.diagnostics import PanelTest, lm_tests
from gvcpos.spatial.panel.estimation import Estimate, PanelArrays, fit_error, fit_lag, fit_slx
from gvcpos.spatial.panel.logdet import Spectrum, spectrum
from gvcpos.spatial.panel.results import SpatialPanelResults
from gvcpos.spatial.panel.transform import Transformation, operator, spatial_lag
from gvcpos.spatial.weights import Weights

_NEAR = 1e-3  # share of the admissible interval that counts as its edge


class SpatialPanel:
    """A static spatial panel model, estimated by (quasi) maximum likelihood.

    y_t = rho W y_t + X_t beta + W X_t theta + mu + alpha_t 1 + u_t,  u_t = lambda W u_t + e_t

    Parameters
    ----------
    y : Series or one-column DataFrame
        On a two-level index (entity, time).
    X : DataFrame or Series
        Regressors on the same rows, in any order.
    W : Weights
        Spatial weights whose units are exactly the entities, in any order.
    model : {"sdm", "sar", "sem", "slx"}
        Free parameters: sdm rho, beta, theta; sar rho, beta; sem lambda, beta; slx beta, theta.
    effects : {"twoway", "entity", "time", "none"}
        Fixed effects. With "none" a constant is added unless X has one or ``intercept=False``.
    method : {"lee-yu", "direct"}
        Lee and Yu's (2010) transformed likelihood with T-1 periods and, for time effects, N-1 units and
        log|I - rho W| - log(1 - rho); or the direct likelihood (Elhorst 2003), whose variance (and with
        time effects also rho) is biased in short panels.
    intercept : bool
        Whether a pooled model gets a constant.

    Raises
    ------
    LabelError
        If rows are duplicated, y and X differ in rows, or entities are not the units of W.
    InputError
        If the panel is not balanced, a value is missing, a regressor is absorbed by the effects or collinear, or
        time effects are asked for under "lee-yu" with a W that is not row-normalised.

    Notes
    -----
    Sources: Lee and Yu (2010, J. Econometrics 154:165); Elhorst (2014); LeSage and Pace (2009).
    """

    def __init__(
        self,
        y: pd.Series | pd.DataFrame,
        X: pd.DataFrame | pd.Series,
        W: Weights,
        *,
        model: SpatialModel = "sdm",
        effects: PanelEffects = "twoway",
        method: PanelMethod = "lee-yu",
        intercept: bool = True,
    ) -> None:
        self._setup(panel_data.from_frames(y, X, W), model, effects, method, intercept)

    @classmethod
    def from_formula(
        cls,
        formula: str,
        data: pd.DataFrame,
        W: Weights,
        *,
        entity: str = "country",
        time: str = "year",
        model: SpatialModel = "sdm",
        effects: PanelEffects = "twoway",
        method: PanelMethod = "lee-yu",
    ) -> SpatialPanel:
        """Make the model from a formula such as ``"y ~ x1 + np.log(x2)"``.

        Parameters
        ----------
        formula : str
            Wilkinson formula (formulaic). Its constant is used in pooled models and absorbed by fixed effects.
        data : DataFrame
            Long, either on a two-level index (entity, time) or with the columns `entity` and `time`.
        W : Weights
        entity, time : str
            Columns that name the rows; not used when the index does.
        model, effects, method
            As in `SpatialPanel`.

        Raises
        ------
        InputError
            If the columns are absent or the formula cannot be evaluated; and as `SpatialPanel`.
        """
        from gvcpos.spatial.panel.formula import design

        y, X, intercept = design(formula, data, entity, time)
        return cls(y, X, W, model=model, effects=effects, method=method, intercept=intercept)

    @classmethod
    def from_arrays(
        cls,
        y: npt.ArrayLike,
        X: npt.ArrayLike,
        W: Weights,
        *,
        names: Sequence[str] | None = None,
        times: Sequence[object] | None = None,
        model: SpatialModel = "sdm",
        effects: PanelEffects = "twoway",
        method: PanelMethod = "lee-yu",
        intercept: bool = True,
    ) -> SpatialPanel:
        """Make the model from arrays in the order of W: y (T, N), X (T, N, k); see `SpatialPanel`."""
        made = cls.__new__(cls)
        data = panel_data.from_arrays(y, X, W, names=names, times=times)
        made._setup(data, model, effects, method, intercept)
        return made

    def _setup(self, data: panel_data.PanelData, model: str, effects: str, method: str, intercept: bool) -> None:
        self.model = choose(model, SpatialModel, "model")
        self.effects = choose(effects, PanelEffects, "effects")
        self.method = choose(method, PanelMethod, "method")
        self.data, self._intercept = data, intercept
        self.transformation = Transformation(
            data.weights.n,
            len(data.times),
            self.effects in {"entity", "twoway"},
            self.effects in {"time", "twoway"},
            self.method == "lee-yu" and self.effects != "none",
        )
        check_transformation(self.transformation, data.weights, self.model)
        check_names(data.names, durbin=self.model in {"sdm", "slx"})
        self._arrays, self.regressors = self._design(durbin=self.model in {"sdm", "slx"})
        check_regressors(self._arrays.X, self.regressors, self.transformation)

    @property
    def weights(self) -> Weights:
        """The spatial weights."""
        return self.data.weights

    @cached_property
    def spectrum(self) -> Spectrum:
        """Eigenvalues of W and the admissible interval of the spatial parameter."""
        return spectrum(self.data.weights.matrix)

    def _design(self, *, durbin: bool) -> tuple[PanelArrays, tuple[str, ...]]:
        """Put together constant, regressors and their spatial lags."""
        X, names = self.data.X, self.data.names
        if durbin:
            constant = np.ptp(X, axis=(0, 1)) == 0.0 if self.effects == "none" else np.zeros(X.shape[2], bool)
            lagged = spatial_lag(operator(self.data.weights.matrix), X[:, :, ~constant])
            X = np.concatenate([X, lagged], axis=2)
            kept = (name for name, skip in zip(names, constant, strict=True) if not skip)
            names = (*names, *(LAG_PREFIX + name for name in kept))
        if self._intercept and self.effects == "none" and not _has_constant(self.data.X):
            X = np.concatenate([np.ones((*X.shape[:2], 1)), X], axis=2)
            names = (INTERCEPT, *names)
        return PanelArrays(self.data.y, X, self.transformation, self.spectrum), names

    def fit(self, cov_type: CovarianceType = "information") -> SpatialPanelResults:
        """Estimate.

        Parameters
        ----------
        cov_type : {"information", "hessian", "sandwich"}
            Expected information, observed Hessian, or the sandwich that is robust to non-normal innovations.

        Returns
        -------
        SpatialPanelResults

        Raises
        ------
        EstimationError
            If the likelihood is not finite or a covariance is not positive.

        Warns
        -----
        BoundaryWarning
            If the spatial parameter sits at the edge of its admissible interval.
        """
        choose(cov_type, CovarianceType, "cov_type")
        estimate = self._estimate(cov_type)
        self._warn_at_boundary(estimate)
        return SpatialPanelResults(self, estimate, cov_type)

    def _estimate(self, cov_type: str) -> Estimate:
        fit = {"slx": fit_slx, "sem": fit_error}.get(self.model, fit_lag)
        return fit(self._arrays, cov_type)

    def _warn_at_boundary(self, estimate: Estimate) -> None:
        if estimate.spatial is None:
            return
        lower, upper = self.spectrum.interval
        gap = min(estimate.spatial - lower, upper - estimate.spatial)
        if not estimate.interior or gap < _NEAR * (upper - lower):
            name = "lambda" if self.model == "sem" else "rho"
            warnings.warn(
                f"{name} = {estimate.spatial:.6f} is at the edge of its admissible interval "
                f"({lower:.6f}, {upper:.6f}): the multiplier explodes and standard errors mean little. "
                "Check the model, the effects and W.",
                BoundaryWarning,
                stacklevel=3,
            )

    def lm_tests(self, *, durbin: bool = False) -> tuple[PanelTest, ...]:
        """LM tests for a spatial lag and error, plain and robust, on the chosen fixed effects.

        Parameters
        ----------
        durbin : bool
            Whether the model under the null contains W X.

        Raises
        ------
        InputError
            If the lag model that the tests look at has no transformed likelihood with these weights.
        """
        check_transformation(self.transformation, self.weights, "sar")
        return lm_tests(self._design(durbin=durbin)[0])

    def respecified(self, model: SpatialModel) -> SpatialPanel:
        """Return another model on the same data, effects and method."""
        made = SpatialPanel.__new__(SpatialPanel)
        made._setup(self.data, model, self.effects, self.method, self._intercept)
        return made

    def __repr__(self) -> str:
        t = self.transformation
        return (
            f"<SpatialPanel {self.model}, {self.effects} effects, {self.method}: {t.units} units x {t.periods} periods>"
        )


def _has_constant(X: npt.NDArray[np.float64]) -> bool:
    """Whether a column of X (T, N, k) is constant and not zero."""
    return bool(((np.ptp(X, axis=(0, 1)) == 0.0) & (X[0, 0] != 0.0)).any())
