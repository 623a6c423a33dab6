"""Intervals and p-values by the likelihood of all parameters and effects: brute force, restricted fits, coverage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import chi2

from gvcpos._core.errors import BoundaryWarning, InputError, SizeWarning
from gvcpos.spatial import weights
from gvcpos.spatial.panel import SpatialPanel, SpatialPanelResults
from gvcpos.spatial.panel.inference.likelihood_methods import impacts
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import simulated
from tests.statistical.panel_cells import Cell, simulate

Y, X, W = simulated(seed=3, n=20, t=6)
HALF = chi2.ppf(0.95, 1) / 2


def fitted(model: str, effects: str = "entity", **options: object) -> SpatialPanelResults:
    cov_type = options.pop("cov_type", "information")
    panel = SpatialPanel.from_arrays(Y, X, W, model=model, effects=effects, **options)  # type: ignore[arg-type]
    return panel.fit(cov_type)  # type: ignore[arg-type]


def sum_of_squares(fit: SpatialPanelResults, rho: float, lam: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Filtered y, filtered X and the log-determinants at rho and lambda, entity effects taken out."""
    (T, n), Z, w = Y.shape, fit.model.arrays.X, W.dense()
    A, B = np.eye(n) - rho * w, np.eye(n) - lam * w
    v = ((Y - Y.mean(axis=0)) @ A.T @ B.T).ravel()
    filtered = np.einsum("ij,tjk->tik", B, Z - Z.mean(axis=0)).reshape(T * n, -1)
    return v, filtered, (T - 1) * (np.linalg.slogdet(A)[1] + np.linalg.slogdet(B)[1])


def held(fit: SpatialPanelResults, c: np.ndarray, value: float, rho: float, lam: float) -> float:
    """Log-likelihood at rho and lambda with c'beta held at a value: least squares under one linear restriction."""
    v, Z, logdet = sum_of_squares(fit, rho, lam)
    basis = np.linalg.svd(c[None, :])[2][1:].T  # c'basis = 0
    point = c * value / (c @ c)
    rest = v - Z @ point
    rest = rest - Z @ basis @ np.linalg.lstsq(Z @ basis, rest, rcond=None)[0]
    n = Y.size - Y.shape[1]
    return float(-n / 2 * (np.log(2 * np.pi) + 1 + np.log(rest @ rest / n)) + logdet)


def highest(fit: SpatialPanelResults, weigh, value: float) -> float:  # type: ignore[no-untyped-def]
    """The likelihood where an effect, weigh(rho)'beta, is held, rho and lambda estimated anew from many starts."""

    def down(p: np.ndarray) -> float:
        rho, lam = np.tanh(p)
        return -held(fit, weigh(rho), value, rho, lam)

    starts = [(a, b) for a in (-0.5, 0.1, 0.6) for b in (-0.5, 0.1, 0.6)]
    best = [minimize(down, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9}) for start in starts]
    return -min(one.fun for one in best)


def effect(kind: str, k: int, own: int, lag: int | None):  # type: ignore[no-untyped-def]
    """Weights of the coefficients in an effect, by a dense inverse."""

    def weigh(rho: float) -> np.ndarray:
        S, out = np.linalg.inv(np.eye(len(W.ids)) - rho * W.dense()), np.zeros(k)
        for place, M in ((own, S), (lag, S @ W.dense())):
            if place is not None:
                direct, total = np.trace(M) / len(S), M.sum() / len(S)
                out[place] = {"direct": direct, "total": total, "indirect": total - direct}[kind]
        return out

    return weigh


@pytest.mark.parametrize("model", ["sac", "gns"])
def test_at_its_ends_the_likelihood_is_half_a_quantile_below_the_peak(model: str) -> None:
    """Coefficients and effects, against a search over rho and lambda with the value held."""
    fit = fitted(model)
    ends, k = fit.conf_int(), len(fit.estimate.beta)
    for name in fit.model.regressors[-1:]:
        c = np.eye(k)[list(fit.names).index(name)]
        for end in ends.loc[name]:
            assert fit.loglik - highest(fit, lambda rho, c=c: c, end) == pytest.approx(HALF, abs=2e-4)
    frame, first = fit.effects(), fit.model.design.variables[0]
    for kind in ("direct", "indirect", "total"):
        weigh, end = effect(kind, k, first.own, first.lag), frame.loc[(kind, first.name), "upper"]
        assert fit.loglik - highest(fit, weigh, float(end)) == pytest.approx(HALF, abs=2e-4)


def test_pvalues_are_those_of_restricted_fits() -> None:
    sac = fitted("sac")
    assert sac.pvalues["rho"] == pytest.approx(sac.lr("sem").pvalue, rel=1e-4)
    assert sac.pvalues["lambda"] == pytest.approx(sac.lr("sar").pvalue, rel=1e-4)
    without = SpatialPanel.from_arrays(Y, X[:, :, :1], W, model="sac", effects="entity").fit()
    ratio = 2 * (sac.loglik - without.loglik)
    name = sac.model.regressors[1]
    assert sac.pvalues[name] == pytest.approx(chi2.sf(ratio, 1), rel=1e-4)
    # without a lag of x, an indirect effect is zero where the coefficient is, or rho
    frame = sac.effects()
    either = max(chi2.sf(ratio, 1), sac.pvalues["rho"])
    assert frame.loc[("indirect", sac.model.design.variables[1].name), "pvalue"] == pytest.approx(either, rel=1e-4)
    assert frame.loc[("direct", sac.model.design.variables[1].name), "pvalue"] == pytest.approx(
        chi2.sf(ratio, 1), rel=1e-3
    )


@pytest.mark.parametrize("model", ["sac", "gns"])
def test_an_interval_holds_zero_where_its_pvalue_is_above_the_level(model: str) -> None:
    fit = fitted(model)
    for ends, p in (
        (fit.conf_int(), fit.pvalues),
        (fit.effects()[["lower", "upper"]], fit.effects()["pvalue"]),
    ):
        inside = (ends["lower"] <= 0) & (ends["upper"] >= 0)
        clear = (p - 0.05).abs() > 1e-4
        assert (inside == (p > 0.05))[clear].all()


def test_rho_and_lambda_have_the_ends_of_their_profiles() -> None:
    for model in ("sac", "gns", "sar", "sdem"):
        fit = fitted(model)
        want = fit.profile_intervals()[["lower", "upper"]]
        got = fit.conf_int(method="likelihood").loc[want.index]
        np.testing.assert_allclose(got, want, atol=3e-5)
        assert (got["lower"] < fit.params[got.index]).all()


def test_without_a_spatial_parameter_it_is_nearly_the_normal_interval() -> None:
    """The ratio of a linear regression: b ± s √(n (exp(χ²/n) − 1)), exactly."""
    fit = fitted("slx")
    n = fit.nobs_effective
    half = fit.std_errors * np.sqrt(n * np.expm1(2 * HALF / n))
    got = fit.conf_int(method="likelihood")
    np.testing.assert_allclose(got["upper"], fit.params + half, rtol=1e-7)
    np.testing.assert_allclose(got["lower"], fit.params - half, rtol=1e-7)
    delta, ratio = fit.effects("delta"), fit.effects("likelihood")
    np.testing.assert_allclose(
        (ratio["upper"] - ratio["estimate"]), delta["std_error"] * half.iloc[0] / fit.std_errors.iloc[0], rtol=1e-6
    )


def test_it_is_the_default_of_sac_and_gns_alone() -> None:
    for model in ("slx", "sar", "sem", "sdm", "sdem"):
        fit = fitted(model)
        assert not fit.by_likelihood
        pd.testing.assert_frame_equal(fit.conf_int(), fit.conf_int(method="normal"))
        if model != "sar":
            pd.testing.assert_frame_equal(fit.effects(), fit.effects("delta"))
    for model in ("sac", "gns"):
        fit = fitted(model)
        assert fit.by_likelihood
        pd.testing.assert_frame_equal(fit.conf_int(), fit.conf_int(method="likelihood"))
        pd.testing.assert_frame_equal(fit.effects(), fit.effects("likelihood"))
        assert fit.effects().attrs["errors"] == "likelihood"
        np.testing.assert_array_equal(fit.effects()["std_error"], fit.effects("delta")["std_error"])
        np.testing.assert_array_equal(fit.to_frame()["upper"], fit.conf_int()["upper"])
        robust = fitted(model, cov_type="sandwich")
        assert not robust.by_likelihood
        half = chi2.ppf(0.95, 1) ** 0.5 * robust.std_errors
        np.testing.assert_allclose(robust.conf_int()["upper"], robust.params + half)
    assert "likelihood ratio" in fitted("gns").summary
    assert "likelihood ratio" not in fitted("sdm").summary


def test_effects_of_sar_have_errors_of_the_delta_method_and_intervals_from_draws() -> None:
    """An indirect effect of SAR is a product, and skewed."""
    fit = fitted("sar")
    found, delta, drawn = fit.effects(), fit.effects("delta"), fit.effects("simulation")
    ends = ["lower", "upper"]
    pd.testing.assert_frame_equal(found.drop(columns=ends), delta.drop(columns=ends))
    pd.testing.assert_frame_equal(found[ends], drawn[ends])
    assert found.attrs["errors"] == "delta"
    assert found.attrs["intervals"] == "simulation"
    assert found.attrs["draws"] == 1000
    again = fit.effects(draws=200, seed=3, level=0.9)[ends]
    pd.testing.assert_frame_equal(again, fit.effects("simulation", draws=200, seed=3, level=0.9)[ends])
    above = (found["upper"] - found["estimate"]).loc["indirect"]
    below = (found["estimate"] - found["lower"]).loc["indirect"]
    assert (np.maximum(above, below) > 1.05 * np.minimum(above, below)).all()


def test_effects_of_sar_at_the_edge_keep_the_delta_methods_intervals() -> None:
    """Draws that stay inside the interval of rho would leave out the estimate itself."""
    rng = np.random.default_rng(0)
    ring = np.roll(np.eye(20), 1, axis=1)
    W = Weights.from_dense([f"u{i:02d}" for i in range(20)], (ring + ring.T) / 2)
    wave = np.cos(2.0 * np.pi * np.arange(20) / 20)  # whose neighbours' mean is 0.95 of it
    y = 1e3 * rng.normal(size=(4, 1)) * wave + rng.normal(size=(4, 20))
    panel = SpatialPanel.from_arrays(y, rng.normal(size=(4, 20, 1)), W, model="sar", effects="twoway")
    with pytest.warns(BoundaryWarning, match="at the edge"):
        fit = panel.fit()
    with pytest.warns(BoundaryWarning, match="draws of rho"):
        fit.effects("simulation")
    found = fit.effects()
    assert fit.params["rho"] > 0.97
    pd.testing.assert_frame_equal(found, fit.effects("delta"))
    assert "intervals" not in found.attrs


def test_units_and_order_change_nothing() -> None:
    """x in other units moves its own rows alone, and shuffled units nothing."""
    plain = fitted("gns")
    scaled = SpatialPanel.from_arrays(Y, X * [1000.0, 1.0], W, model="gns", effects="entity").fit()
    factor = pd.Series(1.0, index=list(plain.names))
    factor[[plain.model.regressors[0], plain.model.regressors[2]]] = 1e-3
    np.testing.assert_allclose(scaled.conf_int()["lower"], plain.conf_int()["lower"] * factor, rtol=1e-4, atol=1e-9)
    order = np.random.default_rng(1).permutation(len(W.ids))
    mixed = Weights.from_dense([W.ids[i] for i in order], W.dense()[np.ix_(order, order)])
    other = SpatialPanel.from_arrays(Y[:, order], X[:, order], mixed, model="gns", effects="entity").fit()
    np.testing.assert_allclose(other.effects()["upper"], plain.effects()["upper"], rtol=1e-5)


def test_weights_of_one_regressor_are_its_own() -> None:
    """Effects at given rho, from the combinations and from the frame."""
    near = weights.Weights.from_dense(list(W.ids), np.roll(np.eye(len(W.ids)), 1, axis=1))
    panel = SpatialPanel.from_arrays(Y, X, W, model="gns", effects="entity", x_weights={"x1": near})
    fit = panel.fit()
    what, rho = impacts(fit), fit.params["rho"]
    a, b = what.weigh(np.array([[rho, 0.1]]))
    beta = fit.estimate.beta
    found = a[:, 0] * beta[what.own] + b[:, 0] * beta[what.lag]
    np.testing.assert_allclose(found, fit.effects("delta")["estimate"], rtol=1e-9)
    each = what.weigh(np.tile([[rho, 0.1]], (len(what), 1)))
    np.testing.assert_allclose(each[0], a, rtol=1e-12)
    np.testing.assert_allclose(each[1], b, rtol=1e-12)


def test_an_effect_has_no_bound_where_the_end_of_rho_is_not_refused() -> None:
    """With time effects log(1 − rho) is gone, and little is learnt of rho from thirty numbers."""
    y, x, w = simulated(seed=2, n=10, t=3)
    fit = SpatialPanel.from_arrays(y, x, w, model="sac", effects="twoway").fit()
    ends, frame = fit.conf_int(0.999999), fit.effects(level=0.999999)
    assert ends.loc["rho", "upper"] == pytest.approx(fit.model.spectrum.interval[1], abs=1e-6)
    first, second = frame.loc[("total", "x1")], frame.loc[("total", "x2")]
    assert 0.0 < first["lower"] < first["estimate"]
    assert first["upper"] == second["upper"] == -second["lower"] == np.inf
    assert np.isfinite(ends.drop("rho")).all(axis=None)
    assert np.isfinite(fit.effects(level=0.5)[["lower", "upper"]]).all(axis=None)


def test_what_is_not_defined_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="method='profile' is not known"):
        fitted("gns").conf_int(method="profile")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="level=95"):
        fitted("gns").conf_int(95)


def test_wald_tests_within_sac_and_gns_draw_samples_under_the_null() -> None:
    gns = fitted("gns")
    test = gns.wald("sdem", draws=39, seed=1)
    assert test == gns.wald("sdem", draws=39, seed=1)
    assert test.distribution == "39 samples drawn under the null"
    assert (test.pvalue * 40) == pytest.approx(round(test.pvalue * 40))
    with pytest.warns(SizeWarning, match="8 to 21 %"):
        plain = gns.wald("sdem", draws=0)
    assert plain.statistic == pytest.approx(gns.tstats["rho"] ** 2)
    assert f"At the estimate the statistic is {plain.statistic:.4f}" in test.note
    assert plain.pvalue == chi2.sf(plain.statistic, 1)
    assert plain.note
    with pytest.raises(InputError, match="restrictions to zero"):
        fitted("sdm").wald("sem", draws=39)
    own = np.roll(np.eye(len(W.ids)), 1, axis=1)
    apart = fitted("gns", error_weights=Weights.from_dense(list(W.ids), own))
    assert apart.wald("sdem").distribution == "chi2(1)"
    sac = fitted("sac")
    assert sac.wald("sem").distribution == "199 samples drawn under the null"
    with pytest.warns(SizeWarning, match="a sac model .* up to 8 %"):
        assert sac.wald("sem", draws=0).distribution == "chi2(1)"


def shares(cell: Cell, draws: int) -> pd.DataFrame:
    """Share of intervals that hold the truth, by the default and by standard errors."""
    found = []
    for number in range(draws):
        fit = simulate(cell, number).fit()
        truth = {"rho": cell.rho, "lambda": cell.lam, "W*x1": 0.3, "W*x2": -0.2}
        for way in ("likelihood", "normal"):
            ends = fit.conf_int(method=way).loc[list(truth)]  # type: ignore[arg-type]
            inside = (ends["lower"] <= list(truth.values())) & (ends["upper"] >= list(truth.values()))
            found.append(inside.rename(way))
    return pd.concat(found, axis=1).T.groupby(level=0).mean()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::gvcpos._core.errors.GvcposWarning")
@pytest.mark.parametrize("years", [15, 5])
def test_it_covers_where_standard_errors_do_not(years: int) -> None:
    found = shares(Cell("fit", "gns", "twoway", years), 300)
    assert (found.loc["likelihood"] > 0.95 - 4 * (0.95 * 0.05 / 300) ** 0.5).all()
    assert found.loc["normal", "rho"] < 0.9
