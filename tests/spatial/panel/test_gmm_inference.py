"""Clustered covariances and the bootstrap of generalised moments: other programs, refusals, coverage."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import ClusterWarning, InputError, WeakInstrumentWarning
from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.gmm.bootstrap import samples
from gvcpos.spatial.panel.inference.resampling import Recipe
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import ring, simulated

CLUSTERED = ("cluster-entity", "cluster-time", "cluster-twoway", "driscoll-kraay")
PERIODS = CLUSTERED[1:]
TRUTH = {"x1": 1.0, "x2": -0.5, "rho": 0.4}


def world(seed: int, kind: str = "normal", *, n: int = 60, t: int = 15, model: str = "sar", effects: str = "twoway"):
    """Innovations: normal; of the entity's own variance and serially correlated; or shocks that all share."""
    rng = np.random.default_rng(seed)
    W = ring(n)
    X, e = rng.normal(size=(t, n, 2)), rng.normal(size=(t, n))
    if kind == "within":
        X[1:] = 0.7 * X[:-1] + X[1:]
        for s in range(1, t):
            X[s] = 0.8 * X[s - 1] + 0.6 * rng.normal(size=(n, 2))
            e[s] = 0.8 * e[s - 1] + 0.6 * e[s]
        e = e * rng.choice([0.4, 1.6], n)
    if kind == "common":
        strength = rng.normal(size=n)
        X = X + rng.normal(size=(t, 1, 2)) * strength[:, None]
        e = 0.5 * e + rng.normal(size=(t, 1)) * strength
    y = np.linalg.solve(np.eye(n) - 0.4 * W, (X @ [1.0, -0.5] + rng.normal(size=n) + e).T).T
    return SpatialPanel.from_arrays(
        y, X, Weights.from_dense([f"u{i}" for i in range(n)], W), model=model, effects=effects
    )


@pytest.mark.parametrize("effects", ["none", "entity", "twoway"])
def test_slx_is_the_likelihood_s(effects: str) -> None:
    """Without Wy two-stage least squares is least squares, as the likelihood is: one definition for both."""
    y, X, W = simulated(3, n=25, t=14)
    panel = SpatialPanel.from_arrays(y, X, W, model="slx", effects=effects)  # type: ignore[arg-type]
    for cov_type in CLUSTERED:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ClusterWarning)
            moments, likelihood = panel.fit_gmm(cov_type), panel.fit(cov_type)  # type: ignore[arg-type]
        np.testing.assert_allclose(moments.params, likelihood.params, rtol=1e-9)
        mended = cov_type == "cluster-twoway" and effects != "twoway"  # in the metric of each
        np.testing.assert_allclose(moments.std_errors, likelihood.std_errors, rtol=0.1 if mended else 1e-8)
    one = panel.fit_gmm("driscoll-kraay", bandwidth=4)
    np.testing.assert_allclose(one.std_errors, panel.fit("driscoll-kraay", bandwidth=4).std_errors, rtol=1e-8)
    assert "Bartlett kernel with 4 lags" in one.summary


def test_clusters_equal_linearmodels() -> None:
    """A spatial lag, instrumented; each one-way variance in another program."""
    from linearmodels.iv import IV2SLS

    panel = world(1, effects="none", n=25, t=14)
    W, y, X = panel.weights.dense(), panel.data.y, panel.arrays.X
    Wx = np.einsum("ij,tjk->tik", W, X[:, :, 1:])
    WWx = np.einsum("ij,tjk->tik", W, Wx)
    flat = [Z.reshape(y.size, -1) for Z in (y, X, y @ W.T, np.concatenate([Wx, WWx], axis=2))]
    for cov_type, clusters, groups in (
        ("cluster-time", np.repeat(np.arange(14), 25), 14),
        ("cluster-entity", np.tile(np.arange(25), 14), 25),
    ):
        got = panel.fit_gmm(cov_type)  # type: ignore[arg-type]
        want = IV2SLS(*flat).fit(cov_type="clustered", clusters=clusters)
        np.testing.assert_allclose(got.params, want.params, rtol=1e-8)
        np.testing.assert_allclose(got.std_errors, want.std_errors * np.sqrt(groups / (groups - 1)), rtol=1e-8)
    plain = panel.fit_gmm("clustered").std_errors
    np.testing.assert_allclose(panel.fit_gmm("cluster-entity").std_errors, plain * np.sqrt(25 / 24), rtol=1e-10)


@pytest.mark.parametrize("model", ["sem", "sac"])
def test_cluster_entity_with_a_spatial_error_is_clustered_with_the_factor(model: str) -> None:
    """The regression's variance and lambda's are both multiplied; the joint weights stay."""
    panel = world(2, model=model, effects="entity")
    one, other = panel.fit_gmm("clustered"), panel.fit_gmm("cluster-entity")
    np.testing.assert_allclose(other.params, one.params, rtol=1e-6)
    np.testing.assert_allclose(other.std_errors, one.std_errors * np.sqrt(60 / 59), rtol=1e-6)


def test_what_is_not_defined_is_refused() -> None:
    panel = world(3, effects="entity")
    for cov_type in PERIODS:
        with pytest.raises(InputError, match=f"'{cov_type}' is not defined for moments of a spatial error: .*'robust'"):
            panel.respecified("sac").fit_gmm(cov_type)  # type: ignore[arg-type]
        with pytest.raises(InputError, match=f"'{cov_type}' is not defined for random effects: .*does not fade"):
            panel.respecified(effects="random").fit_gmm(cov_type)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="bandwidth=2 belongs to cov_type='driscoll-kraay'; 'robust' has none"):
        panel.fit_gmm(bandwidth=2)
    short = world(4, t=5, effects="entity")
    with pytest.warns(ClusterWarning, match="rests on 5 periods"):
        result = short.fit_gmm("cluster-time")
    with pytest.raises(
        InputError, match=r"test of overidentification needs the inverse .* 6 instruments.*of rank [45]"
    ):
        result.overidentification()
    assert "\nJ " not in result.summary
    with pytest.raises(InputError, match="weighting='efficient' needs the inverse"):
        short.fit_gmm("cluster-time", weighting="efficient")


@pytest.mark.parametrize(
    ("model", "effects", "by"),
    [("sar", "twoway", "cell"), ("sac", "twoway", "entity"), ("sem", "entity", "cell"), ("sar", "random", "entity")],
)
def test_draws_are_fits_of_their_samples(model: str, effects: str, by: str) -> None:
    panel = world(5, n=30, t=6, model=model, effects=effects)
    result = panel.fit_gmm()
    boot = result.bootstrap(by=by, draws=19, seed=4)  # type: ignore[arg-type]
    drawn = list(samples(result.arrays, result.estimate, Recipe("wild", by, "rademacher", 19, 4)))
    again = SpatialPanel.from_arrays(drawn[2], panel.data.X, panel.weights, model=model, effects=effects).fit_gmm()
    np.testing.assert_allclose(boot.draws.iloc[2], again.params, rtol=1e-8)
    np.testing.assert_allclose(boot._params.errors[2], again.std_errors, rtol=1e-8)
    np.testing.assert_allclose(boot._effects.errors[2].ravel(), again.effects()["std_error"], rtol=1e-8, atol=1e-12)
    t = result.arrays.transformation
    signal, rho = result.arrays.X @ result.estimate.beta, result.estimate.rho
    M, lam = panel.weights.dense(), result.estimate.spatial.get("lambda", 0.0)
    found = [t.within(y - rho * y @ M.T - signal) for y in (panel.data.y, drawn[2])]
    e, new = (u - lam * u @ M.T for u in found)
    if effects != "twoway" and (by == "entity" or not t.entity):  # else the signed innovations are demeaned once more
        np.testing.assert_allclose(np.abs(new), np.abs(e), rtol=1e-8, atol=1e-9)


def test_bootstrap_errors_agree_with_the_covariance_they_stand_for() -> None:
    result = world(6, "within").fit_gmm("cluster-entity")
    boot = result.bootstrap(draws=199, seed=1)
    assert (boot.std_errors / result.std_errors).between(0.75, 1.3).all()
    for method in ("t", "percentile"):
        assert (boot.conf_int(method=method)["lower"] < result.params).all()  # type: ignore[arg-type]
        assert boot.effects(method=method).index.equals(result.effects().index)  # type: ignore[arg-type]
    again = result.bootstrap(draws=199, seed=1)
    assert again.draws.to_numpy().tobytes() == boot.draws.to_numpy().tobytes()


def test_bootstraps_that_are_not_defined_are_refused() -> None:
    panel = world(7)
    with pytest.raises(InputError, match=r"kind='parametric' is not defined for generalised moments.*kind='wild'"):
        panel.fit_gmm().bootstrap("parametric")
    with pytest.raises(InputError, match="by='cell' is not defined for random effects"):
        panel.respecified(effects="random").fit_gmm().bootstrap(by="cell")
    noise = panel.data.series(np.random.default_rng(0).normal(size=panel.data.y.shape) + panel.data.X[:, :, 1], "z")
    with pytest.raises(InputError, match=r"not defined with endogenous regressors \(x2\)"):
        panel.fit_gmm(endogenous="x2", excluded=noise).bootstrap()


def coverage(kind: str, draws: int, **size: int) -> pd.DataFrame:
    kinds = ("homoskedastic", "robust", *CLUSTERED)
    hits: dict[str, list[np.ndarray]] = {name: [] for name in ("likelihood", *kinds)}
    for seed in range(draws):
        panel = world(seed, kind, **size)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ClusterWarning)
            warnings.simplefilter("ignore", WeakInstrumentWarning)
            fits = {"likelihood": panel.fit()} | {name: panel.fit_gmm(name) for name in kinds}  # type: ignore[arg-type]
        for name, fit in fits.items():
            z = (fit.params[list(TRUTH)] - list(TRUTH.values())) / fit.std_errors[list(TRUTH)]
            hits[name].append((z.abs() < 1.959964).to_numpy())
    return pd.DataFrame({name: np.mean(found, axis=0) for name, found in hits.items()}, index=list(TRUTH))


def test_clusters_cover_what_they_are_made_for() -> None:
    within = coverage("within", 40)
    assert (within["cluster-entity"] > 0.82).all()
    assert within["robust"].mean() < within["cluster-entity"].mean() - 0.08
    common = coverage("common", 40, t=40)
    assert (common["cluster-time"] > 0.82).all()
    assert common["robust"].mean() < common["cluster-time"].mean() - 0.08


@pytest.mark.slow
def test_coverage() -> None:
    """1,000 draws; `-s` prints the table."""
    cases = {"normal": 15, "within": 15, "common": 60}
    table = pd.concat({kind: coverage(kind, 1000, t=t) for kind, t in cases.items()})
    print("\n" + table.round(3).to_string())
    assert table.loc["normal"][["robust", "cluster-entity"]].min().min() > 0.92
    assert table.loc["within"]["cluster-entity"].min() > 0.92
    assert table.loc["within"]["robust"].max() < 0.9
    assert table.loc["common"]["cluster-time"].min() > 0.89
    assert table.loc["common"].loc["rho", "likelihood"] < 0.5
