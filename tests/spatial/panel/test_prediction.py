"""Predictions and fixed effects: against brute force, conditional expectations, and regressions with dummies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.spatial.panel import SpatialPanel, SpatialPanelResults
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import MODELS, REGRESSORS, fitted, frame, golden, long_form, simulated


def formed(model: str, effects: str, method: str = "direct", seed: int = 3) -> tuple[SpatialPanelResults, pd.DataFrame]:
    """A fit on a long frame whose rows are shuffled, and the frame."""
    y, X, W = simulated(seed, n=15)
    data = long_form(y, X, W).set_index(["country", "year"]).sample(frac=1.0, random_state=seed)
    panel = SpatialPanel(data["y"], data[["x1", "x2"]], W, model=model, effects=effects, method=method)
    return panel.fit(), data


def brute_signal(result: SpatialPanelResults, data: pd.DataFrame, effects: dict[tuple[str, int], float]) -> pd.Series:
    """Xβ + WXθ + effects, row by row from the labels."""
    W, p = result.model.weights, result.params
    dense = pd.DataFrame(W.dense(), index=list(W.ids), columns=list(W.ids))
    out = {}
    for unit, year in data.index:
        own = data.loc[(unit, year)]
        value = effects[(unit, year)] + p.get("Intercept", 0.0)
        for name in ("x1", "x2"):
            value += p[name] * own[name]
            around = sum(dense.loc[unit, other] * data.loc[(other, year), name] for other in W.ids)
            value += p.get(f"W*{name}", 0.0) * around
        out[(unit, year)] = value
    return pd.Series(out)


@pytest.mark.parametrize("effects", ["none", "twoway"])
@pytest.mark.parametrize("model", MODELS)
def test_in_sample_kinds_equal_brute_force(model: str, effects: str) -> None:
    result, data = formed(model, effects)
    W, p = result.model.weights, result.params
    cells = result.estimated_effects.to_dict() if effects != "none" else dict.fromkeys(data.index, 0.0)
    signal = brute_signal(result, data, cells)
    np.testing.assert_allclose(result.predict(kind="signal").loc[signal.index], signal, rtol=1e-10)
    np.testing.assert_allclose(result.predict(kind="in-sample"), result.fitted, rtol=1e-9, atol=1e-10)
    eye = np.eye(W.n)
    A, B = eye - p.get("rho", 0.0) * W.dense(), eye - p.get("lambda", 0.0) * W.dense()
    mean = np.linalg.solve(A, signal.unstack()[sorted({year for _, year in data.index})].loc[list(W.ids)].to_numpy())
    reduced = result.predict().unstack().loc[list(W.ids)].to_numpy()
    np.testing.assert_allclose(reduced, mean, rtol=1e-9)
    # The conditional expectation of a normal vector with covariance (A'B'BA)^-1, unit by unit.
    sigma = np.linalg.inv(A.T @ B.T @ B @ A)
    y = data["y"].unstack().loc[list(W.ids)].to_numpy()
    want = np.empty_like(y)
    for i in range(W.n):
        rest = np.arange(W.n) != i
        weights = np.linalg.solve(sigma[np.ix_(rest, rest)], sigma[rest, i])
        want[i] = mean[i] + weights @ (y[rest] - mean[rest])
    np.testing.assert_allclose(result.predict(kind="blup").unstack().loc[list(W.ids)], want, rtol=1e-8)


@pytest.mark.parametrize("effects", ["none", "entity", "twoway"])
def test_the_sample_given_anew_is_the_sample(effects: str) -> None:
    result, data = formed("sdm", effects)
    again = data[["x2", "x1"]].sample(frac=1.0, random_state=8)
    for kind in ("reduced", "signal"):
        got = result.predict(again, kind=kind)
        assert list(got.index) == list(again.index)
        np.testing.assert_allclose(got, result.predict(kind=kind).loc[again.index], rtol=1e-12)
    got = result.predict(again, kind="in-sample", y=data["y"].sample(frac=1.0, random_state=9))
    np.testing.assert_allclose(got.sort_index(), result.fitted.sort_index(), rtol=1e-10)


def test_new_periods_bear_entity_effects() -> None:
    """The world goes on without noise: entity effects and slopes that are nearly exact predict nearly exactly."""
    y, X, W = simulated(5, n=15, t=12, scale=1e-3)
    known, new = long_form(y[:10], X[:10], W), long_form(y, X, W).query("year >= 2010")
    known, new = (each.set_index(["country", "year"]) for each in (known, new))
    result = SpatialPanel(known["y"], known[["x1", "x2"]], W, effects="twoway").fit()
    plain = result.predict(new)
    assert plain.attrs["time_effects_at_mean"] == [2010, 2011]
    # What is off is the same for all units of a period, up to the multiplier: the time effects of the new periods.
    error = (new["y"] - plain).unstack()
    shift = error.mean() * (1.0 - result.params["rho"])
    right = result.predict(new, time_effects=shift.to_dict())
    assert right.attrs["time_effects_at_mean"] == []
    assert float(abs(right - new["y"]).max()) < 0.02
    assert float(abs(shift).max()) > 0.1


def test_predictions_refuse_by_name() -> None:
    result, data = formed("sdm", "twoway")
    X = data[["x1", "x2"]]
    with pytest.raises(InputError, match="kind='magic'"):
        result.predict(kind="magic")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="needs the observed y"):
        result.predict(X, kind="blup")
    with pytest.raises(InputError, match="y is given without X"):
        result.predict(y=data["y"])
    with pytest.raises(InputError, match="lacks the regressors x2"):
        result.predict(X[["x1"]])
    with pytest.raises(LabelError, match="u03"):
        result.predict(X.drop(index="u03", level=0))
    with pytest.raises(LabelError, match="Atlantis"):
        result.predict(X.rename(index={"u03": "Atlantis"}, level=0))
    with pytest.raises(LabelError, match="twice"):
        result.predict(pd.concat([X, X.iloc[:1]]))
    with pytest.raises(InputError, match="estimated already"):
        result.predict(X, time_effects={2001: 0.3})
    with pytest.raises(LabelError, match="2055"):
        result.predict(X, time_effects={2055: 0.3})
    entity = formed("sdm", "entity")[0]
    with pytest.raises(InputError, match="the model has none"):
        entity.predict(X, time_effects={2001: 0.3})


def dummies(effects: str, W: Weights, years: list[int]) -> pd.DataFrame:
    """Effect-coded dummies, whose coefficients sum to zero, on (country, year)."""
    index = pd.MultiIndex.from_product([years, W.ids]).swaplevel().set_names(["country", "year"])
    columns = {}
    if effects in {"entity", "twoway"}:
        for unit in W.ids[:-1]:
            at = index.get_level_values(0)
            columns[f"is_{unit}"] = (at == unit).astype(float) - (at == W.ids[-1])
    if effects in {"time", "twoway"}:
        for year in years[:-1]:
            at = index.get_level_values(1)
            columns[f"in_{year}"] = (at == year).astype(float) - (at == years[-1])
    return pd.DataFrame(columns, index=index)


@pytest.mark.parametrize("effects", ["entity", "time", "twoway"])
@pytest.mark.parametrize("model", MODELS)
def test_fixed_effects_equal_a_regression_with_dummies(model: str, effects: str) -> None:
    """The pooled model with one column an effect has them among its parameters, and their errors in its information.

    With an error term and time effects the dummies of a period are filtered with it, and this is so only where M maps
    constants to constants, as this row-normalised one does.
    """
    result, data = formed(model, effects)
    W, years = result.model.weights, sorted({year for _, year in data.index})
    columns = data[["x1", "x2"]].join(dummies(effects, W, years))
    without = [name for name in columns if name not in ("x1", "x2")]
    pooled = SpatialPanel(
        data["y"],
        columns,
        W,
        model=model,
        effects="none",
        not_lagged=without if result.model.features.durbin else (),
    ).fit()
    assert pooled.loglik == pytest.approx(result.loglik, rel=1e-9)
    want = {("constant", "constant"): "Intercept"}
    if effects in {"entity", "twoway"}:
        want |= {("entity", unit): f"is_{unit}" for unit in W.ids[:-1]}
    if effects in {"time", "twoway"}:
        want |= {("time", year): f"in_{year}" for year in years[:-1]}
    got = result.fixed_effects().loc[list(want)]
    np.testing.assert_allclose(got["estimate"], pooled.params[list(want.values())], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(got["std_error"], pooled.std_errors[list(want.values())], rtol=1e-5)


def test_fixed_effects_equal_linear_regression_on_munnell() -> None:
    """Without spatial parameters the direct likelihood is least squares with dummies."""
    import statsmodels.api as sm

    result = fitted("slx", "entity", "direct")
    data = frame()
    X = pd.DataFrame(
        result.model.design.X.reshape(-1, len(result.model.design.names)), columns=list(result.model.design.names)
    )
    units = np.tile(result.model.weights.ids, len(result.model.data.times))
    own = pd.get_dummies(units, dtype=float)
    own = own[list(result.model.weights.ids)]
    ols = sm.OLS(result.model.data.y.ravel(), np.column_stack([own, X])).fit()
    raw = ols.params[:48]
    got = result.fixed_effects()
    np.testing.assert_allclose(got.loc["entity", "estimate"], raw - raw.mean(), rtol=1e-7, atol=1e-9)
    scale = np.sqrt(result.sigma2 / ols.scale)
    contrast = np.eye(48) - 1.0 / 48
    want = np.sqrt(np.diag(contrast @ ols.cov_params()[:48, :48] @ contrast)) * scale
    np.testing.assert_allclose(got.loc["entity", "std_error"], want, rtol=1e-7)
    assert len(data) == result.nobs


@pytest.mark.parametrize("model", ["sar", "sem", "sdm", "sac"])
def test_intercept_equals_spatialreg(model: str) -> None:
    """spatialreg's constant beside dummies of states is the effect of the state left out: constant plus effect."""
    rows = golden("spatialreg_stacked_golden")
    rows = rows[(rows["model"] == model) & (rows["effect"] == "individual") & (rows["term"] == "Intercept")]
    want = float(rows["estimate"].iloc[0])
    result = fitted(model, "entity", "direct")
    got = result.constant + result.entity_effects
    assert float(abs(got - want).min()) < 2e-4 * abs(want)


def test_lee_yu_effects_are_the_same_with_its_own_variance() -> None:
    """With entity effects the two likelihoods differ in sigma2 by T / (T - 1), and so do all variances."""
    direct, lee_yu = fitted("sdm", "entity", "direct"), fitted("sdm", "entity", "lee-yu")
    one, two = direct.fixed_effects(), lee_yu.fixed_effects()
    np.testing.assert_allclose(one["estimate"], two["estimate"], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(two["std_error"] / one["std_error"], np.sqrt(17 / 16), rtol=1e-5)


def test_lee_yu_errors_of_effects_cover() -> None:
    """A short panel, two-way: 95 % intervals of entity and time effects hold the truth nearly as often."""
    inside, count, W = 0, 0, simulated(0)[2]
    dense = W.dense()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        mu, alpha = rng.normal(size=20), rng.normal(size=(6, 1))
        X = rng.normal(size=(6, 20, 1))
        rest = X[:, :, 0] + mu + alpha + 0.5 * rng.normal(size=(6, 20))
        y = np.linalg.solve(np.eye(20) - 0.4 * dense, rest.T).T
        found = SpatialPanel.from_arrays(y, X, W, model="sar").fit().fixed_effects()
        truth = np.concatenate([mu - mu.mean(), (alpha - alpha.mean())[:, 0]])
        part = found.drop(index="constant", level=0)
        inside += int(((part["lower"] < truth) & (truth < part["upper"])).sum())
        count += len(truth)
    assert 0.92 < inside / count < 0.97


def test_no_fixed_effects_no_frame() -> None:
    with pytest.raises(InputError, match="effects='none'"):
        fitted("sar", "none", "direct").fixed_effects()
    assert REGRESSORS
