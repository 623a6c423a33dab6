"""Tests of error components where weights change over time: one W, the stacked covariance of N T rows, size."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg

from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.diagnostics.component_fits import ComponentLikelihood, ComponentPoint
from gvcpos.spatial.panel.diagnostics.component_tests import component_tests
from gvcpos.spatial.panel.diagnostics.conditional_components import (
    conditional_component_tests,
    error_given_random_serial,
    random_given_error_serial,
)
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.period_spectrum import spectrum_of
from gvcpos.spatial.panel.random.diagnostics import serial_lm
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.period_matrix import stacked
from tests.spatial.panel.periods import changing
from tests.spatial.panel.test_specification_path import gaussian_lm

quiet = pytest.mark.filterwarnings("ignore::gvcpos._core.errors.GvcposWarning")


def drawn(
    rng: np.random.Generator, W: dict[int, Weights], *, r: float = 0.5, mu: float = 1.0, lam: float = 0.4
) -> tuple[np.ndarray, np.ndarray, Spectrum]:
    """y, X and the spectrum of M_t: random effects at home, serial correlation and a spatial error."""
    T, n = len(W), next(iter(W.values())).n
    X = np.concatenate([np.ones((T, n, 1)), rng.normal(size=(T, n, 1))], axis=2)
    e, v, effects = rng.normal(size=(T, n)), np.empty((T, n)), mu * rng.normal(size=n)
    v[0] = e[0] / np.sqrt(1.0 - r**2)
    for t in range(1, T):
        v[t] = r * v[t - 1] + e[t]
    spread = [np.linalg.solve(np.eye(n) - lam * one.dense(), v[t]) for t, one in enumerate(W.values())]
    return X @ np.array([1.0, 0.5]) + effects + np.array(spread), X, spectrum_of(stacked(w.matrix for w in W.values()))


def covariance(x: np.ndarray, W: dict[int, Weights]) -> np.ndarray:
    """Stacked covariance at (sigma2, r, phi, lambda), random effects at home."""
    (sigma2, r, phi, lam), T, n = x, len(W), next(iter(W.values())).n
    spread = linalg.block_diag(*(np.linalg.inv(np.eye(n) - lam * one.dense()) for one in W.values()))
    V = r ** np.abs(np.subtract.outer(np.arange(T), np.arange(T))) / (1.0 - r**2)
    return sigma2 * (phi * np.kron(np.ones((T, T)), np.eye(n)) + spread @ np.kron(V, np.eye(n)) @ spread.T)


def dense_lm(u: np.ndarray, x: np.ndarray, W: dict[int, Weights], tested: int) -> tuple[float, float]:
    """Score and LM statistic from the stacked covariance and its numerical derivatives."""
    h = 1e-6 * np.maximum(np.abs(x), 0.1)
    moved = [(covariance(x + s, W) - covariance(x - s, W)) / (2 * s.max()) for s in np.diag(h)]
    inverse = np.linalg.inv(covariance(x, W))
    shares = [inverse @ D for D in moved]
    info = 0.5 * np.array([[np.vdot(a.T, b) for b in shares] for a in shares])
    q = inverse @ u.ravel()
    score = 0.5 * (q @ moved[tested] @ q - np.trace(shares[tested]))
    return float(score), float(score**2 * np.linalg.inv(info)[tested, tested])


def point(at: ComponentPoint) -> np.ndarray:
    return np.array([at.sigma2, at.r, at.phi, at.lam])


@pytest.mark.parametrize("seed", [3, 4])
def test_conditional_tests_are_the_stacked_covariance(seed: int) -> None:
    """One matrix comes twice, so that pairs of periods share it."""
    W = changing(seed, 9, 5)
    W[2003] = W[2001]
    y, X, M = drawn(np.random.default_rng(seed), W, mu=1.5)
    likelihood = ComponentLikelihood(y, X, M)
    at = likelihood.maximise(error=False)
    want = dense_lm(at.u, point(at), W, 3)[1]
    assert error_given_random_serial(at, M).statistic == pytest.approx(want, rel=1e-5)
    at = likelihood.maximise(error=True)
    score, want = dense_lm(at.u, point(at), W, 2)
    assert score > 0.0
    assert random_given_error_serial(at, M).statistic == pytest.approx(want, rel=1e-5)


def test_marginal_tests_are_the_stacked_covariance() -> None:
    """bsk_error at a point without any component, and the joint one as the sum of its parts."""
    W = changing(5, 9, 5)
    y, X, M = drawn(np.random.default_rng(6), W)
    e = y - X @ np.linalg.lstsq(X.reshape(-1, 2), y.ravel(), rcond=None)[0]
    found = {test.name: test.statistic for test in component_tests(e, M.matrix)}
    x = np.array([(e**2).mean(), 0.0, 0.0, 0.0])
    assert found["bsk_error"] == pytest.approx(dense_lm(e, x, W, 3)[1], rel=1e-6)
    assert found["bsk_joint"] == pytest.approx(found["bsk_error"] + found["bsk_random_serial"], rel=1e-12)
    other = {test.name: test.statistic for test in component_tests(e, W[2000].matrix)}
    for name in ("bsk_random", "bsk_serial", "bsk_random_serial"):  # M plays no part in them
        assert found[name] == other[name]


def test_nearly_the_same_w_gives_the_constant_w() -> None:
    W = changing(7, 14, 1)[2000]
    each = {i: Weights.from_dense(W.ids, W.dense() * (1.0 + i * 2.0**-50)) for i in range(6)}
    y, X, _ = drawn(np.random.default_rng(8), each)
    fixed, moving = (
        SpatialPanel.from_arrays(y, X[:, :, 1:], one, model="sem", effects="none").component_tests(conditional=True)
        for one in (W, each)
    )
    assert [test.name for test in moving] == [test.name for test in fixed]
    for one, other in zip(fixed, moving, strict=True):
        assert other.statistic == pytest.approx(one.statistic, rel=1e-6), one.name


@quiet
@pytest.mark.parametrize(("model", "error"), [("sac", "kkp"), ("sar", "baltagi")])
def test_serial_correlation_beside_random_effects_is_the_stacked_covariance(model: str, error: str) -> None:
    """Information of (rho, lambda, phi, sigma2, r) from numerical derivatives of the stacked covariance and mean."""
    W, N, T = changing(14, 8, 5), 8, 5
    rng = np.random.default_rng(15)
    X, mu = rng.normal(size=(T, N, 1)), rng.normal(size=N)
    y = np.array(
        [
            np.linalg.solve(np.eye(N) - 0.3 * w.dense(), X[t, :, 0] + mu + rng.normal(size=N))
            for t, w in enumerate(W.values())
        ]
    )
    made = SpatialPanel.from_arrays(y, X, W, times=list(W), model=model, effects="random", random_error=error)  # type: ignore[arg-type]
    estimate = made.fit().estimate
    Z, dense = made.design.X.reshape(T * N, -1), [one.dense() for one in W.values()]
    at = {"rho": estimate.rho, "lambda": estimate.lam, "phi": estimate.phi, "sigma2": estimate.sigma2, "r": 0.0}  # type: ignore[attr-defined]

    def inverse(r: float) -> np.ndarray:
        """(I − rW_t)⁻¹ of all periods."""
        return linalg.block_diag(*(np.linalg.inv(np.eye(N) - r * one) for one in dense))

    def law(p: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
        A, B = inverse(p["rho"]), inverse(p["lambda"])
        V = p["r"] ** np.abs(np.subtract.outer(np.arange(T), np.arange(T))) / (1 - p["r"] ** 2)
        cov = p["sigma2"] * B @ np.kron(p["phi"] * np.ones((T, T)) + V, np.eye(N)) @ B.T
        return A @ Z @ estimate.beta, A @ cov @ A.T

    at = at if model == "sac" else {name: value for name, value in at.items() if name != "lambda"}
    want = gaussian_lm(y.ravel(), lambda p: law({"lambda": 0.0} | p), at, inverse(at["rho"]) @ Z, "r")
    assert serial_lm(estimate, kkp=error == "kkp").statistic == pytest.approx(want, rel=1e-4)  # type: ignore[arg-type]


@quiet
def test_where_serial_correlation_is_not_written_it_says_what_to_take() -> None:
    W = changing(16, 10, 5)
    y, X, _ = drawn(np.random.default_rng(17), W)
    made = SpatialPanel.from_arrays(y, X[:, :, 1:], W, times=list(W), model="sem", effects="random")
    assert "Take random_error='kkp'" in made.fit().serial_correlation()[0].note
    other = made.respecified(random_error="kkp").fit().serial_correlation()[0]
    assert np.isfinite(other.statistic)


def sizes(draws: int, n: int, T: int) -> np.ndarray:
    """Shares of 5 % rejections of C.1 and C.3 where each is true, and then where neither is."""
    rejected = np.zeros((2, 2))
    for seed in range(draws):
        W = changing(10_000 + seed, n, T)
        for place, absent in enumerate(({"lam": 0.0}, {"mu": 0.0})):
            for row, part in enumerate((absent, {})):
                y, X, M = drawn(np.random.default_rng(seed), W, **({"r": 0.4, "mu": 0.7} | part))
                rejected[row, place] += conditional_component_tests(y, X, M)[place].pvalue < 0.05
    return rejected / draws


@pytest.mark.slow
def test_size() -> None:
    """200 draws with neighbours drawn anew every period: within three of its errors of 5 %."""
    true, power = sizes(200, 25, 6)
    assert (np.abs(true - 0.05) < 3.0 * np.sqrt(0.05 * 0.95 / 200)).all()
    assert (power > 0.5).all()
