"""RAS: the matrix nearest to a prior, in relative entropy, that has given row and column sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError, InputError

FloatArray = npt.NDArray[np.float64]
_TOTALS = 1e-9


@dataclass(frozen=True, eq=False)
class Balanced:
    """What `ras` found.

    Attributes
    ----------
    matrix : ndarray, shape (m, n)
        ``r[:, None] * prior * s``, with the wanted sums.
    iterations : int
        Row and column scalings done.
    error : float
        Largest deviation of a row or column sum, relative to the largest wanted sum on that side.
    """

    matrix: FloatArray
    iterations: int
    error: float


def ras(
    prior: npt.ArrayLike,
    row_sums: npt.ArrayLike,
    column_sums: npt.ArrayLike,
    *,
    tolerance: float = 1e-12,
    max_iterations: int = 10_000,
) -> Balanced:
    """Scale rows and columns of a non-negative prior until both have the wanted sums.

    Parameters
    ----------
    prior : array_like, shape (m, n)
        Non-negative; its zeros stay zero.
    row_sums, column_sums : array_like, shapes (m,) and (n,)
        Non-negative, with equal totals. A wanted sum of zero empties its row or column.
    tolerance : float
        Largest deviation of any sum, relative to that sum, at which the iteration stops.
    max_iterations : int
        Scalings of all rows and all columns before giving up.

    Returns
    -------
    Balanced

    Raises
    ------
    InputError
        If shapes do not fit, a cell or a sum is negative or not finite, the totals differ, or a row or
        column of the prior is empty where a positive sum is wanted.
    EstimationError
        If the iteration does not converge, as when the prior's zeros rule the sums out.

    Notes
    -----
    Biproportional scaling (Stone 1961; Bacharach 1970): r ← R / (P s), s ← C / (P' r).
    """
    P = np.asarray(prior, dtype=np.float64)
    R, C = _checked(P, row_sums, column_sums)
    s = np.ones(P.shape[1])
    error = np.inf
    for iteration in range(1, max_iterations + 1):
        r = _ratio(R, P @ s)
        reached = r @ P
        error = _relative(s * reached, C)
        s = _ratio(C, reached)
        if not (np.isfinite(error) and np.isfinite(s).all()):
            break
        if error <= tolerance:
            return Balanced(r[:, None] * P * s, iteration, error)
    raise EstimationError(
        f"RAS did not converge: after {iteration} iterations a column sum is still off by {error:.3g} of itself "
        f"(tolerance {tolerance:.3g}). The prior's zeros may rule these sums out; fill them or allow more iterations."
    )


def _ratio(wanted: FloatArray, reached: FloatArray) -> FloatArray:
    """Divide, with 0 where nothing is wanted."""
    with np.errstate(divide="ignore", over="ignore"):
        return np.divide(wanted, reached, out=np.zeros_like(wanted), where=wanted > 0)


def _relative(reached: FloatArray, wanted: FloatArray) -> float:
    """Largest deviation relative to the wanted sum, over those wanted positive."""
    positive = wanted > 0
    if not positive.any():
        return 0.0
    return float(np.max(np.abs(reached[positive] / wanted[positive] - 1.0)))


def _checked(P: FloatArray, row_sums: npt.ArrayLike, column_sums: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the wanted sums as arrays, or raise what `ras` says it raises."""
    R, C = (np.asarray(sums, dtype=np.float64) for sums in (row_sums, column_sums))
    if P.ndim != 2 or P.shape != (R.size, C.size) or R.ndim != 1 or C.ndim != 1:
        raise InputError(f"RAS: a prior of shape {P.shape} does not fit {R.shape} row and {C.shape} column sums.")
    for name, values in (("prior", P), ("row sums", R), ("column sums", C)):
        if not np.isfinite(values).all() or (values < 0).any():
            bad = [int(k) for k in np.argwhere(~np.isfinite(values) | (values < 0))[0]]
            raise InputError(f"RAS: {name}{bad} is {values[tuple(bad)]}. All must be finite and not negative.")
    gap = abs(R.sum() - C.sum())
    if gap > _TOTALS * max(R.sum(), C.sum()):
        raise InputError(
            f"RAS: row sums total {R.sum():.12g}, column sums {C.sum():.12g}. They must be equal; scale one side."
        )
    for side, wanted, prior_sums in (("row", R, P.sum(axis=1)), ("column", C, P.sum(axis=0))):
        impossible = np.flatnonzero((wanted > 0) & (prior_sums == 0))
        if impossible.size:
            k = int(impossible[0])
            raise InputError(f"RAS: {side} {k} of the prior is empty, but a sum of {wanted[k]:.6g} is wanted there.")
    return R, C
