"""Stock models: conservation, convolution, inversion, and older stock."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import InputError
from gvcpos.flows.stocks import (
    Lifetime,
    cohort_matrix,
    inflow_driven,
    legacy_of_history,
    legacy_of_stock,
    outflow_by_convolution,
    outflow_shares,
    remaining_shares,
    stock_driven,
)

lifetimes = st.one_of(
    st.builds(lambda k, m: Lifetime.of("weibull", shape=k, mean=m), st.floats(0.6, 6), st.floats(2, 30)),
    st.builds(lambda m, s: Lifetime.of("lognormal", mean=m, sd=s * m), st.floats(2, 30), st.floats(0.1, 1)),
    st.builds(lambda m, s: Lifetime.of("normal", mean=m, sd=s * m), st.floats(2, 30), st.floats(0.1, 1)),
    st.builds(lambda m: Lifetime.of("fixed", mean=m), st.floats(2, 30)),
)
timings = st.sampled_from(["start", "middle", "end"])


def random_inflow(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).lognormal(1.0, 0.8, shape)


@settings(max_examples=40, deadline=None)
@given(lifetime=lifetimes, timing=timings, seed=st.integers(0, 999), history=st.integers(0, 12))
def test_conservation_convolution_and_inversion(lifetime: Lifetime, timing: str, seed: int, history: int) -> None:
    inflow = random_inflow(seed, history + 10, 2)
    remaining = remaining_shares(lifetime, history + 10, timing)
    matrix = cohort_matrix(remaining, 10)
    legacy = legacy_of_history(inflow[:history], remaining, 10)
    cohorts = inflow_driven(inflow[history:], matrix, legacy)
    assert np.abs(cohorts.residual).max() <= 1e-12 * inflow.sum()
    convolved = outflow_by_convolution(inflow, outflow_shares(lifetime, history + 10, timing))
    np.testing.assert_allclose(cohorts.leaving, convolved[history:], atol=1e-12 * inflow.sum())
    gone = convolved.sum(axis=0)
    np.testing.assert_allclose(inflow.sum(axis=0) - gone, cohorts.total[-1], atol=1e-12 * inflow.sum())
    again = stock_driven(cohorts.total, matrix, legacy, surplus="negative")
    scale = inflow.sum() / min(1.0, matrix.diagonal().min() ** 10)
    np.testing.assert_allclose(again.inflow, cohorts.inflow, atol=1e-12 * scale)
    assert np.abs(again.residual).max() <= 1e-12 * scale


@settings(max_examples=20, deadline=None)
@given(lifetime=lifetimes, timing=timings, seed=st.integers(0, 999))
def test_history_and_stock_by_age_tell_the_same(lifetime: Lifetime, timing: str, seed: int) -> None:
    history = random_inflow(seed, 6, 2)
    remaining = remaining_shares(lifetime, 15, timing)
    followed = legacy_of_history(history, remaining, 9)
    from_stock = legacy_of_stock(followed[0], remaining, 9)
    np.testing.assert_allclose(from_stock, followed, atol=1e-12 * history.sum())


def test_lifetimes_by_draw_equal_one_at_a_time() -> None:
    scale = np.array([8.0, 15.0, 22.0])
    inflow = random_inflow(1, 3, 12, 2)
    history = random_inflow(2, 5, 2)
    remaining = remaining_shares(Lifetime.of("weibull", shape=3.0, scale=scale), 17)
    legacy = legacy_of_history(history, remaining, 12)
    together = inflow_driven(inflow, cohort_matrix(remaining, 12), legacy)
    back = stock_driven(together.total, cohort_matrix(remaining, 12), legacy)
    assert together.stock.shape == (3, 12, 17, 2)
    for draw in range(3):
        left = remaining_shares(Lifetime.of("weibull", shape=3.0, scale=scale[draw]), 17)
        alone = inflow_driven(inflow[draw], cohort_matrix(left, 12), legacy_of_history(history, left, 12))
        np.testing.assert_array_equal(together.stock[draw], alone.stock)
        np.testing.assert_array_equal(together.outflow[draw], alone.outflow)
        np.testing.assert_allclose(back.inflow[draw], inflow[draw], rtol=1e-9)
    convolved = outflow_by_convolution(inflow, outflow_shares(Lifetime.of("weibull", shape=3.0, scale=scale), 12))
    np.testing.assert_allclose(convolved, together.outflow[..., 5:, :].sum(axis=-2), rtol=0, atol=1e-12)


def test_lifetimes_by_vintage() -> None:
    lifetime = Lifetime.of("fixed", mean=np.array([1.0, 3.0, 2.0, 9.0]))
    matrix = cohort_matrix(remaining_shares(lifetime, 4, "end"), 4, by_vintage=True)
    np.testing.assert_array_equal(matrix, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 1, 0], [0, 1, 1, 1]])


def test_what_is_older_than_its_lifetime_leaves_first() -> None:
    remaining = remaining_shares(Lifetime.of("fixed", mean=3.0), 8, "end")
    legacy = legacy_of_stock(np.array([[5.0], [1.0], [1.0], [2.0]]), remaining, 4)  # ages 3, 2, 1, 0
    cohorts = inflow_driven(np.zeros((4, 1)), cohort_matrix(remaining, 4), legacy)
    assert cohorts.before.tolist() == [9.0]
    assert cohorts.leaving[:, 0].tolist() == [6.0, 1.0, 2.0, 0.0]
    np.testing.assert_array_equal(cohorts.residual, 0.0)


def test_refusals() -> None:
    lifetime = Lifetime.of("weibull", shape=5.0, scale=10.0)
    matrix = cohort_matrix(remaining_shares(lifetime, 3), 3)
    with pytest.raises(InputError, match=r"year 2: 9\.99\d* is left of older vintages, more than the stock of 1\."):
        stock_driven(np.array([[10.0], [1.0], [1.0]]), matrix)
    with pytest.raises(InputError, match="shares of 3 ages: 5 are needed"):
        cohort_matrix(remaining_shares(lifetime, 3), 5)
    with pytest.raises(InputError, match="nothing is left at the end of the year it came in"):
        stock_driven(np.ones((3, 1)), np.zeros((3, 3)))
    with pytest.raises(InputError, match="older vintages over 3 ends of years: 4 are needed"):
        inflow_driven(np.ones((3, 1)), matrix, np.ones((3, 2, 1)))
