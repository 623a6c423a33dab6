"""Random effects with weights that change over time: one W, brute force with N T rows, simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import linalg, optimize

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel import SpatialPanel, hausman, specification_path
from gvcpos.spatial.panel.random import covariance as random_covariance
from gvcpos.spatial.panel.random.clustered import unit_scores
from gvcpos.spatial.panel.random.cumulants import component_cumulants
from gvcpos.spatial.panel.random.pairs import pair_products, probed_products
from gvcpos.spatial.panel.results import SpatialPanelResults
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.periods import changing, labels, near
from tests.spatial.panel.random_panels import gradient, pieces_at

CELLS = [(m, e) for m in ("slx", "sar", "sem", "sdm", "sdem", "sac", "gns") for e in ("random", "random-time")]
quiet = pytest.mark.filterwarnings("ignore::gvcpos._core.errors.GvcposWarning")


def draw(
    rng: np.random.Generator, W: dict[int, Weights], *, rho: float = 0.0, lam: float = 0.0, spread: float = 0.8
) -> tuple[np.ndarray, np.ndarray]:
    """y (T, N) and X (T, N, 1): beta 1, theta 0.3, u_t = (I - lambda W_t)^-1 (mu + e_t)."""
    t, n = len(W), next(iter(W.values())).n
    mu, X, y = spread * rng.normal(size=n), rng.normal(size=(t, n, 1)), np.empty((t, n))
    for i, one in enumerate(W.values()):
        D = one.dense()
        u = np.linalg.solve(np.eye(n) - lam * D, mu + rng.normal(size=n))
        y[i] = np.linalg.solve(np.eye(n) - rho * D, X[i, :, 0] + 0.3 * D @ X[i, :, 0] + 0.5 + u)
    return y, X


def made(
    y: np.ndarray, X: np.ndarray, W: object, model: str, effects: str = "random", **options: object
) -> SpatialPanel:
    times = list(W) if isinstance(W, dict) else None
    if model in {"sem", "sdem", "sac", "gns"} and effects.startswith("random"):
        options = {"random_error": "kkp", **options}
    return SpatialPanel.from_arrays(y, X, W, times=times, model=model, effects=effects, **options)  # type: ignore[arg-type]


@quiet
@pytest.mark.parametrize(("model", "effects"), CELLS)
def test_nearly_the_same_w_gives_the_constant_w(model: str, effects: str) -> None:
    n, t, rng = 14, 6, np.random.default_rng(1)
    W = Weights.from_dense(labels(n), near(rng, n))
    other = W.dense() * (1.0 + 1e-11 * rng.uniform(size=(n, n)))
    nearly = {**dict.fromkeys(range(t), W), t - 1: Weights.from_dense(W.ids, other / other.sum(axis=1, keepdims=True))}
    y, X = draw(rng, nearly, rho=0.3 * (model in {"sar", "sdm"}), lam=0.4 * (model in {"sem", "sac"}))
    panels = [made(y, X, one, model, effects) for one in (W, dict.fromkeys(range(t), W), nearly)]
    for kind in ("information", "hessian", "sandwich"):
        first, *others = [panel.fit(kind) for panel in panels]  # type: ignore[arg-type]
        for other in others:
            np.testing.assert_allclose(first.params, other.params, rtol=1e-8, atol=1e-8)
            np.testing.assert_allclose(first.cov, other.cov, rtol=1e-7, atol=1e-9)
            assert first.loglik == pytest.approx(other.loglik, rel=1e-9)
            np.testing.assert_allclose(first.resids, other.resids, rtol=1e-7, atol=1e-8)
            np.testing.assert_allclose(first.entity_effects, other.entity_effects, rtol=1e-7, atol=1e-8)
            np.testing.assert_allclose(first.effects()["estimate"], other.effects()["estimate"], rtol=1e-7, atol=1e-8)
            np.testing.assert_allclose(first.predict(), other.predict(), rtol=1e-7, atol=1e-8)


class Dense:
    """The likelihood of all N T rows with the covariance sigma2 [I + phi LL'], L = 1 x I, as it stands."""

    def __init__(self, y: np.ndarray, X: np.ndarray, W: dict[int, Weights], model: str, effects: str) -> None:
        self.t, self.n = y.shape
        self.block = linalg.block_diag(*(one.dense() for one in W.values()))
        x = X.reshape(self.t * self.n, -1)
        columns = [x] if effects == "random-time" else [np.ones((len(x), 1)), x]
        if model in {"slx", "sdm", "sdem", "gns"}:
            columns.append(self.block @ x)
        if effects == "random-time":
            columns.append(np.repeat(np.eye(self.t), self.n, axis=0))
        self.y, self.X = y.reshape(-1), np.column_stack(columns)
        self.lag, self.error = model in {"sar", "sdm", "sac", "gns"}, model in {"sem", "sdem", "sac", "gns"}

    def value(self, p: np.ndarray) -> float:
        """Of (beta, rho, lambda, phi, sigma2)."""
        k, size = self.X.shape[1], len(self.y)
        rest = list(p[k:])
        rho = rest.pop(0) if self.lag else 0.0
        lam = rest.pop(0) if self.error else 0.0
        phi, s2 = rest
        A, B = np.eye(size) - rho * self.block, np.eye(size) - lam * self.block
        V = s2 * (np.eye(size) + phi * np.kron(np.ones((self.t, self.t)), np.eye(self.n)))
        v = B @ (A @ self.y - self.X @ p[:k])
        dets = np.linalg.slogdet(A)[1] + np.linalg.slogdet(B)[1] - 0.5 * np.linalg.slogdet(V)[1]
        return float(-0.5 * size * np.log(2 * np.pi) + dets - 0.5 * v @ np.linalg.solve(V, v))

    def expected(self, p: np.ndarray) -> np.ndarray:
        """Expected information by numerical derivatives of the mean and the covariance of y (Magnus 1978)."""
        size = len(self.y)
        V, mean = self.moments(p)
        inverse, m = np.linalg.inv(V), len(p)
        h = 1e-5 * np.maximum(np.abs(p), 0.1)
        by = []
        for i in range(m):
            step = h * (np.arange(m) == i)
            ahead, behind = self.moments(p + step), self.moments(p - step)
            by.append(((ahead[0] - behind[0]) / (2 * h[i]), (ahead[1] - behind[1]) / (2 * h[i])))
        out = np.empty((m, m))
        for i, (Vi, mi) in enumerate(by):
            for j, (Vj, mj) in enumerate(by):
                out[i, j] = mi @ inverse @ mj + 0.5 * np.trace(inverse @ Vi @ inverse @ Vj)
        assert size == len(mean)
        return out

    def moments(self, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Covariance and mean of y."""
        k, size = self.X.shape[1], len(self.y)
        rest = list(p[k:])
        rho = rest.pop(0) if self.lag else 0.0
        lam = rest.pop(0) if self.error else 0.0
        phi, s2 = rest
        A = np.linalg.inv(np.eye(size) - rho * self.block)
        C = A @ np.linalg.inv(np.eye(size) - lam * self.block)
        V = s2 * (np.eye(size) + phi * np.kron(np.ones((self.t, self.t)), np.eye(self.n)))
        return C @ V @ C.T, A @ self.X @ p[:k]


def at(fit: SpatialPanelResults) -> np.ndarray:
    """Parameters in the order of `Dense`."""
    found = fit.estimate
    time = found.time if fit.model.effects == "random-time" else np.empty(0)  # type: ignore[attr-defined]
    return np.concatenate([found.beta, time, list(found.spatial.values()), [found.phi, found.sigma2]])  # type: ignore[attr-defined]


@quiet
@pytest.mark.parametrize(("model", "effects"), CELLS)
def test_the_likelihood_and_its_information_by_brute_force(model: str, effects: str) -> None:
    W = changing(3, 8, 5)
    y, X = draw(
        np.random.default_rng(4), W, rho=0.3 * (model in {"sar", "sdm", "sac"}), lam=0.3 * (model in {"sem", "sac"})
    )
    fit = made(y, X, W, model, effects).fit()
    dense, p = Dense(y, X, W, model, effects), at(fit)
    assert fit.loglik == pytest.approx(dense.value(p), rel=1e-10)
    inside = fit.params["phi"] > 1e-4
    slope = optimize.approx_fprime(p, dense.value, 1e-6)
    assert np.abs(np.delete(slope, -2) if not inside else slope).max() < 2e-3
    if inside:
        covariance = np.linalg.inv(dense.expected(p))
        k, own = len(fit.estimate.beta), dense.X.shape[1]
        places = [*range(k), *range(own, len(p) - 1)]
        np.testing.assert_allclose(fit.cov, covariance[np.ix_(places, places)], rtol=2e-5, atol=1e-8)


@quiet
@pytest.mark.parametrize("model", ["sar", "sac"])
def test_the_hessian_by_differences(model: str) -> None:
    W = changing(5, 9, 5)
    y, X = draw(np.random.default_rng(6), W, rho=0.3, lam=0.3 * (model == "sac"))
    fit = made(y, X, W, model).fit("hessian")
    dense, p = Dense(y, X, W, model, "random"), at(fit)
    m, h = len(p), 1e-4 * np.maximum(np.abs(p), 0.3)
    H = np.empty((m, m))
    for i in range(m):
        for j in range(m):
            a, b = h * (np.arange(m) == i), h * (np.arange(m) == j)
            cross = dense.value(p + a + b) - dense.value(p + a - b) - dense.value(p - a + b) + dense.value(p - a - b)
            H[i, j] = -cross / (4 * h[i] * h[j])
    np.testing.assert_allclose(fit.cov, np.linalg.inv(H)[:-1, :-1], rtol=2e-3, atol=1e-6)


@quiet
def test_the_variance_of_the_score_with_skewed_effects_and_innovations() -> None:
    """The sandwich's middle: the excess over normality of v'Ω^-1 A v, by its diagonals in mu and e of all N T rows."""
    n, t, phi, rho = 7, 4, 0.6, 0.3
    W = changing(7, n, t)
    y, X = draw(np.random.default_rng(8), W, rho=rho)
    fit = made(y, X, W, "sar").fit("sandwich")
    pieces = fit.estimate.random  # type: ignore[attr-defined]
    phi, rho, s2 = float(fit.params["phi"]), float(fit.params["rho"]), fit.sigma2
    size, L = n * t, np.kron(np.ones((t, 1)), np.eye(n))
    A = linalg.block_diag(*(D @ np.linalg.inv(np.eye(n) - rho * D) for D in (one.dense() for one in W.values())))
    N = np.linalg.inv(np.eye(size) + phi * L @ L.T) @ A
    own, effect = np.diag(N) / s2, np.diag(L.T @ N @ L) / s2
    (third, fourth), (third_mu, fourth_mu) = component_cumulants(pieces.v, pieces.kernel, s2)
    inverse = np.linalg.inv(np.eye(size) + phi * L @ L.T)
    mean = inverse @ pieces.expected.reshape(-1) / s2
    want = fourth * own @ own + fourth_mu * effect @ effect
    want += 2 * third * mean @ own + 2 * third_mu * (L.T @ mean) @ effect
    place = pieces.X.shape[2]
    assert random_covariance.non_normality(pieces)[place, place] == pytest.approx(want, rel=1e-8)


@quiet
def test_what_rests_on_a_fit_with_random_effects() -> None:
    W = changing(9, 18, 6)
    y, X = draw(np.random.default_rng(10), W, rho=0.3)
    fit = made(y, X, W, "sdm").fit()
    for test in (hausman(fit), fit.lr_random(), fit.lm_random(), fit.lr("sar"), fit.wald("slx"), *fit.lm_conditional()):  # type: ignore[attr-defined,arg-type]
        assert np.isfinite(test.statistic), test.name
    table = fit.diagnostics(unit_roots=False)
    assert np.isfinite(table.loc["serial_lm_random", "statistic"])
    np.testing.assert_allclose(
        fit.predict(kind="in-sample") + fit.resids, fit.model.data.y.reshape(-1), atol=0.0, rtol=1e-8
    )
    for kind in ("parametric", "wild"):
        drawn = fit.bootstrap(kind, draws=29, seed=1, studentise=False, effects=False)  # type: ignore[arg-type]
        assert drawn.std_errors["x1"] == pytest.approx(fit.std_errors["x1"], rel=0.8)
    assert len(made(y, X, W, "sar").lm_tests()) == 3
    path = specification_path(made(y, X, W, "sdm", "entity"), order=["hausman", "durbin", "restrict"])
    assert np.isfinite(path.tests.set_index("name").loc["hausman_mundlak", "statistic"])


@quiet
def test_the_path_ends_with_random_effects_where_they_are_not_rejected() -> None:
    W = changing(17, 20, 5)
    y, X = draw(np.random.default_rng(18), W, rho=0.4)
    order = ["hausman", "durbin", "restrict", "criteria"]
    path = specification_path(made(y, X, W, "sdm", "entity"), order=order, cov_type="cluster-entity")
    assert path.effects == "random"
    assert path.result.cov_type in {"sandwich", "cluster-entity"}
    tests = path.tests.set_index("name")["statistic"]
    assert np.isfinite(tests[["lr_sdm_sem", "wald_sdm_sem", "lr_sdm_sar"]]).all()


@quiet
def test_effects_through_an_error_that_changes_are_predicted_by_period() -> None:
    W = changing(11, 15, 5)
    y, X = draw(np.random.default_rng(12), W, lam=0.5, spread=2.0)
    fit = made(y, X, W, "sem").fit()
    mu, lam = fit.entity_effects.to_numpy(), float(fit.params["lambda"])
    want = np.stack([np.linalg.solve(np.eye(15) - lam * one.dense(), mu) for one in W.values()])
    np.testing.assert_allclose(fit.estimated_effects, want.reshape(-1), rtol=1e-8, atol=1e-10)  # type: ignore[attr-defined]
    gap = fit.predict(kind="signal").to_numpy() - (X[:, :, 0] * fit.params["x1"] + fit.params["Intercept"]).reshape(-1)
    np.testing.assert_allclose(gap, want.reshape(-1), rtol=1e-8, atol=1e-10)


@quiet
@pytest.mark.parametrize("model", ["slx", "sar", "sem", "gns"])
def test_what_two_units_contribute_is_the_slope_of_their_own_likelihood(model: str) -> None:
    """Units that are neighbours in twos, with other weights every year: numerical scores of the dense likelihood."""
    rng = np.random.default_rng(3)
    n, t = 6, 4
    W, M = ({i: np.kron(np.eye(n // 2), _two(rng)) for i in range(t)} for _ in range(2))
    y, X = rng.normal(size=(t, n)), rng.normal(size=(t, n, 1))

    def panel_of(units: list[int]) -> SpatialPanel:
        one, other = (
            {i: Weights.from_dense([f"u{j}" for j in units], A[np.ix_(units, units)]) for i, A in given.items()}
            for given in (W, M)
        )
        return made(y[:, units], X[:, units], one, model, error_weights=other)

    whole = panel_of(list(range(n)))
    k = whole.arrays.X.shape[2]
    q = np.concatenate([rng.normal(size=k), [0.3, -0.2][: len(whole.features.spatial)], [0.7, 1.3]])
    pieces = pieces_at(whole, q)
    own, z, v = unit_scores(pieces), pieces.kernel.weigh(pieces.v), pieces.v
    each = (
        [(np.arange(t)[rows], one.apply(np.eye(n))) for one, rows in pieces.operators.by_period()]
        if k < len(q) - 2
        else []
    )
    for i in range(0, n, 2):
        got, j = own[i] + own[i + 1], i + 1
        for periods, turned in each:
            for place, A in enumerate(one.T for one in turned):
                both = A[i, j] * z[periods, i] * v[periods, j] + A[j, i] * z[periods, j] * v[periods, i]
                got[k + place] += both.sum() / pieces.sigma2
        np.testing.assert_allclose(got, gradient(panel_of([i, j]), q), rtol=1e-6, atol=1e-6)


def _two(rng: np.random.Generator) -> np.ndarray:
    """Weights of two neighbours."""
    a, b = rng.uniform(0.3, 0.9, 2)
    return np.array([[0.0, a], [b, 0.0]])


@quiet
@pytest.mark.parametrize("model", ["sar", "sac"])
def test_pairs_by_brute_force_and_through_probes(model: str) -> None:
    W = changing(19, 12, 4)
    y, X = draw(np.random.default_rng(20), W, rho=0.3)
    pieces = made(y, X, W, model).fit("cluster-entity").estimate.random  # type: ignore[attr-defined]
    z, v, p = pieces.kernel.weigh(pieces.v), pieces.v, pieces.spatial
    M = np.zeros((p, 12, 12))
    for one, rows in pieces.operators.by_period():
        for place, A in enumerate(one.apply(np.eye(12))):
            M[place] += A.T * (z[rows].T @ v[rows])
    both = np.triu(M + M.transpose(0, 2, 1), 1)
    want = np.einsum("aij,bij->ab", both, both) / pieces.sigma2**2
    np.testing.assert_allclose(pair_products(pieces), want, rtol=1e-10)
    np.testing.assert_allclose(probed_products(pieces, 800) * 0.5 / pieces.sigma2**2, want, rtol=0.2)


@quiet
def test_clusters_are_refused_where_effects_stay_at_home() -> None:
    W = changing(13, 12, 5)
    y, X = draw(np.random.default_rng(14), W)
    with pytest.raises(InputError, match=r"beside a spatial error \(random_error='baltagi'\): .*no filter"):
        made(y, X, W, "sem", random_error="baltagi").fit("cluster-entity")
    assert np.isfinite(made(y, X, W, "sar").fit("cluster-entity").std_errors["x1"])


@quiet
@pytest.mark.slow
@pytest.mark.parametrize("model", ["sar", "sdem"])
def test_clustered_intervals_cover_where_innovations_depend_on_their_past(model: str) -> None:
    """AR(1) innovations of 0.7 whose size differs between units; a regressor that moves slowly."""
    n, t, rng, W = 60, 6, np.random.default_rng(21), changing(22, 60, 6)
    rho, lam, hits = 0.3 * (model == "sar"), 0.3 * (model == "sdem"), []
    for _ in range(150):
        size, mu = rng.uniform(0.5, 1.5, n), 0.7 * rng.normal(size=n)
        e, x = np.empty((t, n)), np.empty((t, n))
        e[0], x[0] = rng.normal(size=n), rng.normal(size=n)
        for i in range(1, t):
            e[i], x[i] = (0.7 * one[i - 1] + np.sqrt(0.51) * rng.normal(size=n) for one in (e, x))
        y = np.empty((t, n))
        for i, one in enumerate(W.values()):
            D = one.dense()
            y[i] = np.linalg.solve(np.eye(n) - rho * D, x[i] + np.linalg.solve(np.eye(n) - lam * D, mu + size * e[i]))
        panel = made(y, x[:, :, None], W, model)
        for kind in ("information", "cluster-entity"):
            ends = panel.fit(kind).conf_int(method="normal").loc[["x1", "rho" if rho else "lambda"]]  # type: ignore[arg-type]
            hits.append((ends["lower"] <= [1.0, rho or lam]) & (ends["upper"] >= [1.0, rho or lam]))
    plain, clustered = (100.0 * np.mean(hits[i::2], axis=0) for i in range(2))
    print("\n", model, "information", plain.round(1), "cluster-entity", clustered.round(1))
    assert (clustered > 89.0).all()
    assert clustered[0] > plain[0]


def simulated(model: str, effects: str, draws: int, shape: tuple[int, int]) -> pd.DataFrame:
    """Bias in standard deviations and coverage of 95 % intervals."""
    W, rng, rows = changing(15, *shape, k=4), np.random.default_rng(16), []
    truth = {"x1": 1.0, "W*x1": 0.3, "rho": 0.4, "lambda": 0.4, "phi": 0.64}
    lag, error = model in {"sar", "sdm", "sac", "gns"}, model in {"sem", "sdem", "sac", "gns"}
    for _ in range(draws):
        y, X = draw(rng, W, rho=0.4 * lag, lam=0.4 * error)
        fit = made(y, X, W, model, effects).fit()
        names = [name for name in fit.names if name in truth]
        rows.append(np.stack([fit.params[names] - [truth[name] for name in names], fit.std_errors[names]]))
    found = np.array(rows)
    bias = found[:, 0].mean(axis=0) / found[:, 0].std(axis=0)
    covered = (np.abs(found[:, 0]) < 1.959964 * found[:, 1]).mean(axis=0)
    return pd.DataFrame({"bias": bias, "covered": covered}, index=names)


@quiet
def test_estimates_are_centred_and_intervals_cover() -> None:
    found = simulated("sdm", "random", 50, (20, 5)).drop(index="phi")
    assert (found["bias"].abs() < 0.6).all()
    assert (found["covered"] > 0.8).all()


@quiet
@pytest.mark.slow
@pytest.mark.parametrize(("model", "effects"), [("sdm", "random"), ("sdm", "random-time"), ("sdem", "random")])
def test_coverage_in_many_draws(model: str, effects: str) -> None:
    found = simulated(model, effects, 500, (40, 8))
    print("\n", model, effects, found.round(3), sep="\n")
    assert (found["bias"].abs().drop("phi") < 0.3).all()
    assert (found["covered"].drop("phi") > 0.91).all()
