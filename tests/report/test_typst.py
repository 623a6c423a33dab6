"""Tables as Typst: escaped, structured, and compiled where the compiler is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gvcpos.report import Cell, Row, Table
from gvcpos.report.typst import escape_typst
from tests.report.test_renderings import NASTY


def table(texts: list[str]) -> Table:
    """A table whose every text is one of `texts`, with a number beside it."""
    rows = tuple(
        Row(text, (Cell(text, text), Cell(-1.5, "-1.5000", "***"), Cell(0.2, "(0.2000", ")"))) for text in texts
    )
    return Table(texts[0], texts[-1], ("text", "number", "error"), (rows[:2], rows[2:]), tuple(texts), "tab:sdm 1")


def test_every_mark_is_escaped() -> None:
    for text in NASTY:
        bare = re.sub(r"\\\\.", "", escape_typst(text).replace("\\\\", ""))
        left = re.sub(r"\\.", "", bare)
        assert not re.search(r"[#$*_`<>@~\[\]]", left), text


def test_table_is_a_figure_with_rules() -> None:
    out = table(["a", "b", "c"]).to_typst()
    assert out.startswith("#figure(\n  table(\n    columns: 4,")
    assert out.count("table.hline(stroke: 0.5pt)") == 2
    assert out.count("table.hline(),") == 2
    assert "[−1.5000#super[\\*\\*\\*]]" in out
    assert "<tab:sdm1>" in out
    assert "align: (left, left, right, right)" in out


def test_synthetic_data_says_so() -> None:
    made = table(["a", "b"])
    assert "SYNTHETIC DATA" not in made.to_typst()
    said = Table(made.caption, made.stub, made.columns, made.blocks, synthetic=True).to_typst()
    assert "SYNTHETIC DATA" in said


def test_compiles(tmp_path: Path) -> None:
    typst = pytest.importorskip("typst", reason="the Typst compiler is not installed")
    source = tmp_path / "table.typ"
    source.write_text(table(NASTY).to_typst(), encoding="utf-8")
    assert typst.compile(str(source))[:5] == b"%PDF-"
