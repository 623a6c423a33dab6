"""Two-way fixed-effects regressions behind the tests, with errors robust within or across countries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError
from gvcpos._core.options import choose

PanelErrors = Literal["clustered", "driscoll-kraay"]


@dataclass(frozen=True)
class Slopes:
    """Estimated slopes.

    Attributes
    ----------
    params : Series, shape (k,)
    cov : DataFrame, shape (k, k)
    df : float
        Degrees of freedom of t: clusters less one, or years less one for Driscoll-Kraay.
    nobs, ncountries : int
    """

    params: pd.Series
    cov: pd.DataFrame
    df: float
    nobs: int
    ncountries: int

    @property
    def std_errors(self) -> pd.Series:
        """Standard errors, shape (k,)."""
        return pd.Series(np.sqrt(np.diag(self.cov)), index=self.params.index)

    def to_frame(self) -> pd.DataFrame:
        """Return estimate, standard error and t statistic by regressor."""
        frame = pd.DataFrame({"estimate": self.params, "std_error": self.std_errors})
        frame["statistic"] = frame["estimate"] / frame["std_error"]
        return frame.rename_axis("regressor").reset_index()


def twoway(
    frame: pd.DataFrame,
    dependent: str,
    regressors: Sequence[str],
    *,
    errors: PanelErrors = "clustered",
    what: str,
    group: str | None = None,
) -> Slopes:
    """Regress on country and year fixed effects.

    Parameters
    ----------
    frame : DataFrame
        Index (country, year), or, with `group`, any entity × year index with the columns ``country`` and
        `group`; complete rows.
    dependent : str
    regressors : sequence of str
    errors : {"clustered", "driscoll-kraay"}
        Clustered by country (Arellano 1987), or robust to dependence across countries and over time
        (Driscoll & Kraay 1998), which leans on many years.
    what : str
        Names the regression in error messages.
    group : str, optional
        Column of groups that have year effects of their own (stages stacked); errors are then clustered by the
        column ``country``.

    Raises
    ------
    EstimationError
        If the fixed effects leave no variation in a regressor.

    Notes
    -----
    Effects nested in clusters are not counted in the small-sample factor G/(G−1) of clustered errors, and the
    reference distribution is t with G−1 degrees of freedom (Cameron & Miller 2015).
    """
    choose(errors, PanelErrors, "errors")
    countries = frame["country"] if group else pd.Series(frame.index.get_level_values(0), index=frame.index)
    effects: dict[str, Any] = {"entity_effects": True, "time_effects": group is None}
    if group:
        own_years = frame[group].astype(str) + " " + frame.index.get_level_values(1).astype(str)
        effects["other_effects"] = pd.DataFrame({"own": pd.Categorical(own_years)}, index=frame.index)
    clusters = pd.DataFrame({"country": pd.factorize(countries)[0]}, index=frame.index)
    options: dict[str, Any] = (
        {"cov_type": "clustered", "clusters": clusters, "group_debias": True}
        if errors == "clustered"
        else {"cov_type": "driscoll-kraay"}
    )
    fit = _fit(frame, dependent, regressors, effects, options | {"count_effects": errors != "clustered"}, what=what)
    years = frame.index.get_level_values(1).nunique()
    n = int(countries.nunique())
    df = float(n - 1 if errors == "clustered" else years - 1)
    return Slopes(fit.params, fit.cov, df, int(fit.nobs), n)


def _fit(
    frame: pd.DataFrame,
    dependent: str,
    regressors: Sequence[str],
    effects: dict[str, Any],
    options: dict[str, Any],
    *,
    what: str,
) -> Any:
    """Run the regression; what fails in it is told in the terms of `what`."""
    from linearmodels.panel import PanelOLS
    from linearmodels.panel.utility import AbsorbingEffectError

    named = ", ".join(regressors)
    absorbed = (
        "does not vary within countries over time beyond what all share. It cannot be told from the fixed effects: "
        "leave it out."
    )
    for name in regressors:
        if np.ptp(frame[name].to_numpy(float)) == 0.0:  # linearmodels would take it for the constant
            raise EstimationError(f"{what}: {name} {absorbed}")
    try:
        return PanelOLS(frame[dependent], frame[list(regressors)], **effects).fit(auto_df=False, **options)
    except AbsorbingEffectError as error:
        raise EstimationError(f"{what}: one of {named} {absorbed}") from error
    except ValueError as error:
        raise EstimationError(f"{what}: {named} are collinear ({error}). Leave one out.") from error


def wald(slopes: Slopes, restrictions: np.ndarray) -> tuple[float, int]:
    """Return the Wald statistic of R b = 0 and its degrees of freedom; `restrictions` is R, shape (q, k)."""
    r = restrictions @ slopes.params.to_numpy()
    middle = restrictions @ slopes.cov.to_numpy() @ restrictions.T
    return float(r @ np.linalg.solve(middle, r)), restrictions.shape[0]
