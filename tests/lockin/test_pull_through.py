"""Lagged pull-through: the planted coefficient, lags, placebos, what has no logarithm, labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import DroppedRowsWarning, EstimationError, InputError, LabelError
from gvcpos.lockin import pull_through
from tests.lockin import worlds

PANEL = worlds.panel(2, n=30, years=12, pull=0.4)


def test_against_dummy_variables_in_statsmodels():
    test = pull_through(PANEL, lags=2, own_lags=1)
    growth = np.log(PANEL.pivot(index=["country", "year"], columns="stage", values="va")).groupby("country").diff()
    data = growth.assign(
        l1=growth.groupby("country")["upstream"].shift(1),
        l2=growth.groupby("country")["upstream"].shift(2),
        own=growth.groupby("country")["downstream"].shift(1),
    ).dropna()
    fit = smf.ols("downstream ~ l1 + l2 + own + C(country) + C(year)", data.reset_index()).fit()
    assert test.estimate == pytest.approx(fit.params["l1"] + fit.params["l2"], rel=1e-8)
    assert test.nobs == len(data) == 30 * 9
    names = ["upstream_lag1", "upstream_lag2", "downstream_own_lag1"]
    table = test.details["coefficients"].set_index("regressor")["estimate"]
    np.testing.assert_allclose(table[names], fit.params[["l1", "l2", "own"]], rtol=1e-8)


def test_planted_pull_is_found_and_placebos_are_not():
    test = pull_through(PANEL, placebo="midstream")
    assert test.conf_int[0] < 0.4 < test.conf_int[1]
    assert test.rejected
    assert test.df == 29
    assert "upstream growth is followed by growth of own downstream value added" in test.sentence
    placebo = test.details["placebo"].set_index("placebo")
    assert list(placebo.index) == ["lead of upstream", "lags of midstream"]
    assert (placebo["pvalue"] > 0.01).all()
    assert (placebo["nobs"] == [30 * 9, 30 * 10]).all()


def test_no_pull_is_not_shown():
    test = pull_through(worlds.panel(5, n=30, years=12))
    assert not test.rejected
    assert "is not rejected" in test.sentence
    assert "fits the data as well" in test.sentence
    assert "Caution" not in test.sentence


def test_feedback_is_told():
    """With the arrow reversed the source's future explains the target: the lead shows it and the sentence warns."""
    test = pull_through(PANEL, "downstream", "upstream")
    assert test.details["placebo"]["pvalue"][0] < 1e-3
    assert "Caution: next year's downstream growth seems to matter as well (placebo p < 0.001)" in test.sentence


def test_one_sided_halves_the_p_value():
    two, greater, less = (pull_through(PANEL, alternative=a) for a in ("two-sided", "greater", "less"))
    assert greater.pvalue == pytest.approx(two.pvalue / 2, rel=1e-9)
    assert less.pvalue == pytest.approx(1 - greater.pvalue, rel=1e-9)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-3, 1e6))
def test_order_names_and_currency_change_nothing(seed, scale):
    rng = np.random.default_rng(seed)
    mapping = dict(zip(worlds.countries(30), [f"X{i}" for i in rng.permutation(30)], strict=True))
    other = PANEL.sample(frac=1, random_state=seed).assign(va=lambda d: d["va"] * scale)
    other["country"] = other["country"].map(mapping)
    a, b = pull_through(PANEL, lags=2), pull_through(other, lags=2)
    assert b.estimate == pytest.approx(a.estimate, rel=1e-7)
    assert b.std_error == pytest.approx(a.std_error, rel=1e-7)


@pytest.mark.parametrize(("stage", "value"), [("upstream", 0.0), ("downstream", -5.0), ("upstream", np.nan)])
def test_countries_without_a_logarithm_are_dropped_by_name(stage, value):
    bad = PANEL.copy()
    rows = (bad["country"] == "C11") & (bad["stage"] == stage)
    bad.loc[rows if np.isnan(value) else rows & (bad["year"] == 2010), "va"] = value
    with pytest.warns(DroppedRowsWarning, match="1 of 30 countries dropped, C11"):
        test = pull_through(bad)
    expected = pull_through(PANEL[PANEL["country"] != "C11"])
    assert test.estimate == pytest.approx(expected.estimate, rel=1e-9)
    assert pull_through(bad, exclude=["C11"]).estimate == pytest.approx(expected.estimate, rel=1e-9)


def test_a_gap_in_the_years_costs_the_growth_across_it():
    """Growth over two years is not growth over one: a missing year takes the rows that would need it."""
    gap = PANEL[~((PANEL["country"] == "C05") & (PANEL["year"] == 2012))]
    full, part = pull_through(PANEL), pull_through(gap)
    assert full.nobs - part.nobs == 3
    everywhere = pull_through(PANEL[PANEL["year"] != 2012])
    assert full.nobs - everywhere.nobs == 3 * 30


def test_years_with_a_regular_step_are_lags_of_that_step():
    sparse = PANEL[PANEL["year"] % 2 == 1]
    test = pull_through(sparse)
    assert test.nobs == 30 * 4
    assert "value added in the 2 years after (sum" in test.sentence
    assert "value added in the 4 years after (sum" in pull_through(sparse, lags=2).sentence
    assert "value added in the year after (sum" in pull_through(PANEL).sentence
    reverse = pull_through(sparse_feedback(), "downstream", "upstream")
    assert "Caution: the next 2 years' downstream growth seems to matter" in reverse.sentence


def sparse_feedback() -> pd.DataFrame:
    """Biennial years of a long panel in which upstream growth leads downstream growth by one observation."""
    made = worlds.panel(2, n=30, years=14, pull=0.6)
    return made.assign(year=2007 + 2 * (made["year"] - 2007))


def test_a_country_in_one_stage_only_is_dropped_by_name():
    part = PANEL[~((PANEL["country"] == "C03") & (PANEL["stage"] == "downstream"))]
    with pytest.warns(DroppedRowsWarning, match="C03"):
        assert pull_through(part).ncountries == 29


def test_too_short_for_the_lead_leaves_the_test():
    short = PANEL[PANEL["year"] < 2012]
    test = pull_through(short)
    placebo = test.details["placebo"].iloc[0]
    assert np.isfinite(test.pvalue)
    assert np.isnan(placebo["estimate"])
    assert "2 years" in placebo["not_estimated"]
    with pytest.raises(EstimationError, match=r"pull-through upstream → downstream: .* in 2 years"):
        pull_through(PANEL[PANEL["year"] < 2011])


def test_wrong_arguments():
    with pytest.raises(LabelError, match="no such stage: refining"):
        pull_through(PANEL, target="refining")
    with pytest.raises(LabelError, match="duplicated rows for C00 2007"):
        pull_through(pd.concat([PANEL, PANEL.iloc[:1]]))
    with pytest.raises(InputError, match="lags=0"):
        pull_through(PANEL, lags=0)
    with pytest.raises(InputError, match="must differ"):
        pull_through(PANEL, placebo="upstream")
    with pytest.raises(InputError, match="must differ"):
        pull_through(PANEL, "upstream", "upstream")
    with pytest.raises(InputError, match="no column money"):
        pull_through(PANEL, value="money")
    with pytest.raises(InputError, match="alternative='larger' is not known"):
        pull_through(PANEL, alternative="larger")
