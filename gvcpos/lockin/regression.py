"""Two-way fixed-effects regressions behind the tests, with errors robust within or across countries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import EstimationError
from gvcpos._core.options import choose
from gvcpos.lockin.within import Codes, absorbed, clustered, driscoll_kraay, least_squares, two_way

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
        If the fixed effects leave no variation in a regressor, or regressors are collinear.

    Notes
    -----
    Clustered errors have the small-sample factor G/(G−1) · (n−1)/(n−k), in which effects nested in clusters are not
    counted, and the reference distribution is t with G−1 degrees of freedom (Cameron & Miller 2015).
    """
    choose(errors, PanelErrors, "errors")
    entity, year = (frame.index.get_level_values(k) for k in (0, 1))
    countries = frame["country"] if group else entity
    entities, years, clusters = _codes(entity), _codes(year), _codes(countries)
    periods = _codes(frame[group].astype(str) + " " + year.astype(str)) if group else years
    X, y = frame[list(regressors)].to_numpy(float), frame[[dependent]].to_numpy(float)
    y, X = np.hsplit(_without_effects(np.hstack([y, X]), entities, periods, regressors, what), [1])
    try:
        slopes, residuals, inverse = least_squares(y[:, 0], X)
    except np.linalg.LinAlgError as error:
        raise EstimationError(f"{what}: {', '.join(regressors)} are collinear. Leave one out.") from error
    if errors == "clustered":
        cov, df = clustered(X, residuals, inverse, clusters), clusters.max()
    else:
        effects = int(entities.max()) + int(periods.max()) + 1
        cov, df = driscoll_kraay(X, residuals, inverse, years, effects), years.max()
    names = list(regressors)
    covariance = pd.DataFrame(cov, index=names, columns=names)
    return Slopes(pd.Series(slopes, index=names), covariance, float(df), len(frame), int(clusters.max()) + 1)


def _without_effects(
    values: npt.NDArray[np.float64], entities: Codes, periods: Codes, regressors: Sequence[str], what: str
) -> npt.NDArray[np.float64]:
    """Take the effects out of (y, X), or say of which regressor they leave nothing."""
    within = two_way(values, entities, periods)
    gone = [regressors[k] for k in absorbed(values[:, 1:], within[:, 1:])]
    if gone:
        raise EstimationError(
            f"{what}: {', '.join(gone)} does not vary within countries over time beyond what all share. "
            "It cannot be told from the fixed effects: leave it out."
        )
    return within


def _codes(labels: pd.Index | pd.Series) -> Codes:
    """Number labels in their sorted order."""
    return np.asarray(pd.factorize(labels, sort=True)[0], dtype=np.intp)


def wald(slopes: Slopes, restrictions: np.ndarray) -> tuple[float, int]:
    """Return the Wald statistic of R b = 0 and its degrees of freedom; `restrictions` is R, shape (q, k)."""
    r = restrictions @ slopes.params.to_numpy()
    middle = restrictions @ slopes.cov.to_numpy() @ restrictions.T
    return float(r @ np.linalg.solve(middle, r)), restrictions.shape[0]
