"""Direct, indirect and total effects: against the oracle, by brute force, by simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import BoundaryWarning, InputError, LabelError
from gvcpos.spatial.panel import SpatialPanel, SpatialPanelResults
from gvcpos.spatial.panel.impacts import effect_points, partition
from gvcpos.spatial.panel.impacts import gradients as impacts
from gvcpos.spatial.panel.impacts.averages import averages
from gvcpos.spatial.panel.ml.logdet import spectrum
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import EFFECTS, MODELS, fitted, golden, simulated


def as_golden(table: pd.DataFrame, column: str) -> pd.Series:
    """Split 'direct:lpc' into the index of an effects frame."""
    parts = table["term"].str.split(":", n=1, expand=True)
    return pd.Series(table[column].to_numpy(float), index=pd.MultiIndex.from_arrays([parts[0], parts[1]]))


@pytest.mark.parametrize("method", ["direct", "lee-yu"])
@pytest.mark.parametrize("effects", list(EFFECTS))
@pytest.mark.parametrize("model", ["sar", "sdm"])
def test_points_equal_oracle(model: str, effects: str, method: str) -> None:
    table = golden("oracle_exact")
    kind = "LY" if method == "lee-yu" and effects != "none" else "QW"
    rows = table[(table["model"] == model) & (table["effect"] == EFFECTS[effects]) & (table["variant"] == kind)]
    want = as_golden(rows[rows["kind"].str.startswith("impact")], "estimate")
    got = fitted(model, effects, method).effects()["estimate"]
    np.testing.assert_allclose(got, want[got.index], rtol=2e-6, atol=1e-9)


@pytest.mark.parametrize("effects", list(EFFECTS))
@pytest.mark.parametrize("model", ["sar", "sdm"])
def test_errors_agree_with_spatialreg_draws(model: str, effects: str) -> None:
    """Its standard errors come from 1000 draws: four Monte-Carlo errors of a standard deviation are 9 %."""
    table = golden("spatialreg_stacked_golden")
    rows = table[(table["model"] == model) & (table["effect"] == EFFECTS[effects]) & (table["kind"] == "impact")]
    want = as_golden(rows, "std_error")
    result = fitted(model, effects, "direct")
    drawn = result.effects("simulation", draws=4000, seed=7)
    for got in (result.effects(), drawn):
        np.testing.assert_allclose(got["std_error"], want[got.index], rtol=0.11)
    np.testing.assert_allclose(drawn["estimate"], as_golden(rows, "estimate")[drawn.index], rtol=2e-5, atol=1e-7)


def brute_force(result: SpatialPanelResults, params: pd.Series) -> np.ndarray:
    """Effects from the N x N matrix of partial derivatives; shape (3, k)."""
    W = result.model.weights.dense()
    n = len(W)
    inverse = np.linalg.inv(np.eye(n) - params.get("rho", 0.0) * W)
    out = []
    for name in result.model.data.names:
        S = inverse @ (params[name] * np.eye(n) + params.get(f"W*{name}", 0.0) * W)
        direct, total = np.trace(S) / n, S.sum() / n
        out.append([direct, total - direct, total])
    return np.array(out).T


@pytest.mark.parametrize("row_normalised", [True, False])
@pytest.mark.parametrize("model", MODELS)
def test_delta_errors_equal_numerical_derivatives(model: str, row_normalised: bool) -> None:
    y, X, W = simulated(3, n=15)
    if not row_normalised:
        W = Weights.from_dense(W.ids, W.dense() * np.linspace(0.5, 1.3, W.n)[:, None])
    result = SpatialPanel.from_arrays(y, X, W, model=model, effects="entity").fit()
    got = result.effects()
    params = result.params
    base = brute_force(result, params)
    np.testing.assert_allclose(got["estimate"].to_numpy().reshape(3, -1), base, rtol=1e-10, atol=1e-12)
    gradient = []
    for name in params.index:
        step = pd.Series(0.0, index=params.index)
        step[name] = 1e-5
        gradient.append((brute_force(result, params + step) - brute_force(result, params - step)) / 2e-5)
    J = np.array(gradient).reshape(len(params), -1)
    want = np.sqrt(np.einsum("pe,pq,qe->e", J, result.cov.to_numpy(), J))
    np.testing.assert_allclose(got["std_error"], want, rtol=1e-6, atol=1e-9)


def test_simulation_is_seeded_and_reports() -> None:
    result = fitted("sdm", "twoway", "lee-yu")
    one, two = (result.effects("simulation", draws=500, seed=5) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    assert one.attrs["rejected"] == 0
    assert not one.equals(result.effects("simulation", draws=500, seed=6))


def test_simulated_pvalues_count_draws() -> None:
    """From the draws alone: a tail as heavy as one likes moves the deviation and leaves the p-value."""
    drawn = np.random.default_rng(0).normal(2.0, 1.0, (1999, 1))
    below = int((drawn <= 0).sum())
    assert impacts.sign_pvalues(drawn)[0] == 2 * (1 + below) / 2000
    heavy = drawn.copy()
    heavy[drawn.argmax()] = 1e6
    assert heavy.std() > 1000 * drawn.std()
    assert impacts.sign_pvalues(heavy)[0] == impacts.sign_pvalues(drawn)[0]
    assert impacts.sign_pvalues(-drawn)[0] == impacts.sign_pvalues(drawn)[0]
    assert impacts.sign_pvalues(np.zeros((9, 2))).tolist() == [1.0, 1.0]


def test_simulated_and_delta_pvalues_agree_where_effects_are_nearly_normal() -> None:
    result = fitted("sdm", "twoway", "lee-yu")
    delta, drawn = result.effects(), result.effects("simulation", draws=4000, seed=3)
    np.testing.assert_allclose(drawn["pvalue"], delta["pvalue"], atol=0.06)
    assert drawn["tstat"].isna().all()
    outside = (drawn["lower"] > 0) | (drawn["upper"] < 0)
    assert ((drawn["pvalue"] < 0.05) == outside).all()  # interval and p-value are one statement


def test_a_multiplier_near_one_does_not_hide_an_effect() -> None:
    """rho 0.8 with an error that reaches 1: the deviation explodes, the p-value and the interval do not."""
    y, X, W = simulated(0, n=6, t=2, rho=0.8, scale=2.0)
    result = SpatialPanel.from_arrays(y, X, W, model="sar", effects="none").fit()
    with pytest.warns(BoundaryWarning):
        drawn = result.effects("simulation", draws=2000, seed=1).loc["total"]
    wide = (drawn["upper"] - drawn["lower"]) / (2 * 1.96)
    assert (drawn["std_error"] > 1.5 * wide).all()
    outside = (drawn["lower"] > 0) | (drawn["upper"] < 0)
    assert ((drawn["pvalue"] < 0.05) == outside).all()


def test_draws_outside_the_interval_are_counted() -> None:
    """A rho near 1 with a wide error: some draws have no multiplier."""
    y, X, W = simulated(0, n=6, t=2, rho=0.8, scale=2.0)
    result = SpatialPanel.from_arrays(y, X, W, model="sar", effects="none").fit()
    with pytest.warns(BoundaryWarning, match="of 2000 draws") as record:
        frame = result.effects("simulation", draws=2000, seed=1)
    rejected = frame.attrs["rejected"]
    z = (1.0 - result.params["rho"]) / result.std_errors["rho"]
    assert rejected > 20
    assert f"{rejected} of 2000" in str(record[0].message)
    assert z < 2.5  # the case is what it claims to be


def test_refuses_too_few_draws_and_odd_levels() -> None:
    result = fitted("sar", "entity", "lee-yu")
    with pytest.raises(InputError, match="draws=1"):
        result.effects("simulation", draws=1)
    with pytest.raises(InputError, match="level=95"):
        result.effects(level=95)
    with pytest.raises(InputError, match="errors='bootstrap'"):
        result.effects("bootstrap")  # type: ignore[arg-type]


def elhorst(model: str, effects: str) -> pd.DataFrame:
    table = golden("elhorst_matlab_golden")
    return table[(table["model"] == model) & (table["effect"] == EFFECTS[effects]) & (table["kind"] == "impact")]


@pytest.mark.parametrize("effects", ["none", "entity"])
@pytest.mark.parametrize("model", ["sar", "sdm"])
def test_points_agree_with_elhorst(model: str, effects: str) -> None:
    """His effects are means of draws: within four Monte-Carlo errors of ours, where his likelihood is right."""
    rows = elhorst(model, effects)
    rows = rows[rows["leeyu"].astype(str).isin(["0", "nan"])]
    if rows.empty:
        pytest.skip("no such effects among the golden results")
    rows = rows.drop_duplicates("term")
    want, statistic = as_golden(rows, "estimate"), as_golden(rows, "statistic")
    got = fitted(model, effects, "direct").effects().loc[want.index]
    draws = 1000
    error = (want / statistic).abs() / np.sqrt(draws)
    assert (abs(got["estimate"] - want) < 4.5 * error + 1e-6).all()


@pytest.mark.parametrize("model", ["sar", "sdm", "sac"])
def test_delta_and_simulation_agree_within_monte_carlo_error(model: str) -> None:
    frame = fitted(model, "entity", "lee-yu").effects("both", draws=4000, seed=11)
    assert (frame["std_error_delta"] > 0).all()
    # Effects are smooth, not linear, in rho: the deviation of draws is a little larger, by a share of a percent.
    close = abs(frame["std_error_simulation"] / frame["std_error_delta"] - 1.0) < 0.02
    assert ((abs(frame["gap"]) < 4.0) | close).all()
    assert (abs(frame["lower_delta"] - frame["lower_simulation"]) < 0.6 * frame["std_error_delta"]).all()


def test_the_gap_tells_where_delta_errors_are_too_small() -> None:
    """In the GNS rho is badly known; total effects, a multiple of 1 / (1 - rho), have the wider tails of the draws."""
    frame = fitted("gns", "entity", "lee-yu").effects("both", draws=4000, seed=11).loc["total"]
    assert (frame["gap"].abs() > 3.0).any()
    assert (frame["std_error_simulation"] > 1.05 * frame["std_error_delta"]).any()


def test_both_are_the_two_frames() -> None:
    result = fitted("sdm", "twoway", "lee-yu")
    both = result.effects("both", draws=300, seed=2)
    pd.testing.assert_series_equal(both["std_error_delta"], result.effects()["std_error"], check_names=False)
    drawn = result.effects("simulation", draws=300, seed=2)
    for name in ("std_error", "lower", "upper", "pvalue"):
        pd.testing.assert_series_equal(both[f"{name}_simulation"], drawn[name], check_names=False)


def test_quantiles_are_those_of_numpy() -> None:
    result = fitted("sar", "entity", "lee-yu")
    drawn = result.effects("simulation", draws=777, seed=4, level=0.9)
    mean, covariance = effect_points.parameters(result)
    sample = impacts.simulate(mean, covariance, 777, 4, result.model.spectrum.interval)
    want = np.quantile(effect_points.points(result, sample), [0.05, 0.95], axis=0)
    np.testing.assert_allclose(drawn[["lower", "upper"]].to_numpy().T.reshape(want.shape), want, rtol=1e-12)


def odd_weights(n: int) -> Weights:
    """Weights that are neither row-normalised nor symmetric."""
    W = simulated(3, n=n)[2]
    return Weights.from_dense(W.ids, W.dense() * np.linspace(0.5, 1.3, n)[:, None])


@pytest.mark.parametrize("own_lag", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_orders_are_powers_of_the_matrix(model: str, own_lag: bool) -> None:
    y, X, _ = simulated(3, n=15)
    W = odd_weights(15)
    V = Weights.from_dense(W.ids, np.roll(np.eye(15), 2, axis=1)) if own_lag else None
    result = SpatialPanel.from_arrays(y, X, W, model=model, effects="entity", x_weights=V).fit()
    frame = result.effects_by_order(5)
    dense, p = W.dense(), result.params
    other = dense if V is None else V.dense()
    rho = p.get("rho", 0.0)
    for name in ("x1", "x2"):
        for q in range(6):
            S = p[name] * rho**q * np.linalg.matrix_power(dense, q)
            if q:
                S = S + p.get(f"W*{name}", 0.0) * rho ** (q - 1) * np.linalg.matrix_power(dense, q - 1) @ other
            got = frame["estimate"].xs((name, str(q)), level=("variable", "order"))
            direct, total = np.trace(S) / 15, S.sum() / 15
            np.testing.assert_allclose(
                got[["direct", "indirect", "total"]], [direct, total - direct, total], atol=1e-13
            )
    whole = result.effects("delta")
    parts = frame.xs("all", level="order").loc[whole.index]
    pd.testing.assert_frame_equal(parts, whole, check_names=False)
    by_part = frame["estimate"].unstack("order")
    np.testing.assert_allclose(by_part.drop(columns="all").sum(axis=1), by_part["all"], rtol=1e-12, atol=1e-15)


def test_errors_of_orders_equal_numerical_derivatives() -> None:
    result = fitted("sdm", "twoway", "lee-yu")
    W, names = result.model.weights.dense(), list(result.params.index)

    def order_two(p: pd.Series) -> float:
        S = p["rho"] ** 2 * p["lpc"] * W @ W + p["rho"] * p["W*lpc"] * W @ W
        return float(np.trace(S)) / len(W)

    step = 1e-5
    base = result.params
    J = []
    for name in names:
        move = pd.Series(0.0, index=base.index)
        move[name] = step
        J.append((order_two(base + move) - order_two(base - move)) / (2 * step))
    want = np.sqrt(np.array(J) @ result.cov.to_numpy() @ np.array(J))
    got = result.effects_by_order(3).loc[("direct", "lpc", "2")]
    assert got["estimate"] == pytest.approx(order_two(base), rel=1e-10)
    assert got["std_error"] == pytest.approx(want, rel=1e-6)


def test_orders_of_a_large_sparse_matrix_are_those_of_the_dense_one(monkeypatch: pytest.MonkeyPatch) -> None:
    W = simulated(3, n=30)[2].matrix
    want = partition.power_averages(W, None, 6)
    monkeypatch.setattr(partition, "_DENSE_UP_TO", 1)
    got = partition.power_averages(W, None, 6)
    for name in ("own", "all", "own_lag", "all_lag"):
        np.testing.assert_allclose(getattr(got, name), getattr(want, name), atol=1e-14)


@pytest.mark.parametrize("model", ["sar", "sdm", "sdem", "gns", "slx"])
def test_units_are_the_matrix_of_partial_derivatives(model: str) -> None:
    y, X, _ = simulated(3, n=15)
    W = odd_weights(15)
    result = SpatialPanel.from_arrays(y, X, W, model=model, effects="entity").fit()

    def whole(p: pd.Series) -> np.ndarray:
        n = W.n
        inverse = np.linalg.inv(np.eye(n) - p.get("rho", 0.0) * W.dense())
        return inverse @ (p["x1"] * np.eye(n) + p.get("W*x1", 0.0) * W.dense())

    S = whole(result.params)
    np.testing.assert_allclose(result.effects_by_unit("x1"), S, atol=1e-12)
    ids = list(W.ids)
    some, others = [ids[7], ids[2]], [ids[0], ids[14], ids[3]]
    at = np.ix_([7, 2], [0, 14, 3])
    np.testing.assert_allclose(result.effects_by_unit("x1", rows=some, columns=others), S[at], atol=1e-12)
    np.testing.assert_allclose(result.effects_by_unit("x1", columns=others), S[:, [0, 14, 3]], atol=1e-12)
    np.testing.assert_allclose(result.effects_by_unit("x1", rows=some), S[[7, 2]], atol=1e-12)
    top = result.effects_by_unit("x1", top=9)
    away = S - np.diag(np.diag(S))
    np.testing.assert_allclose(abs(top["effect"]), np.sort(abs(away).ravel())[::-1][:9], atol=1e-12)
    for row in top.itertuples():
        assert S[ids.index(row.affected), ids.index(row.source)] == pytest.approx(row.effect, abs=1e-12)

    def parts(p: pd.Series) -> np.ndarray:
        A = whole(p)
        own = np.diag(A)
        return np.concatenate([own, A.sum(axis=1) - own, A.sum(axis=0) - own])

    frame = result.unit_effects("x1")
    np.testing.assert_allclose(frame["estimate"], parts(result.params), atol=1e-12)
    J = []
    for name in result.params.index:
        step = pd.Series(0.0, index=result.params.index)
        step[name] = 1e-5
        J.append((parts(result.params + step) - parts(result.params - step)) / 2e-5)
    want = np.sqrt(np.einsum("pe,pq,qe->e", np.array(J), result.cov.to_numpy(), np.array(J)))
    np.testing.assert_allclose(frame["std_error"], want, rtol=1e-6, atol=1e-9)
    means = frame["estimate"].groupby(level="effect").mean()
    average = result.effects()["estimate"].xs("x1", level="variable")
    assert means["direct"] == pytest.approx(average["direct"], rel=1e-10)
    assert means["in"] == pytest.approx(average["indirect"], rel=1e-9, abs=1e-12)
    assert means["out"] == pytest.approx(average["indirect"], rel=1e-9, abs=1e-12)


def test_units_and_orders_refuse_by_name() -> None:
    result = fitted("sdm", "entity", "lee-yu")
    with pytest.raises(LabelError, match="nothing"):
        result.effects_by_unit("nothing")
    with pytest.raises(LabelError, match="ATLANTIS"):
        result.effects_by_unit("lpc", rows=["ATLANTIS"])
    with pytest.raises(InputError, match="top=3"):
        result.effects_by_unit("lpc", top=3, rows=["MAINE"])
    with pytest.raises(InputError, match="orders=0"):
        result.effects_by_order(0)


def test_many_draws_with_other_weights_cost_a_few_evaluations() -> None:
    """Averages along rho by interpolation equal those at each draw."""
    W = odd_weights(15)
    V = Weights.from_dense(W.ids, np.roll(np.eye(15), 2, axis=1)).matrix
    found = spectrum(W.matrix)
    for lower, upper in ((0.2, 0.5), (-0.9, found.interval[1] - 1e-4)):
        r = np.linspace(lower, upper, 200)
        many = averages(found, r, V)
        for i in (0, 3, 77, 199):
            one = averages(found, r[i : i + 1], V)
            for name in ("own", "own_lag", "all", "all_lag", "d_own", "d_own_lag", "d_all", "d_all_lag"):
                assert getattr(many, name)[i] == pytest.approx(getattr(one, name)[0], rel=1e-9)
