"""Posterior probabilities against brute-force quadrature, closed forms and R's SDPDmod.

SDPDmod 0.0.6 and ours agree to 1e-10 where nothing is integrated numerically (ols; slx without time effects), but for
log 2 (n − k)/2: its Γ((n − k)/2) goes with (2π)^-(n−k)/2 where the integral over sigma gives π. With rho or lambda its
"integral" is the height of the density at its mode, whatever the width, so that ours is the one tested against scipy.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import gammaln

from gvcpos._core.errors import InputError
from gvcpos.spatial import SpatialPanel, Weights, model_probabilities
from gvcpos.spatial.panel.bayes.marginal import Prior, marginal
from gvcpos.spatial.panel.bayes.quadrature import Axis, integrate
from gvcpos.spatial.panel.models import MODELS
from tests.spatial.panel.munnell import EFFECTS, REGRESSORS, frame, golden, ring, simulated, weights

ALL = ("ols", "slx", "sar", "sem", "sdm", "sdem", "sac", "gns")


def small(seed: int = 1, n: int = 12, t: int = 4, effects: str = "entity", **options: object) -> SpatialPanel:
    y, X, W = simulated(seed, n, t)
    return SpatialPanel.from_arrays(y, X, W, effects=effects, **options)  # type: ignore[arg-type]


def by_hand(panel: SpatialPanel, model: str, rho: float, lam: float, prior: Prior) -> float:
    """log p(y | rho, lambda) from explicit matrices: no cross-products, no concentration."""
    made = panel.respecified(model)  # type: ignore[arg-type]
    t, W = made.transformation, made.weights.dense()

    def ready(Z: np.ndarray) -> np.ndarray:
        moved = Z - lam * np.einsum("ij,tj...->ti...", W, Z)
        return t.within(moved).reshape(Z.shape[0] * Z.shape[1], -1)

    y = ready(made.data.y - rho * made.data.y @ W.T)[:, 0]
    X, n = ready(made.design.X), t.nobs
    pooled = int(made.effects == "none")
    fixed, slopes = X[:, :pooled], X[:, pooled:]
    logdet = sum(np.linalg.slogdet(np.eye(len(W)) - r * W)[1] - t.drop_unit * np.log(1 - r) for r in (rho, lam))
    rss = np.linalg.lstsq(X, y, rcond=None)[1].item()
    if prior.beta == "diffuse":
        k = X.shape[1]
        volume, half = np.linalg.slogdet(X.T @ X)[1], (n - k) / 2
        gamma = gammaln(half) - half * np.log(rss / 2)
        return t.determinants * logdet - half * np.log(2 * np.pi) - volume / 2 + gamma
    # With Zellner's prior y is normal given sigma2 and the constant: invert its covariance outright.
    if pooled:
        slopes = slopes - fixed @ np.linalg.lstsq(fixed, slopes, rcond=None)[0]
    Sigma = np.eye(len(y)) + prior.g * slopes @ np.linalg.solve(slopes.T @ slopes, slopes.T)
    inverse = np.linalg.inv(Sigma)
    if pooled:
        middle = fixed.T @ inverse @ fixed
        quadratic = y @ inverse @ y - (y @ inverse @ fixed) @ np.linalg.solve(middle, fixed.T @ inverse @ y)
        volume = np.linalg.slogdet(middle)[1]
    else:
        quadratic, volume = y @ inverse @ y, 0.0
    half = (n - pooled) / 2
    return (
        t.determinants * logdet
        - half * np.log(2 * np.pi)
        - np.linalg.slogdet(Sigma)[1] / 2
        - volume / 2
        + gammaln(half)
        - half * np.log(quadratic / 2)
    )


@pytest.mark.parametrize("effects", list(EFFECTS))
@pytest.mark.parametrize("prior", [Prior("g", 50.0, 1.0), Prior("diffuse", 1.0, 1.0)])
@pytest.mark.parametrize("model", list(MODELS))
def test_density_equals_explicit_matrices(model: str, prior: Prior, effects: str) -> None:
    panel = small(effects=effects).respecified(model)  # type: ignore[arg-type]
    features = MODELS[model]
    made = marginal(panel.arrays, features, int(effects == "none"), prior)
    for rho, lam in ((0.0, 0.0), (0.3, -0.4), (-0.7, 0.6)):
        at = rho * features.lag, lam * features.error
        got = float(made.log_density(np.array(at[0]), np.array(at[1])))
        assert got == pytest.approx(by_hand(panel, model, *at, prior), rel=1e-10, abs=1e-9)


@pytest.mark.parametrize("shape", [1.0, 1.01, 2.5])
@pytest.mark.parametrize("effects", ["none", "twoway"])
@pytest.mark.parametrize("model", ["sar", "sem", "sdm", "sdem"])
def test_marginal_equals_brute_force_in_one_parameter(model: str, effects: str, shape: float) -> None:
    panel = small(2, effects=effects).respecified(model)  # type: ignore[arg-type]
    features = MODELS[model]
    made = marginal(panel.arrays, features, int(effects == "none"), Prior("g", 40.0, shape))
    got, rho, lam = made.log_marginal()
    lower, upper = panel.spectrum.interval
    prior = stats.beta(shape, shape, loc=lower, scale=upper - lower)

    edges = np.linspace(0.0, 1.0, 81)
    for _ in range(2):  # ever closer at the ends, where a prior has kinks
        edges = np.sin(edges * np.pi / 2) ** 2
    edges = lower + (upper - lower) * edges
    nodes, w = np.polynomial.legendre.leggauss(40)
    half = np.diff(edges)[:, None] / 2.0
    r = (edges[:-1, None] + half * (1.0 + nodes)).ravel()
    at = (r, np.zeros_like(r)) if features.lag else (np.zeros_like(r), r)
    mass = np.exp(made.log_density(*at) - got) * prior.pdf(r) * (half * w).ravel()
    assert mass.sum() == pytest.approx(1.0, rel=1e-8)
    assert mass @ r == pytest.approx(rho if features.lag else lam, abs=1e-8)


@pytest.mark.parametrize("model", ["sac", "gns"])
def test_marginal_equals_brute_force_in_two_parameters(model: str) -> None:
    """A plain Gauss-Legendre rule of 400 x 400 points over the whole square, no box and no substitution."""
    panel = small(3).respecified(model)  # type: ignore[arg-type]
    made = marginal(panel.arrays, MODELS[model], 0, Prior("g", 40.0, 1.0))
    got, rho, lam = made.log_marginal()
    nodes, w = np.polynomial.legendre.leggauss(400)
    lower, upper = panel.spectrum.interval
    at, w = lower + (upper - lower) * (nodes + 1) / 2, w / 2
    density = np.exp(made.log_density(at[:, None], at[None, :]) - got) * w[:, None] * w[None, :]
    assert density.sum() == pytest.approx(1.0, rel=1e-8)
    assert (density.sum(axis=1) @ at, density.sum(axis=0) @ at) == pytest.approx((rho, lam), abs=1e-8)


@pytest.mark.parametrize(("sd", "centre"), [(1e-4, 0.3), (0.05, -0.9), (0.5, 0.99), (3.0, 0.0)])
def test_quadrature_of_narrow_wide_and_edgy_peaks(sd: float, centre: float) -> None:
    def peak(rho: np.ndarray, lam: np.ndarray) -> np.ndarray:
        return stats.norm.logpdf(rho, centre, sd) + 1000.0 + 0.0 * lam

    inside = np.diff(stats.norm.cdf([-1.0, 1.0], centre, sd))[0] / 2.0
    found = integrate(peak, (Axis((-1.0, 1.0), 1.0), None))
    assert found[0] == pytest.approx(1000.0 + np.log(inside), abs=1e-9)


@pytest.mark.parametrize("shape", [0.5, 0.7, 1.0, 1.01, 4.0])
def test_prior_alone_integrates_to_one(shape: float) -> None:
    found = integrate(lambda rho, lam: 0.0 * (rho + lam), (Axis((-1.3, 1.0), shape), Axis((-1.0, 1.0), 1.01)))
    assert found == pytest.approx((0.0, -0.15, 0.0), abs=1e-8)


@pytest.mark.parametrize("effects", list(EFFECTS))
def test_equals_sdpdmod_where_nothing_is_integrated(effects: str) -> None:
    panel = SpatialPanel(frame()["lgsp"], frame()[REGRESSORS], weights(), effects=effects)  # type: ignore[arg-type]
    rows = golden("sdpdmod_golden")
    rows = rows[(rows["model"] == "blmp") & (rows["effect"] == {"none": "none"}.get(effects, EFFECTS[effects]))]
    rows = rows[(rows["estimator"] == "Bayes/uniform") & (rows["leeyu"].astype(str).str.upper() == "FALSE")]
    want = rows.set_index("term")["estimate"]
    for model in ("ols", "slx"):
        got = model_probabilities(panel, [model], prior="diffuse").loc[(model, "W"), "log_marginal"]
        k = len(REGRESSORS) * (1 + (model == "slx")) + (effects == "none")
        gap = got - 0.5 * (panel.transformation.nobs - k) * np.log(2.0) - want[f"logmarginal:{model}"]
        if model == "slx" and effects in {"time", "twoway"}:
            assert 1e-2 < abs(gap) < 0.1  # W(QX) in place of Q(WX)
        else:
            assert abs(gap) < 1e-9


def test_sdpdmod_prints_the_height_of_the_density() -> None:
    """Its log-marginals with rho or lambda are the mode's height less log(interval), to 0.1: no width in them."""
    panel = SpatialPanel(frame()["lgsp"], frame()[REGRESSORS], weights(), effects="none")
    rows = golden("sdpdmod_golden")
    rows = rows[(rows["model"] == "blmp") & (rows["effect"] == "none") & (rows["estimator"] == "Bayes/uniform")]
    want = rows.drop_duplicates("term").set_index("term")["estimate"]
    lower, upper = panel.spectrum.interval
    for model in ("sar", "sem", "sdm", "sdem"):
        made = panel.respecified(model)  # type: ignore[arg-type]
        density = marginal(made.arrays, MODELS[model], 1, Prior("diffuse", 1.0, 1.0))
        grid = np.linspace(lower + 1e-3, upper - 1e-3, 20001)
        zero = np.zeros_like(grid)
        heights = density.log_density(*((grid, zero) if MODELS[model].lag else (zero, grid)))
        scale = 0.5 * (panel.transformation.nobs - made.design.X.shape[2]) * np.log(2.0)
        theirs = want[f"logmarginal:{model}"] + scale
        assert theirs == pytest.approx(heights.max() - np.log(upper - lower), abs=0.1)
        assert theirs - density.log_marginal()[0] > 2.0
    pair = model_probabilities(panel, ["sdm", "sdem"], prior="diffuse")["probability"]
    theirs_pair = want["prob:sdm"] / (want["prob:sdm"] + want["prob:sdem"])
    assert pair.iloc[0] == pytest.approx(theirs_pair, abs=0.005)  # widths nearly cancel between these two


@settings(max_examples=8, deadline=None)
@given(y_scale=st.floats(1e-3, 1e3), x_scale=st.floats(1e-3, 1e3), w_scale=st.floats(0.2, 5.0), seed=st.integers(0, 50))
def test_probabilities_do_not_depend_on_units(y_scale: float, x_scale: float, w_scale: float, seed: int) -> None:
    y, X, W = simulated(seed, 12, 4)
    base = model_probabilities(SpatialPanel.from_arrays(y, X, W, effects="entity"), ALL[:6])
    other = Weights.from_dense(W.ids, W.dense() * w_scale)
    X2 = np.stack([X[:, :, 0] * x_scale, X[:, :, 1]], axis=2)
    moved = model_probabilities(SpatialPanel.from_arrays(y * y_scale + 3.0, X2, other, effects="entity"), ALL[:6])
    np.testing.assert_allclose(moved["probability"], base["probability"], atol=1e-7)
    assert base["probability"].sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(moved["rho"].dropna() * w_scale, base["rho"].dropna(), atol=1e-6)


def test_weights_and_order_of_units() -> None:
    """Candidates meet by label; the true W wins; adding a constant to a pooled y changes nothing."""
    y, X, W = simulated(4, 40, 8, rho=0.6)
    rng = np.random.default_rng(0)
    order = rng.permutation(40)
    shuffled = Weights.from_dense([W.ids[i] for i in order], W.dense()[np.ix_(order, order)])
    again = rng.permutation(40)
    wrong = Weights.from_dense(W.ids, W.dense()[np.ix_(again, again)])
    panel = SpatialPanel.from_arrays(y, X, W, effects="twoway")
    found = model_probabilities(panel, ["sdm", "sem"], {"true": shuffled, "wrong": wrong})
    assert found.index.tolist() == [("sdm", "true"), ("sem", "true"), ("sdm", "wrong"), ("sem", "wrong")]
    assert found.loc[("sdm", "true"), "probability"] > 0.95
    plain = model_probabilities(panel, ["sdm", "sem"])
    assert plain["log_marginal"].to_numpy() == pytest.approx(found["log_marginal"].to_numpy()[:2], abs=1e-8)
    pooled = [
        model_probabilities(SpatialPanel.from_arrays(y + c, X, W, effects="none"))["probability"] for c in (0.0, 50.0)
    ]
    np.testing.assert_allclose(pooled[1], pooled[0], atol=1e-7)


def test_prior_probabilities_count() -> None:
    panel = small()
    even = model_probabilities(panel, ["sar", "sem"])
    odds = model_probabilities(panel, ["sar", "sem"], prior_probabilities={("sar", "W"): 3.0, ("sem", "W"): 1.0})
    ratio = [float(p["probability"].iloc[0] / p["probability"].iloc[1]) for p in (even, odds)]
    assert ratio[1] == pytest.approx(3.0 * ratio[0], rel=1e-9)


def test_refused_by_name() -> None:
    panel = small()
    with pytest.raises(InputError, match="different size"):
        model_probabilities(panel, ["sar", "sdm"], prior="diffuse")
    with pytest.raises(InputError, match="'probit' is not known"):
        model_probabilities(panel, ["probit"])
    with pytest.raises(InputError, match="density of no data"):
        model_probabilities(small(method="direct"))
    with pytest.raises(InputError, match="random effects"):
        model_probabilities(small(effects="random"))
    with pytest.raises(InputError, match="prior_probabilities"):
        model_probabilities(panel, ["sar"], prior_probabilities={("sem", "W"): 1.0})
    with pytest.raises(InputError, match="positive"):
        model_probabilities(panel, shape=0.0)


def picks(n: int, draws: int, seed: int) -> float:
    """How often the true model, the error model with Durbin terms, is the most probable."""
    W = ring(n)
    rng, inverse = np.random.default_rng(seed), np.linalg.inv(np.eye(n) - 0.5 * W)
    weights_ = Weights.from_dense(range(n), W)
    hits = 0
    for _ in range(draws):
        X = rng.normal(size=(4, n, 1))
        y = X[:, :, 0] + 0.6 * X[:, :, 0] @ W.T + 0.5 * rng.normal(size=(4, n)) @ inverse.T
        found = model_probabilities(SpatialPanel.from_arrays(y, X, weights_, effects="entity"))
        hits += found["probability"].idxmax() == ("sdem", "W")
    return hits / draws


def test_true_model_is_picked_more_often_the_larger_the_panel() -> None:
    small_panel, large = picks(12, 25, 1), picks(100, 25, 2)
    assert large > small_panel + 0.2
    assert large > 0.5


@pytest.mark.slow
def test_true_model_wins_in_the_end() -> None:
    shares = [picks(n, 300, n) for n in (20, 60, 180, 540)]
    assert shares == sorted(shares)
    assert shares[-1] > 0.95


def test_posterior_mean_is_near_the_likelihood() -> None:
    panel = SpatialPanel(frame()["lgsp"], frame()[REGRESSORS], weights(), effects="entity")
    found = model_probabilities(panel)
    for model, name in (("sar", "rho"), ("sdm", "rho"), ("sem", "lambda"), ("sdem", "lambda")):
        fit = panel.respecified(model).fit()  # type: ignore[arg-type]
        assert abs(found.loc[(model, "W"), name] - fit.params[name]) < 0.5 * fit.std_errors[name]
    assert isinstance(found, pd.DataFrame)
    assert np.isnan(found.loc[("slx", "W"), "rho"])
    assert replace(panel.choices) == panel.choices
