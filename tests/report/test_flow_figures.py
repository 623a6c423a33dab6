"""Figures of material flows: bands, cost by centre, quantities by stage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from gvcpos._core.errors import InputError, LabelError
from gvcpos.report.figures.flows import COST_KINDS, cost_structure, flow_bands, stage_sides

BANDS = pd.DataFrame(
    [(name, year, 10.0, 9.0, 12.0) for name in "abcd" for year in (2015, 2016, 2017)],
    columns=["name", "year", "median", "lower", "upper"],
)
COSTS = pd.DataFrame(
    [
        (centre, kind, fate, 1.0 + i)
        for centre in ("mine", "metal")
        for i, kind in enumerate(COST_KINDS)
        for fate in ("product", "loss")
    ],
    columns=["centre", "kind", "fate", "cost"],
)


def test_every_figure_has_its_band() -> None:
    axes = [ax for ax in flow_bands(BANDS, titles={"a": "Ore"}).axes if ax.get_visible()]
    assert [ax.get_title(loc="left") for ax in axes] == ["Ore", "b", "c", "d"]
    for ax in axes:
        np.testing.assert_array_equal(ax.lines[0].get_ydata(), 10.0)
        outline = ax.collections[0].get_paths()[0].vertices
        assert (outline[:, 1].min(), outline[:, 1].max()) == (9.0, 12.0)


def test_bars_of_a_centre_add_up_to_its_cost() -> None:
    bars = [p for p in cost_structure(COSTS).axes[0].patches if isinstance(p, Rectangle)]
    assert sum(bar.get_width() for bar in bars if bar.get_width() > 0) == pytest.approx(20.0)
    assert sum(bar.get_width() for bar in bars if bar.get_width() < 0) == pytest.approx(-20.0)


def test_order_of_rows_does_not_matter_but_to_the_order_of_centres() -> None:
    def widths(frame: pd.DataFrame) -> list[float]:
        """Bars in the order drawn."""
        return [bar.get_width() for bar in cost_structure(frame).axes[0].patches]

    within = pd.concat([part.iloc[::-1] for _, part in COSTS.groupby("centre", sort=False)])
    assert widths(within) == widths(COSTS)


def test_every_quantity_has_a_panel() -> None:
    frame = pd.DataFrame({"stage": ["up", "down"], "mass": [3.0, 1.0], "value": [-1.0, 5.0]})
    fig = stage_sides(frame, quantities={"mass": "Mass, kt", "value": "Value"}, titles={"up": "Mines"})
    assert [ax.get_title(loc="left") for ax in fig.axes] == ["Mass, kt", "Value"]
    assert [bar.get_width() for bar in fig.axes[1].patches] == [-1.0, 5.0]
    assert [tick.get_text() for tick in fig.axes[0].get_yticklabels()] == ["Mines", "down"]


def test_bad_frames_are_refused() -> None:
    with pytest.raises(LabelError, match="median"):
        flow_bands(BANDS.drop(columns="median"))
    with pytest.raises(InputError, match="unknown kind of cost: gifts"):
        cost_structure(COSTS.assign(kind="gifts"))
    with pytest.raises(InputError, match="unknown fate: smoke"):
        cost_structure(COSTS.assign(fate="smoke"))
    with pytest.raises(LabelError, match="stage"):
        stage_sides(pd.DataFrame({"mass": [1.0]}), quantities={"mass": "Mass"})
