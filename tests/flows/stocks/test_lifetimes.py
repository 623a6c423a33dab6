"""Lifetimes against scipy, their means against integrals, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from gvcpos._core.errors import InputError
from gvcpos.flows.stocks import Lifetime, age_structure, outflow_shares, remaining_shares

AGES = np.array([0.0, 0.5, 1.0, 3.7, 10.0, 25.0, 60.0])
SIGMA = np.sqrt(np.log(1.0 + 0.4**2))
CASES = {
    "weibull": (Lifetime.of("weibull", shape=3.5, scale=15.0), stats.weibull_min(3.5, scale=15.0)),
    "weibull by mean": (
        Lifetime.of("weibull", shape=2.0, mean=12.0),
        stats.weibull_min(2.0, scale=12.0 / (0.5 * np.sqrt(np.pi))),
    ),
    "lognormal": (
        Lifetime.of("lognormal", mean=10.0, sd=4.0),
        stats.lognorm(SIGMA, scale=10.0 * np.exp(-(SIGMA**2) / 2)),
    ),
    "normal": (Lifetime.of("normal", mean=5.0, sd=4.0), stats.truncnorm(-1.25, np.inf, loc=5.0, scale=4.0)),
}


@pytest.mark.parametrize("name", CASES)
def test_survival_and_mean_are_those_of_scipy(name: str) -> None:
    lifetime, reference = CASES[name]
    np.testing.assert_allclose(lifetime.survival(AGES), reference.sf(AGES), rtol=1e-10, atol=1e-16)
    assert lifetime.mean() == pytest.approx(reference.mean(), rel=1e-10)
    assert lifetime.mean() == pytest.approx(
        quad(lambda age: lifetime.survival([age])[0], 0, 200, limit=200)[0], rel=1e-6
    )
    assert lifetime.survival([-1.0])[0] == 1.0


def test_a_normal_lifetime_that_is_not_cut_off() -> None:
    lifetime = Lifetime.of("normal", mean=5.0, sd=4.0, truncated=False)
    assert lifetime.survival([0.0])[0] == pytest.approx(stats.norm.sf(-1.25), rel=1e-13)
    above = quad(lambda age: lifetime.survival([age])[0], 0, 100)[0]  # E[max(X, 0)]
    assert lifetime.mean() == pytest.approx(above, rel=1e-8)


def test_mean_lifetime_by_whole_years() -> None:
    """Half a year at the end of the first: the trapezoid of the survival function but for its first half year."""
    for lifetime, _ in CASES.values():
        shares = outflow_shares(lifetime, 200)
        assert shares.sum() == pytest.approx(1.0, abs=1e-12)
        assert (shares * np.arange(200)).sum() == pytest.approx(lifetime.mean(), rel=0.01)


def test_timing_moves_half_a_year() -> None:
    lifetime = Lifetime.of("fixed", mean=3.0)
    assert outflow_shares(lifetime, 5, "end").tolist() == [0, 0, 0, 1, 0]
    assert outflow_shares(lifetime, 5, "middle").tolist() == [0, 0, 0, 1, 0]
    assert outflow_shares(lifetime, 5, "start").tolist() == [0, 0, 1, 0, 0]
    weibull = CASES["weibull"][0]
    ages = np.arange(30.0)
    for timing, offset in (("start", 1.0), ("middle", 0.5), ("end", 0.0)):
        np.testing.assert_array_equal(remaining_shares(weibull, 30, timing), weibull.survival(ages + offset))


def test_parameters_by_draw_and_layer() -> None:
    scale = np.array([[10.0, 12.0], [14.0, 16.0], [9.0, 30.0]])
    lifetime = Lifetime.of("weibull", shape=np.array([2.0, 3.0]), scale=scale)
    shares = outflow_shares(lifetime, 20)
    assert shares.shape == (3, 2, 20)
    one = outflow_shares(Lifetime.of("weibull", shape=3.0, scale=30.0), 20)
    np.testing.assert_array_equal(shares[2, 1], one)
    assert lifetime.mean().shape == (3, 2)


def test_ages_of_a_stock() -> None:
    remaining = np.array([1.0, 0.5, 0.25])
    np.testing.assert_allclose(age_structure(remaining), np.array([0.25, 0.5, 1.0]) / 1.75)
    growing = age_structure(remaining, 1.0)  # doubled each year
    np.testing.assert_allclose(growing, np.array([0.25 / 4, 0.5 / 2, 1.0]) / (0.0625 + 0.25 + 1.0))
    with pytest.raises(InputError, match="nothing remains at any age"):
        age_structure(np.zeros(3))


def test_refusals() -> None:
    with pytest.raises(InputError, match=r"a weibull lifetime has mean: give .*shape.* or"):
        Lifetime.of("weibull", mean=3.0)
    with pytest.raises(InputError, match=r"sd of a normal lifetime is -1.0"):
        Lifetime.of("normal", mean=3.0, sd=-1.0)
    with pytest.raises(InputError, match="distribution='gamma' is not known"):
        Lifetime.of("gamma", mean=3.0)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="timing='noon' is not known"):
        outflow_shares(CASES["weibull"][0], 3, "noon")  # type: ignore[arg-type]
