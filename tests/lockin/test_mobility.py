"""Mobility: what classes keep, Shorrocks, one country's stay, neighbours; formulas by hand, labels, size and power."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import DroppedRowsWarning, EstimationError, InputError, LabelError
from gvcpos.lockin import mobility, spatial_mobility
from gvcpos.lockin.classes.class_chain import (
    country_counts,
    quantile_classes,
    scores,
    simulate_classes,
    statistics,
    stickier,
    years_low,
)
from gvcpos.lockin.classes.country_stay import stays
from gvcpos.spatial import SpatialMarkov, Weights
from gvcpos.spatial.transitions import classified, homogeneity, shorrocks
from tests.lockin import chains_of_growth, worlds

PANEL = chains_of_growth.capture(3)


def ring(ids: list[str], reach: int = 2) -> Weights:
    n = len(ids)
    W = np.zeros((n, n))
    for i, d in itertools.product(range(n), range(1, reach + 1)):
        W[i, (i + d) % n] = W[i, (i - d) % n] = 1.0
    return Weights.from_dense(ids, W).normalised("row")


RING = ring(worlds.countries(40))


def test_counts_and_index_are_those_of_the_chain():
    test = mobility(PANEL, draws=99)
    Y = PANEL.pivot(index="country", columns="year", values="va_rate").to_numpy()
    which, _ = classified(Y, 3, "year")
    counts = country_counts(which, 3).sum(0)
    np.testing.assert_array_equal(test.details["counts"]["count"].to_numpy().reshape(3, 3), counts)
    P = counts / counts.sum(1, keepdims=True)
    row = test.details["mobility"].iloc[0]
    assert row["shorrocks"] == pytest.approx(shorrocks(P), rel=1e-12)
    assert row["lower"] < row["shorrocks"] < row["upper"]
    by_hand = np.sqrt(sum(P[i, i] * (1 - P[i, i]) / counts[i].sum() for i in range(3))) / 2
    assert row["std_error_iid"] == pytest.approx(by_hand, rel=1e-12)
    low = 2 * counts[0, 0] / (counts[0].sum() + counts[:, 0].sum())
    high = 2 * counts[2, 2] / (counts[2].sum() + counts[:, 2].sum())
    assert test.estimate == pytest.approx(low - high, abs=1e-12)
    ergodic = test.details["classes"]["ergodic"].to_numpy()
    np.testing.assert_allclose(ergodic @ P, ergodic, atol=1e-10)


def test_a_trap_is_found_and_its_mirror_image_is_the_opposite():
    trapped = chains_of_growth.capture(1, n=60, years=15, persistence=0.7, lasting=0.0, trap=3.0)
    test = mobility(trapped, draws=199)
    assert test.rejected
    assert test.evidence == "lock-in"
    assert "stays in the lowest class" in test.sentence
    other = mobility(trapped.assign(va_rate=-trapped["va_rate"]), draws=199)
    assert other.evidence == "upgrading"
    assert other.estimate == pytest.approx(-test.estimate, abs=1e-12)


def test_persistence_alone_speaks_for_nothing():
    test = mobility(PANEL, against="independence", draws=199)
    assert test.rejected
    assert test.evidence == "none"
    assert "which alone is no lock-in" in test.sentence


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-3, 1e3))
def test_order_and_units_change_nothing(seed, scale):
    other = PANEL.sample(frac=1, random_state=seed).assign(va_rate=lambda d: d["va_rate"] * scale)
    a, b = mobility(PANEL, draws=99), mobility(other, draws=99)
    assert b.pvalue == a.pvalue
    assert b.estimate == pytest.approx(a.estimate, abs=1e-12)
    np.testing.assert_array_equal(a.details["counts"]["count"], b.details["counts"]["count"])


def test_years_in_the_lowest_class_by_enumeration():
    """The recursion against every path of a chain of three classes and four years."""
    P = np.array([[0.7, 0.2, 0.1], [0.25, 0.5, 0.25], [0.05, 0.15, 0.8]])
    law = np.zeros(5)
    for path in itertools.product(range(3), repeat=4):
        chance = np.prod([P[i, j] for i, j in itertools.pairwise((1, *path))])
        law[path.count(0)] += chance
    np.testing.assert_allclose(years_low(P[None], 1, 4), law, atol=1e-14)
    both = np.stack([P, P[::-1, ::-1]])
    np.testing.assert_allclose(
        years_low(both, 1, 4), (years_low(both[:1], 1, 4) + years_low(both[1:], 1, 4)) / 2, atol=1e-14
    )
    np.testing.assert_allclose(stickier(P[None], 0.5)[0, 0], [0.85, 0.1, 0.05])


def test_a_country_that_never_leaves_a_mobile_low_class_is_found():
    rng = np.random.default_rng(5)
    rate = rng.normal(size=(12, 40))
    rate[:, 7] = -9.0  # C07, among countries that move at random
    panel = worlds.frame("upstream", 12, 40, va_rate=rate)
    test = mobility(panel, scope="C07", draws=199)
    assert test.rejected
    assert test.evidence == "lock-in"
    assert test.statistic == 11
    assert 0 < test.mde < 1
    assert "C07 spent 11 of 11 years in the lowest class" in test.sentence
    table = mobility(panel, draws=99).details["countries"].set_index("country")
    assert table.loc["C07", "pvalue_holm"] < 0.05
    assert (table.drop("C07")["pvalue_holm"] > 0.05).all()


def test_what_a_short_stay_cannot_show_is_said():
    test = mobility(chains_of_growth.capture(3, years=4, persistence=0.95), scope="C01", draws=99)
    assert np.isnan(test.mde)
    assert "Too few years" in test.sentence


def test_groups_and_labels():
    group = {"half": worlds.countries(20)}
    assert mobility(PANEL, scope=group, draws=99).scope == "half"
    with pytest.raises(InputError, match="3 countries are no guide"):
        mobility(PANEL, scope=["C00", "C01", "C02"])
    with pytest.raises(LabelError, match="ZZZ"):
        mobility(PANEL, scope="ZZZ")
    with pytest.raises(InputError, match="given bounds"):
        mobility(PANEL, classes=[0.3, 0.5])
    assert np.isfinite(mobility(PANEL, classes=[0.35, 0.45], against="independence", draws=99).pvalue)
    with pytest.raises(EstimationError, match="2 years"):
        mobility(PANEL[PANEL["year"] < 2009])
    with pytest.warns(DroppedRowsWarning, match="C03"):
        assert mobility(PANEL.drop(PANEL.index[PANEL["country"] == "C03"][:1]), draws=99).ncountries == 39


def test_spatial_homogeneity_is_that_of_the_spatial_markov_chain():
    test = spatial_mobility(PANEL, RING, draws=99)
    chain = SpatialMarkov(PANEL, "va_rate", RING, classes=3, permutations=0)
    assert test.statistic == pytest.approx(chain.test.lr, rel=1e-12)
    frame = test.details["homogeneity"].set_index("statistic")
    assert frame.loc["Q", "value"] == pytest.approx(chain.test.chi2, rel=1e-12)
    assert frame.loc["LR", "pvalue_chi2"] == pytest.approx(chain.test.p_lr, rel=1e-12)
    cells = test.details["conditional"]
    np.testing.assert_array_equal(cells.query("neighbours == 2")["count"], chain.conditional[2].to_numpy().ravel())
    assert 0.1 < test.mde < 0.4
    assert test.conf_int[0] <= test.estimate <= test.conf_int[1]


def test_statistics_of_many_panels_at_once():
    rng = np.random.default_rng(0)
    P = rng.dirichlet(np.ones(3), size=(3, 3))
    lag = rng.integers(0, 3, size=(30, 7))
    drawn = simulate_classes(P, lag, rng.integers(0, 3, 30), 4, rng)
    from gvcpos.spatial.transitions import counts_by_group

    many = statistics(drawn, lag[None], 3, 3)
    for one, pair in zip(drawn, many, strict=True):
        alone = homogeneity(counts_by_group(one, lag, 3, 3))
        np.testing.assert_allclose(pair, [alone.lr, alone.chi2], rtol=1e-10)


def test_neighbours_that_matter_are_found():
    """A chain in which low neighbours keep a country low: drawn class by class, then given values."""
    rng = np.random.default_rng(2)
    n, years = 60, 15
    W = ring(worlds.countries(n)).matrix.toarray()
    z = rng.normal(size=n)
    rows = []
    for _ in range(years):
        z = 0.3 * z + 1.2 * W @ z + 0.4 * rng.normal(size=n)
        z = (z - z.mean()) / z.std()
        rows.append(z)
    panel = worlds.frame("upstream", years, n, va_rate=np.array(rows))
    test = spatial_mobility(panel, ring(worlds.countries(n)), draws=199)
    assert test.rejected
    assert test.evidence == "lock-in"
    assert test.estimate > 0


def test_spatial_labels_meet():
    with pytest.raises(LabelError, match="C39"):
        spatial_mobility(PANEL, ring(worlds.countries(39)))
    with pytest.raises(InputError, match="1 countries are no guide"):
        spatial_mobility(PANEL, RING, scope="C00")
    order = [*worlds.countries(40)[::-1]]
    again = spatial_mobility(PANEL, RING.align(order), draws=99)
    assert again.pvalue == spatial_mobility(PANEL, RING, draws=99).pvalue


def rejections(draws: int, **shape) -> tuple[float, float]:
    low = [mobility(chains_of_growth.capture(900 + i, **shape), draws=199).rejected for i in range(draws)]
    w = ring(worlds.countries(shape["n"]))
    near = [spatial_mobility(chains_of_growth.capture(900 + i, **shape), w, draws=199).rejected for i in range(draws)]
    return float(np.mean(low)), float(np.mean(near))


def inside(rate: float, draws: int) -> bool:
    return abs(rate - 0.05) <= 3 * np.sqrt(0.05 * 0.95 / draws)


@pytest.mark.slow
def test_size_short():
    for rate in rejections(20, n=40, years=12):
        assert inside(rate, 20)


@pytest.mark.slow
@pytest.mark.parametrize(
    "shape",
    [
        {"n": 40, "years": 6, "persistence": 0.7, "lasting": 0.0},
        {"n": 40, "years": 12, "persistence": 0.8, "lasting": 1.0},
        {"n": 60, "years": 15, "persistence": 0.9, "lasting": 1.0},
    ],
)
def test_size(shape):
    for rate in rejections(500, **shape):
        assert 0.02 <= rate <= 0.08  # 3 to 7 per cent, and one standard deviation of 500 draws


def stay_rate(panels: int, years: int, persistence: float, k: int = 3) -> float:
    """Share of countries that move like the others and are told otherwise at 5 %."""
    found: list[float] = []
    for seed in range(panels):
        rate = chains_of_growth.capture(seed, years=years, persistence=persistence, lasting=0.0)
        wide = rate.pivot(index="country", columns="year", values="va_rate").to_numpy()
        classes = quantile_classes(scores(wide, "year")[None], k, "year")[0]
        names = {str(i): i for i in range(len(classes))}
        found += list(stays(classes, names, k, np.random.default_rng(seed))["pvalue"])
    return float((np.array(found) < 0.05).mean())


def test_size_of_stays_short():
    assert 0.01 <= stay_rate(5, 12, 0.5) <= 0.1


@pytest.mark.slow
def test_size_of_stays():
    """A dozen years: 3 to 7 of a hundred. Six years have five steps, too few for any p-value near 5 %: less."""
    for years, persistence, k in ((12, 0.3, 3), (12, 0.8, 3), (15, 0.8, 5), (15, 0.5, 3)):
        assert 0.025 <= stay_rate(50, years, persistence, k) <= 0.075
    assert stay_rate(50, 6, 0.8) <= 0.07


@pytest.mark.slow
def test_interval_of_mobility_covers():
    """Percentiles of whole countries against the index of 4,000 countries."""
    shape = {"years": 12, "persistence": 0.8, "lasting": 0.5}
    truth = mobility(chains_of_growth.capture(0, n=4000, **shape), draws=99).details["mobility"]["shorrocks"][0]
    hits = []
    for i in range(200):
        row = mobility(chains_of_growth.capture(50 + i, n=50, **shape), draws=299).details["mobility"].iloc[0]
        hits.append(row["lower"] <= truth <= row["upper"])
    assert np.mean(hits) > 0.88


def test_panel_without_the_lowest_class_of_a_group():
    values = pd.Series(np.arange(40.0), index=worlds.countries(40))
    panel = PANEL.assign(va_rate=PANEL["country"].map(values) + 0.01 * PANEL["year"])
    with pytest.raises(EstimationError, match="ever in the lowest"):
        mobility(panel, scope=worlds.countries(40)[14:26], draws=99)
