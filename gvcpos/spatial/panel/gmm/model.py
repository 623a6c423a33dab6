"""fit_gmm: a spatial panel by instruments and generalised moments, which need neither normality nor equal variances.

Effects are taken out of y, Wy, X and the instruments after W has been applied: Q(Wy), not W(Qy). With entity effects
everything holds for T fixed. Time effects leave the regression valid for any W; the moments of a spatial error need
rows of M that sum to one, and take J = I − 11'/N into their traces and diagonals, so that their mean is zero for N
finite; the robust covariance of lambda leaves out terms of order 1/N there. The model's `method` plays no part:
observations are counted after the transformation, as Lee and Yu do. Where weights change over time, W_t is applied to
each period before means are out; a spatial error whose weights change has no moments beside fixed entity effects.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import BoundaryWarning, InputError, WeakInstrumentWarning
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos._core.options import GmmCovariance, GmmInstruments, GmmMoments, GmmWeighting, choose
from gvcpos.spatial.panel.gmm.arrays import GmmArrays, GmmEstimate, Plan
from gvcpos.spatial.panel.gmm.checks import check_covariance
from gvcpos.spatial.panel.gmm.fixed import estimate_fixed
from gvcpos.spatial.panel.gmm.random import estimate_random
from gvcpos.spatial.panel.gmm.results import SpatialPanelGmmResults
from gvcpos.spatial.panel.inference.clustered import CLUSTERED, warn_of_few
from gvcpos.spatial.panel.inputs import panel_data
from gvcpos.spatial.panel.inputs.checks import check_outcome, check_regressors
from gvcpos.spatial.panel.inputs.period_checks import check_rows
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.panel.ml.approximation import refuse_approximate
from gvcpos.spatial.weights.periods import PeriodWeights

if TYPE_CHECKING:
    from gvcpos.spatial.panel.model import SpatialPanel

_WEAK = 10.0  # Staiger and Stock (1997)
_NEAR = 1e-3  # share of the admissible interval that counts as its edge
_FIXED, _RANDOM = ("robust", "classical"), ("initial", "weighted", "full")


@dataclass(frozen=True)
class Excluded:
    """The user's instruments in the order of the panel.

    Attributes
    ----------
    columns : ndarray, shape (T, N, m)
    names : tuple of m str
    """

    columns: npt.NDArray[np.float64]
    names: tuple[str, ...]


class GmmMethods:
    """What a spatial panel can do with instruments."""

    def fit_gmm(
        self,
        cov_type: GmmCovariance | None = None,
        *,
        instruments: GmmInstruments = "lags",
        order: int = 2,
        moments: GmmMoments | None = None,
        weighting: GmmWeighting = "2sls",
        endogenous: Iterable[str] | str = (),
        excluded: pd.DataFrame | pd.Series | None = None,
        bandwidth: int | None = None,
    ) -> SpatialPanelGmmResults:
        """Estimate by spatial two-stage least squares and generalised moments.

        Parameters
        ----------
        cov_type : str, optional
            "homoskedastic" is the default where the moments suppose one variance (all but "robust"), else "robust".
            "robust" to different variances of all innovations (with fixed effects after Stock and Watson 2008);
            "cluster-entity", "cluster-time", "cluster-twoway", "driscoll-kraay" as in `fit`; "clustered" by entity
            without the factor N/(N-1).
        instruments : {"lags", "best"}
            Of Wy: X, WX ... W^order X; or E[Wy] = W(I − ρW)⁻¹Xβ at a first step with the lags (Lee 2003).
        order : int
            Of the spatial lags among the instruments.
        moments : {"robust", "classical", "initial", "weighted", "full"}, optional
            Of the spatial error. Without random effects: "robust" (default; Kelejian and Prucha 2010: zero diagonals,
            any variances) or "classical" (Kelejian and Prucha 1999). With random effects those of Kapoor, Kelejian and
            Prucha (2007): "initial", "weighted" by the variances, or "full" (default), by the full covariance.
        weighting : {"2sls", "efficient"}
            Of the instruments: two-stage least squares, or by the inverse of their covariance (Hansen 1982).
        endogenous : str or iterable of str
            Regressors that are correlated with the error; with a Durbin term their spatial lag is too.
        excluded : DataFrame or Series
            Instruments for them that are no regressors, on the panel's rows (entity, time), in any order. Their
            spatial lags join them where the model has Wy, W x or a spatial error.
        bandwidth : int, optional
            Lags of the Driscoll-Kraay covariance; default floor(4 (T/100)^(2/9)).

        Raises
        ------
        InputError, LabelError
            If instruments are too few, rows differ, or a choice is not defined for the model.
        EstimationError
            If the instruments do not identify the model.

        Warns
        -----
        WeakInstrumentWarning, BoundaryWarning, ClusterWarning
            If a first-stage F is below 10, rho or lambda at or beyond its admissible interval's edge, clusters are few.
        """
        panel = cast("SpatialPanel", self)
        refuse_approximate(panel.choices.log_determinant, "fit_gmm, which has no log-determinant,")
        names = (endogenous,) if isinstance(endogenous, str) else tuple(endogenous)
        arrays = _arrays(panel, names, _excluded(panel, excluded))
        covariance = cov_type or _covariance_of(panel, moments)
        plan = _plan(panel, Plan(covariance, instruments, order, moments or "", weighting, bandwidth), arrays)
        found = estimate_random(arrays, plan) if arrays.random else estimate_fixed(arrays, plan)
        result = SpatialPanelGmmResults(panel, found, plan, arrays)
        _warn(panel, found, result)
        return result


def _excluded(panel: SpatialPanel, given: pd.DataFrame | pd.Series | None) -> Excluded:
    """Bring the user's instruments to the order of the panel, by label."""
    data = panel.data
    if given is None:
        return Excluded(np.empty((*data.y.shape, 0)), ())
    aligned = panel_data.from_frames(data.series(data.y, data.y_name), given, data.weights)
    both = [name for name in aligned.names if name in panel.regressors]
    if both:
        raise InputError(
            f"excluded names {enumerate_labels(both)}, which are regressors: exogenous ones are their own instruments. "
            "Leave them out of `excluded`."
        )
    return Excluded(aligned.X, aligned.names)


def _arrays(panel: SpatialPanel, endogenous: tuple[str, ...], excluded: Excluded) -> GmmArrays:
    """Strip the labels."""
    places = locate(endogenous, panel.data.names, "regressor")
    if len(places) > len(excluded.names):
        raise InputError(
            f"order condition: {len(places)} endogenous regressors ({enumerate_labels(endogenous)}) and "
            f"{len(excluded.names)} excluded instruments ({enumerate_labels(excluded.names) or 'none'}). Give at least "
            "one column of `excluded` for each."
        )
    if excluded.names and not len(places):
        raise InputError("`excluded` instruments need `endogenous`: the names of the regressors that they stand for.")
    t = panel.transformation
    t = Transformation(t.units, t.periods, t.entity, t.time, t.entity or t.time)
    check_outcome(panel.data.y, t)
    if excluded.names:
        check_regressors(excluded.columns, excluded.names, t)
    chosen = {panel.data.names[j] for j in places}
    moving = [variable for variable in panel.design.variables if variable.name in chosen]
    columns = sorted({j for variable in moving for j in (variable.own, variable.lag) if j is not None})
    return GmmArrays(
        panel.data.y,
        panel.design.X,
        panel.regressors,
        tuple(columns),
        excluded.columns,
        excluded.names,
        t,
        panel.spectrum,
        panel.error_spectrum,
        panel.features,
        panel.random,
    )


def _covariance_of(panel: SpatialPanel, moments: str | None) -> str:
    """Return the default covariance, which supposes what the moments of a spatial error, named or default, do."""
    one_variance = panel.random if moments is None else moments != "robust"
    return "homoskedastic" if panel.features.error and one_variance else "robust"


def _plan(panel: SpatialPanel, plan: Plan, a: GmmArrays) -> Plan:
    """Refuse what is not defined for the model, and fill in the moments."""
    choose(plan.cov_type, GmmCovariance, "cov_type")
    choose(plan.instruments, GmmInstruments, "instruments")
    choose(plan.weighting, GmmWeighting, "weighting")
    if plan.order < 1:
        raise InputError(f"order={plan.order}: the instruments need spatial lags of at least the first order.")
    if plan.instruments == "best" and (not panel.features.lag or a.endogenous):
        raise InputError(
            "instruments='best' is E[Wy] given exogenous regressors: it needs a model with rho and no `endogenous`. "
            "Take instruments='lags'."
        )
    _check_effects(panel, a)
    check_covariance(plan, a)
    if not panel.features.error:
        if plan.moments:
            raise InputError(
                f"moments={plan.moments!r} are those of a spatial error, and {panel.model} has none. Leave it out, or "
                "take sem, sdem, sac or gns."
            )
        return plan
    allowed = _RANDOM if a.random else _FIXED
    chosen = choose(plan.moments, GmmMoments, "moments") if plan.moments else ("full" if a.random else "robust")
    if chosen not in allowed:
        raise InputError(
            f"moments={chosen!r} is not defined with {panel.effects!r} effects; allowed: "
            f"{', '.join(map(repr, allowed))}."
        )
    if chosen != "robust" and plan.cov_type != "homoskedastic":
        raise InputError(
            f"moments={chosen!r} suppose innovations of one variance; cov_type={plan.cov_type!r} does not. Take "
            "cov_type='homoskedastic'" + (", or moments='robust'." if not a.random else ".")
        )
    return replace(plan, moments=chosen)


def _check_effects(panel: SpatialPanel, a: GmmArrays) -> None:
    if panel.features.error and a.random and panel.choices.random_error != "kkp":
        raise InputError(
            "the moments of Kapoor, Kelejian and Prucha are those of random_error='kkp', where entity effects are "
            f"spatially correlated too; this panel has {panel.choices.random_error!r}. Make it with random_error='kkp'."
        )
    if panel.features.error:
        if isinstance(panel.error_weights, PeriodWeights) and a.transformation.entity:
            raise InputError(
                "fit_gmm has no moments for a spatial error whose weights change over time beside fixed entity "
                "effects: filtered by I - lambda M_t these change over time too, and no means take them out of the "
                "moments. Use fit(), which has their likelihood; error_weights that do not change; effects='random' "
                "with random_error='kkp'; or effects='time' or 'none'."
            )
        check_rows(a.transformation, panel.error_weights)


def _warn(panel: SpatialPanel, found: GmmEstimate, result: SpatialPanelGmmResults) -> None:
    """Warn of weak instruments, of few clusters and of spatial parameters at the edge."""
    t = panel.transformation
    if result.cov_type in CLUSTERED:
        warn_of_few(result.cov_type, (t.units, t.periods), len(result.names))
    for name, value in found.spatial.items():
        lower, upper = (panel.spectrum if name == "rho" else panel.error_spectrum).interval
        if min(value - lower, upper - value) < _NEAR * (upper - lower):
            warnings.warn(
                f"{panel.model} with {panel.effects} effects: {name} = {value:.6f} is at or beyond the edge of its "
                f"admissible interval ({lower:.6f}, {upper:.6f}): effects and standard errors mean little. "
                "Check the model, the effects and W.",
                BoundaryWarning,
                stacklevel=3,
            )
    if result.arrays.instrumented:
        F = result.first_stage()["F"]
        weakest = float(F.min())
        if weakest < _WEAK:
            warnings.warn(
                f"weak instruments: the first-stage F of {F.idxmin()} is {weakest:.2f}, below {_WEAK:.0f}: estimates "
                "lean towards least squares and intervals are too short. Give stronger instruments.",
                WeakInstrumentWarning,
                stacklevel=3,
            )
