"""Regressions across countries with errors robust to heteroskedasticity, and a unit-root test for short panels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gvcpos._core.errors import EstimationError


@dataclass(frozen=True, eq=False)
class CrossSection:
    """Slopes without the constant.

    Attributes
    ----------
    params, std_errors : ndarray, shape (k,)
    df : float
        Countries less parameters, the constant counted.
    """

    params: np.ndarray
    std_errors: np.ndarray
    df: float


def hc3(y: np.ndarray, X: np.ndarray) -> CrossSection:
    """Least squares of y, shape (N,), on a constant and X, shape (N, k), with HC3 errors (MacKinnon & White 1985)."""
    design = np.column_stack([np.ones(len(y)), X])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise EstimationError("the regressors do not vary between countries, or are collinear. Leave one out.")
    inverse = np.linalg.inv(design.T @ design)
    b = inverse @ design.T @ y
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    scores = design * ((y - design @ b) / (1 - leverage))[:, None]
    cov = inverse @ scores.T @ scores @ inverse
    return CrossSection(b[1:], np.sqrt(np.diag(cov))[1:], float(len(y) - design.shape[1]))


def instrumented(y: np.ndarray, x: np.ndarray, z: np.ndarray, controls: np.ndarray) -> CrossSection:
    """Two-stage least squares of y on x (instrument z) and controls, shape (N, c), with HC1 errors."""
    one = np.ones(len(y))
    X, Z = np.column_stack([one, x, controls]), np.column_stack([one, z, controls])
    inverse = np.linalg.inv(Z.T @ X)
    b = inverse @ Z.T @ y
    scores = Z * (y - X @ b)[:, None]
    df = len(y) - X.shape[1]
    cov = inverse @ scores.T @ scores @ inverse.T * len(y) / df
    return CrossSection(b[1:], np.sqrt(np.diag(cov))[1:], float(df))


@dataclass(frozen=True, eq=False)
class UnitRoot:
    """A panel against a unit root.

    Attributes
    ----------
    rho : float
        Within estimate of the coefficient on last year's level.
    estimate : float
        It less its mean under a unit root.
    std_error : float
        Under a unit root.
    draws : ndarray, shape (B,)
        Sorted statistics under a unit root.
    """

    rho: float
    estimate: float
    std_error: float
    draws: np.ndarray


def unit_root(y: np.ndarray, draws: int = 999, seed: int = 0) -> UnitRoot:
    """Test a unit root in a panel of few years, shape (N, T + 1), with country effects; year means are taken out first.

    Under y_it = y_i,t−1 + ε_it the within estimate has mean 1 − 3/(T + 1) (Harris & Tzavalis 1999). That moment holds
    country by country: m_i = Σ_t ỹ_i,t−1 (ỹ_it − ỹ_i,t−1) + 3/(T + 1) Σ_t ỹ²_i,t−1 has mean zero whatever the country's
    variance, so that the error comes from Σ m_i², where their own formula wants equal variances (it rejects a unit root
    in one panel of six at variances that differ by a factor of ten). The statistic is compared with draws of random
    walks whose steps are as large as each country's, as m_i is skewed.
    """
    n, years = y.shape
    estimate, error = (float(v[0]) for v in _moments(y[None]))
    steps = np.diff(y - y.mean(axis=0), axis=1)
    sizes = np.sqrt((steps**2).mean(axis=1))
    rng = np.random.default_rng(seed)
    walks = np.cumsum(rng.normal(size=(draws, n, years)) * sizes[:, None], axis=2)
    drawn, errors = _moments(walks)
    return UnitRoot(estimate + 1 - 3 / years, estimate, error, np.sort(drawn / errors))


def _moments(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Within estimates less their mean under a unit root, and errors, of panels (B, N, T + 1)."""
    y = y - y.mean(axis=1, keepdims=True)
    before, after = (part - part.mean(axis=2, keepdims=True) for part in (y[..., :-1], y[..., 1:]))
    size = (before**2).sum(axis=2)
    moments = (before * (after - before)).sum(axis=2) + 3 / y.shape[2] * size
    total = size.sum(axis=1)
    return moments.sum(axis=1) / total, np.sqrt((moments**2).sum(axis=1)) / total
