"""Borin & Mancini's perimeters other than the exporter's source view: sink, one flow, a pair, the world, the importer.

Closed forms: no inverse of the size of the table per country. With K_s = (I + M_s)⁻¹ = B_ss⁻¹ L_ss, and B^{/s} the
inverse without the intermediate exports of s,

    B^{/s}_rs = B_rs K_s,  B^{/s}_rj = B_rj − B_rs B_ss⁻¹ B_sj  (r, j ≠ s),

which the tests hold against the extraction itself. Functions of an exporter s return name -> array (N, countries):
row = exporting sector, column = direct importer; column s is zero. A country is one block of N sectors here.
"""

from __future__ import annotations

import numpy as np

from tests.accounting.oracle.world import Array, World, total

Terms = dict[str, Array]
MEASURES = ["GEXP", "DC", "DVA", "VAX", "REF", "DDC", "FC", "FVA", "FDC"]


def own(world: World, s: int) -> Array:
    """v_s B_ss."""
    return world.V(s) @ world.B(s, s)


def foreign(world: World, s: int) -> Array:
    """Σ_{t≠s} v_t B_ts."""
    return total((world.V(t) @ world.B(t, s) for t in world.others(s)), world.blocks[s])


def local(world: World, s: int) -> Array:
    """v_s L_ss."""
    return world.V(s) @ world.L(s)


def absorbed(world: World, s: int, r: int, approach: str = "source") -> Array:
    """Where e_sr ends, (N, countries): column k is what final users of k absorb. Rows of the source view sum to e_sr.

    source: Y_sr [k = r] + A_sr (BY)_rk.
    sink: what passes s's border again is left to its later crossing,
    Y_sr [k = r] + A_sr {(BY)_rk − B_rs B_ss⁻¹ ((BY)_sk − [k = s] L_ss Y_ss)}.
    """
    reached = world.BY[world.blocks[r]]
    if approach == "sink":
        home = world.BY[world.blocks[s]].copy()
        home[:, s] -= world.L(s) @ world.Y(s, s)
        reached = reached - world.B(r, s) @ np.linalg.solve(world.B(s, s), home)
    out = world.A(s, r) @ reached
    out[:, r] += world.Y(s, r)
    return out


def _split(world: World, weights: tuple[Array, Array], pair: tuple[int, int], counted: Array, ends: Array) -> Terms:
    """Measures of e_sr when ``counted`` of it is counted once and ``ends`` (N, countries) says where that goes."""
    (o, f), (s, r), e = weights, pair, world.e(*pair)
    return {
        "GEXP": e,
        "DC": o * e,
        "DVA": o * counted,
        "VAX": o * (counted - ends[:, s]),
        "VAXIM": o * ends[:, r],
        "REF": o * ends[:, s],
        "DDC": o * (e - counted),
        "FC": f * e,
        "FVA": f * counted,
        "FDC": f * (e - counted),
    }


def _columns(world: World, pairs: dict[int, Terms]) -> Terms:
    names = next(iter(pairs.values()))
    out = {name: np.zeros((world.N, len(world.blocks))) for name in names}
    for r, terms in pairs.items():
        for name, value in terms.items():
            out[name][:, r] = value
    return out


def sink(world: World, s: int) -> Terms:
    """Exporter's perimeter, last crossing: DDC = (v_s B_ss) # A_sr B_rs K_s e_s."""
    pairs, weights = {}, (own(world, s), foreign(world, s))
    again = np.linalg.solve(np.eye(world.N) + world.M(s), world.exports(s))
    for r in world.others(s):
        counted = world.e(s, r) - world.A(s, r) @ world.B(r, s) @ again
        pairs[r] = _split(world, weights, (s, r), counted, absorbed(world, s, r, "sink"))
    return _columns(world, pairs)


def source(world: World, s: int) -> Terms:
    """Exporter's perimeter, first crossing: w = v_s L_ss, f = Σ_{t≠s} v_t B_ts K_s, both # e_sr."""
    pairs, w, o, g = {}, local(world, s), own(world, s), foreign(world, s)
    f = np.linalg.solve((np.eye(world.N) + world.M(s)).T, g)
    for r in world.others(s):
        e, ends = world.e(s, r), absorbed(world, s, r)
        davax = w * q(world, s, r)
        pairs[r] = {
            "GEXP": e,
            "DC": o * e,
            "DVA": w * e,
            "VAX": w * (e - ends[:, s]),
            "DAVAX": davax,
            "REF": w * ends[:, s],
            "DDC": (o - w) * e,
            "FC": g * e,
            "FVA": f * e,
            "FDC": (g - f) * e,
            "GVC": e - davax,
            "GVCB": (o - w + g) * e,
            "GVCF": w * e - davax,
        }
    return _columns(world, pairs)


def bilateral_self(world: World, s: int) -> Terms:
    """Perimeter = sector n's exports to r alone: divided by 1 + (A_sr B_rs)[n,n]; first and last crossing agree."""
    pairs, weights = {}, (own(world, s), foreign(world, s))
    for r in world.others(s):
        k = 1 / (1 + np.diag(world.A(s, r) @ world.B(r, s)))
        pairs[r] = _split(world, weights, (s, r), k * world.e(s, r), k[:, None] * absorbed(world, s, r))
    return _columns(world, pairs)


def sector_self(world: World, s: int) -> Terms:
    """Perimeter = all exports of sector n of s: divided by 1 + M_s[n,n]; sum the columns for the published figure."""
    weights, k = (own(world, s), foreign(world, s)), 1 / (1 + np.diag(world.M(s)))
    pairs = {}
    for r in world.others(s):
        pairs[r] = _split(world, weights, (s, r), k * world.e(s, r), k[:, None] * absorbed(world, s, r))
    return _columns(world, pairs)


def pair_perimeter(world: World, s: int, approach: str = "source") -> Terms:
    """Perimeter = all exports of s to r, H = A_sr B_rs: v_s B_ss (I + H)⁻¹ e_sr; the approach only moves sectors."""
    pairs, weights = {}, (own(world, s), foreign(world, s))
    for r in world.others(s):
        e, ends = world.e(s, r), absorbed(world, s, r)
        once = np.linalg.inv(np.eye(world.N) + world.A(s, r) @ world.B(r, s))
        pairs[r] = _split(world, weights, (s, r), once @ e, once @ ends)
        if approach == "source":
            o, f = (weight @ once for weight in weights)
            pairs[r] |= {"DVA": o * e, "VAX": o * (e - ends[:, s]), "VAXIM": o * ends[:, r], "REF": o * ends[:, s]}
            pairs[r] |= {"DDC": pairs[r]["DC"] - o * e, "FVA": f * e, "FDC": pairs[r]["FC"] - f * e}
    return _columns(world, pairs)


def q(world: World, s: int, r: int) -> Array:
    """Exports of s that nobody exports again: Y_sr + A_sr L_rr Y_rr."""
    return world.Y(s, r) + world.A(s, r) @ (world.L(r) @ world.Y(r, r))


def world_fva(world: World, t: int, approach: str) -> dict[tuple[int, int], Array]:
    """Value added of t in e_sr, s ≠ t, when each item is counted once, as foreign, in the whole world.

    source: first foreign crossing, (v_t L_tt A_ts L_ss) # e_sr.
    sink: last foreign crossing, (v_t B_ts) # q_sr, and for r = t also what t itself exports after that,
    (v_t B_ts) # A_st L_tt q_t.
    """
    out = {}
    after = world.L(t) @ total((q(world, t, k) for k in world.others(t)), world.blocks[t])
    for s in world.others(t):
        first = local(world, t) @ world.A(t, s) @ world.L(s)
        last = world.V(t) @ world.B(t, s)
        for r in world.others(s):
            if approach == "source":
                out[s, r] = first * world.e(s, r)
            else:
                out[s, r] = last * (q(world, s, r) + (world.A(s, t) @ after if r == t else 0))
    return out


def world_perspective(world: World, approach: str) -> Terms:
    """Domestic measures are the exporter's (source) ones; FVA is counted once in the world. (s, sector, r)."""
    each = [source(world, s) for s in world.countries]
    out = {name: np.array([one[name] for one in each]) for name in MEASURES}
    out["FVA"][:] = 0
    for t in world.countries:
        for (s, r), value in world_fva(world, t, approach).items():
            out["FVA"][s, :, r] += value
    return out | {"FDC": out["FC"] - out["FVA"]}


def imports(world: World, r: int) -> Terms:
    """Importer's perimeter, by cell of origin (GN,): value added that enters r, once, and the double counting.

    With J_t = Σ_{s≠r} B_ts e_sr = (BY)_tr + B_tr e_r − [t = r] x_r:
    VA_t = v_t # (J_t − B_tr B_rr⁻¹ J_r) for t ≠ r, and v_r # (L_rr B_rr⁻¹ J_r) for r's own.
    """
    rows = world.blocks[r]
    entered = sum(world.b[:, world.blocks[s]] @ world.e(s, r) for s in world.others(r))
    once = np.linalg.solve(world.B(r, r), entered[rows])
    counted = entered - world.b[:, rows] @ once
    counted[rows] = world.L(r) @ once
    return {"VA": world.v * counted, "DC": world.v * (entered - counted), "content": world.v * entered}


def importer_perspective(world: World, s: int, r: int, approach: str) -> Array:
    """Value added by cell of origin (GN,) counted in e_sr when it is counted once among all that enters r.

    source: v̂ B~ e_sr, B~_ts = B_ts − B_tr B_rr⁻¹ B_rs (t ≠ r), B~_rs = L_rr B_rr⁻¹ B_rs.
    sink: v̂ B_·s (Y_sr + A_sr x~_r), where x~_r = L_rr Y_rr + L_rr B_rr⁻¹ Σ_{k≠r} (BY)_rk is the output of r that does
    not enter r again.
    """
    rows = world.blocks[r]
    if approach == "source":
        once = np.linalg.solve(world.B(r, r), world.B(r, s))
        star = world.b[:, world.blocks[s]] - world.b[:, rows] @ once
        star[rows] = world.L(r) @ once
        return world.v * (star @ world.e(s, r))
    away = total((world.BYof(r, k) for k in world.others(r)), rows)
    stays = world.L(r) @ (world.Y(r, r) + np.linalg.solve(world.B(r, r), away))
    return world.v * (world.b[:, world.blocks[s]] @ (world.Y(s, r) + world.A(s, r) @ stays))
