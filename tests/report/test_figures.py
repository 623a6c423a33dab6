"""Figures draw the frames they are given, look the same on every run, and keep to themselves."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gvcpos._core.errors import InputError, LabelError
from gvcpos.report import save_figure
from gvcpos.report.figures import (
    dominance_lines,
    effects_plot,
    leave_one_out_plot,
    moran_lines,
    participation_lines,
    planted_vs_estimated,
    position_capture,
    specification_curve_plot,
    stage_profile,
    verdict_forest,
)
from gvcpos.report.figures.style import spread
from tests.report.examples import curve, effects, forest, left_out, morans, planted, shares, stages

Draw = Callable[..., Figure]


def participation() -> pd.DataFrame:
    return shares().assign(forward=lambda f: f["va_share"], backward=lambda f: 0.5 - f["va_share"])


def one_year() -> pd.DataFrame:
    return stages().query("year == 2011")


FIGURES: dict[str, tuple[Draw, Callable[[], pd.DataFrame]]] = {
    "dominance": (dominance_lines, shares),
    "participation": (lambda f, **k: participation_lines(f, countries=["CHN", "NA"], **k), participation),
    "moran": (moran_lines, morans),
    "position": (lambda f, **k: position_capture(f, slopes={"upstream": -0.1}, highlight=["NA"], **k), stages),
    "profile": (lambda f, **k: stage_profile(f, ["CHN", "NA"], **k), one_year),
    "effects": (effects_plot, effects),
    "planted": (planted_vs_estimated, planted),
    "curve": (lambda f, **k: specification_curve_plot(f, ["position", "sample"], **k), curve),
    "left out": (lambda f, **k: leave_one_out_plot(f, -0.1, **k), left_out),
    "forest": (verdict_forest, forest),
}
each = pytest.mark.parametrize("name", FIGURES)


def texts(fig: Figure) -> list[str]:
    return [t.get_text() for t in fig.findobj(mpl.text.Text) if t.get_text()]


def drawn(fig: Figure, panel: int = 0) -> list[np.ndarray]:
    """Lines of a panel as arrays of points."""
    return [line.get_xydata() for line in fig.axes[panel].get_lines()]


def has_line(fig: Figure, x: object, y: object, panel: int = 0) -> bool:
    want = np.column_stack([np.asarray(x, float), np.asarray(y, float)])
    return any(found.shape == want.shape and np.array_equal(found, want) for found in drawn(fig, panel))


@each
def test_two_runs_give_the_same_bytes(name: str, tmp_path: Path) -> None:
    draw, frame = FIGURES[name]
    first = save_figure(draw(frame()), tmp_path / "a" / name, data=frame().reset_index())
    with mpl.rc_context({"font.size": 20, "axes.grid": False, "svg.hashsalt": None, "lines.linewidth": 9}):
        second = save_figure(draw(frame()), tmp_path / "b" / name, data=frame().reset_index())
    assert [p.suffix for p in first] == [".png", ".svg", ".csv"]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert {p.name for p in (tmp_path / "a").iterdir()} == {p.name for p in first}  # nothing half-written is left
    ET.parse(first[1])
    assert b"matplotlib" not in first[0].read_bytes()[:400].lower()


@each
def test_the_users_settings_are_left_alone(name: str) -> None:
    draw, frame = FIGURES[name]
    before = dict(mpl.rcParams)
    draw(frame())
    assert dict(mpl.rcParams) == before


@lru_cache
def marked(name: str) -> Figure:
    """One figure of each kind, for the tests that only look at it."""
    draw, frame = FIGURES[name]
    return draw(frame(), title="T $x$ 100 %", source="WIOD", synthetic=True)


@each
def test_title_source_synthetic_mark_and_axis_labels(name: str) -> None:
    fig = marked(name)
    said = set(texts(fig))
    assert {"T $x$ 100 %", "Source: WIOD", "SYNTHETIC DATA"} <= said
    assert any(ax.get_xlabel() for ax in fig.axes) or any("interval" in t or "Upstreamness" in t for t in said)


def test_real_data_carry_no_synthetic_mark() -> None:
    assert "SYNTHETIC DATA" not in texts(stage_profile(one_year(), ["CHN"]))
    assert "SYNTHETIC DATA" in texts(planted_vs_estimated(planted()))  # only synthetic worlds have planted values


@each
def test_nothing_is_cut_off(name: str) -> None:
    canvas = FigureCanvasAgg(marked(name))
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 255).all()


def test_dominance_draws_every_country_and_the_hhi() -> None:
    frame = shares()
    fig = dominance_lines(frame, leaders=3)
    for _, data in frame.groupby("country"):
        assert has_line(fig, data["year"], data["va_share"])
    year = frame.drop_duplicates("year")
    assert has_line(fig, year["year"], year["va_hhi"], panel=1)
    assert {"CHN", "USA", "JPN", "NA", "DEU"} & set(texts(fig)) == set(
        frame[frame["year"] == 2014].nlargest(3, "va_share")["country"]
    )


def test_dominance_refuses_two_stages_and_unknown_countries() -> None:
    frame = shares()
    with pytest.raises(InputError, match="CHN has more than one row in 2007"):
        dominance_lines(pd.concat([frame, frame.assign(stage="midstream")]))
    with pytest.raises(LabelError, match="XYZ"):
        dominance_lines(frame, leaders=["CHN", "XYZ"])
    with pytest.raises(LabelError, match="va_hhi"):
        dominance_lines(frame.drop(columns="va_hhi"))


def test_shuffled_rows_draw_the_same_lines() -> None:
    frame = shares()
    plain, mixed = dominance_lines(frame), dominance_lines(frame.sample(frac=1, random_state=3))
    key = lambda lines: sorted(line.tobytes() for line in lines)  # noqa: E731
    assert key(drawn(plain)) == key(drawn(mixed))


def test_moran_fills_the_marks_that_are_significant() -> None:
    frame = morans()
    ax = moran_lines(frame, level=0.05).axes[0]
    marks = {"filled": set(), "open": set()}
    for line in ax.get_lines():
        if line.get_linestyle() == "None":
            kind = "open" if line.get_markerfacecolor() == "white" else "filled"
            marks[kind] |= set(map(tuple, line.get_xydata().tolist()))
    sure = frame["p_sim"] < 0.05
    assert marks["filled"] == set(map(tuple, frame[sure][["year", "I"]].to_numpy(float).tolist()))
    assert marks["open"] == set(map(tuple, frame[~sure][["year", "I"]].to_numpy(float).tolist()))
    assert has_line(moran_lines(frame), sorted(set(frame["year"])), [-1 / 59] * 6)


def test_position_capture_draws_all_dots_and_the_slope_it_was_given() -> None:
    frame = stages()
    fig = position_capture(frame, slopes={"midstream": 0.125}, highlight=["NA"])
    for panel, stage in enumerate(("upstream", "midstream", "downstream")):
        data = frame[frame["stage"] == stage]
        others, own = data[data["country"] != "NA"], data[data["country"] == "NA"]
        assert has_line(fig, others["upstreamness"], others["va_rate"], panel)
        assert has_line(fig, own["upstreamness"], own["va_rate"], panel)
    dashed = [line for line in fig.axes[1].get_lines() if line.get_linestyle() == "--"]
    assert len(dashed) == 1
    (x0, y0), (x1, y1) = dashed[0].get_xydata()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(0.125)
    assert "slope +0.125" in texts(fig)
    assert not [line for line in fig.axes[0].get_lines() if line.get_linestyle() == "--"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"stages": ["nowhere"]}, "nowhere"), ({"highlight": ["XYZ"]}, "XYZ"), ({"capture": "q"}, "q")],
)
def test_position_capture_names_what_is_missing(arguments: dict, named: str) -> None:
    with pytest.raises(LabelError, match=named):
        position_capture(stages(), **arguments)


def test_effects_and_planted_draw_their_intervals() -> None:
    frame = effects().reset_index()
    fig = effects_plot(effects())
    for panel, variable in enumerate(("upstreamness", "rd_intensity")):
        for j, kind in enumerate(("direct", "indirect", "total")):
            row = frame[(frame["variable"] == variable) & (frame["effect"] == kind)].iloc[0]
            assert has_line(fig, [row["lower"], row["upper"]], [-j, -j], panel)
            assert has_line(fig, [row["estimate"]], [-j], panel)
    fig = planted_vs_estimated(planted())
    for panel, row in enumerate(planted().itertuples()):
        assert has_line(fig, [row.lower, row.upper], [0, 0], panel)
        assert has_line(fig, [row.planted], [0], panel)
    assert "estimate, interval misses it" in texts(fig)
    assert "estimate, interval misses it" not in texts(planted_vs_estimated(planted().iloc[:2]))


def test_the_slopes_line_runs_through_the_mean_and_the_legend_says_what_it_is() -> None:
    frame = stages()
    fig = position_capture(frame, slopes={"upstream": -0.2}, highlight=["NA"], slope_label="slope within")
    line = next(line for line in fig.axes[0].get_lines() if line.get_linestyle() == "--")
    (x0, y0), (x1, y1) = line.get_xydata()
    mean = frame[frame["stage"] == "upstream"][["upstreamness", "va_rate"]].mean()
    assert y0 + (mean["upstreamness"] - x0) * (y1 - y0) / (x1 - x0) == pytest.approx(mean["va_rate"])
    legend = [t.get_text() for t in fig.legends[0].get_texts()]
    assert legend == ["NA", "other countries", "slope within"]
    bare = [t.get_text() for t in position_capture(frame).legends[0].get_texts()]
    assert bare == ["a country and year"]


def test_titles_name_stage_and_year() -> None:
    frame = shares()
    assert "Who makes the value added of the upstream stage" in texts(dominance_lines(frame))
    renamed = frame.assign(stage="mining")
    assert "Who makes the value added of the mining stage" in texts(dominance_lines(renamed))
    assert "Moran's I by year, mining stage" in texts(moran_lines(morans(), stage="mining"))
    assert "Moran's I by year" in texts(moran_lines(morans()))
    assert "Profile along the chain, 2011" in texts(stage_profile(one_year(), ["CHN"]))
    assert "Profile along the chain" in texts(stage_profile(one_year().drop(columns="year"), ["CHN"]))


def test_stage_profile_refuses_several_years() -> None:
    with pytest.raises(InputError, match="CHN has more than one row at upstream"):
        stage_profile(stages(), ["CHN"])


def test_lines_to_moved_names_cross_no_other_name() -> None:
    """Five names close together at the foot of the figure: each line starts at the edge of its own name."""
    frame = shares()
    frame["va_share"] = frame["va_share"] * 0.1 + (frame["country"] == "CHN") * 0.8
    fig = dominance_lines(frame, leaders=5, hhi=None)
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    notes = [t for t in fig.axes[0].texts if isinstance(t, mpl.text.Annotation)]
    boxes = {t.get_text(): mpl.text.Text.get_window_extent(t, canvas.get_renderer()) for t in notes}
    lines = {t.get_text(): t.arrow_patch.get_path() for t in notes if t.arrow_patch is not None}
    assert lines
    for name, path in lines.items():
        patch = next(t.arrow_patch for t in notes if t.get_text() == name)
        way = patch.get_transform().transform_path(path).interpolated(50).vertices
        assert not any(box.contains(x, y) for other, box in boxes.items() if other != name for x, y in way)


def test_stage_profile_draws_stages_in_order() -> None:
    frame = one_year()
    fig = stage_profile(frame.sample(frac=1, random_state=2), ["NA"], stages=["upstream", "midstream", "downstream"])
    want = frame[frame["country"] == "NA"].set_index("stage")["share"][["upstream", "midstream", "downstream"]]
    assert has_line(fig, [0, 1, 2], want)


def test_the_csv_holds_what_was_drawn(tmp_path: Path) -> None:
    frame = shares()
    save_figure(dominance_lines(frame), tmp_path / "share_0.5", data=frame)
    back = pd.read_csv(tmp_path / "share_0.5.csv", keep_default_na=False, float_precision="round_trip")
    pd.testing.assert_frame_equal(back, frame, check_exact=True, check_dtype=False)
    assert (tmp_path / "share_0.5.png").exists()  # a dot in the name is no suffix


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.001, 0.1))
def test_spread_moves_labels_apart_and_keeps_their_order(values: list[float], gap: float) -> None:
    y = np.array(values)
    placed = spread(y, gap, 0.0, 1.0)
    steps = np.diff(np.sort(placed))
    assert (steps >= gap * (1 - 1e-6)).all()
    assert (np.argsort(placed, kind="stable") == np.argsort(y, kind="stable")).all()
    assert placed.min() >= -1e-12
    assert placed.max() <= 1 + 1e-9
    apart = np.diff(np.sort(y))
    if len(y) == 1 or (apart >= gap * 1.001).all():
        np.testing.assert_allclose(placed, y, atol=1e-9)


def test_the_curve_is_in_order_and_leaves_out_what_has_no_number() -> None:
    fig = specification_curve_plot(curve(), ["position", "sample"])
    points = np.concatenate([line.get_ydata() for line in fig.axes[0].lines[:2]])
    assert sorted(points.tolist()) == [-0.2, -0.05, 0.02]
    assert {"position: u", "position: plv", "sample: no CHN"} <= set(texts(fig))
    with pytest.raises(InputError, match="no specification"):
        specification_curve_plot(curve().assign(not_estimated="no"), ["position"])
    with pytest.raises(InputError, match="without any"):
        leave_one_out_plot(left_out().assign(not_estimated="no"), 0.0)


def test_the_forest_writes_every_p_value_and_scope() -> None:
    found = texts(verdict_forest(forest()))
    assert {"p < 0.001", "p = 0.040", "p = 0.300", "slope", "CHN · pull"} <= set(found)
