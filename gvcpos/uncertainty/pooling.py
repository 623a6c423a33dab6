"""Rubin's rules: estimates from many draws of the data as one estimate with one covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.uncertainty.cells import FloatArray


@dataclass(frozen=True, eq=False)
class Pooled:
    """Estimates of m data sets pooled.

    Attributes
    ----------
    names : tuple of str
        k parameters.
    params : ndarray, shape (k,)
        Q̄, the mean of the estimates.
    within, between, total : ndarray, shape (k, k)
        Ū, the mean covariance; B, the covariance of the estimates; T = Ū + (1 + 1/m) B.
    df : ndarray, shape (k,)
        Degrees of freedom of t; infinite where the estimates do not differ and complete data have the normal.
    fmi : ndarray, shape (k,)
        Fraction of missing information: the share of the variance that is between draws. Errors in the data make each
        draw noisier too, so that what they add to the variance without them is more.
    increase : ndarray, shape (k,)
        Relative increase in variance r = (1 + 1/m) B/Ū.
    draws : int
    confidence : float
    """

    names: tuple[str, ...]
    params: FloatArray
    within: FloatArray
    between: FloatArray
    total: FloatArray
    df: FloatArray
    fmi: FloatArray
    increase: FloatArray
    draws: int
    confidence: float

    @property
    def std_errors(self) -> FloatArray:
        """√ of the diagonal of T."""
        return np.sqrt(np.diag(self.total))

    @property
    def conf_int(self) -> FloatArray:
        """Interval of t with `df`, shape (k, 2)."""
        half = quantile(self.confidence, self.df) * self.std_errors
        return np.stack([self.params - half, self.params + half], axis=1)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a parameter."""
        low, high = self.conf_int.T
        return pd.DataFrame(
            {
                "parameter": list(self.names),
                "estimate": self.params,
                "std_error": self.std_errors,
                "within": np.sqrt(np.diag(self.within)),
                "between": np.sqrt(np.diag(self.between)),
                "df": self.df,
                "fmi": self.fmi,
                "lower": low,
                "upper": high,
                "draws": self.draws,
            }
        )


def rubin(
    estimates: npt.ArrayLike,
    covariances: npt.ArrayLike,
    *,
    names: Sequence[str] | None = None,
    df_complete: float | None = None,
    confidence: float = 0.95,
) -> Pooled:
    """Pool the estimates of m data sets by the rules of Rubin (1987).

    Parameters
    ----------
    estimates : array_like, shape (m, k) or (m,)
    covariances : array_like, shape (m, k, k), or variances (m, k) or (m,)
    names : sequence of str, optional
    df_complete : float, optional
        Degrees of freedom that the estimate would have without errors in the data; None for the normal. With it
        degrees of freedom are those of Barnard & Rubin (1999, Biometrika 86:948), never more than complete data have.
    confidence : float

    Raises
    ------
    InputError
        If there are fewer than two data sets, shapes do not fit or a number is not finite.

    Notes
    -----
    ν_m = (m − 1)(1 + 1/r)²; with complete-data ν_c: 1/ν = 1/ν_m + 1/ν_o, ν_o = (1 − γ) ν_c (ν_c + 1)/(ν_c + 3),
    γ = (1 + 1/m) B/T. The fraction of missing information is (r + 2/(ν_m + 3))/(r + 1).
    """
    Q, U = _checked(estimates, covariances)
    m, k = Q.shape
    within, between = U.mean(axis=0), np.atleast_2d(np.cov(Q, rowvar=False))
    total = within + (1 + 1 / m) * between
    u, b = np.diag(within), (1 + 1 / m) * np.diag(between)
    increase = np.divide(b, u, out=np.full(k, np.inf), where=u > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        large = np.where(b > 0, (m - 1) * (1 + 1 / increase) ** 2, np.inf)
        fmi = np.where(np.isinf(increase), 1.0, (increase + 2 / (large + 3)) / (increase + 1))
    labels = tuple(names) if names is not None else tuple(f"b{i}" for i in range(k))
    if len(labels) != k:
        raise InputError(f"rubin: {len(labels)} names for {k} parameters.")
    df = _degrees(large, np.divide(b, np.diag(total), out=np.zeros(k), where=np.diag(total) > 0), df_complete)
    return Pooled(labels, Q.mean(axis=0), within, between, total, df, fmi, increase, m, confidence)


def _degrees(large: FloatArray, share: FloatArray, complete: float | None) -> FloatArray:
    """Return ν of Barnard & Rubin, or of Rubin where complete data have the normal."""
    if complete is None or not np.isfinite(complete):
        return large
    observed = (1 - share) * complete * (complete + 1) / (complete + 3)
    with np.errstate(divide="ignore"):
        return 1 / (1 / large + 1 / observed)


def _checked(estimates: npt.ArrayLike, covariances: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    Q, U = np.asarray(estimates, dtype=np.float64), np.asarray(covariances, dtype=np.float64)
    if Q.ndim == 1:
        Q = Q[:, None]
    if U.ndim == 1:
        U = U[:, None]
    if U.ndim == 2:
        U = U[:, :, None] * np.eye(U.shape[1])
    if Q.ndim != 2 or U.shape != (*Q.shape, Q.shape[1]) or len(Q) < 2:
        raise InputError(
            f"rubin: estimates of shape {Q.shape} and covariances of shape {U.shape}; (m, k) and (m, k, k) are needed, "
            "with m of at least 2."
        )
    if not (np.isfinite(Q).all() and np.isfinite(U).all()):
        bad = int(np.flatnonzero(~(np.isfinite(Q).all(axis=1) & np.isfinite(U).all(axis=(1, 2))))[0])
        raise InputError(f"rubin: data set {bad} has an estimate or a covariance that is not finite. Leave it out.")
    return Q, U


def quantile(confidence: float, df: FloatArray) -> FloatArray:
    """Return the two-sided quantile of t; of the normal where `df` is infinite."""
    from scipy import stats

    p = (1 + confidence) / 2
    finite = np.isfinite(df)
    return np.where(finite, stats.t.ppf(p, np.where(finite, df, 1.0)), stats.norm.ppf(p))
