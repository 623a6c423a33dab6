"""Trends of few years and the two axes: by hand, size and power, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import DroppedRowsWarning, EstimationError, InputError, LabelError
from gvcpos.lockin import two_axes
from gvcpos.lockin.common.trend import drift, scope_trend, series_trend
from gvcpos.lockin.common.trend_law import likelihoods, trend_law
from tests.lockin import worlds

COLUMNS = ("wwyz_backward", "upstreamness", "va_rate")
LOCKED = (1.0, -1.0, -1.0)


def walks(seed: int, n: int, years: int, *, persistence: float = 1.0, common: float = 0.0) -> np.ndarray:
    """Random walks (or stationary AR(1) series), shape (years, n); `common` is the part of the variance all share."""
    rng = np.random.default_rng(seed)
    e = np.sqrt(common) * rng.normal(size=(years, 1)) + np.sqrt(1 - common) * rng.normal(size=(years, n))
    if persistence == 1.0:
        return e.cumsum(axis=0)
    e[0] /= np.sqrt(1 - persistence**2)
    for t in range(1, years):
        e[t] += persistence * e[t - 1]
    return e


def panel(seed: int, n: int = 6, years: int = 12, trend: tuple[float, ...] = (0.0, 0.0, 0.0), **kind) -> pd.DataFrame:
    columns = {
        c: walks(100 * seed + i, n, years, **kind) + slope * np.arange(years)[:, None]
        for i, (c, slope) in enumerate(zip(COLUMNS, trend, strict=True))
    }
    return worlds.frame("upstream", years, n, **columns)


def test_drift_by_hand():
    """Changes 1, 2 over one year each and 6 over two: drift 9/4, s² = Σ (Δ − bh)²/h over two."""
    mean, error = drift(np.array([2000.0, 2001.0, 2002.0, 2004.0]), np.array([0.0, 1.0, 3.0, 9.0]))
    b = 9 / 4
    s2 = ((1 - b) ** 2 + (2 - b) ** 2 + (6 - 2 * b) ** 2 / 2) / 2
    assert mean == pytest.approx(b)
    assert error == pytest.approx(np.sqrt(s2 / 4))


def test_statistic_is_the_t_of_the_mean_change():
    from scipy import stats

    series = pd.Series(walks(1, 1, 9)[:, 0], index=range(2000, 2009))
    found = series_trend(series, "x")
    assert found.statistic == pytest.approx(stats.ttest_1samp(np.diff(series), 0.0).statistic)
    assert found.conf_int[0] < found.estimate < found.conf_int[1]
    less, greater = (series_trend(series, "x", alternative=side).pvalue for side in ("less", "greater"))
    assert less + greater == pytest.approx(1.0)
    assert min(less, greater) == pytest.approx(found.pvalue / 2)


def test_likelihood_without_a_trend_is_that_of_statsmodels():
    """Restricted likelihood of the level, scale integrated out, up to a constant."""
    from scipy import stats

    y, law = walks(3, 2, 8), trend_law(tuple(range(8)))
    _, without = likelihoods(y, law.whiteners, law.constants)
    lags = np.abs(np.subtract.outer(np.arange(8), np.arange(8)))
    for k, rho in ((5, 0.4), (6, 0.6)):
        cov = np.diff(np.diff(rho**lags / (1 - rho**2), axis=0), axis=1)
        logs = [stats.multivariate_t(shape=cov, df=1e-6).logpdf(change) for change in np.diff(y, axis=0).T]
        assert without[k, 0] - without[k, 1] == pytest.approx((logs[0] - logs[1]), rel=1e-3)


def test_interval_holds_what_is_not_rejected_and_gaps_count_their_years():
    series = pd.Series(walks(5, 1, 10)[:, 0], index=[2000, 2001, 2002, 2004, 2005, 2006, 2007, 2008, 2009, 2011])
    found = series_trend(series, "x")
    since = series.index.to_numpy(float) - 2000
    for end, sign in zip(found.conf_int, (1, -1), strict=True):
        inside, outside = (series - (end + step * sign * found.std_error) * since for step in (0.02, -0.02))
        assert series_trend(inside, "x").pvalue >= 0.05 > series_trend(outside, "x").pvalue
    sparse = series_trend(pd.Series(series.to_numpy(), index=2000 + 5 * (series.index - 2000)), "x")
    assert sparse.pvalue == found.pvalue
    assert sparse.estimate == pytest.approx(found.estimate / 5)
    assert sparse.conf_int == pytest.approx(tuple(end / 5 for end in found.conf_int))


def test_independent_shocks_are_a_t_of_the_countries_slopes():
    from scipy import stats

    values = walks(2, 20, 6)
    found = scope_trend(pd.DataFrame(values, index=range(2000, 2006)), "x", shocks="independent").result
    expected = stats.ttest_1samp((values[-1] - values[0]) / 5, 0.0)
    assert (found.statistic, found.pvalue, found.df) == pytest.approx((expected.statistic, expected.pvalue, 19))


def rejections(draws: int, n: int, years: int, shocks: str, **kind) -> float:
    """What `scope_trend` does (the tests above), for all draws at once."""
    from scipy import stats

    series = np.stack([walks(10_000 + i, n, years, **kind) for i in range(draws)], axis=2)
    if shocks == "common":
        return float((trend_law(tuple(range(years))).pvalue(series.mean(axis=1)) < 0.05).mean())
    return float((stats.ttest_1samp((series[-1] - series[0]) / (years - 1), 0.0).pvalue < 0.05).mean())


@pytest.mark.parametrize("years", [6, 12, 15])
def test_size(years):
    """At most seven of a hundred whatever the persistence; what comes back to a line at once is rejected less often."""
    draws, low, high = 2000, 0.015, 0.075
    for persistence in (0.0, 0.3, 0.5, 0.8, 0.9, 1.0):
        rate = rejections(draws, 1, years, "common", persistence=persistence)
        assert rate <= high
        assert rate >= low or persistence < 0.8  # there power is what counts: see below
    noise, law = np.random.default_rng(0).normal(size=(years, draws)), trend_law(tuple(range(years)))
    lasting = walks(11, draws, years, persistence=0.8) * 0.6  # of unit variance
    assert (law.pvalue(lasting + noise) < 0.05).mean() <= high
    for times in (0.5, 1.0, 2.0):  # as large as a step of the random walk: what looks most like a trend
        assert (law.pvalue(walks(12, draws, years) + times * noise) < 0.05).mean() <= 0.09
    for common in (0.0, 0.5):
        assert low <= rejections(500, 40, years, "common", common=common) <= high
    assert low <= rejections(500, 40, years, "independent") <= high
    assert rejections(500, 40, years, "independent", common=0.5) > 0.3  # why it is not the default


def test_power():
    """A trend of four standard errors of its best estimate in a dozen years: found, less often than with ρ known."""
    law, time = trend_law(tuple(range(12))), np.arange(12.0)[:, None]
    for persistence, trend, least in ((1.0, 4 / np.sqrt(11), 0.82), (0.0, 4 / 11.96, 0.35)):
        series = walks(9, 1000, 12, persistence=persistence) + trend * time
        assert (law.pvalue(series) < 0.05).mean() > least
    assert law.detectable(0.05) == pytest.approx(3.5, abs=0.2)
    assert np.isfinite(law.interval(walks(9, 1, 12)[:, 0], 0.0, 0.3, 0.05)).all()


def test_scope_trend_of_a_panel_is_that_of_its_mean():
    values = walks(7, 5, 8)
    found = scope_trend(pd.DataFrame(values, index=range(8)), "x").result
    mean, error = drift(np.arange(8.0), values.mean(axis=1))
    assert found.statistic == pytest.approx(float(mean / error))


def axes_rate(draws: int, years: int, trend: tuple[float, ...], **kind) -> float:
    """What `two_axes` does (the tests below), for all draws at once."""
    law, worst = trend_law(tuple(range(years))), np.zeros(draws)
    for i, (slope, side) in enumerate(zip(trend, (1, -1, -1), strict=True)):
        series = walks(100 + i, draws, years, **kind) + slope * np.arange(years)[:, None]
        half = law.pvalue(series) / 2
        worst = np.maximum(worst, np.where(side * (series[-1] - series[0]) > 0, half, 1.0 - half))
    return float((worst < 0.05).mean())


@pytest.mark.parametrize("years", [6, 12, 15])
def test_size_and_power_of_the_two_axes(years):
    """Two strong trends and a third that is none: the level. None at all: far below. Three: found."""
    assert 0.03 <= axes_rate(2000, years, (50.0, -50.0, 0.0)) <= 0.07
    for persistence in (0.0, 0.5, 0.8):
        returning = axes_rate(2000, years, (50.0, -50.0, 0.0), persistence=persistence)
        assert returning <= 0.07
        assert returning >= 0.015 or persistence < 0.8 or years == 6
    assert axes_rate(2000, years, (0.0, 0.0, 0.0)) <= 0.02
    assert axes_rate(2000, years, (2.0, -2.0, -2.0)) > 0.8
    assert axes_rate(100, years, (50.0, 50.0, -50.0)) == 0.0


def test_the_largest_p_value_decides():
    data = panel(3, trend=(50.0, -50.0, -50.0))
    found = two_axes(data, scope="C01")
    axes = found.details["axes"].set_index("axis")
    assert found.rejected
    assert found.evidence == "lock-in"
    assert found.pvalue == axes["pvalue"].max()
    worst = axes["pvalue"].idxmax()
    assert found.estimate == axes.loc[worst, "change_per_year"]
    assert axes.loc[worst, "column"] in found.quantity
    own = data[data["country"] == "C01"].set_index("year")
    for column, side in zip(COLUMNS, ("greater", "less", "less"), strict=True):
        single = series_trend(own[column], "x", alternative=side)
        assert axes.set_index("column").loc[column, "pvalue"] == pytest.approx(single.pvalue)


def test_which_way_position_falls():
    data = panel(4, trend=(50.0, 50.0, -50.0))
    assert not two_axes(data, scope="C00").rejected
    assert two_axes(data, scope="C00", falling="higher").rejected
    assert "upstreamness rises" in two_axes(data, falling="higher").null
    with pytest.raises(InputError, match="falling='down' is not known"):
        two_axes(data, falling="down")


def test_the_mirror_image_is_reported_not_judged():
    found = two_axes(panel(5, trend=(-50.0, 50.0, 50.0)), scope="C00")
    assert not found.rejected
    assert found.evidence == "none"
    assert "The mirror image, all three on the other side, has p < 0.001" in found.sentence


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 100), st.floats(-50, 50))
def test_order_names_and_units_change_nothing(seed, scale, shift):
    data = panel(seed % 1000, 5, 8)
    before = two_axes(data).pvalue
    mixed = data.sample(frac=1, random_state=seed)
    mixed["va_rate"] = scale * mixed["va_rate"] + shift
    mixed["country"] = mixed["country"].map(lambda c: "X" + c[::-1])
    assert two_axes(mixed).pvalue == pytest.approx(before, rel=1e-6)


def test_scopes_and_gaps():
    data = panel(6, 6, 9)
    group = two_axes(data, scope={"two": ["C01", "C03"]})
    assert (group.scope, group.ncountries) == ("two", 2)
    mean = data[data["country"].isin(["C01", "C03"])].groupby("year")["va_rate"].mean()
    np.testing.assert_allclose(group.details["series"]["va_rate"], mean)
    short = data[~((data["country"] == "C01") & (data["year"] == 2010))]
    with pytest.warns(DroppedRowsWarning, match="C01"):
        assert two_axes(short).ncountries == 5
    assert two_axes(short, scope="C01").nobs == 7  # two years' change where a year is missing
    with pytest.raises(LabelError, match="C99"):
        two_axes(data, scope="C99")
    with pytest.raises(InputError, match="no column gvc"):
        two_axes(data, participation="gvc")
    with pytest.raises(InputError, match="three different columns"):
        two_axes(data, participation="va_rate")
    with pytest.raises(EstimationError, match="3 annual changes; at least 4"):
        two_axes(data[data["year"] < 2011])
    with pytest.raises(EstimationError, match="needs at least 4 countries"):
        two_axes(data, scope=["C01", "C03"], shocks="independent")
