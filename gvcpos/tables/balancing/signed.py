"""GRAS: the matrix with the prior's signs, nearest to it in information, that has given row and column sums."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError, InputError
from gvcpos.tables.balancing.scaling import Balanced

FloatArray = npt.NDArray[np.float64]
_TOTALS = 1e-9


def gras(
    prior: npt.ArrayLike,
    row_sums: npt.ArrayLike,
    column_sums: npt.ArrayLike,
    *,
    tolerance: float = 1e-12,
    max_iterations: int = 10_000,
) -> Balanced:
    """Scale a prior that may have negative cells until its rows and columns have the wanted sums.

    Parameters
    ----------
    prior : array_like, shape (m, n)
        Finite; signs and zeros are kept.
    row_sums, column_sums : array_like, shapes (m,) and (n,)
        Of either sign, with equal totals.
    tolerance : float
        Largest deviation of any sum, relative to the absolute values of the cells that make it up.
    max_iterations : int

    Returns
    -------
    Balanced
        ``matrix`` = r̂ P ŝ − r̂⁻¹ N ŝ⁻¹, where the prior is P − N.

    Raises
    ------
    InputError
        If shapes do not fit, a value is not finite, the totals differ, or the signs of a row or column cannot give
        the wanted sum.
    EstimationError
        If the iteration does not converge, as when zeros and signs rule the sums out.

    Notes
    -----
    Junius & Oosterhaven (2003, Econ. Syst. Res. 15:87), in the form of Lenzen, Wood & Gallego (2007, 19:461): with
    p = P s, q = N s⁻¹, the row factor is the positive root of p r² − R r − q = 0; likewise for columns. A row without
    positive cells has r = −q/R (Temurshoev, Miller & Bouwmeester 2013, 25:361), one without negative cells r = R/p, as
    in RAS. What is minimised is Σ |a| z ln(z/e) with z = x/a.
    """
    A = np.array(prior, dtype=np.float64)
    R, C = _checked(A, row_sums, column_sums)
    _empty(A, R, C)
    P, N = np.maximum(A, 0.0), np.maximum(-A, 0.0)
    s = np.ones(A.shape[1])
    error = np.inf
    for iteration in range(1, max_iterations + 1):
        r = _factor(P @ s, N @ _inverse(s), R)
        positive, negative = r @ P, _inverse(r) @ N
        error = _miss(positive * s, negative * _inverse(s), C)
        s = _factor(positive, negative, C)
        if not (np.isfinite(error) and np.isfinite(s).all()):
            break
        if error <= tolerance:
            X = r[:, None] * P * s - _inverse(r)[:, None] * N * _inverse(s)
            return Balanced(X, iteration, error)
    raise EstimationError(
        f"GRAS did not converge: after {iteration} iterations a column sum is still off by {error:.3g} of its cells "
        f"(tolerance {tolerance:.3g}). The prior's zeros and signs may rule these sums out; fill them or allow more "
        "iterations."
    )


def _factor(positive: FloatArray, negative: FloatArray, wanted: FloatArray) -> FloatArray:
    """Return the root f > 0 of positive·f − negative/f = wanted; 1 where there is nothing to scale.

    The root is written without a difference of like numbers, so that it keeps its digits whatever the sign of
    `wanted` is.
    """
    over = np.abs(wanted) + np.hypot(wanted, 2.0 * np.sqrt(positive) * np.sqrt(negative))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factor = np.where(wanted >= 0, over / (2.0 * positive), 2.0 * negative / over)
    return np.where((positive == 0) & (negative == 0), 1.0, factor)


def _inverse(f: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.asarray(1.0 / f)


def _miss(positive: FloatArray, negative: FloatArray, wanted: FloatArray) -> float:
    """Largest deviation of a sum, relative to the sum of the absolute values of its cells or to itself."""
    scale = np.maximum(positive + negative, np.abs(wanted))
    off = np.abs(positive - negative - wanted)
    return float(np.max(np.divide(off, scale, out=np.zeros_like(off), where=scale > 0), initial=0.0))


def _checked(A: FloatArray, row_sums: npt.ArrayLike, column_sums: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the wanted sums as arrays, or raise what `gras` says it raises."""
    R, C = (np.asarray(sums, dtype=np.float64) for sums in (row_sums, column_sums))
    if A.ndim != 2 or R.ndim != 1 or C.ndim != 1 or A.shape != (R.size, C.size):
        raise InputError(f"GRAS: a prior of shape {A.shape} does not fit {R.shape} row and {C.shape} column sums.")
    for name, values in (("prior", A), ("row sums", R), ("column sums", C)):
        if not np.isfinite(values).all():
            bad = [int(k) for k in np.argwhere(~np.isfinite(values))[0]]
            raise InputError(f"GRAS: {name}{bad} is {values[tuple(bad)]}. All must be finite.")
    gap = abs(R.sum() - C.sum())
    if gap > _TOTALS * max(np.abs(R).sum(), np.abs(C).sum()):
        raise InputError(
            f"GRAS: row sums total {R.sum():.12g}, column sums {C.sum():.12g}. They must be equal; change one side."
        )
    return R, C


def _empty(A: FloatArray, R: FloatArray, C: FloatArray) -> None:
    """Set to zero, in place, rows and columns of one sign of which a sum of zero is wanted; refuse impossible signs."""
    while True:
        filled = np.count_nonzero(A)
        for wanted, cells in ((R, A), (C, A.T)):
            one_sign = (cells >= 0).all(axis=1) | (cells <= 0).all(axis=1)
            cells[(wanted == 0) & one_sign] = 0.0
        if np.count_nonzero(A) == filled:
            break
    for side, wanted, has in (("row", R, A), ("column", C, A.T)):
        impossible = (wanted > 0) & ~(has > 0).any(axis=1) | (wanted < 0) & ~(has < 0).any(axis=1)
        if impossible.any():
            k = int(np.flatnonzero(impossible)[0])
            sign = "positive" if wanted[k] > 0 else "negative"
            raise InputError(
                f"GRAS: {side} {k} of the prior has no {sign} cell, but a sum of {wanted[k]:.6g} is wanted."
            )
