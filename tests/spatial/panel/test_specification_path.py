"""Nested, conditional and effects tests on fitted panels, influence of units, and the path through all of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import null_space

from gvcpos._core.errors import InputError, ModesWarning, SizeWarning
from gvcpos.spatial.panel import SpatialPanel, specification_path
from gvcpos.spatial.panel.diagnostics.effect_tests import bartlett
from gvcpos.spatial.panel.diagnostics.influence import without
from gvcpos.spatial.panel.diagnostics.path import ORDER
from gvcpos.spatial.panel.diagnostics.specification import nested
from gvcpos.spatial.panel.inputs.collinearity import condition_number
from gvcpos.spatial.panel.ml.modes import report, warn_of_modes
from gvcpos.spatial.panel.ml.search import Mode
from gvcpos.spatial.panel.random.diagnostics import serial_lm
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import EFFECTS, REGRESSORS, fitted, frame, golden, long_form, ring, simulated, weights


def munnell(model: str, effects: str = "random", **choices: object) -> SpatialPanel:
    data = frame()
    return SpatialPanel(data["lgsp"], data[REGRESSORS], weights(), model=model, effects=effects, **choices)  # type: ignore[arg-type]


def test_what_is_nested() -> None:
    assert set(nested("gns")) == {"sdm", "sdem", "sac", "slx", "sar", "sem"}
    assert set(nested("sac")) == {"sar", "sem"}
    assert set(nested("sdem")) == {"slx", "sem"}
    assert set(nested("sdm")) == {"slx", "sar", "sem"}
    assert nested("sar") == nested("sem") == nested("slx") == ()


@pytest.mark.parametrize("effects", ["none", "entity", "twoway"])
def test_lr_of_every_nested_model_is_the_oracles(effects: str) -> None:
    table = golden("oracle_exact_all")
    variant = "ML" if effects == "none" else "LY"
    table = table[(table["term"] == "logLik") & (table["effect"] == EFFECTS[effects]) & (table["variant"] == variant)]
    loglik = table.set_index("model")["estimate"]
    for model in ("gns", "sac", "sdem", "sdm"):
        for other in nested(model):
            test = fitted(model, effects, "lee-yu").lr(other)
            want = 2.0 * (loglik[model] - loglik[other])
            assert test.statistic == pytest.approx(want, rel=1e-5, abs=2e-4), (model, other)
            dropped = len(fitted(model, effects, "lee-yu").names) - len(fitted(other, effects, "lee-yu").names)
            assert test.df == dropped
            with pytest.warns(SizeWarning) if model in {"sac", "gns"} else nullcontext():
                assert fitted(model, effects, "lee-yu").wald(other, draws=0).df == test.df


def test_lr_near_elhorst() -> None:
    table = golden("elhorst_matlab_golden")
    for effects in ("entity", "twoway"):
        rows = table[(table["model"] == "sdm") & (table["effect"] == EFFECTS[effects])]
        for other in ("sar", "sem"):
            want = rows[rows["term"] == f"LR_SDM_vs_{other.upper()}"]["estimate"].iloc[0]
            # with time effects his Wy is W times the demeaned y, which moves the log-likelihoods
            rel = 3e-3 if effects == "entity" else 0.25
            assert fitted("sdm", effects, "direct").lr(other).statistic == pytest.approx(want, rel=rel)


@pytest.mark.parametrize(("model", "other", "name"), [("sdem", "slx", "lambda"), ("sac", "sem", "rho")])
def test_wald_of_one_parameter_is_the_squared_t(model: str, other: str, name: str) -> None:
    result = fitted(model, "entity", "lee-yu")
    with pytest.warns(SizeWarning) if model == "sac" else nullcontext():
        test = result.wald(other, draws=0)
    assert test.statistic == pytest.approx(result.tstats[name] ** 2, rel=1e-10)
    assert test.null.startswith(f"{name} = 0: the ")


def test_joint_wald_is_brute_force() -> None:
    result = fitted("gns", "entity", "direct")
    names = [*(f"W*{name}" for name in REGRESSORS), "rho"]
    value, cov = result.params[names].to_numpy(), result.cov.loc[names, names].to_numpy()
    with pytest.warns(SizeWarning):
        test = result.wald("sem", draws=0)
    assert test.statistic == pytest.approx(value @ np.linalg.inv(cov) @ value, rel=1e-9)


def test_error_model_is_refused_where_it_is_not_nested() -> None:
    y, X, W = simulated(2)
    other = Weights.from_dense(W.ids, W.dense().T / W.dense().T.sum(axis=1, keepdims=True))
    spectral = Weights.from_dense(W.ids, (W.dense() != 0).astype(float)).normalised("spectral")
    rng = np.random.default_rng(0)
    raw = Weights.from_dense(W.ids, W.dense() * rng.uniform(0.5, 1.0, (20, 1)))
    for words, options in (
        ("x1 has no spatial lag", {"not_lagged": ["x1"]}),
        ("x1, x2 is lagged with other weights", {"x_weights": other}),
        ("weights of its own", {"error_weights": other}),
    ):
        with pytest.raises(InputError, match=words):
            SpatialPanel.from_arrays(y, X, W, **options).fit().lr("sem")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="unequal sums"):
        SpatialPanel.from_arrays(y, X, raw, method="direct").fit().wald("sem")
    assert SpatialPanel.from_arrays(y, X, raw, effects="entity").fit().wald("sem").df == 2
    assert SpatialPanel.from_arrays(y, X, spectral, method="direct").fit().wald("sar").df == 2


def test_random_durbin_contains_the_error_model_of_kkp() -> None:
    """(I - rho W) u = mu + e: effects that stay at home in the Durbin model go through the error model's error."""
    result = munnell("sdm").fit()
    kkp = munnell("sem", random_error="kkp").fit()
    assert result.lr("sem").statistic == pytest.approx(2 * (result.loglik - kkp.loglik), rel=1e-8)
    assert result.lr("slx").df == 1


@pytest.mark.parametrize("effects", ["none", "entity", "time", "twoway"])
@pytest.mark.parametrize("method", ["lee-yu", "direct"])
def test_conditional_lm_without_anything_given_is_the_plain_one(effects: str, method: str) -> None:
    y, X, W = simulated(7)
    panel = SpatialPanel.from_arrays(y, X, W, model="slx", effects=effects, method=method)  # type: ignore[arg-type]
    plain = {test.name: test.statistic for test in panel.lm_tests(durbin=True)}
    found = {test.name: test for test in panel.fit().lm_conditional()}
    assert found["lm_lag_slx"].statistic == pytest.approx(plain["lm_lag"], rel=1e-8)
    assert found["lm_error_slx"].statistic == pytest.approx(plain["lm_error"], rel=1e-8)
    joint = plain["lm_lag"] + plain["robust_lm_error"]  # Anselin et al. (1996)
    assert found["lm_lag_error_slx"].statistic == pytest.approx(joint, rel=1e-8)
    assert found["lm_lag_error_slx"].df == 2


Law = Callable[[dict[str, float]], tuple[np.ndarray, np.ndarray]]


def gaussian_lm(y: np.ndarray, law: Law, at: dict[str, float], Z: np.ndarray, tested: str) -> float:
    """LM statistic of one parameter from numerical derivatives of the mean and covariance of all observations."""

    def slope(name: str) -> tuple[np.ndarray, np.ndarray]:
        h = 1e-5
        up, down = law(at | {name: at[name] + h}), law(at | {name: at[name] - h})
        return (up[0] - down[0]) / (2 * h), (up[1] - down[1]) / (2 * h)

    (mean, cov), free = law(at), list(at)
    inverse, slopes = np.linalg.inv(cov), [slope(name) for name in free]
    means, k = np.column_stack([Z, *(m for m, _ in slopes)]), Z.shape[1]
    info = means.T @ inverse @ means
    info[k:, k:] += 0.5 * np.array([[np.trace(inverse @ a @ inverse @ b) for _, b in slopes] for _, a in slopes])
    gap, (m, c), place = y - mean, slopes[free.index(tested)], k + free.index(tested)
    score = m @ inverse @ gap + 0.5 * (gap @ inverse @ c @ inverse @ gap - np.trace(inverse @ c))
    return float(score**2 * np.linalg.inv(info)[place, place])


@pytest.mark.parametrize("effects", ["entity", "twoway"])
@pytest.mark.parametrize(("model", "tested"), [("sar", "lambda"), ("sdm", "lambda"), ("sem", "rho"), ("sdem", "rho")])
def test_conditional_lm_is_that_of_the_transformed_system(effects: str, model: str, tested: str) -> None:
    y, X, W = simulated(11, n=9, t=5)
    result = SpatialPanel.from_arrays(y, X, W, model=model, effects=effects).fit()  # type: ignore[arg-type]
    FT = null_space(np.ones((1, 5)))
    FN = null_space(np.ones((1, 9))) if effects == "twoway" else np.eye(9)
    V, beta = FN.T @ W.dense() @ FN, result.estimate.beta
    Z = np.einsum("ts,tnk,nm->smk", FT, result.model.design.X, FN).reshape(-1, len(beta))
    eye = np.eye(len(V))

    def law(p: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
        A = np.kron(np.eye(4), np.linalg.inv(eye - p["rho"] * V))
        spread = A @ np.kron(np.eye(4), np.linalg.inv(eye - p["lambda"] * V))
        return A @ Z @ beta, p["sigma2"] * spread @ spread.T

    at = {"rho": result.estimate.rho, "lambda": result.estimate.lam, "sigma2": result.sigma2}
    A = np.kron(np.eye(4), np.linalg.inv(eye - at["rho"] * V))
    want = gaussian_lm((FT.T @ y @ FN).ravel(), law, at, A @ Z, tested)
    (found,) = result.lm_conditional()
    assert found.name == {"lambda": "lm_error_given_lag", "rho": "lm_lag_given_error"}[tested]
    assert found.statistic == pytest.approx(want, rel=1e-5)


def test_a_full_model_lacks_nothing() -> None:
    assert fitted("sac", "entity", "lee-yu").lm_conditional() == ()


def test_random_effects_tests_equal_splm() -> None:
    table = golden("splm_golden_spatialreg126").set_index("model")["estimate"]
    found = {test.name: test for test in munnell("slx").lm_tests()}
    assert found["lm_error_random"].statistic == pytest.approx(table["bsktest_clmlambda"] ** 2, rel=1e-5)
    given = {test.name: test for test in munnell("sem").fit().lm_conditional()}
    assert list(given) == ["lm_lag_given_error_random"]
    random = munnell("sem").fit().lm_random()  # type: ignore[attr-defined]
    assert random.statistic == pytest.approx(table["bsktest_clmmu"] ** 2, rel=1e-5)


def dense_serial(result: object, sigma2: float | None = None) -> float:
    """LM of serial correlation from the stacked covariance, for an error model with random effects of its own."""
    estimate, model = result.estimate, result.model  # type: ignore[attr-defined]
    T, N = model.data.y.shape
    lam, s2 = estimate.lam, estimate.sigma2 if sigma2 is None else sigma2
    mu = estimate.phi * s2
    W, eye = model.weights.dense(), np.eye(N)
    S = np.linalg.inv((eye - lam * W).T @ (eye - lam * W))
    G = np.eye(T, k=1) + np.eye(T, k=-1)
    cross = W.T @ (eye - lam * W) + (eye - lam * W).T @ W
    parts = [np.kron(np.eye(T), S), np.kron(np.ones((T, T)), eye), s2 * np.kron(np.eye(T), S @ cross @ S)]
    parts.append(s2 * np.kron(G, S))
    inverse = np.linalg.inv(s2 * parts[0] + mu * parts[1])
    moved = [inverse @ part for part in parts]
    info = 0.5 * np.array([[np.vdot(a.T, b) for b in moved] for a in moved])
    u = (model.data.y - model.design.X @ estimate.beta).ravel()
    score = 0.5 * (u @ inverse @ parts[3] @ inverse @ u - np.trace(moved[3]))
    return float(score**2 * np.linalg.inv(info)[3, 3])


def test_serial_correlation_beside_random_effects_by_brute_force() -> None:
    """The stacked covariance of 816 rows decides; splm's C.2 takes Var(u)/(1 + phi) for the innovation variance.

    With a spatial error Var(u) is more than sigma2 (1 + phi), so that its score is not zero where it should be.
    """
    result = munnell("sem").fit()
    own = result.serial_correlation()[0].statistic
    assert own == pytest.approx(dense_serial(result), rel=1e-8)
    u = result.model.data.y - result.model.design.X @ result.estimate.beta
    theirs = (u**2).mean() / (1 + result.estimate.phi)  # type: ignore[attr-defined]
    want = golden("splm_golden_spatialreg126").set_index("model")["estimate"]["bsjktest_c.2"]
    assert dense_serial(result, theirs) == pytest.approx(want, rel=0.01)
    assert own != pytest.approx(want, rel=0.05)


@pytest.mark.parametrize(("model", "error"), [("sac", "baltagi"), ("sac", "kkp"), ("sar", "baltagi")])
def test_serial_correlation_beside_random_effects_by_numerical_covariance(model: str, error: str) -> None:
    """Information of (rho, lambda, phi, sigma2, r) from numerical derivatives of the stacked covariance and mean."""
    y, X, W = simulated(14, n=8, t=5)
    y = y + np.random.default_rng(0).normal(size=8)
    result = SpatialPanel.from_arrays(y, X, W, model=model, effects="random", random_error=error).fit()  # type: ignore[arg-type]
    estimate, dense, N, T = result.estimate, W.dense(), 8, 5
    Z = result.model.design.X.reshape(T * N, -1)
    at = {"rho": estimate.rho, "lambda": estimate.lam, "phi": estimate.phi, "sigma2": estimate.sigma2, "r": 0.0}  # type: ignore[attr-defined]

    def law(p: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
        A, B = np.linalg.inv(np.eye(N) - p["rho"] * dense), np.linalg.inv(np.eye(N) - p["lambda"] * dense)
        V = p["r"] ** np.abs(np.subtract.outer(np.arange(T), np.arange(T))) / (1 - p["r"] ** 2)
        home = B @ B.T if error == "kkp" else np.eye(N)
        cov = p["sigma2"] * (p["phi"] * np.kron(np.ones((T, T)), home) + np.kron(V, B @ B.T))
        spread = np.kron(np.eye(T), A)
        return spread @ Z @ estimate.beta, spread @ cov @ spread.T

    spread = np.kron(np.eye(T), np.linalg.inv(np.eye(N) - at["rho"] * dense))
    at = at if model == "sac" else {name: value for name, value in at.items() if name != "lambda"}
    want = gaussian_lm(y.ravel(), lambda p: law({"lambda": 0.0} | p), at, spread @ Z, "r")
    assert serial_lm(estimate, kkp=error == "kkp").statistic == pytest.approx(want, rel=1e-4)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", ["sar", "sdem"])
def test_lr_of_effects_is_twice_the_gap_of_direct_likelihoods(model: str) -> None:
    found = {test.name: test for test in fitted(model, "twoway", "lee-yu").lr_effects()}
    table = golden("oracle_exact_all")
    table = table[(table["term"] == "logLik") & (table["model"] == model) & (table["variant"] != "LY")]
    loglik = table.set_index("effect")["estimate"].to_dict()
    for name, less, df in (("lr_entity", "time", 47), ("lr_time", "individual", 16), ("lr_entity_time", "pooled", 63)):
        want = 2.0 * (loglik["twoways"] - loglik[less])
        assert found[name].statistic == pytest.approx(want, rel=1e-6)
        assert (found[name].df, found[f"{name}_bartlett"].df) == (df, df)
        assert found[f"{name}_bartlett"].statistic < found[name].statistic


def test_lr_of_effects_says_what_is_absorbed() -> None:
    y, X, W = simulated(1)
    X = np.concatenate([X, np.broadcast_to(X[:1, :, :1], (6, 20, 1))], axis=2)
    found = {test.name: test for test in SpatialPanel.from_arrays(y, X, W, model="sar", effects="time").lr_effects()}
    assert np.isnan(found["lr_entity"].statistic)
    assert "absorbed by the entity effects" in found["lr_entity"].sentence
    assert np.isfinite(found["lr_time"].statistic)


def test_bartlett_is_the_mean_of_the_ratio() -> None:
    """n log(1 + chi2_q/chi2_(n-k)) has mean q over the factor."""
    rng = np.random.default_rng(0)
    n, k, q = 60, 20, 12
    ratio = n * np.log1p(rng.chisquare(q, 400_000) / rng.chisquare(n - k, 400_000))
    assert ratio.mean() * bartlett(n, k, q) == pytest.approx(q, rel=5e-3)
    assert bartlett(10**7, 20, 12) == pytest.approx(1.0, rel=1e-5)


def test_vif_is_brute_force() -> None:
    result = fitted("sdm", "twoway", "lee-yu")
    Z = result.model.transformation.within(result.model.design.X).reshape(816, -1)
    for j, name in enumerate(result.model.regressors):
        others = np.delete(Z, j, axis=1)
        rest = Z[:, j] - others @ np.linalg.lstsq(others, Z[:, j], rcond=None)[0]
        assert result.vif()[name] == pytest.approx((Z[:, j] ** 2).sum() / (rest**2).sum(), rel=1e-9)
    assert condition_number(result.model.design.X, result.model.transformation) > 1.0
    pooled = fitted("sem", "none", "direct").vif()
    from statsmodels.stats.outliers_influence import variance_inflation_factor

    X = np.column_stack([np.ones(816), frame()[REGRESSORS].to_numpy(float)])
    assert np.isnan(pooled["Intercept"])
    want = [variance_inflation_factor(X, j) for j in range(1, 5)]
    np.testing.assert_allclose(pooled[REGRESSORS], want, rtol=1e-8)


def test_near_modes_are_warned_of_and_told() -> None:
    result = fitted("sac", "entity", "lee-yu")
    estimate = result.estimate
    for gap, warns in ((0.5, True), (3.0, False)):
        other = Mode(-0.3, 0.7, estimate.loglik - gap, True)
        two = replace(estimate, modes=(estimate.modes[0], other))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warn_of_modes(two, ("rho", "lambda"))
        assert [one.category for one in caught] == [ModesWarning] * warns
        if warns:
            assert "rho = -0.3000, lambda = 0.7000" in str(caught[0].message)
            assert "0.500 below" in str(caught[0].message)
    assert result.modes_report().startswith("The likelihood has ")
    frame_of_two = result.modes.head(1).loc[[0, 0]].reset_index(drop=True)
    frame_of_two.loc[1, "loglik"] -= 1.0
    assert "report both" in report(frame_of_two)
    assert "no spatial parameter" in fitted("slx", "entity", "lee-yu").modes_report()


def test_a_likelihood_with_two_hills_warns_on_fit() -> None:
    """Without regressors that matter, (rho, lambda) and (lambda, rho) of a lag-and-error model are as likely."""
    rng = np.random.default_rng(2)
    W = ring(25)
    both = np.linalg.inv(np.eye(25) - 0.6 * W) @ np.linalg.inv(np.eye(25) + 0.5 * W)
    y = (both @ rng.normal(size=(25, 12))).T
    X = rng.normal(size=(12, 25, 1))
    panel = SpatialPanel.from_arrays(y, X, Weights.from_dense([f"u{i:02d}" for i in range(25)], W), model="sac")
    with pytest.warns(ModesWarning, match="second maximum at rho ="):
        result = panel.fit()
    assert len(result.modes) >= 2
    assert result.modes["loglik"].iloc[0] - result.modes["loglik"].iloc[1] < 2.0


@pytest.mark.parametrize(("model", "effects"), [("sdm", "twoway"), ("sem", "entity"), ("sdem", "none")])
def test_influence_in_one_step_is_near_the_exact_one(model: str, effects: str) -> None:
    y, X, W = simulated(5, n=24, t=8)
    y[:, 3] += 1.5 * X[:, 3, 0]
    result = SpatialPanel.from_arrays(y, X, W, model=model, effects=effects).fit()  # type: ignore[arg-type]
    step, exact = result.influence(), result.influence(exact=True)
    assert list(step.columns) == ["unit", *result.names, "distance", "note"]
    assert list(step["unit"]) == list(W.ids)
    assert (step["note"] == "").all()
    gap = (step[list(result.names)] - exact[list(result.names)]).abs().to_numpy()
    assert np.median(gap) < 0.02
    assert gap.max() < 0.35 * exact[list(result.names)].abs().to_numpy().max() + 0.05
    assert np.corrcoef(step["distance"], exact["distance"])[0, 1] > 0.97


def test_influence_is_the_fit_without_the_unit() -> None:
    y, X, W = simulated(5, n=12, t=6)
    result = SpatialPanel.from_arrays(y, X, W).fit()
    keep = np.arange(12) != 4
    part = W.dense()[np.ix_(keep, keep)]
    smaller = Weights.from_dense([one for one in W.ids if one != "u04"], part / part.sum(axis=1, keepdims=True))
    fresh = SpatialPanel.from_arrays(y[:, keep], X[:, keep], smaller).fit()
    row = result.influence(exact=True).set_index("unit").loc["u04", list(result.names)]
    want = (fresh.params - result.params) / result.std_errors
    np.testing.assert_allclose(row.to_numpy(float), want.to_numpy(), atol=1e-8)


def test_influence_keeps_other_weights_and_names_what_fails() -> None:
    y, X, W = simulated(5, n=8, t=6)
    chain = np.zeros((8, 8))
    for i in range(7):
        chain[i, i + 1] = chain[i + 1, i] = 1.0
    line = Weights.from_dense(W.ids, chain / chain.sum(axis=1, keepdims=True))
    panel = SpatialPanel.from_arrays(y, X, W, effects="entity", x_weights={"x1": W}, error_weights=W)
    assert without(panel, "u02").weights.is_row_normalised
    found = SpatialPanel.from_arrays(y, X[:, :, :1], line, model="sar", effects="entity").fit().influence()
    failed = found.set_index("unit")["note"]
    assert "u00" in failed["u01"]
    assert "no neighbours" in failed["u01"]
    assert failed["u03"] == ""
    with pytest.raises(InputError, match="random"):
        munnell("sar").fit().influence()


def test_path_on_munnell_never_hides_a_contradiction() -> None:
    path = specification_path(munnell("sdm", "twoway"))
    assert list(path.steps["step"]) == list(ORDER)
    assert path.decision == "sdm with twoway effects"
    assert path.result.model.model == "sdm"
    assert path.result.loglik == pytest.approx(fitted("sdm", "twoway", "lee-yu").loglik, rel=1e-10)
    assert {"criteria: bic prefers sem, the tests sdm"} <= set(path.contradictions)
    for what in path.contradictions:
        assert what.split(": ", 1)[1].split(";")[0][:60] in path.text.replace("\n        ", " ")
    assert {"moran", "lm_lag", "lr_entity", "hausman_mundlak", "wald_sdm_sem", "lr_sdm_sar"} <= set(path.tests["name"])
    assert "Decision: sdm with twoway effects." in path.text
    assert "Contradictions on the way" in path.text


@pytest.mark.parametrize(("rho", "lam", "want"), [(0.5, 0.0, "sar"), (0.0, 0.6, "sem")])
def test_path_finds_what_is_planted(rho: float, lam: float, want: str) -> None:
    rng = np.random.default_rng(7)
    _, X, W = simulated(6, n=49, t=10)
    mu = X.mean(axis=(0, 2)) * 5 + rng.normal(size=49)
    u = np.linalg.solve(np.eye(49) - lam * W.dense(), rng.normal(size=(49, 10))).T
    signal = X @ np.array([1.0, -0.5]) + mu + np.linspace(0, 5, 10)[:, None] + u
    y = np.linalg.solve(np.eye(49) - rho * W.dense(), signal.T).T
    path = specification_path(SpatialPanel.from_arrays(y, X, W, effects="entity"))
    assert path.model == want
    assert path.effects == "twoway"
    assert any("made with entity effects" in what for what in path.contradictions)
    held = specification_path(SpatialPanel.from_arrays(y, X, W, effects="entity"), hold_effects=True)
    assert held.effects == "entity"
    assert any("held as asked" in what for what in held.contradictions)


def test_path_takes_random_effects_where_they_hold() -> None:
    rng = np.random.default_rng(5)
    W = ring(40)
    X = rng.normal(size=(8, 40, 1))
    y = np.linalg.solve(np.eye(40) - 0.4 * W, (X[:, :, 0] + rng.normal(size=40) + rng.normal(size=(8, 40))).T).T
    panel = SpatialPanel.from_arrays(y, X, Weights.from_dense([f"u{i:02d}" for i in range(40)], W), effects="entity")
    path = specification_path(panel)
    assert (path.model, path.effects) == ("sar", "random")
    assert path.result.model.random
    assert "posterior probabilities are not defined here" in path.text


def test_wald_and_lr_that_disagree_are_told_and_keep_the_larger_model() -> None:
    """A level between the two p-values, so that one rejects."""
    panel = munnell("sdm", "twoway")
    result = fitted("sdm", "twoway", "lee-yu")
    low, high = sorted((result.wald("sem").pvalue, result.lr("sem").pvalue))
    path = specification_path(panel, alpha=(low + high) / 2, order=("durbin", "restrict"))
    assert path.model == "sdm"
    assert any(what.startswith("restrict: against sem: wald_sdm_sem p = ") for what in path.contradictions)
    assert specification_path(panel, alpha=low / 2, order=("durbin", "restrict")).model == "sem"


def test_path_from_a_formula_with_steps_in_another_order() -> None:
    y, X, W = simulated(6, n=20, t=8)
    data = long_form(y, X, W)
    path = specification_path("y ~ x1 + x2", data, W, order=("effects", "moran", "restrict"), effects="twoway")
    assert list(path.steps["step"]) == ["effects", "moran", "restrict"]
    shuffled = data.sample(frac=1.0, random_state=1)
    again = specification_path("y ~ x1 + x2", shuffled, W, order=("effects", "moran", "restrict"), effects="twoway")
    np.testing.assert_allclose(path.tests["statistic"], again.tests["statistic"], rtol=1e-7)
    assert path.decision == again.decision


def test_path_refuses() -> None:
    y, X, W = simulated(6)
    panel = SpatialPanel.from_arrays(y, X, W)
    with pytest.raises(InputError, match="order names wald"):
        specification_path(panel, order=("wald",))
    with pytest.raises(InputError, match="alpha=5"):
        specification_path(panel, alpha=5)
    with pytest.raises(InputError, match="formula needs data and W"):
        specification_path("y ~ x1")
    with pytest.raises(InputError, match="has its own effects"):
        specification_path(panel, effects="entity")


def rejections(effects: str, T: int, draws: int) -> dict[str, float]:
    """Share of 5 % rejections of conditional LM, nested Wald and LR, and effects tests, each under its null."""
    rng, n = np.random.default_rng(21), 60
    W = Weights.from_dense([f"u{i:02d}" for i in range(n)], ring(n))
    spread = np.linalg.inv(np.eye(n) - 0.4 * W.dense())
    counts: dict[str, int] = {}
    for _ in range(draws):
        X = rng.normal(size=(T, n, 1))
        y = (X[:, :, 0] + rng.normal(size=(T, n))) @ spread.T  # a lag model without effects
        u = X[:, :, 0] + rng.normal(size=(T, n)) @ spread.T  # an error model without effects
        sar = SpatialPanel.from_arrays(y, X, W, model="sar", effects=effects)  # type: ignore[arg-type]
        sem = SpatialPanel.from_arrays(u, X, W, model="sem", effects=effects)  # type: ignore[arg-type]
        sdem = sem.respecified("sdem").fit()
        tests = [*sar.fit().lm_conditional(), *sem.fit().lm_conditional(), sdem.wald("sem"), sdem.lr("sem")]
        tests += [test for test in sar.lr_effects() if test.name.endswith("bartlett")]
        for test in tests:
            counts[test.name] = counts.get(test.name, 0) + int(test.pvalue < 0.05)
    return {name: count / draws for name, count in counts.items()}


@pytest.mark.slow
def test_size_quickly() -> None:
    """100 draws: within four binomial standard errors of 5 %."""
    for name, share in rejections("twoway", 10, 100).items():
        assert share <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 100), name


@pytest.mark.slow
@pytest.mark.parametrize("periods", [5, 15])
@pytest.mark.parametrize("effects", ["entity", "twoway"])
def test_size(effects: str, periods: int) -> None:
    """1,000 draws: 3 to 7 %, which a binomial of 5 % leaves once in 300; time effects bias rho, see `effect_tests`."""
    for name, share in rejections(effects, periods, 1000).items():
        assert 0.03 <= share <= (0.085 if name == "lr_time_bartlett" else 0.07), name


@pytest.mark.slow
def test_size_of_serial_correlation_beside_random_effects() -> None:
    rng, n, T = np.random.default_rng(22), 40, 6
    W = Weights.from_dense([f"u{i:02d}" for i in range(n)], ring(n))
    spread, rejected = (
        np.linalg.inv(np.eye(n) - 0.4 * W.dense()),
        {"serial_lm_random": 0, "lm_error_given_lag_random": 0},
    )
    for _ in range(500):
        X = rng.normal(size=(T, n, 1))
        y = (X[:, :, 0] + rng.normal(size=n) + rng.normal(size=(T, n))) @ spread.T
        result = SpatialPanel.from_arrays(y, X, W, model="sar", effects="random").fit()
        for test in (*result.serial_correlation(), *result.lm_conditional()):
            rejected[test.name] += int(test.pvalue < 0.05)
    assert stats.binom.cdf(max(rejected.values()), 500, 0.05) < 0.999
    assert stats.binom.cdf(min(rejected.values()), 500, 0.05) > 0.001
