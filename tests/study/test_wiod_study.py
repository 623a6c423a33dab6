"""The shipped study of real tables, from files to report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.shared import shared


@pytest.mark.slow
def test_wiod_2000_2011_runs_within_its_time_and_memory(tmp_path: Path) -> None:
    """Twelve tables of 41 x 35 from files to report: at most 60 s of one processor and 1.5 GB."""
    data = shared("icio/wiod2013").parents[1]
    out = tmp_path / "wiod2013"
    command = [sys.executable, "-m", "gvcpos.cli", "run", "wiod2013", "--data", str(data), "--out", str(out)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with child.stderr, child.stdout:  # type: ignore[union-attr]
        messages, _ = child.stderr.read(), child.stdout.read()  # type: ignore[union-attr]
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0, messages
    assert used.ru_utime + used.ru_stime <= 60
    assert used.ru_maxrss <= 1.5e6  # kB
    panel = pd.read_parquet(out / "frames" / "panel.parquet")
    assert sorted(panel["year"].unique()) == list(range(2000, 2012))
    assert panel["country"].nunique() == 41
    moran = pd.read_parquet(out / "frames" / "moran.parquet")
    assert (moran["n"] == 40).all()
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["synthetic"] is False
    assert sum(item["path"].endswith(".npz") for item in manifest["inputs"]) == 12
    assert "SYNTHETIC" not in (out / "summary.md").read_text(encoding="utf-8")
