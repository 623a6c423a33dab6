"""Figures of uncertainty: what they draw is what the frames say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.report.figures import coefficient_fan, index_intervals, save_figure


def intervals(countries: int = 30) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for i in range(countries):
        for stage in ("upstream", "downstream"):
            middle = float(rng.uniform(1, 4))
            rows.append([f"C{i:02d}", stage, 2011, "upstreamness", middle, 0.1, middle - 0.2, middle + 0.2])
    columns = ["country", "stage", "year", "index", "estimate", "std_error", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns)


def fan() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "parameter": "slope",
            "relative": [0.2, 0.0, 0.1],
            "published": -0.5,
            "estimate": [-0.4, -0.5, -0.45],
            "std_error": [0.2, 0.1, 0.12],
            "df": [5.0, np.inf, 20.0],
        }
    )


def test_every_country_once_from_smallest_to_largest() -> None:
    frame = intervals()
    figure = index_intervals(frame, "upstreamness", unit="upstream", highlight=["C03"], names={"C03": "Third"})
    shown = [label.get_text() for ax in reversed(figure.axes) for label in ax.get_yticklabels()]
    own = frame[frame["stage"] == "upstream"].sort_values("estimate")
    assert shown == ["Third" if c == "C03" else c for c in own["country"]]
    assert len(figure.axes) == 2
    bars = [line.get_xdata() for ax in reversed(figure.axes) for line in ax.lines if len(line.get_xdata()) == 2]
    np.testing.assert_allclose([bar[0] for bar in bars], own["lower"])
    np.testing.assert_allclose([bar[1] for bar in bars], own["upper"])


def test_a_figure_of_several_units_asks_which() -> None:
    with pytest.raises(InputError, match="unit="):
        index_intervals(intervals(), "upstreamness")
    with pytest.raises(LabelError, match="plv"):
        index_intervals(intervals(), "plv")
    with pytest.raises(LabelError, match="ZZZ"):
        index_intervals(intervals(), "upstreamness", unit="upstream", highlight=["ZZZ"])


def test_the_fan_goes_by_size_of_error() -> None:
    figure = coefficient_fan(fan(), synthetic=True)
    ax = figure.axes[0]
    np.testing.assert_allclose(ax.lines[0].get_xdata(), [0.0, 10.0, 20.0])
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [-0.5, -0.45, -0.4])
    assert len(ax.collections) == 3
    assert ax.get_ylim()[1] > -0.4 + 2.57 * 0.2 - 0.01  # t with 5 degrees of freedom
    with pytest.raises(InputError, match="Choose one"):
        coefficient_fan(pd.concat([fan(), fan().assign(parameter="other")]))


def test_saved_figures_have_the_same_bytes(tmp_path: Path) -> None:
    for run in ("a", "b"):
        save_figure(coefficient_fan(fan()), tmp_path / run, data=fan())
    for suffix in (".png", ".svg", ".csv"):
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
