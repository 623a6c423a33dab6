"""Production lengths (Wang, Wei, Yu & Zhu 2017b, NBER w23261), by vectors only.

Value added induced times the number of stages it passes is v̂BBŷ in all. It splits into a purely domestic part
v̂LLŷ^D, traditional trade v̂LLŷ^F and global value chains: stages at home before the border v̂LLA^FB ŷ, border
crossings v̂BA^FB ŷ and stages abroad v̂LA^FBA^DB ŷ. Row sums give the forward view (v), column sums the backward (y).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.indices.participation import Split
from gvcpos.accounting.indices.position import ratio
from gvcpos.accounting.vectors import VectorFlows

_BALANCED = 1e-13  # what rounding alone makes of a balanced table's vB
_NO_FLOW = 1e-12  # beside the total, a smaller flow through value chains is rounding


@dataclass(frozen=True)
class Stages:
    """Value and stage-weighted value seen from one side, money, shape (n,) or (G,) each.

    Attributes
    ----------
    total, domestic, traditional, gvc : ndarray
        The value: va or y, its domestic part, its traditional-trade part and its part in value chains.
    induced, induced_domestic, induced_traditional : ndarray
        The value times the stages it passes.
    before, crossings, after : ndarray
        The same for the part in value chains: stages at home, border crossings, stages abroad.
    """

    total: FloatArray
    domestic: FloatArray
    traditional: FloatArray
    gvc: FloatArray
    induced: FloatArray
    induced_domestic: FloatArray
    induced_traditional: FloatArray
    before: FloatArray
    crossings: FloatArray
    after: FloatArray

    def summed(self, total: Callable[[FloatArray], FloatArray]) -> Stages:
        """Sum every part with `total`, which takes cells to rows or exporters: lengths are ratios of these sums."""
        return Stages(*(total(getattr(self, f.name)) for f in fields(self)))


def forward_stages(flows: VectorFlows) -> Stages:
    """Return the forward view, row sums: v̂·, where a cell's value added goes."""
    system, v = flows.system, flows.v
    l_sold = np.column_stack([flows.local_demand, system.local(flows.intermediate_exports)])
    # As By = x, the row sums of A^F B ŷ are A^F x.
    stages = system.local(np.column_stack([l_sold, flows.onward])) * v[:, None]
    domestic, traditional, gvc = (l_sold * v[:, None]).T
    return Stages(
        total=flows.va,
        domestic=domestic,
        traditional=traditional,
        gvc=gvc,
        induced=v * flows.output_solves[:, 0],
        induced_domestic=stages[:, 0],
        induced_traditional=stages[:, 1],
        before=stages[:, 2],
        crossings=v * flows.output_solves[:, 1],
        after=stages[:, 3],
    )


def backward_stages(flows: VectorFlows) -> Stages:
    """Return the backward view, column sums: ·ŷ, where the value of a cell's final goods comes from."""
    y, w = flows.y, flows.w
    b, before = flows.input_solves[:, 1], flows.input_solves[:, 2]
    local_w = flows.w_local
    induced, after = _second_round(flows)
    # vBB is the sum of its parts, as B = L + L A^F B on either side.
    crossings = induced - local_w - before - after
    return Stages(
        total=y,
        domestic=w * flows.y_domestic,
        traditional=w * flows.y_foreign,
        gvc=b * y,
        induced=induced * y,
        induced_domestic=local_w * flows.y_domestic,
        induced_traditional=local_w * flows.y_foreign,
        before=before * y,
        crossings=crossings * y,
        after=after * y,
    )


def _second_round(flows: VectorFlows) -> tuple[FloatArray, FloatArray]:
    """Return vBB and wA^F B A^D B, shape (n,) each.

    On a balanced table vB = l, one where there is output. Then vBB = lB and, as wA^F B = l − w and wA^D = w − v, the
    second is lA^D B − wB + l: all known without another solve. Otherwise both are solved for.
    """
    system, solved = flows.system, flows.input_solves
    if np.abs(flows.value_in - flows.live).max() <= _BALANCED:
        return solved[:, 5], solved[:, 3] - solved[:, 4] + flows.value_in
    once_more = np.stack([flows.value_in, system.domestic_transposed(solved[:, 1])], axis=1)
    induced, after = system.solve_transposed(once_more).T
    return induced, after


def lengths(stages: Stages, side: str) -> dict[str, FloatArray]:
    """Return production lengths in stages, by published name.

    Parameters
    ----------
    stages : Stages
    side : "plv" or "ply"
        Prefix of the names.

    Returns
    -------
    dict of ndarray
        ``plv``, ``plv_domestic``, ``plv_traditional``, ``plv_gvc`` and its three parts ``plv_gvc_home``,
        ``plv_gvc_crossings``, ``plv_gvc_abroad``. NaN where nothing, or next to nothing, flows that way.
    """
    gvc = np.where(np.abs(stages.gvc) > _NO_FLOW * np.abs(stages.total), stages.gvc, 0.0)
    return {
        side: ratio(stages.induced, stages.total),
        f"{side}_domestic": ratio(stages.induced_domestic, stages.domestic),
        f"{side}_traditional": ratio(stages.induced_traditional, stages.traditional),
        f"{side}_gvc": ratio(stages.before + stages.crossings + stages.after, gvc),
        f"{side}_gvc_home": ratio(stages.before, gvc),
        f"{side}_gvc_crossings": ratio(stages.crossings, gvc),
        f"{side}_gvc_abroad": ratio(stages.after, gvc),
    }


def length_columns(forward: Stages, backward: Stages) -> dict[str, FloatArray]:
    """Return all lengths of both views and ``gvc_position`` = PLv_GVC / PLy_GVC."""
    columns = lengths(forward, "plv") | lengths(backward, "ply")
    columns["gvc_position"] = ratio(columns["plv_gvc"], columns["ply_gvc"])
    return columns


def flow_columns(stages: Stages, split: Split, side: str) -> dict[str, FloatArray]:
    """Return the money behind participation and lengths under the names of NBER w23261; `side` is ``"v"`` or ``"y"``.

    ``V`` (value added) or ``Y`` (final goods) is the part by its way: ``V_D`` domestic, ``V_RT`` traditional trade,
    ``V_GVC`` = ``V_GVC_simple`` + ``V_GVC_complex``. ``X`` is that part times the stages it passes: ``Xv``, ``Xv_D``,
    ``Xv_RT``; in value chains ``Xvd_GVC`` before the first border, ``Ev_GVC`` borders crossed, ``Xvf_GVC`` after it.
    """
    value = side.upper()
    return {
        "va" if side == "v" else "y": stages.total,
        f"{value}_D": stages.domestic,
        f"{value}_RT": stages.traditional,
        f"{value}_GVC": stages.gvc,
        f"{value}_GVC_simple": split.simple,
        f"{value}_GVC_complex": split.complex,
        f"X{side}": stages.induced,
        f"X{side}_D": stages.induced_domestic,
        f"X{side}_RT": stages.induced_traditional,
        f"X{side}d_GVC": stages.before,
        f"E{side}_GVC": stages.crossings,
        f"X{side}f_GVC": stages.after,
    }
