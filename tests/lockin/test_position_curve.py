"""The position–capture curve: against other programs and by hand, its scopes, size and power, real tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gvcpos._core.errors import InputError, LabelError
from gvcpos.chains import Chain, gvc_panel
from gvcpos.lockin import position_capture, position_capture_slope, slope_equality, stage_interactions
from gvcpos.lockin.capture.own_series import own_slopes
from gvcpos.lockin.capture.turning_point import Parabola, delta_interval, fieller_interval, lind_mehlum
from gvcpos.lockin.common.serial import ar1_root, matching_ar1, matching_noisy_ar1, noisy_ar1_root
from gvcpos.lockin.common.wild import wild_cluster
from gvcpos.lockin.common.within import TwoWay
from gvcpos.spatial import Weights
from gvcpos.tables import read_table
from tests.lockin import paths, worlds
from tests.shared import shared

PANEL = paths.curved(1, n=24, years=8, slope=-0.1, curvature=0.15, common=0.0, stages=worlds.STAGES)
W = np.random.default_rng(0).uniform(size=(24, 24)) * (1 - np.eye(24))
WEIGHTS = Weights.from_dense(worlds.countries(24), W / W.sum(axis=1, keepdims=True))


def test_effects_taken_out_are_those_of_dummies():
    rng = np.random.default_rng(0)
    keep = rng.uniform(size=60) > 0.2
    entity, period = np.repeat(np.arange(10), 6)[keep], np.tile(np.arange(6), 10)[keep]
    y = rng.normal(size=keep.sum())
    dummies = np.column_stack([np.equal.outer(entity, np.arange(10)), np.equal.outer(period, np.arange(6))]) * 1.0
    space = TwoWay(entity, period)
    np.testing.assert_allclose(space.residual(y), y - dummies @ np.linalg.lstsq(dummies, y, rcond=None)[0], atol=1e-12)
    assert space.lost == np.linalg.matrix_rank(dummies)


def test_marginal_slope_and_turning_point_of_dummies_in_statsmodels():
    test = position_capture(PANEL)
    data = PANEL[PANEL["stage"] == "upstream"]
    fit = smf.ols("va_rate ~ upstreamness + I(upstreamness ** 2) + C(country) + C(year)", data).fit()
    b1, b2 = fit.params["upstreamness"], fit.params["I(upstreamness ** 2)"]
    assert test.estimate == pytest.approx(b1 + 2 * b2 * data["upstreamness"].mean(), rel=1e-8)
    turn = test.details["turning_point"].iloc[0]
    assert turn["turning_point"] == pytest.approx(-b1 / (2 * b2), rel=1e-8)
    assert turn["fieller_low"] < turn["turning_point"] < turn["fieller_high"]
    assert test.details["shape"].iloc[0]["shape"] == "U"
    last = position_capture(PANEL, at="last")
    recent = data.loc[data["year"] == data["year"].max(), "upstreamness"].mean()
    assert last.estimate == pytest.approx(b1 + 2 * b2 * recent, rel=1e-8)


def test_without_a_square_it_is_the_slope_of_the_stage():
    plain = position_capture_slope(PANEL)
    test = position_capture(PANEL, square=False)
    assert test.estimate == pytest.approx(plain.estimate, rel=1e-9)
    assert test.std_error == pytest.approx(plain.std_error, rel=1e-9)
    assert "turning_point" not in test.details


def test_fieller_delta_and_lind_mehlum_by_hand():
    curve = Parabola(-0.2, 0.1, np.diag([0.01, 0.0004]), None, at=2.0, low=1.0, high=5.0)
    assert curve.turning_point == pytest.approx(3.0)
    for end in fieller_interval(curve, 0.05):
        value, error = curve.slope_at(end)
        assert abs(value / error) == pytest.approx(stats.norm.ppf(0.975))
    low, high = delta_interval(curve, 0.05)
    assert high - 3.0 == pytest.approx(
        1.959964 * np.sqrt((1 / 0.2) ** 2 * 0.01 + (-0.2 / 0.02) ** 2 * 0.0004), rel=1e-6
    )
    assert low + high == pytest.approx(6.0)
    turn = lind_mehlum(curve)
    falls = stats.norm.cdf((-0.2 - 0.2) / np.sqrt(0.01 + 4 * 0.0004))
    rises = stats.norm.sf((-0.2 + 0.6) / np.sqrt(0.01 + 36 * 0.0004))
    assert turn.pvalue == pytest.approx(max(falls, rises))
    flat = Parabola(-0.2, 0.001, np.diag([0.01, 0.0004]), None, at=2.0, low=1.0, high=5.0)
    assert not np.isfinite(fieller_interval(flat, 0.05)).any()


def test_bootstrap_statistic_is_the_clustered_t_and_enumeration_gives_its_law():
    rng = np.random.default_rng(3)
    n, years = 8, 6
    entity, period = np.repeat(np.arange(n), years), np.tile(np.arange(years), n)
    x, y = rng.normal(size=n * years), rng.normal(size=n * years)
    data = pd.DataFrame({"y": y, "x": x, "c": entity, "t": period})
    fit = smf.ols("y ~ x + C(c) + C(t)", data).fit(
        cov_type="cluster", cov_kwds={"groups": entity, "use_correction": False}
    )
    boot = wild_cluster(y, x[:, None], entity, TwoWay(entity, period), draws=4000, seed=1)
    assert boot.weights == "webb"
    assert boot.estimate == pytest.approx(fit.params["x"])
    assert boot.std_error == pytest.approx(fit.bse["x"] * np.sqrt(n / (n - 1)))
    # One draw by hand, with restricted residuals.
    rest = smf.ols("y ~ C(c) + C(t)", data).fit()
    signs = np.random.default_rng(1).choice(np.sqrt([0.5, 1.0, 1.5, 0.5, 1.0, 1.5]) * [-1, -1, -1, 1, 1, 1], (n, 4000))
    star = smf.ols("s ~ x + C(c) + C(t)", data.assign(s=rest.fittedvalues + rest.resid * signs[:, 0][entity])).fit(
        cov_type="cluster", cov_kwds={"groups": entity, "use_correction": False}
    )
    t = star.params["x"] / (star.bse["x"] * np.sqrt(n / (n - 1)))
    assert np.abs(boot.draws - t).min() < 1e-9
    assert boot.less + boot.greater == pytest.approx(1.0, abs=1e-3)


def test_own_series_are_generalised_least_squares():
    from statsmodels.regression.linear_model import GLS

    rng = np.random.default_rng(5)
    y, x, years = rng.normal(size=9), rng.normal(size=(9, 1)), np.array([0, 1, 2, 3, 5, 6, 7, 8, 9])
    sigma = 0.6 ** np.abs(np.subtract.outer(years, years))
    fit = GLS(y, np.column_stack([np.ones(9), x]), sigma=sigma).fit()
    own = own_slopes(y, x, years, 0.6)
    assert own.params[0] == pytest.approx(fit.params[1])
    assert np.sqrt(own.cov[0, 0]) == pytest.approx(fit.bse[1])
    assert own.df == 7


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_shared_serial_correlation_is_free_of_the_bias_of_means(rho):
    rng = np.random.default_rng(7)
    years = tuple(range(8))
    noise = ar1_root(years, rho) @ rng.normal(size=(8, 400)) * np.exp(rng.normal(size=400))
    maker = np.eye(8) - 1 / 8
    assert matching_ar1([(e, years, maker) for e in noise.T]) == pytest.approx(rho, abs=0.06)


def test_what_lasts_is_told_from_noise():
    """Half of the variance lasts with 0.8, half is noise; and an AR(1) alone."""
    rng = np.random.default_rng(7)
    years, maker = tuple(range(12)), np.eye(12) - 1 / 12
    noise = noisy_ar1_root(years, 0.8, 0.5) @ rng.normal(size=(12, 800))
    rho, share = matching_noisy_ar1([(e, years, maker) for e in noise.T])
    assert rho == pytest.approx(0.8, abs=0.11)
    assert share == pytest.approx(0.5, abs=0.11)
    alone = ar1_root(years, 0.5) @ rng.normal(size=(12, 800))
    rho, share = matching_noisy_ar1([(e, years, maker) for e in alone.T])
    assert rho * share == pytest.approx(0.5, abs=0.06)
    short = [(e[:4], years[:4], np.eye(4) - 1 / 4) for e in alone.T]
    assert matching_noisy_ar1(short) == (matching_ar1(short), 1.0)


def test_one_country_is_its_own_series_and_knows_its_few_years():
    test = position_capture(PANEL, scope="C03")
    assert (test.scope, test.ncountries, test.nobs, test.df) == ("C03", 1, 8, 5)
    assert "its own 8 years" in test.sentence
    shifted = PANEL.assign(va_rate=PANEL["va_rate"] + 0.01 * (PANEL["year"] - 2007))
    assert position_capture(shifted, scope="C03").estimate == pytest.approx(test.estimate, abs=1e-8)


def test_groups_have_curves_of_their_own():
    group = worlds.countries(6)
    other = PANEL.copy()
    other["va_rate"] += 0.4 * (other["upstreamness"] - 2.5) * other["country"].isin(group)
    inside, outside = (
        position_capture(other, scope={"six": group}),
        position_capture(other, scope=["C10", "C11", "C12", "C13"]),
    )
    before = position_capture(PANEL, scope={"six": group})
    assert inside.estimate - before.estimate == pytest.approx(0.4, abs=0.02)
    assert inside.evidence == "upgrading"
    assert inside.distribution == "wild cluster bootstrap"
    assert outside.scope == "C10+C11+C12+C13"
    with pytest.raises(InputError, match="has 3 countries with data"):
        position_capture(PANEL, scope=group[:3])


def test_spatial_lags_of_all_kinds():
    slx = position_capture(PANEL, weights=WEIGHTS)
    assert "W upstreamness²" in set(slx.details["coefficients"]["regressor"])
    data = PANEL[PANEL["stage"] == "upstream"].pivot(index="year", columns="country", values="upstreamness")
    centred = data - data.to_numpy().mean()
    lag = (centred @ WEIGHTS.matrix.toarray().T).T.stack()
    frame = PANEL[PANEL["stage"] == "upstream"].assign(
        wx=lag.to_numpy(), wx2=((centred**2) @ WEIGHTS.matrix.toarray().T).T.stack().to_numpy()
    )
    fit = smf.ols(
        "va_rate ~ I(upstreamness - @m) + I((upstreamness - @m) ** 2) + wx + wx2 + C(country) + C(year)".replace(
            "@m", repr(float(data.to_numpy().mean()))
        ),
        frame,
    ).fit()
    assert slx.estimate == pytest.approx(fit.params.iloc[-4], rel=1e-7)
    sdm = position_capture(PANEL, weights=WEIGHTS, spatial="sdm")
    assert abs(sdm.estimate - slx.estimate) < 3 * slx.std_error
    assert position_capture(PANEL, weights=WEIGHTS, scope="C02").ncountries == 1
    with pytest.raises(InputError, match="a Durbin panel has one slope"):
        position_capture(PANEL, weights=WEIGHTS, spatial="sdm", scope="C02")


def test_stage_interactions_are_differences_of_slopes():
    tests = stage_interactions(PANEL, square=False, reference="downstream")
    up = position_capture_slope(PANEL, "upstream").estimate - position_capture_slope(PANEL, "downstream").estimate
    assert tests[0].estimate == pytest.approx(up, rel=1e-8)
    joint = slope_equality(PANEL)
    assert tests[0].details["joint"].loc[0, "pvalue"] == pytest.approx(joint.pvalue, rel=1e-8)
    tilted = PANEL.assign(va_rate=PANEL["va_rate"] - 0.3 * PANEL["upstreamness"] * (PANEL["stage"] == "upstream"))
    steep, same = stage_interactions(tilted)
    assert steep.rejected
    assert not same.rejected
    assert (steep.evidence, steep.quantity) == ("none", "upstream slope less downstream slope (b3)")
    assert stage_interactions(tilted, weights=WEIGHTS)[0].rejected
    with pytest.raises(InputError, match="one country cannot carry"):
        stage_interactions(PANEL, scope="C01")


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([None, "C04"]))
def test_order_changes_nothing_and_units_of_capture_scale(seed, scope):
    one = position_capture(PANEL, scope=scope, draws=99)
    other = position_capture(
        PANEL.sample(frac=1, random_state=seed).assign(va_rate=lambda d: 10 * d["va_rate"]), scope=scope, draws=99
    )
    assert other.estimate == pytest.approx(10 * one.estimate, rel=1e-8)
    assert other.pvalue == pytest.approx(one.pvalue, rel=1e-6)


def test_unknown_countries_and_places_are_refused():
    with pytest.raises(LabelError, match="ZZZ"):
        position_capture(PANEL, scope="ZZZ")
    with pytest.raises(InputError, match="at='middle'"):
        position_capture(PANEL, at="middle")
    with pytest.raises(InputError, match="C01 is excluded"):
        position_capture(PANEL, scope="C01", exclude=["C01"])


def rates(draws: int, scope, **planted) -> tuple[float, float]:
    """Shares of panels that speak for lock-in and for upgrading at 5 %."""
    found = [position_capture(paths.curved(r, **planted), scope=scope, draws=199).evidence for r in range(draws)]
    return found.count("lock-in") / draws, found.count("upgrading") / draws


def size_and_power(draws: int) -> None:
    """Persistent position and errors, a shock that loads differently, variances that differ by country."""
    most = 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)
    for years in (6, 12):
        for scope in (None, {"eight": worlds.countries(8)}, "C00"):
            assert max(rates(draws, scope, years=years)) <= most
    assert rates(draws // 2, None, slope=-0.06)[0] > 0.8
    assert rates(draws // 2, {"eight": worlds.countries(8)}, slope=-0.15)[0] > 0.7
    assert rates(draws // 2, "C00", slope=-0.3)[0] > 0.6
    assert rates(draws // 2, None, slope=0.06)[1] > 0.8


def in_a_region(seed: int) -> tuple[pd.DataFrame, Weights]:
    """No slope; regions of eight share half of the position's and of the errors' variance."""
    n, years, rng = 40, 12, np.random.default_rng(seed)
    region = np.repeat(np.arange(5), 8)
    near = (region[:, None] == region) * (1.0 - np.eye(n)) + 0.01 * (1.0 - np.eye(n))
    x, e = (paths.ar1(rng, n, years, 0.7) + paths.ar1(rng, 5, years, 0.7)[region] for _ in range(2))
    panel = worlds.frame("upstream", years, n, va_rate=0.4 + 0.03 * e.T, upstreamness=2.5 + 0.2 * x.T)
    return panel, Weights.from_dense(worlds.countries(n), near / near.sum(axis=1, keepdims=True))


def region_rates(draws: int) -> tuple[float, float]:
    """Rejections on either side for the first region, without weights and with them."""
    whom, found = {"region": worlds.countries(8)}, np.zeros(2)
    for seed in range(draws):
        panel, near = in_a_region(seed)
        for k, weights in enumerate((None, near)):
            test = position_capture(panel, scope=whom, weights=weights, square=False, draws=199)
            found[k] += test.evidence != "none"
    return float(found[0] / draws), float(found[1] / draws)


def test_neighbours_capture_is_a_control_of_a_group():
    panel, near = in_a_region(0)
    test = position_capture(panel, scope={"region": worlds.countries(8)}, weights=near, draws=49)
    assert "W va_rate" in set(test.details["coefficients"]["regressor"])
    whole = position_capture(panel, weights=near, draws=49).details["coefficients"]
    assert "W va_rate" not in set(whole["regressor"])


@pytest.mark.slow
def test_a_group_that_shares_shocks_wants_weights():
    without, given = region_rates(300)  # both sides, where 0.1 is right
    assert without > given
    assert given <= 0.14


def test_small_study():
    most = 0.05 + 3 * np.sqrt(0.05 * 0.95 / 30)
    assert max(rates(30, "C00", years=6)) <= most
    assert rates(5, {"eight": worlds.countries(8)}, slope=-0.4)[0] > 0.7


@pytest.mark.slow
def test_large_study():
    size_and_power(500)


@pytest.fixture(scope="module")
def wiod() -> pd.DataFrame:
    tables = (read_table(shared(f"icio/wiod2013/wiot2013_{year}.npz")) for year in range(2000, 2012))
    return gvc_panel(tables, Chain.rare_earths())


@pytest.mark.slow
def test_real_tables_at_every_scope(wiod):
    world = position_capture(wiod)
    assert (world.ncountries, world.nobs) == (40, 480)
    china = position_capture(wiod, scope="CHN")
    assert china.evidence == "lock-in"
    assert china.df == 9
    assert np.isfinite(china.mde)
