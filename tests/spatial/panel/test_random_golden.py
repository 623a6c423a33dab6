"""Random effects against the exact likelihood and other programs; where a peer is wrong, why."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from tests.shared import shared
from tests.spatial.panel.munnell import REGRESSORS, fitted, golden
from tests.spatial.panel.random_panels import CASES, loglik, munnell, point

ORACLE = {"LagRE": ("sar", "baltagi"), "ErrRE-AB": ("sem", "baltagi"), "ErrRE-KKP": ("sem", "kkp")}
ORACLE |= {"SAC-RE-AB": ("sac", "baltagi"), "SAC-RE-KKP": ("sac", "kkp")}


def oracle() -> dict[str, dict[str, np.ndarray]]:
    text = shared("golden/spatial/oracle_random_effects_munnell.txt").read_text()
    out = {}
    for line in text.splitlines():
        if not (found := re.match(r"munnell EXACT (\S+) ll=(\S+) par \[([^\]]*)\]?", line)):
            continue
        name, ll, par = found.groups()
        out[name] = {"ll": np.array([float(ll)]), "par": np.array(par.split(), dtype=float)}
        if rest := re.search(r"se \[([^\]]*)\] s2e (\S+) s2mu (\S+) phi\(=s2mu/s2e\) (\S+)", line):
            out[name] |= {
                "se": np.array(rest[1].split(), dtype=float),
                "rest": np.array(rest.groups()[1:], dtype=float),
            }
    return out


@pytest.mark.parametrize("name", list(ORACLE))
def test_equals_exact_likelihood(name: str) -> None:
    want, result = oracle()[name], munnell(*ORACLE[name], "hessian")
    names = ["Intercept", *REGRESSORS, *result.model.features.spatial]
    par = want["par"]
    np.testing.assert_allclose(result.params[names].to_numpy()[: len(par)], par, rtol=0, atol=1e-6)
    assert result.loglik == pytest.approx(float(want["ll"][0]), abs=6e-6)
    if "se" in want:  # by differences in the oracle: four digits
        np.testing.assert_allclose(result.std_errors[names], want["se"], rtol=1e-3, atol=1e-6)
        s2, s2mu, phi = want["rest"]
        np.testing.assert_allclose([result.sigma2, result.sigma2_mu], [s2, s2mu], rtol=0, atol=6e-8)
        assert result.params["phi"] == pytest.approx(phi, abs=2e-4)


PEER = {"W_lpcap": "W*lpcap", "W_lpc": "W*lpc", "W_lemp": "W*lemp", "W_unemp": "W*unemp"}
PEER |= {"AR:lambda": "rho", "ERR:rho": "lambda", "ERR:phi": "phi"}


@pytest.mark.parametrize("file", ["splm_golden", "splm_golden_spatialreg126"])
@pytest.mark.parametrize(("model", "error"), [case for case in CASES if case[0] != "slx"])
def test_equals_splm(model: str, error: str, file: str) -> None:
    table = golden(file)
    name = model + ("-kkp" if error == "kkp" else "")
    rows = table[(table["model"] == name) & (table["effect"] == "random") & (table["estimator"] == "ML")]
    want = rows[rows["kind"].isin(["coef", "scalar"])].set_index("term")["estimate"].astype(float).rename(PEER)
    result = munnell(model, error)
    np.testing.assert_allclose(result.params, want[list(result.names)], rtol=1e-5, atol=2e-6)
    assert result.sigma2 == pytest.approx(want["sigma2_idios"], rel=1e-5)
    assert result.sigma2_mu == pytest.approx(want["sigma2_id"], rel=1e-5)
    assert result.loglik == pytest.approx(want["logLik"], abs=1e-6)
    assert result.loglik >= want["logLik"] - 1e-8


def spreg(model: str, effect: str, durbin: int) -> pd.Series:
    table = pd.read_csv(shared("golden/spatial/spreg_1.9.1_golden.csv"))
    rows = table[(table["model"] == model) & (table["effect"] == effect) & (table.iloc[:, 4] == durbin)]
    rows = rows[rows["kind"].isin(["coef", "scalar"])].drop_duplicates("term")
    return rows.set_index("term")["estimate"].astype(float).rename(PEER | {"CONSTANT": "Intercept", "W_y": "rho"})


@pytest.mark.parametrize(("effects", "theirs"), [("random", "random"), ("random-time", "random +time dummies")])
@pytest.mark.parametrize(("model", "durbin"), [("sar", 0), ("sdm", 1)])
def test_equals_spreg_in_the_lag_model(model: str, durbin: int, effects: str, theirs: str) -> None:
    want, result = spreg("ML_LagRE", theirs, durbin), munnell(model, "baltagi", effects=effects)
    names = [name for name in result.names if name != "phi"]
    np.testing.assert_allclose(result.params[names], want[names], rtol=2e-5, atol=2e-7)
    assert (1.0 + 17 * result.params["phi"]) ** -0.5 == pytest.approx(want["phi"], rel=2e-5)
    assert result.loglik == pytest.approx(want["logll"], abs=1e-6)
    if effects == "random-time":
        gaps = want[[f"time_{year}" for year in range(2, 18)]].to_numpy()
        np.testing.assert_allclose(np.diff(result.time_effects), np.diff(np.append(0.0, gaps)), atol=1e-6)
        first = result.constant + result.time_effects.iloc[0]
        assert first == pytest.approx(want["Intercept"], rel=2e-5)


def test_error_model_of_spreg_is_no_maximum() -> None:
    want, result = spreg("ML_ErrorRE", "random", 0), munnell("sem", "baltagi")
    assert want["logll"] < result.loglik - 1.0
    beta = want[["Intercept", *REGRESSORS]].to_numpy()
    q = np.r_[beta, want["lambda"], want["sigma2_u"] / want["sig2"], want["sig2"]]
    assert loglik(result.model, q) < result.loglik - 1e-3
    assert loglik(result.model, point(result)) == pytest.approx(result.loglik, abs=1e-6)


def test_lm_of_random_effects_is_that_of_splm() -> None:
    """Its conditional LM*-mu is the signed root of this test."""
    table = golden("splm_golden").set_index("model")
    test = munnell("sem", "baltagi").lm_random()
    assert np.sqrt(test.statistic) == pytest.approx(float(table.loc["bsktest_clmmu", "estimate"]), rel=1e-6)


def test_hausman_of_splm_is_a_form_that_is_not_definite() -> None:
    """splm's 35.156 is what the direct covariance of fixed effects gives, which is smaller than that of random ones."""
    want = float(golden("splm_golden").set_index("model").loc["sphtest_error_ml", "estimate"])
    random, fixed = munnell("sem", "kkp"), fitted("sem", "entity", "direct")
    gap = (fixed.params - random.params)[REGRESSORS].to_numpy(float)
    spread = (fixed.cov - random.cov).loc[REGRESSORS, REGRESSORS].to_numpy(float)
    assert gap @ np.linalg.solve(spread, gap) == pytest.approx(want, rel=1e-5)
    assert np.linalg.eigvalsh(spread).min() < 0.0
    ours = random.hausman(fixed, kind="difference")
    assert 0.0 < ours.statistic < want
    assert ours == random.hausman(kind="difference") or ours.statistic == pytest.approx(
        random.hausman(kind="difference").statistic, rel=1e-6
    )
