"""Intervals with random effects: by the likelihood in sac and gns, of phi everywhere, against dense matrices."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import chi2

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.random.estimation import columns
from gvcpos.spatial.panel.random.likelihood import RandomLikelihood, random_likelihood
from gvcpos.spatial.panel.random.results import RandomPanelResults
from gvcpos.spatial.panel.random.slices import sliced, tabled
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.random_panels import blocks, draw, sigma
from tests.statistical.panel_cells import Cell, simulate

HALF = chi2.ppf(0.95, 1) / 2


@lru_cache(maxsize=32)
def fitted(model: str, error: str, cov_type: str = "information", seed: int = 1) -> RandomPanelResults:
    panel = draw(seed, n=15, t=5, kkp=error == "kkp").respecified(model=model, random_error=error)
    found = panel.fit(cov_type)
    assert isinstance(found, RandomPanelResults)
    return found


def dense(fit: RandomPanelResults, at: np.ndarray, c: np.ndarray | None = None, value: float = 0.0) -> float:
    """Log-likelihood at (rho, lambda, phi), beta and sigma2 concentrated out of one normal distribution.

    With `c` the coefficients keep to c'beta = value.
    """
    panel, k = fit.model, len(fit.estimate.beta)
    rho, lam, phi = at
    spatial = [rho] * panel.features.lag + [lam] * panel.features.error
    _, V = sigma(panel, np.concatenate([np.zeros(k), spatial, [phi, 1.0]]))
    A = np.linalg.inv(np.eye(len(V)) - rho * blocks(panel.weights, len(panel.data.y)))
    X = A @ panel.arrays.X.reshape(-1, k)
    L = np.linalg.cholesky(V)
    y, Z = np.linalg.solve(L, panel.data.y.ravel()), np.linalg.solve(L, X)
    if c is not None:
        y = y - Z @ c * value / (c @ c)
        Z = Z @ np.linalg.svd(c[None, :])[2][1:].T
    rest = y - Z @ np.linalg.lstsq(Z, y, rcond=None)[0]
    n = y.size
    return float(-n / 2 * (np.log(2 * np.pi) + 1 + np.log(rest @ rest / n)) - np.log(np.diag(L)).sum())


def highest(fit: RandomPanelResults, held: dict[int, float], weigh=None, value: float = 0.0) -> float:  # type: ignore[no-untyped-def]
    """The dense likelihood with some of (rho, lambda, phi), or weigh(rho)'beta, held and the rest estimated anew."""
    free = [i for i in range(3) if i not in held]
    start = np.array([fit.estimate.rho, fit.estimate.lam, fit.estimate.phi])

    def down(p: np.ndarray) -> float:
        at = start.copy()
        at[free] = p
        at[list(held)] = list(held.values())
        at[2] = abs(at[2])
        (a, b), (c, d) = fit.model.spectrum.interval, fit.model.arrays.error_spectrum.interval
        if not (a < at[0] < b and c < at[1] < d):
            return 1e9
        return -dense(fit, at, None if weigh is None else weigh(at[0]), value)

    if not free:
        return -down(np.zeros(0))
    return -float(minimize(down, start[free], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8}).fun)


@pytest.mark.parametrize(("model", "error"), [("sac", "baltagi"), pytest.param("gns", "kkp", marks=pytest.mark.slow)])
def test_at_its_ends_the_normal_likelihood_is_half_a_quantile_below_the_peak(model: str, error: str) -> None:
    fit = fitted(model, error)
    assert dense(fit, np.array([fit.estimate.rho, fit.estimate.lam, fit.estimate.phi])) == pytest.approx(fit.loglik)
    ends, k = fit.conf_int(), len(fit.estimate.beta)
    for place, name in enumerate(("rho", "lambda", "phi")):
        end = float(ends.loc[name, "lower" if place == 1 else "upper"])
        assert fit.loglik - highest(fit, {place: end}) == pytest.approx(HALF, abs=1e-3)
    c = np.eye(k)[k - 1]
    end = float(ends["upper"].iloc[k - 1])
    assert fit.loglik - highest(fit, {}, lambda rho: c, end) == pytest.approx(HALF, abs=1e-3)
    first, W = fit.model.design.variables[0], fit.model.weights.dense()

    def total(rho: float) -> np.ndarray:
        S, out = np.linalg.inv(np.eye(len(W)) - rho * W), np.zeros(k)
        for at, M in ((first.own, S), (first.lag, S @ W)):
            if at is not None:
                out[at] = M.sum() / len(W)
        return out

    end = float(fit.effects().loc[("total", first.name), "lower"])
    assert fit.loglik - highest(fit, {}, total, end) == pytest.approx(HALF, abs=1e-3)


def test_interpolated_products_are_those_of_the_kernel() -> None:
    panel = draw(3).respecified(model="gns", random_error="baltagi")
    likelihood = random_likelihood(panel.arrays, columns(panel.arrays), panel.features, kkp=False)
    assert isinstance(likelihood, RandomLikelihood)
    table = tabled(likelihood, (-0.3, 0.6), (0.2, 1.9))
    rng = np.random.default_rng(0)
    lam, root = rng.uniform(-0.3, 0.6, 40), rng.uniform(0.2, 1.9, 40)
    for got, want in zip(table.products(lam, root), sliced(likelihood, lam, root), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6 * np.abs(want).max())
    for one, r in zip(lam[:5], root[:5], strict=True):
        kernel = likelihood.kernels.at(one, np.expm1(r**2) / 4)
        C, rest = sliced(likelihood, np.array(one), np.array(r))
        np.testing.assert_allclose(C, likelihood._cross(kernel).value, rtol=1e-9, atol=1e-9)
        assert rest == pytest.approx(-0.5 * kernel.logdet)
    assert table.near((0.0, 0.5), (0.3, 1.0)) is table
    assert table.near((0.0, 0.7), (0.3, 1.0)) is not table


@pytest.mark.parametrize(("model", "error"), [("sac", "kkp"), ("gns", "baltagi")])
def test_the_likelihood_ratio_is_the_default_of_sac_and_gns(model: str, error: str) -> None:
    fit = fitted(model, error)
    assert fit.by_likelihood
    ends, frame, normal = fit.conf_int(), fit.effects(), fit.conf_int(method="normal")
    assert frame.attrs["errors"] == "likelihood"
    assert list(ends.index) == list(fit.names) == list(fit.pvalues.index)
    assert ((ends["lower"] < fit.params) & (fit.params < ends["upper"])).all()
    assert ends.loc["phi", "lower"] > 0.0
    assert (np.abs(ends - normal).to_numpy() < 3.0 * fit.std_errors.to_numpy()[:, None]).all()
    np.testing.assert_array_equal(frame["std_error"], fit.effects("delta")["std_error"])
    assert "likelihood ratio" in fit.summary
    assert not fitted(model, error, "sandwich").by_likelihood
    found = fit.profile_intervals()
    np.testing.assert_array_equal(found[["lower", "upper"]], ends.loc[["rho", "lambda", "phi"]])


def test_pvalues_are_those_of_restricted_fits() -> None:
    fit = fitted("sac", "baltagi")
    assert fit.pvalues["rho"] == pytest.approx(fit.lr("sem").pvalue, rel=1e-3)
    assert fit.pvalues["phi"] == pytest.approx(fit.lr_random().pvalue, rel=1e-3)
    sar = fit.model.respecified(model="sar").fit()
    assert fit.pvalues["lambda"] == pytest.approx(chi2.sf(2 * (fit.loglik - sar.loglik), 1), rel=1e-3)
    inside = (fit.conf_int()["lower"] <= 0) & (fit.conf_int()["upper"] >= 0)
    assert (inside == (fit.pvalues > 0.05)).drop("phi").all()


def test_units_and_order_change_nothing() -> None:
    fit = fitted("gns", "baltagi")
    order = np.random.default_rng(1).permutation(fit.model.weights.n)

    def mixed(W: Weights) -> Weights:
        return Weights.from_dense([W.ids[i] for i in order], W.dense()[np.ix_(order, order)])

    other = SpatialPanel.from_arrays(
        1000.0 * fit.model.data.y[:, order], draw(1, n=15, t=5).data.X[:, order], mixed(fit.model.weights),
        error_weights=mixed(fit.model.error_weights), model="gns", effects="random", random_error="baltagi",
    ).fit()  # fmt: skip
    np.testing.assert_allclose(other.effects()["upper"], 1000.0 * fit.effects()["upper"], rtol=1e-4)
    spatial = ["rho", "lambda", "phi"]
    np.testing.assert_allclose(other.conf_int().loc[spatial], fit.conf_int().loc[spatial], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("model", ["slx", "sar", "sem", "sdm", "sdem"])
def test_elsewhere_phi_is_as_far_below_as_above_in_logarithms(model: str) -> None:
    fit = fitted(model, "kkp" if model in {"sem", "sdem"} else "baltagi")
    assert not fit.by_likelihood
    low, high = fit.conf_int().loc["phi"]
    assert low * high == pytest.approx(fit.params["phi"] ** 2)
    assert np.log(high / low) == pytest.approx(2 * (2 * HALF) ** 0.5 * fit.std_errors["phi"] / fit.params["phi"])
    assert low > 0.0
    ratio = fit.conf_int(method="likelihood").loc["phi"]
    np.testing.assert_allclose(np.log(ratio), np.log([low, high]), atol=0.35)
    np.testing.assert_allclose(fit.profile_intervals().loc["phi", ["lower", "upper"]], ratio)


@pytest.mark.filterwarnings("ignore::gvcpos._core.errors.BoundaryWarning")
@pytest.mark.parametrize("model", ["slx", "sem", pytest.param("gns", marks=pytest.mark.slow)])
def test_at_its_boundary_phi_begins_at_zero(model: str) -> None:
    """A panel whose means vary less than its deviations: phi = 0; the upper end is where the likelihood says."""
    panel = draw(1, n=15, t=5, phi=0.0).respecified(model=model)
    fit = next(f for s in range(20) if (f := with_y(panel, s).fit()).estimate.at_zero)
    assert isinstance(fit, RandomPanelResults)
    low, high = fit.conf_int().loc["phi"]
    assert low == 0.0
    assert fit.loglik - highest(fit, held_at(fit, high)) == pytest.approx(HALF, abs=1e-3)
    np.testing.assert_allclose(fit.conf_int(method="normal").loc["phi"], (0.0, high))
    np.testing.assert_allclose(fit.profile_intervals().loc["phi", ["lower", "upper"]], (0.0, high))
    if fit.by_likelihood:
        assert fit.pvalues["phi"] == 1.0 == fit.lr_random().pvalue
    low, high = fit.model.fit("sandwich").conf_int().loc["phi"]
    assert low == 0.0
    assert np.isnan(high)


def with_y(panel: SpatialPanel, seed: int) -> SpatialPanel:
    """The panel with other innovations and no random effects."""
    e = np.random.default_rng(seed).normal(size=panel.data.y.shape)
    y = 1.0 + panel.data.X @ [1.0, -0.5] + e
    return SpatialPanel.from_arrays(y, panel.data.X, panel.weights, model=panel.model, effects="random")


def held_at(fit: RandomPanelResults, phi: float) -> dict[int, float]:
    """phi, and what the model has not."""
    absent = {0: fit.model.features.lag, 1: fit.model.features.error}
    return {place: 0.0 for place, there in absent.items() if not there} | {2: phi}


def test_what_is_not_defined_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="level=95"):
        fitted("sac", "kkp").profile_intervals(95)
    with pytest.raises(InputError, match="level=95"):
        fitted("sac", "kkp").conf_int(95)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::gvcpos._core.errors.GvcposWarning")
@pytest.mark.parametrize("error", ["baltagi", "kkp"])
def test_it_covers_where_standard_errors_do_not(error: str) -> None:
    """rho, lambda and phi of gns by default, and phi of sdem; T = 5."""
    hits = []
    for number in range(150):
        gns, sdem = (simulate(Cell("fit", model, error, 5), number).fit() for model in ("gns", "sdem"))
        right = {"rho": 0.4, "lambda": 0.3, "phi": 1.0}
        ends = pd.DataFrame(gns.spatial_ends(), index=["lower", "upper"]).T.loc[list(right)]
        low, high = sdem.conf_int().loc["phi"]
        inside = (ends["lower"] <= list(right.values())) & (ends["upper"] >= list(right.values()))
        hits.append([*inside, low <= 1.0 <= high])
    assert (np.mean(hits, axis=0) > 0.95 - 4 * (0.95 * 0.05 / 150) ** 0.5).all()
