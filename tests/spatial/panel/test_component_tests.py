"""Conditional tests of error components (Baltagi, Song, Jung and Koh 2007), by brute force on the stacked covariance.

splm prints 0.26 for C.1 and 20.0 for C.3 on Munnell's panel. Both follow from what its code takes for the variance of
the innovations: Var(u)/(1 + phi), or Var(u), where u is serially correlated with r = 0.99; in C.3 a trace is divided by
that variance once too often as well. With the estimated variance its formulas give our numbers.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import multivariate_normal

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.diagnostics.component_fits import ComponentLikelihood, ComponentPoint
from gvcpos.spatial.panel.diagnostics.component_tests import component_tests
from gvcpos.spatial.panel.diagnostics.conditional_components import (
    conditional_component_tests,
    error_given_random_serial,
    random_given_error_serial,
)
from gvcpos.spatial.panel.ml.logdet import spectrum
from tests.spatial.panel.munnell import REGRESSORS, frame, golden, ring, weights

RNG = np.random.default_rng


def drawn(seed: int, n: int = 12, T: int = 5, *, r: float = 0.5, mu: float = 1.0, lam: float = 0.4) -> tuple:
    """y, X and the spectrum of M: random effects, serial correlation and a spatial error."""
    rng, W = RNG(seed), ring(n)
    X = np.concatenate([np.ones((T, n, 1)), rng.normal(size=(T, n, 1))], axis=2)
    e = rng.normal(size=(T, n))
    v = np.empty((T, n))
    v[0] = e[0] / np.sqrt(1.0 - r**2)
    for t in range(1, T):
        v[t] = r * v[t - 1] + e[t]
    u = mu * rng.normal(size=n) + np.linalg.solve(np.eye(n) - lam * W, v.T).T

    return X @ np.array([1.0, 0.5]) + u, X, spectrum(sparse.csr_array(W))


def covariance(x: np.ndarray, W: np.ndarray, T: int) -> np.ndarray:
    """Stacked covariance at (sigma2, r, phi, lambda), random effects at home."""
    sigma2, r, phi, lam = x
    n = len(W)
    inverse = np.linalg.inv(np.eye(n) - lam * W)
    V = r ** np.abs(np.subtract.outer(np.arange(T), np.arange(T))) / (1.0 - r**2)
    return sigma2 * (phi * np.kron(np.ones((T, T)), np.eye(n)) + np.kron(V, inverse @ inverse.T))


def dense_lm(at: ComponentPoint, W: np.ndarray, tested: int) -> tuple[float, float]:
    """Score and LM statistic from the stacked covariance and its numerical derivatives."""
    T = len(at.u)
    x = np.array([at.sigma2, at.r, at.phi, at.lam])
    h = 1e-6 * np.maximum(np.abs(x), 0.1)
    moved = [(covariance(x + s, W, T) - covariance(x - s, W, T)) / (2 * s.max()) for s in np.diag(h)]
    inverse = np.linalg.inv(covariance(x, W, T))
    shares = [inverse @ D for D in moved]
    info = 0.5 * np.array([[np.vdot(a.T, b) for b in shares] for a in shares])
    q = inverse @ at.u.ravel()
    score = 0.5 * (q @ moved[tested] @ q - np.trace(shares[tested]))
    return float(score), float(score**2 * np.linalg.inv(info)[tested, tested])


def test_likelihood_and_gradient_are_those_of_the_stacked_normal() -> None:
    y, X, M = drawn(1)
    likelihood, x = ComponentLikelihood(y, X, M), np.array([0.6, 0.0, 0.3])
    point = likelihood.at(*x)
    cov = covariance(np.array([point.sigma2, *x]), M.matrix.toarray(), 5)
    assert point.loglik == pytest.approx(multivariate_normal(cov=cov).logpdf(point.u.ravel()), rel=1e-10)
    x = np.array([-0.3, 0.8, 0.2])  # the kkp form where phi and lambda are both free; no null uses it
    slopes = [(likelihood.at(*(x + h)).loglik - likelihood.at(*(x - h)).loglik) / 2e-6 for h in 1e-6 * np.eye(3)]
    np.testing.assert_allclose(likelihood.at(*x).gradient, slopes, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("error", [True, False])
def test_maximum_is_no_lower_than_a_grid(error: bool) -> None:
    y, X, M = drawn(2, r=0.3)
    likelihood = ComponentLikelihood(y, X, M)
    top = likelihood.maximise(error=error).loglik
    for r in np.linspace(-0.9, 0.98, 15):
        for other in np.linspace(0.0, 0.9, 10) if error else np.geomspace(1e-3, 1e2, 10):
            assert likelihood.at(r, *((0.0, other) if error else (other, 0.0))).loglik <= top + 1e-9


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_both_are_the_stacked_covariance(seed: int) -> None:
    y, X, M = drawn(seed, mu=1.5)
    likelihood, W = ComponentLikelihood(y, X, M), M.matrix.toarray()
    at = likelihood.maximise(error=False)
    assert error_given_random_serial(at, M).statistic == pytest.approx(dense_lm(at, W, 3)[1], rel=1e-5)
    at = likelihood.maximise(error=True)
    score, want = dense_lm(at, W, 2)
    assert random_given_error_serial(at, M).statistic == pytest.approx(want if score > 0 else 0.0, rel=1e-5)


@lru_cache(maxsize=1)
def munnell() -> tuple[SpatialPanel, ComponentLikelihood]:
    data = frame()
    panel = SpatialPanel(data["lgsp"], data[REGRESSORS], weights(), model="sem", effects="none")
    arrays = panel.arrays_without_spatial_terms(durbin=False)
    return panel, ComponentLikelihood(arrays.y, arrays.X, arrays.error_spectrum)


def splm(name: str) -> float:
    return float(golden("splm_golden_spatialreg126").set_index("model").loc[name, "estimate"])


def test_c1_is_brute_force_and_splm_takes_another_variance() -> None:
    panel, likelihood = munnell()
    at, M = likelihood.maximise(error=False), likelihood.spectrum
    test = {test.name: test for test in panel.component_tests(conditional=True)}["bsjk_error"]
    # The analytic derivative V ⊗ (M + M') of 816 rows.
    inverse, W = np.linalg.inv(at.S), M.matrix.toarray()
    D = at.sigma2 * np.kron(at.V, W + W.T)
    whole = np.kron(inverse, np.eye(48)) / at.sigma2
    q, share = whole @ at.u.ravel(), whole @ D
    want = (0.5 * q @ D @ q) ** 2 / (0.5 * np.vdot(share.T, share))
    assert test.statistic == pytest.approx(want, rel=1e-8)
    theirs = error_given_random_serial(replace(at, sigma2=(at.u**2).mean() / (1.0 + at.phi)), M)
    assert theirs.statistic == pytest.approx(splm("bsjktest_c.1"), rel=1e-4)
    assert test.statistic > 100.0 * theirs.statistic


def test_c3_is_brute_force_and_splm_takes_another_variance() -> None:
    panel, likelihood = munnell()
    at, W = likelihood.maximise(error=True), likelihood.spectrum.matrix.toarray()
    test = {test.name: test for test in panel.component_tests(conditional=True)}["bsjk_random"]
    assert test.statistic == pytest.approx(dense_lm(at, W, 2)[1], rel=1e-3)  # differences near r = 1
    assert test.distribution == "chi2(0)/2 + chi2(1)/2"
    assert published_c3(at, W, at.sigma2, 1) == pytest.approx(test.statistic, rel=1e-8)
    assert published_c3(at, W, float((at.u**2).mean()), 2) == pytest.approx(splm("bsjktest_c.3"), rel=1e-5)


def published_c3(at: ComponentPoint, W: np.ndarray, variance: float, power: int) -> float:
    """Two-sided C.3 by the formulas of the article; `power` is that of sigma² under the trace g."""
    T, n = at.u.shape
    B = np.eye(n) - at.lam * W
    BB, C, inverse = B.T @ B, W.T @ B + B.T @ W, np.linalg.inv(at.V)
    k, moved, CS = inverse @ np.ones(T), inverse @ at.slope, C @ np.linalg.inv(B.T @ B)
    g, h, tr = k.sum() / variance**power, (k @ at.u) @ BB, np.trace
    score = -0.5 * g * tr(BB) + h @ h / (2.0 * variance**2)
    info = np.diag([n * T / variance**2, g**2 * np.vdot(BB, BB), n * np.vdot(moved.T, moved), T * np.vdot(CS.T, CS)])
    info[0, 1:] = np.array([g * tr(BB), n * tr(moved), T * tr(CS)]) / variance
    info[1, 2:] = tr(BB) * (k @ at.slope @ k) / variance, g * tr(C)
    info[2, 3] = tr(moved) * tr(CS)
    info = 0.5 * (info + np.triu(info, 1).T)
    return float(score**2 * np.linalg.inv(info)[1, 1])


def sizes(draws: int, n: int, T: int) -> np.ndarray:
    """Shares of 5 % rejections of C.1 and C.3 where each is true, and of the marginal tests beside them."""
    rejected = np.zeros(4)
    for seed in range(draws):
        y, X, M = drawn(seed, n, T, r=0.4, mu=1.0, lam=0.0)
        test = conditional_component_tests(y, X, M)[0]
        rejected[0] += test.pvalue < 0.05
        y, X, M = drawn(seed, n, T, r=0.4, mu=0.0, lam=0.4)
        test = conditional_component_tests(y, X, M)[1]
        rejected[1] += test.pvalue < 0.05
        e = y - X @ np.linalg.lstsq(X.reshape(-1, 2), y.ravel(), rcond=None)[0]
        rejected[2] += component_tests(e, M.matrix)[0].pvalue < 0.05
        y, X, M = drawn(seed, n, T, r=0.4, mu=1.0, lam=0.4)
        power = conditional_component_tests(y, X, M)
        rejected[3] += power[0].pvalue < 0.05 and power[1].pvalue < 0.05
    return rejected / draws


@pytest.mark.slow
def test_size_quickly() -> None:
    """25 draws; where there is serial correlation the marginal test of random effects nearly always rejects."""
    error, random, marginal, power = sizes(25, 30, 8)
    assert max(error, random) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 25)
    assert marginal > 0.8
    assert power > 0.5


@pytest.mark.slow
def test_size() -> None:
    """500 draws: within 5 % and two and a half of its errors; 2,000 draws gave what the guide says."""
    error, random, marginal, power = sizes(500, 60, 10)
    assert 0.025 <= error <= 0.075
    assert 0.025 <= random <= 0.075
    assert min(marginal, power) > 0.8


def test_what_it_needs() -> None:
    y, X, M = drawn(6, T=2)
    assert all("three periods" in test.note for test in conditional_component_tests(y, X, M))
    data = frame()
    with pytest.raises(InputError, match="pooled regression"):
        SpatialPanel(data["lgsp"], data[REGRESSORS], weights()).component_tests(conditional=True)
    pooled = munnell()[0].fit().diagnostics(unit_roots=False)
    assert {"bsjk_error", "bsjk_random"} <= set(pooled.index)
