"""lag(...) and W(...) in formulas: what they give, what they refuse, and that nothing but formulaic is evaluated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import DroppedRowsWarning, InputError
from gvcpos.spatial.panel import DynamicSpatialPanel, SpatialPanel
from gvcpos.spatial.panel.inputs.formula import evaluate
from gvcpos.spatial.panel.inputs.terms import read
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import long_form, simulated


@pytest.fixture
def made() -> tuple[pd.DataFrame, Weights]:
    y, X, W = simulated(21, n=10, t=8)
    return long_form(y, X, W), W


def test_spatial_lags_of_single_regressors(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    rows = data.set_index(["country", "year"])
    want = SpatialPanel(rows["y"], rows[["x1", "x2"]], W, not_lagged="x2").fit()
    for model in ("sdm", "sar"):
        got = SpatialPanel.from_formula("y ~ x1 + W(x1) + x2", data, W, model=model).fit()  # type: ignore[arg-type]
        assert list(got.params.index) == ["x1", "x2", "W*x1", "rho"]
        pd.testing.assert_series_equal(got.params, want.params)
        pd.testing.assert_frame_equal(got.effects(), want.effects())
    assert SpatialPanel.from_formula("y ~ x1 + W(x1)", data, W, model="sem").model == "sdem"
    assert SpatialPanel.from_formula("y ~ x1 + W(x1)", data, W, model="sac").model == "gns"
    assert SpatialPanel.from_formula("y ~ x1 + x2", data, W, model="sar").model == "sar"


def test_spatial_lag_of_an_expression(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    got = SpatialPanel.from_formula("y ~ np.exp(x1) + W( np.exp( x1 ) ) + x2", data, W).fit()
    assert list(got.params.index) == ["np.exp(x1)", "x2", "W*np.exp(x1)", "rho"]
    by_hand = data.assign(e=np.exp(data["x1"])).set_index(["country", "year"])
    want = SpatialPanel(by_hand["y"], by_hand[["e", "x2"]], W, not_lagged="x2").fit()
    np.testing.assert_allclose(got.params, want.params, rtol=1e-12)


def test_own_weights_of_a_spatial_lag(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    other = Weights.from_dense(W.ids, np.roll(np.eye(10), 1, axis=1))
    got = SpatialPanel.from_formula("y ~ x1 + W(x1) + x2", data, W, x_weights={"x1": other}).fit()
    rows = data.set_index(["country", "year"])
    want = SpatialPanel(rows["y"], rows[["x1", "x2"]], W, x_weights={"x1": other}, not_lagged="x2").fit()
    pd.testing.assert_series_equal(got.params, want.params)


def test_lags_are_of_the_same_entity_in_any_order(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    by_hand = data.sort_values(["country", "year"])
    by_hand["l1"] = by_hand.groupby("country")["x1"].shift(1)
    by_hand["l2"] = by_hand.groupby("country")["x2"].shift(2)
    want = SpatialPanel.from_formula("y ~ l1 + l2", by_hand[by_hand["year"] > 2001], W).fit()
    for given in (data, data.sample(frac=1.0, random_state=1)):
        with pytest.warns(DroppedRowsWarning, match=r"20 rows left out: lag\(...\) has no value in 2000, 2001"):
            model = SpatialPanel.from_formula("y ~ lag(x1) + lag(x2, 2)", given, W)
        got = model.fit()
        np.testing.assert_allclose(got.params, want.params, rtol=1e-10)
        assert list(got.params.index)[:2] == ["lag(x1)", "lag(x2, 2)"]
        assert got.nobs == 10 * 6


def test_lags_of_lags_and_of_spatial_lags(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    with pytest.warns(DroppedRowsWarning, match="30 rows"):
        twice = evaluate("y ~ lag(lag(x1, 2))", data, "country", "year")
    with pytest.warns(DroppedRowsWarning, match="30 rows"):
        once = evaluate("y ~ lag(x1, periods=3)", data, "country", "year")
    np.testing.assert_array_equal(twice.X.to_numpy(), once.X.to_numpy())
    with pytest.warns(DroppedRowsWarning):
        got = SpatialPanel.from_formula("y ~ lag(x1) + W(lag(x1))", data, W)
    want = got.weights.matrix @ data.set_index(["year", "country"])["x1"].loc[2000].loc[list(W.ids)].to_numpy()
    np.testing.assert_allclose(got.design.X[0, :, 1], want)


@pytest.mark.parametrize(
    ("terms", "dynamic"),
    [("lag(y)", "time"), ("W(lag(y))", "space"), ("lag(y, 1) + W(lag( y ))", "space-time")],
)
def test_past_of_y_makes_it_dynamic(made: tuple[pd.DataFrame, Weights], terms: str, dynamic: str) -> None:
    data, W = made
    got = DynamicSpatialPanel.from_formula(f"y ~ {terms} + x1 + x2", data, W, effects="entity")
    assert got.dynamic == dynamic
    rows = data.set_index(["country", "year"])
    want = DynamicSpatialPanel(rows["y"], rows[["x1", "x2"]], W, dynamic=dynamic, effects="entity")  # type: ignore[arg-type]
    pd.testing.assert_series_equal(got.fit(correction="none").params, want.fit(correction="none").params)
    with pytest.raises(InputError, match=r"past of y: a dynamic model.*DynamicSpatialPanel"):
        SpatialPanel.from_formula(f"y ~ {terms} + x1 + x2", data, W)


def test_past_of_a_transformed_y(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    given = data.assign(y=np.exp(data["y"]))
    got = DynamicSpatialPanel.from_formula("np.log(y) ~ lag(np.log(y)) + x1 + W(x1) + x2", given, W)
    assert got.regressors == ("x1", "x2", "W*x1", "tau")
    np.testing.assert_allclose(got.given.lag[1:], got.data.y[:-1])


def test_a_dynamic_model_needs_no_regressors_in_its_first_period(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    got = DynamicSpatialPanel.from_formula("y ~ lag(y) + lag(x1) + x2", data, W)
    assert got.data.times == tuple(range(2001, 2008))
    with pytest.warns(DroppedRowsWarning, match="10 rows left out"):
        later = DynamicSpatialPanel.from_formula("y ~ lag(y) + lag(x1, 2) + x2", data, W)
    assert later.given.initial == 2001


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y ~ x1 + W(x2)", r"W\(x2\) without x2.*Add x2"),
        ("y ~ x1 + W(y)", r"W\(y\) is the spatial lag.*model='sar' \(or 'sdm'\)"),
        ("np.log(y) ~ x1 + W(np.log(y))", r"model='sar' \(or 'sdm'\) has W np.log\(y\)"),
        ("np.log(y) ~ x1 + W(y)", "left of '~'"),
        ("y ~ x1 + W(x1):x2", "must be a whole term"),
        ("y ~ x1 + np.exp(W(x1))", "must be a whole term"),
        ("y ~ x1 + W(W(x1))", "must be a whole term"),
        ("y ~ x1 + lag(W(x1))", "must be a whole term"),
        ("y ~ x1 + W(x1, x2)", "takes one variable"),
        ("y ~ lag(x1, 0)", "whole number of periods"),
        ("y ~ lag(x1, x2)", "whole number of periods"),
        ("y ~ lag(x1, k=2)", "whole number of periods"),
        ("y ~ lag(x1, -1)", "whole number of periods"),
        ("lag(y) ~ x1", "right of '~'"),
        ("y ~ lag(y, 2) + x1", "of the past of y"),
        ("y ~ lag(y):x1", "of the past of y"),
        ("y ~ x1 + np.exp(lag(y))", "of the past of y"),
        ("np.exp(y) ~ lag(y) + x1", "of the past of np.exp"),
        ("y ~ x1 + lag(y - x1)", "of the past of y"),
    ],
)
def test_what_has_no_meaning_is_refused(made: tuple[pd.DataFrame, Weights], formula: str, message: str) -> None:
    data, W = made
    with pytest.raises(InputError, match=message):
        DynamicSpatialPanel.from_formula(formula, data, W)


def test_more_refusals(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    with pytest.raises(InputError, match=r"neither lag\(y\) nor W\(lag\(y\)\)"):
        DynamicSpatialPanel.from_formula("y ~ x1", data, W)
    with pytest.raises(InputError, match="leave not_lagged out"):
        SpatialPanel.from_formula("y ~ x1 + W(x1) + x2", data, W, not_lagged="x2")
    with pytest.raises(InputError, match="column 'W', which hides"):
        SpatialPanel.from_formula("y ~ x1 + W(x1)", data.assign(W=1.0), W)
    with pytest.raises(InputError, match="2004 follows 2002"):
        SpatialPanel.from_formula("y ~ lag(x1)", data[data["year"] != 2003], W)
    assert SpatialPanel.from_formula("y ~ x1 + W", data.assign(W=data["x2"]), W).data.names == ("x1", "W")


def test_nothing_of_ours_is_within_reach_of_a_formula(made: tuple[pd.DataFrame, Weights]) -> None:
    """The formula sees columns, formulaic's functions and lag: no module, no variable of the caller or of ours."""
    data, W = made
    secret = data["x1"]  # noqa: F841
    for name in ("secret", "pd.Series(x1)", "frame['x1']", "special", "warnings.warn('x')", "evaluate(x1)"):
        with pytest.raises(InputError, match="formula"):
            SpatialPanel.from_formula(f"y ~ x2 + {name}", data, W)


def test_terms_are_read_and_not_run() -> None:
    read("y", [("lag(1 / 0)",), ("W(__import__('os').abort())",)])
    found = read("y", [("x1",), ("W(x1)",), ("lag(y)",), ("lag(x1 + lag(x2, 2))",), ("x 3",)])
    assert (found.dynamic, found.lagged, found.drop) == ("time", ("x1",), ("W(x1)", "lag(y)"))
    assert found.depth == 3
    assert found.uses == ("W", "lag")
