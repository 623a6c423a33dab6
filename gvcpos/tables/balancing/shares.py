"""Cells cut in two: the parts' shares brought to a wanted sum, the cells themselves staying what they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError

FloatArray = npt.NDArray[np.float64]
_STEPS = 200
_EXACT = 4e-15  # of the first part's cells: what a sum of them rounds to


def shift_shares(
    values: FloatArray, shares: FloatArray, wanted: FloatArray, name: Callable[[int], str] = "row {}".format
) -> FloatArray:
    """Shift the first parts' shares of split cells so that each row's first parts have the wanted sum.

    Parameters
    ----------
    values : ndarray, shape (k, m)
        Cells of k rows, of either sign; each is cut in a first part ``values * shares`` and the rest.
    shares : ndarray, shape (k, m)
        Prior shares in [0, 1]; 0 and 1 stay.
    wanted : ndarray, shape (k,)
        Sums of the first parts.
    name : callable
        Number of a row to words for a message.

    Returns
    -------
    ndarray, shape (k, m)
        New shares.

    Raises
    ------
    EstimationError
        If shares other than 0 and 1 cannot give the wanted sum.

    Notes
    -----
    Each row is the GRAS of a prior with two rows, first part and rest, whose column sums are the cells and whose row
    sums are `wanted` and what is left. All odds are multiplied by one factor f, those of negative cells by 1/f:
    share/(1 − share) → f share/(1 − share). ln f is found by Newton steps on the logarithm of the sum, inside a
    bracket. Shares of 1e-12 keep their relative precision.
    """
    t, low, high = np.zeros(len(values)), np.full(len(values), -700.0), np.full(len(values), 700.0)
    sign = np.sign(values)
    gross = np.abs(values)
    shifted = shares
    for _ in range(_STEPS):
        reached = (values * shifted).sum(axis=1)
        off = wanted - reached
        size = (gross * shifted).sum(axis=1)
        done = np.abs(off) <= _EXACT * np.maximum(size, np.abs(wanted))
        if done.all():
            return shifted
        low, high = np.where(off > 0, t, low), np.where(off < 0, t, high)
        step = _newton(off, reached, wanted, (gross * shifted * (1.0 - shifted)).sum(axis=1))
        tried = np.where(np.isfinite(step), t + step, np.inf)
        inside = (tried > low) & (tried < high)
        new = np.where(inside, tried, 0.5 * (low + high))
        stuck = np.abs(new - t) <= 1e-15 * np.maximum(1.0, np.abs(t))
        _require(done | ~stuck | (np.abs(off) <= 1e-12 * np.maximum(size, np.abs(wanted))), wanted, reached, name)
        if (done | stuck).all():
            return shifted
        t = np.where(done | stuck, t, new)
        shifted = _tilted(shares, sign * t[:, None])
    _require(np.abs(off) <= 1e-12 * np.maximum(size, np.abs(wanted)), wanted, reached, name)
    return shifted


def _newton(off: FloatArray, reached: FloatArray, wanted: FloatArray, slope: FloatArray) -> FloatArray:
    """Step in ln f: on the logarithm of the sum, which is nearly linear for small shares, where both are positive."""
    both = (reached > 0) & (wanted > 0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(both, wanted, 1.0) / np.where(both, reached, 1.0)
        # log1p keeps the last digits of a ratio near one
        logarithm = np.where(np.abs(ratio - 1) < 0.1, np.log1p(off / np.where(both, reached, 1.0)), np.log(ratio))
        return np.where(both, logarithm * reached, off) / slope


def _tilted(shares: FloatArray, t: FloatArray) -> FloatArray:
    """Multiply the odds by exp(t)."""
    down = np.exp(-np.abs(t))
    first, rest = np.where(t < 0, down, 1.0) * shares, np.where(t > 0, down, 1.0) * (1.0 - shares)
    total = first + rest
    # odds so small that they vanish are a share of 0 or 1
    return np.divide(first, total, out=np.where(t < 0, 0.0, 1.0), where=total > 0)


def _require(ok: npt.NDArray[np.bool_], wanted: FloatArray, reached: FloatArray, name: Callable[[int], str]) -> None:
    if ok.all():
        return
    k = int(np.flatnonzero(~ok)[0])
    raise EstimationError(
        f"the parts of {name(k)} cannot sum to {wanted[k]:.6g}: the closest is {reached[k]:.6g}. The cells that have a "
        "share are too small for what is wanted."
    )
