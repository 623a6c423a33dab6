"""How much of y a fitted panel explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gvcpos.spatial.panel.estimation import Estimate, PanelArrays
from gvcpos.spatial.panel.impacts import reduced_form


@dataclass(frozen=True)
class FitMeasures:
    """R-squared in three forms.

    Attributes
    ----------
    overall : float
        1 - e'e / sum (y - mean y)^2; the effects count as explained.
    within : float
        1 - e'e / (Qy)'(Qy), with Q taking the effects out.
    corr_squared : float
        Squared correlation of Qy and Q(I - rho W)^-1 X beta (Elhorst 2014, p. 59).
    """

    overall: float
    within: float
    corr_squared: float


def measure(panel: PanelArrays, estimate: Estimate) -> FitMeasures:
    """Compute the measures of a fit."""
    t = panel.transformation
    rss = float((estimate.resids**2).sum())
    target = t.within(panel.y)
    centred = target - target.mean()
    predicted = panel.X @ estimate.beta
    if "rho" in estimate.spatial:
        predicted = reduced_form(panel.spectrum, estimate.rho, predicted)
    correlation = np.corrcoef(target.ravel(), t.within(predicted).ravel())[0, 1]
    return FitMeasures(
        1.0 - rss / float(((panel.y - panel.y.mean()) ** 2).sum()),
        1.0 - rss / float((centred**2).sum()),
        float(correlation**2),
    )
