"""LM, Wald and LR tests: against splm, Elhorst's code, and by brute force with dummies.

splm's and Elhorst's LM-lag with time effects use W times the demeaned fit instead of the demeaned W times the fit; that
moves the statistic by 0.1 to 0.3 %, so there the brute-force test with dummies decides and they only bound it.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import null_space

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel import SpatialPanel
from tests.spatial.panel.munnell import EFFECTS, REGRESSORS, fitted, frame, golden, simulated, weights

NAMES = {"lm_lag": "LM_lag", "lm_error": "LM_error", "robust_lm_lag": "rLM_lag", "robust_lm_error": "rLM_error"}
SPLM = {"lm_lag": "lml", "lm_error": "lme", "robust_lm_lag": "rlml", "robust_lm_error": "rlme"}


@pytest.mark.parametrize("effects", list(EFFECTS))
def test_lm_equals_splm_and_elhorst(effects: str) -> None:
    tests = {test.name: test for test in fitted("sar", effects, "direct").model.lm_tests()}
    elhorst, splm = golden("elhorst_matlab_golden"), golden("splm_golden_spatialreg126")
    pooling = "pooling" if effects == "none" else EFFECTS[effects]
    for name, test in tests.items():
        own = elhorst[(elhorst["term"] == NAMES[name]) & (elhorst["effect"] == EFFECTS[effects])]
        peer = splm[(splm["model"] == f"slmtest_{SPLM[name]}") & (splm["effect"] == pooling)]
        exact = effects in {"none", "entity"} or name == "lm_error"
        for want in (own, peer):
            assert len(want) == 1
            assert test.statistic == pytest.approx(want["estimate"].item(), rel=1e-8 if exact else 3e-3)


def lm_with_dummies(effects: str) -> dict[str, float]:
    """LM statistics from the stacked regression with explicit dummies (Anselin et al. 1996)."""
    data = frame().reset_index().sort_values(["year", "state"])
    n, t = 48, 17
    order = [weights().ids.index(s) for s in data["state"][:n]]
    W = np.kron(np.eye(t), weights().dense()[np.ix_(order, order)])
    parts = [data[REGRESSORS].to_numpy(float)]
    parts += [np.kron(np.ones((t, 1)), np.eye(n))] * (effects in {"entity", "twoway"})
    parts += [np.kron(np.eye(t), np.ones((n, 1)))] * (effects in {"time", "twoway"})
    X, y = np.hstack(parts), data["lgsp"].to_numpy(float)
    fit = X @ np.linalg.lstsq(X, y, rcond=None)[0]
    e = y - fit
    s2 = e @ e / len(y)
    T = np.trace(W @ W + W.T @ W)
    Wf = W @ fit
    D = ((Wf - X @ np.linalg.lstsq(X, Wf, rcond=None)[0]) ** 2).sum() / s2
    lag, error = e @ W @ y / s2, e @ W @ e / s2
    return {
        "lm_lag": lag**2 / (D + T),
        "lm_error": error**2 / T,
        "robust_lm_lag": (lag - error) ** 2 / D,
        "robust_lm_error": (error - T / (D + T) * lag) ** 2 / (T - T**2 / (D + T)),
    }


@pytest.mark.parametrize("effects", ["time", "twoway"])
def test_lm_equals_stacked_dummies(effects: str) -> None:
    want = lm_with_dummies(effects)
    for test in fitted("sar", effects, "direct").model.lm_tests():
        assert test.statistic == pytest.approx(want[test.name], rel=1e-8)


@pytest.mark.parametrize("effects", ["entity", "time", "twoway"])
def test_lm_under_lee_yu_equals_the_transformed_system(effects: str) -> None:
    """Score and full information of (beta, rho, lambda, sigma2) on data multiplied by F_T and F_N."""
    y, X, W = simulated(7)
    panel = SpatialPanel.from_arrays(y, X, W, model="sar", effects=effects)  # type: ignore[arg-type]
    FT = null_space(np.ones((1, 6))) if effects in {"entity", "twoway"} else np.eye(6)
    FN = null_space(np.ones((1, 20))) if effects in {"time", "twoway"} else np.eye(20)
    V, times = FN.T @ W.dense() @ FN, FT.shape[1]
    y = FT.T @ y @ FN
    Z = np.stack([(FT.T @ X[:, :, j] @ FN).ravel() for j in range(2)], axis=1)
    beta = np.linalg.lstsq(Z, y.ravel(), rcond=None)[0]
    fit = (Z @ beta).reshape(y.shape)
    e, n = y - fit, y.size
    s2 = (e**2).sum() / n
    score = np.array([np.vdot(e, y @ V.T), np.vdot(e, e @ V.T)]) / s2 - times * np.trace(V)
    Vf = (fit @ V.T).ravel()
    common = times * (np.trace(V @ V) + np.trace(V.T @ V))
    info = np.zeros((5, 5))  # beta, rho, lambda, sigma2
    info[:2, :2], info[:2, 2], info[2, :2] = Z.T @ Z / s2, Z.T @ Vf / s2, Z.T @ Vf / s2
    info[2:4, 2:4] = common
    info[2, 2] += Vf @ Vf / s2
    info[2:4, 4] = info[4, 2:4] = times * np.trace(V) / s2
    info[4, 4] = n / (2 * s2**2)
    joint = np.linalg.inv(np.linalg.inv(info)[2:4, 2:4])
    robust = score - joint[0, 1] / np.diag(joint)[::-1] * score[::-1]
    spread = np.diag(joint) - joint[0, 1] ** 2 / np.diag(joint)[::-1]
    want = [*score**2 / np.diag(joint), *robust**2 / spread]
    np.testing.assert_allclose([test.statistic for test in panel.lm_tests()], want, rtol=1e-9)


def test_lm_tests_have_their_pvalue() -> None:
    for test in fitted("sdm", "twoway", "lee-yu").model.lm_tests(durbin=True):
        assert test.distribution == "chi2(1)"
        assert test.pvalue == pytest.approx(stats.chi2.sf(test.statistic, 1), rel=1e-12)


@pytest.mark.parametrize("effects", ["entity", "twoway"])
def test_lr_is_twice_the_difference_of_oracle_likelihoods(effects: str) -> None:
    table = golden("oracle_exact_all")
    table = table[(table["term"] == "logLik") & (table["effect"] == EFFECTS[effects]) & (table["variant"] == "LY")]
    loglik = table.set_index("model")["estimate"]
    result = fitted("sdm", effects, "lee-yu")
    for other, df in (("sar", 4), ("sem", 4), ("slx", 1)):
        test = result.lr(other)
        assert test.statistic == pytest.approx(2 * (loglik["sdm"] - loglik[other]), rel=1e-6)
        assert test.df == df


def test_wald_near_elhorst() -> None:
    """Elhorst's code stops its search early and so agrees to 1 %; entity effects, direct likelihood."""
    table = golden("elhorst_matlab_golden")
    rows = table[(table["model"] == "sdm") & (table["effect"] == "individual") & (table["leeyu"].astype(str) == "0")]
    want = rows.set_index("term")["estimate"]
    result = fitted("sdm", "entity", "direct")
    for other in ("sar", "sem"):
        assert result.wald(other).statistic == pytest.approx(want[f"Wald_SDM_vs_{other.upper()}"], rel=1e-2)


def test_wald_of_one_restriction_is_the_squared_t() -> None:
    result = fitted("sdm", "twoway", "lee-yu")
    assert result.wald("slx").statistic == pytest.approx(result.tstats["rho"] ** 2, rel=1e-10)
    y, X, W = simulated(5)
    one = SpatialPanel.from_arrays(y, X[:, :, :1], W).fit()
    assert one.wald("sar").statistic == pytest.approx(one.tstats["W*x1"] ** 2, rel=1e-10)
    beta, theta, rho = one.params[["x1", "W*x1", "rho"]]
    gradient = np.array([rho, 1.0, beta])
    expected = (theta + rho * beta) ** 2 / (gradient @ one.cov.to_numpy() @ gradient)
    assert one.wald("sem").statistic == pytest.approx(expected, rel=1e-10)


def test_diagnostics_frame() -> None:
    table = fitted("sdm", "twoway", "lee-yu").diagnostics()
    assert list(table.columns) == ["null", "statistic", "distribution", "df", "pvalue", "sentence"]
    assert list(table.index)[:5] == [*NAMES, "lm_error_given_lag"]
    assert {f"{kind}_sdm_{other}" for kind in ("wald", "lr") for other in ("sar", "sem", "slx")} <= set(table.index)
    assert table.index.is_unique
    assert table["sentence"].str.len().min() > 20
    absent = table.index[table["pvalue"].isna()]
    assert list(absent) == ["cd", "vif", "modes"]
    assert "Juodis" in table.loc["cd", "sentence"]
    assert "is rejected at 5 % (p < 0.0001)" in table.loc["lm_error", "sentence"]


def test_refuses_models_that_are_not_nested() -> None:
    with pytest.raises(InputError, match="model='sdm'"):
        fitted("sar", "twoway", "lee-yu").wald("sem")
    with pytest.raises(InputError, match="'sdm', 'sdem', 'sac', 'slx', 'sar', 'sem'"):
        fitted("gns", "entity", "direct").lr("gns")
    with pytest.raises(InputError, match="'sdem'"):
        fitted("sdm", "twoway", "lee-yu").lr("sdem")


def rejections(effects: str, method: str, replications: int, n: int, t: int) -> dict[str, float]:
    """Share of 5 % rejections of every test under its null: SAR with rho = 0 for LM, theta = 0 for Wald and LR."""
    rng = np.random.default_rng(20)
    _, _, W = simulated(0, n=n)
    counts: dict[str, int] = {}
    inverse = np.linalg.inv(np.eye(n) - 0.4 * W.dense())
    for _ in range(replications):
        X = rng.normal(size=(t, n, 1)) + rng.normal(size=(n, 1))
        entity, time = rng.normal(size=n) * (effects != "time"), rng.normal(size=(t, 1)) * (effects != "entity")
        noise = X[:, :, 0] + entity + time + rng.normal(size=(t, n))
        null = SpatialPanel.from_arrays(noise, X, W, model="sar", effects=effects, method=method)
        lagged = SpatialPanel.from_arrays(noise @ inverse.T, X, W, model="sdm", effects=effects, method=method).fit()
        for test in (*null.lm_tests(), lagged.wald("sar"), lagged.lr("sar")):
            counts[test.name] = counts.get(test.name, 0) + (test.pvalue < 0.05)
    return {name: count / replications for name, count in counts.items()}


def test_size_quickly() -> None:
    """200 replications: 5 % +- 4 binomial standard errors."""
    for name, share in rejections("twoway", "lee-yu", 200, 30, 8).items():
        assert 0.0 <= share < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 200), name


@pytest.mark.slow
@pytest.mark.parametrize("effects", ["entity", "time", "twoway"])
def test_size(effects: str) -> None:
    """2000 replications: 5 % +- 4 binomial standard errors, plus half a point for the finite sample."""
    for name, share in rejections(effects, "lee-yu", 2000, 50, 12).items():
        assert share == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 2000) + 0.005), name


def test_lm_power() -> None:
    """A planted lag is found by LM-lag and its robust form, a planted error by LM-error."""
    y, X, W = simulated(6, n=40, t=10, rho=0.5, theta=(0.0, 0.0))
    lag = {t.name: t.pvalue for t in SpatialPanel.from_arrays(y, X, W, model="sar").lm_tests()}
    assert max(lag["lm_lag"], lag["robust_lm_lag"]) < 1e-6
    rng = np.random.default_rng(1)
    u = np.linalg.solve(np.eye(40) - 0.5 * W.dense(), rng.normal(size=(40, 10))).T
    error = {t.name: t.pvalue for t in SpatialPanel.from_arrays(X.sum(axis=2) + u, X, W, model="sem").lm_tests()}
    assert max(error["lm_error"], error["robust_lm_error"]) < 1e-4
    assert error["robust_lm_lag"] > 0.001


def test_a_test_prints_what_a_reader_needs() -> None:
    test = fitted("sar", "twoway", "lee-yu").model.lm_tests()[0]
    assert repr(test) == f"<PanelTest lm_lag: statistic {test.statistic:.4f}, chi2(1), df 1, p < 0.0001>"
    name, null, numbers, sentence = str(test).splitlines()
    assert (name, null) == ("lm_lag", "H0: no spatial lag: rho = 0")
    assert numbers in repr(test)
    assert sentence == test.sentence
    missing = {t.name: t for t in fitted("sar", "twoway", "lee-yu").cross_section()}["cd"]
    assert repr(missing) == "<PanelTest cd: not tested>"
    assert "time effects" in str(missing)
