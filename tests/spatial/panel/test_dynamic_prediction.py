"""Predictions of dynamic panels: against a recursion cell by cell, the static predictions, and a world that goes on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.spatial.panel import DynamicSpatialPanel, SpatialPanel
from gvcpos.spatial.panel.dynamics.results import DynamicResults
from tests.spatial.panel.dynamics import Truth, dynamic_panel, made

MODELS = ["slx", "sar", "sem", "sdm", "sdem", "sac", "gns"]
INDEX = ["country", "year"]


def world(seed: int = 4, n: int = 13, t: int = 12) -> pd.DataFrame:
    """Rows in no order, years 2000 to 2012."""
    W = made(n, 2)
    y, X = dynamic_panel(np.random.default_rng(seed), W, t, Truth())
    columns = {"country": np.tile(W.ids, t + 1), "year": np.repeat(np.arange(2000, 2001 + t), n)}
    return pd.DataFrame(columns | {"y": y.ravel(), "x": X.ravel()}).set_index(INDEX).sample(frac=1.0, random_state=seed)


def years(data: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    return data[data.index.get_level_values("year").to_series().between(first, last).to_numpy()]


def fitted(data: pd.DataFrame, model: str = "sdm", effects: str = "twoway", **options: object) -> DynamicResults:
    early = years(data, 2000, 2008)
    return DynamicSpatialPanel(early["y"], early[["x"]], made(13, 2), model=model, effects=effects, **options).fit(
        correction="none"
    )  # type: ignore[arg-type]


def brute(
    result: DynamicResults, x: pd.Series, before: dict[int, pd.Series], start: pd.Series, *, feedback: bool = True
) -> dict[tuple[str, int], float]:
    """Predictions cell by cell; y of the year before is `before[year]`, or the last prediction where it has no year."""
    p, ids = result.params.to_dict(), list(result.model.weights.ids)
    W, n, values = result.model.weights.dense(), len(ids), x.to_dict()
    table = {} if result.model.effects == "none" else result.fixed_effects()["estimate"].to_dict()
    inverse = np.linalg.inv(np.eye(n) - p.get("rho", 0.0) * W) if feedback else np.eye(n)
    out, last = {}, start[ids].to_numpy()
    for year in sorted(set(x.index.get_level_values("year"))):
        last = before[year][ids].to_numpy() if year in before else last
        signal = np.zeros(n)
        for i, unit in enumerate(ids):
            signal[i] = p.get("Intercept", 0.0) + table.get(("constant", "constant"), 0.0)
            signal[i] += table.get(("entity", unit), 0.0) + table.get(("time", year), 0.0)
            signal[i] += p["x"] * values[unit, year] + p.get("tau", 0.0) * last[i]
            for j, other in enumerate(ids):
                signal[i] += W[i, j] * (p.get("W*x", 0.0) * values[other, year] + p.get("eta", 0.0) * last[j])
        last = inverse @ signal
        out |= {(unit, year): last[i] for i, unit in enumerate(ids)}
    return out


def equal(got: pd.Series, want: dict[tuple[str, int], float]) -> None:
    assert set(got.index) == set(want)
    np.testing.assert_allclose(got, [want[row] for row in got.index], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("effects", ["none", "entity", "time", "twoway"])
@pytest.mark.parametrize("model", ["sdm", "slx", "sac"])
def test_sample_equals_brute_force(model: str, effects: str) -> None:
    data = world()
    result = fitted(data, model, effects)
    x, y = years(data, 2001, 2008)["x"], data["y"]
    start, observed = y.xs(2000, level="year"), {year: y.xs(year - 1, level="year") for year in range(2001, 2009)}
    equal(result.predict(), brute(result, x, observed, start))
    equal(result.predict(kind="signal"), brute(result, x, observed, start, feedback=False))
    equal(result.predict(recursive=True), brute(result, x, {}, start))
    equal(result.predict(kind="signal", recursive=True), brute(result, x, {}, start, feedback=False))
    assert result.predict().attrs["start"] is None
    assert result.predict(recursive=True).attrs["start"] == 2000


@pytest.mark.parametrize("model", MODELS)
def test_given_the_neighbours_it_is_the_fit(model: str) -> None:
    result = fitted(world(), model)
    np.testing.assert_allclose(result.predict(kind="in-sample"), result.fitted, rtol=1e-9, atol=1e-10)
    p, W = result.params, result.model.weights.dense()
    A, B = np.eye(13) - p.get("rho", 0.0) * W, np.eye(13) - p.get("lambda", 0.0) * W
    Q = A.T @ B.T @ B @ A
    ids = list(result.model.weights.ids)
    y, mean = (one.unstack(0)[ids].to_numpy() for one in (result.fitted + result.resids, result.predict()))
    want = y - (y - mean) @ Q / np.diag(Q)
    np.testing.assert_allclose(result.predict(kind="blup").unstack(0)[ids], want, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("feedback", [True, False])
@pytest.mark.parametrize(("first", "last"), [(2009, 2012), (2009, 2009), (2007, 2011), (2003, 2005)])
def test_new_rows_equal_brute_force(first: int, last: int, feedback: bool) -> None:
    data = world()
    result = fitted(data)
    new = years(data, first, last)
    known = {year: 0.1 * (year - 2010) for year in range(max(first, 2009), last)}  # the last stays at the mean
    kind = "reduced" if feedback else "signal"
    got = result.predict(new[["x"]], kind=kind, time_effects=known)  # type: ignore[arg-type]
    assert list(got.index) == list(new.index)
    table = result.fixed_effects()
    labels = pd.MultiIndex.from_arrays([["time"] * len(known), list(known)])
    extra = pd.DataFrame({"estimate": list(known.values())}, index=labels)
    result.fixed_effects = lambda: pd.concat([table, extra])  # type: ignore[method-assign, assignment]
    start = data["y"].xs(first - 1, level="year")
    equal(got, brute(result, new["x"], {}, start, feedback=feedback))
    assert got.attrs["start"] == first - 1
    assert got.attrs["time_effects_at_mean"] == ([last] if last > 2008 else [])
    observed = {year: data["y"].xs(year - 1, level="year") for year in range(first, last + 1)}
    ahead = result.predict(new[["x"]], kind=kind, y=new["y"], time_effects=known)  # type: ignore[arg-type]
    equal(ahead, brute(result, new["x"], observed, start, feedback=feedback))
    again = result.predict(new[["x"]], kind=kind, y=new["y"], time_effects=known, recursive=True)  # type: ignore[arg-type]
    pd.testing.assert_series_equal(again, got)


@pytest.mark.parametrize("model", ["sdm", "sac", "slx"])
@pytest.mark.parametrize("effects", ["entity", "twoway"])
def test_without_a_past_predictions_are_static(model: str, effects: str) -> None:
    """tau = eta = 0: left out of the model, and imposed on the estimate of a world without dynamics."""
    W = made(13, 2)
    y, X = dynamic_panel(np.random.default_rng(8), W, 10, Truth(tau=0.0, eta=0.0))
    names = {"times": list(range(2000, 2011)), "names": ["x"]}
    options = {"model": model, "effects": effects, "method": "direct"}
    static = SpatialPanel.from_arrays(y[1:], X[1:], W, times=names["times"][1:], names=["x"], **options).fit()  # type: ignore[arg-type]
    dynamic = DynamicSpatialPanel.from_arrays(y, X, W, dynamic="none", **names, **options).fit(correction="none")  # type: ignore[arg-type]
    index = pd.MultiIndex.from_product([W.ids, [2011, 2012]], names=["entity", "time"])
    new = pd.DataFrame({"x": np.random.default_rng(9).normal(size=26)}, index=index)
    for kind in ("reduced", "signal"):
        np.testing.assert_allclose(dynamic.predict(kind=kind), static.predict(kind=kind), rtol=1e-9)  # type: ignore[arg-type]
        np.testing.assert_allclose(dynamic.predict(new, kind=kind), static.predict(new, kind=kind), rtol=1e-9)  # type: ignore[arg-type]
        np.testing.assert_allclose(dynamic.predict(kind=kind, recursive=True), dynamic.predict(kind=kind), rtol=1e-12)  # type: ignore[arg-type]
    free = DynamicSpatialPanel.from_arrays(y, X, W, **names, **options).fit(correction="none")  # type: ignore[arg-type]
    beta = np.append(static.estimate.beta, [0.0, 0.0])
    estimate = replace(free.estimate, beta=beta, spatial=static.estimate.spatial)
    imposed = DynamicResults(free.model, estimate, free.how, free.uncorrected)
    for kind in ("reduced", "signal"):
        np.testing.assert_allclose(imposed.predict(new, kind=kind), static.predict(new, kind=kind), rtol=1e-9)  # type: ignore[arg-type]
        np.testing.assert_allclose(imposed.predict(kind=kind, recursive=True), static.predict(kind=kind), rtol=1e-9)  # type: ignore[arg-type]
    for kind in ("in-sample", "blup"):
        np.testing.assert_allclose(dynamic.predict(kind=kind), static.predict(kind=kind), rtol=1e-8, atol=1e-9)  # type: ignore[arg-type]


def test_a_world_that_goes_on_is_foreseen() -> None:
    """Almost without noise the path of four years is the future; the signal without feedback is not."""
    W, truth, rng = made(15, 2), Truth(), np.random.default_rng(11)
    inverse, mu = np.linalg.inv(np.eye(15) - truth.rho * W.dense()), rng.normal(size=15)
    x, y = rng.normal(size=(30, 15)) + 0.5 * mu, np.zeros((30, 15))
    for t in range(1, 30):
        lagged = truth.tau * y[t - 1] + truth.eta * W.dense() @ y[t - 1]
        push = truth.beta * x[t] + truth.theta * W.dense() @ x[t] + mu + 1e-4 * rng.normal(size=15)
        y[t] = inverse @ (lagged + push)
    result = DynamicSpatialPanel.from_arrays(y[10:26], x[10:26, :, None], W, effects="entity", names=["x"]).fit()
    index = pd.MultiIndex.from_product([range(16, 20), W.ids], names=["time", "entity"]).swaplevel()
    new = pd.DataFrame({"x": x[26:].ravel()}, index=index)
    np.testing.assert_allclose(result.predict(new).to_numpy().reshape(4, 15), y[26:], atol=2e-3)
    assert np.abs(result.predict(new, kind="signal").to_numpy().reshape(4, 15) - y[26:]).max() > 0.1


def test_what_cannot_be_predicted_is_refused() -> None:
    data = world()
    result = fitted(data)
    new = years(data, 2009, 2011)
    with pytest.raises(InputError, match="2010 follows 2008"):
        result.predict(years(data, 2010, 2011)[["x"]])
    with pytest.raises(InputError, match="periods 2000, 2001"):
        result.predict(years(data, 2000, 2001)[["x"]])
    with pytest.raises(InputError, match="follow each other"):
        result.predict(pd.concat([years(data, 2003, 2004), years(data, 2006, 2007)])[["x"]])
    with pytest.raises(InputError, match="needs the observed y"):
        result.predict(new[["x"]], kind="blup")
    with pytest.raises(InputError, match="leave recursive out"):
        result.predict(kind="in-sample", recursive=True)
    with pytest.raises(InputError, match="without X"):
        result.predict(y=new["y"])
    with pytest.raises(InputError, match="lacks the regressors x"):
        result.predict(new[["y"]])
    with pytest.raises(LabelError, match="u03"):
        result.predict(new[["x"]].drop("u03", level="country"))
    with pytest.raises(InputError, match="estimated already"):
        result.predict(new[["x"]], time_effects={2008: 0.0})
    with pytest.raises(InputError, match="kind='best'"):
        result.predict(kind="best")  # type: ignore[arg-type]
