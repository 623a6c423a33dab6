"""Which of the nested models the data ask for: Wald and likelihood-ratio tests on fitted panels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel.diagnostics import PanelTest, chi2_test, common_factor, wald

if TYPE_CHECKING:
    from gvcpos.spatial.panel.results import SpatialPanelResults

_NESTED = {"sdm": ("sar", "sem", "slx")}
_NULLS = {
    "sar": "theta = 0: the Durbin model is a lag model",
    "sem": "theta + rho beta = 0: the Durbin model is an error model",
    "slx": "rho = 0: the Durbin model has no spatial lag",
}


def wald_against(result: SpatialPanelResults, against: str) -> PanelTest:
    """Wald test of a Durbin model against SAR, SEM or SLX; see `SpatialPanelResults.wald`."""
    null = _nested(result, against)
    lags = [name for name in result.model.regressors if name.startswith("W*")]
    own = [name.removeprefix("W*") for name in lags]
    names = [*own, *lags, "rho"]
    theta, rho = result.params[lags].to_numpy(float), float(result.params["rho"])
    k = len(lags)
    if against == "sar":
        value, jacobian = theta, np.hstack([np.zeros((k, k)), np.eye(k), np.zeros((k, 1))])
    elif against == "sem":
        value, jacobian = common_factor(result.params[own].to_numpy(float), theta, rho)
    else:
        value, jacobian = np.array([rho]), np.eye(2 * k + 1)[-1:]
    statistic = wald(value, jacobian, result.cov.loc[names, names].to_numpy(float))
    return chi2_test(f"wald_sdm_{against}", null, statistic, len(value))


def lr_against(result: SpatialPanelResults, against: str) -> PanelTest:
    """Likelihood-ratio test of a Durbin model against a nested one; see `SpatialPanelResults.lr`."""
    null = _nested(result, against)
    restricted = result.model.respecified(against).fit()  # type: ignore[arg-type]
    df = len(result.names) - len(restricted.names)
    return chi2_test(f"lr_sdm_{against}", null, 2.0 * (result.loglik - restricted.loglik), df)


def _nested(result: SpatialPanelResults, against: str) -> str:
    """Return the null, or say what can be tested."""
    allowed = _NESTED.get(result.model.model, ())
    if against not in allowed:
        may = f"Allowed: {', '.join(map(repr, allowed))}." if allowed else "Fit model='sdm' for these tests."
        raise InputError(f"{against!r} is not tested within a model {result.model.model!r}. {may}")
    return _NULLS[against]


def tests_frame(tests: Iterable[PanelTest]) -> pd.DataFrame:
    """Put tests in a frame: index name; null, statistic, distribution, df, pvalue."""
    return pd.DataFrame([asdict(test) for test in tests]).set_index("name")
