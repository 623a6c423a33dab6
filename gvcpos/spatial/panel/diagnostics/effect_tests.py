"""Are entity and time effects needed? Likelihood ratios against the model without them.

Elhorst (2014, ch. 3) compares direct likelihoods. Each effect is a parameter there, so that with few periods the
chi-squared distribution, which asks for many observations a parameter, rejects a true null too often: the statistic is
also given with its mean under the null set right. In a regression with normal errors the ratio of the two residual
sums of squares is Beta((n − k)/2, q/2) under the null, so that the mean of LR is n [ψ((n − k + q)/2) − ψ((n − k)/2)]
instead of q (Bartlett 1937), with n observations, k coefficients and q effects tested.

What this does not set right is that time effects bias rho and lambda in the direct likelihood, by the order of 1/N, for
each period (Lee and Yu 2010): it adds about T/N to the statistic. Simulated size of lr_time_bartlett at 5 %, N = 60,
rho = 0.4: 6 % with T = 5, 7.3 % with T = 15; of the others 5 to 6 %.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy.special import digamma

from gvcpos._core.errors import GvcposError
from gvcpos.spatial.panel.diagnostics.tests import PanelTest, chi2_test, undefined

if TYPE_CHECKING:
    from gvcpos.spatial.panel.model import SpatialPanel

_NAMES = {(False, False): "none", (True, False): "entity", (False, True): "time", (True, True): "twoway"}
_NOTE = "Scaled so that its mean under the null is its degrees of freedom (Bartlett)."


def lr_effects(model: SpatialPanel) -> tuple[PanelTest, ...]:
    """Likelihood-ratio tests of entity effects, of time effects, and of both, with the direct likelihood.

    Parameters
    ----------
    model : SpatialPanel
        Entity effects are tested beside its time effects if it has them, time effects beside its entity effects.

    Returns
    -------
    tuple of PanelTest
        lr_entity, lr_time, lr_entity_time, and each with ``_bartlett``. One that cannot be computed, for example
        because entity effects absorb a regressor, is a row with the reason.
    """
    t = model.transformation
    cases = {
        "lr_entity": ((True, t.time), (False, t.time), "no entity effects"),
        "lr_time": ((t.entity, True), (t.entity, False), "no time effects"),
        "lr_entity_time": ((True, True), (False, False), "neither entity nor time effects"),
    }
    found: dict[tuple[bool, bool], tuple[float, int]] = {}
    out: list[PanelTest] = []
    for name, (full, without, hypothesis) in cases.items():
        beside = {"lr_entity": ", given time effects", "lr_time": ", given entity effects"}.get(name, "")
        null = hypothesis + beside * all(full)
        try:
            for effects in (full, without):
                if effects not in found:
                    found[effects] = _loglik(model, effects)
        except GvcposError as error:
            out += [undefined(name, null, str(error)), undefined(f"{name}_bartlett", null, str(error))]
            continue
        (high, k), (low, fewer) = found[full], found[without]
        q, statistic = k - fewer, 2.0 * (high - low)
        scale = bartlett(t.units * t.periods, k, q)
        out.append(chi2_test(name, null, statistic, q))
        out.append(chi2_test(f"{name}_bartlett", null, statistic * scale, q, _NOTE))
    return tuple(out)


def bartlett(n: int, k: int, q: int) -> float:
    """Return what the likelihood ratio is multiplied with so that its mean under the null is q.

    Parameters
    ----------
    n : int
        Observations.
    k : int
        Coefficients of the mean in the larger model.
    q : int
        Of them tested.
    """
    return float(q / (n * (digamma((n - k + q) / 2.0) - digamma((n - k) / 2.0))))


def _loglik(model: SpatialPanel, effects: tuple[bool, bool]) -> tuple[float, int]:
    """Direct log-likelihood with some effects, and how many coefficients its mean has."""
    fitted = model.respecified(effects=_NAMES[effects], method="direct", random_error="baltagi").fit()
    return fitted.loglik, fitted.df_model - 1
