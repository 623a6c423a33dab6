"""Clustered covariances and the bootstrap with random effects: numerical scores, refusals by name, coverage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.inference.resampling import Recipe
from gvcpos.spatial.panel.random.bootstrap import samples
from gvcpos.spatial.panel.random.clustered import entity_covariance, score_variance, unit_scores
from gvcpos.spatial.panel.random.covariance import covariance, hessian, information
from gvcpos.spatial.panel.random.pairs import pair_products
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import MODELS, ring
from tests.spatial.panel.random_panels import draw, gradient, munnell, pieces_at, point, sigma

CLUSTERED = [(m, "baltagi") for m in ("slx", "sar", "sdm")] + [(m, "kkp") for m in ("sem", "sdem", "sac", "gns")]
PERIODS = ("cluster-time", "cluster-twoway", "driscoll-kraay")


@pytest.mark.parametrize(("model", "error"), CLUSTERED)
def test_contributions_are_numerical_scores(model: str, error: str) -> None:
    """Countries that are neighbours in twos: what two of them contribute is the slope of their own likelihood."""
    rng = np.random.default_rng(3)
    n, t = 8, 5
    block = np.array([[0.0, 0.9], [0.5, 0.0]])
    W, M = np.kron(np.eye(n // 2), block), np.kron(np.eye(n // 2), block.T)
    y, X = rng.normal(size=(t, n)), rng.normal(size=(t, n, 2))

    def panel_of(units: list[int]) -> SpatialPanel:
        ids = [f"u{i}" for i in units]
        one, other = (Weights.from_dense(ids, A[np.ix_(units, units)]) for A in (W, M))
        return SpatialPanel.from_arrays(
            y[:, units], X[:, units], one, model=model, effects="random", error_weights=other, random_error=error
        )  # fmt: skip

    whole = panel_of(list(range(n)))
    k = whole.arrays.X.shape[2]
    q = np.concatenate([rng.normal(size=k), [0.3, -0.2][: len(whole.features.spatial)], [0.7, 1.3]])
    pieces = pieces_at(whole, q)
    own, z, v = unit_scores(pieces), pieces.kernel.weigh(pieces.v), pieces.v
    eye = np.eye(n)
    operators = [A.T for A in pieces.operators.apply(eye)]
    for i in range(0, n, 2):
        got = own[i] + own[i + 1]
        for place, A in enumerate(operators):
            got[k + place] += (A[i, i + 1] + A[i + 1, i]) * (z[:, i] @ v[:, i + 1]) / pieces.sigma2
        np.testing.assert_allclose(got, gradient(panel_of([i, i + 1]), q), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("model", "error"), CLUSTERED)
def test_contributions_sum_to_zero_at_the_maximum(model: str, error: str) -> None:
    pieces = munnell(model, error).estimate.random
    own, z, v = unit_scores(pieces).sum(axis=0), pieces.kernel.weigh(pieces.v), pieces.v
    k = pieces.X.shape[2]
    for place, turned in enumerate(pieces.operators.apply(np.eye(v.shape[1]))):
        A = turned.T - np.diag(np.diag(turned))
        own[k + place] += np.einsum("ti,ij,tj->", z, A, v) / pieces.sigma2
    assert np.abs(own / np.sqrt(np.diag(information(pieces)))).max() < 1e-5


def test_slx_is_quasi_demeaned_least_squares() -> None:
    """Without space: the sandwich of linearmodels' pooled regression of quasi-demeaned data."""
    from linearmodels.panel import PooledOLS

    result = draw(2, n=40, t=6).respecified("slx").fit("cluster-entity")
    theta = 1.0 - 1.0 / np.sqrt(1.0 + 6 * result.params["phi"])
    index = pd.MultiIndex.from_product([range(40), range(6)])

    def quasi(Z: np.ndarray) -> np.ndarray:
        return np.swapaxes(Z - theta * Z.mean(axis=0), 0, 1).reshape(240, -1)

    arrays = result.model.arrays
    y, X = pd.Series(quasi(arrays.y)[:, 0], index=index), pd.DataFrame(quasi(arrays.X), index=index)
    want = PooledOLS(y, X).fit(cov_type="clustered", cluster_entity=True, debiased=False, group_debias=True)
    np.testing.assert_allclose(result.params.iloc[:5], want.params, rtol=1e-6)
    # beta and phi are not quite uncorrelated in the Hessian; linearmodels' factor is G/(G-1) (n-1)/n
    np.testing.assert_allclose(result.std_errors.iloc[:5], want.std_errors * np.sqrt(240 / 239), rtol=0.02)


def test_outer_products_estimate_the_information() -> None:
    """Normal, homoskedastic effects and innovations: V and H both estimate the information."""
    found = []
    for seed in range(30):
        pieces = draw(seed, n=50, t=5, kkp=True).respecified("sac", random_error="kkp").fit().estimate.random
        scale = 1.0 / np.diag(information(pieces))
        found.append([np.diag(score_variance(pieces)) * scale, np.diag(hessian(pieces)) * scale])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(30)
    assert (np.abs(mean - 1.0) < 4 * error + 0.08).all()
    assert pair_products(pieces).shape == (2, 2)


def test_order_of_the_units_changes_nothing() -> None:
    panel = draw(4, n=20, t=5)
    base = panel.respecified("sdm").fit("cluster-entity")
    order = np.random.default_rng(0).permutation(20)
    mixed = Weights.from_dense([panel.weights.ids[i] for i in order], panel.weights.dense()[np.ix_(order, order)])
    other = SpatialPanel.from_arrays(panel.data.y[:, order], panel.data.X[:, order], mixed, effects="random")
    np.testing.assert_allclose(other.fit("cluster-entity").std_errors, base.std_errors, rtol=1e-5)
    assert "cluster-entity" in base.summary


@pytest.mark.parametrize("model", MODELS)
def test_refused_by_name_with_what_there_is(model: str) -> None:
    panel = draw(5).respecified(model)
    for cov_type in PERIODS:
        with pytest.raises(
            InputError, match=f"cov_type='{cov_type}' is not defined for random effects.* not fade.*All"
        ):
            panel.fit(cov_type)  # type: ignore[arg-type]
    if panel.features.error:
        with pytest.raises(InputError, match=r"no filter under which units are independent.*random_error='kkp' has it"):
            panel.fit("cluster-entity")
    with pytest.raises(InputError, match="bandwidth=2 belongs to cov_type='driscoll-kraay'; 'information' has none"):
        panel.fit(bandwidth=2)


@pytest.mark.parametrize(("model", "error"), [("gns", "baltagi"), ("sac", "kkp"), ("sdm", "baltagi")])
def test_draws_are_fits_of_samples_with_the_estimated_covariance(model: str, error: str) -> None:
    result = draw(6, n=14, t=4).respecified(model, random_error=error).fit()
    panel, features, kkp = result.model.arrays, result.model.features, error == "kkp"
    recipe = Recipe("parametric", "entity", "rademacher", 3000, 1)
    drawn = np.array(list(samples(panel, result.estimate, features, recipe, kkp=kkp)))
    mean, covariance = sigma(result.model, point(result))
    error_of_mean = np.sqrt(np.diag(covariance) / 3000)
    assert (np.abs(drawn.reshape(3000, -1).mean(axis=0) - mean) < 5 * error_of_mean).all()
    got = np.cov(drawn.reshape(3000, -1).T)
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    assert np.abs((got - covariance) / scale).max() < 0.12
    boot = result.bootstrap("parametric", draws=19, seed=1)
    again = SpatialPanel.from_arrays(
        drawn[3], result.model.data.X, result.model.weights, model=model, effects="random",
        error_weights=result.model.error_weights, random_error=error,
    ).fit()  # fmt: skip
    np.testing.assert_allclose(boot.draws.iloc[3], again.params, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(boot._params.errors[3], again.std_errors, rtol=1e-5)
    np.testing.assert_allclose(
        boot._effects.errors[3].ravel(), again.effects()["std_error"], rtol=1e-5, atol=1e-12
    )  # fmt: skip


def test_wild_draws_keep_an_entity_together() -> None:
    """With the sign +1 for all the sample comes back; any signs leave what units do over time as it is."""
    result = draw(7, n=20, t=4).respecified("sac", effects="random-time", random_error="kkp").fit()
    e, model = result.estimate, result.model
    (y,) = samples(model.arrays, e, model.features, Recipe("wild", "entity", "webb", 1, 3), kkp=True)
    u = y - e.rho * y @ model.weights.dense().T - model.arrays.X @ e.beta - e.time[:, None]
    v = u - e.lam * u @ model.error_weights.dense().T
    ratio = v / (np.sqrt(20 / 19) * e.random.v)
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[0], ratio.shape), rtol=1e-6)
    assert set(np.abs(ratio[0]).round(6)) <= {round(np.sqrt(a), 6) for a in (0.5, 1.0, 1.5)}


def test_bootstrap_errors_agree_with_the_covariance_they_stand_for() -> None:
    plain = draw(8, n=40, t=6).respecified("sdm").fit()
    boot = plain.bootstrap("parametric", draws=60, studentise=False)
    assert (boot.std_errors / plain.std_errors).between(0.65, 1.4).all()
    assert boot.conf_int(method="percentile").shape == (7, 2)
    robust = world(9, "both").fit("cluster-entity")
    wild = robust.bootstrap(draws=60, seed=2)
    assert list(wild.draws.columns) == [name for name in robust.names if name != "phi"]
    assert (wild.std_errors / robust.std_errors.drop("phi")).between(0.65, 1.4).all()
    for method in ("t", "percentile"):
        assert wild.conf_int(method=method).loc["x1"].between(0.5, 1.5).all()  # type: ignore[arg-type]
        assert (wild.effects(method=method)["lower"] < robust.effects()["estimate"]).all()  # type: ignore[arg-type]
    assert wild.pvalues["x1"] < 0.05
    again, wild = (robust.bootstrap(draws=19, seed=2) for _ in range(2))
    assert again.draws.to_numpy().tobytes() == wild.draws.to_numpy().tobytes()


def test_phi_at_its_boundary_has_no_studentised_interval() -> None:
    result = draw(10, n=20, t=4, phi=0.02).respecified("sar").fit()
    boot = result.bootstrap("parametric", draws=39)
    assert (boot.draws["phi"] == 0.0).any()
    assert boot.conf_int().loc["phi"].isna().all()
    assert boot.conf_int(method="percentile").loc["phi"].notna().all()
    assert np.isnan(boot.pvalues["phi"])
    assert boot.conf_int().drop("phi").notna().all(axis=None)


def test_bootstraps_that_are_not_defined_are_refused() -> None:
    panel = draw(11)
    with pytest.raises(
        InputError, match=r"kind='wild' is not defined here: .*Take kind='parametric', random_error='kkp'"
    ):
        panel.respecified("sem").fit().bootstrap("wild")
    with pytest.raises(InputError, match=r"by='cell' is not defined for random effects: .*by='entity'"):
        panel.respecified("sar").fit().bootstrap("wild", by="cell")
    with pytest.raises(InputError, match="kind='pairs' is not defined for spatial models"):
        panel.respecified("sar").fit().bootstrap("pairs")  # type: ignore[arg-type]


TRUTH = {"x1": 1.0, "W*x1": 0.3, "rho": 0.4}


def world(seed: int, kind: str, n: int = 60, t: int = 10) -> SpatialPanel:
    """An SDM with random effects; innovations serially correlated, or of a variance of the entity's own."""
    rng = np.random.default_rng(seed)
    W = ring(n)
    x = rng.normal(size=(t, n)) + rng.normal(size=n)
    e = rng.normal(size=(t, n))
    if kind in ("serial", "both"):
        for s in range(1, t):
            e[s] = 0.7 * e[s - 1] + np.sqrt(1 - 0.49) * e[s]
    if kind in ("variances", "both"):
        e = e * rng.choice([0.4, 1.8], n)
    u = rng.normal(size=n) + e
    y = np.linalg.solve(np.eye(n) - 0.4 * W, (1.0 + x + 0.3 * x @ W.T + u).T).T
    weights = Weights.from_dense([f"u{i}" for i in range(n)], W)
    return SpatialPanel.from_arrays(y, x[:, :, None], weights, effects="random")


def coverage(kind: str, draws: int) -> pd.DataFrame:
    rows: dict[str, list[np.ndarray]] = {"information": [], "sandwich": [], "cluster-entity": []}
    for seed in range(draws):
        result = world(seed, kind).fit()
        pieces, at_zero = result.estimate.random, result.estimate.at_zero
        for cov_type, found in rows.items():
            made = entity_covariance(pieces, "", fixed_phi=at_zero) if "-" in cov_type else None
            cov = covariance(pieces, cov_type, "", fixed_phi=at_zero) if made is None else made
            errors = pd.Series(np.sqrt(np.diag(cov)[:-1]), index=result.names)
            z = (result.params[list(TRUTH)] - list(TRUTH.values())) / errors[list(TRUTH)]
            found.append((z.abs() < 1.959964).to_numpy())
    return pd.DataFrame({name: np.mean(found, axis=0) for name, found in rows.items()}, index=list(TRUTH))


def test_only_clusters_cover_dependent_innovations() -> None:
    found = coverage("both", 80)
    assert (found["cluster-entity"] > 0.86).all()
    assert found["information"].mean() < found["cluster-entity"].mean() - 0.04


@pytest.mark.slow
def test_coverage() -> None:
    """1,000 draws; `-s` prints the table."""
    table = pd.concat({kind: coverage(kind, 1000) for kind in ("normal", "variances", "serial", "both")})
    print("\n" + table.round(3).to_string())
    assert (table["cluster-entity"] > 0.92).all()
    assert table.loc["normal", "information"].min() > 0.92
    assert table.loc["serial", "information"].min() < 0.9
