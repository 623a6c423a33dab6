"""The position–capture curve: what one more step upstream does to capture, where a country, group or the world stands.

    capture_it = b1 position_it + b2 position_it² + controls + [spatial lags] + μ_i + α_t + ε_it

The smile of the value chain is a curve: its slope differs along it. What is tested is the marginal slope b1 + 2 b2 p
at the position p of whom is asked about; where the curve turns, and whether it turns within the data at all (Lind &
Mehlum 2010), stand in the details.

All countries of the world share the curve. A group has its own beside that of the others, with common years, and
p-values from a wild cluster bootstrap (`gvcpos.lockin.common.wild`). One country has few years: the others' year
effects are taken out of its series, and generalised least squares with the serial correlation that the others'
residuals share is referred to Student's t with years less parameters as degrees of freedom
(`gvcpos.lockin.capture.own_series`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.options import CovarianceType, choose
from gvcpos.lockin.capture.curve_models import (
    FEW_CLUSTERS,
    CurveData,
    CurveFit,
    SpatialLags,
    curve_data,
    fit_country,
    fit_durbin,
    fit_group,
    fit_world,
)
from gvcpos.lockin.capture.curve_words import curve_sentence, effect_text
from gvcpos.lockin.capture.slope_models import SlopeKind, SlopeModel
from gvcpos.lockin.capture.turning_point import critical, delta_interval, fieller_interval, lind_mehlum
from gvcpos.lockin.common.regression import PanelErrors
from gvcpos.lockin.common.results import Evidence, Inference, LockInTest, infer, require_level
from gvcpos.lockin.common.sample import excluded
from gvcpos.lockin.common.scope import Scope, ScopeLike

if TYPE_CHECKING:
    from gvcpos.spatial import Weights


def position_capture(
    panel: pd.DataFrame,
    stage: str = "upstream",
    *,
    capture: str = "va_rate",
    position: str = "upstreamness",
    controls: Sequence[str] = (),
    square: bool = True,
    at: float | str = "mean",
    weights: Weights | None = None,
    spatial: SpatialLags = "slx",
    slope: SlopeKind = "coefficient",
    scope: ScopeLike = None,
    errors: PanelErrors = "clustered",
    cov_type: CovarianceType = "cluster-entity",
    draws: int = 999,
    seed: int = 0,
    exclude: Iterable[str] = ("ROW",),
    level: float = 0.05,
) -> LockInTest:
    """Test whether a step upstream lowers capture where a scope stands on the curve.

    Parameters
    ----------
    panel, stage, capture, position, controls, slope, cov_type, exclude, level
        As for `position_capture_slope`; `square` adds the square of the position.
    at : {"mean", "last"} or float
        Where the slope is tested: the scope's mean position, its mean in the last year, or a position.
    weights, spatial : Weights; {"slx", "sdm"}
        Adds lags of the regressors, for a group of capture too; ``"sdm"``, of the world: a Durbin panel. See the guide.
    scope : str, list, mapping or None
        The world, a group, or one country.
    errors : {"clustered", "driscoll-kraay"}
        For the world. Driscoll–Kraay errors also stand shocks that pass between countries, but want many years.
    draws, seed : int
        Of the bootstrap of groups and of worlds of fewer than 50 countries.

    Returns
    -------
    LockInTest
        H0: marginal slope ≥ 0 against < 0. ``evidence``: lock-in where < 0 is shown, upgrading where > 0 is, each by a
        one-sided test. ``details``: ``coefficients``, ``readings`` (both p-values), ``method``; with a square
        ``turning_point``, ``shape``, ``curve``.

    Raises
    ------
    GvcposError
        As `position_capture_slope`; for a group of fewer than 4 countries, or a country with fewer than 8 others.
    """
    require_level(level)
    choose(spatial, SpatialLags, "spatial")
    left_out = excluded(exclude)
    whom = Scope.of(scope, panel, left_out)
    model = SlopeModel(capture, (position, *controls), weights, slope, errors, left_out, cov_type)
    if weights is not None and spatial == "sdm" and whom.kind != "world":
        raise InputError(
            f"scope {whom.name!r}: a Durbin panel has one slope for all its countries. Use spatial='slx', or the world."
        )
    data = curve_data(panel, stage, model, whom, square=square, at=at, spatial=spatial)
    fit = _fit(data, durbin=weights is not None and spatial == "sdm", draws=draws, seed=seed)
    return _test(fit, data, stage, level)


def _fit(data: CurveData, *, durbin: bool, draws: int, seed: int) -> CurveFit:
    if durbin:
        return fit_durbin(data)
    if data.scope.kind == "country":
        return fit_country(data)
    few = data.frame.index.get_level_values("country").nunique() < FEW_CLUSTERS
    if data.scope.kind == "group" or (few and data.model.errors == "clustered"):
        return fit_group(data, draws, seed)
    return fit_world(data)


def _infer(fit: CurveFit, level: float) -> tuple[Inference, float, float]:
    """Return the inference on the slope against < 0, and the p-values against < 0 and > 0."""
    error = (
        fit.curve.slope_at(fit.curve.at)[1] if np.isfinite(fit.curve.curvature) else float(fit.curve.cov[0, 0]) ** 0.5
    )
    plain = infer(fit.curve.slope, error, fit.curve.df, level=level, alternative="less")
    boot = fit.bootstrap
    if boot is None:
        return plain, plain.pvalue, 1 - plain.pvalue
    drawn = Inference(
        plain.estimate,
        plain.std_error,
        plain.statistic,
        boot.less,
        boot.interval(level),
        "wild cluster bootstrap",
        plain.df,
        boot.detectable(level),
    )
    return drawn, boot.less, boot.greater


def _test(fit: CurveFit, data: CurveData, stage: str, level: float) -> LockInTest:
    result, less, greater = _infer(fit, level)
    capture, position = data.model.capture, data.terms[0]
    evidence: Evidence = "lock-in" if less < level else "upgrading" if greater < level else "none"
    kind = data.model.slope if data.model.weights is not None and fit.bootstrap is None else "coefficient"
    return LockInTest.of(
        result,
        name=f"position–capture curve: {stage}",
        null=f"marginal slope of {capture} on {position} in {stage} at {data.at:.3g} ≥ 0 (no lock-in)",
        alternative="slope < 0 (lock-in)",
        level=level,
        nobs=fit.nobs,
        ncountries=fit.ncountries,
        sentence=curve_sentence(result, fit, data, stage, pvalues=(less, greater), level=level),
        details=_details(fit, (less, greater), level),
        quantity=f"slope of {capture} on {position}" + (f" ({kind} effect)" if kind != "coefficient" else ""),
        scope=data.scope.name,
        effect=effect_text(result.estimate, capture, position),
        evidence=evidence,
    )


def _details(fit: CurveFit, pvalues: tuple[float, float], level: float) -> dict[str, pd.DataFrame]:
    readings = pd.DataFrame(
        {
            "null": ["slope ≥ 0", "slope ≤ 0"],
            "alternative": ["slope < 0", "slope > 0"],
            "speaks_for": ["lock-in", "upgrading"],
            "pvalue": list(pvalues),
        }
    )
    method: dict[str, Any] = {"method": [fit.method], "position": [fit.curve.at]}
    method |= {name: [value] for name, value in fit.facts.items()}
    details = {"coefficients": fit.coefficients, "readings": readings, "method": pd.DataFrame(method)}
    return details | (shape_frames(fit, level) if np.isfinite(fit.curve.curvature) else {})


def shape_frames(fit: CurveFit, level: float) -> dict[str, pd.DataFrame]:
    """Return ``turning_point``, ``shape`` and ``curve`` of a fit with a square."""
    curve = fit.curve
    (low, high), (near, far) = fieller_interval(curve, level), delta_interval(curve, level)
    turning = {
        "turning_point": curve.turning_point,
        "fieller_low": low,
        "fieller_high": high,
        "delta_low": near,
        "delta_high": far,
        "data_low": curve.low,
        "data_high": curve.high,
    }
    turn = lind_mehlum(curve)
    shape = {"shape": turn.shape, "slope_low": turn.slope_low, "slope_high": turn.slope_high, "pvalue": turn.pvalue}
    x = np.linspace(curve.low, curve.high, 41)
    slopes, errors = np.array([curve.slope_at(float(v)) for v in x]).T
    half = critical(curve.df, level) * errors
    rise = curve.slope * (x - curve.at) + curve.curvature * (x - curve.at) ** 2
    drawn = {"position": x, "capture": rise, "slope": slopes, "slope_low": slopes - half, "slope_high": slopes + half}
    return {
        "turning_point": pd.DataFrame([turning]),
        "shape": pd.DataFrame([shape]),
        "curve": pd.DataFrame(drawn),
    }
