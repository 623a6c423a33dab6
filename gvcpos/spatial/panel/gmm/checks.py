"""Which covariances generalised moments have: all of a linear regression, fewer with lambda or random effects."""

from __future__ import annotations

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel.gmm.arrays import GmmArrays, Plan
from gvcpos.spatial.panel.inference import clustered
from gvcpos.spatial.panel.random.clustered import BY_PERIOD

_BY_PERIODS = ("cluster-time", "cluster-twoway", "driscoll-kraay")
_ALWAYS = "'robust', 'homoskedastic', 'cluster-entity', 'clustered'"


def check_covariance(plan: Plan, a: GmmArrays) -> None:
    """Refuse a covariance that the model does not have, by name and with the reason.

    Two-stage least squares is linear in the errors, so that they may depend on each other between units of a period as
    well. The moments of lambda are quadratic: their mean is zero only where units are independent of each other.

    Raises
    ------
    InputError
    """
    t = a.transformation
    if plan.cov_type in _BY_PERIODS and (a.random or a.features.error):
        if a.random:
            what, why = "random effects", BY_PERIOD
        else:
            what = "moments of a spatial error"
            why = "their mean is zero only where innovations of different units are uncorrelated in each period"
        allowed = "'homoskedastic'" if a.random and a.features.error else _ALWAYS
        raise InputError(
            f"cov_type={plan.cov_type!r} is not defined for {what}: {why}. Allowed: {allowed}; models without a "
            "spatial error (slx, sar, sdm) have it with fixed effects or none."
        )
    clustered.check(plan.cov_type, t.units, t.periods, plan.bandwidth)
