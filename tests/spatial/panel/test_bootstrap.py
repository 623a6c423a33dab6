"""The bootstrap: every draw's estimate is that of a fit, draws follow their recipe, intervals cover."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.inference.refit import Samples, cross_products, maximise_all
from gvcpos.spatial.panel.inference.resampling import Recipe, innovations, lagged_and_transformed, samples
from gvcpos.spatial.panel.ml.estimation import columns_and_effects, logdeterminants, transformed
from gvcpos.spatial.weights import Weights
from tests.spatial.panel import test_inference_simulation as worlds
from tests.spatial.panel.munnell import MODELS, simulated

KINDS = [("none", "direct"), ("entity", "lee-yu"), ("twoway", "lee-yu"), ("time", "direct")]


def fitted(model: str = "sdm", effects: str = "twoway", method: str = "lee-yu", cov_type: str = "information", **size):
    y, X, W = simulated(1, **({"n": 20, "t": 6} | size))
    return SpatialPanel.from_arrays(y, X, W, model=model, effects=effects, method=method).fit(cov_type)


@pytest.mark.parametrize(("effects", "method"), KINDS)
@pytest.mark.parametrize("model", MODELS)
def test_every_draw_is_a_fit_of_its_sample(model: str, effects: str, method: str) -> None:
    """All samples at once against fitting each: estimates, and standard errors behind the studentised draws."""
    result = fitted(model, effects, method)
    panel, features, t = result.model.arrays, result.model.features, result.model.transformation
    (e,) = innovations(result.estimate, t, Recipe("wild", "cell", "webb", 19, 3))
    y = samples(panel, result.estimate, features, e)
    boot = result.bootstrap("wild", by="cell", weights="webb", draws=19, seed=3)
    assert boot.left_out == 0
    for i in range(0, 19, 3):
        again = SpatialPanel.from_arrays(
            y[i], result.model.data.X, result.model.weights, model=model, effects=effects, method=method
        ).fit()
        np.testing.assert_allclose(boot.draws.iloc[i], again.params, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(boot._params.errors[i], again.std_errors, rtol=1e-5)
        np.testing.assert_allclose(boot._effects.errors[i].ravel(), again.effects()["std_error"], rtol=1e-5, atol=1e-12)
        np.testing.assert_allclose(
            boot._effects.estimates[i].ravel(), again.effects()["estimate"], rtol=1e-5, atol=1e-7
        )


def test_uneven_weights_of_the_error_and_dummies() -> None:
    """Time effects that enter as dummies, W that is not row-normalised, weights of their own for the error."""
    y, X, W = simulated(4, n=12, t=6)
    uneven = Weights.from_dense(W.ids, W.dense() * np.linspace(0.6, 1.2, W.n)[:, None])
    result = SpatialPanel.from_arrays(y, X, W, model="sac", error_weights=uneven, method="direct").fit()
    boot = result.bootstrap("parametric", draws=19, seed=1)
    (e,) = innovations(result.estimate, result.model.transformation, boot.recipe)
    again = samples(result.model.arrays, result.estimate, result.model.features, e)
    for i in (0, 7):
        other = SpatialPanel.from_arrays(again[i], X, W, model="sac", error_weights=uneven, method="direct").fit()
        np.testing.assert_allclose(boot.draws.iloc[i], other.params, rtol=1e-5, atol=1e-6)


def test_the_fitted_sample_comes_back() -> None:
    """With the residuals themselves as innovations the reduced form gives y, and the estimate is the fit's."""
    for model in MODELS:
        result = fitted(model)
        panel, features = result.model.arrays, result.model.features
        e = result.estimate.resids[None]
        y = samples(panel, result.estimate, features, e)
        np.testing.assert_allclose(y[0], panel.y, atol=1e-9)
        design, within = columns_and_effects(panel, features)
        shared = transformed(panel, design, within, features)
        t = panel.transformation
        many = Samples(
            *cross_products(lagged_and_transformed(panel, within, features, y), shared),
            *logdeterminants(panel, features),
            t.nobs,
            t.determinants,
        )
        at = maximise_all(many)
        np.testing.assert_allclose(at[0], [result.estimate.rho, result.estimate.lam], atol=1e-7)
        np.testing.assert_allclose(many.beta(at)[0], result.estimate.beta, rtol=1e-6)


def test_recipes() -> None:
    """Signs are shared as said, have mean 0 and variance 1, and residuals are scaled for what effects took."""
    result = fitted("sdm", n=12, t=5)
    t, e = result.model.transformation, result.estimate.resids
    for by, weights, size in (("entity", "rademacher", 1), ("entity", "webb", 3), ("cell", "webb", 3)):
        drawn = np.concatenate(list(innovations(result.estimate, t, Recipe("wild", by, weights, 3000, 0))))
        scale = np.sqrt(12 / 11) * (np.sqrt(5 / 4) if by == "cell" else 1.0)
        signs = drawn / (scale * e)
        assert np.abs(signs.mean(axis=0)).max() < 5 / np.sqrt(3000)
        assert (signs**2).mean() == pytest.approx(1.0, abs=0.02)
        assert len(np.unique(np.abs(signs).round(6))) == size
        assert np.allclose(np.ptp(signs, axis=1), 0.0) == (by == "entity")
    normal = np.concatenate(
        list(innovations(result.estimate, t, Recipe("parametric", "entity", "rademacher", 3000, 0)))
    )
    assert normal.var() == pytest.approx(result.sigma2, rel=0.02)


def test_same_seed_same_bytes_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    result = fitted()
    first = result.bootstrap(draws=39, seed=5)
    again = result.bootstrap(draws=39, seed=5)
    assert first.draws.to_numpy().tobytes() == again.draws.to_numpy().tobytes()
    assert first.effects().to_numpy().tobytes() == again.effects().to_numpy().tobytes()
    assert not np.allclose(first.draws, result.bootstrap(draws=39, seed=6).draws)
    monkeypatch.setattr("gvcpos.spatial.panel.inference.resampling._MOST", 1000)
    np.testing.assert_allclose(result.bootstrap(draws=39, seed=5).draws, first.draws, rtol=1e-9)


@pytest.mark.parametrize("model", ["sdm", "sac"])
def test_standard_errors_agree_with_the_covariance_they_stand_for(model: str) -> None:
    """Parametric: the information. Wild by entity: clustered by entity."""
    plain = fitted(model, n=40, t=10)
    ratio = plain.bootstrap("parametric", draws=499, studentise=False).std_errors / plain.std_errors
    assert ratio.between(0.85, 1.15).all(), ratio
    robust = fitted(model, cov_type="cluster-entity", n=40, t=10)
    ratio = robust.bootstrap("wild", draws=499, studentise=False).std_errors / robust.std_errors
    assert ratio.between(0.85, 1.2).all(), ratio


def test_intervals_and_p_values() -> None:
    result = fitted(n=40, t=10)
    boot = result.bootstrap("parametric", draws=199, seed=2)
    for method in ("t", "percentile"):
        got = boot.conf_int(method=method)
        width = (got["upper"] - got["lower"]) / (result.conf_int()["upper"] - result.conf_int()["lower"])
        assert width.between(0.8, 1.3).all()
        assert ((got["lower"] < result.params) & (result.params < got["upper"])).all()
        wide, narrow = boot.effects(0.99, method), boot.effects(0.8, method)
        assert (wide["lower"] < narrow["lower"]).all()
        assert (wide["upper"] > narrow["upper"]).all()
        assert list(narrow.index) == list(result.effects().index)
    by_hand = np.quantile(boot.draws["rho"], [0.025, 0.975])
    np.testing.assert_allclose(boot.conf_int(method="percentile").loc["rho"], by_hand)
    t = (boot.draws["rho"] - result.params["rho"]) / boot._params.errors[:, 4]
    low, high = np.quantile(t, [0.025, 0.975])
    want = result.params["rho"] - np.array([high, low]) * result.std_errors["rho"]
    np.testing.assert_allclose(boot.conf_int().loc["rho"], want)
    assert boot.pvalues["rho"] == (1 + (t.abs() >= abs(result.tstats["rho"])).sum()) / 200
    assert "parametric: 199 of 199 draws, seed 2" in repr(boot)


def test_what_is_not_defined_is_refused() -> None:
    result = fitted()
    with pytest.raises(InputError, match=r"'pairs-entity' is not defined for spatial models: .*takes them out of"):
        result.bootstrap("pairs-entity")
    with pytest.raises(InputError, match="kind='jackknife' is not known"):
        result.bootstrap("jackknife")
    with pytest.raises(InputError, match="draws=5: at least 19"):
        result.bootstrap(draws=5)
    bare = result.bootstrap(draws=19, effects=False, studentise=False)
    with pytest.raises(InputError, match="bootstrap with studentise=True"):
        bare.conf_int()
    with pytest.raises(InputError, match="bootstrap with studentise=True"):
        _ = bare.pvalues
    with pytest.raises(InputError, match="make it with effects=True"):
        bare.effects()
    assert bare.conf_int(method="percentile").shape == (5, 2)


@pytest.mark.slow
def test_coverage_of_studentised_intervals() -> None:
    """Serial correlation: wild by entity with clustered errors covers, parametric does not; few units as well."""
    truth = np.array(list(worlds.TRUTH.values()))
    wild, parametric = [], []
    for seed in range(300):
        panel = worlds.draw("serial", "ring", "sdm", seed, worlds.T)
        one = panel.fit("cluster-entity").bootstrap("wild", draws=199, seed=seed, effects=False).conf_int()
        two = panel.fit().bootstrap("parametric", draws=199, seed=seed, effects=False).conf_int()
        wild.append((one["lower"] < truth) & (truth < one["upper"]))
        parametric.append((two["lower"] < truth) & (truth < two["upper"]))
    print(
        "\ncoverage, serial correlation: wild by entity",
        np.mean(wild, axis=0),
        "parametric",
        np.mean(parametric, axis=0),
    )
    assert np.mean(wild, axis=0).min() > 0.91
    assert np.mean(parametric, axis=0).max() < 0.9
