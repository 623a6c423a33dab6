"""Does a variable of the panel have a unit root? Pesaran's CIPS test, which allows for a common factor.

Each unit's Dickey-Fuller regression is augmented with the mean over units of the lagged level and of the differences,
which stand for the common factor (CADF); CIPS is the mean of the t-ratios of the own lagged level. Pesaran (2007,
J. Applied Econometrics 22:265). Its distribution under the null depends on N, T, the lags and the deterministic terms:
p-values here are simulated for exactly these, from independent normal random walks and a stated seed, so that short
panels outside the published tables are covered too. Where the tables (II(a)-(c)) apply, both agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.options import Deterministic, choose
from gvcpos.spatial.panel.diagnostics.tests import PanelTest, undefined

Array = npt.NDArray[np.float64]

# Pesaran (2007, p. 277): t-ratios beyond these are set to them, so that moments exist in short panels.
_BOUNDS = {"none": (-6.12, 4.16), "constant": (-6.19, 2.61), "trend": (-6.42, 1.70)}
_FREE = 4  # degrees of freedom that default lags leave at least
_BLOCK = 200_000  # regressions at once
_SINGULAR = 1e-10
_UNITS = 200  # panels of more units are simulated with so many: the critical values hardly move any more


@dataclass(frozen=True)
class UnitRoot:
    """What the regressions of a CIPS test look like.

    Attributes
    ----------
    deterministic : {"none", "constant", "trend"}
    lags : int
        Of the differences.
    truncated : bool
        Whether extreme t-ratios are cut off as in Pesaran (2007).
    """

    deterministic: str
    lags: int
    truncated: bool


def cips(
    y: Array | pd.DataFrame,
    *,
    deterministic: Deterministic = "constant",
    lags: int | None = None,
    truncated: bool = True,
    draws: int = 1000,
    seed: int = 0,
    name: str = "y",
) -> PanelTest:
    """CIPS test that every unit's series has a unit root.

    Parameters
    ----------
    y : ndarray or DataFrame, shape (T, N)
        A row a period, in order. A Series on (entity, time) is brought to it by ``y.unstack(0)``.
    deterministic : {"none", "constant", "trend"}
        Cases I, II and III of Pesaran (2007).
    lags : int, optional
        Of the differences; default `default_lags`.
    truncated : bool
        Whether extreme t-ratios are cut off.
    draws, seed : int
        Of the distribution under the null.
    name : str
        Of the variable.

    Returns
    -------
    PanelTest
        The statistic is small where a unit root is unlikely; the p-value is the share of draws below it. Where the
        test is not defined (too few periods, a series without variation, one that is the same for all units) a row
        with the reason.

    Raises
    ------
    InputError
        If y is no such table, or a value is missing.
    """
    choose(deterministic, Deterministic, "deterministic")
    T, N = (y := _table(y, name)).shape
    label, null = f"cips_{name}", f"{name} has a unit root in every unit"
    case = UnitRoot(deterministic, default_lags(T, deterministic) if lags is None else int(lags), truncated)
    if case.lags < 0 or draws < 1:
        raise InputError(f"lags={lags} and draws={draws}: lags are 0 or more, draws 1 or more.")
    if _observations(T, case) < _width(case) + 1:
        return undefined(label, null, f"{T} periods are too few for {_width(case)} coefficients a unit.")
    found = cadf(y[None], case)[0]
    if not np.isfinite(found).all():
        bad = int((~np.isfinite(found)).sum())
        return undefined(label, null, f"the regressions of {bad} of {N} units are singular: {name} varies too little.")
    statistic = float(found.mean())
    simulated = null_draws(T, min(N, _UNITS), case, draws, seed)
    pvalue = (1.0 + float((simulated <= statistic).sum())) / (draws + 1.0)
    critical = ", ".join(f"{value:.2f}" for value in np.quantile(simulated, [0.01, 0.05, 0.1]))
    note = (
        f"{deterministic} in the regressions, {case.lags} lags{', truncated' if truncated else ''}; 1, 5 and 10 % "
        f"critical values {critical} from {draws} simulated panels of {min(N, _UNITS)} units (seed {seed})."
    )
    return PanelTest(label, null, statistic, f"CIPS({N}, {T}), simulated", 0, pvalue, note)


def default_lags(periods: int, deterministic: str = "constant") -> int:
    """Lags of the differences: int(T^(1/3)) − 1, fewer where that leaves under four degrees of freedom, 0 at least."""
    lags = max(int(np.cbrt(periods) + 1e-9) - 1, 0)
    while lags > 0:
        case = UnitRoot(deterministic, lags, True)
        if _observations(periods, case) - _width(case) >= _FREE:
            break
        lags -= 1
    return lags


def _table(y: object, name: str) -> Array:
    """Return y as an array of shape (T, N), or say how to make it one."""
    values = np.asarray(y, dtype=float)
    if values.ndim != 2:
        raise InputError(
            f"{name} is a {type(y).__name__} of shape {values.shape}; CIPS takes a table of T periods x N units. "
            "A Series on (entity, time) becomes one by unstack(0)."
        )
    if not np.isfinite(values).all():
        raise InputError(
            f"{name}: {int((~np.isfinite(values)).sum())} of {values.size} values are missing or infinite."
        )
    return values


def cadf(Y: Array, case: UnitRoot) -> Array:
    """t-ratios of the lagged level in every unit's cross-sectionally augmented Dickey-Fuller regression.

    Parameters
    ----------
    Y : ndarray, shape (S, T, N)
        S panels.
    case : UnitRoot

    Returns
    -------
    ndarray, shape (S, N)
        Missing where a regression is singular.
    """
    p, T = case.lags, Y.shape[1]
    D = np.diff(Y, axis=1)
    target, level = D[:, p:], Y[:, p : T - 1]
    own = np.stack([level, *(D[:, p - j : T - 1 - j] for j in range(1, p + 1)), target], axis=3)
    means = own.mean(axis=2)  # (S, n, p+2): lagged level, lagged differences, difference
    n = target.shape[1]
    fixed = [np.ones(n), np.arange(n) - (n - 1) / 2.0][: {"none": 0, "constant": 1, "trend": 2}[case.deterministic]]
    common = np.concatenate([np.broadcast_to(np.array(fixed).T.reshape(n, -1), (len(Y), n, len(fixed))), means], axis=2)
    scale = np.linalg.norm(common, axis=1, keepdims=True)
    Q, R = np.linalg.qr(common / np.where(scale > 0.0, scale, 1.0))
    singular = np.abs(np.diagonal(R, axis1=1, axis2=2)).min(axis=1) < _SINGULAR
    flat = own.reshape(len(Y), n, -1)
    rest = (flat - Q @ (np.swapaxes(Q, 1, 2) @ flat)).reshape(own.shape).transpose(0, 2, 1, 3)  # (S, N, n, p+2)
    out = _t_ratio(rest, n - common.shape[2] - p - 1, np.swapaxes(np.abs(own).max(axis=1), 1, 2).transpose(0, 2, 1))
    out[singular] = np.nan
    return np.clip(out, *_BOUNDS[case.deterministic]) if case.truncated else out


def _t_ratio(Z: Array, df: int, size: Array) -> Array:
    """t-ratio of the first column in the regression of the last on all others, for each of (S, N) data matrices."""
    C = np.swapaxes(Z, 2, 3) @ Z
    k = C.shape[-1] - 1
    pivot = np.diagonal(C, axis1=2, axis2=3)
    bad = (pivot <= (_SINGULAR * size) ** 2).any(axis=2)
    scale = 1.0 / np.sqrt(np.where(pivot > 0.0, pivot, 1.0))
    C = C * scale[..., :, None] * scale[..., None, :]
    C[bad] = np.eye(k + 1)
    bad = bad | (np.abs(np.linalg.det(C[..., :k, :k])) < _SINGULAR)
    C[bad] = np.eye(k + 1)
    inverse = np.linalg.inv(C[..., :k, :k])
    beta = np.einsum("sijk,sik->sij", inverse, C[..., :k, k])
    s2 = (C[..., k, k] - np.einsum("sij,sij->si", beta, C[..., :k, k])) / df
    out = beta[..., 0] / np.sqrt(np.maximum(s2, 1e-300) * inverse[..., 0, 0])
    out[bad] = np.nan
    return np.asarray(out)


@lru_cache(maxsize=32)
def null_draws(periods: int, units: int, case: UnitRoot, draws: int, seed: int) -> Array:
    """CIPS of independent normal random walks, shape (draws,), read-only.

    Parameters
    ----------
    periods, units : int
        T and N.
    case : UnitRoot
    draws, seed : int
    """
    rng = np.random.default_rng(seed)
    at_once = max(1, _BLOCK // units)
    parts = []
    for start in range(0, draws, at_once):
        Y = rng.normal(size=(min(at_once, draws - start), periods, units)).cumsum(axis=1)
        parts.append(cadf(Y, case).mean(axis=1))
    out = np.concatenate(parts)
    out.flags.writeable = False
    return out


def _observations(periods: int, case: UnitRoot) -> int:
    return periods - 1 - case.lags


def _width(case: UnitRoot) -> int:
    """Coefficients of one regression."""
    return {"none": 0, "constant": 1, "trend": 2}[case.deterministic] + 3 + 2 * case.lags
