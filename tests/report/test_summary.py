"""The summary says the verdict first, holds every section, and its page loads nothing."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError
from gvcpos.report import (
    FigureLink,
    Section,
    StudySummary,
    effects_table,
    frame_table,
    regression_table,
    report_html,
    save_figure,
    summary_markdown,
)
from gvcpos.report.figures import moran_lines
from tests.report.examples import effects, fit, morans, read_page


def example(synthetic: bool = True) -> StudySummary:
    frame = pd.DataFrame({"year": [2007, 2008], "I": [0.123456, np.nan]})
    return StudySummary(
        title="Lock-in & <dominance>",
        verdict=("CHN leads_upstream with 41 % of value added.", "2. of the stages are locked in (p < 0.01)."),
        run={"Study": "demo", "Years": "2007–2021"},
        sections=(
            Section("Spatial autocorrelation", (frame, FigureLink("figures/moran", "Moran's I [by year]"))),
            Section("Panel", (regression_table({"SDM": fit(x=(0.5, 0.1, 0.001))}), effects_table(effects()))),
        ),
        files={"summary.md": "this text"},
        doubts=("3 islands were kept.",),
        synthetic=synthetic,
    )


def test_markdown_has_the_verdict_first_and_every_part() -> None:
    text = summary_markdown(example())
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert heads == [
        "# Lock-in & \\<dominance>",
        "## Verdict",
        "## What was run",
        "## Spatial autocorrelation",
        "## Panel",
        "## Warnings and doubts",
        "## Files",
    ]
    assert "| 2007 | 0.1235 |" in text
    assert "| 2008 | — |" in text
    assert "nan" not in text.lower().replace("dominance", "")
    assert "figures/moran.png" in text
    assert "0.5000***" in text
    assert "- 3 islands were kept." in text
    assert text.endswith("\n")
    assert "\n\n\n" not in text


def test_synthetic_is_said_on_top_or_not_at_all() -> None:
    assert "SYNTHETIC" in summary_markdown(example()).split("## Verdict")[0]
    assert "SYNTHETIC" not in summary_markdown(example(synthetic=False))


def test_no_doubts_are_said_to_be_none() -> None:
    assert "None were raised." in summary_markdown(StudySummary("t", ("v",), {"a": "b"}))


def test_markdown_reads_back_as_meant() -> None:
    markdown = pytest.importorskip("markdown_it", reason="no Markdown parser to read the summary back")
    parser = markdown.MarkdownIt("commonmark").enable("table")
    page = read_page(parser.render(summary_markdown(example())))
    cells = [cell.strip() for cell in page.cells]
    assert page.seen.count("h2") == 6
    assert page.seen.count("table") == 2
    assert "ol" not in page.seen
    assert set(example().verdict) <= set(cells)
    assert ("alt", "Moran's I [by year]") in page.attributes


def test_html_is_well_formed_and_loads_nothing(tmp_path: Path) -> None:
    files = save_figure(moran_lines(morans()), tmp_path / "figures" / "moran")
    text = report_html(example(), tmp_path)
    page = read_page(text)
    assert text.startswith("<!DOCTYPE html>")
    assert page.seen.count("h2") == 6
    assert set(example().verdict) <= set(page.cells)
    links = [value for name, value in page.attributes if name in {"src", "href"}]
    assert len(links) == 1
    head, data = str(links[0]).split(",", 1)
    assert head == "data:image/svg+xml;base64"
    assert base64.b64decode(data) == files[1].read_bytes()
    assert "http" not in text
    assert text == report_html(example(), tmp_path)


def test_html_names_a_figure_that_is_absent(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"moran\.svg"):
        report_html(example(), tmp_path)


def test_a_frame_may_be_given_ready_made() -> None:
    table = frame_table(pd.DataFrame({"a": ["x"], "b": [1.5]}), caption="Mine")
    text = summary_markdown(StudySummary("t", ("v",), {}, (Section("S", (table,)),)))
    assert "**Mine**" in text
    assert "| x | 1.5000 |" in text


def test_importing_the_wing_loads_no_plotting() -> None:
    heavy = "{'matplotlib', 'pandas', 'scipy'}"
    code = f"import sys, gvcpos.report, gvcpos.report.figures; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
