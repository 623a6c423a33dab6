"""What the README shows has to run."""

from __future__ import annotations

import re

import pytest

from tests.shared import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "row identity" in printed
    assert "W*upstreamness" in printed
    assert "indirect" in printed
    assert "lock-in" in printed


def test_the_files_it_names_exist() -> None:
    for name in re.findall(r"`((?:data|gvcpos|tests|benchmarks)/[\w/.-]+)`", README):
        assert (ROOT / name).exists(), name
