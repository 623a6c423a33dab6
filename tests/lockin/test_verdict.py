"""The verdict: every combination of outcomes gets the sentence it deserves, and no null is called proven."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.lockin import (
    Verdict,
    dominance,
    dominance_trend,
    lock_in,
    position_capture_slope,
    position_capture_slopes,
    pull_through,
    slope_equality,
)
from gvcpos.spatial import Weights
from tests.lockin import worlds


@pytest.mark.parametrize(
    ("slope", "pull", "said"),
    [
        (-0.2, 0.0, "The tests speak for low-end lock-in at the 5 % level: moving upstream goes with capturing less"),
        (-0.2, 0.6, "The evidence on lock-in is mixed at the 5 % level: moving upstream goes with capturing less"),
        (-0.2, -0.6, "and upstream growth is followed by own downstream decline (p < 0.001)"),
        (0.1, 0.6, "The tests do not show lock-in at the 5 % level: it is not shown that"),
        (0.1, -0.6, "The evidence on lock-in is mixed at the 5 % level: it is not shown"),
        (0.1, 0.0, "The tests are inconclusive at the 5 % level: it is not shown"),
    ],
)
def test_sentences(slope, pull, said):
    verdict = lock_in(worlds.panel(7, slopes=(slope, 0.0, 0.0), pull=pull), tests=())
    assert said in verdict.sentence
    assert " leads the upstream stage with " in verdict.sentence
    text = str(verdict)
    assert not any(word in text.lower() for word in ("accept", "proves", "no lock-in is true", "confirms"))


def test_parts_of_a_verdict():
    panel = worlds.panel(7, slopes=(-0.1, 0.0, 0.0))
    verdict = lock_in(panel, placebo="midstream", leader="C05", tests=())
    assert isinstance(verdict, Verdict)
    assert [t.name for t in verdict.tests] == [
        "dominance trend: C05 in upstream",
        "position–capture slope: upstream",
        "position–capture slope: downstream",
        "position–capture slopes: equal across stages",
        "pull-through: upstream to downstream",
    ]
    frame = verdict.to_frame()
    assert len(frame) == 5
    assert frame["pvalue"].between(0, 1).all()
    assert verdict["pull-through: upstream to downstream"] is verdict.tests[-1]
    with pytest.raises(LabelError, match="no such test: pull"):
        verdict["pull"]
    assert set(verdict.leaders["stage"]) == set(worlds.STAGES)


def test_same_input_same_verdict():
    panel = worlds.panel(8, slopes=(-0.05, 0.0, 0.0))
    a, b = lock_in(panel, tests="c"), lock_in(panel.copy(), tests="c")
    pd.testing.assert_frame_equal(a.to_frame(), b.to_frame())
    assert str(a) == str(b)


def test_synthetic_data_say_so():
    panel = worlds.panel(8)
    panel.attrs["synthetic"] = True
    assert lock_in(panel, tests=()).sentence.startswith("Synthetic data: ")


def test_with_weights_the_slopes_are_spatial():
    panel = worlds.panel(9, n=15, years=8, slopes=(-0.2, 0.0, 0.0))
    rng = np.random.default_rng(0)
    points = rng.normal(size=(15, 2))
    w = 1 / (np.linalg.norm(points[:, None] - points[None], axis=2) + np.eye(15)) - np.eye(15)
    weights = Weights.from_dense(worlds.countries(15), w)
    verdict = lock_in(panel, weights, slope="direct", tests=())
    assert "direct effect of the spatial Durbin model" in verdict["position–capture slope: upstream"].sentence
    with pytest.raises(LabelError, match="no such test"):  # coefficients are not set beside direct effects
        verdict["position–capture slopes: equal across stages"]
    plain = lock_in(panel, weights, tests=())
    assert plain["position–capture slopes: equal across stages"].distribution == "F"
    loose = lock_in(panel, weights, cov_type="information", tests=())
    assert loose["position–capture slopes: equal across stages"].distribution == "chi2"
    with pytest.raises(LabelError, match="weights has C14"):
        lock_in(panel[panel["country"] != "C14"], weights, tests=())


def test_a_bare_string_is_no_list_of_countries():
    frame = pd.DataFrame(
        {"country": ["CHN"], "stage": ["upstream"], "year": [2000], "va_share": 1.0, "export_share": 1.0}
    )
    with pytest.raises(InputError, match="exclude='CHN': give a list"):
        dominance(frame, exclude="CHN")


@pytest.mark.parametrize(
    "run",
    [
        dominance,
        dominance_trend,
        position_capture_slope,
        position_capture_slopes,
        slope_equality,
        pull_through,
        partial(lock_in, tests=()),
    ],
)
def test_an_unknown_country_in_exclude_is_named(run):
    """ROW, the default, may be absent; every other name must be in the panel, in any stage and any order."""
    panel = worlds.panel(8, n=10, years=8)
    run(panel)
    run(panel, exclude=["C03", "ROW", "C01"])
    for wrong in (["CO1"], ["C01", "CO1", "ROW"], ["row"]):
        with pytest.raises(LabelError, match=rf"exclude: {'row' if 'row' in wrong else 'CO1'} not in the panel"):
            run(panel, exclude=wrong)
    elsewhere = panel[~((panel["country"] == "C03") & (panel["stage"] == "midstream"))]
    run(elsewhere, exclude=["C03"])
