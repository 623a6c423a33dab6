"""Likelihood-ratio intervals of rho and lambda: by brute force, against restricted fits, and their coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel import SpatialPanel, SpatialPanelResults
from gvcpos.spatial.panel.inference.profile import Profile, interval
from tests.spatial.panel.munnell import simulated
from tests.statistical.panel_cells import Cell, simulate

Y, X, W = simulated(seed=3, n=20, t=6)


def panel(model: str, effects: str = "entity") -> SpatialPanel:
    return SpatialPanel.from_arrays(Y, X, W, model=model, effects=effects)  # type: ignore[arg-type]


def concentrated(fit: SpatialPanelResults, rho: float, lam: float) -> float:
    """Log-likelihood at given rho and lambda, entity effects taken out by brute force."""
    (T, n), Z, w = Y.shape, fit.model.arrays.X, W.dense()
    A, B = np.eye(n) - rho * w, np.eye(n) - lam * w
    v = ((Y - Y.mean(axis=0)) @ A.T @ B.T).ravel()
    filtered = np.einsum("ij,tjk->tik", B, Z - Z.mean(axis=0)).reshape(T * n, -1)
    rest = v - filtered @ np.linalg.lstsq(filtered, v, rcond=None)[0]
    nobs = n * (T - 1)
    logdet = (T - 1) * (np.linalg.slogdet(A)[1] + np.linalg.slogdet(B)[1])
    return float(-nobs / 2 * (np.log(2 * np.pi) + 1 + np.log(rest @ rest / nobs)) + logdet)


@pytest.mark.parametrize("model", ["sar", "sem", "sdm"])
def test_at_its_ends_the_likelihood_is_half_a_quantile_below_the_peak(model: str) -> None:
    fit = panel(model).fit()
    found = fit.profile_intervals(0.9)
    drop = chi2.ppf(0.9, 1) / 2
    for name, row in found.iterrows():
        assert row["lower"] < row["estimate"] == fit.params[name] < row["upper"]
        for end in (row["lower"], row["upper"]):
            at = (end, 0.0) if name == "rho" else (0.0, end)
            assert fit.loglik - concentrated(fit, *at) == pytest.approx(drop, abs=1e-6)


def test_with_two_parameters_the_other_is_estimated_anew() -> None:
    fit = panel("sac").fit()
    found = fit.profile_intervals()
    grid = np.linspace(-0.99, 0.99, 400)
    for end in found.loc["rho", ["lower", "upper"]]:
        best = max(concentrated(fit, end, lam) for lam in grid)
        assert fit.loglik - best == pytest.approx(chi2.ppf(0.95, 1) / 2, abs=1e-3)


def test_a_longer_interval_holds_a_shorter_one() -> None:
    fit = panel("sac").fit()
    short, long = fit.profile_intervals(0.5), fit.profile_intervals(0.9)
    assert (long["lower"] < short["lower"]).all()
    assert (long["upper"] > short["upper"]).all()


def test_an_end_that_is_not_refused_is_missing_and_hills_are_spanned() -> None:
    grid = np.linspace(-1.0, 1.0, 41)
    for shape, lower, upper in (
        (lambda r: 0.0 * r, np.nan, np.nan),
        (lambda r: -50.0 * np.minimum((r - 0.5) ** 2, (r + 0.5) ** 2), -0.5 - 0.196, 0.5 + 0.196),
        (lambda r: -50.0 * np.maximum(0.0, 0.5 - r) ** 2, 0.5 - 0.196, np.nan),
    ):
        found = interval(Profile(shape, grid, shape(grid)), 0.5, 0.0, 0.95)
        np.testing.assert_allclose(found, (lower, upper), atol=1e-4)


def test_what_is_not_defined_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="slx model has neither"):
        panel("slx").fit().profile_intervals()
    with pytest.raises(InputError, match="level=95"):
        panel("sar").fit().profile_intervals(95)


def covered(cell: Cell, draws: int) -> tuple[float, float]:
    """Share of draws in which rho's interval holds the truth: by standard error and by the likelihood."""
    wald, ratio = [], []
    for number in range(draws):
        fit = simulate(cell, number).fit()
        low, high = fit.conf_int(method="normal").loc["rho"]
        wald.append(low <= cell.rho <= high)
        low, high = fit.profile_intervals().loc["rho", ["lower", "upper"]]
        ratio.append((np.isnan(low) or low <= cell.rho) and (np.isnan(high) or cell.rho <= high))
    return float(np.mean(wald)), float(np.mean(ratio))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::gvcpos._core.errors.GvcposWarning")
@pytest.mark.parametrize(
    ("model", "effects", "years"), [("gns", "twoway", 15), ("sac", "none", 15), ("sdm", "twoway", 5)]
)
def test_it_covers_where_standard_errors_do_not(model: str, effects: str, years: int) -> None:
    wald, ratio = covered(Cell("fit", model, effects, years), 600)
    assert abs(ratio - 0.95) < 4 * (0.95 * 0.05 / 600) ** 0.5
    if model == "gns":
        assert wald < 0.9
