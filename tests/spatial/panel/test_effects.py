"""Direct, indirect and total effects: against the oracle, by brute force, by simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import BoundaryWarning, InputError
from gvcpos.spatial.panel import SpatialPanel, SpatialPanelResults, impacts
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
