"""Inference, Holm's adjustment, and the words of a test."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from gvcpos._core.errors import EstimationError, InputError
from gvcpos.lockin.common.results import holm, infer, require_level
from gvcpos.lockin.common.wording import judgement, number, p_text, percent


def test_t_and_normal_by_the_book():
    r = infer(-2.0, 1.0, 10, alternative="less")
    assert r.pvalue == pytest.approx(0.036694017, rel=1e-7)
    assert r.conf_int == pytest.approx((-4.2281388520, 0.2281388520), rel=1e-8)
    assert infer(-2.0, 1.0, 10, alternative="greater").pvalue == pytest.approx(1 - 0.036694017, rel=1e-7)
    assert infer(1.959963985, 1.0, None).pvalue == pytest.approx(0.05, rel=1e-7)
    assert infer(1.0, 1.0, None).distribution == "normal"


@settings(max_examples=50, deadline=None)
@given(st.floats(-5, 5), st.floats(0.1, 5), st.integers(3, 200), st.sampled_from([0.01, 0.05, 0.1]))
def test_interval_and_two_sided_test_agree(estimate, error, df, level):
    r = infer(estimate, error, df, level=level)
    outside = r.conf_int[0] > 0 or r.conf_int[1] < 0
    assert outside == (r.pvalue < level) or abs(r.pvalue - level) < 1e-9


@pytest.mark.parametrize(("estimate", "error"), [(1.0, 0.0), (np.nan, 1.0), (1.0, np.nan), (1.0, np.inf)])
def test_nothing_to_test(estimate, error):
    with pytest.raises(EstimationError, match="nothing to test"):
        infer(estimate, error, 10)


@pytest.mark.parametrize("pvalues", [[0.5], [0.0, 1.0, 0.03], [0.01, 0.01, 0.2, 0.04, 0.04, 0.9]])
def test_holm_against_statsmodels(pvalues):
    expected = multipletests(pvalues, method="holm")[1]
    np.testing.assert_allclose(holm(pd.Series(pvalues)), expected, atol=1e-12)


def test_words():
    assert [p_text(p) for p in (0.0004, 0.032, 0.5)] == ["p < 0.001", "p = 0.032", "p = 0.50"]
    assert number(-0.12345) == "−0.123"
    assert percent(0.05) == "5 %"
    said = judgement(0.2, 0.05, "the slope is zero", "two-sided")
    assert said == "The null that the slope is zero is not rejected at the 5 % level (two-sided p = 0.20)"
    assert "is rejected" in judgement(0.01, 0.05, "x", "one-sided")


@pytest.mark.parametrize("level", [0, 0.5, 5, float("nan")])
def test_a_level_is_a_small_share(level):
    with pytest.raises(InputError, match="size of a test"):
        require_level(level)
