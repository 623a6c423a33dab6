"""Kapoor, Kelejian and Prucha's moments with weights of the error that change: N T rows, one W, labels, simulation."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import linalg

from gvcpos._core.errors import GvcposWarning
from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.gmm import period_components
from gvcpos.spatial.panel.gmm.period_components import PeriodComponentForms
from gvcpos.spatial.panel.gmm.random import first_steps, period_influence
from gvcpos.spatial.panel.gmm.results import SpatialPanelGmmResults
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.panel.ml.period_spectrum import PeriodSpectrum
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.period_matrix import stacked
from tests.spatial.panel.periods import changing, labels, near

MOMENTS = ("initial", "weighted", "full")
TRUTH = {"x1": 1.0, "x2": -0.5, "rho": 0.4, "lambda": 0.4}


def drawn(
    rng: np.random.Generator, W: dict[int, Weights], model: str, *, spread: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """y (T, N) and X (T, N, 2): u_t = (I - 0.4 W_t)^-1 (mu + v_t), with 0.4 W_t y_t in sac."""
    t, n = len(W), next(iter(W.values())).n
    X, mu, y = rng.normal(size=(t, n, 2)), spread * rng.normal(size=n), np.empty((t, n))
    for i, one in enumerate(W.values()):
        A = np.eye(n) - 0.4 * one.dense()
        y[i] = X[i] @ [1.0, -0.5] + np.linalg.solve(A, mu + rng.normal(size=n))
        y[i] = np.linalg.solve(A, y[i]) if model in {"sac", "gns"} else y[i]
    return y, X


def gmm(
    y: np.ndarray, X: np.ndarray, W: object, cell: tuple[str, str], moments: str = "full"
) -> SpatialPanelGmmResults:
    times = list(W) if isinstance(W, dict) else None
    made = SpatialPanel.from_arrays(y, X, W, times=times, model=cell[0], effects=cell[1], random_error="kkp")  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GvcposWarning)
        return made.fit_gmm(moments=moments)  # type: ignore[arg-type]


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("time", [False, True])
def test_moments_their_means_and_variances_by_brute_force(
    monkeypatch: pytest.MonkeyPatch, time: bool, full: bool
) -> None:
    """Explicit Q0, Q1 and the block-diagonal M of N T rows; two periods share a matrix."""
    monkeypatch.setattr(period_components, "_FULL", 100 if full else 0)
    n, t, lam, (s0, s1) = 7, 4, 0.3, (1.3, 4.1)
    W = changing(3, n, t)
    W[2002] = W[2000]
    forms = PeriodComponentForms(stacked(one.matrix for one in W.values()), Transformation(n, t, False, time, time))
    J, M = np.kron(np.eye(t), np.eye(n) - time / n), linalg.block_diag(*(one.dense() for one in W.values()))
    Q1 = np.kron(np.full((t, t), 1 / t), np.eye(n)) @ J
    Q0 = J - Q1
    A = [part for Q in (Q0, Q1) for part in (Q, J @ M.T @ Q @ M @ J, J @ M.T @ Q)]
    e = np.random.default_rng(0).normal(size=n * t)
    found = forms.quadratics(np.linalg.solve(np.eye(n * t) - lam * M, e).reshape(t, n))
    want = np.array([e @ J @ one @ J @ e for one in A])
    np.testing.assert_allclose(found.c @ [1.0, lam, lam**2], want / forms.sizes, rtol=1e-10)
    means = np.array([[np.trace(one @ Q) for Q in (Q0, Q1)] for one in A])
    np.testing.assert_allclose(found.E, means / forms.sizes[:, None], atol=1e-13)
    omega, twice = s0 * Q0 + s1 * Q1, [one + one.T for one in A]
    spread = np.array([[0.5 * np.trace(a @ omega @ b @ omega) for b in twice] for a in twice])
    want = forms.units * spread / np.outer(forms.sizes, forms.sizes)
    np.testing.assert_allclose(forms.variance(s0, s1), want, rtol=1e-10, atol=1e-12)
    for got, one, size in zip(forms.adjoints((J @ e).reshape(t, n)), twice, forms.sizes, strict=True):
        np.testing.assert_allclose(J @ got.reshape(-1), J @ one @ e / size, atol=1e-13)


@pytest.mark.parametrize("moments", MOMENTS)
@pytest.mark.parametrize("cell", [("sem", "random"), ("sdem", "random-time")])
def test_nearly_the_same_w_gives_the_constant_w(cell: tuple[str, str], moments: str) -> None:
    n, t, rng = 16, 5, np.random.default_rng(1)
    W = Weights.from_dense(labels(n), near(rng, n))
    other = W.dense() * (1.0 + 1e-11 * rng.uniform(size=(n, n)))
    nearly = {**dict.fromkeys(range(t), W), t - 1: Weights.from_dense(W.ids, other / other.sum(axis=1, keepdims=True))}
    y, X = drawn(rng, nearly, cell[0])
    one, moving = (gmm(y, X, each, cell, moments) for each in (W, nearly))
    np.testing.assert_allclose(moving.params, one.params, rtol=1e-8)
    np.testing.assert_allclose(moving.cov, one.cov, rtol=1e-7, atol=1e-12)
    assert moving.estimate.sigma2_1 == pytest.approx(one.estimate.sigma2_1, rel=1e-8)


def test_what_the_regression_does_to_the_moments_by_differences() -> None:
    """sac: the moments' slopes by the coefficients of the first step, times what leads from errors to these."""
    W = changing(5, 30, 5)
    y, X = drawn(np.random.default_rng(6), W, "sac")
    result = gmm(y, X, W, ("sac", "random"))
    a, lam = result.arrays, float(result.params["lambda"])
    spectrum, part = a.error_spectrum, first_steps(a, result.plan)[0]
    assert isinstance(spectrum, PeriodSpectrum)
    forms, powers = PeriodComponentForms(spectrum.periods, a.transformation), np.array([1.0, lam, lam**2])
    slopes = [
        (forms.quadratics(part.u - h * a.Z[:, :, k]).c - forms.quadratics(part.u + h * a.Z[:, :, k]).c)
        @ powers
        / (2 * h)
        for k in range(a.Z.shape[2])
        for h in (1e-4,)
    ]
    R = np.eye(150) - lam * linalg.block_diag(*(one.dense() for one in W.values()))
    want = np.linalg.solve(R.T, part.H @ part.P) @ np.array(slopes)
    np.testing.assert_allclose(period_influence(a, spectrum, lam, part), want, rtol=1e-6, atol=1e-10)


def test_units_and_periods_meet_by_label() -> None:
    W = changing(7, 12, 5)
    y, X = drawn(np.random.default_rng(8), W, "sem")
    index = pd.MultiIndex.from_product([list(W), labels(12)], names=["year", "unit"]).swaplevel()
    rows = np.random.default_rng(9).permutation(60)
    target = pd.Series(y.reshape(-1), index=index, name="y").iloc[rows]
    frame = pd.DataFrame(X.reshape(-1, 2), index=index, columns=["x1", "x2"])
    turned = {year: W[year].align(labels(12)[::-1]) for year in reversed(list(W))}
    other = SpatialPanel(target, frame, turned, model="sem", effects="random", random_error="kkp").fit_gmm()
    one = gmm(y, X, W, ("sem", "random"))
    np.testing.assert_allclose(other.params, one.params, rtol=1e-8)
    np.testing.assert_allclose(other.std_errors, one.std_errors, rtol=1e-8)


def coverage(
    cell: tuple[str, str], moments: str, draws: int, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, float]:
    """Bias in standard deviations, coverage of 95 % intervals, and the mean of σv²; neighbours drawn every period."""
    W, rng, rows, variances = changing(14, *size, k=4), np.random.default_rng(15), [], []
    for _ in range(draws):
        found = gmm(*drawn(rng, W, cell[0]), W, cell, moments)
        names = [name for name in found.params.index if name in TRUTH]
        rows.append([found.params[names] - [TRUTH[name] for name in names], found.std_errors[names]])
        variances.append(found.sigma2)
    values = np.array(rows)
    covered = (np.abs(values[:, 0]) < 1.959964 * values[:, 1]).mean(axis=0)
    return values[:, 0].mean(axis=0) / values[:, 0].std(axis=0), covered, float(np.mean(variances))


def test_estimates_are_centred_and_intervals_cover() -> None:
    bias, covered, sigma2 = coverage(("sem", "random"), "full", 25, (30, 5))
    assert np.abs(bias).max() < 0.7
    assert covered.min() > 0.75
    assert sigma2 == pytest.approx(1.0, abs=0.07)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "moments"),
    [(("sem", "random"), one) for one in MOMENTS] + [(("sac", "random"), "full"), (("sdem", "random-time"), "full")],
)
def test_coverage_in_many_draws(cell: tuple[str, str], moments: str) -> None:
    bias, covered, sigma2 = coverage(cell, moments, 200, (100, 5))
    assert np.abs(bias).max() < 0.3
    assert covered.min() > 0.90
    assert sigma2 == pytest.approx(1.0, abs=0.03)
