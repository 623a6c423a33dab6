"""The position-capture slope: against other programs, its invariances, its labels, what it drops."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import ClusterWarning, DroppedRowsWarning, EstimationError, InputError, LabelError
from gvcpos.lockin import position_capture_slope, position_capture_slopes, slope_equality
from gvcpos.spatial import SpatialPanel, Weights
from tests.lockin import worlds

PANEL = worlds.panel(1, n=20, years=8, slopes=(-0.1, 0.0, 0.1), noise=0.03)


def distances(n: int, seed: int = 0) -> np.ndarray:
    points = np.random.default_rng(seed).normal(size=(n, 2))
    d = np.linalg.norm(points[:, None] - points[None], axis=2)
    return np.divide(1, d, out=np.zeros_like(d), where=d > 0)


def row_normalised(w: np.ndarray) -> np.ndarray:
    return w / w.sum(axis=1, keepdims=True)


IDS = [f"K{i:02d}" for i in range(15)]
W = row_normalised(distances(15))
SPATIAL = worlds.durbin(3, IDS, W, slope=-0.2)
WEIGHTS = Weights.from_dense(IDS, W)


def same(a, b, rel=1e-9):
    assert a.estimate == pytest.approx(b.estimate, rel=rel)
    assert a.std_error == pytest.approx(b.std_error, rel=rel)
    assert a.pvalue == pytest.approx(b.pvalue, rel=1e-6, abs=1e-12)


def test_against_dummy_variables_in_statsmodels():
    """Slope and clustered error of least squares with dummies; (n−1)/(n−k) of statsmodels counts the dummies."""
    test = position_capture_slope(PANEL)
    data = PANEL[PANEL["stage"] == "upstream"].assign(c=lambda d: pd.factorize(d["country"])[0])
    fit = smf.ols("va_rate ~ upstreamness + C(country) + C(year)", data).fit(
        cov_type="cluster", cov_kwds={"groups": data["c"], "use_correction": False}
    )
    assert test.estimate == pytest.approx(fit.params["upstreamness"], rel=1e-9)
    g, n = 20, 160
    factor = np.sqrt(g / (g - 1) * (n - 1) / n * n / (n - 1))
    assert test.std_error == pytest.approx(fit.bse["upstreamness"] * factor, rel=1e-9)
    assert (test.df, test.nobs, test.ncountries, test.distribution) == (19, 160, 20, "t")


def test_planted_signs_and_words():
    up, mid, down = position_capture_slopes(PANEL)
    assert up.rejected
    assert not down.rejected
    assert up.pvalue < 1e-3 < mid.pvalue
    assert "is rejected at the 5 % level (one-sided p < 0.001): moving upstream goes with capturing less" in up.sentence
    assert "is not rejected" in mid.sentence
    assert "does not show that there is none" in mid.sentence
    assert "the interval lies above zero" in down.sentence
    table = up.details["holm"]
    assert list(table["pvalue"]) == [up.pvalue, mid.pvalue, down.pvalue]
    assert table["pvalue_holm"][0] == pytest.approx(3 * up.pvalue)
    frame = up.to_frame()
    assert frame.loc[0, "rejected"]
    assert frame.loc[0, "estimate"] == up.estimate


@pytest.mark.parametrize("drop", [[], [3, 17, 40]])
def test_against_linearmodels(drop):
    """Balanced or not: clustered and Driscoll-Kraay, effects nested in clusters not counted."""
    from linearmodels.panel import PanelOLS

    panel = PANEL.assign(z=np.random.default_rng(1).normal(size=len(PANEL))).drop(index=PANEL.index[drop])
    data = panel[panel["stage"] == "upstream"].set_index(["country", "year"])
    model = PanelOLS(data["va_rate"], data[["upstreamness", "z"]], entity_effects=True, time_effects=True)
    options = {"cov_type": "clustered", "cluster_entity": True, "group_debias": True, "count_effects": False}
    for errors, kwargs in (("clustered", options), ("driscoll-kraay", {"cov_type": "driscoll-kraay"})):
        fit = model.fit(auto_df=False, **kwargs)
        test = position_capture_slope(panel, controls=["z"], errors=errors)
        assert test.estimate == pytest.approx(fit.params["upstreamness"], rel=1e-9)
        assert test.std_error == pytest.approx(fit.std_errors["upstreamness"], rel=1e-9)


@pytest.mark.parametrize("drop", [[], [3, 17, 40]])
def test_the_variation_within_carries_the_slope(drop):
    """Frisch and Waugh: least squares through the demeaned sample has the slope of the test, gaps or none."""
    panel = PANEL.drop(index=PANEL.index[drop])
    test = position_capture_slope(panel)
    within = test.details["within"]
    assert list(within.columns) == ["country", "year", "upstreamness", "va_rate"]
    assert len(within) == test.nobs
    for key in ("country", "year"):
        np.testing.assert_allclose(within.groupby(key)[["upstreamness", "va_rate"]].mean(), 0.0, atol=1e-12)
    x, y = within["upstreamness"], within["va_rate"]
    assert float(x @ y / (x @ x)) == pytest.approx(test.estimate, rel=1e-9)


def test_estimates_say_what_they_are():
    up = position_capture_slope(PANEL)
    assert up.quantity == "slope of va_rate on upstreamness"
    assert up.to_frame().loc[0, "quantity"] == up.quantity
    joint = slope_equality(PANEL)
    assert joint.quantity == "upstream slope less downstream slope, one of 2 differences tested jointly"
    assert slope_equality(PANEL, ["upstream", "midstream"]).quantity == "upstream slope less midstream slope"


def test_driscoll_kraay_by_name():
    test = position_capture_slope(PANEL, errors="driscoll-kraay")
    assert test.df == 7
    assert test.estimate == pytest.approx(position_capture_slope(PANEL).estimate, rel=1e-10)
    assert test.std_error != pytest.approx(position_capture_slope(PANEL).std_error, rel=1e-3)
    with pytest.raises(InputError, match="errors='robust' is not known"):
        position_capture_slope(PANEL, errors="robust")


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 1000))
def test_order_names_and_scale_change_nothing(seed, scale):
    rng = np.random.default_rng(seed)
    names = [f"X{i}" for i in rng.permutation(20)]
    other = PANEL.sample(frac=1, random_state=seed).assign(va=lambda d: d["va"] * scale)
    other["country"] = other["country"].map(dict(zip(worlds.countries(20), names, strict=True)))
    same(position_capture_slope(PANEL), position_capture_slope(other))
    a, b = slope_equality(PANEL), slope_equality(other, ["upstream", "midstream", "downstream"])
    assert a.statistic == pytest.approx(b.statistic, rel=1e-8)


def test_unbalanced_panel_is_used_as_it_is():
    part = PANEL.drop(index=PANEL.index[[3, 17, 40]])
    assert position_capture_slope(part).nobs == 157


def test_row_is_excluded_by_default():
    extra = PANEL[PANEL["country"] == "C00"].assign(country="ROW", va_rate=9.0)
    with_row = pd.concat([PANEL, extra])
    same(position_capture_slope(with_row), position_capture_slope(PANEL))
    assert position_capture_slope(with_row, exclude=()).ncountries == 21


def test_a_stage_without_output_is_dropped_by_name():
    hole = PANEL.copy()
    hole.loc[(hole["country"] == "C07") & (hole["stage"] == "upstream"), ["va_rate", "upstreamness"]] = np.nan
    with pytest.warns(DroppedRowsWarning, match=r"8 of 160 rows dropped: C07 \(no va_rate, upstreamness in any year\)"):
        test = position_capture_slope(hole)
    same(test, position_capture_slope(PANEL[PANEL["country"] != "C07"]))


def test_one_missing_covariate_is_named_with_its_years():
    panel = SPATIAL.copy()
    panel.loc[(panel["country"] == "K03") & panel["year"].isin([2009, 2011]), "z"] = np.nan
    panel = panel[~((panel["country"] == "K05") & (panel["year"] == 2010))]
    expected = r"2 of 15 countries dropped, .* every year: K03 \(no z in 2009, 2011\), K05 \(no row in 2010\)\.$"
    with pytest.warns(DroppedRowsWarning, match=expected):
        test = position_capture_slope(panel, controls=["z"], weights=WEIGHTS)
    same(
        test,
        position_capture_slope(
            SPATIAL[~SPATIAL["country"].isin(["K03", "K05"])],
            controls=["z"],
            weights=WEIGHTS.subset([i for i in IDS if i not in ("K03", "K05")]).normalised("row"),
        ),
        rel=1e-7,
    )
    with pytest.warns(DroppedRowsWarning, match=r"2 of 149 rows dropped: K03 \(no z in 2009, 2011\)\.$"):
        position_capture_slope(panel, controls=["z"])
    panel.loc[panel["year"] == 2012, "z"] = np.nan
    with pytest.raises(EstimationError, match=r"no country has every value in every year: K00 \(no z in 2012\), K01"):
        position_capture_slope(panel, controls=["z"], weights=WEIGHTS)


def test_what_cannot_be_estimated():
    flat = PANEL.assign(upstreamness=2.0)
    with pytest.raises(EstimationError, match=r"upstream: capture on position: upstreamness does not vary within"):
        position_capture_slope(flat)
    with pytest.raises(EstimationError, match="3 countries in 8 years"):
        position_capture_slope(PANEL[PANEL["country"].isin(["C00", "C01", "C02"])])
    with pytest.raises(EstimationError, match="upstreamness, twin are collinear"):
        position_capture_slope(PANEL.assign(twin=PANEL["upstreamness"] * 2), controls=["twin"])


def test_wrong_columns_and_stages():
    with pytest.raises(InputError, match="no column centrality"):
        position_capture_slope(PANEL, position="centrality")
    with pytest.raises(LabelError, match=r"no such stage: refining\. There are: upstream, midstream, downstream"):
        position_capture_slope(PANEL, "refining")
    with pytest.raises(LabelError, match="stage upstream: duplicated rows for C00 2007"):
        position_capture_slope(pd.concat([PANEL, PANEL.iloc[:1]]))
    with pytest.raises(InputError, match="neither a stage nor a sector"):
        position_capture_slope(PANEL.drop(columns="stage"))
    with pytest.raises(InputError, match="at least two different stages"):
        slope_equality(PANEL, ["upstream", "upstream"])


def test_by_sector():
    same(position_capture_slope(PANEL.rename(columns={"stage": "sector"}), "upstream"), position_capture_slope(PANEL))


class TestEquality:
    def test_stacked_slopes_are_those_of_the_stages_alone(self):
        joint = slope_equality(PANEL)
        alone = [t.estimate for t in position_capture_slopes(PANEL)]
        np.testing.assert_allclose(joint.details["coefficients"]["estimate"], alone, rtol=1e-8)
        assert joint.rejected
        assert (joint.distribution, joint.df) == ("F", 2)
        assert joint.estimate == pytest.approx(alone[0] - alone[2], rel=1e-8)

    def test_two_stages_are_a_squared_t(self):
        joint = slope_equality(PANEL, ["upstream", "midstream"])
        assert joint.statistic == pytest.approx((joint.estimate / joint.std_error) ** 2, rel=1e-9)

    def test_errors_common_to_the_stages_cancel_in_the_difference(self):
        """One position and one error in all stages: the slopes are equal to the last digit, whatever their errors."""
        one = PANEL[PANEL["stage"] == "upstream"]
        noise = np.random.default_rng(0).normal(size=len(one)) * 1e-3
        twins = pd.concat([one, one.assign(stage="midstream", va_rate=one["va_rate"] + noise)])
        joint = slope_equality(twins)
        assert joint.std_error < 0.2 * position_capture_slope(PANEL).std_error
        assert joint.pvalue > 0.01


class TestPanelMeetsWeights:
    def test_slope_is_the_durbin_panels(self):
        test = position_capture_slope(SPATIAL, controls=["z"], weights=WEIGHTS)
        frame = SPATIAL.set_index(["country", "year"])
        panel = SpatialPanel(frame["va_rate"], frame[["upstreamness", "z"]], WEIGHTS, model="sdm", effects="twoway")
        fit = panel.fit("cluster-entity")
        assert test.estimate == pytest.approx(fit.params["upstreamness"], rel=1e-9)
        assert test.std_error == pytest.approx(fit.std_errors["upstreamness"], rel=1e-7)
        assert (test.distribution, test.df) == ("t", 14)
        assert test.rejected
        assert set(test.details) == {"coefficients", "effects", "within"}
        for kind in ("direct", "total"):
            other = position_capture_slope(SPATIAL, controls=["z"], weights=WEIGHTS, slope=kind)
            assert other.estimate == pytest.approx(fit.effects().loc[(kind, "upstreamness"), "estimate"], rel=1e-9)
            assert f"{kind} effect" in other.sentence

    @pytest.mark.parametrize(
        ("cov_type", "df"), [("information", None), ("sandwich", None), ("cluster-twoway", 9), ("driscoll-kraay", 9)]
    )
    def test_other_covariances_by_name(self, cov_type, df):
        """The slope stays, its error is that covariance's, and few clusters are paid for with Student's t."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ClusterWarning)  # ten years for eight parameters
            test = position_capture_slope(SPATIAL, controls=["z"], weights=WEIGHTS, cov_type=cov_type)
            frame = SPATIAL.set_index(["country", "year"])
            fit = SpatialPanel(frame["va_rate"], frame[["upstreamness", "z"]], WEIGHTS).fit(cov_type)
        assert test.estimate == pytest.approx(position_capture_slope(SPATIAL, controls=["z"], weights=WEIGHTS).estimate)
        assert test.std_error == pytest.approx(fit.std_errors["upstreamness"], rel=1e-7)
        assert test.distribution == ("normal" if df is None else "t")
        assert df is None or test.df == df
        with pytest.raises(InputError, match="cov_type='robust' is not known"):
            position_capture_slope(SPATIAL, weights=WEIGHTS, cov_type="robust")

    def test_weights_not_normalised_are_row_normalised(self):
        raw = Weights.from_dense(IDS, distances(15))
        a, b = (position_capture_slope(SPATIAL, weights=w) for w in (raw, WEIGHTS))
        same(a, b, rel=1e-7)

    def test_shuffled_weights_and_rows_change_nothing(self):
        order = np.random.default_rng(5).permutation(15)
        mixed = Weights.from_dense([IDS[i] for i in order], W[np.ix_(order, order)])
        a = position_capture_slope(SPATIAL, weights=WEIGHTS)
        b = position_capture_slope(SPATIAL.sample(frac=1, random_state=2), weights=mixed)
        same(a, b, rel=1e-6)

    def test_missing_extra_and_duplicated_countries(self):
        with pytest.raises(LabelError, match=r"weights has K03, which the panel .upstream. does not have"):
            position_capture_slope(SPATIAL[SPATIAL["country"] != "K03"], weights=WEIGHTS)
        extra = SPATIAL[SPATIAL["country"] == "K00"].assign(country="ZZZ")
        with pytest.raises(LabelError, match="the weights lacks ZZZ"):
            position_capture_slope(pd.concat([SPATIAL, extra]), weights=WEIGHTS)
        with pytest.raises(LabelError, match="duplicated rows for K00"):
            position_capture_slope(pd.concat([SPATIAL, SPATIAL.iloc[:2]]), weights=WEIGHTS)

    def test_row_of_the_world_needs_no_weights(self):
        extra = SPATIAL[SPATIAL["country"] == "K00"].assign(country="ROW")
        same(
            position_capture_slope(pd.concat([SPATIAL, extra]), weights=WEIGHTS),
            position_capture_slope(SPATIAL, weights=WEIGHTS),
        )

    def test_a_country_without_values_leaves_panel_and_weights(self):
        hole = SPATIAL.copy()
        hole.loc[(hole["country"] == "K02") & (hole["year"] == 2009), "va_rate"] = np.nan
        with pytest.warns(DroppedRowsWarning) as caught:
            test = position_capture_slope(hole, weights=WEIGHTS)
        assert ["K02 (no va_rate in 2009)" in str(w.message) for w in caught] == [True]
        keep = [i for i, name in enumerate(IDS) if name != "K02"]
        part = Weights.from_dense([IDS[i] for i in keep], row_normalised(W[np.ix_(keep, keep)]))
        same(test, position_capture_slope(SPATIAL[SPATIAL["country"] != "K02"], weights=part), rel=1e-7)
        assert test.ncountries == 14

    def test_equality_of_spatial_slopes(self):
        both = pd.concat([SPATIAL, worlds.durbin(4, IDS, W, slope=0.2).assign(stage="downstream")])
        plain = slope_equality(both, weights=WEIGHTS, cov_type="information")
        assert (plain.distribution, plain.df) == ("chi2", 1)
        joint = slope_equality(both, weights=WEIGHTS)
        assert (joint.distribution, joint.df) == ("F", 1)
        assert joint.statistic != pytest.approx(plain.statistic, rel=1e-3)
        assert joint.rejected
        assert joint.estimate == pytest.approx(-0.4, abs=0.1)
