"""Estimates, likelihoods and standard errors against exact maximum likelihood and R's spatialreg.

Tolerances: 1e-6 relative on estimates and log-likelihood (1e-8 absolute where an estimate is nearly 0: the oracle's
rho of -0.002 was maximised numerically and carries 9 digits), 1e-3 on numerical-Hessian errors, 1e-7 on expected
information. spatialreg stops its line search earlier: 2e-6.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos.spatial.panel.ml.likelihood import Concentrated, moments
from gvcpos.spatial.panel.ml.logdet import LogDeterminant
from gvcpos.spatial.panel.ml.search import maximise
from tests.spatial.panel.munnell import EFFECTS, MODELS, estimates, fitted, golden

SPECIFICATIONS = [
    (model, effects, method)
    for model in MODELS
    for effects in EFFECTS
    for method in ("direct", "lee-yu")
    if effects != "none" or method == "direct"
]


def variant(effects: str, method: str) -> str:
    return "LY" if method == "lee-yu" else "QW"


def pick(table: pd.DataFrame, model: str, effects: str, kind: str = "") -> pd.DataFrame:
    chosen = table[(table["model"] == model) & (table["effect"] == EFFECTS[effects])]
    if kind:
        chosen = chosen[chosen["variant"].isin([kind, "ML"])]
    return chosen[chosen["kind"].isin(["coef", "scalar"])].drop_duplicates("term").set_index("term")


@pytest.mark.parametrize(("model", "effects", "method"), SPECIFICATIONS)
def test_equals_exact_likelihood(model: str, effects: str, method: str) -> None:
    want = pick(golden("oracle_exact_all"), model, effects, variant(effects, method))
    result = fitted(model, effects, method, "hessian")
    got = estimates(result)
    assert set(got.index) == set(want.index) - {"logLik"}
    np.testing.assert_allclose(got["estimate"], want.loc[got.index, "estimate"], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(got["std_error"], want.loc[got.index, "std_error"], rtol=1e-3)
    assert result.loglik == pytest.approx(want.loc["logLik", "estimate"], rel=1e-9)


@pytest.mark.parametrize(("model", "effects", "method"), [s for s in SPECIFICATIONS if s[0] in {"sar", "sdm"}])
def test_information_equals_oracle(model: str, effects: str, method: str) -> None:
    want = pick(golden("oracle_exact"), model, effects, variant(effects, method))
    got = estimates(fitted(model, effects, method))
    np.testing.assert_allclose(got["estimate"], want.loc[got.index, "estimate"], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(got["std_error"], want.loc[got.index, "std_error"], rtol=1e-7)


@pytest.mark.parametrize("effects", list(EFFECTS))
@pytest.mark.parametrize("model", ["sar", "sem", "sdm", "sdem", "sac", "gns"])
def test_direct_equals_spatialreg_with_dummies(model: str, effects: str) -> None:
    """spatialreg's search stops short of the top: 2e-6 with an error term, 8e-6 with two spatial parameters."""
    want = pick(golden("spatialreg_stacked_golden"), model, effects)
    result = fitted(model, effects, "direct")
    got = estimates(result)
    two, error = len(result.model.features.spatial) == 2, model == "sdem"
    loose = {"rtol": 1e-5, "atol": 1e-5} if two else {"rtol": 2e-6, "atol": 2e-6 if error else 1e-8}
    np.testing.assert_allclose(got["estimate"], want.loc[got.index, "estimate"], **loose)
    params = result.params.index
    np.testing.assert_allclose(
        got.loc[params, "std_error"], want.loc[params, "std_error"], rtol=1e-4 if two else 1e-5 if error else 2e-6
    )
    assert result.loglik == pytest.approx(want.loc["logLik", "estimate"], rel=1e-9)
    assert result.loglik >= want.loc["logLik", "estimate"] - 1e-7


@pytest.mark.parametrize("effects", ["time", "twoway"])
def test_lag_of_demeaned_y_is_the_known_mistake(effects: str) -> None:
    """W(Qy) in place of Q(Wy) gives what splm and Elhorst's code print with time effects: near, and not ours."""
    rows = golden("oracle_exact")
    rows = rows[(rows["model"] == "sdm") & (rows["effect"] == EFFECTS[effects]) & (rows["variant"] == "WQ")]
    want = rows.drop_duplicates("term").set_index("term")["estimate"]
    result = fitted("sdm", effects, "direct")
    t, W = result.model.transformation, result.model.weights.dense()
    y, X = t.within(result.model.data.y), t.within(result.model.arrays.X)
    made = moments(np.column_stack([y.ravel(), (y @ W.T).ravel()]), X.reshape(-1, X.shape[2]))
    logdet = LogDeterminant(result.model.spectrum, False)
    top = maximise(Concentrated(made, logdet, None, y.size, t.periods))[0]
    assert top.rho == pytest.approx(want["rho"], rel=1e-6)
    assert top.loglik == pytest.approx(want["logLik"], rel=1e-9)
    assert abs(top.rho - result.params["rho"]) > 1e-3


def test_lee_yu_is_not_the_direct_likelihood() -> None:
    """With entity effects only sigma2 differs, by T/(T-1); with time effects rho does too."""
    lee_yu, direct = fitted("sdm", "entity", "lee-yu"), fitted("sdm", "entity", "direct")
    assert lee_yu.params["rho"] == pytest.approx(direct.params["rho"], rel=1e-10)
    assert lee_yu.sigma2 / direct.sigma2 == pytest.approx(17 / 16, rel=1e-9)
    gap = fitted("sdm", "twoway", "lee-yu").params["rho"] - fitted("sdm", "twoway", "direct").params["rho"]
    assert gap == pytest.approx(0.0422, abs=1e-3)


def test_rsquared_equals_elhorst() -> None:
    table = golden("elhorst_matlab_golden")
    want = table[(table["model"] == "sdm") & (table["effect"] == "individual") & (table["leeyu"].astype(str) == "0")]
    want = want[want["kind"] == "scalar"].set_index("term")["estimate"]
    result = fitted("sdm", "entity", "direct")
    assert result.rsquared == pytest.approx(want["R2"], abs=1e-6)
    assert result.corr_squared == pytest.approx(want["corr2"], abs=1e-5)
