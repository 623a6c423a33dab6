"""The diagrams of the shipped system, 29 processes: no text lies over another."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from gvcpos.flows import FlowSystem
from gvcpos.report.figures.sankey_labels import overlapping
from gvcpos.study.flow_output import flow_figures
from gvcpos.study.flow_run import FlowResults, run_flows


@pytest.fixture(scope="module")
def results() -> FlowResults:
    return run_flows(FlowSystem.shipped("china_rare_earths"), draws=0, scenarios=False)


def texts(fig: Figure) -> list[Text]:
    """What is written in a figure."""
    return [text for text in fig.findobj(Text) if text.get_visible() and text.get_text().strip()]


@pytest.mark.parametrize("measure", ["mass", "cost", "value"])
def test_no_text_lies_over_another(results: FlowResults, measure: str) -> None:
    make = next(make for name, _, make, _ in flow_figures(results) if name == f"sankey_{measure}")
    fig = make()
    assert len(texts(fig)) > 35
    assert overlapping(fig, texts(fig)) == []
    fig.set_dpi(200)
    fig.draw_without_rendering()
    assert overlapping(fig, texts(fig)) == []


def test_overlaps_are_found() -> None:
    fig = Figure(figsize=(3, 2))
    made = [fig.text(0.1, 0.5, "one"), fig.text(0.12, 0.5, "other"), fig.text(0.1, 0.9, "far")]
    assert overlapping(fig, made) == [("one", "other")]
