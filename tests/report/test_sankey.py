"""Sankey diagrams: bands are as wide as what flows, boxes do not overlap, and bad frames are refused."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from gvcpos._core.errors import InputError, LabelError
from gvcpos.report.figures.sankey_drawing import boxes, sankey
from gvcpos.report.figures.sankey_html import sankey_page
from gvcpos.report.figures.sankey_layout import columns_of, sankey_layout

ORDER = ["mine", "separation", "magnets", "recycling"]
FLOWS = pd.DataFrame(
    [
        ("ore", "outside", "mine", "import", 100.0),
        ("tailings", "mine", "outside", "loss", 25.0),
        ("concentrate", "mine", "separation", "product", 75.0),
        ("oxide", "separation", "magnets", "product", 80.0),
        ("exports", "magnets", "outside", "export", 60.0),
        ("swarf", "magnets", "recycling", "product", 20.0),
        ("residue", "recycling", "outside", "loss", 15.0),
        ("recovered", "recycling", "separation", "recycled", 5.0),
    ],
    columns=["flow", "source", "target", "kind", "value"],
)


@st.composite
def networks(draw: st.DrawFn) -> tuple[np.ndarray, list[tuple[int, int]], np.ndarray]:
    """Boxes, links between them, forwards and back, and their sizes."""
    n = draw(st.integers(2, 8))
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda link: link[0] != link[1])
    links = draw(st.lists(pairs, min_size=1, max_size=14))
    value = np.array(draw(st.lists(st.floats(0.1, 100), min_size=len(links), max_size=len(links))))
    return columns_of(n, links), links, value


@given(networks())
@settings(deadline=None, max_examples=60)
def test_boxes_do_not_overlap_and_hold_their_bands(
    network: tuple[np.ndarray, list[tuple[int, int]], np.ndarray],
) -> None:
    column, links, value = network
    layout = sankey_layout(column, links, value)
    for at in np.unique(column):
        members = np.flatnonzero(column == at)
        members = members[np.argsort(layout.low[members])]
        assert (np.diff(layout.low[members]) >= layout.height[members][:-1] - 1e-9).all()
    assert layout.low.min() > -1e-9
    for (source, target), way, size in zip(links, layout.ways, value * layout.scale, strict=True):
        for end, box in ((0, source), (-1, target)):
            assert way.middle[end] - size / 2 >= layout.low[box] - 1e-9
            assert way.middle[end] + size / 2 <= layout.low[box] + layout.height[box] + 1e-9
        assert way.back == (column[target] <= column[source])


@given(networks(), st.floats(0.01, 100))
@settings(deadline=None, max_examples=30)
def test_the_unit_of_measure_changes_nothing(
    network: tuple[np.ndarray, list[tuple[int, int]], np.ndarray], factor: float
) -> None:
    column, links, value = network
    one, other = sankey_layout(column, links, value), sankey_layout(column, links, value * factor)
    np.testing.assert_allclose(other.low, one.low, atol=1e-9)
    np.testing.assert_allclose(other.scale * factor, one.scale, rtol=1e-12)


def test_bands_at_a_box_lie_side_by_side() -> None:
    _, links, column = boxes(FLOWS, ORDER)
    layout = sankey_layout(column, links, FLOWS["value"].to_numpy())
    out = [k for k, (source, _) in enumerate(links) if source == 2]
    edges = sorted((layout.ways[k].middle[0], FLOWS["value"][k] * layout.scale) for k in out)
    for (low, thin), (high, thick) in pairwise(edges):
        assert high - low == pytest.approx((thin + thick) / 2)


def test_columns_follow_the_longest_way() -> None:
    assert columns_of(4, [(0, 1), (1, 2), (0, 3), (2, 3), (3, 0)]).tolist() == [0, 1, 2, 3]


def test_a_flow_against_the_order_goes_back() -> None:
    _, links, column = boxes(FLOWS, ORDER)
    layout = sankey_layout(column, links, FLOWS["value"].to_numpy())
    assert [flow for flow, way in zip(FLOWS["flow"], layout.ways, strict=True) if way.back] == ["recovered"]


def test_every_band_is_drawn_once_and_small_ones_are_said_to_be_left_out() -> None:
    fig = sankey(FLOWS, order=ORDER, least=0.1, source="invented", synthetic=True)
    bands = [patch for patch in fig.axes[0].patches if isinstance(patch, PathPatch)]
    texts = [text.get_text() for text in fig.texts]
    assert len(bands) == len(FLOWS) - 1
    assert any("Not drawn: 1 below 10.0%" in text for text in texts)
    assert "SYNTHETIC DATA" in texts


def test_labels_have_three_digits_and_no_power_of_ten() -> None:
    fig = sankey(FLOWS.assign(value=42.5678 * FLOWS["value"]), order=ORDER, unit="kt", title="Flows", source="made up")
    said = " ".join(text.get_text() for text in fig.findobj(Text))
    assert "ore 4,260" in said
    assert "e+" not in said


def test_page_carries_every_flow() -> None:
    page = sankey_page(FLOWS, order=ORDER, titles={"ore": "Ore mined"}, unit="kt", synthetic=True)
    assert "Ore mined" in page
    assert "SYNTHETIC DATA" in page
    assert all(flow in page for flow in FLOWS["flow"][1:])
    assert page == sankey_page(FLOWS, order=ORDER, titles={"ore": "Ore mined"}, unit="kt", synthetic=True)


def test_bad_frames_are_refused() -> None:
    with pytest.raises(LabelError, match="kind"):
        sankey(FLOWS.drop(columns="kind"), order=ORDER)
    with pytest.raises(InputError, match="tailings is -1"):
        sankey(FLOWS.assign(value=FLOWS["value"].where(FLOWS["flow"] != "tailings", -1.0)), order=ORDER)
    with pytest.raises(InputError, match="recycling"):
        sankey(FLOWS, order=ORDER[:3])
    with pytest.raises(InputError, match="unknown kind of flow: gift"):
        sankey(FLOWS.assign(kind="gift"), order=ORDER)
    with pytest.raises(InputError, match="nothing to draw"):
        sankey(FLOWS.assign(value=0.0), order=ORDER)
