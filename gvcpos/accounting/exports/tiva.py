"""Trade in value added by the codes of OECD (Guide to OECD's TiVA Indicators, 2021 edition).

Flows of exporter s are by cell of s and partner r, (n, G), own blocks in the column of s; summed to a level they are
(rows, G). What s buys is what its partners sell: such indicators are the partner's flow with the roles exchanged, their
sector is the partner's, and so they are made of flows that are summed to rows already.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.indices.position import ratio
from gvcpos.accounting.pairs import PairFlows

Codes = dict[str, FloatArray]

# The indicators in the order in which they are printed; VA and PROD have no partner.
TIVA = (
    "EXGR", "EXGR_FNL", "EXGR_INT", "IMGR", "IMGR_FNL", "IMGR_INT", "DOM", "DOM_FNL", "DOM_INT", "BALGR",
    "EXGR_DVA", "EXGR_DDC", "EXGR_IDC", "EXGR_RIM", "EXGR_FVA", "REF",
    "FD_VA", "DXD_DVA", "FFD_DVA", "DFD_FVA", "BALVAFD",
    "DEXFVAP", "FEXDVAP", "FEXDVA", "IMGR_DVA", "VA", "PROD",
)  # fmt: skip
TERMS = ("EXGR", "EXGR_DDC", "EXGR_IDC", "EXGR_RIM", "EXGR_FVA")

# What s has of r is what r has of s: DFD_FVA of s from r is FFD_DVA of r to s.
_OF_PARTNER = {
    "IMGR": "EXGR",
    "IMGR_FNL": "EXGR_FNL",
    "IMGR_INT": "EXGR_INT",
    "IMGR_DVA": "returning",
    "DFD_FVA": "FFD_DVA",
    "FEXDVAP": "DEXFVAP",
}


def flows_of_exporters(pairs: PairFlows) -> Codes:
    """Return the indicators whose sector is the exporter's, money, shape (n, G) each.

    Notes
    -----
    By exporting sector: EXGR_DVA = v_s B_ss # e_sr (what is re-imported included), EXGR_DDC = v_s # diag(L_ss) # e_sr
    (direct), EXGR_IDC = (v_s L_ss − v_s # diag(L_ss)) # e_sr (indirect), EXGR_RIM = v_s (B_ss − L_ss) # e_sr,
    EXGR_FVA = Σ_{t≠s} v_t B_ts # e_sr, and DEXFVAP = v_r B_rs # e_s with r the origin, not the importer.
    By sector of origin: FFD_DVA = v_s # (BY)_sr, DXD_DVA = v_s # (BY)_ss, FEXDVA = v_s # (B_sr e_r).
    ``returning`` is v_r B_rs # e_sr: what the importer r gets back of its own value added.
    """
    flows, blocks = pairs.flows, pairs.blocks
    e, content, v = pairs.exports, pairs.content, flows.v
    direct = v * np.concatenate([np.diag(block) for block in pairs.system.L])
    in_exports = {
        "EXGR_DVA": pairs.own,
        "EXGR_DDC": direct,
        "EXGR_IDC": flows.w - direct,
        "EXGR_RIM": pairs.own - flows.w,
        "EXGR_FVA": pairs.foreign,
    }
    absorbed = v[:, None] * pairs.absorbed
    reexported = pairs.system.solve_spread(e.sum(axis=1)[:, None])[0]
    return {
        "EXGR": e,
        "EXGR_FNL": pairs.final,
        "EXGR_INT": pairs.sales.intermediate,
        "DOM_FNL": blocks.spread(flows.y_domestic),
        "DOM_INT": blocks.spread(pairs.system.domestic(flows.x)),
        **{code: unit[:, None] * e for code, unit in in_exports.items()},
        "EXGR_FNLDVA": pairs.own[:, None] * pairs.final,
        "DXD_DVA": blocks.spread(blocks.own(absorbed)),
        "FFD_DVA": blocks.without_own(absorbed),
        "DEXFVAP": blocks.without_own(content * e.sum(axis=1)[:, None]),
        "FEXDVA": blocks.without_own(v[:, None] * reexported),
        "returning": content * e,
    }


def indicators(summed: Mapping[str, FloatArray]) -> Codes:
    """Add what partners sell and the balances to flows that are summed to rows, (rows, G) each.

    Notes
    -----
    By the partner's sector: IMGR = e_rs and its parts (product), IMGR_DVA = v_s B_sr # e_rs, FEXDVAP = v_s B_sr # e_r
    (exporting sector of r), DFD_FVA = v_r # (BY)_rs (origin). REF = EXGR_DDC + EXGR_IDC − FFD_DVA is right for
    an exporter's total only: by sector it subtracts by origin from what is by exporting sector, and by pair final
    absorber from direct importer, so that it may be negative there.
    """
    own = dict(summed)
    bought = {code: seen_by_partner(own[sold]) for code, sold in _OF_PARTNER.items()}
    every = own | bought
    every |= {
        "DOM": own["DOM_FNL"] + own["DOM_INT"],
        "BALGR": own["EXGR"] - bought["IMGR"],
        "REF": own["EXGR_DDC"] + own["EXGR_IDC"] - own["FFD_DVA"],
        "FD_VA": own["FFD_DVA"] + own["DXD_DVA"],
        "BALVAFD": own["FFD_DVA"] - bought["DFD_FVA"],
    }
    return every


def seen_by_partner(m: FloatArray) -> FloatArray:
    """Exchange seller and buyer: (rows, G) with row (r, i) and column s becomes row (s, i) and column r."""
    G = m.shape[1]
    return m.reshape(G, -1, G).transpose(2, 1, 0).reshape(-1, G)


def standard(codes: Mapping[str, FloatArray]) -> Codes:
    """Name the indicators like the terms of other decompositions.

    DVA is w e, so DC and DDC agree with Borin & Mancini; VAX is by sector of origin and final absorber, and GVCB
    and GVCF are OECD's: foreign value added by origin, and own value added in the exports of others, counted
    every time it crosses a border.
    """
    return {
        "EXGR": codes["EXGR"],
        "DC": codes["EXGR_DVA"],
        "DVA": codes["EXGR_DDC"] + codes["EXGR_IDC"],
        "VAX": codes["FFD_DVA"],
        "REF": codes["REF"],
        "DDC": codes["EXGR_RIM"],
        "FC": codes["EXGR_FVA"],
        "GVC": codes["DEXFVAP"] + codes["FEXDVAP"],
        "GVCB": codes["DEXFVAP"],
        "GVCF": codes["FEXDVAP"],
    }


def shares(codes: Mapping[str, FloatArray], sectors: int) -> Codes:
    """Return OECD's shares, in percent as it publishes them; NaN where the base is zero.

    Parameters
    ----------
    codes : mapping of str to ndarray, shape (rows, G) or (rows,)
        Indicators summed to a level; without partners if one-dimensional.
    sectors : int
        Rows of each exporter.

    Notes
    -----
    Of the flow itself: EXGR_DVASH, EXGR_FVASH, EXGR_FNLDVASH, EXGR_INTDVASH of EXGR, IMGR_DVASH of IMGR. Of all
    sectors' exports to the same partner: EXGR_TDVAIND, EXGR_TFVAIND. Of all exports of s: DEXFVApSH (backward
    participation), FEXDVApSH (forward, by the partner's exporting sector), EXGR_DVAFXSH (forward, by sector of origin);
    their rows and partners add up. Codes with ``p`` before SH for a flow that has one (EXGRpSH, EXGR_DVApSH, …) are the
    partner's share in the row's sum over partners, and need partners.
    """
    c = {code: value.reshape(len(value), -1) for code, value in codes.items()}
    by_exporter = c["EXGR"].reshape(-1, sectors, c["EXGR"].shape[1]).sum(axis=1)
    to_partner = np.repeat(by_exporter, sectors, axis=0)
    total = to_partner.sum(axis=1, keepdims=True)
    found = {
        "EXGR_DVASH": ratio(c["EXGR_DVA"], c["EXGR"]),
        "EXGR_FVASH": ratio(c["EXGR_FVA"], c["EXGR"]),
        "EXGR_FNLDVASH": ratio(c["EXGR_FNLDVA"], c["EXGR"]),
        "EXGR_INTDVASH": ratio(c["EXGR_DVA"] - c["EXGR_FNLDVA"], c["EXGR"]),
        "EXGR_TDVAIND": ratio(c["EXGR_DVA"], to_partner),
        "EXGR_TFVAIND": ratio(c["EXGR_FVA"], to_partner),
        "IMGR_DVASH": ratio(c["IMGR_DVA"], c["IMGR"]),
        "DEXFVApSH": ratio(c["DEXFVAP"], total),
        "FEXDVApSH": ratio(c["FEXDVAP"], total),
        "EXGR_DVAFXSH": ratio(c["FEXDVA"], total),
    }
    if codes["EXGR"].ndim > 1:
        partner = ("EXGR", "IMGR", "EXGR_DVA", "FFD_DVA", "DFD_FVA")
        found |= {f"{code}pSH": ratio(c[code], c[code].sum(axis=1, keepdims=True)) for code in partner}
    else:
        found |= {"VALU_FFDDVA": ratio(c["FFD_DVA"], c["VA"]), "PROD_VASH": ratio(c["VA"], c["PROD"])}
    return {code: 100.0 * value.reshape(codes["EXGR"].shape) for code, value in found.items()}
