"""Stocks from inflows, and inflows from stocks, by vintage.

Method: inflow-driven and stock-driven dynamic stock models (van der Voet et al. 2002, J. Ind. Ecol. 6(2):39; Müller
2006, Ecol. Econ. 59:142). Leading dimensions are draws; the last one is layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import InputError
from gvcpos._core.options import choose
from gvcpos.flows.stocks.lifetimes import FloatArray

Surplus = Literal["refuse", "scrap", "negative"]


@dataclass(frozen=True, eq=False)
class Cohorts:
    """A stock by vintage: H vintages before the first year, if any, then those of the T years.

    Attributes
    ----------
    inflow : (..., T, L) float array
    stock : (..., T, H + T, L) float array
        At the end of each year, by vintage, the oldest first.
    outflow : (..., T, H + T, L) float array
        During each year, by vintage.
    before : (..., L) float array
        Stock at the end of the year before the first.
    """

    inflow: FloatArray
    stock: FloatArray
    outflow: FloatArray
    before: FloatArray

    @property
    def total(self) -> FloatArray:
        """Stock of all vintages, (..., T, L)."""
        return np.asarray(self.stock.sum(axis=-2))

    @property
    def leaving(self) -> FloatArray:
        """Outflow of all vintages, (..., T, L)."""
        return np.asarray(self.outflow.sum(axis=-2))

    @property
    def change(self) -> FloatArray:
        """What each year adds to the stock, (..., T, L)."""
        return np.diff(self.total, axis=-2, prepend=self.before[..., None, :])

    @property
    def residual(self) -> FloatArray:
        """Inflow less outflow less what the year adds, (..., T, L): 0 but for rounding."""
        return np.asarray(self.inflow - self.leaving - self.change)


def outflow_by_convolution(inflow: npt.ArrayLike, shares: npt.ArrayLike) -> FloatArray:
    """Return outflow[t] = sum over ages a of shares[a] * inflow[t - a].

    Parameters
    ----------
    inflow : (..., T, L) array_like
    shares : (..., A) array_like
        Share of a cohort that leaves at each age.

    Returns
    -------
    (..., T, L) float array
    """
    entering = np.asarray(inflow, dtype=np.float64)
    leaving = np.asarray(shares, dtype=np.float64)[..., None, None]
    years = entering.shape[-2]
    shape = np.broadcast_shapes(leaving.shape[:-3], entering.shape[:-2])
    out = np.zeros((*shape, *entering.shape[-2:]))
    for age in range(min(years, leaving.shape[-3])):
        out[..., age:, :] += leaving[..., age, :, :] * entering[..., : years - age, :]
    return out


def inflow_driven(inflow: npt.ArrayLike, matrix: npt.ArrayLike, legacy: npt.ArrayLike | None = None) -> Cohorts:
    """Return the stock that inflows leave.

    Parameters
    ----------
    inflow : (..., T, L) array_like
    matrix : (..., T, T) array_like
        Share of each vintage (column) left at the end of each year (row), as `cohort_matrix` makes it.
    legacy : (..., T + 1, H, L) array_like, optional
        Older vintages, as `legacy_of_history` or `legacy_of_stock` makes them.
    """
    entering = np.asarray(inflow, dtype=np.float64)
    share = np.asarray(matrix, dtype=np.float64)
    stock = share[..., None] * entering[..., None, :, :]
    start = np.zeros((*stock.shape[:-3], 1, *stock.shape[-2:]))
    came = np.eye(entering.shape[-2])[..., None] * entering[..., None, :, :]
    outflow = came - np.diff(np.concatenate([start, stock], axis=-3), axis=-3)
    if legacy is None:
        return Cohorts(entering, stock, outflow, np.zeros((*stock.shape[:-3], stock.shape[-1])))
    return _with_legacy(entering, stock, outflow, np.asarray(legacy, dtype=np.float64))


def _with_legacy(inflow: FloatArray, stock: FloatArray, outflow: FloatArray, legacy: FloatArray) -> Cohorts:
    """Put older vintages before those of the years."""
    if legacy.shape[-3] != stock.shape[-3] + 1:
        raise InputError(f"older vintages over {legacy.shape[-3]} ends of years: {stock.shape[-3] + 1} are needed.")
    shape = np.broadcast_shapes(legacy.shape[:-3], stock.shape[:-3])
    old = np.broadcast_to(legacy, (*shape, *legacy.shape[-3:]))
    stock, outflow = (np.broadcast_to(array, (*shape, *array.shape[-3:])) for array in (stock, outflow))
    return Cohorts(
        inflow,
        np.concatenate([old[..., 1:, :, :], stock], axis=-2),
        np.concatenate([-np.diff(old, axis=-3), outflow], axis=-2),
        np.asarray(old[..., 0, :, :].sum(axis=-2)),
    )


def stock_driven(
    stock: npt.ArrayLike,
    matrix: npt.ArrayLike,
    legacy: npt.ArrayLike | None = None,
    surplus: Surplus = "refuse",
) -> Cohorts:
    """Return the inflows that make a given stock.

    Year by year, inflow[t] = (stock[t] - what is left of older vintages) / matrix[t, t].

    Parameters
    ----------
    stock : (..., T, L) array_like
        At the end of each year.
    matrix : (..., T, T) array_like
        As in `inflow_driven`.
    legacy : (..., T + 1, H, L) array_like, optional
        As in `inflow_driven`.
    surplus : {"refuse", "scrap", "negative"}
        What to do when more is left than the stock may hold: refuse; scrap at once the same share of every vintage
        (the correction of negative inflows in ODYM); or let the inflow be negative.

    Raises
    ------
    InputError
        If nothing of an inflow is left at the end of its year, or if a surplus is refused.
    """
    choose(surplus, Surplus, "surplus")
    wanted, share = (np.asarray(array, dtype=np.float64) for array in (stock, matrix))
    years, layers = wanted.shape[-2:]
    if not (np.diagonal(share, axis1=-2, axis2=-1) > 0.0).all():
        raise InputError("nothing is left at the end of the year it came in: such a stock says nothing of its inflow.")
    old = np.zeros((years + 1, 0, layers)) if legacy is None else np.asarray(legacy, dtype=np.float64)
    shape = np.broadcast_shapes(wanted.shape[:-2], share.shape[:-2], old.shape[:-3])
    vintages = old.shape[-2] + years
    held = np.zeros((*shape, years + 1, vintages, layers))  # held[t+1]: at the end of year t
    held[..., : old.shape[-2], :] = old
    inflow = np.zeros((*shape, years, layers))
    for t in range(years):
        left = held[..., t + 1, :, :].sum(axis=-2)
        gap = wanted[..., t, :] - left
        if surplus != "negative":
            _reduce(held[..., t + 1 :, :, :], gap, left, t, surplus)
            gap = np.maximum(gap, 0.0)
        inflow[..., t, :] = gap / share[..., t, t, None]
        held[..., t + 1 :, old.shape[-2] + t, :] = share[..., t:, t, None] * inflow[..., t, None, :]
    came = np.zeros((*shape, years, vintages, layers))
    came[..., np.arange(years), old.shape[-2] + np.arange(years), :] = inflow
    before = np.asarray(held[..., 0, :, :].sum(axis=-2))
    return Cohorts(inflow, held[..., 1:, :, :], came - np.diff(held, axis=-3), before)


def _reduce(held: FloatArray, gap: FloatArray, left: FloatArray, year: int, surplus: Surplus) -> None:
    """Scrap what is too much, in place: of a year and of the later ones, the same share of each vintage."""
    too_much = gap < -1e-12 * np.abs(left)
    if surplus == "refuse" and too_much.any():
        worst = np.unravel_index(np.argmin(gap), gap.shape)
        raise InputError(
            f"year {year + 1}: {left[worst]:.6g} is left of older vintages, more than the stock of "
            f"{left[worst] + gap[worst]:.6g}. Give a shorter lifetime or surplus='scrap'."
        )
    keep = np.where(too_much, 1.0 + np.divide(gap, left, out=np.zeros_like(left), where=too_much), 1.0)
    held *= keep[..., None, None, :]
