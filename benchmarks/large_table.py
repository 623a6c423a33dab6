"""The whole suite for one large table under a limit of memory: EXIOBASE's size, 49 regions by 200 products.

    python benchmarks/large_table.py [--size 49x200] [--limit-gb 8]

The table is synthetic: random numbers, balanced. The limit is on address space, which is more than what is resident.
One line of JSON: seconds, and the largest resident memory in GB and in dense n x n arrays, the table's included.
"""

from __future__ import annotations

import argparse
import json
import resource
import time

from accounts_suite import Suite, size
from vector_indices import random_table

GB = 2**30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=size, default=(49, 200), help="countries x sectors; default 49x200")
    parser.add_argument("--limit-gb", type=float, default=8.0)
    chosen = parser.parse_args()
    limit = int(chosen.limit_gb * GB)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    G, N = chosen.size
    begun = time.perf_counter()
    table = random_table(G, N)
    made = time.perf_counter()
    processor = time.process_time()
    suite = Suite(table)
    suite.labelled = True
    families = [name for name, _ in suite.families()]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found = {
        "cells": G * N,
        "countries": G,
        "synthetic": True,
        "frames": len(families),
        "seconds_to_make_the_table": round(made - begun, 1),
        "seconds": round(time.perf_counter() - made, 1),
        "process_seconds": round(time.process_time() - processor, 1),
        "peak_gb": round(peak / GB, 2),
        "peak_dense_arrays": round(peak / table.Z.nbytes, 2),
        "limit_gb": chosen.limit_gb,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
