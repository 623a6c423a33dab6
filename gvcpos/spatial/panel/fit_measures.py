"""How much of y a fitted panel explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.impacts.gradients import reduced_form
from gvcpos.spatial.panel.ml.estimation import Estimate, PanelArrays

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FitMeasures:
    """R-squared in five forms.

    Attributes
    ----------
    overall : float
        1 - e'e / sum (y - mean y)^2; the effects count as explained.
    within : float
        1 - e'e / (Qy)'(Qy), with Q taking the effects out.
    corr_squared : float
        Squared correlation of Qy and Q(I - rho W)^-1 X beta (Elhorst 2014, p. 59).
    between : float
        Squared correlation of the entity means of y and of (I - rho W)^-1 X beta.
    pooled : float
        Squared correlation of y and (I - rho W)^-1 X beta, effects left in y.
    """

    overall: float
    within: float
    corr_squared: float
    between: float
    pooled: float


def measure(panel: PanelArrays, estimate: Estimate) -> FitMeasures:
    """Compute the measures of a fit."""
    t = panel.transformation
    rss = float((estimate.resids**2).sum())
    target = t.within(panel.y)
    centred = target - target.mean()
    predicted = panel.X @ estimate.beta
    if "rho" in estimate.spatial:
        predicted = reduced_form(panel.spectrum, estimate.rho, predicted)
    return FitMeasures(
        1.0 - rss / float(((panel.y - panel.y.mean()) ** 2).sum()),
        1.0 - rss / float((centred**2).sum()),
        _squared_correlation(target, t.within(predicted)),
        _squared_correlation(panel.y.mean(axis=0), predicted.mean(axis=0)),
        _squared_correlation(panel.y, predicted),
    )


def _squared_correlation(a: Array, b: Array) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1] ** 2)
