"""Exports through value chains in three parts: Borin, Mancini & Taglioni (World Bank WP 9785; WBER lhaf017).

Exports are traditional when one border is enough, of own value added and for the importer's own use. What is not goes
through value chains: on from the importer only (pure forward), with foreign inputs only (pure backward), or both.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.indices.position import ratio
from gvcpos.accounting.pairs import PairFlows

PARTS = ("GVC_PF", "GVC_PB", "GVC_TS")


def tripartite(pairs: PairFlows) -> dict[str, FloatArray]:
    """Split exports by exporting sector and partner; money, shape (n, G) each.

    Returns
    -------
    dict of ndarray
        GEXP = e_sr and its parts, DAVAX = w # q1 traditional, GVC_PF = w # q2 pure forward, GVC_PB = m # q1 pure
        backward, GVC_TS = m # q2 two-sided, with q1 = Y_sr + A_sr L_rr Y_rr, q2 = A_sr L_rr e_r, w = v_s L_ss
        and m = Σ_{t≠s} u A_ts L_ss; GVC = GVC_PF + GVC_PB + GVC_TS.

    Notes
    -----
    GVC_PF is Borin & Mancini's GVCF, GVC_PB + GVC_TS their GVCB. As w + m = u, the parts sum to exports; exports of a
    cell without output (final uses that cancel) have no origin: they are in GEXP and GVC alone, as in `source_terms`.
    """
    flows, system = pairs.flows, pairs.system
    imported = system.local_transposed(system.foreign_transposed(np.ones(pairs.blocks.n)))[:, None]
    own = flows.w[:, None]
    near = pairs.final + pairs.sales.used
    onward = pairs.onward(flows.exports)
    parts = {"GVC_PF": own * onward, "GVC_PB": imported * near, "GVC_TS": imported * onward}
    unknown = (1.0 - flows.live)[:, None] * pairs.exports
    return {
        "GEXP": pairs.exports,
        "DAVAX": own * near,
        "GVC": parts["GVC_PF"] + parts["GVC_PB"] + parts["GVC_TS"] + unknown,
        **parts,
    }


def tripartite_shares(parts: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Return participation and its parts from money of any level; NaN where there are no exports, or no GVC trade.

    ``share_GVC_trade`` = GVC / GEXP; ``share_PF_trade``, ``share_PB_trade`` and ``share_TS_trade`` are parts of GVC;
    ``forward_trade`` = (GVC_PF − GVC_PB) / GVC, from −1, pure backward, to 1, pure forward.
    """
    gvc = parts["GVC"]
    inside = {f"share_{name[4:]}_trade": ratio(parts[name], gvc) for name in PARTS}
    return {
        "share_GVC_trade": ratio(gvc, parts["GEXP"]),
        **inside,
        "forward_trade": ratio(parts["GVC_PF"] - parts["GVC_PB"], gvc),
    }
