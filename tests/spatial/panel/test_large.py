"""A large sparse W: exact log-determinants in pieces, traces without columns, and the same fit as by eigenvalues."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.impacts.averages import averages
from gvcpos.spatial.panel.ml import logdet, multiplier
from gvcpos.spatial.panel.ml.determinants import Determinants, squared_trace
from gvcpos.spatial.panel.ml.interpolation import along
from gvcpos.spatial.panel.ml.logdet import LogDeterminant, forget, spectrum
from gvcpos.spatial.panel.ml.multiplier import Multiplier
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import simulated


def neighbours(n: int, k: int = 6, seed: int = 0) -> sparse.csr_array:
    """Row-normalised k nearest neighbours of random points: of asymmetric pattern."""
    from scipy.spatial import cKDTree

    points = np.random.default_rng(seed).random((n, 2))
    _, near = cKDTree(points).query(points, k + 1)
    place = np.repeat(np.arange(n), k), near[:, 1:].ravel()
    return sparse.csr_array((np.full(n * k, 1.0 / k), place), shape=(n, n))


@pytest.fixture
def sparse_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat every W as large and sparse."""
    monkeypatch.setattr(logdet, "_SPARSE_FROM", 1)
    monkeypatch.setattr(logdet, "_SPARSE_DENSITY", 2.0)
    monkeypatch.setattr(multiplier, "_BLOCKS_UP_TO", 0)


@pytest.mark.parametrize("row_normalised", [True, False])
def test_pieces_equal_the_eigenvalues(row_normalised: bool) -> None:
    W = neighbours(300)
    if not row_normalised:
        W = sparse.csr_array(sparse.diags_array(np.linspace(0.5, 1.4, 300)) @ W)
    roots = np.linalg.eigvals(W.toarray())
    upper = 1.0 / np.abs(roots).max()
    found = Determinants(W, (-upper, upper))
    for share in (-0.99, -0.7, -0.2, 0.0, 0.2, 0.37, 0.52, 0.9, 0.995):
        r = share * upper
        exact = [
            np.log(np.abs(1.0 - r * roots)).sum(),
            -np.real(roots / (1.0 - r * roots)).sum(),
            -np.real((roots / (1.0 - r * roots)) ** 2).sum(),
        ]
        for order, tolerance in ((0, 1e-10), (1, 1e-8), (2, 1e-6)):
            got = float(found.derivative(np.array(r), order))
            assert got == pytest.approx(exact[order], rel=tolerance, abs=300 * tolerance)
    assert found.error < 300 * 1e-10


def test_edges_cover_the_interval() -> None:
    found = Determinants(neighbours(50), (-1.3, 1.0))
    edges = found.edges
    assert (np.diff(edges) > 0).all()
    assert edges[0] == pytest.approx(-1.3, abs=1e-6)
    assert edges[-1] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("r", [-0.6, 0.0, 0.4, 0.95])
@pytest.mark.parametrize("projected", [False, True])
def test_traces_without_columns(r: float, projected: bool, sparse_path: None) -> None:
    forget()
    W = neighbours(200)
    traces = Multiplier(spectrum(W), r).traces(projected=projected)
    G = W.toarray() @ np.linalg.inv(np.eye(200) - r * W.toarray())
    if projected:
        J = np.eye(200) - 1.0 / 200
        G = J @ G @ J
    want = [np.trace(G), np.trace(G @ G), np.trace(G.T @ G)]
    np.testing.assert_allclose([traces.g, traces.gg, traces.gtg], want, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(traces.diagonal, np.diag(G), rtol=1e-8, atol=1e-10)
    forget()


def test_squared_trace_of_weights_of_any_scale() -> None:
    W = sparse.csr_array(30.0 * neighbours(120))
    dense = W.toarray()
    G = dense @ np.linalg.inv(np.eye(120) - 0.02 * dense)
    assert squared_trace(W, 0.02, 30.0) == pytest.approx(np.vdot(G, G), rel=1e-6)


@pytest.mark.parametrize("method", ["lee-yu", "direct"])
@pytest.mark.parametrize("model", ["sar", "sem", "sdm", "sdem"])
def test_the_fit_is_that_of_the_eigenvalues(model: str, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    y, X, W = simulated(2, n=40)
    forget()
    want = SpatialPanel.from_arrays(y, X, W, model=model, method=method).fit()
    plain = want.effects("simulation", draws=200)
    monkeypatch.setattr(logdet, "_SPARSE_FROM", 1)
    monkeypatch.setattr(logdet, "_SPARSE_DENSITY", 2.0)
    monkeypatch.setattr(multiplier, "_BLOCKS_UP_TO", 0)
    forget()
    panel = SpatialPanel.from_arrays(y, X, W, model=model, method=method)
    got = panel.fit()
    assert panel.spectrum.eigenvalues is None
    np.testing.assert_allclose(got.params, want.params, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(got.std_errors, want.std_errors, rtol=1e-6)
    assert got.loglik == pytest.approx(want.loglik, rel=1e-11)
    np.testing.assert_allclose(got.effects("simulation", draws=200)["std_error"], plain["std_error"], rtol=1e-5)
    forget()


def test_a_fit_takes_few_factorisations_and_the_next_one_none() -> None:
    rng = np.random.default_rng(4)
    W, n = neighbours(1200), 1200
    X = rng.normal(size=(4, n, 2))
    eps = rng.normal(size=(4, n))
    y = np.linalg.solve(np.eye(n) - 0.4 * W.toarray(), (X.sum(axis=2) + eps).T).T
    weights = Weights.from_dense([f"u{i:04d}" for i in range(n)], W.toarray())
    forget()
    panel = SpatialPanel.from_arrays(y, X, weights)
    result = panel.fit()
    known = panel.spectrum.determinants
    assert len(known._known) <= 22
    before = len(known._known)
    drawn = result.effects("simulation", draws=1000)
    assert drawn.attrs["rejected"] == 0
    SpatialPanel.from_arrays(y, X, weights, effects="entity").fit().effects()
    assert len(known._known) - before <= 13  # at most one more piece
    assert abs(result.params["rho"] - 0.4) < 4 * result.std_errors["rho"]
    forget()


def test_own_lag_of_a_large_matrix(sparse_path: None) -> None:
    forget()
    W, V = neighbours(150), neighbours(150, k=3, seed=5)
    got = averages(spectrum(W), np.array([0.45]), V)
    S = np.linalg.inv(np.eye(150) - 0.45 * W.toarray())
    SV, dSV = S @ V.toarray(), S @ W.toarray() @ S @ V.toarray()
    assert got.own_lag[0] == pytest.approx(np.trace(SV) / 150, rel=1e-6)
    assert got.all_lag[0] == pytest.approx(SV.sum() / 150, rel=1e-9)
    assert got.d_own_lag[0] == pytest.approx(np.trace(dSV) / 150, rel=1e-4)
    assert got.d_all_lag[0] == pytest.approx(dSV.sum() / 150, rel=1e-9)
    forget()


def test_the_likelihood_at_an_edge_of_pieces(sparse_path: None) -> None:
    forget()
    W = neighbours(100)
    logdets = LogDeterminant(spectrum(W), True)
    for edge in spectrum(W).determinants.edges[30:40]:
        around = [float(logdets.value(np.array(edge + step))) for step in (-1e-9, 1e-9)]
        exact = float(logdets.value(np.array([edge]))[0])
        np.testing.assert_allclose(around, exact, atol=1e-6)
    forget()


def test_along_equals_the_function_everywhere() -> None:
    calls = []

    def steep(x: float) -> np.ndarray:
        calls.append(x)
        return np.array([1.0 / (1.0 - x), np.exp(3 * x)])

    r = np.sort(1.0 - np.geomspace(1e-5, 1.5, 3000))
    got = along(steep, r)
    assert len(calls) < 2000
    np.testing.assert_allclose(got, np.stack([1.0 / (1.0 - r), np.exp(3 * r)], axis=1), rtol=1e-9)
    assert along(steep, np.full(50, 0.3)).shape == (50, 2)
