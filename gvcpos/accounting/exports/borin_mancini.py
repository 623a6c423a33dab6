"""Value added in gross exports: Borin & Mancini (2019, World Bank WP 8804; 2023), at the first or the last crossing.

A perspective is the perimeter within which an item is counted twice (see `perimeters`); the approach says at which of
its crossings it counts: the first (source) or the last (sink). Exporter s, w = v_s L_ss, o = v_s B_ss,
c = Σ_{t≠s} v_t B_ts and f = c (I + M_s)⁻¹ with M_s = L_ss⁻¹ B_ss − I. By exporting sector every term is a coefficient
times a flow, element by element; the flows are those of pairs, (n, G), or their sums over partners, (n,), with
coefficients to match.
"""

from __future__ import annotations

from dataclasses import dataclass

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.pairs import PairFlows
from gvcpos.accounting.sales import DirectSales, Sales

Terms = dict[str, FloatArray]
ORDER = (
    "GEXP", "DC", "DVA", "VAX", "DAVAX", "VAXIM", "REF", "DDC", "FC", "FVA", "FDC", "GVC", "GVCB", "GVCF",
    "VAX1", "VAX2", "VAX3", "VAX4", "REF1", "REF2", "DDC1", "DDC2", "FVA1", "FVA2", "FVA3", "FVA4",
)  # fmt: skip
# What measures participation: defined by the exporter's own border and the first crossing of it.
LINKAGES = ("DAVAX", "GVC", "GVCB", "GVCF")


@dataclass(frozen=True)
class Content:
    """Value added in a unit of exports, shape (n,), (n, 1) or, where it depends on the partner, (n, G).

    Attributes
    ----------
    single : ndarray
        Own value added counted once, w = v_s L_ss in the exporter's perspective.
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
        """Return the exporter's coefficients to multiply with flows of pairs, shape (n, 1) each."""
        parts = (pairs.flows.w, pairs.own, pairs.foreign, pairs.single)
        return cls(*(part[:, None] for part in parts))


@dataclass(frozen=True)
class Recrossing:
    """What of the exports of s to r crosses the perimeter again, shape (n, G) each.

    Attributes
    ----------
    again, again_final : ndarray
        All of it, and what does so next as final goods.
    returned, absorbed : ndarray
        What crosses again and ends with final users of the exporter, and of the importer.
    """

    again: FloatArray
    again_final: FloatArray
    returned: FloatArray
    absorbed: FloatArray

    @classmethod
    def of_exporter(cls, sales: Sales) -> Recrossing:
        """Return what crosses the border of s again: A_sr B^{/s}_rs e_s with B^{/s}_rs = B_rs B_ss⁻¹ L_ss."""
        return cls(sales.again, sales.again_final, sales.returned_through, sales.absorbed_through)

    def counted(self, sales: DirectSales) -> DirectSales:
        """Return the exports that cross for the last time."""
        return DirectSales(
            sales.final,
            sales.intermediate - self.again,
            sales.used,
            sales.passed,
            sales.sent_back,
            sales.returned - self.returned,
        )


def source_terms(content: Content, sales: DirectSales, detail: bool = True) -> Terms:
    """Decompose exports at the first crossing; money, shape of the flows.

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


def absorption(w: FloatArray, sales: DirectSales) -> Terms:
    """Split what is counted once by where it is absorbed: VAX1–VAX4 abroad, REF1 and REF2 at home."""
    later = sales.returned - sales.sent_back
    return {
        "VAX1": w * sales.final,
        "VAX2": w * sales.used,
        "VAX3": w * (sales.passed - sales.sent_back),
        "VAX4": w * (sales.intermediate - sales.used - sales.passed - later),
        "REF1": w * sales.sent_back,
        "REF2": w * later,
    }


def uses(f: FloatArray, sales: DirectSales) -> Terms:
    """Split FVA as VAX1–VAX4 split DVA, without asking who absorbs it.

    FVA1 final goods; FVA2 the importer's home final goods; FVA3 its exports of final goods; FVA4 what it passes on.
    """
    return {
        "FVA1": f * sales.final,
        "FVA2": f * sales.used,
        "FVA3": f * sales.passed,
        "FVA4": f * (sales.intermediate - sales.used - sales.passed),
    }


def counted(foreign: FloatArray, single: FloatArray, e: FloatArray) -> Terms:
    """Split foreign content into what is counted once, FVA = f e, and again, FDC = (c − f) e."""
    return {"FVA": single * e, "FDC": (foreign - single) * e}


def source_details(content: Content, sales: DirectSales) -> Terms:
    """Return DDC1, DDC2 and FVA1–FVA4 of the first crossing; f must be known.

    What is counted again, (o − w) e_sr, leaves now in final goods, DDC1, or in intermediates, DDC2.
    """
    if content.foreign_single is None:
        raise ValueError("the foreign value added counted once is not known")
    again = content.own - content.single
    parts = {"DDC1": again * sales.final, "DDC2": again * sales.intermediate}
    return parts | uses(content.foreign_single, sales)


def sink_terms(content: Content, sales: Sales, later: Recrossing, detail: bool = True) -> Terms:
    """Decompose exports of pairs at the last crossing; money, shape (n, G) each.

    Returns
    -------
    dict of ndarray
        As `source_terms`, with VAXIM absorbed by the importer in the end, and without what only the first crossing
        defines (DAVAX, GVC, GVCB, GVCF); with `detail` also all sub-terms.

    Notes
    -----
    What is counted again crosses next in final goods, DDC1, or in intermediates, DDC2: summed over partners these are
    those of the first crossing.
    """
    e, o, c = sales.gross, content.own, content.foreign
    last = later.counted(sales)
    dva, ref = o * last.gross, o * last.returned
    terms = {
        "GEXP": e,
        "DC": o * e,
        "DVA": dva,
        "VAX": dva - ref,
        "VAXIM": o * (sales.final + sales.absorbed - later.absorbed),
        "REF": ref,
        "DDC": o * later.again,
        "FC": c * e,
        "FVA": c * last.gross,
        "FDC": c * later.again,
    }
    if not detail:
        return terms
    again = {"DDC1": o * later.again_final, "DDC2": o * (later.again - later.again_final)}
    return terms | absorption(o, last) | again | uses(c, last)
