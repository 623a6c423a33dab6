"""The regression of capture on position and its square for the world, a group of countries, or one country."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError, InputError
from gvcpos.lockin.capture.own_series import own_slopes, pooled_autocorrelation, year_effects
from gvcpos.lockin.capture.slope_models import SlopeModel, stage_sample
from gvcpos.lockin.capture.turning_point import Parabola
from gvcpos.lockin.common.regression import Slopes, twoway
from gvcpos.lockin.common.wild import WildBootstrap, wild_cluster
from gvcpos.lockin.common.within import TwoWay

if TYPE_CHECKING:
    from gvcpos.lockin.common.scope import Scope
    from gvcpos.spatial import Weights

SpatialLags = Literal["slx", "sdm"]
FEWEST_IN_GROUP = 4
FEWEST_OTHERS = 8
FEW_CLUSTERS = 50


@dataclass(frozen=True, eq=False)
class CurveData:
    """The sample of one stage with position centred where the slope is asked for.

    Attributes
    ----------
    frame : DataFrame
        Index (country, year): capture, position (less `at`), its square, controls, spatial lags, and ``member``,
        whether the country is in the scope.
    model : SlopeModel
        Capture, regressors with the position first, weights of just the countries of the sample.
    terms : tuple of str
        Position and, if asked for, its square.
    others : tuple of str
        Controls and spatial lags.
    scope : Scope
    at, low, high : float
        Where the slope is, and the range of the scope's positions.
    what : str
    """

    frame: pd.DataFrame
    model: SlopeModel
    terms: tuple[str, ...]
    others: tuple[str, ...]
    scope: Scope
    at: float
    low: float
    high: float
    what: str


@dataclass(frozen=True, eq=False)
class CurveFit:
    """What a model says about the scope's curve.

    Attributes
    ----------
    curve : Parabola
        The curvature is NaN without a square.
    nobs, ncountries : int
    coefficients : DataFrame
    method : str
        How errors and p-values were found, in words.
    bootstrap : WildBootstrap or None
    facts : mapping of str to float
        Further numbers, such as the AR(1) coefficient.
    """

    curve: Parabola
    nobs: int
    ncountries: int
    coefficients: pd.DataFrame
    method: str
    bootstrap: WildBootstrap | None = None
    facts: Mapping[str, float] = field(default_factory=dict)


def curve_data(
    panel: pd.DataFrame, stage: str, model: SlopeModel, scope: Scope, *, square: bool, at: float | str, spatial: str
) -> CurveData:
    """Take the sample, centre the position, and add the square and the lags."""
    frame, weights = stage_sample(panel, stage, model)
    position, what = model.regressors[0], f"{stage}: capture on position"
    frame = frame.assign(member=frame.index.get_level_values("country").isin(scope.countries))
    inside = frame.loc[frame["member"], position]
    if inside.empty:
        raise EstimationError(f"{what}: {scope.name} has no complete row in this stage.")
    centre = _centre(inside, at)
    frame[position] -= centre
    terms: tuple[str, ...] = (position, f"{position}²") if square else (position,)
    if square:
        frame[terms[1]] = frame[position] ** 2
    others = model.regressors[1:]
    if weights is not None and spatial == "slx":
        lagged = _lags(frame, weights, (*terms, *others))
        frame = frame.join(lagged)
        others = (*others, *lagged.columns)
    model = replace(model, regressors=(*terms, *others), weights=weights)
    return CurveData(frame, model, terms, others, scope, centre, float(inside.min()), float(inside.max()), what)


def _centre(inside: pd.Series, at: float | str) -> float:
    if at == "mean":
        return float(inside.mean())
    if at == "last":
        years = inside.index.get_level_values("year")
        return float(inside[years == years.max()].mean())
    if isinstance(at, str) or not np.isfinite(at):
        raise InputError(f"at={at!r} is not known. Choose 'mean', 'last' or a position.")
    return float(at)


def _lags(frame: pd.DataFrame, weights: Weights, columns: Sequence[str]) -> pd.DataFrame:
    """Return W x of each column and year; the sample with weights is balanced."""
    n = weights.n
    countries = frame.index.get_level_values("country")[:: len(frame) // n]
    matrix = weights.align([str(c) for c in countries]).matrix
    values = {f"W {c}": (matrix @ frame[c].to_numpy().reshape(n, -1)).ravel() for c in columns}
    return pd.DataFrame(values, index=frame.index)


def fit_world(data: CurveData) -> CurveFit:
    """Least squares with all countries in scope."""
    names = [*data.terms, *data.others]
    fit = twoway(data.frame, data.model.capture, names, errors=data.model.errors, what=data.what)
    if data.model.errors == "clustered":
        method = f"errors clustered by country, t with {fit.df:.0f} degrees of freedom"
    else:
        method = f"Driscoll–Kraay errors, t with {fit.df:.0f} degrees of freedom"
    return CurveFit(_parabola(fit, data, data.terms, fit.df), fit.nobs, fit.ncountries, fit.to_frame(), method)


def fit_durbin(data: CurveData) -> CurveFit:
    """Spatial Durbin panel with all countries in scope: coefficient, direct or total effect."""
    from gvcpos.spatial import SpatialPanel

    model, weights = data.model, data.model.weights
    assert weights is not None
    y, X = data.frame[model.capture], data.frame[list(model.regressors)]
    fit = SpatialPanel(y, X, weights, model="sdm", effects="twoway").fit(model.cov_type)
    frame = pd.DataFrame({"estimate": fit.params, "std_error": fit.std_errors, "statistic": fit.tstats})
    frame = frame.rename_axis("regressor").reset_index()
    if model.slope == "coefficient":
        terms = list(data.terms)
        params, cov = fit.params[terms].to_numpy(), fit.cov.loc[terms, terms].to_numpy()
    else:
        table = fit.effects().loc[model.slope].loc[list(data.terms)]
        params, cov = table["estimate"].to_numpy(), np.diag(table["std_error"].to_numpy() ** 2)
    df = weights.n - 1.0 if model.cov_type == "cluster-entity" else None
    curve = _curve(params, cov, data, df)
    return CurveFit(curve, len(y), weights.n, frame, f"spatial Durbin panel, {model.slope}, {model.cov_type} errors")


def fit_group(data: CurveData, draws: int, seed: int) -> CurveFit:
    """Least squares in which a group has its own curve, the years are everyone's, and p-values are bootstrapped.

    The other countries have a curve of their own, so that they only tell what the years brought. With weights the
    neighbours' capture is a control beside the lags of the regressors: shocks that a region's members share would pass
    for more evidence than there is. Under the null it has nothing to do with the position.
    """
    frame, model = data.frame, data.model
    members = frame.loc[frame["member"]].index.get_level_values("country").nunique()
    outside = frame.index.get_level_values("country").nunique() - members
    if members < FEWEST_IN_GROUP:
        raise InputError(
            f"{data.what}: {data.scope.name} has {members} countries with data. A group needs {FEWEST_IN_GROUP}, as "
            "clustered errors rest on their number: ask for each country alone."
        )
    if 0 < outside < 3:
        raise InputError(f"{data.what}: {outside} countries outside {data.scope.name} cannot stand for the others.")
    inside = frame["member"].to_numpy(float)
    columns = {name: frame[name].to_numpy() * inside for name in data.terms}
    if outside:
        columns |= {f"{name} | others": frame[name].to_numpy() * (1 - inside) for name in data.terms}
    columns |= {name: frame[name].to_numpy() for name in data.others}
    if model.weights is not None and outside:
        columns |= {f"W {model.capture}": _lags(frame, model.weights, [model.capture]).to_numpy()[:, 0]}
    sample = pd.DataFrame(columns, index=frame.index).assign(**{model.capture: frame[model.capture]})
    fit = twoway(sample, model.capture, list(columns), what=data.what)
    fit = replace(fit, df=members - 1.0)
    countries = pd.factorize(frame.index.get_level_values("country"))[0]
    space = TwoWay(countries, frame.index.get_level_values("year").to_numpy())
    y, X = sample[model.capture].to_numpy(), sample[list(columns)].to_numpy()
    boot = wild_cluster(y, X, countries, space, draws=draws, seed=seed, effective=members)
    method = f"wild cluster bootstrap ({boot.weights} weights, {draws} draws), null imposed"
    curve = _parabola(fit, data, data.terms, fit.df)
    return CurveFit(curve, int(inside.sum()), members, fit.to_frame(), method, boot)


def fit_country(data: CurveData) -> CurveFit:
    """One country's series: the others' year effects and slopes of controls are taken out of it first."""
    frame, model = data.frame, data.model
    own = frame["member"].to_numpy()
    others = frame[~own]
    entity = pd.factorize(others.index.get_level_values("country"))[0]
    if len(np.unique(entity)) < FEWEST_OTHERS:
        raise InputError(
            f"{data.what}: {len(np.unique(entity))} other countries cannot tell year effects and serial correlation. "
            f"At least {FEWEST_OTHERS} are needed."
        )
    year = others.index.get_level_values("year").to_numpy()
    names = [*data.terms, *data.others]
    y, X = others[model.capture].to_numpy(), others[names].to_numpy()
    slopes, years = year_effects(y, X, entity, year)
    space = TwoWay(entity, year)
    rho, share = pooled_autocorrelation(space.residual(y - X @ slopes), entity, year)
    mine = frame[own]
    when = mine.index.get_level_values("year").to_numpy()
    known = np.isin(when, year)
    mine, when = mine[known], when[known]
    common = years[np.searchsorted(np.unique(year), when)]
    shift = mine[list(data.others)].to_numpy() @ slopes[len(data.terms) :]
    own_y, own_x = mine[model.capture].to_numpy() - common - shift, mine[list(data.terms)].to_numpy()
    fit = own_slopes(own_y, own_x, when, rho, share)
    frame = pd.DataFrame({"regressor": data.terms, "estimate": fit.params, "std_error": np.sqrt(np.diag(fit.cov))})
    frame["statistic"] = frame["estimate"] / frame["std_error"]
    method = (
        f"its own {len(mine)} years, t with {fit.df:.0f} degrees of freedom; errors as those of the other countries, "
        f"AR(1) with coefficient {rho:.2f} in {100 * share:.0f} % of the variance"
    )
    facts = {"ar1": rho, "ar1_share": share}
    return CurveFit(_curve(fit.params, fit.cov, data, fit.df), len(mine), 1, frame, method, facts=facts)


def _parabola(fit: Slopes, data: CurveData, terms: Sequence[str], df: float | None) -> Parabola:
    return _curve(fit.params[list(terms)].to_numpy(), fit.cov.loc[list(terms), list(terms)].to_numpy(), data, df)


def _curve(params: np.ndarray, cov: np.ndarray, data: CurveData, df: float | None) -> Parabola:
    slope, curvature = float(params[0]), float(params[1]) if len(params) > 1 else np.nan
    return Parabola(slope, curvature, cov, df, data.at, data.low, data.high)
