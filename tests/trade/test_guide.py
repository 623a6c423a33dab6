"""The guide to trade says what is true: its snippets run, it names what is public, its figures are the tests'."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from gvcpos import trade
from gvcpos.trade import claims
from tests.shared import ROOT
from tests.test_docs import snippets

PAGE = ROOT / "docs" / "trade.md"


def test_the_guide_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "trade.py"
    program.write_text(snippets(PAGE), encoding="utf-8")
    runpy.run_path(str(program))
    said = capsys.readouterr().out
    assert "Other Asia, nes are TWN" in said
    assert "100 times too large" in said
    assert "no forecast" in said
    assert "Synthetic numbers." in said


def test_the_guide_names_what_is_public() -> None:
    text = PAGE.read_text(encoding="utf-8")
    public = {*trade.__all__, "check_claims"} - {"AreaRules", "SupplyStop"}
    assert not {name for name in public if not re.search(rf"\b{name}\b", text)}


def test_the_guide_counts_the_claims_that_ship() -> None:
    number = claims.check_claims()["outcome"].value_counts()
    said = re.search(r"(\d+) agree, (\d+) agree to one digit, (\d+) are slips, (\d+) are implied, (\d+) stand\s+alone",
                     PAGE.read_text(encoding="utf-8"))  # fmt: skip
    assert said is not None
    outcomes = ("agrees", "rounding", "slip of a power of ten", "implied", "not recomputable")
    assert [int(text) for text in said.groups()] == [number[outcome] for outcome in outcomes]
    assert number.sum() == sum(map(int, said.groups()))
