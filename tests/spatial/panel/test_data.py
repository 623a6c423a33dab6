"""Gaps, missing values and units of W without rows: refused, or left out by a rule that says what it left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import DroppedRowsWarning, EstimationError, InputError, IslandWarning, LabelError
from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import long_form, simulated


@pytest.fixture
def made() -> tuple[pd.DataFrame, Weights]:
    y, X, W = simulated(11, n=12, t=6)
    return long_form(y, X, W), W


def panel(data: pd.DataFrame, W: Weights, **options: object) -> SpatialPanel:
    return SpatialPanel.from_formula("y ~ x1 + x2", data, W, **options)


def at(data: pd.DataFrame, country: str, year: int) -> pd.Series:
    return (data["country"] == country) & (data["year"] == year)


def without(W: Weights, *labels: str) -> Weights:
    """W cut by hand and row-normalised again."""
    kept = [i for i, label in enumerate(W.ids) if label not in labels]
    block = W.dense()[np.ix_(kept, kept)]
    return Weights.from_dense([W.ids[i] for i in kept], block / block.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("gap", ["row", "value"])
def test_entities_dropped_equal_a_panel_without_them(made: tuple[pd.DataFrame, Weights], gap: str) -> None:
    data, W = made
    there = at(data, "u03", 2002)
    holed = data[~there] if gap == "row" else data.assign(x2=data["x2"].mask(there))
    shuffled = holed.sample(frac=1.0, random_state=4)
    with pytest.warns(DroppedRowsWarning, match=r"1 of 12 entities: u03; W was cut"):
        got = panel(shuffled, W, missing="drop-entities").fit()
    want = panel(data[data["country"] != "u03"], without(W, "u03")).fit()
    np.testing.assert_allclose(got.params, want.params, rtol=1e-10)
    assert got.left_out.entities == ("u03",)
    assert got.left_out.rows == len(holed) - 66
    assert not got.left_out.periods
    assert "Entities left out" in got.summary
    assert "u03 (drop-entities)" in got.summary
    assert "left out" not in want.summary
    rows = pd.MultiIndex.from_frame(shuffled.loc[shuffled["country"] != "u03", ["country", "year"]])
    assert got.resids.index.equals(rows)
    np.testing.assert_allclose(got.resids, want.resids.reindex(rows), atol=1e-10)


def test_periods_dropped_equal_a_panel_without_them(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    holed = data.assign(y=data["y"].mask(at(data, "u07", 2000)))
    with pytest.warns(DroppedRowsWarning, match="1 of 6 periods: 2000"):
        got = panel(holed, W, missing="drop-periods").fit()
    want = panel(data[data["year"] != 2000], W).fit()
    np.testing.assert_allclose(got.params, want.params, rtol=1e-12)
    assert got.model.weights is W
    assert (got.left_out.periods, got.left_out.rows, got.nobs) == ((2000,), 12, 60)
    assert "12 rows of 2000 (drop-periods)" in got.summary


@pytest.mark.parametrize("rule", ["drop-entities", "drop-periods"])
def test_arrays_follow_the_same_rule(made: tuple[pd.DataFrame, Weights], rule: str) -> None:
    data, W = made
    y, X, _ = simulated(11, n=12, t=6)
    X[2, 3, 1] = np.nan
    holed = data.assign(x2=data["x2"].mask(at(data, "u03", 2002)))
    with pytest.warns(DroppedRowsWarning):
        want = panel(holed, W, missing=rule)
    with pytest.warns(DroppedRowsWarning):
        got = SpatialPanel.from_arrays(y, X, W, missing=rule, times=range(2000, 2006))
    assert got.left_out == want.left_out
    np.testing.assert_allclose(got.fit().params, want.fit().params, rtol=1e-12)


def test_a_complete_panel_is_left_alone(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    got = panel(data, W, missing="drop-entities", extra_units="subset")
    assert not got.left_out
    assert got.weights is W


def test_a_rule_that_leaves_nothing_names_the_other(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    year = data.assign(x1=data["x1"].mask(data["year"] == 2001))
    with pytest.raises(InputError, match=r"all 12 entities; 12 rows .*\(u00, 2001\).*'drop-periods'"):
        panel(year, W, missing="drop-entities")
    country = data.assign(x1=data["x1"].mask(data["country"] == "u05"))
    with pytest.raises(InputError, match=r"all 6 periods.*'drop-entities'"):
        panel(country, W, missing="drop-periods")
    with pytest.raises(InputError, match="Allowed:"):
        panel(data, W, missing="drop")


def test_infinite_is_not_missing(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    holed = data.assign(x2=data["x2"].mask(at(data, "u03", 2002), -np.inf))
    for rule in ("error", "drop-entities", "drop-periods"):
        with pytest.raises(InputError, match=r"infinite.*x2 of u03 in 2002"):
            panel(holed, W, missing=rule)


def test_the_default_refuses_and_names_the_rules(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    with pytest.raises(InputError, match=r"\(u03, 2002\).*missing='drop-entities'"):
        panel(data[~at(data, "u03", 2002)], W)
    with pytest.raises(InputError, match=r"x1 of u03 in 2002.*missing='drop-entities'"):
        panel(data.assign(x1=data["x1"].mask(at(data, "u03", 2002))), W)


def test_units_without_rows_are_cut_off_on_request(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    part = data[~data["country"].isin(["u02", "u09"])]
    with pytest.raises(LabelError, match="u02, u09"):
        panel(part, W)
    got = panel(part, W.align(W.ids[::-1]), extra_units="subset").fit()
    want = panel(part, without(W, "u02", "u09")).fit()
    np.testing.assert_allclose(got.params, want.params, rtol=1e-9)
    assert got.left_out.units == ("u09", "u02")
    assert "Units of W left out" in got.summary
    extra = pd.concat([part, data[data["country"] == "u02"].assign(country="Atlantis")])
    with pytest.raises(LabelError, match="Atlantis"):
        panel(extra, W, extra_units="subset")


def test_other_weights_are_cut_with_w(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    squared = W.dense() @ W.dense()
    np.fill_diagonal(squared, 0.0)
    M = Weights.from_dense(W.ids, squared).normalised("row")
    part = data[data["country"] != "u02"]
    options = {"model": "gns", "x_weights": {"x1": M}}
    got = panel(part, W, extra_units="subset", error_weights=M, **options)
    cut = without(M, "u02")
    want = panel(part, without(W, "u02"), model="gns", error_weights=cut, x_weights={"x1": cut})
    np.testing.assert_allclose(got.error_weights.dense(), want.error_weights.dense(), rtol=1e-12)
    np.testing.assert_allclose(got.design.X, want.design.X, rtol=1e-12)
    with pytest.raises(LabelError, match="u02"):
        panel(part, without(W, "u02"), error_weights=M)
    np.testing.assert_allclose(got.respecified("sdm").design.X, want.design.X, rtol=1e-12)


def test_an_entity_that_loses_all_neighbours_is_named() -> None:
    y, X, _ = simulated(3, n=6, t=4)
    ring = np.roll(np.eye(6), 1, axis=1) + np.roll(np.eye(6), -1, axis=1)
    ring[0], ring[:, 0] = 0.0, 0.0
    ring[0, 1] = ring[1, 0] = 1.0
    W = Weights.from_dense([f"u{i:02d}" for i in range(6)], ring).normalised("row")
    data = long_form(y, X, W)
    with pytest.raises(InputError, match="u00 would have no neighbours"):
        panel(data[data["country"] != "u01"], W, extra_units="subset")
    holed = data.assign(y=data["y"].mask(at(data, "u01", 2000)))
    with pytest.warns(DroppedRowsWarning), pytest.raises(InputError, match="u00 would have no neighbours"):
        panel(holed, W, missing="drop-entities")


@pytest.mark.parametrize("kind", ["row", "spectral", "none"])
def test_weights_are_normalised_again_as_they_were(kind: str) -> None:
    y, X, W = simulated(3, n=8, t=5)
    raw = Weights.from_dense(W.ids, np.where(W.dense() > 0, 2.0, 0.0))
    given = raw.normalised(kind) if kind != "none" else raw
    data = long_form(y, X, W)
    got = panel(data[data["country"] != "u02"], given, extra_units="subset", effects="entity").weights
    kept = [label for label in W.ids if label != "u02"]
    want = raw.subset(kept)
    want = want.normalised(kind) if kind != "none" else want
    np.testing.assert_allclose(got.dense(), want.dense(), rtol=1e-12)
    assert got.normalisation == kind


def test_a_zero_row_of_w_is_said_once_and_fits_where_it_can() -> None:
    y, X, W = simulated(3, n=8, t=5)
    dense = W.dense()
    dense[2] = 0.0
    with pytest.raises(InputError, match="u02"):
        Weights.from_dense(W.ids, dense)
    with pytest.warns(IslandWarning, match="u02"):
        island = Weights.from_dense(W.ids, dense, islands="keep")
    with pytest.raises(InputError, match="Islands: u02"):
        SpatialPanel.from_arrays(y, X, island)
    assert np.isfinite(SpatialPanel.from_arrays(y, X, island, effects="entity").fit().params).all()


@pytest.mark.parametrize("effects", ["entity", "twoway"])
@pytest.mark.parametrize("method", ["lee-yu", "direct"])
def test_one_period_has_no_entity_effects(effects: str, method: str) -> None:
    y, X, W = simulated(3, n=20, t=1)
    with pytest.raises(InputError, match="there is one period"):
        SpatialPanel.from_arrays(y, X, W, effects=effects, method=method)


def test_a_rule_that_leaves_one_period_is_said(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    holed = data.assign(y=data["y"].mask((data["country"] == "u01") & (data["year"] > 2000)))
    with (
        pytest.warns(DroppedRowsWarning, match="5 of 6 periods"),
        pytest.raises(InputError, match="there is one period"),
    ):
        panel(holed, W, missing="drop-periods")


def test_generalised_moments_say_what_was_left_out(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    holed = data.assign(x2=data["x2"].mask(at(data, "u03", 2002)))
    with pytest.warns(DroppedRowsWarning):
        fitted = panel(holed, W, missing="drop-entities", model="sar").fit_gmm()
    assert "Entities left out" in fitted.summary


def test_one_period_pooled_is_a_cross_section() -> None:
    y, X, W = simulated(3, n=20, t=1)
    assert SpatialPanel.from_arrays(y, X, W, effects="none", model="sar").fit().nobs == 20


def test_more_regressors_than_observations() -> None:
    rng = np.random.default_rng(5)
    y, _, W = simulated(3, n=6, t=3)
    with pytest.raises(InputError, match=r"10 observations after the effects for 12 regressors: too few"):
        SpatialPanel.from_arrays(y, rng.standard_normal((3, 6, 12)), W, model="sar")
    # N < k is no fault while NT is enough
    wide = SpatialPanel.from_arrays(np.tile(y, (9, 1)), rng.standard_normal((27, 6, 8)), W, model="sar")
    assert np.isfinite(wide.fit().params).all()


def test_weights_without_any_neighbour() -> None:
    y, X, _ = simulated(3, n=6, t=5)
    with pytest.warns(IslandWarning):
        empty = Weights.from_dense([f"u{i}" for i in range(6)], np.zeros((6, 6)), islands="keep")
    with pytest.raises((InputError, EstimationError), match="no positive real eigenvalue"):
        SpatialPanel.from_arrays(y, X, empty, model="sar", effects="entity").fit()
