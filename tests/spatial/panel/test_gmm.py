"""Instruments and moments against splm, spreg and linearmodels.

Tolerances: 1e-6 against closed forms that splm prints and 1e-10 against linearmodels' algebra; spreg minimises the
moments numerically and stops early: 1e-4 on lambda, and what rests on it. Our minimum is exact, so where a peer differs
its distance is shown to be larger.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import BoundaryWarning, EstimationError, InputError, LabelError, WeakInstrumentWarning
from gvcpos.spatial import SpatialPanel, Weights
from gvcpos.spatial.panel.gmm.components import between_quadratics, within_transformation
from gvcpos.spatial.panel.gmm.error_moments import ErrorForms, Quadratics, solve
from gvcpos.spatial.panel.gmm.two_stage import Scores, innovation_variances
from gvcpos.spatial.panel.inputs.transform import Transformation
from tests.shared import shared
from tests.spatial.panel.munnell import REGRESSORS, frame, golden, ring, simulated, weights

weak = pytest.mark.filterwarnings("ignore::gvcpos._core.errors.WeakInstrumentWarning")  # algebra, not inference
TERMS = {"lambda": "rho", "(Intercept)": "Intercept"}


def munnell(model: str, effects: str) -> SpatialPanel:
    data = frame()
    kkp = {"random_error": "kkp"} if effects == "random" and model in {"sem", "sac"} else {}
    return SpatialPanel(data["lgsp"], data[REGRESSORS], weights(), model=model, effects=effects, **kkp)


def splm(model: str, kind: str) -> pd.Series:
    rows = pd.read_csv(shared("golden/spatial/splm_golden.csv"))
    rows = rows[(rows["estimator"] == "GM") & (rows["model"] == model) & (rows["effect"] == kind)]
    names = rows["term"].str.replace(r"log\((\w+)\)", r"l\1", regex=True).replace(TERMS)
    return pd.Series(rows["estimate"].to_numpy(), index=names)


@pytest.mark.parametrize(
    ("model", "effects", "kind", "moments"),
    [
        ("sar", "entity", "within/w2sls", None),
        ("sem", "entity", "within/initial", "classical"),
        ("sac", "entity", "within/initial", "classical"),
        ("sem", "random", "random/initial", "initial"),
        ("sem", "random", "random/fullweights", "full"),
        ("sar", "random", "random/g2sls", None),
    ],
)
def test_equals_splm(model: str, effects: str, kind: str, moments: str | None) -> None:
    want = splm(model.upper(), kind)
    result = munnell(model, effects).fit_gmm("homoskedastic", moments=moments)  # type: ignore[arg-type]
    got = result.params.rename({"lambda": "GM_rho_1"})
    shared_names = [name for name in got.index if name in want.index]
    assert len(shared_names) == len(got)
    np.testing.assert_allclose(got[shared_names], want[shared_names], rtol=2e-6, atol=1e-9)
    if moments is not None and effects == "random":
        np.testing.assert_allclose([result.sigma2, result.sigma2_1], want[["GM_rho_2", "GM_rho_3"]], rtol=1e-6)


@pytest.mark.parametrize(("kind", "moments"), [("random/initial", "initial"), ("random/fullweights", "full")])
def test_lag_and_random_error_near_splm(kind: str, moments: str) -> None:
    """Variance components agree; splm's instruments of the last step are others: a hundredth of a standard error."""
    want = splm("SAC", kind)
    result = munnell("sac", "random").fit_gmm("homoskedastic", moments=moments)  # type: ignore[arg-type]
    found = [result.params["lambda"], result.sigma2, result.sigma2_1]
    np.testing.assert_allclose(found, want[["GM_rho_1", "GM_rho_2", "GM_rho_3"]], rtol=1e-6)
    names = ["Intercept", *REGRESSORS, "rho"]
    assert (np.abs(result.params[names] - want[names]) / result.std_errors[names]).max() < 0.03


@pytest.mark.parametrize("moments", ["weighted", "full"])
def test_peers_stop_short_of_the_minimum_of_the_six_moments(moments: str) -> None:
    """spreg (both) and splm (weighted) stop early: their point is farther from zero in the same distance."""
    data = munnell("sem", "random")
    y, X = data.data.y, data.design.X
    u = y - X @ np.linalg.lstsq(X.reshape(-1, 5), y.reshape(-1), rcond=None)[0]
    t = data.transformation
    forms = ErrorForms(weights().matrix, within_transformation(t), robust=False)
    first, second = forms.quadratics(u), between_quadratics(forms, u)
    start = solve(first, np.eye(3), data.spectrum.interval)
    one = float(second.c[0] @ np.array([1.0, start.lam, start.lam**2]))
    xi = forms.classical_variance() if moments == "full" else np.eye(3)
    A = np.linalg.inv(np.kron(np.diag([start.variances[0] ** 2 / (t.periods - 1), one**2]), xi))

    def distance(lam: float, v: float, w: float) -> float:
        powers = np.array([1.0, lam, lam * lam])
        m = np.concatenate([first.c @ powers - first.E[:, 0] * v, second.c @ powers - second.E[:, 0] * w])
        return float(m @ A @ m)

    result = data.fit_gmm("homoskedastic", moments=moments)  # type: ignore[arg-type]
    ours = distance(result.params["lambda"], result.sigma2, result.sigma2_1)
    table = golden("spreg_1.9.1_golden")
    kind = "random fullweights" if moments == "full" else "random"
    rows = table[(table["model"] == "gm_errorre") & (table["effect"] == kind) & (table["slx_lags"] == 0)]
    point = rows.assign(term=rows["term"].str.strip()).set_index("term")["estimate"]
    assert distance(*point[["lambda", "sigma2_v", "sigma2_1"]]) > 1.0001 * ours
    theirs = splm("SEM", "random/fullweights" if moments == "full" else "random/weights")
    gap = distance(*theirs[["GM_rho_1", "GM_rho_2", "GM_rho_3"]]) / ours - 1.0
    assert gap > 1e-4 if moments == "weighted" else abs(gap) < 1e-6
    rng = np.random.default_rng(0)
    near = [
        distance(*(np.array([result.params["lambda"], result.sigma2, result.sigma2_1]) * s))
        for s in 1.0 + 1e-3 * rng.normal(size=(200, 3))
    ]
    assert min(near) >= ours


def test_pooled_error_equals_spreg() -> None:
    table = golden("spreg_1.9.1_golden")
    rows = table[(table["model"] == "gm_errorpooled") & (table["effect"] == "pooled") & (table["slx_lags"] == 0)]
    want = rows[rows["kind"] == "coef"].replace({"CONSTANT": "Intercept"}).set_index("term")
    result = munnell("sem", "none").fit_gmm("robust")
    np.testing.assert_allclose(result.params, want.loc[list(result.names), "estimate"], rtol=1e-6)
    np.testing.assert_allclose(result.std_errors, want.loc[list(result.names), "std_error"], rtol=1e-4)


@pytest.fixture(scope="module")
def pooled() -> dict[str, np.ndarray | Weights]:
    """Three periods of 40 units with an endogenous regressor, and the same stacked with a block-diagonal W."""
    rng = np.random.default_rng(5)
    n, t = 40, 3
    W = ring(n)
    z = rng.normal(size=(t, n, 2))
    common = rng.normal(size=(t, n))
    x = rng.normal(size=(t, n, 2))
    x[:, :, 1] = z @ [1.0, 0.7] + common + 0.5 * rng.normal(size=(t, n))
    e = (common + rng.normal(size=(t, n))) * (0.5 + rng.random(n))
    u = np.linalg.solve(np.eye(n) - 0.4 * W, e.T).T
    y = np.linalg.solve(np.eye(n) - 0.3 * W, (1.0 + x @ [1.0, -0.5] + u).T).T
    ids = [f"u{i:02d}" for i in range(n)]
    stacked = Weights.from_dense([f"{s}{i}" for s in range(t) for i in ids], np.kron(np.eye(t), W))
    return {"y": y, "x": x, "z": z, "W": Weights.from_dense(ids, W), "stacked": stacked}


def excluded(panel: SpatialPanel, z: np.ndarray) -> pd.DataFrame:
    columns = {f"z{j + 1}": panel.data.series(z[:, :, j], "z") for j in range(z.shape[2])}
    return pd.DataFrame(columns)


@weak
@pytest.mark.parametrize("cov_type", ["homoskedastic", "robust"])
def test_lag_with_endogenous_regressor_equals_spreg(pooled: dict, cov_type: str) -> None:
    import spreg

    panel = SpatialPanel.from_arrays(pooled["y"], pooled["x"], pooled["W"], model="sar", effects="none")
    result = panel.fit_gmm(cov_type, endogenous="x2", excluded=excluded(panel, pooled["z"]))
    x, z = pooled["x"].reshape(-1, 2), pooled["z"].reshape(-1, 2)
    other = spreg.GM_Lag(
        pooled["y"].reshape(-1, 1),
        x[:, :1],
        yend=x[:, 1:],
        q=z,
        w=pooled["stacked"].to_graph().to_W(),
        w_lags=2,
        robust="white" if cov_type == "robust" else None,
    )
    np.testing.assert_allclose(result.params, other.betas[:, 0], rtol=1e-9)
    np.testing.assert_allclose(result.std_errors, np.sqrt(np.diag(other.vm)), rtol=1e-9)


@weak
def test_lag_and_error_with_endogenous_regressor_equal_spreg(pooled: dict) -> None:
    import spreg

    panel = SpatialPanel.from_arrays(pooled["y"], pooled["x"], pooled["W"], model="sac", effects="none")
    result = panel.fit_gmm("robust", endogenous="x2", excluded=excluded(panel, pooled["z"]))
    x, z = pooled["x"].reshape(-1, 2), pooled["z"].reshape(-1, 2)
    other = spreg.GM_Combo_Het(
        pooled["y"].reshape(-1, 1), x[:, :1], yend=x[:, 1:], q=z, w=pooled["stacked"].to_graph().to_W(), w_lags=2
    )
    np.testing.assert_allclose(result.params, other.betas[:, 0], rtol=1e-4)
    np.testing.assert_allclose(result.std_errors, np.sqrt(np.diag(other.vm)), rtol=1e-3)


@weak
@pytest.mark.parametrize("effects", ["none", "entity", "twoway"])
@pytest.mark.parametrize(("cov_type", "name"), [("homoskedastic", "unadjusted"), ("clustered", "clustered")])
def test_equals_linearmodels_on_transformed_data(pooled: dict, effects: str, cov_type: str, name: str) -> None:
    """Q(Wy) instrumented by Q(X), Q(WX), Q(W²X), each lagged before the means are taken out."""
    from linearmodels.iv import IV2SLS

    W, y, x, z = pooled["W"].dense(), pooled["y"], pooled["x"], pooled["z"]
    panel = SpatialPanel.from_arrays(y, x, pooled["W"], model="sar", effects=effects)  # type: ignore[arg-type]
    result = panel.fit_gmm(cov_type, endogenous="x2", excluded=excluded(panel, z))
    t = panel.transformation

    def ready(Z: np.ndarray) -> np.ndarray:
        return t.within(Z).reshape(y.size, -1)

    def lag(Z: np.ndarray) -> np.ndarray:
        return np.einsum("ij,tjk->tik", W, Z)

    base = np.concatenate([x[:, :, :1], z], axis=2)
    ones = np.ones((*y.shape, 1))
    exog = ready(x[:, :, :1]) if effects != "none" else ready(np.concatenate([ones, x[:, :, :1]], axis=2))
    endog = ready(np.concatenate([x[:, :, 1:], lag(y[:, :, None])], axis=2))
    rest = ready(np.concatenate([z, lag(base), lag(lag(base))], axis=2))
    options = {"clusters": np.tile(np.arange(y.shape[1]), y.shape[0])} if name == "clustered" else {}
    other = IV2SLS(ready(y), exog, endog, rest)
    fitted = other.fit(cov_type=name, **options)
    np.testing.assert_allclose(result.params, fitted.params, rtol=1e-9)
    scale = y.size / result.nobs_effective if name == "unadjusted" else 1.0
    np.testing.assert_allclose(result.std_errors, fitted.std_errors * np.sqrt(scale), rtol=1e-8)
    if name == "unadjusted":
        assert result.overidentification().statistic == pytest.approx(fitted.sargan.stat / scale, rel=1e-8)
        stage = fitted.first_stage.diagnostics["partial.rsquared"].to_numpy()
        np.testing.assert_allclose(result.first_stage()["partial_rsquared"], stage, rtol=1e-8)


@weak
def test_efficient_weights_equal_linearmodels_gmm(pooled: dict) -> None:
    from linearmodels.iv import IVGMM

    W, y, x = pooled["W"].dense(), pooled["y"], pooled["x"][:, :, :1]
    panel = SpatialPanel.from_arrays(y, x, pooled["W"], model="sar", effects="none")
    result = panel.fit_gmm("robust", weighting="efficient")
    Wx = np.einsum("ij,tjk->tik", W, x)
    rest = np.concatenate([Wx, np.einsum("ij,tjk->tik", W, Wx)], axis=2).reshape(y.size, -1)
    exog = np.column_stack([np.ones(y.size), x.reshape(-1)])
    # linearmodels' weights come from least-squares-like first steps with (Z'Z)^-1: two-stage least squares.
    other = IVGMM(y.reshape(-1), exog, (y @ W.T).reshape(-1, 1), rest, weight_type="robust").fit(iter_limit=2)
    np.testing.assert_allclose(result.params, other.params, rtol=1e-8)
    J = panel.fit_gmm("robust").overidentification()
    assert J.statistic == pytest.approx(float(other.j_stat.stat), rel=1e-8)
    assert J.df == 1


def test_wy_is_demeaned_itself() -> None:
    """Q(Wy), not W(Qy), where rows of W have different sums; where they sum to one Q(W(Qy)) = Q(Wy)."""
    y, X, row = simulated(6, n=30, t=5, theta=(0.0, 0.0))
    raw = row.dense() * np.random.default_rng(0).uniform(0.5, 1.5, size=(30, 1))
    t = Transformation(30, 5, True, True, True)

    def rho(Wy: np.ndarray, W: np.ndarray) -> float:
        lags = [X, np.einsum("ij,tjk->tik", W, X), np.einsum("ij,tjk->tik", W @ W, X)]
        H = t.within(np.concatenate(lags, axis=2)).reshape(y.size, -1)
        Z = np.column_stack([t.within(X).reshape(y.size, -1), t.within(Wy).reshape(-1)])
        fit = H @ np.linalg.lstsq(H, Z, rcond=None)[0]
        return float(np.linalg.lstsq(fit, t.within(y).reshape(-1), rcond=None)[0][-1])

    for W, matters in ((row.dense(), False), (raw, True)):
        panel = SpatialPanel.from_arrays(
            y, X, Weights.from_dense(row.ids, W), model="sar", effects="twoway", method="direct"
        )
        found = panel.fit_gmm().params["rho"]
        assert found == pytest.approx(rho(y @ W.T, W), rel=1e-9)
        assert (abs(found - rho(t.within(y) @ W.T, W)) > 1e-3) == matters


def projected(forms: ErrorForms, A: np.ndarray) -> np.ndarray:
    n = len(A)
    J = np.eye(n) - forms.transformation.time / n
    return J @ A @ J


@pytest.mark.parametrize("effects", [(False, False), (True, False), (False, True), (True, True)])
def test_matrices_of_the_moments(effects: tuple[bool, bool]) -> None:
    """Robust: zero diagonal after the projection. Classical: tr A times the variance, and T_W for its variance."""
    M, (entity, time) = ring(9), effects
    t = Transformation(9, 4, entity, time, entity or time)
    J = np.eye(9) - time / 9
    W = Weights.from_dense(range(9), M).matrix
    forms = ErrorForms(W, t, robust=True)
    for A, D in zip((M.T @ J @ M, M), forms.diagonals, strict=True):
        np.testing.assert_allclose(np.diag(projected(forms, A - np.diag(D))), 0.0, atol=1e-13)
    classical = ErrorForms(W, t, robust=False)
    parts = [projected(classical, A) for A in (np.eye(9), M.T @ J @ M, M)]
    n = 9 - time
    E = classical.quadratics(np.random.default_rng(0).normal(size=(4, 9))).E[:, 0]
    np.testing.assert_allclose(E * n, [np.trace(A) for A in parts], atol=1e-12)
    sym = [A + A.T for A in parts]
    np.testing.assert_allclose(
        classical.classical_variance() * n, [[np.sum(a * b) / 2 for b in sym] for a in sym], atol=1e-12
    )


@pytest.mark.parametrize("robust", [True, False])
def test_moments_are_quadratic_forms_of_the_innovations(robust: bool) -> None:
    rng = np.random.default_rng(3)
    M = ring(8)
    t = Transformation(8, 5, True, True, True)
    forms = ErrorForms(Weights.from_dense(range(8), M).matrix, t, robust=robust)
    u = rng.normal(size=(5, 8))
    J = np.eye(8) - 1 / 8
    A = [M.T @ J @ M, M]
    A = [a - np.diag(d) for a, d in zip(A, forms.diagonals, strict=True)] if robust else [np.eye(8), *A]
    for lam in (-0.7, 0.0, 0.4):
        e = t.within(u - lam * u @ M.T)
        want = [np.einsum("ti,ij,tj->", e, a, e) / t.nobs for a in A]
        np.testing.assert_allclose(forms.quadratics(u).c @ [1.0, lam, lam**2], want, atol=1e-12)
        for got, a in zip(forms.adjoints(e), A, strict=True):
            # Up to constants over units, which no demeaned regressor sees.
            np.testing.assert_allclose(t.within(got), t.within(e @ (a + a.T).T), atol=1e-12)


def test_minimum_is_global_and_exact() -> None:
    rng = np.random.default_rng(7)
    for _ in range(30):
        root = rng.normal(size=(3, 3))
        moments = Quadratics(rng.normal(size=(3, 3)), np.zeros((3, 0)))
        found = solve(moments, root @ root.T + np.eye(3), (-1.2, 1.0))
        grid = np.linspace(-1.2, 1.0, 4001)
        m = moments.c @ np.vander(grid, 3, increasing=True).T
        values = np.einsum("rg,rs,sg->g", m, root @ root.T + np.eye(3), m)
        assert found.distance <= values.min() + 1e-12
        assert found.distance >= values.min() - 1e-4 * (1 + np.ptp(values))


@pytest.mark.parametrize("effects", [(True, False), (False, True), (True, True)])
def test_variances_of_innovations_are_recovered(effects: tuple[bool, bool]) -> None:
    """E of squared demeaned residuals, from the projection itself, leads back to the variances."""
    t = Transformation(6, 4, *effects, True)
    s2 = np.random.default_rng(1).uniform(0.5, 2.0, size=(4, 6))
    P = np.stack([t.within(row.reshape(4, 6)).ravel() for row in np.eye(24)])
    squares = ((P**2) @ s2.ravel()).reshape(4, 6)
    np.testing.assert_allclose(innovation_variances(squares, t), s2, atol=1e-12)
    plain = Scores("robust", t).variance(np.ones((24, 1)), np.sqrt(squares).ravel())
    assert plain[0, 0] == pytest.approx(s2.sum())


def test_best_instruments_are_just_enough_and_near() -> None:
    y, X, W = simulated(2, n=60, t=8, theta=(0.0, 0.0))
    panel = SpatialPanel.from_arrays(y, X, W, model="sar", effects="twoway")
    best, lags = panel.fit_gmm(instruments="best"), panel.fit_gmm()
    assert best.instruments[-1] == "E[Wy]"
    assert abs(best.params["rho"] - lags.params["rho"]) < lags.std_errors["rho"]
    with pytest.raises(InputError, match="nothing is overidentified"):
        best.overidentification()


def test_error_weights_of_their_own_join_the_instruments() -> None:
    y, X, W = simulated(3, theta=(0.0, 0.0))
    M = Weights.from_dense(W.ids, ring(20, reach=1))
    result = SpatialPanel.from_arrays(y, X, W, model="sac", effects="entity", error_weights=M).fit_gmm()
    assert "M*W2*x1" in result.instruments
    lone = SpatialPanel.from_arrays(y, X, W, model="sem", effects="entity").fit_gmm()
    assert lone.instruments == ("x1", "x2", "M*x1", "M*x2")


@weak
def test_labels_decide_not_positions(pooled: dict) -> None:
    panel = SpatialPanel.from_arrays(pooled["y"], pooled["x"], pooled["W"], model="sdm", effects="entity")
    z = excluded(panel, pooled["z"])
    want = panel.fit_gmm("clustered", endogenous="x2", excluded=z)
    got = panel.fit_gmm("clustered", endogenous="x2", excluded=z.sample(frac=1.0, random_state=1))
    pd.testing.assert_frame_equal(got.to_frame(), want.to_frame())
    assert want.arrays.instrumented == ("x2", "W*x2", "W*y")
    with pytest.raises(LabelError, match="X lacks"):
        panel.fit_gmm(endogenous="x2", excluded=z.iloc[1:])
    with pytest.raises(LabelError, match="x9"):
        panel.fit_gmm(endogenous="x9", excluded=z)


@weak
@pytest.mark.parametrize(("model", "effects"), [("sar", "twoway"), ("sdm", "entity"), ("sac", "random")])
def test_effects_by_order_and_unit_add_up(model: str, effects: str) -> None:
    y, X, W = simulated(3, n=30, t=8)
    kkp, kind = ({"random_error": "kkp"}, "homoskedastic") if effects == "random" else ({}, "robust")
    result = SpatialPanel.from_arrays(y, X, W, model=model, effects=effects, **kkp).fit_gmm(kind)  # type: ignore[arg-type]
    whole, parts = result.effects(), result.effects_by_order(3)
    for column in ("estimate", "std_error"):
        got = parts.xs("all", level="order")[column]
        np.testing.assert_allclose(got, whole.loc[got.index, column], rtol=1e-6, atol=1e-10)
    steps = parts["estimate"].drop(index="all", level="order").groupby(level=[0, 1]).sum()
    np.testing.assert_allclose(steps, whole.loc[steps.index, "estimate"], rtol=1e-8, atol=1e-10)
    p, D, eye = result.params, W.dense(), np.eye(30)
    S = np.linalg.solve(eye - p["rho"] * D, p["x1"] * eye + p.get("W*x1", 0.0) * D)
    np.testing.assert_allclose(result.effects_by_unit("x1"), S, atol=1e-10)
    units = result.unit_effects("x1")["estimate"]
    np.testing.assert_allclose(units["direct"], np.diag(S), atol=1e-10)
    np.testing.assert_allclose(units["in"], S.sum(axis=1) - np.diag(S), atol=1e-10)


@weak
def test_results_hang_together() -> None:
    durbin = munnell("sdm", "twoway").fit_gmm()
    assert list(durbin.params.index) == [*REGRESSORS, *(f"W*{name}" for name in REGRESSORS), "rho"]
    result = munnell("sar", "twoway").fit_gmm("clustered")
    by_delta, by_draws = result.effects(), result.effects("simulation", draws=4000, seed=1)
    np.testing.assert_allclose(by_draws.loc["direct", "std_error"], by_delta.loc["direct", "std_error"], rtol=0.1)
    np.testing.assert_allclose(by_draws["std_error"], by_delta["std_error"], rtol=0.3)  # products of estimates
    lower, upper = result.conf_int().to_numpy().T
    assert ((lower < result.params) & (result.params < upper)).all()
    for word in ("First-stage F, W*y", "J ", "clustered", "rho"):
        assert word in result.summary
    assert result.resids.index.equals(frame().index)
    np.testing.assert_allclose(result.resids.groupby(level=0).sum(), 0.0, atol=1e-9)


@pytest.mark.parametrize(
    ("model", "effects", "options", "message"),
    [
        ("sar", "entity", {"endogenous": "lpc"}, "order condition"),
        ("sar", "entity", {"moments": "robust"}, "has none"),
        ("sem", "entity", {"moments": "full"}, "not defined with 'entity'"),
        ("sem", "entity", {"moments": "classical", "cov_type": "robust"}, "suppose innovations of one variance"),
        ("sem", "entity", {"instruments": "best"}, "needs a model with rho"),
        ("sem", "random", {"cov_type": "robust"}, "suppose innovations of one variance"),
        ("sar", "entity", {"order": 0}, "at least the first order"),
        ("sar", "entity", {"cov_type": "white"}, "not known"),
    ],
)
def test_refused_by_name(model: str, effects: str, options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        munnell(model, effects).fit_gmm(**options)


@pytest.mark.parametrize(
    ("model", "effects", "options", "cov_type"),
    [
        ("sem", "random", {}, "homoskedastic"),
        ("sac", "random", {"moments": "weighted"}, "homoskedastic"),
        ("sem", "entity", {"moments": "classical"}, "homoskedastic"),
        ("sem", "entity", {"moments": "robust"}, "robust"),
        ("sem", "entity", {}, "robust"),
        ("sar", "random", {}, "robust"),
    ],
)
def test_the_default_covariance_goes_with_the_moments(model: str, effects: str, options: dict, cov_type: str) -> None:
    panel = munnell(model, effects)
    result = panel.fit_gmm(**options)
    assert result.cov_type == cov_type
    named = panel.fit_gmm(cov_type, **options)
    np.testing.assert_array_equal(result.cov, named.cov)


def test_other_refusals() -> None:
    data = frame()
    panel = SpatialPanel(data["lgsp"], data[REGRESSORS], weights(), model="sem", effects="random")
    with pytest.raises(InputError, match="random_error='kkp'"):
        panel.fit_gmm("homoskedastic")
    short = data[data.index.get_level_values(1) < 1972]
    lag = SpatialPanel(short["lgsp"], short[REGRESSORS], weights(), model="sar", effects="entity")
    with pytest.raises(InputError, match="three periods"):
        lag.fit_gmm("robust")
    with pytest.raises(InputError, match="are regressors"):
        munnell("sar", "entity").fit_gmm(endogenous="lpc", excluded=data[["lemp"]])
    with pytest.raises(InputError, match="first stage"):
        munnell("sem", "entity").fit_gmm().first_stage()


def test_weak_instruments_are_said() -> None:
    """Without an effect of x nothing moves Wy."""
    rng = np.random.default_rng(8)
    W = Weights.from_dense(range(30), ring(30))
    panel = SpatialPanel.from_arrays(
        rng.normal(size=(6, 30)), rng.normal(size=(6, 30, 2)), W, model="sar", effects="entity"
    )
    with pytest.warns(WeakInstrumentWarning, match="first-stage F of W\\*y is"):
        panel.fit_gmm()


def hetero(seed: int, n: int, t: int, *, rho: float, lam: float, twoway: bool) -> tuple[np.ndarray, ...]:
    """A panel whose innovations have the larger variance the fewer neighbours a unit has; y, X, W."""
    rng = np.random.default_rng(seed)
    half = n // 2
    links = np.zeros((n, n))
    for i in range(n):
        for step in range(1, (1 if i < half else 5) + 1):
            links[i, (i + step) % n] = links[(i + step) % n, i] = 1.0
    W = links / links.sum(axis=1, keepdims=True)
    sd = np.where(np.arange(n) < half, 1.0, 0.2)
    X = rng.normal(size=(t, n, 2))
    mu, alpha = rng.normal(size=n), rng.normal(size=(t, 1)) * twoway
    u = np.linalg.solve(np.eye(n) - lam * W, (sd * rng.normal(size=(t, n))).T).T
    y = np.linalg.solve(np.eye(n) - rho * W, (X @ [1.0, -0.5] + mu + alpha + u).T).T
    return y, X, W


def experiment(
    draws: int, n: int, t: int, *, model: str, effects: str, cov_type: str, seed: int
) -> dict[str, np.ndarray]:
    truth = {"x1": 1.0, "x2": -0.5, "rho": 0.4, "lambda": 0.5}
    rho, lam = truth["rho"] * (model != "sem"), truth["lambda"] * (model != "sar")
    rows: dict[str, list] = {"z": [], "ml": [], "gmm": [], "J": []}
    for draw in range(draws):
        y, X, W = hetero(seed + draw, n, t, rho=rho, lam=lam, twoway=effects == "twoway")
        weights_ = Weights.from_dense(range(n), W)
        panel = SpatialPanel.from_arrays(y, X, weights_, model=model, effects=effects)  # type: ignore[arg-type]
        result = panel.fit_gmm(cov_type)  # type: ignore[arg-type]
        want = np.array([truth[name] for name in result.names])
        rows["z"].append((result.params - want) / result.std_errors)
        rows["gmm"].append(result.params - want)
        rows["J"].append(result.overidentification().pvalue if model == "sar" else np.nan)
        if draw < 60:
            rows["ml"].append(panel.fit().params - want)
    return {name: np.array(values) for name, values in rows.items()}


def test_consistent_where_likelihood_is_not() -> None:
    """Variances that go with the number of neighbours: maximum likelihood is off by many standard errors."""
    found = experiment(120, 100, 6, model="sem", effects="entity", cov_type="robust", seed=100)
    error = found["gmm"][:, -1].std() / np.sqrt(120)
    assert abs(found["gmm"][:, -1].mean()) < 4 * error + 0.01
    ml = found["ml"][:, -1]
    assert abs(ml.mean()) > 8 * ml.std() / np.sqrt(len(ml))
    assert abs(ml.mean()) > 3 * abs(found["gmm"][:, -1].mean())
    covered = (np.abs(found["z"]) < 1.96).mean(axis=0)
    assert (np.abs(covered - 0.95) < 4 * np.sqrt(0.05 * 0.95 / 120)).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "effects", "cov_type"),
    [
        ("sar", "twoway", "robust"),
        ("sem", "entity", "clustered"),
        ("sem", "twoway", "robust"),
        ("sac", "entity", "clustered"),
        ("sac", "twoway", "robust"),
    ],
)
def test_coverage_under_heteroskedasticity(model: str, effects: str, cov_type: str) -> None:
    """95 % intervals cover 93 to 97 %, and J rejects 3 to 7 %, with 300 units and 5 periods."""
    n = 300
    found = experiment(1000, n, 5, model=model, effects=effects, cov_type=cov_type, seed=10_000)
    covered = (np.abs(found["z"]) < 1.959964).mean(axis=0)
    assert covered.min() > 0.93, covered
    assert covered.max() < 0.97, covered
    assert np.abs(found["gmm"].mean(axis=0) / found["gmm"].std(axis=0)).max() < 0.2
    if model == "sar":
        assert 0.03 < (found["J"] < 0.05).mean() < 0.07


@pytest.mark.slow
@pytest.mark.parametrize("moments", ["initial", "full"])
@pytest.mark.parametrize("model", ["sem", "sac"])
def test_coverage_with_random_effects(model: str, moments: str) -> None:
    """3,000 draws: of the first 1,000 even least squares weighted by the true components covers 93.2 % for x1."""
    n, t, draws = 300, 5, 3000
    rng = np.random.default_rng(3)
    W = ring(n)
    weights_ = Weights.from_dense(range(n), W)
    back = np.linalg.inv(np.eye(n) - 0.4 * W), np.linalg.inv(np.eye(n) - 0.3 * W * (model == "sac"))
    rows = []
    for _ in range(draws):
        X = rng.normal(size=(t, n, 1)) + rng.normal(size=(1, n, 1))
        e = rng.normal(size=(t, n)) + rng.normal(size=n)
        y = (1.0 + X[:, :, 0] + e @ back[0].T) @ back[1].T
        panel = SpatialPanel.from_arrays(y, X, weights_, model=model, effects="random", random_error="kkp")  # type: ignore[arg-type]
        result = panel.fit_gmm("homoskedastic", moments=moments)  # type: ignore[arg-type]
        truth = [1.0, 1.0, 0.3, 0.4] if model == "sac" else [1.0, 1.0, 0.4]
        rows.append((result.params - truth) / result.std_errors)
    covered = (np.abs(np.array(rows)) < 1.959964).mean(axis=0)
    assert covered.min() > 0.93, covered
    assert covered.max() < 0.97, covered


@weak
def test_endogenous_regressor_in_a_panel() -> None:
    """Least squares leans towards the common shock; instruments do not, and their intervals cover."""
    rng = np.random.default_rng(9)
    n, t, draws = 50, 6, 60
    W = ring(n)
    weights_, inverse = Weights.from_dense(range(n), W), np.linalg.inv(np.eye(n) - 0.3 * W)
    rows, plain = [], []
    for _ in range(draws):
        z, shock, mu = rng.normal(size=(t, n, 2)), rng.normal(size=(t, n)), rng.normal(size=n)
        x = z.sum(axis=2) + shock + mu
        y = (x + mu + shock + rng.normal(size=(t, n))) @ inverse.T
        panel = SpatialPanel.from_arrays(y, x[:, :, None], weights_, model="sar", effects="entity")
        result = panel.fit_gmm(endogenous="x1", excluded=excluded(panel, z))
        rows.append((result.params - [1.0, 0.3]) / result.std_errors)
        plain.append(panel.fit_gmm().params["x1"])
    z_scores = np.array(rows)
    assert abs(z_scores.mean(axis=0)).max() < 4 / np.sqrt(draws)
    assert (np.abs(z_scores) < 1.96).mean() > 0.9
    assert np.mean(plain) > 1.15


def test_boundary_is_said() -> None:
    """A first difference of neighbours' y that no admissible rho explains."""
    rng = np.random.default_rng(4)
    W = ring(20)
    X = rng.normal(size=(5, 20, 1))
    y = np.linalg.solve(np.eye(20) - 1.3 * W, (3.0 * X[:, :, 0] + 0.05 * rng.normal(size=(5, 20))).T).T
    panel = SpatialPanel.from_arrays(y, X, Weights.from_dense(range(20), W), model="sar", effects="none")
    with pytest.warns(BoundaryWarning, match="rho = 1.3"):
        result = panel.fit_gmm()
    for ask in (result.effects_by_order, lambda: result.unit_effects("x1"), lambda: result.effects_by_unit("x1")):
        with pytest.raises(EstimationError, match=r"rho = 1\.3.* is outside its admissible interval"):
            ask()
