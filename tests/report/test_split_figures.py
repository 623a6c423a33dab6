"""Figures of splits, of placebos and of errors in the data: what they draw is what the frames say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.report.figures import (
    data_error_intervals,
    placebo_histograms,
    save_figure,
    split_parts,
    split_side_by_side,
    split_weights,
)


def compared() -> pd.DataFrame:
    rows = []
    for i, country in enumerate(["CHN", "USA", "AUS", "DEU"]):
        for stage in ("upstream", "downstream"):
            part = 10.0 ** -(i + 2) if country != "DEU" else 0.0
            cut = 2.5 + 0.1 * i if part else np.nan
            rows.append([country, stage, 2015, part, part / 2, part * 3, 2.0 + 0.1 * i, cut])
    columns = [
        "country",
        "stage",
        "year",
        "x_part",
        "va_part",
        "exports_part",
        "upstreamness_plain",
        "upstreamness_split",
    ]
    return pd.DataFrame(rows, columns=columns)


def test_plain_and_split_stand_on_one_line_by_stage() -> None:
    figure = split_side_by_side(compared(), most=2, names={"CHN": "China"}, synthetic=True)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["USA", "China"]
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Upstream", "Downstream"]
    pairs = [line.get_xdata() for line in figure.axes[0].lines if len(line.get_xdata()) == 2]
    np.testing.assert_allclose(pairs, [[2.1, 2.6], [2.0, 2.5]])
    assert any("SYNTHETIC" in text.get_text() for text in figure.texts)


def test_parts_are_in_per_cent_and_those_without_the_good_are_not_drawn() -> None:
    figure = split_parts(compared())
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["AUS", "USA", "CHN"]
    lines = figure.axes[1].lines
    for line, factor in zip(lines, (1.0, 0.5, 3.0), strict=True):
        np.testing.assert_allclose(line.get_xdata(), 100 * factor * np.array([1e-4, 1e-3, 1e-2]))
    with pytest.raises(InputError, match="no country has an own part"):
        split_parts(compared().assign(x_part=0.0))
    with pytest.raises(LabelError, match="rca_plain"):
        split_side_by_side(compared(), "rca")


def test_weights_show_the_quantiles_of_the_draws(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    sizes = {"CHN": 3.0, "USA": 1.0, "DEU": 0.0}
    keys = [(d, c, s) for d in range(201) for c in sizes for s in ("mining", "refining")]
    rows = [[d, c, s, 0.01 * sizes[c] * (np.exp(0.3 * rng.standard_normal()) if d else 1.0)] for d, c, s in keys]
    draws = pd.DataFrame(rows, columns=["draw", "country", "sector", "share"])
    figure = split_weights(draws, source="nobody", synthetic=True)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["USA", "CHN"]
    own = draws[(draws["draw"] > 0) & (draws["country"] == "CHN") & (draws["sector"] == "mining")]["share"]
    outer = figure.axes[0].collections[0].get_segments()[1]
    np.testing.assert_allclose(outer[:, 0], 100 * own.quantile([0.025, 0.975]))
    save_figure(figure, tmp_path / "weights", data=draws)
    assert (tmp_path / "weights.png").stat().st_size > 1000
    with pytest.raises(InputError, match="needs draws besides the estimate"):
        split_weights(draws[draws["draw"] == 0])


def test_placebos_are_counted_and_the_own_estimate_marked() -> None:
    draws = pd.DataFrame(
        {"placebos": "maps", "test": "slope", "estimate": np.arange(20.0), "not_estimated": [""] * 18 + ["x"] * 2}
    )
    found = pd.DataFrame(
        {"placebos": ["maps", "chains"], "test": "slope", "estimate": 5.0, "drawn": [18, 0], "pvalue": 0.5}
    )
    figure = placebo_histograms(draws, found)
    assert len(figure.axes) == 1
    assert sum(patch.get_height() for patch in figure.axes[0].patches) == 18
    assert figure.axes[0].lines[0].get_xdata()[0] == 5.0
    with pytest.raises(InputError, match="no placebo"):
        placebo_histograms(draws, found.assign(drawn=0))


def test_data_errors_are_in_published_standard_errors() -> None:
    columns = ["parameter", "published", "published_se", "published_lower", "published_upper"]
    frame = pd.DataFrame([["a", 1.0, 0.5, 0.0, 2.0], ["b", -2.0, 2.0, -6.0, 2.0]], columns=columns)
    frame = frame.assign(corrected=[1.5, -3.0], corrected_lower=[0.0, -9.0], corrected_upper=[3.0, 3.0])
    ax = data_error_intervals(frame).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    np.testing.assert_allclose(ax.lines[1].get_xdata(), [2.0, -1.0])
    np.testing.assert_allclose(ax.lines[2].get_xdata(), [3.0, -1.5])
    np.testing.assert_allclose(ax.collections[1].get_segments()[1][:, 0], [-4.5, 1.5])
    with pytest.raises(InputError, match="no estimate"):
        data_error_intervals(frame.iloc[:0])
