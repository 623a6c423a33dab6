"""What a country's imports are made of: Borin & Mancini's importer perspective, by cell of origin."""

from __future__ import annotations

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.pairs import PairFlows


def import_content(pairs: PairFlows) -> tuple[FloatArray, FloatArray]:
    """Return the value added that enters r, once, and what enters again: rows by origin, a column for each r, (n, G).

    Notes
    -----
    J_tr = Σ_{s≠r} B_ts e_sr is the output of t in all that r imports. Counted once it is J_tr − B_tr B_rr⁻¹ J_rr for
    t ≠ r, and L_rr B_rr⁻¹ J_rr for r's own value added that returns; the rest has entered r before. The latter is
    counted twice in imports: it is not domestic content.
    """
    blocks, system, v = pairs.blocks, pairs.system, pairs.flows.v[:, None]
    entered = pairs.B @ pairs.exports
    again = blocks.solve(system.diagonal_blocks, blocks.own(entered))
    once = entered - system.solve_spread(again[:, None])[0]
    once = blocks.without_own(once) + blocks.spread(system.local(again))
    return v * once, v * (entered - once)
