"""From arrays to the estimate of a dynamic panel: the maximum of the likelihood, its bias taken out, a covariance.

Covariances clustered by entity or period sum the score's contributions as with a static panel (`inference.clustered`),
y_{t-1} and W y_{t-1} counting as regressors. That needs innovations that their past does not predict: their variance
may then change between units and over time, and they may depend on each other within a period (but for rho and lambda:
see there). At estimates that are corrected the contributions sum to the score's expectation and not to zero; every cell
loses an equal share of it. Serially correlated innovations are correlated with y_{t-1}, so that tau itself is
inconsistent, and no covariance repairs that: Driscoll and Kraay's stands dependence between units here, not over time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gvcpos.spatial.panel.dynamics.bias import Lagged
from gvcpos.spatial.panel.dynamics.correction import adjusted_covariance, adjusted_root, one_step, score, slope
from gvcpos.spatial.panel.inference.clustered import CLUSTERED, check, clustered_covariance
from gvcpos.spatial.panel.inference.covariance import covariance, hessian, information
from gvcpos.spatial.panel.ml.estimation import Array, Estimate, PanelArrays, fit
from gvcpos.spatial.panel.models import Features

_CORRECT = {"asymptotic": one_step, "finite": adjusted_root}


@dataclass(frozen=True)
class How:
    """How a dynamic panel is estimated.

    Attributes
    ----------
    cov_type : str
        One of `DynamicCovariance`.
    correction : {"asymptotic", "finite", "none"}
    bandwidth : int or None
        Of Driscoll-Kraay.
    """

    cov_type: str
    correction: str
    bandwidth: int | None = None


def estimated(panel: PanelArrays, features: Features, lagged: Lagged, how: How) -> tuple[Estimate, Estimate]:
    """Return the estimate with its covariance, and the maximum of the likelihood before the correction.

    Raises
    ------
    InputError
        If the panel is too short for the covariance, or a bandwidth is given to one that has none.
    EstimationError
        If the likelihood is not finite, a covariance is not positive, or the correction does not exist.
    """
    check(how.cov_type, panel.transformation.units, panel.transformation.periods, how.bandwidth)
    raw = fit(panel, features, "information")
    estimate = raw if how.correction == "none" else _CORRECT[how.correction](panel, features, raw, lagged)
    return replace(estimate, covariance=_covariance(panel, estimate, lagged, how)), raw


def _covariance(panel: PanelArrays, estimate: Estimate, lagged: Lagged, how: How) -> Array:
    at = "".join(f" at {name} = {value:.6f}" for name, value in estimate.spatial.items())
    if how.cov_type in CLUSTERED:
        bread, pieces = curvature(panel, estimate, lagged, how.correction), estimate.pieces
        return clustered_covariance(pieces, bread, how.cov_type, how.bandwidth, at=at, score=score(pieces))
    if how.correction == "finite":
        return adjusted_covariance(panel, estimate, lagged, how.cov_type, at)
    return covariance(estimate.pieces, how.cov_type, at)


def curvature(panel: PanelArrays, estimate: Estimate, lagged: Lagged, correction: str) -> Array:
    """Return minus the slope of the estimating equation: the Hessian, and the slope of b where that is solved."""
    H = hessian(estimate.pieces)
    if correction != "finite":
        return H
    return np.asarray(H + slope(panel, estimate, lagged) - information(estimate.pieces))
