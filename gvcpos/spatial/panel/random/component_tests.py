"""Are there random effects? Tests of phi = 0, which is at the boundary of what phi may be.

Half of the time the estimate is 0 under the null, so the statistic is 0 with probability ½ and chi2(1) otherwise
(Self and Liang 1987; Honda 1985; Baltagi, Song and Koh 2003).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gvcpos.spatial.panel.diagnostics.tests import PanelTest, one_sided
from gvcpos.spatial.panel.inference.covariance import scaled_inverse
from gvcpos.spatial.panel.random.covariance import information
from gvcpos.spatial.panel.random.estimation import columns, derivatives
from gvcpos.spatial.panel.random.likelihood import random_likelihood

if TYPE_CHECKING:
    from gvcpos.spatial.panel.random.results import RandomPanelResults
    from gvcpos.spatial.panel.results import SpatialPanelResults

NULL = "no random effects: sigma2_mu = 0"


def lr_random(result: RandomPanelResults) -> PanelTest:
    """Likelihood-ratio test of phi = 0.

    Parameters
    ----------
    result : RandomPanelResults

    Returns
    -------
    PanelTest
        Its p-value is that of the mixture ½ chi2(0) + ½ chi2(1).
    """
    return one_sided("lr_random", NULL, 2.0 * (result.loglik - without_effects(result).loglik))


def lm_random(result: RandomPanelResults) -> PanelTest:
    """One-sided LM test of phi = 0, with rho and lambda estimated under the null.

    The score of phi at 0, over the expected information that is left when all other parameters are partialled out.
    Without spatial parameters it is Breusch and Pagan's (1980) statistic in the one-sided form of Honda (1985), with
    a spatial error the conditional test of Baltagi, Song and Koh (2003).

    Parameters
    ----------
    result : RandomPanelResults

    Returns
    -------
    PanelTest
        The squared score where it is positive and 0 elsewhere; the p-value is that of ½ chi2(0) + ½ chi2(1).
    """
    model, null = result.model, without_effects(result).estimate
    panel, features = model.arrays, model.features
    design = columns(panel)
    likelihood = random_likelihood(panel, design, features, kkp=model.choices.random_error == "kkp")
    beta = likelihood.beta(null.rho, null.lam, 0.0)
    score = float(likelihood.evaluate(null.rho, null.lam, 0.0)[1][2])
    kernel = likelihood.kernels.at(null.lam, 0.0)
    pieces = derivatives(panel, design, features, (null.rho, null.lam, beta), kernel)
    variance = scaled_inverse(information(pieces))[-2, -2]
    return one_sided("lm_random", NULL, score**2 * float(variance) if score > 0.0 else 0.0)


def without_effects(result: RandomPanelResults) -> SpatialPanelResults:
    """Estimate the same model without random effects."""
    effects = "time" if result.model.effects == "random-time" else "none"
    return result.model.respecified(effects=effects, method="direct", random_error="baltagi").fit()
