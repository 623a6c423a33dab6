"""Effects of dynamic panels by order and by unit, and their fixed effects, against dense matrices and dummies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import EstimationError, InputError, LabelError, StabilityWarning
from gvcpos.spatial.panel import DynamicSpatialPanel
from gvcpos.spatial.panel.dynamics.results import DynamicResults
from tests.spatial.panel.dynamics import Truth, dynamic_panel, made
from tests.spatial.panel.test_dynamic import panel

CASES = [("sdm", "space-time"), ("sar", "time"), ("slx", "time"), ("sdem", "space-time"), ("gns", "space-time")]


def fitted(model: str, dynamic: str = "space-time") -> DynamicResults:
    own = made(12, 3) if model == "gns" else None
    return panel(model=model, dynamic=dynamic, x_weights=own).fit()


def dense(result: DynamicResults, horizon: str) -> np.ndarray:
    """The whole matrix of effects of x1, by its definition."""
    p, W = result.params, result.model.weights.dense()
    V = result.model.design.variables[0].weights.dense()
    tau, eta, rho = (p.get(name, 0.0) for name in ("tau", "eta", "rho"))
    left = (1.0 - tau) * np.eye(len(W)) - (rho + eta) * W if horizon == "long" else np.eye(len(W)) - rho * W
    return np.linalg.solve(left, p["x1"] * np.eye(len(W)) + p.get("W*x1", 0.0) * V)


def numerical_errors(result: DynamicResults, ask: Callable[[DynamicResults], np.ndarray]) -> np.ndarray:
    """Delta errors by central differences over all parameters."""
    k, at = len(result.estimate.beta), result.params.to_numpy(float)

    def moved(values: np.ndarray) -> np.ndarray:
        spatial = dict(zip(result.estimate.spatial, values[k:].tolist(), strict=True))
        estimate = replace(result.estimate, beta=values[:k], spatial=spatial)
        return ask(DynamicResults(result.model, estimate, result.how, result.uncorrected))

    steps = 1e-6 * np.eye(len(at))
    J = np.stack([(moved(at + step) - moved(at - step)) / 2e-6 for step in steps], axis=-1)
    return np.sqrt(np.einsum("...i,ij,...j->...", J, result.cov.to_numpy(float), J))


@pytest.mark.parametrize(("model", "dynamic"), CASES)
def test_orders_sum_to_the_effects_and_are_powers(model: str, dynamic: str) -> None:
    result = fitted(model, dynamic)
    orders, whole = result.effects_by_order(3), result.effects()
    parts = orders.drop(index="all", level="order")["estimate"].groupby(level=[0, 1, 2], sort=False).sum()
    np.testing.assert_allclose(parts, whole["estimate"], rtol=1e-10, atol=1e-14)
    every = orders.xs("all", level="order")
    for column in ("estimate", "std_error", "pvalue"):
        np.testing.assert_allclose(every[column], whole[column], rtol=1e-9, atol=1e-14)
    p, W = result.params, result.model.weights.dense()
    V = result.model.design.variables[0].weights.dense()
    tau, eta, rho = (p.get(name, 0.0) for name in ("tau", "eta", "rho"))
    for horizon, r, c in (("short", rho, 1.0), ("long", (rho + eta) / (1.0 - tau), 1.0 - tau)):
        for q in range(4):
            power = r**q * p["x1"] * np.linalg.matrix_power(W, q)
            if q:
                power = power + r ** (q - 1) * p.get("W*x1", 0.0) * np.linalg.matrix_power(W, q - 1) @ V
            got = orders.loc[(horizon, slice(None), "x1", str(q)), "estimate"].to_numpy()
            direct, total = np.trace(power) / len(W) / c, power.sum() / len(W) / c
            np.testing.assert_allclose(got, [direct, total - direct, total], rtol=1e-10, atol=1e-14)
    want = numerical_errors(result, lambda one: one.effects_by_order(3)["estimate"].to_numpy())
    np.testing.assert_allclose(orders["std_error"], want, rtol=2e-5, atol=1e-8)


@pytest.mark.parametrize(("model", "dynamic"), CASES)
def test_units_are_the_matrix_and_average_to_the_effects(model: str, dynamic: str) -> None:
    result = fitted(model, dynamic)
    units, whole = result.unit_effects("x1"), result.effects()["estimate"]
    ids = list(result.model.weights.ids)
    for horizon in ("short", "long"):
        S = dense(result, horizon)
        off = S - np.diag(np.diag(S))
        want = np.concatenate([np.diag(S), off.sum(axis=1), off.sum(axis=0)])
        np.testing.assert_allclose(units.loc[horizon, "estimate"], want, rtol=1e-10, atol=1e-13)
        means = units.loc[horizon, "estimate"].groupby(level="effect", sort=False).mean()
        average = whole.loc[horizon].xs("x1", level="variable")
        np.testing.assert_allclose(means, average[["direct", "indirect", "indirect"]], rtol=1e-10)
        matrix = result.effects_by_unit("x1", horizon=horizon)  # type: ignore[arg-type]
        np.testing.assert_allclose(matrix.loc[horizon], S, rtol=1e-10, atol=1e-13)
        some = result.effects_by_unit("x1", horizon=horizon, rows=ids[3:5], columns=ids[:2])  # type: ignore[arg-type]
        np.testing.assert_allclose(some.loc[horizon], S[3:5, :2], rtol=1e-10, atol=1e-13)
        top = result.effects_by_unit("x1", horizon=horizon, top=3).loc[horizon]  # type: ignore[arg-type]
        np.testing.assert_allclose(top["effect"].abs(), np.sort(np.abs(off).ravel())[::-1][:3], rtol=1e-10)
    want = numerical_errors(result, lambda one: one.unit_effects("x1")["estimate"].to_numpy())
    np.testing.assert_allclose(units["std_error"], want, rtol=2e-5, atol=1e-8)


def test_without_a_past_both_horizons_are_the_static_effects() -> None:
    result = fitted("sdm", "none")
    for frame in (result.effects_by_order(2), result.unit_effects("x1"), result.effects_by_unit("x1")):
        np.testing.assert_allclose(frame.loc["long"], frame.loc["short"], rtol=1e-12)


def test_what_has_no_long_run_is_refused() -> None:
    W = made(20, 2)
    y, X = dynamic_panel(np.random.default_rng(2), W, 12, Truth(tau=0.5, eta=0.0, rho=0.2))
    y = y + 1.3 ** np.arange(13)[:, None] * (1.0 + 0.3 * np.random.default_rng(3).normal(size=20))
    with pytest.warns(StabilityWarning):
        result = DynamicSpatialPanel.from_arrays(y, X, W, effects="entity").fit(correction="none")
    for ask in (result.effects_by_order, lambda: result.unit_effects("x1"), lambda: result.effects_by_unit("x1")):
        with pytest.raises(EstimationError, match="long-run effects do not exist"):
            ask()
    assert set(result.unit_effects("x1", horizon="short").index.levels[0]) == {"short"}
    with pytest.raises(LabelError, match="x9"):
        result.unit_effects("x9", horizon="short")
    with pytest.raises(InputError, match="horizon='now'"):
        result.effects_by_order(horizon="now")  # type: ignore[arg-type]


@pytest.mark.parametrize("effects", ["entity", "twoway"])
def test_fixed_effects_are_a_regression_with_dummies(effects: str) -> None:
    """Without rho the likelihood is least squares, whose dummies have known variances."""
    model = panel(model="slx", effects=effects, method="direct")
    result = model.fit(correction="none")
    t, X = model.transformation, model.design.X
    n, T = t.units, t.periods
    units = np.kron(np.ones((T, 1)), np.vstack([np.eye(n - 1), -np.ones(n - 1)]))
    years = np.kron(np.vstack([np.eye(T - 1), -np.ones(T - 1)]), np.ones((n, 1)))
    dummies = [np.ones((n * T, 1)), units] + [years] * (effects == "twoway")
    Z = np.hstack([X.reshape(n * T, -1), *dummies])
    found = np.linalg.lstsq(Z, model.data.y.ravel(), rcond=None)[0]
    cov = result.sigma2 * np.linalg.inv(Z.T @ Z)
    k = X.shape[2]
    maps = [np.eye(1), np.vstack([np.eye(n - 1), -np.ones(n - 1)]), np.vstack([np.eye(T - 1), -np.ones(T - 1)])]
    frame, start = result.fixed_effects(), k
    for kind, L in zip(("constant", "entity", "time")[: len(dummies)], maps, strict=False):
        part = slice(start, start + L.shape[1])
        np.testing.assert_allclose(frame.loc[kind, "estimate"], L @ found[part], rtol=1e-8, atol=1e-10)
        errors = np.sqrt(np.diag(L @ cov[part, part] @ L.T))
        np.testing.assert_allclose(frame.loc[kind, "std_error"], errors, rtol=1e-8)
        start += L.shape[1]
    assert set(frame.index.get_level_values("kind")) == {"constant", "entity", "time"} - (
        {"time"} if effects == "entity" else set()
    )


def test_errors_of_fixed_effects_cover() -> None:
    W, truth, rng = made(20), Truth(), np.random.default_rng(7)
    dense_W, draws, T = W.dense(), 40, 20
    mu = rng.normal(size=20)
    mu -= mu.mean()
    inverse, z = np.linalg.inv(np.eye(20) - truth.rho * dense_W), []
    for _ in range(draws):
        x = rng.normal(size=(T + 41, 20)) + 0.5 * mu
        push = truth.beta * x + truth.theta * x @ dense_W.T + mu + rng.normal(size=x.shape)
        y = np.zeros_like(x)
        for s in range(1, len(x)):
            y[s] = inverse @ (truth.tau * y[s - 1] + truth.eta * dense_W @ y[s - 1] + push[s])
        model = DynamicSpatialPanel.from_arrays(y[40:], x[40:, :, None], W, effects="entity")
        frame = model.fit(correction="finite").fixed_effects()
        z.append((frame.loc["entity", "estimate"].to_numpy() - mu) / frame.loc["entity", "std_error"].to_numpy())
    found = np.array(z)
    assert np.abs(found).max() < 6.0
    assert abs(found.std() - 1.0) < 0.08
    assert abs((np.abs(found) < 1.96).mean() - 0.95) < 0.025


def test_frames_carry_their_labels() -> None:
    result = fitted("sdm")
    assert list(result.effects_by_order(2).index.names) == ["horizon", "effect", "variable", "order"]
    assert list(result.unit_effects("x1").index.names) == ["horizon", "effect", "entity"]
    assert list(result.fixed_effects().index.names) == ["kind", "label"]
    assert isinstance(result.effects_by_unit("x1").columns, pd.Index)
    with pytest.raises(InputError, match="no fixed effects"):
        panel(effects="none").fit().fixed_effects()
