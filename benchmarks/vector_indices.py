"""All vector indices of one table, as a ratio to LAPACK's getrf on a matrix of the same size.

    python benchmarks/vector_indices.py [--repeats 7]

Counted: the balance check, final demand by destination, forming I - A, its LU, and
`ValueAddedAccounts(table).indices(split_foreign=False)`: output, value added, exports, VA/GO, F/GO, upstreamness,
downstreamness, WWYZ participation and lengths in both views, GVC position, KPWW, VAX ratio and the Borin-Mancini
terms except the split of foreign content into FVA and FDC, which needs the inverse and is timed apart. Repeats of
the two sides are interleaved in one process and medians compared. Floor: ratio <= 2.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits

from gvcpos.accounting import ValueAddedAccounts
from gvcpos.tables import IOTable

SIZES = ((41, 35), (77, 45))


def random_table(G: int, N: int, seed: int = 1) -> IOTable:
    """A balanced table with no zero cells, home blocks heavier than foreign ones."""
    rng = np.random.default_rng(seed)
    Z = rng.random((G * N, G * N))
    blocks = Z.reshape(G, N, G, N)
    s = np.arange(G)
    blocks[s, :, s, :] *= G
    Y = rng.random((G * N, G)) * N * 2.0
    return IOTable.from_arrays(
        Z,
        Y,
        countries=[f"C{i}" for i in range(G)],
        sectors=[f"S{i}" for i in range(N)],
        source="random",
        synthetic=True,
    )


def seconds(job: Callable[[], object]) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def compare(table: IOTable, repeats: int) -> dict[str, float]:
    """Median seconds of getrf, of the vector indices and of the indices with FVA and FDC."""
    n = len(table.x)
    matrix = np.asfortranarray(np.eye(n) - table.Z / table.x)

    def lu(fresh: np.ndarray) -> None:
        lapack.dgetrf(fresh, overwrite_a=1)

    def indices(split_foreign: bool) -> None:
        # A new object without anything cached; arrays are shared, not copied.
        ValueAddedAccounts(replace(table)).indices(split_foreign=split_foreign)

    times: dict[str, list[float]] = {"getrf": [], "vector indices": [], "with FVA, FDC": []}
    for repeat in range(repeats):
        fresh = matrix.copy(order="F")
        times["getrf"].append(seconds(lambda fresh=fresh: lu(fresh)))
        times["vector indices"].append(seconds(lambda: indices(False)))
        if repeat < max(2, repeats // 3):
            times["with FVA, FDC"].append(seconds(lambda: indices(True)))
    return {name: float(np.median(values)) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    print("cells  threads    getrf s  indices s  ratio   with FVA, FDC ratio")
    for G, N in SIZES:
        table = random_table(G, N)
        for threads in (1, 2):
            with threadpool_limits(threads):
                compare(table, 1)  # warm up
                t = compare(table, repeats)
            base, fast, full = t["getrf"], t["vector indices"], t["with FVA, FDC"]
            print(
                f"{G * N:5d}  {threads:7d}  {base:9.4f}  {fast:9.4f}  {fast / base:5.2f}   {full / base:19.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
