"""Rubin's rules: a published example, what must hold, and coverage where the rules are exact."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos._core.errors import InputError
from gvcpos.uncertainty import rubin

# SAS/STAT user's guide, MIANALYZE, "Reading Means and Standard Errors": means of Oxygen, RunTime and RunPulse and
# their errors in five imputed data sets of 31 men, complete-data degrees of freedom 30.
MEANS = [
    [47.0120, 10.4441, 171.216],
    [47.2407, 10.5040, 171.244],
    [47.4995, 10.5922, 171.909],
    [47.1485, 10.5279, 171.146],
    [47.0042, 10.4913, 172.072],
]
ERRORS = [
    [0.95984, 0.28520, 1.59910],
    [0.93540, 0.26661, 1.75638],
    [1.00766, 0.26302, 1.85795],
    [0.95439, 0.26405, 1.75011],
    [0.96528, 0.27275, 1.84807],
]


def test_the_published_example_by_hand() -> None:
    """Oxygen: B = Σ(Q − 47.18098)²/4, U the mean square error; T = U + 1.2 B; ν = 1/(1/1552.9 + 1/26.752)."""
    pooled = rubin(MEANS, np.square(ERRORS), names=["Oxygen", "RunTime", "RunPulse"], df_complete=30)
    q = np.array([47.0120, 47.2407, 47.4995, 47.1485, 47.0042])
    b = ((q - q.sum() / 5) ** 2).sum() / 4
    u = (0.95984**2 + 0.93540**2 + 1.00766**2 + 0.95439**2 + 0.96528**2) / 5
    t = u + 1.2 * b
    assert pooled.params[0] == pytest.approx(47.18098, abs=1e-5)
    assert pooled.between[0, 0] == pytest.approx(b, rel=1e-12)
    assert b == pytest.approx(0.041470, abs=1e-6)
    assert pooled.total[0, 0] == pytest.approx(t, rel=1e-12)
    r = 1.2 * b / u
    assert pooled.increase[0] == pytest.approx(r)
    large = 4 * (1 + 1 / r) ** 2
    observed = (1 - 1.2 * b / t) * 30 * 31 / 33
    assert pooled.df[0] == pytest.approx(1 / (1 / large + 1 / observed))
    np.testing.assert_allclose(pooled.df, [26.298, 26.503, 25.463], atol=1e-3)
    assert pooled.fmi[0] == pytest.approx((r + 2 / (large + 3)) / (r + 1))
    np.testing.assert_allclose(pooled.conf_int[0], [45.1466, 49.2154], atol=1e-4)
    assert pooled.to_frame()["parameter"].tolist() == ["Oxygen", "RunTime", "RunPulse"]


def test_estimates_that_do_not_differ_have_complete_data_inference() -> None:
    pooled = rubin([[1.0, 2.0]] * 4, [np.array([[0.04, 0.01], [0.01, 0.09]])] * 4)
    np.testing.assert_allclose(pooled.std_errors, [0.2, 0.3])
    assert pooled.within[0, 1] == pooled.total[0, 1] == pytest.approx(0.01)
    assert np.isinf(pooled.df).all()
    np.testing.assert_allclose(pooled.fmi, 0.0)
    np.testing.assert_allclose(pooled.conf_int[0], [1 - 1.959964 * 0.2, 1 + 1.959964 * 0.2], rtol=1e-6)
    few = rubin([1.0, 1.0], [0.04, 0.04], df_complete=10.0)
    assert few.df[0] == pytest.approx(10 * 11 / 13)


def test_degrees_of_freedom_never_exceed_complete_data() -> None:
    rng = np.random.default_rng(0)
    for spread in (0.01, 0.3, 3.0):
        pooled = rubin(rng.normal(0, spread, 20), np.full(20, 0.1), df_complete=15.0)
        assert pooled.df[0] < 15
        assert 0 < pooled.fmi[0] < 1


def test_coverage_where_the_rules_hold() -> None:
    """Draws from the posterior of a mean with half the data missing: intervals cover 95 %."""
    rng = np.random.default_rng(1)
    n, observed, m, hits, runs = 40, 20, 10, 0, 600
    for _ in range(runs):
        data = rng.normal(0.0, 1.0, observed)
        estimates, variances = [], []
        for _ in range(m):
            scale = np.sqrt((observed - 1) * data.var(ddof=1) / rng.chisquare(observed - 1))
            centre = rng.normal(data.mean(), scale / np.sqrt(observed))
            full = np.append(data, rng.normal(centre, scale, n - observed))
            estimates.append(full.mean())
            variances.append(full.var(ddof=1) / n)
        low, high = rubin(estimates, variances, df_complete=n - 1).conf_int[0]
        hits += low < 0.0 < high
    assert abs(hits / runs - 0.95) < 0.03


def test_what_cannot_be_pooled() -> None:
    with pytest.raises(InputError, match="at least 2"):
        rubin([[1.0]], [[[1.0]]])
    with pytest.raises(InputError, match="data set 1"):
        rubin([1.0, np.nan], [1.0, 1.0])
    with pytest.raises(InputError, match="2 names for 1"):
        rubin([1.0, 2.0], [1.0, 1.0], names=["a", "b"])
