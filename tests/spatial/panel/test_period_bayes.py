"""Posterior probabilities where weights change over time: against one W, against N T rows, by simulation, by label."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from scipy import linalg
from scipy.special import gammaln

from gvcpos._core.errors import InputError, LabelError
from gvcpos.spatial import SpatialPanel, Weights, model_probabilities
from gvcpos.spatial.panel.bayes.marginal import Prior, marginal
from gvcpos.spatial.panel.diagnostics.path import specification_path
from gvcpos.spatial.panel.models import MODELS
from gvcpos.spatial.weights.periods import PeriodWeights
from tests.spatial.panel.periods import EFFECTS, changing, draw

ALL = ("ols", "slx", "sar", "sem", "sdm", "sdem", "sac", "gns")


def panel(
    seed: int, size: tuple[int, int], effects: str, options: dict[str, object] | None = None, **drawn: float
) -> SpatialPanel:
    """A panel whose weights are drawn anew every period."""
    W = changing(seed, *size)
    y, X = draw(np.random.default_rng(seed + 1), W, effects=effects, **drawn)  # type: ignore[arg-type]
    return SpatialPanel.from_arrays(y, X, W, times=list(W), effects=effects, **(options or {}))  # type: ignore[arg-type]


def nearly(W: Weights, t: int) -> dict[int, Weights]:
    """One matrix a period that differs in the last digits: nothing is recognised as the same."""
    return {i: Weights.from_dense(W.ids, W.dense() * (1.0 + i * 2.0**-50)) for i in range(t)}


# Where all W_t are equal, it is that W.


@pytest.mark.parametrize(
    ("effects", "which"),
    [("time", "both"), *((e, w) for e in ("entity", "twoway") for w in ("W", "M"))],
)
def test_nearly_the_same_w_gives_the_constant_w(effects: str, which: str) -> None:
    t, W = 5, changing(3, 14, 1)[2000]
    y, X = draw(np.random.default_rng(4), dict.fromkeys(range(t), W), rho=0.3, lam=0.2, effects=effects)

    def asked(lag: object, error: object) -> pd.DataFrame:
        given = SpatialPanel.from_arrays(y, X, lag, effects=effects, error_weights=error)  # type: ignore[arg-type]
        return model_probabilities(given, ALL[2:5] if which == "both" else ALL[-2:])

    same, moving = asked(W, W), asked(nearly(W, t) if which != "M" else W, nearly(W, t) if which != "W" else W)
    np.testing.assert_allclose(moving["probability"], same["probability"], rtol=0.0, atol=1e-10)
    np.testing.assert_allclose(moving["log_marginal"], same["log_marginal"], rtol=0.0, atol=1e-9)
    np.testing.assert_allclose(moving[["rho", "lambda"]], same[["rho", "lambda"]], rtol=0.0, atol=1e-8)


def test_a_constant_mapping_is_the_constant_w() -> None:
    W = changing(3, 12, 1)[2000]
    y, X = draw(np.random.default_rng(4), dict.fromkeys(range(5), W), rho=0.3)
    found = [model_probabilities(SpatialPanel.from_arrays(y, X, one)) for one in (W, dict.fromkeys(range(5), W))]
    pd.testing.assert_frame_equal(*found, check_exact=True)


# N T rows: explicit dummies, block-diagonal matrices, inverses and determinants; no cross-products, no interpolation.


class Oracle:
    """p(y | rho, lambda) of one model from matrices of N T rows."""

    def __init__(self, given: SpatialPanel, model: str, prior: Prior) -> None:
        self.prior, self.features = prior, MODELS[model]
        made = given.respecified("sdm" if self.features.durbin else "sar")
        self.t, (periods, n) = made.transformation, made.data.y.shape
        F = linalg.null_space(np.ones((1, n))).T if self.t.time else np.eye(n)
        self.n, self.periods = n, periods
        self.W, self.M = (
            linalg.block_diag(*(one.dense() for one in (w.each if isinstance(w, PeriodWeights) else [w] * periods)))
            for w in (made.weights, made.error_weights)
        )
        self.F = np.kron(np.eye(periods), F)  # takes time effects out; F W F'F = F W where rows sum to one
        self.y, X = made.data.y.reshape(-1), made.design.X.reshape(n * periods, -1)
        pooled = int(made.effects == "none")
        self.flat, self.slopes = X[:, :pooled], X[:, pooled:]
        if self.t.entity:
            self.flat = np.tile(F.T, (periods, 1))
        self.start = np.linalg.slogdet((self.F @ self.flat).T @ self.F @ self.flat)[1] if self.t.entity else 0.0

    def log_density(self, rho: float, lam: float) -> float:
        """Effects, slopes and sigma integrated; effects flat but for the geometric mean of the lag's determinants."""
        A, R = (self.F @ (np.eye(len(self.y)) - r * B) for r, B in ((rho, self.W), (lam, self.M)))
        lag, error = (np.linalg.slogdet(B @ self.F.T)[1] for B in (A, R))
        share = 1.0 - 1.0 / self.periods if self.t.entity else 1.0
        y, B, X = R @ (self.y - rho * self.W @ self.y), R @ self.flat, R @ self.slopes
        volume, lost = (np.linalg.slogdet(B.T @ B)[1], B.shape[1]) if B.shape[1] else (0.0, 0)
        if B.shape[1]:
            X, y = (Z - B @ np.linalg.solve(B.T @ B, B.T @ Z) for Z in (X, y))
        if self.prior.beta == "g":  # y is normal given sigma2 and the effects: invert its covariance outright
            cover = np.eye(len(y)) + self.prior.g * X @ np.linalg.solve(X.T @ X, X.T)
            volume += np.linalg.slogdet(cover)[1]
            square = y @ np.linalg.solve(cover, y)
        else:
            lost, volume = lost + X.shape[1], volume + np.linalg.slogdet(X.T @ X)[1]
            square = np.linalg.lstsq(X, y, rcond=None)[1].item()
        half = (len(y) - lost) / 2.0
        return float(
            share * lag
            + error
            - half * np.log(np.pi)
            - (volume - self.start) / 2.0
            + gammaln(half)
            - half * np.log(square)
        )

    def log_marginal(self, interval: tuple[tuple[float, float], tuple[float, float]], points: int) -> float:
        """Gauss-Legendre over the whole intervals."""
        nodes, w = np.polynomial.legendre.leggauss(points)
        ends = zip((self.features.lag, self.features.error), interval, strict=True)
        axes = [
            (lower + (upper - lower) * (nodes + 1) / 2, w / 2) if has else ([0.0], [1.0])
            for has, (lower, upper) in ends
        ]
        found = np.array([[self.log_density(rho, lam) for lam in axes[1][0]] for rho in axes[0][0]])
        top = found.max()
        return float(top + np.log(np.exp(found - top) @ axes[1][1] @ axes[0][1]))


@lru_cache(maxsize=8)
def tiny(effects: str, method: str = "lee-yu") -> SpatialPanel:
    """Six units, four periods."""
    return panel(8, (6, 4), effects, {"method": method}, rho=0.3, lam=0.2)


@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize("prior", [Prior("g", 50.0, 1.0), Prior("diffuse", 1.0, 1.0)], ids=["g", "diffuse"])
@pytest.mark.parametrize("model", ["slx", "sar", "sdem", "gns"])
def test_density_equals_explicit_matrices(model: str, prior: Prior, effects: str) -> None:
    same = "sdm" if model == "gns" else model
    made = tiny(effects).respecified(same)  # type: ignore[arg-type]
    got = marginal(made.arrays, MODELS[model], int(effects == "none"), prior)
    want = Oracle(tiny(effects), model, prior)
    for rho, lam in ((0.0, 0.0), (0.3, -0.4), (-0.7, 0.6)):
        at = rho * MODELS[model].lag, lam * MODELS[model].error
        density = float(got.log_density(np.array(at[0]), np.array(at[1])))
        assert density == pytest.approx(want.log_density(*at), rel=1e-10, abs=1e-9)


@pytest.mark.parametrize(
    ("effects", "models", "points", "tolerance"),
    [
        ("entity", ("slx", "sar", "sem", "sdm", "sdem"), 80, 1e-7),
        ("twoway", ("slx", "sar", "sem", "sdm", "sdem"), 80, 1e-7),
        pytest.param("entity", ("sac", "gns"), 40, 1e-5, marks=pytest.mark.slow),
    ],
)
def test_probabilities_equal_brute_force(effects: str, models: tuple[str, ...], points: int, tolerance: float) -> None:
    given = tiny(effects)
    found = model_probabilities(given, models, g=30.0)
    ends = given.spectrum.interval, given.error_spectrum.interval
    want = np.array([Oracle(given, name, Prior("g", 30.0, 1.0)).log_marginal(ends, points) for name in models])
    np.testing.assert_allclose(found["log_marginal"], want, rtol=0.0, atol=tolerance)
    shares = np.exp(want - want.max())
    np.testing.assert_allclose(found["probability"], shares / shares.sum(), rtol=0.0, atol=tolerance)


# Invariances, labels, choices.


def test_units_of_measurement_and_order_do_not_matter() -> None:
    """Scales of y, x and of all W_t; units and periods shuffled; a constant added, which the effects take."""
    rng, base = np.random.default_rng(0), panel(15, (14, 5), "entity", rho=0.4)
    W, y, X = base.weights, base.data.y, base.data.X
    assert isinstance(W, PeriodWeights)
    order, units = [W.times[i] for i in rng.permutation(5)], rng.permutation(14)
    moved = {
        time: Weights.from_dense([W.ids[i] for i in units], 0.3 * W[time].dense()[np.ix_(units, units)])
        for time in order
    }
    index = pd.MultiIndex.from_product([W.times, W.ids], names=["year", "country"]).swaplevel()
    rows = rng.permutation(len(index))
    target = pd.Series(20.0 * y.reshape(-1) + 3.0, index=index, name="y").iloc[rows]
    frame = pd.DataFrame(X.reshape(-1, 2) * [5.0, 1.0], index=index, columns=["x1", "x2"])
    models = ("sem", "sdm")
    found = model_probabilities(SpatialPanel(target, frame, moved, effects="entity"), models)
    want = model_probabilities(base, models)
    np.testing.assert_allclose(found["probability"], want["probability"], atol=1e-7)
    np.testing.assert_allclose(found[["rho", "lambda"]] * 0.3, want[["rho", "lambda"]], atol=1e-6)


def test_weights_that_change_are_told_from_those_of_one_year() -> None:
    """Candidates of both kinds meet by label; data made with W_t of every year prefer them."""
    given = panel(13, (40, 8), "twoway", rho=0.5, theta=0.6)
    W = given.weights
    assert isinstance(W, PeriodWeights)
    later = Weights.from_dense(W.ids[::-1], W[2003].dense()[::-1, ::-1])
    found = model_probabilities(
        given, ["sdm", "sem"], {"moving": dict(zip(W.times, W.each, strict=True)), "2003": later}
    )
    assert found.loc[("sdm", "moving"), "probability"] > 0.99
    alone = model_probabilities(given, ["sdm", "sem"])["log_marginal"].to_numpy()
    np.testing.assert_allclose(found["log_marginal"].to_numpy()[:2], alone, rtol=1e-12)
    fixed = model_probabilities(SpatialPanel.from_arrays(given.data.y, given.data.X, W[2003]), ["sdm", "sem"])
    np.testing.assert_allclose(found["log_marginal"].to_numpy()[2:], fixed["log_marginal"], rtol=1e-10)


@pytest.mark.parametrize("model", ["sem", "sdm"])
def test_the_model_of_the_data_is_the_most_probable(model: str) -> None:
    lag, theta = model in {"sar", "sdm"}, 0.9 * (model in {"sdm", "sdem"})
    strong = {"rho": 0.6 * lag, "lam": 0.6 * (not lag), "theta": theta}
    found = model_probabilities(panel(40, (60, 8), "entity", **strong))
    assert found["probability"].idxmax() == (model, "W")
    fit = panel(40, (60, 8), "entity", {"model": model}, **strong).fit()
    for name, value in fit.estimate.spatial.items():
        assert abs(found.loc[(model, "W"), name] - value) < 0.5 * fit.std_errors[name]


def test_a_period_without_weights_is_named() -> None:
    given = panel(16, (8, 4), "entity")
    W = given.weights
    assert isinstance(W, PeriodWeights)
    short = {time: W[time] for time in W.times[:-1]}
    with pytest.raises(LabelError, match="2003"):
        model_probabilities(given, weights={"short": short})
    one = Weights.from_dense([*W.ids[:-1], "elsewhere"], W[2000].dense())
    with pytest.raises(LabelError, match="elsewhere"):
        model_probabilities(given, weights={"other": dict.fromkeys(W.times, one)})


def test_rows_of_the_error_that_do_not_sum_to_one_are_refused_beside_time_effects() -> None:
    given = panel(17, (8, 4), "time", {"model": "sar"})
    W = given.weights
    assert isinstance(W, PeriodWeights)
    other = given.respecified("sar", error_weights=W.mapped(lambda one: Weights.from_dense(one.ids, 0.5 * one.dense())))
    assert model_probabilities(other, ["slx", "sar"])["probability"].sum() == pytest.approx(1.0)
    for model in ("sem", "sac"):
        with pytest.raises(InputError, match="W of 2000"):
            model_probabilities(other, ["sar", model])


def test_the_path_asks_for_them_where_weights_change() -> None:
    path = specification_path(panel(14, (16, 5), "entity", rho=0.4), order=["criteria"])
    assert "posterior slx 0." in path.decisions[0].reason


@pytest.mark.slow
def test_probabilities_are_frequencies() -> None:
    """Models and parameters drawn from their priors, beside effects of units: what has 80 % is true in 80 of 100."""
    n, t, draws, g = 12, 5, 300, 20.0
    W = changing(1, n, t)
    blocks, rng = [one.dense() for one in W.values()], np.random.default_rng(0)
    X, dummies, eye = rng.normal(size=(t, n, 2)), np.tile(np.eye(n), (t, 1)), np.eye(n)
    said, true = np.empty(draws), rng.integers(2, size=draws)
    for d in range(draws):
        r = rng.uniform(-1.2, 0.98)
        R = linalg.block_diag(*(eye - r * true[d] * one for one in blocks))
        Xs, B = R @ X.reshape(-1, 2), R @ dummies
        Xs = Xs - B @ np.linalg.lstsq(B, Xs, rcond=None)[0]
        beta, mu = rng.multivariate_normal(np.zeros(2), g * np.linalg.inv(Xs.T @ Xs)), 2.0 * rng.normal(size=n)
        y, e = np.empty((t, n)), rng.normal(size=(t, n))
        for i, one in enumerate(blocks):
            signal = X[i] @ beta + mu
            y[i] = signal + np.linalg.solve(eye - r * one, e[i] + (0.0 if true[d] else r * one @ signal))
        made = SpatialPanel.from_arrays(y, X, W, times=list(W), effects="entity")
        said[d] = model_probabilities(made, ["sar", "sem"], g=g)["probability"].iloc[1]
    assert abs(said.mean() - true.mean()) < 3.0 * np.std(said - true) / np.sqrt(draws)
    for low, high in ((0.0, 0.2), (0.2, 0.8), (0.8, 1.01)):
        here = (said >= low) & (said < high)
        error = np.sqrt((said * (1.0 - said))[here].sum()) / here.sum()
        assert abs(said[here].mean() - true[here].mean()) < 3.0 * error
