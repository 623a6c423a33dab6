"""What random effects must be in the limits, with labels, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos._core.errors import BoundaryWarning, InputError
from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.random.estimation import columns
from gvcpos.spatial.panel.random.likelihood import random_likelihood
from gvcpos.spatial.panel.random.search import maximise
from tests.spatial.panel.munnell import REGRESSORS, frame, weights
from tests.spatial.panel.random_panels import draw, munnell


def test_both_modes_are_reported() -> None:
    modes = munnell("gns", "kkp").modes
    assert list(modes.columns) == ["rho", "lambda", "phi", "loglik", "interior"]
    assert len(modes) == 2
    assert modes["interior"].all()
    assert modes["loglik"].is_monotonic_decreasing
    # each is a maximum: every grid point nearby is lower
    result = munnell("gns", "kkp")
    found = random_likelihood(result.model.arrays, result.model.arrays.X, result.model.features, kkp=True)
    for rho, lam, phi, top, _ in modes.itertuples(index=False):
        value, score = found.evaluate(rho, lam, phi)
        assert value == pytest.approx(top, abs=1e-9)
        assert np.abs(score).max() < 1e-4
        around = [
            found.evaluate(rho + a, lam + b, phi * c)[0]
            for a in (-0.01, 0.01)
            for b in (-0.01, 0.01)
            for c in (0.97, 1.03)
        ]
        assert max(around) < top


def test_grid_finds_nothing_higher() -> None:
    for seed in range(3):
        panel = draw(seed, phi=0.3).respecified("gns")
        found = random_likelihood(panel.arrays, panel.arrays.X, panel.features, kkp=False)
        top = maximise(found)[0].loglik
        ends = [(low + 1e-4, high - 1e-4) for low, high in (panel.spectrum.interval, panel.error_spectrum.interval)]
        rho, lam = (np.linspace(*end, 31) for end in ends)
        logdets = found.logdets(rho, lam)
        assert max(found.surface(rho, lam, phi, logdets).max() for phi in np.geomspace(1e-3, 50.0, 15)) <= top + 1e-9


def no_random_effects() -> SpatialPanel:
    """Deviations that cancel over time leave means without variance."""
    panel = draw(4, phi=0.0)
    u = np.random.default_rng(1).normal(size=panel.data.y.shape)
    y = 1.0 + panel.data.X @ [1.0, -0.5] + u - 0.999 * u.mean(axis=0)
    return SpatialPanel.from_arrays(y, panel.data.X, panel.weights, model="sar", effects="random")


def test_boundary_is_the_pooled_model() -> None:
    panel = no_random_effects()
    with pytest.warns(BoundaryWarning, match="at its boundary 0"):
        result = panel.fit()
    pooled = panel.respecified(effects="none").fit()
    assert result.params["phi"] == pytest.approx(0.0, abs=1e-8)
    assert np.isnan(result.std_errors["phi"])
    rest = list(pooled.names)
    np.testing.assert_allclose(result.params[rest], pooled.params, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(result.std_errors[rest], pooled.std_errors, rtol=1e-6)
    assert result.loglik == pytest.approx(pooled.loglik, rel=1e-9)
    assert not result.modes["interior"].any()
    assert result.lr_random().pvalue > 0.4
    assert result.lm_random().pvalue == 1.0
    assert np.abs(result.entity_effects).max() < 1e-6


def test_large_effects_make_it_the_fixed_effects_model() -> None:
    """Without rho, means count for nothing; with it they still tell that effects go with no neighbour's y."""
    panel = draw(6, n=20, t=5)
    y = panel.data.y + 1e4 * np.random.default_rng(0).normal(size=20)
    for model in ("slx", "sem"):
        many = SpatialPanel.from_arrays(
            y, panel.data.X, panel.weights, model=model, effects="random", error_weights=panel.error_weights
        ).fit()
        fixed = many.model.respecified(effects="entity").fit()
        np.testing.assert_allclose(many.params[list(fixed.names)], fixed.params, rtol=1e-2, atol=1e-3)
        assert np.corrcoef(many.entity_effects, fixed.entity_effects)[0, 1] > 0.9999


@pytest.mark.parametrize(("model", "error"), [("sdm", "baltagi"), ("sem", "baltagi"), ("sac", "kkp")])
def test_time_effects_are_dummies(model: str, error: str) -> None:
    base = draw(8, n=14, t=5).respecified(model, random_error=error)
    result = base.respecified(effects="random-time").fit()
    dummies = np.repeat(np.eye(5)[:, None, 1:], 14, axis=1)
    names = ["x1", "x2", "d1", "d2", "d3", "d4"]
    wide = SpatialPanel.from_arrays(
        base.data.y,
        np.concatenate([base.data.X, dummies], axis=2),
        base.weights,
        names=names,
        model=model,
        effects="random",
        random_error=error,
        error_weights=base.error_weights,
        not_lagged=names[2:],
    ).fit()
    assert result.loglik == pytest.approx(wide.loglik, abs=1e-8)
    np.testing.assert_allclose(result.params, wide.params[list(result.names)], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(result.std_errors, wide.std_errors[list(result.names)], rtol=1e-5)
    time = np.append(0.0, wide.params[["d1", "d2", "d3", "d4"]])
    np.testing.assert_allclose(result.time_effects, time - time.mean(), atol=1e-6)
    assert result.constant == pytest.approx(wide.params["Intercept"] + time.mean(), abs=1e-6)
    assert result.df_model == len(wide.names) + 1
    assert result.aic == pytest.approx(wide.aic, abs=1e-7)


def test_rows_meet_by_label() -> None:
    data = frame()
    mixed = data.sample(frac=1.0, random_state=0)
    W = weights()
    turned = W.align(W.ids[::-1])
    got = SpatialPanel(mixed["lgsp"], data[REGRESSORS], turned, model="sac", effects="random").fit()
    want = munnell("sac", "baltagi")
    np.testing.assert_allclose(got.params, want.params, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(got.std_errors, want.std_errors, rtol=1e-6)
    np.testing.assert_allclose(got.entity_effects[list(W.ids)], want.entity_effects, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(got.resids.sort_index(), want.resids.sort_index(), rtol=1e-5, atol=1e-9)


def test_scales() -> None:
    panel = draw(10).respecified("sdm")
    base = panel.fit()
    other = SpatialPanel.from_arrays(
        1000.0 * panel.data.y, panel.data.X / 7.0, panel.weights, model="sdm", effects="random"
    ).fit()
    factors = np.array([1000.0] + [7000.0] * 4 + [1.0, 1.0])
    np.testing.assert_allclose(other.params, base.params * factors, rtol=1e-6)
    np.testing.assert_allclose(other.std_errors, base.std_errors * factors, rtol=1e-6)


def test_results_work_as_for_fixed_effects() -> None:
    result = munnell("sdm", "baltagi")
    delta, drawn = result.effects(), result.effects("simulation", draws=4000)
    np.testing.assert_allclose(drawn["std_error"], delta["std_error"], rtol=0.08)
    total = (result.params[REGRESSORS].to_numpy() + result.params[[f"W*{x}" for x in REGRESSORS]].to_numpy()) / (
        1.0 - result.params["rho"]
    )
    np.testing.assert_allclose(delta.loc["total", "estimate"], total, rtol=1e-10)
    text = result.summary
    for word in ("random by entity", "sigma2_mu", "phi", "maximum likelihood", "Baltagi"):
        assert word in text
    assert result.df_model == 12
    assert result.bic == pytest.approx(np.log(816) * 12 - 2.0 * result.loglik)
    assert result.lr("sar").df == 4
    assert result.wald("sar").statistic > 0.0
    tests = result.diagnostics()
    assert tests.index[:3].tolist() == ["lr_random", "lm_random", "hausman_mundlak"]
    gradient = np.array([result.sigma2, result.params["phi"]])
    assert result.sigma2_mu_std_error == pytest.approx(
        float(np.sqrt(gradient @ result.estimate.covariance[-2:, -2:] @ gradient))
    )


def test_refusals() -> None:
    panel = draw(12).respecified("sar")
    for cov_type in ("cluster-time", "driscoll-kraay"):
        with pytest.raises(InputError, match="not defined for random effects"):
            panel.fit(cov_type)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="influence"):
        panel.fit().influence()
    with pytest.raises(InputError, match="needs a model with a spatial error"):
        panel.respecified(random_error="kkp")
    with pytest.raises(InputError, match="needs random effects"):
        panel.respecified("sem", effects="entity", random_error="kkp")
    with pytest.raises(InputError, match="random_error='anselin' is not known"):
        panel.respecified(random_error="anselin")
    with pytest.raises(InputError, match="not defined for random effects"):
        _ = panel.fit().estimate.pieces
    one = SpatialPanel.from_arrays(panel.data.y[:1], panel.data.X[:1], panel.weights, model="sar", effects="random")
    with pytest.raises(InputError, match="at least two periods"):
        one.fit()


def test_columns_have_no_dummies_without_time_effects() -> None:
    panel = draw(13)
    assert columns(panel.arrays) is panel.arrays.X
