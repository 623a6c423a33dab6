"""Wang, Wei & Zhu 2013 by name, and the nine terms of Koopman, Wang & Wei 2014 from them."""

from __future__ import annotations

import numpy as np

from tests.accounting.oracle.world import Array, World, total

NAMES = [
    "DVA_FIN",
    "DVA_INT",
    "DVA_INTrex1",
    "DVA_INTrex2",
    "DVA_INTrex3",
    "RDV_FIN1",
    "RDV_FIN2",
    "RDV_INT",
    "DDC_FIN",
    "DDC_INT",
    "MVA_FIN",
    "MVA_INT",
    "MDC",
    "OVA_FIN",
    "OVA_INT",
    "ODC",
]


def wwz_pair(world: World, s: int, r: int) -> dict[str, Array]:
    """The sixteen terms of e_sr by exporting sector (rows of the block of s), under their printed names."""
    A, B, Y, L, V = world.A, world.B, world.Y, world.L, world.V
    own, home = V(s) @ B(s, s), V(s) @ L(s)
    third, rows = world.others(s, r), world.blocks[r]
    partner = V(r) @ B(r, s)
    rest = total((V(t) @ B(t, s) for t in third), world.blocks[s])
    Asr = A(s, r)
    final, inner, outer = Y(s, r), Asr @ L(r) @ Y(r, r), Asr @ L(r) @ world.exports(r)

    def elsewhere(t: int) -> Array:
        return total((Y(t, u) for u in world.others(s, t)), world.blocks[t])

    onward = total((Y(r, t) for t in third), rows)
    return {
        "DVA_FIN": own * Y(s, r),
        "DVA_INT": home * (Asr @ B(r, r) @ Y(r, r)),
        "DVA_INTrex1": home * (Asr @ total((B(r, t) @ Y(t, t) for t in third), rows)),
        "DVA_INTrex2": home * (Asr @ B(r, r) @ onward),
        "DVA_INTrex3": home * (Asr @ total((B(r, t) @ elsewhere(t) for t in third), rows)),
        "RDV_FIN1": home * (Asr @ B(r, r) @ Y(r, s)),
        "RDV_FIN2": home * (Asr @ total((B(r, t) @ Y(t, s) for t in third), rows)),
        "RDV_INT": home * (Asr @ B(r, s) @ Y(s, s)),
        "DDC_FIN": home * (Asr @ B(r, s) @ elsewhere(s)),
        "DDC_INT": (own - home) * (Asr @ world.X(r)),
        "MVA_FIN": partner * final,
        "MVA_INT": partner * inner,
        "MDC": partner * outer,
        "OVA_FIN": rest * final,
        "OVA_INT": rest * inner,
        "ODC": rest * outer,
    }


def wwz_terms(world: World, s: int) -> dict[str, Array]:
    """The sixteen terms and EXGR (N, countries): row = exporting sector, column = importer."""
    out = {name: np.zeros((world.N, len(world.blocks))) for name in ["EXGR", *NAMES]}
    for r in world.others(s):
        for name, value in ({"EXGR": world.e(s, r)} | wwz_pair(world, s, r)).items():
            out[name][:, r] = world.fold(value)
    return out


def wwz_standard(terms: dict[str, Array]) -> dict[str, Array]:
    """The aggregates of the sixteen terms."""
    vax = sum(terms[n] for n in NAMES if n.startswith("DVA"))
    ref = sum(terms[n] for n in NAMES if n.startswith("RDV"))
    ddc = terms["DDC_FIN"] + terms["DDC_INT"]
    fva = sum(terms[n] for n in NAMES if n.startswith(("MVA", "OVA")))
    fdc = terms["MDC"] + terms["ODC"]
    return {
        "EXGR": terms["EXGR"],
        "DC": vax + ref + ddc,
        "DVA": vax + ref,
        "VAX": vax,
        "REF": ref,
        "DDC": ddc,
        "FC": fva + fdc,
        "FVA": fva,
        "FDC": fdc,
    }


def kww_terms(terms: dict[str, Array]) -> dict[str, Array]:
    """The nine terms from WWZ's, summed over importers: (N, 1)."""
    parts = {
        "EXGR": ("EXGR",),
        "VAX1": ("DVA_FIN",),
        "VAX2": ("DVA_INT", "DVA_INTrex1"),
        "VAX3": ("DVA_INTrex2", "DVA_INTrex3"),
        "REF1": ("RDV_FIN1", "RDV_FIN2"),
        "REF2": ("RDV_INT",),
        "DDC": ("DDC_FIN", "DDC_INT"),
        "FVA1": ("MVA_FIN", "OVA_FIN"),
        "FVA2": ("MVA_INT", "OVA_INT"),
        "FDC": ("MDC", "ODC"),
    }
    return {name: sum(terms[n] for n in own).sum(axis=1, keepdims=True) for name, own in parts.items()}


def kww_standard(terms: dict[str, Array]) -> dict[str, Array]:
    """The aggregates of the nine terms."""
    t = terms
    vax, ref, fva = t["VAX1"] + t["VAX2"] + t["VAX3"], t["REF1"] + t["REF2"], t["FVA1"] + t["FVA2"]
    return {
        "EXGR": t["EXGR"],
        "DC": vax + ref + t["DDC"],
        "DVA": vax + ref,
        "VAX": vax,
        "REF": ref,
        "DDC": t["DDC"],
        "FC": fva + t["FDC"],
        "FVA": fva,
        "FDC": t["FDC"],
    }
