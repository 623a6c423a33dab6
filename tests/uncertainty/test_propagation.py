"""From tables to a coefficient: the panel of a draw, what is pooled, and adapters of all estimators."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import EstimationError, InputError, LabelError, LeftOutWarning
from gvcpos.chains import gvc_panel
from gvcpos.lockin import position_capture_slope, pull_through
from gvcpos.spatial import SpatialPanel, Weights
from gvcpos.tables import IOTable, TableSeries
from gvcpos.uncertainty import CellErrors, Estimates, as_estimates, error_fan, propagate
from gvcpos.uncertainty.covariates import Covariates
from gvcpos.uncertainty.panels import drawn_panels
from tests.uncertainty.worlds import CHAIN, within_slope, years_of_worlds

TABLES = years_of_worlds(3)
ERRORS = CellErrors(0.1, between_years=0.5)


def slope(panel: pd.DataFrame) -> Estimates:
    return within_slope(panel, "va_rate", "upstreamness")


def test_the_panel_without_errors_is_that_of_the_chain() -> None:
    whole = gvc_panel(TABLES, CHAIN, rest="others")
    for draw, errors in ((0, ERRORS), (1, CellErrors(0.0))):
        mine = drawn_panels(TABLES, CHAIN, errors, draws=1, rest="others").frame(draw)
        assert {"va", "x", "va_rate", "upstreamness", "downstreamness", "va_share", "plv_gvc", "rca"} <= set(mine)
        assert set(mine) <= set(whole)
        for name in mine:
            if pd.api.types.is_numeric_dtype(mine[name]):
                np.testing.assert_allclose(mine[name], whole[name], rtol=1e-10, err_msg=name)
            else:
                assert list(mine[name]) == list(whole[name])
    assert mine.attrs["chain"] == whole.attrs["chain"]
    assert mine.attrs["synthetic"]


def test_no_errors_no_between() -> None:
    found = propagate(TABLES, CHAIN, CellErrors(0.0), slope, draws=3)
    np.testing.assert_allclose(found.pooled.between, 0.0, atol=1e-20)
    np.testing.assert_allclose(found.pooled.total, found.published.cov, rtol=1e-9)
    np.testing.assert_allclose(found.shift, 0.0, atol=1e-12)


def test_errors_widen_the_interval_and_more_errors_more() -> None:
    said: list[tuple[int, int]] = []
    small = propagate(TABLES, CHAIN, ERRORS, slope, draws=12, on_draw=lambda a, b: said.append((a, b)))
    assert said == [(i + 1, 12 * 7) for i in range(12 * 7)]
    large = propagate(TABLES, CHAIN, ERRORS.times(2), slope, draws=12)
    assert 0 < small.pooled.fmi[0] < large.pooled.fmi[0] < 1
    frame = small.to_frame()
    assert frame.loc[0, "std_error"] ** 2 == pytest.approx(
        frame.loc[0, "within"] ** 2 + (1 + 1 / 12) * frame.loc[0, "between"] ** 2
    )
    assert frame.loc[0, "shift"] == pytest.approx(frame.loc[0, "estimate"] - frame.loc[0, "published"])
    assert small.centre("corrected")[0] == pytest.approx(2 * frame.loc[0, "published"] - frame.loc[0, "estimate"])
    test = small.inference("slope", "less")
    assert test.std_error == frame.loc[0, "std_error"]
    np.testing.assert_allclose(test.conf_int, frame.loc[0, ["lower", "upper"]].to_numpy(float))


def test_same_seed_same_numbers_whatever_the_order_of_years() -> None:
    one = propagate(TABLES, CHAIN, ERRORS, slope, draws=4, seed=9)
    two = propagate(TableSeries.from_tables(list(reversed(TABLES))), CHAIN, ERRORS, slope, draws=4, seed=9)
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame(), check_exact=True)
    more = propagate(TABLES, CHAIN, ERRORS, slope, draws=6, seed=9)
    pd.testing.assert_frame_equal(more.estimates.iloc[:4], one.estimates, check_exact=True)


def test_errors_that_last_fall_out_of_a_within_slope() -> None:
    """What is wrong in the same way every year is taken out with the countries' means, to first order."""
    tables = years_of_worlds(5, drift=0.1)
    lasting, fresh = (
        propagate(tables, CHAIN, CellErrors(0.1, between_years=rho), slope, draws=25).pooled.between[0, 0]
        for rho in (1.0, 0.0)
    )
    assert lasting < 0.5 * fresh


def test_every_kind_of_result_is_understood() -> None:
    panel = gvc_panel(TABLES, CHAIN)
    test = position_capture_slope(panel, "upstream")
    one = as_estimates(test)
    assert (one.params[0], one.std_errors[0], one.df) == (test.estimate, pytest.approx(test.std_error), test.df)
    both = as_estimates([test, pull_through(panel)])
    assert both.names[0] == test.name
    assert both.cov[0, 1] == 0.0
    stage = panel[panel["stage"] == "upstream"]
    ids = sorted(stage["country"].unique())
    ring = np.roll(np.eye(len(ids)), 1, axis=1) + np.roll(np.eye(len(ids)), -1, axis=1)
    weights = Weights.from_dense(ids, ring / 2)
    fit = SpatialPanel.from_formula("va_rate ~ upstreamness", stage, weights, model="sdm").fit()
    spatial = as_estimates(fit)
    assert list(spatial.names) == list(fit.params.index)
    np.testing.assert_allclose(spatial.std_errors, fit.std_errors.to_numpy())
    effects = as_estimates(fit.effects())
    assert "total upstreamness" in effects.names
    import statsmodels.formula.api as smf

    ols = smf.ols("va_rate ~ upstreamness", stage).fit()
    plain = as_estimates(ols)
    np.testing.assert_allclose(plain.std_errors, ols.bse.to_numpy())
    assert plain.df == ols.df_resid
    with pytest.raises(InputError, match="no estimates in a str"):
        as_estimates("slope")


def test_lock_in_tests_and_spatial_panels_propagate() -> None:
    tables = years_of_worlds(4, G=10, N=3, years=5)
    countries = list(tables[0].countries)
    ring = np.roll(np.eye(10), 1, axis=1) + np.roll(np.eye(10), -1, axis=1)
    weights = Weights.from_dense(countries, ring / 2)
    found = propagate(tables, CHAIN, ERRORS, lambda p: position_capture_slope(p, weights=weights), draws=3)
    alone = position_capture_slope(gvc_panel(tables, CHAIN), weights=weights)
    assert found.published.params[0] == pytest.approx(alone.estimate, rel=1e-6)
    assert found.pooled.std_errors[0] > np.sqrt(found.pooled.within[0, 0])


def test_covariates_have_errors_of_their_own() -> None:
    rng = np.random.default_rng(0)
    keys = [(c, y) for c in TABLES[0].countries for y in range(2001, 2007)]
    frame = pd.DataFrame(keys, columns=["country", "year"])
    frame["rd"], frame["rd_se"] = np.exp(rng.standard_normal(len(frame))), 0.3

    def on_rd(panel: pd.DataFrame) -> Estimates:
        return within_slope(panel, "va_rate", "rd")

    exact = propagate(TABLES, CHAIN, CellErrors(0.0), on_rd, draws=4, covariates=frame)
    assert exact.pooled.between[0, 0] < 1e-20
    for errors in ({"rd": 0.3}, {"rd": "rd_se"}):
        drawn = propagate(TABLES, CHAIN, CellErrors(0.0), on_rd, draws=4, covariates=frame, covariate_errors=errors)
        assert drawn.pooled.between[0, 0] > 1e-12
    many = Covariates(frame, {"rd": 0.3})
    spread = np.std([many.drawn(np.random.default_rng(i))["rd"] / frame["rd"] for i in range(200)])
    assert spread == pytest.approx(0.3, rel=0.05)
    with pytest.raises(InputError, match="called like a column"):
        propagate(TABLES, CHAIN, ERRORS, slope, draws=2, covariates=frame.rename(columns={"rd": "va"}))
    with pytest.raises(LabelError, match="C0 2001"):
        Covariates(pd.concat([frame, frame.iloc[:1]]), {})
    with pytest.raises(InputError, match="no column gdp"):
        Covariates(frame, {"gdp": 0.1})


def test_split_weights_are_drawn_once_for_all_years() -> None:
    shares: list[float] = []

    def split(table: IOTable, rng: np.random.Generator | None) -> IOTable:
        """Cut S0 in two; the weight is a number between 0.2 and 0.4."""
        share = 0.3 if rng is None else float(rng.uniform(0.2, 0.4))
        shares.append(share)
        (G, N), parts = table.shape, np.array([share, 1 - share])
        cut = np.zeros((G * N, G * (N + 1)))
        for g in range(G):
            cut[g * N, g * (N + 1) : g * (N + 1) + 2] = parts
            for k in range(1, N):
                cut[g * N + k, g * (N + 1) + k + 1] = 1.0
        sectors = ("ore", "rest", *table.sectors[1:])
        return IOTable.from_arrays(
            cut.T @ table.Z @ cut, cut.T @ table.Y, countries=table.countries, sectors=sectors, year=table.year,
            final_categories=table.final_categories, unit=table.meta.unit, synthetic=True,
        )  # fmt: skip

    from gvcpos.chains import Chain

    chain = Chain.from_mapping({"upstream": ["ore"], "downstream": ["S2"]})
    found = propagate(TABLES[:4], chain, CellErrors(0.0), slope, draws=3, split=split)
    assert len(set(shares)) == 4  # the central one and three draws
    assert found.pooled.draws == 3


def test_draws_that_fail_are_counted_or_refused() -> None:
    calls = iter(range(1000))

    def now_and_then(panel: pd.DataFrame) -> Estimates:
        if next(calls) == 3:
            raise EstimationError("collinear.")
        return slope(panel)

    with pytest.warns(LeftOutWarning, match="1 of 12 draws left out"):
        found = propagate(TABLES[:3], CHAIN, ERRORS, now_and_then, draws=12)
    assert found.failed == {2: "collinear."}
    assert 2 not in found.estimates.index
    calls = iter([0, *[3] * 1000])
    with pytest.raises(EstimationError, match="12 of 12 draws"):
        propagate(TABLES[:3], CHAIN, ERRORS, now_and_then, draws=12)
    with pytest.raises(InputError, match="draws=1"):
        propagate(TABLES, CHAIN, ERRORS, slope, draws=1)


def test_a_fan_starts_at_the_published_interval() -> None:
    fan = error_fan(TABLES, CHAIN, CellErrors(0.1), slope, factors=(1.0, 2.0), draws=5)
    assert fan["relative"].tolist() == [0.0, 0.1, 0.2]
    first = fan.iloc[0]
    assert (first["lower"], first["upper"]) == (first["published_lower"], first["published_upper"])
    assert fan["between"].is_monotonic_increasing
