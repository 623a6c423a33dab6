"""Weights that change over time: against the constant W, against brute force with N T rows, by simulation, by label."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import linalg

from gvcpos._core.errors import InputError, LabelError
from gvcpos.spatial.moran import Moran
from gvcpos.spatial.panel import (
    SpatialPanel,
    SpatialPanelResults,
    compare,
)
from gvcpos.spatial.panel.diagnostics.cross_section import panel_moran
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.panel.ml import logdet, multiplier, period_spectrum
from gvcpos.spatial.panel.ml.logdet import LogDeterminant
from gvcpos.spatial.panel.ml.period_operators import operators_of
from gvcpos.spatial.panel.ml.period_spectrum import spectrum_of
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.period_matrix import stacked
from gvcpos.spatial.weights.periods import PeriodWeights, period_weights
from tests.spatial.panel.periods import EFFECTS, MODELS, brute, changing, draw, labels, near

CELLS = [(model, effects) for model in MODELS for effects in EFFECTS]
ERRORS = {"sem", "sdem", "sac", "gns"}
REFUSED = [(model, effects) for model in ("sac", "gns") for effects in ("entity", "twoway")]  # by "lee-yu"


def panel(seed: int, n: int, t: int, **options: object) -> tuple[np.ndarray, np.ndarray, dict[int, Weights]]:
    W = changing(seed, n, t)
    y, X = draw(np.random.default_rng(seed + 1), W, **options)  # type: ignore[arg-type]
    return y, X, W


def made(y: np.ndarray, X: np.ndarray, W: object, **options: object) -> SpatialPanel:
    options = {"times": list(W) if isinstance(W, dict) else None, "method": "direct", **options}
    return SpatialPanel.from_arrays(y, X, W, **options)  # type: ignore[arg-type]


def same(a: SpatialPanelResults, b: SpatialPanelResults, rtol: float) -> None:
    for one, other in (
        (a.params, b.params),
        (a.std_errors, b.std_errors),
        (pd.Series([a.loglik, a.sigma2]), pd.Series([b.loglik, b.sigma2])),
        (a.effects()["estimate"], b.effects()["estimate"]),
        (a.effects()["std_error"], b.effects()["std_error"]),
        (a.resids, b.resids),
        (a.entity_effects, b.entity_effects),
        (a.time_effects, b.time_effects),
    ):
        np.testing.assert_allclose(one.to_numpy(), other.to_numpy(), rtol=rtol, atol=rtol)


# A mapping whose W are all the same is that W.


@pytest.mark.parametrize(("model", "effects"), CELLS)
def test_a_constant_mapping_is_the_constant_w(model: str, effects: str) -> None:
    W = changing(3, 12, 1)[2000]
    y, X = draw(np.random.default_rng(4), dict.fromkeys(range(5), W), rho=0.3, effects=effects)
    given = made(y, X, dict.fromkeys(range(5), W), model=model, effects=effects)
    assert given.weights is W
    same(given.fit(), made(y, X, W, model=model, effects=effects).fit(), 1e-12)


def nearly(W: Weights, t: int) -> dict[int, Weights]:
    """One matrix a year that differs in the last digits: nothing is recognised as the same."""
    return {i: Weights.from_dense(W.ids, W.dense() * (1.0 + i * 2.0**-50)) for i in range(t)}


@pytest.mark.parametrize(("model", "effects"), CELLS)
def test_nearly_the_same_w_gives_the_constant_w(model: str, effects: str) -> None:
    """Through every operator of changing weights; entity effects beside an error are dummies on one side only."""
    t, W = 5, changing(3, 12, 1)[2000]
    y, X = draw(np.random.default_rng(4), dict.fromkeys(range(t), W), rho=0.3, effects=effects)
    moving = made(y, X, nearly(W, t), model=model, effects=effects)
    assert isinstance(moving.weights, PeriodWeights)
    other = made(y, X, W, model=model, effects=effects)
    same(moving.fit("sandwich"), other.fit("sandwich"), 1e-8)
    np.testing.assert_allclose(moving.fit().std_errors, other.fit().std_errors, rtol=1e-8)


@pytest.mark.parametrize(("model", "effects"), [c for c in CELLS if c not in REFUSED])
def test_nearly_the_same_w_gives_lee_and_yu(model: str, effects: str) -> None:
    t, W = 5, changing(3, 12, 1)[2000]
    y, X = draw(np.random.default_rng(4), dict.fromkeys(range(t), W), rho=0.3, effects=effects)
    options = {"model": model, "effects": effects, "method": "lee-yu"}
    same(made(y, X, nearly(W, t), **options).fit(), made(y, X, W, **options).fit(), 1e-8)


# Brute force: the block-diagonal matrix of N T rows, dummies, a simplex search and a numerical Hessian.


@pytest.mark.filterwarnings("ignore::gvcpos._core.errors.ModesWarning")
@pytest.mark.parametrize(("model", "effects"), CELLS)
def test_the_likelihood_is_that_of_the_block_diagonal_matrix(model: str, effects: str) -> None:
    y, X, W = panel(11, 9, 5, rho=0.3, lam=0.2, effects=effects)
    result = made(y, X, W, model=model, effects=effects).fit("hessian")
    other = brute(y, X, W, (model, effects))
    start = np.array(list(result.estimate.spatial.values()))
    at, loglik = other.fit(start + 0.02 * (start != 0.0))
    names = [name for name in result.names if name not in {"rho", "lambda", "Intercept"}]
    errors = other.std_errors(at)
    k, spatial = len(names), len(start)
    want = np.concatenate([at[:k], at[len(at) - 1 - spatial :]])
    want_errors = np.concatenate([errors[:k], errors[len(at) - 1 - spatial :]])
    order = [*names, *result.estimate.spatial]
    assert result.loglik == pytest.approx(loglik, abs=1e-8)
    np.testing.assert_allclose([*result.params[order], result.sigma2], want, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose([*result.std_errors[order], result.sigma2_std_error], want_errors, rtol=2e-6)


def test_own_weights_of_the_error_may_change_or_not() -> None:
    y, X, W = panel(12, 9, 5, rho=0.3, lam=0.2)
    M = changing(13, 9, 5, k=2)
    fixed = dict.fromkeys(W, M[2000])
    for given, blocks in ((M, M), (M[2000], fixed)):
        result = made(y, X, W, model="sac", error_weights=given).fit("hessian")
        other = brute(y, X, W, ("sac", "twoway"), blocks)
        at, loglik = other.fit(np.array(list(result.estimate.spatial.values())) + 0.01)
        assert result.loglik == pytest.approx(loglik, abs=1e-8)
        np.testing.assert_allclose(result.params, np.concatenate([at[:2], at[-3:-1]]), rtol=1e-6, atol=1e-6)
    constant = made(y, X, M[2000], model="sac", error_weights=M, times=list(M)).fit("hessian")
    assert constant.params["lambda"] != pytest.approx(result.params["lambda"], abs=1e-3)


def test_log_determinants_and_traces_are_those_of_the_blocks() -> None:
    W = changing(14, 8, 4)
    W[2003] = W[2001]
    matrix = period_weights(W).matrix
    assert len(matrix.distinct) == 3
    s = spectrum_of(matrix)
    block = linalg.block_diag(*(one.dense() for one in W.values()))
    assert s.interval[0] == pytest.approx(1.0 / np.linalg.eigvals(block).real.min(), rel=1e-9)
    G, H = (block @ np.linalg.inv(np.eye(32) - r * block) for r in (0.4, -0.3))
    R = np.eye(32) + 0.3 * block
    Gt = R @ G @ np.linalg.inv(R)
    assert 4 * LogDeterminant(s, False).value(np.array(0.4)) == pytest.approx(
        np.linalg.slogdet(np.eye(32) - 0.4 * block)[1], rel=1e-12
    )
    assert 4 * LogDeterminant(s, False).slope(0.4) == pytest.approx(-np.trace(G), rel=1e-12)
    ops = operators_of((s, 0.4), (s, -0.3))
    traces = ops.traces(projected=False)
    both = [Gt, H]
    np.testing.assert_allclose(4 * traces.single, [np.trace(A) for A in both], rtol=1e-10)
    np.testing.assert_allclose(
        4 * traces.double, [[np.trace(A @ B) + np.trace(A.T @ B) for B in both] for A in both], rtol=1e-10
    )
    np.testing.assert_allclose(4 * traces.square, [[np.trace(A @ B) for B in both] for A in both], rtol=1e-10)
    np.testing.assert_allclose(traces.stacked_diagonal(4), np.stack([np.diag(A) for A in both], 1), rtol=1e-10)
    e = np.random.default_rng(0).normal(size=(4, 8))
    for moved, A in zip(ops.apply(e), both, strict=True):
        np.testing.assert_allclose(moved.reshape(-1), A @ e.reshape(-1), rtol=1e-10)


@pytest.mark.parametrize("time", [False, True])
def test_the_variance_of_the_score_with_entity_effects(time: bool) -> None:
    """tr QGQG of the N T rows is (T - 1) mean tr GG and the variation of G beside it."""
    n, t = 8, 4
    W = changing(15, n, t)
    s = spectrum_of(period_weights(W).matrix)
    block = linalg.block_diag(*(one.dense() for one in W.values()))
    G = block @ np.linalg.inv(np.eye(n * t) - 0.5 * block)
    J = np.eye(n) - time / n
    Q = np.kron(np.eye(t) - 1.0 / t, J)
    ops = operators_of((s, 0.5), None)
    traces, more = ops.traces(projected=time), ops.variation(projected=time)
    assert more < -0.05
    assert np.trace(Q @ G @ Q @ G) == pytest.approx((t - 1) * float(traces.square[0, 0]) + more, rel=1e-9)
    assert np.trace(Q @ G) == pytest.approx((t - 1) * float(traces.single[0]), rel=1e-9)
    assert np.trace(Q @ G @ G.T) == pytest.approx((t - 1) * float(traces.double[0, 0] - traces.square[0, 0]), rel=1e-9)


def test_large_sparse_w_gives_the_same_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    y, X, W = panel(16, 30, 5, rho=0.4)
    period_spectrum.forget()
    want = {(m, e): made(y, X, W, model=m, effects=e).fit() for m in ("sdm", "sac") for e in ("none", "twoway")}
    monkeypatch.setattr(logdet, "_SPARSE_FROM", 1)
    monkeypatch.setattr(logdet, "_SPARSE_DENSITY", 2.0)
    monkeypatch.setattr(multiplier, "_BLOCKS_UP_TO", 0)
    period_spectrum.forget()
    try:
        for (model, effects), dense in want.items():
            same(made(y, X, W, model=model, effects=effects).fit(), dense, 1e-6)
    finally:
        period_spectrum.forget()


@pytest.mark.parametrize("effects", ["entity", "twoway"])
@pytest.mark.parametrize("model", ["sem", "sdem"])
def test_the_restricted_likelihood_is_the_density_of_what_is_orthogonal_to_the_effects(
    model: str, effects: str
) -> None:
    """A'u is normal with variance sigma² A'(R'R)⁻¹A, A an orthonormal complement of the dummies."""
    y, X, W = panel(34, 8, 4, lam=0.3, effects=effects)
    result = made(y, X, W, model=model, effects=effects, method="lee-yu").fit("hessian")
    other = brute(y, X, W, (model, effects))
    k = 2 * (2 if model == "sdem" else 1)
    dummies, columns = other.X[:, k:], other.X[:, :k]
    A = linalg.null_space(dummies.T)
    target, Z, n = A.T @ other.y, A.T @ columns, A.shape[1]

    def loglik(p: np.ndarray) -> float:
        R = np.eye(len(other.y)) - p[k] * other.M
        V = p[k + 1] * A.T @ np.linalg.inv(R.T @ R) @ A
        e = target - Z @ p[:k]
        return float(-0.5 * (n * np.log(2.0 * np.pi) + np.linalg.slogdet(V)[1] + e @ np.linalg.solve(V, e)))

    at = np.array([*result.params, result.sigma2])
    assert result.loglik == pytest.approx(loglik(at), abs=1e-8)
    other.full = loglik  # type: ignore[method-assign]
    for i in range(len(at)):
        h = 1e-5 * np.eye(len(at))[i]
        assert abs(loglik(at + h) - loglik(at - h)) / 2e-5 < 1e-4
    errors = [*result.std_errors, result.sigma2_std_error]
    np.testing.assert_allclose(errors, other.std_errors(at), rtol=2e-6)
    R = np.eye(len(other.y)) - at[k] * other.M
    V, H = np.linalg.inv(R.T @ R), other.M @ np.linalg.inv(R)
    Vi = np.linalg.inv(A.T @ V @ A)
    slope = Vi @ A.T @ np.linalg.inv(R) @ (H + H.T) @ np.linalg.inv(R).T @ A
    traces = result.estimate.pieces.traces
    assert traces is not None
    assert 3 * traces.double[0, 0] == pytest.approx(0.5 * np.trace(slope @ slope), rel=1e-9)
    assert 3 * traces.single[0] == pytest.approx(0.5 * np.trace(slope), rel=1e-9)
    B = R @ dummies
    Q = np.eye(len(R)) - B @ np.linalg.pinv(B)
    np.testing.assert_allclose(traces.stacked_diagonal(4)[:, 0] * 0.75, np.diag(Q @ H @ Q), atol=1e-9)


# Effects, predictions, tests.


@pytest.mark.parametrize("model", ["slx", "sar", "sdm", "sem"])
def test_effects_are_means_over_the_periods(model: str) -> None:
    y, X, W = panel(17, 10, 4, rho=0.4)
    result = made(y, X, W, model=model).fit()
    effects = result.effects()["estimate"]
    p, rho, n = result.params, result.estimate.rho, 10
    for name in ("x1", "x2"):
        S = [
            np.linalg.solve(np.eye(n) - rho * D, p[name] * np.eye(n) + p.get(f"W*{name}", 0.0) * D)
            for D in (one.dense() for one in W.values())
        ]
        assert effects["direct", name] == pytest.approx(np.mean([np.trace(s) / n for s in S]), rel=1e-9)
        assert effects["total", name] == pytest.approx(np.mean([s.sum() / n for s in S]), rel=1e-9)
    orders = result.effects_by_order(3)["estimate"]
    assert orders["direct", "x1", "all"] == pytest.approx(effects["direct", "x1"], rel=1e-9)
    assert orders["indirect", "x1", "1"] == pytest.approx(
        rho * p["x1"] + p.get("W*x1", 0.0) if model != "sem" else 0.0, rel=1e-9, abs=1e-12
    )


@pytest.mark.parametrize("model", ["slx", "sar", "sdm"])
def test_effects_by_unit_are_those_of_the_period(model: str) -> None:
    y, X, W = panel(35, 12, 5, rho=0.3)
    result = made(y, X, W, model=model).fit()
    p, each = result.params, []
    for period, one in W.items():
        D = one.dense()
        S = np.linalg.solve(np.eye(12) - p.get("rho", 0.0) * D, p["x1"] * np.eye(12) + p.get("W*x1", 0.0) * D)
        np.testing.assert_allclose(result.effects_by_unit("x1", period=period), S, atol=1e-12)
        part = result.effects_by_unit("x1", period=str(period), rows=["u003"], columns=["u001", "u002"])
        np.testing.assert_allclose(part, S[[3]][:, [1, 2]], atol=1e-12)
        each.append(result.unit_effects("x1", period=period))
        np.testing.assert_allclose(each[-1].loc["out", "estimate"], S.sum(axis=0) - np.diag(S), atol=1e-12)
    means = np.mean([one["estimate"].groupby(level=0).mean() for one in each], axis=0)  # direct, in, out
    want = result.effects()["estimate"].xs("x1", level="variable")
    np.testing.assert_allclose(means, want[["direct", "indirect", "indirect"]], rtol=1e-9)
    gap = each[0]["std_error"].to_numpy() - each[1]["std_error"].to_numpy()
    assert np.abs(gap).max() > 1e-4
    with pytest.raises(LabelError, match="1999"):
        result.unit_effects("x1", period=1999)


def test_delta_and_simulated_errors_of_effects_agree() -> None:
    y, X, W = panel(18, 40, 8, rho=0.3)
    result = made(y, X, W, model="sdm", method="lee-yu").fit()
    assert result.effects("both", draws=2000, seed=1)["gap"].abs().max() < 4.0


def test_residuals_predictions_and_effects_add_up() -> None:
    for model, effects in (("gns", "twoway"), ("sdm", "entity"), ("sem", "time")):
        y, X, W = panel(19, 10, 5, rho=0.3, lam=0.3)
        result = made(y, X, W, model=model, effects=effects).fit()
        rho, lam = result.estimate.rho, result.estimate.lam
        signal = result.predict(kind="signal").to_numpy().reshape(5, 10)
        np.testing.assert_allclose(
            signal,
            result.model.arrays.X @ result.estimate.beta + result.estimated_effects.to_numpy().reshape(5, 10),
            rtol=1e-9,
        )
        e = [
            (np.eye(10) - lam * D) @ (y[i] - rho * D @ y[i] - signal[i])
            for i, D in enumerate(one.dense() for one in W.values())
        ]
        np.testing.assert_allclose(e, result.resids.to_numpy().reshape(5, 10), atol=1e-8)
        np.testing.assert_allclose(result.predict(kind="in-sample"), result.fitted, atol=1e-8)
        reduced = [np.linalg.solve(np.eye(10) - rho * one.dense(), signal[i]) for i, one in enumerate(W.values())]
        np.testing.assert_allclose(result.predict().to_numpy().reshape(5, 10), reduced, rtol=1e-8)


def test_residual_moran_is_that_of_each_years_weights() -> None:
    y, X, W = panel(20, 15, 3, rho=0.3)
    result = made(y, X, W, model="sdm").fit()
    table = result.moran_by_year(permutations=99).set_index("time")
    for year, one in W.items():
        values = result.resids.xs(year, level="time")
        assert table.loc[year, "I"] == pytest.approx(Moran(values, one, permutations=0).I, rel=1e-9)


@pytest.mark.parametrize("effects", EFFECTS)
def test_pooled_moran_has_the_moments_of_the_blocks(effects: str) -> None:
    n, t = 7, 4
    W = changing(21, n, t)
    rng = np.random.default_rng(0)
    model = made(*draw(rng, W), W, model="sar", effects=effects)
    tr: Transformation = model.transformation
    panel_ = model.arrays_without_spatial_terms(durbin=False)
    X = tr.within(panel_.X).reshape(n * t, -1)
    A = np.kron(np.eye(t) - tr.entity / t, np.eye(n) - tr.time / n)
    Q = np.linalg.qr(X)[0]
    M = A - Q @ Q.T
    U = linalg.block_diag(*(one.dense() for one in W.values()))
    U = (U + U.T) / 2.0
    e = M @ panel_.y.reshape(-1)
    df = np.trace(M)
    mean = np.trace(M @ U) / df
    variance = 2.0 * (df * np.trace(M @ U @ M @ U) - np.trace(M @ U) ** 2) / (df**2 * (df + 2.0))
    z = (e @ U @ e / (e @ e) - mean) / np.sqrt(variance)
    assert model.moran().statistic == pytest.approx(z, rel=1e-8)
    assert panel_moran(e.reshape(t, n), X, stacked(w.matrix for w in W.values()), tr).statistic == pytest.approx(z)  # type: ignore[arg-type]


@pytest.mark.parametrize("effects", EFFECTS)
def test_lm_tests_are_those_of_the_blocks(effects: str) -> None:
    n, t = 9, 5
    y, X, W = panel(22, n, t, effects=effects)
    model = made(y, X, W, model="sar", effects=effects)
    found = {test.name: test.statistic for test in model.lm_tests()}
    other = brute(y, X, W, ("sar", effects))
    D = np.linalg.qr(other.X)[0]
    M, B = np.eye(n * t) - D @ D.T, other.W
    e = M @ other.y
    s2 = e @ e / (n * t)
    T = np.trace(B @ B + B.T @ B)
    m = M @ (B @ (other.y - e))
    lag, error = e @ B @ other.y / s2, e @ B @ e / s2
    assert found["lm_lag"] == pytest.approx(lag**2 / (m @ m / s2 + T), rel=1e-8)
    assert found["lm_error"] == pytest.approx(error**2 / T, rel=1e-8)
    assert found["robust_lm_lag"] == pytest.approx((lag - error) ** 2 / (m @ m / s2), rel=1e-8)
    given = made(y, X, W, model="sdm", effects=effects).fit().lm_conditional()
    assert [test.name for test in given] == ["lm_error_given_lag"]


def test_bootstrap_and_influence_follow_the_weights() -> None:
    y, X, W = panel(23, 12, 6, rho=0.3)
    result = made(y, X, W, model="sdm", method="lee-yu").fit()
    drawn = result.bootstrap("parametric", draws=199, seed=1)
    ratio = drawn.std_errors / result.std_errors
    assert ((ratio > 0.75) & (ratio < 1.35)).all()
    assert ((drawn.draws.mean() - result.params).abs() < 0.4 * result.std_errors).all()
    one = result.influence(exact=True).set_index("unit").loc["u003"]
    keep = [i for i in range(12) if i != 3]
    ids = [labels(12)[i] for i in keep]
    smaller = {year: w.subset(ids, islands="keep").normalised("row") for year, w in W.items()}
    refit = made(y[:, keep], X[:, keep], smaller, model="sdm", method="lee-yu").fit()
    np.testing.assert_allclose(
        one[list(result.names)].to_numpy(float), (refit.params - result.params) / result.std_errors, atol=1e-6
    )


@pytest.mark.parametrize("model", ["sdm", "sem"])
def test_many_specifications_are_the_same_fits(model: str) -> None:
    y, X, W = panel(35, 12, 5, rho=0.2)
    start = made(y, X, W, model=model)
    for result, names in zip(start.fit_each([["x1"], ["x1", "x2"]]), (["x1"], ["x1", "x2"]), strict=True):
        same(result, made(y, X[:, :, : len(names)], W, names=names, model=model).fit(), 1e-8)


def test_fits_are_compared_by_the_weights_of_every_period() -> None:
    y, X, W = panel(33, 12, 5, rho=0.3)
    sdm, sar, sem = (made(y, X, W, model=m).fit() for m in ("sdm", "sar", "sem"))
    other = made(y, X, {**W, 2003: W[2001]}, model="sar").fit()
    table = (
        compare({"sdm": sdm, "sar": sar, "sem": sem, "other": other}).loc["statistics"].xs("estimate", axis=1, level=1)
    )
    assert table.loc["lr", "sar"] == pytest.approx(2.0 * (sdm.loglik - sar.loglik))
    assert table.loc["lr", ["sem", "other"]].isna().all()  # effects times I − ρW_t change over time; other weights
    assert sdm.lr("sar").statistic == pytest.approx(table.loc["lr", "sar"])
    pooled = made(y, X, W, model="sdm", effects="time").fit()
    assert pooled.lr("sem").df == 2
    assert len(sdm.to_stata_order().params) == 6


# Labels.


def frames(y: np.ndarray, X: np.ndarray, W: dict[int, Weights]) -> tuple[pd.Series, pd.DataFrame]:
    index = pd.MultiIndex.from_product([list(W), next(iter(W.values())).ids], names=["year", "country"]).swaplevel()
    frame = pd.DataFrame(X.reshape(len(index), -1), index=index, columns=["x1", "x2"])
    return pd.Series(y.reshape(-1), index=index, name="y"), frame


def test_order_never_matters() -> None:
    y, X, W = panel(24, 10, 5, rho=0.3)
    target, frame = frames(y, X, W)
    want = SpatialPanel(target, frame, W).fit()
    rng = np.random.default_rng(0)
    moved = {year: W[year].align(rng.permutation(W[year].ids).tolist()) for year in rng.permutation(list(W)).tolist()}
    rows = rng.permutation(len(target))
    got = SpatialPanel(target.iloc[rows], frame.sample(frac=1.0, random_state=1), moved).fit()
    np.testing.assert_allclose(got.params, want.params, rtol=1e-9)
    np.testing.assert_allclose(got.resids[target.index], want.resids[target.index], atol=1e-9)
    data = frame.assign(y=target)
    from_formula = SpatialPanel.from_formula("y ~ x1 + x2", data, moved).fit()
    np.testing.assert_allclose(from_formula.params, want.params, rtol=1e-9)
    texts = {str(year): one for year, one in W.items()}
    assert SpatialPanel(target, frame, texts).fit().loglik == pytest.approx(want.loglik)


def changed(W: dict[int, Weights], year: int, array: Callable[[np.ndarray], np.ndarray], ids: list[str]) -> dict:
    return {**W, year: Weights.from_dense(ids, array(W[year].dense()), islands="keep")}


@pytest.mark.filterwarnings("ignore::gvcpos._core.errors.IslandWarning")
def test_units_and_periods_that_do_not_match_are_named() -> None:
    y, X, W = panel(25, 10, 4, rho=0.3)
    target, frame = frames(y, X, W)
    ids = labels(10)
    less = {year: one for year, one in W.items() if year != 2002}
    with pytest.raises(LabelError, match="lacks 2002"):
        SpatialPanel(target, frame, less)
    with pytest.raises(LabelError, match="has 2009, which"):
        SpatialPanel(target, frame, {**W, 2009: W[2001]})
    with pytest.raises(LabelError, match="duplicated labels: 2001"):
        SpatialPanel(target, frame, {**W, "2001": W[2001]})
    with pytest.raises(LabelError, match="W of 2002 lacks u009"):
        SpatialPanel(target, frame, changed(W, 2002, lambda D: D[:9, :9], ids[:9]))
    with pytest.raises(LabelError, match="W of 2002 has extra"):
        SpatialPanel(target, frame, changed(W, 2002, lambda D: np.pad(D, (0, 1)), [*ids, "extra"]))
    others = target.index.get_level_values("country") != "u003"
    with pytest.raises(LabelError, match="u003"):
        SpatialPanel(target[others], frame[others], W)
    with pytest.raises(InputError, match=r"W\[2001\] is a ndarray"):
        SpatialPanel(target, frame, {**W, 2001: W[2001].dense()})  # type: ignore[dict-item]
    with pytest.raises(InputError, match="empty mapping"):
        SpatialPanel(target, frame, {})
    error = {year: one for year, one in W.items() if year != 2003}
    with pytest.raises(LabelError, match=r"error_weights.* lacks 2003"):
        SpatialPanel(target, frame, W, model="sem", method="direct", error_weights=error)


@pytest.mark.filterwarnings("ignore::gvcpos._core.errors.IslandWarning")
def test_islands_are_told_by_period() -> None:
    y, X, W = panel(26, 10, 4, rho=0.3)
    D = W[2001].dense()
    D[4] = 0.0
    with_island = {**W, 2001: Weights.from_dense(labels(10), D, islands="keep")}
    model = made(y, X, with_island, effects="entity")
    assert model.weights.islands == {2001: ("u004",)}
    assert "2001: u004" in model.fit().summary
    with pytest.raises(InputError, match=r"W of 2001: .*u004"):
        made(y, X, with_island, effects="time", method="lee-yu")


@pytest.mark.filterwarnings("ignore::gvcpos._core.errors.DroppedRowsWarning")
def test_rules_for_missing_values_cut_every_w() -> None:
    y, X, W = panel(27, 14, 5, rho=0.3)
    target, frame = frames(y, X, W)
    target.loc[("u002", 2003)] = np.nan
    later = SpatialPanel(target, frame, W, missing="drop-periods")
    assert later.weights.times == (2000, 2001, 2002, 2004)
    fewer = SpatialPanel(target, frame, W, missing="drop-entities")
    ids = [one for one in labels(14) if one != "u002"]
    want = W[2001].subset(ids, islands="keep", renormalise=True).dense()
    np.testing.assert_allclose(fewer.weights[2001].dense(), want)
    rows = target.index.get_level_values("country") != "u005"
    cut = SpatialPanel(target[rows], frame[rows], W, missing="drop-periods", extra_units="subset", error_weights=W)
    assert "u005" not in cut.weights.ids
    assert cut.error_weights.times == (2000, 2001, 2002, 2004)


# What is not defined is refused by name.


def test_models_without_a_meaning_are_refused() -> None:
    y, X, W = panel(28, 10, 6)
    for model, effects in REFUSED:
        with pytest.raises(InputError, match="method='direct'"):
            made(y, X, W, model=model, effects=effects, method="lee-yu")


def test_requests_without_a_meaning_are_refused() -> None:
    y, X, W = panel(29, 12, 6, rho=0.2)
    model = made(y, X, W, model="sdm", method="lee-yu")
    result = model.fit()
    asked: list[Callable[[], object]] = [
        lambda: result.effects_by_unit("x1"),
        lambda: result.unit_effects("x1"),
        lambda: made(y, X, W[2000], model="sdm").fit().unit_effects("x1", period=2000),
        result.lm_conditional,
    ]
    for ask in asked:
        with pytest.raises(InputError, match=r"chang"):
            ask()
    with pytest.raises(InputError, match="entity effects multiplied"):
        result.lr("sem")
    assert "W changes over time" in {test.name: test.note for test in result.cross_section()}["cd_local"]
    table = made(y, X, W, model="sdm").fit().diagnostics(unit_roots=False)
    assert np.isfinite(table.loc[["lm_lag", "wald_sdm_sar", "lr_sdm_slx", "moran"], "statistic"]).all()


@pytest.mark.parametrize("effects", ["entity", "time", "twoway"])
@pytest.mark.parametrize("method", ["direct", "lee-yu"])
def test_errors_of_effects_are_those_of_a_regression_with_all_dummies(effects: str, method: str) -> None:
    """Filtered by every period's own M: generalised least squares of N T rows, effects and regressors together."""
    n, t = 9, 5
    y, X, W = panel(37, n, t, lam=0.4, effects=effects)
    result = made(y, X, W, model="sdem", effects=effects, method=method).fit()
    R = np.eye(n * t) - result.estimate.lam * linalg.block_diag(*(one.dense() for one in W.values()))
    entity, time = np.tile(np.eye(n), (t, 1)), np.repeat(np.eye(t), n, axis=0)
    columns = {"entity": [entity], "time": [time], "twoway": [entity, time[:, 1:]]}[effects]
    Z = np.column_stack([*columns, result.model.arrays.X.reshape(n * t, -1)])
    spread = result.sigma2 * np.linalg.inv((R @ Z).T @ (R @ Z))
    of_entity, of_time = np.zeros((n, len(spread))), np.zeros((t, len(spread)))
    if effects != "time":
        of_entity[:, :n] = np.eye(n)
    first = {"entity": 0, "time": 0, "twoway": 1}[effects]
    if effects != "entity":
        start = n if effects == "twoway" else 0
        of_time[first:, start : start + t - first] = np.eye(t - first)
    maps = {"constant": (of_entity.mean(axis=0) + of_time.mean(axis=0))[None, :]}
    maps |= {"entity": of_entity - of_entity.mean(axis=0), "time": of_time - of_time.mean(axis=0)}
    table = result.fixed_effects()
    for kind in table.index.get_level_values("kind").unique():
        want = np.sqrt(np.einsum("ij,jk,ik->i", maps[kind], spread, maps[kind]))
        np.testing.assert_allclose(table.loc[kind, "std_error"], want, rtol=1e-8)


@pytest.mark.filterwarnings("ignore::gvcpos._core.errors.GvcposWarning")
def test_errors_of_effects_with_nearly_the_same_weights_are_those_of_one() -> None:
    n, t, rng = 10, 5, np.random.default_rng(39)
    W = Weights.from_dense(labels(n), near(rng, n))
    other = W.dense() * (1.0 + 1e-11 * rng.uniform(size=(n, n)))
    nearly = {**dict.fromkeys(range(t), W), t - 1: Weights.from_dense(W.ids, other / other.sum(axis=1, keepdims=True))}
    y, X = draw(rng, nearly, rho=0.2, lam=0.3)
    tables = [made(y, X, given, model="sac").fit().fixed_effects() for given in (W, nearly)]
    pd.testing.assert_frame_equal(*tables, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("effects", ["none", "random"])
def test_the_best_prediction_of_a_unit_is_that_from_all_others_of_its_period(effects: str) -> None:
    """By the conditional normal distribution of each unit given the others, every period with its own W and M."""
    n, t = 8, 4
    y, X, W = panel(41, n, t, rho=0.3, lam=0.3, effects="none")
    y = y + np.linspace(-3.0, 3.0, n) * (effects == "random")
    M = dict(zip(W, reversed(W.values()), strict=True))
    result = made(y, X, W, model="gns", effects=effects, error_weights=M).fit()
    rho, lam = result.estimate.rho, result.estimate.lam
    mean = result.predict().to_numpy().reshape(t, n)
    want = np.empty((t, n))
    for k, (w, m) in enumerate(zip(W.values(), M.values(), strict=True)):
        root = np.linalg.inv((np.eye(n) - lam * m.dense()) @ (np.eye(n) - rho * w.dense()))
        V, gap = root @ root.T, y[k] - mean[k]
        for i in range(n):
            rest = np.delete(np.arange(n), i)
            want[k, i] = mean[k, i] + V[i, rest] @ np.linalg.solve(V[np.ix_(rest, rest)], gap[rest])
    np.testing.assert_allclose(result.predict(kind="blup").to_numpy().reshape(t, n), want, rtol=1e-8, atol=1e-10)


# Simulation.


def simulated(cell: tuple[str, str], method: str, draws: int, size: tuple[int, int]) -> pd.DataFrame:
    """Bias in standard deviations, ratio of mean error to deviation, and coverage of 95 % intervals."""
    (model, effects), (n, t) = cell, size
    W, rng = changing(30, n, t, k=4), np.random.default_rng(31)
    truth = {"x1": 1.0, "x2": -0.5, "rho": 0.4, "lambda": 0.4, "W*x1": 0.3, "W*x2": 0.0, "sigma2": 1.0}
    lag, error = model in {"sar", "sdm", "sac", "gns"}, model in ERRORS
    theta = 0.3 if model in {"slx", "sdm", "sdem", "gns"} else 0.0
    rows = []
    for _ in range(draws):
        y, X = draw(rng, W, rho=0.4 * lag, lam=0.4 * error, theta=theta, effects=effects)
        result = made(y, X, W, model=model, effects=effects, method=method).fit()
        names = [name for name in result.names if name != "Intercept"]
        values = np.append(result.params[names], result.sigma2) - [truth[name] for name in (*names, "sigma2")]
        rows.append(np.stack([values, np.append(result.std_errors[names], result.sigma2_std_error)]))
    found = np.array(rows)
    bias, spread = found[:, 0].mean(axis=0), found[:, 0].std(axis=0)
    covered = (np.abs(found[:, 0]) < 1.959964 * found[:, 1]).mean(axis=0)
    columns = {"bias": bias / spread, "ratio": found[:, 1].mean(axis=0) / spread, "covered": covered}
    return pd.DataFrame(columns, index=[*names, "sigma2"])


@pytest.mark.parametrize(("model", "effects"), [("sdm", "twoway"), ("sdem", "entity")])
def test_estimates_are_centred_and_intervals_cover(model: str, effects: str) -> None:
    found = simulated((model, effects), "lee-yu", 100, (25, 5))
    assert (found["bias"].abs() < 0.35).all()
    assert (found["covered"] > 0.87).all()
    assert found["ratio"].between(0.84, 1.2).all()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::gvcpos._core.errors.GvcposWarning")
@pytest.mark.parametrize(("model", "effects"), CELLS)
def test_coverage_of_every_cell(model: str, effects: str) -> None:
    """By "lee-yu" where it is defined; "direct" has errors too short by (T - 1)/T, and lambda biased by 1/T."""
    direct = (model, effects) in REFUSED
    found = simulated((model, effects), "direct" if direct else "lee-yu", 400, (40, 10))
    weak = direct or model == "gns"
    found = found.drop(index="sigma2") if weak else found
    assert (found["bias"].abs().drop("sigma2", errors="ignore") < (0.6 if weak else 0.25)).all()
    assert (found["covered"] > (0.82 if weak else 0.89)).all()


def test_near_is_what_it_says() -> None:
    W = near(np.random.default_rng(0), 10)
    assert (W > 0).sum(axis=1).tolist() == [3] * 10
