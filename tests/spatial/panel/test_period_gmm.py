"""Instruments and moments with weights that change over time: against one W, a cross-section of N T units, algebra."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import linalg

from gvcpos._core.errors import GvcposWarning, InputError
from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.gmm.period_moments import error_forms
from gvcpos.spatial.panel.gmm.results import SpatialPanelGmmResults
from gvcpos.spatial.panel.gmm.two_stage import Scores
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.period_matrix import stacked
from tests.spatial.panel.periods import changing, draw, labels, near

pytestmark = pytest.mark.filterwarnings("ignore::gvcpos._core.errors.WeakInstrumentWarning")

CELLS = [(m, e) for m in ("slx", "sar", "sdm") for e in ("none", "entity", "time", "twoway", "random", "random-time")]
CELLS += [(m, e) for m in ("sem", "sdem", "sac", "gns") for e in ("none", "time")]


def gmm(y: np.ndarray, X: np.ndarray, W: object, cell: tuple[str, str], **options: object) -> SpatialPanelGmmResults:
    times = list(W) if isinstance(W, dict) else None
    own = {name: options.pop(name) for name in ("error_weights", "method", "random_error") if name in options}
    panel = SpatialPanel.from_arrays(y, X, W, times=times, model=cell[0], effects=cell[1], **own)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GvcposWarning)
        return panel.fit_gmm(**options)  # type: ignore[arg-type]


def same(a: SpatialPanelGmmResults, b: SpatialPanelGmmResults, rtol: float = 1e-8) -> None:
    for name in ("params", "std_errors"):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=rtol, atol=rtol)
    assert a.sigma2 == pytest.approx(b.sigma2, rel=rtol)
    np.testing.assert_allclose(
        a.effects()[["estimate", "std_error"]], b.effects()[["estimate", "std_error"]], rtol=rtol, atol=rtol
    )


@pytest.mark.parametrize(("model", "effects"), CELLS)
def test_nearly_the_same_w_gives_the_constant_w(model: str, effects: str) -> None:
    n, t, rng = 16, 6, np.random.default_rng(1)
    W = Weights.from_dense(labels(n), near(rng, n))
    other = W.dense() * (1.0 + 1e-11 * rng.uniform(size=(n, n)))
    nearly = {**dict.fromkeys(range(t), W), t - 1: Weights.from_dense(W.ids, other / other.sum(axis=1, keepdims=True))}
    y, X = draw(rng, nearly, rho=0.3 * (model in {"sar", "sdm", "sac", "gns"}), lam=0.3 * (model in {"sem", "sac"}))
    kinds: list[dict[str, object]] = [
        {"cov_type": "robust"},
        {"cov_type": "homoskedastic"},
        {"cov_type": "cluster-entity"},
    ]
    if model == "sar":
        kinds.append({"cov_type": "homoskedastic", "instruments": "best"})
    if model in {"sem", "sac"}:
        kinds.append({"cov_type": "homoskedastic", "moments": "classical"})
    for kind in kinds:
        one = gmm(y, X, W, (model, effects), **kind)
        same(one, gmm(y, X, dict.fromkeys(range(t), W), (model, effects), **kind))
        same(one, gmm(y, X, nearly, (model, effects), **kind))


@pytest.mark.parametrize("model", ["slx", "sar", "sem", "sdm", "sdem", "sac", "gns"])
@pytest.mark.parametrize("kind", ["robust", "homoskedastic"])
def test_without_effects_it_is_one_cross_section_of_the_block_diagonal_matrix(model: str, kind: str) -> None:
    """N T units in one period: no code of periods has a part in it."""
    W = changing(2, 12, 7)
    y, X = draw(np.random.default_rng(3), W, rho=0.3, lam=0.2, effects="none")
    block = linalg.block_diag(*(one.dense() for one in W.values()))
    long = Weights.from_dense(labels(84), block)
    one = gmm(y, X, W, (model, "none"), cov_type=kind)
    other = gmm(y.reshape(1, -1), X.reshape(1, 84, 2), long, (model, "none"), cov_type=kind)
    np.testing.assert_allclose(one.params, other.params, rtol=1e-8)
    np.testing.assert_allclose(one.cov, other.cov, rtol=1e-7, atol=1e-12)
    if model in {"sem", "sac"} and kind == "homoskedastic":
        one = gmm(y, X, W, (model, "none"), cov_type=kind, moments="classical")
        other = gmm(y.reshape(1, -1), X.reshape(1, 84, 2), long, (model, "none"), cov_type=kind, moments="classical")
        np.testing.assert_allclose(one.params, other.params, rtol=1e-8)
        np.testing.assert_allclose(one.cov, other.cov, rtol=1e-7, atol=1e-12)
    if model == "sar":
        options = {"cov_type": kind, "instruments": "best"}
        one, other = (
            gmm(y, X, W, (model, "none"), **options),
            gmm(y.reshape(1, -1), X.reshape(1, 84, 2), long, (model, "none"), **options),
        )
        np.testing.assert_allclose(one.params, other.params, rtol=1e-8)


@pytest.mark.parametrize("effects", ["entity", "twoway"])
def test_two_stage_least_squares_by_hand(effects: str) -> None:
    """sar: effects as dummies among regressors and instruments, W_t before they are taken out."""
    n, t = 10, 6
    W = changing(4, n, t)
    y, X = draw(np.random.default_rng(5), W, rho=0.4, effects=effects)
    B, x = linalg.block_diag(*(one.dense() for one in W.values())), X.reshape(n * t, 2)
    dummies = np.tile(np.eye(n), (t, 1))
    if effects == "twoway":
        dummies = np.column_stack([dummies, np.repeat(np.eye(t), n, axis=0)[:, 1:]])
    Z, H = np.column_stack([x, B @ y.ravel(), dummies]), np.column_stack([x, B @ x, B @ B @ x, dummies])
    Zh = H @ np.linalg.lstsq(H, Z, rcond=None)[0]
    delta = np.linalg.solve(Zh.T @ Z, Zh.T @ y.ravel())
    e = y.ravel() - Z @ delta
    s2 = e @ e / (n * t - np.linalg.matrix_rank(dummies))
    found = gmm(y, X, W, ("sar", effects), cov_type="homoskedastic")
    np.testing.assert_allclose(found.params, delta[:3], rtol=1e-8)
    np.testing.assert_allclose(found.std_errors, np.sqrt(s2 * np.diag(np.linalg.inv(Zh.T @ Z))[:3]), rtol=1e-8)


@pytest.mark.parametrize("time", [False, True])
@pytest.mark.parametrize("robust", [False, True])
def test_moments_and_their_expectation_by_brute_force(robust: bool, time: bool) -> None:
    """E e'Ae = 0, or what E says: with A of all N T rows, less means over units where there are time effects."""
    n, t, lam = 8, 4, 0.35
    W = changing(6, n, t)
    matrices = [one.dense() for one in W.values()]
    tr = Transformation(n, t, False, time, time)
    forms = error_forms(stacked(one.matrix for one in W.values()), tr, robust=robust)
    J = np.eye(n) - (1 / n if time else 0.0)
    rng = np.random.default_rng(7)
    e = rng.normal(size=(t, n))
    u = np.stack([np.linalg.solve(np.eye(n) - lam * M, row) for M, row in zip(matrices, e, strict=True)])
    found = forms.quadratics(u)
    at = found.c @ np.array([1.0, lam, lam**2])
    want, centre = np.zeros(len(at)), np.zeros(len(at))
    for M, row in zip(matrices, e, strict=True):
        first, second = M.T @ J @ M, M
        if robust:
            first, second = (A - np.diag(_diagonal(J @ A @ J, n, time)) for A in (first, second))
        kinds = [first, second] if robust else [np.eye(n), first, second]
        want += [row @ J @ A @ J @ row for A in kinds]
        centre += [np.trace(J @ A @ J) for A in kinds]
        if robust:
            np.testing.assert_allclose([np.abs(np.diag(J @ A @ J)).max() for A in kinds], 0.0, atol=1e-12)
    np.testing.assert_allclose(at, want / tr.nobs, rtol=1e-9, atol=1e-12)
    if not robust:
        np.testing.assert_allclose(found.E[:, 0], centre / tr.nobs, rtol=1e-9, atol=1e-12)


def _diagonal(A: np.ndarray, n: int, time: bool) -> np.ndarray:
    """d such that J diag(d) J has the diagonal of A."""
    J = np.eye(n) - (1 / n if time else 0.0)
    return np.linalg.solve(J**2, np.diag(A))


def test_clustered_variance_of_the_moments_by_brute_force() -> None:
    n, t = 7, 5
    W = changing(8, n, t)
    forms = error_forms(
        stacked(one.matrix for one in W.values()), Transformation(n, t, False, False, False), robust=True
    )
    e = np.random.default_rng(9).normal(size=(t, n))
    found = forms.variance(e, Scores("clustered", forms.transformation))
    S = np.zeros((2, n, n))
    for M, row in zip((one.dense() for one in W.values()), e, strict=True):
        for r, A in enumerate((M.T @ M, M)):
            B = A + A.T
            S[r] += (B - np.diag(np.diag(B))) * np.outer(row, row)
    want = np.einsum("aij,bij->ab", S, S) / (2 * n * t)
    np.testing.assert_allclose(found, want, rtol=1e-10)


def test_what_is_not_defined_is_refused_by_name() -> None:
    W = changing(10, 12, 6)
    y, X = draw(np.random.default_rng(11), W)
    for model, effects in (("sem", "entity"), ("sac", "twoway")):
        with pytest.raises(InputError, match="whose weights change over time beside fixed entity"):
            gmm(y, X, W, (model, effects), method="direct")
    with pytest.raises(InputError, match=r"those of random_error='kkp'"):
        gmm(y, X, W, ("sem", "random"))
    fixed = gmm(y, X, W, ("sac", "twoway"), error_weights=W[2000])
    assert set(fixed.params.index) == {"x1", "x2", "rho", "lambda"}


def test_the_bootstrap_follows_the_weights() -> None:
    W = changing(12, 20, 6)
    y, X = draw(np.random.default_rng(13), W, rho=0.3, sigma=0.5)
    found = gmm(y, X, W, ("sar", "twoway"))
    drawn = found.bootstrap("wild", draws=99, seed=1, studentise=False, effects=False)
    assert (drawn.std_errors / found.std_errors).between(0.6, 1.6).all()


def coverage(cell: tuple[str, str], draws: int, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Bias in standard deviations and coverage of 95 % intervals."""
    W, rng, rows = changing(14, *shape, k=4), np.random.default_rng(15), []
    truth = {"x1": 1.0, "x2": -0.5, "rho": 0.4, "lambda": 0.4}
    lag, error = cell[0] in {"sar", "sac"}, cell[0] in {"sem", "sac"}
    for _ in range(draws):
        y, X = draw(rng, W, rho=0.4 * lag, lam=0.4 * error, theta=0.0, effects=cell[1])
        found = gmm(y, X, W, cell).to_frame()
        names = [name for name in found.index if name in truth]
        rows.append(
            np.stack([found.loc[names].iloc[:, 0] - [truth[name] for name in names], found.loc[names].iloc[:, 1]])
        )
    values = np.array(rows)
    covered = (np.abs(values[:, 0]) < 1.959964 * values[:, 1]).mean(axis=0)
    return values[:, 0].mean(axis=0) / values[:, 0].std(axis=0), covered


def test_estimates_are_centred_and_intervals_cover() -> None:
    bias, covered = coverage(("sar", "twoway"), 150, (25, 6))
    assert np.abs(bias).max() < 0.35
    assert covered.min() > 0.88


@pytest.mark.slow
@pytest.mark.parametrize("cell", [("sar", "entity"), ("sar", "twoway"), ("sem", "time"), ("sac", "none")])
def test_coverage_in_many_draws(cell: tuple[str, str]) -> None:
    bias, covered = coverage(cell, 600, (40, 10))
    print("\n", cell, bias.round(2), covered.round(3))
    assert np.abs(bias).max() < 0.2
    assert covered.min() > 0.92
