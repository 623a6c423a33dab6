"""Figures of curves, clubs and thresholds: what is drawn is what the tests found, and the same bytes each time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import LabelError
from gvcpos.report.figures import position_curve, save_figure, threshold_curve, transition_paths

X = np.linspace(1.0, 5.0, 41)
CURVE = pd.DataFrame(
    {"position": X, "capture": 0.05 * (X - 3) ** 2, "slope": 0.1 * (X - 3), "slope_low": 0.1 * (X - 3) - 0.05}
).assign(slope_high=lambda d: d["slope"] + 0.05)
TURN = pd.DataFrame([{"turning_point": 3.0, "fieller_low": 2.5, "fieller_high": 3.5}])
PATHS = pd.DataFrame(
    {"country": np.repeat(["A", "B", "C"], 4), "year": np.tile(range(2000, 2004), 3), "h": np.linspace(0.5, 1.5, 12)}
).assign(club=np.repeat([2, 0, 1], 4))
RATIO = pd.DataFrame({"threshold": X, "lr": 10 * (X - 2) ** 2, "critical": 7.35})


def test_the_turning_point_is_marked_where_it_lies_within():
    fig = position_curve(CURVE, TURN)
    top, bottom = fig.axes
    assert [t.get_text() for t in top.texts] == ["turns at 3.00"]
    assert bottom.lines[0].get_ydata()[0] == pytest.approx(-0.2)
    outside = position_curve(CURVE, TURN.assign(turning_point=9.0))
    assert not outside.axes[0].texts


def test_paths_have_the_colours_of_their_clubs():
    fig = transition_paths(PATHS, highlight=["C"])
    labels = [t.get_text() for t in fig.legends[0].get_texts()]
    assert labels == ["club 1 (1)", "club 2 (1)", "no club (1)"]
    assert [t.get_text() for t in fig.axes[0].texts] == ["C"]
    with pytest.raises(LabelError, match="ZZ"):
        transition_paths(PATHS, highlight=["ZZ"])


def test_the_threshold_is_where_the_ratio_is_least():
    ax = threshold_curve(RATIO.sample(frac=1, random_state=0), by="income").axes[0]
    assert {t.get_text() for t in ax.texts} == {"critical value 7.35", "2"}
    with pytest.raises(LabelError, match="critical"):
        threshold_curve(RATIO.drop(columns="critical"))


def test_same_bytes(tmp_path):
    drawn = [(position_curve(CURVE, TURN), CURVE), (transition_paths(PATHS), PATHS), (threshold_curve(RATIO), RATIO)]
    for i, (fig, data) in enumerate(drawn):
        save_figure(fig, tmp_path / f"a{i}", data=data)
    again = [position_curve(CURVE, TURN), transition_paths(PATHS), threshold_curve(RATIO)]
    for i, fig in enumerate(again):
        save_figure(fig, tmp_path / f"b{i}")
        assert (tmp_path / f"a{i}.svg").read_bytes() == (tmp_path / f"b{i}.svg").read_bytes()
        assert (tmp_path / f"a{i}.csv").exists()
