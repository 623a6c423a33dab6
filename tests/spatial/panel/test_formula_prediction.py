"""Predictions for new data of models made by a formula: its terms are evaluated as the fit evaluated them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import DroppedRowsWarning, InputError
from gvcpos.spatial.panel import DynamicSpatialPanel, SpatialPanel
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import long_form, simulated

FORMULA = "y ~ np.log(size) + W(np.log(size)) + center(x1) + x1:x2"


@pytest.fixture(scope="module")
def made() -> tuple[pd.DataFrame, Weights]:
    y, X, W = simulated(6, n=12, t=7)
    data = long_form(y, X, W)
    return data.assign(size=np.exp(data["x2"]), kind=np.where(data["country"] < "u06", "a", "b")), W


def test_the_sample_as_new_data_gives_the_sample_s_prediction(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    result = SpatialPanel.from_formula(FORMULA, data, W, model="sar", effects="entity").fit()
    want = result.predict()
    given = data.drop(columns="y")
    got = result.predict(given.sample(frac=1.0, random_state=1))
    np.testing.assert_allclose(got.loc[want.index], want, rtol=1e-12)
    on_index = given.set_index(["country", "year"])
    pd.testing.assert_series_equal(result.predict(on_index).loc[want.index], want)
    later = on_index.rename(index=lambda year: year + 50, level="year").iloc[::-1]
    moved = result.predict(later).rename(index=lambda year: year - 50, level="year")
    np.testing.assert_allclose(moved.loc[want.index], want, rtol=1e-12)


def test_what_terms_learned_is_that_of_the_fit(made: tuple[pd.DataFrame, Weights]) -> None:
    """A mean that is subtracted is that of the sample, and a category has the sample's levels."""
    data, W = made
    result = SpatialPanel.from_formula("y ~ center(x1) + C(kind):x2", data, W, model="sar", effects="none").fit()
    one = data[data["year"] == data["year"].max()].assign(year=2050, kind="b")
    by_hand = one.set_index(["country", "year"])[["x1", "x2"]]
    by_hand = pd.DataFrame({"center(x1)": by_hand["x1"] - data["x1"].mean(), "C(kind)[a]:x2": 0.0}).assign(
        **{"C(kind)[b]:x2": by_hand["x2"]}
    )
    np.testing.assert_allclose(result.predict(one), result.predict(by_hand), rtol=1e-12)
    with pytest.raises(InputError, match=r"cannot be brought to the terms .*C\(kind\)"):
        result.predict(one.assign(kind="c"))


def test_terms_under_their_names_are_taken_as_they_are(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    with pytest.warns(DroppedRowsWarning):
        result = SpatialPanel.from_formula("y ~ np.log(size) + lag(x1)", data, W, model="sar", effects="entity").fit()
    rows = data[data["year"] > data["year"].min()].set_index(["country", "year"])
    past = data.set_index(["country", "year"])["x1"].unstack(0).shift(1).stack().swaplevel()
    full = rows.assign(**{"lag(x1)": past.loc[rows.index]})
    want = result.predict()
    np.testing.assert_allclose(result.predict(full).loc[want.index], want, rtol=1e-12)
    with pytest.raises(InputError, match=r"lacks the regressors lag\(x1\).*with lag\(...\), are given evaluated"):
        result.predict(rows)
    with pytest.raises(InputError, match=r"terms np.log\(size\) of the formula: it lacks size"):
        result.predict(full.drop(columns="size"))
    named = full.assign(**{"np.log(size)": np.log(full["size"])})[["np.log(size)", "lag(x1)"]]
    np.testing.assert_allclose(result.predict(named).loc[want.index], want, rtol=1e-12)


def test_a_dynamic_model_evaluates_too_and_the_formula_stays_with_respecified_models(
    made: tuple[pd.DataFrame, Weights],
) -> None:
    data, W = made
    panel = DynamicSpatialPanel.from_formula("y ~ lag(y) + np.log(size) + x1", data, W, model="sar", effects="entity")
    last = data[data["year"] == data["year"].max()].drop(columns="y")
    new = last.assign(year=last["year"] + 1)
    by_hand = new.assign(**{"np.log(size)": np.log(new["size"])}).set_index(["country", "year"])
    for model in (panel, panel.respecified("sdm")):
        result = model.fit()
        np.testing.assert_allclose(result.predict(new), result.predict(by_hand[["np.log(size)", "x1"]]), rtol=1e-12)
