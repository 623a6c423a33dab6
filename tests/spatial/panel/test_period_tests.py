"""Tests and intervals of models whose weights change over time: profiles, LM tests, the specification path."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import optimize, stats

from gvcpos._core.errors import GvcposWarning
from gvcpos.spatial.panel import SpatialPanel, specification_path
from gvcpos.spatial.panel.inference.covariance import Pieces, information
from gvcpos.spatial.panel.inference.profile import ratio_scale
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.periods import brute, changing, draw, labels, near


def made(seed: int, shape: tuple[int, int], model: str, effects: str, **options: object) -> SpatialPanel:
    """A panel with rho = 0.4 (lambda in an error model) and neighbours that are others in every period."""
    method = options.pop("method", "lee-yu")
    W = changing(seed, *shape, k=4)
    y, X = draw(np.random.default_rng(seed + 1), W, effects=effects, **options)  # type: ignore[arg-type]
    return SpatialPanel.from_arrays(y, X, W, times=list(W), model=model, effects=effects, method=method)  # type: ignore[arg-type]


def same_throughout(seed: int, n: int, t: int) -> tuple[Weights, dict[int, Weights], dict[int, Weights]]:
    """One W, a mapping that has it in every period, and one whose last period differs by 1e-11."""
    rng = np.random.default_rng(seed)
    W = Weights.from_dense(labels(n), near(rng, n))
    other = W.dense() * (1.0 + 1e-11 * rng.uniform(size=(n, n)))
    each = dict.fromkeys(range(t), W)
    return W, each, {**each, t - 1: Weights.from_dense(W.ids, other / other.sum(axis=1, keepdims=True))}


# Profile intervals.


@pytest.mark.parametrize(("model", "effects"), [("sar", "none"), ("sem", "time"), ("sdm", "twoway"), ("sac", "none")])
def test_at_its_ends_the_direct_likelihood_is_half_a_quantile_below(model: str, effects: str) -> None:
    panel = made(1, (10, 6), model, effects, rho=0.2, method="direct")
    fit = panel.fit()
    drop, other = stats.chi2.ppf(0.95, 1) / 2, brute(panel.data.y, panel.data.X, _each(panel), (model, effects))
    names = list(fit.estimate.spatial)
    for place, (_, row) in enumerate(fit.profile_intervals().iterrows()):
        for end in row[["lower", "upper"]].dropna():
            height = _highest(other.concentrated, float(end), place, len(names))
            assert fit.loglik - height == pytest.approx(drop, abs=1e-5)


def _each(panel: SpatialPanel) -> dict[int, Weights]:
    return dict(zip(panel.data.times, panel.weights.each, strict=True))  # type: ignore[attr-defined,arg-type]


def _highest(value: object, end: float, place: int, count: int) -> float:
    """The likelihood at one parameter's end, the other one at its best."""
    if count == 1:
        return float(value(np.array([end]))[0])  # type: ignore[operator]

    def down(o: float) -> float:
        p = np.array([end, o] if place == 0 else [o, end])
        return -float(value(p)[0])  # type: ignore[operator]

    grid = np.linspace(-0.95, 0.95, 39)
    best = grid[np.argmin([down(o) for o in grid])]
    return -float(optimize.minimize_scalar(down, bounds=(best - 0.05, best + 0.05), method="bounded").fun)


@pytest.mark.parametrize(("model", "effects"), [("sdm", "twoway"), ("sem", "entity"), ("sac", "none")])
def test_profiles_of_one_w_are_those_of_the_constant_mapping(model: str, effects: str) -> None:
    n, t = 12, 6
    W, each, nearly = same_throughout(3, n, t)
    y, X = draw(np.random.default_rng(4), each, rho=0.3, effects=effects)
    fits = [
        SpatialPanel.from_arrays(y, X, one, times=range(t), model=model, effects=effects).fit()  # type: ignore[arg-type]
        for one in (W, each, nearly)
    ]
    assert type(fits[2].model.weights) is not Weights
    found = [fit.profile_intervals() for fit in fits]
    for other in found[1:]:
        np.testing.assert_allclose(found[0], other, rtol=1e-8, atol=1e-8)


def test_the_ratio_is_scaled_by_the_variance_of_the_score() -> None:
    """By brute force: c is (J^-1 V J^-1)/(J^-1) of rho with V = J + tr ḠḠ - mean tr G_tG_t."""
    fit = made(5, (12, 5), "sar", "entity", rho=0.4).fit()
    pieces, rho = fit.estimate.pieces, fit.estimate.rho
    G = [W.dense() @ np.linalg.inv(np.eye(12) - rho * W.dense()) for W in _each(fit.model).values()]
    Q = np.kron(np.eye(5) - 1 / 5, np.eye(12))
    A = np.zeros((60, 60))
    for i, one in enumerate(G):
        A[12 * i : 12 * i + 12, 12 * i : 12 * i + 12] = one
    excess = np.trace(Q @ A @ Q @ A) - 4 * np.mean([np.trace(one @ one) for one in G])
    assert ratio_scale(pieces, 0) == pytest.approx(1.0 + excess * _slope_inverse(pieces), rel=1e-8)
    assert fit.cov.loc["rho", "rho"] / _slope_inverse(pieces) == pytest.approx(ratio_scale(pieces, 0), rel=1e-8)


def _slope_inverse(pieces: Pieces) -> float:
    k = pieces.X.shape[1]
    return float(np.linalg.inv(information(pieces))[k, k])


def profile_coverage(model: str, effects: str, draws: int, shape: tuple[int, int]) -> float:
    """Share of draws whose interval holds the truth, 0.4."""
    W, rng, held = changing(6, *shape, k=4), np.random.default_rng(7), []
    name = "lambda" if model == "sem" else "rho"
    for _ in range(draws):
        true = {{"rho": "rho", "lambda": "lam"}[name]: 0.4, "theta": 0.3 * (model == "sdm")}
        y, X = draw(rng, W, effects=effects, **true)  # type: ignore[arg-type]
        fit = SpatialPanel.from_arrays(y, X, W, times=list(W), model=model, effects=effects).fit()  # type: ignore[arg-type]
        lower, upper = fit.profile_intervals().loc[name, ["lower", "upper"]]
        held.append((np.isnan(lower) or lower < 0.4) and (np.isnan(upper) or upper > 0.4))
    return float(np.mean(held))


def test_profile_intervals_cover() -> None:
    """100 draws of the scaled ratio: four binomial standard errors."""
    assert profile_coverage("sdm", "entity", 100, (25, 4)) > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 100)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "effects"), [("sdm", "twoway"), ("sar", "entity"), ("sem", "twoway"), ("sdm", "none")]
)
def test_profile_intervals_cover_in_many_draws(model: str, effects: str) -> None:
    """1,000 draws, 40 units and 6 periods: 93 to 97 %."""
    assert 0.93 <= profile_coverage(model, effects, 1000, (40, 6)) <= 0.97


# LM tests.


@pytest.mark.parametrize("effects", ["entity", "twoway"])
def test_lm_tests_after_the_transformation_are_those_of_the_projected_blocks(effects: str) -> None:
    """Variance of the scores by brute force, all N T rows and the projection as a matrix."""
    n, t = 9, 5
    panel = made(8, (n, t), "sar", effects)
    found = {test.name: test.statistic for test in panel.lm_tests()}
    y, X, B = panel.data.y.reshape(-1), panel.data.X.reshape(n * t, -1), np.zeros((n * t, n * t))
    for i, one in enumerate(panel.weights.each):  # type: ignore[attr-defined]
        B[i * n : i * n + n, i * n : i * n + n] = one.dense()
    Q = np.kron(np.eye(t) - 1 / t, np.eye(n) - (1 / n if effects == "twoway" else 0.0))
    P = Q - Q @ X @ np.linalg.pinv(Q @ X)
    e = P @ y
    rank = np.trace(Q)
    s2 = e @ e / rank
    mean = np.trace(Q @ B)
    both = np.trace(Q @ B @ Q @ B) + np.trace(Q @ B @ Q @ B.T) - 2 * mean**2 / rank
    lag, error = e @ B @ y / s2 - mean, e @ B @ e / s2 - mean
    linear = P @ B @ (y - e)
    assert found["lm_lag"] == pytest.approx(lag**2 / (linear @ linear / s2 + both), rel=1e-8)
    assert found["lm_error"] == pytest.approx(error**2 / both, rel=1e-8)
    assert found["robust_lm_lag"] == pytest.approx((lag - error) ** 2 / (linear @ linear / s2), rel=1e-8)


def lm_rejections(effects: str, draws: int, shape: tuple[int, int]) -> dict[str, float]:
    W, rng, rejected = changing(9, *shape, k=4), np.random.default_rng(10), dict.fromkeys(LM, 0)
    for _ in range(draws):
        y, X = draw(rng, W, theta=0.0, effects=effects)
        panel = SpatialPanel.from_arrays(y, X, W, times=list(W), model="sar", effects=effects)  # type: ignore[arg-type]
        for test in panel.lm_tests():
            rejected[test.name] += int(test.pvalue < 0.05)
    return {name: count / draws for name, count in rejected.items()}


LM = ("lm_lag", "lm_error", "robust_lm_lag", "robust_lm_error")


@pytest.mark.parametrize("effects", ["entity", "twoway"])
def test_lm_tests_keep_their_size(effects: str) -> None:
    """400 draws: four binomial standard errors around 5 %."""
    for name, share in lm_rejections(effects, 400, (25, 5)).items():
        assert abs(share - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 400), name


# The specification path.


def test_the_path_of_a_constant_mapping_is_that_of_one_w() -> None:
    n, t = 15, 6
    W, each, nearly = same_throughout(11, n, t)
    y, X = draw(np.random.default_rng(12), each, rho=0.4)
    order = ["moran", "lm", "effects", "durbin", "restrict", "impacts"]
    paths = []
    for one in (W, each, nearly):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GvcposWarning)
            paths.append(specification_path(SpatialPanel.from_arrays(y, X, one, times=range(t)), order=order))  # type: ignore[arg-type]
    first = paths[0].tests.set_index(["step", "name"])["statistic"]
    for other in paths[1:]:
        found = other.tests.set_index(["step", "name"])["statistic"].dropna()
        np.testing.assert_allclose(
            first[found.index], found, rtol=1e-6
        )  # likelihood ratios: differences of large numbers
    left = paths[2].tests.set_index("name")["statistic"].isna()
    assert set(left.index[left]) == {
        "wald_sdm_sem",
        "lr_sdm_sem",
    }  # not nested where W changes and entities have effects
    exact = ["lm_lag", "lm_error", "robust_lm_lag", "robust_lm_error", "moran", "wald_sdm_sar", "wald_sdm_slx"]
    one, two = (path.tests.set_index("name")["statistic"][exact] for path in (paths[0], paths[2]))
    np.testing.assert_allclose(one, two, rtol=1e-8)


@pytest.mark.filterwarnings("ignore::gvcpos._core.errors.GvcposWarning")
def test_the_path_finds_the_lag() -> None:
    panel = made(13, (40, 8), "sdm", "twoway", rho=0.5, theta=0.0)
    path = specification_path(panel)
    assert path.model == "sar"
    assert path.effects == "twoway"
    assert len(path.decisions) == 8
    tests = path.tests.set_index("name")
    assert tests.loc["lm_lag", "rejected"]
    assert np.isfinite(tests.loc[["lm_lag", "robust_lm_lag", "lr_entity_bartlett", "wald_sdm_sar"], "statistic"]).all()
    assert "posterior slx 0.000" in path.text
    assert "entity effects multiplied" in tests.loc["wald_sdm_sem", "sentence"]


@pytest.mark.filterwarnings("ignore::gvcpos._core.errors.GvcposWarning")
def test_criteria_compare_likelihoods_of_the_same_data() -> None:
    """A lag and an error model, each adjusted in its own way, would not be comparable: direct fits are."""
    panel = made(14, (30, 6), "sdm", "entity", rho=0.4)
    path = specification_path(panel, order=["criteria"])
    direct = {name: panel.respecified(name, method="direct").fit().bic for name in ("slx", "sar", "sem", "sdm", "sdem")}  # type: ignore[arg-type]
    best = min(direct, key=direct.__getitem__)
    assert f"bic {best} ({direct[best]:.2f})" in path.decisions[0].reason
