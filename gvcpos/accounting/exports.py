"""Value added in gross exports: Borin & Mancini, exporter perspective, source approach; Johnson & Noguera's ratio.

Borin & Mancini (2019, World Bank WP 8804; 2023). Exporter s, w = v_s L_ss, f = (Σ_{t≠s} v_t B_ts)(I + M_s)⁻¹ and
B_ss = L_ss (I + M_s). By exporting sector every term is a row vector times the exports, element by element.
"""

from __future__ import annotations

import numpy as np

from gvcpos.accounting.flows import WorldFlows
from gvcpos.accounting.leontief import FloatArray

TERMS = ("GEXP", "DC", "DVA", "VAX", "DAVAX", "REF", "DDC", "FC", "FVA", "FDC", "GVC", "GVCB", "GVCF")
DETAIL = ("VAX1", "VAX2", "VAX3", "VAX4", "REF1", "REF2")


def export_terms(flows: WorldFlows) -> dict[str, FloatArray]:
    """Return the terms that need no inverse, by exporting sector, money, shape (GN,) each.

    Returns
    -------
    dict of ndarray
        GEXP gross exports; DC = DVA + DDC domestic content, DVA = w e, DDC = w M_s e; VAX domestic value added
        absorbed abroad, REF = DVA − VAX reflected home, DAVAX = w [Y_sr + A_sr L_rr Y_rr] directly absorbed;
        FC foreign content; GVC = GEXP − DAVAX, GVCB = FC + DDC backward, GVCF = DVA − DAVAX forward; and the
        parts VAX1 to VAX4 and REF1, REF2.
    """
    e, w = flows.exports, flows.w
    parts = _absorption_parts(flows)
    dva, ddc = w * e, (flows.own_content - w) * e
    foreign = (flows.value_in - flows.own_content) * e
    davax = parts["VAX1"] + parts["VAX2"]
    ref = parts["REF1"] + parts["REF2"]
    return {
        "GEXP": e,
        "DC": flows.own_content * e,
        "DVA": dva,
        "VAX": dva - ref,
        "DAVAX": davax,
        "REF": ref,
        "DDC": ddc,
        "FC": foreign,
        "GVC": e - davax,
        "GVCB": foreign + ddc,
        "GVCF": dva - davax,
    } | parts


def _absorption_parts(flows: WorldFlows) -> dict[str, FloatArray]:
    """VAX1–VAX4 and REF1, REF2, shape (GN,) each.

    With (I − A^D) BY = Y + A^F BY the last sums over further partners collapse:
    L_rr Σ_{j≠r} A_rj (BY)_js = (BY)_rs − L_rr Y_rs.
    """
    w = flows.w
    sold, to_home, to_abroad = flows.sold_on.T
    all_home, _, direct_home = flows.returned.T
    later_home = all_home - direct_home
    return {
        "VAX1": w * flows.y_foreign,
        "VAX2": w * to_home,
        "VAX3": w * (to_abroad - direct_home),
        "VAX4": w * (sold - to_home - to_abroad - later_home),
        "REF1": w * direct_home,
        "REF2": w * later_home,
    }


def foreign_terms(flows: WorldFlows) -> dict[str, FloatArray]:
    """Return FVA = f e and FDC = f M_s e by exporting sector, shape (GN,) each.

    These two need the blocks B_ss, hence the inverse: f = (Σ_{t≠s} v_t B_ts) B_ss⁻¹ L_ss. This FVA is not KWW's,
    whose perspectives are mixed.
    """
    system = flows.system
    content = flows.value_in - flows.own_content
    blocks = system.diagonal_blocks().transpose(0, 2, 1)
    rows = np.linalg.solve(blocks, content.reshape(system.G, system.N, 1))
    f = system.local_transposed(rows.reshape(-1).astype(np.float64, copy=False))
    return {"FVA": f * flows.exports, "FDC": (content - f) * flows.exports}


def absorbed_abroad(flows: WorldFlows) -> FloatArray:
    """Value added of each sector absorbed by foreign final demand, v̂ Σ_{r≠s} (BY)_sr, by sector of origin, (GN,).

    The numerator of the VAX ratio of Johnson & Noguera (2012, J. Int. Econ. 86:224).
    """
    return flows.v * flows.system.abroad(flows.absorbed)
