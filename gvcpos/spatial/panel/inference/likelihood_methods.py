"""Intervals and p-values of parameters and effects by the likelihood itself: the methods of a fitted panel.

In SAC and GNS models rho and lambda are hardly told apart: the likelihood is a ridge, estimates are far from normal,
and what rests on standard errors covers less than it says, and rejects more. There the likelihood ratio is default.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2

from gvcpos._core.errors import InputError
from gvcpos._core.options import PanelInterval, choose
from gvcpos.spatial.panel.impacts.averages import averages
from gvcpos.spatial.panel.impacts.effect_points import groups
from gvcpos.spatial.panel.impacts.effects import Simulation, effects_frame
from gvcpos.spatial.panel.impacts.gradients import EFFECTS, mean_own_weight
from gvcpos.spatial.panel.inference.cuts import Sliced, Surface
from gvcpos.spatial.panel.inference.normal import critical_value
from gvcpos.spatial.panel.inference.ratio import Combinations, Ratio, coefficients
from gvcpos.spatial.panel.ml.estimation import columns_of, concentrated
from gvcpos.spatial.panel.ml.period_spectrum import changes

if TYPE_CHECKING:
    from gvcpos.spatial.panel.model import SpatialPanel
    from gvcpos.spatial.panel.results import SpatialPanelResults

Array = npt.NDArray[np.float64]

CLASSICAL = {"information", "hessian"}


class LikelihoodMethods:
    """Intervals and p-values that follow the ridge of the likelihood."""

    cov_type: str

    @cached_property
    def by_likelihood(self) -> bool:
        """Whether `conf_int`, `pvalues` and `effects` are by the likelihood ratio unless told otherwise.

        They are in SAC and GNS with the covariance of the information matrix or the Hessian, unless weights change over
        time beside fixed entity effects. With a robust covariance they are normal: the ratio is chi-squared for normal
        innovations of one variance.
        """
        model = _result(self).model
        both = model.features.lag and model.features.error
        return both and self.cov_type in CLASSICAL and undefined(model) is None

    def conf_int(self, level: float = 0.95, method: PanelInterval = "auto") -> pd.DataFrame:
        """Confidence intervals: columns lower and upper.

        Parameters
        ----------
        level : float
            Between 0 and 1.
        method : {"auto", "normal", "likelihood"}
            "normal" is estimate and standard error. "likelihood" is what the likelihood ratio does not refuse, the
            other parameters estimated anew; for rho and lambda as `profile_intervals`, with the end of the admissible
            interval where that is not refused. "auto" is "likelihood" where `by_likelihood`, in SAC and GNS, and
            "normal" elsewhere.

        Raises
        ------
        InputError
            If there are no intervals by the likelihood: weights that change beside fixed entity effects.
        """
        choose(method, PanelInterval, "method")
        result = _result(self)
        if method == "normal" or (method == "auto" and not self.by_likelihood):
            return super().conf_int(level)  # type: ignore[misc]
        critical_value(level)
        low, high = self.ratio.ends(coefficients(len(result.estimate.beta)), level)
        ends = [*zip(low, high, strict=True), *self.spatial_ends(level).values()]
        return pd.DataFrame(np.array(ends), index=list(result.names), columns=["lower", "upper"])

    def spatial_ends(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Ends of the likelihood-ratio intervals of rho and lambda; those of the admissible one where not refused."""
        ends = dict(zip(("rho", "lambda"), self.ratio.spatial_ends(level)[:2], strict=True))
        return {name: ends[name] for name in _result(self).model.features.spatial}

    @cached_property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values of zero: of the likelihood ratio where `by_likelihood`, else normal."""
        if not self.by_likelihood:
            return super().pvalues  # type: ignore[misc]
        result, ratio = _result(self), self.ratio
        found = ratio.refusals(coefficients(len(result.estimate.beta)))
        values = chi2.sf(np.append(found, [ratio.refusal(name) for name in result.model.features.spatial]), 1)
        return pd.Series(values, index=list(result.model.regressors + result.model.features.spatial), name="pvalue")

    def _likelihood_effects(self, level: float) -> pd.DataFrame:
        """Effects with p-values and intervals of the likelihood ratio, errors of the delta method."""
        result, ratio = _result(self), self.ratio
        critical_value(level)
        frame = effects_frame(result, "delta", Simulation(2, 0, level))
        what = impacts(result)
        frame["pvalue"] = chi2.sf(ratio.refusals(what), 1)
        frame["lower"], frame["upper"] = ratio.ends(what, level)
        frame.attrs["errors"] = "likelihood"
        return frame

    @cached_property
    def ratio(self) -> Ratio:
        """The likelihood around its peak, whose rows are kept."""
        result = _result(self)
        if (why := undefined(result.model)) is not None:
            raise InputError(f"intervals by the likelihood are {why}")
        likelihood, modes = self._concentrated()
        return Ratio(Surface(likelihood, len(result.estimate.beta)), result.estimate.loglik, modes)

    def _concentrated(self) -> tuple[Sliced, Array]:
        """The concentrated likelihood, and lambda, root of phi and height of every mode."""
        result = _result(self)
        panel, features = result.model.arrays, result.model.features
        modes = [(mode.lam, 0.0, mode.loglik) for mode in result.estimate.modes]
        return concentrated(panel, features, columns_of(panel, features).crossed), np.array(modes)


def undefined(model: SpatialPanel) -> str | None:
    """Return why a model has no intervals of all parameters by its likelihood; None where it has."""
    arrays, there = model.arrays, "profile_intervals() and bootstrap() are there"
    if not model.transformation.entity:
        return None
    if model.features.lag and changes(arrays.spectrum) and model.transformation.lee_yu:
        return (
            "not defined with fixed entity effects, method='lee-yu' and weights of the lag that change over time: the "
            "log-likelihood is one whose score has mean zero, no density, and its ratio is another multiple of "
            f"chi-squared for each parameter; {there}, and method='direct' has them unless the error's weights change."
        )
    if model.features.error and changes(arrays.error_spectrum):
        return (
            "not available beside a spatial error whose weights change over time with fixed entity effects, which "
            f"enter as dummies that every point of the likelihood would have to solve for; {there}."
        )
    return None


def _result(asked: LikelihoodMethods) -> SpatialPanelResults:
    return cast("SpatialPanelResults", asked)


def impacts(result: SpatialPanelResults) -> Combinations:
    """Return direct, indirect and total effects of all variables, in the order of `SpatialPanelResults.effects`."""
    variables, with_rho = result.model.design.variables, result.model.features.lag
    own = np.array([variable.own for variable in variables])
    lag = np.array([variable.own if variable.lag is None else variable.lag for variable in variables])
    lagged = np.array([variable.lag is not None for variable in variables])
    members = [(places, V) for places, _, V in groups(result)]

    def weigh(rho: Array) -> tuple[Array, Array]:
        """Averages over (I - rho W)^-1, and over its product with the weights of the lag where there is one."""
        each = np.arange(len(EFFECTS) * len(variables)).reshape(len(EFFECTS), -1)
        a, b = np.zeros((2, each.size, rho.shape[1]))
        for places, V in members:
            rows = each[:, places]
            points = rho if len(rho) == 1 else rho[rows]  # (3, p, n)
            if with_rho:
                found = averages(result.model.spectrum, points.ravel(), V)
                four = [found.own, found.all, found.own_lag, found.all_lag]
            else:
                own_lag, all_lag = mean_own_weight(result.model.weights.matrix if V is None else V)
                four = [np.full(points.size, one) for one in (1.0, 1.0, own_lag, all_lag)]
            at_home, everywhere, at_home_lag, everywhere_lag = (one.reshape(points.shape) for one in four)
            a[rows] = _three(at_home, everywhere, rows.shape)
            b[rows] = _three(at_home_lag, everywhere_lag, rows.shape) * lagged[places][:, None]
        return a, b

    return Combinations(np.tile(own, len(EFFECTS)), np.tile(lag, len(EFFECTS)), weigh, of_rho=with_rho)


def _three(own: Array, everyone: Array, shape: tuple[int, ...]) -> Array:
    """Weights of direct, indirect and total effects, (3, p, n), from averages (3, p, n), or (1, n) for all alike."""
    own, everyone = (np.broadcast_to(one, (*shape, one.shape[-1])) for one in (own, everyone))
    return np.stack([own[0], everyone[1] - own[1], everyone[2]])
