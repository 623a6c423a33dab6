"""RAS: sums are hit, structure is kept, and what cannot be balanced is said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import EstimationError, InputError
from gvcpos.tables.balancing import ras


def problem(seed: int, m: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A prior with zeros and the sums of another matrix on the same support, so that a solution exists."""
    rng = np.random.default_rng(seed)
    support = rng.random((m, n)) < 0.7
    support[rng.integers(m, size=n), np.arange(n)] = True
    solution = np.where(support, rng.gamma(1.0, 3.0, (m, n)), 0.0)
    return np.where(support, rng.gamma(1.0, 1.0, (m, n)), 0.0), solution.sum(axis=1), solution.sum(axis=0)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), m=st.integers(1, 9), n=st.integers(1, 9))
def test_sums_are_hit_and_zeros_stay(seed: int, m: int, n: int) -> None:
    prior, rows, columns = problem(seed, m, n)
    found = ras(prior, rows, columns, tolerance=1e-11, max_iterations=200_000)
    np.testing.assert_allclose(found.matrix.sum(axis=1), rows, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.matrix.sum(axis=0), columns, rtol=1e-9, atol=1e-12)
    assert (found.matrix[prior == 0] == 0).all()
    assert found.error <= 1e-11


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_scaling_prior_rows_and_columns_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    prior = rng.gamma(1.0, 1.0, (5, 4)) + 0.05
    target = rng.gamma(1.0, 1.0, (5, 4)) + 0.05
    sums = target.sum(axis=1), target.sum(axis=0)
    scaled = rng.gamma(2.0, 1.0, 5)[:, None] * prior * rng.gamma(2.0, 1.0, 4)
    np.testing.assert_allclose(ras(prior, *sums).matrix, ras(scaled, *sums).matrix, rtol=1e-8)


def test_cross_ratios_are_the_priors() -> None:
    rng = np.random.default_rng(1)
    prior = rng.gamma(1.0, 1.0, (4, 4)) + 0.1
    found = ras(prior, [1, 2, 3, 4], [4, 3, 2, 1]).matrix

    def ratio(a: np.ndarray) -> float:
        return a[0, 1] * a[2, 3] / (a[0, 3] * a[2, 1])

    assert ratio(found) == pytest.approx(ratio(prior), rel=1e-10)


def test_a_prior_that_has_the_sums_is_returned() -> None:
    prior = np.array([[1.0, 2.0], [3.0, 4.0]])
    found = ras(prior, prior.sum(axis=1), prior.sum(axis=0))
    np.testing.assert_allclose(found.matrix, prior, rtol=1e-14)
    assert found.iterations == 1


def test_a_wanted_sum_of_zero_empties_its_row_and_column() -> None:
    found = ras(np.ones((3, 3)), [0.0, 2.0, 2.0], [4.0, 0.0, 0.0]).matrix
    np.testing.assert_array_equal(found, [[0, 0, 0], [2, 0, 0], [2, 0, 0]])


def test_everything_zero() -> None:
    assert not ras(np.zeros((2, 2)), [0, 0], [0, 0]).matrix.any()


@pytest.mark.parametrize(
    ("prior", "rows", "columns", "says"),
    [
        ([[1, 1], [0, 0]], [1, 1], [1, 1], "row 1 of the prior is empty"),
        ([[1, 0], [1, 0]], [1, 1], [1, 1], "column 1 of the prior is empty"),
        ([[1, 1], [1, 1]], [1, 1], [1, 2], "must be equal"),
        ([[1, -1], [1, 1]], [1, 1], [1, 1], r"prior\[0, 1\] is -1"),
        ([[1, np.nan], [1, 1]], [1, 1], [1, 1], r"prior\[0, 1\] is nan"),
        ([[1, 1], [1, 1]], [-1, 3], [1, 1], r"row sums\[0\] is -1"),
        ([[1, 1], [1, 1]], [1, 1, 1], [1, 2], "does not fit"),
    ],
)
def test_what_cannot_be_asked_is_refused(prior: list, rows: list, columns: list, says: str) -> None:
    with pytest.raises(InputError, match=says):
        ras(prior, rows, columns)


def test_sums_that_the_zeros_rule_out_do_not_converge() -> None:
    with pytest.raises(EstimationError, match="did not converge: after 500 iterations"):
        ras([[1, 1], [0, 1]], [1.0, 3.0], [2.0, 2.0], max_iterations=500)


def test_inputs_are_left_alone() -> None:
    prior, rows, columns = np.ones((2, 2)), np.array([1.0, 3.0]), np.array([2.0, 2.0])
    ras(prior, rows, columns)
    assert (prior == 1).all()
    assert rows.tolist() == [1, 3]
    assert columns.tolist() == [2, 2]
