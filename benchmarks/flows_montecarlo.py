"""Monte Carlo of a flow system: seconds on one core, beside as many solutions one at a time.

    python benchmarks/flows_montecarlo.py [system.yaml] [--draws 10000] [--seed 0] [--check]

The shipped system of China's rare earths by default. Seconds are of processor time on one thread: of drawing and
balancing with all intervals of flows, of one draw alone with the plan ready (the median of ten; its ratio is to that
times the draws), of the plan and the reconciled point before any draw, and of costs and values with their intervals.
--check exits with 1 if the draws take longer than the limit of 10 seconds for 10,000.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from statistics import median

from threadpoolctl import threadpool_limits

from gvcpos.flows.system import FlowSystem

LIMIT = 10.0 / 10_000  # seconds a draw
SHIPPED = "china_rare_earths"


def measure(system: FlowSystem, draws: int, seed: int) -> dict[str, object]:
    """Seconds of processor time and what they were for."""
    clock = time.process_time
    begun = clock()
    system.balance()
    balanced = clock() - begun
    points = []
    for _ in range(11):
        begun = clock()
        system.solver.masses(system.data.values)
        points.append(clock() - begun)
    point = median(points[1:])
    begun = clock()
    found = system.simulate(draws, seed=seed)
    solved = clock()
    found.frame()
    done = clock()
    out = {
        "system": system.spec.name,
        "flows": len(system.network.flows),
        "layers": len(system.network.layers),
        "years": len(system.network.years),
        "inputs": len(found.inputs),
        "draws": draws,
        "point_reconciled_s": round(balanced, 2),
        "drawn_and_balanced_s": round(solved - begun, 2),
        "intervals_s": round(done - solved, 2),
        "seconds": round(done - begun, 2),
        "seconds_of_10000": round((done - begun) * 10_000 / draws, 2),
        "one_draw_alone_s": round(point, 4),
        "ratio_to_draws_alone": round((done - begun) / (point * draws), 5),
        "impossible": {name: round(share, 4) for name, share in found.impossible.items()},
    }
    if any(process.costs is not None for process in system.spec.processes.values()):
        begun = clock()
        found.cost_frame()
        out["costs_s"] = round(clock() - begun, 2)
    out["peak_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("system", nargs="?", help=f"a YAML file; {SHIPPED} by default")
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args()
    system = FlowSystem.from_yaml(chosen.system) if chosen.system else FlowSystem.shipped(SHIPPED)
    with threadpool_limits(1):
        found = measure(system, chosen.draws, chosen.seed)
    print(json.dumps(found, indent=2))
    if chosen.check and found["seconds"] > LIMIT * chosen.draws:
        sys.exit(1)


if __name__ == "__main__":
    main()
