"""What other programs print for Munnell's panel beside what the oracle has: where they are right, and where not, why.

Two mistakes explain most differences. With time effects splm and Elhorst's code put W times the demeaned y where the
demeaned Wy belongs, which is their likelihood to six digits. For a Durbin model splm and spreg take W x for a variable
of its own, whose effects nobody can have without moving x.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.diagnostics.cross_section import cd
from gvcpos.spatial.panel.ml.estimation import columns_of, concentrated, fit
from gvcpos.spatial.panel.ml.likelihood import Concentrated, moments
from gvcpos.spatial.panel.ml.logdet import LogDeterminant
from gvcpos.spatial.panel.ml.search import Mode, maximise
from gvcpos.spatial.panel.models import Features
from gvcpos.spatial.panel.results import SpatialPanelResults
from tests.spatial.panel.munnell import EFFECTS, REGRESSORS, fitted, frame, golden, weights
from tests.spatial.panel.random_panels import munnell as random_effects

SPATIAL = ["sar", "sem", "sac", "sdm", "sdem", "gns"]
WX = {f"W_{name}": f"W*{name}" for name in REGRESSORS}


def select(file: str, model: str, effect: str, **more: object) -> pd.DataFrame:
    """Rows of one fit, by term."""
    table = golden(file)
    chosen = (table["model"] == model) & (table["effect"] == effect) & table["kind"].isin(["coef", "scalar"])
    for column, value in more.items():
        chosen &= table[column].astype(str) == str(value)
    rows = table[chosen].drop_duplicates("term").set_index("term")
    assert len(rows), (file, model, effect, more)
    return rows


def splm(model: str, effect: str, lee_yu: bool = False) -> pd.DataFrame:
    """splm's lambda is our rho and the reverse, except where both are printed by name."""
    rows = select("splm_golden_spatialreg126", model, effect, leeyu=lee_yu, estimator="ML")
    if model in {"sem", "sdem"}:
        names = {"rho": "lambda"}
    else:
        names = {"lambda": "rho"} | ({"rho": "lambda"} if model in {"sac", "gns"} else {})
    return rows.rename(WX | names | {"AR:lambda": "rho", "ERR:rho": "lambda"})


def agree(
    result: SpatialPanelResults, want: pd.DataFrame, rtol: float, errors: float | None, atol: float = 0.0
) -> None:
    names = list(result.names)
    np.testing.assert_allclose(result.params, want.loc[names, "estimate"], rtol=rtol, atol=atol)
    if errors is not None:
        np.testing.assert_allclose(result.std_errors, want.loc[names, "std_error"], rtol=errors)


# splm ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lee_yu", [False, True])
@pytest.mark.parametrize("model", SPATIAL)
def test_entity_effects_equal_splm(model: str, lee_yu: bool) -> None:
    want, result = splm(model, "individual", lee_yu), fitted(model, "entity", "lee-yu" if lee_yu else "direct")
    agree(result, want, 1e-6, 1e-4, atol=5e-9)
    assert result.sigma2 == pytest.approx(want.loc["sigma2", "estimate"], rel=1e-6)
    if model in {"sar", "sdm"}:
        assert result.loglik == pytest.approx(want.loc["logLik", "estimate"], rel=1e-9)


@pytest.mark.parametrize("model", SPATIAL)
def test_pooled_equals_splm(model: str) -> None:
    want, result = splm(model, "pooled"), fitted(model, "none", "direct")
    agree(result, want, 1e-4, None, atol=1e-6)
    assert result.loglik == pytest.approx(want.loc["logLik", "estimate"], rel=1e-9)


def test_constants_are_missing_in_the_error_likelihood_of_splm() -> None:
    """The gap is one number whatever the model, so that its likelihood ratios are right and its levels are not."""
    for lee_yu, method in ((False, "direct"), (True, "lee-yu")):
        gaps = []
        for model in ("sem", "sdem"):
            result = fitted(model, "entity", method)
            gaps.append(splm(model, "individual", lee_yu).loc["logLik", "estimate"] - result.loglik)
        assert max(gaps) < -1000.0
        if not lee_yu:
            assert gaps[0] == pytest.approx(gaps[1], abs=1e-5)


@lru_cache(maxsize=16)
def with_lag_of_demeaned(model: str, effects: str) -> Mode:
    """Maximum where W moves the demeaned y, X and residuals."""
    result = fitted(model, effects, "direct")
    panel, features, t = result.model.arrays, result.model.features, result.model.transformation
    W = result.model.weights.dense()
    y, X = t.within(panel.y)[:, :, None], t.within(panel.X)

    def lag(Z: np.ndarray) -> np.ndarray:
        return np.einsum("ij,tjk->tik", W, Z)

    targets = np.concatenate([y, lag(y)], axis=2) if features.lag else y
    flat = [Z.reshape(-1, Z.shape[2]) for Z in (targets, X, lag(targets), lag(X))]
    made = moments(flat[0], flat[1], (flat[2], flat[3]) if features.error else None)
    logdet = LogDeterminant(result.model.spectrum, False)
    likelihood = Concentrated(
        made, logdet if features.lag else None, logdet if features.error else None, y.size, t.periods
    )
    return maximise(likelihood)[0]


def exact(result: SpatialPanelResults, rho: float, lam: float) -> float:
    """The model's log-likelihood at given spatial parameters."""
    model = result.model
    crossed = columns_of(model.arrays, model.features).crossed
    return float(concentrated(model.arrays, model.features, crossed).value(np.array(rho), np.array(lam)))


@pytest.mark.parametrize("effects", ["time", "twoway"])
@pytest.mark.parametrize("model", SPATIAL)
def test_time_effects_of_splm_lag_the_demeaned(model: str, effects: str) -> None:
    want, top = splm(model, EFFECTS[effects])["estimate"], with_lag_of_demeaned(model, effects)
    for name, value in (("rho", top.rho), ("lambda", top.lam)):
        if name in want:
            assert value == pytest.approx(want[name], rel=1e-4, abs=1e-6), name
    if model in {"sar", "sdm"}:
        assert top.loglik == pytest.approx(want["logLik"], rel=1e-9)
    for method, rows in (("direct", want), ("lee-yu", splm(model, EFFECTS[effects], True)["estimate"])):
        result = fitted(model, effects, method)
        assert exact(result, result.estimate.rho, result.estimate.lam) == pytest.approx(result.loglik, rel=1e-10)
        assert exact(result, rows.get("rho", 0.0), rows.get("lambda", 0.0)) < result.loglik - 1e-9


def test_two_way_lee_yu_of_splm_has_the_direct_estimates() -> None:
    """Only sigma2 moves between its two, and too far: 816/(47 x 16) over one that was right already."""
    for model in ("sar", "sdm", "sem", "sdem"):
        plain, transformed_ = splm(model, "twoways"), splm(model, "twoways", True)
        result = fitted(model, "twoway", "lee-yu")
        assert transformed_.loc["sigma2", "estimate"] < 0.9 * result.sigma2
        assert abs(plain.loc["sigma2", "estimate"] / fitted(model, "twoway", "direct").sigma2 - 1.0) < 3e-3


def change_of_reduced_form(result: SpatialPanelResults, name: str) -> np.ndarray:
    """Direct, indirect and total effect by moving x of one unit after the other: its neighbours' W x moves with it."""
    W, n = weights().dense(), 48
    beta, theta, rho = (result.params.get(one, 0.0) for one in (name, f"W*{name}", "rho"))
    moved = np.linalg.solve(np.eye(n) - rho * W, beta * np.eye(n) + theta * W)
    direct, total = np.trace(moved) / n, moved.sum() / n
    return np.array([direct, total - direct, total])


def test_durbin_effects_of_splm_and_spreg_hold_w_x_still() -> None:
    result = fitted("sdm", "entity", "direct")
    table = golden("splm_golden_spatialreg126")
    rows = table[(table["model"] == "sdm") & (table["effect"] == "individual") & (table["kind"] == "impact")]
    theirs = rows[rows["leeyu"].astype(str) == "False"].set_index("term")["estimate"]
    spreg = golden("spreg_1.9.1_golden")
    spreg = spreg[(spreg["model"] == "ml_lagfe") & (spreg["effect"] == "individual") & (spreg["slx_lags"] == 1)]
    spreg = spreg[spreg["note"].astype(str).str.contains("full")].set_index("term")["estimate"]
    effects, held = result.effects()["estimate"], np.linalg.inv(np.eye(48) - result.params["rho"] * weights().dense())
    for name in REGRESSORS:
        np.testing.assert_allclose(effects[:, name], change_of_reduced_form(result, name), rtol=1e-9)
        own = result.params[name] * np.trace(held) / 48
        total = (result.params[name] * held.sum() / 48, result.params[f"W*{name}"] * held.sum() / 48)
        assert theirs[f"direct:{name}"] == pytest.approx(own, rel=1e-6)
        assert spreg[f"direct:{name}"] == pytest.approx(own, abs=6e-5)
        assert (theirs[f"total:{name}"], theirs[f"total:W_{name}"]) == pytest.approx(total, rel=1e-6)
        assert spreg[f"total:{name}"] == pytest.approx(effects["total", name], abs=6e-5)  # only its split is wrong
    assert abs(theirs["direct:lemp"] - effects["direct", "lemp"]) > 0.05


@pytest.mark.parametrize("model", ["sar", "sac"])
def test_effects_without_durbin_terms_equal_splm(model: str) -> None:
    table = golden("splm_golden_spatialreg126")
    rows = table[(table["model"] == model) & (table["effect"] == "individual") & (table["kind"] == "impact")]
    rows = rows[rows["leeyu"].astype(str) == "False"].set_index("term")
    got = fitted(model, "entity", "direct").effects()
    for (effect, name), value in got["estimate"].items():
        assert rows.loc[f"{effect}:{name}", "estimate"] == pytest.approx(value, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize(("model", "name"), [("sar", "sphtest_lag_ml"), ("sac", "sphtest_sarar_ml")])
def test_hausman_of_splm_is_not_definite(model: str, name: str) -> None:
    """The direct covariance of fixed effects is too small by (T - 1)/T, so that the difference is no covariance."""
    want = float(golden("splm_golden_spatialreg126").set_index("model").loc[name, "estimate"])
    random = random_effects(model, "kkp" if model == "sac" else "baltagi")
    spread = (fitted(model, "entity", "direct").cov - random.cov).loc[REGRESSORS, REGRESSORS].to_numpy(float)
    assert np.linalg.eigvalsh(spread).min() < 0.0
    ours = random.hausman(kind="difference")
    assert ours.statistic > 0.0
    assert ours.pvalue < 0.05
    assert want > 9.5  # both reject


# spatialreg ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("effects", list(EFFECTS))
@pytest.mark.parametrize("model", ["sac", "gns"])
def test_effects_with_two_parameters_equal_spatialreg(model: str, effects: str) -> None:
    table = golden("spatialreg_stacked_golden")
    rows = table[(table["model"] == model) & (table["effect"] == EFFECTS[effects]) & (table["kind"] == "impact")]
    got = fitted(model, effects, "direct").effects()
    for row in rows.itertuples():
        effect, name = row.term.split(":")
        # sums to order 40 of rho^k tr W^k: short by rho^40 where rho is 0.6, and its search stops at 8e-6
        assert row.estimate == pytest.approx(got["estimate"][effect, name], rel=2e-4, abs=2e-5)
        assert row.std_error == pytest.approx(got["std_error"][effect, name], rel=0.35)


# spreg ---------------------------------------------------------------------------------------------------------------

SPREG = {"ml_lagfe": "sar", "ml_errorfe": "sem", "ml_errorpooled": "sem"}


@pytest.mark.parametrize("dummies", [False, True])
@pytest.mark.parametrize("durbin", [0, 1])
@pytest.mark.parametrize("peer", list(SPREG))
def test_likelihoods_of_spreg(peer: str, durbin: int, dummies: bool) -> None:
    pooled = peer == "ml_errorpooled"
    effects = {(True, False): "none", (True, True): "time", (False, False): "entity", (False, True): "twoway"}
    effect = ("pooled" if pooled else "individual") + " +time dummies" * dummies
    want = select("spreg_1.9.1_golden", peer, effect, slx_lags=durbin)
    model = {"sar": "sdm", "sem": "sdem"}[SPREG[peer]] if durbin else SPREG[peer]
    result = fitted(model, effects[pooled, dummies], "direct")
    agree(result, want.rename(WX | {"W_y": "rho", "CONSTANT": "Intercept"}), 1e-6, 1e-5, atol=5e-8)
    assert result.sigma2 == pytest.approx(want.loc["sig2", "estimate"], rel=1e-6)
    assert result.loglik == pytest.approx(want.loc["logll", "estimate"], rel=1e-9)


def test_old_names_of_spreg_have_the_same_estimates() -> None:
    for old, new, effect in (
        ("panel_fe_lag", "ml_lagfe", "individual"),
        ("panel_fe_error", "ml_errorfe", "individual"),
    ):
        one = select("spreg_1.9.1_golden", old, "deprecated")["estimate"]
        two = select("spreg_1.9.1_golden", new, effect, slx_lags=0)["estimate"]
        same = [*REGRESSORS, "W_y" if old.endswith("lag") else "lambda", "sig2"]
        np.testing.assert_allclose(one[same], two[same], rtol=1e-8)
        assert abs(one["logll"] - fitted(SPREG[new], "entity", "direct").loglik) > 1000.0  # its old likelihood
    wrong = select("spreg_1.9.1_golden", "panel_re_error", "deprecated")["estimate"]
    assert abs(wrong["lambda"] - random_effects("sem", "baltagi").params["lambda"]) > 0.2


def least_squares(effects: str) -> tuple[np.ndarray, np.ndarray]:
    """Demeaned regressors, with a constant where spreg adds one, (816, k), and y, (17, 48)."""
    data = frame()
    model = SpatialPanel(data["lgsp"], data[REGRESSORS], weights(), model="sar", effects=effects, method="direct")  # type: ignore[arg-type]
    arrays, t = model.arrays_without_spatial_terms(durbin=False), model.transformation
    X = t.within(arrays.X).reshape(816, -1)
    return X if effects == "none" else np.column_stack([np.ones(816), X]), t.within(arrays.y)


@pytest.mark.parametrize("effects", list(EFFECTS))
def test_lm_tests_of_spreg_have_another_trace(effects: str) -> None:
    """LM-error is ours but for sigma2 over n - k; under LM-lag stands 573.4 for T tr(WW + W'W) = 407.1."""
    table = golden("spreg_1.9.1_golden")
    start = "pooled" if effects == "none" else EFFECTS[effects]
    rows = table[table["effect"].str.startswith(start) & table["model"].str.startswith("panel_lm")]
    theirs = rows.set_index("model")["estimate"]
    X, y = least_squares(effects)
    W, (T, _) = weights().dense(), y.shape
    fit_ = X @ np.linalg.lstsq(X, y.ravel(), rcond=None)[0]
    e = y - fit_.reshape(y.shape)
    s2 = (e**2).sum() / (816 - X.shape[1])
    trace = T * np.trace(W @ W + W.T @ W)
    assert theirs["panel_lmerror"] == pytest.approx((np.vdot(e, e @ W.T) / s2) ** 2 / trace, rel=1e-9)
    Wf = (fit_.reshape(y.shape) @ W.T).ravel()
    rest = ((Wf - X @ np.linalg.lstsq(X, Wf, rcond=None)[0]) ** 2).sum() / s2
    implied = (np.vdot(e, y @ W.T) / s2) ** 2 / theirs["panel_lmlag"] - rest
    assert implied == pytest.approx(573.37, abs=0.01)
    assert trace == pytest.approx(407.07, abs=0.01)
    # T tr(WW + W'W) is the variance of e'Wy beyond its mean's part: simulated, for normal e of variance 1.
    draws = np.random.default_rng(0).normal(size=(4000, T, 48))
    assert np.einsum("sti,sti->s", draws, draws @ W.T).var() == pytest.approx(trace, rel=0.1)


# linearmodels and plm: least squares and its covariances -------------------------------------------------------------


@pytest.mark.parametrize("effects", ["entity", "time", "twoway"])
def test_least_squares_equal_linearmodels_and_plm(effects: str) -> None:
    data = frame()
    model = SpatialPanel(data["lgsp"], data[REGRESSORS], weights(), model="sar", effects=effects, method="direct")  # type: ignore[arg-type]
    arrays, t = model.arrays_without_spatial_terms(durbin=False), model.transformation
    found = {
        kind: fit(arrays, Features(lag=False, error=False, durbin=False), kind, 3 if kind[0] == "d" else None)
        for kind in ("information", "cluster-entity", "cluster-time", "driscoll-kraay")
    }
    V = {kind: one.covariance[:4, :4] for kind, one in found.items()}
    X, e = t.within(arrays.X).reshape(816, -1), found["information"].resids.ravel()
    bread = np.linalg.inv(X.T @ X)
    cells = (bread @ (X.T * e**2) @ X @ bread)[:4, :4]
    entity, time = V["cluster-entity"] * 47 / 48, V["cluster-time"] * 16 / 17
    absorbed = {"entity": 48, "time": 17, "twoway": 64}[effects]
    factor = 816 / (816 - 4 - absorbed)
    plm = golden("splm_golden_spatialreg126")
    plm = plm[(plm["model"] == "ols") & (plm["effect"] == EFFECTS[effects])].set_index(["estimator", "term"])
    for kind, want in {
        "plm": factor * V["information"],
        "plm_vcovHC_HC0_group": entity,
        "plm_vcovHC_HC1_group": entity * 816 / 812,
        "plm_vcovSCC_maxlag3(DriscollKraay)": V["driscoll-kraay"],
        "plm_vcovDC(double-cluster)": entity + time - cells,
    }.items():
        rows = plm.loc[kind].loc[REGRESSORS]
        np.testing.assert_allclose(rows["estimate"], found["information"].beta[:4], rtol=1e-8)
        np.testing.assert_allclose(rows["std_error"], np.sqrt(np.diag(want)), rtol=1e-7, err_msg=kind)
    other = golden("linearmodels_golden")
    other = other[(other["model"] == "ols") & (other["effect"] == EFFECTS[effects])]
    for kind, want in {
        "unadjusted": V["information"],
        "robust": cells,
        "clustered{": entity,
        "clustered2": entity + time - cells,
        "kernel": V["driscoll-kraay"],
    }.items():
        rows = other[other["cov"].str.startswith(kind)].set_index("term").loc[REGRESSORS]
        np.testing.assert_allclose(rows["estimate"], found["information"].beta[:4], rtol=1e-8)
        ratio = rows["std_error"] ** 2 / np.diag(want)
        # It divides by n less what is estimated; effects nested in the clusters do not count.
        allowed = [factor] if kind != "clustered{" else [factor, 816 / 812, 816 / 811]
        assert min(abs(ratio - one).max() for one in allowed) < 1e-6, (kind, ratio.tolist())


# Elhorst -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lee_yu", [0, 1])
@pytest.mark.parametrize("effects", list(EFFECTS))
@pytest.mark.parametrize("model", ["sar", "sem", "sdm"])
def test_elhorst_to_the_accuracy_of_his_search(model: str, effects: str, lee_yu: int) -> None:
    """His search stops at 1e-3 or so of rho; with time effects it is the lag of the demeaned y that he maximises."""
    if effects == "none" and lee_yu:
        return
    want = select("elhorst_matlab_golden", model, EFFECTS[effects], leeyu=lee_yu)["estimate"]
    name = "lambda" if model == "sem" else "rho"
    if effects in {"none", "entity"}:
        result = fitted(model, effects, "lee-yu" if lee_yu and effects == "entity" else "direct")
        assert result.params[name] == pytest.approx(want[name], abs=4e-3)
        assert result.sigma2 == pytest.approx(want["sigma2"], rel=2e-3)
        assert (abs(result.params - want[list(result.names)]) < 0.15 * result.std_errors).all()
    elif not lee_yu:
        assert with_lag_of_demeaned(model, effects).rho + with_lag_of_demeaned(model, effects).lam == pytest.approx(
            want[name], abs=0.02
        )
    if effects != "none" and not lee_yu:
        result = fitted(model, effects, "direct")
        place = (want[name], 0.0) if name == "rho" else (0.0, want[name])
        assert exact(result, *place) < result.loglik


@pytest.mark.parametrize("model", ["sar", "sdm"])
def test_random_effects_beside_time_effects_of_elhorst(model: str) -> None:
    """Estimates agree to his search; his log-likelihood of thousands below zero is none."""
    want = select("elhorst_matlab_golden", model, "random+timeFE")
    result = random_effects(model, "baltagi", effects="random-time")
    names = [name for name in result.names if name not in {"phi", "Intercept"}]
    assert (abs(result.params[names] - want.loc[names, "estimate"]) < 0.08 * result.std_errors[names]).all()
    np.testing.assert_allclose(result.std_errors[names], want.loc[names, "std_error"], rtol=0.01)
    assert (1.0 + 17 * result.params["phi"]) ** -0.5 == pytest.approx(want.loc["teta", "estimate"], abs=2e-3)
    assert result.sigma2 == pytest.approx(want.loc["sigma2", "estimate"], rel=2e-3)
    assert want.loc["logLik", "estimate"] < -1000.0 < result.loglik


# SDPDmod -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("effects", ["entity", "time", "twoway"])
@pytest.mark.parametrize("model", ["sar", "sdm"])
def test_static_sdpdmod_is_lower_on_the_exact_likelihood(model: str, effects: str) -> None:
    """rho comes from a grid of 0.001 whose likelihood is perturbed on the way, transformed or not."""
    for kind, method in (("none", "direct"), ("transform(demn)", "lee-yu")):
        want = select("sdpdmod_golden", model, EFFECTS[effects], leeyu=kind)["estimate"]
        result = fitted(model, effects, method)
        assert exact(result, want["rho"], 0.0) < result.loglik
        assert result.params["rho"] == pytest.approx(want["rho"], abs=0.05)
    if (model, effects) != ("sdm", "time"):
        rows = golden("sdpdmod_nearPD_effect")
        rows = rows[(rows["version"] == "nearPD removed") & (rows["dynamic"].astype(str) == "False")]
        rows = rows[(rows["model"] == model) & (rows["effect"] == EFFECTS[effects])].set_index("term")
        result = fitted(model, effects, "lee-yu")
        assert result.params["rho"] == pytest.approx(rows.loc["rho", "estimate"], abs=4e-3)
        own = REGRESSORS
        assert (abs(result.params[own] - rows.loc[own, "estimate"]) < 0.1 * result.std_errors[own]).all()
        np.testing.assert_allclose(result.std_errors[own], rows.loc[own, "std_error"], rtol=0.02)


# The oracle's other variants -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("effects", ["entity", "time", "twoway"])
@pytest.mark.parametrize("model", ["sar", "sdm"])
def test_the_lag_of_demeaned_y_is_the_oracles(model: str, effects: str) -> None:
    table = golden("oracle_exact")
    rows = table[(table["model"] == model) & (table["effect"] == EFFECTS[effects]) & (table["variant"] == "WQ")]
    want, top = rows.drop_duplicates("term").set_index("term")["estimate"], with_lag_of_demeaned(model, effects)
    assert top.rho == pytest.approx(want["rho"], rel=1e-6, abs=1e-8)
    assert top.loglik == pytest.approx(want["logLik"], rel=1e-9)
    if effects == "entity":  # means over time and W do commute
        assert top.rho == pytest.approx(fitted(model, effects, "direct").params["rho"], rel=1e-6)


@pytest.mark.parametrize("model", ["sar", "sdm"])
def test_the_corrected_direct_estimate_is_near_the_transformed_one(model: str) -> None:
    """Lee and Yu's correction of the direct estimate aims at what the transformation has without one."""
    table = golden("oracle_exact")
    rows = table[(table["model"] == model) & (table["effect"] == "twoways") & table["variant"].str.startswith("BC")]
    want = rows[rows["kind"] == "coef"].set_index("term")["estimate"]
    direct, transformed_ = fitted(model, "twoway", "direct"), fitted(model, "twoway", "lee-yu")
    names = list(transformed_.names)
    assert abs(want["rho"] - transformed_.params["rho"]) < 0.2 * abs(direct.params["rho"] - transformed_.params["rho"])
    assert (abs(want[names] - transformed_.params) < 0.1 * transformed_.std_errors).all()
    assert want["sigma2"] == pytest.approx(transformed_.sigma2, rel=5e-3)


@pytest.mark.parametrize("dummies", [False, True])
@pytest.mark.parametrize("durbin", [0, 1])
@pytest.mark.parametrize("peer", ["pooledols", "panelfe"])
def test_least_squares_of_spreg(peer: str, durbin: int, dummies: bool) -> None:
    """Coefficients and likelihoods; its errors divide by n less all that is estimated, ours by the observations."""
    kind = {("pooledols", False): "none", ("pooledols", True): "time", ("panelfe", False): "entity"}
    effects = kind.get((peer, dummies), "twoway")
    effect = ("pooled" if peer == "pooledols" else "individual") + " +time dummies" * dummies
    want = select("spreg_1.9.1_golden", peer, effect, slx_lags=durbin).rename(WX | {"CONSTANT": "Intercept"})
    data = frame()
    panel = SpatialPanel(data["lgsp"], data[REGRESSORS], weights(), model="slx", effects=effects, method="direct")  # type: ignore[arg-type]
    arrays = panel.arrays_without_spatial_terms(durbin=bool(durbin))
    found = fit(arrays, Features(lag=False, error=False, durbin=bool(durbin)), "information")
    names = list(panel.regressors) if durbin else [name for name in panel.regressors if not name.startswith("W*")]
    beta = pd.Series(found.beta[: len(names)], index=names)
    errors = pd.Series(np.sqrt(np.diag(found.covariance))[: len(names)], index=names)
    if effects in {"time", "twoway"}:
        names = [name for name in names if name != "Intercept"]
    np.testing.assert_allclose(beta[names], want.loc[names, "estimate"], rtol=1e-8)
    ratio = want.loc[names, "std_error"] / errors[names]
    np.testing.assert_allclose(ratio, ratio.iloc[0], rtol=1e-7)
    assert ratio.iloc[0] == pytest.approx(np.sqrt(want.loc["sig2", "estimate"] / found.sigma2), rel=1e-8)
    assert found.loglik == pytest.approx(want.loc["logll", "estimate"], rel=1e-9)


def test_bsk_tests_of_spreg() -> None:
    """Marginal, joint and conditional tests; LM2 it prints is the signed root of ours."""
    table = golden("spreg_1.9.1_golden")
    rows = table[(table["model"] == "bsk_tests") & (table["effect"] == "PooledOLS which=all")].set_index("term")
    want = rows["estimate"]
    data = frame()
    pooled = SpatialPanel(data["lgsp"], data[REGRESSORS], weights(), model="sem", effects="none")
    found = {test.name: test.statistic for test in pooled.component_tests()}
    assert found["bsk_random"] == pytest.approx(want["LM Marginal RE (LM1)"], rel=1e-9)
    assert found["bsk_error"] == pytest.approx(want["LM Marginal Spatial (LM2)"] ** 2, rel=1e-9)
    assert found["bsk_random_error"] == pytest.approx(want["LM Joint (LMJ)"], rel=1e-9)
    random = SpatialPanel(data["lgsp"], data[REGRESSORS], weights(), model="slx", effects="random")
    given = {test.name: test.statistic for test in random.lm_tests()}
    assert given["lm_error_random"] == pytest.approx(want["LM Conditional Spatial"] ** 2, rel=1e-3)
    mu = random_effects("sem", "baltagi").lm_random().statistic
    assert mu == pytest.approx(want["LM Conditional RE"] ** 2, rel=1e-6)


@pytest.mark.parametrize(("effects", "name"), [("entity", "individual"), ("twoway", "twoways")])
def test_measures_of_plm_are_those_behind_cd(effects: str, name: str) -> None:
    """Mean correlation, mean absolute correlation, and Breusch and Pagan's sum of squares."""
    rows = golden("splm_golden_spatialreg126")
    rows = rows[rows["model"].str.startswith("pcdtest") & (rows["effect"] == name)].set_index("model")["estimate"]
    data = frame()
    model = SpatialPanel(data["lgsp"], data[REGRESSORS], weights(), model="sar", effects=effects, method="direct")  # type: ignore[arg-type]
    arrays = model.arrays_without_spatial_terms(durbin=False)
    e = fit(arrays, Features(lag=False, error=False, durbin=False), "information").resids
    pairs = np.corrcoef(e.T)[np.triu_indices(48, 1)]
    assert rows["pcdtest_rho"] == pytest.approx(pairs.mean(), rel=1e-8)
    assert rows["pcdtest_absrho"] == pytest.approx(np.abs(pairs).mean(), rel=1e-8)
    assert rows["pcdtest_lm"] == pytest.approx(17 * (pairs**2).sum(), rel=1e-8)
    assert cd(e, small_sample=False).statistic == pytest.approx(np.sqrt(17 * len(pairs)) * pairs.mean(), rel=1e-9)


def test_pooled_moments_of_spreg() -> None:
    """Kelejian and Prucha's moments with W x among the regressors; test_gmm has them without."""
    want = select("spreg_1.9.1_golden", "gm_errorpooled", "pooled", slx_lags=1).rename(WX | {"CONSTANT": "Intercept"})
    data = frame()
    result = SpatialPanel(data["lgsp"], data[REGRESSORS], weights(), model="sdem", effects="none").fit_gmm("robust")
    names = list(result.names)
    np.testing.assert_allclose(result.params, want.loc[names, "estimate"], rtol=1e-5)
    own = [name for name in names if name != "lambda"]
    np.testing.assert_allclose(result.std_errors[own], want.loc[own, "std_error"], rtol=1e-6)


def test_errors_of_splm_effects_take_rho_and_beta_for_uncorrelated() -> None:
    """Its standard errors agree one by one; drawn as independent, rho and beta give too wide a total effect."""
    table = golden("splm_golden_spatialreg126")
    rows = table[(table["model"] == "sar") & (table["effect"] == "individual") & (table["kind"] == "impact")]
    theirs = rows[rows["leeyu"].astype(str) == "False"].set_index("term")["std_error"]
    result = fitted("sar", "entity", "direct")
    rho, beta = result.params["rho"], result.params["lemp"]
    gradient = np.array([1.0 / (1.0 - rho), beta / (1.0 - rho) ** 2])
    cov = result.cov.loc[["lemp", "rho"], ["lemp", "rho"]].to_numpy(float)
    ours = float(np.sqrt(gradient @ cov @ gradient))
    apart = float(np.sqrt(gradient**2 @ np.diag(cov)))
    assert ours == pytest.approx(result.effects().loc[("total", "lemp"), "std_error"], rel=1e-8)
    assert theirs["total:lemp"] == pytest.approx(apart, rel=0.1)
    assert theirs["total:lemp"] > 1.25 * ours
    rng = np.random.default_rng(0)  # the curvature of the likelihood decides: draws of the whole covariance
    drawn = rng.multivariate_normal([beta, rho], cov, size=40_000)
    assert (drawn[:, 0] / (1.0 - drawn[:, 1])).std() == pytest.approx(ours, rel=0.03)


def test_error_of_rho_of_spreg_beside_random_effects() -> None:
    """The oracle's second differences of the likelihood give 0.0291, as ours do; spreg prints 0.0182."""
    want = select("spreg_1.9.1_golden", "ml_lagre", "random", slx_lags=0)
    result = random_effects("sar", "baltagi", "hessian")
    assert result.std_errors["rho"] == pytest.approx(0.029056, rel=1e-3)
    assert want.loc["W_y", "std_error"] < 0.65 * result.std_errors["rho"]


def test_hausman_of_spreg_is_no_chi_squared() -> None:
    table = golden("spreg_1.9.1_golden")
    rows = table[(table["model"] == "panel_hausman_lag") & (table["kind"] == "test")]
    assert (rows["estimate"] < 0.0).all()
    ours = random_effects("sar", "baltagi").hausman(kind="difference")
    assert ours.statistic > 0.0
    assert ours.df == 5  # four coefficients and rho: the constant has no counterpart
