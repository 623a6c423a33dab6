"""How published sector indices add up to stages: which flow each is a ratio to, so that a stage is a ratio of sums.

A length or share of a sector is a ratio of two flows; a stage's is the ratio of their sums, the mean of the sectors'
weighted by the denominator. Where the publisher gives no denominator, nothing is aggregated. Pure functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Columns = Mapping[str, FloatArray]

SUMS = (
    "x",
    "va",
    "zuse",
    "zsales",
    "y",
    "exports",
    "GVC",
    "GVCF",
    "GVCB",
    "gvc_production",
    "vax_sector",
    "vax_origin",
)
_RATIOS = (
    ("direct_input_share", "zuse", "x"),
    ("direct_sales_share", "zsales", "x"),
    ("vax_in_va", "vax_origin", "va"),
    ("vax_in_exports", "vax_sector", "exports"),
)
_GVC_PARTS = ("", "_home", "_crossings", "_abroad")


@dataclass(frozen=True)
class Denominator:
    """The flow that a measure is a ratio to.

    Attributes
    ----------
    text : str
        In words, for the panel's ``attrs``.
    columns : tuple of str
        What must be published for it.
    flow : callable
        From these columns, shape (rows, sectors), to the flow of the same shape.
    """

    text: str
    columns: tuple[str, ...]
    flow: Callable[[Columns], FloatArray]


def _of(column: str, text: str) -> Denominator:
    return Denominator(f"{column} ({text})", (column,), lambda c: c[column])


def _backward_flow(columns: Columns) -> FloatArray:
    """Final output made in value chains abroad: y times the import content of a unit; no final output, no flow."""
    share, final = columns["gvcp_trade_backward"], columns["y"]
    return np.where(final == 0, 0.0, share * final)


_OUTPUT, _VALUE, _FINAL = _of("x", "gross output"), _of("va", "value added"), _of("y", "final output")
_EXPORTS, _FORWARD = _of("exports", "gross exports"), _of("gvc_production", "value added sold into value chains abroad")
# In Wang et al. (2017a) the share of y_j that comes through value chains abroad is 1 − (v_s L_ss)_j. That is also the
# share FVA + FDC + DDC in the gross exports of the sector (Borin and Mancini 2023), which publishers print.
_BACKWARD = Denominator(
    "gvcp_trade_backward × y (final output through value chains abroad)", ("gvcp_trade_backward", "y"), _backward_flow
)
DENOMINATORS: Mapping[str, Denominator] = {
    **dict.fromkeys(("va_rate", "fgo", "upstreamness", "downstreamness"), _OUTPUT),
    **dict.fromkeys(("direct_input_share", "direct_sales_share"), _OUTPUT),
    "vax_in_va": _VALUE,
    "vax_in_exports": _EXPORTS,
    **dict.fromkeys(("plv", "wwyz_forward"), _VALUE),
    **dict.fromkeys(("ply", "wwyz_backward"), _FINAL),
    **{f"plv_gvc{part}": _FORWARD for part in _GVC_PARTS},
    **{f"ply_gvc{part}": _BACKWARD for part in _GVC_PARTS},
    **dict.fromkeys(("gvcp_trade", "gvcp_trade_forward", "gvcp_trade_backward"), _EXPORTS),
}


def derived(columns: Columns) -> dict[str, FloatArray]:
    """Return the measures that follow, sector by sector, from the published ones by an identity.

    PLv is U and PLy is D; v = va/x; F/GO = y/x; the share of final output through value chains abroad is the import
    content of exports. Where input and sales totals are printed, their direct shares of output: the second is 1 − F/GO
    and says what part of output is at least one stage from final use, the first is 1 − v and no second measurement.
    Value added absorbed abroad over value added (by sector of origin), and over gross exports (by exporting sector).
    """
    out: dict[str, FloatArray] = {}
    for mine, theirs in (("upstreamness", "plv"), ("downstreamness", "ply"), ("wwyz_backward", "gvcp_trade_backward")):
        if theirs in columns and mine not in columns:
            out[mine] = columns[theirs]
    for mine, part in (("va_rate", "va"), ("fgo", "y")):
        if {part, "x"} <= set(columns) and mine not in columns:
            out[mine] = over(columns[part], columns["x"])
    for mine, part, whole in _RATIOS:
        if {part, whole} <= set(columns) and mine not in columns:
            out[mine] = over(columns[part], columns[whole])
    if {"va_rate", "x"} <= set(columns) and "va" not in columns:
        out["va"] = columns["va_rate"] * columns["x"]
    return out


def stage_sums(values: FloatArray) -> FloatArray:
    """Sum over the last axis; NaN if a sector has no value."""
    return values.sum(axis=-1)


def stage_mean(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Average over the last axis.

    Parameters
    ----------
    values, weights : ndarray, shape (rows, sectors)

    Returns
    -------
    ndarray, shape (rows,)
        A sector without weight does not count, whatever its value. NaN if the weights sum to nothing, or if a sector
        that counts has no value or an unknown weight: nothing is left out silently.
    """
    counts = ~(weights == 0)
    products = np.where(counts, values * weights, 0.0)
    return over(products.sum(axis=-1), np.where(counts, weights, 0.0).sum(axis=-1))


def over(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Divide; NaN where the denominator is zero."""
    out = np.full(np.broadcast(numerator, denominator).shape, np.nan)
    return np.divide(numerator, denominator, out=out, where=denominator != 0)
