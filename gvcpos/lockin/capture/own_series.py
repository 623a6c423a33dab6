"""One country's own slope: its short series against t with few degrees of freedom, serial correlation allowed for.

A series of 6 to 15 years cannot tell its own serial correlation, but the other countries can: all share that of an
AR(1) with noise, which their residuals give free of the bias that fixed effects bring. With it the country's regression
is generalised least squares, whose t statistic has the years less the parameters as degrees of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gvcpos._core.errors import EstimationError
from gvcpos.lockin.common.serial import matching_noisy_ar1, noisy_ar1_root
from gvcpos.lockin.common.within import TwoWay


@dataclass(frozen=True, eq=False)
class OwnFit:
    """Generalised least squares of one series.

    Attributes
    ----------
    params : ndarray, shape (k,)
        Without the constant.
    cov : ndarray, shape (k, k)
    df : float
        Years less parameters, the constant counted.
    """

    params: np.ndarray
    cov: np.ndarray
    df: float


def pooled_autocorrelation(residuals: np.ndarray, entity: np.ndarray, year: np.ndarray) -> tuple[float, float]:
    """Estimate the serial correlation that the errors of all countries share.

    Parameters
    ----------
    residuals : ndarray, shape (n,)
        Of a regression with country and year effects and common slopes.
    entity, year : ndarray of int, shape (n,)

    Returns
    -------
    rho, share : float
        AR(1) coefficient, between 0 and 0.95, and the part of the variance that has it; the rest is noise.

    Notes
    -----
    See `gvcpos.lockin.common.serial.matching_noisy_ar1`; country means are what is taken out.
    """
    series = []
    for code in np.unique(entity):
        rows = np.flatnonzero(entity == code)
        rows = rows[np.argsort(year[rows], kind="stable")]
        when = tuple(int(v) for v in year[rows] - year[rows].min())
        series.append((residuals[rows], when, np.eye(len(rows)) - 1 / len(rows)))
    return matching_noisy_ar1(series)


def own_slopes(y: np.ndarray, X: np.ndarray, year: np.ndarray, rho: float, share: float = 1.0) -> OwnFit:
    """Regress one series on a constant and X by generalised least squares with AR(1) errors and noise.

    Parameters
    ----------
    y : ndarray, shape (T,)
    X : ndarray, shape (T, k)
    year : ndarray of int, shape (T,)
        Gaps are allowed.
    rho, share : float
        See `pooled_autocorrelation`.

    Raises
    ------
    EstimationError
        If fewer than two degrees of freedom are left or X does not vary.
    """
    design = np.column_stack([np.ones(len(y)), X])
    df = len(y) - design.shape[1]
    if df < 2:
        raise EstimationError(
            f"{len(y)} years leave {df} degrees of freedom for {design.shape[1]} parameters. At least 2 are needed: "
            "leave out the square or controls, or ask for a group of countries."
        )
    root = noisy_ar1_root(tuple(int(v) for v in year), rho, share)
    white, outcome = np.linalg.solve(root, design), np.linalg.solve(root, y)
    if np.linalg.matrix_rank(white) < white.shape[1]:
        raise EstimationError("the position does not vary over the years, or the regressors are collinear.")
    inverse = np.linalg.inv(white.T @ white)
    b = inverse @ (white.T @ outcome)
    e = outcome - white @ b
    return OwnFit(b[1:], float(e @ e) / df * inverse[1:, 1:], float(df))


def year_effects(y: np.ndarray, X: np.ndarray, entity: np.ndarray, year: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit slopes and year effects of a two-way regression.

    Returns
    -------
    slopes : ndarray, shape (k,)
    effects : ndarray, shape (T,)
        One a year of ``np.unique(year)``, up to a constant.
    """
    space = TwoWay(entity, year)
    slopes = np.linalg.lstsq(space.residual(X), space.residual(y), rcond=None)[0]
    years = np.unique(year)
    rest = y - X @ slopes
    dummies = np.column_stack([np.equal.outer(entity, np.unique(entity)), np.equal.outer(year, years)[:, 1:]])
    found = np.linalg.lstsq(dummies.astype(float), rest, rcond=None)[0]
    return slopes, np.concatenate([[0.0], found[-(len(years) - 1) :]])
