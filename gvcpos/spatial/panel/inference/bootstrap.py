"""The bootstrap of a fitted panel: wild or parametric, intervals by percentiles or studentised, for effects too.

Every draw makes a sample of y from the fitted model, with the same X, W and effects, and estimates it again. The
studentised interval divides each draw's error by its own standard error, of the kind that was asked of `fit`, and is
the more accurate one (Davidson and MacKinnon 2010 on wild bootstraps; Anselin 1990 for spatial models). The wild
bootstrap by entity keeps dependence over time and different variances; its signs leave e² as it is, so that it says
nothing on sigma2, which is left out. Like the estimator it cannot undo the inconsistency of rho and lambda that unknown
heteroskedasticity brings.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import BoundaryWarning, ClusterWarning, EstimationError, InputError
from gvcpos._core.options import (
    BootstrapInterval,
    BootstrapKind,
    BootstrapUnit,
    WildWeights,
    choose,
)
from gvcpos.spatial.panel.impacts.effects import effects_with_errors
from gvcpos.spatial.panel.inference.clustered import chosen_covariance
from gvcpos.spatial.panel.inference.normal import critical_value
from gvcpos.spatial.panel.inference.refit import Samples, cross_products, maximise_all
from gvcpos.spatial.panel.inference.resampling import Recipe, innovations, lagged_and_transformed, samples
from gvcpos.spatial.panel.inputs.checks import refuse_random
from gvcpos.spatial.panel.ml.estimation import Data, columns_and_effects, derivatives, logdeterminants, transformed

if TYPE_CHECKING:
    from gvcpos.spatial.panel.results import SpatialPanelResults

Array = npt.NDArray[np.float64]

_LEFT_OUT_WORTH_SAYING = 0.01


@dataclass(frozen=True)
class Draws:
    """Estimates and standard errors over the draws.

    Attributes
    ----------
    estimates, errors : ndarray, shape (m, ...)
        Errors are empty without studentisation.
    """

    estimates: Array
    errors: Array


@dataclass(frozen=True, eq=False)
class PanelBootstrap:
    """What a bootstrap found.

    Attributes
    ----------
    result : SpatialPanelResults
        The fit that was resampled.
    recipe : Recipe
        Kind, unit, weights, draws and seed.
    left_out : int
        Draws without an estimate or a standard error.
    draws : DataFrame, shape (draws kept, parameters)
    studentised : bool
        Whether intervals of method "t" and p-values can be had.
    """

    result: SpatialPanelResults
    recipe: Recipe
    left_out: int
    draws: pd.DataFrame
    studentised: bool
    _params: Draws
    _effects: Draws | None

    @property
    def std_errors(self) -> pd.Series:
        """Standard deviations over the draws."""
        return self.draws.std(ddof=1).rename("std_error")

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values of parameter = 0: the share of draws whose |t| exceeds the sample's."""
        self._need_studentised("p-values")
        own = np.abs(self.result.tstats.to_numpy())
        drawn = np.abs((self._params.estimates - self.result.params.to_numpy()) / self._params.errors)
        values = (1.0 + (drawn >= own).sum(axis=0)) / (1.0 + len(drawn))
        return pd.Series(values, index=self.draws.columns, name="pvalue")

    def conf_int(self, level: float = 0.95, method: BootstrapInterval = "t") -> pd.DataFrame:
        """Confidence intervals: columns lower and upper.

        Parameters
        ----------
        level : float
        method : {"t", "percentile"}
            Studentised, estimate less the quantiles of the draws' t times the standard error; or the quantiles of the
            draws themselves.
        """
        center, error = self.result.params.to_numpy(), self.result.std_errors.to_numpy()
        lower, upper = self._interval(self._params, (center, error), level, method)
        return pd.DataFrame({"lower": lower, "upper": upper}, index=self.draws.columns)

    def effects(self, level: float = 0.95, method: BootstrapInterval = "t") -> pd.DataFrame:
        """Direct, indirect and total effects: index (effect, variable); estimate, std_error, lower, upper.

        Raises
        ------
        InputError
            If the bootstrap was made with ``effects=False``.
        """
        if self._effects is None:
            raise InputError("this bootstrap has no effects: make it with effects=True.")
        plain = self.result.effects()
        shape = self._effects.estimates.shape[1:]
        center, error = (plain[name].to_numpy().reshape(shape) for name in ("estimate", "std_error"))
        lower, upper = self._interval(self._effects, (center, error), level, method)
        columns = {"std_error": self._effects.estimates.std(axis=0, ddof=1), "lower": lower, "upper": upper}
        return plain[["estimate"]].assign(**{name: values.reshape(-1) for name, values in columns.items()})

    def _interval(self, drawn: Draws, at: tuple[Array, Array], level: float, method: str) -> tuple[Array, Array]:
        choose(method, BootstrapInterval, "method")
        critical_value(level)
        ends = [0.5 - level / 2.0, 0.5 + level / 2.0]
        if method == "percentile":
            lower, upper = np.quantile(drawn.estimates, ends, axis=0)
            return lower, upper
        self._need_studentised("intervals of method 't'")
        with np.errstate(invalid="ignore"):  # an effect that is zero in every draw has no t
            low, high = np.quantile((drawn.estimates - at[0]) / drawn.errors, ends, axis=0)
        return at[0] - high * at[1], at[0] - low * at[1]

    def _need_studentised(self, what: str) -> None:
        if not self.studentised:
            raise InputError(f"{what} need the draws' standard errors: bootstrap with studentise=True.")

    def __repr__(self) -> str:
        r = self.recipe
        how = r.kind if r.kind == "parametric" else f"wild by {r.by}, {r.weights}"
        return f"<PanelBootstrap {how}: {len(self.draws)} of {r.draws} draws, seed {r.seed}>"


class BootstrapMethods:
    """What results can do with the bootstrap."""

    def bootstrap(
        self,
        kind: BootstrapKind = "wild",
        *,
        by: BootstrapUnit = "entity",
        weights: WildWeights = "rademacher",
        draws: int = 999,
        seed: int = 0,
        effects: bool = True,
        studentise: bool = True,
    ) -> PanelBootstrap:
        """Bootstrap the parameters and effects.

        Parameters
        ----------
        kind : {"wild", "parametric"}
            Residuals with random signs, or normal innovations with variance sigma2, sent through the reduced form.
        by : {"entity", "cell"}
            Of the wild bootstrap: one sign for all periods of an entity, which keeps serial dependence, or one each.
        weights : {"rademacher", "webb"}
            Of the wild bootstrap: ±1, or Webb's six points, for few entities.
        draws, seed : int
            The same seed gives the same bytes.
        effects : bool
            Whether effects are kept as well.
        studentise : bool
            Whether every draw gets standard errors, of this result's kind; they cost most of the time.

        Raises
        ------
        InputError
            If the kind is not defined here, or there are too few draws.
        EstimationError
            If hardly any draw has an estimate.

        Warns
        -----
        BoundaryWarning
            If more than 1 % of the draws were left out.
        """
        if kind in ("pairs", "pairs-entity", "pairs-cell"):
            raise InputError(
                f"kind={kind!r} is not defined for spatial models: drawing entities with replacement takes them out of "
                "the neighbourhoods that W describes. Take kind='wild' by entity, which keeps each in its place."
            )
        result = cast("SpatialPanelResults", self)
        refuse_random(result.model.effects, "bootstrap", "take cov_type='sandwich' for effects that are not normal")
        choose(kind, BootstrapKind, "kind")
        choose(by, BootstrapUnit, "by")
        choose(weights, WildWeights, "weights")
        if draws < 19:
            raise InputError(f"draws={draws}: at least 19 are needed for an interval, and 999 are usual.")
        recipe = Recipe(kind, by, weights, draws, seed)
        return run(result, recipe, effects=effects, studentise=studentise)


def run(result: SpatialPanelResults, recipe: Recipe, *, effects: bool, studentise: bool) -> PanelBootstrap:
    """Run the bootstrap; see `BootstrapMethods.bootstrap`."""
    panel, features = result.model.arrays, result.model.features
    design, within = columns_and_effects(panel, features)
    shared = transformed(panel, design, within, features)
    blocks = []
    for e in innovations(result.estimate, panel.transformation, recipe):
        y = samples(panel, result.estimate, features, e)
        blocks.append(_refit(result, shared, lagged_and_transformed(panel, within, features, y), studentise))
    values, covariances = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    kept = np.isfinite(values).all(axis=1) & np.isfinite(covariances).all(axis=(1, 2))
    _warn_of_left_out(kept)
    values, covariances = values[kept], covariances[kept]
    errors = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2)) if studentise else np.empty(0)
    return PanelBootstrap(
        result,
        recipe,
        int((~kept).sum()),
        pd.DataFrame(values, columns=list(result.names)),
        studentise,
        Draws(values, errors),
        _effects_of(result, values, covariances, studentise) if effects else None,
    )


def _refit(result: SpatialPanelResults, shared: Data, data: Data, studentise: bool) -> tuple[Array, Array]:
    """Return the parameters (m, p) of a block of samples and their covariances (m, p, p), NaN where there is none."""
    model, t = result.model, result.model.transformation
    logdets = logdeterminants(model.arrays, model.features)
    many = Samples(*cross_products(data, shared), *logdets, t.nobs, t.determinants)
    at = maximise_all(many)
    beta = many.beta(at)
    k, p = len(result.estimate.beta), len(result.names)
    values = np.hstack([beta[:, :k], at[:, many.free]])
    covariances = np.zeros((len(values), p, p))
    if studentise:
        keep = np.r_[:k, beta.shape[1] : beta.shape[1] + len(many.free)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ClusterWarning)  # said of the fit itself
            for i in range(len(values)):
                one = _one(data, shared, i)
                covariances[i] = _covariance(result, one, (at[i, 0], at[i, 1], beta[i]), keep)
    return values, covariances


def _covariance(
    result: SpatialPanelResults, data: Data, at: tuple[float, float, Array], keep: npt.NDArray[np.intp]
) -> Array:
    model = result.model
    try:
        pieces = derivatives(model.arrays, data, model.features, at)
        return chosen_covariance(pieces, result.cov_type, result.bandwidth)[np.ix_(keep, keep)]
    except (EstimationError, np.linalg.LinAlgError):
        return np.full((len(keep), len(keep)), np.nan)


def _one(data: Data, shared: Data, i: int) -> Data:
    """Return the data of one sample."""
    Wy, My, MWy = (None if each is None else each[i] for each in (data.Wy, data.My, data.MWy))
    return Data(data.y[i], Wy, shared.X, My, MWy, shared.MX)


def _effects_of(result: SpatialPanelResults, values: Array, covariances: Array, studentise: bool) -> Draws:
    p = len(result.estimate.beta) + ("rho" in result.estimate.spatial)
    sample, cov = values[:, :p], covariances[:, :p, :p]
    estimates, errors = effects_with_errors(result, sample, cov if studentise else None)
    return Draws(estimates, errors)


def _warn_of_left_out(kept: npt.NDArray[np.bool_]) -> None:
    out = int((~kept).sum())
    if kept.sum() < 19:
        raise EstimationError(f"{out} of {len(kept)} bootstrap draws have no estimate with a positive variance.")
    if out > _LEFT_OUT_WORTH_SAYING * len(kept):
        warnings.warn(
            f"{out} of {len(kept)} bootstrap draws have no estimate with a positive variance and were left out.",
            BoundaryWarning,
            stacklevel=4,
        )
