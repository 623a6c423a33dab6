"""Approximate log-determinants: their errors within what they report, and where they are refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel import DynamicSpatialPanel, SpatialPanel
from gvcpos.spatial.panel.ml.approximation import approximate_spectrum
from gvcpos.spatial.panel.ml.series import chebyshev_series, trace_series
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import simulated
from tests.spatial.panel.test_large import neighbours

AT = (-0.95, -0.8, -0.5, -0.1, 0.0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)


def symmetric(n: int) -> sparse.csr_array:
    """Row-normalised union of six nearest neighbours: real eigenvalues."""
    W = neighbours(n)
    W = sparse.csr_array(W.maximum(W.T))
    return sparse.csr_array(sparse.diags_array(1.0 / np.asarray(W.sum(axis=1))) @ W)


def exact(roots: np.ndarray, r: float, order: int) -> float:
    G = roots / (1.0 - r * roots)
    return float((np.log(np.abs(1.0 - r * roots)), -np.real(G), -np.real(G * G))[order].sum())


@pytest.mark.parametrize("kind", ["chebyshev", "traces"])
@pytest.mark.parametrize("case", ["asymmetric 400", "asymmetric 1000", "symmetric 400", "other rows 400", "dense 60"])
def test_the_error_is_within_what_is_reported(case: str, kind: str) -> None:
    words = case.split()
    n = int(words[-1])
    W = symmetric(n) if words[0] == "symmetric" else neighbours(n)
    if words[0] == "other":
        W = sparse.csr_array(sparse.diags_array(np.linspace(0.5, 3.0, n)) @ W)
    if words[0] == "dense":
        W = sparse.csr_array(_inverse_distance(n))
    roots = np.linalg.eigvals(W.toarray())
    found = approximate_spectrum(W, kind)
    assert found.interval[1] == pytest.approx(1.0 / np.abs(roots).max(), rel=1e-9)
    for share in AT:
        r = share * found.interval[1]
        gap = abs(found.determinants.at(r) - exact(roots, r, 0))
        assert gap <= found.determinants.error(r) + 1e-11 * n
        if abs(share) <= 0.5:  # a bound that says nothing would hold too
            assert found.determinants.error(r) < (0.02 if kind == "chebyshev" else 0.3)


def _inverse_distance(n: int) -> np.ndarray:
    points = np.random.default_rng(3).random((n, 2))
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    W = np.divide(1.0, distance, out=np.zeros_like(distance), where=distance > 0)
    return W / W.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("kind", ["chebyshev", "traces"])
def test_derivatives(kind: str) -> None:
    at = approximate_spectrum(neighbours(120), kind).determinants
    for r in (-0.7, -0.2, 0.0, 0.4, 0.9):
        for order in (1, 2):
            ends = [float(at.derivative(np.array(r + h), order - 1)) for h in (1e-5, -1e-5)]
            numeric = (ends[0] - ends[1]) / 2e-5
            assert float(at.derivative(np.array(r), order)) == pytest.approx(numeric, rel=1e-6, abs=1e-6)


def test_every_order_of_chebyshev_is_bounded() -> None:
    W = neighbours(300)
    roots = np.linalg.eigvals(W.toarray())
    rest = np.delete(roots, np.argmin(np.abs(roots - 1.0)))
    whole = chebyshev_series(W, unit=True, real=False)
    assert whole.order == 10
    for power in (1, 2, 3):
        dense = np.linalg.matrix_power(W.toarray(), power)
        cut = type(whole)(299, whole.traces[: 2 * power], float(np.vdot(dense, dense)) - 1.0, real=False)
        for s in (-0.8, 0.5, 0.9):
            gap = abs(float(cut.value(np.array(s), 0)) - float(np.log(np.abs(1.0 - s * rest)).sum()))
            assert 0.0 < gap <= cut.error(s)
    # Pace and LeSage's polynomial is the Chebyshev series itself: with real eigenvalues in [-1, 1] it may be summed.
    S = symmetric(80)
    series, x = chebyshev_series(S, unit=False, real=True), np.sort(np.linalg.eigvals(S.toarray()).real)
    nodes = np.polynomial.chebyshev.Chebyshev.interpolate(lambda x: np.log(1.0 - 0.6 * x), 200)
    assert float(series.value(np.array(0.6), 0)) == pytest.approx(float(nodes.truncate(11)(x).sum()), rel=1e-10)


def test_the_interval_of_traces_covers() -> None:
    W = neighbours(90)
    roots = np.linalg.eigvals(W.toarray())
    want = float(np.log(np.abs(1.0 - 0.6 * np.delete(roots, np.argmin(np.abs(roots - 1.0))))).sum())
    inside = 0
    for seed in range(150):
        series = trace_series(W, unit=True, seed=seed)
        inside += abs(float(series.value(np.array(0.6), 0)) - want) <= series.error(0.6)
    assert 135 <= inside <= 149


def panel(model: str, **options: object) -> SpatialPanel:
    W, n = neighbours(400), 400
    rng = np.random.default_rng(4)
    X, eps = rng.normal(size=(6, n, 2)), rng.normal(size=(6, n))
    y = np.linalg.solve(np.eye(n) - 0.4 * W.toarray(), (X.sum(axis=2) + eps).T).T
    weights = Weights.from_sparse([f"u{i:03d}" for i in range(n)], W)
    return SpatialPanel.from_arrays(y, X, weights, model=model, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["chebyshev", "traces"])
@pytest.mark.parametrize(("model", "options"), [("sdm", {}), ("sar", {"effects": "none"}), ("sac", {}), ("sem", {})])
def test_fits_beside_the_exact_one(model: str, options: dict[str, str], kind: str) -> None:
    whole = panel(model, **options).fit()
    assert whole.log_determinant_error == 0.0
    assert "Log-determinant" not in whole.summary
    near = panel(model, log_determinant=kind, **options).fit()
    assert 0.0 < near.log_determinant_error < 5.0
    assert f"{near.log_determinant_error:.3g} in the log-likelihood" in near.summary
    # The maximum of a function is within the function's largest error of that of another near by.
    exact_there = near.model.transformation.determinants
    assert abs(near.loglik - whole.loglik) <= near.log_determinant_error + 1e-3 * exact_there
    np.testing.assert_allclose(near.params, whole.params, atol=0.1 * whole.std_errors.max(), rtol=0.05)
    np.testing.assert_allclose(near.std_errors, whole.std_errors, rtol=0.05)
    np.testing.assert_allclose(
        near.effects()["estimate"], whole.effects()["estimate"], atol=0.2 * whole.effects()["std_error"].max()
    )


def test_a_full_matrix_is_not_factorised_as_a_sparse_one() -> None:
    y, X, W = simulated(2, n=40)
    full = Weights.from_dense(W.ids, _inverse_distance(40))
    whole = SpatialPanel.from_arrays(y, X, full).fit()
    near = SpatialPanel.from_arrays(y, X, full, log_determinant="chebyshev").fit("sandwich")
    assert near.model.spectrum.eigenvalues is None
    assert isinstance(near.model.spectrum.operator, np.ndarray)
    assert near.params["rho"] == pytest.approx(whole.params["rho"], abs=0.02)


def test_where_it_is_refused() -> None:
    y, X, W = simulated(2, n=40)
    with pytest.raises(InputError, match="not defined with random effects"):
        SpatialPanel.from_arrays(y, X, W, effects="random", log_determinant="chebyshev")
    with pytest.raises(InputError, match="nothing to approximate in slx"):
        SpatialPanel.from_arrays(y, X, W, model="slx", log_determinant="traces")
    with pytest.raises(InputError, match="Allowed: 'exact', 'chebyshev', 'traces'"):
        SpatialPanel.from_arrays(y, X, W, log_determinant="taylor")
    near = SpatialPanel.from_arrays(y, X, W, log_determinant="chebyshev")
    with pytest.raises(InputError, match=r"fit_gmm.* is not defined with log_determinant='chebyshev'"):
        near.fit_gmm()
    with pytest.raises(TypeError, match="log_determinant"):
        DynamicSpatialPanel.from_arrays(y, X, W, log_determinant="chebyshev")  # type: ignore[call-arg]


def test_weights_that_change_have_exact_ones_only() -> None:
    y, X, W = simulated(2, n=40)
    times = list(range(len(y)))
    changing = {t: W if t < 2 else Weights.from_dense(W.ids, _inverse_distance(40)) for t in times}
    made = SpatialPanel.from_arrays(y, X, changing, times=times, log_determinant="traces")
    with pytest.raises(InputError, match="change over time"):
        made.fit()


def test_the_same_numbers_every_time() -> None:
    first, second = (panel("sar", log_determinant="traces").fit() for _ in range(2))
    assert first.loglik == second.loglik
    assert first.params.equals(second.params)
