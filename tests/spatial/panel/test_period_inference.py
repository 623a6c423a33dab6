"""Clustered and Driscoll-Kraay covariances with weights that change over time: one W, brute force, simulation."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from gvcpos._core.errors import ClusterWarning, InputError
from gvcpos.spatial.panel import SpatialPanel, SpatialPanelResults
from gvcpos.spatial.panel.inference import clustered, scores
from gvcpos.spatial.panel.inference.clustered import score_variance
from gvcpos.spatial.panel.inference.covariance import information, variation
from gvcpos.spatial.panel.inference.scores import cell_scores, own_scores, pair_products
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.periods import EFFECTS, MODELS, changing, draw

KINDS = list(clustered.CLUSTERED)
ERRORS = {"sem", "sdem", "sac", "gns"}
DEFINED = [(m, e) for m in MODELS for e in EFFECTS if not (m in ERRORS and e in {"entity", "twoway"})]
SPATIAL = [(m, e, "lee-yu") for m, e in DEFINED if m != "slx"] + [
    ("sdm", "twoway", "direct"),
    ("sar", "time", "direct"),
]


def fitted(W: object, model: str, effects: str, method: str = "lee-yu", seed: int = 2, **more: object):
    own = W if isinstance(W, dict) else dict.fromkeys(range(12), W)
    y, X = draw(np.random.default_rng(seed), own, rho=0.3, effects=effects)
    options = {"times": list(own), "model": model, "effects": effects, "method": method, **more}
    return SpatialPanel.from_arrays(y, X, W, **options).fit()  # type: ignore[arg-type]


def few(seed: int, n: int, t: int) -> dict[int, Weights]:
    """Three matrices for all years, one after the other."""
    three = list(changing(seed, n, 3).values())
    return {2000 + i: three[i % 3] for i in range(t)}


def operators(result: SpatialPanelResults) -> list[list[np.ndarray]]:
    """G̃ and H of every period by inverting, projected where the time effects are gone."""
    out: dict[str, list[np.ndarray]] = {"rho": [], "lambda": []}
    found, weights = result.estimate, result.model.weights
    for one in weights.each:  # type: ignore[attr-defined]
        W, eye = one.dense(), np.eye(one.n)
        J = eye - result.model.transformation.time / one.n
        R = eye - found.lam * W
        out["rho"].append(J @ R @ W @ np.linalg.inv(eye - found.rho * W) @ np.linalg.inv(R) @ J)
        out["lambda"].append(J @ W @ np.linalg.inv(R) @ J)
    return [out[name] for name in result.model.features.spatial]


@pytest.mark.parametrize(("model", "effects"), DEFINED)
def test_nearly_the_same_w_gives_the_covariances_of_one(model: str, effects: str) -> None:
    W = changing(3, 14, 1)[2000]
    moving = {i: Weights.from_dense(W.ids, W.dense() * (1.0 + i * 2.0**-50)) for i in range(12)}
    one = fitted(dict.fromkeys(range(12), W), model, effects)
    assert one.model.weights is W
    other = fitted(moving, model, effects)
    assert other.model.weights is not W
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ClusterWarning)
        for kind in KINDS:
            got, want = (fit.model.fit(kind).std_errors for fit in (other, one))
            np.testing.assert_allclose(got, want, rtol=1e-8, err_msg=kind)


@pytest.mark.parametrize(("model", "effects", "method"), SPATIAL)
def test_contributions_by_brute_force(model: str, effects: str, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They sum to the score, which is zero; a pair's are those of the dense operators of its periods."""
    t, n = 9, 16
    result = fitted(few(5, n, t), model, effects, method)
    pieces = result.estimate.pieces
    unit = 1.0 / np.sqrt(np.diag(information(pieces)))
    assert np.abs(cell_scores(pieces).sum(axis=(0, 1)) * unit).max() < 1e-6
    e, s2, k, A = pieces.e.reshape(t, n), pieces.sigma2, pieces.X.shape[1], operators(result)
    own, by_unit, by_cell = own_scores(pieces).sum(axis=(0, 1)), 0.0, 0.0
    for i in range(n):
        for j in range(i):
            part = np.array([[(B[i, j] + B[j, i]) * e[s, i] * e[s, j] / s2 for s, B in enumerate(each)] for each in A])
            own[k : k + len(A)] += part.sum(axis=1)
            by_unit = by_unit + np.outer(part.sum(axis=1), part.sum(axis=1))
            by_cell = by_cell + part @ part.T
    assert np.abs(own * unit).max() < 1e-6
    for block in (256, 5):
        monkeypatch.setattr(scores, "_BLOCK", block)
        for got, want in zip(pair_products(pieces), (by_unit, by_cell), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-9)


def test_probes_are_the_pairs_on_average() -> None:
    result = fitted(few(6, 150, 8), "sac", "time")
    want, got = pair_products(result.estimate.pieces), scores.probed_products(result.estimate.pieces, probes=300)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=0.04)


@pytest.mark.parametrize("kind", KINDS)
def test_order_of_units_changes_nothing(kind: str) -> None:
    W = changing(8, 15, 12)
    y, X = draw(np.random.default_rng(9), W, rho=0.3)
    order = np.random.default_rng(0).permutation(15)
    mixed = {
        time: Weights.from_dense([one.ids[i] for i in order], one.dense()[np.ix_(order, order)])
        for time, one in W.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ClusterWarning)
        one = SpatialPanel.from_arrays(y, X, W, times=list(W)).fit(kind)  # type: ignore[arg-type]
        other = SpatialPanel.from_arrays(y[:, order], X[:, order], mixed, times=list(W)).fit(kind)  # type: ignore[arg-type]
    np.testing.assert_allclose(other.std_errors, one.std_errors, rtol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_beside_entity_effects_is_refused_unless_its_weights_stay(kind: str) -> None:
    W = changing(10, 15, 12)
    for model, method in (("sem", "lee-yu"), ("sdem", "direct"), ("sac", "direct")):
        found = fitted(W, model, "entity", method).model
        with pytest.raises(InputError, match="weights of the error that change over time beside fixed entity effects"):
            found.fit(kind)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ClusterWarning)
        stays = fitted(W, "sac", "entity", error_weights=W[2000]).model.fit(kind)  # type: ignore[arg-type]
    assert np.isfinite(stays.std_errors).all()


def mean_variances(model: str, effects: str, draws: int, n: int, t: int) -> dict[str, np.ndarray]:
    """Mean and Monte-Carlo error of variances of the score over that of the likelihood; innovations iid normal."""
    W, rng = changing(30, n, t), np.random.default_rng(31)
    lag, error = model in {"sar", "sdm", "sac"}, model in ERRORS
    found: dict[str, list[np.ndarray]] = {}
    for _ in range(draws):
        y, X = draw(rng, W, rho=0.4 * lag, lam=0.4 * error, theta=0.0, effects=effects)
        made = SpatialPanel.from_arrays(y, X, W, times=list(W), model=model, effects=effects)  # type: ignore[arg-type]
        pieces = made.fit().estimate.pieces
        scale = 1.0 / np.diag(information(pieces) + variation(pieces))
        for kind in KINDS[:3]:
            found.setdefault(kind, []).append(np.diag(score_variance(pieces, kind)) * scale)
    return {kind: np.stack([np.mean(v, axis=0), np.std(v, axis=0) / np.sqrt(draws)]) for kind, v in found.items()}


@pytest.mark.parametrize(("model", "effects"), [("sar", "twoway"), ("sem", "time")])
def test_outer_products_match_the_information(model: str, effects: str) -> None:
    """Neighbours are drawn anew every year: as much change as can be."""
    for kind, (mean, error) in mean_variances(model, effects, 40, 50, 12).items():
        assert (np.abs(mean - 1.0) < 4 * error + 0.05).all(), kind


def coverage(serial: float, draws: int, n: int, t: int) -> np.ndarray:
    """Shares of 95 % intervals of an sdm with both effects that cover x1, W*x1 and rho: information, cluster-entity."""
    W, rng = changing(40, n, t), np.random.default_rng(41)
    truth, hits = np.array([1.0, 0.3, 0.4]), np.zeros((2, 3))
    for _ in range(draws):
        X = np.empty((t, n, 1))
        e = np.empty((t, n))
        x, v = rng.normal(size=(2, t, n))
        X[0, :, 0], e[0] = x[0], v[0]
        for s in range(1, t):  # regressor and innovations alike
            X[s, :, 0] = serial * X[s - 1, :, 0] + np.sqrt(1 - serial**2) * x[s]
            e[s] = serial * e[s - 1] + np.sqrt(1 - serial**2) * v[s]
        mu, y = rng.normal(size=n), np.empty((t, n))
        for s, one in enumerate(W.values()):
            D = one.dense()
            y[s] = np.linalg.solve(np.eye(n) - 0.4 * D, X[s, :, 0] + 0.3 * D @ X[s, :, 0] + mu + e[s])
        made = SpatialPanel.from_arrays(y, X, W, times=list(W), names=["x1"])  # type: ignore[arg-type]
        for row, kind in enumerate(("information", "cluster-entity")):
            fit = made.fit(kind)  # type: ignore[arg-type]
            gap = np.abs(fit.params[["x1", "W*x1", "rho"]].to_numpy() - truth)
            hits[row] += gap < 1.959964 * fit.std_errors[["x1", "W*x1", "rho"]].to_numpy()
    return hits / draws


@pytest.mark.slow
@pytest.mark.parametrize("serial", [0.0, 0.7])
def test_coverage(serial: float) -> None:
    """400 draws, N = 60, T = 12: clusters cover in 91 to 98 % with serial correlation and without; four errors wide."""
    plain, robust = coverage(serial, 400, 60, 12)
    assert (np.abs(robust - 0.95) < 4 * np.sqrt(0.05 * 0.95 / 400)).all(), robust
    assert (plain[0] < 0.9) == (serial > 0.0), plain
