"""Dumitrescu and Hurlin: formulas by hand, moments of the paper, bootstrap under common shocks, one country."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gvcpos._core.errors import EstimationError, InputError, LabelError
from gvcpos.lockin import dumitrescu_hurlin
from gvcpos.lockin.pull.granger import null_model, simulate, wald_moments, walds, z_bar, z_bar_tilde
from tests.lockin import chains_of_growth, worlds

PANEL = chains_of_growth.growth(1, n=30, years=14)


def growth(stage: str) -> pd.DataFrame:
    wide = PANEL[PANEL["stage"] == stage].pivot(index="year", columns="country", values="va")
    return np.log(wide).diff().iloc[1:]


@pytest.mark.parametrize("lags", [1, 2])
def test_statistics_against_statsmodels_and_the_formulas(lags):
    test = dumitrescu_hurlin(PANEL, lags=lags, year_means=False, draws=99)
    y, x = growth("downstream"), growth("upstream")
    found = []
    for country in y.columns:
        columns = {f"y{k}": y[country].shift(k) for k in range(1, lags + 1)}
        columns |= {f"x{k}": x[country].shift(k) for k in range(1, lags + 1)}
        data = pd.DataFrame({"now": y[country], **columns}).dropna()
        fit = sm.OLS(data["now"], sm.add_constant(data.drop(columns="now"))).fit()
        restrictions = ", ".join(f"x{k} = 0" for k in range(1, lags + 1))
        found.append(float(fit.wald_test(restrictions, use_f=False, scalar=True).statistic))
    table = test.details["countries"]
    np.testing.assert_allclose(table["wald"], found, rtol=1e-8)
    np.testing.assert_allclose(table["pvalue_F"], stats.f.sf(table["F"], lags, 13 - lags - 2 * lags - 1), rtol=1e-10)
    mean, n, years = np.mean(found), 30, 13  # growth of 14 years
    panel = test.details["panel"].set_index("statistic")["value"]
    assert panel["W-bar"] == pytest.approx(mean, rel=1e-8)
    assert panel["Z-bar"] == pytest.approx(np.sqrt(n / (2 * lags)) * (mean - lags), rel=1e-8)
    # As Lopez and Weber (2017) write it, T being all years of the series.
    k = lags
    tilde = np.sqrt(n / (2 * k) * (years - 3 * k - 5) / (years - 2 * k - 3))
    tilde *= (years - 3 * k - 3) / (years - 3 * k - 1) * mean - k
    assert panel["Z-bar tilde"] == pytest.approx(tilde, rel=1e-8)
    assert test.statistic == panel["Z-bar tilde"]


def test_moments_are_those_of_f():
    """Dumitrescu and Hurlin (2012), equations 27 and 28: K times an F variable."""
    for lags, years in ((1, 10), (2, 20), (3, 50)):
        free = years - 2 * lags - 1
        mean, variance = wald_moments(lags, years)
        assert mean == pytest.approx(lags * stats.f.mean(lags, free), rel=1e-12)
        assert variance == pytest.approx(lags**2 * stats.f.var(lags, free), rel=1e-12)
        assert mean == pytest.approx(lags * (years - 2 * lags - 1) / (years - 2 * lags - 3))
        assert z_bar_tilde(mean, 30, lags, years) == 0
    assert z_bar(1.0, 10, 1) == 0


def test_moments_by_simulation():
    """Independent noise: 20,000 regressions of twelve years."""
    rng = np.random.default_rng(0)
    found = walds(rng.normal(size=(20_000, 13)), rng.normal(size=(20_000, 13)), 1).wald
    mean, variance = wald_moments(1, 12)
    assert found.mean() == pytest.approx(mean, abs=0.08)
    assert found.var() == pytest.approx(variance, rel=0.25)


def test_planted_pull_is_found():
    test = dumitrescu_hurlin(chains_of_growth.growth(4, n=40, years=15, pull=0.5), draws=199)
    assert test.rejected
    assert test.evidence == "upgrading"
    assert 0.2 < test.estimate < 0.8
    assert test.conf_int[0] > 0
    other = dumitrescu_hurlin(chains_of_growth.growth(4, n=40, years=15, pull=-0.5), draws=199)
    assert other.evidence == "lock-in"


def test_the_null_keeps_dependence_and_forgets_causality():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(20, 60))
    shock = rng.normal(size=60)
    y = 0.8 * np.roll(x, 1, axis=1) + shock + 0.5 * rng.normal(size=(20, 60))
    ys, xs = simulate(null_model(y, x, 1, rng), y, x, 50, rng)
    assert np.corrcoef(y)[0, 1:].mean() > 0.3
    drawn = np.mean([np.corrcoef(one)[0, 1:].mean() for one in ys])
    assert drawn == pytest.approx(np.corrcoef(y)[0, 1:].mean(), abs=0.15)
    assert walds(y, x, 1).wald.mean() > 10
    assert walds(ys, xs, 1).wald.mean() < 2


def test_one_country():
    strong = chains_of_growth.growth(4, n=30, years=15)
    rows = (strong["country"] == "C03") & (strong["stage"] == "downstream")
    up = strong[(strong["country"] == "C03") & (strong["stage"] == "upstream")]["va"].to_numpy()
    noise = 0.01 * np.random.default_rng(0).normal(size=15)
    strong.loc[rows, "va"] = np.exp(np.append(0.0, np.log(up[:-1])) + noise)
    test = dumitrescu_hurlin(strong, scope="C03", draws=199)
    assert test.rejected
    assert test.ncountries == 1
    assert test.scope == "C03"
    assert "In C03" in test.sentence
    table = test.details["countries"]
    assert table["F"][0] == test.statistic
    assert table["pvalue_F"][0] < 0.01
    whole = dumitrescu_hurlin(strong, draws=199).details["countries"].set_index("country")
    assert whole.loc["C03", "wald"] == pytest.approx(test.statistic, rel=1e-12)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-3, 1e6))
def test_order_and_currency_change_nothing(seed, scale):
    other = PANEL.sample(frac=1, random_state=seed).assign(va=lambda d: d["va"] * scale)
    a, b = dumitrescu_hurlin(PANEL, draws=99), dumitrescu_hurlin(other, draws=99)
    assert b.statistic == pytest.approx(a.statistic, rel=1e-6)
    assert b.pvalue == pytest.approx(a.pvalue, abs=0.011)


def test_too_short_or_wrong_is_refused_with_the_reason():
    with pytest.raises(InputError, match=r"8 years of growth of va .* T > 5 \+ 3K = 8 .* pull_through"):
        dumitrescu_hurlin(PANEL[PANEL["year"] < 2016])
    with pytest.raises(InputError, match=r"11 years .* lags=2.* Take lags=1"):
        dumitrescu_hurlin(PANEL[PANEL["year"] < 2019], lags=2)
    with pytest.raises(InputError, match="lags=0"):
        dumitrescu_hurlin(PANEL, lags=0)
    with pytest.raises(LabelError, match="no such stage: refining"):
        dumitrescu_hurlin(PANEL, target="refining")
    with pytest.raises(InputError, match="transform"):
        dumitrescu_hurlin(PANEL, transform="logs")
    flat = PANEL.assign(va=PANEL["va"].where((PANEL["country"] != "C02") | (PANEL["stage"] != "upstream"), 1.0))
    with pytest.raises(EstimationError, match="does not vary over time in C02"):
        dumitrescu_hurlin(flat)


def rejections(draws: int, seed: int, **shape) -> float:
    return float(
        np.mean(
            [dumitrescu_hurlin(chains_of_growth.growth(seed + i, **shape), draws=199).rejected for i in range(draws)]
        )
    )


@pytest.mark.slow
def test_size_short():
    assert rejections(20, 300, n=30, years=11) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 20)


@pytest.mark.slow
@pytest.mark.parametrize("persistence", [0.0, 0.4, 0.7])
def test_size(persistence):
    """Common shocks with loadings of their own, and both stages hit by the same shocks of a country."""
    assert 0.025 <= rejections(500, 7000, n=40, years=12, persistence=persistence) <= 0.08


@pytest.mark.slow
def test_power():
    assert rejections(100, 9000, n=40, years=15, pull=0.4) > 0.8


def test_world_panel_of_the_other_tests():
    assert not dumitrescu_hurlin(worlds.panel(5, n=30, years=12), draws=199).rejected
