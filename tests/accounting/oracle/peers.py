"""What R decompr and gvc, ADB's scripts and pymrio compute, from dense arrays."""

from __future__ import annotations

import numpy as np

from tests.accounting.oracle.icio import Terms, foreign, local
from tests.accounting.oracle.world import Array, World, total


def blocks(world: World, vectors: object) -> Array:
    """One vector per country, end to end."""
    return np.concatenate(list(vectors))  # type: ignore[call-overload]


def all_exports(world: World) -> Array:
    """e, (GN,)."""
    return blocks(world, (world.exports(s) for s in world.countries))


def leontief(world: World, post: str) -> Array:
    """v̂B, v̂Bx̂, v̂BÊ (GN, GN) or v̂BY (GN, countries)."""
    vb = world.v[:, None] * world.b
    if post == "final_demand":
        return world.v[:, None] * world.BY
    scale = {"none": np.ones_like(world.x), "output": world.x, "exports": all_exports(world)}[post]
    return vb * scale


def kww(world: World, s: int) -> Terms:
    """The nine terms as they are printed, for a country."""
    V, A, B, Y, L = world.V(s), world.A, world.B, world.Y, world.L(s)
    others, f = world.others(s), foreign(world, s)
    es = world.exports(s)
    third = {r: total((Y(r, t) for t in world.others(s, r)), world.blocks[r]) for r in others}
    return {
        "DVA_FIN": sum(V @ B(s, s) @ Y(s, r) for r in others),
        "DVA_INT": sum(V @ B(s, r) @ Y(r, r) for r in others),
        "DVA_INTrex": sum(V @ B(s, r) @ third[r] for r in others),
        "RDV_FIN": sum(V @ B(s, r) @ Y(r, s) for r in others),
        "RDV_INT": sum(V @ B(s, r) @ A(r, s) @ L @ Y(s, s) for r in others),
        "DDC": sum(V @ B(s, r) @ A(r, s) @ L @ es for r in others),
        "FVA_FIN": sum(f @ Y(s, r) for r in others),
        "FVA_INT": sum(f @ A(s, r) @ world.L(r) @ Y(r, r) for r in others),
        "FDC": sum(f @ A(s, r) @ world.L(r) @ world.exports(r) for r in others),
    }


def wwz(world: World, s: int) -> Terms:
    """The sixteen terms without sums over third countries, and totals, (N, countries), under decompr's names.

    With y_t^F = Σ_{w≠t} Y_tw, and (·)_r the rows of r:
    Σ_{t≠s,r} B_rt Y_tt = (By^D)_r − B_rr Y_rr − B_rs Y_ss, Σ_{t≠s,r} B_rt Y_ts = (BY)_rs − B_rr Y_rs − B_rs Y_ss,
    Σ_{t≠s,r} B_rt Σ_{w≠s,t} Y_tw = (By^F)_r − (BY)_rs + B_rs Y_ss − B_rr (y_r^F − Y_rs) − B_rs y_s^F.
    """
    yd = blocks(world, (world.Y(t, t) for t in world.countries))
    out: dict[str, Array] = {}
    for r in world.others(s):
        for name, value in _wwz_pair(world, s, r, yd, world.final.sum(axis=1) - yd).items():
            out.setdefault(name, np.zeros((world.N, len(world.blocks))))[:, r] = value
    return out


def _wwz_pair(world: World, s: int, r: int, yd: Array, yf: Array) -> Terms:
    Y, rows = world.Y, world.b[world.blocks[r]]
    Asr, Brr, Brs, yfs, yfr = world.A(s, r), world.B(r, r), world.B(r, s), yf[world.blocks[s]], yf[world.blocks[r]]
    own, home = world.V(s) @ world.B(s, s), local(world, s)
    partner = world.V(r) @ Brs
    rest = world.v @ world.b[:, world.blocks[s]] - own - partner
    back, domestic = world.BYof(r, s), Brs @ Y(s, s)
    further = rows @ yf - back + domestic - Brr @ (yfr - Y(r, s)) - Brs @ yfs
    final, inner = Y(s, r), Asr @ world.L(r) @ Y(r, r)
    outer = Asr @ world.L(r) @ world.exports(r)
    return {
        "DVA_FIN": own * final,
        "DVA_INT": home * (Asr @ Brr @ Y(r, r)),
        "DVA_INTrexI1": home * (Asr @ (rows @ yd - Brr @ Y(r, r) - domestic)),
        "DVA_INTrexF": home * (Asr @ Brr @ (yfr - Y(r, s))),
        "DVA_INTrexI2": home * (Asr @ further),
        "RDV_FIN": home * (Asr @ Brr @ Y(r, s)),
        "RDV_FIN2": home * (Asr @ (back - Brr @ Y(r, s) - domestic)),
        "RDV_INT": home * (Asr @ domestic),
        "DDC_FIN": home * (Asr @ Brs @ yfs),
        "DDC_INT": (own - home) * (Asr @ world.X(r)),
        "MVA_FIN": partner * final,
        "MVA_INT": partner * inner,
        "MDC": partner * outer,
        "OVA_FIN": rest * final,
        "OVA_INT": rest * inner,
        "ODC": rest * outer,
        "texp": world.e(s, r),
        "texpfd": final,
        "texpint": Asr @ world.X(r),
        "DViX_Fsr": world.V(s) * (world.L(s) @ world.e(s, r)),
    }


def tripartite(world: World, s: int) -> Terms:
    """Borin, Mancini & Taglioni, by exporting sector and importer: traditional, forward, backward, two-sided."""
    w = local(world, s)
    m = total((world.A(t, s).sum(axis=0) @ world.L(s) for t in world.others(s)), world.blocks[s])
    names = ["E", "DAVAX", "GVC", "GVC_PF", "GVC_TS", "GVC_PB"]
    out = {name: np.zeros((world.N, len(world.blocks))) for name in names}
    for r in world.others(s):
        near = world.A(s, r) @ world.L(r)
        q1, q2, e = world.Y(s, r) + near @ world.Y(r, r), near @ world.exports(r), world.e(s, r)
        for name, value in zip(names, (e, w * q1, e - w * q1, w * q2, m * q2, m * q1), strict=True):
            out[name][:, r] = world.fold(value)
    return out


def gvc(world: World) -> Terms:
    """R gvc's vectors (GN,)."""
    vby = world.v[:, None] * world.BY
    vbe = leontief(world, "exports")
    by_origin = [vbe[world.blocks[s]] for s in world.countries]
    return {
        "dfddva": blocks(world, (vby[world.blocks[s], s] for s in world.countries)),
        "ffddva": blocks(world, (vby[world.blocks[s]][:, world.others(s)].sum(axis=1) for s in world.countries)),
        "dfdfva": blocks(
            world, (total((vby[world.blocks[t], s] for t in world.others(s)), world.blocks[s]) for s in world.countries)
        ),
        "i2e": blocks(world, (foreign(world, s) * world.exports(s) for s in world.countries)),
        "e2r": blocks(world, (np.delete(by_origin[s], world.blocks[s], axis=1).sum(axis=1) for s in world.countries)),
        "nrca": rca(np.array([by_origin[s][:, world.blocks[s]].sum(axis=1) for s in world.countries])).ravel(),
        "downstream": world.b.sum(axis=0),
        "upstream": upstreamness(world),
    }


def rca(value: Array) -> Array:
    """(value_si / value_s) / (value_i / value), (countries, sectors)."""
    return (value / value.sum(axis=1, keepdims=True)) / (value.sum(axis=0) / value.sum())


def upstreamness(world: World) -> Array:
    """(I − x̂⁻¹Z)⁻¹1; 1 in a cell without output."""
    shares = np.divide(world.Z, world.x[:, None], out=np.zeros_like(world.Z), where=world.x[:, None] != 0)
    return np.linalg.solve(np.eye(len(world.x)) - shares, np.ones(len(world.x)))


def parts(world: World) -> Terms:
    """L, A^D, A^F as matrices (GN, GN) and y^D, y^F, y as vectors."""
    L, domestic = np.zeros_like(world.a), np.zeros_like(world.a)
    for s in world.countries:
        at = np.ix_(world.blocks[s], world.blocks[s])
        L[at], domestic[at] = world.L(s), world.A(s, s)
    yd = blocks(world, (world.Y(s, s) for s in world.countries))
    y = world.final.sum(axis=1)
    return {"L": L, "AD": domestic, "AF": world.a - domestic, "yd": yd, "yf": y - yd, "y": y}


def lengths(world: World) -> dict[str, tuple[Array, Array]]:
    """Wang, Wei, Yu & Zhu 2017: row sums and column sums of v̂ P ŷ for each of their matrices P."""
    p, B = parts(world), world.b
    L, AF, AD = p["L"], p["AF"], p["AD"]
    LAFB = L @ AF @ B
    matrices = {
        "X": (B @ B, "y"),
        "X_D": (L @ L, "yd"),
        "X_RT": (L @ L, "yf"),
        "Xd_GVC": (L @ LAFB, "y"),
        "E_GVC": (B @ AF @ B, "y"),
        "Xf_GVC": (LAFB @ AD @ B, "y"),
        "D": (L, "yd"),
        "RT": (L, "yf"),
        "GVC": (LAFB, "y"),
        "GVC_simple": (L @ AF @ L, "yd"),
    }
    out = {}
    for name, (matrix, final) in matrices.items():
        flows = world.v[:, None] * matrix * p[final]
        out[name] = (flows.sum(axis=1), flows.sum(axis=0))
    out["GVC_complex"] = tuple(all_ - simple for all_, simple in zip(out["GVC"], out["GVC_simple"], strict=True))
    return out


def gross_trade(world: World) -> tuple[Array, Array, Array]:
    """Sector × destination, exports by sector, imports by product."""
    flows = np.zeros_like(world.final)
    for s in world.countries:
        for r in world.others(s):
            flows[world.blocks[s], r] = world.e(s, r)
    entered = blocks(world, (sum(flows[world.blocks[s], r] for s in world.others(r)) for r in world.countries))
    return flows, flows.sum(axis=1), entered


def footprints(world: World, F: Array, F_Y: Array) -> Terms:
    """pymrio's accounts of satellites F (k, GN) with direct use F_Y (k, countries).

    D_cba[r,j]: all that final product j consumed in r embodies; D_imp: its foreign part; D_exp: by emitting sector,
    what others' final demand causes. Only the regional cba and pba add F_Y.
    """
    S = F * np.array([1 / x if x != 0 else 0.0 for x in world.x])
    G, N, n = len(world.blocks), world.N, len(world.x)
    products = np.zeros((n, n))
    for r in world.countries:
        for s in world.countries:
            products[np.ix_(world.blocks[s], world.blocks[r])] = np.diag(world.Y(s, r))
    output = world.b @ products
    abroad = output.copy()
    for r in world.countries:
        abroad[np.ix_(world.blocks[r], world.blocks[r])] = 0
    out = {
        "S": S,
        "M": S @ world.b,
        "D_cba": S @ output,
        "D_pba": S * output.sum(axis=1),
        "D_imp": S @ abroad,
        "D_exp": S * abroad.sum(axis=1),
    }
    for name in ("D_cba", "D_pba", "D_imp", "D_exp"):
        direct = F_Y if name in ("D_cba", "D_pba") else 0
        out[f"{name}_reg"] = out[name].reshape(len(F), G, N).sum(axis=2) + direct
    return out
