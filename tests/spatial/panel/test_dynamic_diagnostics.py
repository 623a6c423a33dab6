"""What dynamic panels say of themselves: tests of innovations, influence, comparison and export."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import gvcpos as gp
from gvcpos._core.errors import InputError, StabilityWarning
from gvcpos.spatial.panel import DynamicSpatialPanel, compare
from gvcpos.spatial.panel.diagnostics.cross_section import cd, cd_local
from gvcpos.spatial.panel.diagnostics.influence import changes
from gvcpos.spatial.panel.diagnostics.serial import serial_lm
from gvcpos.spatial.panel.dynamics.diagnostics import without
from gvcpos.spatial.panel.dynamics.serial import durbin
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.dynamics import BURN_IN, Truth, dynamic_panel, made
from tests.spatial.panel.test_dynamic import panel


def autocorrelated(rng: np.random.Generator, W: Weights, t: int, phi: float) -> tuple[np.ndarray, np.ndarray]:
    """A world like `dynamic_panel` without time effects, whose innovations are AR(1)."""
    n, dense, truth = W.n, W.dense(), Truth()
    inverse, mu = np.linalg.inv(np.eye(n) - truth.rho * dense), rng.normal(size=n)
    x, e = rng.normal(size=(BURN_IN + t + 1, n)) + 0.5 * mu, rng.normal(size=(BURN_IN + t + 1, n))
    y = np.zeros_like(x)
    for s in range(1, len(x)):
        e[s] += phi * e[s - 1]
        push = truth.beta * x[s] + truth.theta * dense @ x[s] + mu + e[s]
        y[s] = inverse @ (truth.tau * y[s - 1] + truth.eta * dense @ y[s - 1] + push)
    return y[BURN_IN:], x[BURN_IN:, :, None]


def rejections(phi: float, draws: int, t: int, correction: str, seed: int = 1) -> tuple[float, float]:
    """Shares rejected at 5 % by Durbin's test and by the static one."""
    W, rng, found = made(50), np.random.default_rng(seed), []
    for _ in range(draws):
        y, X = autocorrelated(rng, W, t, phi)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", StabilityWarning)
            result = DynamicSpatialPanel.from_arrays(y, X, W, effects="entity").fit(correction=correction)  # type: ignore[arg-type]
        static = serial_lm(result.estimate.resids, result.model.transformation)
        found.append((result.serial_correlation().pvalue < 0.05, static.pvalue < 0.05))
    return tuple(np.mean(found, axis=0).tolist())  # type: ignore[return-value]


def test_serial_correlation_is_found_where_the_static_test_is_blind() -> None:
    size, static_size = rejections(0.0, 80, 15, "asymptotic")
    assert size < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 80)
    assert static_size <= size
    power, static_power = rejections(0.15, 30, 15, "asymptotic")
    assert power > 0.6
    assert power >= static_power


@pytest.mark.slow
@pytest.mark.parametrize(("t", "correction"), [(15, "finite"), (15, "asymptotic"), (30, "asymptotic")])
def test_size_of_durbins_test(t: int, correction: str) -> None:
    size, static_size = rejections(0.0, 500, t, correction, seed=3)
    assert abs(size - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 500)
    assert static_size < 0.04


def test_durbins_h_in_a_regression() -> None:
    """One unit's worth of theory: without space, effects and regressors it is Durbin's h, r² T / (1 − T V)."""
    W = made(40)
    y, X = dynamic_panel(np.random.default_rng(4), W, 20, Truth(rho=0.0, eta=0.0, theta=0.0), time=False)
    result = DynamicSpatialPanel.from_arrays(y, X, W, model="slx", dynamic="time", effects="none").fit(
        correction="none"
    )
    e, pieces = result.estimate.resids, result.estimate.pieces
    before = pieces.X.reshape(20, 40, -1)
    s2 = float((e**2).mean())
    crossed = np.einsum("tnj,tn->j", before[1:], e[:-1]) + np.einsum("tnj,tn->j", before[:-1], e[1:])
    left = 40 * 19 - crossed @ result.cov.to_numpy() @ crossed / s2**2
    want = ((e[1:] * e[:-1]).sum() / s2) ** 2 / left
    assert durbin(pieces, result.cov.to_numpy()).statistic == pytest.approx(want, rel=1e-6)


def test_cross_section_and_years() -> None:
    result = panel(n=20, t=12, effects="entity").fit()
    e, W = result.estimate.resids, result.model.weights
    found = {test.name: test for test in result.cross_section()}
    assert found["cd"] == cd(e)
    r, pairs = np.corrcoef(e.T), np.triu(np.ones((20, 20)), 1) > 0
    assert found["cd"].statistic == pytest.approx(np.sqrt(2 * 11 / (20 * 19)) * r[pairs].sum())
    near = ((W.dense() + W.dense().T) > 0) & pairs
    assert found["cd_local"].statistic == pytest.approx(np.sqrt(11 / near.sum()) * r[near].sum())
    assert found["cd_local"].statistic == cd_local(e, W.matrix).statistic
    frame = result.moran_by_year(permutations=99, seed=1)
    year = e[4] - e[4].mean()
    assert frame["I"][4] == pytest.approx(20 / W.matrix.sum() * (year @ (W.matrix @ year)) / (year @ year))
    tests = result.diagnostics(unit_roots=False)
    assert [name for name in tests.index if name.startswith("moran_")] == [f"moran_{t}" for t in range(1, 13)]
    np.testing.assert_allclose(tests.loc["moran_1":"moran_12", "statistic"], frame["z_rand"])  # type: ignore[misc]


def test_all_diagnostics_in_one_frame() -> None:
    result = panel(n=20, t=12).fit()
    frame = result.diagnostics()
    expected = {"wald_tau", "wald_eta", "wald_tau_eta", "stability", "wald_unit_sum", "cd", "cd_lm", "cd_local"}
    assert expected | {"moran", "serial_durbin", "jarque_bera", "vif", "cips_y", "cips_x1"} <= set(frame.index)
    assert frame.index.is_unique
    assert frame.loc["wald_tau_eta", "statistic"] == pytest.approx(result.wald(["tau", "eta"]).statistic)
    assert frame.loc["stability", "statistic"] == result.stability.radius
    assert "time effects make residuals sum to zero" in frame.loc["cd", "sentence"]
    assert frame.loc["vif", "statistic"] == result.vif().max()
    Z = result.model.transformation.within(result.model.design.X).reshape(-1, 4)
    assert list(result.vif().index) == ["x1", "W*x1", "tau", "eta"]
    np.testing.assert_allclose(result.vif(), np.diag(np.linalg.inv(np.corrcoef(Z.T))), rtol=1e-6)
    none = panel(n=20, t=12, dynamic="none", model="slx").fit().diagnostics(unit_roots=False)
    assert "no dynamics" in none.loc["stability", "sentence"]
    short = panel(n=20, t=3).fit(correction="none").diagnostics(unit_roots=False)
    assert "at least four periods" in short.loc["serial_durbin", "sentence"]


@pytest.mark.parametrize("model", ["sdm", "sem"])
def test_influence_is_the_fit_without_the_unit(model: str) -> None:
    own = {"error_weights": made(24, 3)} if model == "sem" else {}
    result = panel(seed=2, n=24, t=16, model=model, **own).fit()
    exact, quick = result.influence(exact=True), result.influence()
    smaller = without(result.model, "u05").fit()
    keep = [i for i in range(24) if i != 5]
    y = np.vstack([result.model.given.y0, result.model.data.y])[:, keep]
    W = result.model.weights.subset([f"u{i:02d}" for i in keep]).normalised("row")
    rest = {"error_weights": made(24, 3).subset(W.ids).normalised("row")} if own else {}
    by_hand = DynamicSpatialPanel.from_arrays(y, result.model.data.X[:, keep], W, model=model, **rest).fit()  # type: ignore[arg-type]
    np.testing.assert_allclose(smaller.params, by_hand.params, rtol=1e-9)
    names = list(result.names)
    want = (by_hand.params - result.params) / result.std_errors
    np.testing.assert_allclose(exact.loc[5, names].to_numpy(float), want[names], rtol=1e-6)
    assert np.corrcoef(exact["distance"], quick["distance"])[0, 1] > 0.9
    gap = exact[names].to_numpy() - quick[names].to_numpy()
    assert np.abs(gap).mean() < 0.15 * np.abs(exact[names].to_numpy()).mean()
    assert list(exact["unit"]) == list(result.model.weights.ids)
    assert changes(result, lambda unit: np.zeros(len(names)))["distance"].eq(0.0).all()


def test_dynamic_fits_side_by_side() -> None:
    made_ = panel(n=20, t=12, method="direct")
    fits = {"sdm": made_.fit(), "sar": made_.respecified("sar").fit(), "sem": made_.respecified("sem").fit()}
    fits["time"] = made_.respecified(dynamic="time").fit()
    fits["sem, time"] = made_.respecified("sem", dynamic="time").fit()
    frame = compare(fits)
    assert frame.attrs["against"] == "sdm"
    stats = frame.loc["statistics"].xs("estimate", axis=1, level=1)
    for name, df in (("sar", 1), ("time", 1), ("sem, time", 2)):
        assert stats.loc["lr", name] == pytest.approx(2 * (fits["sdm"].loglik - fits[name].loglik))
        assert stats.loc["lr_df", name] == df
    assert np.isnan(stats.loc["lr", "sem"])  # multiplied by I − λW it has W² y_{t−1}
    assert sorted(stats.loc["aic_rank"]) == [1, 2, 3, 4, 5]
    assert frame.loc[("parameters", "tau"), ("sar", "estimate")] == fits["sar"].params["tau"]
    rows = made_.data
    static = gp.SpatialPanel.from_arrays(rows.y, rows.X, rows.weights, times=rows.times, method="direct").fit()
    mixed = compare({"dynamic": fits["sdm"], "static": static})
    assert mixed.loc[("statistics", "aic_rank")].isna().all()
    text = gp.regression_table(fits).to_text()
    assert all(word in text for word in ("tau", "eta", "ρ (spatial lag)", "λ (spatial error)"))


@pytest.mark.parametrize(
    ("dynamic", "past"),
    [("time", ["L.y"]), ("space", ["L.Wy"]), ("space-time", ["L.y", "L.Wy"]), ("none", [])],
)
def test_stata_has_the_past_first(dynamic: str, past: list[str]) -> None:
    result = panel(n=20, t=12, dynamic=dynamic, model="gns").fit()
    stata = result.to_stata_order()
    main = [("Main", name) for name in [*past, "x1"]]
    rest = [("Wx", "x1"), ("Spatial", "rho"), ("Spatial", "lambda"), ("Variance", "sigma2_e")]
    assert list(stata.params.index) == main + rest
    for mine, theirs in {"tau": ("Main", "L.y"), "eta": ("Main", "L.Wy"), "W*x1": ("Wx", "x1")}.items():
        if mine in result.names:
            assert stata.params[theirs] == result.params[mine]
            assert stata.std_errors[theirs] == pytest.approx(result.std_errors[mine])
            assert stata.cov.loc[theirs, ("Spatial", "rho")] == result.cov.loc[mine, "rho"]
    assert stata.std_errors["Variance", "sigma2_e"] == pytest.approx(result.sigma2_std_error)


def test_too_few_units_to_leave_one_out() -> None:
    W = Weights.from_dense(["a", "b", "c"], np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]))
    y, X = dynamic_panel(np.random.default_rng(1), W, 40, Truth())
    result = DynamicSpatialPanel.from_arrays(y, X, W, model="slx", dynamic="time", effects="entity").fit()
    with pytest.raises(InputError, match="3 units are too few"):
        result.influence()
    assert isinstance(result.diagnostics(unit_roots=False), pd.DataFrame)
