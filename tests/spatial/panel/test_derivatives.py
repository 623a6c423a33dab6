"""Score and Hessian against finite differences of an independently written likelihood; determinants by brute force."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import sparse
from scipy.linalg import null_space

from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.inference.covariance import scaled_inverse
from gvcpos.spatial.panel.ml.logdet import LogDeterminant, Spectrum, forget, similarity_scale, spectrum
from gvcpos.spatial.panel.ml.multiplier import Multiplier
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import ring, simulated

KRONECKER = [("none", "direct"), ("entity", "lee-yu"), ("time", "lee-yu"), ("twoway", "lee-yu"), ("entity", "direct")]


def likelihood(p: np.ndarray, panel: SpatialPanel) -> float:
    """Full log-likelihood of (beta, r, sigma2) by transforming the stacked system with F_T x F_N."""
    t = panel.transformation
    y, X, W = panel.data.y, panel.arrays.X, panel.weights.dense()
    beta, r, s2 = p[:-2], p[-2], p[-1]
    S = np.eye(len(W)) - r * W
    u = y - X @ beta if panel.model == "sem" else y
    e = u @ S.T if panel.model == "sem" else u @ S.T - X @ beta
    FT = null_space(np.ones((1, t.periods))) if t.entity else np.eye(t.periods)
    FN = null_space(np.ones((1, t.units))) if t.time else np.eye(t.units)
    v = FT.T @ e @ FN
    transformed = FN.T @ S @ FN if t.lee_yu and t.time else S
    times = FT.shape[1] if t.lee_yu else t.periods
    n = v.size if t.lee_yu else y.size
    return -0.5 * n * np.log(2 * np.pi * s2) + times * np.linalg.slogdet(transformed)[1] - (v**2).sum() / (2 * s2)


def derivatives(p: np.ndarray, panel: SpatialPanel) -> tuple[np.ndarray, np.ndarray]:
    """Central differences, gradient and Hessian."""
    k = len(p)
    h = 1e-4 * np.maximum(np.abs(p), 0.1)
    E = np.diag(h)
    gradient = np.array([likelihood(p + E[i], panel) - likelihood(p - E[i], panel) for i in range(k)]) / (2 * h)
    hessian = np.empty((k, k))
    for i in range(k):
        for j in range(k):
            corners = [likelihood(p + a * E[i] + b * E[j], panel) * a * b for a in (1, -1) for b in (1, -1)]
            hessian[i, j] = sum(corners) / (4 * h[i] * h[j])
    return gradient, hessian


@pytest.mark.parametrize(("effects", "method"), KRONECKER)
@pytest.mark.parametrize("model", ["sar", "sem", "sdm"])
def test_maximum_and_hessian(model: str, effects: str, method: str) -> None:
    y, X, W = simulated(1)
    panel = SpatialPanel.from_arrays(y, X, W, model=model, effects=effects, method=method)
    result = panel.fit("hessian")
    p = np.append(result.params.to_numpy(), result.sigma2)
    assert result.loglik == pytest.approx(likelihood(p, panel), rel=1e-12)
    gradient, hessian = derivatives(p, panel)
    # in units of standard errors, the maximum is hit to 1e-5
    assert np.abs(gradient * np.sqrt(np.diag(result.estimate.covariance))).max() < 1e-5
    np.testing.assert_allclose(
        np.sqrt(np.diag(scaled_inverse(-hessian))), np.sqrt(np.diag(result.estimate.covariance)), rtol=1e-4
    )


def crooked(n: int) -> np.ndarray:
    """Two nearest neighbours in one direction: complex eigenvalues."""
    W = np.zeros((n, n))
    for i in range(n):
        W[i, [(i + 1) % n, (i * i + 3) % n if (i * i + 3) % n != i else (i + 2) % n]] = [0.7, 0.3]
    return W / W.sum(axis=1, keepdims=True)


def islands_of_rings(n: int) -> np.ndarray:
    """Two rings without a link: the unit eigenvalue occurs twice, and only one belongs to the constant."""
    W = np.zeros((n, n))
    W[: n // 2, : n // 2], W[n // 2 :, n // 2 :] = ring(n // 2), ring(n - n // 2)
    return W


@pytest.mark.parametrize("effects", ["entity", "twoway"])
@pytest.mark.parametrize("shape", [crooked, islands_of_rings])
@pytest.mark.parametrize("model", ["sem", "sdm"])
def test_other_shapes_of_weights(model: str, shape: Callable[[int], np.ndarray], effects: str) -> None:
    y, X, W = simulated(9)
    other = Weights.from_dense(W.ids, shape(W.n))
    panel = SpatialPanel.from_arrays(y, X, other, model=model, effects=effects)
    result = panel.fit("hessian")
    p = np.append(result.params.to_numpy(), result.sigma2)
    assert result.loglik == pytest.approx(likelihood(p, panel), rel=1e-12)
    gradient, hessian = derivatives(p, panel)
    errors = np.sqrt(np.diag(result.estimate.covariance))
    assert np.abs(gradient * errors).max() < 1e-5
    np.testing.assert_allclose(np.sqrt(np.diag(scaled_inverse(-hessian))), errors, rtol=1e-4)
    best = max(likelihood(np.r_[p[:-2], r, p[-1]], panel) for r in np.linspace(-0.95, 0.95, 39))
    assert best < result.loglik


@pytest.mark.parametrize("model", ["sar", "sem", "sdm"])
def test_direct_time_effects_without_row_normalisation(model: str) -> None:
    """With any W the direct likelihood equals that with explicit dummies for every period."""
    y, X, W = simulated(4, n=12, t=5)
    uneven = Weights.from_dense(W.ids, W.dense() * np.linspace(0.6, 1.2, W.n)[:, None])
    result = SpatialPanel.from_arrays(y, X, uneven, model=model, effects="time", method="direct").fit("hessian")
    dummies = np.repeat(np.eye(5)[:, None, :], 12, axis=1)
    lagged = np.einsum("ij,tjk->tik", uneven.dense(), X)
    full = np.concatenate([X, lagged, dummies] if model == "sdm" else [X, dummies], axis=2)
    plain = SpatialPanel.from_arrays(
        y, full, uneven, model="sem" if model == "sem" else "sar", effects="none", intercept=False
    ).fit("hessian")
    k = 4 if model == "sdm" else 2
    assert result.loglik == pytest.approx(plain.loglik, rel=1e-10)
    own = [*range(k), -1]
    np.testing.assert_allclose(result.params, plain.params.iloc[own], rtol=1e-7)
    np.testing.assert_allclose(result.std_errors, plain.std_errors.iloc[own], rtol=1e-6)
    information = result.model.fit("information").std_errors
    np.testing.assert_allclose(information, plain.model.fit("information").std_errors.iloc[own], rtol=1e-6)


def test_logdeterminant_and_slope() -> None:
    W = ring(13)
    real = spectrum(sparse.csr_array(W))
    assert not np.iscomplexobj(real.eigenvalues)  # a row-normalised symmetric matrix
    rng = np.random.default_rng(0)
    uneven = W * rng.uniform(0.5, 1.5, W.shape)
    crooked = spectrum(sparse.csr_array(uneven / uneven.sum(axis=1, keepdims=True)))
    assert np.iscomplexobj(crooked.eigenvalues)
    large = Spectrum(real.matrix, None, real.interval)  # the sparse-LU path
    for found in (real, crooked, large):
        for r in (-0.8, 0.0, 0.35, 0.9):
            S = np.eye(13) - r * found.matrix.toarray()
            exact = np.linalg.slogdet(S)[1]
            slope = -np.trace(np.linalg.solve(S, found.matrix.toarray()))
            for drop in (False, True):
                logdet = LogDeterminant(found, drop)
                assert float(logdet.value(np.array(r))) == pytest.approx(exact - drop * np.log(1 - r), abs=1e-11)
                assert logdet.slope(r) == pytest.approx(slope + drop / (1 - r), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("projected", [False, True])
def test_traces(projected: bool) -> None:
    W = ring(13)
    found = spectrum(sparse.csr_array(W))
    G = W @ np.linalg.inv(np.eye(13) - 0.6 * W)
    F = null_space(np.ones((1, 13))) if projected else np.eye(13)
    G = F.T @ G @ F
    for eigenvalues in (found.eigenvalues, None):
        traces = Multiplier(Spectrum(found.matrix, eigenvalues, found.interval), 0.6).traces(projected=projected)
        want = [np.trace(G), np.trace(G @ G), np.trace(G.T @ G)]
        np.testing.assert_allclose([traces.g, traces.gg, traces.gtg], want, rtol=1e-10)
        np.testing.assert_allclose(traces.diagonal, np.diag(F @ G @ F.T), rtol=1e-9, atol=1e-12)


def test_similarity_is_found_only_where_it_is() -> None:
    W = sparse.csr_array(ring(9))
    scale = similarity_scale(W)
    assert scale is not None
    symmetric = W.toarray() * scale[:, None] / scale[None, :]
    np.testing.assert_allclose(symmetric, symmetric.T, atol=1e-12)
    crooked = W.toarray()
    crooked[0, 1] *= 1.5
    assert similarity_scale(sparse.csr_array(crooked)) is None
    one_way = np.roll(np.eye(9), 1, axis=1)
    assert similarity_scale(sparse.csr_array(one_way)) is None


def test_large_sparse_path_gives_the_same_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    y, X, W = simulated(2, n=30)
    want = SpatialPanel.from_arrays(y, X, W).fit()
    monkeypatch.setattr("gvcpos.spatial.panel.ml.logdet._SPARSE_FROM", 1)
    monkeypatch.setattr("gvcpos.spatial.panel.ml.logdet._SPARSE_DENSITY", 2.0)
    forget()
    panel = SpatialPanel.from_arrays(y, X, W)
    got = panel.fit()
    assert panel.spectrum.eigenvalues is None
    np.testing.assert_allclose(got.params, want.params, rtol=1e-7)
    np.testing.assert_allclose(got.std_errors, want.std_errors, rtol=1e-7)
    np.testing.assert_allclose(got.effects()["std_error"], want.effects()["std_error"], rtol=1e-7)
    forget()
