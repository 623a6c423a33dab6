"""Parameters and covariance in the order and under the names of Stata's xsmle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel.inputs.checks import INTERCEPT, LAG_PREFIX

if TYPE_CHECKING:
    from gvcpos.spatial.panel.dynamics.results import DynamicResults
    from gvcpos.spatial.panel.results import SpatialPanelResults

_SPATIAL = ("rho", "lambda")


@dataclass(frozen=True)
class StataOrder:
    """What xsmle leaves in e(b) and e(V).

    Attributes
    ----------
    params : Series
        Index (equation, name): Main with the past of a dynamic model first, ``L.y`` (tau) and ``L.Wy`` (eta), and
        ``_cons`` last; Wx; Spatial (rho, lambda); Variance (sigma2_e).
    cov : DataFrame
        Their covariance, on the same index both ways.
    """

    params: pd.Series
    cov: pd.DataFrame

    @property
    def std_errors(self) -> pd.Series:
        """Standard errors on the index of `params`."""
        return pd.Series(np.sqrt(np.diag(self.cov)), index=self.params.index, name="std_error")


class ExportMethods:
    """Results for other programs."""

    def to_stata_order(self) -> StataOrder:
        """Return parameters, sigma2 among them, and covariance in xsmle's order (Belotti, Hughes, Mortari 2017).

        xsmle's fixed effects are those of ``method="direct"``; with its option leeyu, of ``"lee-yu"``. Of dynamic
        models ``dlag(1)`` has ``L.y``, ``dlag(2)`` ``L.Wy`` and ``dlag(3)`` both; y is the dependent variable's name.

        Notes
        -----
        The order rests on the article's tables and on the names that xsmle's public code gives its matrices, read, not
        run: sar Main, Spatial rho, Variance; sdm Main, Wx, Spatial rho, Variance; sem Main, Spatial lambda, Variance;
        sac Main, Spatial rho and lambda, Variance; the past first in Main and ``_cons`` last. xsmle has no slx, sdem
        and gns, and no pooled model: theirs is the same order by analogy. Its random effects have a parameter of their
        own scale before sigma2_e (lgt_theta, ln_phi) and are refused here.

        Raises
        ------
        InputError
            If the model has parameters that xsmle's equations have no place for.
        """
        result = cast("SpatialPanelResults | DynamicResults", self)
        names = [*result.names, "sigma2"]
        covariance = result.estimate.covariance
        if len(names) != len(covariance) or result.model.effects.startswith("random"):
            raise InputError(f"effects={result.model.effects!r} have parameters outside Main, Wx, Spatial, Variance.")
        past: tuple[str, ...] = getattr(result.model, "terms", ())
        own = [name for name in result.model.regressors if name != INTERCEPT and not name.startswith(LAG_PREFIX)]
        order = [("Main", name) for name in (*past, *(name for name in own if name not in past))]
        order += [("Main", INTERCEPT)] * (INTERCEPT in names)
        order += [("Wx", name) for name in result.model.regressors if name.startswith(LAG_PREFIX)]
        order += [("Spatial", name) for name in _SPATIAL if name in names]
        order.append(("Variance", "sigma2"))
        place = [names.index(name) for _, name in order]
        y = result.model.data.y_name
        said = {INTERCEPT: "_cons", "sigma2": "sigma2_e"} | ({"tau": f"L.{y}", "eta": f"L.W{y}"} if past else {})
        labels = [(equation, said.get(name, name.removeprefix(LAG_PREFIX))) for equation, name in order]
        index = pd.MultiIndex.from_tuples(labels, names=["equation", "name"])
        values = np.append(result.params.to_numpy(float), result.sigma2)[place]
        cov = pd.DataFrame(covariance[np.ix_(place, place)], index=index, columns=index)
        return StataOrder(pd.Series(values, index=index, name="parameter"), cov)
