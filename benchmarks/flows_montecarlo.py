"""Monte Carlo of a flow system: seconds on one core, beside as many solutions one at a time.

    python benchmarks/flows_montecarlo.py [system.yaml] [--draws 10000] [--seed 0] [--check]

The shipped system of China's rare earths by default. Seconds are of processor time on one thread: of the plan and the
reconciled point, once; of drawing and balancing; of all intervals of flows; of costs and values with their intervals;
of one draw alone with the plan ready (the median of ten; the ratio is of draws with intervals to that times the draws).
`seconds` is all of it but the draws alone. --check exits with 1 if the better of two turns takes longer than the limit,
10 seconds for 10,000 draws.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from statistics import median

from threadpoolctl import threadpool_limits

from gvcpos.flows import FlowSystem, find_system

LIMIT = 10.0 / 10_000  # seconds a draw
SHIPPED = "china_rare_earths"
TURNS = 2


def measure(system: FlowSystem, draws: int, seed: int) -> dict[str, object]:
    """Seconds of processor time and what they were for."""
    clock = time.process_time
    marks = [clock()]
    system.balance()
    marks.append(clock())
    found = system.simulate(draws, seed=seed)
    marks.append(clock())
    found.frame()
    marks.append(clock())
    if system.spec.has_costs:
        found.cost_frame()
    marks.append(clock())
    names = ("point_reconciled_s", "drawn_and_balanced_s", "intervals_s", "costs_and_values_s")
    spent = {name: round(after - before, 2) for name, before, after in zip(names, marks, marks[1:], strict=False)}
    points = []
    for _ in range(11):
        begun = clock()
        system.solver.masses(system.data.values)
        points.append(clock() - begun)
    point = median(points[1:])
    return {
        "system": system.spec.name,
        "flows": len(system.network.flows),
        "layers": len(system.network.layers),
        "years": len(system.network.years),
        "inputs": len(found.inputs),
        "draws": draws,
        **spent,
        "seconds": round(marks[-1] - marks[0], 2),
        "one_draw_alone_s": round(point, 4),
        "ratio_to_draws_alone": round((marks[3] - marks[1]) / (point * draws), 5),
        "impossible": {name: round(share, 4) for name, share in found.impossible.items()},
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("system", nargs="?", help=f"a YAML file, or one that ships; {SHIPPED} by default")
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args()
    path = find_system(chosen.system or SHIPPED)
    with threadpool_limits(1):
        turns = [measure(FlowSystem.from_yaml(path), chosen.draws, chosen.seed) for _ in range(TURNS)]
    best = min(turns, key=lambda turn: float(str(turn["seconds"])))
    print(json.dumps(best, indent=2))
    if chosen.check and float(str(best["seconds"])) > LIMIT * chosen.draws:
        sys.exit(1)


if __name__ == "__main__":
    main()
