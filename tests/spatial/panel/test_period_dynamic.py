"""Dynamic panels with weights that change over time: one W, brute force with N T rows, labels, simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import linalg

from gvcpos._core.errors import InputError, LabelError
from gvcpos.spatial.panel import DynamicSpatialPanel
from gvcpos.spatial.panel.dynamics.bias import expected_score
from gvcpos.spatial.panel.dynamics.results import DynamicResults
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.dynamics import Truth
from tests.spatial.panel.periods import Brute, changing, labels, near

CELLS = [(m, e) for m in ("slx", "sar", "sem", "sdm", "sac") for e in ("none", "entity", "time", "twoway")]
TRUTH = Truth()
pytestmark = [
    pytest.mark.filterwarnings("ignore::gvcpos._core.errors.StabilityWarning"),  # small panels, of known dynamics
    pytest.mark.filterwarnings("ignore::gvcpos._core.errors.ClusterWarning"),
]


def world(
    rng: np.random.Generator, W: dict[int, Weights], truth: Truth = TRUTH, *, effects: str = "twoway", burn: int = 30
) -> tuple[np.ndarray, np.ndarray]:
    """y and X of every period of W; before the first one the W of all periods come round and round."""
    n, each = next(iter(W.values())).n, [one.dense() for one in W.values()]
    t = len(each)
    mu = rng.normal(size=n) * (effects in {"entity", "twoway"})
    alpha = rng.normal(size=burn + t) * (effects in {"time", "twoway"})
    x = rng.normal(size=(burn + t, n)) + 0.5 * mu
    rows, y, before = [], np.zeros(n), each[(-burn - 1) % t]
    for i in range(burn + t):
        now = each[(i - burn) % t]
        push = truth.beta * x[i] + truth.theta * now @ x[i] + mu + alpha[i] + rng.normal(size=n)
        y = np.linalg.solve(np.eye(n) - truth.rho * now, truth.tau * y + truth.eta * before @ y + push)
        rows.append(y)
        before = now
    return np.array(rows)[burn:], x[burn:, :, None]


def made(y: np.ndarray, X: np.ndarray, W: object, **options: object) -> DynamicSpatialPanel:
    times = list(W) if isinstance(W, dict) else None
    return DynamicSpatialPanel.from_arrays(y, X, W, times=times, **options)  # type: ignore[arg-type]


def nearly_one(seed: int, n: int, t: int) -> tuple[Weights, dict[int, Weights]]:
    """One W, and a mapping whose last but one period differs by 1e-11."""
    rng = np.random.default_rng(seed)
    W = Weights.from_dense(labels(n), near(rng, n))
    other = W.dense() * (1.0 + 1e-11 * rng.uniform(size=(n, n)))
    return W, {**dict.fromkeys(range(t), W), t - 2: Weights.from_dense(W.ids, other / other.sum(axis=1, keepdims=True))}


@pytest.mark.parametrize(
    ("model", "effects", "correction"),
    [(m, e, "asymptotic") for m, e in CELLS]
    + [(m, e, c) for m, e in (("sar", "entity"), ("sac", "twoway"), ("sdm", "time")) for c in ("finite", "none")],
)
def test_nearly_the_same_w_gives_the_constant_w(model: str, effects: str, correction: str) -> None:
    n, t = 12, 7
    W, nearly = nearly_one(1, n, t)
    y, X = world(np.random.default_rng(2), nearly, effects=effects)
    own = {"error_weights": W} if model in {"sem", "sac"} and effects in {"entity", "twoway"} else {}
    for method in ("lee-yu", "direct"):
        panels = [
            made(y, X, one, model=model, effects=effects, method=method, **own)
            for one in (W, dict.fromkeys(range(t), W), nearly)
        ]
        first, *others = [panel.fit(correction=correction) for panel in panels]  # type: ignore[arg-type]
        for other in others:
            np.testing.assert_allclose(first.params, other.params, rtol=1e-8, atol=1e-8)
            np.testing.assert_allclose(first.std_errors, other.std_errors, rtol=1e-8, atol=1e-8)
            assert first.loglik == pytest.approx(other.loglik, rel=1e-8)
            one, two = first.effects(horizon="short"), other.effects(horizon="short")
            np.testing.assert_allclose(one["estimate"], two["estimate"], rtol=1e-7, atol=1e-8)
            np.testing.assert_allclose(first.stability.radius, other.stability.radius, rtol=1e-8)


def blocks(W: dict[int, Weights]) -> tuple[list[np.ndarray], np.ndarray]:
    """Dense W of every period, and the block-diagonal one of those that are explained."""
    each = [one.dense() for one in W.values()]
    return each, linalg.block_diag(*each[1:])


@pytest.mark.parametrize(
    ("model", "effects"), [(m, e) for m in ("sar", "sdm", "slx") for e in ("none", "entity", "twoway")]
)
def test_the_likelihood_is_that_of_the_block_diagonal_matrix(model: str, effects: str) -> None:
    """W_{t-1} y_{t-1}: the weights of the first period count for the past alone."""
    n, t = 9, 7
    W = changing(3, n, t)
    y, X = world(np.random.default_rng(4), W, effects=effects)
    each, block = blocks(W)
    past = y[:-1].reshape(-1)
    eta = np.concatenate([A @ row for A, row in zip(each[:-1], y[:-1], strict=True)])
    x = X[1:].reshape(-1, 1)
    columns = [x] + [block @ x] * (model != "sar") + [past[:, None], eta[:, None]]
    entity, time = np.tile(np.eye(n), (t - 1, 1)), np.repeat(np.eye(t - 1), n, axis=0)
    columns += {"none": [np.ones((len(x), 1))], "entity": [entity], "twoway": [entity, time[:, 1:]]}[effects]
    other = Brute(y[1:].reshape(-1), np.column_stack(columns), block, block, model != "slx", False)
    want, height = other.fit(np.zeros(1) if model != "slx" else np.empty(0))
    found = made(y, X, W, model=model, effects=effects, method="direct").fit(correction="none")
    k = len(columns) - (1 if effects != "twoway" else 2)
    names = ["x1", *(["W*x1"] if model != "sar" else []), "tau", "eta"]
    np.testing.assert_allclose(found.params[names], want[:k], rtol=1e-6, atol=1e-7)
    if model != "slx":
        assert found.params["rho"] == pytest.approx(want[-2], rel=1e-6, abs=1e-7)
    assert found.loglik == pytest.approx(height, rel=1e-9)


@pytest.mark.parametrize("model", ["sar", "sac"])
@pytest.mark.parametrize("method", ["lee-yu", "direct"])
@pytest.mark.parametrize("effects", ["entity", "time", "twoway"])
def test_the_expected_score_by_brute_force(effects: str, method: str, model: str) -> None:
    """E z'Qe/sigma2 = tr QL for a column z = Le + what is known, with L of all N T rows, period by period."""
    n, t = 8, 6
    W = changing(5, n, t)
    y, X = world(np.random.default_rng(6), W, effects=effects)
    own = {"error_weights": W[2000]} if model == "sac" else {}
    panel = made(y, X, W, model=model, effects=effects, method=method, **own)
    estimate = panel.fit(correction="none").estimate
    d, lam, T = panel.lagged.dynamics(estimate), estimate.lam, t - 1
    each, eye = [one.dense() for one in W.values()], np.eye(n)
    R = eye - lam * each[0]
    moved = np.zeros((T, T, n, n))  # what e_s does to y_t
    for s in range(T):
        moved[s, s] = np.linalg.solve(eye - d.rho * each[s + 1], np.linalg.inv(R))
        for i in range(s + 1, T):
            step = np.linalg.solve(eye - d.rho * each[i + 1], d.tau * eye + d.eta * each[i])
            moved[i, s] = step @ moved[i - 1, s]
    L = {name: np.zeros((T * n, T * n)) for name in ("tau", "eta", "rho")}
    for i in range(T):
        for s in range(T):
            at = (slice(i * n, i * n + n), slice(s * n, s * n + n))
            L["rho"][at] = R @ each[i + 1] @ moved[i, s]
            if i:
                L["tau"][at], L["eta"][at] = R @ moved[i - 1, s], R @ each[i] @ moved[i - 1, s]
    J = eye - (1 / n if effects != "entity" else 0.0)
    Q = np.kron(np.eye(T) - (1 / T if effects != "time" else 0.0), J)
    found = expected_score(panel.arrays, estimate, panel.lagged, finite=True)
    names = [*panel.design.names, *estimate.spatial]
    drop = method == "lee-yu" and effects != "entity"
    G = [A @ np.linalg.inv(eye - d.rho * A) for A in each[1:]]
    logdet = sum(np.trace(one) - drop / (1 - d.rho) for one in G)
    for name in ("tau", "eta", "rho"):
        want = np.trace(Q @ L[name]) - (logdet if name == "rho" else 0.0)
        assert found[names.index(name)] == pytest.approx(want, rel=1e-8, abs=1e-9), name
    if model == "sac":
        H = np.kron(np.eye(T), each[0] @ np.linalg.inv(R))
        plain = T * (np.trace(H[:n, :n]) - drop / (1 - lam))
        assert found[names.index("lambda")] == pytest.approx(np.trace(Q @ H) - plain, rel=1e-8, abs=1e-9)


def test_the_published_sums_go_on_with_the_last_w() -> None:
    """A panel that goes on for ever with the W it ends with has the infinite sums, from its innovations up to T."""
    n, t = 14, 8
    W = changing(7, n, t)
    y, X = world(np.random.default_rng(8), W, Truth(0.2, 0.0, 0.2), effects="entity")
    panel = made(y, X, W, model="sar", effects="entity")
    estimate = panel.fit(correction="none").estimate
    d, T = panel.lagged.dynamics(estimate), t - 1
    each = [one.dense() for one in W.values()]
    eye, total = np.eye(n), np.zeros(3)
    for s in range(1, T + 1):
        moved = np.linalg.inv(eye - d.rho * each[s])
        for i in range(s, s + 400):
            now, after = each[min(i, T)], each[min(i + 1, T)]
            total[:2] += np.trace(moved), np.trace(now @ moved)
            moved = np.linalg.solve(eye - d.rho * after, (d.tau * eye + d.eta * now) @ moved)
            total[2] += np.trace(after @ moved)
    found = expected_score(panel.arrays, estimate, panel.lagged, finite=False)
    names = [*panel.design.names, *estimate.spatial]
    G = np.mean([np.trace(A @ np.linalg.inv(eye - d.rho * A)) for A in each[1:]])
    np.testing.assert_allclose([found[names.index(one)] for one in ("tau", "eta")], -total[:2] / T, rtol=1e-8)
    assert found[names.index("rho")] == pytest.approx(-total[2] / T - G, rel=1e-8)


def fitted(seed: int, n: int = 16, t: int = 9, **options: object) -> DynamicResults:
    W = changing(seed, n, t)
    y, X = world(np.random.default_rng(seed + 1), W)
    return made(y, X, W, **options).fit()


def test_effects_are_means_over_the_periods() -> None:
    result = fitted(9)
    beta, theta, tau, eta, rho = result.params[["x1", "W*x1", "tau", "eta", "rho"]]
    eye, found = np.eye(16), {"short": [], "long": []}
    for one in result.model.weights.each:  # type: ignore[attr-defined]
        D = one.dense()
        found["short"].append(np.linalg.solve(eye - rho * D, beta * eye + theta * D))
        found["long"].append(np.linalg.solve((1 - tau) * eye - (rho + eta) * D, beta * eye + theta * D))
    frame = result.effects()
    for horizon, each in found.items():
        direct = np.mean([np.trace(S) / 16 for S in each])
        total = np.mean([S.sum() / 16 for S in each])
        assert frame.loc[(horizon, "direct", "x1"), "estimate"] == pytest.approx(direct, rel=1e-8)
        assert frame.loc[(horizon, "total", "x1"), "estimate"] == pytest.approx(total, rel=1e-8)
    year = result.model.data.times[2]
    whose = result.effects_by_unit("x1", period=year)
    np.testing.assert_allclose(whose.loc["short"], found["short"][2], rtol=1e-8)
    with pytest.raises(InputError, match="differs from period to period"):
        result.unit_effects("x1")
    assert np.isfinite(result.unit_effects("x1", period=year)["std_error"]).all()


def test_residuals_predictions_and_resampled_paths_add_up() -> None:
    n = 24
    result = fitted(10, n, 12)
    model, (tau, eta, rho) = result.model, result.params[["tau", "eta", "rho"]]
    each = [model.given.past_weights.each[0], *model.weights.each]  # type: ignore[attr-defined]
    whole = np.concatenate([model.given.y0[None], model.data.y])
    x, frame = model.data.X[:, :, 0], result.fixed_effects()
    entity = frame.loc["entity", "estimate"].to_numpy() + float(frame.loc["constant", "estimate"].iloc[0])
    time = frame.loc["time", "estimate"].to_numpy()
    last, ahead, path = whole[0], [], []
    for i in range(len(x)):
        now, before = each[i + 1].dense(), each[i].dense()
        signal = result.params["x1"] * x[i] + result.params["W*x1"] * now @ x[i] + entity + time[i]
        solve = np.linalg.inv(np.eye(n) - rho * now)
        ahead.append(solve @ (signal + tau * whole[i] + eta * before @ whole[i]))
        last = solve @ (signal + tau * last + eta * before @ last)
        path.append(last)
    np.testing.assert_allclose(result.predict(), np.ravel(ahead), rtol=1e-8)
    np.testing.assert_allclose(result.predict(recursive=True), np.ravel(path), rtol=1e-8)
    drawn = result.bootstrap("wild", draws=29, seed=1, studentise=False, effects=False)
    assert (drawn.std_errors / result.std_errors).between(0.3, 2.5).all()


def test_tests_and_influence_follow_the_weights() -> None:
    result = fitted(11, 14, 8)
    table = result.diagnostics(unit_roots=False)
    assert np.isfinite(table.loc[["wald_tau", "stability", "serial_durbin", "jarque_bera"], "statistic"]).all()
    near_one = result.influence()
    exact = result.influence(exact=True)
    assert np.corrcoef(near_one["tau"], exact["tau"])[0, 1] > 0.8
    for kind in ("sandwich", "cluster-entity", "cluster-time"):
        other = result.model.fit(kind)  # type: ignore[arg-type]
        assert (other.std_errors / result.std_errors).between(0.2, 3.0).all()


def test_units_and_periods_meet_by_label() -> None:
    W = changing(12, 10, 7)
    y, X = world(np.random.default_rng(13), W)
    rows = pd.MultiIndex.from_product([list(W), labels(10)], names=["year", "unit"])
    frame = pd.DataFrame({"y": y.ravel(), "x1": X.ravel()}, index=rows).swaplevel()
    one = made(y, X, W).fit()
    shuffled = frame.sample(frac=1.0, random_state=1)
    turned = {year: W[year].align(labels(10)[::-1]) for year in reversed(list(W))}
    other = DynamicSpatialPanel(shuffled["y"], shuffled[["x1"]], turned).fit()
    np.testing.assert_allclose(one.params, other.params, rtol=1e-8)
    np.testing.assert_allclose(one.std_errors, other.std_errors, rtol=1e-8)
    later = {year: one for year, one in W.items() if year > 2000}
    with pytest.raises(LabelError, match="2000"):  # the past of the first period explained has weights, too
        DynamicSpatialPanel(frame["y"], frame[["x1"]], later)


def test_weights_that_change_before_the_first_period_only() -> None:
    """W_0 alone differs: one W, and another column of the past."""
    W, other = changing(14, 10, 2).values()
    each = {0: other, **dict.fromkeys(range(1, 7), W)}
    y, X = world(np.random.default_rng(15), each)
    panel = made(y, X, each)
    assert type(panel.weights) is Weights
    column = panel.design.X[:, :, panel.design.names.index("eta")]
    np.testing.assert_allclose(column[0], other.dense() @ y[0])
    np.testing.assert_allclose(column[3], W.dense() @ y[3])
    assert np.isfinite(panel.fit().std_errors).all()


def test_what_is_not_defined_is_refused_by_name() -> None:
    W = changing(16, 10, 6)
    y, X = world(np.random.default_rng(17), W)
    for effects in ("entity", "twoway"):
        with pytest.raises(
            InputError, match="with entity effects is not available for a spatial error whose weights change over time"
        ):
            made(y, X, W, model="sem", effects=effects)
    assert np.isfinite(made(y, X, W, model="sem", effects="time").fit().std_errors).all()
    result = made(y, X, W).fit()
    e = result.resids.to_numpy().reshape(len(result.model.data.y), -1)
    got = result.predict(kind="blup").to_numpy().reshape(e.shape)
    for t, one in enumerate(result.model.weights.each):  # type: ignore[attr-defined]
        A = np.eye(10) - float(result.params["rho"]) * one.dense()
        np.testing.assert_allclose(got[t], result.model.data.y[t] - A.T @ e[t] / (A**2).sum(axis=0), rtol=1e-8)
    with pytest.raises(InputError, match="change over time"):
        result.predict(pd.DataFrame({"x1": X[0, :, 0]}, index=pd.MultiIndex.from_product([labels(10), [2006]])))


def simulated(draws: int, shape: tuple[int, int], **options: object) -> pd.DataFrame:
    """Bias in standard deviations and coverage of 95 % intervals of the corrected estimates."""
    correction = options.pop("correction", "asymptotic")
    W, rng, rows = changing(18, shape[0], shape[1] + 1, k=4), np.random.default_rng(19), []
    names, truth = ["x1", "W*x1", "tau", "eta", "rho"], TRUTH.values
    for _ in range(draws):
        y, X = world(rng, W)
        fit = made(y, X, W, **options).fit(correction=correction)  # type: ignore[arg-type]
        rows.append(np.stack([fit.params[names] - truth, fit.std_errors[names]]))
    found = np.array(rows)
    bias = found[:, 0].mean(axis=0) / found[:, 0].std(axis=0)
    covered = (np.abs(found[:, 0]) < 1.959964 * found[:, 1]).mean(axis=0)
    return pd.DataFrame({"bias": bias, "covered": covered}, index=names)


def test_the_correction_centres_the_estimates() -> None:
    raw = simulated(60, (25, 10), correction="none")
    found = simulated(60, (25, 10))
    assert raw.loc["tau", "bias"] < -1.0
    assert (found["bias"].abs() < 0.55).all()
    assert (found["covered"] > 0.83).all()


@pytest.mark.slow
@pytest.mark.parametrize("correction", ["asymptotic", "finite"])
@pytest.mark.parametrize("method", ["lee-yu", "direct"])
def test_coverage_in_many_draws(method: str, correction: str) -> None:
    """40 units and 15 periods, 500 draws; four binomial standard errors below 95 % is 91.1."""
    found = simulated(500, (40, 15), correction=correction, method=method)
    print("\n", method, correction, found.round(3), sep="\n")
    assert (found["bias"].abs() < 0.3).all()
    assert (found["covered"] > 0.91).all()
