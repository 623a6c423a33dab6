"""Clustered covariances and the bootstrap of dynamic panels: contributions, refusals, coverage."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import BoundaryWarning, ClusterWarning, InputError
from gvcpos.spatial.panel import DynamicSpatialPanel, SpatialPanel
from gvcpos.spatial.panel.dynamics.bias import expected_score
from gvcpos.spatial.panel.dynamics.bootstrap import samples
from gvcpos.spatial.panel.dynamics.correction import score
from gvcpos.spatial.panel.dynamics.estimation import How, estimated
from gvcpos.spatial.panel.inference.covariance import information
from gvcpos.spatial.panel.inference.resampling import Recipe, innovations
from gvcpos.spatial.panel.inference.scores import cell_scores
from gvcpos.spatial.panel.ml.estimation import recover_effects
from tests.spatial.panel.dynamics import Truth, dynamic_panel, made
from tests.spatial.panel.munnell import MODELS, ring

CLUSTERED = ("cluster-entity", "cluster-time", "cluster-twoway", "driscoll-kraay")
NAMES = ["x1", "W*x1", "tau", "eta", "rho"]

CALM = Truth(tau=0.3, eta=0.0, rho=0.2)


def panel(seed: int = 0, n: int = 30, t: int = 14, **options: str) -> DynamicSpatialPanel:
    W = made(n)
    y, X = dynamic_panel(np.random.default_rng(seed), W, t, CALM)
    return DynamicSpatialPanel.from_arrays(y, X, W, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", MODELS)
def test_contributions_sum_to_the_score(model: str) -> None:
    """At the maximum to zero, at the root of the adjusted score to its expectation."""
    for correction in ("none", "finite")[: 1 + (model != "gns")]:  # a weakly identified gns has no finite root here
        result = panel(model=model).fit(correction=correction)  # type: ignore[arg-type]
        pieces = result.estimate.pieces
        unit = 1.0 / np.sqrt(np.diag(information(pieces)))
        total = cell_scores(pieces).sum(axis=(0, 1))
        np.testing.assert_allclose(total * unit, score(pieces) * unit, atol=1e-7)
        want = 0.0
        if correction == "finite":
            want = expected_score(result.model.arrays, result.estimate, result.model.lagged, finite=True)
        np.testing.assert_allclose(total * unit, want * unit, atol=1e-4)


def test_without_a_past_it_is_the_static_covariance() -> None:
    """dynamic="none" under the direct likelihood is the static model on the same periods."""
    dynamic = panel(dynamic="none", method="direct", effects="entity")
    y, X, W = dynamic.data.y, dynamic.data.X, dynamic.weights
    static = SpatialPanel.from_arrays(y, X, W, effects="entity", method="direct")
    for cov_type in CLUSTERED:
        got = dynamic.fit(cov_type, correction="none")  # type: ignore[arg-type]
        np.testing.assert_allclose(got.cov, static.fit(cov_type).cov, rtol=1e-7)  # type: ignore[arg-type]
    short = dynamic.fit("driscoll-kraay", correction="none", bandwidth=1)
    assert "Bartlett kernel with 1 lags" in short.summary
    assert not np.allclose(short.cov, got.cov)


@pytest.mark.parametrize("correction", ["asymptotic", "finite", "none"])
@pytest.mark.parametrize("cov_type", CLUSTERED)
def test_everything_uses_the_covariance(cov_type: str, correction: str) -> None:
    plain = panel().fit(correction=correction)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ClusterWarning)  # two-way may have to be made positive
        result = panel().fit(cov_type, correction=correction)  # type: ignore[arg-type]
    np.testing.assert_array_equal(plain.params, result.params)
    assert (result.std_errors / plain.std_errors).between(0.3, 2.0).all()
    assert not np.allclose(plain.std_errors, result.std_errors, rtol=1e-3)
    assert not np.allclose(plain.effects()["std_error"], result.effects()["std_error"], rtol=1e-3)
    assert result.stability.std_error != pytest.approx(plain.stability.std_error, rel=1e-3)
    assert cov_type in result.summary


def test_what_is_not_defined_is_refused() -> None:
    with pytest.raises(InputError, match="bandwidth=3 belongs to cov_type='driscoll-kraay'; 'sandwich' has none"):
        panel().fit("sandwich", bandwidth=3)
    with pytest.raises(InputError, match="averages over periods, and 4 are too few"):
        panel(t=4).fit("driscoll-kraay")
    with pytest.raises(InputError, match=r"cov_type='hessian' is not known\. Allowed: .*'cluster-entity'"):
        panel().fit("hessian")  # type: ignore[arg-type]
    with pytest.warns(ClusterWarning, match="rests on 6 periods"):
        panel(t=6).fit("cluster-time")


@pytest.mark.parametrize("model", ["sdm", "sem", "sac", "slx"])
def test_the_sample_comes_back(model: str) -> None:
    """With the innovations themselves the recursion gives y; its estimate is the fit's."""
    result = panel(model=model).fit(correction="none")
    arrays, estimate = result.model.arrays, result.estimate
    recipe = Recipe("wild", "cell", "rademacher", 2, 1)
    drawn = list(samples(result, recipe))
    (block,) = innovations(estimate, arrays.transformation, recipe)
    scale = np.sqrt(30 / 29 * 14 / 13)
    np.testing.assert_allclose(np.abs(block[1]), np.abs(scale * estimate.resids), rtol=1e-12)
    M, W = result.model.error_weights.dense(), result.model.weights.dense()
    own = dict(zip(result.names, result.params, strict=True))
    past = np.concatenate([result.model.given.y0[None], drawn[1][:-1]])
    constant, entity, time = recover_effects(arrays, estimate)
    k = arrays.X.shape[2] - 2
    u = np.linalg.solve(np.eye(30) - own.get("lambda", 0.0) * M, block[1].T).T
    push = own["tau"] * past + own["eta"] * past @ W.T + arrays.X[:, :, :k] @ estimate.beta[:k]
    y = np.linalg.solve(np.eye(30) - own.get("rho", 0.0) * W, (push + constant + entity + time[:, None] + u).T).T
    np.testing.assert_allclose(drawn[1], y, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("correction", ["asymptotic", "finite"])
def test_draws_are_fits(correction: str) -> None:
    result = panel().fit("cluster-entity", correction=correction)  # type: ignore[arg-type]
    boot = result.bootstrap(draws=19, seed=3)
    assert "wild by cell" in repr(boot)
    y = list(samples(result, boot.recipe))[4]
    given = result.model.given
    again = DynamicSpatialPanel.from_arrays(np.concatenate([given.y0[None], y]), given.panel.X, result.model.weights)
    again = again.fit("cluster-entity", correction=correction)  # type: ignore[arg-type]
    np.testing.assert_allclose(boot.draws.iloc[4], again.params, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(boot._params.errors[4], again.std_errors, rtol=1e-5)
    np.testing.assert_allclose(boot._effects.errors[4].ravel(), again.effects()["std_error"], rtol=1e-5, atol=1e-12)
    np.testing.assert_allclose(boot._effects.estimates[4].ravel(), again.effects()["estimate"], rtol=1e-5)


def test_bootstrap_intervals() -> None:
    result = panel(n=50, t=14).fit()
    boot = result.bootstrap("parametric", draws=99, seed=1)
    assert (boot.std_errors / result.std_errors).between(0.75, 1.3).all()
    for method in ("t", "percentile"):
        ends = boot.conf_int(method=method)  # type: ignore[arg-type]
        assert ((ends["lower"] < CALM.values) & (CALM.values < ends["upper"])).sum() >= 4
        found = boot.effects(method=method)  # type: ignore[arg-type]
        assert found.index.equals(result.effects().index)
        assert (found["lower"] < found["upper"]).all()
    assert boot.pvalues["tau"] == 0.01
    again = result.bootstrap("parametric", draws=19, seed=1), result.bootstrap("parametric", draws=19, seed=1)
    assert again[0].draws.to_numpy().tobytes() == again[1].draws.to_numpy().tobytes()


def test_wild_draws_stand_for_the_clustered_covariance() -> None:
    result = world(1, "variances").fit("cluster-entity")
    ratio = result.bootstrap("wild", draws=99, studentise=False).std_errors / result.std_errors
    assert ratio.between(0.65, 1.5).all(), ratio


def test_unstable_draws_have_no_long_run() -> None:
    W = made(20)
    y, X = dynamic_panel(np.random.default_rng(0), W, 12, Truth(tau=0.88, eta=0.0, rho=0.12))
    result = DynamicSpatialPanel.from_arrays(y, X, W, effects="entity").fit()
    with pytest.warns(BoundaryWarning, match="6 of 40 bootstrap draws have dynamics that do not die out"):
        found = result.bootstrap("parametric", draws=40, studentise=False).effects(method="percentile")
    assert found.loc["long"].notna().all(axis=None)
    assert result.bootstrap("parametric", draws=19, effects=False).draws.shape == (19, 5)


def test_bootstraps_that_are_not_defined_are_refused() -> None:
    with pytest.raises(InputError, match=r"by='entity' is not defined for dynamic panels: .*Take by='cell'"):
        panel().fit().bootstrap("wild", by="entity")
    with pytest.raises(InputError, match="kind='pairs' is not defined"):
        panel().fit().bootstrap("pairs")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="at least 19"):
        panel().fit().bootstrap(draws=3)


def world(seed: int, kind: str, n: int = 60, t: int = 15) -> DynamicSpatialPanel:
    """Space-time dynamics; innovations with a variance of the entity's own that moves with its past (ARCH)."""
    truth, rng, burn = Truth(), np.random.default_rng(seed), 40
    W = ring(n, 3)
    inverse = np.linalg.inv(np.eye(n) - truth.rho * W)
    mu, alpha = rng.normal(size=n), rng.normal(size=(burn + t + 1, 1))
    own = rng.choice([0.5, 1.6], n) if kind != "normal" else np.ones(n)
    z, e = rng.normal(size=(len(alpha), n)), np.zeros((len(alpha), n))
    for s in range(len(e)):
        arch = 0.5 + 0.5 * (e[s - 1] / own) ** 2 if kind == "arch" and s else 1.0
        e[s] = own * np.sqrt(arch) * z[s]
        if kind == "serial" and s:
            e[s] = 0.6 * e[s - 1] + 0.8 * own * z[s]
    x = rng.normal(size=e.shape) + 0.5 * mu
    if kind == "arch":  # variances that go with the regressor
        e = e * np.sqrt(0.3 + 0.7 * (x - 0.5 * mu) ** 2)
    push, rows, y = x + 0.3 * x @ W.T + mu + alpha + e, [], np.zeros(n)
    for each in push:
        y = inverse @ (truth.tau * y + truth.eta * W @ y + each)
        rows.append(y)
    weights = made(n)
    return DynamicSpatialPanel.from_arrays(np.array(rows)[burn:], x[burn:, :, None], weights)


def coverage(kind: str, draws: int, correction: str = "asymptotic", **size: int) -> pd.DataFrame:
    kinds = ("information", "sandwich", *CLUSTERED)
    hits: dict[str, list[np.ndarray]] = {name: [] for name in kinds}
    for seed in range(draws):
        model = world(seed, kind, **size)
        for cov_type, found in hits.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ClusterWarning)
                estimate, _ = estimated(model.arrays, model.features, model.lagged, How(cov_type, correction))
            value = np.append(estimate.beta, estimate.rho)
            found.append(np.abs(value - Truth().values) < 1.959964 * np.sqrt(np.diag(estimate.covariance)[:-1]))
    return pd.DataFrame({name: np.mean(found, axis=0) for name, found in hits.items()}, index=NAMES)


def test_clusters_cover_where_variances_move() -> None:
    """Variances that go with the regressor and the past: information is far too narrow for beta."""
    found = coverage("arch", 60)
    assert (found["cluster-entity"] > 0.83).all()
    assert found.loc["x1", "information"] < found.loc["x1", "cluster-entity"] - 0.08


@pytest.mark.slow
def test_coverage() -> None:
    """1,000 draws; `-s` prints the table."""
    table = pd.concat({kind: coverage(kind, 1000) for kind in ("normal", "variances", "arch", "serial")})
    print("\n" + table.round(3).to_string())
    for kind in ("normal", "variances", "arch"):
        assert table.loc[kind, "cluster-entity"].min() > 0.9, kind
    assert table.loc["arch"].loc["x1", "information"] < 0.85
    assert table.loc["serial"].loc["tau"].max() < 0.5  # tau is inconsistent: nothing helps
