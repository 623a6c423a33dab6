"""Value added in gross exports: Borin & Mancini (2019, World Bank WP 8804; 2023), perspective by perspective.

A perspective is the perimeter within which an item is counted twice; the approach says at which crossing it counts:
the first (source) or the last (sink). Exporter s, w = v_s L_ss, o = v_s B_ss, c = Σ_{t≠s} v_t B_ts and
f = c (I + M_s)⁻¹ with M_s = L_ss⁻¹ B_ss − I. By exporting sector every term is a coefficient times a flow, element by
element; the flows are those of pairs, (n, G), or their sums over partners, (n,), with coefficients to match.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.pairs import PairFlows
from gvcpos.accounting.sales import DirectSales, Sales

Terms = dict[str, FloatArray]
ORDER = (
    "GEXP", "DC", "DVA", "VAX", "DAVAX", "VAXIM", "REF", "DDC", "FC", "FVA", "FDC", "GVC", "GVCB", "GVCF",
    "VAX1", "VAX2", "VAX3", "VAX4", "REF1", "REF2", "FVA1", "FVA2", "FVA3", "FVA4",
)  # fmt: skip


@dataclass(frozen=True)
class Content:
    """Value added in a unit of exports, shape (n,) or (n, 1).

    Attributes
    ----------
    single : ndarray
        Own value added counted once, w = v_s L_ss.
    own : ndarray
        Own value added o = v_s B_ss.
    foreign : ndarray
        Foreign value added c = Σ_{t≠s} v_t B_ts.
    foreign_single : ndarray or None
        Foreign value added counted once, f; None where the inverse is not to be formed.
    """

    single: FloatArray
    own: FloatArray
    foreign: FloatArray
    foreign_single: FloatArray | None = None

    @classmethod
    def of_pairs(cls, pairs: PairFlows) -> Content:
        """Return the coefficients to multiply with flows of pairs, shape (n, 1) each."""
        parts = (pairs.flows.w, pairs.own, pairs.foreign, pairs.single)
        return cls(*(part[:, None] for part in parts))


def source_terms(content: Content, sales: DirectSales, detail: bool = True) -> Terms:
    """Decompose exports, exporter perspective, source approach; money, shape of the flows.

    Returns
    -------
    dict of ndarray
        GEXP gross exports; DC = DVA + DDC, DVA = w e, DDC = (o − w) e; VAX absorbed abroad, REF = DVA − VAX reflected
        home, DAVAX = w [Y_sr + A_sr L_rr Y_rr]; FC = FVA + FDC, FVA = f e, FDC = (c − f) e, both only where f is known;
        GVC = GEXP − DAVAX, GVCB = FC + DDC backward, GVCF = DVA − DAVAX forward; with `detail` VAX1–VAX4, REF1, REF2.

    Notes
    -----
    With (I − A^D) BY = Y + A^F BY sums over further partners collapse: L_rr Σ_{j≠r} A_rj (BY)_js = (BY)_rs − L_rr Y_rs.
    """
    e, w = sales.gross, content.single
    parts = absorption(w, sales)
    dva, ddc, foreign = w * e, (content.own - w) * e, content.foreign * e
    davax, ref = parts["VAX1"] + parts["VAX2"], parts["REF1"] + parts["REF2"]
    split = {} if content.foreign_single is None else counted(content.foreign, content.foreign_single, e)
    terms = {
        "GEXP": e,
        "DC": content.own * e,
        "DVA": dva,
        "VAX": dva - ref,
        "DAVAX": davax,
        "REF": ref,
        "DDC": ddc,
        "FC": foreign,
        **split,
        "GVC": e - davax,
        "GVCB": foreign + ddc,
        "GVCF": dva - davax,
    }
    return terms | parts if detail else terms


def absorption(w: FloatArray, sales: DirectSales, names: tuple[str, str] = ("VAX", "REF")) -> Terms:
    """Split what is counted once by where it is absorbed: VAX1–VAX4 abroad, REF1 and REF2 at home."""
    abroad, home = names
    later = sales.returned - sales.sent_back
    return {
        f"{abroad}1": w * sales.final,
        f"{abroad}2": w * sales.used,
        f"{abroad}3": w * (sales.passed - sales.sent_back),
        f"{abroad}4": w * (sales.intermediate - sales.used - sales.passed - later),
        f"{home}1": w * sales.sent_back,
        f"{home}2": w * later,
    }


def counted(foreign: FloatArray, single: FloatArray, e: FloatArray) -> Terms:
    """Split foreign content into what is counted once, FVA = f e, and again, FDC = (c − f) e."""
    return {"FVA": single * e, "FDC": (foreign - single) * e}


def sink_terms(content: Content, sales: Sales) -> Terms:
    """Decompose exports of pairs, exporter perspective, sink approach; money, shape (n, G) each.

    Returns
    -------
    dict of ndarray
        As `source_terms`, with VAXIM absorbed by the importer in the end, and without what only the first crossing
        defines (DAVAX, GVC, GVCB, GVCF).

    Notes
    -----
    What leaves s again is A_sr B^{/s}_rs e_s, with B^{/s}_rs = B_rs B_ss⁻¹ L_ss: nothing is inverted for it.
    """
    e, o, c = sales.gross, content.own, content.foreign
    once = e - sales.again
    dva, ref = o * once, o * (sales.returned - sales.returned_through)
    return {
        "GEXP": e,
        "DC": o * e,
        "DVA": dva,
        "VAX": dva - ref,
        "VAXIM": o * (sales.final + sales.absorbed - sales.absorbed_through),
        "REF": ref,
        "DDC": o * sales.again,
        "FC": c * e,
        "FVA": c * once,
        "FDC": c * sales.again,
    }


def self_terms(content: Content, again: FloatArray, e: FloatArray, returned: FloatArray) -> Terms:
    """Decompose flows that are each their own perimeter: of a sector, or of a sector to a partner.

    Parameters
    ----------
    content : Content
    again : ndarray
        What of a unit of the flow comes round to it: M_s[n, n] or (A_sr B_rs)[n, n].
    e, returned : ndarray
        The flow, and its part for what the exporter absorbs, A_sr (BY)_rs.

    Notes
    -----
    The perimeter is one number, k = 1/(1 + again), so that first and last crossing count the same. It is not the
    `pure` perimeter of a country pair, whose coefficient is a matrix.
    """
    k = 1.0 / (1.0 + again)
    dva, ref = k * content.own * e, k * content.own * returned
    return {
        "GEXP": e,
        "DC": content.own * e,
        "DVA": dva,
        "VAX": dva - ref,
        "REF": ref,
        "DDC": again * k * content.own * e,
        "FC": content.foreign * e,
        "FVA": k * content.foreign * e,
        "FDC": again * k * content.foreign * e,
    }


def pair_again(pairs: PairFlows) -> FloatArray:
    """Return (A_sr B_rs)[n, n] for every cell and partner, shape (n, G): what comes round to the flow.

    Summed over partners it is M_s[n, n], what comes round to all exports of the cell.
    """
    blocks, Z, B = pairs.blocks, pairs.system.Z, pairs.B
    scaled = pairs.system.inverse_x
    out = np.zeros((blocks.n, blocks.G))
    for s, rows in enumerate(blocks.slices):
        out[rows] = blocks.sums(Z[rows] * scaled * B[:, rows].T, axis=1)
        out[rows, s] = 0.0
    return out


def world_foreign(pairs: PairFlows, approach: str) -> FloatArray:
    """Return FVA of the world perspective by exporting sector and partner, shape (n, G).

    Source counts value added when it leaves its origin for the first time as foreign, Σ_{t≠s} v_t L_tt A_ts L_ss e_sr;
    sink when it does so for the last time, c [q_sr] + v_r B_rs A_sr L_rr q_r with q_sr = Y_sr + A_sr L_rr Y_rr: after s
    only the origin itself may still export it. The world totals of the two are equal.
    """
    flows, blocks, sales = pairs.flows, pairs.blocks, pairs.sales
    if approach == "source":
        first = pairs.system.local_transposed(flows.imported_value[:, 0])
        return first[:, None] * pairs.exports
    direct = sales.final + sales.used
    onward = pairs.onward(direct.sum(axis=1))
    return pairs.foreign[:, None] * direct + blocks.without_own(pairs.content) * onward
