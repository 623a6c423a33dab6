"""Participation in global value chains: Wang–Wei–Yu–Zhu 2017 and Koopman–Powers–Wang–Wei 2010, by vectors only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.flows import WorldFlows
from gvcpos.accounting.indices.position import ratio
from gvcpos.accounting.pairs import PairFlows
from gvcpos.accounting.vectors import VectorFlows


@dataclass(frozen=True)
class Split:
    """Value added (forward) or final goods (backward) by the way they take; money, (n,) or (G,) each.

    Attributes
    ----------
    total, domestic, traditional, simple, complex : ndarray
        ``total`` is va or y and equals the sum of the others on a balanced table.
    """

    total: FloatArray
    domestic: FloatArray
    traditional: FloatArray
    simple: FloatArray
    complex: FloatArray

    def summed(self, total: Callable[[FloatArray], FloatArray]) -> Split:
        """Sum every part with `total`, which takes cells to rows or exporters."""
        return Split(*(total(getattr(self, f.name)) for f in fields(self)))


def forward_split(flows: VectorFlows) -> Split:
    """Split value added by use, rows of v̂Bŷ = v̂Lŷ^D + v̂Lŷ^F + v̂LA^FLŷ^D + v̂LA^F(Bŷ − Lŷ^D) (NBER w23222)."""
    v, (l_home, _) = flows.v, flows.local_demand.T
    sold, simple, _ = flows.sold_on.T
    used = flows.system.local(np.stack([simple, sold - simple], axis=1)) * v[:, None]
    return Split(flows.va, v * l_home, v * flows.local_demand[:, 1], *used.T)


def backward_split(flows: VectorFlows) -> Split:
    """Split final goods by source, columns of the same equation."""
    w, home = flows.w, flows.y_domestic
    simple = flows.system.local_transposed(flows.imported_value[:, 0]) * home
    gvc = flows.input_solves[:, 1] * flows.y
    return Split(flows.y, w * home, w * flows.y_foreign, simple, gvc - simple)


def split_columns(split: Split, view: str) -> dict[str, FloatArray]:
    """Return shares of the total by published name; `view` is ``"forward"`` or ``"backward"``.

    ``wwyz_forward`` = (simple + complex)/va, the participation; its parts and the rest likewise.
    """
    parts = {
        "": split.simple + split.complex,
        "_simple": split.simple,
        "_complex": split.complex,
        "_domestic": split.domestic,
        "_traditional": split.traditional,
    }
    return {f"wwyz_{view}{suffix}": ratio(part, split.total) for suffix, part in parts.items()}


def indirect_value_added(flows: WorldFlows) -> FloatArray:
    """IV: own value added in exports that partners pass on to third countries, by exporting sector, (n,).

    It is T3 + T4 + T5 of Wang, Wei & Zhu (NBER w19677). As x_r = Σ_t B_rt y_t, what is left of A_sr x_r after
    absorption by the direct importer, return home and own final exports is
    (v_s L_ss)' # Σ_{r≠s} A_sr [x_r − B_rr Y_rr − (BY)_rs − B_rs Σ_{t≠s} Y_st].
    """
    stays = flows.round_home + flows.returned[:, 0] + flows.returned[:, 1]
    return flows.w * (flows.intermediate_exports - stays)


def foreign_value_added(flows: WorldFlows) -> FloatArray:
    """FV: foreign value added in exports that the direct importer absorbs, by exporting sector, (n,).

    It is T11 + T12 + T14 + T15 of Wang, Wei & Zhu: (u − v_s B_ss)' # Σ_{r≠s} (Y_sr + A_sr L_rr Y_rr).
    """
    return flows.foreign_content * (flows.y_foreign + flows.sold_on[:, 1])


def pair_value_added(pairs: PairFlows) -> tuple[FloatArray, FloatArray]:
    """IV and FV by exporting sector and partner, shape (n, G) each: the same sums of Wang, Wei & Zhu's terms."""
    sales = pairs.sales
    stays = sales.round_home + sales.returned + sales.via_abroad
    indirect = pairs.flows.w[:, None] * (sales.intermediate - stays)
    return indirect, pairs.foreign[:, None] * (sales.final + sales.used)


def forward_linkage(flows: WorldFlows) -> FloatArray:
    """Own value added in all exports of others, v̂_s Σ_{r≠s} B_sr e_r, by sector of origin, (n,).

    The loose forward measure (OECD FEXDVA, VS1 of Hummels, Ishii & Yi 2001): it counts value added each time
    it crosses a border and can flip the sign of the KPWW position, hence its own name. Costs G more columns.
    """
    spread = flows.system.solve_spread(flows.exports[:, None])[0]
    return flows.v * flows.system.blocks.abroad(spread)


def kpww_columns(exports: FloatArray, indirect: FloatArray, foreign: FloatArray) -> dict[str, FloatArray]:
    """Return the KPWW 2010 (NBER w16426) indices; NaN where there are no exports.

    Participation is IV/E + FV/E, position ln(1 + IV/E) − ln(1 + FV/E).
    """
    iv, fv = ratio(indirect, exports), ratio(foreign, exports)
    logs = [np.log1p(r, out=np.full_like(r, np.nan), where=r > -1) for r in (iv, fv)]
    return {
        "kpww_iv": iv,
        "kpww_fv": fv,
        "kpww_participation": iv + fv,
        "kpww_position": logs[0] - logs[1],
    }
