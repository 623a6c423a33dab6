"""From sectors to stages: money is summed, a ratio is the ratio of sums. Pure functions on arrays.

A sector's index is a ratio of two flows. The stage's index is the sum of the first over the sum of the second, which
is the mean of the sectors' indices weighted by their denominators.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from gvcpos.accounting.indices.position import ratio

FloatArray = npt.NDArray[np.float64]
Columns = Mapping[str, FloatArray]

MONEY = (
    "x", "va", "exports", "vax_origin", "DC", "DVA", "VAX", "DAVAX", "REF", "DDC", "FC", "FVA", "FDC", "GVC", "GVCB",
    "GVCF",
)  # fmt: skip
_PARTS = ("", "_simple", "_complex", "_domestic", "_traditional")
_GVC_PARTS = ("_gvc", "_gvc_home", "_gvc_crossings", "_gvc_abroad")


def denominators(sectors: Columns) -> dict[str, FloatArray]:
    """Return ratio to the flow that it is a ratio to; only ratios that the sectors have.

    Parameters
    ----------
    sectors : mapping of str to ndarray, shape (G, N)
        Indices of the accounts by their published names.
    """
    x, va, exports = (sectors[name] for name in ("x", "va", "exports"))
    final = np.nan_to_num(sectors["fgo"]) * x
    known = dict.fromkeys(("va_rate", "fgo", "upstreamness", "downstreamness"), x)
    known |= dict.fromkeys(("kpww_iv", "kpww_fv"), exports)
    for side, view, total in (("plv", "forward", va), ("ply", "backward", final)):
        known |= {f"wwyz_{view}{part}": total for part in _PARTS}
        known[side] = total
        for part in ("domestic", "traditional"):
            known[f"{side}_{part}"] = np.nan_to_num(sectors[f"wwyz_{view}_{part}"]) * total
        in_chains = np.nan_to_num(sectors[f"wwyz_{view}"]) * total
        known |= {f"{side}{part}": in_chains for part in _GVC_PARTS}
    return {name: flow for name, flow in known.items() if name in sectors}


def stage_values(sectors: Columns, positions: npt.NDArray[np.intp]) -> dict[str, FloatArray]:
    """Aggregate some sectors of every country.

    Parameters
    ----------
    sectors : mapping of str to ndarray, shape (G, N)
        Indices of the accounts, or only those that need vectors and ``x``, ``va`` and ``exports``.
    positions : ndarray of int
        The stage's sectors among the N.

    Returns
    -------
    dict of str to ndarray, shape (G,)
        Sums, ratios of sums, and what follows from them; NaN where a ratio has no denominator.
    """
    out = {name: sectors[name][:, positions].sum(axis=1) for name in MONEY if name in sectors}
    for name, flow in denominators(sectors).items():
        out[name] = weighted_mean(sectors[name][:, positions], flow[:, positions])
    out["gvc_position"] = ratio(out["plv_gvc"], out["ply_gvc"])
    if "kpww_iv" in out:
        out["kpww_participation"] = out["kpww_iv"] + out["kpww_fv"]
        out["kpww_position"] = _log_one_plus(out["kpww_iv"]) - _log_one_plus(out["kpww_fv"])
    if "vax_origin" in out:
        out["vax_ratio"] = ratio(out["vax_origin"], out["exports"])
    return out


def weighted_mean(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Average over the last axis; values that are NaN, and their weights, are left out. NaN without weight."""
    there = np.isfinite(values)
    total = np.where(there, weights, 0.0).sum(axis=-1)
    return ratio(np.where(there, values * weights, 0.0).sum(axis=-1), total)


def world_share(stage: FloatArray) -> FloatArray:
    """Return each country's share of the world's stage, shape (G,); they sum to one."""
    return ratio(stage, np.broadcast_to(stage.sum(), stage.shape))


def _log_one_plus(values: FloatArray) -> FloatArray:
    return np.log1p(values, out=np.full_like(values, np.nan), where=values > -1)
