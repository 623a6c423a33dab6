"""Random effects at home beside an error whose weights change over time: dense N T likelihoods, one M, simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel import SpatialPanel, hausman
from gvcpos.spatial.panel.ml.logdet import LogDeterminant
from gvcpos.spatial.panel.ml.logdet import forget as forget_spectra
from gvcpos.spatial.panel.ml.period_spectrum import forget
from gvcpos.spatial.panel.random import covariance as rc
from gvcpos.spatial.panel.random.cumulants import component_cumulants
from gvcpos.spatial.panel.random.likelihood import random_likelihood
from gvcpos.spatial.panel.random.period_kernel import PeriodKernel
from gvcpos.spatial.panel.random.results import RandomPanelResults
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.periods import changing, labels, near
from tests.spatial.panel.random_panels import (
    crooked,
    dense_excess,
    dense_hessian,
    dense_information,
    loads,
    loglik,
    point,
    steps,
)
from tests.spatial.panel.test_random_intervals import HALF, highest

ERRORS = ("sem", "sdem", "sac", "gns")
slow = pytest.mark.slow
CASES = [(model, "both") for model in ERRORS] + [("gns", "lag"), ("sac", "error"), ("sem", "error")]
HARD = [case if case in (("sem", "both"), ("gns", "lag")) else pytest.param(*case, marks=slow) for case in CASES]
FORMS = [("gns", "both"), *(pytest.param(*case, marks=slow) for case in (("sem", "both"), ("gns", "lag")))]
RATIO = [
    ("sem", "baltagi"),
    *(pytest.param(*c, marks=slow) for c in (("gns", "baltagi"), ("gns", "kkp"), ("sdm", "baltagi"))),
]
SAME = [("sem", "random-time"), *(pytest.param(model, "random", marks=slow) for model in ("sdem", "sac", "gns"))]
quiet = pytest.mark.filterwarnings("ignore::gvcpos._core.errors.GvcposWarning")


def crooked_by_year(seed: int, n: int, t: int) -> dict[int, Weights]:
    """Weights whose rows do not sum to one, another M a year; the last two years share theirs."""
    rng = np.random.default_rng(seed)
    made = [crooked(n) * rng.uniform(0.5, 1.4, (n, n)) for _ in range(t - 1)]
    return {2000 + i: Weights.from_dense(labels(n), M) for i, M in enumerate([*made, made[-1]])}


def draw(
    seed: int, n: int = 9, t: int = 4, *, which: str = "both", phi: float = 1.5, rho: float = 0.3, lam: float = 0.4
) -> SpatialPanel:
    """A GNS panel with two regressors and effects that stay at home."""
    rng = np.random.default_rng(seed)
    W, M = changing(seed, n, t), crooked_by_year(seed, n, t)
    W = dict.fromkeys(W, W[2000]) if which == "error" else W
    M = dict.fromkeys(M, M[2000]) if which == "lag" else M
    mu, X, y = np.sqrt(phi) * rng.normal(size=n), rng.normal(size=(t, n, 2)), np.empty((t, n))
    for i, (w, m) in enumerate(zip(W.values(), M.values(), strict=True)):
        u = mu + np.linalg.solve(np.eye(n) - lam * m.dense(), rng.normal(size=n))
        signal = 0.5 + X[i] @ [1.0, -0.5] + 0.3 * w.dense() @ X[i, :, 0]
        y[i] = np.linalg.solve(np.eye(n) - rho * w.dense(), signal + u)
    return SpatialPanel.from_arrays(y, X, W, times=list(W), model="gns", effects="random", error_weights=M)


def fitted(panel: SpatialPanel, model: str, cov_type: str = "information", **choices: object) -> RandomPanelResults:
    result = panel.respecified(model, **choices).fit(cov_type)  # type: ignore[arg-type]
    assert isinstance(result, RandomPanelResults)
    assert isinstance(result.estimate.random.kernel, PeriodKernel)
    return result


@quiet
@pytest.mark.parametrize(("model", "effects"), SAME)
def test_nearly_the_same_weights_give_those_of_one(model: str, effects: str) -> None:
    n, t, rng = 10, 5, np.random.default_rng(1)
    W = Weights.from_dense(labels(n), near(rng, n))
    other = W.dense() * (1.0 + 1e-11 * rng.uniform(size=(n, n)))
    nearly = {**dict.fromkeys(range(t), W), t - 1: Weights.from_dense(W.ids, other / other.sum(axis=1, keepdims=True))}
    X, B = rng.normal(size=(t, n, 1)), np.linalg.inv(np.eye(n) - 0.4 * W.dense())
    y = X[:, :, 0] + rng.normal(size=n) + rng.normal(size=(t, n)) @ B.T
    one, changes = (
        SpatialPanel.from_arrays(y, X, given, times=list(nearly), model=model, effects=effects)  # type: ignore[arg-type]
        for given in (W, nearly)
    )
    for kind in ("hessian", "sandwich"):
        want, got = one.fit(kind), fitted(changes, model, kind)  # type: ignore[arg-type]
        np.testing.assert_allclose(got.params, want.params, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(got.cov, want.cov, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(got.resids, want.resids, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(got.entity_effects, want.entity_effects, rtol=1e-8, atol=1e-9)
        assert got.loglik == pytest.approx(want.loglik, rel=1e-11)


@quiet
@pytest.mark.parametrize(("model", "which"), HARD)
def test_maximum_and_covariances_by_brute_force(model: str, which: str) -> None:
    """The dense N T x N T likelihood: value, gradient, Hessian, and the expected information from its moments."""
    result = fitted(draw(3, which=which), model, "hessian")
    panel, q, got = result.model, point(result), result.estimate.covariance
    assert result.loglik == pytest.approx(loglik(panel, q), abs=1e-9)
    slope = np.array([(loglik(panel, q + a) - loglik(panel, q - a)) / (2.0 * a.sum()) for a in steps(q)])
    assert np.abs(slope * np.sqrt(np.diag(got))).max() < 1e-5
    curve = dense_hessian(panel, q)
    np.testing.assert_allclose(rc.hessian(result.estimate.random), -curve, rtol=2e-4, atol=2e-5 * np.abs(curve).max())
    want = dense_information(panel, q)
    np.testing.assert_allclose(rc.information(result.estimate.random), want, rtol=2e-5, atol=2e-6 * np.abs(want).max())


@quiet
@pytest.mark.parametrize(("model", "which"), CASES)
def test_score(model: str, which: str) -> None:
    """Numerical derivatives of the concentrated likelihood, also where phi is zero and where it is large."""
    panel = draw(5, which=which).respecified(model)
    found = random_likelihood(panel.arrays, panel.arrays.X, panel.features, kkp=False)
    for phi in (0.0, 0.7, 300.0):
        at = np.array([0.2 * panel.features.lag, -0.3, phi])
        for place in range(0 if panel.features.lag else 1, 3):
            h = 1e-5 * np.array([1.0, 1.0, max(1.0, phi)]) * (np.arange(3) == place)
            ends = found.evaluate(*(at + h))[0] - found.evaluate(*(at - h))[0]
            assert found.evaluate(*at)[1][place] == pytest.approx(ends / (2.0 * h.sum()), abs=2e-6)


@quiet
@pytest.mark.parametrize(
    ("model", "which"),
    [pytest.param("sem", "both", marks=slow), ("gns", "both"), pytest.param("gns", "lag", marks=slow)],
)
def test_sandwich_by_brute_force(model: str, which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variance of the score as a linear and quadratic form in (mu, e) with given third and fourth cumulants."""
    result = fitted(draw(7, n=8, t=3, which=which), model)
    given = ((0.3, 0.8), (-0.5, 1.7))
    monkeypatch.setattr(rc, "component_cumulants", lambda *found: given)
    want = dense_excess(result.model, point(result), given)
    np.testing.assert_allclose(
        rc.non_normality(result.estimate.random), want, rtol=1e-4, atol=1e-4 * np.abs(want).max()
    )


@quiet
@slow
def test_cumulants_are_found() -> None:
    """Exponential effects and innovations, filtered by another M a period: third cumulant 2 s³, fourth 6 s⁴."""
    n, t, rng, sums = 150, 4, np.random.default_rng(0), []
    panel = draw(1, n=n, t=t).respecified("sem")
    kernel = random_likelihood(panel.arrays, panel.arrays.X, panel.features, kkp=False).kernels.at(0.4, 2.25)
    assert isinstance(kernel, PeriodKernel)
    for _ in range(200):
        mu, e = 1.5 * (rng.exponential(size=n) - 1.0), rng.exponential(size=(t, n)) - 1.0
        sums.append(np.ravel(component_cumulants(kernel.spread(mu) + e, kernel, 1.0)))
    want = np.array([2.0, 6.0, 2.0 * 1.5**3, 6.0 * 1.5**4])
    mean, error = np.mean(sums, axis=0), np.std(sums, axis=0) / np.sqrt(len(sums))
    assert (np.abs(mean - want) < 4.0 * error).all()
    assert (error < 0.15 * want).all()


@quiet
def test_effects_and_innovations_are_best_predictions() -> None:
    """Goldberger (1962): the covariance with y times its inverse times the residuals, all N T rows at once."""
    result = fitted(draw(9), "gns")
    q, (t, n) = point(result), result.model.data.y.shape
    A, of_e, of_mu = loads(result.model, q)
    gap = result.model.data.y.ravel() - A @ (result.model.arrays.X.reshape(n * t, -1) @ result.estimate.beta)
    weighed = np.linalg.solve(of_e @ of_e.T + q[-2] * of_mu @ of_mu.T, gap)
    np.testing.assert_allclose(result.entity_effects, q[-2] * of_mu.T @ weighed, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(result.resids, of_e.T @ weighed, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(result.predict(kind="in-sample") + result.resids, result.model.data.y.ravel(), rtol=1e-9)


@quiet
@slow
def test_large_sparse_path_gives_the_same_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [("sac", "sandwich"), ("sem", "hessian")]
    want = [fitted(draw(2, n=24), model, cov) for model, cov in kinds]
    monkeypatch.setattr("gvcpos.spatial.panel.ml.logdet._SPARSE_FROM", 1)
    monkeypatch.setattr("gvcpos.spatial.panel.ml.logdet._SPARSE_DENSITY", 2.0)
    forget()
    for (model, cov), dense in zip(kinds, want, strict=True):
        got = fitted(draw(2, n=24), model, cov)
        assert got.model.error_spectrum.eigenvalues is None
        np.testing.assert_allclose(got.params, dense.params, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(got.std_errors, dense.std_errors, rtol=1e-5)
        assert got.loglik == pytest.approx(dense.loglik, rel=1e-10)
    forget()
    forget_spectra()


@quiet
def test_at_its_boundary_phi_is_zero_and_the_model_the_pooled_one() -> None:
    found = [draw(seed, phi=0.0).respecified("sem").fit() for seed in range(3)]
    zero = next(fit for fit in found if fit.estimate.at_zero)  # type: ignore[attr-defined]
    pooled = zero.model.respecified(effects="none").fit()
    np.testing.assert_allclose(zero.params.drop("phi"), pooled.params, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(zero.std_errors.drop("phi"), pooled.std_errors, rtol=1e-6)
    assert zero.loglik == pytest.approx(pooled.loglik, rel=1e-10)
    assert zero.lm_random().statistic == 0.0  # type: ignore[attr-defined]


@quiet
def test_with_much_spread_random_effects_are_the_fixed_ones() -> None:
    """phi without bound: beta and lambda of the restricted likelihood, which is what is orthogonal to the effects."""
    panel = draw(11, n=12, t=6, phi=1e6, rho=0.0).respecified("sdem")
    random, fixed = panel.fit(), panel.respecified(effects="entity").fit()
    names = list(fixed.names)
    gap = (random.params[names] - fixed.params[names]) / fixed.std_errors  # of the order of 1 / √phi
    assert gap.abs().max() < 0.01
    np.testing.assert_allclose(random.std_errors[names], fixed.std_errors[names], rtol=1e-3)


@quiet
@slow
def test_what_rests_on_a_fit() -> None:
    result = fitted(draw(13, n=14, t=5), "sdem")
    for test in (hausman(result), result.lr_random(), result.lm_random(), result.wald("sem"), *result.lm_conditional()):  # type: ignore[arg-type]
        assert np.isfinite(test.statistic), test.name
    assert hausman(result, kind="difference").statistic > 0.0
    assert result.lr_random().pvalue < 0.01
    drawn = result.bootstrap("parametric", draws=29, seed=1, studentise=False, effects=False)
    assert drawn.std_errors["x1"] == pytest.approx(result.std_errors["x1"], rel=0.8)
    lag = fitted(draw(14, n=14, t=5), "gns")
    assert np.isfinite(lag.effects()["estimate"]).all()
    assert np.isfinite(lag.lr("sdem").statistic)


@quiet
@pytest.mark.parametrize(("model", "error"), RATIO)
def test_intervals_by_the_likelihood_end_half_a_quantile_below_the_peak(model: str, error: str) -> None:
    """Dense matrices of all N T rows, the other parameters estimated anew."""
    fit = draw(21, n=8, t=4, which="error" if model == "sem" else "both").respecified(model, random_error=error).fit()
    assert isinstance(fit, RandomPanelResults)
    assert fit.by_likelihood == (model == "gns")
    ends, beta = fit.conf_int(method="likelihood"), np.eye(len(fit.estimate.beta))[1]
    held = {} if fit.model.features.lag else {0: 0.0}
    for place, name in enumerate(("rho", "lambda", "phi")):
        if name in ends.index:
            end = float(ends.loc[name, "lower" if place == 1 else "upper"])
            assert fit.loglik - highest(fit, held | {place: end}) == pytest.approx(HALF, abs=2e-3)
    assert fit.loglik - highest(fit, held, lambda rho: beta, float(ends["lower"].iloc[1])) == pytest.approx(
        HALF, abs=2e-3
    )
    if fit.model.features.lag:
        first, W = fit.model.design.variables[0], [one.dense() for one in fit.model.weights.each]  # type: ignore[attr-defined]

        def total(rho: float) -> np.ndarray:
            out, S = np.zeros(len(beta)), [np.linalg.inv(np.eye(len(w)) - rho * w) for w in W]
            out[first.own] = np.mean([s.sum() / len(s) for s in S])
            out[first.lag] = np.mean([(s @ w).sum() / len(s) for s, w in zip(S, W, strict=True)])
            return out

        end = float(fit.effects("likelihood").loc[("total", first.name), "lower"])
        assert fit.loglik - highest(fit, {}, total, end) == pytest.approx(HALF, abs=2e-3)


def test_the_log_determinant_between_many_points_is_the_one_at_each() -> None:
    panel = draw(24, n=10, t=3)
    for spectrum in (panel.spectrum, panel.error_spectrum):
        logdet, (lower, upper) = LogDeterminant(spectrum, False), spectrum.interval
        margin = 1e-7 * (upper - lower)
        at = np.linspace(lower + margin, upper - margin, 400).reshape(20, 20)
        np.testing.assert_allclose(logdet.between(at), logdet.value(at), rtol=1e-9, atol=1e-10)


@quiet
@slow
@pytest.mark.parametrize("effects", ["none", "time"])
def test_without_entity_effects_intervals_of_rho_and_lambda_are_those_of_their_profiles(effects: str) -> None:
    fit = draw(23, n=14, t=5, phi=0.0).respecified("gns", effects=effects, method="direct").fit()
    assert fit.by_likelihood
    want, got = fit.profile_intervals(), fit.conf_int()
    spectra = (fit.model.spectrum, fit.model.error_spectrum)
    for name, spectrum in zip(("rho", "lambda"), spectra, strict=True):
        ends = want.loc[name, ["lower", "upper"]].to_numpy(float)
        ends = np.where(np.isnan(ends), spectrum.interval, ends)
        np.testing.assert_allclose(got.loc[name], ends, rtol=1e-4, atol=1e-4)


@quiet
def test_where_the_likelihood_has_no_intervals_it_says_why() -> None:
    panel = draw(22)
    for model, method, why in (
        ("sdm", "lee-yu", "not defined with fixed entity effects.*no density.*profile_intervals"),
        ("sem", "lee-yu", "not available beside a spatial error.*dummies"),
        ("gns", "direct", "not available beside a spatial error.*dummies"),
    ):
        fit = panel.respecified(model, effects="entity", method=method).fit()
        assert not fit.by_likelihood
        with pytest.raises(InputError, match=f"intervals by the likelihood are {why}"):
            fit.conf_int(method="likelihood")


def simulated(model: str, draws: int, shape: tuple[int, int]) -> pd.DataFrame:
    """Bias in standard deviations and coverage of 95 % intervals, in percent."""
    names = {"x1": 1.0, "x2": -0.5, "W*x1": 0.3, "W*x2": 0.0, "rho": 0.3, "lambda": 0.4, "phi": 0.8}
    rows = []
    for seed in range(draws):
        panel = draw(1000 + seed, *shape, phi=0.8, rho=0.3 * (model in {"sac", "gns"}))
        fit = panel.respecified(model).fit()
        ends = fit.conf_int(method="normal")
        used = [name for name in fit.names if name in names]
        true = np.array([names[name] for name in used])
        inside = (ends.loc[used, "lower"] <= true) & (true <= ends.loc[used, "upper"])
        rows.append(np.stack([fit.params[used] - true, inside]))
    found = np.array(rows)
    table = {"bias": found[:, 0].mean(axis=0) / found[:, 0].std(axis=0), "covered": 100.0 * found[:, 1].mean(axis=0)}
    return pd.DataFrame(table, index=used)


@quiet
@slow
@pytest.mark.parametrize("model", ["sem", "sdem", "gns"])
def test_estimates_are_centred_and_intervals_cover(model: str) -> None:
    found = simulated(model, 100, (30, 5))
    print("\n", model, found.round(2), sep="\n")
    assert (found["bias"].abs() < 0.5).all()
    assert (found["covered"] >= 88.0).all()


def test_too_many_units_are_refused_with_what_to_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gvcpos.spatial.panel.random.period_kernel._MOST", 8)
    with pytest.raises(InputError, match=r"9 units are too many for random effects at home.*random_error='kkp'"):
        draw(1).fit()
