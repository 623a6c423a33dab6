"""Figures of lock-in tests draw the frames they are given, the same on every run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gvcpos._core.errors import InputError, LabelError
from gvcpos.report import save_figure
from gvcpos.report.figures import own_share_lines, position_trajectories, rank_lines, smile_curves
from tests.report.examples import shares, stages


def smile() -> dict[str, pd.DataFrame]:
    """Points, curves and troughs of four years, as ``details`` of `smile_curve` holds them."""
    rng = np.random.default_rng(3)
    years = (2007, 2008, 2009, 2010)
    rows = [
        (c, y, rng.uniform(1, 5), rng.uniform(0.2, 0.8)) for c in ("CHN", "USA", "NA") for y in years for _ in "abcd"
    ]
    points = pd.DataFrame(rows, columns=["country", "year", "distance", "va_rate"]).assign(weight=1 / 12)
    grid = np.linspace(1, 5, 9)
    fitted = pd.concat(
        [pd.DataFrame({"year": y, "distance": grid, "va_rate": 0.3 + 0.02 * (grid - 3) ** 2}) for y in years]
    )
    curves = pd.DataFrame({"year": years, "trough": [3.0, np.nan, 3.1, 3.2], "trough_low": 2.5, "trough_high": 3.5})
    return {"points": points, "fitted": fitted, "curves": curves.assign(trough_bounded=[True, False, True, False])}


def drawn_smile(**options: object) -> Figure:
    frames = smile()
    return smile_curves(frames["points"], frames["fitted"], curves=frames["curves"], **options)


def ranked() -> pd.DataFrame:
    """Ranks of the shares by year, with sets in all years but the first."""
    frame = shares().drop_duplicates(["country", "year"])
    rank = frame.groupby("year")["va_share"].rank(ascending=False, method="min")
    frame = frame[["country", "year"]].assign(rank=rank, rank_low=(rank - 1).clip(lower=1), rank_high=rank + 2)
    frame.loc[frame["year"] == frame["year"].min(), ["rank_low", "rank_high"]] = np.nan
    return frame


FIGURES: dict[str, Callable[..., Figure]] = {
    "ranks": lambda **k: rank_lines(ranked(), leaders=["CHN", "NA"], **k),
    "smile": lambda **k: drawn_smile(highlight=["CHN", "NA"], **k),
    "positions": lambda **k: position_trajectories(stages(), ["CHN", "NA"], **k),
    "own_share": lambda **k: own_share_lines(shares(), ["CHN", "NA"], share="va_share", **k),
}
each = pytest.mark.parametrize("name", FIGURES)


@each
def test_two_runs_give_the_same_bytes_and_nothing_is_cut_off(name: str, tmp_path: Path) -> None:
    files = [save_figure(FIGURES[name](), tmp_path / run / name, data=shares()) for run in ("a", "b")]
    assert [p.read_bytes() for p in files[0]] == [p.read_bytes() for p in files[1]]
    assert [p.suffix for p in files[0]] == [".png", ".svg", ".csv"]
    figure = FIGURES[name](title="T $x$ 100 %", source="WIOD", synthetic=True)
    said = {t.get_text() for t in figure.findobj(match=lambda a: hasattr(a, "get_text"))}
    assert {"T $x$ 100 %", "Source: WIOD", "SYNTHETIC DATA"} <= said
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 255).all()


def test_smile_draws_points_and_curves_of_the_years_asked_for() -> None:
    frames = smile()
    figure = drawn_smile()
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["2007", "2009", "2010"]
    line = figure.axes[1].get_lines()[0].get_xydata()
    own = frames["fitted"][frames["fitted"]["year"] == 2009]
    np.testing.assert_array_equal(line, own[["distance", "va_rate"]].to_numpy())
    assert len(figure.axes[0].collections[0].get_offsets()) == 12
    marked = [len(ax.get_lines()) for ax in drawn_smile(years=[2007, 2008, 2009, 2010]).axes]
    assert marked == [3, 1, 3, 2]  # trough and interval, no U, both, trough with an unbounded interval
    legend = {t.get_text() for t in drawn_smile(years=[2008]).legends[0].get_texts()}
    assert "trough and interval" not in legend
    with pytest.raises(LabelError, match="1999"):
        drawn_smile(years=[1999])
    with pytest.raises(LabelError, match="ZZZ"):
        drawn_smile(highlight=["ZZZ"])


def test_positions_and_shares_draw_every_country() -> None:
    data = stages()
    figure = position_trajectories(data, ["CHN"], ["downstream", "upstream"])
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Downstream", "Upstream"]
    wanted = data[(data["stage"] == "upstream") & (data["country"] == "CHN")]
    assert any(
        np.array_equal(line.get_xydata(), wanted[["year", "upstreamness"]].to_numpy(float))
        for line in figure.axes[1].get_lines()
    )
    assert len(figure.axes[0].get_lines()) == 4
    assert len(own_share_lines(shares(), ["CHN"], share="va_share").axes[0].get_lines()) == 7
    with pytest.raises(InputError, match="two rows for a stage and year"):
        position_trajectories(pd.concat([data, data]), ["CHN"])
    with pytest.raises(LabelError, match="mining"):
        position_trajectories(data, ["CHN"], ["mining"])
    with pytest.raises(LabelError, match="own_share"):
        own_share_lines(shares(), ["CHN"])


def test_ranks_draw_the_leaders_with_the_first_on_top() -> None:
    frame = ranked()
    ax = (figure := rank_lines(frame, leaders=3)).axes[0]
    last = frame[frame["year"] == frame["year"].max()].sort_values("rank")
    assert [text.get_text() for text in ax.texts] == last["country"].head(3).tolist()
    first = frame[frame["country"] == last["country"].iloc[0]].sort_values("year")
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), -first["rank"])
    np.testing.assert_allclose(ax.get_lines()[0].get_xdata(), first["year"] - 0.11)
    bars = ax.collections[0].get_segments()
    assert [(-bar[1, 1], -bar[0, 1]) for bar in bars] == list(
        zip(*first[["rank_low", "rank_high"]][1:].T.values, strict=True)
    )
    assert {t.get_text() for t in figure.legends[0].get_texts()} == {"rank", "set of ranks"}
    bare = rank_lines(frame.assign(rank_low=np.nan, rank_high=np.nan))
    assert {t.get_text() for t in bare.legends[0].get_texts()} == {"rank"}
    with pytest.raises(InputError, match="two rows in a year"):
        rank_lines(pd.concat([frame, frame]))
    with pytest.raises(LabelError, match="ZZZ"):
        rank_lines(frame, leaders=["ZZZ"])
