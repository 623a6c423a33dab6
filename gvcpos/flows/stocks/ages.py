"""From a lifetime to whole years: what remains and what leaves at each age, and what older stock does later.

The age of what came in year c is t - c in year t: 0 in the year it came. Stocks are those at the end of a year, flows
those during it. `timing` says when in its year an inflow comes, hence how old it is at the end of the year:

- ``"middle"`` (the default): half a year at the end of its first year, a + 1/2 at age a;
- ``"start"``: a + 1;
- ``"end"``: a. This is the convention of ODYM (Pauliuk & Heeren 2020, J. Ind. Ecol. 24:446), where nothing leaves in
  the year it came unless the lifetime distribution reaches below 0.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import InputError
from gvcpos._core.options import choose
from gvcpos.flows.stocks.lifetimes import FloatArray, Lifetime

Timing = Literal["start", "middle", "end"]
_OFFSET = {"start": 1.0, "middle": 0.5, "end": 0.0}


def remaining_shares(lifetime: Lifetime, ages: int, timing: Timing = "middle") -> FloatArray:
    """Return the share of a cohort still in use at the end of the year in which it has each age.

    Returns
    -------
    (..., A) float array
        Of ages 0 to A-1; ``...`` are the dimensions of the lifetime's parameters.
    """
    choose(timing, Timing, "timing")
    return lifetime.survival(np.arange(ages) + _OFFSET[timing])


def outflow_shares(lifetime: Lifetime, ages: int, timing: Timing = "middle") -> FloatArray:
    """Return the share of a cohort that leaves in the year in which it has each age.

    Outflow of year t is sum over ages a of share[a] * inflow[t - a]; the shares of all ages sum to 1, those of the
    first A ages to 1 less what remains at age A-1.

    Returns
    -------
    (..., A) float array
    """
    remaining = remaining_shares(lifetime, ages, timing)
    return -np.diff(remaining, axis=-1, prepend=1.0)


def cohort_matrix(remaining: npt.ArrayLike, years: int, *, by_vintage: bool = False) -> FloatArray:
    """Arrange shares by age as shares by year and vintage.

    Parameters
    ----------
    remaining : (..., A) or (..., T, A) array_like
        Share that remains at each age; with `by_vintage`, of each vintage its own. A must be T at least.
    years : int
        T.

    Returns
    -------
    (..., T, T) float array
        Share of the inflow of year c (column) still there at the end of year t (row); 0 before it came.
    """
    shares = np.asarray(remaining, dtype=np.float64)
    _enough(shares, years)
    age = np.subtract.outer(np.arange(years), np.arange(years))
    at = np.maximum(age, 0)
    taken = shares[..., np.arange(years)[None, :], at] if by_vintage else shares[..., at]
    return np.where(age >= 0, taken, 0.0)


def age_structure(remaining: npt.ArrayLike, growth: npt.ArrayLike = 0.0) -> FloatArray:
    """Return the shares of a stock by vintage if its inflow has always grown at one rate.

    Parameters
    ----------
    remaining : (..., A) array_like
        Share that remains at each age; what is older than A-1 is left out.
    growth : (...) array_like
        Rate a year of earlier inflows: 0.05 for five per cent.

    Returns
    -------
    (..., A) float array
        Shares that sum to 1, the oldest vintage first.
    """
    shares = np.asarray(remaining, dtype=np.float64)
    weight = shares * (1.0 + np.asarray(growth, dtype=np.float64)[..., None]) ** -np.arange(
        shares.shape[-1], dtype=float
    )
    total = weight.sum(axis=-1, keepdims=True)
    if not (total > 0.0).all():
        raise InputError("nothing remains at any age: a stock of such a lifetime has no ages. Give a longer lifetime.")
    return np.asarray((weight / total)[..., ::-1])


def legacy_of_history(history: npt.ArrayLike, remaining: npt.ArrayLike, years: int) -> FloatArray:
    """Follow inflows of the years before the first.

    Parameters
    ----------
    history : (..., H, L) array_like
        Inflows of the H years before the first, the oldest first.
    remaining : (..., A) array_like
        Share that remains at each age; A must be H + T at least.
    years : int
        T.

    Returns
    -------
    (..., T + 1, H, L) float array
        What is left of each vintage at the end of the year before the first, and of each year after it.
    """
    inflow = np.asarray(history, dtype=np.float64)
    shares = np.asarray(remaining, dtype=np.float64)
    vintages = inflow.shape[-2]
    _enough(shares, vintages + years)
    left = shares[..., np.arange(years + 1)[:, None] + np.arange(vintages)[::-1]]  # (..., T+1, H)
    return np.asarray(left[..., None] * inflow[..., None, :, :])


def left_of_history(history: npt.ArrayLike, remaining: npt.ArrayLike, years: int) -> FloatArray:
    """Return the sums over the vintages of `legacy_of_history`, (..., T + 1, L), for one history (H, L).

    A matrix product of shares by age, so that with many draws nothing is kept by vintage.
    """
    inflow = np.asarray(history, dtype=np.float64)
    shares = np.asarray(remaining, dtype=np.float64)
    vintages, layers = inflow.shape
    _enough(shares, vintages + years)
    weights = np.zeros((shares.shape[-1], years + 1, layers))
    for t in range(years + 1):
        weights[t : t + vintages, t] = inflow[::-1]
    return np.asarray((shares @ weights.reshape(len(weights), -1)).reshape(*shares.shape[:-1], years + 1, layers))


def legacy_of_stock(stock: npt.ArrayLike, remaining: npt.ArrayLike, years: int) -> FloatArray:
    """Follow a stock whose ages are known at the end of the year before the first.

    A vintage of age h leaves as the rest of its cohort: a share R[h+k] / R[h] of it is left k years later. What is
    older than the lifetime allows (R[h] = 0) leaves in the first year.

    Parameters
    ----------
    stock : (..., H, L) array_like
        By vintage, the oldest first: the last came in the year before the first and has age 0.
    remaining : (..., A) array_like
        Share that remains at each age; A must be H + T at least.
    years : int
        T.

    Returns
    -------
    (..., T + 1, H, L) float array
        What is left of each vintage; row 0 is `stock`.
    """
    held = np.asarray(stock, dtype=np.float64)
    shares = np.asarray(remaining, dtype=np.float64)
    vintages = held.shape[-2]
    _enough(shares, vintages + years)
    left = shares[..., np.arange(years + 1)[:, None] + np.arange(vintages)[::-1]]  # (..., T+1, H)
    now = left[..., :1, :]
    relative = np.divide(left, now, out=np.zeros_like(left), where=now > 0.0)
    relative[..., 0, :] = 1.0
    return np.asarray(relative[..., None] * held[..., None, :, :])


def _enough(shares: FloatArray, ages: int) -> None:
    """Refuse shares that end before the oldest age asked for."""
    if shares.shape[-1] < ages:
        raise InputError(f"shares of {shares.shape[-1]} ages: {ages} are needed, from 0 to {ages - 1}.")
