"""Distance in stages to a chosen final demand and from chosen primary inputs, and the income of a chain.

Pure functions on arrays of n cells; one or two solves each.
"""

from __future__ import annotations

from dataclasses import dataclass

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.leontief import LeontiefSystem


@dataclass(frozen=True)
class Reach:
    """A flow through cells and the stages it takes; distance is ``stages / flow``, of sums where cells are summed.

    Attributes
    ----------
    flow : ndarray, shape (n,)
        Bf, output that the final demand needs; or hB, inputs embodied in a unit of output.
    stages : ndarray, shape (n,)
        BBf or hBB, the same with every round counted as often as stages it has gone through.
    """

    flow: FloatArray
    stages: FloatArray


def reach_to(system: LeontiefSystem, f: FloatArray) -> Reach:
    """Return how output reaches a final demand: Bf and BBf (Meng, Ye & Wei 2020, Oxf. Bull. Econ. Stat. 82).

    BBf/Bf is 1 for a cell that sells to the final demand alone. With all final demand, f = y, it is
    upstreamness, Bx/x (=). Both are 0 in a cell without output.
    """
    flow = system.solve(f)
    live = system.x != 0
    return Reach(flow * live, system.solve(flow) * live)


def reach_from(system: LeontiefSystem, h: FloatArray) -> Reach:
    """Return how primary inputs h, per unit of output, reach a cell: hB and hBB.

    hBB/hB with all value added, h = v, is downstreamness, uB, on a balanced table (=).
    """
    flow = system.solve_transposed(h)
    return Reach(flow, system.solve_transposed(flow))
