"""Contributions to variance against analytic ones: additive models, the Ishigami function, g of Sobol."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from gvcpos._core.errors import EstimationError, InputError
from gvcpos.flows.draws.contributions import regression_shares, sobol


def ishigami(u: np.ndarray) -> np.ndarray:
    x = np.pi * (2.0 * u - 1.0)
    return (np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))[:, None]


def test_ishigami() -> None:
    """Ishigami & Homma (1990), a = 7, b = 0.1: S = 0.3139, 0.4424, 0; S_T = 0.5576, 0.4424, 0.2437."""
    found = sobol(ishigami, 3, n=8192, seed=1)
    np.testing.assert_allclose(found.first[:, 0], [0.3139, 0.4424, 0.0], atol=0.01)
    np.testing.assert_allclose(found.total[:, 0], [0.5576, 0.4424, 0.2437], atol=0.01)
    assert found.unexplained[0] == pytest.approx(0.2437, abs=0.01)
    scipys = stats.sobol_indices(
        func=lambda u: ishigami(u.T).T, n=8192, dists=[stats.uniform()] * 3, rng=np.random.default_rng([1, 8192])
    )
    np.testing.assert_allclose(found.first[:, 0], scipys.first_order, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.total[:, 0], scipys.total_order, rtol=1e-9, atol=1e-12)
    for truth, interval in zip([0.5576, 0.4424, 0.2437], found.total_interval[:, 0], strict=True):
        assert interval[0] <= truth <= interval[1]


def test_sobol_of_several_outputs_and_seeds() -> None:
    def model(u: np.ndarray) -> np.ndarray:
        x = ndtri(u)
        return np.stack([2.0 * x[:, 0] + x[:, 1], x[:, 0] * x[:, 1]], axis=1)

    found = sobol(model, 2, n=1024)
    np.testing.assert_allclose(found.first[:, 0], [0.8, 0.2], atol=0.03)
    np.testing.assert_allclose(found.first[:, 1], [0.0, 0.0], atol=0.06)
    np.testing.assert_allclose(found.total[:, 1], [1.0, 1.0], atol=0.1)
    assert found.unexplained[1] == pytest.approx(1.0, abs=0.1)
    np.testing.assert_array_equal(sobol(model, 2, n=256).total, sobol(model, 2, n=256).total)
    with pytest.raises(InputError, match=r"n=1000 is no power of 2, as Sobol points need\. Take 512"):
        sobol(model, 2, n=1000)


def test_additive_model_gives_its_shares() -> None:
    rng = np.random.default_rng(5)
    weights = np.array([3.0, -2.0, 1.0, 0.0])
    x = rng.standard_normal((20_000, 4))
    noise = rng.standard_normal(20_000)
    y = np.stack([x @ weights, x @ weights + np.sqrt(14.0) * noise], axis=1)
    found = regression_shares(x, y, ranks=False)
    np.testing.assert_allclose(found.shares[:, 0], weights**2 / 14.0, atol=0.01)
    np.testing.assert_allclose(found.shares[:, 1], weights**2 / 28.0, atol=0.01)
    np.testing.assert_allclose(found.r_squared, [1.0, 0.5], atol=0.01)
    np.testing.assert_allclose(found.shares.sum(axis=0), found.r_squared, rtol=1e-12)
    np.testing.assert_allclose(found.coefficients[:, 0], weights / np.sqrt(14.0), atol=0.01)
    ranked = regression_shares(x, y)
    spearman = 6.0 / np.pi * np.arcsin(weights / np.sqrt(14.0) / 2.0)  # of normal variables (Pearson 1907)
    np.testing.assert_allclose(ranked.shares[:, 0], spearman**2, atol=0.01)


def test_ranks_follow_a_monotone_relation_and_a_wave_stays_unexplained() -> None:
    u = np.random.default_rng(2).random((10_000, 2))
    y = np.stack([np.exp(8.0 * u[:, 0]), np.cos(2.0 * np.pi * u[:, 0])], axis=1)
    by_rank, by_value = regression_shares(u, y), regression_shares(u, y, ranks=False)
    assert by_rank.r_squared[0] == pytest.approx(1.0, abs=1e-3)
    assert by_value.r_squared[0] < 0.7
    assert by_rank.r_squared[1] < 0.01


def test_inputs_that_are_one_share_alike() -> None:
    """Relative weights of twice the same input are halves; without a ridge and without an error."""
    x = np.random.default_rng(1).standard_normal((500, 2))
    found = regression_shares(x[:, [0, 0, 1]], x @ np.array([[1.0], [1.0]]), ranks=False)
    assert found.shares[0, 0] == pytest.approx(found.shares[1, 0], rel=1e-9)
    assert found.r_squared[0] == pytest.approx(1.0, abs=1e-9)


def test_refusals() -> None:
    x = np.random.default_rng(1).random((50, 3))
    with pytest.raises(EstimationError, match="output 1 is the same in all draws"):
        regression_shares(x, np.stack([x[:, 0], np.full(50, 7.0)], axis=1))
    with pytest.raises(EstimationError, match="4 draws cannot tell 3 inputs apart"):
        regression_shares(x[:4], x[:4, :1])
