"""Random effects against dense likelihoods: maxima, scores, informations, sandwiches, predictions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from gvcpos.spatial.panel.ml.logdet import Spectrum, forget
from gvcpos.spatial.panel.random import covariance as rc
from gvcpos.spatial.panel.random.cumulants import component_cumulants
from gvcpos.spatial.panel.random.kernel import Kernels, squares
from gvcpos.spatial.panel.random.likelihood import random_likelihood
from tests.spatial.panel.random_panels import (
    CASES,
    dense_excess,
    dense_hessian,
    dense_information,
    draw,
    loglik,
    point,
    sigma,
    steps,
)


@pytest.mark.parametrize(("model", "error"), CASES)
def test_maximum_and_covariances_by_brute_force(model: str, error: str) -> None:
    """The dense NT x NT likelihood: value, gradient, Hessian, and the expected information from its moments."""
    panel = draw(3, kkp=error == "kkp").respecified(model, random_error=error)
    result = panel.fit("hessian")
    q, got = point(result), result.estimate.covariance
    E = steps(q)
    assert result.loglik == pytest.approx(loglik(panel, q), abs=1e-9)
    slope = np.array([(loglik(panel, q + a) - loglik(panel, q - a)) / (2.0 * a.sum()) for a in E])
    assert np.abs(slope * np.sqrt(np.diag(got))).max() < 1e-5
    curve = dense_hessian(panel, q)
    np.testing.assert_allclose(np.sqrt(np.diag(np.linalg.inv(-curve))), np.sqrt(np.diag(got)), rtol=1e-4)
    np.testing.assert_allclose(
        rc.information(result.estimate.random), dense_information(panel, q), rtol=2e-5, atol=2e-5 * abs(curve).max()
    )


@pytest.mark.parametrize(("model", "error"), CASES)
def test_score(model: str, error: str) -> None:
    panel = draw(5).respecified(model, random_error=error)
    found = random_likelihood(panel.arrays, panel.arrays.X, panel.features, kkp=error == "kkp")
    at = np.array([0.2 * panel.features.lag, -0.3 * panel.features.error, 0.7])
    for place in range(3):
        h = 1e-5 * (np.arange(3) == place)
        number = (found.evaluate(*(at + h))[0] - found.evaluate(*(at - h))[0]) / 2e-5
        there = (panel.features.lag, panel.features.error, True)[place]
        assert found.evaluate(*at)[1][place] == pytest.approx(number if there else 0.0, abs=1e-6)


@pytest.mark.parametrize(("model", "error"), [("sar", "baltagi"), ("gns", "baltagi"), ("gns", "kkp")])
def test_sandwich_by_brute_force(model: str, error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variance of the score as a linear and quadratic form in (mu, e) with given third and fourth cumulants."""
    panel = draw(7, n=8, t=3).respecified(model, random_error=error)
    result = panel.fit()
    q = point(result)
    given = ((0.3, 0.8), (-0.5, 1.7))
    monkeypatch.setattr(rc, "component_cumulants", lambda *found: given)
    got = rc.non_normality(result.estimate.random)
    want = dense_excess(panel, q, given)
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4 * np.abs(want).max())


def test_cumulants_are_found() -> None:
    """Exponential effects and innovations: third cumulant 2 s³, fourth 6 s⁴."""
    rng = np.random.default_rng(0)
    n, t = 40_000, 5
    step = np.arange(n)
    places = np.tile(step, 2), np.append(np.roll(step, 1), np.roll(step, -1))
    W = sparse.csr_array((np.full(2 * n, 0.5), places), shape=(n, n))
    mu, e = 1.5 * (rng.exponential(size=n) - 1.0), rng.exponential(size=(t, n)) - 1.0
    parts = squares(Spectrum(W, None, (-1.0, 1.0)))
    kernel = Kernels(n, t, parts).at(0.4, 2.25)
    v = e + kernel.loading(mu[:, None])[:, 0]
    (third, fourth), (third_mu, fourth_mu) = component_cumulants(v, kernel, 1.0)
    assert third == pytest.approx(2.0, rel=0.1)
    assert fourth == pytest.approx(6.0, rel=0.2)
    assert third_mu == pytest.approx(2.0 * 1.5**3, rel=0.2)
    assert fourth_mu == pytest.approx(6.0 * 1.5**4, rel=0.2)


def test_large_sparse_path_gives_the_same_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [("sac", "baltagi", "sandwich"), ("sem", "baltagi", "hessian"), ("sar", "baltagi", "information")]
    want = [draw(2, n=30).respecified(model, random_error=error).fit(cov) for model, error, cov in kinds]
    monkeypatch.setattr("gvcpos.spatial.panel.ml.logdet._SPARSE_FROM", 1)
    monkeypatch.setattr("gvcpos.spatial.panel.ml.logdet._SPARSE_DENSITY", 2.0)
    forget()
    for (model, error, cov), dense in zip(kinds, want, strict=True):
        got = draw(2, n=30).respecified(model, random_error=error).fit(cov)
        assert got.model.spectrum.eigenvalues is None
        np.testing.assert_allclose(got.params, dense.params, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(got.std_errors, dense.std_errors, rtol=1e-5)
        assert got.loglik == pytest.approx(dense.loglik, rel=1e-10)
    forget()


@pytest.mark.parametrize(("model", "error"), CASES)
def test_predicted_effects_and_innovations(model: str, error: str) -> None:
    """mu is E[mu | y] by the dense formula; y is its parts put together; innovations are E[e | y]."""
    panel = draw(9).respecified(model, random_error=error)
    result = panel.fit()
    q, (t, n) = point(result), panel.data.y.shape
    mean, covariance = sigma(panel, q)
    A = np.linalg.inv(np.eye(n) - result.estimate.rho * panel.weights.dense())
    B = np.linalg.inv(np.eye(n) - result.estimate.lam * panel.error_weights.dense())
    load = np.kron(np.ones((t, 1)), A @ B if error == "kkp" else A)
    weighed = np.linalg.solve(covariance, panel.data.y.ravel() - mean)
    np.testing.assert_allclose(result.entity_effects, result.sigma2_mu * load.T @ weighed, rtol=1e-8, atol=1e-9)
    e = result.sigma2 * (np.kron(np.eye(t), A @ B).T @ weighed).reshape(t, n)
    np.testing.assert_allclose(result.estimate.resids, e, rtol=1e-8, atol=1e-9)
    parts = panel.arrays.X @ result.estimate.beta + result.estimated_effects.to_numpy().reshape(t, n) + e @ B.T
    np.testing.assert_allclose(parts @ A.T, panel.data.y, rtol=1e-9)
    np.testing.assert_allclose(result.fitted + result.resids, panel.data.y.ravel())
