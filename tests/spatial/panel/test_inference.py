"""Clustered and Driscoll-Kraay covariances: the score's parts against brute force, linearmodels and the information."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import null_space

from gvcpos._core.errors import ClusterWarning, InputError
from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.inference import clustered, scores
from gvcpos.spatial.panel.inference.clustered import bartlett, resolved_bandwidth, score_variance
from gvcpos.spatial.panel.inference.covariance import Pieces, information
from gvcpos.spatial.panel.inference.scores import cell_scores, own_scores, pair_products
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import MODELS, long_form, ring, simulated

CLUSTERED = list(clustered.CLUSTERED)
KINDS = [("none", "direct"), ("entity", "lee-yu"), ("time", "lee-yu"), ("twoway", "lee-yu"), ("twoway", "direct")]


def fitted(model: str, effects: str = "twoway", method: str = "lee-yu", cov_type: str = "information", **size: int):
    y, X, W = simulated(1, **{"n": 20, "t": 12} | size)
    return SpatialPanel.from_arrays(y, X, W, model=model, effects=effects, method=method).fit(cov_type)


def operators(pieces: Pieces, result) -> list[np.ndarray]:
    """G̃ and H by inverting, projected where the time effects are gone."""
    W, n = result.model.weights.dense(), result.model.weights.n
    R = np.eye(n) - result.estimate.lam * W
    G = R @ W @ np.linalg.inv(np.eye(n) - result.estimate.rho * W) @ np.linalg.inv(R)
    H = W @ np.linalg.inv(R)
    J = np.eye(n) - pieces.transformation.time / n
    spatial = result.model.features.spatial
    return [J @ A @ J for name, A in (("rho", G), ("lambda", H)) if name in spatial]


@pytest.mark.parametrize(("effects", "method"), KINDS)
@pytest.mark.parametrize("model", MODELS)
def test_contributions_sum_to_the_score_which_is_zero(model: str, effects: str, method: str) -> None:
    result = fitted(model, effects, method)
    pieces = result.estimate.pieces
    unit = 1.0 / np.sqrt(np.diag(information(pieces)))
    # in units of standard errors; two spatial parameters are found to a few 1e-9
    assert np.abs(cell_scores(pieces).sum(axis=(0, 1)) * unit).max() < 1e-7
    e = pieces.e.reshape(12, 20)
    k, s2 = pieces.X.shape[1], pieces.sigma2
    own = own_scores(pieces).sum(axis=(0, 1))
    for place, A in enumerate(operators(pieces, result)):
        own[k + place] += np.einsum("ti,ij,tj->", e, A - np.diag(np.diag(A)), e) / s2
    assert np.abs(own * unit).max() < 1e-7


@pytest.mark.parametrize("model", ["sar", "sem", "sac"])
@pytest.mark.parametrize(("effects", "method"), [("entity", "lee-yu"), ("twoway", "lee-yu"), ("twoway", "direct")])
def test_pairs_by_brute_force(model: str, effects: str, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result = fitted(model, effects, method)
    pieces = result.estimate.pieces
    e, s2 = pieces.e.reshape(12, 20), pieces.sigma2
    by_unit, by_cell = 0.0, 0.0
    for i in range(20):
        for j in range(i):
            part = np.array([(A[i, j] + A[j, i]) * e[:, i] * e[:, j] / s2 for A in operators(pieces, result)])
            by_unit = by_unit + np.outer(part.sum(axis=1), part.sum(axis=1))
            by_cell = by_cell + part @ part.T
    for block in (256, 7):
        monkeypatch.setattr(scores, "_BLOCK", block)
        got = pair_products(pieces)
        np.testing.assert_allclose(got[0], by_unit, rtol=1e-9)
        np.testing.assert_allclose(got[1], by_cell, rtol=1e-9)


def test_cells_by_brute_force() -> None:
    """The linear part is b e / s2, the diagonal A_ii e² / s2 less its share of the trace."""
    result = fitted("sar")
    pieces = result.estimate.pieces
    e, s2 = pieces.e.reshape(12, 20), pieces.sigma2
    (A,) = operators(pieces, result)
    b = pieces.lagged[:, 0].reshape(12, 20) - e @ A.T
    want = b * e / s2 + np.diag(A) * (e**2 / s2 - 11 / 12)
    np.testing.assert_allclose(own_scores(pieces)[:, :, 2], want, rtol=1e-9, atol=1e-10)
    F = null_space(np.ones((1, 20)))
    assert np.diag(A).sum() == pytest.approx(np.trace(F.T @ A @ F), rel=1e-12)


@pytest.mark.parametrize("effects", ["entity", "twoway"])
def test_slx_is_least_squares_of_linearmodels(effects: str) -> None:
    """Without a spatial parameter the covariances are those of a linear panel, in another program."""
    from linearmodels.panel import PanelOLS

    y, X, W = simulated(3, n=25, t=12)
    frame = long_form(y, X, W).set_index(["country", "year"])
    lagged = long_form(y, np.einsum("ij,tjk->tik", W.dense(), X), W).set_index(["country", "year"])
    frame = frame.assign(wx1=lagged["x1"], wx2=lagged["x2"])
    other = PanelOLS(
        frame["y"], frame[["x1", "x2", "wx1", "wx2"]], entity_effects=True, time_effects=effects == "twoway"
    )
    model = SpatialPanel.from_arrays(y, X, W, model="slx", effects=effects)
    for cov_type, options in {
        "cluster-entity": {"cov_type": "clustered", "cluster_entity": True, "group_debias": True},
        "cluster-time": {"cov_type": "clustered", "cluster_time": True, "group_debias": True},
        "cluster-twoway": {"cov_type": "clustered", "cluster_entity": True, "cluster_time": True, "group_debias": True},
        "driscoll-kraay": {"cov_type": "driscoll-kraay"},
    }.items():
        if (effects, cov_type) == ("entity", "cluster-twoway"):
            continue  # common shocks make it not positive, which linearmodels does not mend
        want = other.fit(auto_df=False, count_effects=False, debiased=False, **options)
        got = model.fit(cov_type)
        np.testing.assert_allclose(got.params, want.params, rtol=1e-9)
        # linearmodels has G/(G-1) (n-1)/n where this has G/(G-1)
        factor = 1.0 if cov_type == "driscoll-kraay" else np.sqrt(y.size / (y.size - 1.0))
        np.testing.assert_allclose(got.std_errors, factor * want.std_errors, rtol=1e-9, err_msg=cov_type)
    want = other.fit(auto_df=False, count_effects=False, debiased=False, cov_type="driscoll-kraay", bandwidth=5)
    np.testing.assert_allclose(model.fit("driscoll-kraay", bandwidth=5).std_errors, want.std_errors, rtol=1e-9)


def mean_variances(model: str, replications: int, n: int, t: int) -> dict[str, np.ndarray]:
    """Mean and its Monte-Carlo error of variances of the score over the information, normal iid innovations."""
    W, labels = ring(n), [f"u{i}" for i in range(n)]
    S = np.linalg.inv(np.eye(n) - 0.4 * W)
    found: dict[str, list[np.ndarray]] = {}
    for seed in range(replications):
        rng = np.random.default_rng(seed)
        X, e = rng.normal(size=(t, n, 1)), rng.normal(size=(t, n))
        y = 0.3 * X[:, :, 0] + e @ S.T if model == "sem" else (0.3 * X[:, :, 0] + e) @ S.T
        pieces = SpatialPanel.from_arrays(y, X, Weights.from_dense(labels, W), model=model).fit().estimate.pieces
        scale = 1.0 / np.diag(information(pieces))
        for kind in CLUSTERED[:3]:
            found.setdefault(kind, []).append(np.diag(score_variance(pieces, kind)) * scale)
        rows = cell_scores(pieces).sum(axis=0)
        found.setdefault("rows", []).append(np.diag(rows.T @ rows) * scale)
    return {
        kind: np.stack([np.mean(v, axis=0), np.std(v, axis=0) / np.sqrt(replications)]) for kind, v in found.items()
    }


@pytest.mark.parametrize("model", ["sar", "sem"])
def test_outer_products_match_the_information(model: str) -> None:
    """With iid innovations every variance of the score estimates the information; rows of a unit do not."""
    found = mean_variances(model, 50, 60, 15)
    for kind in CLUSTERED[:3]:
        mean, error = found[kind]
        assert (np.abs(mean - 1.0) < 4 * error + 0.05).all(), kind
    assert found["rows"][0][1] < 0.65  # rho or lambda: half of the variance is lost


@pytest.mark.parametrize("cov_type", CLUSTERED)
@pytest.mark.parametrize("model", MODELS)
def test_everything_uses_the_covariance(model: str, cov_type: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ClusterWarning)  # 12 periods for up to 7 parameters are enough; twoway may not
        plain, result = fitted(model), fitted(model, cov_type=cov_type)
    np.testing.assert_array_equal(plain.params, result.params)
    assert not np.allclose(plain.std_errors, result.std_errors, rtol=1e-3)
    np.testing.assert_allclose(result.std_errors**2, np.diag(result.cov), rtol=1e-12)
    assert not np.allclose(plain.effects()["std_error"], result.effects()["std_error"], rtol=1e-3)
    half = (result.conf_int()["upper"] - result.conf_int()["lower"]) / 2
    np.testing.assert_allclose(half, 1.959964 * result.std_errors, rtol=1e-6)
    assert cov_type in result.summary
    if model == "sdm":
        assert result.wald("sar").statistic != pytest.approx(plain.wald("sar").statistic, rel=1e-3)
        theta = result.params[["W*x1", "W*x2"]].to_numpy()
        block = result.cov.loc[["W*x1", "W*x2"], ["W*x1", "W*x2"]].to_numpy()
        assert result.wald("sar").statistic == pytest.approx(theta @ np.linalg.solve(block, theta), rel=1e-9)


@pytest.mark.parametrize("cov_type", CLUSTERED)
def test_order_and_scale_change_nothing(cov_type: str) -> None:
    y, X, W = simulated(2, n=20, t=12)
    frame = long_form(y, X, W)
    base = SpatialPanel.from_formula("y ~ x1 + x2", frame, W).fit(cov_type)
    order = np.random.default_rng(0).permutation(20)
    mixed = Weights.from_dense([W.ids[i] for i in order], W.dense()[np.ix_(order, order)])
    shuffled = frame.sample(frac=1, random_state=1).assign(x1=lambda d: d["x1"] * 1000, y=lambda d: d["y"] * 7)
    other = SpatialPanel.from_formula("y ~ x1 + x2", shuffled, mixed).fit(cov_type)
    units = pd.Series({"x1": 7 / 1000, "x2": 7, "W*x1": 7 / 1000, "W*x2": 7, "rho": 1})
    np.testing.assert_allclose(other.std_errors, base.std_errors * units, rtol=1e-6)


def test_driscoll_kraay_lags() -> None:
    assert [resolved_bandwidth(t, None) for t in (5, 15, 17, 100)] == [2, 2, 2, 4]
    sums = np.random.default_rng(0).normal(size=(9, 2))
    weights = np.maximum(1.0 - np.abs(np.subtract.outer(np.arange(9), np.arange(9))) / 4.0, 0.0)
    np.testing.assert_allclose(bartlett(sums, 3), sums.T @ weights @ sums, rtol=1e-12)
    result = SpatialPanel.from_arrays(*simulated(1, t=12)).fit("driscoll-kraay", bandwidth=3)
    assert "driscoll-kraay, Bartlett kernel with 3 lags" in result.summary


def test_what_is_not_defined_is_refused() -> None:
    y, X, W = simulated(1, t=4)
    panel = SpatialPanel.from_arrays(y, X, W)
    with pytest.raises(InputError, match="averages over periods, and 4 are too few: at least 5"):
        panel.fit("driscoll-kraay")
    with pytest.raises(InputError, match="bandwidth=3 belongs to cov_type='driscoll-kraay'; 'cluster-time' has none"):
        panel.fit("cluster-time", bandwidth=3)
    with pytest.raises(
        InputError, match=r"cov_type='robust' is not known\. Allowed: 'information', .*'driscoll-kraay'"
    ):
        panel.fit("robust")
    long = SpatialPanel.from_arrays(*simulated(1, t=6))
    with pytest.raises(InputError, match="bandwidth=6: a whole number from 0 to 5"):
        long.fit("driscoll-kraay", bandwidth=6)
    one = SpatialPanel.from_arrays(y[:1], X[:1], W, effects="none")
    with pytest.raises(InputError, match="needs at least two clusters; there is one period"):
        one.fit("cluster-twoway")


def test_few_clusters_are_said() -> None:
    panel = SpatialPanel.from_arrays(*simulated(1, t=7))
    with pytest.warns(ClusterWarning, match="'cluster-time' rests on 7 periods: with fewer than 10 clusters"):
        panel.fit("cluster-time")
    with pytest.warns(ClusterWarning, match="rests on 7 periods"):
        panel.fit("driscoll-kraay")
    panel.fit("cluster-entity")
    wide = np.random.default_rng(0).normal(size=(10, 20, 5))
    y = np.random.default_rng(1).normal(size=(10, 20))
    with pytest.warns(ClusterWarning, match="10 periods for 12 parameters: the covariance is singular"):
        SpatialPanel.from_arrays(y, wide, simulated(1)[2]).fit("cluster-time")


def test_twoway_that_is_not_positive_is_mended_and_said() -> None:
    """Eigenvalues in the metric of H are clipped at zero; the rest stays, whatever the scale of the parameters."""
    rng = np.random.default_rng(0)
    H = np.cov(rng.normal(size=(4, 50)))
    root = np.linalg.cholesky(H)
    Q = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    V = root @ (Q * [2.0, 1.0, 0.5, -0.3]) @ Q.T @ root.T
    want = root @ (Q * [2.0, 1.0, 0.5, 0.0]) @ Q.T @ root.T
    with pytest.warns(ClusterWarning, match=r"1 of 4 eigenvalues are negative, the lowest -0\.3 against 2"):
        got = clustered.positive(V, H)
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)
    D = np.diag([1.0, 1e3, 1e-3, 10.0])
    with pytest.warns(ClusterWarning):
        np.testing.assert_allclose(clustered.positive(D @ V @ D, D @ H @ D), D @ want @ D, rtol=1e-8, atol=1e-12)
    positive = root @ root.T
    np.testing.assert_array_equal(clustered.positive(positive, H), positive)


@pytest.mark.parametrize("effects", ["entity", "twoway", "random"])
def test_the_sandwich_of_two_periods_takes_no_third_cumulant(effects: str) -> None:
    """Deviations are e and -e: skewed innovations leave nothing in the score that a third cumulant could move."""
    result = fitted("sdm", effects, t=2)
    robust = result.model.fit("sandwich")
    assert np.isfinite(robust.std_errors.drop("phi", errors="ignore")).all()
    np.testing.assert_allclose(robust.std_errors["x1"], result.std_errors["x1"], rtol=0.3)
