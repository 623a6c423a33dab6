"""What must not matter does not: order of units and years, units of measurement, what the effects absorb."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import BoundaryWarning
from gvcpos.spatial.panel import SpatialPanel, SpatialPanelResults
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import simulated

CASES = st.tuples(
    st.sampled_from(["slx", "sar", "sem", "sdm", "sdem"]),
    st.sampled_from(["none", "entity", "time", "twoway"]),
    st.sampled_from(["lee-yu", "direct"]),
    st.integers(0, 50),
)
few = settings(max_examples=20, deadline=None)


def fit(y: np.ndarray, X: np.ndarray, W: Weights, case: tuple[str, str, str, int]) -> SpatialPanelResults:
    model, effects, method, _ = case
    panel = SpatialPanel.from_arrays(y, X, W, model=model, effects=effects, method=method)  # type: ignore[arg-type]
    try:
        return panel.fit("sandwich")
    except BoundaryWarning:  # a tiny panel whose likelihood rises to the edge: nothing to compare
        assume(False)
        raise


def same(got: SpatialPanelResults, want: SpatialPanelResults, scale: np.ndarray | float = 1.0) -> None:
    """Estimates and errors agree after scaling."""
    np.testing.assert_allclose(got.params, want.params * scale, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(got.std_errors, want.std_errors * np.abs(scale), rtol=1e-5)


@few
@given(case=CASES)
def test_order_of_units_and_years(case: tuple[str, str, str, int]) -> None:
    y, X, W = simulated(case[3], n=12, t=5)
    rng = np.random.default_rng(case[3])
    units, years = rng.permutation(12), rng.permutation(5)
    moved = Weights.from_dense([f"r{i}" for i in range(12)], W.dense()[np.ix_(units, units)])
    got = fit(y[np.ix_(years, units)], X[np.ix_(years, units)], moved, case)
    want = fit(y, X, W, case)
    same(got, want)
    assert got.loglik == pytest.approx(want.loglik, rel=1e-9)
    np.testing.assert_allclose(got.effects()["std_error"], want.effects()["std_error"], rtol=1e-5, atol=1e-9)


@few
@given(case=CASES, factor=st.floats(1e-3, 1e3))
def test_currency_of_y(case: tuple[str, str, str, int], factor: float) -> None:
    y, X, W = simulated(case[3], n=12, t=5)
    got, want = fit(factor * y, X, W, case), fit(y, X, W, case)
    scale = np.where(np.isin(want.params.index, ["rho", "lambda"]), 1.0, factor)
    same(got, want, scale)
    assert got.sigma2 == pytest.approx(factor**2 * want.sigma2, rel=1e-7)
    assert got.loglik == pytest.approx(want.loglik - want.nobs_effective * np.log(factor), rel=1e-8, abs=1e-7)


@few
@given(case=CASES, factor=st.floats(1e-3, 1e3), sign=st.sampled_from([-1, 1]))
def test_unit_of_a_regressor(case: tuple[str, str, str, int], factor: float, sign: int) -> None:
    y, X, W = simulated(case[3], n=12, t=5)
    got, want = fit(y, X * np.array([sign * factor, 1.0]), W, case), fit(y, X, W, case)
    scale = np.where(np.isin(want.params.index, ["x1", "W*x1"]), 1.0 / (sign * factor), 1.0)
    same(got, want, scale)
    assert got.loglik == pytest.approx(want.loglik, rel=1e-8, abs=1e-7)


@few
@given(case=CASES.filter(lambda c: c[1] != "none"))
def test_what_effects_absorb(case: tuple[str, str, str, int]) -> None:
    """Constants of units (of years) in y and X change nothing under entity (time) effects."""
    y, X, W = simulated(case[3], n=12, t=5)
    rng = np.random.default_rng(case[3])
    if case[1] in {"entity", "twoway"}:
        y = y + 10 * rng.normal(size=12)
        X = X + 10 * rng.normal(size=(12, 2))
    if case[1] in {"time", "twoway"}:
        y = y + 10 * rng.normal(size=(5, 1))
        X = X + 10 * rng.normal(size=(5, 1, 2))
    original = simulated(case[3], n=12, t=5)
    same(fit(y, X, W, case), fit(original[0], original[1], W, case))


@few
@given(case=CASES)
def test_lag_of_rest_does_not_depend_on_the_basis(case: tuple[str, str, str, int]) -> None:
    """Regressors may be recombined: likelihood, rho and sigma2 stay, beta follows."""
    y, X, W = simulated(case[3], n=12, t=5)
    M = np.array([[2.0, 1.0], [-1.0, 0.5]])
    got, want = fit(y, X @ M, W, case), fit(y, X, W, case)
    assert got.loglik == pytest.approx(want.loglik, rel=1e-9)
    np.testing.assert_allclose(M @ got.params[["x1", "x2"]], want.params[["x1", "x2"]], rtol=1e-6, atol=1e-8)
    for name in want.model.features.spatial:
        assert got.params[name] == pytest.approx(want.params[name], abs=1e-8)


def test_blocks_of_weights_are_estimated_apart() -> None:
    """Two worlds that do not touch, twice the same: one fit of both is the fit of one, with half the variance.

    The likelihood of the two is the sum of theirs, so that its top is theirs and its information twice theirs.
    """
    y, X, W = simulated(4, n=12, t=6)
    ids = [*(f"a{i}" for i in range(12)), *(f"b{i}" for i in range(12))]
    both = Weights.from_dense(ids, np.kron(np.eye(2), W.dense()))
    for model in ("slx", "sar", "sem", "sdm", "sdem", "sac", "gns"):
        one = SpatialPanel.from_arrays(y, X, W, model=model, effects="entity").fit()  # type: ignore[arg-type]
        two = SpatialPanel.from_arrays(
            np.tile(y, 2),
            np.tile(X, (1, 2, 1)),
            both,
            model=model,  # type: ignore[arg-type]
            effects="entity",
        ).fit()
        np.testing.assert_allclose(two.params, one.params, rtol=1e-6, atol=1e-8)
        assert two.loglik == pytest.approx(2.0 * one.loglik, rel=1e-9)
        np.testing.assert_allclose(two.std_errors, one.std_errors / np.sqrt(2.0), rtol=1e-5)
        np.testing.assert_allclose(two.effects()["estimate"], one.effects()["estimate"], rtol=1e-6, atol=1e-9)
        S = two.effects_by_unit("x1").to_numpy()
        assert np.abs(S[:12, 12:]).max() < 1e-12


def test_likelihood_of_blocks_is_the_sum() -> None:
    """Different worlds that do not touch: at any parameters the log-likelihoods add, variance held fixed."""
    worlds = [simulated(seed, n=n, t=6) for seed, n in ((4, 12), (5, 17))]
    matrices = [W.dense() for _, _, W in worlds]
    joint = np.zeros((29, 29))
    joint[:12, :12], joint[12:, 12:] = matrices
    W = Weights.from_dense([f"u{i}" for i in range(29)], joint)
    y = np.concatenate([world[0] for world in worlds], axis=1)
    X = np.concatenate([world[1] for world in worlds], axis=1)
    result = SpatialPanel.from_arrays(y, X, W, model="sdm", effects="entity", method="direct").fit()
    rho, beta, s2 = result.params["rho"], result.estimate.beta, result.sigma2
    parts = []
    for (own_y, own_X, _), M in zip(worlds, matrices, strict=True):
        lagged = np.einsum("ij,tjk->tik", M, own_X)
        u = own_y - rho * own_y @ M.T - np.concatenate([own_X, lagged], axis=2) @ beta
        e = u - u.mean(axis=0)
        logdet = np.linalg.slogdet(np.eye(len(M)) - rho * M)[1]
        parts.append(-0.5 * e.size * np.log(2 * np.pi * s2) + 6 * logdet - 0.5 * (e**2).sum() / s2)
    assert result.loglik == pytest.approx(sum(parts), rel=1e-10)


def test_same_input_same_bytes() -> None:
    y, X, W = simulated(1)
    one, two = (SpatialPanel.from_arrays(y, X, W).fit() for _ in range(2))
    assert one.params.to_numpy().tobytes() == two.params.to_numpy().tobytes()
    assert one.cov.to_numpy().tobytes() == two.cov.to_numpy().tobytes()
    assert one.summary == two.summary


def test_inputs_are_left_alone() -> None:
    y, X, W = simulated(1)
    before = (y.copy(), X.copy(), W.dense())
    SpatialPanel.from_arrays(y, X, W).fit().effects("simulation", draws=50)
    for old, new in zip(before, (y, X, W.dense()), strict=True):
        np.testing.assert_array_equal(old, new)
