"""First-order propagation against a Monte Carlo of 1,000 draws, in the same process.

    python benchmarks/uncertainty.py [--draws 1000] [--measured 1000] [--countries 41] [--sectors 35]

Both give the standard errors of the same indices of the same table (random cells, the size of WIOD 2013 by default)
with errors of 10 %. Of the Monte Carlo `--measured` draws are done, between two runs of the other side, and their mean
time is taken `--draws` times; by default all are done. Printed: seconds of both, the ratio (floor: 20), and the median
and the largest difference of the two standard errors beside the Monte Carlo's own error.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from threadpoolctl import threadpool_limits

from gvcpos.tables import IOTable
from gvcpos.uncertainty import CellErrors, first_order_uncertainty, index_uncertainty
from gvcpos.uncertainty.monte_carlo import DEFAULT

FLOOR = 20.0


def random_table(G: int, N: int, seed: int = 1) -> IOTable:
    """A balanced table with no zero cells, log-normal cells, home blocks heavier than foreign ones."""
    rng = np.random.default_rng(seed)
    Z = rng.lognormal(0.0, 2.0, (G * N, G * N))
    every = np.arange(G)
    Z.reshape(G, N, G, N)[every, :, every, :] *= 10.0 * G
    Y = rng.lognormal(0.0, 1.0, (G * N, G)) * 5.0 * N
    Y[np.arange(G * N), np.repeat(every, N)] *= 10.0 * G
    x = np.maximum(Z.sum(axis=1) + Y.sum(axis=1), 1.6 * Z.sum(axis=0))
    Y[np.arange(G * N), np.repeat(every, N)] += x - Z.sum(axis=1) - Y.sum(axis=1)
    return IOTable.from_arrays(
        Z,
        Y,
        countries=[f"C{i}" for i in range(G)],
        sectors=[f"S{i}" for i in range(N)],
        source="random",
        synthetic=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--measured", type=int, default=1000)
    parser.add_argument("--countries", type=int, default=41)
    parser.add_argument("--sectors", type=int, default=35)
    arguments = parser.parse_args()
    table, errors = random_table(arguments.countries, arguments.sectors), CellErrors(0.1)
    with threadpool_limits(1):
        first_order_uncertainty(random_table(3, 3), errors)  # imports
        fast = []
        start = time.perf_counter()
        linear = first_order_uncertainty(table, errors)
        fast.append(time.perf_counter() - start)
        start = time.perf_counter()
        drawn = index_uncertainty(table, errors, draws=arguments.measured)
        slow = (time.perf_counter() - start) * arguments.draws / arguments.measured
        start = time.perf_counter()
        first_order_uncertainty(table, errors)
        fast.append(time.perf_counter() - start)
    ratio = slow / float(np.mean(fast))
    apart = (drawn["std_error"] / linear["std_error"] - 1).abs()
    print(f"{len(table.x)} cells, {len(DEFAULT)} indices, one thread")
    print(f"first order {fast[0]:.2f} s and {fast[1]:.2f} s, before and after the draws")
    print(f"Monte Carlo {slow:.1f} s for {arguments.draws} draws, {arguments.measured} of them done")
    print(f"ratio {ratio:.0f} (floor {FLOOR:.0f})")
    print(
        f"standard errors differ by {apart.median():.2%} (median) and {apart.max():.2%} (largest); Monte Carlo's own "
        f"error is {1 / np.sqrt(2 * arguments.measured):.2%}",
        flush=True,
    )


if __name__ == "__main__":
    main()
