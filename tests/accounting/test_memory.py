"""What the whole suite costs, measured by the scripts in benchmarks/ in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.shared import ROOT


def script(name: str, *arguments: str, threads: int = 1, seconds: int = 3000) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / name), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        env=os.environ | {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)},
    )


def test_the_suite_takes_at_most_five_dense_arrays_beside_the_table() -> None:
    """At the size of WIOD 2013, 41 countries by 35 sectors; larger tables take less beside their n x n arrays."""
    done = script("accounts_suite.py", "--size", "41x35", "--only", "memory", "--check", seconds=300)
    print(done.stdout)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("size", ["41x35", "77x45"])
def test_the_suite_keeps_to_its_limits(size: str) -> None:
    """Processor time on one thread, as ratios to getrf + getri in the same process; limits are in the script."""
    done = script("accounts_suite.py", "--size", size, "--threads", "1", "--repeats", "5", "--check")
    print(done.stdout)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_table_of_exiobase_size_runs_in_8_gb() -> None:
    """49 x 200 cells, synthetic: the whole suite as frames with 8 GB of address space."""
    done = script("large_table.py", "--size", "49x200", "--limit-gb", "8", threads=os.cpu_count() or 1)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    print(found)
    assert found["cells"] == 9800
    assert found["synthetic"]
    assert found["frames"] > 60
    assert found["peak_gb"] < 8.0
