"""Dependence between units, over time, and on time: CD, Moran of residuals, serial correlation, unit roots, normality.

Golden rows are splm's and plm's; what they get wrong is shown by brute force. Sizes are simulated.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

from gvcpos.spatial.moran import moran_by_year
from gvcpos.spatial.panel import SpatialPanel, cips
from gvcpos.spatial.panel.diagnostics.component_tests import component_tests
from gvcpos.spatial.panel.diagnostics.cross_section import cd, cd_lm, cd_local, panel_moran
from gvcpos.spatial.panel.diagnostics.normality import jarque_bera
from gvcpos.spatial.panel.diagnostics.serial import serial_lm, serial_robust, serial_tests, serial_wooldridge
from gvcpos.spatial.panel.diagnostics.tests import PanelTest
from gvcpos.spatial.panel.diagnostics.unit_root import UnitRoot, cadf, default_lags, null_draws
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.residuals import residual_moran
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import REGRESSORS, fitted, frame, golden, ring, simulated, weights


@lru_cache(maxsize=4)
def least_squares(effects: str) -> np.ndarray:
    """Residuals of Munnell's regression, shape (T, N)."""
    data = frame()
    panel = SpatialPanel(data["lgsp"], data[REGRESSORS], weights(), effects=effects)  # type: ignore[arg-type]
    t = panel.transformation
    X = t.within(panel.arrays_without_spatial_terms(durbin=False).X).reshape(816, -1)
    y = t.within(panel.data.y).reshape(816)
    return (y - X @ np.linalg.lstsq(X, y, rcond=None)[0]).reshape(17, 48)


def splm(test: str, effect: str) -> float:
    table = golden("splm_golden_spatialreg126")
    rows = table[(table["model"] == test.lower()) & (table["effect"] == effect)]
    assert len(rows) == 1
    return float(rows["estimate"].item())


@pytest.mark.parametrize(("effects", "name"), [("entity", "individual"), ("twoway", "twoways")])
def test_cd_equals_plm(effects: str, name: str) -> None:
    """plm counts T, where a mean over time leaves T - 1, and takes CD after time effects for standard normal."""
    e = least_squares(effects)
    assert cd(e, small_sample=False).statistic == pytest.approx(splm("pcdtest_cd", name), rel=1e-9)
    scaled, pairs = splm("pcdtest_sclm", name), 48 * 47 / 2
    squares = (scaled * np.sqrt(2 * pairs) + pairs) / 17
    mean = pairs / 16 + (effects == "twoway") * 0.5 * 48 / 47 * (1 + 1 / 16)
    want = (squares - mean) / np.sqrt(pairs * 2 * 15 / (16**2 * 18))
    assert cd_lm(e, time_effects=effects == "twoway").statistic == pytest.approx(want, rel=1e-9)


def test_local_cd_equals_plm() -> None:
    found = cd_local(least_squares("entity"), weights().matrix, small_sample=False)
    assert found.statistic == pytest.approx(splm("pcdtest_local_cd", "individual"), rel=1e-9)


def test_small_sample_forms_use_what_the_mean_leaves() -> None:
    e = least_squares("entity")
    assert cd(e).statistic == pytest.approx(cd(e, small_sample=False).statistic * np.sqrt(16 / 17), rel=1e-12)


def test_local_cd_is_brute_force_after_time_effects() -> None:
    rng = np.random.default_rng(3)
    e = rng.normal(size=(9, 14))
    e = e - e.mean(axis=0) - e.mean(axis=1, keepdims=True) + e.mean()
    W = ring(14)
    r, S = np.corrcoef(e.T), ((W + W.T) != 0).astype(float)
    J = np.eye(14) - 1 / 14
    A = J @ S @ J
    D = np.diag(np.linalg.solve(J**2, np.diag(A)))
    mean, spread = 0.5 * np.trace(A) / (1 - 1 / 14), 0.5 * ((A - J @ D @ J) ** 2).sum() / (1 - 1 / 14) ** 2
    want = np.sqrt(8 / spread) * (0.5 * (r * S).sum() - mean)
    found = cd_local(e, sparse.csr_array(W), time_effects=True)
    assert found.statistic == pytest.approx(want, rel=1e-10)


def test_what_is_not_defined_says_why() -> None:
    rng = np.random.default_rng(0)
    e = rng.normal(size=(8, 10))
    full = sparse.csr_array(np.ones((10, 10)) - np.eye(10))
    for test, words in (
        (cd(e, time_effects=True), "Juodis"),
        (cd_local(e, full, time_effects=True), "nearly all units"),
        (cd(e[:2]), "2 periods"),
        (cd_lm(e[:3]), "too few"),
        (serial_tests(e[:2], Transformation(10, 2, True, False, True))[0], "three periods"),
        (component_tests(e[:2], full)[0], "three periods"),
        (cips(e[:5]), "too few"),
        (cips(np.repeat(e[:, :1], 10, axis=1).cumsum(axis=0)), "singular"),
    ):
        assert np.isnan(test.statistic), test.name
        assert np.isnan(test.pvalue), test.name
        assert words in test.sentence, test.sentence


@pytest.mark.parametrize("effects", ["none", "entity", "time", "twoway"])
def test_pooled_moran_is_residual_moran_with_dummies(effects: str) -> None:
    """The moments without a matrix of N T rows are those of Cliff and Ord with every dummy in the design."""
    y, X, W = simulated(4, n=12, t=5)
    panel = SpatialPanel.from_arrays(y, X, W, effects=effects)  # type: ignore[arg-type]
    columns = [X.reshape(60, 2), np.ones((60, 1))]
    columns += [np.kron(np.ones((5, 1)), np.eye(12))] * (effects in {"entity", "twoway"})
    columns += [np.kron(np.eye(5), np.ones((12, 1)))] * (effects in {"time", "twoway"})
    Z = np.hstack(columns)
    index = pd.MultiIndex.from_product([range(5), W.ids], names=["year", "country"]).swaplevel()
    e = pd.Series(y.ravel() - Z @ np.linalg.lstsq(Z, y.ravel(), rcond=None)[0], index=index)
    want = residual_moran(e, W, pd.DataFrame(Z, index=index))
    found = panel.moran()
    assert found.statistic == pytest.approx(want.z, rel=1e-8)
    assert found.pvalue == pytest.approx(want.pvalue, rel=1e-7)


def test_moran_by_year_is_connected() -> None:
    result = fitted("sdm", "twoway", "lee-yu")
    found = result.moran_by_year(permutations=0)
    want = moran_by_year(result.resids, None, weights(), entity="state", time="year", permutations=0)
    pd.testing.assert_frame_equal(found, want)
    assert len(found) == 17


def test_component_tests_equal_splm_and_spreg() -> None:
    tests = {test.name: test.statistic for test in fitted("sem", "none", "direct").model.component_tests()}
    assert tests["bsk_random"] == pytest.approx(splm("bsktest_LM1", "pooling"), rel=1e-9)
    assert tests["bsk_error"] == pytest.approx(splm("bsktest_LM2", "pooling") ** 2, rel=1e-9)
    assert tests["bsk_random_error"] == pytest.approx(splm("bsktest_LMH", "pooling"), rel=1e-9)
    assert tests["bsk_joint"] == pytest.approx(splm("bsjktest_J", "pooling"), rel=1e-9)
    spreg = golden("spreg_1.9.1_golden")
    rows = spreg[(spreg["model"] == "pooledols") & (spreg["effect"] == "pooled")]
    joint = rows[rows["term"].str.startswith("LM Joint")]["estimate"].to_numpy()
    durbin = {test.name: test.statistic for test in fitted("sdem", "none", "direct").model.component_tests()}
    np.testing.assert_allclose([tests["bsk_random_error"], durbin["bsk_random_error"]], joint, rtol=1e-9)


def test_serial_lm_is_the_score_of_the_transformed_system() -> None:
    """Score and full information of (r, sigma2) on data multiplied by F_T and F_N, first-order process at r = 0."""
    rng = np.random.default_rng(5)
    T, N = 6, 9
    for entity, time in ((True, True), (True, False), (False, True), (False, False)):
        t = Transformation(N, T, entity, time, True)
        e = t.within(rng.normal(size=(T, N)))
        Q = np.eye(T) - entity / T
        J = np.eye(N) - time / N
        values, vectors = np.linalg.eigh(np.kron(Q, J))
        F = vectors[:, values > 0.5]
        D = F.T @ np.kron(np.eye(T, k=1) + np.eye(T, k=-1), np.eye(N)) @ F
        v, m = F.T @ e.ravel(), F.shape[1]
        s2 = v @ v / m
        score = 0.5 * (v @ D @ v / s2 - np.trace(D))
        info = 0.5 * (np.trace(D @ D) - np.trace(D) ** 2 / m)
        assert serial_lm(e, t).statistic == pytest.approx(score**2 / info, rel=1e-9)


def test_robust_serial_tests_are_brute_force() -> None:
    rng = np.random.default_rng(6)
    T, N = 7, 11
    t = Transformation(N, T, True, False, True)
    e = t.within(rng.normal(size=(T, N)))
    own = np.array([sum(e[s, i] * e[s - 1, i] for s in range(1, T)) + (e[:, i] ** 2).sum() / T for i in range(N)])
    assert serial_robust(e, t).statistic == pytest.approx(own.sum() / np.sqrt((own**2).sum()), rel=1e-10)
    from statsmodels.api import OLS

    fit = OLS(e[1:].ravel(), e[:-1].ravel()[:, None]).fit()
    groups = np.tile(np.arange(N), T - 1)
    robust = fit.get_robustcov_results("cluster", groups=groups, use_correction=False)
    want = (robust.params[0] + 1 / (T - 1)) / robust.bse[0]
    assert serial_wooldridge(e, t).statistic == pytest.approx(want, rel=1e-9)


def test_cadf_is_brute_force() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=(18, 7)).cumsum(axis=0)
    D, level = np.diff(y, axis=0), y[2:17]
    common = [np.ones(15), np.arange(15.0)]
    common += [level.mean(axis=1), D[2:].mean(axis=1), D[1:16].mean(axis=1), D[:15].mean(axis=1)]
    for i in range(7):
        X = np.column_stack([level[:, i], D[1:16, i], D[:15, i], *common])
        b = np.linalg.lstsq(X, D[2:, i], rcond=None)[0]
        e = D[2:, i] - X @ b
        want = b[0] / np.sqrt(e @ e / (15 - 9) * np.linalg.inv(X.T @ X)[0, 0])
        assert cadf(y[None], UnitRoot("trend", 2, False))[0, i] == pytest.approx(want, rel=1e-8)


@pytest.mark.parametrize(
    ("deterministic", "periods", "units", "table"),
    [
        ("none", 20, 20, (-1.83, -1.62, -1.50)),
        ("none", 10, 50, (-1.78, -1.58, -1.46)),
        ("constant", 20, 20, (-2.40, -2.21, None)),
        ("constant", 10, 10, (-2.97, -2.52, None)),
    ],
)
def test_simulated_critical_values_are_pesarans(
    deterministic: str, periods: int, units: int, table: tuple[float | None, ...]
) -> None:
    """Pesaran (2007), tables II(a) and II(b), not truncated; 4,000 draws leave about 0.02, the tables round to 0.01."""
    found = np.quantile(null_draws(periods, units, UnitRoot(deterministic, 0, False), 4000, 0), [0.01, 0.05, 0.1])
    for value, want in zip(found, table, strict=True):
        assert want is None or value == pytest.approx(want, abs=0.05)


def test_cips_tells_unit_roots_from_none() -> None:
    rng = np.random.default_rng(2)
    noise = rng.normal(size=(25, 20)) + rng.normal(size=(25, 1))
    walk, still = cips(noise.cumsum(axis=0), name="walk"), cips(noise, name="still")
    assert walk.pvalue > 0.1
    assert still.pvalue == pytest.approx(1 / 1001)
    assert "seed 0" in still.note
    assert default_lags(25) == 1
    assert default_lags(8) == 0


def test_unit_roots_of_a_panel() -> None:
    found = fitted("sdm", "twoway", "lee-yu").unit_root(deterministic="trend", lags=1)
    assert list(found.index) == ["cips_lgsp", *(f"cips_{name}" for name in REGRESSORS)]
    assert found["pvalue"].between(0, 1).all()


def test_jarque_bera_without_effects_is_the_textbook() -> None:
    rng = np.random.default_rng(8)
    e = rng.standard_t(5, size=(12, 30))
    e = e - e.mean()
    want = stats.jarque_bera(e.ravel()).statistic
    assert jarque_bera(e, Transformation(30, 12, False, False, False)).statistic == pytest.approx(want, rel=1e-9)


def test_jarque_bera_sees_through_demeaning() -> None:
    """In short panels the excess kurtosis of residuals is not that of innovations; the note tells the latter."""
    rng = np.random.default_rng(9)
    T, N = 4, 60_000
    t = Transformation(N, T, True, False, True)
    e = t.within(rng.exponential(size=(T, N)))
    raw = stats.kurtosis(e.ravel())
    note = jarque_bera(e, t).note
    skewness, kurtosis = (float(part.split()[-1].rstrip(".")) for part in note.split(","))
    assert raw < 4.5
    assert skewness == pytest.approx(2.0, abs=0.1)
    assert kurtosis == pytest.approx(6.0, abs=0.5)


# Name to statistic on demeaned innovations; every one of them with its own null true.
Tests = dict[str, Callable[[np.ndarray, Transformation], PanelTest]]


def panel_tests(W: np.ndarray) -> Tests:
    matrix = sparse.csr_array(W)
    return {
        "cd": lambda e, t: cd(e, time_effects=t.time),
        "cd_lm": lambda e, t: cd_lm(e, time_effects=t.time),
        "cd_local": lambda e, t: cd_local(e, matrix, time_effects=t.time),
        "moran": lambda e, t: panel_moran(e, np.empty((e.size, 0)), matrix, t),
        "serial_lm": serial_lm,
        "serial_robust": serial_robust,
        "serial_wooldridge": serial_wooldridge,
        "jarque_bera": jarque_bera,
    }


def sizes(entity: bool, time: bool, n: int, T: int, draws: int) -> dict[str, float]:
    """Share of 5 % rejections on independent normal innovations."""
    rng, tests = np.random.default_rng(10), panel_tests(ring(n))
    t = Transformation(n, T, entity, time, True)
    counts = dict.fromkeys(tests, 0)
    for _ in range(draws):
        e = t.within(rng.normal(size=(T, n)))
        e = e - e.mean()  # as the constant of a pooled regression does
        for name, test in tests.items():
            counts[name] += int(test(e, t).pvalue < 0.05)
    return {name: count / draws for name, count in counts.items() if not (name == "cd" and time)}


@pytest.mark.parametrize(("entity", "time"), [(True, True), (True, False)])
def test_size_quickly(entity: bool, time: bool) -> None:
    """400 draws: within four binomial standard errors of 5 %."""
    for name, share in sizes(entity, time, 60, 15, 400).items():
        assert share == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 400)), name


@pytest.mark.slow
@pytest.mark.parametrize("periods", [5, 15])
@pytest.mark.parametrize(("entity", "time"), [(True, True), (True, False), (False, True), (False, False)])
def test_size(entity: bool, time: bool, periods: int) -> None:
    """4,000 draws: 3 to 7 %."""
    for name, share in sizes(entity, time, 60, periods, 4000).items():
        assert 0.03 <= share <= 0.07, name


@pytest.mark.slow
@pytest.mark.parametrize("deterministic", ["none", "constant", "trend"])
def test_cips_size(deterministic: str) -> None:
    """500 panels of random walks with a common factor of unequal loadings; the critical values have none."""
    rng, rejected = np.random.default_rng(11), 0
    for _ in range(500):
        factor = rng.normal(size=(15, 1)) * rng.uniform(0.5, 1.5, 60)
        walk = (rng.normal(size=(15, 60)) + factor).cumsum(axis=0)
        rejected += cips(walk, deterministic=deterministic).pvalue < 0.05  # type: ignore[arg-type]
    assert 0.02 <= rejected / 500 <= 0.08


def test_power() -> None:
    """A common factor, a spatial error, autocorrelation and fat tails are each found by the test made for them."""
    rng, n, T = np.random.default_rng(12), 40, 12
    W, t = ring(n), Transformation(n, T, True, False, True)
    tests = panel_tests(W)
    noise = rng.normal(size=(T, n))
    spatial = np.linalg.solve(np.eye(n) - 0.5 * W, noise.T).T
    serial = noise.copy()
    for s in range(1, T):
        serial[s] += 0.5 * serial[s - 1]
    planted = {
        "cd": noise + 0.5 * rng.normal(size=(T, 1)),
        "cd_lm": noise + rng.normal(size=(T, 1)) * rng.normal(size=n),
        "cd_local": spatial,
        "moran": spatial,
        "serial_lm": serial,
        "serial_robust": serial,
        "serial_wooldridge": serial,
        "jarque_bera": rng.standard_t(4, size=(T, n)),
    }
    for name, e in planted.items():
        assert tests[name](t.within(e), t).pvalue < 1e-3, name


def test_order_of_units_does_not_matter() -> None:
    y, X, W = simulated(3, n=15, t=6)
    order = np.random.default_rng(0).permutation(15)
    turned = Weights.from_dense([W.ids[i] for i in order], W.dense()[np.ix_(order, order)])
    first = SpatialPanel.from_arrays(y, X, W).fit().diagnostics()
    again = SpatialPanel.from_arrays(y[:, order], X[:, order], turned).fit().diagnostics()
    np.testing.assert_allclose(first["statistic"], again["statistic"], rtol=1e-6, atol=1e-8)
