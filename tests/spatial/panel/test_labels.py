"""Where labels meet: order changes nothing; what is duplicated, missing or left over is named; so are bad values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import BoundaryWarning, EstimationError, InputError, IslandWarning, LabelError
from gvcpos.spatial.panel import SpatialPanel, compare
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import fitted, long_form, simulated


@pytest.fixture
def made() -> tuple[pd.DataFrame, Weights]:
    y, X, W = simulated(11, n=10, t=5)
    return long_form(y, X, W), W


def fit(data: pd.DataFrame, W: Weights, **options: str):  # type: ignore[no-untyped-def]
    return SpatialPanel.from_formula("y ~ x1 + x2", data, W, **options).fit()  # type: ignore[arg-type]


def test_shuffled_rows_and_weights_change_nothing(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    want = fit(data, W)
    shuffled = data.sample(frac=1.0, random_state=3)
    got = fit(shuffled, W.align(list(W.ids)[::-1]))
    np.testing.assert_allclose(got.params, want.params, rtol=1e-10)
    np.testing.assert_allclose(got.cov, want.cov, rtol=1e-7)
    keys = pd.MultiIndex.from_frame(shuffled[["country", "year"]])
    assert got.resids.index.equals(keys)
    np.testing.assert_allclose(got.resids, want.resids.reindex(keys), atol=1e-10)
    np.testing.assert_allclose(got.entity_effects[list(W.ids)], want.entity_effects, atol=1e-9)


def test_x_in_another_order_than_y(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    frame = data.set_index(["country", "year"])
    X = frame[["x1", "x2"]]
    want = SpatialPanel(frame["y"], X, W).fit()
    got = SpatialPanel(frame["y"], X.sample(frac=1.0, random_state=1), W).fit()
    pd.testing.assert_series_equal(got.params, want.params)


def test_arrays_frames_and_formula_agree(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    y, X, _ = simulated(11, n=10, t=5)
    want = fit(data, W).params
    np.testing.assert_allclose(SpatialPanel.from_arrays(y, X, W).fit().params, want, rtol=1e-12)
    indexed = data.set_index(["country", "year"])
    np.testing.assert_allclose(fit(indexed, W).params, want, rtol=1e-12)


def test_formula_transforms_and_constant(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    result = SpatialPanel.from_formula("y ~ x1 + np.exp(x2)", data, W, effects="none", model="sar").fit()
    assert list(result.params.index) == ["Intercept", "x1", "np.exp(x2)", "rho"]
    bare = SpatialPanel.from_formula("y ~ 0 + x1", data, W, effects="none", model="sar").fit()
    assert list(bare.params.index) == ["x1", "rho"]


@pytest.mark.parametrize("case", ["missing", "extra", "duplicated"])
def test_entities_that_do_not_fit(made: tuple[pd.DataFrame, Weights], case: str) -> None:
    data, W = made
    if case == "missing":
        changed, name = data[data["country"] != "u03"], "u03"
    elif case == "extra":
        changed, name = pd.concat([data, data[data["country"] == "u03"].assign(country="Atlantis")]), "Atlantis"
    else:
        changed, name = pd.concat([data, data[data["country"] == "u03"]]), "u03"
    with pytest.raises(LabelError, match=name):
        fit(changed, W)


def test_rows_of_x_and_y_that_do_not_fit(made: tuple[pd.DataFrame, Weights]) -> None:
    frame, W = made[0].set_index(["country", "year"]), made[1]
    with pytest.raises(LabelError, match=r"X lacks \(u04, 2002\)"):
        SpatialPanel(frame["y"], frame[["x1"]].drop(index=("u04", 2002)), W)
    with pytest.raises(LabelError, match=r"y lacks \(u04, 2002\)"):
        SpatialPanel(frame["y"].drop(index=("u04", 2002)), frame[["x1"]], W)
    with pytest.raises(LabelError, match="x1"):
        SpatialPanel(frame["y"], frame[["x1", "x1"]], W)


def test_unbalanced_names_the_gap(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    gap = (data["country"] == "u07") & (data["year"] == 2003)
    with pytest.raises(InputError, match=r"not balanced: 1 rows.*\(u07, 2003\)"):
        fit(data[~gap], W)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("column", ["y", "x2"])
def test_missing_values_are_named(made: tuple[pd.DataFrame, Weights], column: str, value: float) -> None:
    data, W = made
    data.loc[(data["country"] == "u02") & (data["year"] == 2001), column] = value
    with pytest.raises(InputError, match=f"{column} of u02 in 2001"):
        fit(data, W)


def test_namibia_is_a_label(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    renamed = Weights.from_dense(["NA", *W.ids[1:]], W.dense())
    got = fit(data.replace({"country": {"u00": "NA"}}), renamed)
    np.testing.assert_allclose(got.params, fit(data, W).params, rtol=1e-12)


def test_text_and_absent_columns(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    frame = data.assign(x1=data["x1"].astype(str)).set_index(["country", "year"])
    with pytest.raises(InputError, match="'x1' is not numeric"):
        SpatialPanel(frame["y"], frame[["x1"]], W)
    with pytest.raises(InputError, match="no column 'state'"):
        SpatialPanel.from_formula("y ~ x1", data, W, entity="state")
    with pytest.raises(InputError, match="x9"):
        SpatialPanel.from_formula("y ~ x9", data, W)
    with pytest.raises(InputError, match="two-level index"):
        SpatialPanel(data["y"], data[["x1"]], W)
    with pytest.raises(InputError, match="from_arrays"):
        SpatialPanel(data["y"].to_numpy(), data[["x1"]], W)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("column", "effects", "message"),
    [
        ("fixed", "entity", "fixed does not vary over time"),
        ("fixed", "twoway", "fixed does not vary over time"),
        ("common", "time", "common is the same for all entities"),
        ("both", "twoway", "both is a sum of entity and time effects"),
        ("zero", "none", "zero is zero everywhere"),
        ("double", "twoway", "double is a combination of x1"),
    ],
)
def test_absorbed_and_collinear_regressors(
    made: tuple[pd.DataFrame, Weights], column: str, effects: str, message: str
) -> None:
    data, W = made
    rank, year = data["country"].map({u: i for i, u in enumerate(W.ids)}), data["year"]
    data = data.assign(fixed=rank, common=year % 3, both=rank + year % 3, zero=0.0, double=2 * data["x1"] + rank + year)
    with pytest.raises(InputError, match=message):
        SpatialPanel.from_formula(f"y ~ x1 + {column}", data, W, effects=effects, model="sar")  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "model"), [("rho", "sar"), ("Intercept", "sem"), ("W*x2", "sdm")])
def test_names_of_parameters_are_taken(name: str, model: str) -> None:
    y, X, W = simulated(0, n=8, t=4)
    with pytest.raises(InputError, match=f"named like parameters.*{name[:2]}"):
        SpatialPanel.from_arrays(y, X, W, names=["x1", name], model=model)  # type: ignore[arg-type]


def test_lee_yu_needs_row_normalised_weights(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    raw = Weights.from_dense(W.ids, W.dense() * np.linspace(0.5, 1.0, W.n)[:, None])
    with pytest.raises(InputError, match=r"row-normalised W.*Row u00 sums to 0\.5"):
        fit(data, raw)
    for options in ({"method": "direct"}, {"effects": "entity"}, {"model": "slx"}):
        fit(data, raw, **options)
    dense = W.dense()
    dense[4] = 0.0
    with pytest.warns(IslandWarning):
        island = Weights.from_dense(W.ids, dense, islands="keep").normalised("row")
    with pytest.raises(InputError, match=r"Islands: u04\. .*extra_units='subset'.*knn.*method='direct'") as said:
        fit(data, island)
    assert "normalised('row')" not in str(said.value)  # which they are
    left = data[data["country"] != "u04"]
    assert fit(left, island, extra_units="subset").model.weights.n == W.n - 1
    dense[0] *= 0.5
    with pytest.warns(IslandWarning):
        both = Weights.from_dense(W.ids, dense, islands="keep")
    with pytest.raises(InputError, match=r"Row u00 sums to 0\.5: use W.normalised\('row'\)\. Islands: u04"):
        fit(data, both)


def test_rounding_in_the_row_sums_is_still_row_normalised(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    off = Weights.from_dense(W.ids, W.dense() * (1 + 3e-16))
    np.testing.assert_allclose(fit(data, off).params, fit(data, W).params, rtol=1e-9)


def test_boundary_is_said() -> None:
    """y = Wy of a unit root: nothing but the boundary is left."""
    y, X, W = simulated(2, n=12, t=4, rho=0.99999, theta=(0.0, 0.0), scale=1e-6)
    with pytest.warns(BoundaryWarning, match=r"rho = 0\.9999"):
        SpatialPanel.from_arrays(y, X, W, model="sar", effects="entity").fit()


def test_exact_fit_is_refused(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    with pytest.raises(EstimationError):
        SpatialPanel.from_formula("y ~ x1", data.assign(y=0.0), W, model="slx").fit()


def test_wrong_choices_list_what_is_allowed(made: tuple[pd.DataFrame, Weights]) -> None:
    data, W = made
    for options in ({"model": "sdx"}, {"effects": "fixed"}, {"method": "gmm"}):
        with pytest.raises(InputError, match="Allowed:"):
            fit(data, W, **options)
    with pytest.raises(InputError, match="Allowed:"):
        SpatialPanel.from_formula("y ~ x1", data, W).fit("cluster")  # type: ignore[arg-type]


def test_array_shapes_are_checked() -> None:
    y, X, W = simulated(0, n=8, t=3)
    with pytest.raises(InputError, match="N = 8"):
        SpatialPanel.from_arrays(y.T, X, W)
    with pytest.raises(InputError, match="'k'"):
        SpatialPanel.from_arrays(y, X[:, :, 0], W)
    with pytest.raises(InputError, match="3 names"):
        SpatialPanel.from_arrays(y, X, W, names=["a", "b", "c"])
    X[1, 2, 0] = np.nan
    with pytest.raises(InputError, match="x1 of u02 in 1"):
        SpatialPanel.from_arrays(y, X, W)


def test_results_add_up() -> None:
    for model in ("slx", "sar", "sem", "sdm"):
        for effects in ("none", "entity", "time", "twoway"):
            result = fitted(model, effects, "direct")
            data, W = result.model.data, result.model.weights.dense()
            np.testing.assert_allclose(result.fitted + result.resids, data.series(data.y, "y"), rtol=1e-12)
            signal = data.y - result.model.arrays.X @ result.estimate.beta
            r = result.estimate.rho + result.estimate.lam
            if effects != "none":
                dummies = result.estimated_effects.unstack("state")[list(result.model.weights.ids)].to_numpy()
                signal = signal - dummies
            if model == "sem":
                signal = signal - r * signal @ W.T
            elif model != "slx":
                signal = signal - r * data.y @ W.T
            np.testing.assert_allclose(signal, result.estimate.resids, atol=1e-9)
            assert abs(result.entity_effects.sum()) < 1e-9
            assert len(result.time_effects) == (17 if effects in {"time", "twoway"} else 0)


def test_frame_summary_and_comparison() -> None:
    results = {m: fitted(m, "twoway", "lee-yu") for m in ("sar", "sdm")}
    table = results["sdm"].to_frame()
    assert list(table.columns) == ["parameter", "std_error", "tstat", "pvalue", "lower", "upper"]
    interval = results["sdm"].conf_int(0.9)
    assert interval.loc["rho", "upper"] < table.loc["rho", "upper"]
    text = results["sdm"].summary
    assert "Lee-Yu" in text
    assert all(name in text for name in table.index)
    both = compare(results)
    assert list(both.index.get_level_values("name"))[:9] == [*table.index]
    assert np.isnan(both.loc[("parameters", "W*lpc"), ("sar", "estimate")])
    assert both.loc[("parameters", "rho"), ("sdm", "std_error")] == results["sdm"].std_errors["rho"]
    assert both.loc[("statistics", "loglik"), ("sar", "estimate")] == results["sar"].loglik
    with pytest.raises(InputError, match="nothing"):
        compare({})
