"""One table, four renderings: whatever the labels hold, each shows them and nothing breaks out."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import InputError, LabelError
from gvcpos.report import Cell, Row, Table, frame_table
from gvcpos.report.latex import escape_latex
from gvcpos.report.text import one_line
from tests.report.examples import label_table, read_page

NASTY = [
    "a_b & 100 % #1 $x$ {y} ~ ^ \\end{table}",
    "<script>alert('x')</script>",
    "| pipe | [link](x) *star* _under_ `code`",
    "[bracket first",
    "* star first",
    "line\nbreak\ttab \x00 \u2028",
    "1. not a list",
    "- nor this",
    "# no heading",
    "Côte d'Ivoire; Türkiye",
    "ρ, σ² ≤ 0 — −1 × 2",
    "\"quoted\" `and` 'so'",
    "NA",
    "&amp; &lt; &#65;",
    "www < 3 > 2",
    "[x] task",
    "__dunder__ snake_case_name _",
]
labels = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20),
        st.text("\\{}[]<>&%$#_^~|*`'\"-+=!:().1a \n", min_size=1, max_size=12),
        st.sampled_from(NASTY),
    ).filter(lambda s: one_line(s) != ""),
    min_size=1,
    max_size=4,
)
_ESCAPED = re.compile(
    r"\\(?:textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar|ldots|textdegree|S)\{\}"
    r"|\\char\d+\{\}|\\[&%$#_{}]|\\ensuremath\{[^{}]*(?:\{[^{}]*\})?\}|\{[\[\]*]\}"
)


@settings(max_examples=150, deadline=None)
@given(labels)
@example(NASTY)
def test_latex_leaves_no_special_character_bare(texts: list[str]) -> None:
    for text in texts:
        left = _ESCAPED.sub("", escape_latex(text)).replace("~", "" if "\u00a0" in text else "~")
        assert not re.search(r"[\\{}&%$#_^~<>|\[\]*\"`']", left), left


@settings(max_examples=60, deadline=None)
@given(labels)
@example(NASTY)
def test_html_shows_every_label_as_it_stands(texts: list[str]) -> None:
    page = read_page(label_table(texts).to_html())
    # A hyphen before a number is typeset as a minus sign.
    shown = [cell.replace("−", "-") for cell in page.cells]
    for text in texts:
        assert one_line(text).replace("−", "-") in shown
    assert "script" not in page.seen
    assert not [name for name, _ in page.attributes if name.startswith("on")]


@settings(max_examples=100, deadline=None)
@given(labels)
@example(NASTY)
def test_markdown_shows_every_label_as_it_stands(texts: list[str]) -> None:
    markdown = pytest.importorskip("markdown_it", reason="no Markdown parser to read the table back")
    parser = markdown.MarkdownIt("commonmark").enable(["table", "strikethrough"])
    page = read_page(parser.render(label_table(texts).to_markdown()))
    cells = [cell.strip() for cell in page.cells]
    assert page.seen.count("table") == 1
    assert page.seen.count("tr") == 1 + len(texts)
    for text in texts:
        assert cells.count(one_line(text)) >= 2


@settings(max_examples=60, deadline=None)
@given(labels)
@example(NASTY)
def test_text_is_one_line_a_row_or_wrapped_and_has_no_trailing_blanks(texts: list[str]) -> None:
    lines = label_table(texts).to_text().split("\n")
    assert all(line == line.rstrip() for line in lines)
    assert sum("-1.5000**" in line for line in lines) == len(texts)


def test_latex_and_html_write_true_minus_signs_in_intervals() -> None:
    rows = (Row("a", (Cell(-1.0, "-1.0000"),)), Row("", (Cell("[-2, -1]", "[-2, -1]"),)))
    table = Table("c", "n", ("x",), (rows,))
    assert "{[}$-$2, $-$1{]}" in table.to_latex()
    assert "[−2, −1]" in table.to_html()


def test_html_headers_may_break_after_an_underscore() -> None:
    table = Table("c", "n", ("va_share_last",), ((Row("a_b", (Cell(1.0, "1"),)),),))
    assert "va_<wbr>share_<wbr>last</th>" in table.to_html()
    assert "a_b" in table.to_html()


def test_text_lines_decimals_up() -> None:
    rows = (
        Row("a", (Cell(0.5, "0.5000", "***"),)),
        Row("", (Cell(0.1, "(0.1000", ")"),)),
        Row("b", (Cell(-12.0, "-12.0000"),)),
    )
    lines = Table("t", "", ("m",), (rows,)).to_text().splitlines()
    points = {line.index(".") for line in lines if "." in line}
    assert len(points) == 1


def test_frame_table_prints_numbers_it_was_given_and_no_nan() -> None:
    frame = pd.DataFrame(
        {"country": ["NA", "CHN"], "year": [2007, 2008], "x": [1.23456, np.nan], "n": [12345, 6], "ok": [True, False]}
    )
    table = frame_table(frame, names={"x": "X value"})
    text = table.to_text()
    assert [row.label for row in table.rows] == ["NA", "CHN"]
    assert "nan" not in (text + table.to_html() + table.to_latex() + table.to_markdown()).lower()
    assert "—" in text
    assert "2007" in text  # a year carries no thousands separator
    assert "12,345" in text
    values = table.to_frame()
    assert values.loc[(values["column"] == "X value") & (values["row"] == "NA"), "value"].item() == 1.23456


def test_frame_table_takes_fewer_decimals_for_large_numbers() -> None:
    table = frame_table(pd.DataFrame({"c": ["a", "b"], "va": [123456.789, 0.5], "share": [0.123456, 0.5]}))
    assert [cell.text for cell in table.rows[0].cells] == ["123,457", "0.1235"]
    fixed = frame_table(pd.DataFrame({"c": ["a"], "va": [123456.789]}), digits={"va": 2})
    assert fixed.rows[0].cells[0].text == "123,456.79"


def test_frame_table_writes_p_values_as_such() -> None:
    table = frame_table(pd.DataFrame({"year": [1, 2, 3], "p_sim": [1e-9, 0.25, np.nan]}))
    assert [row.cells[0].text for row in table.rows] == ["<0.0001", "0.2500", "—"]
    assert table.rows[0].cells[0].value == 1e-9


def test_frame_table_names_an_unknown_column() -> None:
    with pytest.raises(LabelError, match="nonsense"):
        frame_table(pd.DataFrame({"a": [1]}), columns=["a", "nonsense"])


def test_a_row_with_a_cell_too_few_is_refused() -> None:
    with pytest.raises(InputError, match="1 cells for 2 columns"):
        Table("t", "", ("a", "b"), ((Row("r", (Cell(),)),),))


@pytest.mark.parametrize("synthetic", [True, False])
def test_synthetic_is_said_in_every_rendering(synthetic: bool) -> None:
    table = frame_table(pd.DataFrame({"a": ["x"], "b": [1.0]}), synthetic=synthetic)
    for text in (table.to_text(), table.to_markdown(), table.to_latex(), table.to_html()):
        assert ("SYNTHETIC" in text) is synthetic
