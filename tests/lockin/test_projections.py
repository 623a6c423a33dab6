"""Local projections, placebo sectors and pull-through across borders: peers, bands, labels, size and power."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from linearmodels.panel import PanelOLS

from gvcpos._core.errors import EstimationError, InputError, LabelError
from gvcpos.lockin import (
    dumitrescu_hurlin,
    local_projections,
    mobility,
    placebo_distribution,
    pull_through,
    spatial_mobility,
    spatial_pull_through,
)
from gvcpos.lockin.pull.projection_fit import Rows, slope
from gvcpos.spatial import SpatialPanel, Weights
from tests.lockin import chains_of_growth, worlds
from tests.lockin.test_mobility import ring

PANEL = chains_of_growth.growth(1, n=30, years=12, pull=0.3)
NAMES = worlds.countries(30)
RING = ring(NAMES)


def logs() -> pd.DataFrame:
    return np.log(PANEL.pivot(index=["country", "year"], columns="stage", values="va"))


@pytest.mark.parametrize("own_lags", [0, 1])
def test_the_first_horizon_is_pull_through(own_lags):
    test = local_projections(PANEL, own_lags=own_lags, draws=99)
    first, pull = test.details["responses"].iloc[0], pull_through(PANEL, own_lags=own_lags)
    assert first["estimate"] == pytest.approx(pull.estimate, rel=1e-9)
    assert first["nobs"] == pull.nobs
    # PanelOLS counts regressors in its small-sample factor.
    assert first["std_error"] == pytest.approx(pull.std_error, rel=0.01)


def test_later_horizons_against_dummies_in_statsmodels():
    test = local_projections(PANEL, horizons=3, own_lags=1, source_lags=1, draws=99)
    data = logs()
    by = data.groupby("country")
    data = data.assign(x=by["upstream"].diff(), own=by["downstream"].diff(), ahead=by["downstream"].shift(-3))
    data = data.assign(y=data["ahead"] - data["downstream"], x1=data.groupby("country")["x"].shift(1))
    fit = smf.ols("y ~ x + own + x1 + C(country) + C(year)", data.dropna().reset_index()).fit()
    assert test.details["responses"]["estimate"][2] == pytest.approx(fit.params["x"], rel=1e-8)


def rows_of(frame: pd.DataFrame, y: str, x: str, controls: list[str]) -> Rows:
    country, year = (np.unique(frame.index.get_level_values(i), return_inverse=True)[1] for i in (0, 1))
    values = frame[controls].to_numpy(float).reshape(len(frame), -1)
    return Rows(frame[y].to_numpy(), frame[x].to_numpy(), values, country, year, country.max() + 1)


def test_errors_against_linearmodels():
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product([range(25), range(9)], names=["country", "year"])
    frame = pd.DataFrame(rng.normal(size=(225, 3)), index=index, columns=["y", "x", "z"])
    frame = frame.drop(frame.index[[3, 50, 51]])  # gaps
    fit = slope(rows_of(frame, "y", "x", ["z"]), jackknife=False, what="")
    peer = PanelOLS(frame["y"], frame[["x", "z"]], entity_effects=True, time_effects=True)
    clustered = peer.fit(
        cov_type="clustered", cluster_entity=True, group_debias=True, count_effects=False, auto_df=False
    )
    assert float(fit.estimates(fit.y)) == pytest.approx(clustered.params["x"], rel=1e-9)
    assert float(fit.clustered(fit.y)) == pytest.approx(clustered.std_errors["x"], rel=0.01)
    robust = peer.fit(cov_type="driscoll-kraay", bandwidth=2, kernel="bartlett")
    assert fit.driscoll_kraay(2) == pytest.approx(robust.std_errors["x"], rel=0.02)


def test_the_jackknife_is_twice_the_whole_less_the_halves():
    data = logs().assign(x=lambda d: d.groupby("country")["upstream"].diff())
    data["y"] = data.groupby("country")["downstream"].shift(-1) - data["downstream"]
    data = data[["y", "x"]].dropna()
    both = slope(rows_of(data, "y", "x", []), jackknife=True, what="")
    years = data.index.get_level_values("year")
    parts = [data, data[years < 2013], data[years >= 2013]]
    whole, early, late = (
        float(slope(rows_of(part, "y", "x", []), jackknife=False, what="").estimates(part["y"].to_numpy()))
        for part in parts
    )
    assert sorted(set(years))[5] == 2013
    assert float(both.estimates(both.y)) == pytest.approx(2 * whole - (early + late) / 2, rel=1e-9)


def test_the_jackknife_takes_bias_out():
    """Feedback from target to source: the within slope is biased, the jackknife less so."""
    plain, jack = [], []
    rng = np.random.default_rng(1)
    for _ in range(30):
        y, x = np.zeros((60, 31)), np.zeros((60, 31))
        for t in range(1, 31):
            e = rng.normal(size=60)
            x[:, t] = 0.5 * x[:, t - 1] + 0.8 * y[:, t - 1] + rng.normal(size=60)
            y[:, t] = e
        frame = pd.DataFrame({"y": y[:, 20:].ravel(), "x": x[:, 19:-1].ravel()})
        frame.index = pd.MultiIndex.from_product([range(60), range(11)])
        for jackknife, out in ((False, plain), (True, jack)):
            fit = slope(rows_of(frame, "y", "x", []), jackknife=jackknife, what="")
            out.append(float(fit.estimates(fit.y)))
    assert np.mean(plain) < -0.03
    assert abs(np.mean(jack)) < 0.5 * abs(np.mean(plain))


def test_band_and_p_value_agree():
    for seed, pull in ((1, 0.3), (2, 0.0), (3, 0.12), (4, 0.1)):
        test = local_projections(chains_of_growth.growth(seed, n=30, years=12, pull=pull), draws=199)
        frame = test.details["responses"]
        assert test.rejected == bool(((frame["joint_lower"] > 0) | (frame["joint_upper"] < 0)).any())
        assert test.rejected == (not test.conf_int[0] <= 0 <= test.conf_int[1])
        assert (frame["joint_lower"] <= frame["lower"]).all()
    assert local_projections(PANEL, draws=199).evidence == "upgrading"


def test_driscoll_kraay_and_groups():
    test = local_projections(PANEL, errors="driscoll-kraay")
    assert test.pvalue == pytest.approx(test.details["responses"]["pvalue_holm"].min())
    group = local_projections(PANEL, scope={"some": worlds.countries(30)[:10]}, draws=99)
    assert (group.scope, group.ncountries) == ("some", 10)
    assert "10 % more upstream value added" in group.effect
    assert pull_through(PANEL, scope={"some": worlds.countries(30)[:10]}).ncountries == 10
    with pytest.raises(InputError, match="dumitrescu_hurlin"):
        pull_through(PANEL, scope="C03")
    with pytest.raises(InputError, match="1 countries are no guide"):
        local_projections(PANEL, scope="C03")
    with pytest.raises(EstimationError, match="horizon 9"):
        local_projections(PANEL, horizons=9)
    with pytest.raises(InputError, match="horizons=0"):
        local_projections(PANEL, horizons=0)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-3, 1e6))
def test_order_and_currency_change_nothing(seed, scale):
    other = PANEL.sample(frac=1, random_state=seed).assign(va=lambda d: d["va"] * scale)
    a, b = (local_projections(p, draws=99).details["responses"] for p in (PANEL, other))
    np.testing.assert_allclose(b["estimate"], a["estimate"], rtol=1e-7)
    np.testing.assert_allclose(b["std_error"], a["std_error"], rtol=1e-7)


def pool(count: int) -> pd.DataFrame:
    """Sectors whose growth has nothing to do with the chain."""
    parts = []
    for k in range(count):
        one = chains_of_growth.growth(500 + k, n=30, years=12)
        parts.append(one[one["stage"] == "upstream"].assign(sector=f"s{k:02d}").drop(columns="stage"))
    return pd.concat(parts, ignore_index=True)


def test_the_source_among_placebos():
    test = placebo_distribution(PANEL, pool=pool(20))
    frame = test.details["placebos"]
    assert list(frame["source"][:2]) == ["upstream", "s00"]
    assert test.statistic == 1
    assert test.pvalue == pytest.approx(1 / 21)
    assert test.evidence == "upgrading"
    assert frame["estimate"][0] == pytest.approx(pull_through(PANEL, own_lags=1).estimate, rel=1e-9)
    both = placebo_distribution(PANEL, pool=pool(20), lags=2)
    two = pull_through(PANEL, lags=2, own_lags=1)
    assert both.details["placebos"]["estimate"][0] == pytest.approx(two.estimate, rel=1e-8)
    few = placebo_distribution(PANEL, pool=pool(6), chain=["s05"])
    assert "5 placebos are too few" in few.sentence
    assert not few.rejected
    assert np.isnan(few.mde)
    rank = 1 + (frame["statistic"][1:].abs() >= abs(frame["statistic"][3])).sum()
    third = placebo_distribution(pool(20).rename(columns={"sector": "stage"}), "s02", "s00")
    assert third.df == 18
    assert 1 <= rank <= 21


def test_placebos_meet_by_label():
    with pytest.raises(LabelError, match="nope"):
        placebo_distribution(PANEL, pool=pool(6), placebos=["nope", "s01", "s02", "s03"])
    with pytest.raises(InputError, match="0 placebos"):
        placebo_distribution(PANEL)
    with pytest.raises(InputError, match="s01 belong to the chain"):
        placebo_distribution(PANEL, pool=pool(6), placebos=["s00", "s01"], chain=["s01"])
    absent = pool(6)
    absent = absent[(absent["sector"] != "s03") | (absent["country"] != "C04")]
    frame = placebo_distribution(PANEL, pool=absent).details["placebos"].set_index("source")
    assert frame.loc["s03", "ncountries"] == 29


def test_borders_against_the_spatial_panel():
    test = spatial_pull_through(PANEL, RING, effect="total")
    growth = logs().groupby("country").diff()
    data = growth.assign(x=growth.groupby("country")["upstream"].shift(1)).dropna()
    fit = SpatialPanel(data["downstream"], data[["x"]], RING, model="sdm", effects="twoway").fit("cluster-entity")
    effects = fit.effects().xs("x", level="variable")
    assert test.estimate == pytest.approx(effects.loc["total", "estimate"], rel=1e-6)
    assert test.std_error == pytest.approx(effects.loc["total", "std_error"], rel=1e-6)
    assert test.df == 29
    direct = spatial_pull_through(PANEL, RING, effect="direct")
    assert direct.rejected
    assert direct.evidence == "upgrading"
    two = spatial_pull_through(PANEL, RING, effect="direct", lags=2).details["coefficients"].set_index("regressor")
    data["x2"] = growth.groupby("country")["upstream"].shift(2)
    data = data.dropna()
    peer = SpatialPanel(data["downstream"], data[["x", "x2"]], RING, model="sdm", effects="twoway").fit()
    assert two.loc["sum", "estimate"] == pytest.approx(peer.params["x"] + peer.params["x2"], rel=1e-4)


def test_borders_dynamic_and_labels():
    test = spatial_pull_through(PANEL, RING, dynamic=True)
    assert {"tau", "eta"} <= set(test.details["coefficients"]["regressor"])
    assert test.distribution == "normal"
    assert "in the neighbouring countries" in test.effect
    with pytest.raises(LabelError, match="C29"):
        spatial_pull_through(PANEL, ring(worlds.countries(29)))
    with pytest.raises(InputError, match="no neighbours"):
        spatial_pull_through(PANEL, RING, scope="C03")
    with pytest.raises(InputError, match="effect"):
        spatial_pull_through(PANEL, RING, effect="both")
    order = worlds.countries(30)[::-1]
    again = spatial_pull_through(PANEL, RING.align(order))
    assert again.estimate == pytest.approx(spatial_pull_through(PANEL, RING).estimate, rel=1e-6)


GROUP = {"half": NAMES[:15]}


def test_a_group_takes_its_part_of_the_weights():
    own = RING.subset(NAMES[:15])
    cut, whole = (spatial_pull_through(PANEL, w, scope=GROUP) for w in (own, RING))
    assert whole.estimate == pytest.approx(cut.estimate, rel=1e-9)
    assert whole.ncountries == 15
    strange = Weights.from_dense([*NAMES[:15], "ZZZ"], np.ones((16, 16)) - np.eye(16))
    with pytest.raises(LabelError, match=r"country of the panel \(weights\): ZZZ"):
        spatial_pull_through(PANEL, strange, scope=GROUP)
    with pytest.raises(LabelError, match="lacks C14"):
        spatial_pull_through(PANEL, RING.subset([c for c in NAMES if c != "C14"]), scope=GROUP)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (lambda: dumitrescu_hurlin(PANEL, lags=1, draws=49), "dumitrescu_hurlin: draws=49 must be at least 99."),
        (lambda: dumitrescu_hurlin(PANEL, lags=0), "dumitrescu_hurlin: lags=0 must be at least 1."),
        (
            lambda: dumitrescu_hurlin(PANEL, target="upstream"),
            "are both 'upstream'. Name two stages.",
        ),
        (lambda: local_projections(PANEL, draws=49), "local_projections: draws=49 must be at least 99."),
        (lambda: local_projections(PANEL, own_lags=-1), "local_projections: own_lags=-1 must be at least 0."),
        (lambda: spatial_pull_through(PANEL, RING, lags=0), "spatial_pull_through: lags=0 must be at least 1."),
        (lambda: placebo_distribution(PANEL, lags=0), "placebo_distribution: lags=0 must be at least 1."),
        (lambda: pull_through(PANEL, own_lags=-1), "pull_through: own_lags=-1 must be at least 0."),
        (lambda: spatial_mobility(PANEL, RING, draws=9), "spatial_mobility: draws=9 must be at least 99."),
        (
            lambda: spatial_mobility(PANEL, RING, classes=[1.0]),
            "classes=[1.0] must be a whole number.",
        ),
        (lambda: mobility(PANEL, draws=9), "mobility: draws=9 must be at least 99."),
    ],
)
def test_the_argument_that_is_wrong_is_named_alone(run, said):
    with pytest.raises(InputError) as caught:
        run()
    assert str(caught.value).endswith(said)


def logs_of(downstream: np.ndarray, upstream: np.ndarray) -> pd.DataFrame:
    """A panel whose two stages have these growth rates, shape (years, countries) each."""
    parts = [
        pd.DataFrame(np.exp(np.cumsum(rates, axis=0)), index=range(2000, 2000 + len(rates)), columns=NAMES)
        .rename_axis(index="year", columns="country")
        .stack()
        .rename("va")
        .reset_index()
        .assign(stage=stage)
        for stage, rates in (("upstream", upstream), ("downstream", downstream))
    ]
    return pd.concat(parts, ignore_index=True)


def test_an_estimate_at_the_edge_is_no_number():
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 0.01, (12, 30))
    # Two halves without a border between them, each moved by its own shock: what is left is a unit root in space.
    halves = np.kron(np.eye(2), np.ones((15, 15)) - np.eye(15))
    shocks = noise / 1000 + np.repeat(rng.normal(0, 0.1, (12, 2)), 15, axis=1)
    apart = Weights.from_dense(NAMES, halves).normalised("row")
    with pytest.raises(EstimationError, match=r"pull-through upstream → downstream.*rho = 0\.9999.*edge"):
        spatial_pull_through(logs_of(shocks, noise), apart)
    explosive = np.cumsum(noise * 1.3 ** -np.arange(12)[:, None], axis=0) * 1.3 ** np.arange(12)[:, None]
    with pytest.raises(EstimationError, match="spectral radius"):
        spatial_pull_through(logs_of(explosive, noise[::-1]), RING, dynamic=True)


def rejections(test, draws: int, **shape) -> float:
    return float(np.mean([test(chains_of_growth.growth(7000 + i, **shape)).rejected for i in range(draws)]))


@pytest.mark.slow
def test_size_short():
    rate = rejections(lambda p: local_projections(p, draws=99), 25, n=40, years=12)
    assert rate <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 25)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "years", "persistence"), [(40, 6, 0.4), (40, 12, 0.4), (60, 15, 0.7)])
def test_size(n, years, persistence):
    """AR(1) growth, common shocks with loadings of their own, both stages hit by the same shocks of a country."""
    horizons = 2 if years < 8 else 3
    one = {"n": n, "years": years, "persistence": persistence}
    assert 0.02 <= rejections(lambda p: local_projections(p, horizons=horizons, draws=199), 500, **one) <= 0.085
    w = ring(worlds.countries(n))
    assert 0.02 <= rejections(lambda p: spatial_pull_through(p, w), 500, **one) <= 0.085


@pytest.mark.slow
def test_power():
    assert rejections(lambda p: local_projections(p, draws=199), 100, n=40, years=12, pull=0.3) > 0.8
