"""LaTeX compiles what we write."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from gvcpos import report
from gvcpos.report import effects_table, frame_table, regression_table
from tests.report.examples import Test, effects, fit, label_table
from tests.report.test_renderings import NASTY

PREAMBLE = r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{booktabs}\begin{document}"


def test_every_kind_of_table_compiles(tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    long = "a null hypothesis that is far too long for a column of one line in print"
    tables = [
        regression_table({"a_1": fit(x_1=(1e-9, 0.1, 0.001)), "b & c": fit(z=(-1.0, 0.1, 0.2))}, synthetic=True),
        effects_table(effects(), label="tab:effects_1"),
        report.tests_table([Test("slope_1", long, -5.25, "t", 59, 1e-9, -0.05, (-0.07, -0.03))]),
        frame_table(pd.DataFrame({"country": ["NA", "[x]"], "value": [float("inf"), float("nan")]})),
        label_table(NASTY),
    ]
    source = tmp_path / "all.tex"
    body = "\n".join(table.to_latex() for table in tables)
    source.write_text(f"{PREAMBLE}\n{body}\n\\end{{document}}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", source.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-2000:]
    assert (tmp_path / "all.pdf").stat().st_size > 10_000
