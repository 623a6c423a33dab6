"""Large sparse weights in models of two spatial parameters and robust covariances: no column, the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.inference import scores
from gvcpos.spatial.panel.ml import logdet, multiplier
from gvcpos.spatial.panel.ml.logdet import forget, spectrum
from gvcpos.spatial.panel.ml.operators import operators
from gvcpos.spatial.panel.ml.selected_inverse import selected_inverse
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import simulated
from tests.spatial.panel.test_large import neighbours


@pytest.fixture
def sparse_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat every W as large and sparse."""
    forget()
    monkeypatch.setattr(logdet, "_SPARSE_FROM", 1)
    monkeypatch.setattr(logdet, "_SPARSE_DENSITY", 2.0)
    monkeypatch.setattr(multiplier, "_BLOCKS_UP_TO", 0)


@pytest.mark.parametrize("r", [-0.7, 0.4, 0.95])
def test_selected_inverse(r: float) -> None:
    A = (sparse.eye_array(300, format="csc") - r * neighbours(300)).tocsc()
    found, whole = selected_inverse(A), np.linalg.inv(A.toarray())
    assert found is not None
    there = (found != 0).toarray()
    assert there.mean() < 0.1
    assert not ((A != 0).toarray() & ~there).any()
    assert not ((A != 0).toarray().T & ~there).any()
    np.testing.assert_allclose(found.toarray()[there], whole[there], rtol=1e-9, atol=1e-13)


def test_selected_inverse_of_blocks_and_alone() -> None:
    blocks = sparse.block_diag([neighbours(40), neighbours(30, seed=2)], format="csr")
    A = (sparse.eye_array(70, format="csc") - 0.5 * blocks).tocsc()
    np.testing.assert_allclose(selected_inverse(A).diagonal(), np.linalg.inv(A.toarray()).diagonal(), rtol=1e-11)
    alone = selected_inverse(sparse.csc_array(np.diag([2.0, 4.0])))
    np.testing.assert_allclose(alone.toarray(), np.diag([0.5, 0.25]))


def test_no_selected_inverse_where_pivots_leave_the_diagonal() -> None:
    assert selected_inverse(sparse.csc_array(np.array([[0.0, 1.0], [1.0, 0.0]]))) is None


@pytest.mark.parametrize("other", [False, True])
@pytest.mark.parametrize(("rho", "lam"), [(0.4, 0.3), (0.4, 0.401), (-0.6, 0.7), (0.9, 0.85)])
def test_traces_of_two_operators(rho: float, lam: float, other: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    monkeypatch.setattr(logdet, "_SPARSE_FROM", 1)
    monkeypatch.setattr(logdet, "_SPARSE_DENSITY", 2.0)
    W = spectrum(neighbours(150))
    M = spectrum(neighbours(150, k=3, seed=5)) if other else W
    for projected in (False, True):
        monkeypatch.setattr(multiplier, "_BLOCKS_UP_TO", 0)
        got = operators((W, rho), (M, lam)).traces(projected=projected)
        diagonal = got.diagonal
        monkeypatch.setattr(multiplier, "_BLOCKS_UP_TO", 10_000)
        want = operators((W, rho), (M, lam)).traces(projected=projected)
        np.testing.assert_allclose(got.single, want.single, rtol=1e-8)
        np.testing.assert_allclose(got.square, want.square, rtol=5e-6)
        np.testing.assert_allclose(got.double, want.double, rtol=5e-6)
        np.testing.assert_allclose(diagonal, want.diagonal, rtol=1e-8, atol=1e-11)
    forget()


@pytest.mark.parametrize("cov_type", ["information", "sandwich", "cluster-entity", "cluster-time"])
@pytest.mark.parametrize("own", [False, True])
def test_sac_is_that_of_the_eigenvalues(own: bool, cov_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    y, X, W = simulated(2, n=40, t=12)
    M = Weights.from_dense(W.ids, np.roll(W.dense(), 7, axis=(0, 1))) if own else None
    forget()
    want = SpatialPanel.from_arrays(y, X, W, model="sac", error_weights=M).fit(cov_type)  # type: ignore[arg-type]
    monkeypatch.setattr(logdet, "_SPARSE_FROM", 1)
    monkeypatch.setattr(logdet, "_SPARSE_DENSITY", 2.0)
    monkeypatch.setattr(multiplier, "_BLOCKS_UP_TO", 0)
    forget()
    got = SpatialPanel.from_arrays(y, X, W, model="sac", error_weights=M).fit(cov_type)  # type: ignore[arg-type]
    assert got.model.spectrum.eigenvalues is None
    np.testing.assert_allclose(got.params, want.params, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(got.std_errors, want.std_errors, rtol=1e-5)
    forget()


@pytest.mark.parametrize("model", ["sdm", "gns"])
def test_probes_are_the_pairs_on_average(model: str) -> None:
    n, rng = 300, np.random.default_rng(1)
    W = neighbours(n)
    X, eps = rng.normal(size=(8, n, 2)), rng.normal(size=(8, n)) * rng.uniform(0.5, 2.0, size=n)
    y = np.linalg.solve(np.eye(n) - 0.4 * W.toarray(), (X.sum(axis=2) + eps).T).T
    weights = Weights.from_sparse([f"u{i:03d}" for i in range(n)], W)
    pieces = SpatialPanel.from_arrays(y, X, weights, model=model).fit().estimate.pieces  # type: ignore[arg-type]
    want = scores.pair_products(pieces)
    got = scores.probed_products(pieces, probes=150)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=0.03)
    again = scores.probed_products(pieces, probes=150)
    np.testing.assert_array_equal(got[0], again[0])


def test_many_units_go_through_probes(monkeypatch: pytest.MonkeyPatch, sparse_path: None) -> None:
    y, X, W = simulated(2, n=60, t=12)
    panel = SpatialPanel.from_arrays(y, X, W)
    want = panel.fit("cluster-entity")
    monkeypatch.setattr(scores, "EXACT_UP_TO", 10)
    got = panel.fit("cluster-entity")
    np.testing.assert_allclose(got.std_errors, want.std_errors, rtol=0.05)
    assert got.std_errors["rho"] != want.std_errors["rho"]
    forget()


@pytest.mark.slow
def test_gns_on_a_grid_of_41_by_41() -> None:
    m, t = 41, 20
    line = sparse.diags_array([np.ones(m - 1)] * 2, offsets=[-1, 1])
    rook = sparse.csr_array(sparse.kron(line, sparse.eye_array(m)) + sparse.kron(sparse.eye_array(m), line))
    W = sparse.csr_array(sparse.diags_array(1.0 / np.asarray(rook.sum(axis=1))) @ rook)
    rng = np.random.default_rng(2)
    X = rng.normal(size=(t, m * m, 2))
    eye = np.eye(m * m)
    u = np.linalg.solve(eye - 0.4 * W.toarray(), rng.normal(size=(t, m * m)).T)
    y = np.linalg.solve(eye - 0.3 * W.toarray(), X.sum(axis=2).T + 0.5 * (W @ X[:, :, 0].T) + u).T
    made = SpatialPanel.from_arrays(y, X, Weights.from_sparse([f"u{i:04d}" for i in range(m * m)], W), model="gns")
    fit = made.fit()
    for name, truth in {"x1": 1.0, "W*x1": 0.5, "rho": 0.3, "lambda": 0.4}.items():
        assert abs(fit.params[name] - truth) < 4 * fit.std_errors[name]
    both = fit.effects("both", draws=500)
    assert (both["gap"].abs() < 5).all()
    np.testing.assert_allclose(made.fit("sandwich").std_errors, fit.std_errors, rtol=0.1)
