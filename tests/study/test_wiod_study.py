"""The shipped studies, whole and timed: the demonstration, and real tables from files to report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from tests.shared import shared


@dataclass(frozen=True)
class Used:
    """What a run took: seconds by the clock, seconds of the processors, and memory."""

    elapsed: float
    processor: float
    kilobytes: int

    def require(self, seconds: float) -> None:
        """By the clock where the machine did nothing else, by the processors where it was busy."""
        cores = os.cpu_count() or 1
        busy = os.getloadavg()[0] > cores
        assert (self.processor if busy else self.elapsed) <= seconds, self


def run(*arguments: str) -> Used:
    started = time.perf_counter()
    command = [sys.executable, "-m", "gvcpos.cli", "run", *arguments]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    with child.stdout:  # type: ignore[union-attr]
        messages = child.stdout.read()  # type: ignore[union-attr]
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0, messages
    return Used(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss)


@pytest.mark.slow
def test_the_demonstration_runs_within_its_time(tmp_path: Path) -> None:
    """Sixty countries, fifteen years, from nothing to report: at most 30 s."""
    run("demo", "--out", str(tmp_path / "demo")).require(30)
    assert (tmp_path / "demo" / "summary.md").is_file()


@pytest.mark.slow
def test_wiod_2000_2011_runs_within_its_time_and_memory(tmp_path: Path) -> None:
    """Twelve tables of 41 x 35 from files to report: at most 60 s and 1.5 GB."""
    data = shared("icio/wiod2013").parents[1]
    out = tmp_path / "wiod2013"
    used = run("wiod2013", "--data", str(data), "--out", str(out))
    used.require(60)
    assert used.kilobytes <= 1.5e6
    panel = pd.read_parquet(out / "frames" / "panel.parquet")
    assert sorted(panel["year"].unique()) == list(range(2000, 2012))
    assert panel["country"].nunique() == 41
    moran = pd.read_parquet(out / "frames" / "moran.parquet")
    assert (moran["n"] == 40).all()
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["synthetic"] is False
    assert sum(item["path"].endswith(".npz") for item in manifest["inputs"]) == 12
    assert "SYNTHETIC" not in (out / "summary.md").read_text(encoding="utf-8")
