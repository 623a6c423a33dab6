"""Gross exports in sixteen and in nine terms: Wang, Wei & Zhu (NBER w19677) and Koopman, Wang & Wei (AER 104:459).

Published packages number the terms differently: columns carry names, never numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.pairs import PairFlows

# Each of the nine terms of KWW, and the terms of WWZ that it sums.
KWW_OF_WWZ: dict[str, tuple[str, ...]] = {
    "DVA_FIN": ("DVA_FIN",),
    "DVA_INT": ("DVA_INT", "DVA_INTrexI1"),
    "DVA_INTrex": ("DVA_INTrexF", "DVA_INTrexI2"),
    "RDV_FIN": ("RDV_FIN", "RDV_FIN2"),
    "RDV_INT": ("RDV_INT",),
    "DDC": ("DDC_FIN", "DDC_INT"),
    "FVA_FIN": ("MVA_FIN", "OVA_FIN"),
    "FVA_INT": ("MVA_INT", "OVA_INT"),
    "FDC": ("MDC", "ODC"),
}


def wwz_terms(pairs: PairFlows) -> dict[str, FloatArray]:
    """Return the sixteen terms by exporting sector and partner, money, shape (n, G) each; they sum to e_sr.

    Notes
    -----
    With w = v_s L_ss. Sums over third countries are world sums less the terms of r and s, as in
    Σ_{t≠s,r} B_rt Y_tt = Σ_t B_rt Y_tt − B_rr Y_rr − B_rs Y_ss.
    """
    sales = pairs.sales
    w, own = pairs.flows.w[:, None], pairs.own[:, None]
    later_back = sales.returned - sales.round_back - sales.via_home
    partner = pairs.blocks.without_own(pairs.content)
    others = pairs.blocks.without_own(pairs.foreign[:, None] - pairs.content)
    used_on = sales.intermediate - sales.used
    return {
        "DVA_FIN": own * sales.final,
        "DVA_INT": w * sales.round_home,
        "DVA_INTrexI1": w * (sales.world_home - sales.round_home - sales.via_home),
        "DVA_INTrexF": w * (sales.round_abroad - sales.round_back),
        "DVA_INTrexI2": w * (sales.world_abroad - sales.round_abroad - sales.via_abroad - later_back),
        "RDV_FIN": w * sales.round_back,
        "RDV_FIN2": w * later_back,
        "RDV_INT": w * sales.via_home,
        "DDC_FIN": w * sales.via_abroad,
        "DDC_INT": (own - w) * sales.intermediate,
        "MVA_FIN": partner * sales.final,
        "MVA_INT": partner * sales.used,
        "MDC": partner * used_on,
        "OVA_FIN": others * sales.final,
        "OVA_INT": others * sales.used,
        "ODC": others * used_on,
    }


def kww_terms(wwz: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Sum the sixteen terms to the nine of Koopman, Wang & Wei; any shape.

    Its foreign terms mix perspectives: FVA here is not the FVA of Borin & Mancini.
    """
    return {name: sum((wwz[part] for part in parts[1:]), wwz[parts[0]]) for name, parts in KWW_OF_WWZ.items()}


def flow_totals(pairs: PairFlows) -> dict[str, FloatArray]:
    """Return what R decompr prints beside the sixteen terms; money, shape (n, G) each.

    ``texp`` = e_sr, ``texpfd`` = Y_sr, ``texpint`` = A_sr x_r by exporting sector; ``DViX_Fsr`` = v_s # (L_ss e_sr),
    domestic value added in exports by sector of origin (forward linkage): a pair's sum is its DVA.
    """
    system, exports = pairs.system, pairs.exports
    return {
        "texp": exports,
        "texpfd": pairs.final,
        "texpint": pairs.sales.intermediate,
        "DViX_Fsr": pairs.flows.v[:, None] * system.local(exports),
    }
