"""Marginals against scipy.stats, their moments, their bounds, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gvcpos._core.errors import InputError
from gvcpos.flows.draws.marginals import DISTRIBUTIONS, Marginal

U = (np.arange(200_000) + 0.5)[:, None] / 200_000
POSITIVE = (0.0, np.inf)
SHARE = (0.0, 1.0)
SIGMA = np.sqrt(np.log(1.09))

CASES = {
    "normal": (Marginal.of_sd("normal", 5.0, 1.0, POSITIVE), stats.truncnorm(-5, np.inf, 5, 1)),
    "truncated normal": (Marginal.of_sd("truncated normal", 1.0, 1.0, POSITIVE), stats.truncnorm(-1, np.inf, 1, 1)),
    "truncated share": (Marginal.of_sd("truncated normal", 0.95, 0.1, SHARE), stats.truncnorm(-9.5, 0.5, 0.95, 0.1)),
    "lognormal": (Marginal.of_sd("lognormal", 10.0, 3.0), stats.lognorm(SIGMA, scale=10 * np.exp(-(SIGMA**2) / 2))),
    "triangular": (Marginal.of_range("triangular", 2.0, 9.0, 3.0), stats.triang(1 / 7, 2.0, 7.0)),
    "triangular at its edge": (Marginal.of_range("triangular", 0.0, 1.0, 1.0, SHARE), stats.triang(1.0, 0.0, 1.0)),
    "triangular by sd": (Marginal.of_sd("triangular", 4.0, 0.5), stats.triang(0.5, 4 - 6**0.5 / 2, 6**0.5)),
    "beta": (Marginal.of_sd("beta", 0.8, 0.05, SHARE), stats.beta(0.8 * 63, 0.2 * 63)),
    "pert": (Marginal.of_range("beta", 10.0, 30.0, 15.0), stats.beta(2.0, 4.0, 10.0, 20.0)),
    "uniform": (Marginal.of_range("uniform", -1.0, 3.0), stats.uniform(-1.0, 4.0)),
    "uniform by sd": (Marginal.of_sd("uniform", 2.0, 0.1), stats.uniform(2 - 0.1 * 3**0.5, 0.2 * 3**0.5)),
}


@pytest.mark.parametrize("name", CASES)
def test_quantiles_and_moments_are_those_of_scipy(name: str) -> None:
    marginal, reference = CASES[name]
    grid = np.array([0.001, 0.025, 0.3, 0.5, 0.8, 0.975, 0.999])
    np.testing.assert_allclose(marginal.ppf(grid[:, None])[:, 0], reference.ppf(grid), rtol=1e-9)
    draws = marginal.ppf(U)[:, 0]
    assert draws.mean() == pytest.approx(reference.mean(), rel=1e-4, abs=1e-4)
    assert draws.std() == pytest.approx(reference.std(), rel=2e-3)


def test_mean_and_sd_are_those_asked_for() -> None:
    for name in DISTRIBUTIONS:
        marginal = Marginal.of_sd(name, 0.6, 0.05, SHARE)
        draws = marginal.ppf(U)[:, 0]
        assert draws.mean() == pytest.approx(0.6, abs=1e-5), name
        assert draws.std() == pytest.approx(0.05, rel=1e-3), name


def test_a_year_that_is_known_and_years_alike() -> None:
    for name in DISTRIBUTIONS:
        marginal = Marginal.of_sd(name, [0.5, 0.0, 0.5, 0.7], [0.1, 0.0, 0.1, 0.0], SHARE)
        draws = marginal.ppf(U[::1000])
        assert (draws[:, 1] == 0.0).all()
        assert (draws[:, 3] == 0.7).all()
        np.testing.assert_array_equal(draws[:, 0], draws[:, 2])
        alone = Marginal.of_sd(name, [0.5], [0.1], SHARE).ppf(U[::1000])
        np.testing.assert_array_equal(draws[:, :1], alone)
        each = marginal.ppf(np.repeat(U[::1000], 4, axis=1))
        np.testing.assert_array_equal(each, draws)


def test_bounds_are_kept() -> None:
    for name in ("truncated normal", "lognormal", "triangular", "uniform"):
        draws = Marginal.of_sd(name, 0.9, 0.2, SHARE).ppf(U)
        assert draws.min() >= 0.0
        assert draws.max() <= 1.0
        assert draws.std() > 0.05


def test_refusals() -> None:
    with pytest.raises(InputError, match=r"outside 0 to inf in 2\.3% of draws: take 'truncated normal'"):
        Marginal.of_sd("normal", 1.0, 0.5, POSITIVE)
    with pytest.raises(InputError, match=r"log-normal with mean -1"):
        Marginal.of_sd("lognormal", -1.0, 0.5)
    with pytest.raises(InputError, match="sd is too large"):
        Marginal.of_sd("beta", 0.5, 0.6, SHARE)
    with pytest.raises(InputError, match="give low, mode and high"):
        Marginal.of_sd("beta", 0.5, 0.1)
    with pytest.raises(InputError, match="low 1, mode 5, high 4: wanted in this order"):
        Marginal.of_range("triangular", 1.0, 4.0, 5.0)
    with pytest.raises(InputError, match="between 0 and 1"):
        Marginal.of_range("uniform", 0.5, 1.2, bounds=SHARE)
    with pytest.raises(InputError, match="a normal distribution has no low and high"):
        Marginal.of_range("normal", 0.5, 1.2)
    with pytest.raises(InputError, match="distribution='cauchy' is not known"):
        Marginal.of_sd("cauchy", 1.0, 0.5)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="is never between 0 and 1"):
        Marginal.of_sd("uniform", 3.0, 0.5, SHARE)
