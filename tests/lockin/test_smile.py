"""The smile curve: points, weighted fits, troughs, who is where; size and power."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gvcpos._core.errors import DroppedRowsWarning, EstimationError, InputError, LabelError
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.accounting.final_use import FinalUse
from gvcpos.chains import Chain
from gvcpos.lockin import smile_curve, smile_flattening, smile_points
from gvcpos.lockin.smile.smile_fit import YearlyQuadratics, degrees, fieller
from gvcpos.lockin.smile.smile_years import smile_years
from gvcpos.tables import IOTable
from tests.shared import wiod_year

RARE_EARTHS = Chain.rare_earths()


def design(seed: int, n: int = 40, sectors: int = 8, years: int = 1) -> pd.DataFrame:
    """Cells with distances and incomes: a few large countries, much like a real chain; va_rate to be filled."""
    rng = np.random.default_rng(seed)
    size = 1 / (np.arange(n) + 2.0)
    rows = pd.MultiIndex.from_product([range(n), range(sectors)]).to_frame(index=False).to_numpy()
    place = rng.normal(0, 0.3, n)[rows[:, 0]] + np.linspace(1.2, 5, sectors)[rows[:, 1]]
    weight = size[rows[:, 0]] * rng.lognormal(0, 1, len(rows))
    frames = []
    for year in range(2000, 2000 + years):
        frame = pd.DataFrame({"country": [f"C{i:02d}" for i in rows[:, 0]], "sector": [f"s{j}" for j in rows[:, 1]]})
        distance = place + 0.05 * rng.normal(size=len(rows))
        frames.append(frame.assign(year=year, distance=distance, weight=weight / weight.sum()))
    return pd.concat(frames, ignore_index=True)


def filled(points: pd.DataFrame, rng: np.random.Generator, curve: np.ndarray, noise: float = 0.1) -> pd.DataFrame:
    """Rates on a curve, with errors that countries and cells keep over the years."""
    country, cell = (pd.factorize(points[c] if c == "country" else points["country"] + points["sector"])[0]
                     for c in ("country", "cell"))  # fmt: skip
    own = rng.normal(size=country.max() + 1)[country] + rng.normal(size=cell.max() + 1)[cell]
    error = noise * (own + 0.3 * rng.normal(size=len(points))) / np.sqrt(2)
    return points.assign(va_rate=curve + error)


def u_shape(points: pd.DataFrame, trough: float, depth: float = 0.05) -> np.ndarray:
    return 0.3 + depth * (points["distance"].to_numpy() - trough) ** 2


def test_points_are_those_of_the_accounts():
    io = wiod_year(2005)
    points = smile_points(io, RARE_EARTHS)
    assert points["weight"].sum() == pytest.approx(1.0)
    accounts = ValueAddedAccounts(io)
    final = FinalUse(sectors=RARE_EARTHS.stage("downstream").sectors)
    key = ["country", "sector"]
    known = accounts.distance(final).merge(accounts.indices(split_foreign=False)[[*key, "va_rate"]], on=key)
    known = known.merge(points, on=key, suffixes=("_known", ""))
    assert len(known) == len(points)
    np.testing.assert_allclose(known["distance"], known["distance_to_final"])
    np.testing.assert_allclose(known["va_rate"], known["va_rate_known"], rtol=1e-9)
    np.testing.assert_allclose(known["weight"], known["gvc_income"] / known["gvc_income"].sum(), rtol=1e-9)


def test_points_of_all_final_products_lie_at_their_upstreamness():
    io = wiod_year(2003)
    points = smile_points({2003: io}, sectors=list(io.sectors)).set_index(["country", "sector"])
    upstreamness = ValueAddedAccounts(io).upstreamness().set_index(["country", "sector"])["upstreamness"]
    np.testing.assert_allclose(points["distance"], upstreamness.loc[points.index], rtol=1e-8)
    with pytest.raises(InputError, match="by a chain and its stage, or by sectors"):
        smile_points(io)
    home = smile_points(io, RARE_EARTHS, completed_in="CHN").groupby("country")["weight"].sum()
    assert home["CHN"] > 0.6


def test_cells_with_negative_value_added_are_named():
    rng = np.random.default_rng(0)
    Z, Y = rng.uniform(0, 1, (8, 8)), rng.uniform(0, 9, (8, 4))
    Z[:, 2] *= 8.0
    io = IOTable.from_arrays(
        Z, Y, countries=list("ABCD"), sectors=["s", "t"], final_categories=["f"], year=2000, unit="1", source="made"
    )
    assert (io.va_total < 0).sum() == 1
    with pytest.warns(DroppedRowsWarning, match="1 points dropped, with negative value added .*: B s"):
        points = smile_points(io, sectors="t")
    assert len(points) == 7
    assert points["weight"].sum() == pytest.approx(1.0)


def test_curves_against_statsmodels():
    import statsmodels.api as sm

    points = filled(design(0, years=2), np.random.default_rng(0), 0.4)
    smile = smile_years(points, ())
    for t, year in enumerate(smile.years):
        part = points[points["year"] == year]
        X = np.vander(part["distance"], 3, increasing=True)
        fit = sm.WLS(part["va_rate"], X, weights=part["weight"]).fit()
        np.testing.assert_allclose(smile.fit.beta[t], fit.params, rtol=1e-10)
        left = []
        for country in smile.countries:
            rest = part[part["country"] != country]
            X = np.vander(rest["distance"], 3, increasing=True)
            left.append(sm.WLS(rest["va_rate"], X, weights=rest["weight"]).fit().params.to_numpy())
        gaps = np.array(left) - fit.params.to_numpy()
        np.testing.assert_allclose(smile.fit.covariance(t), 39 / 40 * gaps.T @ gaps, rtol=1e-7, atol=1e-14)
    weights = np.array([[0.0, 1.0, 2.0], [0.0, 0.5, 1.0]])
    found = smile.fit.linear(weights)
    assert found.value == pytest.approx((weights * smile.fit.beta).sum())
    left = (smile.fit.without * weights).sum(axis=(1, 2))
    squares = (left - found.value) ** 2
    assert found.std_error == pytest.approx(np.sqrt(39 / 40 * squares.sum()))
    assert found.df == pytest.approx(degrees(left - found.value))
    trough = -smile.fit.beta[:, 1] / (2 * smile.fit.beta[:, 2])
    for t in range(2):
        at = np.zeros((2, 3))
        at[t] = 0.0, 1.0, 2 * trough[t]
        assert smile.fit.df(t) == pytest.approx(smile.fit.linear(at).df)


def test_degrees_of_freedom_count_countries():
    """One country is one; n alike are between n and 3n − 2; small ones beside do not count; the scale does not."""
    assert degrees(np.array([0.3])) == pytest.approx(1.0)
    assert degrees(np.array([0.3, 0.0, 1e-9])) == pytest.approx(1.0)
    for n in (2, 10, 40):
        assert n < degrees(np.full(n, -0.2)) < 3 * n - 2
        assert degrees(np.full(n, 5.0)) == pytest.approx(degrees(np.full(n, 1.0)))
    assert degrees(np.zeros(7)) == 7.0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.5, 4))
def test_fieller_against_the_test_that_it_inverts(seed, quantile):
    rng = np.random.default_rng(seed)
    beta = rng.normal(size=3)
    root = 0.3 * rng.normal(size=(3, 3))
    cov = root @ root.T
    low, high, bounded = fieller(beta, cov, quantile)
    grid = np.linspace(-40, 40, 4001)
    slope = beta[1] + 2 * grid * beta[2]
    error = np.sqrt(cov[1, 1] + 4 * grid * cov[1, 2] + 4 * grid**2 * cov[2, 2])
    kept = np.abs(slope) <= quantile * error
    inside = (grid >= low) & (grid <= high)
    said = inside if bounded or np.isinf(low) else ~inside
    near = np.zeros_like(kept)
    for end in (low, high):
        near |= np.abs(grid - end) < 1e-6
    assert (kept == said)[~near].all()


def test_a_planted_trough_is_found():
    points = design(1, years=6)
    points = filled(points, np.random.default_rng(1), u_shape(points, 3.0), noise=0.01)
    world = smile_curve(points)
    assert world.rejected
    assert world.evidence == "none"
    curves = world.details["curves"]
    np.testing.assert_allclose(curves["trough"], 3.0, atol=0.1)
    assert (curves["trough_low"] < 3.0).all()
    assert (curves["trough_high"] > 3.0).all()
    assert curves["trough_bounded"].all()
    slope = (curves["trough_high"] - curves["trough_low"]) / 2 / curves["trough_se"]
    quantile = stats.t(curves["df"]).ppf(0.975)
    np.testing.assert_allclose(slope, quantile, rtol=0.03)  # a small error: Fieller's interval is the delta method's
    assert (curves["df"] > 1).all()
    place = points[points["year"] == 2000].groupby("country")[["distance", "weight"]]
    mean = place.apply(lambda f: float(np.average(f["distance"], weights=f["weight"])))
    near, far = mean.sub(3.0).abs().idxmin(), mean.sub(3.0).abs().idxmax()
    here, there = smile_curve(points, scope=near), smile_curve(points, scope=far)
    assert here.rejected
    assert here.evidence == "lock-in"
    assert here.details["curves"]["own_distance"].iloc[0] == pytest.approx(mean[near])
    assert not there.rejected
    assert "this does not show that it is elsewhere" in there.sentence
    hill = points.assign(va_rate=1 - points["va_rate"])
    upside_down = smile_curve(hill)
    assert upside_down.pvalue > 0.99
    assert upside_down.details["curves"]["trough"].isna().all()
    assert "nowhere, as no year's curve is a U" in upside_down.sentence


def test_what_a_country_keeps_beyond_the_curve_of_the_others():
    points = design(2, years=2)
    points = filled(points, np.random.default_rng(2), u_shape(points, 3.0), noise=0.001)
    points.loc[points["country"] == "C03", "va_rate"] -= 0.1
    found = smile_curve(points, scope="C03")
    np.testing.assert_allclose(found.details["curves"]["own_gap"], -0.1, atol=0.01)
    table = found.details["residuals"].set_index("country")
    assert table.loc["C03", "rank"] == 1
    assert table.loc["C03", "residual"] == pytest.approx(found.details["curves"]["own_gap"].mean())
    assert table.loc["C03", "pvalue_lower"] == pytest.approx(1 / 40)
    pair = smile_curve(points, scope=["C03", "C05"]).details["curves"]["own_gap"]
    assert ((pair > -0.1) & (pair < 0)).all()
    assert "less than others" in found.effect


def test_flattening():
    rng = np.random.default_rng(3)
    points = design(3, years=10)
    depth = 0.1 - 0.008 * (points["year"].to_numpy() - 2000)
    points = filled(points, rng, 0.3 + depth * (points["distance"].to_numpy() - 3) ** 2, noise=0.01)
    world = smile_flattening(points)
    assert world.estimate == pytest.approx(-0.008, rel=0.05)
    assert world.evidence == "upgrading"
    deeper = points.assign(year=4010 - points["year"])
    assert smile_flattening(deeper).evidence == "lock-in"
    still = filled(design(4, years=10), rng, 0.3, noise=0.05)
    assert smile_flattening(still).evidence == "none"
    sinking = points.assign(va_rate=still["va_rate"])
    sinking.loc[sinking["country"] == "C01", "va_rate"] -= 0.02 * (sinking["year"] - 2000)
    gap = smile_flattening(sinking, scope="C01", of="gap")
    assert gap.estimate == pytest.approx(-0.02, abs=0.005)
    assert gap.evidence == "lock-in"
    np.testing.assert_allclose(gap.details["curves"]["tested"], gap.details["curves"]["own_gap"])
    assert "sinks by" in gap.effect
    with pytest.raises(EstimationError, match="annual changes"):
        smile_flattening(points[points["year"] < 2003])


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 1000))
def test_order_names_and_units_change_nothing(seed, scale):
    points = design(5, n=8, years=2)
    points = filled(points, np.random.default_rng(seed), u_shape(points, 3.0))
    before = smile_curve(points, scope="C02")
    mixed = points.sample(frac=1, random_state=seed).assign(weight=scale * points["weight"])
    mixed["country"] = mixed["country"].map(lambda c: "X" + c[::-1])
    after = smile_curve(mixed, scope="X20C")
    assert after.pvalue == pytest.approx(before.pvalue, rel=1e-6)
    assert after.details["curves"]["trough"].to_numpy() == pytest.approx(
        before.details["curves"]["trough"].to_numpy(), rel=1e-6, nan_ok=True
    )


def test_what_is_refused():
    points = filled(design(6, n=6), np.random.default_rng(0), 0.4)
    with pytest.raises(LabelError, match="exclude: C77 not in the panel"):
        smile_curve(points, exclude=["C77"])
    with pytest.raises(LabelError, match="two points of C00 s0 in 2000"):
        smile_curve(pd.concat([points, points.head(1)]))
    with pytest.raises(InputError, match="no column weight"):
        smile_curve(points.drop(columns="weight"))
    with pytest.raises(InputError, match="not positive"):
        smile_curve(points.assign(weight=0.0))
    with pytest.raises(InputError, match="within=0"):
        smile_curve(points, within=0)
    with pytest.raises(EstimationError, match="3 countries; at least 4"):
        smile_curve(points[points["country"] < "C03"])
    with pytest.raises(EstimationError, match="fewer than three distances"):
        smile_curve(points.assign(distance=points["distance"].round(0).clip(2, 3)))
    second = filled(design(6, n=6, years=2), np.random.default_rng(0), 0.4)
    gone = second[(second["country"] != "C01") | (second["year"] == 2000)]
    with pytest.raises(EstimationError, match="C01 earn nothing in the chain in 2001"):
        smile_curve(gone, scope="C01")
    assert smile_curve(gone).ncountries == 6


def slopes_rejected(draws: int, years: int) -> np.ndarray:
    """One-sided rejections of true slopes at the near end, the middle and the far end, and of the curvature."""
    points = design(7, years=years)
    code = [pd.factorize(points[c])[0] for c in ("year", "country")]
    distance, weight = (points[c].to_numpy() for c in ("distance", "weight"))
    ends = [1.2, 3.0, 5.0]
    functionals = [np.tile([0.0, 1.0, 2 * d], (years, 1)) / years for d in ends] + [
        np.tile([0.0, 0.0, 1.0], (years, 1))
    ]
    truth = [0.1 * (d - 3.0) for d in ends] + [0.05 * years]
    hits = np.zeros(4)
    for i in range(draws):
        rate = filled(points, np.random.default_rng(i), u_shape(points, 3.0))["va_rate"].to_numpy()
        fit = YearlyQuadratics(distance, rate, weight, year=code[0], country=code[1])
        for k, (functional, value) in enumerate(zip(functionals, truth, strict=True)):
            found = fit.linear(functional)
            hits[k] += (found.value - value) / found.std_error < stats.t(found.df).ppf(0.05)
    return hits / draws


@pytest.mark.slow
@pytest.mark.parametrize("years", [1, 6])
def test_size_of_slopes(years):
    rates = slopes_rejected(600, years)
    assert ((rates >= 0.02) & (rates <= 0.09)).all()
    assert 0.03 <= rates.mean() <= 0.07


def smiles_rejected(draws: int, trough: float, depth: float) -> float:
    points = design(8)
    curve = u_shape(points, trough, depth)
    return float(np.mean([smile_curve(filled(points, np.random.default_rng(i), curve)).rejected for i in range(draws)]))


def test_size_and_power_in_short():
    assert (slopes_rejected(60, 1) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)).all()
    upper = float(smile_years(design(8).assign(va_rate=0.4), ()).income_ends()[1][0])
    assert smiles_rejected(20, upper, 0.1) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 20)  # one slope exactly zero
    assert smiles_rejected(6, 3.0, 0.1) > 0.6


@pytest.mark.slow
def test_size_and_power_of_the_smile():
    upper = float(smile_years(design(8).assign(va_rate=0.4), ()).income_ends()[1][0])
    assert 0.02 <= smiles_rejected(500, upper, 0.1) <= 0.07
    assert smiles_rejected(200, 3.0, 0.0) <= 0.05  # no curve at all
    assert smiles_rejected(100, 3.0, 0.1) > 0.9
