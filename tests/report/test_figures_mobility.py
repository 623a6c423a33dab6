"""Figures of mobility and pull-through draw the numbers of their frames."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.report import save_figure
from gvcpos.report.figures import placebo_plot, response_plot, transition_matrices


def texts(fig) -> list[str]:
    return [t.get_text() for t in fig.findobj(mpl.text.Text) if t.get_text()]


def cells() -> pd.DataFrame:
    count = np.array([8, 2, 0, 1, 7, 2, 0, 3, 9])
    frame = pd.DataFrame({"before": np.repeat([1, 2, 3], 3), "after": np.tile([1, 2, 3], 3), "count": count})
    return frame.assign(probability=count / np.repeat([10, 10, 12], 3))


def responses() -> pd.DataFrame:
    frame = pd.DataFrame({"horizon": [1, 2, 3], "estimate": [0.2, 0.3, 0.1]})
    for name, k in (("", 0.1), ("joint_", 0.15)):
        frame[f"{name}lower"], frame[f"{name}upper"] = frame["estimate"] - k, frame["estimate"] + k
    return frame


def placebos() -> pd.DataFrame:
    return pd.DataFrame({"source": ["upstream", "c1", "c5", "c7"], "statistic": [2.0, -3.0, 0.5, np.nan]})


def test_matrices_have_shares_and_counts():
    said = texts(transition_matrices(cells()))
    assert {"80 %", "n = 8", "75 %", "n = 9"} <= set(said)
    parts = [cells().assign(neighbours=m) for m in (1, 2, 3)]
    fig = transition_matrices(pd.concat(parts))
    assert len(fig.axes) == 3
    assert "Neighbours in class 1 (low)" in texts(fig)
    with pytest.raises(LabelError, match="count"):
        transition_matrices(cells().drop(columns="count"))


def test_responses_and_bands():
    fig = response_plot(responses())
    lines = [line for line in fig.axes[0].lines if len(line.get_xdata()) == 3]
    np.testing.assert_allclose(lines[0].get_ydata(), [0.2, 0.3, 0.1])
    assert "95 % band of all together" in texts(fig)


def test_placebos_are_ordered_and_the_source_is_told_apart():
    fig = placebo_plot(placebos())
    labels = [t.get_text() for t in fig.axes[0].get_yticklabels()]
    assert labels == ["c5", "upstream", "c1"]
    assert fig.axes[0].get_yticklabels()[1].get_fontweight() == "bold"
    with pytest.raises(InputError, match="upstream has no statistic"):
        placebo_plot(placebos().assign(statistic=[np.nan, 1.0, 2.0, 3.0]))


@pytest.mark.parametrize(
    ("draw", "frame"), [(transition_matrices, cells), (response_plot, responses), (placebo_plot, placebos)]
)
def test_same_bytes_every_time(tmp_path, draw, frame):
    first = save_figure(draw(frame()), tmp_path / "a", data=frame())
    second = save_figure(draw(frame()), tmp_path / "b", data=frame())
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()
