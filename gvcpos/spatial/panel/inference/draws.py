"""What a bootstrap found: draws of the parameters and effects, their standard errors, intervals and p-values."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import BoundaryWarning, EstimationError, GvcposWarning, InputError
from gvcpos._core.options import BootstrapInterval, choose
from gvcpos.spatial.panel.inference.normal import critical_value
from gvcpos.spatial.panel.inference.resampling import Recipe

Array = npt.NDArray[np.float64]
EffectsOf = Callable[[Array, Array | None], tuple[Array, Array]]  # parameters and covariances to effects and errors

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
    result : results of a fit
        The fit that was resampled.
    recipe : Recipe
        Kind, unit, weights, draws and seed.
    left_out : int
        Draws without an estimate or a standard error.
    draws : DataFrame, shape (draws kept, parameters)
        Without phi where the draws say nothing on it: those of a wild bootstrap with random effects.
    studentised : bool
        Whether intervals of method "t" and p-values can be had.
    """

    result: Any
    recipe: Recipe
    left_out: int
    draws: pd.DataFrame
    studentised: bool
    _params: Draws
    _effects: Draws | None
    _plain: pd.DataFrame | None

    @property
    def std_errors(self) -> pd.Series:
        """Standard deviations over the draws."""
        return self.draws.std(ddof=1).rename("std_error")

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values of parameter = 0: the share of draws whose |t| exceeds the sample's."""
        self._need_studentised("p-values")
        center, error = self._own
        drawn = np.abs((self._params.estimates - center) / self._params.errors)
        values = (1.0 + (drawn >= np.abs(center / error)).sum(axis=0)) / (1.0 + len(drawn))
        values = np.where(np.isnan(drawn).any(axis=0), np.nan, values)
        return pd.Series(values, index=self.draws.columns, name="pvalue")

    def conf_int(self, level: float = 0.95, method: BootstrapInterval = "t") -> pd.DataFrame:
        """Confidence intervals: columns lower and upper.

        Parameters
        ----------
        level : float
        method : {"t", "percentile"}
            Studentised, estimate less the quantiles of the draws' t times the standard error; or the quantiles of the
            draws themselves. A parameter with a draw that has no standard error (phi at its boundary) has no t.
        """
        lower, upper = self._interval(self._params, self._own, level, method)
        return pd.DataFrame({"lower": lower, "upper": upper}, index=self.draws.columns)

    def effects(self, level: float = 0.95, method: BootstrapInterval = "t") -> pd.DataFrame:
        """Direct, indirect and total effects: the rows of `effects` of the fit; estimate, std_error, lower, upper.

        Raises
        ------
        InputError
            If the bootstrap was made with ``effects=False``.
        """
        if self._effects is None or self._plain is None:
            raise InputError("this bootstrap has no effects: make it with effects=True.")
        plain = self._plain
        shape = self._effects.estimates.shape[1:]
        center, error = (plain[name].to_numpy().reshape(shape) for name in ("estimate", "std_error"))
        lower, upper = self._interval(self._effects, (center, error), level, method)
        columns = {"std_error": self._effects.estimates.std(axis=0, ddof=1), "lower": lower, "upper": upper}
        return plain[["estimate"]].assign(**{name: values.reshape(-1) for name, values in columns.items()})

    @property
    def _own(self) -> tuple[Array, Array]:
        """Estimates and standard errors of the sample."""
        names = list(self.draws.columns)
        return self.result.params[names].to_numpy(), self.result.std_errors[names].to_numpy()

    def _interval(self, drawn: Draws, at: tuple[Array, Array], level: float, method: str) -> tuple[Array, Array]:
        choose(method, BootstrapInterval, "method")
        critical_value(level)
        ends = [0.5 - level / 2.0, 0.5 + level / 2.0]
        if method == "percentile":
            lower, upper = np.quantile(drawn.estimates, ends, axis=0)
            return lower, upper
        self._need_studentised("intervals of method 't'")
        with np.errstate(invalid="ignore"):  # an effect that is zero in every draw has no t, nor has phi at 0
            low, high = np.quantile((drawn.estimates - at[0]) / drawn.errors, ends, axis=0)
        return at[0] - high * at[1], at[0] - low * at[1]

    def _need_studentised(self, what: str) -> None:
        if not self.studentised:
            raise InputError(f"{what} need the draws' standard errors: bootstrap with studentise=True.")

    def __repr__(self) -> str:
        r = self.recipe
        how = r.kind if r.kind == "parametric" else f"wild by {r.by}, {r.weights}"
        return f"<PanelBootstrap {how}: {len(self.draws)} of {r.draws} draws, seed {r.seed}>"


def one_by_one(
    samples: Iterable[Array], estimate: Callable[[Array], tuple[Array, Array]], p: int
) -> tuple[Array, Array]:
    """Estimate every sample on its own.

    Parameters
    ----------
    samples : iterable of ndarray
    estimate : callable
        From a sample to its parameters (p,) and their covariance (p, p).
    p : int

    Returns
    -------
    values, covariances : ndarray, shape (m, p) and (m, p, p)
        NaN where there is no estimate.
    """
    values, covariances = [], []
    for sample in samples:
        value, covariance = np.full(p, np.nan), np.full((p, p), np.nan)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GvcposWarning)  # said of the fit itself
            with contextlib.suppress(EstimationError, np.linalg.LinAlgError):
                value, covariance = estimate(sample)
        values.append(value)
        covariances.append(covariance)
    return np.array(values), np.array(covariances)


def put_together(
    result: Any,
    recipe: Recipe,
    found: tuple[Array, Array],
    *,
    names: tuple[str, ...],
    studentise: bool,
    effects: tuple[EffectsOf, pd.DataFrame] | None,
) -> PanelBootstrap:
    """Leave out draws without an estimate or a covariance, and label the rest.

    Parameters
    ----------
    result : results of a fit
    recipe : Recipe
    found : (ndarray, ndarray), shapes (m, p) and (m, p, p)
        Parameters and covariances; of those only the first `names` are kept, but effects see all.
    names : tuple of str
    studentise : bool
        Whether covariances count.
    effects : (callable, DataFrame) or None
        What makes effects, and those of the fit.

    Raises
    ------
    EstimationError
        If hardly any draw has an estimate.

    Warns
    -----
    BoundaryWarning
        If more than 1 % of the draws were left out.
    """
    values, covariances = found
    kept = np.isfinite(values).all(axis=1) & (np.isfinite(covariances[:, 0, 0]) | (not studentise))
    warn_of_left_out(kept, "have no estimate with a positive variance")
    values, covariances = values[kept], covariances[kept]
    errors = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2)) if studentise else np.empty(0)
    own = slice(0, len(names))
    return PanelBootstrap(
        result,
        recipe,
        int((~kept).sum()),
        pd.DataFrame(values[:, own], columns=list(names)),
        studentise,
        Draws(values[:, own], errors[:, own] if studentise else errors),
        Draws(*effects[0](values, covariances if studentise else None)) if effects else None,
        effects[1] if effects else None,
    )


def warn_of_left_out(kept: npt.NDArray[np.bool_], why: str) -> None:
    """Warn of draws that were left out, or refuse if hardly any is left.

    Raises
    ------
    EstimationError

    Warns
    -----
    BoundaryWarning
    """
    out = int((~kept).sum())
    if kept.sum() < 19:
        raise EstimationError(f"{out} of {len(kept)} bootstrap draws {why}.")
    if out > _LEFT_OUT_WORTH_SAYING * len(kept):
        warnings.warn(
            f"{out} of {len(kept)} bootstrap draws {why} and were left out.",
            BoundaryWarning,
            stacklevel=5,
        )
