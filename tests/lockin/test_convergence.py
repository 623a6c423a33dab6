"""Convergence, clubs and thresholds: by hand and against other programs, recovery, size and power, real tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from gvcpos._core.errors import DroppedRowsWarning, EstimationError, InputError, LabelError
from gvcpos.lockin import beta_convergence, convergence_clubs, sigma_convergence, threshold
from gvcpos.lockin.common.serial import ar1_root
from gvcpos.lockin.convergence.club_position import turned_pvalues
from gvcpos.lockin.convergence.cross_section import hc3, instrumented, unit_root
from gvcpos.lockin.convergence.log_t import (
    critical_value,
    dispersion,
    log_t,
    log_t_many,
    long_run_variance,
    null_statistics,
    persistence,
)
from gvcpos.lockin.convergence.threshold_search import ThresholdModel, critical_lr
from gvcpos.spatial import Weights
from tests.lockin import paths, worlds
from tests.shared import shared


def clubs_world(seed: int, levels: tuple[float, ...], *, n: int = 30, years: int = 12, rho: float = 0.5, alpha=0.3):
    """Paths that converge to one of some levels at the rate t^alpha log (t+1)."""
    rng = np.random.default_rng(seed)
    level = np.repeat(levels, n // len(levels))[:, None]
    t = np.arange(1, years + 1)
    y = (
        level
        * (1 + 0.05 * paths.ar1(rng, n, years, rho) / (np.log(t + 1) * t**alpha))
        * (1 + 0.02 * rng.normal(size=years))
    )
    return worlds.frame("upstream", years, n, va_rate=y.T)


def walks(seed: int, *, n: int = 40, years: int = 12) -> np.ndarray:
    rng = np.random.default_rng(seed)
    steps = 0.05 * np.exp(0.5 * rng.normal(size=(n, 1))) * rng.normal(size=(n, years))
    return 0.4 * rng.normal(size=(n, 1)) + np.cumsum(steps, axis=1)


def test_log_t_by_hand():
    y = clubs_world(0, (0.5,))["va_rate"].to_numpy().reshape(30, 12)
    h = y / y.mean(axis=0)
    H = ((h - 1) ** 2).mean(axis=0)
    t = np.arange(3, 13)  # 0.3 · 12 = 3.6, from the third year
    fit = sm.OLS(np.log(H[0] / H[t - 1]) - 2 * np.log(np.log(t + 1)), sm.add_constant(np.log(t))).fit()
    assert log_t(y).b == pytest.approx(fit.params[1])
    u, m = fit.resid, len(t)
    rho = (u[1:] @ u[:-1]) / (u[:-1] @ u[:-1])
    width = 1.3221 * (4 * rho**2 / (1 - rho) ** 4 * m) ** 0.2
    omega = u @ u / m
    for j in range(1, m):
        z = 6 * np.pi * j / width / 5
        omega += 2 * 25 / (12 * np.pi**2 * (j / width) ** 2) * (np.sin(z) / z - np.cos(z)) * (u[j:] @ u[:-j]) / m
    assert long_run_variance(u[None])[0] == pytest.approx(omega)
    x = np.log(t) - np.log(t).mean()
    assert log_t(y).t == pytest.approx(fit.params[1] / np.sqrt(omega / (x @ x)))


def test_the_normal_critical_value_is_that_of_many_years_only():
    assert (null_statistics(4, 400, 0.0) < -1.645).mean() == pytest.approx(0.05, abs=0.02)
    assert critical_value(40, 12, 0.5) < -2.2
    assert (null_statistics(40, 6, 0.5) < -1.645).mean() > 0.15
    assert critical_value(40, 12, 0.8) < critical_value(40, 12, 0.0)


def placed(panel: pd.DataFrame, order: np.ndarray) -> pd.DataFrame:
    """The panel with a position for each of its countries, a little different from year to year."""
    of = dict(zip(sorted(panel["country"].unique()), 2.0 + 0.02 * order, strict=True))
    return panel.assign(upstreamness=panel["country"].map(of) + 0.001 * (panel["year"] - 2007))


@pytest.mark.parametrize("levels", [(0.6, 0.3), (0.6, 0.45, 0.3)])
def test_planted_clubs_are_found(levels):
    """The first countries are in the highest club; those further upstream in the lowest: lock-in."""
    panel = placed(clubs_world(4, levels), np.arange(30))
    where = {"position": "upstreamness"}
    test = convergence_clubs(panel, **where)
    assert test.rejected
    assert test.evidence == "lock-in"
    assert "Countries further upstream keep less (rank correlation −0." in test.sentence
    assert test.details["position"]["pvalue_less"].item() < 1e-6
    clubs = test.details["clubs"]["club"].to_numpy()
    truth = np.repeat(np.arange(len(levels)), 30 // len(levels)) + 1
    assert (clubs == truth).mean() > 0.9
    low = convergence_clubs(panel, **where, scope="C29")
    assert (low.evidence, low.scope) == ("lock-in", "C29")
    assert "describes and does not confirm" in low.sentence
    top = convergence_clubs(panel, **where, scope="C00")
    assert top.evidence != "lock-in"
    assert "percentage points of output less" in low.effect


def test_clubs_that_have_nothing_to_do_with_position_are_no_lock_in():
    panel = clubs_world(4, (0.6, 0.3))
    assert convergence_clubs(panel).evidence == "none"
    mixed = placed(panel, np.argsort(np.argsort(np.arange(30) % 15)))
    test = convergence_clubs(mixed, position="upstreamness")
    assert test.rejected
    assert (test.evidence, convergence_clubs(mixed, position="upstreamness", scope="C29").evidence) == ("none",) * 2
    assert "keep neither less nor more" in test.sentence
    turned = convergence_clubs(placed(panel, -np.arange(30)), position="upstreamness")
    assert turned.evidence == "upgrading"
    assert convergence_clubs(placed(panel, -np.arange(30)), position="upstreamness", scope="C29").evidence == "none"
    same = placed(panel, np.zeros(30))
    assert convergence_clubs(same, position="upstreamness").evidence == "none"
    with pytest.raises(InputError, match="no column distance"):
        convergence_clubs(panel, position="distance")


def test_neighbours_that_are_alike_count_for_less():
    """Two maps that have nothing to do with each other: countries taken for independent reject far too often."""
    rng = np.random.default_rng(3)
    at = rng.uniform(size=(40, 2))
    W = np.exp(-((at[:, None] - at[None]) ** 2).sum(axis=2) / 0.05) - np.eye(40)
    root = np.linalg.cholesky(np.exp(-((at[:, None] - at[None]) ** 2).sum(axis=2) / 0.05) + 0.3 * np.eye(40))
    plain, turned = [], []
    for _ in range(300):
        one, other = (rankdata(root @ rng.normal(size=40)) for _ in range(2))
        plain.append(spearmanr(one, other).pvalue < 0.05)
        turned.append(min(turned_pvalues(one, other, W)) < 0.025)
    assert np.mean(plain) > 0.12
    assert 0.02 < np.mean(turned) < 0.08


def test_position_and_weights_meet_by_label():
    panel = placed(clubs_world(4, (0.6, 0.3)), np.arange(30))
    names = sorted(panel["country"].unique())
    gap = np.abs(np.subtract.outer(np.arange(31), np.arange(31)))
    W = Weights.from_dense([*names, "ZZZ"], (gap == 1).astype(float)).normalised("row")
    where = {"position": "upstreamness"}
    test, alone = convergence_clubs(panel, **where, weights=W), convergence_clubs(panel, **where)
    assert (test.pvalue, test.evidence, alone.evidence) == (alone.pvalue, "none", "lock-in")
    line = 2 * test.details["position"]["pvalue_less"].item()
    assert 0.05 < line < 0.2  # two slopes on one line are hardly more than one observation each
    shuffled = convergence_clubs(panel.sample(frac=1.0, random_state=1), **where, weights=W.align(W.ids[::-1]))
    pd.testing.assert_frame_equal(test.details["position"], shuffled.details["position"])
    with pytest.raises(LabelError, match="no such country of the weights: C00"):
        convergence_clubs(panel, position="upstreamness", weights=W.subset([*names[1:], "ZZZ"]))


def test_one_club_is_one_club():
    test = convergence_clubs(clubs_world(2, (0.5,)))
    assert not test.rejected
    assert set(test.details["clubs"]["club"]) == {1}
    assert "this does not show that they do" in test.sentence


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 50))
def test_clubs_do_not_depend_on_order_names_or_units(seed, scale):
    panel = clubs_world(5, (0.6, 0.3))
    names = dict(
        zip(worlds.countries(30), np.random.default_rng(seed).permutation([f"X{i}" for i in range(30)]), strict=True)
    )
    other = panel.sample(frac=1, random_state=seed).assign(va_rate=lambda d: d["va_rate"] * scale)
    other["country"] = other["country"].map(names)
    one, two = convergence_clubs(panel), convergence_clubs(other)
    assert two.statistic == pytest.approx(one.statistic, rel=1e-8)
    assert two.pvalue == one.pvalue
    a = one.details["clubs"].assign(country=lambda d: d["country"].map(names)).set_index("country")["club"]
    assert (two.details["clubs"].set_index("country")["club"].loc[a.index] == a).all()


def test_what_cannot_be_tested_is_refused():
    panel = clubs_world(1, (0.5,))
    with pytest.raises(EstimationError, match="6 years are needed"):
        convergence_clubs(panel[panel["year"] < 2012])
    with pytest.raises(InputError, match="not evenly spaced"):
        convergence_clubs(panel[panel["year"] != 2010])
    with pytest.raises(InputError, match="one country does not converge alone"):
        beta_convergence(panel, scope="C01")
    with pytest.raises(LabelError, match="ZZZ"):
        sigma_convergence(panel, scope="ZZZ")
    with pytest.raises(InputError, match="controls enter the cross-section only"):
        beta_convergence(panel, controls=["va_rate"], form="panel")
    holed = panel.drop(index=panel.index[3])
    with pytest.warns(DroppedRowsWarning, match="C00"):
        assert convergence_clubs(holed).ncountries == 29
    with pytest.warns(DroppedRowsWarning, match="1 of 30 countries dropped, C02"):
        beta_convergence(panel.assign(va_rate=panel["va_rate"].where(panel["country"] != "C02", -1.0)))


def test_cross_sections_against_statsmodels_and_linearmodels():
    from linearmodels.iv import IV2SLS

    rng = np.random.default_rng(0)
    x, z, c = rng.normal(size=(3, 40))
    x = x + z
    y = 1 - 0.3 * x + 0.2 * c + rng.normal(size=40) * np.exp(0.3 * x)
    fit = sm.OLS(y, sm.add_constant(np.column_stack([x, c]))).fit(cov_type="HC3")
    own = hc3(y, np.column_stack([x, c]))
    np.testing.assert_allclose(own.params, fit.params[1:])
    np.testing.assert_allclose(own.std_errors, fit.bse[1:])
    data = pd.DataFrame({"y": y, "x": x, "z": z, "c": c, "one": 1.0})
    iv = IV2SLS(data["y"], data[["one", "c"]], data[["x"]], data[["z"]]).fit(cov_type="robust", debiased=True)
    rest = instrumented(y, x, z, c[:, None])
    np.testing.assert_allclose(rest.params, iv.params[["x", "c"]])
    np.testing.assert_allclose(rest.std_errors, iv.std_errors[["x", "c"]])


def test_beta_and_sigma_read_catching_up_as_upgrading():
    y = walks(1)
    close = y[:, :1] * 0.85 ** np.arange(12) + 0.02 * np.random.default_rng(0).normal(size=(40, 12))
    panel = worlds.frame("upstream", 12, 40, va_rate=np.exp(close).T)
    beta, sigma = beta_convergence(panel), sigma_convergence(panel)
    assert (beta.evidence, sigma.evidence) == ("upgrading", "upgrading")
    assert beta.estimate == pytest.approx((0.85**11 - 1) / 11, abs=0.01)
    spread = sigma.details["dispersion"]["std"]
    assert sigma.estimate == pytest.approx(np.log(spread.iloc[-1] / spread.iloc[0]))
    widening = worlds.frame("upstream", 12, 40, va_rate=np.exp(close[:, ::-1]).T)
    assert (beta_convergence(widening).evidence, sigma_convergence(widening).evidence) == ("lock-in", "lock-in")
    assert beta_convergence(panel, form="panel").evidence == "none"


def test_pitman_morgan():
    """The slope of differences on sums is zero just where the variances are equal, whatever the correlation."""
    rng = np.random.default_rng(2)
    a = rng.normal(size=50)
    b = 0.8 * a + rng.normal(size=50)
    b *= a.std() / b.std()
    assert hc3(b - a, (b + a)[:, None]).params[0] == pytest.approx(0.0, abs=1e-12)


def q_and_model(seed: int, gap: float = 0.0, *, years: int = 8, n: int = 20, shift: bool = True, rho: float = 0.7):
    panel = paths.curved(seed, n=n, years=years, rho=rho)
    rng = np.random.default_rng([seed, 1])
    q = (rng.normal(size=(n, 1)) + 0.5 * paths.ar1(rng, n, years, 0.9)).ravel()
    y, x = panel["va_rate"].to_numpy() + gap * (q <= 0.2) * (panel["upstreamness"] - 2.5), panel["upstreamness"]
    entity, period = panel["country"].to_numpy(), panel["year"].to_numpy()
    panel = panel.assign(va_rate=y, rd=q)
    arrays = {"controls": np.zeros((n * years, 0)), "entity": entity, "period": period}
    return panel, ThresholdModel(y.to_numpy(), x.to_numpy(), q, **arrays, shift=shift)


@pytest.mark.parametrize("shift", [True, False])
def test_threshold_search_against_brute_force(shift):
    panel, model = q_and_model(3, -0.2, shift=shift)
    grid = model.grid(0.1, 25)
    found, _, _ = model.search(grid)
    dummies = pd.get_dummies(panel[["country", "year"]].astype(str), drop_first=True).to_numpy(float)
    x = panel["upstreamness"].to_numpy() - panel["upstreamness"].mean()

    def ssr(*cuts: float) -> float:
        parts = [dummies, np.ones(len(x)), x]
        for cut in cuts:
            low = (panel["rd"] <= cut).to_numpy(float)
            parts += [x * low, low] if shift else [x * low]
        return float(sm.OLS(panel["va_rate"].to_numpy(), np.column_stack(parts)).fit().ssr)

    np.testing.assert_allclose(found.ssr, [ssr(g) for g in grid], rtol=1e-8)
    assert found.ssr0 == pytest.approx(ssr())
    second, _, _ = model.search(grid[:8], (found.best,))
    np.testing.assert_allclose(second.ssr, [ssr(found.best, g) for g in grid[:8]], rtol=1e-8)


def test_threshold_recovers_what_is_planted():
    panel, _ = q_and_model(7, -0.25, n=40, years=10)
    test = threshold(panel, by="rd", draws=199)
    assert test.rejected
    assert test.evidence == "lock-in"
    assert test.details["thresholds"].loc[0, "threshold"] == pytest.approx(0.2, abs=0.1)
    slopes = test.details["slopes"]
    assert slopes.loc[0, "slope"] == pytest.approx(-0.25, abs=0.08)
    assert slopes.loc[1, "pvalue_negative"] > 0.05
    lr = test.details["likelihood_ratio"]
    assert lr["lr"].min() == 0
    assert lr["critical"].iloc[0] == pytest.approx(7.35, abs=0.005)
    assert critical_lr(0.1) == pytest.approx(5.94, abs=0.005)
    assert critical_lr(0.01) == pytest.approx(10.59, abs=0.005)
    shuffled = threshold(panel.sample(frac=1, random_state=1), by="rd", draws=199)
    assert shuffled.pvalue == test.pvalue
    again = threshold(panel.assign(rd=np.exp(panel["rd"])), by="rd", draws=199)
    assert again.statistic == pytest.approx(test.statistic, rel=0.1)
    with pytest.raises(InputError, match="one country's years carry no threshold"):
        threshold(panel, by="rd", scope="C01")


def test_two_thresholds():
    panel, _ = q_and_model(9, n=40, years=12, rho=0.3)
    x, q = panel["upstreamness"] - 2.5, panel["rd"]
    panel["va_rate"] += -0.3 * x * (q <= -0.5) + 0.3 * x * (q > 0.6)
    test = threshold(panel, by="rd", draws=199)
    kept = test.details["thresholds"].query("kept")["threshold"].sort_values().tolist()
    assert kept == pytest.approx([-0.5, 0.6], abs=0.1)
    assert (test.details["slopes"]["slope"].diff().dropna() > 0.15).all()


def sizes(draws: int, *, n: int = 40) -> dict[str, float]:
    """Rejections at 5 % under each null: log t at the border (T 6, 12, 15), unit root, beta, sigma, threshold."""
    out = {}
    for years in (6, 12, 15):
        panels = (clubs_world(r, (0.5,), n=n, years=years, alpha=0.0) for r in range(draws))
        ys = [p["va_rate"].to_numpy().reshape(n, years) for p in panels]
        out[f"log t {years}"] = np.mean([log_t(y).t < critical_value(n, years, persistence(y)) for y in ys])
    random = [walks(r, n=n) for r in range(draws)]
    roots = [unit_root(y, 199, r) for r, y in enumerate(random)]
    out["unit root"] = np.mean([(u.draws <= u.estimate / u.std_error).mean() < 0.05 for u in roots])
    frames = [worlds.frame("upstream", 12, n, va_rate=np.exp(y).T) for y in random]
    out["beta"] = np.mean([beta_convergence(f).rejected for f in frames])
    still = [np.random.default_rng(r).normal(size=(2, n)) for r in range(draws)]
    same = [worlds.frame("upstream", 3, n, va_rate=np.array([a + b, a, a - b])) for a, b in still]
    out["sigma"] = np.mean([sigma_convergence(f, logs=False).rejected for f in same])
    for years in (6, 12):
        hits = []
        for r in range(draws):
            _, model = q_and_model(r, n=n, years=years)
            found, directions, base = model.search(model.grid(0.1, 60))
            hits.append((model.bootstrap(found, directions, base, draws=199, seed=r) >= found.statistic).mean() < 0.05)
        out[f"threshold {years}"] = np.mean(hits)
    return out


def log_t_rate(draws: int, years: int, rho: float, n: int = 40) -> float:
    """Rejections at the border of the null, the persistence estimated by where its expectation meets the panel's."""
    rng, grid = np.random.default_rng(years), np.arange(0.0, 0.91, 0.05)
    scale = np.log(np.arange(1, years + 1) + 1)
    out = np.eye(years) - np.outer(scale, scale) / (scale @ scale)

    def drawn(many: int, a: float) -> tuple[np.ndarray, np.ndarray]:
        """Statistics and mean autocorrelations of panels."""
        xi = rng.normal(size=(many, n, years)) @ ar1_root(tuple(range(years)), a).T
        b, error = log_t_many(dispersion(xi) / scale**2)
        rest = (xi - xi.mean(axis=1, keepdims=True)) @ out
        return b / error, ((rest[..., 1:] * rest[..., :-1]).sum(-1) / (rest**2).sum(-1)).mean(1)

    expected = np.maximum.accumulate([drawn(100, a)[1].mean() for a in grid])
    t, mean = drawn(draws, rho)
    place = np.round(np.interp(mean, expected, grid) / 0.05).astype(int)
    cuts = np.array([critical_value(n, years, a) for a in grid[: place.max() + 1]])
    return float((t < cuts[place]).mean())


def test_size_of_log_t_short():
    assert 0.02 <= log_t_rate(600, 12, 0.5) <= 0.08


@pytest.mark.slow
@pytest.mark.parametrize("years", [6, 12, 15])
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8, 0.9])
def test_size_of_log_t(years, rho):
    assert 0.03 <= log_t_rate(2000, years, rho) <= (0.085 if rho == 0.9 else 0.072)


def test_small_study():
    most = 0.05 + 3 * np.sqrt(0.05 * 0.95 / 25)
    assert {k: v for k, v in sizes(25, n=20).items() if v > most} == {}


@pytest.mark.slow
def test_large_study():
    found = sizes(500)
    late = {k: v for k, v in found.items() if k != "log t 6"}
    assert {k: v for k, v in late.items() if not 0.02 <= v <= (0.1 if k.startswith("log t") else 0.08)} == {}
    assert found["log t 6"] < 0.14  # the normal critical value: 0.27


def adb() -> pd.DataFrame:
    """Mining (c2) of 72 economies 2017–2022: published lengths as position, value added over output as capture."""
    lengths = pd.read_parquet(shared("adb_accounts/adb72_lengths_2017_2022.parquet"))
    accounts = pd.read_parquet(shared("adb_accounts/adb72_summary_2017_2022.parquet"))
    both = accounts.merge(lengths[lengths["agg"] == 35][["t", "iso3", "i", "PLv"]], on=["t", "iso3", "i"])
    both = both[(both["i"] == 2) & (both["x"] > 50)]
    both = both.assign(stage="upstream", va_rate=both["va"] / both["x"])
    return both.rename(columns={"t": "year", "iso3": "country", "PLv": "upstreamness"})


def test_six_years_of_72_economies():
    panel = adb()
    full = panel.groupby("country")["year"].transform("size") == 6
    test = convergence_clubs(panel[full])
    assert test.ncountries > 55
    assert test.details["method"].loc[0, "critical"] < -3  # six years: far from −1.65
    assert test.details["clubs"]["club"].max() >= 1
    assert 0 < beta_convergence(panel[full & (panel["va_rate"] > 0)]).pvalue < 1
    h = threshold(panel[full].assign(size=np.log(panel["x"])), by="size", draws=199)
    assert 0 < h.pvalue <= 1


def test_dispersion_of_many_panels_at_once():
    H = np.random.default_rng(0).uniform(0.5, 1.5, size=(3, 12))
    b, error = log_t_many(H)
    for row in range(3):
        one, se = log_t_many(H[row : row + 1])
        assert (one[0], se[0]) == (pytest.approx(b[row]), pytest.approx(error[row]))
