"""What an estimator hands to the pooling: parameters, their covariance and degrees of freedom, whatever made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.linalg import block_diag

from gvcpos._core.errors import EstimationError, InputError
from gvcpos._core.labels import unique
from gvcpos.lockin import LockInTest
from gvcpos.uncertainty.cells import FloatArray


@dataclass(frozen=True, eq=False)
class Estimates:
    """Estimates of one data set.

    Attributes
    ----------
    names : tuple of str
        k parameters.
    params : ndarray, shape (k,)
    cov : ndarray, shape (k, k)
    df : float or None
        Of t; None for the normal.
    """

    names: tuple[str, ...]
    params: FloatArray
    cov: FloatArray
    df: float | None = None

    def __post_init__(self) -> None:
        unique(self.names, "parameters")
        k = len(self.names)
        if self.params.shape != (k,) or self.cov.shape != (k, k):
            raise InputError(
                f"estimates: {k} names, parameters of shape {self.params.shape}, covariance of shape {self.cov.shape}."
            )
        if not (np.isfinite(self.params).all() and np.isfinite(self.cov).all()):
            raise EstimationError(f"an estimate or a covariance of {', '.join(self.names)} is not finite.")

    @property
    def std_errors(self) -> FloatArray:
        """√ of the diagonal of `cov`."""
        return np.sqrt(np.diag(self.cov))


def as_estimates(result: Any) -> Estimates:
    """Take the estimates out of a result.

    Parameters
    ----------
    result : Estimates, LockInTest, fitted model, DataFrame, or a sequence of them
        A fitted model has ``params`` and ``cov`` (linearmodels, `SpatialPanelResults`, the slopes of lock-in tests) or
        ``cov_params()`` (statsmodels). A frame has estimate and std_error, as ``results.effects()``: its index names
        the parameters, which are taken as uncorrelated, as are the results of a sequence. Pooling treats every
        parameter by itself: correlations only matter for joint tests.

    Raises
    ------
    InputError
        If it is none of these.
    EstimationError
        If a number is not finite.
    """
    if isinstance(result, Estimates):
        return result
    if isinstance(result, LockInTest):
        df = result.df if np.isfinite(result.df) else None
        return Estimates((result.name,), np.array([result.estimate]), np.array([[result.std_error**2]]), df)
    if isinstance(result, pd.DataFrame):
        return _of_frame(result)
    if isinstance(result, Sequence) and not isinstance(result, str) and len(result):
        return _stacked([as_estimates(part) for part in result])
    params = getattr(result, "params", None)
    if not isinstance(params, pd.Series):
        raise InputError(
            f"no estimates in a {type(result).__name__}. Return a fitted model, a lock-in test, a frame with estimate "
            "and std_error, or Estimates."
        )
    cov = result.cov if hasattr(result, "cov") else result.cov_params()
    names = tuple(str(name) for name in params.index)
    df = next((getattr(result, name) for name in ("df", "df_resid") if hasattr(result, name)), None)
    degrees = None if df is None or not np.isfinite(df) else float(df)
    return Estimates(names, params.to_numpy(float), np.asarray(cov, dtype=np.float64), degrees)


def _of_frame(frame: pd.DataFrame) -> Estimates:
    absent = [name for name in ("estimate", "std_error") if name not in frame.columns]
    if absent:
        raise InputError(f"a frame of estimates needs the column {absent[0]}; it has {list(frame.columns)}.")
    names = [" ".join(map(str, key)) if isinstance(key, tuple) else str(key) for key in frame.index]
    variances = frame["std_error"].to_numpy(float) ** 2
    return Estimates(tuple(names), frame["estimate"].to_numpy(float), np.diag(variances))


def _stacked(parts: list[Estimates]) -> Estimates:
    names = tuple(name for part in parts for name in part.names)
    known = [part.df for part in parts if part.df is not None]
    cov = np.asarray(block_diag(*(part.cov for part in parts)), dtype=np.float64)
    return Estimates(names, np.concatenate([part.params for part in parts]), cov, min(known) if known else None)
